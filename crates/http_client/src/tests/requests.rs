//! What a server hears.

use super::*;

fn heard(url: &str, request: &Request<'_>) -> String {
    let server = Server::says([&b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..]]);
    let mut exchange = Exchange::new(server.clone(), &target(url), request).unwrap();
    run(&mut exchange).unwrap().unwrap();
    let heard = server.heard.borrow();
    String::from_utf8(heard.clone()).unwrap()
}

#[test]
fn a_post_has_its_length() {
    let headers = [("Content-Type", "text/xml"), ("SOAPAction", "\"x\"")];
    let request = Request { headers: &headers, ..POST };
    assert_eq!(
        heard("https://A.example:8443/slo?a=b", &request),
        "POST /slo?a=b HTTP/1.1\r\nHost: a.example:8443\r\nConnection: close\r\n\
         Accept-Encoding: identity\r\nContent-Type: text/xml\r\nSoapaction: \"x\"\r\n\
         Content-Length: 2\r\n\r\nhi"
    );
}

#[test]
fn a_get_has_no_body() {
    let headers = [("If-None-Match", "W/\"1\"")];
    let request = Request { method: Method::Get, headers: &headers, gzip: true, max_answer: MAX };
    assert_eq!(
        heard("https://a.example:443", &request),
        "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\
         If-None-Match: W/\"1\"\r\n\r\n"
    );
}

#[test]
fn a_target_is_path_and_query() {
    for (url, target) in [
        ("http://a.example?b", "/?b"),
        ("http://a.example/b#c", "/b"),
        ("http://a.example#c", "/"),
        ("http://a.example//b//?c?d", "//b//?c?d"),
        ("http://a.example/%2f/<|>{^}`\"?'|", "/%2f/%3C%7C%3E%7B%5E%7D%60%22?'%7C"),
    ] {
        let line = format!("POST {target} HTTP/1.1\r\n");
        assert!(heard(url, &POST).starts_with(&line), "{url}");
    }
    assert!(heard("http://[2001:DB8::1]:81/", &POST).contains("\r\nHost: [2001:db8::1]:81\r\n"));
    let long = format!("http://a.example/{}", "x".repeat(1 << 16));
    assert!(Target::new(&HttpUrl::parse(&long).unwrap()).is_err());
}

#[test]
fn a_large_body_is_sent_whole() {
    let body = "x".repeat(1 << 20);
    let heard = heard("http://a.example/", &Request { method: Method::Post(&body), ..POST });
    assert!(heard.ends_with(&body) && heard.contains("\r\nContent-Length: 1048576\r\n"));
}

#[test]
fn a_field_ends_where_it_says() {
    for field in [("X", "a\r\nB: c"), ("X\r\nB", "c"), ("", "a"), ("X", "\0")] {
        let request = Request { headers: &[field], ..POST };
        let exchange = Exchange::new(Server::default(), &target("http://a.example/"), &request);
        assert!(matches!(exchange, Err(ExchangeError::Request(_))), "{field:?}");
    }
}
