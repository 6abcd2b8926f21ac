//! What `http` says for the whole of nginx.

use crate::directive::apply;
use crate::directives::directives;
use crate::line::Line;

directives! {
    /// What `http` itself said.
    pub struct RawHttp {}

    once core_dump: CoreDump = "saml_core_dump", |line| {
        line.choice(&[("private", CoreDump::Private), ("full", CoreDump::Full)])
    };
    /// All get all records.
    each audit_logs: RawAuditLog = "saml_audit_log" [1..=2], audit_log;
}

/// Where records of what happens go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAuditLog {
    /// A file's path, or a syslog server as nginx writes those.
    pub place: String,
    /// How users are named.
    pub name_id: NameIdForm,
}

/// How a record names a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameIdForm {
    /// By the NameID.
    Plain,
    /// By a hash of it with the store's secret.
    Hash,
    /// Not at all.
    Off,
}

fn audit_log(line: &Line<'_>) -> Result<RawAuditLog, String> {
    let place = line.text()?;
    let name_id = match line.args.get(1) {
        None | Some(&"name_id=plain") => NameIdForm::Plain,
        Some(&"name_id=hash") => NameIdForm::Hash,
        Some(&"name_id=off") => NameIdForm::Off,
        Some(other) => {
            return Err(format!(
                "invalid parameter \"{other}\" in \"{}\" directive, it must be name_id=plain, \
                 name_id=hash or name_id=off",
                line.name
            ));
        }
    };
    Ok(RawAuditLog { place, name_id })
}

/// What is in nginx's core dumps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CoreDump {
    /// No memory that holds keys, sessions or requests.
    #[default]
    Private,
    /// Whatever the system writes.
    Full,
}

impl RawHttp {
    /// Applies one directive.
    ///
    /// # Errors
    /// A sentence without its place.
    pub fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(Self::DIRECTIVES, self, line)
            .unwrap_or_else(|| Err(format!("\"{}\" is no directive of http", line.name)))
    }
}
