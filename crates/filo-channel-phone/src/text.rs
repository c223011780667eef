//! Bytes become lines of text: whatever the encoding, the line ends and the remains of a crash.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use filo_channel::Rejected;

/// One line that is not blank.
pub(crate) struct Line<'a> {
    /// From 1, blank lines counted.
    pub(crate) number: usize,
    /// The text without NUL, line end and outer blanks.
    pub(crate) text: Cow<'a, str>,
    /// The bytes as they were, without the line end.
    pub(crate) raw: &'a [u8],
    /// Whether a line end follows.
    pub(crate) ended: bool,
}

impl Line<'_> {
    pub(crate) fn rejected(&self, reason: &'static str, why: impl std::fmt::Display) -> Rejected {
        Rejected { reason, detail: format!("line {}: {why}", self.number), raw: self.raw.to_vec() }
    }
    /// Refused for what it lacks: by that reason, or as cut off where no line end follows.
    pub(crate) fn incomplete(&self, reason: &'static str, why: impl std::fmt::Display) -> Rejected {
        self.rejected(if self.ended { reason } else { "line_cut_off" }, why)
    }
    pub(crate) fn open_quote(&self) -> Rejected {
        self.incomplete("unclosed_quote", "a quote is left open")
    }
}

/// The bytes without a byte order mark; UTF-16 becomes UTF-8.
pub(crate) fn unmarked(bytes: &[u8]) -> Cow<'_, [u8]> {
    match Encoding::for_bom(bytes) {
        Some((encoding, mark)) if encoding == UTF_8 => Cow::Borrowed(bytes.get(mark..).unwrap_or_default()),
        Some((encoding, _)) => Cow::Owned(encoding.decode(bytes).0.into_owned().into_bytes()),
        None => Cow::Borrowed(bytes),
    }
}

/// The lines that are not blank, in order.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    numbered_lines(bytes, 0)
}

/// The lines that are not blank, of a part before which the file has so many lines.
fn numbered_lines(bytes: &[u8], before: usize) -> impl Iterator<Item = Line<'_>> {
    bytes.split_inclusive(|byte| *byte == b'\n').enumerate().filter_map(move |(index, whole)| {
        let ended = whole.ends_with(b"\n");
        let raw = whole.strip_suffix(b"\n").unwrap_or(whole);
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let text = text(raw);
        (!text.is_empty()).then_some(Line { number: before + index + 1, text, raw, ended })
    })
}

/// Where a reader of parts is in its file.
#[derive(Default)]
pub(crate) struct Place {
    lines: usize,
    begun: bool,
}

impl Place {
    /// Hands every line of the next part to somebody.
    pub(crate) fn each<T>(&mut self, part: &[u8], take: impl FnMut(Line<'_>) -> Option<T>) -> Vec<T> {
        let bytes = if self.begun { Cow::Borrowed(part) } else { unmarked(part) };
        self.begun = true;
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        let mut taken = Vec::with_capacity(ends + 1);
        taken.extend(numbered_lines(&bytes, self.lines).filter_map(take));
        self.lines += ends;
        taken
    }
}

/// Whether a file begins as UTF-16 does, whose line ends cannot be told byte by byte.
pub fn is_wide(bytes: &[u8]) -> bool {
    Encoding::for_bom(bytes).is_some_and(|(encoding, _)| encoding != UTF_8)
}

/// How many bytes of a growing file are whole lines; what follows is left for the next read.
pub fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

/// UTF-8 where it is valid, else windows-1252, in which every byte means something.
fn text(raw: &[u8]) -> Cow<'_, str> {
    let text = match std::str::from_utf8(raw) {
        Ok(text) => Cow::Borrowed(text),
        Err(_not_utf8) => WINDOWS_1252.decode_without_bom_handling(raw).0,
    };
    match text {
        Cow::Borrowed(text) if !text.contains('\0') => Cow::Borrowed(text.trim()),
        text => Cow::Owned(text.replace('\0', "").trim().to_owned()),
    }
}

/// Splits single lines of CSV; made once a file, for its tables cost more than a line.
pub(crate) struct Splitter {
    core: csv_core::Reader,
    line: Vec<u8>,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    pub(crate) fn new(delimiter: u8) -> Self {
        let core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        Self { core, line: Vec::new(), text: Vec::new(), ends: Vec::new() }
    }

    /// The fields of a line, without outer blanks; `None` when a quote is left open: each line stands for
    /// itself, so that one of them cannot swallow the rest of a file.
    pub(crate) fn fields(&mut self, line: &str) -> Option<Vec<String>> {
        if line.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
            return None;
        }
        self.line.clear();
        self.line.extend_from_slice(line.as_bytes());
        self.line.push(b'\n');
        // Neither the text nor the number of fields can outgrow the line.
        self.text.resize(self.line.len(), 0);
        self.ends.resize(self.line.len() + 1, 0);
        self.core.reset();
        let (result, _, _, count) = self.core.read_record(&self.line, &mut self.text, &mut self.ends);
        matches!(result, csv_core::ReadRecordResult::Record).then(|| self.split(count))
    }

    fn split(&self, count: usize) -> Vec<String> {
        let ends = self.ends.iter().take(count);
        let starts = std::iter::once(&0).chain(ends.clone());
        let field = |(start, end): (&usize, &usize)| self.text.get(*start..*end).unwrap_or_default();
        starts.zip(ends).map(field).map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect()
    }
}

/// The fields of one line of CSV, for the odd line.
pub(crate) fn fields(line: &str, delimiter: u8) -> Option<Vec<String>> {
    Splitter::new(delimiter).fields(line)
}

/// The delimiter that a line has most of: comma, semicolon or tab.
pub(crate) fn likely_delimiter(line: &str) -> u8 {
    let count = |delimiter: &u8| line.bytes().filter(|byte| byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<String> {
        lines(&unmarked(bytes)).map(|line| line.text.into_owned()).collect()
    }

    #[test]
    fn lines_survive_marks_line_ends_encodings_and_nul() {
        assert_eq!(texts(b"\xef\xbb\xbfa\r\n\r\n b \n\0\0\0\nc\0d"), ["a", "b", "cd"]);
        assert_eq!(texts(b"Niccol\xf2\nNiccol\xc3\xb2\n"), ["Niccolò", "Niccolò"]);
        assert_eq!(texts(b"\xff\xfea\0\n\0b\0"), ["a", "b"]);
    }

    #[test]
    fn only_the_last_line_can_lack_its_end() {
        let ended: Vec<bool> = lines(b"a\nb").map(|line| line.ended).collect();
        assert_eq!(ended, [true, false]);
        assert_eq!((whole_lines(b"a\nb"), whole_lines(b"ab"), whole_lines(b"")), (2, 0, 0));
    }

    #[test]
    fn an_open_quote_is_told_and_the_delimiter_is_found() {
        assert_eq!(fields("a;\"b;c\"", b';').unwrap(), ["a", "b;c"]);
        assert_eq!(fields("a,\"b,c", b','), None);
        assert_eq!(
            (likely_delimiter("a;b;c,d"), likely_delimiter("a\tb"), likely_delimiter("a")),
            (b';', b'\t', b',')
        );
    }
}
