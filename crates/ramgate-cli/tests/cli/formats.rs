//! The reports of `ramgate lint` as those read them that they are for: against schemas, and through a parser of XML.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::place::Place;

/// A policy for every rule, and one without a finding.
fn place() -> Place {
    let broken = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/broken");
    let mut files = vec![("identity/clean.json".to_owned(), CLEAN.to_owned())];
    for folder in ["identity", "trust", "oss"] {
        for file in std::fs::read_dir(broken.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            files.push((format!("{folder}/{name}"), text));
        }
    }
    let place = Place::with([]);
    for (name, text) in files {
        place.write(&name, text);
    }
    place
}

const CLEAN: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*"}]}"#;

const ALL: [&str; 3] = ["identity/*.json", "trust/*.json", "oss/*.json"];

fn report(place: &Place, format: &str) -> String {
    let ran = place.run(&[&["lint", "--format", format][..], &ALL].concat());
    assert_eq!(ran.status, 1, "{ran:?}");
    ran.stdout
}

fn json(place: &Place, format: &str) -> Value {
    serde_json::from_str(&report(place, format)).unwrap()
}

fn errors(report: &Value, schema: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas");
    let text = std::fs::read_to_string(path.join(schema)).unwrap();
    // As published it is no regular expression.
    let text = text.replace(
        "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$",
        "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$",
    );
    let schema: Value = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors = validator.iter_errors(report);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[track_caller]
fn fits(report: &Value, schema: &str) {
    let errors = errors(report, schema);
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

fn texts<'r>(list: &'r Value, pointer: &str) -> Vec<&'r str> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one.pointer(pointer).and_then(Value::as_str).unwrap())
        .collect()
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let place = place();
    let wrong = |format: &str, pointer: &str, value: Value, schema: &str| {
        let mut report = json(&place, format);
        *report.pointer_mut(pointer).unwrap() = value;
        assert_eq!(errors(&report, schema).len(), 1, "{pointer}");
    };
    let result = "/runs/0/results/0";
    let sarif = "sarif-2.1.0.schema.json";
    let line = format!("{result}/locations/0/physicalLocation/region/startLine");
    wrong("sarif", &format!("{result}/level"), "bad".into(), sarif);
    wrong("sarif", &line, 0.into(), sarif);
    let gitlab = "gitlab-code-quality.schema.json";
    wrong("gitlab", "/0/severity", "error".into(), gitlab);
    wrong("json", "/0/column", 0.into(), "findings.schema.json");
}

#[test]
fn json_is_as_the_contract_says() {
    let report = json(&place(), "json");
    fits(&report, "findings.schema.json");
    let rules: BTreeSet<&str> = texts(&report, "/rule").into_iter().collect();
    assert!(rules.len() > 80, "{rules:?}");
}

#[test]
fn sarif_is_what_the_standard_and_code_scanning_take() {
    let place = place();
    let log = json(&place, "sarif");
    fits(&log, "sarif-2.1.0.schema.json");
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    for rule in rules {
        let tags = rule["properties"]["tags"].as_array().unwrap();
        assert!(tags.len() <= 20, "{rule}");
        for text in ["shortDescription", "fullDescription", "help"] {
            let length = rule[text]["text"].as_str().unwrap().len();
            assert!(length > 0, "{text} of {rule}");
        }
        assert!(rule["shortDescription"]["text"].as_str().unwrap().len() <= 1024);
    }
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(
            rules[index]["defaultConfiguration"]["level"],
            result["level"]
        );
        assert_eq!(result["locations"].as_array().unwrap().len(), 1);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let print = &result["partialFingerprints"]["primaryLocationLineHash"];
        let (hash, count) = print.as_str().unwrap().split_once(':').unwrap();
        assert!(u64::from_str_radix(hash, 16).is_ok() && count.parse::<u32>().is_ok());
    }
    // As many as there are findings, at the same places.
    let findings = json(&place, "json");
    let places: Vec<(Value, Value)> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["rule"].clone(), finding["line"].clone()))
        .collect();
    let found: Vec<(Value, Value)> = results
        .iter()
        .map(|result| {
            let region = &result["locations"][0]["physicalLocation"]["region"];
            (result["ruleId"].clone(), region["startLine"].clone())
        })
        .collect();
    assert_eq!(found, places);
}

/// One file with more findings than code scanning takes.
#[test]
fn sarif_is_cut_where_code_scanning_would_refuse_it() {
    let twice = vec!["\"x:Y\""; 25_100].join(",\n");
    let text = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":[{twice}],"Resource":"arn:x"}}]}}"#
    );
    let place = Place::with([("p.json", text.as_str())]);
    let ran = place.run(&[
        "lint",
        "p.json",
        "--kind",
        "system",
        "--format",
        "sarif",
        "--select",
        "RG201,RG501",
    ]);
    let log = ran.json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert_eq!(results[0]["ruleId"], "RG201", "the worst is there");
    assert!(
        ran.stderr
            .contains("note: 100 findings are not in the report"),
        "{}",
        ran.stderr
    );
}

