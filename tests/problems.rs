//! Every kind of problem, with its exact place, path and words; and all problems of a text at once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use ramgate::{Document, PolicyKind, ProblemKind, Reading, ResourceService, Severity, Source};

/// `«` and `»` mark where the problem begins and ends; the marks are taken out before reading.
struct Marked {
    text: String,
    start: (u32, u32),
    end: (u32, u32),
}

fn marked(text: &str) -> Marked {
    let place = |mark: char| {
        let before: String = text.split(mark).next().unwrap().replace(['«', '»'], "");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        (u32::try_from(line).unwrap(), u32::try_from(column).unwrap())
    };
    Marked {
        start: place('«'),
        end: place('»'),
        text: text.replace(['«', '»'], ""),
    }
}

fn problems(text: &str, reading: Reading) -> Vec<ramgate::Problem> {
    let (_, problems) = Document::read(&Source::new("p.json", text), reading);
    problems
}

/// The text has exactly one problem: of this kind, rule and path, at the marked place.
fn refuses(
    kind: PolicyKind,
    text: &str,
    problem_kind: ProblemKind,
    rule: &str,
    path: &str,
    message: &str,
) {
    let marked = marked(text);
    let found = problems(&marked.text, Reading::new(kind));
    assert_eq!(found.len(), 1, "{text}\n{found:#?}");
    let problem = &found[0];
    assert_eq!(
        (problem.kind, problem.rule, problem.path.as_str()),
        (problem_kind, rule, path),
        "{text}"
    );
    assert_eq!(
        (problem.start.line, problem.start.column),
        marked.start,
        "{text}"
    );
    assert_eq!((problem.end.line, problem.end.column), marked.end, "{text}");
    assert!(problem.message.contains(message), "{}", problem.message);
    assert!(Document::parse_as(&Source::new("p.json", marked.text), Reading::new(kind)).is_err());
}

/// A policy with one statement of this inside.
fn statement(inside: &str) -> String {
    format!("{{\n  \"Version\": \"1\",\n  \"Statement\": [{{ {inside} }}]\n}}")
}

fn refuses_statement(inside: &str, kind: ProblemKind, rule: &str, path: &str, message: &str) {
    let path = if path.is_empty() {
        "Statement[0]".to_owned()
    } else {
        format!("Statement[0].{path}")
    };
    refuses(
        PolicyKind::Identity,
        &statement(inside),
        kind,
        rule,
        &path,
        message,
    );
}

#[test]
fn g1_json_syntax() {
    let identity = PolicyKind::Identity;
    let syntax = ProblemKind::JsonSyntax;
    refuses(
        identity,
        "{\n  \"Version\": \"1\" «\"»Statement\": []\n}",
        syntax,
        "G1",
        "",
        "expected `,` or `}`",
    );
    refuses(
        identity,
        "{ \"Version\": \"1\",\n  \"é\": [1,2,«]»\n}",
        syntax,
        "G1",
        "",
        "no JSON",
    );
    refuses(identity, "«\u{feff}»{}", syntax, "G1", "", "expected value");
    refuses(identity, "{ «/»/ a comment\n}", syntax, "G1", "", "no JSON");
    refuses(
        identity,
        "{ \"Version\": «\"\\ud800\"» }",
        syntax,
        "G1",
        "",
        "surrogate",
    );
    refuses(identity, "«»", syntax, "G1", "", "EOF");
    refuses(
        identity,
        "«[1]»",
        ProblemKind::WrongType,
        "G1",
        "",
        "found an array",
    );
}

