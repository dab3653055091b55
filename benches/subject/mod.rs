//! ramgate, loaded with a workload and asked its requests.

use std::borrow::Cow;
use std::sync::Arc;

use ramgate::{
    Context, ContextValue, Decision, Document, Organization, Policies, Policy, PolicyKind,
    Principal, Reading, Request, Source,
};

use crate::workload::{self, Workload};

/// A context as callers keep it: borrowed texts in an array.
pub type Entries<'a> = [(Cow<'a, str>, ContextValue<'a>); 6];

/// Texts to what applies to each principal; equal policies are shared.
pub fn load(workload: &Workload, texts: &[String]) -> Vec<Policies> {
    let policies: Vec<Arc<Policy>> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| {
            let name = workload::policy_name(n);
            let source = Source::new(name.as_str(), text.as_str());
            let document =
                Document::parse_as(&source, Reading::new(PolicyKind::Identity).system()).unwrap();
            Arc::new(Policy::new(name, &document))
        })
        .collect();
    let of = |held: &Vec<usize>| held.iter().map(|n| Arc::clone(&policies[*n])).collect();
    let principals = workload.principals.iter();
    principals
        .map(|held| Policies::default().with_identity(of(held)))
        .collect()
}

/// The whole account from one text.
pub fn organization(snapshot: &str) -> Organization {
    let mut no_files = |name: &str, _: &Source| Err(format!("no file {name}"));
    let source = Source::new("snapshot.json", snapshot);
    Organization::read(&[source], false, &mut no_files).unwrap()
}

pub fn entries(request: &workload::Request) -> Entries<'_> {
    request
        .context
        .each_ref()
        .map(|(key, value)| (Cow::Borrowed(*key), ContextValue::from(value.as_str())))
}

/// What a gateway does with the texts of one call.
pub fn request<'a>(request: &'a workload::Request, entries: &'a Entries<'a>) -> Request<'a> {
    let principal = Principal::parse(&request.caller).unwrap();
    Request::new(
        principal,
        request.action.as_str(),
        request.resource.as_str(),
    )
    .unwrap()
    .with_context(Context::of(entries).unwrap())
}

/// 0, 1, 2: allow, explicit deny, implicit deny.
pub fn answer(decision: Decision) -> usize {
    match decision {
        Decision::Allow => 0,
        Decision::ExplicitDeny => 1,
        Decision::ImplicitDeny => 2,
    }
}
