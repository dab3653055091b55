//! Writes findings as SARIF 2.1.0, as code scanning takes it.

use std::collections::HashMap;
use std::path::{Component, Path};

use ramgate::lint::{self, Finding, Rule, Severity};
use serde_json::{Value, json};

use crate::command::lint::Linted;
use crate::suppress::Suppressed;

/// The whole log: every rule, and what they found.
pub(crate) fn log(linted: &[Linted]) -> Value {
    let results: Vec<Value> = linted.iter().flat_map(of_file).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "ramgate",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": lint::rules().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }]
    })
}

fn rule(rule: &Rule) -> Value {
    let mut properties =
        json!({ "tags": [rule.severity.name()], "problem.severity": problem_severity(rule) });
    if rule.severity == Severity::Security
        && let Some(properties) = properties.as_object_mut()
    {
        properties.insert("security-severity".to_owned(), json!("7.0"));
    }
    let language = rule.language();
    json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.reason },
        "defaultConfiguration": { "level": level(rule.severity) },
        "help": {
            "text": format!("{}\n\nBad:\n{}\n\nGood:\n{}", rule.reason, rule.bad(), rule.good()),
            "markdown": format!(
                "{}\n\nBad:\n```{language}\n{}\n```\n\nGood:\n```{language}\n{}\n```",
                rule.reason, rule.bad(), rule.good(),
            ),
        },
        "properties": properties,
    })
}

fn problem_severity(rule: &Rule) -> &'static str {
    match rule.severity {
        Severity::Error | Severity::Security => "error",
        Severity::Warning => "warning",
        Severity::Suggestion => "recommendation",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error | Severity::Security => "error",
        Severity::Warning => "warning",
        Severity::Suggestion => "note",
    }
}

fn of_file(one: &Linted) -> Vec<Value> {
    let hashes = line_hashes(one.source.text());
    let of = |finding: &Finding| {
        let line = (finding.start.line as usize).saturating_sub(1);
        result(finding, hashes.get(line).map(String::as_str))
    };
    let suppressed = one.suppressed.iter().map(|suppressed| {
        let mut result = of(&suppressed.finding);
        if let Some(members) = result.as_object_mut() {
            members.insert("suppressions".to_owned(), json!([suppression(suppressed)]));
        }
        result
    });
    one.findings.iter().map(of).chain(suppressed).collect()
}

fn suppression(suppressed: &Suppressed) -> Value {
    let kind = match suppressed.is_comment {
        true => "inSource",
        false => "external",
    };
    json!({ "kind": kind, "status": "accepted", "justification": suppressed.reason })
}

fn result(finding: &Finding, hash: Option<&str>) -> Value {
    let region = json!({
        "startLine": finding.start.line,
        "startColumn": finding.start.column,
        "endLine": finding.end.line,
        "endColumn": finding.end.column,
    });
    let message = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    let place = artifact(&finding.file);
    let name = match &finding.document {
        Some(document) => format!("{document}: {}", finding.path),
        None => finding.path.clone(),
    };
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": lint::rules().position(|rule| rule.id == finding.rule.id),
        "level": level(finding.rule.severity),
        "message": { "text": message },
        "locations": [{
            "physicalLocation": { "artifactLocation": place, "region": region },
            "logicalLocations": [{ "fullyQualifiedName": name }],
        }],
    });
    let Some(members) = result.as_object_mut() else {
        return result;
    };
    if let Some(hash) = hash {
        members.insert(
            "partialFingerprints".to_owned(),
            json!({ "primaryLocationLineHash": hash }),
        );
    }
    if let Some(fix) = &finding.fix {
        let deleted = json!({
            "startLine": fix.start.line,
            "startColumn": fix.start.column,
            "endLine": fix.end.line,
            "endColumn": fix.end.column,
        });
        let replacement =
            json!({ "deletedRegion": deleted, "insertedContent": { "text": fix.text } });
        let fixes = json!([{ "artifactChanges": [{ "artifactLocation": place, "replacements": [replacement] }] }]);
        members.insert("fixes".to_owned(), fixes);
    }
    result
}

