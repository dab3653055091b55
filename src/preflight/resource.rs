//! The region and the resource of a call: do they exist, is the resource in a state for it, and where does the call lead?

use crate::catalog::{Catalog, ErrorCause, OperationFacts, StateFacts};
use crate::preflight::authorization::region;
use crate::preflight::known::{GONE, Resource, Resources};
use crate::preflight::{Call, Outcome, Preflight, Step, Subject};
use crate::problem::quoted;
use crate::suggest::closest;

/// What is known of what the call names.
pub(super) struct Found {
    pub(super) answer: Preflight,
    pub(super) unknown: Vec<String>,
}

/// Do the region and the resources exist?
pub(super) fn existence(
    answer: Preflight,
    call: &Call,
    operation: OperationFacts<'_>,
    catalog: &Catalog,
    known: &Resources,
) -> Step<Found> {
    let mut unknown = Vec::new();
    if let Some(reason) = no_region(call, operation, catalog) {
        let outcome = Outcome::NotFound;
        let ends = answer.ends(outcome, operation, &ErrorCause::Region, &[], reason);
        return Step::Ends(Box::new(ends));
    }
    let region = region(call, operation);
    let region = region.unwrap_or_default();
    for parameter in operation.parameters() {
        let (Some(kind), Some(id)) = (parameter.names(), call.parameter(parameter.name())) else {
            continue;
        };
        let is_subject = operation.on() == Some(kind);
        match known.find(kind, id, region) {
            Some(found) if found.state.as_deref() == Some(GONE) => {
                let reason = format!("{kind} {id} is deleted by an earlier call");
                let cause = ErrorCause::NotFound(kind.to_ascii_lowercase().into());
                let ends = answer.ends(Outcome::NotFound, operation, &cause, &[], reason);
                return Step::Ends(Box::new(ends));
            }
            Some(found) => unknown.extend(misplaced(found, region, catalog)),
            // Who says in which state it is says that it exists.
            None if is_subject && call.state.is_some() => {}
            None if known.is_complete(kind, region) => {
                let mut reason = format!("there is no {kind} {id} in {region}");
                if let Some(other) = known.elsewhere(kind, id) {
                    let other = other.region.as_deref().unwrap_or("another region");
                    reason.push_str(&format!("; it is in {other}"));
                }
                let cause = ErrorCause::NotFound(kind.to_ascii_lowercase().into());
                let ends = answer.ends(Outcome::NotFound, operation, &cause, &[], reason);
                return Step::Ends(Box::new(ends));
            }
            None => unknown.push(match known.seen(kind, region) {
                Some((seen, Some(total))) => format!(
                    "whether {kind} {id} exists in {region} is not known: the list has {seen} of {total} (all pages of it are needed)"
                ),
                Some((_, None)) => format!(
                    "whether {kind} {id} exists in {region} is not known: the list does not say how many there are (TotalCount)"
                ),
                // Its state is not known either, which is said later.
                None if is_subject && operation.allowed_in().is_some() => continue,
                None => format!("whether {kind} {id} exists in {region} is not known"),
            }),
        }
    }
    Step::GoesOn(Found { answer, unknown })
}

/// Why the region does not exist, as far as regions are listed.
pub(super) fn no_region(
    call: &Call,
    operation: OperationFacts<'_>,
    catalog: &Catalog,
) -> Option<String> {
    let region = region(call, operation)?;
    if catalog.has_region(region) != Some(false) {
        return None;
    }
    let regions: Vec<&str> = catalog.regions().collect();
    let mut reason = format!(
        "{} is none of the {} regions that are listed",
        quoted(region),
        regions.len()
    );
    if let Some(date) = catalog.regions_date() {
        reason.push_str(&format!(" (as of {date})"));
    }
    if let Some(meant) = closest(region, &regions) {
        reason.push_str(&format!("; did you mean {meant}?"));
    }
    Some(reason)
}

/// A list does not say of which region it is: what it says of its items' places must not contradict the call.
fn misplaced(found: &Resource, region: &str, catalog: &Catalog) -> Option<String> {
    let place = found.place.as_deref()?.strip_prefix("ap-")?;
    let regions = catalog.regions().filter(|known| place.starts_with(known));
    let of = regions.max_by_key(|known| known.len())?;
    let agrees = region.starts_with(of) || of.starts_with(region);
    (!agrees).then(|| {
        format!(
            "{} {} seems to be in {of} (its access point is ap-{place}), not in {region}",
            found.kind, found.id
        )
    })
}

/// The resource whose state counts, if the call names one.
pub(super) fn subject(call: &Call, operation: OperationFacts<'_>) -> Option<Subject> {
    let kind = operation.on()?;
    let mut parameters = operation.parameters();
    let parameter = parameters.find(|parameter| parameter.names() == Some(kind))?;
    Some(Subject {
        kind: kind.to_owned(),
        id: call.parameter(parameter.name())?.to_owned(),
        region: region(call, operation).unwrap_or_default().to_owned(),
        is_deleted: operation.deletes(),
        is_kept: operation.makes().is_some()
            || (operation.leaves_state() && operation.exceptions().next().is_none()),
    })
}

