//! What an explanation says: its shape (contracts, section 5), the reasons, the near misses, RAM's own words.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use ramgate::{Case, Explanation, Source};
use serde_json::{Value, json};

const CIRCUIT: &str = "acs:vpc:cn-shanghai:1111222233334444:physicalconnection/pc-1";

fn explain(policies: &Value, request: &Value) -> Explanation {
    let case = json!({ "name": "n", "policies": policies, "request": request });
    let source = Source::new("case.json", serde_json::to_string_pretty(&case).unwrap());
    let cases = Case::read_all(&source, &mut |_, _| Err("none".to_owned()))
        .unwrap_or_else(|error| panic!("{error}"));
    cases[0].explain().unwrap_or_else(|error| panic!("{error}"))
}

fn request(principal: &str, context: &Value) -> Value {
    json!({ "principal": principal, "action": "vpc:CancelPhysicalConnection", "resource": CIRCUIT, "context": context })
}

fn alice(context: &Value) -> Value {
    request("acs:ram::1111222233334444:user/alice", context)
}

fn policy(statements: &Value) -> Value {
    json!({ "Version": "1", "Statement": statements })
}

fn allow(action: &str, resource: &str, condition: &Value) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition })
}

#[test]
fn the_serialized_form_is_the_contracts() {
    let policies = json!({
        "control": [[policy(&json!([{ "Sid": "guard", "Effect": "Deny", "Action": "vpc:Cancel*", "Resource": "*" }]))]],
        "identity": [policy(&json!([allow("vpc:*", "*", &json!({}))]))]
    });
    let answer = serde_json::to_value(explain(
        &policies,
        &alice(&json!({ "acs:SourceIp": "203.0.113.7" })),
    ))
    .unwrap();
    let at = answer["determined_by"][0]["at"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        at.starts_with("case.json:") && at.split(':').count() == 3,
        "{at}"
    );
    let expected = json!({
        "decision": "ExplicitDeny",
        "allowed": false,
        "stage": "control",
        "determined_by": [{ "stage": "control", "policy": "control[0][0]", "statement": 0, "sid": "guard", "effect": "Deny", "at": at, "because": [] }],
        "stages": [{ "stage": "control", "decision": "ExplicitDeny" }, { "stage": "identity", "decision": "Allow" }],
        "near_misses": [],
        "doubts": [],
        "notes": [],
        "access_denied_detail": {
            "AuthAction": "vpc:CancelPhysicalConnection",
            "AuthPrincipalType": "SubUser",
            "AuthPrincipalOwnerId": "1111222233334444",
            "AuthPrincipalDisplayName": "alice",
            "NoPermissionType": "ExplicitDeny",
            "PolicyType": "ControlPolicy",
            "AuthResource": CIRCUIT
        },
        "resource": CIRCUIT,
        "request": alice(&json!({ "acs:SourceIp": "203.0.113.7" }))
    });
    assert_eq!(answer, expected);
}

#[test]
fn an_allow_has_no_denied_detail_and_names_its_statements() {
    let policies = json!({ "identity": [policy(&json!([
        allow("ecs:*", "*", &json!({})), allow("vpc:Cancel*", "*", &json!({})), allow("*", "*", &json!({}))
    ]))] });
    let answer = explain(&policies, &alice(&json!({})));
    assert!(answer.allowed && answer.access_denied_detail.is_none());
    assert_eq!(
        answer
            .determined_by
            .iter()
            .map(|by| by.statement)
            .collect::<Vec<_>>(),
        [1, 2]
    );
}

