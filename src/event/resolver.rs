//! Names of hosts, asked for while nginx runs: by the servers of its directive `resolver`.

use std::ptr::NonNull;

use clock::Msec;
use nginx_sys::{
    NGX_OK, ngx_addr_t, ngx_conf_t, ngx_create_pool, ngx_destroy_pool, ngx_msec_t,
    ngx_parse_addr_port, ngx_pool_t, ngx_resolver_t, ngx_str_t,
};
use ngx::async_::resolver;
use ngx::core::Pool;
use ngx::http::{HttpModuleLocationConf, NgxHttpCoreModule};
use ngx::log::ngx_cycle_log;

use super::address::{Address, ip};

/// Bytes.
const POOL_SIZE: usize = 1024;

/// The resolver of `http`.
#[derive(Clone, Copy)]
pub struct Resolver(NonNull<ngx_resolver_t>);

impl Resolver {
    /// That of the configuration which is being read, when `http` has said `resolver`.
    pub fn of(cf: &ngx_conf_t) -> Option<Self> {
        let core = NgxHttpCoreModule::location_conf(cf)?;
        let resolver = NonNull::new(core.resolver)?;
        // SAFETY: nginx has made it, and keeps it as long as the configuration. Without servers
        // ("off") it answers nothing.
        let has_servers = unsafe { resolver.as_ref() }.connections.nelts > 0;
        has_servers.then_some(Self(resolver))
    }

    /// The addresses of `host`, of which there is one at least.
    ///
    /// # Errors
    /// There is none, or no answer.
    pub(super) async fn addresses(
        self,
        host: &str,
        port: u16,
        within: Msec,
    ) -> Result<Vec<Address>, String> {
        let timeout = ngx_msec_t::try_from(within.0).unwrap_or(ngx_msec_t::MAX);
        let resolver = resolver::Resolver::from_resolver(self.0, timeout);
        let room = Room::new().ok_or("there is no memory to look its name up")?;
        let pool = room.pool();
        // SAFETY: the pool lives until all that was found has been copied.
        let name = unsafe { ngx_str_t::from_bytes(room.0.as_ptr(), host.as_bytes()) };
        let name = name.ok_or("there is no memory to look its name up")?;
        let found = resolver.resolve_name(&name, &pool).await;
        let found = found.map_err(|error| format!("its name cannot be looked up: {error}"))?;
        // SAFETY: the resolver has filled them, with addresses that lie in the pool.
        let addresses: Vec<_> =
            found.iter().filter_map(|one| unsafe { Address::found(host, port, one) }).collect();
        if addresses.is_empty() { Err("its name has no address".to_owned()) } else { Ok(addresses) }
    }
}

/// The address of a host that is an IP address itself; `None` = it is a name.
pub(super) fn number(host: &str, port: u16) -> Option<Address> {
    ip(host.trim_matches(['[', ']']))?;
    let room = Room::new()?;
    // SAFETY: nginx only reads the text, and what it fills lies in the pool until it has been copied;
    // zeroes are an address that is not filled.
    unsafe {
        let mut found: ngx_addr_t = std::mem::zeroed();
        let text = ngx_str_t::from_bytes(room.0.as_ptr(), host.as_bytes())?;
        let outcome = ngx_parse_addr_port(room.0.as_ptr(), &mut found, text.data, text.len);
        if outcome != NGX_OK as isize {
            return None;
        }
        Address::found(host, port, &found)
    }
}

/// Memory for one look-up.
struct Room(NonNull<ngx_pool_t>);

impl Room {
    fn new() -> Option<Self> {
        // SAFETY: workers have a log; the pool is ours.
        NonNull::new(unsafe { ngx_create_pool(POOL_SIZE, ngx_cycle_log().as_ptr()) }).map(Self)
    }

    fn pool(&self) -> Pool {
        // SAFETY: it lives as long as this.
        unsafe { Pool::from_ngx_pool(self.0.as_ptr()) }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: it is ours alone; whatever lay in it is gone.
        unsafe { ngx_destroy_pool(self.0.as_ptr()) };
    }
}
