//! What gateways ask, in each of their dialects.

use crate::point::{ALICE, Answer, Place, Point};

/// Circuits can be cancelled, all but one, and from the office only; VPCs can be seen.
pub(crate) const STATEMENTS: &str = r#"{ "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" }, "StringEquals": { "acs:RequestTag/circuit": ["pc-1", "pc-2"] } } },
    { "Effect": "Deny", "Action": "*", "Resource": "acs:vpc:*:*:physicalconnection/pc-2" },
    { "Effect": "Allow", "Action": "vpc:DescribeVpcs", "Resource": "*", "Condition": { "Bool": { "acs:SecureTransport": "true" } } }"#;

pub(crate) const ROUTES: &str = r#"
[[forward_auth.routes]]
methods = ["DELETE"]
path = "/circuits/{id}"
action = "vpc:CancelPhysicalConnection"
resource = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/{id}"
context = { "acs:RequestTag/circuit" = "{id}" }

[[forward_auth.routes]]
methods = ["GET", "HEAD"]
path = "/vpcs"
action = "vpc:DescribeVpcs"
resource = "*"
"#;

fn point(dialect: &str, more: &str) -> Point {
    let place = Place::with_snapshot(STATEMENTS);
    place.write("tokens", format!("# who\n\nalice-0123456789abcdef {ALICE}\nbob-0123456789abcdef acs:ram::1234567890123456:user/bob\n"));
    let settings = format!(
        "[forward_auth]\ndialect = \"{dialect}\"\nsource_ip = \"x-real-ip\"\n{more}\n{ROUTES}"
    );
    place.write("serve.toml", settings);
    place.serve(&["--config", "serve.toml"])
}

fn ask_at(point: &Point, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask_as(point, "GET", path, headers)
}

fn ask_as(point: &Point, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let text = point.raw((head + "\r\n").as_bytes());
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head[9..12].parse().unwrap();
    let mut headers = ureq::http::HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap();
        let name: ureq::http::HeaderName = name.parse().unwrap();
        headers.append(name, value.parse().unwrap());
    }
    Answer {
        status,
        headers,
        text: body.to_owned(),
    }
}

const BASE: [(&str, &str); 2] = [("x-user", ALICE), ("x-real-ip", "203.0.113.7")];
pub(crate) const BY_HEADER: &str = "principal_header = \"X-User\"";

#[test]
pub(crate) fn nginx() {
    let point = point("nginx", BY_HEADER);
    let ask = |method: &str, uri: &str, more: &[(&str, &str)]| {
        let original = [("x-original-method", method), ("x-original-uri", uri)];
        ask_at(
            &point,
            "/v1/forward-auth",
            &[&BASE, &original[..], more].concat(),
        )
        .status
    };
    assert_eq!(ask("DELETE", "/circuits/pc-1", &[]), 200);
    assert_eq!(ask("DELETE", "/circuits/pc%2D1?force=1", &[]), 200);
    assert_eq!(ask("GET", "/vpcs", &[("x-forwarded-proto", "https")]), 200);
    for (method, uri, more) in [
        ("DELETE", "/circuits/pc-2", &[][..]),
        ("DELETE", "/circuits/pc-3", &[]),
        ("DELETE", "/circuits", &[]),
        ("GET", "/circuits/pc-1", &[]),
        ("delete", "/circuits/pc-1", &[]),
        ("GET", "/vpcs", &[]),
        ("GET", "/vpcs", &[("x-forwarded-proto", "http")]),
        (
            "GET",
            "/vpcs",
            &[
                ("x-forwarded-proto", "https"),
                ("x-forwarded-proto", "https"),
            ],
        ),
        ("GET", "/vpcs", &[("x-forwarded-proto", "https, https")]),
        ("GET", "/nowhere", &[]),
        ("DELETE", "/circuits/../circuits/pc-1", &[]),
        ("DELETE", "//circuits/pc-1", &[]),
        ("DELETE", "/circuits/pc-1;x", &[]),
        ("DELETE", "/circuits/pc-1%2f..%2fpc-2", &[]),
        ("DELETE", "/circuits/*", &[]),
        ("DELETE", "http://x/circuits/pc-1", &[]),
        // What another dialect would say is not looked at, what this one says twice is refused.
        (
            "GET",
            "/nowhere",
            &[
                ("x-forwarded-method", "DELETE"),
                ("x-forwarded-uri", "/circuits/pc-1"),
            ],
        ),
        (
            "DELETE",
            "/circuits/pc-1",
            &[("x-original-uri", "/circuits/pc-1")],
        ),
        ("DELETE", "/circuits/pc-1", &[("x-original-method", "GET")]),
        ("DELETE", "/circuits/pc-1", &[("x-user", ALICE)]),
        ("DELETE", "/circuits/pc-1", &[("x-real-ip", "203.0.113.8")]),
    ] {
        assert_eq!(ask(method, uri, more), 403, "{method} {uri} {more:?}");
    }
    assert_eq!(ask_at(&point, "/v1/forward-auth", &BASE).status, 403);
    let forwarded = [
        ("x-forwarded-method", "DELETE"),
        ("x-forwarded-uri", "/circuits/pc-1"),
    ];
    assert_eq!(
        ask_at(
            &point,
            "/v1/forward-auth",
            &[&BASE, &forwarded[..]].concat()
        )
        .status,
        403
    );
    // Any method will do for the question itself.
    let original = [
        ("x-original-method", "DELETE"),
        ("x-original-uri", "/circuits/pc-1"),
    ];
    assert_eq!(
        ask_as(
            &point,
            "POST",
            "/v1/forward-auth",
            &[&BASE, &original[..]].concat()
        )
        .status,
        200
    );
}

