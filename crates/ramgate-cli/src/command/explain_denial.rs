//! Replays a denial that the cloud gave, and keeps it as a case.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ramgate::preflight::{self, CloudDenial};
use ramgate::{Assignment, Context, Principal, Question};
use serde_json::json;

use crate::account;
use crate::args::{AnswerFormat, ExplainDenialArgs};
use crate::command::Status;
use crate::input;
use crate::output::{Console, json, preflight as write};

/// Replays the denial of the file.
///
/// # Errors
/// When the denial or the snapshot cannot be read, the request cannot be asked, or the case cannot be written.
pub(crate) fn run(args: &ExplainDenialArgs, console: &mut Console) -> anyhow::Result<Status> {
    let source = input::read(&args.file)?;
    let denial = CloudDenial::read(&source)?;
    let organization = account::read(&args.account, false, &mut |_| {})?;
    let principal = match &args.principal {
        Some(text) => Principal::parse(text)?.into_owned(),
        None => denial
            .principal(|account, id| organization.user_with_id(account, id))
            .context("who called cannot be told; --principal says it")?,
    };
    let Some(resource) = args.resource.clone().or_else(|| denial.resource.clone()) else {
        bail!("the denial does not say on which resource; --resource says it");
    };
    let mut context = Context::default();
    for (key, value) in &args.context {
        context.push(key, value.clone());
    }
    let assignment = Assignment::Organization(Arc::new(organization));
    let (replay, question) =
        preflight::replay(denial, principal, &resource, &context, &assignment)?;
    match args.format {
        AnswerFormat::Text => write::replay(&replay, &mut console.out)?,
        AnswerFormat::Json => json::document(&replay, &mut console.out)?,
    }
    if let Some(path) = &args.save_case {
        let text = case(&replay.cloud, &question, &args.account, path)?;
        save(path, &text).with_context(|| format!("{}: cannot be written", path.display()))?;
        console.note(&format!("{}: saved", path.display()));
    }
    Ok(if replay.agrees {
        Status::Yes
    } else {
        Status::No
    })
}

/// The request and what the cloud said to it, in the form of a case file.
fn case(
    denial: &CloudDenial,
    question: &Question,
    account: &Path,
    path: &Path,
) -> anyhow::Result<String> {
    let Some(decision) = denial.decision else {
        bail!(
            "the denial does not say whether a statement denied or none allowed, so a case would expect nothing"
        );
    };
    let mut expect = json!({ "decision": decision.name() });
    if let (Some(stage), Some(expect)) = (denial.stage(), expect.as_object_mut()) {
        expect.insert("stage".to_owned(), json!(stage.name()));
    }
    let name = format!(
        "{} is denied {} as the cloud denied it",
        question.request.principal(),
        question.request.action()
    );
    let case = json!({
        "name": name,
        "account": relative_to(account, path)?,
        "request": question.request,
        "expect": expect,
    });
    let mut text = serde_json::to_string_pretty(&case)?;
    text.push('\n');
    Ok(text)
}

/// The way from the directory of a file to another path.
fn relative_to(target: &Path, file: &Path) -> anyhow::Result<String> {
    let target = target.canonicalize()?;
    let directory = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let directory = directory
        .canonicalize()
        .with_context(|| format!("{}: no such directory", directory.display()))?;
    let same = target
        .components()
        .zip(directory.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = directory
        .components()
        .skip(same)
        .map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(target.components().skip(same)).collect();
    Ok(way.to_string_lossy().into_owned())
}

/// Writes a new file whole or not at all; one that is there stays.
fn save(path: &Path, text: &str) -> anyhow::Result<()> {
    if path.exists() {
        bail!("there is such a file, and it is not replaced");
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        // A link fails where a file has come in the meantime; a rename would replace it.
        .and_then(|()| std::fs::hard_link(&beside, path));
    let _ = std::fs::remove_file(&beside);
    Ok(written?)
}
