use super::*;

fn shape(part: &Part) -> String {
    match &part.content {
        Content::Leaf(bytes) => format!("{}:{}", part.media_type, String::from_utf8_lossy(bytes)),
        Content::Multi(parts) => format!("[{}]", parts.iter().map(shape).collect::<Vec<_>>().join("|")),
    }
}

#[track_caller]
fn check(message: &str, expected: &str) {
    for text in [message.to_owned(), message.replace('\n', "\r\n")] {
        assert_eq!(shape(&parse(text.as_bytes())).replace("\r\n", "\n"), expected, "{text}");
    }
}

#[test]
fn a_missing_inner_end_loses_nothing_of_the_outer() {
    check(
        "Content-Type: multipart/mixed; boundary=\"a\"\n\n--a\nContent-Type: multipart/alternative; boundary=aa\n\n\
         --aa\n\nhello\n--a\nContent-Type: application/pdf\n\nPDF\n--a--\nepilogue",
        "[[text/plain:hello]|application/pdf:PDF]",
    );
}

#[test]
fn one_boundary_may_be_the_beginning_of_another() {
    check(
        "Content-Type: multipart/mixed; boundary=x\n\npreamble\n--x\nContent-Type: multipart/mixed; boundary=xy\n\n\
         --xy\n\none\n--xy--\n--x\n\ntwo\n--x--\n",
        "[[text/plain:one]|text/plain:two]",
    );
}

#[test]
fn odd_boundaries_missing_ends_and_missing_names_are_survived() {
    check(
        "Content-Type: multipart/mixed; boundary=\"=_a:b?(1)'\"\n\n--=_a:b?(1)'\n\none\n",
        "[text/plain:one\n]",
    );
    check(
        "Content-Type: multipart/mixed\n\n--guess\nContent-Type: text/plain\n\none\n--guess--\n",
        "[text/plain:one]",
    );
    check("Content-Type: multipart/mixed; boundary=no\n\nno parts", "multipart/mixed:no parts");
    check(
        "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: x\n\ny\n--d--",
        "[message/rfc822:Subject: x\n\ny]",
    );
}

#[test]
fn the_first_content_type_counts_and_nonsense_is_text() {
    check("Content-Type: text/html\nContent-Type: text/plain\n\nx", "text/html:x");
    check("Content-Type: ,;/\n\nx", "text/plain:x");
    check("Content-Type: text\n\nx", "text/plain:x");
}

#[test]
fn file_names_are_read_in_every_spelling() {
    let name = |header: &[u8]| {
        let mut message = b"Content-Disposition: attachment; ".to_vec();
        message.extend_from_slice(header);
        message.extend_from_slice(b"\r\n\r\nx");
        parse(&message).name
    };
    assert_eq!(name(b"filename=\"a b.pdf\"").as_deref(), Some("a b.pdf"));
    assert_eq!(name("filename=ciële.txt".as_bytes()).as_deref(), Some("ciële.txt"));
    assert_eq!(name(b"filename=\"caff\xe8.txt\"").as_deref(), Some("caffè.txt"));
    assert_eq!(
        name(b"filename*0*=utf-8''caff%C3%A8; filename*1=\" due.pdf\"").as_deref(),
        Some("caffè due.pdf")
    );
    assert_eq!(name(b"filename*=iso-8859-1''caff%E8.pdf").as_deref(), Some("caffè.pdf"));
    assert_eq!(name(b"filename=\"=?utf-8?Q?caff=C3=A8.pdf?=\"").as_deref(), Some("caffè.pdf"));
    assert_eq!(name(b"filename=\"../../etc/passwd\"").as_deref(), Some("passwd"));
    assert_eq!(name(b"filename=\"C:\\\\Documenti\\\\multa.pdf\"").as_deref(), Some("multa.pdf"));
    assert_eq!(name(b"filename=\"\""), None);
}

#[test]
fn a_thousand_nested_parts_do_not_overflow() {
    let mut message = String::new();
    for depth in 0..1000 {
        message.push_str(&format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n"));
    }
    parse(message.as_bytes());
}
