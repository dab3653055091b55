//! Reads the one question that the arguments ask, in flags or in a file.

use std::path::Path;

use ramgate::{Context, PolicyKind, PolicySet, Principal, Question, Request, RequestError};

use crate::args::RequestArgs;
use crate::command::check::basis::{read_policy, reading};
use crate::input;
use crate::output::Console;

/// A question, and the text that it or its session policy was read from.
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) text: String,
}

/// Reads `--request`, or puts the flags together.
///
/// # Errors
/// When a file cannot be read, or the request cannot be asked.
pub(crate) fn read(
    args: &RequestArgs,
    is_lenient: bool,
    console: &mut Console,
) -> anyhow::Result<Asked> {
    if let Some(path) = &args.request {
        let source = input::read(path)?;
        return Ok(Asked {
            question: Question::parse(&source)?,
            text: source.text().to_owned(),
        });
    }
    let request = from_flags(args)?;
    match &args.session_policy {
        None => Ok(Asked {
            question: request.into(),
            text: String::new(),
        }),
        Some(path) => {
            let (session, text) = session_policy(path, is_lenient, console)?;
            Ok(Asked {
                question: Question {
                    request,
                    session: Some(session),
                },
                text,
            })
        }
    }
}

fn from_flags(args: &RequestArgs) -> Result<Request<'static>, RequestError> {
    let principal = match &args.principal {
        Some(text) => Principal::parse(text)?.into_owned(),
        None => Principal::Unnamed,
    };
    let action = args.action.clone().unwrap_or_default();
    let mut resources = args.resource.iter().cloned();
    let mut request = Request::new(principal, action, resources.next().unwrap_or_default())?;
    for resource in resources {
        request = request.and_resource(resource)?;
    }
    if let Some(id) = args.principal_id.clone() {
        request = request.with_principal_id(id);
    }
    if let Some(group) = args.resource_group.clone() {
        request = request.in_resource_group(group);
    }
    if let Some(owner) = args.resource_owner.clone() {
        request = request.owned_by(owner)?;
    }
    let mut context = Context::default();
    for (key, value) in &args.context {
        context.push(key, value.clone());
    }
    Ok(request.with_context(context))
}

fn session_policy(
    path: &Path,
    is_lenient: bool,
    console: &mut Console,
) -> anyhow::Result<(PolicySet, String)> {
    let source = input::read(path)?;
    let policy = read_policy(&source, reading(PolicyKind::Session, is_lenient), console)?;
    Ok((std::iter::once(policy).collect(), source.text().to_owned()))
}
