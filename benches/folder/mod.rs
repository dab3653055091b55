//! All identity policies of a folder as one attached set: what in it does nothing, and how long it takes to tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ramgate::analysis::{Options, idle};
use ramgate::{Document, Policies, PolicyKind, Reading, Source};

use crate::{shown, timed};

/// Every `.json` file of the folder, in order.
pub fn files(folder: &str) -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(Path::new(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem()?.to_string_lossy().into_owned();
        Some((name, std::fs::read_to_string(&path).ok()?))
    };
    paths.into_iter().filter_map(read).collect()
}

pub fn idle_in(folder: &str) {
    let reading = Reading::new(PolicyKind::Identity).system().lenient();
    let files = files(folder);
    let documents: Vec<Document> = files
        .iter()
        .filter_map(|(name, text)| {
            Document::parse_as(&Source::new(name.clone(), text.clone()), reading).ok()
        })
        .collect();
    let read = documents.len();
    let policies = Policies::of_identity(documents);
    let (time, found) = timed(|| idle(&policies, &Options::default()));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &found.findings {
        *counts.entry(format!("{:?}", finding.idle)).or_default() += 1;
        let by: Vec<String> = finding
            .by
            .iter()
            .map(|by| format!("{}#{}", by.policy, by.statement))
            .collect();
        println!(
            "{:?}\t{}#{}\t{}\t{}\t{}",
            finding.idle,
            finding.at.policy,
            finding.at.statement,
            finding.entry.as_deref().unwrap_or_default(),
            by.join(" "),
            finding.by_entries.join(" ")
        );
    }
    for (at, why) in &found.unknown {
        println!("Unknown\t{}#{}\t{why}", at.policy, at.statement);
    }
    eprintln!(
        "{read} of {} documents are read; {counts:?}; {} unknown; {}",
        files.len(),
        found.unknown.len(),
        shown(time)
    );
}
