//! What gateways ask about calls of Alibaba Cloud's own interfaces.

use serde_json::Value;

use crate::forward_auth::ask_at;
use crate::point::{ALICE, Answer, Place, Point};

/// Circuits can be cancelled, all but one; they are confirmed from the office only, and not before this century.
const STATEMENTS: &str = r#"{ "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": "*" },
    { "Effect": "Deny", "Action": "*", "Resource": "acs:vpc:*:*:physicalconnection/pc-2" },
    { "Effect": "Allow", "Action": "vpc:ConfirmPhysicalConnection", "Resource": "*", "Condition": {
        "IpAddress": { "acs:SourceIp": "203.0.113.0/24" }, "Bool": { "acs:SecureTransport": "true" },
        "DateGreaterThan": { "acs:CurrentTime": "2001-01-01T00:00:00Z" } } },
    { "Effect": "Deny", "Action": "vpc:TerminatePhysicalConnection", "Resource": "*",
      "Condition": { "StringEquals": { "acs:ResourceTag/env": "prod" } } },
    { "Effect": "Allow", "Action": "vpc:TerminatePhysicalConnection", "Resource": "*" }"#;

const API: &str = "[forward_auth.api]\nproduct = \"vpc\"\nversion = \"2016-04-28\"\nbody = \"dropped\"\npass_on = [\"DescribeRegions\"]";
const KEYS: &str = "LTAI-alice acs:ram::1234567890123456:user/alice\nLTAI-bob  acs:ram::1234567890123456:user/bob\nLTAI-gone acs:ram::1234567890123456:user/gone\n";
const SIGNED: &str = "ACS3-HMAC-SHA256 Credential=LTAI-alice,SignedHeaders=host,Signature=00";

fn point(more: &str) -> Point {
    let place = Place::with_snapshot(STATEMENTS);
    place.write("keys", KEYS);
    place.write("serve.toml", format!("decision_log = \"log\"\n[forward_auth]\ndialect = \"nginx\"\nsource_ip = \"x-real-ip\"\naccess_keys = \"keys\"\n{more}\n{API}"));
    place.serve(&["--config", "serve.toml"])
}

const CANCEL: &str = "/?Action=CancelPhysicalConnection&Version=2016-04-28&RegionId=cn-shanghai&PhysicalConnectionId=pc-1";

fn ask(point: &Point, method: &str, target: &str, more: &[(&str, &str)]) -> Answer {
    let gateway = [
        ("x-original-method", method),
        ("x-original-uri", target),
        ("x-real-ip", "203.0.113.7"),
    ];
    ask_at(point, "/v1/forward-auth", &[&gateway[..], more].concat())
}

fn denial(answer: &Answer) -> Value {
    assert_eq!(answer.status, 403, "{answer:?}");
    let error = answer.json();
    assert_eq!(error["Code"], "NoPermission");
    assert_eq!(error["RequestId"].as_str().unwrap().len(), 36);
    let line: Value = serde_json::from_str(answer.header("x-ramgate-denial").unwrap()).unwrap();
    assert_eq!(line["RequestId"], error["RequestId"]);
    error
}