/// Is the resource in a state in which the operation is possible, and where does that lead?
pub(super) fn state(
    mut answer: Preflight,
    call: &Call,
    operation: OperationFacts<'_>,
    known: &Resources,
    mut unknown: Vec<String>,
) -> Preflight {
    let mut before = None;
    if let Some(subject) = answer.subject.clone() {
        let Subject {
            kind, id, region, ..
        } = &subject;
        let found = known.find(kind, id, region);
        if let Some(lock) = found.and_then(|found| found.lock.as_deref())
            && !call.assumed.iter().any(|known| known == lock)
        {
            unknown.push(format!(
                "{kind} {id} is {lock}; whether {} works all the same is not documented",
                operation.name()
            ));
        }
        let listed = found.and_then(|found| found.state.as_deref());
        let said = call.state.as_deref().or(listed);
        if let (Some(said), Some(listed)) = (call.state.as_deref(), listed)
            && !said.eq_ignore_ascii_case(listed)
        {
            answer.notes.push(format!(
                "{kind} {id} is taken as {said}, as the call says, though the list says {listed}"
            ));
        }
        let meant = said.and_then(|said| {
            let mut states = operation.states(kind);
            states.find(|state| state.is_meant_by(said))
        });
        before = meant.map(|state| state.name());
        answer.state_before = before.map(str::to_owned);
        let not_now = refused_in(operation, &subject, said, meant, &mut unknown)
            .map(|reason| (ErrorCause::State, reason))
            .or_else(|| attached(call, operation, known, &subject, &mut unknown));
        if let Some((cause, reason)) = not_now {
            return answer.ends(Outcome::NotAllowedInState, operation, &cause, &[], reason);
        }
    }
    unknown.extend(demanded(call, operation));
    if !unknown.is_empty() {
        return answer.unknown(unknown);
    }
    succeeds(answer, operation, before)
}

/// Why the operation is not possible in the resource's state; what cannot be told goes to `unknown`.
fn refused_in(
    operation: OperationFacts<'_>,
    Subject { kind, id, .. }: &Subject,
    said: Option<&str>,
    meant: Option<StateFacts<'_>>,
    unknown: &mut Vec<String>,
) -> Option<String> {
    let name = operation.name();
    let Some(allowed) = operation.allowed_in() else {
        unknown.push(format!("in which states {name} is possible is not known"));
        return None;
    };
    let allowed: Vec<&str> = allowed.collect();
    let possible = format!("{name} is possible in {}", allowed.join(", "));
    if allowed.is_empty() {
        return None;
    }
    match (meant, said) {
        (Some(state), _) if allowed.contains(&state.name()) => None,
        (Some(state), _) => {
            let name_of = state.name();
            if operation.perhaps_allowed_in().any(|other| other == name_of) {
                unknown.push(format!(
                    "whether {name} is possible in {name_of} is not sure: the sources do not agree"
                ));
                return None;
            }
            let note = state.note().map(|note| format!(" ({note})"));
            let note = note.unwrap_or_default();
            Some(format!("{kind} {id} is {name_of}{note}; {possible}"))
        }
        (None, None) => {
            unknown.push(format!("the state of {kind} {id} is not known; {possible}"));
            None
        }
        (None, Some(said)) => {
            let states: Vec<&str> = operation.states(kind).map(|state| state.name()).collect();
            unknown.push(format!(
                "{} is no state of a {kind} that is known; they are {}",
                quoted(said),
                states.join(", ")
            ));
            None
        }
    }
}

/// What the documentation demands and only the cloud knows.
fn demanded(call: &Call, operation: OperationFacts<'_>) -> impl Iterator<Item = String> {
    let is_assumed = |code: &str| call.assumed.iter().any(|known| known == code);
    let errors = operation.errors().filter(move |error| {
        *error.cause() == ErrorCause::Assumed && !error.code().is_some_and(is_assumed)
    });
    errors.map(|error| {
        format!(
            "whether {} comes is not known, and nobody assumes that it does not: {}",
            error.code().unwrap_or("an error"),
            error.message().unwrap_or("the documentation names it")
        )
    })
}

/// Resources that belong to the subject and must be gone first.
fn attached(
    call: &Call,
    operation: OperationFacts<'_>,
    known: &Resources,
    Subject {
        kind, id, region, ..
    }: &Subject,
    unknown: &mut Vec<String>,
) -> Option<(ErrorCause, String)> {
    for error in operation.errors() {
        let ErrorCause::Attached(other) = error.cause() else {
            continue;
        };
        let code = error.code().unwrap_or_default();
        if call.assumed.iter().any(|known| known == code) {
            continue;
        }
        if let Some(found) = known.attached(other, id).next() {
            let reason = format!("{} {} still belongs to {kind} {id}", found.kind, found.id);
            return Some((error.cause().clone(), reason));
        }
        if !known.is_complete(other, region) {
            unknown.push(format!(
                "whether {code} comes is not known without a list of them all: {}",
                error.message().unwrap_or("resources may belong to it")
            ));
        }
    }
    None
}

fn succeeds(
    mut answer: Preflight,
    operation: OperationFacts<'_>,
    before: Option<&str>,
) -> Preflight {
    answer.outcome = Outcome::Succeeds;
    answer.http_status = Some(200);
    let exception = operation
        .exceptions()
        .find(|(from, _)| Some(*from) == before)
        .map(|(_, to)| to);
    let after = match exception.or_else(|| operation.state_after()) {
        None if operation.leaves_state() => before,
        after => after,
    };
    answer.state_after = after.map(str::to_owned);
    answer.deleted = operation.deletes();
    answer.passes_through = operation.passes_through().map(str::to_owned);
    answer
}
