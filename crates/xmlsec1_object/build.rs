//! Keeps the object mapped: xmlsec1 and libxml2 have pointers to functions in it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
}
