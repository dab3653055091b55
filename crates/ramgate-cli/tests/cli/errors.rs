//! What cannot be answered: exit status 2, nothing on standard output, and words that help.

use crate::place::{ALLOW_VPC, Place};

#[test]
fn bad_usage() {
    let place = Place::with([("p.json", ALLOW_VPC)]);
    for arguments in [
        &["check"][..],
        &["check", "--policy", "p.json"],
        &["check", "--action", "vpc:X", "--resource", "*"],
        &["check", "--policy", "p.json", "--action", "vpc:X"],
        &["check", "--policy", "p.json", "--resource", "*"],
        &[
            "check",
            "--policy",
            "p.json",
            "--action",
            "vpc:X",
            "--resource",
            "*",
            "--request",
            "r.json",
        ],
        &[
            "check",
            "--policy",
            "p.json",
            "--principal",
            "x",
            "--request",
            "r.json",
        ],
        &[
            "check",
            "--policy",
            "p.json",
            "--context",
            "a=b",
            "--requests",
            "r.jsonl",
        ],
        &[
            "check",
            "--policy",
            "p.json",
            "--request",
            "r.json",
            "--requests",
            "r.jsonl",
        ],
        &[
            "check",
            "--policy",
            "p.json",
            "--account",
            "s.json",
            "--action",
            "vpc:X",
            "--resource",
            "*",
        ],
        &[
            "check",
            "--account",
            "s.json",
            "--trust-policy",
            "p.json",
            "--action",
            "vpc:X",
            "--resource",
            "*",
        ],
        &["check", "--case", "c.json", "--policy", "p.json"],
        &[
            "check",
            "--case",
            "c.json",
            "--action",
            "vpc:X",
            "--resource",
            "*",
        ],
        &["check", "--case", "c.json", "--now", "2026-01-01T00:00:00Z"],
        &[
            "check",
            "--policy",
            "p.json",
            "--action",
            "vpc:X",
            "--resource",
            "*",
            "--context",
            "novalue",
        ],
        &[
            "check",
            "--policy",
            "p.json",
            "--action",
            "vpc:X",
            "--resource",
            "*",
            "--context",
            "=v",
        ],
        &[
            "check",
            "--policy",
            "p.json",
            "--action",
            "vpc:X",
            "--resource",
            "*",
            "--now",
            "yesterday",
        ],
        &[
            "check",
            "--policy",
            "p.json",
            "--action",
            "vpc:X",
            "--resource",
            "*",
            "--format",
            "xml",
        ],
        &["test"],
        &["test", "p.json", "--format", "sarif"],
        &["fmt"],
        &["frobnicate"],
        &[],
    ] {
        let ran = place.run(arguments);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (2, ""),
            "{arguments:?} {ran:?}"
        );
        assert!(!ran.stderr.is_empty());
    }
}

