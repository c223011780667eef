//! The scans of a JPEG, up to the end of its image: what comes after it (a second picture, a film, a maker's notes)
//! is not the picture's.

use bytes::Bytes;

use super::Damaged;

const MARK: u8 = 0xff;
const END: u8 = 0xd9;
const COMMENT: u8 = 0xfe;

/// Coded data and the tables between scans, with the end's marker; application segments and comments are left out.
pub(super) fn to_the_end(data: &Bytes) -> Result<Bytes, Damaged> {
    let mut kept = Vec::with_capacity(data.len());
    let mut rest: &[u8] = data;
    loop {
        let at = rest.iter().position(|byte| *byte == MARK).ok_or(Damaged)?;
        let (coded, marked) = rest.split_at(at);
        kept.extend_from_slice(coded);
        let marker = *marked.get(1).ok_or(Damaged)?;
        let length = match marker {
            // A fill byte before a marker.
            MARK => 1,
            // A coded 0xff, a restart, or no marker at all.
            0x00 | 0x01 | 0xd0..=0xd8 => 2,
            END => {
                kept.extend_from_slice(&[MARK, END]);
                return Ok(kept.into());
            }
            _ => 2 + segment(marked)?,
        };
        let whole = marked.get(..length).ok_or(Damaged)?;
        if !matches!(marker, 0xe0..=0xef | COMMENT) {
            kept.extend_from_slice(whole);
        }
        rest = marked.get(length..).unwrap_or_default();
    }
}

/// The length that a segment says it has, the two bytes of the length included.
fn segment(marked: &[u8]) -> Result<usize, Damaged> {
    let two: [u8; 2] = marked.get(2..4).and_then(|two| two.try_into().ok()).ok_or(Damaged)?;
    let length = usize::from(u16::from_be_bytes(two));
    if length < 2 { Err(Damaged) } else { Ok(length) }
}
