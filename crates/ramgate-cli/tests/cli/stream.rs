//! `ramgate check --requests`: a line in, a line out, whatever comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use serde_json::Value;

use crate::place::{ALLOW_VPC, Place};

const ALLOWED: &str = r#"{"action":"vpc:X","resource":"*"}"#;
const DENIED: &str = r#"{"action":"ecs:X","resource":"*"}"#;
const CHECK: [&str; 5] = ["check", "--policy", "p.json", "--requests", "-"];
const CHECK_JSON: [&str; 7] = [
    "check",
    "--policy",
    "p.json",
    "--requests",
    "-",
    "--format",
    "json",
];

fn place() -> Place {
    Place::with([("p.json", ALLOW_VPC)])
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_decision_a_line_in_the_same_order() {
    let input = format!("{ALLOWED}\n{DENIED}\n\n  \r\n{ALLOWED}\r\n{DENIED}");
    let ran = place().run_on(&input, &CHECK);
    assert_eq!(ran.stdout, "Allow\nImplicitDeny\nAllow\nImplicitDeny\n");
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
    let ran = place().run_on(&input, &CHECK_JSON);
    let words: Vec<_> = lines(&ran.stdout)
        .iter()
        .map(|line| line["decision"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(words, ["Allow", "ImplicitDeny", "Allow", "ImplicitDeny"]);
    assert_eq!(place().run_on(ALLOWED, &CHECK).status, 0);
    assert_eq!(place().run_on("", &CHECK).status, 0);
}

#[test]
fn requests_may_stand_in_a_file() {
    let place = place();
    place.write("r.jsonl", format!("{ALLOWED}\nx\n"));
    let ran = place.check(&["--requests", "r.jsonl"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stdout.starts_with("Allow\nerror: r.jsonl:2:"),
        "{ran:?}"
    );
    assert_eq!(place.check(&["--requests", "none.jsonl"]).status, 2);
}

#[test]
fn a_bad_line_is_answered_and_the_next_too() {
    let mut input = format!("{ALLOWED}\nnope\n{{\"action\":\"vpc:X\",\"resource\":\"*\",\"context\":{{\"a:b\":null}}}}\n").into_bytes();
    input.extend_from_slice(b"\"\xff\"\n");
    input.extend(std::iter::repeat_n(b' ', (1 << 20) + 1));
    input.extend_from_slice(format!("\n{DENIED}").as_bytes());
    let ran = place().run_on(&input, &CHECK_JSON);
    assert_eq!((ran.status, ran.stderr.as_str()), (2, ""));
    let lines = lines(&ran.stdout);
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0]["decision"], "Allow");
    let bad: Vec<_> = lines[1..5]
        .iter()
        .map(|line| {
            (
                line["line"].as_u64().unwrap(),
                line["error"].as_str().unwrap(),
            )
        })
        .collect();
    assert!(
        bad[0].0 == 2 && bad[0].1.starts_with("<stdin>:2:"),
        "{bad:?}"
    );
    assert!(
        bad[1].0 == 3
            && bad[1]
                .1
                .starts_with("<stdin>:3:51: context[\"a:b\"]: null is no value"),
        "{bad:?}"
    );
    assert_eq!(bad[2], (4, "<stdin>:4: the byte at column 2 is no UTF-8"));
    assert_eq!(
        bad[3],
        (
            5,
            "<stdin>:5: the line has 1048577 bytes; at most 1048576 are read"
        )
    );
    assert_eq!(lines[5]["decision"], "ImplicitDeny");
    let ran = place().run_on(&input, &CHECK);
    assert_eq!(ran.stdout.lines().count(), 6);
    assert_eq!(
        ran.stdout
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count(),
        4
    );
}

#[test]
fn a_line_of_the_greatest_length_is_read() {
    let mut input = ALLOWED.to_owned();
    input.extend(std::iter::repeat_n(' ', (1 << 20) - ALLOWED.len()));
    assert_eq!(place().run_on(&input, &CHECK).stdout, "Allow\n");
}

#[test]
fn a_bad_policy_stops_before_the_first_line() {
    let place = Place::with([("p.json", "{}")]);
    let ran = place.run_on(ALLOWED, &CHECK);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
}

#[test]
fn resource_policies_are_read_for_every_service_that_occurs() {
    let bucket = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Principal":["2222"],"Resource":"*"}]}"#;
    let place = Place::with([("b.json", bucket)]);
    let request = |service: &str| {
        format!(
            "{{\"principal\":\"acs:ram::2:user/f\",\"principal_id\":\"2222\",\"action\":\"{service}:GetObject\",\"resource\":\"acs:{service}:*:1:b/x\"}}\n"
        )
    };
    let input = format!("{}{}{}", request("oss"), request("kms"), request("oss"));
    let ran = place.run_on(
        &input,
        &["check", "--resource-policy", "b.json", "--requests", "-"],
    );
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(
        (ran.status, lines.len(), lines[0], lines[2]),
        (2, 3, "Allow", "Allow"),
        "{ran:?}"
    );
    assert!(
        lines[1].starts_with("error: <stdin>:2: b.json:1:"),
        "{ran:?}"
    );
}

/// Who writes one request and waits for its answer must get it.
#[test]
fn an_answer_does_not_wait_for_the_next_request() {
    let place = place();
    let mut child = place
        .command(&CHECK)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for (request, answer) in [(ALLOWED, "Allow\n"), (DENIED, "ImplicitDeny\n")] {
        writeln!(stdin, "{request}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, answer);
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_reader_who_leaves_ends_it_quietly() {
    let place = place();
    let mut child = place
        .command(&CHECK_JSON)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || {
        let block = format!("{DENIED}\n").repeat(1000);
        while stdin.write_all(block.as_bytes()).is_ok() {}
    });
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    // The endless writer ends only because the reader of its requests does.
    assert_eq!(
        (child.wait().unwrap().code(), stderr.as_str()),
        (Some(1), "")
    );
    writing.join().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_input() {
    let place = place();
    let mut child = place
        .command(&CHECK_JSON)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stdout = child.stdout.take().unwrap();
    let counting = std::thread::spawn(move || BufReader::new(stdout).lines().count());
    let mut peaks = Vec::new();
    for number in 0..100_000 {
        writeln!(
            stdin,
            "{{\"action\":\"vpc:X\",\"resource\":\"acs:vpc:cn-shanghai:1:x/{number}\"}}"
        )
        .unwrap();
        if [10_000, 99_999].contains(&number) {
            peaks.push(peak_kilobytes(child.id()));
        }
    }
    stdin.write_all(&vec![b'x'; 64 << 20]).unwrap();
    peaks.push(peak_kilobytes(child.id()));
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert_eq!(counting.join().unwrap(), 100_001);
    assert!(peaks.iter().all(|peak| *peak < 32 << 10), "{peaks:?}");
    assert!(peaks[2] < peaks[0] + (8 << 10), "{peaks:?}");
}

#[cfg(target_os = "linux")]
fn peak_kilobytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
