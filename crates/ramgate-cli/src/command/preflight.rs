//! Says of planned calls how they would end, one after the other.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use ramgate::preflight::{self, Call, Outcome, Preflight, Resources};
use ramgate::{Catalog, Context, PolicyKind, Principal, Request, Source};

use crate::args::{AnswerFormat, PreflightArgs};
use crate::catalog;
use crate::clock::Clock;
use crate::command::Status;
use crate::command::check::basis::{Basis, read_policy, reading};
use crate::input;
use crate::lines::{Lines, placed};
use crate::output::json::{self, BadLine};
use crate::output::{Console, preflight as write, text};

/// Answers for every operation of the arguments, or every line of a plan.
///
/// # Errors
/// When policies, lists of resources or facts cannot be read, or a call cannot be asked about.
pub(crate) fn run(args: &PreflightArgs, console: &mut Console) -> anyhow::Result<Status> {
    let catalog = catalog::load(&args.catalog)?;
    let Some(basis) = Basis::load(&args.policies, console) else {
        return Ok(Status::CannotAnswer);
    };
    let mut known = Resources::default();
    for file in &args.resources {
        let (region, path) = region_and_path(file);
        known.read(&input::read(&path)?, region.as_deref(), &catalog)?;
    }
    let call = call(args, console)?;
    let mut flight = Flight {
        clock: Clock::new(args.now),
        catalog: &catalog,
        basis,
        known,
        format: args.format,
        has_noted_time: false,
    };
    match &args.plan {
        Some(path) => flight.plan(path, &call, console),
        None => flight.operations(&args.operations, call, console),
    }
}

/// `cn-shanghai=circuits.json`, or a path alone.
fn region_and_path(argument: &Path) -> (Option<String>, PathBuf) {
    let text = argument.to_string_lossy();
    let is_region = |text: &str| {
        let part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        text.contains('-') && text.bytes().all(part)
    };
    match text.split_once('=') {
        Some((region, path)) if is_region(region) && !argument.exists() => {
            (Some(region.to_owned()), path.into())
        }
        _ => (None, argument.to_owned()),
    }
}

/// What the flags say of every call.
fn call(args: &PreflightArgs, console: &mut Console) -> anyhow::Result<Call> {
    let principal = match &args.principal {
        Some(text) => Principal::parse(text)?.into_owned(),
        None => Principal::Unnamed,
    };
    let mut call = Call::new(principal, "");
    call.parameters.clone_from(&args.param);
    let mut context = Context::default();
    for (key, value) in &args.context {
        context.push(key, value.clone());
    }
    if let Some(both) = args.absent.iter().find(|key| context.contains(key)) {
        bail!("{both} is both given (--context) and said to be absent (--absent)");
    }
    call.context = context;
    call.absent.clone_from(&args.absent);
    call.assumed.clone_from(&args.assume);
    call.resource_owner.clone_from(&args.resource_owner);
    call.resource_group.clone_from(&args.resource_group);
    call.principal_id.clone_from(&args.principal_id);
    call.state.clone_from(&args.state);
    if let Some(path) = &args.session_policy {
        let kind = reading(PolicyKind::Session, args.policies.lenient);
        let policy = read_policy(&input::read(path)?, kind, console)?;
        call.session = Some(std::iter::once(policy).collect());
    }
    Ok(call)
}

struct Flight<'c> {
    clock: Clock,
    catalog: &'c Catalog,
    basis: Basis,
    known: Resources,
    format: AnswerFormat,
    has_noted_time: bool,
}

