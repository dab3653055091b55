//! What `--fix` changes: exact texts, and decisions before and after on random policies and requests of every stage.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

#[allow(dead_code, reason = "other tests use the rest")]
mod generate;

use std::sync::OnceLock;

use ramgate::{Case, Catalog, PolicyKind, Reading, ResourceService, Source, lint};
use serde_json::{Value, json};

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let files = ramgate_catalog::FILES.iter();
        let sources: Vec<Source> = files
            .map(|(name, text)| Source::new(*name, *text))
            .collect();
        Catalog::parse(&sources).unwrap_or_else(|error| panic!("{error}"))
    })
}

/// The text mended, and whether something was left out.
fn mended(text: &str, kind: PolicyKind) -> (String, bool) {
    let mend = |text: &str| {
        let source = Source::new("p.json", text);
        lint::mend(&source, Reading::new(kind), catalog(), &|_| true)
    };
    let mended = mend(text);
    assert_eq!(
        mend(&mended.text).text,
        mended.text,
        "mending twice: {text}"
    );
    (mended.text, mended.is_unproved)
}

/// A statement before and after; an empty second text is no change.
#[track_caller]
fn becomes(kind: PolicyKind, before: &str, after: &str) {
    let policy =
        |statements: &str| format!("{{\n \"Version\": \"1\",\n \"Statement\": [{statements}]\n}}");
    let after = if after.is_empty() { before } else { after };
    assert_eq!(mended(&policy(before), kind), (policy(after), false));
}

#[test]
fn entries_go_with_their_comma() {
    let identity = |before, after| becomes(PolicyKind::Identity, before, after);
    // In the middle, at the end, at the beginning; white space of the rest stays.
    identity(
        r#"{"Effect":"Allow","Action":["ecs:A" , "ecs:a",  "ecs:B"],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":["ecs:A",  "ecs:B"],"Resource":"*"}"#,
    );
    identity(
        "{\"Effect\":\"Allow\",\"Action\":[\n  \"ecs:*\",\n  \"ecs:X\",\n  \"ecs:Y\"\n],\"Resource\":\"*\"}",
        "{\"Effect\":\"Allow\",\"Action\":[\n  \"ecs:*\"\n],\"Resource\":\"*\"}",
    );
    identity(
        "{\"Effect\":\"Allow\",\"Action\":[\n  \"ecs:X\",\n  \"ecs:*\"\n],\"Resource\":\"*\"}",
        "{\"Effect\":\"Allow\",\"Action\":[\n  \"ecs:*\"\n],\"Resource\":\"*\"}",
    );
    // Of two that cover each other one stays; so does an entry that stands alone.
    identity(
        r#"{"Effect":"Deny","Action":["ecs:*","ecs:**"],"Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":["ecs:*"],"Resource":"*"}"#,
    );
    identity(
        r#"{"Effect":"Allow","Action":"ecs:X","Resource":["*"]}"#,
        "",
    );
    // Covered by several together.
    identity(
        r#"{"Effect":"Deny","NotAction":["a?:X","ab:X","b:*"],"Resource":"*"}"#,
        r#"{"Effect":"Deny","NotAction":["a?:X","b:*"],"Resource":"*"}"#,
    );
}

#[test]
fn elements_go_wherever_they_stand() {
    let identity = |before, after| becomes(PolicyKind::Identity, before, after);
    let plain = r#"{"Effect":"Allow","Action":"ecs:X","Resource":"*"}"#;
    identity(
        r#"{"Effect":"Allow","Action":"ecs:X","Resource":"*", "Condition": { } }"#,
        r#"{"Effect":"Allow","Action":"ecs:X","Resource":"*" }"#,
    );
    identity(
        r#"{"Condition":{},"Effect":"Allow","Action":"ecs:X","Resource":"*"}"#,
        plain,
    );
    identity(
        r#"{"Sid":"","Condition":{},"Effect":"Allow","Action":"ecs:X","Resource":"*"}"#,
        plain,
    );
    identity(
        r#"{"Effect":"Allow","Sid":"","Action":"ecs:X","Resource":"*"}"#,
        plain,
    );
    // A condition stays that nobody can tell of.
    identity(
        r#"{"Effect":"Allow","Action":"ecs:X","Resource":"*","Condition":{"Bool":{}}}"#,
        "",
    );
}

