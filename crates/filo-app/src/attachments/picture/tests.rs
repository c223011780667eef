//! Photos with everything in them that tells where they were taken, looked at afterwards by a reader of others.

use std::io::Cursor;

use exif::{Field, In, Rational, Reader, Tag, Value, experimental::Writer};
use proptest::prelude::*;

use super::*;

/// EXIF with a place, a camera and an orientation.
fn exif_of(turned: u16) -> Vec<u8> {
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let degrees = |whole, part| {
        Value::Rational(vec![
            Rational { num: whole, denom: 1 },
            Rational { num: part, denom: 1 },
            Rational { num: 0, denom: 1 },
        ])
    };
    let fields = [
        field(Tag::Make, Value::Ascii(vec![b"Camera of Anna".to_vec()])),
        field(Tag::Orientation, Value::Short(vec![turned])),
        field(Tag::DateTimeOriginal, Value::Ascii(vec![b"2026:10:05 10:00:00".to_vec()])),
        field(Tag::GPSLatitudeRef, Value::Ascii(vec![b"N".to_vec()])),
        field(Tag::GPSLatitude, degrees(45, 27)),
        field(Tag::GPSLongitudeRef, Value::Ascii(vec![b"E".to_vec()])),
        field(Tag::GPSLongitude, degrees(9, 11)),
    ];
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut tiff = Cursor::new(vec![]);
    writer.write(&mut tiff, false).unwrap();
    tiff.into_inner()
}

fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], contents].concat()
}

/// The parts that show the image, between which the others stand.
fn shown_parts() -> [Vec<u8>; 4] {
    [
        segment(0xdb, &[7; 65]),
        segment(0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]),
        segment(0xc4, &[1; 20]),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
    ]
}

fn jpeg_with(turned: u16) -> Bytes {
    let tiff = exif_of(turned);
    let [tables, frame, codes, scan] = shown_parts();
    let second = [&[0xff, 0xd8][..], &segment(0xe1, &[EXIF, &tiff].concat()), &[0xff, 0xd9]].concat();
    [
        &[0xff, 0xd8][..],
        &segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        &segment(0xe1, &[EXIF, &tiff].concat()),
        &segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta GPSLatitude='45,27N'/>"),
        &segment(0xe2, b"ICC_PROFILE\0\x01\x01colours"),
        &segment(0xe2, b"MPF\0whatever"),
        &segment(0xed, b"Photoshop 3.0\x008BIM Piazza Duomo"),
        &segment(0xfe, b"a comment by Anna"),
        &tables,
        &frame,
        &codes,
        &scan,
        &[1, 2, 0xff, 0, 3, 0xff, 0xd0, 4],
        &segment(0xc4, &[0xff, 0xd9, 2]),
        &segment(0xfe, b"Piazza Duomo"),
        &scan,
        &[5, 6],
        &[0xff, 0xd9],
        &second,
        b"motion photo, Piazza Duomo",
    ]
    .concat()
    .into()
}

fn png_with(turned: u16) -> Bytes {
    use img_parts::png::PngChunk;
    let chunk =
        |kind: &[u8; 4], contents: &[u8]| PngChunk::new(*kind, contents.to_vec().into()).encoder().bytes();
    [
        &b"\x89PNG\r\n\x1a\n"[..],
        &chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]),
        &chunk(b"eXIf", &exif_of(turned)),
        &chunk(b"tEXt", b"Author\0Anna"),
        &chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x GPSLatitude='45'/>"),
        &chunk(b"tIME", &[7, 234, 10, 5, 10, 0, 0]),
        &chunk(b"IDAT", &[1, 2, 3]),
        &chunk(b"IEND", b""),
        b"Piazza Duomo",
    ]
    .concat()
    .into()
}

