//! A panic ends the simulation.

use std::any::Any;

/// Somebody has caught one.
pub fn log_panic(panic: &(dyn Any + Send)) {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    eprintln!("the store panicked: {}", words.unwrap_or("without a word"));
    std::process::abort();
}
