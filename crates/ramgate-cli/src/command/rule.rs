//! Says what a rule of the linter means.

use std::io::Write;

use anyhow::bail;
use ramgate::lint::{self, Rule};
use serde_json::{Value, json};

use crate::args::{FactFormat, RuleArgs};
use crate::command::Status;
use crate::output::{Console, findings, json};

/// Answers with a rule, or with all of them.
///
/// # Errors
/// When there is no such rule, or the answer cannot be written.
pub(crate) fn run(args: &RuleArgs, console: &mut Console) -> anyhow::Result<Status> {
    let rules: Vec<&Rule> = match &args.name {
        Some(name) => lint::rules_named(name).collect(),
        None => lint::rules().collect(),
    };
    let out = &mut console.out;
    match (&args.name, args.format) {
        (Some(name), _) if rules.is_empty() => {
            bail!("no rule has the id or name {name:?}; ramgate rule lists them")
        }
        (None, FactFormat::Json) => {
            json::document(&rules.iter().map(|rule| of(rule)).collect::<Vec<_>>(), out)?;
        }
        (None, FactFormat::Text) => {
            let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
            for rule in rules {
                let (id, name, severity) = (rule.id, rule.name, rule.severity.name());
                writeln!(out, "{id}  {name:width$}  {severity:10}  {}", rule.summary)?;
            }
        }
        (Some(_), FactFormat::Json) => match &rules[..] {
            [rule] => json::document(&of(rule), out)?,
            rules => json::document(&rules.iter().map(|rule| of(rule)).collect::<Vec<_>>(), out)?,
        },
        (Some(_), FactFormat::Text) => {
            for (index, rule) in rules.into_iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                findings::rule(rule, out)?;
            }
        }
    }
    Ok(Status::Yes)
}

fn of(rule: &Rule) -> Value {
    json!({
        "rule": rule.id,
        "name": rule.name,
        "severity": rule.severity,
        "summary": rule.summary,
        "reason": rule.reason,
        "kind": rule.subject(),
        "bad": rule.bad(),
        "good": rule.good(),
        "alibaba_code": rule.alibaba_codes,
        "aws_code": rule.aws_codes,
        "semantics": rule.semantics,
    })
}
