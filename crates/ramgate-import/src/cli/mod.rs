//! A folder of `aliyun` outputs: every file is understood or named, and what is missing for a safe answer is told.

mod account;
mod calls;
mod directory;
mod lists;

use std::collections::BTreeMap;

use ramgate::Source;

use crate::cli::calls::Call;
use crate::cli::lists::Answers;
use crate::facts::{Facts, differs};
use crate::json::{self, At, Read};
use crate::report::{Problem, Report};
use crate::{Options, Snapshot, snapshot};

/// A file of a folder, and the way to it from there: its folders and its name.
#[derive(Clone, Debug)]
pub struct AnswerFile {
    /// The text, under the name that messages call it by.
    pub source: Source,
    /// From the folder that is imported.
    pub way: Vec<String>,
}

/// Puts a folder of answers together into a snapshot. There is one only if the report has no errors.
///
/// ```
/// use ramgate::Source;
/// use ramgate_import::{AnswerFile, Options, answers};
///
/// let file = |name: &str, text: &str| AnswerFile { source: Source::new(name, text), way: vec![name.to_owned()] };
/// let files = [
///     file("GetCallerIdentity.json", r#"{"AccountId": "1234567890123456", "IdentityType": "RAMUser"}"#),
///     file("ListUsers.json", r#"{"IsTruncated": true, "Users": {"User": [{"UserName": "alice", "UserId": "20"}]}}"#),
/// ];
/// let (snapshot, report) = answers(&files, &Options::default());
/// assert!(snapshot.is_none());
/// assert!(report.errors.iter().any(|problem| problem.message.starts_with("ListUsers goes on after this page")));
/// ```
pub fn answers(files: &[AnswerFile], options: &Options) -> (Option<Snapshot>, Report) {
    let mut report = Report::default();
    let mut read: Vec<(&AnswerFile, Vec<Read>)> = Vec::new();
    for file in files {
        read.push((file, texts(file, options, &mut report)));
    }
    let mut units: BTreeMap<String, Answers<'_>> = BTreeMap::new();
    for (file, texts) in &read {
        for text in texts {
            sort_in(file, text, options, &mut units, &mut report);
        }
    }
    let facts = facts(&units, options, &mut report);
    let snapshot = snapshot::write(&facts, options.is_lenient, &mut report);
    report.sort();
    (snapshot, report)
}

/// The JSON texts of a file. A call that failed leaves something else, which says why.
fn texts(file: &AnswerFile, options: &Options, report: &mut Report) -> Vec<Read> {
    let text = file.source.text();
    let name = file.source.name();
    if text.trim().is_empty() {
        let message = "empty: the call that was to fill it gave no answer";
        report.error(Problem::in_file(name, message).help("ask again"));
        return Vec::new();
    }
    if text.trim_start().starts_with("ERROR") {
        let code = text
            .lines()
            .find_map(|line| line.strip_prefix("ErrorCode:"));
        let code = code.map_or("an error", str::trim);
        let message = format!("the call failed with {code}");
        report.error(Problem::in_file(name, message).help("ask again, as somebody who may"));
        return Vec::new();
    }
    let mut found = Report::default();
    let read = json::read(&file.source, &mut found);
    // A file that is not even named after a call, notes for example.
    if options.allow_unknown && calls::named(&file.way).is_none() {
        report.warnings.append(&mut found.errors);
    }
    report.errors.append(&mut found.errors);
    read
}

/// Files an answer under its account, its call and its subject.
fn sort_in<'v>(
    file: &AnswerFile,
    text: &'v Read,
    options: &Options,
    units: &mut BTreeMap<String, Answers<'v>>,
    report: &mut Report,
) {
    let root = text.root();
    let (unit, way) = match file.way.split_first() {
        Some((first, rest)) if !rest.is_empty() && is_account(first) => (first.clone(), rest),
        _ => (String::new(), file.way.as_slice()),
    };
    let answers = units.entry(unit).or_default();
    let named = calls::named(way);
    if let Some(code) = error_code(&root) {
        failed(
            file,
            named.map(|(call, _)| call),
            &root,
            code,
            answers,
            report,
        );
        return;
    }
    let (call, subject) = match named {
        Some((call, _)) if !call.fits(&root) => {
            let message = format!(
                "the file is named after {}, whose answer this is not",
                call.name
            );
            report.error(Problem::of(&root.place, message));
            return;
        }
        Some((call, subject)) => (call, subject.unwrap_or_default()),
        None => match calls::by_content(&root) {
            Some(call) => (call, Vec::new()),
            None => return unknown(&root, options, report),
        },
    };
    match call.subject {
        Some(subject_of) if subject.is_empty() => {
            let message = format!(
                "an answer of {}, and of which {subject_of} it does not say",
                call.name
            );
            let help = format!("name the file {}/<{subject_of}>.json", call.name);
            report.error(Problem::of(&root.place, message).help(help));
        }
        Some(_) => answers.add(call, without_page(call, subject), text),
        None => answers.add(call, Vec::new(), text),
    }
}

