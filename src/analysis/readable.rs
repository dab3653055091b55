//! Makes a witness one that a person can read: an action that exists, an ARN of its shape, few circumstances with usual values.
//!
//! Nothing here is believed: every change is put to the evaluator, and one that it does not confirm is not made.

use std::borrow::Cow;

use crate::analysis::gap::Confirmed;
use crate::analysis::hunt::Hunt;
use crate::analysis::key::filled;
use crate::analysis::options::Options;
use crate::analysis::piece::Point;
use crate::analysis::problem::Problem;
use crate::analysis::world::World;
use crate::arn::Colons;
use crate::request::{Context, ContextValue, Request};
use crate::wildcard::matches_folded;

/// Says whether a request is a witness for a cause that is still looked for.
pub(crate) type Accept<'a> = dyn Fn(&Request<'static>) -> Option<Confirmed> + 'a;

type Entries = Vec<(Cow<'static, str>, ContextValue<'static>)>;

/// So many actions and resources are put to the evaluator.
const TRIES: usize = 60;

/// Addresses of the ranges kept for documentation, and of each private range.
const USUAL_ADDRESSES: [&str; 5] = [
    "203.0.113.7",
    "198.51.100.7",
    "10.0.0.7",
    "172.16.0.7",
    "192.168.0.7",
];

/// The same witness, or a plainer one that is as good.
pub(crate) fn readable(
    problem: &Problem,
    hunt: &Hunt,
    point: &Point,
    world: &World,
    options: &Options<'_>,
    first: Confirmed,
    accept: &Accept<'_>,
) -> Confirmed {
    let named = |one: &Confirmed| {
        let entries = entries_of(&one.witness);
        with_better_names(problem, hunt, point, world, options, &entries, accept)
    };
    if let Some(named) = named(&first) {
        return with_plainer_context(point, world, named, accept);
    }
    // The point may be one for another cause, and for this one only in other circumstances.
    let plain = with_plainer_context(point, world, first, accept);
    named(&plain).unwrap_or(plain)
}

fn entries_of(request: &Request<'static>) -> Entries {
    let entries = request.context().iter();
    entries
        .map(|(key, value)| (Cow::Owned(key.to_owned()), value.clone()))
        .collect()
}

fn request(
    world: &World,
    action: &str,
    resource: &str,
    entries: &Entries,
) -> Option<Request<'static>> {
    world.request(action, resource, Context::owned(entries.clone()).ok()?)
}

/// An action of the catalogue: the point's own in the catalogue's spelling, else the first that is as good.
fn with_better_names(
    problem: &Problem,
    hunt: &Hunt,
    point: &Point,
    world: &World,
    options: &Options<'_>,
    entries: &Entries,
    accept: &Accept<'_>,
) -> Option<Confirmed> {
    let is_own = |action: &str| action.eq_ignore_ascii_case(&point.action);
    let own = options
        .catalogue
        .iter()
        .filter(|(action, _)| is_own(action));
    let others = options
        .catalogue
        .iter()
        .filter(|(action, _)| !is_own(action) && hunt.may_stand(problem, action, &point.resource));
    // Nothing that is known: at least a resource that looks like one.
    let unknown = [(point.action.as_str(), "")];
    let mut tries = 0;
    let mut of_another_shape = None;
    for (action, template) in own.chain(others).chain(&unknown) {
        for resource in resources(point, template, world) {
            if tries >= TRIES {
                return of_another_shape;
            }
            if !hunt.may_stand(problem, action, &resource) {
                continue;
            }
            tries += 1;
            let asked = request(world, action, &resource, entries);
            match asked.as_ref().and_then(accept) {
                Some(found) if matches_folded(template, &resource, resource.len()) => {
                    return Some(found);
                }
                Some(found) => _ = of_another_shape.get_or_insert(found),
                None => {}
            }
        }
    }
    of_another_shape
}

