//! One log that grows: read on through rotation and truncation, and again from where it was left.
//!
//! **Invariant:** a file is known by its number and by how it begins, never by its name alone; only whole lines are
//! taken while a file may still grow. What cannot be found again is told, and read from its start: lines taken in
//! twice are known.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use filo_app::FollowedPlace;
use filo_channel::{Decode, DecodeParts, Decoded, Rejected};
use filo_channel_phone::whole_lines;
use filo_domain::chain::sha256_hex;

/// Bytes read at once.
const PART: u64 = 4 << 20;
/// First bytes by which a file is known.
const HEAD: u64 = 4_096;

/// What lines say.
pub(super) type Units = Vec<Result<Decoded, Rejected>>;

/// A log under one name, whatever file that is at the moment.
pub(super) struct Tail<'d> {
    path: PathBuf,
    decoder: &'d dyn Decode,
    /// Files that were rotated away before they were read to their end, oldest first.
    older: VecDeque<PathBuf>,
    open: Option<Open<'d>>,
    /// Seen to be rotated away: read once more before it is left.
    leaving: bool,
    /// The trouble that was told last.
    trouble: Option<String>,
}

/// A file that is read.
struct Open<'d> {
    file: File,
    number: u64,
    position: u64,
    head: Head,
    parts: Box<dyn DecodeParts + 'd>,
}

