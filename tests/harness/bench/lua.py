"""What is built without a module: Debian's Lua module looks a value up, and does not read it."""

from pathlib import Path

from harness.bench.hosts import Bench
from harness.memcached import Memcached
from harness.nginx import Nginx

CONF = """
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
worker_processes 1;
worker_cpu_affinity 01;
events { worker_connections 4096; }
http {
    sendfile on;
    keepalive_requests 1000000000;
    access_log off;
    lua_package_path "@UNPACKED@/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?.lua;;";
    lua_shared_dict sessions 16m;
    init_by_lua_block { @INIT@ }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        location /protected/ {
            access_by_lua_block { @ACCESS@ }
        }
    }
}
"""

FILL_DICT = """
        for _, key in ipairs { %s } do
            ngx.shared.sessions:set(key, string.rep("v", %d), 36000)
        end
"""
GET_FROM_DICT = """
                local value = ngx.shared.sessions:get(ngx.var.cookie_saml_session)
                if not value then return ngx.exit(401) end
"""

#: lua-resty-memcached, which Debian calls nginx.memcached: one get by a kept connection.
GET_FROM_MEMCACHED = """
                local memcached = require "nginx.memcached"
                local client = memcached:new()
                client:set_timeout(500)
                if not client:connect(%s) then return ngx.exit(503) end
                local value = client:get(ngx.var.cookie_saml_session)
                if not value then return ngx.exit(401) end
                client:set_keepalive(10000, 64)
"""


def dict_host(bench: Bench, lua: Path, keys: list[str], size: int) -> Nginx:
    """In lua_shared_dict, `size` bytes under each key, which is a cookie's value."""
    fill = FILL_DICT % (", ".join(f'"{key}"' for key in keys), size)
    return bench.made(CONF, UNPACKED=str(lua), INIT=fill, ACCESS=GET_FROM_DICT).start()


def memcached_host(bench: Bench, lua: Path, node: Memcached) -> Nginx:
    where = f'"unix:{node.path}"' if node.path else f'"127.0.0.1", {node.port}'
    get = GET_FROM_MEMCACHED % where
    return bench.made(CONF, UNPACKED=str(lua), INIT="", ACCESS=get).start()
