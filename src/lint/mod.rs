//! What is wrong with a policy, or could be better: rules, each with an id that stays, a reason and an example.

mod carried;
mod conditions;
mod finding;
mod idle;
mod mend;
mod names;
mod principals;
mod privileges;
mod reading;
mod resources;
mod rule;
mod suppressions;
mod tidiness;
mod values;
mod view;

use crate::catalog::Catalog;
use crate::document::{Document, Reading};
use crate::source::Source;

pub use carried::lint_carried;
pub use finding::{Finding, Fix};
pub use mend::{Mended, decides_the_same, mend};
pub use rule::{Rule, Severity};
pub use suppressions::{EXPIRED_SUPPRESSION, UNREASONED_SUPPRESSION, UNUSED_SUPPRESSION};

use finding::Report;
use view::View;

/// Every family of rules, in the order of their ids.
static FAMILIES: [&[&Rule]; 10] = [
    &names::RULES,
    &reading::RULES,
    &resources::RULES,
    &conditions::RULES,
    &values::RULES,
    &privileges::RULES,
    &tidiness::RULES,
    &idle::RULES,
    &principals::RULES,
    &suppressions::RULES,
];

/// Every rule, by id.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.iter().copied())
}

/// The rules that answer to an id, a name, or another linter's name for the like.
///
/// ```
/// let named: Vec<_> = ramgate::lint::rules_named("MISSING_VERSION").map(|rule| rule.name).collect();
/// assert_eq!(named, ["missing-version"]);
/// ```
pub fn rules_named(word: &str) -> impl Iterator<Item = &'static Rule> {
    rules().filter(move |rule| rule.answers_to(word))
}

/// Everything that the rules find in a policy, in the order of the text. What kind of policy it is, the caller says; what the catalogue does not
/// list is unknown, never wrong.
///
/// ```
/// use ramgate::{Catalog, PolicyKind, Reading, Source, lint};
///
/// let source = Source::new("p.json", r#"{
///   "Version": "1",
///   "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }]
/// }"#);
/// let found = lint::lint(&source, Reading::new(PolicyKind::Identity), &Catalog::default());
/// assert_eq!((found[0].rule.name, found[0].start.to_string().as_str()), ("full-access", "3:48"));
/// ```
pub fn lint(source: &Source, reading: Reading, catalog: &Catalog) -> Vec<Finding> {
    // Leniently, so that the other rules see statements that RAM would refuse for one value.
    let (document, problems) = Document::read(source, reading.lenient());
    let is_sound = problems.is_empty();
    let mut report = Report::new(source);
    reading::check(problems, reading.kind, &mut report);
    if let Some(document) = document {
        let view = View::of(&document, catalog);
        names::check(&view, &mut report);
        resources::check(&view, &mut report);
        conditions::check(&view, &mut report);
        values::check(&view, &mut report);
        privileges::check(&view, &mut report);
        tidiness::check(&view, &mut report);
        tidiness::size(&view, reading, &mut report);
        principals::check(&view, &mut report);
        // Of a document that is not all there nothing can be said to be covered.
        if is_sound {
            idle::check(&document, &view, &mut report);
        }
        let mut findings = report.into_findings();
        for finding in &mut findings {
            finding.sid = sid(&document, &finding.path);
        }
        return findings;
    }
    report.into_findings()
}

/// The `Sid` of the statement that a way leads into.
fn sid(document: &Document, path: &str) -> Option<String> {
    let (index, _) = path.strip_prefix("Statement[")?.split_once(']')?;
    let sid = document.written_sid(index.parse().ok()?)?;
    Some(sid.to_owned())
}
