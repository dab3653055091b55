//! The linter's rules: each finds its own bad example at the very place and nothing else, is silent on the good one, and is written down.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use ramgate::analysis::{Options, Relation, diff};
use ramgate::lint::{self, Finding, Rule, Severity};
use ramgate::{Catalog, Document, Policies, PolicyKind, Reading, Source};

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

fn found(text: &str, kind: PolicyKind) -> (Source, Vec<Finding>) {
    let source = Source::new("p.json", text);
    let findings = lint::lint(&source, Reading::new(kind), catalog());
    (source, findings)
}

/// The rules that find something, with the text that they point at.
fn names(text: &str, kind: PolicyKind) -> Vec<(&'static str, String)> {
    let (source, findings) = found(text, kind);
    let text = |finding: &Finding| source.slice(finding.span(&source)).to_owned();
    findings
        .iter()
        .map(|finding| (finding.rule.name, text(finding)))
        .collect()
}

fn of_statement(statement: &str) -> Vec<&'static str> {
    let text = format!(r#"{{"Version":"1","Statement":[{statement}]}}"#);
    names(&text, PolicyKind::Identity)
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn every_bad_example_is_found_where_it_is_marked() {
    let mut wrong = Vec::new();
    for rule in lint::rules().filter(|rule| rule.is_about_policies()) {
        let place = rule
            .bad_place()
            .unwrap_or_else(|| panic!("{} marks no place", rule.name));
        let (source, findings) = found(&rule.bad(), rule.kind);
        let wanted = vec![(
            rule.name,
            source.position(place.start),
            source.position(place.end),
        )];
        let got: Vec<_> = findings
            .iter()
            .map(|finding| (finding.rule.name, finding.start, finding.end))
            .collect();
        if got != wanted {
            wrong.push(format!("{}\n wanted {wanted:?}\n got {got:?}", rule.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_good_example_is_silent() {
    let mut wrong = Vec::new();
    for rule in lint::rules().filter(|rule| rule.is_about_policies()) {
        let (_, findings) = found(&rule.good(), rule.kind);
        for finding in findings {
            wrong.push(format!(
                "{}: {} at {}: {}",
                rule.name, finding.rule.name, finding.start, finding.message
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ids_and_names_are_unique_and_ordered_and_cite_rules_that_exist() {
    let ids: Vec<&str> = lint::rules().map(|rule| rule.id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    let names: BTreeSet<&str> = lint::rules().map(|rule| rule.name).collect();
    assert_eq!(names.len(), ids.len());
    let semantics = std::fs::read_to_string(root().join("SEMANTICS.md")).unwrap();
    for rule in lint::rules() {
        assert!(
            rule.id.len() == 5 && rule.id.starts_with("RG"),
            "{}",
            rule.id
        );
        assert!(
            rule.name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c == '-'),
            "{}",
            rule.name
        );
        for cited in rule.semantics {
            let word = regex::Regex::new(&format!(r"\b{cited}\b")).unwrap();
            assert!(word.is_match(&semantics), "{} cites {cited}", rule.name);
        }
    }
}

/// Fixes keep what a policy means, mend what was found, and change nothing the second time.
#[test]
fn fixes_mend_what_was_found() {
    let mut fixed = 0;
    for rule in lint::rules().filter(|rule| rule.is_about_policies()) {
        let text = rule.bad();
        let (_, findings) = found(&text, rule.kind);
        let Some(fix) = findings.iter().find_map(|finding| finding.fix.as_ref()) else {
            continue;
        };
        let mut mended = text.clone();
        mended.replace_range(fix.span.start..fix.span.end, &fix.text);
        let (_, left) = found(&mended, rule.kind);
        assert!(left.is_empty(), "{}: {mended}: {left:?}", rule.name);
        let policies =
            |text: &str| Policies::of_identity([Document::parse(&Source::new("p", text)).unwrap()]);
        let difference = diff(&policies(&text), &policies(&mended), &Options::default());
        assert_eq!(difference.relation, Relation::Equivalent, "{}", rule.name);
        fixed += 1;
    }
    assert!(fixed >= 6, "{fixed}");
}

#[test]
fn findings_serialize_as_the_contract_says() {
    let text = "{\n  \"Version\": \"1\",\n  \"Statement\": [{ \"Effect\": \"Allow\", \"Action\": [\"vpc:CancelPhysicalConection\"],\n    \"Resource\": \"acs:vpc:*:*:physicalconnection/*\" }]\n}";
    let (_, findings) = found(text, PolicyKind::Identity);
    let json = serde_json::to_value(&findings[0]).unwrap();
    let wanted = serde_json::json!({
        "rule": "RG001", "name": "unknown-action", "severity": "error",
        "message": "\"vpc:CancelPhysicalConection\" is no action of vpc, whose actions are all listed",
        "help": "did you mean vpc:CancelPhysicalConnection?",
        "file": "p.json", "line": 3, "column": 49, "end_line": 3, "end_column": 78,
        "path": "Statement[0].Action[0]", "fix": null
    });
    assert_eq!(json, wanted);
}

/// What is not listed is unknown, never wrong.
#[test]
fn nothing_is_said_of_what_the_catalogue_does_not_list() {
    let nothing: [&str; 5] = [
        r#"{"Effect":"Allow","Action":"ecs:NobodyListsThis","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"nosuchservice:Do","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"ecs:NobodyListsThis","Resource":"acs:ecs:*:*:thing/*"}"#,
        r#"{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*","Condition":{"StringEquals":{"ecs:NobodyListsThisKey":"x"}}}"#,
        r#"{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*","Condition":{"StringEquals":{"acs:SomethingNew":"x"}}}"#,
    ];
    for statement in nothing {
        assert_eq!(of_statement(statement), [""; 0], "{statement}");
    }
    // Without a catalogue there is nothing to say of names at all.
    let text = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc:CancelPhysicalConection","Resource":"*"}]}"#;
    let source = Source::new("p.json", text);
    let findings = lint::lint(
        &source,
        Reading::new(PolicyKind::Identity),
        &Catalog::default(),
    );
    assert!(findings.is_empty(), "{findings:?}");
}

/// Each is nearly what a rule finds.
#[test]
fn near_misses_are_silent() {
    let statements = [
        // A pattern that covers one of the actions.
        r#"{"Effect":"Allow","Action":"vpc:Cancel?hysicalConnection","Resource":"acs:vpc:*:*:physicalconnection/*"}"#,
        // `*` in the account, `system`, and an empty region.
        r#"{"Effect":"Allow","Action":"ram:GetPolicy","Resource":["acs:ram::*:policy/x","acs:ram::system:policy/AdministratorAccess"]}"#,
        // A blank inside a name is odd, but may be meant.
        r#"{"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:reports/my file"}"#,
        // Half a placeholder.
        r#"{"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:reports/a<b"}"#,
        // One of the resources fits, and so does one of the actions.
        r#"{"Effect":"Allow","Action":["vpc:AssociateVpcCidrBlock","vpc:CancelPhysicalConnection"],"Resource":["acs:vpc:*:*:physicalconnection/*","acs:vpc:*:*:vpc/*"]}"#,
        // MFA asked for, not denied.
        r#"{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"true"}}}"#,
        // A Deny may ask for a value to be another.
        r#"{"Effect":"Deny","Action":"ecs:DescribeInstances","Resource":"*","Condition":{"StringNotEquals":{"acs:SourceVpc":"vpc-1"}}}"#,
        // The key of a service that one of the actions belongs to.
        r#"{"Effect":"Allow","Action":["ecs:DescribeInstances","oss:ListObjects"],"Resource":"*","Condition":{"StringEquals":{"oss:Prefix":"a/"}}}"#,
        r#"{"Effect":"Allow","Action":["oss:ListObjects*"],"Resource":"*","Condition":{"StringEquals":{"oss:Prefix":"a/"}}}"#,
        // A tag of another service's resource, and a resource of the key's service.
        r#"{"Effect":"Allow","Action":"ecs:RunInstances","Resource":"acs:ecs:*:*:instance/*","Condition":{"StringEquals":{"vpc:tag/team":"lab"}}}"#,
        r#"{"Effect":"Allow","Action":"fc:GetSandbox","Resource":"acs:oss:*:*:x/*","Condition":{"StringEquals":{"oss:x-oss-acl":"private"}}}"#,
        // Tags whose names differ in case are two tags.
        r#"{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*","Condition":{"StringEquals":{"acs:RequestTag/Team":"a","acs:RequestTag/team":"b"}}}"#,
        // Addresses without host bits; one address; a block that is not all private.
        r#"{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":["203.0.113.7","10.0.0.0/7","2001:db8::/32"]}}}"#,
        // A star in a URL is no wildcard.
        r#"{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*","Condition":{"StringEquals":{"acs:RequestTag/a":"https://x/*"}}}"#,
        // Everything, but denied; everything, but under a condition; every action on one resource.
        r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":"203.0.113.0/24"}}}"#,
        r#"{"Effect":"Allow","Action":"*","Resource":"acs:oss:*:*:reports/*"}"#,
        // Escalation only where it is denied, or limited.
        r#"{"Effect":"Deny","Action":"ram:*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"ram:PassRole","Resource":"*","Condition":{"StringEquals":{"acs:Service":"ecs.aliyuncs.com"}}}"#,
        r#"{"Effect":"Deny","NotAction":["ecs:*"],"Resource":"*"}"#,
        // Two texts that differ in case are two resources.
        r#"{"Effect":"Allow","Action":"oss:GetObject","Resource":["acs:oss:*:*:Reports/*","acs:oss:*:*:reports/*"]}"#,
        r#"{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*","Condition":{"StringLike":{"acs:RequestTag/a":["lab-?","lab-*1"]}}}"#,
        r#"{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*","Condition":{"StringEquals":{"acs:ResourceTag/team":"$x"}}}"#,
    ];
    for statement in statements {
        assert_eq!(of_statement(statement), [""; 0], "{statement}");
    }
}

#[test]
fn every_place_of_a_policy_is_looked_at() {
    let text = r#"{"Version":"1","Statement":[
        {"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*"},
        {"Effect":"Allow","Action":["vpc:DescribeVpcs","vpc:NoSuch"],"Resource":["*","arn:x"],
         "Condition":{"StringEquals":{"acs:RequestTag/a":["b","c*"]}}}]}"#;
    let (_, findings) = found(text, PolicyKind::Identity);
    let paths: Vec<_> = findings
        .iter()
        .map(|finding| (finding.rule.id, finding.path.as_str()))
        .collect();
    assert_eq!(
        paths,
        [
            ("RG001", "Statement[1].Action[1]"),
            ("RG201", "Statement[1].Resource[1]"),
            (
                "RG354",
                "Statement[1].Condition.StringEquals[\"acs:RequestTag/a\"][1]"
            ),
        ]
    );
}

#[test]
fn what_is_read_with_errors_is_still_looked_at() {
    let text = r#"{"Version":"1","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"acs:SecureTransport":["true","false"]},"IpAddress":{"acs:SourceIp":"10.0.0.1/8"}}}}"#;
    let rules: Vec<_> = names(text, PolicyKind::Identity)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        rules,
        [
            "wrong-type",
            "multiple-booleans",
            "host-bits",
            "private-address"
        ]
    );
}

#[test]
fn a_trust_policy_read_as_another_is_told_what_it_may_be() {
    let text = r#"{"Version":"1","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs.aliyuncs.com"},"Action":"sts:AssumeRole"}]}"#;
    let (_, findings) = found(text, PolicyKind::Identity);
    let helps: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding.help.as_deref())
        .collect();
    assert_eq!(
        helps,
        ["was a trust policy meant? It was read as an identity policy"]
    );
}

#[test]
fn rules_are_found_by_any_of_their_names() {
    let id = |word| {
        lint::rules_named(word)
            .map(|rule| rule.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(id("rg001"), ["RG001"]);
    assert_eq!(id("Unknown-Action"), ["RG001"]);
    assert_eq!(id("Json syntax error"), ["RG101"]);
    assert_eq!(id("json_syntax_error"), ["RG101"]);
    assert!(id("INVALID_ACTION").len() > 1);
    assert!(id("nothing").is_empty());
}

/// Hostile texts end, soon.
#[test]
fn long_lists_are_quick() {
    let many: Vec<String> = (0..2000)
        .map(|n| format!("\"acs:oss:*:*:bucket-{n}/*\""))
        .collect();
    let text = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"oss:GetObject","Resource":[{}]}}]}}"#,
        many.join(",")
    );
    let (_, findings) = found(&text, PolicyKind::Identity);
    assert_eq!(
        findings
            .iter()
            .map(|finding| finding.rule.name)
            .collect::<Vec<_>>(),
        ["too-long"]
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `RAMGATE_BLESS=1 cargo test --test lint` writes the page anew.
#[test]
fn the_page_of_rules_is_up_to_date() {
    let page = page();
    let path = root().join("docs/rules.md");
    if std::env::var_os("RAMGATE_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/rules.md is out of date: RAMGATE_BLESS=1 cargo test --test lint"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# The rules of `ramgate lint`\n\n\
         Generated from the table in `src/lint`. An **error** RAM would refuse, or it cannot mean what it says; **security** gives away more than is wise; a **warning** probably does not do\n\
         what was meant; a **suggestion** could be tidier. What the [catalogue](catalog.md) does not list is unknown, never wrong.\n\n\
         | id | name | severity | finds |\n| --- | --- | --- | --- |\n",
    );
    for rule in lint::rules() {
        let _ = writeln!(
            page,
            "| [{0}](#{0}) | {1} | {2} | {3} |",
            rule.id,
            rule.name,
            rule.severity,
            cell(rule.summary)
        );
    }
    for rule in lint::rules() {
        section(rule, &mut page);
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace('*', "\\*")
}

fn section(rule: &Rule, page: &mut String) {
    let _ = write!(
        page,
        "\n<a id=\"{}\"></a>\n## {} {}\n\n**{}** – {}.\n\n{}\n",
        rule.id,
        rule.id,
        rule.name,
        rule.severity,
        cell(rule.summary),
        cell(rule.reason)
    );
    for (word, text) in [("Bad", rule.bad()), ("Good", rule.good())] {
        let text = if text.len() > 3000 && text.is_ascii() {
            format!("{}…", &text[..200])
        } else {
            text
        };
        let _ = write!(
            page,
            "\n{word} ({}):\n\n```{}\n{}\n```\n",
            rule.subject(),
            rule.language(),
            text.trim_end()
        );
    }
    let lists = [
        ("Rules of SEMANTICS.md", rule.semantics),
        ("Alibaba Cloud", rule.alibaba_codes),
        ("Elsewhere", rule.aws_codes),
    ];
    for (what, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        let _ = write!(page, "\n{what}: {}\n", list.join(", "));
    }
}

#[test]
fn severities_are_ordered() {
    assert!(
        Severity::Suggestion < Severity::Warning
            && Severity::Warning < Severity::Security
            && Severity::Security < Severity::Error
    );
    assert_eq!(
        serde_json::to_value(Severity::Security).unwrap(),
        "security"
    );
}
