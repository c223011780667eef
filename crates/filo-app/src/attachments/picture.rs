//! Takes out of a picture what tells where, when and by whom it was taken, and leaves its image as it was.
//!
//! **Invariant:** only parts that are needed to show the image are kept, so that an unknown part is gone as well; of
//! the metadata the orientation alone is written anew. The coded image is not touched. Nothing here panics on damaged
//! input: it is [`Damaged`].

mod container;
mod orientation;
mod scans;

use bytes::Bytes;
use img_parts::{
    jpeg::{Jpeg, JpegSegment, markers},
    png::Png,
    riff::{RiffChunk, RiffContent},
    webp::WebP,
};

/// A picture that cannot be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the picture is damaged")]
pub(crate) struct Damaged;

/// Whether [`stripped`] knows the type.
pub(crate) fn is_known(media_type: &str) -> bool {
    matches!(media_type, "image/jpeg" | "image/png" | "image/webp" | "image/heif" | "image/avif")
}

/// Whether pictures of this type hold metadata that nobody here takes out.
pub(crate) fn keeps_metadata(media_type: &str) -> bool {
    matches!(media_type, "image/tiff" | "image/jp2" | "image/jxl" | "image/x-canon-cr2")
}

/// The picture without its metadata.
pub(crate) fn stripped(media_type: &str, bytes: &Bytes) -> Result<Bytes, Damaged> {
    match media_type {
        "image/jpeg" => jpeg(bytes),
        "image/png" => png(bytes),
        "image/webp" => webp(bytes),
        "image/heif" | "image/avif" => container::stripped(bytes),
        _ => Err(Damaged),
    }
}

const EXIF: &[u8] = b"Exif\0\0";

fn jpeg(bytes: &Bytes) -> Result<Bytes, Damaged> {
    let mut image = Jpeg::from_bytes(bytes.clone()).map_err(|_damaged| Damaged)?;
    let exif = image.segments_by_marker(markers::APP1).find_map(|it| it.contents().strip_prefix(EXIF));
    let turned = exif.and_then(orientation::read);
    // The last segment read is the first scan: the rest of the file is its entropy.
    let scan = image.segments_mut().pop().filter(|it| it.marker() == markers::SOS).ok_or(Damaged)?;
    let after = entropy(bytes, &scan)?;
    image.segments_mut().retain(shows);
    let scan =
        JpegSegment::new_with_entropy(markers::SOS, scan.contents().clone(), scans::to_the_end(&after)?);
    if let Some(turned) = turned {
        let contents = [EXIF, &orientation::written(turned)].concat();
        let place = usize::from(image.segments().first().is_some_and(|it| it.marker() == markers::APP0));
        image.segments_mut().insert(place, JpegSegment::new_with_contents(markers::APP1, contents.into()));
    }
    image.segments_mut().push(scan);
    Ok(image.encoder().bytes())
}

/// What follows the header of the first scan: the end of the file, which is as long as the segment says.
fn entropy(bytes: &Bytes, scan: &JpegSegment) -> Result<Bytes, Damaged> {
    let length = scan.len_with_entropy().checked_sub(scan.len()).ok_or(Damaged)?;
    let start = bytes.len().checked_sub(length).ok_or(Damaged)?;
    Ok(bytes.slice(start..))
}

/// Segments without which the image looks otherwise: tables and frames, the JFIF head, the colour profile, Adobe's
/// colour transform.
fn shows(segment: &JpegSegment) -> bool {
    match segment.marker() {
        markers::APP0 => segment.contents().starts_with(b"JFIF\0"),
        markers::APP2 => segment.contents().starts_with(b"ICC_PROFILE\0"),
        markers::APP14 => segment.contents().starts_with(b"Adobe"),
        markers::APP1..=markers::APP15 | markers::COM => false,
        markers::JPG0..=markers::JPG13 => false,
        _ => true,
    }
}

