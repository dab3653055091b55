//! Envoy's ext_authz as gRPC has it: messages byte by byte, also such that Envoy would not send.

use std::collections::BTreeMap;

use ureq::http::{HeaderMap, Request, Version};

use crate::gateways::point_of_messages;
use crate::point::{ALICE, Point, request};

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// A field of a message: its number, and what it holds.
fn field(number: u8, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    const LENGTH_DELIMITED: u8 = 2;
    let bytes = bytes.as_ref();
    let mut all = vec![number << 3 | LENGTH_DELIMITED];
    let mut length = bytes.len();
    while length >= 0x80 {
        all.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    all.push(length as u8);
    all.extend(bytes);
    all
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

/// A message taken apart.
#[derive(Clone, Debug)]
struct Message(Vec<(u64, Content)>);

#[derive(Clone, Debug)]
enum Content {
    Number(u64),
    Double(f64),
    Bytes(Vec<u8>),
}

impl Message {
    fn read(mut bytes: &[u8]) -> Message {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let content = match key & 7 {
                0 => Content::Number(varint(&mut bytes)),
                1 => {
                    let (double, rest) = bytes.split_first_chunk().unwrap();
                    bytes = rest;
                    Content::Double(f64::from_le_bytes(*double))
                }
                2 => {
                    let length = varint(&mut bytes) as usize;
                    let (inner, rest) = bytes.split_at(length);
                    bytes = rest;
                    Content::Bytes(inner.to_vec())
                }
                other => panic!("a field of the kind {other}"),
            };
            fields.push((key >> 3, content));
        }
        Message(fields)
    }

    fn all(&self, number: u64) -> Vec<&Content> {
        let fields = self.0.iter().filter(|(found, _)| *found == number);
        fields.map(|(_, content)| content).collect()
    }

    fn messages(&self, number: u64) -> Vec<Message> {
        let all = self.all(number).into_iter().map(|content| match content {
            Content::Bytes(bytes) => Message::read(bytes),
            other => panic!("{other:?} is no message"),
        });
        all.collect()
    }

    fn message(&self, number: u64) -> Message {
        let all = self.messages(number);
        assert_eq!(all.len(), 1, "field {number} of {self:?}");
        all[0].clone()
    }

    fn texts(&self, number: u64) -> Vec<String> {
        let all = self.all(number).into_iter().map(|content| match content {
            Content::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            other => panic!("{other:?} is no text"),
        });
        all.collect()
    }

    fn text(&self, number: u64) -> String {
        self.texts(number).concat()
    }

    /// 0 where it is left out.
    fn number(&self, number: u64) -> u64 {
        match *self.all(number) {
            [] => 0,
            [Content::Number(number)] => *number,
            ref other => panic!("{other:?} is no number"),
        }
    }

    /// A `Struct` as it would stand in JSON.
    fn json(&self) -> serde_json::Value {
        let entries = self.messages(1).into_iter();
        let entries = entries.map(|entry| (entry.text(1), entry.message(2).value()));
        entries.collect::<serde_json::Map<_, _>>().into()
    }

    fn value(&self) -> serde_json::Value {
        match self.0.as_slice() {
            [(2, Content::Double(number))] => (*number).into(),
            [(3, Content::Bytes(_))] => self.text(3).into(),
            [(5, _)] => self.message(5).json(),
            [(6, _)] => {
                let values = self.message(6).messages(1);
                values.iter().map(Message::value).collect()
            }
            other => panic!("{other:?} is no value"),
        }
    }
}

/// What came back.
#[derive(Debug)]
struct Called {
    http: u16,
    grpc: Option<String>,
    message: Option<Vec<u8>>,
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0], &length.to_be_bytes()[..], message].concat()
}

const KIND: (&str, &str) = ("content-type", "application/grpc");
const GATEWAY: (&str, &str) = ("x-ramgate-token", "gateway-0123456789abcdef");

