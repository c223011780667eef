//! HEIF and AVIF: pictures in boxes (ISO/IEC 14496-12 and 23008-12). Telephones write them.
//!
//! **Invariant:** nothing moves, for boxes refer to each other by place: what tells of the picture is written over with
//! zeros where it stands. Kept of the media data are the bytes of images alone, so that what no image refers to, EXIF
//! and XMP as well as leftovers, is gone. Films in a picture's clothes are [`Damaged`]: nobody here knows their boxes.
//! The orientation is a property of the image, not part of EXIF, and stays.

use std::{collections::BTreeSet, ops::Range};

use bytes::{Buf, Bytes};

use super::Damaged;

/// What an image is made of: coded images and rules how to put them together.
const IMAGES: [&[u8; 4]; 15] = [
    b"hvc1", b"hev1", b"lhv1", b"av01", b"avc1", b"vvc1", b"jpeg", b"j2k1", b"unci", b"mski", b"grid",
    b"iden", b"iovl", b"tmap", b"sato",
];
/// Properties that tell of a picture and do not show it: descriptions and times.
const TELLING: [&[u8; 4]; 5] = [b"udes", b"altt", b"crtm", b"mdft", b"uuid"];

/// A box: its type, and where it and its content are in the file.
#[derive(Clone, Debug)]
struct Part {
    kind: [u8; 4],
    whole: Range<usize>,
    content: Range<usize>,
}

/// Where an item's bytes are.
struct Place {
    item: u32,
    /// Within `idat`, not from the start of the file.
    within: bool,
    bytes: Vec<Range<usize>>,
}

/// The picture without what tells of it.
pub(super) fn stripped(bytes: &Bytes) -> Result<Bytes, Damaged> {
    let parts = parts(bytes, 0..bytes.len())?;
    let meta = only(&parts, b"meta")?.ok_or(Damaged)?;
    // A full box: version and flags come before its boxes.
    let inner = self::parts(bytes, meta.content.start.saturating_add(4)..meta.content.end)?;
    let kept = kept(bytes, &inner)?;
    let mut clean = bytes.to_vec();
    for part in &parts {
        match &part.kind {
            b"ftyp" | b"meta" => {}
            b"mdat" => blank(&mut clean, part.content.clone(), &kept)?,
            b"moov" | b"moof" => return Err(Damaged),
            _ => free(&mut clean, part)?,
        }
    }
    for part in &inner {
        match &part.kind {
            b"hdlr" | b"dinf" | b"pitm" | b"iloc" | b"iinf" | b"iref" | b"grpl" | b"ipro" => {}
            b"iprp" => properties(bytes, part, &mut clean)?,
            b"idat" => blank(&mut clean, part.content.clone(), &kept)?,
            _ => free(&mut clean, part)?,
        }
    }
    Ok(clean.into())
}

/// The bytes of images, wherever they are.
fn kept(bytes: &[u8], meta: &[Part]) -> Result<Vec<Range<usize>>, Damaged> {
    let items = images(bytes, &only(meta, b"iinf")?.ok_or(Damaged)?)?;
    let idat = only(meta, b"idat")?.map_or(0..0, |part| part.content);
    let places = places(bytes, &only(meta, b"iloc")?.ok_or(Damaged)?)?;
    let of_images = places.into_iter().filter(|place| items.contains(&place.item));
    let mut kept = vec![];
    for place in of_images {
        let start = if place.within { idat.start } else { 0 };
        for range in place.bytes {
            let moved = |at: usize| at.checked_add(start).filter(|at| *at <= bytes.len()).ok_or(Damaged);
            kept.push(moved(range.start)?..moved(range.end)?);
        }
    }
    if kept.is_empty() {
        return Err(Damaged);
    }
    kept.sort_by_key(|range| range.start);
    Ok(kept)
}

/// Writes over what telling properties say. They keep their places in the list, which others count.
fn properties(bytes: &[u8], iprp: &Part, clean: &mut [u8]) -> Result<(), Damaged> {
    for list in parts(bytes, iprp.content.clone())?.iter().filter(|part| &part.kind == b"ipco") {
        for property in parts(bytes, list.content.clone())? {
            if TELLING.contains(&&property.kind) {
                free(clean, &property)?;
            }
        }
    }
    Ok(())
}

/// Makes a box free space.
fn free(clean: &mut [u8], part: &Part) -> Result<(), Damaged> {
    let named = part.whole.start.checked_add(4).zip(part.whole.start.checked_add(8)).ok_or(Damaged)?;
    clean.get_mut(named.0..named.1).ok_or(Damaged)?.copy_from_slice(b"free");
    clean.get_mut(part.content.clone()).ok_or(Damaged)?.fill(0);
    Ok(())
}

/// Writes zeros over a range but for what is kept, which is sorted.
fn blank(clean: &mut [u8], range: Range<usize>, kept: &[Range<usize>]) -> Result<(), Damaged> {
    let mut from = range.start;
    for keep in kept {
        let until = keep.start.min(range.end);
        if from < until {
            clean.get_mut(from..until).ok_or(Damaged)?.fill(0);
        }
        from = from.max(keep.end);
    }
    if from < range.end {
        clean.get_mut(from..range.end).ok_or(Damaged)?.fill(0);
    }
    Ok(())
}