#[test]
fn statements_go_that_others_cover() {
    let identity = |before, after| becomes(PolicyKind::Identity, before, after);
    identity(
        r#"{"Effect":"Allow","Action":"ecs:X","Resource":"*"}, {"Effect":"Allow","Action":"ecs:*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"ecs:*","Resource":"*"}"#,
    );
    // Two that are equal: one stays.
    identity(
        r#"{"Effect":"Deny","Action":"ecs:X","Resource":"*"},{"Effect":"Deny","Action":"ecs:X","Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":"ecs:X","Resource":"*"}"#,
    );
    // An Allow that a Deny takes away may be a mistake of the Deny's: nothing is mended.
    identity(
        r#"{"Effect":"Allow","Action":"ecs:X","Resource":"*"},{"Effect":"Deny","Action":"ecs:*","Resource":"*"}"#,
        "",
    );
    // A statement that is not read keeps the others as they are.
    identity(
        r#"{"Effect":"Allow","Action":"ecs:X","Resource":"*"},{"Effect":"allow","Action":"ecs:X","Resource":"*"},{"Effect":"Allow","Action":"ecs:*","Resource":"*"}"#,
        "",
    );
}

#[test]
fn values_keep_what_they_hold() {
    let of = |condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":"ecs:X","Resource":"*","Condition":{{{condition}}}}}"#
        )
    };
    let identity =
        |before: &str, after: &str| becomes(PolicyKind::Identity, &of(before), &of(after));
    let stays = |condition: &str| becomes(PolicyKind::Identity, &of(condition), "");
    identity(
        r#""DateGreaterThan":{"acs:CurrentTime":["2027-01-01T00:00:00Z","2027-01-01T00:00:00+08:00"]}"#,
        r#""DateGreaterThan":{"acs:CurrentTime":"2027-01-01T00:00:00+08:00"}"#,
    );
    identity(
        r#""NumericLessThanEquals":{"x:n":["1.50","-2","1.5","01"]}"#,
        r#""NumericLessThanEquals":{"x:n":"1.50"}"#,
    );
    identity(
        r#""NumericEquals":{"x:n":["1.50","2","1.5"]}"#,
        r#""NumericEquals":{"x:n":["1.50","2"]}"#,
    );
    identity(
        r#""StringEqualsIgnoreCase":{"x:s":["Lab","LAB","lab2"]}"#,
        r#""StringEqualsIgnoreCase":{"x:s":["Lab","lab2"]}"#,
    );
    identity(
        r#""StringNotLike":{"acs:RequestTag/a":["lab-*","lab-1"]}"#,
        r#""StringNotLike":{"acs:RequestTag/a":["lab-*"]}"#,
    );
    identity(
        r#""IpAddress":{"acs:SourceIp":["203.0.113.7/24","203.0.113.9","2001:db8::/32"]}"#,
        r#""IpAddress":{"acs:SourceIp":["203.0.113.0/24","2001:db8::/32"]}"#,
    );
    // The first address of a block is in doubt (O14), listed by itself it is not.
    stays(r#""IpAddress":{"acs:SourceIp":["203.0.113.0/24","203.0.113.0"]}"#);
    identity(
        r#""IpAddressIncludeBorder":{"acs:SourceIp":["203.0.113.0/24","203.0.113.0"]}"#,
        r#""IpAddressIncludeBorder":{"acs:SourceIp":["203.0.113.0/24"]}"#,
    );
    // What is no value is an error, and nothing beside it is mended.
    stays(r#""NumericLessThan":{"x:n":["1","one"]}"#);
    // Letters beyond ASCII, and patterns of which neither covers the other.
    stays(r#""StringEqualsIgnoreCase":{"x:s":["ä","Ä"]}"#);
    stays(r#""StringLike":{"x:s":["a?","a*b"]}"#);
}

#[test]
fn principals_and_other_kinds() {
    becomes(
        PolicyKind::Trust,
        r#"{"Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com","ecs.aliyuncs.com"]},"Action":"sts:AssumeRole"}"#,
        r#"{"Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]},"Action":"sts:AssumeRole"}"#,
    );
    becomes(
        PolicyKind::Resource(ResourceService::Oss),
        r#"{"Effect":"Allow","Principal":["20001","20001"],"Action":["oss:GetObject","oss:Get*"],"Resource":"acs:oss:*:*:r/*"}"#,
        r#"{"Effect":"Allow","Principal":["20001"],"Action":["oss:Get*"],"Resource":"acs:oss:*:*:r/*"}"#,
    );
    becomes(
        PolicyKind::Endpoint,
        r#"{"Effect":"Allow","Principal":"*","Action":["oss:*","oss:Get*"],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":["oss:*"],"Resource":"*"}"#,
    );
    becomes(
        PolicyKind::Control,
        r#"{"Effect":"Deny","Action":["oss:*","oss:Get*"],"Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":["oss:*"],"Resource":"*"}"#,
    );
}

/// How many documents were mended, and of how many something was left out.
#[derive(Debug, Default)]
struct Counts {
    mended: usize,
    unproved: usize,
}

/// The case with every document mended.
fn mend_case(case: &Value, counts: &mut Counts) -> Value {
    let mut case = case.clone();
    let resource = case["request"]["resource"].to_string();
    let service = resource.split(':').nth(1).unwrap_or_default();
    for (stage, kind) in [
        ("identity", PolicyKind::Identity),
        ("resource_group", PolicyKind::Identity),
        ("control", PolicyKind::Control),
        ("session", PolicyKind::Session),
        (
            "resource",
            PolicyKind::Resource(ResourceService::of(service)),
        ),
        ("trust", PolicyKind::Trust),
        ("endpoint", PolicyKind::Endpoint),
    ] {
        if let Some(documents) = case["policies"].get_mut(stage) {
            mend_documents(documents, kind, counts);
        }
    }
    case
}

fn mend_documents(value: &mut Value, kind: PolicyKind, counts: &mut Counts) {
    let text = match value {
        Value::Array(list) => {
            return list
                .iter_mut()
                .for_each(|one| mend_documents(one, kind, counts));
        }
        Value::Object(members) if members.contains_key("Statement") => json!(members).to_string(),
        Value::Object(members) => {
            return members
                .values_mut()
                .for_each(|one| mend_documents(one, kind, counts));
        }
        Value::String(text) if text.starts_with('{') => text.clone(),
        _ => return,
    };
    let (mended, is_unproved) = mended(&text, kind);
    counts.unproved += usize::from(is_unproved);
    if mended != text {
        counts.mended += 1;
        *value = mended.into();
    }
}

/// The decision.
fn answer(case: &Value) -> Value {
    let source = Source::new("case.json", case.to_string());
    let mut none = |_: &str, _: &Source| Err("no snapshots here".to_owned());
    let cases = Case::read_all(&source, &mut none).unwrap_or_else(|error| panic!("{error}"));
    let explanation = cases[0].explain().unwrap_or_else(|error| panic!("{error}"));
    serde_json::to_value(&explanation).unwrap()["decision"].clone()
}

/// `RAMGATE_COUNT=20000 cargo test --release --test mend` looks at more.
#[test]
fn mending_changes_no_decision() {
    let count = std::env::var("RAMGATE_COUNT").map_or(150_usize, |text| text.parse().unwrap());
    let mut counts = Counts::default();
    for seed in 0..count as u64 {
        let case = generate::case(0x4c49_4e54 + seed);
        let mended = mend_case(&case, &mut counts);
        assert_eq!(
            answer(&mended),
            answer(&case),
            "seed {seed}:\n{case:#}\n{mended:#}"
        );
    }
    eprintln!("{counts:?}");
    assert!(
        counts.mended > count / 10 && counts.unproved < count / 10,
        "{counts:?} of {count} cases"
    );
}
