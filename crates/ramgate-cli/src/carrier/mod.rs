//! Reads files with policies in them: JSON as the engine knows it, Terraform's own language, and ROS templates in YAML.

pub(crate) mod comments;
mod hcl;
mod weave;
mod yaml;

use std::path::Path;

use ramgate::Source;
use ramgate::carrier::{Carried, Carrier};
use ramgate::lint::{self, Finding};

/// How the names of files end that may hold policies.
pub(crate) const EXTENSIONS: [&str; 5] = ["json", "jsonl", "tf", "yaml", "yml"];

/// The policies of a file that is something else than a policy; `None` where it is nothing known.
///
/// # Errors
/// When it is known, but cannot be read.
pub(crate) fn read(source: &Source) -> anyhow::Result<Option<Carrier>> {
    match extension(source) {
        "tf" => Ok(Some(hcl::read(source)?)),
        "yaml" | "yml" => match yaml::as_json(source)? {
            Some(json) => Ok(Carrier::read(&json)?),
            None => Ok(None),
        },
        _ => Ok(Carrier::read(source)?),
    }
}

/// Whether a file can hold comments.
pub(crate) fn has_comments(source: &Source) -> bool {
    matches!(extension(source), "tf" | "yaml" | "yml")
}

/// Whether a file's name says that it is no single JSON text.
pub(crate) fn has_own_language(source: &Source) -> bool {
    matches!(extension(source), "jsonl" | "tf" | "yaml" | "yml")
}

fn extension(source: &Source) -> &str {
    let name = Path::new(source.name());
    name.extension()
        .and_then(|end| end.to_str())
        .unwrap_or_default()
}

/// Whether a file with fixes made is what it was: the same policies in the same places, those without a fix as they were, and those with one
/// proved to decide the same.
pub(crate) fn is_sound(before: &Source, after: &Source, findings: &[Finding]) -> bool {
    let (Ok(Some(before)), Ok(Some(after))) = (read(before), read(after)) else {
        return false;
    };
    let has_fix = |carried: &Carried| {
        let mut findings = findings.iter().filter(|finding| finding.fix.is_some());
        findings.any(|finding| finding.document.as_deref() == Some(carried.place.as_str()))
    };
    let mut pairs = before.documents.iter().zip(&after.documents);
    before.documents.len() == after.documents.len()
        && before.unread.len() == after.unread.len()
        && pairs.all(|(before, after)| {
            before.place == after.place
                && (before.source.text() == after.source.text()
                    || (has_fix(before)
                        && lint::decides_the_same(&before.source, &after.source, before.reading)))
        })
}