/// The boxes of a range.
fn parts(bytes: &[u8], range: Range<usize>) -> Result<Vec<Part>, Damaged> {
    let (mut found, mut at) = (vec![], range.start);
    while at < range.end {
        let mut head = bytes.get(at..range.end).ok_or(Damaged)?;
        let (short, kind) = (u32_of(&mut head)?, u32_of(&mut head)?.to_be_bytes());
        let (length, skipped) = match short {
            0 => (range.end.saturating_sub(at), 8),
            1 => (usize::try_from(u64_of(&mut head)?).map_err(|_too_long| Damaged)?, 16),
            short => (usize::try_from(short).map_err(|_too_long| Damaged)?, 8),
        };
        let end =
            at.checked_add(length).filter(|end| *end <= range.end && length >= skipped).ok_or(Damaged)?;
        found.push(Part { kind, whole: at..end, content: at.saturating_add(skipped)..end });
        at = end;
    }
    Ok(found)
}

/// The one box of a kind; two of them would be read differently by different readers.
fn only(parts: &[Part], kind: &[u8; 4]) -> Result<Option<Part>, Damaged> {
    let mut of_kind = parts.iter().filter(|part| &part.kind == kind);
    match (of_kind.next(), of_kind.next()) {
        (one, None) => Ok(one.cloned()),
        (_, Some(_)) => Err(Damaged),
    }
}

/// The items that are images, by `iinf`.
fn images(bytes: &[u8], iinf: &Part) -> Result<BTreeSet<u32>, Damaged> {
    let mut head = bytes.get(iinf.content.clone()).ok_or(Damaged)?;
    let counted = if version(&mut head)? == 0 { 2 } else { 4 };
    let start = iinf.content.start.saturating_add(4 + counted);
    let mut items = BTreeSet::new();
    for part in parts(bytes, start..iinf.content.end)?.iter().filter(|part| &part.kind == b"infe") {
        let mut entry = bytes.get(part.content.clone()).ok_or(Damaged)?;
        let item = match version(&mut entry)? {
            2 => u32::from(u16_of(&mut entry)?),
            3 => u32_of(&mut entry)?,
            // Older entries have no type: they are no images.
            _ => continue,
        };
        u16_of(&mut entry)?;
        if IMAGES.contains(&&u32_of(&mut entry)?.to_be_bytes()) {
            items.insert(item);
        }
    }
    Ok(items)
}

/// The places of all items, by `iloc`.
fn places(bytes: &[u8], iloc: &Part) -> Result<Vec<Place>, Damaged> {
    let mut rest = bytes.get(iloc.content.clone()).ok_or(Damaged)?;
    let version = version(&mut rest)?;
    let (sizes, more) = (u8_of(&mut rest)?, u8_of(&mut rest)?);
    let (offset, length, base, index) = (sizes >> 4, sizes & 15, more >> 4, more & 15);
    let many = if version < 2 { u32::from(u16_of(&mut rest)?) } else { u32_of(&mut rest)? };
    let mut places = vec![];
    for _ in 0..many {
        let item = if version < 2 { u32::from(u16_of(&mut rest)?) } else { u32_of(&mut rest)? };
        let method = if version > 0 { u16_of(&mut rest)? & 15 } else { 0 };
        let elsewhere = u16_of(&mut rest)?;
        if method > 1 || elsewhere > 0 {
            return Err(Damaged);
        }
        let start = sized(&mut rest, base)?;
        let mut ranges = vec![];
        for _ in 0..u16_of(&mut rest)? {
            if version > 0 {
                sized(&mut rest, index)?;
            }
            let from = start.checked_add(sized(&mut rest, offset)?).ok_or(Damaged)?;
            // No length means "to the end", which nobody writes for more than one item.
            let size = Some(sized(&mut rest, length)?).filter(|size| *size > 0).ok_or(Damaged)?;
            ranges.push(from..from.checked_add(size).ok_or(Damaged)?);
        }
        places.push(Place { item, within: method == 1, bytes: ranges });
    }
    Ok(places)
}

fn version(from: &mut &[u8]) -> Result<u32, Damaged> {
    Ok(u32_of(from)? >> 24)
}

/// A number of 0, 4 or 8 bytes.
fn sized(from: &mut &[u8], size: u8) -> Result<usize, Damaged> {
    let number = match size {
        0 => 0,
        4 => u64::from(u32_of(from)?),
        8 => u64_of(from)?,
        _ => return Err(Damaged),
    };
    usize::try_from(number).map_err(|_too_large| Damaged)
}

fn u8_of(from: &mut &[u8]) -> Result<u8, Damaged> {
    from.try_get_u8().map_err(|_ended| Damaged)
}

fn u16_of(from: &mut &[u8]) -> Result<u16, Damaged> {
    from.try_get_u16().map_err(|_ended| Damaged)
}

fn u32_of(from: &mut &[u8]) -> Result<u32, Damaged> {
    from.try_get_u32().map_err(|_ended| Damaged)
}

fn u64_of(from: &mut &[u8]) -> Result<u64, Damaged> {
    from.try_get_u64().map_err(|_ended| Damaged)
}