#[test]
fn syntax_errors_come_with_help() {
    for (text, help) in [
        ("{ // x\n}", "no comments"),
        ("{ \"a\": 1, }", "no comma after the last"),
        ("{ 'a': 1 }", "double quotes"),
        ("{ “a”: 1 }", "typographic"),
        ("{\u{a0}\"a\": 1 }", "no-break"),
        ("{ \"a\"：1 }", "full-width"),
        ("{ \"a\": ${x} }", "placeholder"),
        ("{ \"a\": [1", "ends too early"),
        ("\u{feff}{}", "byte order mark"),
        (" ", "empty"),
    ] {
        let found = problems(text, Reading::new(PolicyKind::Identity));
        assert!(
            found[0]
                .help
                .as_ref()
                .is_some_and(|found| found.contains(help)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn nesting_too_deep() {
    let deep = format!(
        "{{ \"Version\": \"1\", \"Statement\": {}«[»{} }}",
        "[".repeat(63),
        "]".repeat(64)
    );
    refuses(
        PolicyKind::Identity,
        &deep,
        ProblemKind::NestingTooDeep,
        "G1",
        "",
        "64 levels",
    );
}

#[test]
fn g2_g3_g4_top_level() {
    let identity = PolicyKind::Identity;
    let good = r#"{ "Effect": "Allow", "Action": "a:b", "Resource": "*" }"#;
    let text = format!("{{ \"Version\": \"1\", \"Statement\": [{good}],\n «\"Id\"»: 1 }}");
    refuses(
        identity,
        &text,
        ProblemKind::UnknownElement,
        "G2",
        "Id",
        "unknown element \"Id\"",
    );
    let text = format!("«{{» \"Statement\": [{good}] }}");
    refuses(
        identity,
        &text,
        ProblemKind::MissingElement,
        "G3",
        "",
        "Version is missing",
    );
    for version in ["1", "\"2012-10-17\"", "null"] {
        let text = format!("{{ \"Version\": «{version}», \"Statement\": [{good}] }}");
        refuses(
            identity,
            &text,
            ProblemKind::InvalidVersion,
            "G3",
            "Version",
            &format!("unknown version {version}"),
        );
    }
    refuses(
        identity,
        "«{» \"Version\": \"1\" }",
        ProblemKind::MissingElement,
        "G4",
        "",
        "Statement is missing",
    );
    let text = "{ \"Version\": \"1\", \"Statement\": «[]» }";
    refuses(
        identity,
        text,
        ProblemKind::EmptyElement,
        "G4",
        "Statement",
        "at least one",
    );
    let text = format!("{{ \"Version\": \"1\", \"Statement\": «{good}» }}");
    refuses(
        identity,
        &text,
        ProblemKind::WrongType,
        "G4",
        "Statement",
        "found an object",
    );
    let text = format!("{{ \"Version\": \"1\", \"Statement\": [{good},\n «\"x\"»] }}");
    refuses(
        identity,
        &text,
        ProblemKind::WrongType,
        "G4",
        "Statement[1]",
        "found a string",
    );
}

#[test]
fn g5_to_g12_elements_of_a_statement() {
    let at_brace = |inside: &str| statement(inside).replacen("[{", "[«{»", 1);
    let identity = PolicyKind::Identity;
    let missing = ProblemKind::MissingElement;
    let text = at_brace(r#""Action": "a:b", "Resource": "*""#);
    refuses(
        identity,
        &text,
        missing,
        "G5",
        "Statement[0]",
        "Effect is missing",
    );
    let text = at_brace(r#""Effect": "Allow", "Resource": "*""#);
    refuses(
        identity,
        &text,
        missing,
        "G7",
        "Statement[0]",
        "Action (or NotAction)",
    );
    let text = at_brace(r#""Effect": "Allow", "Action": "a:b""#);
    refuses(
        identity,
        &text,
        missing,
        "G5",
        "Statement[0]",
        "Resource is missing",
    );

    let effect = r#""Effect": «"allow"», "Action": "a:b", "Resource": "*""#;
    refuses_statement(
        effect,
        ProblemKind::InvalidEffect,
        "G6",
        "Effect",
        "unknown effect \"allow\"",
    );
    let both = r#""Effect": "Deny", "Action": "a:b", «"NotAction"»: "a:c", "Resource": "*""#;
    refuses_statement(
        both,
        ProblemKind::ConflictingElements,
        "G7",
        "NotAction",
        "exactly one",
    );
    let action =
        r#""Effect": "Deny", "Action": ["a:b", «"CancelPhysicalConnection"»], "Resource": "*""#;
    refuses_statement(
        action,
        ProblemKind::InvalidAction,
        "G8",
        "Action[1]",
        "<code>:<name>",
    );
    let nested = r#""Effect": "Deny", "Action": [«["a:b"]»], "Resource": "*""#;
    refuses_statement(
        nested,
        ProblemKind::WrongType,
        "G16",
        "Action[0]",
        "found an array",
    );
    let number = r#""Effect": "Deny", "Action": "a:b", "Resource": «7»"#;
    refuses_statement(
        number,
        ProblemKind::WrongType,
        "G10",
        "Resource",
        "found a number",
    );
    for (inside, path) in [
        (
            r#""Effect": "Deny", "Action": «""», "Resource": "*""#,
            "Action",
        ),
        (
            r#""Effect": "Deny", "Action": «[]», "Resource": "*""#,
            "Action",
        ),
        (
            r#""Effect": "Deny", "Action": "a:b", "Resource": ["*", «""»]"#,
            "Resource[1]",
        ),
    ] {
        refuses_statement(inside, ProblemKind::EmptyElement, "G21", path, "empty");
    }

    let allow = r#""Effect": "Allow", "Action": "a:b""#;
    let unsupported = ProblemKind::UnsupportedElement;
    refuses_statement(
        &format!(r#"{allow}, «"NotResource"»: "*", "Resource": "*""#),
        unsupported,
        "G11",
        "NotResource",
        "NotResource",
    );
    refuses_statement(
        &format!(r#"{allow}, "Resource": "*", «"NotPrincipal"»: "*""#),
        unsupported,
        "G12",
        "NotPrincipal",
        "NotPrincipal",
    );
    refuses_statement(
        &format!(r#"{allow}, "Resource": "*", «"Principal"»: "*""#),
        unsupported,
        "G12",
        "Principal",
        "identity policy",
    );
    refuses_statement(
        &format!(r#"{allow}, "Resource": "*", «"Resouce"»: "*""#),
        ProblemKind::UnknownElement,
        "G19",
        "Resouce",
        "Resouce",
    );
    refuses_statement(
        &format!(r#"{allow}, "Resource": "*", «"Effect"»: "Deny""#),
        ProblemKind::DuplicateMember,
        "G20",
        "Effect",
        "duplicate",
    );
    refuses_statement(
        &format!(r#"{allow}, "Resource": "*", "Sid": «1»"#),
        ProblemKind::WrongType,
        "G19",
        "Sid",
        "found a number",
    );
}

fn condition(inside: &str) -> String {
    format!(
        r#""Effect": "Allow", "Action": "oss:GetObject", "Resource": "*", "Condition": {inside}"#
    )
}

#[test]
fn conditions() {
    let refuses_condition = |inside: &str, kind, rule, path: &str, message| {
        refuses_statement(
            &condition(inside),
            kind,
            rule,
            &format!("Condition{path}"),
            message,
        );
    };
    let unknown = ProblemKind::UnknownOperator;
    refuses_condition(
        r#"{ «"Null"»: { "acs:SourceVpc": "true" } }"#,
        unknown,
        "O3",
        ".Null",
        "Null",
    );
    refuses_condition(
        r#"{ «"StringEqualsIfExists"»: { "a:b": "x" } }"#,
        unknown,
        "O3",
        ".StringEqualsIfExists",
        "IfExists",
    );
    refuses_condition(
        r#"{ «"stringEquals"»: { "a:b": "x" } }"#,
        unknown,
        "O2",
        ".stringEquals",
        "stringEquals",
    );
    refuses_condition(
        r#"{ «"ForAllValues:Foo"»: { "a:b": "x" } }"#,
        unknown,
        "O2",
        "[\"ForAllValues:Foo\"]",
        "Foo",
    );
    let key = ProblemKind::InvalidConditionKey;
    refuses_condition(
        r#"{ "StringEquals": { «"SourceIp"»: "x" } }"#,
        key,
        "G14",
        ".StringEquals.SourceIp",
        "<code>:<name>",
    );
    let value = ProblemKind::InvalidValue;
    let path = ".NumericLessThan[\"a:b\"][1]";
    refuses_condition(
        r#"{ "NumericLessThan": { "a:b": ["1", «"1e3"»] } }"#,
        value,
        "O7",
        path,
        "decimal",
    );
    let path = ".DateLessThan[\"acs:CurrentTime\"]";
    refuses_condition(
        r#"{ "DateLessThan": { "acs:CurrentTime": «"2026-01-01"» } }"#,
        value,
        "O9",
        path,
        "date",
    );
    refuses_condition(
        r#"{ "Bool": { "a:b": «"yes"» } }"#,
        value,
        "O11",
        ".Bool[\"a:b\"]",
        "true or false",
    );
    let path = ".IpAddress[\"acs:SourceIp\"]";
    refuses_condition(
        r#"{ "IpAddress": { "acs:SourceIp": «"10.0.0.0/33"» } }"#,
        value,
        "O12",
        path,
        "CIDR",
    );
    let two = ProblemKind::MultipleBooleans;
    refuses_condition(
        r#"{ "Bool": { "a:b": «["true", "false"]» } }"#,
        two,
        "O11",
        ".Bool[\"a:b\"]",
        "takes one",
    );
    let empty = ProblemKind::EmptyElement;
    refuses_condition(
        r#"{ "StringEquals": «{}» }"#,
        empty,
        "G13",
        ".StringEquals",
        "no condition key",
    );
    refuses_condition(
        r#"{ "StringEquals": { "a:b": «[]» } }"#,
        empty,
        "G21",
        ".StringEquals[\"a:b\"]",
        "empty list",
    );
    let wrong = ProblemKind::WrongType;
    refuses_condition(
        r#"{ "StringEquals": { "a:b": «true» } }"#,
        wrong,
        "G15",
        ".StringEquals[\"a:b\"]",
        "without quotes",
    );
    refuses_condition(
        r#"{ "StringEquals": { "a:b": [«null»] } }"#,
        wrong,
        "G15",
        ".StringEquals[\"a:b\"][0]",
        "null",
    );
    refuses_condition(
        r#"{ "StringEquals": «"x"» }"#,
        wrong,
        "G13",
        ".StringEquals",
        "found a string",
    );
    refuses_condition("«[]»", wrong, "G13", "", "found an array");
    let duplicate = ProblemKind::DuplicateMember;
    refuses_condition(
        r#"{ "Bool": { "a:b": "true" }, «"Bool"»: { "a:c": "true" } }"#,
        duplicate,
        "G20",
        ".Bool",
        "duplicate",
    );
}

#[test]
fn o13_octets_belong_to_oss_and_vod() {
    let with_action = |action: &str| {
        statement(
            &condition(r#"{ "IpAddress": { "acs:SourceIp": "101.*.*.100" } }"#)
                .replace("oss:GetObject", action),
        )
    };
    for (action, count) in [("oss:GetObject", 0), ("vod:*", 0), ("*", 0), ("vpc:*", 1)] {
        assert_eq!(
            problems(&with_action(action), Reading::new(PolicyKind::Identity)).len(),
            count,
            "{action}"
        );
    }
}

#[test]
fn principals_have_the_form_of_their_service() {
    let invalid = ProblemKind::InvalidPrincipal;
    let with = |principal: &str, resource: &str| {
        format!(
            "{{ \"Version\": \"1\", \"Statement\": [{{ \"Effect\": \"Allow\", \"Action\": \"a:b\", \"Principal\": {principal}{resource} }}] }}"
        )
    };
    let resource = ", \"Resource\": \"*\"";
    let oss = PolicyKind::Resource(ResourceService::Oss);
    let kms = PolicyKind::Resource(ResourceService::Kms);
    let path = "Statement[0].Principal";
    refuses(
        oss,
        &with("«{ \"RAM\": \"acs:ram::1:root\" }»", resource),
        invalid,
        "T23",
        path,
        "array",
    );
    refuses(
        oss,
        &with("[«\"alice\"»]", resource),
        invalid,
        "T23",
        "Statement[0].Principal[0]",
        "alice",
    );
    refuses(
        kms,
        &with("«[\"*\"]»", resource),
        invalid,
        "T24",
        path,
        "RAM",
    );
    refuses(
        kms,
        &with("{ \"RAM\": «\"acs:ram:*:1:root\"» }", resource),
        invalid,
        "T24",
        "Statement[0].Principal.RAM",
        "acs:ram:*:1:root",
    );
    let trust = PolicyKind::Trust;
    refuses(
        trust,
        &with("{ «\"AWS\"»: \"x\" }", ""),
        invalid,
        "T21",
        "Statement[0].Principal.AWS",
        "AWS",
    );
    refuses(
        trust,
        &with("{ \"RAM\": «\"1234\"» }", ""),
        invalid,
        "T21",
        "Statement[0].Principal.RAM",
        "1234",
    );
    refuses(
        trust,
        &with("«{}»", ""),
        ProblemKind::EmptyElement,
        "G21",
        path,
        "empty",
    );
    refuses(
        trust,
        &with(
            "{ \"RAM\": \"acs:ram::1:root\" }",
            ", «\"Resource\"»: \"*\"",
        ),
        ProblemKind::UnsupportedElement,
        "G5",
        "Statement[0].Resource",
        "Resource",
    );
    let double = "{ \"RAM\": \"acs:ram::1:root\", «\"ram\"»: \"acs:ram::2:root\" }";
    refuses(
        trust,
        &with(double, ""),
        ProblemKind::DuplicateMember,
        "G20",
        "Statement[0].Principal.ram",
        "two spellings",
    );
}

#[test]
fn sizes() {
    let long = |count: usize| {
        let actions: Vec<String> = (0..count)
            .map(|n| format!("\"vpc:Action{n:04}\""))
            .collect();
        statement(&format!(
            r#""Effect": "Allow", "Action": [{}], "Resource": "*""#,
            actions.join(",")
        ))
        .replacen('{', "«{»", 1)
    };
    let too_long = ProblemKind::TooLong;
    refuses(
        PolicyKind::Identity,
        &long(400),
        too_long,
        "L1",
        "",
        "at most 6144",
    );
    refuses(
        PolicyKind::Session,
        &long(130),
        too_long,
        "L9",
        "",
        "at most 2048",
    );
    refuses(
        PolicyKind::Control,
        &long(260),
        too_long,
        "L10",
        "",
        "at most 4096",
    );
    let text = long(400).replace(['«', '»'], "");
    assert!(problems(&text, Reading::new(PolicyKind::Identity).system()).is_empty());
    // The limit itself is allowed: 6144 characters, counted as characters.
    let pad = |length: usize| {
        let text = statement(r#""Effect": "Allow", "Action": "a:b", "Resource": "é""#);
        let missing = length - text.chars().count();
        text.replace('é', &"é".repeat(missing + 1))
    };
    assert!(problems(&pad(6144), Reading::new(PolicyKind::Identity)).is_empty());
    assert_eq!(
        problems(&pad(6145), Reading::new(PolicyKind::Identity)).len(),
        1
    );
}

#[test]
fn everything_at_once() {
    let text = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "allow", "Action": ["GetObject", ""], "Condition": { "Null": { "Ip": true } } },
    { "Effect": "Allow", "Action": "oss:*", "Resource": "*" },
    7
  ],
  "Id": "x"
}"#;
    let (document, problems) = Document::read(
        &Source::new("p.json", text),
        Reading::new(PolicyKind::Identity),
    );
    let mut kinds: Vec<&str> = problems.iter().map(|problem| problem.rule).collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "G14", "G15", "G2", "G21", "G3", "G4", "G5", "G6", "G8", "O3"
        ]
    );
    // What can be read is read: the linter goes on with it.
    let document = document.unwrap();
    assert_eq!(document.statements().next().unwrap().index(), 1);
}

#[test]
fn lenient_reading_warns_and_grants_nothing() {
    let text = statement(
        r#""Effect": "Allow", "Action": "a:b", "NotResource": "x", "Condition": { "Bool": { "a:k": true }, "StringLike": {} }"#,
    );
    let source = Source::new("p.json", text);
    let reading = Reading::new(PolicyKind::Identity).lenient();
    let (document, problems) = Document::read(&source, reading);
    assert!(
        problems
            .iter()
            .all(|problem| problem.severity == Severity::Warning),
        "{problems:?}"
    );
    assert_eq!(problems.len(), 3);
    assert_eq!(document.unwrap().statements().len(), 1);
    assert!(Document::parse_as(&source, reading).is_ok());
    assert!(Document::parse(&source).is_err());
}