#[test]
fn near_misses_are_ranked_and_say_both_sides() {
    let office = json!({ "IpAddress": { "acs:SourceIp": ["203.0.113.0/24"] } });
    let policies = json!({ "identity": [policy(&json!([
        allow("vpc:DescribeVpcs", "*", &json!({})),
        allow("vpc:*", "acs:vpc:cn-hangzhou:*:*", &json!({})),
        allow("ecs:*", "*", &json!({})),
        allow("vpc:Cancel*", "*", &json!({ "IpAddress": { "acs:SourceIp": "203.0.113.0/24" }, "Bool": { "acs:MFAPresent": "true" } })),
        allow("vpc:Cancel*", "*", &office),
    ]))] });
    let answer = explain(
        &policies,
        &alice(&json!({ "acs:SourceIp": "198.51.100.9" })),
    );
    let order: Vec<(usize, &str)> = answer
        .near_misses
        .iter()
        .map(|miss| (miss.statement, miss.failed))
        .collect();
    assert_eq!(
        order,
        [
            (4, "condition"),
            (3, "condition"),
            (1, "resource"),
            (0, "action")
        ]
    );
    assert_eq!(
        answer.near_misses[0].detail,
        "IpAddress acs:SourceIp: 198.51.100.9 is in none of 203.0.113.0/24"
    );
    let both: Vec<&str> = answer.near_misses[1]
        .failures
        .iter()
        .map(|failure| failure.detail.as_str())
        .collect();
    assert_eq!(
        both,
        [
            "Bool acs:MFAPresent: the request has no acs:MFAPresent; the policy lists true",
            "IpAddress acs:SourceIp: 198.51.100.9 is in none of 203.0.113.0/24",
        ]
    );
    assert_eq!(
        answer.near_misses[2].detail,
        format!("{CIRCUIT} does not match acs:vpc:cn-hangzhou:*:*")
    );
    assert_eq!(
        answer.near_misses[3].detail,
        "vpc:CancelPhysicalConnection is not among vpc:DescribeVpcs"
    );
}

#[test]
fn the_nearest_five_are_told_wherever_they_stand() {
    let far = allow("vpc:*", "acs:vpc:cn-hangzhou:*:*", &json!({}));
    let none = json!({ "Bool": { "acs:MFAPresent": "true" } });
    let near = allow("vpc:*", "*", &none);
    let farthest = allow("vpc:DescribeVpcs", "*", &json!({}));
    let told = |statements: Vec<&Value>| {
        let policies = json!({ "identity": [policy(&json!(statements))] });
        let answer = explain(&policies, &alice(&json!({})));
        let misses = answer.near_misses.iter();
        misses.map(|miss| miss.statement).collect::<Vec<_>>()
    };
    // Of those that are as near, the first.
    assert_eq!(told(vec![&far; 7]), [0, 1, 2, 3, 4]);
    let mut statements = vec![&farthest; 6];
    statements.extend([&far, &near, &far, &near, &far, &far]);
    assert_eq!(told(statements.clone()), [7, 9, 6, 8, 10]);
    statements.extend([&near; 6]);
    assert_eq!(told(statements), [7, 9, 12, 13, 14]);
}

#[test]
fn every_family_tells_what_failed() {
    for (operator, listed, value, detail) in [
        (
            "StringEquals",
            json!("a"),
            "b",
            "StringEquals a:k: b is not a",
        ),
        (
            "StringEquals",
            json!(["a", "c"]),
            "b",
            "StringEquals a:k: b is none of a, c",
        ),
        (
            "StringEquals",
            json!("a b"),
            "",
            "StringEquals a:k: \"\" is not \"a b\"",
        ),
        (
            "StringNotEquals",
            json!("b"),
            "b",
            "StringNotEquals a:k: b is b",
        ),
        (
            "StringLike",
            json!("a*"),
            "b",
            "StringLike a:k: b is like none of a*",
        ),
        (
            "StringNotLike",
            json!(["b*", "a"]),
            "b",
            "StringNotLike a:k: b is like one of b*, a",
        ),
        (
            "NumericLessThan",
            json!("5"),
            "5",
            "NumericLessThan a:k: 5 is not less than 5",
        ),
        (
            "NumericGreaterThanEquals",
            json!("5"),
            "4.9",
            "NumericGreaterThanEquals a:k: 4.9 is less than 5",
        ),
        (
            "DateLessThanEquals",
            json!("2026-01-01T00:00:00Z"),
            "2026-01-01T00:00:01Z",
            "DateLessThanEquals a:k: 2026-01-01T00:00:01Z is greater than 2026-01-01T00:00:00Z",
        ),
        (
            "Bool",
            json!("true"),
            "false",
            "Bool a:k: false is not true",
        ),
        (
            "NotIpAddress",
            json!("10.0.0.0/8"),
            "10.1.1.1",
            "NotIpAddress a:k: 10.1.1.1 is in one of 10.0.0.0/8",
        ),
    ] {
        let policies = json!({ "identity": [policy(&json!([allow("vpc:*", "*", &json!({ operator: { "a:k": listed } }))]))] });
        let answer = explain(&policies, &alice(&json!({ "a:k": value })));
        assert_eq!(answer.near_misses[0].detail, detail);
    }
}