#[test]
fn traefik_and_caddy() {
    for dialect in ["traefik", "caddy"] {
        let point = point(dialect, BY_HEADER);
        let ask = |method: &str, uri: &str| {
            let forwarded = [
                ("x-forwarded-method", method),
                ("x-forwarded-uri", uri),
                ("x-forwarded-proto", "https"),
                ("x-original-method", "DELETE"),
                ("x-original-uri", "/circuits/pc-1"),
            ];
            ask_at(
                &point,
                "/v1/forward-auth",
                &[&BASE, &forwarded[..]].concat(),
            )
            .status
        };
        assert_eq!(ask("DELETE", "/circuits/pc-1"), 200);
        assert_eq!(ask("HEAD", "/vpcs?x"), 200);
        assert_eq!(ask("DELETE", "/circuits/pc-2"), 403);
        assert_eq!(ask("GET", "/nowhere"), 403);
    }
}

#[test]
fn envoy_over_http() {
    let point = point("envoy-http", BY_HEADER);
    let ask = |method: &str, path: &str| {
        let others = [
            ("x-original-uri", "/circuits/pc-1"),
            ("x-forwarded-method", "DELETE"),
        ];
        ask_as(
            &point,
            method,
            &format!("/v1/forward-auth{path}"),
            &[&BASE, &others[..]].concat(),
        )
        .status
    };
    assert_eq!(ask("DELETE", "/circuits/pc-1?x=/y"), 200);
    for (method, path) in [
        ("DELETE", "/circuits/pc-2"),
        ("GET", "/circuits/pc-1"),
        ("DELETE", ""),
        ("DELETE", "/"),
        ("DELETE", "/?x"),
        ("DELETE", "?/circuits/pc-1"),
        ("DELETE", "/circuits/./pc-1"),
        ("DELETE", "//circuits/pc-1"),
    ] {
        assert_eq!(ask(method, path), 403, "{method} {path}");
    }
}

