//! Whether a file has changed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What changes with a file: it is another one, or was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// That of the file at present; of a link, that of the file it leads to. It may block.
    ///
    /// # Errors
    /// There is no file, or none that may be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        let file = fs::metadata(path)?;
        Ok(Self {
            device: file.dev(),
            inode: file.ino(),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
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
}
