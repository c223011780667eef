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

fn boxed(kind: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len() + 8).unwrap().to_be_bytes();
    [&length[..], kind, contents].concat()
}

/// A photo as telephones write it: the picture and its EXIF in the media data, a rule for tiles beside.
fn heif() -> Bytes {
    let exif = [&[0, 0, 0, 0][..], &exif_of(6)].concat();
    let xmp = b"<x:xmpmeta GPSLatitude='45,27N'/>";
    let entry =
        |item: u8, kind: &[u8; 4]| boxed(b"infe", &[&[2, 0, 0, 0, 0, item, 0, 0], &kind[..], b"\0"].concat());
    let entries = [entry(1, b"hvc1"), entry(2, b"Exif"), entry(3, b"mime"), entry(4, b"grid")].concat();
    let meta = |start: u32| {
        let places = [
            (1_u8, 0_u16, start, 6),
            (2, 0, start + 6, exif.len()),
            (3, 0, start + 6 + to_u32(exif.len()), xmp.len()),
            (4, 1, 0, 8),
        ];
        let mut iloc = vec![1, 0, 0, 0, 0x44, 0, 0, 4];
        for (item, method, from, length) in places {
            iloc.extend([0, item]);
            iloc.extend(method.to_be_bytes());
            iloc.extend([0, 0, 0, 1]);
            iloc.extend(from.to_be_bytes());
            iloc.extend(to_u32(length).to_be_bytes());
        }
        let properties = [boxed(b"irot", &[1]), boxed(b"udes", b"\0\0\0\0it\0Piazza Duomo\0")].concat();
        let parts = [
            boxed(
                b"hdlr",
                &[0, 0, 0, 0, 0, 0, 0, 0, b'p', b'i', b'c', b't', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            ),
            boxed(b"pitm", &[0, 0, 0, 0, 0, 1]),
            boxed(b"iinf", &[&[0, 0, 0, 0, 0, 4][..], &entries].concat()),
            boxed(b"iprp", &boxed(b"ipco", &properties)),
            boxed(b"idat", b"the grid, Anna"),
            boxed(b"iloc", &iloc),
            boxed(b"uuid", b"0123456789abcdefby Anna"),
        ];
        boxed(b"meta", &[vec![0; 4], parts.concat()].concat())
    };
    let head = boxed(b"ftyp", b"heic\0\0\0\0mif1heic");
    let start = to_u32(head.len() + meta(0).len() + 8);
    let media = boxed(b"mdat", &[&b"pixels"[..], &exif, xmp, b"Piazza Duomo"].concat());
    [head, meta(start), media, boxed(b"uuid", b"0123456789abcdefPiazza Duomo")].concat().into()
}

fn to_u32(number: usize) -> u32 {
    number.try_into().unwrap()
}

#[test]
fn a_telephones_photo_keeps_its_image_in_its_place_and_nothing_that_tells_of_it() {
    let photo = heif();
    assert!(read(&photo).unwrap().get_field(Tag::GPSLatitude, In::PRIMARY).is_some());
    let stripped = stripped("image/heif", &photo).unwrap();
    assert!(read(&stripped).is_err());
    for told in [&b"GPSLatitude"[..], b"Anna", b"Duomo", b"2026:10", b"Camera"] {
        let found = stripped.windows(told.len()).any(|window| window == told);
        assert!(!found, "{}", String::from_utf8_lossy(told));
    }
    assert_eq!(stripped.len(), photo.len());
    for shown in [&b"pixels"[..], b"the grid", b"irot"] {
        let place = |bytes: &[u8]| bytes.windows(shown.len()).position(|window| window == shown);
        assert_eq!(place(&stripped), place(&photo));
        assert!(place(&photo).is_some());
    }
    assert_eq!(super::stripped("image/heif", &stripped).unwrap(), stripped);
}

#[test]
fn a_telephones_photo_that_is_cut_off_or_a_film_is_damaged() {
    let photo = heif();
    let image_ends = photo.windows(6).position(|six| six == b"pixels").unwrap() + 6;
    for length in 0..image_ends {
        assert_eq!(stripped("image/heif", &photo.slice(..length)), Err(Damaged), "{length} bytes");
    }
    let film = [photo.to_vec(), boxed(b"moov", b"")].concat();
    assert_eq!(stripped("image/heif", &film.into()), Err(Damaged));
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

fn any_photo(kind: usize) -> (&'static str, Bytes) {
    photos(6).into_iter().chain([("image/heif", heif())]).nth(kind).unwrap()
}

proptest! {
    #[test]
    fn damage_never_panics(kind in 0..4_usize, place in any::<prop::sample::Index>(), change in any::<[u8; 4]>()) {
        let (media_type, photo) = any_photo(kind);
        let mut bytes = photo.to_vec();
        let at = place.index(bytes.len() - 4);
        bytes[at..at + 4].copy_from_slice(&change);
        if let Ok(done) = stripped(media_type, &bytes.into()) {
            let again = stripped(media_type, &done);
            prop_assert!(again.is_ok());
        }
    }

    #[test]
    fn any_bytes_never_panic(kind in 0..4_usize, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (media_type, photo) = any_photo(kind);
        let _alone = stripped(media_type, &bytes.clone().into());
        let head = photo.slice(..20);
        let _behind_a_head = stripped(media_type, &[&head[..], &bytes].concat().into());
    }
}
