//! `ramgate prove`: every form of property, witnesses that `check` confirms, snapshots, errors with their places.

use crate::place::Place;

const POLICIES: &str = r#"{ "identity": [{ "Version": "1", "Statement": [
    { "Effect": "Allow", "Action": "oss:*", "Resource": "*" },
    { "Effect": "Deny", "Action": "oss:Delete*", "Resource": "acs:oss:*:*:prod-*" }] }] }"#;

fn file(properties: &str) -> String {
    format!("{{ \"policies\": {POLICIES},\n  \"properties\": [ {properties} ] }}")
}

#[test]
fn every_form_holds_and_fails() {
    let alice = r#""principals": ["acs:ram::1234567890123456:user/alice"]"#;
    for (holds, property) in [
        (true, r#""never": { "actions": ["oss:DeleteObject"], "resources": ["acs:oss:*:*:prod-*"] }"#.to_owned()),
        (false, r#""never": { "actions": ["oss:DeleteObject"], "resources": ["acs:oss:*:*:test-*"] }"#.to_owned()),
        (true, format!(r#""always": {{ "actions": ["oss:Get*"], {alice} }}"#)),
        (false, format!(r#""always": {{ "actions": ["oss:Delete*"], {alice} }}"#)),
        (true, r#""within": { "actions": ["oss:*"] }, "only": { "actions": ["oss:*"] }"#.to_owned()),
        (false, r#""within": { "actions": ["oss:*"] }, "only": { "conditions": { "IpAddress": { "acs:SourceIp": "10.0.0.0/8" } } }"#.to_owned()),
        (true, format!(r#""within": {{ "actions": "oss:*" }}, "implies": {POLICIES}"#)),
        (false, r#""within": { "actions": "oss:*" }, "implies": { "identity": [{ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "oss:Get*", "Resource": "*" }] }] }"#.to_owned()),
    ] {
        let text = file(&format!(r#"{{ "name": "n", "why": "w", "rules": ["R1"], {property} }}"#));
        let place = Place::with([("f.json", &*text)]);
        let ran = place.run(&["prove", "f.json", "--format", "json"]);
        assert_eq!(ran.status, i32::from(!holds), "{property} {ran:?}");
        let answer = ran.json();
        let one = &answer["properties"][0];
        assert_eq!(one["verdict"], if holds { "holds" } else { "fails" });
        let policies: serde_json::Value = serde_json::from_str(POLICIES).unwrap();
        place.write("p.json", policies["identity"][0].to_string());
        for witness in one["witnesses"].as_array().unwrap() {
            place.write("witness.json", witness["witness"].to_string());
            let ran = place.check(&["--request", "witness.json"]);
            assert_eq!(ran.first_line(), witness["new"].as_str().unwrap());
        }
        assert_eq!(one["witnesses"].as_array().unwrap().is_empty(), holds);
    }
}

#[test]
fn the_text_shows_a_request_against_what_fails() {
    let text = file(
        r#"{ "name": "nobody deletes", "why": "There is no backup.", "rules": ["R7"],
      "never": { "actions": ["oss:DeleteObject"], "conditions": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } } }"#,
    );
    let place = Place::with([("f.json", &*text)]);
    let ran = place.run(&["prove", "f.json"]);
    assert_eq!(
        ran.stdout,
        "\
FAILS: nobody deletes
  at f.json:4:19
  There is no backup.
  rules: R7
  Allow: oss:DeleteObject on acs:oss:cn-hangzhou:1234567890123456:example/example
    when acs:SourceIp is 203.0.113.7
    by f.json:2:5 (statement 0)
0 hold, 1 fail
"
    );
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
}

const SNAPSHOT: &str = r#"{ "ramgate": 1, "accounts": {
  "1234567890123456": {
    "policies": { "read": { "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "oss:Get*", "Resource": "acs:oss:*:*:open/*" }] } } },
    "users": { "alice": { "id": "201111111111111111", "policies": ["read"] }, "bob": { "id": "202222222222222222" } },
    "resource_policies": [ { "resource": "acs:oss:*:1234567890123456:salaries", "document": { "Version": "1", "Statement": [
      { "Effect": "Allow", "Principal": ["202222222222222222"], "Action": "oss:GetObject", "Resource": "acs:oss:*:1234567890123456:salaries/*" }] } } ] } } }"#;

fn of_snapshot(property: &str) -> (i32, serde_json::Value) {
    let text =
        format!(r#"{{ "account": "s.json", "properties": [ {{ "name": "n", {property} }} ] }}"#);
    let place = Place::with([("f.json", &*text), ("s.json", SNAPSHOT)]);
    let ran = place.run(&["prove", "f.json", "--format", "json"]);
    let answer = ran.json();
    let one = &answer["properties"][0];
    for witness in one["witnesses"].as_array().unwrap() {
        place.write("witness.json", witness["witness"].to_string());
        let ran = place.run(&["check", "--account", "s.json", "--request", "witness.json"]);
        assert_eq!(
            ran.first_line(),
            witness["new"].as_str().unwrap(),
            "{witness}"
        );
    }
    (ran.status, one.clone())
}

#[test]
fn a_policy_on_a_resource_is_not_overlooked() {
    let salaries =
        r#""actions": ["oss:GetObject"], "resources": ["acs:oss:*:1234567890123456:salaries/*"]"#;
    let (status, one) = of_snapshot(&format!(r#""never": {{ {salaries} }}"#));
    assert_eq!(status, 1, "{one}");
    assert!(
        one["witnesses"]
            .as_array()
            .unwrap()
            .iter()
            .any(|witness| witness["witness"]["principal"] == "acs:ram::1234567890123456:user/bob"),
        "{one}"
    );
    let alice = r#""principals": ["acs:ram::*:user/alice"]"#;
    let (status, one) = of_snapshot(&format!(r#""never": {{ {salaries}, {alice} }}"#));
    assert_eq!(status, 0, "{one}");
}

#[test]
fn only_some_may() {
    let within =
        r#""within": { "actions": ["oss:GetObject"], "resources": ["acs:oss:*:*:open/*"] }"#;
    let only = |who: &str| {
        format!(r#"{within}, "only": {{ "principals": ["{who}", "acs:ram::*:root"] }}"#)
    };
    let (status, one) = of_snapshot(&only("acs:ram::*:user/alice"));
    assert_eq!(status, 0, "{one}");
    let (status, one) = of_snapshot(&only("acs:ram::*:user/bob"));
    assert_eq!(status, 1, "{one}");
    let (status, one) = of_snapshot(r#""never": { "principals": ["acs:ram::*:user/nobody"] }"#);
    assert_eq!((status, &one["verdict"]), (2, &"unknown".into()), "{one}");
}

#[test]
fn errors_have_their_places() {
    let text = file(
        r#"
{ "name": "a", "never": { "action": ["oss:*"], "conditions": { "StringEqual": { "acs:x": "y" } } } },
{ "name": "b", "never": {}, "always": {} },
{ "never": { "actions": ["DeleteVpc"], "resources": "bucket/*", "principals": ["acs:ram::1:user/*"] } },
{ "name": "d", "within": {}, "never": { "actions": [] } },
{ "name": "e", "only": { "principals": ["acs:ram::1:user/x"] } }"#,
    );
    let place = Place::with([("f.json", &*text), ("empty.json", r#"{"properties":[]}"#)]);
    let ran = place.run(&["prove", "f.json"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    for error in [
        "f.json:5:27: properties[0].never.action: unknown member \"action\"",
        "f.json:5:64: properties[0].never.conditions.StringEqual: unknown condition operator",
        "help: did you mean StringEquals?",
        "f.json:6:1: properties[1]: one of never, always, only and implies is missing",
        "f.json:7:1: properties[2]: name is missing",
        "f.json:7:26: properties[2].never.actions[0]: \"DeleteVpc\" is no action",
        "properties[2].never.resources: \"bucket/*\" is no resource",
        "properties[2].never.principals[0]: \"acs:ram::1:user/*\" is a pattern; only a snapshot tells who there is",
        "f.json:8:26: properties[3].within: within is for only and implies",
        "properties[3].never.actions: an empty list names nothing",
        "properties[4].only: principals here ask for those who are looked at",
    ] {
        assert!(ran.stderr.contains(error), "{error}\n{}", ran.stderr);
    }
    let ran = place.run(&["prove", "empty.json"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .contains("policies (or account, not both) is missing"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("no property: nothing would be checked"),
        "{ran:?}"
    );
}

#[test]
fn the_sample_holds() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let place = Place::with([]);
    let ran = place.run(&["prove", &format!("{root}/policies/properties/network.json")]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stdout.ends_with("5 hold, 0 fail\n"), "{ran:?}");
}
