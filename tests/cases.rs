//! Runs every case below `tests/cases` as a test of its own: `cargo test --test cases ip_address` runs a part.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use ramgate::{Case, Source};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut trials = Vec::new();
    for path in files_below(&root) {
        let chapter = path
            .strip_prefix(&root)
            .unwrap()
            .with_extension("")
            .display()
            .to_string();
        let source = Source::new(
            format!("tests/cases/{chapter}.json"),
            std::fs::read_to_string(&path).unwrap(),
        );
        let cases = Case::read_all(&source, &mut |name, _| {
            Err(format!("no account {name} here"))
        })
        .unwrap_or_else(|error| panic!("{error}"));
        for case in cases {
            trials.push(Trial::test(
                format!("{chapter}::{}", case.name()),
                move || run(&case),
            ));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn run(case: &Case) -> Result<(), Failed> {
    let result = case.run();
    if result.ok {
        return Ok(());
    }
    let explanation = result
        .explanation
        .map(|explanation| serde_json::to_string_pretty(&explanation).unwrap());
    Err(format!(
        "{}\n{}\n{}",
        result.at,
        result.message,
        explanation.unwrap_or_default()
    )
    .into())
}
