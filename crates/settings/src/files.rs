//! Files that the configuration names: relative to nginx's configuration directory, read once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::place::{ConfigError, Given};
use crate::warnings::Warnings;

/// Larger than any aggregate of metadata in the wild.
const MAX_FILE: u64 = 256 << 20;

/// Of a folder of texts: bytes of one, and how many.
const MAX_TEXT: u64 = 256 << 10;
const MAX_TEXTS: usize = 100;

/// Reads files relative to nginx's configuration directory.
pub struct Files {
    /// The directory.
    pub conf_prefix: PathBuf,
}

impl Files {
    /// The whole file that `given` names.
    ///
    /// # Errors
    /// Missing, unreadable, a directory, empty, or larger than 256 MiB.
    pub(crate) fn read(
        &self,
        directive: &str,
        given: &Given<String>,
    ) -> Result<Vec<u8>, ConfigError> {
        let path = self.path(&given.value);
        let refuse = |why: &str| {
            ConfigError::new(
                &given.place,
                format!("\"{directive}\" cannot read \"{}\": {why}", path.display()),
            )
        };
        let size = fs::metadata(&path).map_err(|e| refuse(&io_advice(&e)))?;
        if !size.is_file() {
            return Err(refuse("it is not a file; name a file"));
        }
        if size.len() > MAX_FILE {
            return Err(refuse("it is larger than 256 MiB"));
        }
        let bytes = fs::read(&path).map_err(|e| refuse(&io_advice(&e)))?;
        if bytes.is_empty() {
            return Err(refuse("it is empty"));
        }
        Ok(bytes)
    }

    /// The texts of all files in the folder that `given` names whose names end in `.` and `extension`, by name.
    ///
    /// # Errors
    /// It cannot be read, or one of them; one is no UTF-8 or larger than 256 KiB; there is none, or more than 100.
    pub(crate) fn read_folder(
        &self,
        directive: &str,
        given: &Given<String>,
        extension: &str,
    ) -> Result<Vec<(String, String)>, ConfigError> {
        let folder = self.path(&given.value);
        let refuse = |path: &Path, why: &str| {
            let path = path.display();
            ConfigError::new(&given.place, format!("\"{directive}\" cannot read \"{path}\": {why}"))
        };
        let entries = fs::read_dir(&folder).map_err(|e| refuse(&folder, &io_advice(&e)))?;
        let mut texts = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| refuse(&folder, &io_advice(&e)))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            let Some(name) = name.filter(|_| path.extension().is_some_and(|e| e == extension))
            else {
                continue;
            };
            let size = fs::metadata(&path).map_err(|e| refuse(&path, &io_advice(&e)))?.len();
            if size > MAX_TEXT || texts.len() == MAX_TEXTS {
                return Err(refuse(&path, "files here may be 256 KiB large, and there may be 100"));
            }
            let bytes = fs::read(&path).map_err(|e| refuse(&path, &io_advice(&e)))?;
            let text = String::from_utf8(bytes).map_err(|_| refuse(&path, "it is not in UTF-8"))?;
            texts.push((name, text));
        }
        if texts.is_empty() {
            return Err(refuse(&folder, &format!("no file there ends in .{extension}")));
        }
        texts.sort();
        Ok(texts)
    }

    /// As [`Files::read`], for a file that only nginx should be able to read; its content is wiped.
    pub(crate) fn read_secret(
        &self,
        directive: &str,
        given: &Given<String>,
        warnings: &mut Warnings,
    ) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
        self.warn_of_readers(directive, given, warnings);
        self.read(directive, given).map(Zeroizing::new)
    }

    /// Warns when every user of this host may read the file that `given` names.
    pub(crate) fn warn_of_readers(
        &self,
        directive: &str,
        given: &Given<String>,
        warnings: &mut Warnings,
    ) {
        let path = self.path(&given.value);
        if fs::metadata(&path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0) {
            warnings.add(
                &given.place,
                format!(
                    "\"{directive}\" \"{0}\" can be read by every user of this host; \
                     \"chmod o= {0}\" (the workers need not read it)",
                    path.display()
                ),
            );
        }
    }

    /// The path of a file that nginx or a library reads by itself.
    pub(crate) fn full_path(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        let name = Path::new(name);
        if name.is_absolute() { name.to_owned() } else { self.conf_prefix.join(name) }
    }
}

fn io_advice(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            "no such file; create it or fix the path (relative to nginx.conf's directory)".into()
        }
        std::io::ErrorKind::PermissionDenied => {
            "permission denied; the user that starts nginx must be able to read it".into()
        }
        _ => error.to_string(),
    }
}
