//! Whole configurations as text, and what they come to without nginx.

mod attributes;
mod description;
mod files;
mod host;
mod http;
mod levels;
mod metadata;
mod mistakes;
mod origins;
mod pages;
mod requests;
mod signatures;
mod signed_identity;
mod statement;
mod values;
mod warnings;