fn webp_with(turned: u16) -> Bytes {
    let chunk = |id: &[u8; 4], data: &[u8]| RiffChunk::new(*id, RiffContent::Data(data.to_vec().into()));
    let subchunks = vec![
        chunk(b"VP8X", &[0b0000_1100, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        chunk(b"VP8 ", &[1, 2, 3, 4]),
        chunk(b"EXIF", &exif_of(turned)),
        chunk(b"XMP ", b"<x GPSLatitude='45'/>"),
        chunk(b"NOTE", b"Piazza Duomo"),
    ];
    let list = RiffContent::List { kind: Some(*b"WEBP"), subchunks };
    RiffChunk::new(*b"RIFF", list).encoder().bytes()
}

fn photos(turned: u16) -> [(&'static str, Bytes); 3] {
    [("image/jpeg", jpeg_with(turned)), ("image/png", png_with(turned)), ("image/webp", webp_with(turned))]
}

fn read(bytes: &[u8]) -> Result<exif::Exif, exif::Error> {
    Reader::new().read_from_container(&mut Cursor::new(bytes))
}

#[test]
fn a_photo_tells_no_place_afterwards_but_how_it_is_turned() {
    for (kind, photo) in photos(6) {
        assert!(read(&photo).unwrap().get_field(Tag::GPSLatitude, In::PRIMARY).is_some(), "{kind}");
        let stripped = stripped(kind, &photo).unwrap();
        let left = read(&stripped).unwrap();
        let tags: Vec<Tag> = left.fields().map(|field| field.tag).collect();
        assert_eq!(tags, [Tag::Orientation], "{kind}");
        let turned = left.get_field(Tag::Orientation, In::PRIMARY).unwrap();
        assert_eq!(turned.value.get_uint(0), Some(6), "{kind}");
    }
}

#[test]
fn nothing_of_the_metadata_is_left_anywhere_in_the_file() {
    for (kind, photo) in photos(1) {
        let stripped = stripped(kind, &photo).unwrap();
        assert!(read(&stripped).is_err(), "{kind}: an upright photo needs no EXIF");
        for told in [&b"GPSLatitude"[..], b"Anna", b"Duomo", b"MPF", b"2026:10", b"Exif"] {
            let found = stripped.windows(told.len()).any(|window| window == told);
            assert!(!found, "{kind}: {}", String::from_utf8_lossy(told));
        }
    }
}

#[test]
fn the_image_itself_is_as_it_was() {
    let shown = shown_parts();
    let stripped = stripped("image/jpeg", &jpeg_with(1)).unwrap();
    for part in
        [&shown[0][..], &shown[1], &shown[2], &shown[3], &[1, 2, 0xff, 0, 3, 0xff, 0xd0, 4], b"ICC_PROFILE"]
    {
        assert!(stripped.windows(part.len()).any(|window| window == part));
    }
    assert!(stripped.ends_with(&[5, 6, 0xff, 0xd9]));
    assert!(
        super::stripped("image/webp", &webp_with(1)).unwrap().windows(4).any(|four| four == [1, 2, 3, 4])
    );
}

#[test]
fn taking_out_twice_changes_nothing_more() {
    for turned in [1, 8] {
        for (kind, photo) in photos(turned) {
            let once = stripped(kind, &photo).unwrap();
            assert_eq!(stripped(kind, &once).unwrap(), once, "{kind}");
        }
    }
}

#[test]
fn a_picture_that_is_cut_off_is_damaged() {
    for (kind, photo) in photos(6) {
        let image_ends = match kind {
            "image/jpeg" => photo.windows(4).position(|four| four == [5, 6, 0xff, 0xd9]).unwrap() + 3,
            "image/png" => photo.len() - b"Piazza Duomo".len() - 1,
            _ => photo.len() - 1,
        };
        for length in 0..image_ends {
            assert_eq!(stripped(kind, &photo.slice(..length)), Err(Damaged), "{kind} of {length} bytes");
        }
    }
}

proptest! {
    #[test]
    fn damage_never_panics(kind in 0..3_usize, place in any::<prop::sample::Index>(), change in any::<[u8; 4]>()) {
        let (media_type, photo) = &photos(6)[kind];
        let mut bytes = photo.to_vec();
        let at = place.index(bytes.len() - 4);
        bytes[at..at + 4].copy_from_slice(&change);
        if let Ok(done) = stripped(media_type, &bytes.into()) {
            let again = stripped(media_type, &done);
            prop_assert!(again.is_ok());
        }
    }

    #[test]
    fn any_bytes_never_panic(kind in 0..3_usize, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (media_type, photo) = &photos(6)[kind];
        let _alone = stripped(media_type, &bytes.clone().into());
        let head = photo.slice(..20);
        let _behind_a_head = stripped(media_type, &[&head[..], &bytes].concat().into());
    }
}