#[test]
fn gitlab_tells_findings_apart_and_knows_them_again() {
    let place = place();
    let issues = json(&place, "gitlab");
    fits(&issues, "gitlab-code-quality.schema.json");
    let prints = texts(&issues, "/fingerprint");
    let unique: BTreeSet<&&str> = prints.iter().collect();
    assert_eq!(unique.len(), prints.len());

    // The same findings, a line further down and with others before them.
    let statement = |action: &str| {
        format!(
            "    {{\n      \"Effect\": \"Allow\",\n      \"Action\": \"{action}\",\n      \"Resource\": \"*\"\n    }}"
        )
    };
    let policy = |actions: &[&str]| {
        let statements: Vec<String> = actions.iter().map(|action| statement(action)).collect();
        format!(
            "{{\n  \"Version\": \"1\",\n  \"Statement\": [\n{}\n  ]\n}}\n",
            statements.join(",\n")
        )
    };
    let prints = |actions: &[&str]| {
        let place = Place::with([("p.json", policy(actions).as_str())]);
        let arguments = ["lint", "p.json", "--format", "gitlab", "--select", "RG001"];
        let issues = place.run(&arguments).json();
        let prints = texts(&issues, "/fingerprint").into_iter();
        prints.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = prints(&["vpc:NoSuch", "vpc:NoSuch"]);
    let after = prints(&["ecs:DescribeDisks", "vpc:Other", "vpc:NoSuch", "vpc:NoSuch"]);
    assert_eq!(before.len(), 2);
    assert_ne!(before[0], before[1]);
    assert_eq!(after[1..], before);
}

/// What may stand in the elements of a report, and what must.
const JUNIT: [(&str, &[&str], &[&str]); 4] = [
    (
        "testsuites",
        &["name", "tests", "failures", "errors", "skipped", "time"],
        &["testsuite"],
    ),
    (
        "testsuite",
        &["name", "tests", "failures", "errors", "skipped", "time"],
        &["testcase"],
    ),
    ("testcase", &["name", "classname", "time"], &["failure"]),
    ("failure", &["message", "type"], &[]),
];

#[test]
fn junit_is_read_by_a_parser_and_counts_right() {
    let place = place();
    let text = report(&place, "junit");
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    for node in root.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        let (_, attributes, children) = JUNIT.iter().find(|(known, _, _)| *known == name).unwrap();
        for attribute in node.attributes() {
            assert!(attributes.contains(&attribute.name()), "{attribute:?}");
        }
        for child in node.children().filter(roxmltree::Node::is_element) {
            assert!(children.contains(&child.tag_name().name()), "{child:?}");
        }
        let must = match name {
            "testcase" => &["name", "classname"][..],
            "testsuite" | "testsuites" => &["name", "tests", "failures", "errors"],
            _ => &["message", "type"],
        };
        assert!(
            must.iter().all(|name| node.has_attribute(*name)),
            "{node:?}"
        );
    }
    let number = |node: roxmltree::Node<'_, '_>, name: &str| -> usize {
        node.attribute(name).unwrap().parse().unwrap()
    };
    let count = |node: roxmltree::Node<'_, '_>, name: &str| {
        node.descendants()
            .filter(|one| one.has_tag_name(name))
            .count()
    };
    for node in root
        .descendants()
        .filter(|node| node.has_attribute("tests"))
    {
        assert_eq!(number(node, "tests"), count(node, "testcase"));
        assert_eq!(number(node, "failures"), count(node, "failure"));
        assert_eq!(number(node, "errors"), 0);
    }
    let clean = root
        .children()
        .find(|suite| suite.attribute("name") == Some("identity/clean.json"))
        .unwrap();
    assert_eq!((count(clean, "testcase"), count(clean, "failure")), (1, 0));
}

/// A file whose name and contents hold what means something in each format.
#[test]
fn what_means_something_in_a_format_is_escaped() {
    let name = "50%,a:b <&\"'.json";
    let text = "{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"vpc:No%Such]]>,<&'\",\"Resource\":\"*\",\n\"Condition\":{\"Bool\":{\"acs:SecureTransport\":[\"true\",\n\"false\"]}}}]}";
    let place = Place::with([(name, text)]);
    let run = |format: &str| place.run(&["lint", name, "--kind", "identity", "--format", format]);
    let github = run("github").stdout;
    for line in github.lines() {
        let (properties, _) = line
            .strip_prefix("::error ")
            .unwrap()
            .split_once("::")
            .unwrap();
        let known = ["file", "line", "endLine", "col", "endColumn", "title"];
        let names = properties
            .split(',')
            .map(|property| property.split_once('=').unwrap().0);
        assert!(names.clone().all(|name| known.contains(&name)), "{line}");
        assert!(
            properties.starts_with("file=50%25%2Ca%3Ab <&\"'.json,"),
            "{line}"
        );
        // Columns are only for what is on one line.
        let has_columns = names.clone().any(|name| name == "col");
        assert_eq!(has_columns, !line.contains("multiple-booleans"), "{line}");
    }
    assert!(github.contains("multiple-booleans"), "{github}");
    assert!(github.contains("No%25Such]]>,<&'"), "{github}");
    let junit = run("junit").stdout;
    let document = roxmltree::Document::parse(&junit).unwrap();
    let suite = document.root_element().first_element_child().unwrap();
    assert_eq!(suite.attribute("name"), Some(name));
    assert!(
        suite.descendants().any(|node| node
            .text()
            .is_some_and(|text| text.contains("No%Such]]>,<&'"))),
        "{junit}"
    );
    let log = run("sarif").json();
    fits(&log, "sarif-2.1.0.schema.json");
    let uri = log.pointer("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri");
    assert_eq!(
        uri.and_then(Value::as_str),
        Some("50%25%2Ca%3Ab%20%3C%26%22%27.json")
    );
    let issues = run("gitlab").json();
    fits(&issues, "gitlab-code-quality.schema.json");
    assert_eq!(issues[0]["location"]["path"], name);
}
