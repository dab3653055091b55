//! Lists who of a snapshot can do something, and under which conditions.

use anyhow::bail;
use ramgate::analysis::Several;
use ramgate::partial::{PartialOptions, UnknownKeys};
use ramgate::reach::WhoOptions;
use ramgate::{Context, Principal, Request, RequestError};

use crate::account;
use crate::args::{AnswerFormat, WhoCanArgs};
use crate::command::Status;
use crate::output::{Console, json, reach};

/// Asks about everybody.
///
/// # Errors
/// When the snapshot cannot be read, or the request cannot be asked.
pub(crate) fn run(args: &WhoCanArgs, console: &mut Console) -> anyhow::Result<Status> {
    let asked = if args.any { None } else { Some(request(args)?) };
    let known = account::load(&args.snapshot, console)?;
    let unknown = UnknownKeys::all().but_absent(args.absent.iter().map(String::as_str));
    let mut partial = PartialOptions::default();
    if args.single_valued {
        partial = partial.with_several(Several::Nowhere);
    }
    let mut options = WhoOptions::default().with_partial(partial);
    if args.no_roles {
        options = options.without_roles();
    }
    let who = match &asked {
        Some(asked) => known.who_can(asked, &unknown, &options)?,
        None => {
            let [pattern] = args.resource.as_slice() else {
                bail!("--any takes one pattern of resources");
            };
            let group = args.resource_group.as_deref();
            known.who_can_on_any(
                &args.action,
                pattern,
                context(args),
                group,
                &unknown,
                &options,
            )?
        }
    };
    match args.format {
        AnswerFormat::Text => reach::who(&who, &mut console.out)?,
        AnswerFormat::Json => json::document(&who, &mut console.out)?,
    }
    Ok(if who.principals.is_empty() {
        Status::No
    } else {
        Status::Yes
    })
}

fn request(args: &WhoCanArgs) -> Result<Request<'static>, RequestError> {
    let mut resources = args.resource.iter().cloned();
    let first = resources.next().unwrap_or_default();
    let mut request = Request::new(Principal::Unnamed, args.action.clone(), first)?;
    for resource in resources {
        request = request.and_resource(resource)?;
    }
    if let Some(group) = args.resource_group.clone() {
        request = request.in_resource_group(group);
    }
    if let Some(owner) = args.resource_owner.clone() {
        request = request.owned_by(owner)?;
    }
    Ok(request.with_context(context(args)))
}

fn context(args: &WhoCanArgs) -> Context<'static> {
    let mut context = Context::default();
    for (key, value) in &args.context {
        context.push(key, value.clone());
    }
    context
}
