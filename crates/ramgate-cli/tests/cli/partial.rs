//! `ramgate check --partial`: decisions whatever the rest of the context is, and the conditions that remain.

use crate::place::Place;

/// From the office, and whoever deletes needs more than a password.
const POLICY: &str = r#"{"Version":"1","Statement":[
  {"Effect":"Allow","Action":"vpc:*","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":"203.0.113.0/24"}}},
  {"Effect":"Deny","Action":"vpc:Delete*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}},
  {"Effect":"Allow","Action":"ecs:*","Resource":"*"},
  {"Effect":"Deny","Action":"ecs:Delete*","Resource":"*","Condition":{"DateLessThan":{"acs:CurrentTime":"2020-01-01T00:00:00Z"}}}]}"#;

fn ask(place: &Place, action: &str, more: &[&str]) -> crate::place::Ran {
    let asked = ["--action", action, "--resource", "*", "--partial"];
    place.check(&[&asked, more].concat())
}

#[test]
fn what_remains_is_told_with_its_statements() {
    let place = Place::with([("p.json", POLICY)]);
    let ran = ask(&place, "vpc:DeleteVpc", &[]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(
        ran.stdout,
        "\
Conditional
  allowed where IpAddress acs:SourceIp in 203.0.113.0/24
    of statement 0 of p (identity), at p.json:2:3
  and not (Bool acs:MFAPresent false)
    of statement 1 of p (identity), at p.json:3:3
  else denied: explicitly where Bool acs:MFAPresent false
    of statement 1 of p (identity), at p.json:3:3
  else implicitly
  it can be allowed by statement 0 of p (identity), at p.json:2:3
  not known: acs:MFAPresent, acs:SourceIp
"
    );
}

#[test]
fn what_is_known_is_no_condition_any_more() {
    let place = Place::with([("p.json", POLICY)]);
    let inside = ["--context", "acs:SourceIp=203.0.113.7"];
    for (action, more, word, status) in [
        ("vpc:DescribeVpcs", &inside[..], "Allow", 0),
        (
            "vpc:DescribeVpcs",
            &["--absent", "acs:SourceIp"],
            "ImplicitDeny",
            1,
        ),
        (
            "vpc:DescribeVpcs",
            &["--unknown", "acs:MFAPresent"],
            "ImplicitDeny",
            1,
        ),
        (
            "vpc:DescribeVpcs",
            &["--unknown", "acs:SourceIp"],
            "Conditional",
            1,
        ),
        (
            "vpc:DeleteVpc",
            &["--context", "acs:SourceIp=10.0.0.1"],
            "Deny",
            1,
        ),
        (
            "vpc:DeleteVpc",
            &["--context", "acs:MFAPresent=false"],
            "ExplicitDeny",
            1,
        ),
        ("ecs:StopInstance", &[], "Allow", 0),
        // The time is unknown, unless something else alone is, or it is given.
        ("ecs:DeleteInstance", &[], "Conditional", 1),
        (
            "ecs:DeleteInstance",
            &["--unknown", "acs:SourceIp"],
            "Allow",
            0,
        ),
        (
            "ecs:DeleteInstance",
            &["--unknown", "acs:CurrentTime"],
            "Conditional",
            1,
        ),
        (
            "ecs:DeleteInstance",
            &["--now", "2019-01-01T00:00:00Z"],
            "ExplicitDeny",
            1,
        ),
    ] {
        let ran = ask(&place, action, more);
        assert_eq!(
            (ran.first_line(), ran.status),
            (word, status),
            "{action} {more:?} {ran:?}"
        );
    }
}

#[test]
fn programs_get_the_conditions_as_a_list_of_what_must_all_hold() {
    let place = Place::with([("p.json", POLICY)]);
    let answer = ask(&place, "vpc:DeleteVpc", &["--format", "json"]).json();
    assert_eq!(answer["decision"], "Conditional");
    assert!(answer["allowed"].is_null());
    assert_eq!(answer["simplified"], true);
    assert_eq!(
        answer["unknown"],
        serde_json::json!(["acs:MFAPresent", "acs:SourceIp"])
    );
    let conditions = &answer["conditions"];
    assert_eq!(conditions[0]["operator"], "IpAddress");
    assert_eq!(conditions[0]["key"], "acs:SourceIp");
    assert_eq!(conditions[0]["values"][0], "203.0.113.0/24");
    assert_eq!(conditions[0]["statements"][0]["at"], "p.json:2:3");
    assert_eq!(conditions[1]["not"]["key"], "acs:MFAPresent");
    assert_eq!(conditions[1]["not"]["effect"], "Deny");
    assert_eq!(answer["explicit"][0]["key"], "acs:MFAPresent");
    assert_eq!(answer["request"]["action"], "vpc:DeleteVpc");
    let sure = ask(&place, "ecs:StopInstance", &["--format", "json"]).json();
    assert_eq!(
        (&sure["allowed"], &sure["conditions"]),
        (&true.into(), &serde_json::json!([]))
    );
}

#[test]
fn one_value_for_each_key_may_be_taken_for_granted() {
    let text = r#"{"Version":"1","Statement":[
      {"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"acs:TLSVersion":"1.2"}}},
      {"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericGreaterThanEquals":{"acs:TLSVersion":"1.2"}}},
      {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"acs:TLSVersion":"1"},"NumericGreaterThan":{"acs:TLSVersion":"2"}}}]}"#;
    let place = Place::with([("p.json", text)]);
    let with_both = ask(&place, "ecs:StopInstance", &[]);
    assert!(
        with_both.stdout.contains("not (NumericLessThan"),
        "{with_both:?}"
    );
    let with_one = ask(&place, "ecs:StopInstance", &["--single-valued"]);
    assert!(
        !with_one.stdout.contains("not (NumericLessThan"),
        "{with_one:?}"
    );
}

#[test]
fn the_flags_belong_together() {
    let place = Place::with([("p.json", POLICY), ("r.jsonl", "")]);
    for arguments in [
        &[
            "--action",
            "a:B",
            "--resource",
            "*",
            "--absent",
            "acs:SourceIp",
        ][..],
        &[
            "--action",
            "a:B",
            "--resource",
            "*",
            "--unknown",
            "acs:SourceIp",
        ],
        &["--requests", "r.jsonl", "--partial"],
    ] {
        assert_eq!(place.check(arguments).status, 2, "{arguments:?}");
    }
}
