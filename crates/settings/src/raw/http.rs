//! What `http` says for the whole of nginx.

use super::audit::{RawAuditFormat, RawAuditLog, audit_format, audit_log};
use crate::directive::apply;
use crate::directives::directives;
use crate::line::Line;
use crate::place::{ConfigError, Given};
use crate::warnings::Warnings;

directives! {
    /// What `http` itself said.
    pub struct RawHttp {}

    once core_dump: CoreDump = "saml_core_dump", |line| {
        line.choice(&[("private", CoreDump::Private), ("full", CoreDump::Full)])
    };
    /// The pool of threads in which private keys are used; `None` = the event loop's own.
    once crypto_threads: Option<String> = "saml_crypto_threads", |line| {
        let name = line.text()?;
        Ok((name != "off").then_some(name))
    };
    /// All get all records.
    each audit_logs: RawAuditLog = "saml_audit_log" [1..=5], audit_log;
    each audit_formats: RawAuditFormat = "saml_audit_format" [2..], audit_format;
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

    /// The format of a log; `None` = JSON.
    ///
    /// # Errors
    /// There is none of that name, or two.
    pub fn audit_format_of(
        &self,
        log: &Given<RawAuditLog>,
    ) -> Result<Option<&RawAuditFormat>, ConfigError> {
        let Some(name) = &log.value.format else { return Ok(None) };
        let found = self.audit_formats.iter().find(|given| given.value.name == *name);
        let found = found.ok_or_else(|| {
            let why = "is defined by no \"saml_audit_format\"";
            ConfigError::new(
                &log.place,
                format!("the format \"{name}\" of \"saml_audit_log\" {why}"),
            )
        })?;
        Ok(Some(&found.value))
    }

    /// Do logs and formats fit together?
    ///
    /// # Errors
    /// They do not.
    pub fn check_audit(&self, warnings: &mut Warnings) -> Result<(), ConfigError> {
        for (number, given) in self.audit_formats.iter().enumerate() {
            let name = &given.value.name;
            let mut before = self.audit_formats.iter().take(number);
            if let Some(twin) = before.find(|twin| twin.value.name == *name) {
                let why = format!("is defined already in {}; rename one", twin.place);
                let message = format!("\"saml_audit_format\" \"{name}\" {why}");
                return Err(ConfigError::new(&given.place, message));
            }
            if given.value.format.is_raw() {
                let why = "a NameID that has a line break looks like two records, or like another \
                           one; say escape=default or escape=json";
                let message = format!("\"saml_audit_format\" \"{name}\" has escape=none: {why}");
                warnings.add(&given.place, message);
            }
        }
        self.audit_logs.iter().try_for_each(|log| self.audit_format_of(log).map(drop))
    }
}