#[test]
fn help_and_version_are_answers() {
    let place = Place::with([]);
    assert_eq!(
        place.run(&["--version"]).stdout,
        format!("ramgate {}\n", env!("CARGO_PKG_VERSION"))
    );
    for command in ["check", "test", "fmt"] {
        let ran = place.run(&[command, "--help"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        assert!(
            ran.stdout.contains(&format!("ramgate {command} ")),
            "{ran:?}"
        );
        assert!(ran.stdout.contains("Examples:"), "{ran:?}");
    }
    assert_eq!(place.run(&["--help"]).status, 0);
}

#[test]
fn every_problem_of_every_policy_is_told_with_its_place() {
    let place = Place::with([
        ("p.json", ALLOW_VPC),
        (
            "bad.json",
            "{\n  \"Version\": \"1\",\n  \"Statement\": [{ \"Effect\": \"allow\", \"Action\": \"vpc:*\", \"Resouce\": \"*\" }]\n}\n",
        ),
        ("cut.json", "{\"Version\": \"1\","),
    ]);
    place.write("latin1.json", b"{\n \"\xc3\xa9\": \"caf\xe9\"\n}");
    let ran = place.check(&[
        "--policy",
        "bad.json",
        "cut.json",
        "latin1.json",
        "none.json",
        "none/*.json",
        "--action",
        "vpc:X",
        "--resource",
        "*",
    ]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    for text in [
        "error: bad.json:3:17: Statement[0]: Resource is missing (G5)\n",
        "error: bad.json:3:29: Statement[0].Effect: unknown effect \"allow\"; RAM knows \"Allow\" and \"Deny\" (G6)\n",
        "error: bad.json:3:57: Statement[0].Resouce: unknown element \"Resouce\" (G19)\n  help: did you mean Resource?\n",
        "error: cut.json:1:",
        "error: latin1.json:2:11: byte 0xe9 is no UTF-8\n",
        "error: none.json: cannot be read: ",
        "error: none/*.json: no such file, and no file matches it as a pattern\n",
    ] {
        assert!(ran.stderr.contains(text), "{text}\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("os error"));
}

#[test]
fn a_directory_without_policies_is_an_error() {
    let place = Place::with([("empty/readme.txt", "")]);
    let ran = place.run(&[
        "check",
        "--policy",
        "empty",
        "--action",
        "vpc:X",
        "--resource",
        "*",
    ]);
    assert_eq!(ran.status, 2);
    assert_eq!(
        ran.stderr,
        "error: empty: no *.json in this directory or below\n"
    );
}

#[test]
fn requests_that_cannot_be_asked() {
    let place = Place::with([
        ("p.json", ALLOW_VPC),
        (
            "r.json",
            "{\n  \"action\": \"vpc:X\",\n  \"resource\": \"*\",\n  \"context\": { \"a:b\": null },\n  \"x\": 1\n}",
        ),
    ]);
    for (arguments, text) in [
        (
            &["--action", "vpc", "--resource", "*"][..],
            "error: action \"vpc\"",
        ),
        (
            &["--action", "vpc:*", "--resource", "*"],
            "error: action \"vpc:*\" holds a wildcard",
        ),
        (
            &["--action", "vpc:X", "--resource", "pc-1"],
            "error: resource \"pc-1\"",
        ),
        (
            &[
                "--action",
                "vpc:X",
                "--resource",
                "*",
                "--principal",
                "alice",
            ],
            "error: principal \"alice\"",
        ),
        (
            &["--request", "none.json"],
            "error: none.json: cannot be read",
        ),
        (
            &["--request", "r.json"],
            "error: r.json:4:23: context[\"a:b\"]: null is no value",
        ),
        (
            &["--request", "r.json"],
            "\nerror: r.json:5:3: x: unknown member \"x\"",
        ),
    ] {
        let ran = place.check(arguments);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (2, ""),
            "{arguments:?} {ran:?}"
        );
        assert!(ran.stderr.contains(text), "{text}\n{}", ran.stderr);
    }
}

#[test]
fn snapshots_tell_what_is_wrong_and_where() {
    let place = Place::with([(
        "s.json",
        "{\n \"ramgate\": 1,\n \"accounts\": { \"1234567890123456\": {\n  \"policies\": { \"a\": { \"file\": \"none.json\" } },\n  \"users\": { \"alice\": { \"policies\": [\"b\"] } }\n } }\n}",
    )]);
    let ran = place.run(&[
        "check",
        "--account",
        "s.json",
        "--principal",
        "x",
        "--action",
        "vpc:X",
        "--resource",
        "*",
    ]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("error: s.json:4:"), "{ran:?}");
    assert!(ran.stderr.contains("none.json: cannot be read"), "{ran:?}");
    assert!(ran.stderr.contains("error: s.json:5:"), "{ran:?}");
}

#[test]
fn standard_input_is_read_once() {
    let place = Place::with([]);
    let ran = place.run_on(ALLOW_VPC, &["check", "--policy", "-", "--request", "-"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("can be read only once"), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_none() {
    let place = Place::with([("p.json", ALLOW_VPC)]);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = place.command(&[
        "check",
        "--policy",
        "p.json",
        "--action",
        "vpc:X",
        "--resource",
        "*",
    ]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        stderr,
        "error: cannot write to standard output: No space left on device\n"
    );
}
