//! Accepting Responses: every rule with what passes, what it refuses, and the code it refuses with.

mod answer;
mod artifact;
mod attributes;
mod authn;
mod conditions;
mod encryption;
mod envelope;
mod habits;
mod key;
mod message;
mod redirect;
mod scope;
mod seal;
mod signature;
mod simple_sign;
mod structure;
mod subject;
mod wrapping;
