//! What an attribute that is known only after apply refers to, by the plan's configuration: another resource of the plan, or nothing that can be told.

use crate::json::At;
use crate::terraform::plan::{Change, Plan};

/// So many steps from a variable to what it is given, and from an output to what it gives.
const STEPS_MAX: usize = 16;

/// The resource that an attribute refers to, and which attribute of it (empty for the resource itself).
pub(crate) fn target<'p, 'v>(
    plan: &'p Plan<'v>,
    change: &Change<'v>,
    attribute: &str,
) -> Option<(&'p Change<'v>, String)> {
    let mut module = change.module.clone();
    let configuration = plan.configuration.as_ref()?;
    let own = format!(
        "{}{}.{}",
        if change.is_data { "data." } else { "" },
        change.of,
        change.name
    );
    let resources = module_at(configuration, &module)?.elements_of("resources");
    let resource = resources
        .iter()
        .find(|at| at.text("address").as_ref() == Some(&own))?;
    let mut expression = resource.at(&["expressions", attribute])?;
    for _ in 0..STEPS_MAX {
        match only_reference(&expression)? {
            Reference::Resource {
                address,
                index,
                attribute,
            } => {
                let index = match index {
                    Index::None => None,
                    Index::Own => Some(change.index.clone()),
                    Index::Given(index) => Some(index),
                };
                let found = instance(plan, &module, &address, index.as_deref())?;
                return Some((found, attribute));
            }
            // What the module above passes for it.
            Reference::Variable(name) => {
                let (above, call) = split_module(&module)?;
                let above = above.to_owned();
                let calls = module_at(configuration, &above)?.get("module_calls")?;
                expression = calls.at(&[call.as_str(), "expressions", name.as_str()])?;
                module = above;
            }
            // What the module below gives.
            Reference::Output { call, name } => {
                let dot = if module.is_empty() { "" } else { "." };
                module = format!("{module}{dot}module.{call}");
                let below = module_at(configuration, &module)?;
                expression = below.at(&["outputs", name.as_str(), "expression"])?;
            }
        }
    }
    None
}

/// A resource as the configuration has it.
pub(crate) fn configured<'v>(plan: &Plan<'v>, change: &Change<'v>) -> Option<At<'v>> {
    let own = format!("{}.{}", change.of, change.name);
    let module = module_at(plan.configuration.as_ref()?, &change.module)?;
    let mut resources = module.elements_of("resources").into_iter();
    resources.find(|at| at.text("address").as_ref() == Some(&own))
}

/// Whether the configuration gives one of these attributes; where there is none to look into, it may.
pub(crate) fn is_written(plan: &Plan<'_>, change: &Change<'_>, attributes: &[&str]) -> bool {
    configured(plan, change).is_none_or(|at| {
        let mut attributes = attributes.iter();
        attributes.any(|name| at.at(&["expressions", name]).is_some())
    })
}

enum Reference {
    Resource {
        address: String,
        index: Index,
        attribute: String,
    },
    Variable(String),
    Output {
        call: String,
        name: String,
    },
}

enum Index {
    None,
    /// `each.key` or `count.index`: that of the resource that refers.
    Own,
    Given(String),
}

/// The one thing that an expression refers to. An expression of several is a text made of them, of which nothing can be told.
fn only_reference(expression: &At<'_>) -> Option<Reference> {
    let references = expression.elements_of("references");
    let mut texts: Vec<&str> = references
        .iter()
        .filter_map(|at| at.value.as_str())
        .collect();
    let count = texts.len();
    texts.retain(|text| !matches!(*text, "each.key" | "count.index"));
    let has_own_index = texts.len() < count;
    // The longest names the attribute; the others must be what it begins with.
    let longest = *texts.iter().max_by_key(|text| text.len())?;
    let begins = |part: &&str| {
        *longest == **part
            || longest
                .strip_prefix(*part)
                .is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    if !texts.iter().all(begins) {
        return None;
    }
    let (plain, index) = without_index(longest)?;
    let mut words = plain.split('.');
    let first = words.next()?;
    match first {
        "var" => {
            let name = words.next()?.to_owned();
            words.next().is_none().then_some(Reference::Variable(name))
        }
        "module" => {
            let (call, name) = (words.next()?.to_owned(), words.next()?.to_owned());
            let is_plain = words.next().is_none() && index.is_none() && !has_own_index;
            is_plain.then_some(Reference::Output { call, name })
        }
        "local" | "path" | "terraform" | "each" | "count" | "self" => None,
        _ => {
            let address = if first == "data" {
                format!("data.{}.{}", words.next()?, words.next()?)
            } else {
                format!("{first}.{}", words.next()?)
            };
            let attribute = words.next().unwrap_or_default().to_owned();
            if words.next().is_some() {
                return None;
            }
            let index = match index {
                Some(index) => Index::Given(index),
                None if has_own_index => Index::Own,
                None => Index::None,
            };
            Some(Reference::Resource {
                address,
                index,
                attribute,
            })
        }
    }
}

/// A reference without its `["x"]`, of which there may be one.
fn without_index(text: &str) -> Option<(String, Option<String>)> {
    let Some((before, rest)) = text.split_once('[') else {
        return Some((text.to_owned(), None));
    };
    let (index, after) = rest.split_once(']')?;
    if after.contains('[') {
        return None;
    }
    Some((format!("{before}{after}"), Some(format!("[{index}]"))))
}

/// The one instance of a resource in a module.
fn instance<'p, 'v>(
    plan: &'p Plan<'v>,
    module: &str,
    address: &str,
    index: Option<&str>,
) -> Option<&'p Change<'v>> {
    let mut found = plan.changes.iter().filter(|change| {
        let data = if change.is_data { "data." } else { "" };
        let own = format!("{data}{}.{}", change.of, change.name);
        own == address && change.module == module && index.is_none_or(|index| index == change.index)
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// `module.a["x"].module.b` is `module.a["x"]` and `b`.
fn split_module(module: &str) -> Option<(&str, String)> {
    let at = module.rfind("module.")?;
    let (above, call) = module.split_at_checked(at)?;
    let call = call.strip_prefix("module.")?;
    let call = call.split('[').next().unwrap_or(call);
    Some((above.trim_end_matches('.'), call.to_owned()))
}

/// The configuration of a module's instance.
fn module_at<'v>(root: &At<'v>, module: &str) -> Option<At<'v>> {
    let mut calls = Vec::new();
    let mut rest = module.to_owned();
    while !rest.is_empty() {
        let (above, call) = split_module(&rest)?;
        calls.push(call);
        rest = above.to_owned();
    }
    let mut found = root.clone();
    for call in calls.iter().rev() {
        found = found.at(&["module_calls", call.as_str(), "module"])?;
    }
    Some(found)
}
