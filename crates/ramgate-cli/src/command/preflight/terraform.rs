//! Whether a caller may apply a Terraform plan: every call that applying it makes is put to pre-flight; what cannot be told is Unknown.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anstyle::Style;
use anyhow::bail;
use ramgate::preflight::{Call, Outcome, Preflight};
use ramgate::{Question, Request};
use ramgate_import::{PlannedCall, is_terraform, operations};
use serde::Serialize;

use super::Flight;
use crate::args::AnswerFormat;
use crate::command::Status;
use crate::input;
use crate::output::{Console, DOUBTFUL, imported, json, preflight as write, text};

/// A call, and the resource that it is for.
#[derive(Serialize)]
struct Line<'a, T> {
    address: &'a str,
    change: &'a str,
    at: &'a str,
    #[serde(flatten)]
    answer: T,
}

/// A call of which nothing can be told: in the form of an answer.
#[derive(Serialize)]
struct NotTold<'a> {
    operation: Option<&'a str>,
    outcome: Outcome,
    http_status: Option<u16>,
    code: Option<&'a str>,
    message: Option<&'a str>,
    reasons: &'a [String],
    state_after: Option<&'a str>,
    decision: Option<&'a str>,
    suggestion: Option<&'a str>,
}

impl Flight<'_> {
    /// Answers for every call of the plan.
    ///
    /// # Errors
    /// When the plan cannot be read or is none, or nobody says whose calls these are.
    pub(super) fn terraform(
        &mut self,
        path: &Path,
        region: Option<&str>,
        like: &Call,
        console: &mut Console,
    ) -> anyhow::Result<Status> {
        let source = input::read(path)?;
        if !is_terraform(&source) {
            bail!(
                "{}: no Terraform plan; terraform show -json writes one",
                source.name()
            );
        }
        let (calls, report) = operations(&source, region);
        imported::report(&report, console);
        if !report.errors.is_empty() {
            return Ok(Status::CannotAnswer);
        }
        let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
        let mut status = Status::Yes;
        for planned in &calls {
            let outcome = match &planned.operation {
                Some(name) if planned.unknown.is_empty() && self.catalog.call(name).is_some() => {
                    let mut call = like.clone();
                    call.operation.clone_from(name);
                    call.parameters.extend(planned.parameters.iter().cloned());
                    call.state.clone_from(&planned.state);
                    let answer = self.answer(call, console)?;
                    self.write_planned(planned, &answer, console)?;
                    answer.outcome
                }
                _ => {
                    self.write_not_told(planned, like, console)?;
                    Outcome::Unknown
                }
            };
            status = status.worse(match outcome {
                Outcome::Succeeds => Status::Yes,
                Outcome::Unknown => Status::CannotAnswer,
                _ => Status::No,
            });
            *outcomes.entry(outcome.name()).or_default() += 1;
        }
        let told = outcomes
            .iter()
            .map(|(name, count)| format!("{count} {name}"));
        let told = told.collect::<Vec<_>>().join(", ");
        let total = match calls.len() {
            0 => "applying the plan makes no call".to_owned(),
            1 => format!("1 call: {told}"),
            count => format!("{count} calls: {told}"),
        };
        if self.format == AnswerFormat::Text {
            writeln!(console.out, "{total}")?;
        }
        Ok(status)
    }

    fn write_planned(
        &self,
        planned: &PlannedCall,
        answer: &Preflight,
        console: &mut Console,
    ) -> anyhow::Result<()> {
        if self.format == AnswerFormat::Json {
            json::line(&line(planned, answer), &mut console.out)?;
            return Ok(());
        }
        heading(planned, console)?;
        write::answer(answer, &mut console.out)?;
        Ok(())
    }

    fn write_not_told(
        &mut self,
        planned: &PlannedCall,
        like: &Call,
        console: &mut Console,
    ) -> anyhow::Result<()> {
        let mut reasons = planned.unknown.clone();
        if reasons.is_empty() {
            reasons.push(
                "what the call needs and in which states it works is not in the catalogue"
                    .to_owned(),
            );
        }
        reasons.extend(self.permission(planned, like, console)?);
        if self.format == AnswerFormat::Json {
            let answer = NotTold {
                operation: planned.operation.as_deref(),
                outcome: Outcome::Unknown,
                http_status: None,
                code: None,
                message: reasons.first().map(String::as_str),
                reasons: &reasons,
                state_after: None,
                decision: None,
                suggestion: None,
            };
            json::line(&line(planned, answer), &mut console.out)?;
            return Ok(());
        }
        heading(planned, console)?;
        let operation = planned.operation.as_deref().unwrap_or("?");
        let title = format!("{operation}: {}", Outcome::Unknown.name());
        console.out.line(DOUBTFUL, &text::printable(&title))?;
        for reason in &reasons {
            let reason = format!("  {}", text::printable(reason));
            console.out.line(Style::new(), &reason)?;
        }
        Ok(())
    }

    /// What the policies say of the actions of a call that nothing else is known of. It may hang on circumstances that are not known, and other
    /// actions may be needed too: so it is a hint, and no answer.
    fn permission(
        &mut self,
        planned: &PlannedCall,
        like: &Call,
        console: &mut Console,
    ) -> anyhow::Result<Vec<String>> {
        let Some(operation) = &planned.operation else {
            return Ok(Vec::new());
        };
        let account = like.owner().unwrap_or_default().to_owned();
        let value = |placeholder: &str| -> Option<&str> {
            let by_name = |name: &str| {
                let given = planned.parameters.iter();
                let mut found = given.filter(|(known, _)| known.eq_ignore_ascii_case(name));
                found.next().map(|(_, value)| value.as_str())
            };
            match placeholder {
                "account" => Some(&account),
                "region" => by_name("RegionId"),
                name => by_name(name),
            }
        };
        let mut hints = Vec::new();
        let mut questions = Vec::new();
        for needed in self.catalog.operation(operation) {
            if needed.parameter.is_some() {
                continue;
            }
            let mut resources = needed.action.resources().peekable();
            if resources.peek().is_none() {
                questions.push((needed.action.name(), "*".to_owned()));
            }
            for resource in resources {
                match resource.template().fill(value) {
                    Some(arn) => questions.push((needed.action.name(), arn)),
                    None => hints.push(format!(
                        "{} on {} is not looked at: which one is not known",
                        needed.action.name(),
                        resource.template().as_str()
                    )),
                }
            }
        }
        for (action, resource) in questions {
            let mut context = like.context.clone();
            self.clock.add_to(&mut context);
            let request =
                Request::new(like.principal.clone(), action.to_owned(), resource.clone())?;
            let request = request.with_context(context);
            let assignment = self.basis.assignment(&request, console)?;
            let question = Question {
                request: request.into_owned(),
                session: like.session.clone(),
            };
            let decision = assignment.decide(&question)?;
            hints.push(format!(
                "the policies say {decision} to {action} on {resource}, by what is known of the call"
            ));
        }
        Ok(hints)
    }
}

fn line<'a, T>(planned: &'a PlannedCall, answer: T) -> Line<'a, T> {
    Line {
        address: &planned.address,
        change: planned.change,
        at: &planned.at,
        answer,
    }
}

fn heading(planned: &PlannedCall, console: &mut Console) -> anyhow::Result<()> {
    let heading = format!("# {} ({}), {}", planned.address, planned.change, planned.at);
    console.out.line(Style::new(), &text::printable(&heading))?;
    Ok(())
}
