//! `ramgate test`: what passes, what fails, what cannot be read.

use serde_json::json;

use crate::place::{ALLOW_VPC, Place};

/// One case: an action that is asked for, and what must come of it.
fn case(name: &str, action: &str, expect: &str) -> String {
    format!(
        r#"{{ "name": "{name}", "policies": {{ "identity": [{ALLOW_VPC}] }},
  "request": {{ "action": "{action}", "resource": "*" }}, "expect": {expect} }}"#
    )
}

fn two_cases() -> String {
    format!(
        "[\n{},\n{}\n]",
        case("good", "vpc:X", r#""Allow""#),
        case("bad", "ecs:X", r#""Allow""#)
    )
}

#[test]
fn all_passed() {
    let place = Place::with([("c.json", &case("good", "vpc:X", r#""Allow""#))]);
    let ran = place.run(&["test", "c.json"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, "1 passed, 0 failed\n", "")
    );
}

#[test]
fn a_failure_says_where_and_why() {
    let place = Place::with([("c.json", two_cases().as_str())]);
    let ran = place.run(&["test", "c.json"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
    assert!(
        ran.stdout.starts_with(
            "FAIL bad\n  at c.json:4:1\n  decision: expected Allow, found ImplicitDeny\n"
        ),
        "{ran:?}"
    );
    assert!(
        ran.stdout
            .contains("\n    no identity policy allows ecs:X on *\n"),
        "{ran:?}"
    );
    assert_eq!(ran.stdout.lines().last(), Some("1 passed, 1 failed"));
}

#[test]
fn json_has_the_shape_of_the_contract() {
    let place = Place::with([("c.json", two_cases().as_str())]);
    let ran = place.run(&["test", "--format", "json", "c.json"]);
    assert_eq!(ran.status, 1);
    let report = ran.json();
    assert_eq!(
        (&report["passed"], &report["failed"]),
        (&json!(1), &json!(1))
    );
    let case = &report["cases"][1];
    assert_eq!(case["name"], "bad");
    assert_eq!(case["file"], "c.json");
    assert_eq!(case["ok"], false);
    assert_eq!(case["expected"], "Allow");
    assert_eq!(case["decision"], "ImplicitDeny");
    assert_eq!(
        case["message"],
        "decision: expected Allow, found ImplicitDeny"
    );
    assert_eq!(report["cases"][0]["message"], "");
    assert_eq!(report["errors"], json!([]));
    assert_eq!(report.get("coverage"), None);
}

#[test]
fn junit_has_a_suite_for_each_file() {
    let place = Place::with([("c.json", two_cases().as_str()), ("broken.json", "{")]);
    let ran = place.run(&["test", "--format", "junit", "c.json", "broken.json"]);
    assert_eq!(ran.status, 2);
    for text in [
        r#"<testsuites name="ramgate" tests="3" skipped="0" failures="1" errors="1">"#,
        r#"<testsuite name="c.json" tests="2" skipped="0" errors="0" failures="1">"#,
        r#"<testcase name="good" classname="c.json"/>"#,
        r#"<failure message="decision: expected Allow, found ImplicitDeny">c.json:4:1"#,
        r#"<testsuite name="broken.json" tests="1" skipped="0" errors="1" failures="0">"#,
    ] {
        assert!(ran.stdout.contains(text), "{text}\n{}", ran.stdout);
    }
}

#[test]
fn directories_are_searched_for_cases() {
    let line = case("line", "vpc:X", r#""Allow""#).replace('\n', " ");
    let place = Place::with([
        ("d/c.json", two_cases().as_str()),
        ("d/deep/c.jsonl", &format!("{line}\n\n{line}\n")),
        ("d/requests.jsonl", r#"{"action":"vpc:X","resource":"*"}"#),
        ("d/schema.json", r#"{"request":{}}"#),
        ("d/snapshot.json", r#"{"ramgate":1,"accounts":{}}"#),
        ("d/policy.json", ALLOW_VPC),
    ]);
    let ran = place.run(&["test", "d"]);
    assert_eq!(ran.stdout.lines().last(), Some("3 passed, 1 failed"));
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (1, "note: 4 files hold no cases and were passed over\n")
    );
    let ran = place.run(&["test", "d/deep/*.jsonl", "d/deep"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "2 passed, 0 failed\n"),
        "each file is run once"
    );
    for named in [
        "d/snapshot.json",
        "d/policy.json",
        "d/requests.jsonl",
        "d/schema.json",
    ] {
        let ran = place.run(&["test", named]);
        assert_eq!(ran.status, 2, "{named} {ran:?}");
        assert!(
            ran.stderr.starts_with(&format!("error: {named}:")),
            "{ran:?}"
        );
    }
}

#[test]
fn unreadable_files_do_not_keep_the_others_from_running() {
    let place = Place::with([
        ("a.json", "[1, 2"),
        ("b.json", two_cases().as_str()),
        ("c.jsonl", "{\"request\":\n"),
    ]);
    let ran = place.run(&["test", ".", "none.json"]);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.stdout.lines().last(), Some("1 passed, 1 failed"));
    for text in [
        "error: ./a.json:1:",
        "error: ./c.jsonl:1:",
        "error: none.json: cannot be read",
    ] {
        assert!(ran.stderr.contains(text), "{text}\n{}", ran.stderr);
    }
    let report = place.run(&["test", ".", "--format", "json"]).json();
    assert_eq!(report["errors"][0]["file"], "./a.json");
    let report = place.run(&["test", "none.json", "--format", "json"]).json();
    assert_eq!(report["errors"][0]["file"], "none.json");
}

#[test]
fn no_case_at_all_is_no_answer() {
    let place = Place::with([("d/x.json", "[]"), ("c.json", two_cases().as_str())]);
    for arguments in [
        &["test", "d"][..],
        &["test", "c.json", "--filter", "nothing has this"],
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{ran:?}");
        assert!(ran.stderr.contains("error: no case"), "{ran:?}");
    }
    let ran = place.run(&["test", "d/x.json"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (2, "0 passed, 0 failed\n")
    );
    assert!(
        ran.stderr.starts_with("error: d/x.json: holds no cases"),
        "{ran:?}"
    );
}

#[test]
fn filters_look_at_names_and_files() {
    let place = Place::with([
        ("c.json", two_cases().as_str()),
        ("other.json", &case("third", "vpc:X", r#""Allow""#)),
    ]);
    let last = |filter: &str| {
        let ran = place.run(&["test", "c.json", "other.json", "--filter", filter]);
        ran.stdout.lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(last("goo"), "1 passed, 0 failed");
    assert_eq!(last("other"), "1 passed, 0 failed");
    assert_eq!(last("json"), "2 passed, 1 failed");
}

#[test]
fn refusals_can_be_expected() {
    let text = case("refused", "vpc:*", r#"{ "error": "wildcard" }"#);
    let other = case(
        "refused otherwise",
        "vpc:*",
        r#"{ "error": "no such words" }"#,
    );
    let place = Place::with([("c.json", &format!("[{text},{other}]"))]);
    let ran = place.run(&["test", "c.json"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.starts_with("FAIL refused otherwise\n"),
        "{ran:?}"
    );
    assert!(ran.stdout.ends_with("1 passed, 1 failed\n"));
}

#[test]
fn coverage_lists_the_statements_that_no_case_touched() {
    let policy = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc:*","Resource":"*"},{"Effect":"Deny","Action":"ecs:*","Resource":"*"}]}"#;
    let place = Place::with([(
        "c.json",
        &format!(
            r#"{{"name":"x","policies":{{"identity":[{policy}]}},"request":{{"action":"vpc:X","resource":"*"}},"expect":"Allow"}}"#
        ),
    )]);
    let ran = place.run(&["test", "c.json", "--coverage"]);
    assert_eq!(ran.status, 0);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(
        lines[0].starts_with("untouched: identity[0], statement 1, at c.json:1:"),
        "{ran:?}"
    );
    assert_eq!(
        lines[1..],
        [
            "coverage: 1 of 2 statements touched (50 %)",
            "1 passed, 0 failed"
        ]
    );
    let coverage = &place
        .run(&["test", "c.json", "--coverage", "--format", "json"])
        .json()["coverage"];
    assert_eq!(
        (&coverage["touched"], &coverage["untouched"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(coverage["statements"][1]["touched"], false);
}

#[test]
fn accounts_are_found_beside_the_case() {
    let snapshot = format!(
        r#"{{"ramgate":1,"accounts":{{"1":{{"policies":{{"vpc":{{"document":{ALLOW_VPC}}}}},"users":{{"alice":{{"policies":["vpc"]}}}}}}}}}}"#
    );
    let case = |account: &str| {
        format!(
            r#"{{"name":"x","account":"{account}","request":{{"principal":"acs:ram::1:user/alice","action":"vpc:X","resource":"*"}},"expect":"Allow"}}"#
        )
    };
    let place = Place::with([
        ("known/snapshot.json", snapshot.as_str()),
        (
            "cases/a.json",
            &format!("[{},{}]", case("../known/snapshot.json"), case("../known")),
        ),
        ("cases/b.json", &case("none.json")),
    ]);
    let ran = place.run(&["test", "cases/a.json"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "2 passed, 0 failed\n")
    );
    let ran = place.run(&["test", "cases"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains("cases/none.json: cannot be read"),
        "{ran:?}"
    );
}
