//! `ramgate check`: answers, their reasons, and every flag.

use serde_json::json;

use crate::place::{ALLOW_VPC, Place, Ran};

const CIRCUIT: &str = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-1";
const ALICE: &str = "acs:ram::1234567890123456:user/alice";

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)
}

/// Asks for one action on one circuit.
fn cancel(place: &Place, more: &[&str]) -> Ran {
    let asked = [
        "--action",
        "vpc:CancelPhysicalConnection",
        "--resource",
        CIRCUIT,
    ];
    place.check(&[&asked, more].concat())
}

fn with_policy(statements: &str) -> Place {
    Place::with([("p.json", policy(statements).as_str())])
}

#[test]
fn allow_says_which_statement() {
    let place = Place::with([("p.json", ALLOW_VPC)]);
    let ran = cancel(&place, &[]);
    assert_eq!(ran.status, 0);
    assert_eq!(
        ran.stdout,
        "Allow\n  allowed by statement 0 of p (identity), at p.json:1:29\n  stages: identity Allow\n"
    );
    assert_eq!(ran.stderr, "");
}

#[test]
fn explicit_deny_says_which_statement() {
    let place = with_policy(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},
           {"Sid":"no-cancel","Effect":"Deny","Action":"vpc:Cancel*","Resource":"*"}"#,
    );
    let ran = cancel(&place, &[]);
    assert_eq!((ran.status, ran.first_line()), (1, "ExplicitDeny"));
    assert!(
        ran.stdout
            .contains("denied by statement 1 of p (identity), at p.json:2:12 (Sid no-cancel)"),
        "{ran:?}"
    );
}

#[test]
fn implicit_deny_names_the_nearest_miss_and_every_condition_that_failed() {
    let place = with_policy(
        r#"{"Effect":"Allow","Action":"vpc:*","Resource":"*",
            "Condition":{"IpAddress":{"acs:SourceIp":"203.0.113.0/24"},"Bool":{"acs:MFAPresent":"true"}}}"#,
    );
    let ran = cancel(&place, &["--context", "acs:SourceIp=198.51.100.9"]);
    assert_eq!((ran.status, ran.first_line()), (1, "ImplicitDeny"));
    for line in [
        format!("  no identity policy allows vpc:CancelPhysicalConnection on {CIRCUIT}\n"),
        "  nearest: statement 0 of p (identity), at p.json:1:29\n".to_owned(),
        "    fails: condition: IpAddress acs:SourceIp: 198.51.100.9 is in none of 203.0.113.0/24\n"
            .to_owned(),
        "    fails: condition: Bool acs:MFAPresent: ".to_owned(),
    ] {
        assert!(ran.stdout.contains(&line), "{line}\n{}", ran.stdout);
    }
    assert!(ran.stdout.lines().count() <= 12);
}

