//! Checks the properties of a file over all requests, and shows a request against each that does not hold.

use anyhow::Result;
use ramgate::analysis::{Options, Verdict};
use ramgate::{Proof, PropertyFile, StatedProperty};

use crate::account::Accounts;
use crate::args::{AnswerFormat, ProveArgs};
use crate::catalog;
use crate::command::Status;
use crate::input;
use crate::output::{Console, proof};

/// Checks every property of the file.
///
/// # Errors
/// When the file or the snapshot that it names cannot be read, or the answer cannot be written.
pub(crate) fn run(args: &ProveArgs, console: &mut Console) -> Result<Status> {
    let source = input::read(&args.file)?;
    let mut accounts = Accounts::default();
    let file = PropertyFile::read(&source, &mut |name, source| accounts.open(name, source))?;
    let facts = catalog::load(&[])?;
    let actions = catalog::actions(&facts);
    let actions: Vec<(&str, &str)> = actions.iter().map(|(name, on)| (*name, &**on)).collect();
    let options = Options::default().with_catalogue(&actions);
    let proofs: Vec<(&StatedProperty, Proof)> = file
        .properties()
        .iter()
        .map(|property| (property, file.check(property, &options)))
        .collect();
    match args.format {
        AnswerFormat::Text => proof::text(&proofs, &facts, &mut console.out)?,
        AnswerFormat::Json => proof::json(&proofs, &facts, &mut console.out)?,
    }
    let has = |verdict| proofs.iter().any(|(_, proof)| proof.verdict == verdict);
    Ok(if has(Verdict::Fails) {
        Status::No
    } else if has(Verdict::Holds) && !has(Verdict::Unknown) {
        Status::Yes
    } else {
        Status::CannotAnswer
    })
}