#[test]
pub(crate) fn a_call_is_understood_and_its_caller_is_whose_key_signs_it() {
    let point = point("show_reason = true");
    let alice = [("authorization", SIGNED)];
    let by_headers = [
        ("authorization", SIGNED),
        ("x-acs-action", "CancelPhysicalConnection"),
        ("x-acs-version", "2016-04-28"),
        ("content-length", "0"),
    ];
    let parameters = "/?RegionId=cn-shanghai&PhysicalConnectionId=pc-1";
    for (method, target, headers) in [
        ("POST", CANCEL, &alice[..]),
        ("GET", CANCEL, &alice),
        ("POST", parameters, &by_headers),
        (
            "GET",
            &format!("{CANCEL}&AccessKeyId=LTAI-alice&Signature=x"),
            &[],
        ),
    ] {
        let answer = ask(&point, method, target, headers);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("x-ramgate-principal"), Some(ALICE));
        assert_eq!(answer.header("x-ramgate-denial"), None);
    }
    // Passed on without asking; so nobody is named.
    let regions = ask(
        &point,
        "GET",
        "/?Action=DescribeRegions&Version=2016-04-28&X=1",
        &alice,
    );
    assert_eq!(
        (regions.status, regions.header("x-ramgate-principal")),
        (200, None)
    );

    let denied = ask(&point, "POST", &CANCEL.replace("pc-1", "pc-2"), &alice);
    let error = denial(&denied);
    assert_eq!(
        denied.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    let detail = &error["AccessDeniedDetail"];
    assert_eq!(detail["NoPermissionType"], "ExplicitDeny");
    assert_eq!(detail["PolicyType"], "AccountLevelIdentityBasedPolicy");
    assert_eq!(detail["AuthAction"], "vpc:CancelPhysicalConnection");
    assert_eq!(
        detail["AuthResource"],
        "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-2"
    );
    assert_eq!(detail["AuthPrincipalDisplayName"], "alice");
    let message = "vpc:CancelPhysicalConnection on acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-2 is denied by statement 1 of net-ops";
    assert_eq!(error["Message"], message);
    let line: Value = serde_json::from_str(denied.header("x-ramgate-denial").unwrap()).unwrap();
    assert_eq!(line, error);

    let bob = SIGNED.replace("alice", "bob");
    let error = denial(&ask(&point, "POST", CANCEL, &[("authorization", &bob)]));
    assert_eq!(
        error["AccessDeniedDetail"]["NoPermissionType"],
        "ImplicitDeny"
    );
    // Each of them is one line of the log, those that could not be told with what was called.
    let terminate = CANCEL.replace("Cancel", "Terminate");
    let error = denial(&ask(&point, "POST", &terminate, &alice));
    assert!(
        error["Message"]
            .as_str()
            .unwrap()
            .contains("acs:ResourceTag/env"),
        "{error}"
    );
    let mut lines = Vec::new();
    crate::point::until("the log", || {
        let log = std::fs::read_to_string(point.place.path("log")).unwrap_or_default();
        lines = log.lines().map(str::to_owned).collect();
        lines.len() == 7
    });
    let last: Value = serde_json::from_str(&lines[6]).unwrap();
    assert_eq!(last["call"]["operation"], "vpc:TerminatePhysicalConnection");
    assert_eq!(
        (&last["decision"], last.get("request")),
        (&Value::Null, None)
    );
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(
        (&first["decision"], first.get("call")),
        (&Value::from("Allow"), None)
    );
    assert_eq!(first["request"]["context"]["acs:SourceIp"], "203.0.113.7");
    let sample = "ramgate_errors_total{kind=\"unclear_call\"}";
    assert_eq!(point.metric(sample), 1.0);
}

#[test]
fn what_tells_of_policies_can_be_withheld() {
    let point = point("");
    let alice = [("authorization", SIGNED)];
    let error = denial(&ask(
        &point,
        "POST",
        &CANCEL.replace("pc-1", "pc-2"),
        &alice,
    ));
    assert_eq!(error["Message"], "the call is not permitted");
    let detail = error["AccessDeniedDetail"].as_object().unwrap();
    let members: Vec<&str> = detail.keys().map(String::as_str).collect();
    let own = [
        "AuthAction",
        "AuthPrincipalDisplayName",
        "AuthPrincipalOwnerId",
        "AuthPrincipalType",
        "AuthResource",
    ];
    assert_eq!(members, own);
    let unclear = denial(&ask(
        &point,
        "POST",
        &CANCEL.replace("Cancel", "Terminate"),
        &alice,
    ));
    assert_eq!(unclear["Message"], "the call is not permitted");
    let stranger = denial(&ask(
        &point,
        "POST",
        CANCEL,
        &[("authorization", &SIGNED.replace("alice", "eve"))],
    ));
    assert_eq!(
        (&stranger["Message"], stranger.get("AccessDeniedDetail")),
        (&error["Message"], None)
    );
}

#[test]
fn circumstances_come_from_the_gateway() {
    let point = point("show_reason = true");
    let confirm = CANCEL.replace("Cancel", "Confirm");
    let status = |scheme: &str| {
        ask(
            &point,
            "POST",
            &confirm,
            &[("authorization", SIGNED), ("x-forwarded-proto", scheme)],
        )
        .status
    };
    assert_eq!((status("https"), status("http")), (200, 403));
    let head = [
        ("x-original-method", "POST"),
        ("x-original-uri", &*confirm),
        ("x-forwarded-proto", "https"),
        ("authorization", SIGNED),
    ];
    for (address, expected) in [
        ("203.0.113.9", 200),
        ("198.51.100.1", 403),
        ("nowhere", 403),
    ] {
        let headers = [&head[..], &[("x-real-ip", address)]].concat();
        assert_eq!(
            ask_at(&point, "/v1/forward-auth", &headers).status,
            expected,
            "{address}"
        );
    }
    denial(&ask_at(&point, "/v1/forward-auth", &head));
}

