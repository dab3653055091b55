//! The samples in `policies/`: every document loads and is formatted, and every case about the snapshot holds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ramgate::{Case, Coverage, Organization, PolicyKind, Reading, ResourceService, Source};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn source(path: &Path) -> Source {
    let name = path
        .strip_prefix(root().parent().unwrap())
        .unwrap_or(path)
        .display()
        .to_string();
    Source::new(
        name,
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    )
}

fn open(name: &str, from: &Source) -> Result<Source, String> {
    let folder = Path::new(from.name()).parent().unwrap();
    Ok(source(&root().parent().unwrap().join(folder).join(name)))
}

fn snapshot() -> Organization {
    let snapshot = source(&root().join("snapshot.json"));
    Organization::read(&[snapshot], false, &mut open).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_document_loads_and_is_in_canonical_layout() {
    let mut count = 0;
    for (folder, kind) in [
        ("identity", PolicyKind::Identity),
        ("session", PolicyKind::Session),
        ("control", PolicyKind::Control),
        ("trust", PolicyKind::Trust),
        ("resource", PolicyKind::Resource(ResourceService::Oss)),
    ] {
        for path in files(folder) {
            let source = source(&path);
            ramgate::Document::parse_as(&source, Reading::new(kind))
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(
                ramgate::format(&source).unwrap(),
                source.text(),
                "{}",
                source.name()
            );
            count += 1;
        }
    }
    assert!(count >= 20, "{count} documents");
}

#[test]
fn every_case_holds_and_every_statement_is_touched() {
    let known = Arc::new(snapshot());
    let mut coverage = Coverage::default();
    let mut failures = Vec::new();
    let mut count = 0;
    for path in files("cases") {
        let source = source(&path);
        let cases = Case::read_all(&source, &mut |_, _| Ok(Arc::clone(&known)))
            .unwrap_or_else(|error| panic!("{error}"));
        for case in cases {
            coverage.add(&case);
            let result = case.run();
            count += 1;
            if !result.ok {
                failures.push(format!(
                    "{} ({}): {}",
                    result.name, result.at, result.message
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count >= 40, "{count} cases");
    // A case's own policies may show a statement that does not match.
    let of_samples = coverage
        .statements()
        .filter(|statement| !statement.at.starts_with("policies/cases/"));
    let untouched: Vec<&str> = of_samples
        .filter(|statement| !statement.touched)
        .map(|statement| statement.at.as_str())
        .collect();
    assert!(untouched.is_empty(), "{untouched:?}");
}
