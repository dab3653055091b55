//! It starts only when everything is clear.

use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::point::{ALLOW, Place, Point, until};

#[test]
pub(crate) fn a_broken_snapshot_is_told_with_its_place() {
    let place =
        Place::with_snapshot(r#"{ "Effect": "allow", "Action": "vpc:*", "Resource": "*" }"#);
    let (status, said) = place.refused(&["--account", "snapshot.json", "--listen", "127.0.0.1:0"]);
    assert_eq!(status, 2);
    let expected = "error: snapshot.json:4:106: ";
    assert!(said.contains(expected), "{said}");
    assert!(said.contains("unknown effect \"allow\""), "{said}");
}

#[test]
pub(crate) fn what_cannot_be_read_is_told() {
    let place = Place::new();
    place.write("empty/readme.txt", "");
    place.write("names.json", r#"{ "ramgate": 1, "accounts": { "1": { "policies": { "p": { "type": "Custom", "file": "none.json" } } } } }"#);
    for (account, expected) in [
        (
            "none.json",
            "error: none.json: cannot be read: No such file or directory",
        ),
        (
            "empty",
            "error: empty: no *.json in this directory or below",
        ),
        ("names.json", "error: names.json:1:85: "),
    ] {
        let (status, said) = place.refused(&["--account", account, "--listen", "127.0.0.1:0"]);
        assert_eq!(status, 2);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
pub(crate) fn settings_that_are_not_clear() {
    let place = Place::with_snapshot(ALLOW);
    place.write(
        "unknown.toml",
        "account = \"snapshot.json\"\n\nlistn = \"127.0.0.1:0\"\n",
    );
    place.write("type.toml", "max_body = \"big\"\n");
    place.write("cut.toml", "max_body = \n");
    let account = ["--account", "snapshot.json"];
    for (arguments, expected) in [
        (&[][..], "no policies: name a snapshot with --account"),
        (
            &["--config", "unknown.toml"],
            "unknown.toml:3:1: unknown key `listn`; did you mean `listen`?",
        ),
        (
            &["--config", "type.toml"],
            "type.toml:1:12: invalid type: string \"big\", expected u64",
        ),
        (&["--config", "cut.toml"], "cut.toml:1:"),
        (&["--config", "none.toml"], "none.toml: cannot be read"),
        (
            &["--listen", "0.0.0.0:0"],
            "0.0.0.0:0 can be reached from other machines",
        ),
        (
            &["--listen", "[::]:0"],
            "[::]:0 can be reached from other machines",
        ),
        (&["--listen", "8180"], "listen: \"8180\" is no address"),
        (
            &["--max-batch", "0"],
            "max_batch: 0 is not between 1 and 1000000",
        ),
        (
            &["--drain", "soon"],
            "drain: \"soon\" is no duration; expected such as 5s or 250ms",
        ),
        (
            &["--request-timeout", "0s"],
            "request_timeout: no time at all",
        ),
        (&["--log", "loud"], "log: \"loud\" is no level"),
    ] {
        let without = arguments.is_empty() || arguments.contains(&"unknown.toml");
        let arguments = if without {
            arguments.to_vec()
        } else {
            [&account, arguments].concat()
        };
        let (status, said) = place.refused(&arguments);
        assert_eq!(status, 2, "{arguments:?}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let output = place
        .command(&account)
        .env("RAMGATE_LISTN", "127.0.0.1:0")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("did you mean RAMGATE_LISTEN?"), "{said}");
}

#[test]
pub(crate) fn an_address_in_use() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    let address = point.address().strip_prefix("http://").unwrap();
    let (status, said) = point
        .place
        .refused(&["--account", "snapshot.json", "--listen", address]);
    assert_eq!(status, 2);
    assert!(
        said.contains(&format!(
            "{address}: cannot listen there: Address already in use"
        )),
        "{said}"
    );
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let place = Place::with_snapshot(ALLOW);
    place.write("serve.toml", "account = \"none.json\"\nlisten = \"127.0.0.1:0\"\nmax_batch = 1\nmax_body = 1\nlog = \"info\"\n");
    let mut command = place.command(&["--max-batch", "3"]);
    command
        .env("RAMGATE_CONFIG", "serve.toml")
        .env("RAMGATE_ACCOUNT", "snapshot.json")
        .env("RAMGATE_MAX_BATCH", "2")
        .env("RAMGATE_MAX_BODY", "100");
    let point = Point::start(place, command);
    point.until_said("policies loaded");
    let batch = point.post("/v1/check/batch", "[1,1,1,1]");
    assert_eq!(
        batch.json()["error"],
        "a batch of 4 requests; at most 3 are taken at once"
    );
    let large = point.post("/v1/check", " ".repeat(101));
    assert_eq!(large.json()["error"], "the body is larger than 100 bytes");
}

#[cfg(unix)]
#[test]
pub(crate) fn it_is_alive_but_not_ready_until_policies_are_loaded() {
    let place = Place::new();
    let fifo = place.path("snapshot.json");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let command = place.command(&[
        "--account",
        "snapshot.json",
        "--listen",
        "127.0.0.1:0",
        "--check-every",
        "0s",
    ]);
    let mut point = Point::start(place, command);
    assert_eq!(point.get("/healthz").status, 200);
    let ready = point.get("/readyz");
    assert_eq!(
        (ready.status, ready.json()["reason"].as_str()),
        (503, Some("no policies are loaded yet"))
    );
    assert_eq!(point.check(&crate::point::request()).status, 503);
    let text = crate::point::snapshot(ALLOW);
    thread::spawn(move || {
        let mut fifo = std::fs::OpenOptions::new().write(true).open(fifo).unwrap();
        fifo.write_all(text.as_bytes()).unwrap();
    });
    until("ready", || point.get("/readyz").status == 200);
    assert_eq!(point.decision(), "Allow");
    // A thread that hangs in a file keeps it neither from deciding nor from ending.
    point.signal("HUP");
    thread::sleep(Duration::from_millis(20));
    assert_eq!(point.decision(), "Allow");
    point.signal("TERM");
    assert!(point.ended().success());
}

#[cfg(unix)]
#[test]
fn a_unix_socket() {
    use std::os::unix::net::UnixStream;

    let place = Place::with_snapshot(ALLOW);
    place.write("file", "");
    let account = ["--account", "snapshot.json"];
    let listen = |socket: &'static str| [&account[..], &["--listen", socket]].concat();
    let (status, said) = place.refused(&listen("unix:file"));
    assert_eq!(
        (
            status,
            said.contains("file: something else than a socket is there")
        ),
        (2, true),
        "{said}"
    );
    // One that was left behind.
    drop(std::os::unix::net::UnixListener::bind(place.path("socket")).unwrap());
    let command = place.command(&listen("unix:socket"));
    let mut point = Point::start(place, command);
    point.until_said("policies loaded");
    let (_, said) = point.place.refused(&listen("unix:socket"));
    assert!(
        said.contains("socket: somebody listens there already"),
        "{said}"
    );
    let mut stream = UnixStream::connect(point.place.path("socket")).unwrap();
    let body = crate::point::request().to_string();
    let head = format!(
        "POST /v1/check HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let answer = crate::point::rest(stream);
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("\"decision\":\"Allow\""), "{answer}");
    point.signal("TERM");
    assert!(point.ended().success());
    assert!(!point.place.path("socket").exists());
}