#[test]
pub(crate) fn what_could_be_read_in_two_ways_is_denied() {
    let point = point("show_reason = true");
    let twice = format!("{SIGNED},{}", SIGNED.replace("alice", "bob"));
    let bob = SIGNED.replace("alice", "bob");
    let gone = SIGNED.replace("alice", "gone");
    let upper = SIGNED.replace("LTAI-alice", "ltai-alice");
    let signed = ("authorization", SIGNED);
    for (method, target, headers, message) in [
        ("POST", CANCEL, &[][..], "the call has no AccessKeyId"),
        (
            "POST",
            CANCEL,
            &[("authorization", &*upper)],
            "nobody is known who has this AccessKeyId",
        ),
        ("POST", CANCEL, &[("authorization", &gone)], "user/gone"),
        (
            "POST",
            CANCEL,
            &[signed, ("authorization", &bob)],
            "header authorization is sent twice",
        ),
        (
            "POST",
            CANCEL,
            &[("authorization", &twice)],
            "header Authorization is of another form",
        ),
        (
            "POST",
            &format!("{CANCEL}&AccessKeyId=LTAI-alice"),
            &[signed],
            "both say who calls",
        ),
        (
            "POST",
            &format!("{CANCEL}&SecurityToken=x"),
            &[signed],
            "one of a session",
        ),
        (
            "POST",
            CANCEL,
            &[signed, ("x-acs-security-token", "x")],
            "one of a session",
        ),
        (
            "POST",
            CANCEL,
            &[signed, ("x-acs-bearer-token", "x")],
            "in another way than by an AccessKey",
        ),
        (
            "POST",
            &format!("{CANCEL}&SignatureType=BEARERTOKEN"),
            &[signed],
            "in another way than by an AccessKey",
        ),
        (
            "POST",
            CANCEL,
            &[signed, ("x-acs-action", "DescribePhysicalConnections")],
            "are both there",
        ),
        (
            "POST",
            "/?Version=2016-04-28&RegionId=cn-shanghai",
            &[
                signed,
                ("x-acs-action", "CancelPhysicalConnection, DescribeRegions"),
            ],
            "no facts on the operation",
        ),
        (
            "POST",
            "/?Version=2016-04-28&RegionId=cn-shanghai",
            &[signed, ("x-acs-action", "A"), ("x-acs-action", "B")],
            "is sent twice",
        ),
        (
            "POST",
            CANCEL,
            &[signed, ("x_acs_action", "DescribeRegions")],
            "could be taken for x-acs-action",
        ),
        (
            "POST",
            CANCEL,
            &[signed, ("content-length", "12")],
            "the call has a body",
        ),
        (
            "POST",
            CANCEL,
            &[signed, ("connection", "x-acs-action")],
            "takes x-acs-action out",
        ),
        (
            "POST",
            "http://vpc.example.com/?Action=DescribeRegions",
            &[signed],
            "can be read in two ways",
        ),
        (
            "POST",
            &format!("/{CANCEL}"),
            &[signed],
            "can be read in two ways",
        ),
        (
            "POST",
            &format!("{CANCEL}#&Action=DescribeRegions"),
            &[signed],
            "can be read in two ways",
        ),
        (
            "POST",
            &CANCEL.replace('?', ""),
            &[signed],
            "another style than RPC",
        ),
        ("POST", "", &[signed], "can be read in two ways"),
        ("DELETE", CANCEL, &[signed], "expected GET or POST"),
        (
            "POST",
            &format!("{CANCEL}&PhysicalConnectionId=pc-3"),
            &[signed],
            "is sent twice",
        ),
        (
            "POST",
            &CANCEL.replace("2016-04-28", "2014-05-26"),
            &[signed],
            "expected 2016-04-28",
        ),
        (
            "POST",
            "/?Action=FormatDisk&Version=2016-04-28",
            &[signed],
            "no facts on the operation",
        ),
    ] {
        let error = denial(&ask(&point, method, target, headers));
        let told = error["Message"].as_str().unwrap();
        assert!(told.contains(message), "{told}; expected {message}");
        assert_eq!(error.get("AccessDeniedDetail"), None);
    }
    // What makes a long message does not make a long header.
    let long = format!(
        "/?{}=1&Action=X&Version=2016-04-28&{}=1",
        "é".repeat(2000),
        "a".repeat(5000)
    );
    let long = long.replace('é', "%C3%A9");
    let answer = ask(&point, "POST", &long, &[signed]);
    denial(&answer);
    assert!(answer.header("x-ramgate-denial").unwrap().len() <= 2048);
}

#[test]
fn the_header_and_the_key_must_name_the_same() {
    let point = point("principal_header = \"x-user\"");
    let alice = ("authorization", SIGNED);
    let status = |headers: &[(&str, &str)]| ask(&point, "POST", CANCEL, headers).status;
    assert_eq!(status(&[alice]), 200);
    assert_eq!(status(&[alice, ("x-user", ALICE)]), 200);
    assert_eq!(
        status(&[alice, ("x-user", "acs:ram::1234567890123456:user/bob")]),
        403
    );
    // The interface would not know whom the header names.
    assert_eq!(status(&[("x-user", ALICE)]), 403);
}

