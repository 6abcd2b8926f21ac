#!/bin/bash -eu
# Builds all fuzz targets for OSS-Fuzz (or ClusterFuzzLite) into $OUT, each with its seeds and its dictionary.
# $SRC has this repository; scripts/fuzz says what there is.
cd "$SRC/ngx_http_auth_saml_module"

# The machine that runs them has no libraries but what lies beside them.
export RUSTFLAGS="${RUSTFLAGS:-} -C link-arg=-Wl,-rpath,\$ORIGIN/lib"
cargo fuzz build --fuzz-dir fuzz --target-dir fuzz/target -O --debug-assertions
built=$(echo fuzz/target/*-linux-*/release)
mkdir -p "$OUT/lib"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

scripts/fuzz --list > "$work/targets"
while read -r target dictionary folders; do
    cp "$built/$target" "$OUT/"
    # What is found by name alone is ours to bring; the loader and libc are the machine's.
    ldd "$OUT/$target" 2> /dev/null | awk '$3 ~ /lib(crypto|ssl|xml2|icu|lzma|z)/ {print $3}' \
        | xargs -r cp -n --dereference --target-directory "$OUT/lib" || true
    cp "$dictionary" "$OUT/$target.dict"
    mkdir "$work/$target"
    # Files of two folders may have the same name.
    read -ra seeds <<< "$folders"
    find "${seeds[@]}" -type f | while read -r file; do
        cp "$file" "$work/$target/$(echo "$file" | tr / -)"
    done
    (cd "$work/$target" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
done < "$work/targets"
# Libraries find one another in the same place.
find "$OUT/lib" -name '*.so*' -exec patchelf --set-rpath "\$ORIGIN" {} +