/// Calls with these bytes as body, whatever they are.
fn call(point: &Point, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Called {
    call_with(point, path, headers, body, true)
}

/// The same; the body may be left without its end.
fn call_with(
    point: &Point,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
    ends: bool,
) -> Called {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let address = point.address().strip_prefix("http://").unwrap().to_owned();
    let mut request = Request::post(format!("http://{address}{path}")).version(Version::HTTP_2);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    let called = async {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let (response, mut sending) = client.send_request(request, false).unwrap();
        sending.send_data(body.into(), ends).unwrap();
        let response = response.await.unwrap();
        let code = |headers: &HeaderMap| {
            let code = headers.get("grpc-status");
            code.map(|code| code.to_str().unwrap().to_owned())
        };
        let (http, mut grpc) = (response.status().as_u16(), code(response.headers()));
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(data) = body.data().await {
            bytes.extend(data.unwrap());
        }
        if let Some(trailers) = body.trailers().await.unwrap() {
            grpc = code(&trailers);
        }
        let frame = bytes.split_first_chunk().filter(|_| grpc.is_some());
        let message = frame.map(|(prefix, message): (&[u8; 5], _)| {
            assert_eq!(framed(message)[..5], *prefix);
            message.to_vec()
        });
        Called {
            http,
            grpc,
            message,
        }
    };
    runtime.unwrap().block_on(called)
}

/// The answer to a call, which is never an error.
fn answer(point: &Point, body: Vec<u8>) -> Message {
    let called = call(point, CHECK, &[KIND, GATEWAY], body);
    assert_eq!((called.http, called.grpc.as_deref()), (200, Some("0")));
    Message::read(&called.message.unwrap())
}

type Headers<'a> = &'a [(&'a str, &'a str)];
const BEARER: (&str, &str) = ("authorization", "Bearer alice-0123456789abcdef");

/// `CheckRequest` as Envoy fills it, headers in a map.
fn question(method: &str, path: &str, headers: Headers<'_>) -> Vec<u8> {
    let entry = |(name, value)| field(3, [field(1, name), field(2, value)].concat());
    let map: Vec<u8> = headers.iter().copied().flat_map(entry).collect();
    in_request([field(1, "id-1"), field(2, method), map, field(4, path)].concat())
}

/// The same with raw headers in a list.
fn raw_question(method: &str, path: &str, headers: Headers<'_>) -> Vec<u8> {
    let header = |(name, value)| field(1, [field(1, name), field(3, value)].concat());
    let list: Vec<u8> = headers.iter().copied().flat_map(header).collect();
    in_request([field(2, method), field(4, path), field(13, list)].concat())
}

/// `HttpRequest` in its place, from a client at 127.0.0.1.
fn in_request(http: impl AsRef<[u8]>) -> Vec<u8> {
    let socket = field(1, field(2, "127.0.0.1"));
    let source = field(1, field(1, socket));
    framed(&field(1, [source, field(4, field(2, http))].concat()))
}

/// Name, value and what is done with what stands there.
fn headers(message: &Message, number: u64) -> BTreeMap<String, (String, u64)> {
    let options = message.messages(number).into_iter();
    let options = options.map(|option| {
        let header = option.message(1);
        (header.text(1), (header.text(2), option.number(3)))
    });
    options.collect()
}

const OK: u64 = 0;
const PERMISSION_DENIED: u64 = 7;
const UNAUTHENTICATED: u64 = 16;
const OVERWRITE_IF_EXISTS_OR_ADD: u64 = 2;

fn point(more: &str) -> Point {
    point_of_messages(more, &["--token-file", "callers"])
}

#[test]
fn who_is_let_through() {
    let point = point("");
    let cancel = [BEARER, (":path", "/elsewhere"), ("x-more", "1")];
    for asked in [
        question("DELETE", "/circuits/pc-1?force", &cancel),
        raw_question("DELETE", "/circuits/pc-1", &cancel),
    ] {
        let answer = answer(&point, asked);
        assert_eq!(answer.message(1).number(1), OK);
        assert_eq!(answer.messages(2).len(), 0);
        let ok = answer.message(3);
        let metadata = answer.message(4).json();
        let revision = metadata["revision"].as_str().unwrap().to_owned();
        assert_eq!(
            headers(&ok, 2),
            BTreeMap::from([
                (
                    "x-ramgate-principal".to_owned(),
                    (ALICE.to_owned(), OVERWRITE_IF_EXISTS_OR_ADD)
                ),
                (
                    "x-ramgate-revision".to_owned(),
                    (revision.clone(), OVERWRITE_IF_EXISTS_OR_ADD)
                ),
            ])
        );
        assert_eq!(ok.texts(5), ["x-ramgate-reason", "x-ramgate-token"]);
        assert_eq!(
            metadata,
            serde_json::json!({
                "decision": "Allow", "stage": "identity", "revision": revision,
                "reason": "allowed by statement 0 of policy net-ops (identity)",
                "determined_by": [{ "stage": "identity", "policy": "net-ops", "statement": 0.0 }],
            })
        );
    }
    // The same port, in the same process.
    let token = [("authorization", "Bearer gateway-0123456789abcdef")];
    let check = point.post_with("/v1/check", &token, request().to_string());
    assert_eq!(check.decision(), "ImplicitDeny");
    assert_eq!(point.get("/readyz").status, 200);
    let sample =
        "ramgate_decisions_total{decision=\"Allow\",stage=\"identity\",transport=\"ext_authz\"}";
    assert_eq!(point.metric(sample), 2.0);
}

#[test]
fn who_is_denied_and_why() {
    for shows in [false, true] {
        let point = point(&format!("show_reason = {shows}"));
        let denied = |asked: Vec<u8>| {
            let answer = answer(&point, asked);
            assert_eq!(answer.message(1).number(1), PERMISSION_DENIED);
            assert_eq!(answer.messages(3).len(), 0);
            let denied = answer.message(2);
            assert_eq!(denied.message(1).number(1), 403);
            let body: serde_json::Value = serde_json::from_str(&denied.text(3)).unwrap();
            assert_eq!(body["error"], "not permitted");
            let mut headers = headers(&denied, 2);
            let kind = headers.remove("content-type").unwrap();
            assert_eq!(
                kind,
                ("application/json".to_owned(), OVERWRITE_IF_EXISTS_OR_ADD)
            );
            let metadata = answer.message(4).json();
            let told = if shows {
                metadata["reason"].clone()
            } else {
                serde_json::Value::Null
            };
            assert_eq!(body["reason"], told);
            let told = told
                .as_str()
                .map(|told| (told.to_owned(), OVERWRITE_IF_EXISTS_OR_ADD));
            assert_eq!(headers.remove("x-ramgate-reason"), told);
            assert!(headers.is_empty());
            metadata
        };
        let explicit = denied(question("DELETE", "/circuits/pc-2", &[BEARER]));
        assert_eq!(
            (&explicit["decision"], &explicit["stage"]),
            (&"ExplicitDeny".into(), &"identity".into())
        );
        assert_eq!(
            explicit["reason"],
            "denied by statement 1 of policy net-ops (identity)"
        );
        assert_eq!(explicit["determined_by"][0]["statement"], 1.0);
        let implicit = denied(question("DELETE", "/circuits/pc-3", &[BEARER]));
        assert_eq!(implicit["decision"], "ImplicitDeny");
        assert_eq!(implicit["determined_by"], serde_json::json!([]));
        assert_eq!(implicit["revision"], explicit["revision"]);
        // Nothing is decided on what is no route's.
        let nowhere = denied(question("GET", "/nowhere", &[BEARER]));
        assert_eq!(
            nowhere,
            serde_json::json!({ "reason": "no route is for this method and path", "revision": implicit["revision"] })
        );
    }
}

#[test]
fn who_is_not_known() {
    let point = point("");
    for unknown in [&[][..], &[("authorization", "Bearer mallory-0123456789ab")]] {
        let answer = answer(&point, question("DELETE", "/circuits/pc-1", unknown));
        assert_eq!(answer.message(1).number(1), UNAUTHENTICATED);
        let denied = answer.message(2);
        assert_eq!(denied.message(1).number(1), 401);
        let challenge = ("Bearer".to_owned(), OVERWRITE_IF_EXISTS_OR_ADD);
        assert_eq!(
            headers(&denied, 2),
            BTreeMap::from([("www-authenticate".to_owned(), challenge)])
        );
        assert!(!denied.text(3).is_empty());
    }
    // A gateway that is none of ours gets no decision, and no error that it might be told to pass over.
    let asked = question("DELETE", "/circuits/pc-1", &[BEARER]);
    for headers in [
        &[KIND][..],
        &[KIND, ("x-ramgate-token", "other-0123456789abcdef")],
    ] {
        let called = call(&point, CHECK, headers, asked.clone());
        assert_eq!((called.http, called.grpc.as_deref()), (200, Some("0")));
        let answer = Message::read(&called.message.unwrap());
        assert_eq!(answer.message(1).number(1), PERMISSION_DENIED);
    }
    assert_eq!(
        point.metric("ramgate_errors_total{kind=\"unknown_client\"}"),
        2.0
    );
    assert_eq!(
        point.metric("ramgate_errors_total{kind=\"unknown_caller\"}"),
        2.0
    );
}

/// Whatever comes, the answer denies; see `who_is_let_through` for what they differ from by one thing each.
#[test]
pub(crate) fn what_is_no_question_is_denied() {
    let point = point("show_reason = true");
    let http = |fields: &[Vec<u8>]| in_request(fields.concat());
    let map = |name: &str, value: &str| field(3, [field(1, name), field(2, value)].concat());
    let (method, path) = (field(2, "DELETE"), field(4, "/circuits/pc-1"));
    let alice = map(BEARER.0, BEARER.1);
    let listed = |headers: &[Vec<u8>]| {
        field(
            13,
            headers
                .iter()
                .flat_map(|header| field(1, header))
                .collect::<Vec<u8>>(),
        )
    };
    let raw = [field(1, BEARER.0), field(3, BEARER.1)].concat();
    let good = http(&[method.clone(), path.clone(), alice.clone()]);
    assert_eq!(answer(&point, good.clone()).message(1).number(1), OK);
    let far = [
        field(1, field(1, field(1, field(2, "198.51.100.1")))),
        field(
            4,
            field(2, [method.clone(), path.clone(), alice.clone()].concat()),
        ),
    ];
    let nameless = [
        field(1, field(1, field(2, "/run/envoy.sock"))),
        field(
            4,
            field(2, [method.clone(), path.clone(), alice.clone()].concat()),
        ),
    ];
    let many: Vec<Vec<u8>> = (0..40_000)
        .map(|number| field(1, format!("h{number}")))
        .collect();
    let mut compressed = good.clone();
    compressed[0] = 1;
    let mut longer = good.clone();
    longer[4] += 1;
    for (asked, reason) in [
        (Vec::new(), "there is no message"),
        (vec![0, 0, 0], "there is no message"),
        (framed(&[]), "there is no HTTP request"),
        (framed(&field(1, [])), "there is no HTTP request"),
        (framed(&field(1, field(4, []))), "there is no HTTP request"),
        (framed(&[0xff; 40]), "the message is none of this call"),
        (
            framed(&field(1, [0x0a])),
            "the message is none of this call",
        ),
        (
            http(&[method.clone(), field(4, [0xff]), alice.clone()]),
            "the message is none of this call",
        ),
        (compressed, "the message is compressed"),
        (longer, "not of the length"),
        ([good.clone(), good.clone()].concat(), "not of the length"),
        (framed(&vec![0x22; 1 << 20]), "the message is too large"),
        (http(&[]), "the method is none"),
        (http(&[path.clone(), alice.clone()]), "the method is none"),
        (
            http(&[field(2, "DEL ETE"), path.clone(), alice.clone()]),
            "the method is none",
        ),
        (
            http(&[method.clone(), alice.clone()]),
            "does not begin with /",
        ),
        (
            http(&[method.clone(), field(4, "circuits/pc-1"), alice.clone()]),
            "does not begin with /",
        ),
        (
            http(&[
                method.clone(),
                field(4, "http://app/circuits/pc-1"),
                alice.clone(),
            ]),
            "does not begin with /",
        ),
        (
            http(&[
                method.clone(),
                field(4, "/circuits/%2e%2e/pc-1"),
                alice.clone(),
            ]),
            "has a segment ..",
        ),
        (
            http(&[
                method.clone(),
                path.clone(),
                alice.clone(),
                map("Authorization", BEARER.1),
            ]),
            "stands twice",
        ),
        (
            http(&[
                method.clone(),
                path.clone(),
                listed(&[raw.clone(), raw.clone()]),
            ]),
            "stands twice",
        ),
        (
            http(&[
                method.clone(),
                path.clone(),
                alice.clone(),
                listed(std::slice::from_ref(&raw)),
            ]),
            "stands twice",
        ),
        (
            http(&[
                method.clone(),
                path.clone(),
                listed(&[[field(1, BEARER.0), field(2, BEARER.1), field(3, "Bearer x")].concat()]),
            ]),
            "has two values",
        ),
        (
            http(&[
                method.clone(),
                path.clone(),
                listed(&[[field(1, BEARER.0), field(3, [0xff, 0xfe])].concat()]),
            ]),
            "stands twice, or holds no bearer token",
        ),
        (
            http(&[
                method.clone(),
                path.clone(),
                listed(&[raw.clone(), field(1, "a b")]),
            ]),
            "a header of the request is none",
        ),
        (
            http(&[
                method.clone(),
                path.clone(),
                alice.clone(),
                map("x", "a\r\nb"),
            ]),
            "a header of the request is none",
        ),
        (
            http(&[method.clone(), path.clone(), alice.clone(), map("", "a")]),
            "a header of the request is none",
        ),
        (
            http(&[
                method.clone(),
                path.clone(),
                alice.clone(),
                map("x-forwarded-proto", "ftp"),
            ]),
            "neither http nor https",
        ),
        (
            http(&[method.clone(), path.clone(), alice.clone(), listed(&many)]),
            "too many headers",
        ),
        (framed(&field(1, far.concat())), "no statement allows it"),
        (framed(&field(1, nameless.concat())), "has no address"),
        (
            framed(&field(
                1,
                field(
                    4,
                    field(2, [method.clone(), path.clone(), alice.clone()].concat()),
                ),
            )),
            "has no address",
        ),
    ] {
        let shown: Vec<u8> = asked.iter().copied().take(80).collect();
        let answer = answer(&point, asked);
        let told = answer.message(4).json();
        let found = (
            answer.message(1).number(1),
            answer.message(2).message(1).number(1),
        );
        assert_eq!(
            found,
            (PERMISSION_DENIED, 403),
            "{}",
            String::from_utf8_lossy(&shown)
        );
        let told = told["reason"].as_str().unwrap();
        assert!(
            told.contains(reason),
            "{told:?} is not {reason:?}: {}",
            String::from_utf8_lossy(&shown)
        );
    }
    // After all of it, the good one is still let through.
    assert_eq!(answer(&point, good.clone()).message(1).number(1), OK);
    // What is no call of gRPC at all gets no decision.
    for kind in [
        &[GATEWAY][..],
        &[GATEWAY, ("content-type", "application/json")],
    ] {
        let called = call(&point, CHECK, kind, good.clone());
        assert_eq!((called.http, called.grpc), (415, None));
    }
    assert_eq!(point.post_with(CHECK, &[KIND, GATEWAY], &good).status, 415);
    let health = call(&point, "/grpc.health.v1.Health/Watch", &[KIND], framed(&[]));
    assert_eq!(health.http, 404);
}

#[test]
pub(crate) fn a_message_that_does_not_arrive_in_time_is_denied() {
    let arguments = ["--token-file", "callers", "--request-timeout", "200ms"];
    let point = point_of_messages("", &arguments);
    let whole = question("DELETE", "/circuits/pc-1", &[BEARER]);
    for sent in [Vec::new(), whole[..20].to_vec(), whole] {
        let called = call_with(&point, CHECK, &[KIND, GATEWAY], sent, false);
        assert_eq!((called.http, called.grpc.as_deref()), (200, Some("0")));
        let answer = Message::read(&called.message.unwrap());
        assert_eq!(answer.message(1).number(1), PERMISSION_DENIED);
        let told = answer.message(4).json();
        assert_eq!(told["reason"], "the message did not arrive in time");
    }
    assert_eq!(point.metric("ramgate_errors_total{kind=\"timeout\"}"), 3.0);
}

/// Recorded from Envoy 1.40, whose messages have more than is read of them.
#[test]
fn messages_of_envoy_itself() {
    let point = point("");
    for text in [
        include_str!("data/envoy-1.40-headers.hex"),
        include_str!("data/envoy-1.40-raw-headers.hex"),
    ] {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let recorded: Vec<u8> = digits.chunks(2).map(byte).collect();
        let answer = answer(&point, framed(&recorded));
        assert_eq!(answer.message(1).number(1), OK);
        assert_eq!(
            headers(&answer.message(3), 2)["x-ramgate-principal"].0,
            ALICE
        );
    }
}

#[test]
fn health_over_grpc() {
    const SERVING: u64 = 1;
    const NOT_SERVING: u64 = 2;
    let mut point = point_of_messages("", &["--shutdown-delay", "60s"]);
    let health = |service: &str| {
        let called = call(&point, HEALTH, &[KIND], framed(&field(1, service)));
        let message = called.message.map(|message| Message::read(&message));
        (
            called.grpc.unwrap(),
            message.map(|message| message.number(1)),
        )
    };
    for service in ["", "envoy.service.auth.v3.Authorization"] {
        assert_eq!(health(service), ("0".to_owned(), Some(SERVING)));
    }
    assert_eq!(health("other"), ("5".to_owned(), None));
    point.signal("TERM");
    point.until_said("ending");
    assert_eq!(health(""), ("0".to_owned(), Some(NOT_SERVING)));
    point.signal("TERM");
    assert!(point.ended().success());
}

/// In front of an interface of Alibaba Cloud, whose calls may have parameters in a form.
#[test]
pub(crate) fn a_call_is_decided_on_its_whole_body() {
    const FORM: &[u8] = b"Action=CancelPhysicalConnection&Version=2016-04-28&RegionId=cn-shanghai&PhysicalConnectionId=pc-1";
    let place = crate::point::Place::with_snapshot(
        r#"{ "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": "*" },
           { "Effect": "Deny", "Action": "*", "Resource": "acs:vpc:*:*:physicalconnection/pc-2" }"#,
    );
    place.write("keys", format!("LTAI-alice {ALICE}\n"));
    let settings = "[forward_auth]\ndialect = \"envoy-grpc\"\nsource_ip = \"connection\"\naccess_keys = \"keys\"\nshow_reason = true\n\
        [forward_auth.api]\nproduct = \"vpc\"\nversion = \"2016-04-28\"\nbody = \"given\"\npass_on = [\"DescribeRegions\"]\n";
    place.write("serve.toml", settings);
    let point = place.serve(&["--config", "serve.toml"]);
    let signature = "ACS3-HMAC-SHA256 Credential=LTAI-alice,SignedHeaders=host,Signature=00";
    let kind = "application/x-www-form-urlencoded";
    let usual: [(&str, &str); 3] = [
        ("authorization", signature),
        ("content-type", kind),
        ("x-envoy-auth-partial-body", "false"),
    ];
    let asked = |path: &str, headers: Headers<'_>, size: Option<u8>, body: Vec<u8>| {
        let entry = |(name, value)| field(3, [field(1, name), field(2, value)].concat());
        let map: Vec<u8> = headers.iter().copied().flat_map(entry).collect();
        let size = size.map_or(Vec::new(), |size| vec![9 << 3, size]);
        in_request([field(2, "POST"), map, field(4, path), size, body].concat())
    };
    let length = u8::try_from(FORM.len()).unwrap();
    let raw = |bytes: &[u8]| field(12, bytes);
    let told = length.to_string();
    let with = |more: (&'static str, &str)| {
        let usual = usual.iter().filter(|(name, _)| *name != more.0);
        let all = usual.copied().map(|(name, value)| (name, value.to_owned()));
        all.chain([(more.0, more.1.to_owned())]).collect::<Vec<_>>()
    };
    let with_length = with(("content-length", &told));
    let partial = with(("x-envoy-auth-partial-body", "true"));
    let joined = with(("x-envoy-auth-partial-body", "false,false"));
    let longer = with(("content-length", "200"));
    let (_, query) = CANCEL.split_once('?').unwrap();
    for (headers, size, body, expected) in [
        (with_length.clone(), Some(length), raw(FORM), OK),
        (with(("x-more", "1")), Some(length), raw(FORM), OK),
        (
            with_length.clone(),
            Some(length),
            raw(&FORM
                .iter()
                .map(|byte| if *byte == b'1' { b'2' } else { *byte })
                .collect::<Vec<_>>()),
            PERMISSION_DENIED,
        ),
        // As a text, in part, of another length, or not at all.
        (
            with_length.clone(),
            Some(length),
            field(11, FORM),
            PERMISSION_DENIED,
        ),
        (
            with_length.clone(),
            Some(length),
            [field(11, FORM), raw(FORM)].concat(),
            PERMISSION_DENIED,
        ),
        (partial, Some(length), raw(FORM), PERMISSION_DENIED),
        (joined, Some(length), raw(FORM), PERMISSION_DENIED),
        (longer, Some(length), raw(FORM), PERMISSION_DENIED),
        (
            with_length.clone(),
            Some(length + 1),
            raw(FORM),
            PERMISSION_DENIED,
        ),
        (with_length.clone(), Some(0), Vec::new(), PERMISSION_DENIED),
        (
            with(("transfer-encoding", "chunked")),
            Some(0),
            Vec::new(),
            PERMISSION_DENIED,
        ),
        (
            with(("content-type", "text/plain")),
            Some(length),
            raw(FORM),
            PERMISSION_DENIED,
        ),
    ] {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let found = answer(&point, asked("/", &headers, size, body));
        assert_eq!(found.message(1).number(1), expected, "{headers:?} {size:?}");
        if expected != OK {
            let denied = found.message(2);
            let error: serde_json::Value = serde_json::from_str(&denied.text(3)).unwrap();
            assert_eq!(error["Code"], "NoPermission");
            assert_eq!(found.message(4).json()["reason"], error["Message"]);
        }
    }
    // Without the header that says so a body is not known to be whole; without a body nothing need be said.
    let silent = &usual[..2];
    let found = answer(&point, asked("/", silent, Some(length), raw(FORM)));
    assert_eq!(found.message(1).number(1), PERMISSION_DENIED);
    let found = answer(&point, asked(CANCEL, silent, Some(0), Vec::new()));
    assert_eq!(found.message(1).number(1), OK);
    assert_eq!(found.message(4).json()["decision"], "Allow");
    // In both places nothing may stand twice.
    let found = answer(
        &point,
        asked(CANCEL, &usual, Some(length), raw(query.as_bytes())),
    );
    assert_eq!(found.message(1).number(1), PERMISSION_DENIED);
    // Who is denied by policies is told by which kind, and the gateway's log by which statement.
    let denied = answer(
        &point,
        asked(&CANCEL.replace("pc-1", "pc-2"), silent, Some(0), Vec::new()),
    );
    let error: serde_json::Value = serde_json::from_str(&denied.message(2).text(3)).unwrap();
    assert_eq!(
        error["AccessDeniedDetail"]["NoPermissionType"],
        "ExplicitDeny"
    );
    let metadata = denied.message(4).json();
    assert_eq!(metadata["determined_by"][0]["statement"], 1.0);
    // What is passed on without asking names nobody, whatever the client says.
    let regions = answer(
        &point,
        asked(
            "/?Action=DescribeRegions&Version=2016-04-28",
            silent,
            Some(0),
            Vec::new(),
        ),
    );
    assert_eq!(regions.message(1).number(1), OK);
    assert!(
        regions
            .message(3)
            .texts(5)
            .contains(&"x-ramgate-principal".to_owned())
    );
}

const CANCEL: &str = "/?Action=CancelPhysicalConnection&Version=2016-04-28&RegionId=cn-shanghai&PhysicalConnectionId=pc-1";
