//! Programs written by others, as judges of what this crate writes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use openssl::x509::X509;

/// Self-contained SAML schemas, from Debian's simplesamlphp.
const SCHEMAS: &str = "/usr/share/simplesamlphp/schemas";

/// Validates against one of the SAML schemas with xmllint.
pub(crate) fn assert_valid(xml: &str, schema: &str) {
    let schema = Path::new(SCHEMAS).join(schema);
    if !schema.exists() {
        return skip(&format!("{} is missing", schema.display()));
    }
    let file = TempFile::new(xml.as_bytes());
    let mut xmllint = Command::new("xmllint");
    xmllint.args(["--nonet", "--noout", "--schema"]).arg(&schema).arg(&file.0);
    assert_success(xmllint, xml);
}

/// Verifies the enveloped signature of the root `{namespace}name` with xmlsec1.
pub(crate) fn assert_signed_by(xml: &str, root: &str, certificate: &X509) {
    let file = TempFile::new(xml.as_bytes());
    let pem = TempFile::new(&certificate.to_pem().unwrap());
    let mut xmlsec1 = Command::new("xmlsec1");
    xmlsec1.args(["--verify", "--id-attr:ID", root, "--pubkey-cert-pem"]).arg(&pem.0).arg(&file.0);
    assert_success(xmlsec1, xml);
}

fn assert_success(mut command: Command, xml: &str) {
    let Ok(output) = command.output() else {
        return skip(&format!("{} is missing", command.get_program().display()));
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{complaint}\n{xml}");
}

/// Past the test harness, which hides what a passing test prints.
fn skip(why: &str) {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(std::io::stderr(), "SKIPPED part of {test}: {why}");
}

struct TempFile(PathBuf);

impl TempFile {
    fn new(content: &[u8]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("saml-test-{}-{count}.xml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
