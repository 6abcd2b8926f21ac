//! The status as one JSON object, for scripts.

use clock::UnixTime;
use serde_json::{Value, json};

use crate::{
    Event, Health, IdpStatus, LookUps, MetadataStatus, NodeStatus, SpStatus, Status, StoreStatus,
};

/// The object as text.
pub fn json(status: &Status) -> String {
    format!("{}\n", value(status))
}

/// The object. Instants are seconds since 1970, spans are seconds.
pub fn value(status: &Status) -> Value {
    json!({
        "version": status.version,
        "built_for": status.built_for,
        "time": status.now.as_secs(),
        "problems": Health::of(status).problems,
        "sps": all(&status.sps, |sp| of_sp(sp, status.now)),
        "session_stores": all(&status.stores, of_store),
        "metadata": all(&status.metadata, of_metadata),
        "events": all(&status.events, of_event),
        "uncounted_events": status.uncounted,
        "second_verifier_disagreements": status.disagreements,
        "look_ups": of_look_ups(&status.look_ups),
    })
}

fn all<T>(items: &[T], one: impl Fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(one).collect()
}

fn of_sp(sp: &SpStatus, now: UnixTime) -> Value {
    let certificates = all(&sp.certificates, |certificate| {
        json!({
            "sha256": certificate.sha256,
            "not_after": certificate.not_after.as_secs(),
            "seconds_left": (certificate.not_after - now).0,
        })
    });
    json!({
        "name": sp.name,
        "entity_id": sp.entity_id,
        "idps": all(&sp.idps, of_idp),
        "certificates": certificates,
    })
}

fn of_idp(idp: &IdpStatus) -> Value {
    json!({
        "name": idp.name,
        "entity_id": idp.entity_id,
        "members": idp.members,
        "state": idp.state.name(),
        "valid_until": idp.valid_until.map(UnixTime::as_secs),
    })
}

fn of_store(store: &StoreStatus) -> Value {
    json!({
        "name": store.name,
        "sessions": store.sessions,
        "claims": store.claims,
        "tombstones": store.tombstones,
        "bytes": store.bytes,
        "used_bytes": store.used_bytes,
        "pinned_bytes": store.pinned_bytes,
        "evictions": store.evictions,
        "nodes": all(&store.nodes, |NodeStatus { name, is_up }| json!({ "name": name, "up": is_up })),
    })
}

fn of_metadata(metadata: &MetadataStatus) -> Value {
    json!({
        "idp": metadata.idp,
        "source": metadata.source,
        "age": metadata.age.map(|age| age.0),
        "next": metadata.next.map(|next| next.0),
        "failures": metadata.failures,
        "error": metadata.error,
    })
}

fn of_event(event: &Event) -> Value {
    json!({
        "event": event.what.name(),
        "sp": event.sp,
        "idp": event.idp,
        "reason": event.reason,
        "count": event.count,
    })
}

fn of_look_ups(look_ups: &LookUps) -> Value {
    let ended = look_ups.ended.iter().map(|(name, count)| (name.clone(), json!(count)));
    let waited = all(&look_ups.waited, |(bound, count)| json!({ "us": bound, "count": count }));
    json!({
        "ended": ended.collect::<serde_json::Map<_, _>>(),
        "waited": waited,
        "waited_longer": look_ups.waited_longer,
        "waited_sum_us": look_ups.waited_sum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_inside_its_string() {
        let hostile = "\"}],\u{2028}</script>\n";
        let sp = SpStatus { entity_id: hostile.to_owned(), ..SpStatus::default() };
        let text = json(&Status { sps: vec![sp], ..Status::default() });
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["sps"][0]["entity_id"], hostile);
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!(read["session_stores"], json!([]));
    }
}