/// `ListUsersForGroup/ops/2.json`: the page is no part of what the list is about. A policy's type is: `GetPolicyVersion/Custom/net-ops.json`.
fn without_page(call: &Call, mut subject: Vec<String>) -> Vec<String> {
    let begins_with_type = subject
        .first()
        .is_some_and(|first| first == "Custom" || first == "System");
    let keep = if call.subject == Some("policy") && begins_with_type {
        2
    } else {
        1
    };
    subject.truncate(keep);
    subject
}

fn unknown(root: &At<'_>, options: &Options, report: &mut Report) {
    let problem = Problem::of(&root.place, "not understood: no answer of a call that ramgate knows")
        .help("name the file after its call (ListPoliciesForUser/alice.json), move it away, or pass --allow-unknown");
    if options.allow_unknown {
        report.warning(problem);
    } else {
        report.error(problem);
    }
}

/// `{"Code": "NoPermission", "Message": …}`: what the API says when it does not answer.
fn error_code(root: &At<'_>) -> Option<String> {
    let code = root.text("Code").or_else(|| root.text("ErrorCode"))?;
    let is_error = ["Message", "RequestId", "HostId"]
        .iter()
        .any(|name| root.get(name).is_some());
    (is_error && root.get("Statement").is_none()).then_some(code)
}

/// Two failures are answers: there is no resource directory, there is no policy on the bucket.
fn failed(
    file: &AnswerFile,
    call: Option<&'static Call>,
    root: &At<'_>,
    code: String,
    answers: &mut Answers<'_>,
    report: &mut Report,
) {
    match (call, code.as_str()) {
        (Some(call), "ResourceDirectoryNotInUse") if call.name == "GetResourceDirectory" => {
            answers.add_failed(call, code);
        }
        (Some(call), "NoSuchBucketPolicy") if call.name == "GetBucketPolicy" => {}
        _ => {
            let what = call.map_or("the call", |call| call.name);
            let message =
                format!("{what} failed with {code}: what it would have said is not known");
            let problem = Problem::of(&root.place, message).help("ask again, as somebody who may");
            debug_assert_eq!(problem.file, file.source.name());
            report.error(problem);
        }
    }
}

/// An account's id is digits, sixteen as a rule.
pub(crate) fn is_account(text: &str) -> bool {
    (10..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn facts(units: &BTreeMap<String, Answers<'_>>, options: &Options, report: &mut Report) -> Facts {
    let mut facts = Facts::default();
    let mut of_accounts = Vec::new();
    for (folder, answers) in units {
        if !account::is_asked(answers) {
            continue;
        }
        if let Some(id) = account_id(folder, answers, options, report) {
            account::read(&id, answers, options, facts.account(&id), report);
            of_accounts.push((id, answers));
        }
    }
    if of_accounts.is_empty() && report.errors.is_empty() {
        let message = "no answers about an account are here";
        report.error(Problem::of_all(message).help("tools/export-account.sh makes such a folder"));
        return facts;
    }
    directory::read(units, &of_accounts, options, &mut facts, report);
    facts
}

/// Whose answers these are: all that say so must agree.
fn account_id(
    folder: &str,
    answers: &Answers<'_>,
    options: &Options,
    report: &mut Report,
) -> Option<String> {
    let mut id: Option<(String, String)> = None;
    if !folder.is_empty() {
        id = Some((folder.to_owned(), format!("the folder {folder}")));
    } else if let Some(given) = &options.account_id {
        id = Some((given.clone(), "--account-id".to_owned()));
    }
    let mut first = None;
    for (_, at) in answers.single("GetCallerIdentity") {
        let Some(said) = at.text("AccountId") else {
            continue;
        };
        let place = at.place_of("AccountId");
        match (&id, &first) {
            (Some((known, by)), None) if *known != said => {
                let message = format!("the answers are of account {said}, and {by} says {known}");
                report.error(Problem::of(&place, message));
                return None;
            }
            (Some((known, _)), Some(first)) if *known != said => {
                report.error(differs(&place, "the account", first));
                return None;
            }
            _ => {}
        }
        if id.is_none() {
            id = Some((said, String::new()));
        }
        first.get_or_insert(place);
    }
    if id.is_none() {
        let help = "add the answer of aliyun sts GetCallerIdentity, or pass --account-id";
        let message = "nothing says which account the answers are of";
        report.error(Problem::of_all(message).help(help));
    }
    id.map(|(id, _)| id)
}

/// The call of this name, which the table of calls has.
pub(crate) fn call(name: &'static str) -> Option<&'static Call> {
    calls::by_name(name)
}
