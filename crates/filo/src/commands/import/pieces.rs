//! Files of any length, read piece by piece: pieces end with a line.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use filo_app::Piece;
use filo_channel_phone::{is_wide, whole_lines};
use indicatif::ProgressBar;

/// A line longer than this is handed over as it is, to be refused: no log has one.
const LONGEST_LINE: usize = 16 << 20;

/// What could not be read, told while others are.
pub(super) type Problems = Arc<Mutex<Vec<String>>>;

/// The problems told so far.
pub(super) fn gathered(problems: &Problems) -> Vec<String> {
    problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The pieces of files, in their order; `-` is stdin. One that cannot be read is told and does not stop the others.
pub(super) struct Pieces {
    files: VecDeque<PathBuf>,
    open: Option<Open>,
    in_parts: bool,
    problems: Problems,
    bar: ProgressBar,
}

/// A file being read.
struct Open {
    path: PathBuf,
    from: Box<dyn Read + Send>,
    /// Read, but not yet a whole line.
    rest: Vec<u8>,
    begun: bool,
    in_parts: bool,
}

impl Pieces {
    pub(super) fn new(files: Vec<PathBuf>, in_parts: bool, problems: Problems, bar: ProgressBar) -> Self {
        Self { files: files.into(), open: None, in_parts, problems, bar }
    }

    fn problem(&self, path: &Path, error: &io::Error) {
        let text = format!("{}: {error}", path.display());
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }
}

impl Iterator for Pieces {
    type Item = Piece;
    fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(open) = &mut self.open {
                match open.next() {
                    Ok(Some(piece)) => return Some(piece),
                    Ok(None) => self.open = None,
                    Err(error) => {
                        let path = open.path.clone();
                        self.open = None;
                        self.problem(&path, &error);
                    }
                }
            }
            let path = self.files.pop_front()?;
            self.bar.inc(1);
            match Open::new(path.clone(), self.in_parts) {
                Ok(open) => self.open = Some(open),
                Err(error) => self.problem(&path, &error),
            }
        }
    }
}

impl Open {
    fn new(path: PathBuf, in_parts: bool) -> io::Result<Self> {
        let from: Box<dyn Read + Send> =
            if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(&path)?) };
        Ok(Self { path, from, rest: Vec::new(), begun: false, in_parts })
    }

    /// The next piece; `None` at the end. An empty file has none.
    fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            let more = self.read()?;
            self.in_parts &= self.begun || !is_wide(&self.rest);
            let ready = match (more, self.in_parts) {
                (false, _) => self.rest.len(),
                (true, true) if self.rest.len() > LONGEST_LINE => self.rest.len(),
                (true, true) => whole_lines(&self.rest),
                (true, false) => 0,
            };
            if ready > 0 {
                let rest = self.rest.split_off(ready);
                let bytes = std::mem::replace(&mut self.rest, rest);
                let begins = !std::mem::replace(&mut self.begun, true);
                return Ok(Some(Piece { bytes, begins }));
            }
            if !more {
                return Ok(None);
            }
        }
    }

    /// Reads on; `false` at the end of the file.
    fn read(&mut self) -> io::Result<bool> {
        let part = u64::try_from(Piece::BYTES).unwrap_or(u64::MAX);
        Ok(self.from.by_ref().take(part).read_to_end(&mut self.rest)? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(contents: &[&[u8]], in_parts: bool) -> (Vec<Piece>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let write = |(index, bytes): (usize, &&[u8])| {
            let path = folder.path().join(index.to_string());
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let mut files: Vec<PathBuf> = contents.iter().enumerate().map(write).collect();
        files.insert(1, folder.path().join("missing"));
        let problems = Problems::default();
        let found = Pieces::new(files, in_parts, problems.clone(), ProgressBar::hidden()).collect();
        let problems = problems.lock().unwrap().clone();
        (found, problems)
    }

    #[test]
    fn pieces_end_with_a_line_and_lose_nothing() {
        let line = [&[b'x'; 99][..], b"\n"].concat();
        let long = [line.repeat(100_000), b"the end".to_vec()].concat();
        let (found, problems) = pieces(&[&long, b"", b"short\n"], true);
        assert_eq!(problems.len(), 1, "{problems:?}");
        let of = |from: usize, to: usize| -> Vec<u8> {
            found[from..to].iter().flat_map(|piece| piece.bytes.clone()).collect()
        };
        let last = found.len() - 1;
        assert!(last >= 3, "{last}");
        assert_eq!(of(0, last), long);
        assert_eq!(of(last, last + 1), b"short\n");
        let begins: Vec<usize> = (0..found.len()).filter(|place| found[*place].begins).collect();
        assert_eq!(begins, [0, last]);
        assert!(found[..last - 1].iter().all(|piece| piece.bytes.ends_with(b"\n")));
    }

    #[test]
    fn what_cannot_be_cut_comes_whole() {
        let long = b"0123456789\n".repeat(1_000_000);
        let wide = [b"\xff\xfe".to_vec(), b"a\0\n\0".repeat(2_000_000)].concat();
        assert_eq!(pieces(&[&long], false).0.len(), 1);
        assert_eq!(pieces(&[&wide], true).0.len(), 1);
    }
}
