//! Bindings to the functions of libxml2 that a second opinion needs, and nothing else.
use std::env;
use std::path::PathBuf;

const HEADERS: &str = "
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <libxml/uri.h>
#include <libxml/xmlIO.h>
";

const FUNCTIONS: &[&str] = &[
    "xmlInitParser",
    "xmlNewParserCtxt",
    "xmlFreeParserCtxt",
    "xmlCtxtReadMemory",
    "xmlCtxtGetLastError",
    "xmlFreeDoc",
    "xmlDocGetRootElement",
    "xmlSetStructuredErrorFunc",
    "__xmlStructuredError",
    "__xmlStructuredErrorContext",
    "xmlC14NExecute",
    "xmlOutputBufferCreateIO",
    "xmlOutputBufferClose",
    "xmlParseURI",
    "xmlFreeURI",
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let libxml2 = pkg_config::Config::new()
        .atleast_version("2.9.10")
        .probe("libxml-2.0")
        .expect("pkg-config knows libxml-2.0 (libxml2-dev)");
    let includes = libxml2.include_paths.iter().map(|path| format!("-I{}", path.display()));
    let bindings = bindgen::Builder::default()
        .header_contents("libxml2.h", HEADERS)
        .clang_args(includes)
        .allowlist_function(FUNCTIONS.join("|"))
        .allowlist_type("xmlParserOption|xmlParserErrors|xmlElementType|xmlC14NMode")
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .layout_tests(false)
        .generate_comments(false)
        .generate()
        .expect("bindgen reads the headers of libxml2 (libxml2-dev)");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    bindings.write_to_file(out.join("libxml2.rs")).expect("OUT_DIR is writable");
}
