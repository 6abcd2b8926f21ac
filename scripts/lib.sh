# What scripts/demo and scripts/test share: Debian packages and the Python environment.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.cache/venv

# nginx first: it is the web server that SimpleSAMLphp asks for, so that no other gets installed.
BUILD_PACKAGES="nginx nginx-dev build-essential pkg-config libclang-dev libssl-dev libpcre2-dev
    zlib1g-dev"
IDP_PACKAGES="simplesamlphp php-cli php-cgi php-xml php-mbstring"
# For Keycloak, which Maven fetches.
JAVA_PACKAGES="openjdk-17-jre-headless maven"
PYTHON_PACKAGES="python3 python3-venv"
# What crates/libxml2 and crates/xmlsec1 are built with: Rust tests, benches and fuzz targets compare
# with them, the second object beside the module is linked with them, the module does without.
RUST_TEST_PACKAGES="libxml2-dev libxmlsec1-dev libxmlsec1-openssl"
# Applications that stand behind nginx in tests/test_app_*.py, and a proxy in front of it.
APP_PACKAGES="caddy php8.2-fpm uwsgi-core uwsgi-plugin-python3 fcgiwrap git"
# By which tests/test_package_*.py look at packages and install them.
PACKAGE_PACKAGES="debhelper dpkg-dev lintian mmdebstrap rpm cpio"
TEST_PACKAGES="$RUST_TEST_PACKAGES $JAVA_PACKAGES $APP_PACKAGES $PACKAGE_PACKAGES memcached xmlsec1 libxml2-utils opensaml-schemas
    valgrind llvm php-sqlite3 chromium chromium-driver wrk curl gdb faketime libapache2-mod-auth-openidc"

say() { printf '== %s\n' "$*" >&2; }

# install_packages NAME...: those that are missing, without starting any service.
install_packages() {
    local package missing=() failed=0
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed \
            || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        say "missing packages; as root: apt-get install --no-install-recommends ${missing[*]}"
        return 1
    fi
    say "installing ${missing[*]}"
    forbid_services
    # Said by ourselves: who asks for more by `||` has no set -e.
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2 || failed=$?
    allow_services
    return "$failed"
}

# Packages must not start their servers here (policy-rc.d(8), status 101).
forbid_services() {
    [ -e /usr/sbin/policy-rc.d ] && return
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap allow_services EXIT
    services_forbidden=1
}

allow_services() {
    [ -z "${services_forbidden:-}" ] && return
    rm -f /usr/sbin/policy-rc.d
    services_forbidden=
}

# python_environment DIRECTORY REQUIREMENTS: a Python environment, made anew when that file changes.
python_environment() {
    local made=$1 wanted=$2
    cmp -s "$wanted" "$made/requirements.txt" && return
    say "making $made"
    rm -rf "$made"
    /usr/bin/python3 -m venv "$made"
    "$made/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" >&2 || return
    cp "$wanted" "$made/requirements.txt"
}

# That of the tests.
test_environment() {
    python_environment "$VENV" "$ROOT/tests/requirements.txt"
}

# That of spid-sp-test, whose packages are older ones than ours. tests/test_spid_sp_test.py says so when it
# is not there.
spid_environment() {
    python_environment "$ROOT/.cache/spid-sp-test" "$ROOT/tests/requirements-spid.txt" \
        || say "NOT TO BE HAD: spid-sp-test"
}

# built MODE: builds, and sets $module and $nginx to what scripts/build says; a build that fails ends the script.
built() {
    local said
    said=$(scripts/build "$1" | tail -n 1) || exit
    read -r module nginx <<< "$said"
}

# The commit that the files here are of: 40 digits, "-changed" behind them when they are not quite. Nothing
# where git does not know; $AUTH_SAML_COMMIT says it there, as in an unpacked archive.
commit_of_tree() {
    local commit changed
    if [ -n "${AUTH_SAML_COMMIT+said}" ]; then
        printf '%s\n' "$AUTH_SAML_COMMIT"
        return
    fi
    commit=$(git -C "$ROOT" rev-parse --verify --quiet HEAD 2>/dev/null) || return 0
    changed=$(git -C "$ROOT" status --porcelain 2>/dev/null)
    printf '%s%s\n' "$commit" "${changed:+-changed}"
}

# llvm_tool NAME: where that tool is of the LLVM that rustc was built with, whose coverage no other can read:
# rustup's (the component llvm-tools), or Debian's.
llvm_tool() {
    local version own
    version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    own=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/$1
    if [ -x "$own" ]; then
        echo "$own"
    else
        command -v "$1-$version" || { install_packages "llvm-$version" && command -v "$1-$version"; }
    fi
}
