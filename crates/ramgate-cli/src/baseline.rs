//! Findings that were there before, so that only new ones count: an earlier report of `ramgate lint --format json`.

use std::collections::HashMap;
use std::path::Path;

use anyhow::anyhow;
use ramgate::lint::Finding;
use serde::Deserialize;

use crate::input;

/// What tells findings apart when lines have moved.
#[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
struct Known {
    rule: String,
    file: String,
    message: String,
}

/// How often each finding was there.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    known: HashMap<Known, usize>,
}

impl Baseline {
    /// The findings of a report.
    ///
    /// # Errors
    /// When it cannot be read, or is no such report.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Baseline> {
        let source = input::read(path)?;
        let known: Vec<Known> = serde_json::from_str(source.text()).map_err(|error| {
            anyhow!(
                "{}: no report of ramgate lint --format json: {error}",
                path.display()
            )
        })?;
        let mut baseline = Baseline::default();
        for finding in known {
            *baseline.known.entry(finding).or_default() += 1;
        }
        Ok(baseline)
    }

    /// Takes out what was there before; one finding of it excuses one.
    pub(crate) fn subtract(&mut self, findings: &mut Vec<Finding>) {
        findings.retain(|finding| {
            let known = Known {
                rule: finding.rule.id.to_owned(),
                file: finding.file.to_string(),
                message: finding.message.clone(),
            };
            match self.known.get_mut(&known).filter(|count| **count > 0) {
                Some(count) => {
                    *count -= 1;
                    false
                }
                None => true,
            }
        });
    }
}
