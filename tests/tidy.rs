//! The house's own rules: imports point down, every file says what it is for, every rule has a test and every cited rule exists.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Bottom to top: a module may import from those before it, and from itself.
const ROOMS: [&str; 29] = [
    "source",
    "problem",
    "suggest",
    "json",
    "fields",
    "wildcard",
    "truth",
    "other_reading",
    "arn",
    "resource_pattern",
    "catalog",
    "principal",
    "request",
    "deserialize",
    "condition",
    "document",
    "policy",
    "question",
    "decision",
    "account",
    "case",
    "analysis",
    "partial",
    "reach",
    "property_file",
    "carrier",
    "lint",
    "preflight",
    "lib",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "nothing in {folder}");
    found.sort();
    found
}

/// The module of the engine that a file belongs to.
fn room(file: &str) -> &str {
    let name = file.strip_prefix("src/").unwrap();
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn imports_point_down() {
    let import = Regex::new(r"\bcrate::(\w+)").unwrap();
    for (file, text) in files("src", "rs") {
        let own = ROOMS
            .iter()
            .position(|name| *name == room(&file))
            .unwrap_or_else(|| panic!("{file} is in no room"));
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for found in import.captures_iter(line) {
                // A re-export at the root (`crate::Policy`) is a type, not a room.
                let Some(other) = ROOMS.iter().position(|name| **name == found[1]) else {
                    continue;
                };
                assert!(other <= own, "{file} reaches up: {line}");
            }
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in [
        "src",
        "tests",
        "crates/ramgate-cli",
        "crates/ramgate-catalog",
        "crates/ramgate-import",
        "crates/ramgate-server",
        "crates/ramgate-tower",
    ] {
        for (file, text) in files(folder, "rs") {
            assert!(
                text.starts_with("//! "),
                "{file} does not begin with a sentence"
            );
        }
    }
}

/// The ids in the first column of the tables of SEMANTICS.md.
fn rules() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("SEMANTICS.md")).unwrap();
    let id = Regex::new(r"\b[A-Z]\d+\b").unwrap();
    let first = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.split('|').nth(1));
    first
        .flat_map(|cell| {
            id.find_iter(cell)
                .map(|id| id.as_str().to_owned())
                .collect::<Vec<_>>()
        })
        .collect()
}

fn cited_in_cases() -> BTreeSet<String> {
    let mut cited = BTreeSet::new();
    for (file, text) in files("tests/cases", "json") {
        let cases: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        for case in cases.as_array().unwrap() {
            let rules = case["rules"]
                .as_array()
                .unwrap_or_else(|| panic!("{file}: {} names no rule", case["name"]));
            assert!(!rules.is_empty(), "{file}: {} names no rule", case["name"]);
            cited.extend(rules.iter().map(|rule| rule.as_str().unwrap().to_owned()));
        }
    }
    cited
}

#[test]
fn every_rule_has_a_test_and_every_cited_rule_exists() {
    let rules = rules();
    assert!(rules.len() > 80, "{}", rules.len());
    let mut tested = cited_in_cases();
    let unknown: Vec<_> = tested.difference(&rules).collect();
    assert!(unknown.is_empty(), "cases cite unknown rules: {unknown:?}");

    // In tests a rule is cited in a comment or in the name of the test: `fn x5_policies_of_scope_all`.
    let id = Regex::new(r"\b([A-Z]\d{1,2})\b|\bfn ([a-z]\d{1,2})_").unwrap();
    let named = |text: &str| -> Vec<String> {
        id.captures_iter(text)
            .map(|found| {
                found
                    .get(1)
                    .or(found.get(2))
                    .unwrap()
                    .as_str()
                    .to_uppercase()
            })
            .collect()
    };
    for (_, text) in files("tests", "rs") {
        tested.extend(named(&text));
    }
    let untested: Vec<_> = rules.difference(&tested).collect();
    assert!(
        untested.is_empty(),
        "rules without a case or a test: {untested:?}"
    );

    let comment = Regex::new(r"//.*|#\[error.*").unwrap();
    let cited = Regex::new(r"\b([AEGKLOTVWXD]\d{1,2})\b").unwrap();
    for folder in [
        "src",
        "tests",
        "crates/ramgate-cli/src",
        "crates/ramgate-import/src",
    ] {
        for (file, text) in files(folder, "rs") {
            for line in comment.find_iter(&text) {
                for rule in cited.find_iter(line.as_str()) {
                    assert!(
                        rules.contains(rule.as_str()),
                        "{file} cites {}, which SEMANTICS.md does not have",
                        rule.as_str()
                    );
                }
            }
        }
    }
}

/// Nothing that a stranger could not understand, and nothing left lying about.
#[test]
fn no_leftovers() {
    let marks = Regex::new(r"\b(TODO|FIXME|XXX|todo!|unimplemented!|dbg!)").unwrap();
    for folder in [
        "src",
        "crates/ramgate-cli",
        "crates/ramgate-import",
        "crates/ramgate-server",
        "crates/ramgate-tower",
    ] {
        for (file, text) in files(folder, "rs") {
            assert!(!marks.is_match(&text), "{file}");
        }
    }
}