/// Resources like the point's: of the template, with what the point says of region and account; the likeliest first.
fn resources(point: &Point, template: &str, world: &World) -> Vec<String> {
    let own = world.owner.as_deref().unwrap_or("1234567890123456");
    let split = |text| Colons::of(text).and_then(|colons| colons.split(text));
    let or = |text: &str, usual: &str| match text {
        "" | "*" => usual.to_owned(),
        text => text.to_owned(),
    };
    let [_, service, region, account, relative] = split(&point.resource).unwrap_or_default();
    let (region, account) = (or(region, "cn-hangzhou"), or(account, own));
    let mut found = Vec::new();
    if let Some([_, service, of_region, of_account, of_relative]) = split(template) {
        let (region, account) = (or(of_region, &region), or(of_account, &account));
        let arn = |relative: &str| format!("acs:{service}:{region}:{account}:{relative}");
        found.push(arn(&filled(of_relative)));
        // `physicalconnection/pc-` of a policy's `physicalconnection/pc-*`.
        found.extend(likely(relative).map(|relative| arn(&relative)));
        found.retain(|resource| matches_folded(template, resource, resource.len()));
    } else {
        // No resource is known: the call may well be without one.
        found.push("*".to_owned());
    }
    if point.resource != "*" {
        let of_action = point.action.split(':').next().unwrap_or_default();
        let service = or(service, of_action);
        let arn = |relative| format!("acs:{service}:{region}:{account}:{relative}");
        found.extend(likely(relative).map(arn));
    }
    found.push(point.resource.clone());
    found
}

/// A relative id that the search came up with, in more usual forms.
fn likely(relative: &str) -> [String; 3] {
    [
        relative.replace("Example", "example"),
        format!("{relative}example"),
        relative.to_owned(),
    ]
}

/// Without the circumstances that change nothing, and with usual values for the others.
fn with_plainer_context(
    point: &Point,
    world: &World,
    mut best: Confirmed,
    accept: &Accept<'_>,
) -> Confirmed {
    let action = best.witness.action().to_owned();
    let Some(resource) = best
        .witness
        .resources()
        .next()
        .map(|arn| arn.as_str().to_owned())
    else {
        return best;
    };
    for (name, _) in &point.cells {
        let mut entries = entries_of(&best.witness);
        let Some(at) = entries.iter().position(|(key, _)| key == name) else {
            continue;
        };
        let (_, value) = entries.remove(at);
        let ask = |entries: &Entries| {
            request(world, &action, &resource, entries)
                .as_ref()
                .and_then(accept)
        };
        if let Some(found) = ask(&entries).filter(|found| is_as_sure(found, &best)) {
            best = found;
            continue;
        }
        let ContextValue::One(value) = value else {
            continue;
        };
        for usual in usual_values(&value) {
            let mut entries = entries.clone();
            let at = at.min(entries.len());
            entries.insert(
                at,
                (
                    Cow::Owned(name.clone()),
                    ContextValue::One(Cow::Owned(usual)),
                ),
            );
            if let Some(found) = ask(&entries).filter(|found| is_as_sure(found, &best)) {
                best = found;
                break;
            }
        }
    }
    without_doubt(point, world, best, accept)
}

fn is_as_sure(one: &Confirmed, than: &Confirmed) -> bool {
    one.doubts.iter().all(|rule| than.doubts.contains(rule))
}

/// With a circumstance that the search left out, where the answer would hang on its absence (O20).
fn without_doubt(
    point: &Point,
    world: &World,
    mut best: Confirmed,
    accept: &Accept<'_>,
) -> Confirmed {
    for (name, _) in &point.cells {
        if best.doubts.is_empty() || best.witness.context().contains(name) {
            continue;
        }
        let action = best.witness.action().to_owned();
        let resource = best.witness.resources().next();
        let resource = resource.map(|arn| arn.as_str().to_owned());
        let usual = USUAL_ADDRESSES.into_iter().chain(["true", "example"]);
        let with = usual.filter_map(|value| {
            let mut entries = entries_of(&best.witness);
            let value = ContextValue::One(Cow::Borrowed(value));
            entries.push((Cow::Owned(name.clone()), value));
            request(world, &action, resource.as_deref()?, &entries)
        });
        let surer = with.filter_map(|request| accept(&request));
        let mut surer = surer.filter(|found| found.doubts.len() < best.doubts.len());
        if let Some(found) = surer.next() {
            drop(surer);
            best = found;
        }
    }
    best
}

/// What one would rather read in place of a value that is one of many.
fn usual_values(value: &str) -> Vec<String> {
    if let Ok(address) = value.parse::<std::net::Ipv4Addr>() {
        let [a, b, c, d] = address.octets();
        let mut usual: Vec<String> = USUAL_ADDRESSES.map(str::to_owned).into();
        // A network's own address is no caller's.
        usual.push(format!("{a}.{b}.{c}.{}", d.saturating_add(1)));
        return usual;
    }
    if value.is_empty() || !value.chars().any(char::is_alphanumeric) {
        return vec!["example".to_owned()];
    }
    if value.ends_with(['-', '_', '/', '.', ':']) {
        return vec![format!("{value}example")];
    }
    Vec::new()
}
