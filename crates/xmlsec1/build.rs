//! Bindings to the functions of xmlsec1 and libxml2 that a bare verification needs.
use std::env;
use std::path::PathBuf;

const HEADERS: &str = "
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/valid.h>
#include <libxml/xmlerror.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/buffer.h>
#include <xmlsec/errors.h>
#include <xmlsec/keys.h>
#include <xmlsec/list.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/openssl/app.h>
#include <xmlsec/openssl/crypto.h>
#include <openssl/err.h>
";

const FUNCTIONS: &[&str] = &[
    "xmlInitParser",
    "xmlReadMemory",
    "xmlFreeDoc",
    "xmlDocGetRootElement",
    "xmlDocDumpMemory",
    "xmlHasProp",
    "xmlAddID",
    "xmlSetStructuredErrorFunc",
    "__xmlStructuredError",
    "__xmlStructuredErrorContext",
    "xmlSecCheckVersionExt",
    "xmlSecInit",
    "xmlSecOpenSSLInit",
    "xmlSecOpenSSLAppKeyLoadMemory",
    "xmlSecErrorsSetCallback",
    "xmlSecBufferGet(Data|Size)",
    "xmlSecDSigCtx(Create|Destroy|Sign|Verify|EnableReferenceTransform|EnableSignatureTransform)",
    "xmlSecDSigReferenceCtxGetPreDigestBuffer",
    "xmlSecKey(Destroy|Duplicate)",
    "xmlSecPtrListGet(Item|Size)",
    "xmlSecTransformIdsGet",
    "xmlSecTransformIdListFindByHref",
    "ERR_clear_error",
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let cflags = link();
    let bindings = bindgen::Builder::default()
        .header_contents("xmlsec1.h", HEADERS)
        .clang_args(cflags)
        .allowlist_function(FUNCTIONS.join("|"))
        .allowlist_type("xmlParserOption|xmlElementType|xmlSecDSigReferenceCtx")
        .allowlist_var("XMLSEC_(DSIG_FLAGS_.*|VERSION_(MAJOR|MINOR|SUBMINOR))")
        .allowlist_var("xmlSecTransform(UriTypeSameDocument|UsageDSigTransform|Usage.*)")
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .layout_tests(false)
        .generate_comments(false)
        .generate()
        .expect("bindgen reads the headers of xmlsec1 (libxmlsec1-dev)");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    bindings.write_to_file(out.join("xmlsec1.rs")).expect("OUT_DIR is writable");
}

/// Links the libraries, and returns the C flags to read their headers with.
fn link() -> Vec<String> {
    // pkg-config's own list also names libxslt and libssl, which nothing here calls.
    let xmlsec = pkg_config::Config::new()
        .cargo_metadata(false)
        .atleast_version("1.2.30")
        .probe("xmlsec1-openssl")
        .expect("pkg-config knows xmlsec1-openssl (libxmlsec1-dev)");
    for path in &xmlsec.link_paths {
        println!("cargo:rustc-link-search=native={}", path.display());
    }
    for library in ["xmlsec1-openssl", "xmlsec1", "xml2", "crypto"] {
        println!("cargo:rustc-link-lib=dylib={library}");
    }
    let includes = xmlsec.include_paths.iter().map(|path| format!("-I{}", path.display()));
    // Debian's defines decide sizes: XMLSEC_NO_SIZE_T makes xmlSecSize 32 bits.
    let defines = xmlsec.defines.iter().map(|(name, value)| match value {
        Some(value) => format!("-D{name}={value}"),
        None => format!("-D{name}"),
    });
    includes.chain(defines).collect()
}