impl<'d> Tail<'d> {
    /// Takes a log up where it was left; `Err` says what is missing, and the log is read from its start.
    pub(super) fn resume(
        path: PathBuf,
        decoder: &'d dyn Decode,
        left: Option<&FollowedPlace>,
    ) -> (Self, Option<String>) {
        let mut tail =
            Self { path, decoder, older: VecDeque::new(), open: None, leaving: false, trouble: None };
        let Some(left) = left else {
            // Known from now on, so that it is found again though it be rotated before a line was read.
            tail.open = Open::new(&tail.path, decoder).ok();
            return (tail, None);
        };
        let problem = match tail.find(left) {
            Ok(true) => None,
            Ok(false) => Some("the file that was followed before is gone".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        let told = problem.map(|why| {
            let at = left.position;
            format!("{}: {why}: what it had after byte {at} must be imported by hand", tail.path.display())
        });
        (tail, told)
    }

    /// Opens the file that was left, under its old name or its new one; `false` when there is none.
    fn find(&mut self, left: &FollowedPlace) -> io::Result<bool> {
        let names = names(&self.path)?;
        let mut rest = names.into_iter().skip_while(|name| !is_left(name, left));
        let Some(own) = rest.next() else { return Ok(false) };
        let mut open = Open::new(&own, self.decoder)?;
        open.go_on_at(u64::try_from(left.position).unwrap_or(0))?;
        self.open = Some(open);
        self.older = rest.filter(|name| *name != self.path).collect();
        Ok(true)
    }

    /// The next lines; `None` when there are none at the moment.
    pub(super) fn read(&mut self) -> io::Result<Option<Units>> {
        let Some(open) = &mut self.open else { return self.begin() };
        // Cut off and written again, it may be longer than it was.
        if !open.begins_as_before()? {
            self.open = None;
            return self.begin();
        }
        if let Some(units) = open.lines()? {
            self.leaving = false;
            return Ok(Some(units));
        }
        if !self.is_left_behind()? {
            return Ok(None);
        }
        // Its writer may have had one more line for it: it is left when the next look finds nothing either.
        if !std::mem::replace(&mut self.leaving, true) && self.older.is_empty() {
            return Ok(None);
        }
        self.leaving = false;
        if self.older.is_empty() {
            self.older = self.newer()?;
        }
        let mut units = self.open.take().map(|mut open| open.rest()).transpose()?.unwrap_or_default();
        units.extend(self.begin()?.unwrap_or_default());
        Ok(Some(units))
    }

    /// The files between the one that is read and the log of today: it may have been rotated more than once.
    fn newer(&self) -> io::Result<VecDeque<PathBuf>> {
        let number = self.open.as_ref().map(|open| open.number);
        let is_open = |name: &PathBuf| fs::metadata(name).is_ok_and(|now| Some(now.ino()) == number);
        let rest = names(&self.path)?.into_iter().skip_while(|name| !is_open(name)).skip(1);
        Ok(rest.filter(|name| *name != self.path).collect())
    }

    /// Whether a trouble is another than at the last look.
    pub(super) fn is_news(&mut self, trouble: &str) -> bool {
        self.trouble.replace(trouble.to_owned()).as_deref() != Some(trouble)
    }

    /// Where the log was read to.
    pub(super) fn place(&self) -> Option<FollowedPlace> {
        self.open.as_ref().map(Open::place)
    }

    /// Opens the next file; its lines come with the next reading.
    fn begin(&mut self) -> io::Result<Option<Units>> {
        let path = self.older.pop_front().unwrap_or_else(|| self.path.clone());
        match Open::new(&path, self.decoder) {
            Ok(mut open) => {
                let lines = open.lines()?;
                self.open = Some(open);
                Ok(lines)
            }
            // Between two files there may be none for a moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the log is another file by now, or the same one begun anew.
    fn is_left_behind(&mut self) -> io::Result<bool> {
        let Some(open) = &self.open else { return Ok(false) };
        if !self.older.is_empty() {
            return Ok(true);
        }
        match fs::metadata(&self.path) {
            Ok(now) if now.ino() != open.number => Ok(true),
            Ok(now) if now.len() < open.position => {
                self.open = Some(Open::new(&self.path, self.decoder)?);
                Ok(false)
            }
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl<'d> Open<'d> {
    fn new(path: &Path, decoder: &'d dyn Decode) -> io::Result<Self> {
        let file = File::open(path)?;
        let number = file.metadata()?.ino();
        let parts = decoder.in_parts().ok_or_else(|| {
            io::Error::new(io::ErrorKind::Unsupported, "this format cannot be followed: import whole files")
        })?;
        Ok(Self { file, number, position: 0, head: Head::default(), parts })
    }

    /// Skips what was taken in; the first line is read again, for it may name the columns.
    fn go_on_at(&mut self, position: u64) -> io::Result<()> {
        let first = self.bytes(0, PART.min(position))?;
        let line = first.iter().position(|byte| *byte == b'\n').map_or(first.len(), |end| end + 1);
        self.parts.part(first.get(..line).unwrap_or_default());
        self.position = position;
        self.head = Head::of(&self.bytes(0, HEAD.min(position))?);
        Ok(())
    }

    /// The next whole lines.
    fn lines(&mut self) -> io::Result<Option<Units>> {
        let bytes = self.bytes(self.position, PART)?;
        let too_long = u64::try_from(bytes.len()).is_ok_and(|length| length == PART);
        let whole = match whole_lines(&bytes) {
            0 if too_long => bytes.len(),
            whole => whole,
        };
        self.take(bytes.get(..whole).unwrap_or_default())
    }

    /// Everything that is left of a file that does not grow any more, a line without an end included.
    fn rest(&mut self) -> io::Result<Units> {
        let mut units = vec![];
        loop {
            let bytes = self.bytes(self.position, PART)?;
            let whole = whole_lines(&bytes);
            let part = if whole > 0 { bytes.get(..whole).unwrap_or_default() } else { &bytes[..] };
            match self.take(part)? {
                Some(more) => units.extend(more),
                None => return Ok(units),
            }
        }
    }

    fn take(&mut self, part: &[u8]) -> io::Result<Option<Units>> {
        if part.is_empty() {
            return Ok(None);
        }
        self.position += u64::try_from(part.len()).unwrap_or(0);
        if self.head.length < HEAD {
            self.head = Head::of(&self.bytes(0, HEAD.min(self.position))?);
        }
        Ok(Some(self.parts.part(part)))
    }

    fn begins_as_before(&mut self) -> io::Result<bool> {
        Ok(Head::of(&self.bytes(0, self.head.length)?) == self.head)
    }

    fn place(&self) -> FollowedPlace {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        FollowedPlace {
            // The number's bits: the database knows no unsigned ones.
            file_number: self.number.cast_signed(),
            position: number(self.position),
            head_length: number(self.head.length),
            head_sha256: self.head.sha256.clone(),
        }
    }

    fn bytes(&mut self, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(from))?;
        self.file.by_ref().take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// How a file begins.
#[derive(Default, PartialEq, Eq)]
struct Head {
    length: u64,
    sha256: String,
}

impl Head {
    fn of(bytes: &[u8]) -> Self {
        Self { length: u64::try_from(bytes.len()).unwrap_or(u64::MAX), sha256: sha256_hex(bytes) }
    }
}

/// Whether a file is the one that was left: it begins as that did, and is at least as long as what was taken in.
fn is_left(name: &Path, left: &FollowedPlace) -> bool {
    let Ok(mut file) = File::open(name) else { return false };
    let Ok(now) = file.metadata() else { return false };
    if left.head_length == 0 {
        return now.ino().cast_signed() == left.file_number;
    }
    let mut bytes = Vec::new();
    let length = u64::try_from(left.head_length).unwrap_or(0);
    let read = file.by_ref().take(length).read_to_end(&mut bytes);
    let long_enough = i64::try_from(now.len()).is_ok_and(|length| length >= left.position);
    read.is_ok() && long_enough && sha256_hex(&bytes) == left.head_sha256
}

/// The files that had the log's name, oldest first, the log itself last. Those that were packed cannot be read on.
fn names(path: &Path) -> io::Result<Vec<PathBuf>> {
    const PACKED: [&str; 4] = ["gz", "xz", "bz2", "zst"];
    let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut older: Vec<(SystemTime, PathBuf)> = vec![];
    for entry in fs::read_dir(folder)? {
        let name = entry?.path();
        let text = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let rest = text.strip_prefix(&own).filter(|rest| rest.starts_with(['.', '-']));
        let packed = name.extension().is_some_and(|ext| PACKED.iter().any(|packed| ext == *packed));
        if rest.is_some() && !packed && name.is_file() {
            older.push((fs::metadata(&name)?.modified()?, name));
        }
    }
    older.sort();
    Ok(older.into_iter().map(|(_, name)| name).chain([path.to_owned()]).collect())
}

#[cfg(test)]
mod tests;
