//! Makes the changes that findings come with, and proves that the policy decides as before.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::analysis::{NOT_EVERY_CALLER, Options, Relation, diff};
use crate::catalog::Catalog;
use crate::document::{Document, PolicyKind, Reading};
use crate::lint::finding::{Finding, Fix};
use crate::lint::lint;
use crate::policy::{Policies, Policy, PolicySet};
use crate::source::Source;

/// One change may uncover the next.
const ROUNDS_MAX: usize = 20;

/// A policy with every change made that was wanted and is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mended {
    /// The text.
    pub text: String,
    /// Changes were left out because the analyser could not show in time that the policy decides as before.
    pub is_unproved: bool,
}

/// Makes the changes of the findings that are wanted, until none is left. Each round counts only when [`diff`] proves that the policy allows
/// the same as before; mending what is mended changes nothing.
///
/// ```
/// use ramgate::{Catalog, PolicyKind, Reading, Source, lint};
///
/// let source = Source::new("p.json", r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ecs:*","ecs:Describe*"],"Resource":"*"}]}"#);
/// let mended = lint::mend(&source, Reading::new(PolicyKind::Identity), &Catalog::default(), &|_| true);
/// assert_eq!(mended.text, r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ecs:*"],"Resource":"*"}]}"#);
/// ```
pub fn mend(
    source: &Source,
    reading: Reading,
    catalog: &Catalog,
    is_wanted: &dyn Fn(&Finding) -> bool,
) -> Mended {
    let mut source = source.clone();
    let mut is_unproved = false;
    for _ in 0..ROUNDS_MAX {
        let findings = lint(&source, reading, catalog);
        let wanted = findings.iter().filter(|finding| is_wanted(finding));
        let text = changed(
            &source,
            wanted.filter_map(|finding| finding.fix.as_ref()).collect(),
        );
        if text == source.text() {
            break;
        }
        let next = Source::new(source.name(), text);
        if !decides_the_same(&source, &next, reading) {
            is_unproved = true;
            break;
        }
        source = next;
    }
    Mended {
        text: source.text().to_owned(),
        is_unproved,
    }
}

/// The text with these changes; of two that overlap only one is made.
fn changed(source: &Source, mut fixes: Vec<&Fix>) -> String {
    let mut text = source.text().to_owned();
    let mut end = text.len();
    // From the end, so that places stay.
    fixes.sort_by_key(|fix| Reverse((fix.span.start, fix.span.end)));
    for fix in fixes {
        if fix.span.end <= end && text.get(fix.span.start..fix.span.end).is_some() {
            text.replace_range(fix.span.start..fix.span.end, &fix.text);
            end = fix.span.start;
        }
    }
    text
}

/// Whether the analyser shows that two texts of a policy decide the same, wherever such a policy counts. `false` where it cannot tell.
///
/// ```
/// use ramgate::{PolicyKind, Reading, Source, lint};
/// let of = |action: &str| Source::new("p.json", format!(r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":{action},"Resource":"*"}}]}}"#));
/// let same = |one: &str, other: &str| lint::decides_the_same(&of(one), &of(other), Reading::new(PolicyKind::Identity));
/// assert!(same(r#"["ecs:*","ecs:Describe*"]"#, r#""ecs:*""#));
/// assert!(!same(r#""ecs:*""#, r#""ecs:Describe*""#));
/// ```
pub fn decides_the_same(before: &Source, after: &Source, reading: Reading) -> bool {
    let read = |source: &Source| Document::read(source, reading.lenient()).0;
    let (Some(before), Some(after)) = (read(before), read(after)) else {
        return false;
    };
    let (before, after) = (places(&before), places(&after));
    let mut pairs = before.iter().zip(&after);
    pairs.all(|(before, after)| {
        let difference = diff(before, after, &Options::default());
        match difference.relation {
            Relation::Equivalent => true,
            // No change is one of principals that a wildcard stands for: an entry goes that its own list covers, whoever calls; and of such
            // policies no statement is found to be covered.
            Relation::Unknown => {
                let is_found =
                    !(difference.new_access.is_empty() && difference.lost_access.is_empty());
                !is_found && difference.unknown == [NOT_EVERY_CALLER]
            }
            _ => false,
        }
    })
}

/// The policy where it counts: what only takes away takes it from somebody who may do everything.
fn places(document: &Document) -> Vec<Policies> {
    let policy = Policy::new(document.source().shared_name(), document);
    let set: PolicySet = [Arc::new(policy)].into_iter().collect();
    let (none, all) = (
        Policies::default(),
        Policies::of_whom_everything_is_allowed(),
    );
    match document.kind() {
        // Each is one unit of statements for whoever it binds (E1).
        PolicyKind::Identity | PolicyKind::Session | PolicyKind::Control => {
            vec![none.with_identity(set)]
        }
        PolicyKind::Trust => vec![all.with_trust(set)],
        PolicyKind::Resource(_) => {
            vec![none.with_resource(set.clone()), all.with_resource(set)]
        }
        PolicyKind::Endpoint => vec![all.with_endpoint(set)],
    }
}
