//! A Terraform plan as a side of a comparison: what it is before and after, or over a snapshot.

use std::path::Path;

use ramgate::{Organization, Source};
use ramgate_import::{Options, State, is_terraform};

use crate::args::DiffArgs;
use crate::command::diff::side::{Contents, Side};
use crate::command::import;
use crate::input;
use crate::output::{Console, imported};

/// The plan that this is the file of, if it is one.
///
/// # Errors
/// When there is no such file.
pub(crate) fn of(path: &Path) -> anyhow::Result<Option<Source>> {
    let mut files = input::find_one(path, &["json"])?;
    let Some(file) = files.pop().filter(|file| file.is_named && files.is_empty()) else {
        return Ok(None);
    };
    // What comes through a pipe can be read only once.
    if !file.path.is_file() {
        return Ok(None);
    }
    let source = input::read(&file.path)?;
    Ok(is_terraform(&source).then_some(source))
}

/// A plan before and after. `None` when it cannot be told, which is then reported.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn both_sides(
    plan: &Source,
    args: &DiffArgs,
    console: &mut Console,
) -> anyhow::Result<Option<(Side, Side)>> {
    let old = side(plan, State::Before, None, args, console)?;
    let new = side(plan, State::After, None, args, console)?;
    Ok(old.zip(new))
}

/// A snapshot before a plan, and with the plan laid over it.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn over(
    plan: &Source,
    snapshot: &Path,
    args: &DiffArgs,
    console: &mut Console,
) -> anyhow::Result<Option<(Side, Side)>> {
    let old = side(plan, State::Before, Some(snapshot), args, console)?;
    let new = side(plan, State::After, Some(snapshot), args, console)?;
    Ok(old.zip(new))
}

fn side(
    plan: &Source,
    state: State,
    base: Option<&Path>,
    args: &DiffArgs,
    console: &mut Console,
) -> anyhow::Result<Option<Side>> {
    let options = Options {
        account_id: args.account_id.clone(),
        is_lenient: args.lenient,
        ..Options::default()
    };
    let (snapshot, report) = import::plan(plan, state, base, &options)?;
    // What is said of both sides is said once.
    if state == State::After || snapshot.is_none() {
        imported::report(&report, console);
    }
    let Some(snapshot) = snapshot else {
        return Ok(None);
    };
    let when = match state {
        State::Before => "before",
        State::After => "after",
    };
    let name = format!("{} ({when})", plan.name());
    let source = Source::new(name.as_str(), snapshot.text);
    let known = Organization::read(&[source], args.lenient, &mut |name, _| Err(name.to_owned()))?;
    Ok(Some(Side {
        name,
        contents: Contents::Snapshot(known.holdings()),
    }))
}