#[test]
fn doubts_say_which_rule_where_and_what_was_done() {
    let not_from = json!({ "StringNotEquals": { "acs:SourceVpc": "vpc-1" } });
    let policies = json!({ "identity": [policy(&json!([allow("vpc:*", "*", &not_from)]))] });
    let doubt = serde_json::to_value(&explain(&policies, &alice(&json!({}))).doubts[0]).unwrap();
    assert_eq!(
        doubt,
        json!({
            "rule": "O20", "stage": "identity", "policy": "identity[0]", "statement": 0,
            "detail": "StringNotEquals acs:SourceVpc: the request has no acs:SourceVpc; the policy lists vpc-1: whether a negated operator holds when the key is absent is not documented; taken as not granting"
        })
    );
}

/// D1: RAM's words for who was denied, and by which kind of policy.
#[test]
fn d1_d5_denied_details() {
    let nothing = json!({ "identity": [] });
    for (principal, kind, name) in [
        ("acs:ram::1111222233334444:user/alice", "SubUser", "alice"),
        (
            "acs:ram::1111222233334444:assumed-role/ops/me",
            "AssumedRoleUser",
            "ops:me",
        ),
        (
            "acs:ram::1111222233334444:role/ops",
            "AssumedRoleUser",
            "ops",
        ),
        (
            "acs:ram::5555666677778888:root",
            "RootUser",
            "5555666677778888",
        ),
        ("Service:ecs.aliyuncs.com", "Service", "ecs.aliyuncs.com"),
        (
            "Federated:acs:ram::1:saml-provider/idp",
            "Federated",
            "saml-provider/idp",
        ),
    ] {
        let detail = explain(&nothing, &request(principal, &json!({})))
            .access_denied_detail
            .unwrap();
        assert_eq!(
            (
                detail.auth_principal_type,
                detail.auth_principal_display_name.as_str()
            ),
            (kind, name)
        );
    }
    let deny = policy(&json!([{ "Effect": "Deny", "Action": "vpc:*", "Resource": "*" }]));
    let all = policy(&json!([allow("*", "*", &json!({}))]));
    let session = "acs:ram::1111222233334444:assumed-role/ops/me";
    for (policies, policy_type) in [
        (
            json!({ "control": [[deny]], "identity": [all] }),
            "ControlPolicy",
        ),
        (
            json!({ "session": deny, "identity": [all] }),
            "SessionPolicy",
        ),
        (
            json!({ "identity": [all, deny] }),
            "AccountLevelIdentityBasedPolicy",
        ),
        (json!({ "identity": [] }), "AccountLevelIdentityBasedPolicy"),
        (
            json!({ "resource_group": [deny] }),
            "ResourceGroupLevelIdentityBasedPolicy",
        ),
    ] {
        let mut asked = request(session, &json!({}));
        asked["resource_group"] = json!("rg-1");
        let detail = explain(&policies, &asked).access_denied_detail.unwrap();
        assert_eq!(detail.policy_type, policy_type);
    }
}

/// A6: the answer is about the resource that is denied.
#[test]
fn a6_the_worst_resource_is_explained() {
    let policies =
        json!({ "identity": [policy(&json!([allow("vpc:*", "acs:vpc:*:*:vpc/*", &json!({}))]))] });
    let mut asked = alice(&json!({}));
    asked["resource"] = json!(["acs:vpc:cn-shanghai:1111222233334444:vpc/v-1", CIRCUIT]);
    let answer = explain(&policies, &asked);
    assert_eq!((answer.allowed, answer.resource.as_str()), (false, CIRCUIT));
    assert_eq!(answer.near_misses[0].failed, "resource");
}
