//! Whether a file or a folder of documents has changed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::documents::{files, naming};

/// What changes with a file: it is another one, or was written to. Of a folder, what changes with the
/// documents in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// Of a folder: what its documents are called, and their stamps.
    documents: u64,
}

impl Stamp {
    /// That of the file at present; of a link, that of the file it leads to. It may block.
    ///
    /// # Errors
    /// There is no file, or none that may be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        let file = fs::metadata(path)?;
        let mut documents = DefaultHasher::new();
        if file.is_dir() {
            for path in files(path)? {
                let file = fs::metadata(&path).map_err(|error| naming(&path, &error))?;
                (&path, Self::of_file(&file, 0)).hash(&mut documents);
            }
        }
        Ok(Self::of_file(&file, documents.finish()))
    }

    fn of_file(file: &fs::Metadata, documents: u64) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
            documents,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_change_a_file_changes_its_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("idp.xml"), folder.path().join("other"));
        assert!(Stamp::of(&path).is_err());
        fs::write(&path, "one").unwrap();
        let first = Stamp::of(&path).unwrap();
        assert_eq!(Stamp::of(&path).unwrap(), first);
        fs::write(&path, "three").unwrap();
        let second = Stamp::of(&path).unwrap();
        assert_ne!(second, first);
        fs::write(&other, "three").unwrap();
        fs::rename(&other, &path).unwrap();
        let third = Stamp::of(&path).unwrap();
        assert_ne!(third, second, "another file of the same length");
        fs::rename(&path, &other).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert_ne!(Stamp::of(&path).unwrap(), first, "what the link leads to");
    }

    #[test]
    fn a_folder_changes_with_its_documents() {
        let folder = tempfile::tempdir().unwrap();
        let of = || Stamp::of(folder.path()).unwrap();
        let empty = of();
        fs::write(folder.path().join("a.xml"), "one").unwrap();
        let one = of();
        assert_ne!(one, empty);
        assert_eq!(of(), one);
        fs::write(folder.path().join("a.xml"), "two").unwrap();
        let two = of();
        assert_ne!(two, one, "written to in its place");
        fs::write(folder.path().join("b.xml"), "two").unwrap();
        let three = of();
        assert_ne!(three, two);
        fs::remove_file(folder.path().join("a.xml")).unwrap();
        assert_ne!(of(), three);
        std::os::unix::fs::symlink("nowhere", folder.path().join("c.xml")).unwrap();
        let said = Stamp::of(folder.path()).unwrap_err().to_string();
        assert!(said.contains("c.xml"), "{said}");
    }
}