impl Flight<'_> {
    fn operations(
        &mut self,
        names: &[String],
        like: Call,
        console: &mut Console,
    ) -> anyhow::Result<Status> {
        for (parameter, _) in &like.parameters {
            let takes = |name: &String| {
                let operation = self.catalog.call(name);
                operation.is_none_or(|operation| operation.parameter(parameter).is_some())
            };
            if names.len() > 1 && !names.iter().any(takes) {
                console.note(&format!(
                    "none of the operations has a parameter {parameter}"
                ));
            }
        }
        let mut status = Status::Yes;
        for (index, name) in names.iter().enumerate() {
            let mut call = like.clone();
            call.operation.clone_from(name);
            if index > 0 {
                // It is what the calls before left.
                call.state = None;
            }
            let operation = self.catalog.call(name);
            if let Some(operation) = operation.filter(|_| names.len() > 1) {
                let takes = |name: &str| operation.parameter(name).is_some();
                call.parameters.retain(|(name, _)| takes(name));
            }
            if let Some(state) = call.state.as_deref() {
                check_state(state, &call, self.catalog)?;
            }
            let answer = self.answer(call, console)?;
            self.write(&answer, names.len() == 1, console)?;
            status = status.worse(status_of(&answer));
        }
        Ok(status)
    }

    /// A bad line is answered as such, and the others go on.
    fn plan(&mut self, path: &Path, like: &Call, console: &mut Console) -> anyhow::Result<Status> {
        let name = input::name(path);
        let mut lines = Lines::new(input::open(path)?);
        let mut status = Status::Yes;
        while !console.out.is_closed() {
            let line = lines
                .next()
                .with_context(|| format!("{name}: cannot be read"))?;
            let Some((number, line)) = line else { break };
            let answered = match line {
                Ok(line) if line.trim_ascii().is_empty() => continue,
                Ok(line) => {
                    let read = Call::parse(&Source::new(name.as_str(), line), like)
                        .map_err(|error| placed(&error, number));
                    read.and_then(|call| {
                        self.answer(call, console)
                            .map_err(|error| format!("{name}:{number}: {}", text::error(&error)))
                    })
                }
                Err(error) => Err(format!("{name}:{number}: {error}")),
            };
            status = status.worse(match answered {
                Ok(answer) => {
                    self.write(&answer, false, console)?;
                    status_of(&answer)
                }
                Err(error) => {
                    self.refuse(&error, number, console)?;
                    Status::CannotAnswer
                }
            });
        }
        Ok(status)
    }

    fn answer(&mut self, mut call: Call, console: &mut Console) -> anyhow::Result<Preflight> {
        let names_nobody = call.principal == Principal::Unnamed && call.resource_owner.is_none();
        if names_nobody {
            return Err(anyhow!(
                "nobody says whose call it is: --principal, or --resource-owner for any user of an account (in a plan: principal, resource_owner)"
            ));
        }
        let is_absent = call.absent.iter().any(|key| key == "acs:CurrentTime");
        if !is_absent {
            let assumed = self.clock.add_to(&mut call.context);
            let is_first = !std::mem::replace(&mut self.has_noted_time, true);
            let matters = self.basis.mentions_current_time() && self.format == AnswerFormat::Text;
            if let Some(now) = assumed.filter(|_| is_first && matters) {
                console.note(&format!("acs:CurrentTime taken as {now}"));
            }
        }
        // Which service's policies on resources it meets.
        let action = self.catalog.call(&call.operation).and_then(|operation| {
            let actions = operation.actions();
            actions
                .first()
                .map(|needed| needed.action.name().to_owned())
        });
        let action = action.unwrap_or_else(|| "unknown:unknown".to_owned());
        let request = Request::new(call.principal.clone(), action, "*")?;
        let assignment = self.basis.assignment(&request, console)?;
        let answer = preflight::preflight(&call, assignment, self.catalog, &self.known)?;
        self.known.apply(&answer);
        Ok(answer)
    }

    fn write(
        &self,
        answer: &Preflight,
        is_only: bool,
        console: &mut Console,
    ) -> anyhow::Result<()> {
        match self.format {
            AnswerFormat::Text => write::answer(answer, &mut console.out)?,
            AnswerFormat::Json if is_only => json::document(answer, &mut console.out)?,
            AnswerFormat::Json => json::line(answer, &mut console.out)?,
        }
        Ok(())
    }

    fn refuse(&self, error: &str, line: usize, console: &mut Console) -> anyhow::Result<()> {
        match self.format {
            AnswerFormat::Json => json::line(&BadLine { error, line }, &mut console.out)?,
            AnswerFormat::Text => write::refusal(error, &mut console.out)?,
        }
        Ok(())
    }
}

/// A misspelt state is a mistake of the command line.
fn check_state(state: &str, call: &Call, catalog: &Catalog) -> anyhow::Result<()> {
    let Some(operation) = catalog.call(&call.operation) else {
        return Ok(());
    };
    let Some(kind) = operation.on() else {
        return Ok(());
    };
    let mut states = operation.states(kind);
    if states.any(|known| known.is_meant_by(state)) {
        return Ok(());
    }
    let names: Vec<&str> = operation.states(kind).map(|known| known.name()).collect();
    bail!(
        "{state} is no state of a {kind}; they are {}",
        names.join(", ")
    )
}

fn status_of(answer: &Preflight) -> Status {
    match answer.outcome {
        Outcome::Succeeds => Status::Yes,
        Outcome::Unknown => Status::CannotAnswer,
        _ => Status::No,
    }
}
