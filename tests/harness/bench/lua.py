"""What is built without a module: Debian's Lua module looks the session up."""

from harness.bench.hosts import Bench
from harness.memcached import Memcached
from harness.nginx import Nginx

#: lua-resty-memcached, which Debian calls nginx.memcached: one get by a kept connection.
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
    lua_package_path "@LUA_PATH@/?.lua;/usr/share/lua/5.1/?.lua;;";
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        location /protected/ {
            access_by_lua_block {
                local memcached = require "nginx.memcached"
                local client = memcached:new()
                client:set_timeout(500)
                if not client:connect(@NODE@) then return ngx.exit(503) end
                local value = client:get(ngx.var.cookie_saml_session)
                if not value then return ngx.exit(401) end
                client:set_keepalive(10000, 64)
            }
        }
    }
}
"""


def lua_host(bench: Bench, node: Memcached) -> Nginx:
    where = f'"unix:{node.path}"' if node.path else f'"127.0.0.1", {node.port}'
    return bench.made(CONF, NODE=where, LUA_PATH=bench.lua_path).start()