#[test]
fn implicit_deny_without_anything_near() {
    let ran = with_policy(r#"{"Effect":"Allow","Action":"ecs:*","Resource":"*"}"#);
    let ran = cancel(&ran, &[]);
    assert_eq!((ran.status, ran.first_line()), (1, "ImplicitDeny"));
    assert!(ran.stdout.contains("no statement comes near it"), "{ran:?}");
}

#[test]
fn json_has_the_shape_of_the_contract() {
    let place = Place::with([("p.json", ALLOW_VPC)]);
    let context = [
        "--principal",
        ALICE,
        "--context",
        "acs:RequestTag/team=net",
        "--context",
        "acs:RequestTag/team=ops",
    ];
    let more = [
        &context[..],
        &["--now", "2026-07-01T08:00:00Z", "--format", "json"],
    ]
    .concat();
    let ran = cancel(&place, &more);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let answer = ran.json();
    assert_eq!(answer["decision"], "Allow");
    assert_eq!(answer["allowed"], true);
    assert_eq!(answer["stage"], "identity");
    assert_eq!(
        answer["determined_by"],
        json!([{ "stage": "identity", "policy": "p", "statement": 0, "sid": null, "because": [], "effect": "Allow", "at": "p.json:1:29" }])
    );
    assert_eq!(
        answer["stages"],
        json!([{ "stage": "identity", "decision": "Allow" }])
    );
    assert_eq!(answer["near_misses"], json!([]));
    assert_eq!(answer["doubts"], json!([]));
    assert_eq!(answer["access_denied_detail"], json!(null));
    assert_eq!(
        answer["request"],
        json!({
            "principal": ALICE,
            "action": "vpc:CancelPhysicalConnection",
            "resource": CIRCUIT,
            "context": { "acs:RequestTag/team": ["net", "ops"], "acs:CurrentTime": "2026-07-01T08:00:00Z" }
        })
    );
    assert!(
        ran.stdout.lines().count() > 10,
        "one document for one request is printed over lines"
    );
}

#[test]
fn json_of_a_denial_has_details_and_near_misses() {
    let place = with_policy(
        r#"{"Effect":"Allow","Action":"vpc:*","Resource":"*","Condition":{"StringNotEquals":{"acs:SourceVpc":"vpc-1"}}}"#,
    );
    let ran = cancel(&place, &["--principal", ALICE, "--format", "json"]);
    assert_eq!(ran.status, 1);
    let answer = ran.json();
    assert_eq!(answer["near_misses"][0]["failed"], "condition");
    assert_eq!(answer["doubts"][0]["rule"], "O20");
    assert_eq!(
        answer["access_denied_detail"]["NoPermissionType"],
        "ImplicitDeny"
    );
    assert_eq!(
        answer["access_denied_detail"]["AuthPrincipalDisplayName"],
        "alice"
    );
}

#[test]
fn open_rules_may_be_chosen_otherwise() {
    let place = with_policy(
        r#"{"Effect":"Allow","Action":"vpc:*","Resource":"*","Condition":{"StringNotEquals":{"acs:SourceVpc":"vpc-1"}}}"#,
    );
    let ran = cancel(&place, &[]);
    assert!(
        ran.stdout
            .contains("in doubt (O20): p, statement 0: StringNotEquals acs:SourceVpc"),
        "{ran:?}"
    );
    assert_eq!(cancel(&place, &["--absent-negated", "deny"]).status, 1);
    assert_eq!(cancel(&place, &["--absent-negated", "grant"]).status, 0);
}

#[test]
fn policies_come_from_files_directories_and_patterns() {
    let deny = policy(r#"{"Effect":"Deny","Action":"vpc:Cancel*","Resource":"*"}"#);
    let place = Place::with([
        ("p.json", ALLOW_VPC),
        ("a/b/deep.json", &deny),
        ("a/notes.txt", "no policy"),
        ("a/.git/x.json", "no policy either"),
    ]);
    assert_eq!(cancel(&place, &[]).status, 0);
    assert_eq!(
        cancel(&place, &["--policy", "a"]).first_line(),
        "ExplicitDeny"
    );
    assert_eq!(
        cancel(&place, &["--policy", "a/**/*.json"]).first_line(),
        "ExplicitDeny"
    );
    assert_eq!(
        cancel(&place, &["--policy", "a/*/d??p.json", "p.json"]).first_line(),
        "ExplicitDeny"
    );
    let ran = place.run_on(
        &deny,
        &[
            "check",
            "--policy",
            "-",
            "p.json",
            "--action",
            "vpc:CancelX",
            "--resource",
            "*",
        ],
    );
    assert_eq!(ran.first_line(), "ExplicitDeny");
    assert!(ran.stdout.contains("at <stdin>:1:29"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_leads_back_to_itself_ends() {
    let place = Place::with([("a/p.json", ALLOW_VPC)]);
    std::os::unix::fs::symlink("..", place.path("a/up")).unwrap();
    let ran = place.run(&[
        "check",
        "--policy",
        "a",
        "--action",
        "vpc:X",
        "--resource",
        "*",
    ]);
    assert_eq!(ran.status, 0, "{ran:?}");
}

#[test]
fn several_resources_get_the_worst_answer() {
    let place = with_policy(
        r#"{"Effect":"Allow","Action":"vpc:*","Resource":"acs:vpc:*:*:physicalconnection/pc-1"}"#,
    );
    let other = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-2";
    assert_eq!(cancel(&place, &[]).status, 0);
    let ran = cancel(&place, &["--resource", other]);
    assert_eq!((ran.status, ran.first_line()), (1, "ImplicitDeny"));
    assert!(
        ran.stdout
            .contains(&format!("on {other}, one of 2 resources")),
        "{ran:?}"
    );
}

#[test]
fn a_request_may_come_from_a_file_or_standard_input() {
    let request = format!(
        r#"{{"principal":"{ALICE}","action":"vpc:CancelPhysicalConnection","resource":["{CIRCUIT}"],
            "session_policy":null,"context":{{"acs:MFAPresent":true}}}}"#
    );
    let place = Place::with([("p.json", ALLOW_VPC), ("request.json", &request)]);
    assert_eq!(place.check(&["--request", "request.json"]).status, 0);
    let ran = place.run_on(&request, &["check", "--policy", "p.json", "--request", "-"]);
    assert_eq!((ran.status, ran.first_line()), (0, "Allow"));
}

#[test]
fn the_time_is_now_unless_the_request_says_otherwise() {
    let place = with_policy(
        r#"{"Effect":"Allow","Action":"vpc:*","Resource":"*","Condition":{"DateLessThan":{"acs:CurrentTime":"2020-01-01T00:00:00Z"}}}"#,
    );
    let now = cancel(&place, &[]);
    assert_eq!(now.status, 1);
    assert!(
        now.stderr.starts_with("note: acs:CurrentTime taken as 20"),
        "{now:?}"
    );
    let then = cancel(&place, &["--now", "2019-06-01T00:00:00+08:00"]);
    assert_eq!(then.status, 0);
    assert_eq!(
        then.stderr,
        "note: acs:CurrentTime taken as 2019-05-31T16:00:00Z\n"
    );
    let given = cancel(
        &place,
        &["--context", "acs:currenttime=2019-06-01T00:00:00Z"],
    );
    assert_eq!((given.status, given.stderr.as_str()), (0, ""));
    let json = cancel(&place, &["--format", "json"]);
    assert_eq!((json.status, json.stderr.as_str()), (1, ""));
}

#[test]
fn session_policies_bound_a_session() {
    let place = Place::with([
        ("p.json", ALLOW_VPC),
        (
            "s.json",
            &policy(r#"{"Effect":"Allow","Action":"vpc:Describe*","Resource":"*"}"#),
        ),
    ]);
    let session = [
        "--principal",
        "acs:ram::1234567890123456:assumed-role/ops/x",
        "--session-policy",
        "s.json",
    ];
    let ran = cancel(&place, &session);
    assert_eq!((ran.status, ran.first_line()), (1, "ImplicitDeny"));
    assert!(
        ran.stdout
            .contains("no session policy allows vpc:CancelPhysicalConnection"),
        "{ran:?}"
    );
}

#[test]
fn trust_policies_let_roles_be_assumed() {
    let trust = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;
    let place = Place::with([("trust.json", trust)]);
    let asked = [
        "--action",
        "sts:AssumeRole",
        "--resource",
        "acs:ram::1234567890123456:role/probe",
    ];
    let check = |who: &str| {
        place.run(
            &[
                &["check", "--trust-policy", "trust.json", "--principal", who],
                &asked[..],
            ]
            .concat(),
        )
    };
    assert_eq!(check("Service:ecs.aliyuncs.com").status, 0);
    assert_eq!(check("Service:ess.aliyuncs.com").status, 1);
}

#[test]
fn resource_policies_are_read_for_the_service_of_the_request() {
    let bucket = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject","Principal":["2222"],"Resource":"acs:oss:*:1234567890123456:b/*"}]}"#;
    let place = Place::with([("bucket.json", bucket)]);
    let check = |resource: &str, action: &str| {
        let who = [
            "--principal",
            "acs:ram::2345678901234567:user/frank",
            "--principal-id",
            "2222",
        ];
        let asked = ["--action", action, "--resource", resource];
        place.run(
            &[
                &["check", "--resource-policy", "bucket.json"],
                &who[..],
                &asked[..],
            ]
            .concat(),
        )
    };
    assert_eq!(
        check("acs:oss:*:1234567890123456:b/x", "oss:GetObject").status,
        0
    );
    // A key policy names its principals in another form.
    let ran = check("acs:kms:cn-shanghai:1234567890123456:key/x", "kms:Decrypt");
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.starts_with("error: bucket.json:1:"), "{ran:?}");
}

#[test]
fn endpoint_policies_are_gates() {
    let gate = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc:Describe*","Principal":["*"],"Resource":"*"}]}"#;
    let place = Place::with([("p.json", ALLOW_VPC), ("gate.json", gate)]);
    let ran = cancel(
        &place,
        &["--principal", ALICE, "--endpoint-policy", "gate.json"],
    );
    assert_eq!((ran.status, ran.first_line()), (1, "ImplicitDeny"));
    assert!(ran.stdout.contains("no endpoint policy allows"), "{ran:?}");
}

#[test]
fn resource_owner_says_whose_it_is_where_the_arn_does_not() {
    let place = Place::with([("p.json", ALLOW_VPC)]);
    let check = |owner: &str| {
        place.check(&[
            "--principal",
            ALICE,
            "--action",
            "vpc:X",
            "--resource",
            "acs:vpc:*::x/y",
            "--resource-owner",
            owner,
        ])
    };
    assert_eq!(check("1234567890123456").status, 0);
    assert_eq!(check("9999999999999999").status, 1);
    let ran = cancel(&place, &["--resource-owner", "9999999999999999"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.starts_with("error: resource_owner"), "{ran:?}");
}

#[test]
fn lenient_reading_warns_and_strict_reading_refuses() {
    let lone = r#"{"Version":"1","Statement":{"Effect":"Allow","Action":"vpc:*","Resource":"*"}}"#;
    let place = Place::with([("p.json", lone)]);
    let strict = cancel(&place, &[]);
    assert_eq!((strict.status, strict.stdout.as_str()), (2, ""));
    assert!(
        strict.stderr.starts_with("error: p.json:1:28: Statement: "),
        "{strict:?}"
    );
    let lenient = cancel(&place, &["--lenient"]);
    assert_eq!((lenient.status, lenient.first_line()), (0, "Allow"));
    assert!(
        lenient
            .stderr
            .starts_with("warning: p.json:1:28: Statement: "),
        "{lenient:?}"
    );
}

#[test]
fn system_policies_have_no_size_limit() {
    let actions = (0..500)
        .map(|n| format!(r#""vpc:Describe{n:020}""#))
        .collect::<Vec<_>>()
        .join(",");
    let place = with_policy(&format!(
        r#"{{"Effect":"Allow","Action":["vpc:Cancel*",{actions}],"Resource":"*"}}"#
    ));
    let custom = cancel(&place, &[]);
    assert_eq!(custom.status, 2);
    assert!(custom.stderr.contains("(L1)"), "{custom:?}");
    assert_eq!(cancel(&place, &["--system"]).status, 0);
}

const SNAPSHOT: &str = r#"{
  "ramgate": 1,
  "accounts": {
    "1234567890123456": {
      "policies": {
        "vpc": { "type": "Custom", "file": "documents/vpc.json" },
        "no-cancel": { "type": "Custom", "document": { "Version": "1", "Statement": [
          { "Effect": "Deny", "Action": "vpc:Cancel*", "Resource": "*" } ] } }
      },
      "users": { "alice": { "policies": ["vpc"], "resource_groups": { "rg-1": ["no-cancel"] } } }
    }
  }
}"#;

#[test]
fn accounts_come_from_a_snapshot_or_a_directory_of_them() {
    let (users, policies) = (
        r#"{"ramgate":1,"accounts":{"1234567890123456":{"users":{"alice":{"policies":["vpc"]}}}}}"#,
        format!(
            r#"{{"ramgate":1,"accounts":{{"1234567890123456":{{"policies":{{"vpc":{{"document":{ALLOW_VPC}}}}}}}}}}}"#
        ),
    );
    let place = Place::with([
        ("known/snapshot.json", SNAPSHOT),
        ("known/documents/vpc.json", ALLOW_VPC),
        ("split/a.json", users),
        ("split/b/c.json", &policies),
    ]);
    let check = |account: &str, more: &[&str]| {
        let asked = [
            "--principal",
            ALICE,
            "--action",
            "vpc:CancelPhysicalConnection",
            "--resource",
            CIRCUIT,
        ];
        place.run(&[&["check", "--account", account], &asked[..], more].concat())
    };
    let ran = check("known/snapshot.json", &[]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stdout
            .contains("statement 0 of vpc (identity), at known/documents/vpc.json:1:29"),
        "{ran:?}"
    );
    assert_eq!(check("split", &[]).status, 0);
    let in_group = ["--resource-group", "rg-1"];
    assert_eq!(check("known/snapshot.json", &in_group).status, 0);
    let wins = check(
        "known/snapshot.json",
        &[&in_group[..], &["--group-deny", "wins"]].concat(),
    );
    assert_eq!((wins.status, wins.first_line()), (1, "ExplicitDeny"));
    let ignored = check(
        "known/snapshot.json",
        &[&in_group[..], &["--group-deny", "ignored"]].concat(),
    );
    assert_eq!(ignored.status, 0);
}

#[test]
fn somebody_whom_the_snapshot_does_not_know_gets_no_answer() {
    let place = Place::with([
        ("snapshot.json", SNAPSHOT),
        ("documents/vpc.json", ALLOW_VPC),
    ]);
    let ran = place.run(&[
        "check",
        "--account",
        "snapshot.json",
        "--principal",
        "acs:ram::1234567890123456:user/bob",
        "--action",
        "vpc:X",
        "--resource",
        "*",
    ]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("user/bob"), "{ran:?}");
}

#[test]
fn a_case_is_answered_whatever_it_expects() {
    let case = format!(
        r#"{{"name":"x","policies":{{"identity":[{ALLOW_VPC}]}},"request":{{"action":"vpc:X","resource":"*"}},"expect":"ImplicitDeny"}}"#
    );
    let place = Place::with([
        ("case.json", &case),
        ("cases.json", &format!("[{case},{case}]")),
    ]);
    let ran = place.run(&["check", "--case", "case.json"]);
    assert_eq!(
        (ran.status, ran.first_line(), ran.stderr.as_str()),
        (0, "Allow", "")
    );
    assert!(
        ran.stdout
            .contains("statement 0 of identity[0] (identity), at case.json:1:"),
        "{ran:?}"
    );
    let json = place
        .run(&["check", "--case", "case.json", "--format", "json"])
        .json();
    assert_eq!(
        json["request"]["context"],
        json!({}),
        "no clock is read for a case"
    );
    let ran = place.run(&["check", "--case", "cases.json"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("holds 2 cases"), "{ran:?}");
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    let place = Place::with([("p.json", ALLOW_VPC)]);
    assert_eq!(cancel(&place, &["--color", "auto"]).first_line(), "Allow");
    assert_eq!(cancel(&place, &["--color", "never"]).first_line(), "Allow");
    assert!(
        cancel(&place, &["--color", "always"])
            .first_line()
            .contains("\u{1b}[")
    );
    let json = cancel(&place, &["--color", "always", "--format", "json"]);
    assert!(!json.stdout.contains('\u{1b}'));
}

#[test]
fn what_files_hold_cannot_move_the_cursor() {
    let place = with_policy(
        r#"{"Sid":"a\u001b[2Jb\u202ec\nAllow","Effect":"Allow","Action":"vpc:*","Resource":"*"}"#,
    );
    let ran = cancel(&place, &["--color", "always"]);
    assert!(
        ran.stdout.contains(r"(Sid a\u{1b}[2Jb\u{202e}c\nAllow)"),
        "{ran:?}"
    );
    let json = cancel(&place, &["--color", "always", "--format", "json"]);
    assert_eq!(
        json.json()["determined_by"][0]["sid"],
        "a\u{1b}[2Jb\u{202e}c\nAllow"
    );
}
