//! Uuencoded files, as a transfer encoding and in the middle of a text.

use crate::header::next_line;

/// A file found in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UuFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Takes the files out of a text: what is left, and the files. A beginning without an end is text.
pub(crate) fn extract(text: &str) -> (String, Vec<UuFile>) {
    let mut left = String::with_capacity(text.len());
    let mut files = Vec::new();
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        match begin(line).and_then(|name| file(name, after)) {
            Some((found, after_file)) => {
                files.push(found);
                rest = after_file;
            }
            None => {
                left.push_str(line);
                left.push('\n');
                rest = after;
            }
        }
    }
    left.push_str(rest);
    (left, files)
}

/// The first file of a part that is uuencoded as a whole.
pub(crate) fn first_file(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    let (_, files) = extract(&text);
    files.into_iter().next().map(|file| file.bytes).or_else(|| bare(bytes))
}

fn begin(line: &str) -> Option<&str> {
    let (mode, name) = line.trim_end().strip_prefix("begin ")?.split_once(' ')?;
    ((3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b))).then_some(name.trim())
}

fn file<'a>(name: &str, body: &'a str) -> Option<(UuFile, &'a str)> {
    let (mut bytes, mut rest) = (Vec::new(), body);
    loop {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if line.trim_end() == "end" {
            return Some((UuFile { name: name.to_owned(), bytes }, after));
        }
        if after.is_empty() {
            return None;
        }
        bytes.extend(decode_line(line.trim_end_matches('\r').as_bytes())?);
        rest = after;
    }
}

/// Lines without `begin` and `end`.
fn bare(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut decoded, mut rest) = (Vec::new(), bytes);
    while let Some((line, after)) = next_line(rest) {
        decoded.extend(decode_line(line.trim_ascii_end())?);
        rest = after;
    }
    Some(decoded)
}

fn decode_line(line: &[u8]) -> Option<Vec<u8>> {
    let value = |byte: &u8| (b' '..=b'`').contains(byte).then(|| (byte - b' ') & 0x3f);
    let Some((length, data)) = line.split_first() else { return Some(Vec::new()) };
    let length = usize::from(value(length)?);
    let mut bytes = Vec::with_capacity(data.len());
    for group in data.chunks(4) {
        let mut sum = 0_u32;
        for place in 0..4 {
            sum = sum << 6 | u32::from(group.get(place).map_or(Some(0), value)?);
        }
        bytes.extend(sum.to_be_bytes().iter().skip(1));
    }
    // Mailers strip blanks at the line's end, which are zeros here.
    bytes.resize(length, 0);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_a_text_is_taken_out() {
        let text = "Allego.\nbegin 644 nota.txt\n#0V%T\n`\nend\nSaluti\n";
        let (left, files) = extract(text);
        assert_eq!(left, "Allego.\nSaluti\n");
        assert_eq!(files, [UuFile { name: "nota.txt".to_owned(), bytes: b"Cat".to_vec() }]);
    }

    #[test]
    fn a_beginning_without_an_end_is_text() {
        for text in ["begin 644 x\n#0V%T\n", "begin 12 ciao\nend\n", "begin the day\n"] {
            assert_eq!(extract(text), (text.to_owned(), vec![]), "{text}");
        }
        assert_eq!(first_file(b"#0V%T\n`\n").as_deref(), Some(b"Cat".as_slice()));
    }
}
