//! The status as metrics that Prometheus reads (OpenMetrics 1.0). Their names are public and stay.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::{Happening, Health, IdpState, Status};

/// Names and values.
type Labels<'a> = Vec<(&'static str, &'a str)>;

/// The text.
///
/// # Errors
/// None that a String could have.
pub fn open_metrics(status: Status) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Arc::new(Scrape(status))));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Scrape(Status);

impl Collector for Scrape {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let status = &self.0;
        build(&mut to, status)?;
        events(&mut to, status)?;
        look_ups(&mut to, status)?;
        stores(&mut to, status)?;
        idps(&mut to, status)?;
        metadata(&mut to, status)?;
        certificates(&mut to, status)
    }
}

fn build(to: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let labels: Labels<'_> = vec![("version", &status.version), ("built_for", &status.built_for)];
    gauges(to, "saml_build", "Version of the module", [(labels, 1_i64)])?;
    let is_good = i64::from(Health::of(status).is_good());
    gauges(to, "saml_healthy", "Whether people can log in here", [(Vec::new(), is_good)])?;
    counters(
        to,
        "saml_uncounted_events",
        "Events for which the shared counters had no room",
        [(Vec::new(), status.uncounted)],
    )?;
    counters(
        to,
        "saml_second_verifier_disagreements",
        "Signatures that the second verifier did not accept",
        [(Vec::new(), status.disagreements)],
    )
}

fn events(to: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let of = |what: Happening| status.events.iter().filter(move |event| event.what == what);
    let logins = of(Happening::Login);
    counters(
        to,
        "saml_logins",
        "Sessions that began",
        logins.map(|event| (vec![("sp", &*event.sp), ("idp", &event.idp)], event.count)),
    )?;
    let by_user = of(Happening::LogoutByUser).map(|event| ("user", event));
    let by_idp = of(Happening::LogoutByIdp).map(|event| ("idp", event));
    let by_operator = of(Happening::LogoutByOperator).map(|event| ("operator", event));
    let logouts = by_user.chain(by_idp).chain(by_operator);
    counters(
        to,
        "saml_logouts",
        "Logouts, by who began them",
        logouts.map(|(by, event)| {
            (vec![("sp", &*event.sp), ("idp", &event.idp), ("by", by)], event.count)
        }),
    )?;
    counters(
        to,
        "saml_session_ends",
        "Sessions that were over without a logout, by why",
        of(Happening::SessionEnd).map(|event| {
            let labels = vec![("sp", &*event.sp), ("idp", &event.idp), ("why", &event.reason)];
            (labels, event.count)
        }),
    )?;
    counters(
        to,
        "saml_refusals",
        "Requests that were refused, by the code of the reason",
        of(Happening::Refusal).map(|event| {
            let labels = vec![("sp", &*event.sp), ("idp", &event.idp), ("reason", &event.reason)];
            (labels, event.count)
        }),
    )
}

fn look_ups(to: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let look_ups = &status.look_ups;
    counters(
        to,
        "saml_session_look_ups",
        "Look-ups of sessions, by where they ended",
        look_ups.ended.iter().map(|(ended, count)| (vec![("ended", &**ended)], *count)),
    )?;
    let mut buckets: Vec<(f64, u64)> =
        look_ups.waited.iter().map(|(bound, count)| (seconds(*bound), *count)).collect();
    buckets.push((f64::MAX, look_ups.waited_longer));
    let count = buckets.iter().map(|(_, count)| count).sum();
    let mut metric = to.encode_descriptor(
        "saml_memcached_wait_seconds",
        "How long look-ups waited for memcached",
        None,
        MetricType::Histogram,
    )?;
    let sum = seconds(look_ups.waited_sum);
    metric.encode_histogram::<Vec<(&str, &str)>>(sum, count, &buckets, None)
}

#[expect(clippy::as_conversions, reason = "no other way leads to a float; the error is a rounding")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

fn stores(to: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let gauge = |to: &mut DescriptorEncoder<'_>, name, help, of: fn(&crate::StoreStatus) -> u64| {
        let values = status.stores.iter().map(|store| (vec![("store", &*store.name)], of(store)));
        gauges(to, name, help, values.map(|(labels, value)| (labels, whole(value))))
    };
    gauge(to, "saml_sessions", "Sessions in the zone of this host", |s| s.sessions)?;
    gauge(to, "saml_claims", "Assertions and requests that were used", |s| s.claims)?;
    gauge(to, "saml_tombstones", "Logouts that stop late assertions", |s| s.tombstones)?;
    gauge(to, "saml_zone_bytes", "Size of the zone", |s| s.bytes)?;
    gauge(to, "saml_zone_used_bytes", "Bytes of the zone in use", |s| s.used_bytes)?;
    gauge(to, "saml_zone_pinned_bytes", "Bytes that are never evicted", |s| s.pinned_bytes)?;
    counters(
        to,
        "saml_zone_evictions",
        "Entries that were given up before their time",
        status.stores.iter().map(|store| (vec![("store", &*store.name)], store.evictions)),
    )?;
    let nodes = status.stores.iter().flat_map(|store| {
        store.nodes.iter().map(|node| {
            (vec![("store", &*store.name), ("node", &node.name)], i64::from(node.is_up))
        })
    });
    gauges(to, "saml_memcached_up", "Whether a node answers the worker that was asked", nodes)
}

fn idps(to: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let states = status.sps.iter().flat_map(|sp| {
        sp.idps.iter().flat_map(|idp| {
            IdpState::ALL.into_iter().map(|state| {
                let labels: Labels<'_> =
                    vec![("sp", &sp.name), ("idp", &idp.name), ("state", state.name())];
                (labels, i64::from(state == idp.state))
            })
        })
    });
    gauges(to, "saml_idp_state", "1 for the state of an IdP, 0 for the others", states)
}

fn metadata(to: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let ages = status
        .metadata
        .iter()
        .filter_map(|metadata| Some((vec![("idp", &*metadata.idp)], metadata.age?.0)));
    gauges(to, "saml_metadata_age_seconds", "Since metadata was last seen at its source", ages)?;
    let failures = status.metadata.iter();
    let failures =
        failures.map(|metadata| (vec![("idp", &*metadata.idp)], whole(metadata.failures)));
    gauges(to, "saml_metadata_failures", "Fetches of metadata that failed in a row", failures)
}

fn certificates(to: &mut DescriptorEncoder<'_>, status: &Status) -> fmt::Result {
    let ends = status.sps.iter().flat_map(|sp| {
        sp.certificates.iter().map(|certificate| {
            let labels: Labels<'_> = vec![("sp", &sp.name), ("sha256", &certificate.sha256)];
            (labels, certificate.not_after.as_secs())
        })
    });
    gauges(to, "saml_certificate_not_after_seconds", "When a certificate of an SP ends", ends)
}

fn whole(value: u64) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

fn gauges<'a, N: EncodeGaugeValue + Copy + fmt::Debug>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels<'a>, N)>,
) -> fmt::Result {
    let mut metric = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in values {
        ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

fn counters<'a>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels<'a>, u64)>,
) -> fmt::Result {
    let mut metric = to.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        ConstCounter::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}
