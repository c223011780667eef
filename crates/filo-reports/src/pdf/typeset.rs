//! Typst as a library: one template, a handful of files in memory, one font family.

use std::{collections::HashMap, sync::LazyLock};

use typst::{
    Library, LibraryExt, World,
    diag::{FileError, FileResult, SourceDiagnostic},
    foundations::{Bytes, Datetime, Duration, Smart},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

const TEMPLATE: &str = include_str!("../../templates/report.typ");
const MAIN: &str = "report.typ";
const FONTS: [&[u8]; 2] = [
    include_bytes!("../../fonts/TitilliumWeb-Regular.ttf"),
    include_bytes!("../../fonts/TitilliumWeb-Bold.ttf"),
];
/// How many later reports a remembered layout is kept for.
const REMEMBERED: usize = 2;

/// What is the same for every report.
struct Shop {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let fonts: Vec<Font> = FONTS.into_iter().flat_map(|font| Font::iter(Bytes::new(font))).collect();
    let book = LazyHash::new(FontBook::from_fonts(&fonts));
    Shop { library: LazyHash::new(Library::default()), book, fonts }
});

/// Why the typesetter refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum TypesetError {
    #[error("a name of the report's files: {0}")]
    Name(String),
    #[error("the template: {0}")]
    Template(String),
    #[error("the standards of the PDF: {0}")]
    Standards(String),
    #[error("the PDF does not keep to its standards: {0}")]
    Export(String),
}

/// Text that the font can show: a letter it lacks would stop the writing of an accessible PDF.
pub(super) fn showable(text: &str) -> String {
    let known = |letter: char| SHOP.fonts.iter().all(|font| font.info().coverage.contains(u32::from(letter)));
    let shown = |letter: char| match letter {
        '\n' => ' ',
        // The font has the sign of the sum, not the Greek letter.
        'Σ' => '∑',
        letter if known(letter) => letter,
        _ => '?',
    };
    text.chars().map(shown).collect()
}

/// Typesets the template with these files.
pub(super) fn pdf(files: Vec<(String, Vec<u8>)>, identity: String) -> Result<Vec<u8>, TypesetError> {
    let desk = Desk::with(files)?;
    let compiled = typst::compile::<PagedDocument>(&desk).output;
    let document = compiled.map_err(|errors| TypesetError::Template(said(&errors)))?;
    let standards = PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1])
        .map_err(|error| TypesetError::Standards(error.message().to_string()))?;
    let creator = Smart::Custom(Some("Filo".to_owned()));
    let options = PdfOptions { ident: Smart::Custom(identity), creator, standards, ..PdfOptions::default() };
    let written = typst_pdf::pdf(&document, &options).map_err(|errors| TypesetError::Export(said(&errors)));
    comemo::evict(REMEMBERED);
    written
}

fn said(errors: &[SourceDiagnostic]) -> String {
    errors.iter().map(|error| error.message.to_string()).collect::<Vec<_>>().join("; ")
}

/// What the typesetter sees.
struct Desk {
    main: Source,
    files: HashMap<FileId, Bytes>,
}

impl Desk {
    fn with(files: Vec<(String, Vec<u8>)>) -> Result<Self, TypesetError> {
        let named = |(name, bytes): (String, Vec<u8>)| Ok((file_id(&name)?, Bytes::new(bytes)));
        let files = files.into_iter().map(named).collect::<Result<_, TypesetError>>()?;
        Ok(Self { main: Source::new(file_id(MAIN)?, TEMPLATE.to_owned()), files })
    }
}

fn file_id(name: &str) -> Result<FileId, TypesetError> {
    let path = VirtualPath::new(name).map_err(|error| TypesetError::Name(format!("{name}: {error:?}")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &SHOP.library
    }
    fn book(&self) -> &LazyHash<FontBook> {
        &SHOP.book
    }
    fn main(&self) -> FileId {
        self.main.id()
    }
    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::AccessDenied) }
    }
    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }
    fn font(&self, index: usize) -> Option<Font> {
        SHOP.fonts.get(index).cloned()
    }
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
