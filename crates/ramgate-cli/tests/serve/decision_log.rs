//! The decision log: a line for each decision, which never waits for it.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::point::{ALLOW, Place, Point, request, until};

fn lines(point: &Point, count: usize) -> Vec<Value> {
    let read = || std::fs::read_to_string(point.place.path("decisions.jsonl")).unwrap();
    until("the lines", || read().lines().count() >= count);
    let text = read();
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_line_for_each_decision() {
    let point = Place::with_snapshot(ALLOW).serve(&[
        "--decision-log",
        "decisions.jsonl",
        "--decision-log-mask",
        "acs:SourceIp,acs:RequestTag/owner",
    ]);
    let mut asked = request();
    asked["context"] = json!({ "ACS:SourceIP": "203.0.113.7", "acs:RequestTag/owner": ["a", "b"], "acs:MFAPresent": "true", "acs:CurrentTime": "2026-01-01T00:00:00Z" });
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = point.post_with(
        "/v1/check",
        &[("traceparent", trace), ("x-request-id", "r-1")],
        asked.to_string(),
    );
    let line = &lines(&point, 1)[0];
    assert_eq!(line["decision"], "Allow");
    assert_eq!(line["stage"], "identity");
    assert_eq!(
        line["determined_by"],
        json!([{ "stage": "identity", "policy": "net-ops", "statement": 0, "effect": "Allow" }])
    );
    assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(line["request_id"], "r-1");
    assert_eq!(line["transport"], "check");
    assert_eq!(line["revision"], answer.json()["revision"]);
    assert!(
        line["latency_us"]
            .as_u64()
            .is_some_and(|micros| micros < 1_000_000)
    );
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(line["request"]["principal"], asked["principal"]);
    let context = json!({ "ACS:SourceIP": "***", "acs:RequestTag/owner": "***", "acs:MFAPresent": "true", "acs:CurrentTime": "2026-01-01T00:00:00Z" });
    assert_eq!(line["request"]["context"], context);
    assert_eq!(
        line["masked"],
        json!(["ACS:SourceIP", "acs:RequestTag/owner"])
    );
    // The caller still gets what it sent.
    assert_eq!(
        answer.json()["request"]["context"]["ACS:SourceIP"],
        "203.0.113.7"
    );

    let unknown = json!({ "principal": "acs:ram::9:user/x", "action": "a:b", "resource": "*" });
    point.post("/v1/check/batch", json!([request(), unknown]).to_string());
    let lines = lines(&point, 3);
    assert_eq!(
        (&lines[1]["index"], &lines[1]["transport"]),
        (&json!(0), &json!("batch"))
    );
    assert_eq!(
        (&lines[2]["index"], &lines[2]["decision"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(lines[2]["error"], "account \"9\" is not in the snapshot");
}

#[test]
fn everything_is_written_at_the_end() {
    let mut point = Place::with_snapshot(ALLOW).serve(&["--decision-log", "decisions.jsonl"]);
    for _ in 0..5 {
        let batch = Value::Array(vec![request(); 200]);
        assert_eq!(point.post("/v1/check/batch", batch.to_string()).status, 200);
    }
    point.signal("TERM");
    assert!(point.ended().success());
    assert_eq!(lines(&point, 0).len(), 1000);
}

#[cfg(target_os = "linux")]
#[test]
pub(crate) fn a_full_disk_does_not_stop_decisions() {
    let mut point = Place::with_snapshot(ALLOW).serve(&["--decision-log", "/dev/full"]);
    for _ in 0..3 {
        assert_eq!(point.decision(), "Allow");
    }
    until("three lost", || {
        point.metric("ramgate_decision_log_lost_total") == 3.0
    });
    assert_eq!(
        point
            .said()
            .matches("the decision log cannot be written, decisions go on")
            .count(),
        1
    );
    point.signal("TERM");
    assert!(point.ended().success());
}

#[test]
pub(crate) fn who_does_not_read_the_log_does_not_stop_decisions() {
    let place = Place::with_snapshot(ALLOW);
    let mut command = place.command(&[
        "--account",
        "snapshot.json",
        "--listen",
        "127.0.0.1:0",
        "--decision-log",
        "-",
        "--decision-log-queue",
        "10",
    ]);
    command.stdout(Stdio::piped());
    let mut point = Point::start_with_output(place, command);
    point.until_said("policies loaded");
    // More than a pipe and the queue hold.
    let batch = Value::Array(vec![request(); 1000]).to_string();
    until("some dropped", || {
        assert_eq!(point.post("/v1/check/batch", &batch).status, 200);
        point.metric("ramgate_decision_log_dropped_total") > 0.0
    });
    assert_eq!(point.decision(), "Allow");
    point.signal("TERM");
    assert!(point.ended().success());
}

#[test]
pub(crate) fn a_log_that_cannot_be_opened() {
    let place = Place::with_snapshot(ALLOW);
    for (arguments, expected) in [
        (
            &["--decision-log", "none/x"][..],
            "decision_log: none/x: cannot be written: No such file or directory",
        ),
        (
            &["--decision-log", "."],
            "decision_log: .: cannot be written: Is a directory",
        ),
        (
            &["--decision-log", "x", "--decision-log-mask", "SourceIp"],
            "decision_log_mask: \"SourceIp\" is no condition key",
        ),
        (
            &["--decision-log-mask", "acs:SourceIp"],
            "are about a decision_log, which is not set",
        ),
    ] {
        let (status, said) = place.refused(
            &[
                &["--account", "snapshot.json", "--listen", "127.0.0.1:0"],
                arguments,
            ]
            .concat(),
        );
        assert_eq!((status, said.contains(expected)), (2, true), "{said}");
    }
}
