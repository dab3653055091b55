//! Makes a snapshot out of other tools' files, and writes it whole or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use ramgate::Source;
use ramgate_import::{
    Absent, AnswerFile, Base, Options, Report, Snapshot, State, answers, is_terraform, terraform,
};

use crate::args::{AnswerFormat, ImportArgs, Side, Without};
use crate::command::{Status, fmt};
use crate::input::{self, STDIN};
use crate::output::{Console, imported, text};

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
    if args.path.is_dir() {
        of_plans_only(args)?;
        let files = folder(args, console)?;
        return Ok(answers(&files, &options));
    }
    let source = input::read(&args.path)?;
    if is_terraform(&source) {
        let state = match args.state {
            Some(Side::Before) => State::Before,
            Some(Side::After) | None => State::After,
        };
        return plan(&source, state, args.base.as_deref(), &options);
    }
    of_plans_only(args)?;
    let name = args.path.file_name().unwrap_or(args.path.as_os_str());
    let way = vec![name.to_string_lossy().into_owned()];
    Ok(answers(&[AnswerFile { source, way }], &options))
}

/// A plan, alone or over a snapshot.
///
/// # Errors
/// When the snapshot's files cannot be read.
pub(crate) fn plan(
    source: &Source,
    state: State,
    base: Option<&Path>,
    options: &Options,
) -> anyhow::Result<(Option<Snapshot>, Report)> {
    let Some(base) = base else {
        return Ok(terraform(source, state, None, options));
    };
    let mut sources = Vec::new();
    for file in input::find_one(base, &["json"])? {
        sources.push(input::read(&file.path)?);
    }
    let mut open = |name: &str, source: &Source| {
        input::read(&input::relative(name, source)).map_err(|error| text::error(&error))
    };
    let base = Base {
        sources: &sources,
        open: &mut open,
    };
    Ok(terraform(source, state, Some(base), options))
}

fn of_plans_only(args: &ImportArgs) -> anyhow::Result<()> {
    if args.state.is_some() || args.base.is_some() || args.include_sensitive {
        bail!(
            "{}: no Terraform plan or state, and --state, --base and --include-sensitive are about one",
            args.path.display()
        );
    }
    Ok(())
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
        include_sensitive: args.include_sensitive,
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
