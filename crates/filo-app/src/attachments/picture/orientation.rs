//! The one thing kept of a photo's EXIF: how it must be turned to be seen upright.

/// The tag of the orientation in TIFF's first directory.
const TAG: u16 = 0x0112;
const ENTRY: usize = 12;

/// The orientation, 2 to 8, in a TIFF structure; `None` for upright or none.
pub(super) fn read(tiff: &[u8]) -> Option<u8> {
    let big = match tiff.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let two: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    };
    let four: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let start = if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
    let start = usize::try_from(start).ok()?;
    let entries = usize::from(u16_at(start)?);
    let value = (0..entries).find_map(|index| {
        let at = start.checked_add(2)?.checked_add(index.checked_mul(ENTRY)?)?;
        if u16_at(at)? == TAG { u16_at(at.checked_add(8)?) } else { None }
    })?;
    u8::try_from(value).ok().filter(|value| (2..=8).contains(value))
}

/// A TIFF structure that says the orientation and nothing else.
pub(super) fn written(orientation: u8) -> [u8; 26] {
    let mut tiff = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    // The value's two bytes stand first in its field of four.
    if let Some(low) = tiff.get_mut(19) {
        *low = orientation;
    }
    tiff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for turned in 2..=8 {
            assert_eq!(read(&written(turned)), Some(turned));
        }
        assert_eq!(read(&written(1)), None);
        assert_eq!(read(b"II*\0\xff\xff\xff\xff"), None);
    }
}
