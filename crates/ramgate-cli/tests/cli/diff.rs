//! `ramgate diff`: every relation, witnesses that `check` confirms, exit statuses, snapshots, what it refuses.

use serde_json::Value;

use crate::place::Place;

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)
}

fn allow(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
}

fn deny(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"Deny","Action":"{action}","Resource":"{resource}"}}"#)
}

const CIRCUITS: &str = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/*";

/// Runs every witness through `check` with the old and the new policies: it says what the difference says.
fn confirm(place: &Place, answer: &Value) {
    for side in ["new_access", "lost_access"] {
        for one in answer[side].as_array().unwrap() {
            place.write("witness.json", one["witness"].to_string());
            for (file, said) in [("old.json", &one["old"]), ("new.json", &one["new"])] {
                let arguments = ["check", "--policy", file, "--request", "witness.json"];
                let ran = place.run(&arguments);
                assert_eq!(ran.first_line(), said.as_str().unwrap(), "{one}");
            }
        }
    }
}

fn compared(old: &str, new: &str) -> (Place, Value) {
    let place = Place::with([("old.json", old), ("new.json", new)]);
    let ran = place.run(&["diff", "old.json", "new.json", "--format", "json"]);
    let answer = ran.json();
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    confirm(&place, &answer);
    (place, answer)
}

#[test]
fn every_relation_is_told_and_confirmed() {
    let less = policy(&allow("vpc:CancelPhysicalConnection", CIRCUITS));
    let more = policy(&format!(
        "{},{}",
        allow("vpc:CancelPhysicalConnection", CIRCUITS),
        allow("vpc:EnablePhysicalConnection", CIRCUITS)
    ));
    let other = policy(&allow("vpc:EnablePhysicalConnection", CIRCUITS));
    for (old, new, relation, gained, lost) in [
        (&less, &less, "equivalent", 0, 0),
        (&less, &more, "broader", 1, 0),
        (&more, &less, "narrower", 0, 1),
        (&less, &other, "incomparable", 1, 1),
    ] {
        let (_, answer) = compared(old, new);
        assert_eq!(answer["relation"], relation);
        assert_eq!(answer["new_access"].as_array().unwrap().len(), gained);
        assert_eq!(answer["lost_access"].as_array().unwrap().len(), lost);
    }
}

#[test]
fn the_text_reads_like_an_answer() {
    let old = policy(&allow("vpc:Describe*", "*"));
    let condition = r#"{"Effect":"Allow","Action":"vpc:CancelPhysicalConnection","Resource":"acs:vpc:cn-shanghai:*:physicalconnection/pc-*","Condition":{"IpAddress":{"acs:SourceIp":"203.0.113.0/24"}}}"#;
    let new = policy(&format!("{},\n  {condition}", allow("vpc:Describe*", "*")));
    let place = Place::with([("old.json", &*old), ("new.json", &*new)]);
    let ran = place.run(&["diff", "old.json", "new.json"]);
    assert_eq!(
        ran.stdout,
        "\
broader: new.json allows what old.json does not
+ vpc:CancelPhysicalConnection on acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-example
    when acs:SourceIp is 203.0.113.7
    by new.json:2:3 (statement 1); before: ImplicitDeny
"
    );
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
}

#[test]
fn a_deny_that_comes_or_goes_is_the_cause() {
    let plain = policy(&allow("oss:*", "*"));
    let fenced = policy(&format!(
        "{},\n{}",
        allow("oss:*", "*"),
        deny("oss:Delete*", "acs:oss:*:*:prod-*")
    ));
    let (place, answer) = compared(&plain, &fenced);
    assert_eq!(answer["lost_access"][0]["because"][0]["at"], "new.json:2:1");
    let ran = place.run(&["diff", "new.json", "old.json"]);
    assert!(
        ran.stdout
            .contains("no longer denied by new.json:2:1 (statement 1); before: ExplicitDeny"),
        "{ran:?}"
    );
    let ran = place.run(&["diff", "old.json", "new.json"]);
    assert!(
        ran.stdout
            .contains("denied by new.json:2:1 (statement 1); now: ExplicitDeny"),
        "{ran:?}"
    );
}

#[test]
fn fail_on_turns_the_exit_status() {
    let less = policy(&allow("vpc:CancelPhysicalConnection", CIRCUITS));
    let more = policy(&allow("vpc:*", CIRCUITS));
    let place = Place::with([("less.json", &*less), ("more.json", &*more)]);
    for (old, new, fail_on, status) in [
        ("less.json", "more.json", "broader", 1),
        ("less.json", "more.json", "narrower", 0),
        ("less.json", "more.json", "any", 1),
        ("more.json", "less.json", "broader", 0),
        ("more.json", "less.json", "narrower", 1),
        ("more.json", "more.json", "any", 0),
    ] {
        let ran = place.run(&["diff", old, new, "--fail-on", fail_on]);
        assert_eq!(ran.status, status, "{old} {new} {fail_on}");
    }
}

#[test]
fn what_is_not_known_is_no_yes() {
    // A principal whose name holds a wildcard in the middle: not every caller can be looked at.
    let bucket = |user: &str| {
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Principal":{{"RAM":["acs:ram::1234567890123456:user/{user}"]}},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    let (old, new) = (bucket("a*b"), bucket("a*b*"));
    let place = Place::with([("old.json", &*old), ("new.json", &*new)]);
    let ran = place.run(&["diff", "--kind", "trust", "new.json", "new.json"]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.first_line().starts_with("unknown: "), "{ran:?}");
    assert!(ran.stdout.contains("  not known: "), "{ran:?}");
    let ran = place.run(&[
        "diff", "--kind", "trust", "new.json", "new.json", "--format", "json",
    ]);
    assert_eq!(ran.json()["relation"], "unknown");
    assert!(!ran.json()["unknown"].as_array().unwrap().is_empty());
}

#[test]
fn the_kind_can_be_said() {
    let guard = policy(&format!("{},{}", allow("*", "*"), deny("ecs:Delete*", "*")));
    let none = policy(&allow("*", "*"));
    let place = Place::with([("old.json", &*guard), ("new.json", &*none)]);
    let ran = place.run(&["diff", "--kind", "control", "old.json", "new.json"]);
    assert!(ran.first_line().starts_with("broader: "), "{ran:?}");
    assert!(ran.stdout.contains("+ ecs:Delete"), "{ran:?}");
    let bucket = |id: &str| {
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Principal":["{id}"],"Action":"oss:GetObject","Resource":"acs:oss:*:*:b/*"}}]}}"#
        )
    };
    place.write("old.json", bucket("201111111111111111"));
    place.write("new.json", bucket("202222222222222222"));
    let ran = place.run(&["diff", "--kind", "bucket", "old.json", "new.json"]);
    assert!(ran.first_line().starts_with("incomparable: "), "{ran:?}");
    assert!(ran.stdout.contains("(id 202222222222222222)"), "{ran:?}");
}

#[test]
fn directories_and_cases_are_compared_too() {
    let (a, b) = (
        policy(&allow("vpc:Describe*", "*")),
        policy(&allow("ecs:Describe*", "*")),
    );
    let place = Place::with([
        ("old/a.json", &*a),
        ("new/a.json", &*a),
        ("new/b.json", &*b),
    ]);
    let ran = place.run(&["diff", "old", "new"]);
    assert!(
        ran.first_line()
            .starts_with("broader: new allows what old does not"),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains("by new/b.json:1:29 (statement 0)"),
        "{ran:?}"
    );
    let case = |name: &str, policy: &str| {
        format!(
            r#"{{"name":"{name}","policies":{{"identity":[{policy}]}},"request":{{"action":"vpc:X","resource":"*"}},"expect":"Allow"}}"#
        )
    };
    place.write("one.json", case("x", &a));
    place.write("two.json", format!("[{},{}]", case("x", &b), case("y", &a)));
    let ran = place.run(&["diff", "one.json", "two.json"]);
    assert!(ran.first_line().starts_with("incomparable: "), "{ran:?}");
    assert!(ran.stdout.contains("new: y\nx:\n+ ecs:"), "{ran:?}");
}

fn snapshot(users: &str, ops: &str) -> String {
    format!(
        r#"{{ "ramgate": 1, "accounts": {{ "1234567890123456": {{
  "policies": {{
    "read": {{ "document": {{"Version":"1","Statement":[{{"Effect":"Allow","Action":"vpc:Describe*","Resource":"*"}}]}} }},
    "ops": {{ "document": {{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{ops}","Resource":"*"}}]}} }} }},
  "groups": {{ "ops": {{ "policies": ["ops"] }} }},
  "users": {{ {users} }} }} }} }}"#
    )
}

#[test]
fn snapshots_are_compared_principal_by_principal() {
    let users = r#""alice": { "groups": ["ops"] }, "bob": { "groups": ["ops"] }, "carol": { "policies": ["read"] }"#;
    let more = r#""alice": { "groups": ["ops"] }, "bob": { "groups": ["ops"] }, "dave": { "policies": ["read"] }"#;
    let old = snapshot(users, "vpc:CancelPhysicalConnection");
    let new = snapshot(more, "vpc:*PhysicalConnection");
    let place = Place::with([("old.json", &*old), ("new.json", &*new)]);
    let ran = place.run(&["diff", "old.json", "new.json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let user = |name: &str| format!("acs:ram::1234567890123456:user/{name}");
    let (alice, bob) = (user("alice"), user("bob"));
    assert!(
        ran.stdout.contains(&format!("new: {}\n", user("dave"))),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains(&format!("gone: {}\n", user("carol"))),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains(&format!("{alice}, {bob}:\n+ vpc:")),
        "{ran:?}"
    );
    let ran = place.run(&["diff", "old.json", "new.json", "--format", "json"]);
    let answer = ran.json();
    assert_eq!(answer["relation"], "incomparable");
    assert_eq!(answer["appeared"], serde_json::json!([user("dave")]));
    let of_alice = answer["new_access"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["principals"][0] == *alice)
        .unwrap();
    place.write("witness.json", of_alice["witness"].to_string());
    for (file, status) in [("old.json", 1), ("new.json", 0)] {
        let ran = place.run(&["check", "--account", file, "--request", "witness.json"]);
        assert_eq!(ran.status, status, "{ran:?}");
    }
    let ran = place.run(&["diff", "old.json", "old.json", "--fail-on", "any"]);
    assert_eq!(
        (ran.status, ran.first_line()),
        (
            0,
            "equivalent: old.json allows the same requests as old.json"
        )
    );
}

#[test]
fn access_to_other_accounts_is_not_overlooked() {
    let with = |resource: &str| {
        format!(
            r#"{{ "ramgate": 1, "accounts": {{ "1234567890123456": {{
  "policies": {{ "p": {{ "document": {{"Version":"1","Statement":[{{"Effect":"Allow","Action":"oss:GetObject","Resource":"{resource}"}}]}} }} }},
  "users": {{ "alice": {{ "policies": ["p"] }} }} }} }} }}"#
        )
    };
    let (old, new) = (
        with("acs:oss:*:1234567890123456:b/*"),
        with("acs:oss:*:2345678901234567:b/*"),
    );
    let place = Place::with([("old.json", &*old), ("new.json", &*new)]);
    let ran = place.run(&["diff", "old.json", "new.json"]);
    assert!(ran.first_line().starts_with("incomparable: "), "{ran:?}");
    assert!(
        ran.stdout
            .contains("2345678901234567:b/example\n    if the resource's account is another"),
        "{ran:?}"
    );
}

#[test]
fn what_cannot_be_compared_is_said() {
    let place = Place::with([
        ("p.json", &*policy(&allow("vpc:*", "*"))),
        (
            "bad.json",
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc","Resource":"*"}]}"#,
        ),
        (
            "plan.json",
            r#"{"format_version":"1.2","resource_changes":[]}"#,
        ),
        ("snapshot.json", r#"{"ramgate":1,"accounts":{}}"#),
        ("broken.json", "{"),
    ]);
    for (old, new, error) in [
        ("p.json", "bad.json", "bad.json:1:56: Statement[0].Action: "),
        (
            "plan.json",
            "p.json",
            "plan.json: a Terraform plan is either compared with itself, before and after, or laid over a snapshot",
        ),
        (
            "p.json",
            "snapshot.json",
            "p.json holds policies and snapshot.json holds a snapshot",
        ),
        ("p.json", "none.json", "none.json: cannot be read"),
        ("broken.json", "p.json", "broken.json:1:"),
    ] {
        let ran = place.run(&["diff", old, new]);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{old} {new}");
        assert!(ran.stderr.contains(error), "{ran:?}");
    }
}
