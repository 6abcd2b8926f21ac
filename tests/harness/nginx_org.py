"""A package `nginx` as nginx.org's are, with the same paths, options and Provides: theirs cannot be fetched by tests.

It is built of the sources that the nginx-src crate has, by the options of nginx.org's packaging (github.com/nginx/pkg-oss,
commit e6727633), and not by those by which `scripts/build vendored` builds the nginx that the module is made with.
"""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

from harness.nginx import ROOT

CACHE = ROOT / ".cache/nginx-org"

OPTIONS = """
--prefix=/etc/nginx --sbin-path=/usr/sbin/nginx --modules-path=/usr/lib/nginx/modules
--conf-path=/etc/nginx/nginx.conf --error-log-path=/var/log/nginx/error.log
--http-log-path=/var/log/nginx/access.log --pid-path=/run/nginx.pid --lock-path=/run/nginx.lock
--http-client-body-temp-path=/var/cache/nginx/client_temp --http-proxy-temp-path=/var/cache/nginx/proxy_temp
--http-fastcgi-temp-path=/var/cache/nginx/fastcgi_temp --http-uwsgi-temp-path=/var/cache/nginx/uwsgi_temp
--http-scgi-temp-path=/var/cache/nginx/scgi_temp --user=nginx --group=nginx --with-compat --with-file-aio
--with-threads --with-http_addition_module --with-http_auth_request_module --with-http_dav_module
--with-http_flv_module --with-http_gunzip_module --with-http_gzip_static_module --with-http_mp4_module
--with-http_random_index_module --with-http_realip_module --with-http_secure_link_module
--with-http_slice_module --with-http_ssl_module --with-http_stub_status_module --with-http_sub_module
--with-http_v2_module --with-http_v3_module --with-mail --with-mail_ssl_module --with-stream
--with-stream_realip_module --with-stream_ssl_module --with-stream_ssl_preread_module
""".split()
HARDENED = [
    "--with-cc-opt=-g -O2 -fstack-protector-strong -Wformat -Werror=format-security -Wp,-D_FORTIFY_SOURCE=2 -fPIC",
    "--with-ld-opt=-Wl,-z,relro -Wl,-z,now -Wl,--as-needed -pie",
]

CONTROL = """\
Package: nginx
Version: {version}-1~bookworm
Architecture: {architecture}
Maintainer: tests <tests@example.org>
Depends: libc6, libpcre2-8-0, libssl3, zlib1g, adduser
Provides: httpd, nginx, nginx-r{version}
Conflicts: nginx-common, nginx-core
Replaces: nginx-common, nginx-core
Description: nginx, as nginx.org packs it
"""
POSTINST = """\
#!/bin/sh
set -e
getent passwd nginx > /dev/null || adduser --system --group --home /nonexistent --no-create-home nginx
"""
INIT = """\
#!/bin/sh
# The words that tests use, and what they do in nginx.org's.
### BEGIN INIT INFO
# Provides:          nginx
# Required-Start:    $local_fs
# Required-Stop:     $local_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
### END INIT INFO
set -e
daemon="/usr/sbin/nginx -c /etc/nginx/nginx.conf"
pid=/run/nginx.pid
case "$1" in
  start)
    $daemon
    ;;
  stop)
    kill -TERM "$(cat $pid)"
    ;;
  upgrade)
    $daemon -t -q
    kill -USR2 "$(cat $pid)"
    for second in 1 2 3 4 5 6 7 8 9; do
        sleep 1
        [ ! -f $pid.oldbin ] || [ ! -f $pid ] || { kill -QUIT "$(cat $pid.oldbin)"; exit 0; }
    done
    exit 1
    ;;
esac
"""
MAIN = """
user  nginx;
worker_processes  auto;

error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;

events {
    worker_connections  1024;
}

http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;
    access_log  /var/log/nginx/access.log;
    include /etc/nginx/conf.d/*.conf;
}
"""
SITE = """\
server {
    listen       80;
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }
}
"""


def source() -> Path:
    """That of nginx, as cargo has fetched it for the module."""
    command = ["cargo", "metadata", "--format-version=1", "--features=vendored"]
    packages = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)["packages"]
    [manifest] = [package["manifest_path"] for package in packages if package["name"] == "nginx-src"]
    return Path(manifest).parent / "nginx"


def built() -> Path:
    """The binary; once for a version and these options, which takes a minute."""
    options = [*OPTIONS, *HARDENED]
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = "\n".join([str(source()), *options])
        if not (CACHE / "stamp").exists() or (CACHE / "stamp").read_text() != stamp:
            tree = CACHE / "tree"
            shutil.rmtree(tree, ignore_errors=True)
            shutil.copytree(source(), tree)
            configure = next(path for name in ("configure", "auto/configure") if (path := tree / name).exists())
            for command in ([configure, *options], ["make", f"-j{os.cpu_count()}"]):
                done = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
                assert done.returncode == 0, done.stdout[-3000:]
            (CACHE / "stamp").write_text(stamp)
    return CACHE / "tree/objs/nginx"


def version() -> str:
    said = subprocess.run([built(), "-v"], stderr=subprocess.PIPE, text=True, check=True).stderr
    return said.strip().rpartition("/")[2]


def package(folder: Path, named: str | None = None) -> Path:
    """The package; `named`: as of another version, with the same content."""
    named = named or version()
    tree = folder / f"nginx-{named}"
    files = {
        "DEBIAN/control": CONTROL.format(version=named, architecture=architecture()),
        "DEBIAN/postinst": POSTINST,
        "etc/init.d/nginx": INIT,
        "DEBIAN/conffiles": "".join(f"/etc/nginx/{name}\n" for name in ("nginx.conf", "mime.types", "conf.d/default.conf"))
        + "/etc/init.d/nginx\n",
        "etc/nginx/nginx.conf": MAIN,
        "etc/nginx/mime.types": (CACHE / "tree/conf/mime.types").read_text(),
        "etc/nginx/conf.d/default.conf": SITE,
        "usr/share/nginx/html/index.html": (CACHE / "tree/docs/html/index.html").read_text(),
    }
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(content)
    for name in ("DEBIAN/postinst", "etc/init.d/nginx"):
        (tree / name).chmod(0o755)
    for name in ("usr/sbin", "usr/lib/nginx/modules", "var/log/nginx", "var/cache/nginx"):
        (tree / name).mkdir(parents=True)
    (tree / "etc/nginx/modules").symlink_to("/usr/lib/nginx/modules")
    shutil.copy(built(), tree / "usr/sbin/nginx")
    made = folder / f"nginx_{named}-1~bookworm.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, made], check=True, stdout=subprocess.DEVNULL)
    return made


def architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
