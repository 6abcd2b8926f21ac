//! The documents that a path names: a file, or those of a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::shelf::read;

/// Documents of one folder.
const MOST: usize = 10_000;

/// The file, or the files of the folder that are called `*.xml`, in the order of their names; hidden ones
/// are being written. All together are no longer than `longest` bytes. It may block.
///
/// # Errors
/// One of them cannot be read, they are too long or too many, or there is none.
pub fn documents(path: &Path, longest: u64) -> io::Result<Vec<Vec<u8>>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![read(path, longest)?]);
    }
    let mut left = longest;
    let mut found = Vec::new();
    for path in files(path)? {
        let octets = read(&path, left).map_err(|error| naming(&path, &error))?;
        left -= octets.len() as u64;
        found.push(octets);
    }
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "it holds no file *.xml"));
    }
    Ok(found)
}

/// Those of a folder.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_hidden =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && path.extension().is_some_and(|extension| extension == "xml") {
            files.push(path);
        }
        if files.len() > MOST {
            let why = format!("it holds more than {MOST} files *.xml");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
    }
    files.sort();
    Ok(files)
}

/// The error of one of them: in a folder it must be said which.
pub(crate) fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("\"{}\": {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_documents_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let of = |longest| documents(folder.path(), longest);
        assert!(of(100).unwrap_err().to_string().contains("no file *.xml"));
        for (name, text) in
            [("b.xml", "two"), ("a.xml", "one"), (".c.xml", "half"), ("notes.txt", "no")]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(of(6).unwrap(), [b"one".to_vec(), b"two".to_vec()]);
        let said = of(5).unwrap_err().to_string();
        assert!(said.contains("b.xml") && said.contains("longer"), "{said}");
        assert_eq!(documents(&folder.path().join("b.xml"), 3).unwrap(), [b"two".to_vec()]);
        fs::create_dir(folder.path().join("d.xml")).unwrap();
        assert!(of(100).unwrap_err().to_string().contains("d.xml"));
    }
}
