//! Hostile sizes and depths: refused, or answered in bounded work; never a panic.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::borrow::Cow;

use ramgate::{
    Arn, Case, Context, ContextValue, Decision, Document, Policies, PolicyKind, Principal,
    Question, Reading, Request, Source, Wildcard,
};

fn alice() -> Principal<'static> {
    Principal::parse("acs:ram::1:user/alice").unwrap()
}

fn policy(inside: &str) -> Policies {
    let text = format!(r#"{{ "Version": "1", "Statement": [{{ {inside} }}] }}"#);
    let reading = Reading::new(PolicyKind::Identity).system();
    Policies::of_identity([Document::parse_as(&Source::new("p", text), reading).unwrap()])
}

#[test]
fn w1_hundred_stars_against_eight_kibibytes() {
    let text = "a".repeat(8192);
    assert!(!Wildcard::new("*a".repeat(100) + "b").matches(&text));
    assert!(Wildcard::new("*a".repeat(100) + "*").matches(&text));
    assert!(!Wildcard::new(format!("*{}b", "a".repeat(512))).matches(&text));
    assert!(!Wildcard::new("a?".repeat(256) + "*b").matches(&text));
}

#[test]
fn deep_json_is_refused_everywhere() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(Document::parse(&Source::new("p", deep.clone())).is_err());
    assert!(Question::parse(&Source::new("r", format!("{{\"context\": {deep}}}"))).is_err());
    assert!(
        Case::read_all(&Source::new("c", deep.clone()), &mut |_, _| Err(
            String::new()
        ))
        .is_err()
    );
    assert!(ramgate::format(&Source::new("p", deep)).is_err());
}

