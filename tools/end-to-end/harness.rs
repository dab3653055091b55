//! What tests of gateways share: the VPC API behind one, which writes down every call that arrives, and clients in front of it, Alibaba
//! Cloud's own and hostile ones. What is not installed is passed over, and says how to get it.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Of a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);
const ALICE: &str = "acs:ram::1234567890123456:user/alice";

fn root() -> PathBuf {
    let up = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    up.canonicalize().unwrap()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The VPC API as far as it is needed, in a process of its own.
pub(crate) struct Api {
    child: Child,
    pub(crate) port: u16,
    calls: PathBuf,
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn passed_over(what: &str, from: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{what} is not installed, so it is not tried: {from}");
}

impl Api {
    /// Calls that arrive are written to this file.
    pub(crate) fn start(calls: PathBuf) -> Option<Api> {
        let port = free_port();
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
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < PATIENCE, "the API does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Some(api)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        let text = fs::read_to_string(&self.calls).unwrap_or_default();
        text.lines()
            .map(|line| Call(serde_json::from_str(line).unwrap()))
            .collect()
    }
}

/// A call that arrived.
pub(crate) struct Call(Value);

impl Call {
    pub(crate) fn text(&self, member: &str) -> &str {
        self.0[member].as_str().unwrap()
    }

    /// All values under a name, in headers as some server might read them: with `_` for `-`, whatever case.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
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
    pub(crate) fn is_the_allowed_one(&self, host: &str) -> bool {
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
                .all(|name| *name == ALICE)
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

pub(crate) const SIGNED: &str =
    "ACS3-HMAC-SHA256 Credential=LTAI-example-alice,SignedHeaders=host,Signature=00";
pub(crate) const ALLOWED: &str = "/?Action=CancelPhysicalConnection&Version=2016-04-28&RegionId=cn-shanghai&PhysicalConnectionId=pc-0";
pub(crate) const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// What a client gets for these bytes, which are a whole request. Ends with the answer: Envoy closes the connection a second later.
pub(crate) fn raw(port: u16, bytes: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
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
pub(crate) fn request(method: &str, target: &str, host: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: {SIGNED}\r\ncontent-length: {length}\r\n{more}\r\n{body}"
    )
}

/// Whatever arrives is the call that was allowed, however it is asked for; `host` is the API's own name.
pub(crate) fn stands_against_hostile_clients(port: u16, api: &Api, host: &str) {
    let send = |bytes: &str| {
        let before = api.calls().len();
        let answer = raw(port, bytes);
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
    ] {
        let (answer, arrived) = send(&bytes);
        assert!(arrived.is_empty(), "{bytes}\n{answer}");
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
        plain(&format!("{ALLOWED}#&RegionId=cn-beijing"), ""),
        plain(ALLOWED, "connection: x-acs-version, close\r\n"),
        plain(ALLOWED, "transfer-encoding: chunked\r\n") + "0\r\n\r\n",
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
pub(crate) fn serves_the_clouds_own_client(port: u16, api: &Api) {
    if !can_import("alibabacloud_vpc20160428") {
        passed_over(
            "Alibaba Cloud's client",
            "pip install alibabacloud-vpc20160428",
        );
        return;
    }
    let mut command = Command::new("python3");
    command.arg(root().join("tools/end-to-end/client.py"));
    command.arg(format!("127.0.0.1:{port}")).arg(&api.calls);
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
