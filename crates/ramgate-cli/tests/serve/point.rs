//! A running decision point with a directory of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use ureq::Agent;

pub(crate) const ACCOUNT: &str = "1234567890123456";
pub(crate) const ALICE: &str = "acs:ram::1234567890123456:user/alice";

/// An account in which `alice` has one policy, of this statement, and `bob` none.
pub(crate) fn snapshot(statements: &str) -> String {
    format!(
        r#"{{
  "ramgate": 1,
  "accounts": {{ "{ACCOUNT}": {{
    "policies": {{ "net-ops": {{ "type": "Custom", "document": {{ "Version": "1", "Statement": [{statements}] }} }} }},
    "users": {{ "alice": {{ "policies": ["net-ops"] }}, "bob": {{}} }}
  }} }}
}}"#
    )
}

/// Allows alice everything of the service `vpc`.
pub(crate) const ALLOW: &str = r#"{ "Effect": "Allow", "Action": "vpc:*", "Resource": "*" }"#;
pub(crate) const DENY: &str = r#"{ "Effect": "Deny", "Action": "vpc:*", "Resource": "*" }"#;

/// May alice see VPCs?
pub(crate) fn request() -> Value {
    serde_json::json!({ "principal": ALICE, "action": "vpc:DescribeVpcs", "resource": "*" })
}

/// Files, and the arguments to run with.
pub(crate) struct Place(pub(crate) TempDir);

impl Place {
    pub(crate) fn new() -> Place {
        Place(TempDir::new().unwrap())
    }

    /// With `snapshot.json`.
    pub(crate) fn with_snapshot(statements: &str) -> Place {
        let place = Place::new();
        place.write("snapshot.json", snapshot(statements));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces a file as a careful program does: at once.
    pub(crate) fn replace(&self, name: &str, text: impl AsRef<[u8]>) {
        self.write("replacement.tmp", text);
        fs::rename(self.path("replacement.tmp"), self.path(name)).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ramgate"));
        command
            .arg("serve")
            .args(arguments)
            .current_dir(self.0.path());
        command
    }

    /// Runs it where it must end by itself: its exit status and what it said.
    pub(crate) fn refused(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.stdout, b"");
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), said)
    }

    /// Serves `snapshot.json` on a free port.
    pub(crate) fn serve(self, arguments: &[&str]) -> Point {
        let all = [
            &["--account", "snapshot.json", "--listen", "127.0.0.1:0"],
            arguments,
        ];
        let command = self.command(&all.concat());
        let point = Point::start(self, command);
        point.until_said("policies loaded");
        point
    }
}

/// The process; it is ended when this is dropped.
pub(crate) struct Point {
    pub(crate) place: Place,
    pub(crate) child: Child,
    said: Arc<Mutex<String>>,
    address: String,
    pub(crate) agent: Agent,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn decision(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["decision"].as_str().unwrap().to_owned()
    }
}

/// Of a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until it holds; fails after a while.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Says that it is over when it goes out of scope, by a panic too.
pub(crate) struct Over<'a>(pub(crate) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .new_agent()
}

impl Point {
    /// Runs the command and waits until it listens.
    pub(crate) fn start(place: Place, mut command: Command) -> Point {
        command.stdout(Stdio::null());
        Point::start_with_output(place, command)
    }

    /// The same, with standard output as the command has it.
    pub(crate) fn start_with_output(place: Place, mut command: Command) -> Point {
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in stderr.lines() {
                let line = line.unwrap_or_default() + "\n";
                heard.lock().unwrap().push_str(&line);
            }
        });
        let mut point = Point {
            place,
            child,
            said,
            address: String::new(),
            agent: agent(),
        };
        point.until_said("listening on ");
        let said = point.said();
        let after = said.split("listening on ").nth(1).unwrap();
        point.address = after.lines().next().unwrap().to_owned();
        point
    }

    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn until_said(&self, text: &str) {
        let started = Instant::now();
        while !self.said().contains(text) {
            assert!(
                started.elapsed() < PATIENCE,
                "never said {text:?}: {}",
                self.said()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// `http://…`, or `unix:…`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(self.url(path)).call().unwrap())
    }

    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post_with(path, &[], body)
    }

    pub(crate) fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let mut request = self.agent.post(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body.as_ref()).unwrap())
    }

    pub(crate) fn check(&self, request: &Value) -> Answer {
        self.post("/v1/check", request.to_string())
    }

    /// The decision of the usual request.
    pub(crate) fn decision(&self) -> String {
        self.check(&request()).decision()
    }

    /// The value of a metric's sample, 0 where there is none.
    pub(crate) fn metric(&self, sample: &str) -> f64 {
        let text = self.get("/metrics").text;
        let line = text.lines().find_map(|line| line.strip_prefix(sample));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// A connection on which anything can be written.
    pub(crate) fn connect(&self) -> TcpStream {
        let address = self.address.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// What comes back until the connection ends.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        rest(stream)
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for it to end by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Point {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn rest(mut stream: impl Read) -> String {
    let mut text = Vec::new();
    // A reset after the answer is an end too.
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.body_mut().read_to_string().unwrap(),
    }
}
