//! Comments that suppress findings in files that have comments: `# ramgate:ignore RG101 -- why`.

use ramgate::carrier::Carrier;
use ramgate::lint::{self, Finding, Rule, UNREASONED_SUPPRESSION, UNUSED_SUPPRESSION};
use ramgate::{Source, Span};

use crate::suppress::Suppressed;

const MARK: &str = "ramgate:ignore";

/// One comment that says what it suppresses and why.
struct Comment {
    /// The line that it is about: the first one below that is no comment.
    line: u32,
    span: Span,
    rules: Vec<&'static Rule>,
    reason: String,
    is_used: bool,
}

/// Takes the findings out that comments suppress, and puts in what is to be said of the comments. A comment is about the line below it; above a
/// policy in which no comment can stand, about the whole of it. Of rules that are not asked for nothing can be said.
pub(crate) fn take(
    source: &Source,
    carrier: &Carrier,
    is_asked: impl Fn(&Rule) -> bool,
    findings: &mut Vec<Finding>,
) -> Vec<Suppressed> {
    let (mut comments, mut about_comments) = read(source);
    let mut suppressed = Vec::new();
    let mut kept = Vec::new();
    for finding in findings.drain(..) {
        let document = carrier.documents.iter().find(|one| {
            let place = Some(one.place.as_str());
            place == finding.document.as_deref()
        });
        let opening = document.and_then(|one| one.opened_at).map(|at| at.line);
        let comment = comments.iter_mut().find(|comment| {
            let is_here = comment.line == finding.start.line || opening == Some(comment.line);
            is_here && comment.rules.iter().any(|rule| rule.id == finding.rule.id)
        });
        match comment {
            Some(comment) => {
                comment.is_used = true;
                suppressed.push(Suppressed {
                    finding,
                    reason: comment.reason.clone(),
                    is_comment: true,
                });
            }
            None => kept.push(finding),
        }
    }
    for comment in comments.iter().filter(|comment| !comment.is_used) {
        if comment.rules.iter().all(|rule| is_asked(rule)) {
            let ids: Vec<&str> = comment.rules.iter().map(|rule| rule.id).collect();
            let message = format!(
                "no finding of {} in line {}",
                ids.join(" or "),
                comment.line
            );
            about_comments.push(Finding::new(
                &UNUSED_SUPPRESSION,
                source,
                comment.span,
                message,
            ));
        }
    }
    about_comments.retain(|finding| is_asked(finding.rule));
    kept.extend(about_comments);
    kept.sort_by_key(|finding| (finding.start, finding.end));
    *findings = kept;
    suppressed
}

/// The comments of a file, and what is wrong with those that say too little.
fn read(source: &Source) -> (Vec<Comment>, Vec<Finding>) {
    let mut comments: Vec<Comment> = Vec::new();
    let mut wrong = Vec::new();
    let mut start = 0;
    for (line, number) in source.text().split_inclusive('\n').zip(1_u32..) {
        let text = line.trim();
        let begins = start + line.len() - line.trim_start().len();
        start += line.len();
        let comment = text.strip_prefix("//").or_else(|| text.strip_prefix('#'));
        let Some(comment) = comment else {
            continue;
        };
        // Of several in a row each is about the line below them all.
        for before in comments.iter_mut().filter(|before| before.line == number) {
            before.line = number + 1;
        }
        let Some(said) = comment.trim_start().strip_prefix(MARK) else {
            continue;
        };
        let span = Span {
            start: begins,
            end: begins + text.len(),
        };
        match understood(said) {
            Ok((rules, reason)) => comments.push(Comment {
                line: number + 1,
                span,
                rules,
                reason,
                is_used: false,
            }),
            Err(message) => {
                let mut finding = Finding::new(&UNREASONED_SUPPRESSION, source, span, message);
                finding.help = Some(format!("expected # {MARK} RG101 -- the reason"));
                wrong.push(finding);
            }
        }
    }
    (comments, wrong)
}

/// `RG101, RG102 -- the reason`
fn understood(said: &str) -> Result<(Vec<&'static Rule>, String), String> {
    let (names, reason) = match said.split_once("--") {
        Some((names, reason)) => (names, reason.trim()),
        None => (said, ""),
    };
    let mut rules = Vec::new();
    for name in names.split([',', ' ']).filter(|name| !name.is_empty()) {
        let is_meant = |rule: &&Rule| {
            rule.id.eq_ignore_ascii_case(name) || rule.name.eq_ignore_ascii_case(name)
        };
        match lint::rules().find(is_meant) {
            Some(rule) => rules.push(rule),
            None => {
                return Err(format!(
                    "no rule has the id or name {name:?}: nothing is suppressed"
                ));
            }
        }
    }
    if rules.is_empty() {
        return Err("no rule is named: nothing is suppressed".to_owned());
    }
    if reason.is_empty() {
        return Err("no reason is given: nothing is suppressed".to_owned());
    }
    Ok((rules, reason.to_owned()))
}