#[test]
fn a_policy_of_a_hundred_thousand_statements() {
    let one = r#"{ "Effect": "Allow", "Action": "vpc:DescribeVpcs", "Resource": "*" }"#;
    let statements = [one; 100_000].join(",");
    let text = format!(r#"{{ "Version": "1", "Statement": [{statements}] }}"#);
    let document = Document::parse_as(
        &Source::new("p", text),
        Reading::new(PolicyKind::Identity).system(),
    )
    .unwrap();
    let request = Request::new(alice(), "vpc:DeleteVpc", "*").unwrap();
    let explanation = Policies::of_identity([document]).explain(&request);
    assert_eq!(explanation.decision, Decision::ImplicitDeny);
    assert!(explanation.near_misses.len() <= 5);
}

#[test]
fn megabytes_in_a_request() {
    let long = "x".repeat(1 << 20);
    let policies = policy(
        r#""Effect": "Allow", "Action": "vpc:*", "Resource": "acs:vpc:*:*:vpc/*x?", "Condition": { "StringLike": { "acs:ResourceTag/t": "*x*y*" }, "NumericLessThan": { "a:n": "5" } }"#,
    );
    let context = Context::owned(vec![
        (
            "acs:ResourceTag/t".into(),
            ContextValue::One(Cow::Owned(long.clone())),
        ),
        (
            "a:n".into(),
            ContextValue::One(Cow::Owned("1".repeat(1 << 20))),
        ),
        (
            Cow::Owned(long.clone()),
            ContextValue::Many(vec!["v".into(); 9_000]),
        ),
    ])
    .unwrap();
    let resource = format!("acs:vpc:cn-shanghai:1:vpc/{long}");
    let request = Request::new(alice(), "vpc:DescribeVpcs", resource)
        .unwrap()
        .with_context(context);
    assert_eq!(policies.explain(&request).decision, Decision::ImplicitDeny);
}

#[test]
fn odd_texts_are_no_arns_or_principals() {
    for text in [
        "",
        ":",
        "::::",
        "acs",
        "acs:",
        "acs::::",
        "acs:::::",
        "acs:vpc:::",
        "ACS:vpc:r:a:x",
        "vpc:acs:r:a:x",
        "\u{0}",
        "acs:vpc",
    ] {
        assert!(Arn::parse(text).is_err(), "{text:?}");
    }
    for text in [
        "",
        "alice",
        "acs:ram::",
        "acs:ram::1:",
        "acs:ram::1:user/",
        "acs:ram::1:user",
        "acs:ram:x:1:user/a",
        "acs:ram::1:role/a/b",
        "acs:ram::1:assumed-role/a",
        "acs:ram::1:assumed-role/a/",
        "acs:ram::*:root",
        "acs:ram::1:user/*",
        "Service:",
        "Federated:",
        "root",
    ] {
        assert!(Principal::parse(text).is_err(), "{text:?}");
    }
    for text in ["", "vpc", "vpc:", ":x", "vpc:*", "vpc:Descr?be"] {
        assert!(Request::new(alice(), text, "*").is_err(), "{text:?}");
    }
}

#[test]
fn g18_a_key_in_two_spellings_is_refused() {
    assert!(Context::new([("acs:SourceIp", "a"), ("acs:sourceip", "b")]).is_err());
    assert!(Context::new([("acs:RequestTag/a", "a"), ("acs:RequestTag/A", "b")]).is_ok());
}

#[test]
fn a_context_is_bounded() {
    let keys = |count: usize| {
        Context::owned(
            (0..count)
                .map(|n| (Cow::Owned(format!("a:k{n}")), ContextValue::from("v")))
                .collect(),
        )
    };
    assert!(keys(1000).is_ok());
    assert!(keys(1001).is_err());
    let many = |count| {
        Context::owned(vec![(
            "a:k".into(),
            ContextValue::Many(vec!["v".into(); count]),
        )])
    };
    assert!(many(10_000).is_ok());
    assert!(many(10_001).is_err());
}

#[test]
fn many_problems_are_found_in_one_pass() {
    let statements = [r#"{ "Effect": "allow" }"#; 20_000].join(",");
    let text = format!(r#"{{ "Version": "1", "Statement": [{statements}] }}"#);
    let reading = Reading::new(PolicyKind::Identity).system();
    let (_, problems) = Document::read(&Source::new("p", text), reading);
    assert_eq!(problems.len(), 60_000);
}

#[test]
fn lines_of_a_case_file_are_placed_at_their_lines() {
    let good = r#"{ "policies": {}, "request": { "action": "a:b", "resource": "*" }, "expect": "ImplicitDeny" }"#;
    let text = format!("{}\n\n{{ \"policies\": 1 }}", [good; 2000].join("\n"));
    let error = Case::read_all(
        &Source::new("c.jsonl", text),
        &mut |_, _| Err(String::new()),
    )
    .unwrap_err();
    assert!(error.to_string().starts_with("c.jsonl:2002:1: "), "{error}");
}

#[test]
fn odd_documents_are_read_in_bounded_time() {
    let read = |text: String, kind| {
        Document::read(&Source::new("p", text), Reading::new(kind).system())
            .1
            .len()
    };
    let statements = |one: &str, count: usize| {
        format!(
            r#"{{ "Version": "1", "Statement": [{}] }}"#,
            vec![one; count].join(",")
        )
    };
    assert_eq!(
        read(statements("{}", 60_000), PolicyKind::Identity),
        180_000
    );
    let members: Vec<String> = (0..60_000).map(|n| format!("\"k{n}\": \"x\"")).collect();
    let trust = format!(
        r#"{{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{ {} }} }}"#,
        members.join(",")
    );
    assert_eq!(read(statements(&trust, 1), PolicyKind::Trust), 60_000);
    let key = "k".repeat(100_000);
    let pairs = vec!["\"a\": 1"; 10_000].join(",");
    let long = format!(r#"{{ "Version": "1", "Statement": [], "{key}": {{ {pairs} }} }}"#);
    assert!(read(long, PolicyKind::Identity) > 9_000);
}
