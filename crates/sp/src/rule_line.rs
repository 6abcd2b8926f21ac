//! A line that gives a rule on who may enter.

/// What a line says beside its demand.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleLine {
    /// The line and its place, for the log.
    pub text: String,
    /// What people read who do not keep it (`label=`).
    pub label: Option<String>,
    /// What they are answered with: 403, or 401 (RFC 9110 15.5).
    pub status: u16,
}
