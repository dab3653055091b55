//! Suppressions: one finding in one place, with a reason; those that suppress nothing are findings of their own.

use serde_json::Value;

use crate::place::Place;

/// `unknown-action` twice, in two statements, the second of which has a name.
const POLICY: &str = r#"{
  "Version": "1",
  "Statement": [
    { "Effect": "Allow", "Action": "vpc:NotYetListed", "Resource": "*" },
    { "Sid": "Preview", "Effect": "Allow", "Action": "vpc:NeitherListed", "Resource": "*" }
  ]
}
"#;

fn entry(place: &str) -> String {
    format!(
        "[[lint.suppress]]\nrule = \"RG001\"\nfile = \"policy.json\"\n{place}\nreason = \"in preview\"\n"
    )
}

/// The rules that are found, and in which lines of which files.
fn found(place: &Place, arguments: &[&str]) -> Vec<(String, String, u64)> {
    let arguments = [&["lint", "--format", "json"], arguments].concat();
    let ran = place.run(&arguments);
    assert!(ran.status < 2, "{ran:?}");
    let findings = ran.json();
    let of = |finding: &Value| {
        let word = |name: &str| finding[name].as_str().unwrap().to_owned();
        (
            word("rule"),
            word("file"),
            finding["line"].as_u64().unwrap(),
        )
    };
    findings.as_array().unwrap().iter().map(of).collect()
}

fn one(rule: &str, file: &str, line: u64) -> (String, String, u64) {
    (rule.to_owned(), file.to_owned(), line)
}

#[test]
fn a_path_or_a_sid_suppresses_one_finding() {
    let place = Place::with([("policy.json", POLICY), ("other.json", POLICY)]);
    assert_eq!(found(&place, &["policy.json"]).len(), 2);
    place.write("ramgate.toml", entry("path = \"Statement[0].Action\""));
    assert_eq!(
        found(&place, &["policy.json"]),
        [one("RG001", "policy.json", 5)]
    );
    assert_eq!(found(&place, &["other.json"]).len(), 2);
    place.write("ramgate.toml", entry("sid = \"Preview\""));
    assert_eq!(
        found(&place, &["policy.json"]),
        [one("RG001", "policy.json", 4)]
    );
    place.write(
        "ramgate.toml",
        entry("sid = \"Preview\"")
            + &entry("path = \"Statement[0].Action\"").replace("RG001", "unknown-action"),
    );
    let ran = place.run(&["lint", "policy.json"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "nothing found in 1 policy (2 suppressed)\n")
    );
}

#[test]
fn what_suppresses_nothing_is_found() {
    let place = Place::with([("policy.json", POLICY)]);
    let both = entry("path = \"Statement[0].Action\"") + &entry("path = \"Statement[1].Action\"");
    place.write(
        "ramgate.toml",
        format!("{both}\n{}", entry("path = \"Statement[7].Action\"")),
    );
    assert_eq!(
        found(&place, &["policy.json"]),
        [one("RG701", "ramgate.toml", 12)]
    );
    // Of rules and files that were not looked at nothing can be said.
    assert_eq!(found(&place, &["policy.json", "--select", "RG4,RG7"]), []);
    assert_eq!(found(&place, &["policy.json", "--ignore", "RG701"]), []);
    place.write("other.json", POLICY);
    assert_eq!(found(&place, &["other.json"]).len(), 2);
    // But of a file that is not there.
    place.write(
        "ramgate.toml",
        entry("path = \"\"").replace("policy.json", "gone/*.json"),
    );
    let found = found(&place, &["other.json"]);
    assert_eq!(found[2], one("RG701", "ramgate.toml", 1), "{found:?}");
}

#[test]
fn what_has_expired_suppresses_nothing() {
    let place = Place::with([("policy.json", POLICY)]);
    let until = |day: &str| {
        entry("path = \"Statement[0].Action\"")
            + &format!("expires = \"{day}\"\n")
            + &entry("sid = \"Preview\"")
    };
    place.write("ramgate.toml", until("9999-12-31"));
    assert_eq!(found(&place, &["policy.json"]), []);
    place.write("ramgate.toml", until("2020-12-31"));
    assert_eq!(
        found(&place, &["policy.json"]),
        [
            one("RG001", "policy.json", 4),
            one("RG702", "ramgate.toml", 1)
        ]
    );
    let ran = place.run(&["lint", "policy.json"]);
    assert!(ran.stdout.contains("1 | [[lint.suppress]]\n"), "{ran:?}");
}

