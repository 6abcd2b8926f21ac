//! Tells the compiler which nginx this build is for, and the linker to keep the module mapped.

use std::env;

/// `ngx_table_elt_t.next`, the linked list of same-named headers, came with nginx 1.23.0.
const TABLE_ELT_NEXT: u64 = 1_023_000;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    nginx_features();
    nginx_version();
    sanitizer();
    // A reload without load_module dlcloses the module while libcrypto keeps its handlers.
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
}

/// `cfg(ngx_feature = "...")` for what nginx was configured with.
fn nginx_features() {
    let known = env::var("DEP_NGINX_FEATURES_CHECK").unwrap_or_else(|_| "any()".into());
    println!("cargo::rustc-check-cfg=cfg(ngx_feature, values({known}))");
    for feature in env::var("DEP_NGINX_FEATURES").unwrap_or_default().split_terminator(',') {
        println!("cargo::rustc-cfg=ngx_feature=\"{feature}\"");
    }
}

/// `cfg(ngx_table_elt_next)` where the header lists are linked.
fn nginx_version() {
    println!("cargo::rustc-check-cfg=cfg(ngx_table_elt_next)");
    let version = env::var("DEP_NGINX_VERSION_NUMBER").ok().and_then(|v| v.parse::<u64>().ok());
    let version =
        version.expect("nginx-sys tells the version number of the nginx it was built for");
    if version >= TABLE_ELT_NEXT {
        println!("cargo::rustc-cfg=ngx_table_elt_next");
    }
}

/// `cfg(address_sanitizer)` for what cannot be as ever under it; rustc's own name for that is not stable.
fn sanitizer() {
    println!("cargo::rustc-check-cfg=cfg(address_sanitizer)");
    if env::var("CARGO_CFG_SANITIZE").is_ok_and(|names| names.split(',').any(|n| n == "address")) {
        println!("cargo::rustc-cfg=address_sanitizer");
    }
}