#[test]
pub(crate) fn who_asks() {
    let point = point(
        "nginx",
        &format!("{BY_HEADER}\nprincipal_tokens = \"tokens\""),
    );
    let ask = |more: &[(&str, &str)]| {
        let original = [
            ("x-original-method", "DELETE"),
            ("x-original-uri", "/circuits/pc-1"),
            ("x-real-ip", "203.0.113.7"),
        ];
        ask_at(&point, "/v1/forward-auth", &[&original[..], more].concat())
    };
    let alice = ("authorization", "Bearer alice-0123456789abcdef");
    let bob = ("authorization", "Bearer bob-0123456789abcdef");
    for (headers, status) in [
        (&[alice][..], 200),
        (&[("x-user", ALICE)], 200),
        (&[alice, ("x-user", ALICE)], 200),
        (&[bob], 403),
        (&[bob, ("x-user", ALICE)], 403),
        (&[alice, bob], 403),
        (&[("authorization", "Basic YTpi")], 403),
        (&[("authorization", "Bearer nobody-0123456789")], 401),
        (
            &[
                ("authorization", "Bearer nobody-0123456789"),
                ("x-user", ALICE),
            ],
            401,
        ),
        (&[], 401),
        (&[("x-user", "alice")], 403),
        (&[("x-user", "acs:ram::1234567890123456:user/mallory")], 403),
    ] {
        let answer = ask(headers);
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
    let allowed = ask(&[alice]);
    assert_eq!(allowed.header("x-ramgate-principal"), Some(ALICE));
    assert!(
        allowed
            .header("x-ramgate-revision")
            .unwrap()
            .starts_with("sha256:")
    );
}

#[test]
fn the_reason_is_shown_only_where_it_may_be() {
    let original = [
        ("x-original-method", "DELETE"),
        ("x-original-uri", "/circuits/pc-2"),
    ];
    let hidden = ask_at(
        &point("nginx", BY_HEADER),
        "/v1/forward-auth",
        &[&BASE, &original[..]].concat(),
    );
    assert_eq!(
        (hidden.status, &*hidden.text),
        (403, "{\"error\":\"not permitted\"}")
    );
    assert_eq!(hidden.header("x-ramgate-reason"), None);
    let more = format!("{BY_HEADER}\nshow_reason = true");
    let shown = ask_at(
        &point("nginx", &more),
        "/v1/forward-auth",
        &[&BASE, &original[..]].concat(),
    );
    let reason = "denied by statement 1 of policy net-ops (identity)";
    assert_eq!(shown.json()["reason"], reason);
    assert_eq!(shown.header("x-ramgate-reason"), Some(reason));
}

#[test]
pub(crate) fn the_address_must_be_known_where_it_is_looked_for() {
    let point = point("nginx", BY_HEADER);
    let ask = |address: &[(&str, &str)]| {
        let original = [
            ("x-user", ALICE),
            ("x-original-method", "DELETE"),
            ("x-original-uri", "/circuits/pc-1"),
        ];
        ask_at(
            &point,
            "/v1/forward-auth",
            &[&original[..], address].concat(),
        )
        .status
    };
    assert_eq!(ask(&[("x-real-ip", "203.0.113.9")]), 200);
    assert_eq!(ask(&[("x-real-ip", "::ffff:203.0.113.9")]), 200);
    for address in [
        &[][..],
        &[("x-real-ip", "198.51.100.1")],
        &[("x-real-ip", "unknown")],
        &[("x-real-ip", "203.0.113.9, 10.0.0.1")],
        &[("x-forwarded-for", "203.0.113.9")],
    ] {
        assert_eq!(ask(address), 403, "{address:?}");
    }
}

#[test]
pub(crate) fn nothing_but_200_401_and_403() {
    let place = Place::with_snapshot(STATEMENTS);
    place.write("serve.toml", format!("max_concurrent = 1\ntoken_file = \"callers\"\n[forward_auth]\ndialect = \"nginx\"\nsource_ip = \"none\"\n{BY_HEADER}\n{ROUTES}"));
    place.write("callers", "gateway-0123456789abcdef\n");
    let point = place.serve(&["--config", "serve.toml"]);
    let token = ("x-ramgate-token", "gateway-0123456789abcdef");
    let vpcs = [
        ("x-user", ALICE),
        ("x-original-method", "GET"),
        ("x-original-uri", "/vpcs"),
        ("x-forwarded-proto", "https"),
    ];
    let ask = |more: &[(&str, &str)]| {
        ask_at(&point, "/v1/forward-auth", &[&vpcs[..], more].concat()).status
    };
    assert_eq!(ask(&[token]), 200);
    // The client's own Authorization is not the gateway's.
    assert_eq!(
        ask(&[("authorization", "Bearer gateway-0123456789abcdef")]),
        403
    );
    assert_eq!(ask(&[]), 403);
    // While the only place is taken.
    let mut waiting = point.connect();
    let head = b"POST /v1/check HTTP/1.1\r\nhost: x\r\nx-ramgate-token: gateway-0123456789abcdef\r\ncontent-length: 2\r\n\r\n{";
    std::io::Write::write_all(&mut waiting, head).unwrap();
    crate::point::until("in flight", || {
        point.metric("ramgate_requests_in_flight") == 1.0
    });
    assert_eq!(ask(&[token]), 403);
}

#[test]
pub(crate) fn tables_that_are_not_clear() {
    let place = Place::with_snapshot(STATEMENTS);
    place.write("short", "short acs:ram::1:user/x\n");
    place.write(
        "twice",
        "0123456789abcdef acs:ram::1:user/x\n\n0123456789abcdef acs:ram::1:user/y\n",
    );
    place.write("nobody", "0123456789abcdef x\n");
    let head = "[forward_auth]\ndialect = \"nginx\"\nsource_ip = \"none\"\n";
    let with = |more: &str| format!("{head}{BY_HEADER}\n{more}");
    let route = |line: &str| {
        let key = line.split(' ').next().unwrap();
        let mut lines = vec![
            "methods = [\"GET\"]",
            "path = \"/a/{id}\"",
            "action = \"vpc:X\"",
            "resource = \"acs:vpc:*:1:vpc/{id}\"",
        ];
        lines.retain(|other| !other.starts_with(&format!("{key} ")));
        with(&format!(
            "[[forward_auth.routes]]\n{}\n{line}\n",
            lines.join("\n")
        ))
    };
    for (settings, expected) in [
        (
            format!("{head}{ROUTES}"),
            "forward_auth: nothing says who asks; give principal_header or principal_tokens",
        ),
        (with("routes = []"), "forward_auth: routes: there are none"),
        (
            with("").replace("source_ip = \"none\"\n", "") + ROUTES,
            "missing field `source_ip`",
        ),
        (
            with("").replace("nginx", "apache") + ROUTES,
            "dialect: \"apache\" is not known",
        ),
        (
            with("showreason = true") + ROUTES,
            "unknown key `showreason`",
        ),
        (
            with("").replace("X-User", "x user") + ROUTES,
            "principal_header: \"x user\" is no name of a header",
        ),
        (
            with("principal_tokens = \"short\"") + ROUTES,
            "short:1: a token shorter than 16 bytes can be guessed",
        ),
        (
            with("principal_tokens = \"twice\"") + ROUTES,
            "twice:3: a token that stands twice",
        ),
        (
            with("principal_tokens = \"nobody\"") + ROUTES,
            "nobody:1: principal \"x\" has no known form",
        ),
        (
            with("principal_tokens = \"none\"") + ROUTES,
            "none: cannot be read",
        ),
        (
            route("methods = [\"get\"]"),
            "routes[0]: methods: \"get\" is no method",
        ),
        (
            route("path = \"a\""),
            "routes[0]: path: does not begin with /",
        ),
        (
            route("path = \"/a/x{id}\""),
            "routes[0]: path: \"x{id}\" is neither plain nor one {name}",
        ),
        (
            route("action = \"X\""),
            "routes[0]: action \"X\" is no <code>:<name>",
        ),
        (
            route("resource = \"{id}\""),
            "routes[0]: resource \"x\" has too few fields",
        ),
        (
            route("resource = \"acs:vpc:*:1:vpc/{di}\""),
            "routes[0]: resource: {di} is not in the path",
        ),
    ] {
        place.write("serve.toml", &settings);
        let (status, said) = place.refused(&[
            "--account",
            "snapshot.json",
            "--listen",
            "127.0.0.1:0",
            "--config",
            "serve.toml",
        ]);
        assert_eq!(status, 2, "{settings}");
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    // Without a table there is no such endpoint.
    let point = place.serve(&[]);
    assert_eq!(point.get("/v1/forward-auth").status, 404);
}
