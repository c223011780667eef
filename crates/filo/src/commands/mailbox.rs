//! Where mail lies on disk: a message, an mbox, a Maildir, a folder.

use std::path::{Path, PathBuf};

/// Every file that a path stands for: itself, or the regular, non-hidden files of a folder; of a Maildir those of
/// `new` and `cur`.
///
/// # Errors
/// A path that cannot be read.
pub(super) fn files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let is_maildir = path.join("cur").is_dir() && path.join("new").is_dir();
    if is_maildir {
        let mut files = regular(&path.join("new"))?;
        files.extend(regular(&path.join("cur"))?);
        return Ok(files);
    }
    regular(path)
}

fn regular(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// The messages of a file: those of an mbox, or the file itself.
pub(super) fn messages(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    if filo_channel_email::looks_like_mbox(&bytes) {
        filo_channel_email::split_mbox(&bytes)
    } else {
        vec![bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_visible_files_and_a_maildir_its_new_and_seen_ones() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.eml", "a.eml", ".hidden"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let names = |files: Vec<PathBuf>| {
            files
                .iter()
                .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(files(folder.path()).unwrap()), ["a.eml", "b.eml"]);
        for part in ["cur", "new", "tmp"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
            std::fs::write(folder.path().join(part).join(part), "x").unwrap();
        }
        assert_eq!(names(files(folder.path()).unwrap()), ["new", "cur"]);
    }
}
