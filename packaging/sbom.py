"""From cargo-cyclonedx's document (stdin) to ours (stdout): no folder of this machine, and the commit."""

import json
import sys


def main(folder: str, commit: str) -> None:
    document = json.load(sys.stdin)
    document.pop("serialNumber", None)  # random: the same commit has the same document
    if commit:
        document["metadata"].setdefault("properties", []).append({"name": "commit", "value": commit})
    text = json.dumps(document, indent=2, ensure_ascii=False)
    print(text.replace(f"path+file://{folder}", "path+file:///usr/src/ngx_http_auth_saml_module").replace(folder, "."))


main(*sys.argv[1:])