fn png(bytes: &Bytes) -> Result<Bytes, Damaged> {
    const SHOWN: [&[u8; 4]; 21] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV",
        b"cLLI", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT", b"sTER",
    ];
    let mut image = Png::from_bytes(bytes.clone()).map_err(|_damaged| Damaged)?;
    let kinds = || image.chunks().iter().map(img_parts::png::PngChunk::kind);
    if kinds().next() != Some(*b"IHDR")
        || kinds().last() != Some(*b"IEND")
        || !kinds().any(|it| it == *b"IDAT")
    {
        return Err(Damaged);
    }
    let turned = image.chunk_by_type(*b"eXIf").and_then(|it| orientation::read(it.contents()));
    image.chunks_mut().retain(|chunk| SHOWN.contains(&&chunk.kind()));
    if let Some(turned) = turned {
        let chunk = img_parts::png::PngChunk::new(*b"eXIf", orientation::written(turned).to_vec().into());
        image.chunks_mut().insert(1, chunk);
    }
    Ok(image.encoder().bytes())
}

fn webp(bytes: &Bytes) -> Result<Bytes, Damaged> {
    const SHOWN: [&[u8; 4]; 7] = [b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
    const EXIF_FLAG: u8 = 0b0000_1000;
    const XMP_FLAG: u8 = 0b0000_0100;
    let mut image = WebP::from_bytes(bytes.clone()).map_err(|_damaged| Damaged)?;
    let shown = |chunk: &RiffChunk| SHOWN.contains(&&chunk.id());
    if !image.chunks().iter().any(|chunk| matches!(&chunk.id(), b"VP8 " | b"VP8L" | b"ANMF")) {
        return Err(Damaged);
    }
    let exif = image.chunk_by_id(*b"EXIF").and_then(|chunk| chunk.content().data().cloned());
    let turned = exif.and_then(|exif| orientation::read(exif.strip_prefix(EXIF).unwrap_or(&exif)));
    image.chunks_mut().retain(shown);
    // Frames of an animation may hold further chunks of their own.
    for frame in image.chunks_mut().iter_mut().filter(|chunk| &chunk.id() == b"ANMF") {
        if let RiffContent::Data(data) = frame.content_mut() {
            *data = frame_shown(data)?;
        }
    }
    let extended = image.chunks_mut().iter_mut().find(|chunk| &chunk.id() == b"VP8X");
    let exif_written = extended.is_some() && turned.is_some();
    if let Some(RiffContent::Data(data)) = extended.map(RiffChunk::content_mut) {
        let mut flags = data.to_vec();
        let first = flags.first_mut().ok_or(Damaged)?;
        *first &= !(EXIF_FLAG | XMP_FLAG);
        *first |= if exif_written { EXIF_FLAG } else { 0 };
        *data = flags.into();
    }
    if let Some(turned) = turned.filter(|_| exif_written) {
        let content = RiffContent::Data(orientation::written(turned).to_vec().into());
        image.chunks_mut().push(RiffChunk::new(*b"EXIF", content));
    }
    Ok(image.encoder().bytes())
}

/// A frame's head of 16 bytes and its image.
fn frame_shown(data: &Bytes) -> Result<Bytes, Damaged> {
    const HEAD: usize = 16;
    let mut kept = data.get(..HEAD).ok_or(Damaged)?.to_vec();
    let mut rest = data.get(HEAD..).unwrap_or_default();
    while !rest.is_empty() {
        let (id, length) = (rest.get(..4).ok_or(Damaged)?, rest.get(4..8).ok_or(Damaged)?);
        let length = length.try_into().map(u32::from_le_bytes).map_err(|_damaged| Damaged)?;
        let whole = usize::try_from(length).ok().and_then(|length| length.checked_add(8 + length % 2));
        let chunk = whole.and_then(|whole| rest.get(..whole)).ok_or(Damaged)?;
        if matches!(id, b"VP8 " | b"VP8L" | b"ALPH") {
            kept.extend_from_slice(chunk);
        }
        rest = rest.get(chunk.len()..).unwrap_or_default();
    }
    Ok(kept.into())
}

#[cfg(test)]
mod tests;