/// A relative path with `/`, percent-encoded as a URI; relative ones are seen from the root of the repository.
fn artifact(file: &str) -> Value {
    let path = Path::new(file);
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str().map(percent_encoded),
        Component::ParentDir => Some("..".to_owned()),
        _ => None,
    });
    let uri = parts.collect::<Vec<_>>().join("/");
    if path.is_absolute() {
        json!({ "uri": format!("file:///{uri}") })
    } else {
        json!({ "uri": uri, "uriBaseId": "%SRCROOT%" })
    }
}

fn percent_encoded(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// How many characters from the beginning of a line on its fingerprint is made of.
const BLOCK: usize = 100;

/// The fingerprint of every line, as code scanning makes them: a rolling hash of the hundred characters from its beginning on, blanks left out,
/// and how often the same came before.
pub(crate) fn line_hashes(text: &str) -> Vec<String> {
    let mut rolling = Rolling::new();
    let mut line_starts = true;
    let mut after_return = false;
    let end_of_file = 0xFFFF_u16;
    for unit in text.encode_utf16().chain([end_of_file]) {
        let (space, tab, feed, carriage) = (0x20, 0x09, 0x0A, 0x0D);
        if unit == space || unit == tab || (after_return && unit == feed) {
            after_return = false;
            continue;
        }
        after_return = unit == carriage;
        let unit = if after_return { feed } else { unit };
        rolling.give();
        if line_starts {
            rolling.begin_line();
        }
        line_starts = unit == feed;
        rolling.take(unit);
    }
    for _ in 0..BLOCK {
        rolling.give();
        rolling.take(0);
    }
    rolling.hashes
}

struct Rolling {
    window: [u64; BLOCK],
    /// The line that began with this character of the window.
    lines: [Option<usize>; BLOCK],
    index: usize,
    hash: u64,
    begun: usize,
    hashes: Vec<String>,
    counts: HashMap<u64, usize>,
}

impl Rolling {
    const BASE: u64 = 37;

    fn new() -> Rolling {
        Rolling {
            window: [0; BLOCK],
            lines: [None; BLOCK],
            index: 0,
            hash: 0,
            begun: 0,
            hashes: Vec::new(),
            counts: HashMap::new(),
        }
    }

    fn begin_line(&mut self) {
        if let Some(line) = self.lines.get_mut(self.index) {
            *line = Some(self.begun);
        }
        self.begun += 1;
    }

    /// The hash of the line whose hundred characters are there, if one is. Lines come in their order.
    fn give(&mut self) {
        let line = self.lines.get_mut(self.index).and_then(Option::take);
        if line.is_some() {
            let count = self.counts.entry(self.hash).or_default();
            *count += 1;
            self.hashes.push(format!("{:x}:{count}", self.hash));
        }
    }

    fn take(&mut self, unit: u16) {
        let first = Self::BASE.wrapping_pow(BLOCK as u32);
        let Some(slot) = self.window.get_mut(self.index) else {
            return;
        };
        let gone = std::mem::replace(slot, u64::from(unit));
        self.hash = Self::BASE
            .wrapping_mul(self.hash)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(first.wrapping_mul(gone));
        self.index = (self.index + 1) % BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by hand for one character: 37^99 after it and the end of the file, with zeros behind.
    #[test]
    fn every_line_has_a_hash_and_equal_lines_differ_in_their_count() {
        let hashes = line_hashes("a\nb\n\n a\nb");
        assert_eq!(hashes.len(), 5);
        let alone = line_hashes("a");
        let by_hand = u64::from(b'a')
            .wrapping_mul(37_u64.wrapping_pow(99))
            .wrapping_add(0xFFFF_u64.wrapping_mul(37_u64.wrapping_pow(98)));
        assert_eq!(alone, [format!("{by_hand:x}:1")]);
        assert_eq!(line_hashes(" a\t"), alone, "blanks do not count");
        assert_eq!(line_hashes("x\r\ny"), line_hashes("x\ny"));
    }

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(
            artifact("./a b/c#.json"),
            json!({ "uri": "a%20b/c%23.json", "uriBaseId": "%SRCROOT%" })
        );
        assert_eq!(artifact("/a/b.json"), json!({ "uri": "file:///a/b.json" }));
    }
}