#[test]
fn a_suppression_that_cannot_be_understood_is_an_error_with_its_place() {
    let place = Place::with([("policy.json", POLICY)]);
    let good = entry("path = \"Statement[0].Action\"");
    let cases = [
        (
            good.replace("RG001", "RG999"),
            "ramgate.toml:2:8: [[lint.suppress]]: no rule has the id or name \"RG999\"",
        ),
        (good.replace("path", "paths"), "unknown field `paths`"),
        (entry(""), "it says where by path or by sid, one of them"),
        (
            entry("path = \"\"\nsid = \"x\""),
            "it says where by path or by sid, one of them",
        ),
        (good.replace("in preview", " "), "the reason is empty"),
        (
            good.replace("reason = \"in preview\"\n", ""),
            "missing field `reason`",
        ),
        (
            good.clone() + "expires = \"soon\"\n",
            "expires is no day: \"soon\"",
        ),
        (good.replace("policy.json", "[a"), "no pattern of files"),
    ];
    for (settings, message) in cases {
        place.write("ramgate.toml", &settings);
        let ran = place.run(&["lint", "policy.json"]);
        assert!(
            ran.status == 2 && ran.stderr.contains(message),
            "{settings}: {ran:?}"
        );
    }
}

#[test]
fn code_scanning_is_told_what_is_suppressed_and_why() {
    let place = Place::with([("policy.json", POLICY)]);
    place.write(
        "ramgate.toml",
        entry("sid = \"Preview\"")
            + "[[lint.allow]]\nfiles = [\"*.json\"]\nrules = [\"RG001\"]\nreason = \"all of them\"\n",
    );
    let log = place
        .run(&["lint", "policy.json", "--format", "sarif"])
        .json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let reasons: Vec<&Value> = results
        .iter()
        .map(|one| &one["suppressions"][0]["justification"])
        .collect();
    // What a whole file is allowed is taken out first, so the entry is of no use.
    assert_eq!(
        reasons,
        [
            &Value::from("all of them"),
            &Value::from("all of them"),
            &Value::Null
        ]
    );
    assert_eq!(results[2]["ruleId"], "RG701");
    place.write("ramgate.toml", entry("sid = \"Preview\""));
    let log = place
        .run(&["lint", "policy.json", "--format", "sarif"])
        .json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results[0].get("suppressions"), None);
    assert_eq!(results[1]["suppressions"][0]["kind"], "external");
    assert_eq!(results[1]["suppressions"][0]["justification"], "in preview");
}

/// A suppression may say which of the policies of a file it is about; what is suppressed is not mended either.
#[test]
fn inside_another_file() {
    let snapshot = r#"{ "ramgate": 1, "accounts": { "1234567890123456": { "policies": {
  "a": { "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": ["ecs:DescribeInstances", "ecs:describeInstances"], "Resource": "*" }] } },
  "b": { "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": ["ecs:DescribeInstances", "ecs:describeInstances"], "Resource": "*" }] } }
} } } }"#;
    let place = Place::with([("policy.json", snapshot)]);
    let twice = ["policy.json", "--select", "RG501,RG7"];
    assert_eq!(found(&place, &twice).len(), 2);
    let settings = entry("path = \"Statement[0].Action[1]\"").replace("RG001", "RG501")
        + "document = \"accounts.1234567890123456.policies.b.document\"\n";
    place.write("ramgate.toml", settings);
    assert_eq!(found(&place, &twice), [one("RG501", "policy.json", 2)]);
    let ran = place.run(&["lint", "policy.json", "--fix", "--select", "RG501"]);
    assert_eq!(ran.stdout, "nothing found in 2 policies (1 suppressed)\n");
    let lines: Vec<String> = place
        .read("policy.json")
        .lines()
        .map(str::to_owned)
        .collect();
    assert!(
        !lines[1].contains("describeInstances") && lines[2].contains("describeInstances"),
        "{lines:?}"
    );
}