#[test]
pub(crate) fn nothing_but_the_error_of_the_cloud() {
    let place = Place::with_snapshot(STATEMENTS);
    place.write("keys", KEYS);
    place.write("callers", "gateway-0123456789abcdef\n");
    place.write("serve.toml", format!("max_concurrent = 1\ntoken_file = \"callers\"\n[forward_auth]\ndialect = \"nginx\"\nsource_ip = \"none\"\naccess_keys = \"keys\"\n{API}"));
    let point = place.serve(&["--config", "serve.toml"]);
    let signed = ("authorization", SIGNED);
    let token = ("x-ramgate-token", "gateway-0123456789abcdef");
    assert_eq!(ask(&point, "POST", CANCEL, &[signed, token]).status, 200);
    denial(&ask(&point, "POST", CANCEL, &[signed]));
    denial(&ask_at(&point, "/v1/forward-auth", &[token]));
    // While the only place is taken.
    let mut waiting = point.connect();
    let head = b"POST /v1/check HTTP/1.1\r\nhost: x\r\nx-ramgate-token: gateway-0123456789abcdef\r\ncontent-length: 2\r\n\r\n{";
    std::io::Write::write_all(&mut waiting, head).unwrap();
    crate::point::until("in flight", || {
        point.metric("ramgate_requests_in_flight") == 1.0
    });
    denial(&ask(&point, "POST", CANCEL, &[signed, token]));
}

#[test]
pub(crate) fn tables_that_are_not_clear() {
    let place = Place::with_snapshot(STATEMENTS);
    place.write("keys", KEYS);
    place.write(
        "twice",
        "LTAI-a acs:ram::1:user/x\n\nLTAI-a acs:ram::1:user/y\n",
    );
    place.write("odd", "LTAI=a acs:ram::1:user/x\n");
    place.write("nobody", "LTAI-a x\n");
    place.write("none", "# nothing\n");
    let head = "[forward_auth]\ndialect = \"nginx\"\nsource_ip = \"none\"\n";
    let good = format!("{head}access_keys = \"keys\"\n{API}");
    let route = "\n[[forward_auth.routes]]\nmethods = [\"GET\"]\npath = \"/\"\naction = \"vpc:X\"\nresource = \"*\"\n";
    for (settings, expected) in [
        (
            good.replace("dropped", "given"),
            "forward_auth: api: body: NGINX gives none",
        ),
        (
            good.replace("dropped", "given").replace("nginx", "caddy"),
            "api: Traefik and Caddy forward bodies",
        ),
        (
            good.replace("dropped", "given").replace("nginx", "traefik"),
            "api: Traefik and Caddy forward bodies",
        ),
        (
            good.replace("nginx", "envoy-grpc"),
            "api: body: Envoy forwards bodies; have it give them",
        ),
        (
            good.replace("dropped", "parsed"),
            "api: body: \"parsed\" is not known; expected dropped or given",
        ),
        (
            good.replace("body = \"dropped\"\n", ""),
            "missing field `body`",
        ),
        (
            good.replace("nginx", "envoy-http"),
            "api: Envoy gives only some headers over HTTP",
        ),
        (
            good.replace("\"vpc\"", "\"vcp\""),
            "api: product: no call of \"vcp\" is known",
        ),
        (
            good.replace("\"2016-04-28\"", "\"\""),
            "api: version: is empty",
        ),
        (
            good.replace("DescribeRegions", "vpc:DescribeRegions"),
            "pass_on: \"vpc:DescribeRegions\" is no operation",
        ),
        (good.replace("product", "produkt"), "unknown key `produkt`"),
        (
            good.clone() + route,
            "routes and api: a gateway is in front of one or the other",
        ),
        (
            good.replace("access_keys = \"keys\"\n", ""),
            "nothing says who asks",
        ),
        (
            good.replace("access_keys", "principal_tokens = \"keys\"\naccess_keys"),
            "keys:1: a token shorter",
        ),
        (
            format!("{head}access_keys = \"keys\"\n{route}"),
            "access_keys: only calls of an api have one",
        ),
        (
            good.replace("\"keys\"", "\"twice\""),
            "twice:3: an AccessKeyId that stands twice",
        ),
        (
            good.replace("\"keys\"", "\"odd\""),
            "odd:1: \"LTAI=a\" is no AccessKeyId",
        ),
        (
            good.replace("\"keys\"", "\"nobody\""),
            "nobody:1: principal \"x\" has no known form",
        ),
        (
            good.replace("\"keys\"", "\"none\""),
            "none: holds no AccessKeyId",
        ),
        (
            good.replace("\"keys\"", "\"missing\""),
            "missing: cannot be read",
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
}
