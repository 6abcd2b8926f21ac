//! xmllint with the schemas of OASIS and W3C, which Debian's simplesamlphp has all of.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

const PROTOCOL: &str = "/usr/share/simplesamlphp/schemas/saml-schema-protocol-2.0.xsd";
/// Files for one process.
const BATCH: usize = 500;

pub struct Schema(());

impl Schema {
    /// `None`, and a word about it, when this machine has no judge.
    pub fn find() -> Option<Self> {
        let xmllint = Command::new("xmllint").arg("--version").output().is_ok();
        if xmllint && Path::new(PROTOCOL).exists() {
            return Some(Self(()));
        }
        // Past the test harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no xmllint or no {PROTOCOL}");
        None
    }

    /// Those of the documents that are not valid.
    pub fn invalid(&self, documents: &[String]) -> Vec<String> {
        let batches = documents.chunks(BATCH).map(|batch| self.invalid_of_batch(batch));
        batches.flatten().collect()
    }

    fn invalid_of_batch(&self, documents: &[String]) -> Vec<String> {
        let folder = Folder::new();
        let paths: Vec<PathBuf> = documents.iter().map(|xml| folder.write(xml)).collect();
        let said = lint(&paths);
        let verdicts: HashSet<&str> = said.lines().collect();
        let is_valid = |path: &Path| {
            let valid = verdicts.contains(format!("{} validates", path.display()).as_str());
            let invalid =
                verdicts.contains(format!("{} fails to validate", path.display()).as_str());
            assert_ne!(valid, invalid, "no verdict on {}: {said}", path.display());
            valid
        };
        let judged = paths.iter().zip(documents);
        judged.filter(|(path, _)| !is_valid(path)).map(|(_, xml)| xml.clone()).collect()
    }

    /// What xmllint says of one document.
    pub fn complaint(&self, xml: &str) -> String {
        let folder = Folder::new();
        lint(&[folder.write(xml)])
    }
}

fn lint(paths: &[PathBuf]) -> String {
    let mut xmllint = Command::new("xmllint");
    let output =
        xmllint.args(["--nonet", "--noout", "--schema", PROTOCOL]).args(paths).output().unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder in the place for temporary files, gone when dropped.
struct Folder {
    path: PathBuf,
    files: AtomicU32,
}

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("saml-differential-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self { path, files: AtomicU32::new(0) }
    }

    fn write(&self, xml: &str) -> PathBuf {
        let path = self.path.join(format!("{}.xml", self.files.fetch_add(1, Ordering::Relaxed)));
        std::fs::write(&path, xml).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
