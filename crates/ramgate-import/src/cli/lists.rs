//! Answers sorted by the call that they are of, and lists put together from their pages: a page that is missing is an error.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cli::calls::Call;
use crate::json::{At, Read, scalar};
use crate::report::{Problem, Report};

/// The answers to one question.
#[derive(Default)]
pub(crate) struct Asked<'v> {
    pub(crate) pages: Vec<At<'v>>,
}

/// Every answer of one account, by call and subject.
#[derive(Default)]
pub(crate) struct Answers<'v> {
    by_call: BTreeMap<&'static str, BTreeMap<Vec<String>, Asked<'v>>>,
    /// Calls that failed, and the code of the error.
    failed: BTreeMap<&'static str, String>,
}

impl<'v> Answers<'v> {
    pub(crate) fn add(&mut self, call: &'static Call, subject: Vec<String>, read: &'v Read) {
        let of_call = self.by_call.entry(call.name).or_default();
        of_call.entry(subject).or_default().pages.push(read.root());
    }

    pub(crate) fn add_failed(&mut self, call: &'static Call, code: String) {
        self.failed.insert(call.name, code);
    }

    pub(crate) fn failure(&self, call: &str) -> Option<&str> {
        self.failed.get(call).map(String::as_str)
    }

    /// Every answer to a call that has no pages, whatever it is about.
    pub(crate) fn single(&self, call: &str) -> Vec<(&[String], &At<'v>)> {
        let of_call = self.by_call.get(call).into_iter().flatten();
        of_call
            .flat_map(|(subject, asked)| asked.pages.iter().map(move |at| (subject.as_slice(), at)))
            .collect()
    }

    /// Whether a call was asked at all.
    pub(crate) fn has(&self, call: &str) -> bool {
        self.by_call.contains_key(call)
    }

    /// The whole list of a call that is about nothing in particular: `None` when it was never asked.
    pub(crate) fn list(&self, call: &'static Call, report: &mut Report) -> Option<Vec<At<'v>>> {
        let of_call = self.by_call.get(call.name)?;
        let pages: Vec<&At<'v>> = of_call.values().flat_map(|asked| &asked.pages).collect();
        Some(whole(call, &pages, report))
    }

    /// The whole lists of a call by their subject.
    pub(crate) fn lists(
        &self,
        call: &'static Call,
        report: &mut Report,
    ) -> BTreeMap<String, Vec<At<'v>>> {
        let of_call = self.by_call.get(call.name).into_iter().flatten();
        let mut lists = BTreeMap::new();
        for (subject, asked) in of_call {
            let Some(name) = subject.last() else { continue };
            let pages: Vec<&At<'v>> = asked.pages.iter().collect();
            lists.insert(name.clone(), whole(call, &pages, report));
        }
        lists
    }
}

/// The elements of all pages, where all are there.
fn whole<'v>(call: &'static Call, pages: &[&At<'v>], report: &mut Report) -> Vec<At<'v>> {
    let pages = without_copies(pages);
    let mut elements: Vec<At<'v>> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut total: Option<u64> = None;
    let mut last_pages = 0;
    let mut truncated = None;
    for page in &pages {
        if page.is_true("IsTruncated") {
            truncated = Some(page.place_of("IsTruncated"));
        } else {
            last_pages += 1;
        }
        let said = page.value.get("TotalCount").and_then(scalar);
        let said = said.and_then(|text| text.parse::<u64>().ok());
        if let (Some(a), Some(b)) = (total, said)
            && a != b
        {
            let message = format!(
                "this page counts {b} in all and another one {a}: pages of different times"
            );
            report.error(Problem::of(&page.place_of("TotalCount"), message).help(ask_again(call)));
        }
        total = total.or(said);
        for element in call.elements(page) {
            if seen.insert(element.value.to_string()) {
                elements.push(element);
            }
        }
    }
    if let Some(place) = truncated.as_ref().filter(|_| last_pages == 0) {
        let message = format!(
            "{} goes on after this page, and the next is not here: a policy or a user in it would be lost",
            call.name
        );
        report.error(Problem::of(place, message).help(ask_again(call)));
    }
    // Custom and system policies are asked for apart; the list only tells versions and counts of what is needed anyway.
    if last_pages > 1
        && total.is_none()
        && call.name != "ListPolicies"
        && let Some(page) = pages.last()
    {
        let message = format!(
            "{} was answered more than once, and the answers differ: which one holds is not known",
            call.name
        );
        report.error(Problem::of(&page.place, message).help("keep the answer of one time only"));
    }
    let found = elements.len() as u64;
    if let (Some(total), Some(page)) = (total, pages.first())
        && found < total
    {
        let message = format!(
            "{}: {found} of {total} are here: pages are missing",
            call.name
        );
        report.error(Problem::of(&page.place_of("TotalCount"), message).help(ask_again(call)));
    }
    elements
}

fn ask_again(call: &Call) -> String {
    format!(
        "ask for every page of {} and keep all of them; tools/export-account.sh does",
        call.name
    )
}

/// Pages that were saved twice count once.
fn without_copies<'a, 'v>(pages: &[&'a At<'v>]) -> Vec<&'a At<'v>> {
    let mut seen = BTreeSet::new();
    let content = |page: &At<'v>| {
        let mut value = page.value.clone();
        if let Value::Object(members) = &mut value {
            members.remove("RequestId");
        }
        value.to_string()
    };
    pages
        .iter()
        .filter(|page| seen.insert(content(page)))
        .copied()
        .collect()
}