/// The rules' own examples, through the binary.
#[test]
fn the_examples_of_the_rules_hold() {
    let policy = POLICY.replace("vpc:NeitherListed", "vpc:DescribeVpcs");
    let place = Place::with([("policy.json", &policy)]);
    let terraform = place.run(&["rule", "RG703", "--format", "json"]).json();
    place.write("main.tf", terraform["bad"].as_str().unwrap());
    let wanted = [one("RG703", "main.tf", 6), one("RG001", "main.tf", 7)];
    let rules = ["main.tf", "--select", "RG001,RG7"];
    assert_eq!(found(&place, &rules), wanted);
    place.write("main.tf", terraform["good"].as_str().unwrap());
    assert_eq!(found(&place, &rules), []);
    for id in ["RG701", "RG702"] {
        let rule = place.run(&["rule", id, "--format", "json"]).json();
        place.write("ramgate.toml", rule["bad"].as_str().unwrap());
        let wanted = [one("RG001", "policy.json", 4), one(id, "ramgate.toml", 1)];
        assert_eq!(found(&place, &["policy.json"]), wanted, "{id}");
        place.write("ramgate.toml", rule["good"].as_str().unwrap());
        assert_eq!(found(&place, &["policy.json"]), [], "{id}");
    }
}

/// A comment above a line, in files that have comments.
#[test]
fn comments_suppress_the_line_below() {
    let terraform = |comment: &str| {
        format!(
            r#"resource "alicloud_ram_policy" "p" {{
  policy_document = jsonencode({{
    Version = "1"
    Statement = [{{
      Effect   = "Allow"
      {comment}
      # another remark
      Action   = ["vpc:NotYetListed"]
      Resource = ["*", "*"]
    }}]
  }})
}}
"#
        )
    };
    let place = Place::with([]);
    let rules = ["main.tf", "--select", "RG001,RG501,RG7"];
    let cases = [
        ("", vec![("RG001", 8), ("RG501", 9)]),
        ("# ramgate:ignore RG001 -- in preview", vec![("RG501", 9)]),
        (
            "// ramgate:ignore unknown-action -- in preview",
            vec![("RG501", 9)],
        ),
        (
            "# ramgate:ignore RG501 -- not here",
            vec![("RG701", 6), ("RG001", 8), ("RG501", 9)],
        ),
        (
            "# ramgate:ignore RG001",
            vec![("RG703", 6), ("RG001", 8), ("RG501", 9)],
        ),
        (
            "# ramgate:ignore RG999 -- x",
            vec![("RG703", 6), ("RG001", 8), ("RG501", 9)],
        ),
        (
            "# ramgate:ignore -- x",
            vec![("RG703", 6), ("RG001", 8), ("RG501", 9)],
        ),
    ];
    for (comment, wanted) in cases {
        place.write("main.tf", terraform(comment));
        let wanted: Vec<_> = wanted
            .into_iter()
            .map(|(rule, line)| one(rule, "main.tf", line))
            .collect();
        assert_eq!(found(&place, &rules), wanted, "{comment}");
    }
    place.write("main.tf", terraform("# ramgate:ignore RG001 -- in preview"));
    let log = place.run(&["lint", "main.tf", "--format", "sarif"]).json();
    let results = log["runs"][0]["results"].as_array().unwrap().clone();
    let suppressed: Vec<_> = results
        .iter()
        .filter(|one| one["suppressions"].is_array())
        .collect();
    assert_eq!(suppressed.len(), 1, "{results:?}");
    assert_eq!(suppressed[0]["suppressions"][0]["kind"], "inSource");
    assert_eq!(
        suppressed[0]["suppressions"][0]["justification"],
        "in preview"
    );
    // No comment can stand inside a heredoc: the one above it is about all of it.
    place.write(
        "main.tf",
        r#"resource "alicloud_ram_policy" "p" {
  # ramgate:ignore RG001 -- in preview
  policy_document = <<EOF
{ "Version": "1",
  "Statement": [{ "Effect": "Allow", "Action": ["vpc:NotYetListed"], "Resource": ["*", "*"] }] }
EOF
}
"#,
    );
    assert_eq!(found(&place, &rules), [one("RG501", "main.tf", 5)]);
}
