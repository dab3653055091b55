//! Makes a snapshot out of other tools' files, and writes it whole or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use ramgate_import::{Absent, AnswerFile, Options, Report, Snapshot, answers};

use crate::args::{AnswerFormat, ImportArgs, Without};
use crate::command::{Status, fmt};
use crate::input::{self, STDIN};
use crate::output::{Console, imported};

/// Imports what the arguments name.
///
/// # Errors
/// When a file cannot be read, or the snapshot cannot be written.
pub(crate) fn run(args: &ImportArgs, console: &mut Console) -> anyhow::Result<Status> {
    let to_stdout = args.output == Path::new(STDIN);
    if to_stdout && args.format == AnswerFormat::Json {
        bail!(
            "the snapshot and --format json cannot both go to standard output: name a file with -o"
        );
    }
    let (snapshot, report) = import(args, console)?;
    let Some(snapshot) = snapshot else {
        tell(args, &report, None, console)?;
        return Ok(Status::CannotAnswer);
    };
    if to_stdout {
        console.out.write_all(snapshot.text.as_bytes())?;
    } else {
        fmt::put(&args.output, &snapshot.text)
            .with_context(|| format!("{}: cannot be written", args.output.display()))?;
    }
    tell(args, &report, Some(&snapshot), console)?;
    Ok(Status::Yes)
}

fn import(args: &ImportArgs, console: &mut Console) -> anyhow::Result<(Option<Snapshot>, Report)> {
    let options = options(args);
    let files = folder(args, console)?;
    Ok(answers(&files, &options))
}

fn options(args: &ImportArgs) -> Options {
    let without = args.without.iter().map(|without| match without {
        Without::ControlPolicies => Absent::ControlPolicies,
        Without::ResourceGroups => Absent::ResourceGroupAttachments,
    });
    Options {
        account_id: args.account_id.clone(),
        without: without.collect(),
        allow_unknown: args.allow_unknown,
        is_lenient: args.lenient,
    }
}

/// Every file of the folder, whatever its name: a file that nobody looks at could hold the one Deny. Only an older snapshot of this very name
/// is no answer.
fn folder(args: &ImportArgs, console: &mut Console) -> anyhow::Result<Vec<AnswerFile>> {
    let own = args.output.canonicalize().ok();
    let mut files = Vec::new();
    for found in input::find_one(&args.path, &[])? {
        if own.is_some() && found.path.canonicalize().ok() == own {
            let name = found.path.display();
            console.note(&format!(
                "{name}: the snapshot that is to be replaced, passed over"
            ));
            continue;
        }
        let below = found.path.strip_prefix(&args.path).unwrap_or(&found.path);
        let below = if below.as_os_str().is_empty() {
            &found.path
        } else {
            below
        };
        let way = below.iter().map(|part| part.to_string_lossy().into_owned());
        files.push(AnswerFile {
            way: way.collect(),
            source: input::read(&found.path)?,
        });
    }
    Ok(files)
}

fn tell(
    args: &ImportArgs,
    report: &Report,
    snapshot: Option<&Snapshot>,
    console: &mut Console,
) -> anyhow::Result<()> {
    let name = input::name(&args.output);
    if args.format == AnswerFormat::Json {
        let written = snapshot.map(|snapshot| (name.as_str(), snapshot.counts));
        imported::document(report, written, &mut console.out)?;
        return Ok(());
    }
    imported::report(report, console);
    match snapshot {
        Some(snapshot) => {
            let told = imported::counts(&snapshot.counts);
            if args.output == Path::new(STDIN) {
                console.note(&told);
            } else {
                writeln!(console.out, "{name}: {told}")?;
            }
        }
        None => console.note("no snapshot was written"),
    }
    Ok(())
}
