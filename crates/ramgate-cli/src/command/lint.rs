//! Runs the linter's rules over policies, and mends what can be mended.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use ramgate::lint::{self, Finding, Severity};
use ramgate::{Catalog, Source};

use crate::args::{FailOn, FindingFormat, KindName, LintArgs};
use crate::baseline::Baseline;
use crate::catalog;
use crate::command::{Status, fmt};
use crate::config::Config;
use crate::input::{self, Found, STDIN};
use crate::kind::reading;
use crate::output::{Console, findings, json, sarif};

/// What was found in one file.
#[derive(Debug)]
pub(crate) struct Linted {
    pub(crate) source: Source,
    pub(crate) findings: Vec<Finding>,
}

/// Lints every file that is a policy.
///
/// # Errors
/// When settings or facts cannot be read, a rule is named that there is none of, or standard output cannot be written to.
pub(crate) fn run(args: &LintArgs, console: &mut Console) -> anyhow::Result<Status> {
    let linter = Linter::new(args)?;
    let mut baseline = match &args.baseline {
        Some(path) => Baseline::load(path)?,
        None => Baseline::default(),
    };
    let mut kinds = KindsTaken::default();
    let mut linted = Vec::new();
    let files = input::find(&args.paths, &["json"], &mut |_, error| {
        console.error(&error)
    });
    console.begin(files.len());
    for file in files {
        match linter.file(&file, &mut kinds, console) {
            Ok(Some(mut one)) => {
                baseline.subtract(&mut one.findings);
                linted.push(one);
            }
            Ok(None) => console.note(&format!("{}: no policy, passed over", file.path.display())),
            Err(error) => console.error(&error),
        }
        console.step();
    }
    console.end();
    if linted.is_empty() && !console.has_errors() {
        bail!("no policies found");
    }
    kinds.tell(console);
    let out = &mut console.out;
    match args.format {
        FindingFormat::Text => findings::text(&linted, out)?,
        FindingFormat::Json => json::document(&findings::all(&linted), out)?,
        FindingFormat::Sarif => {
            let (log, left_out) = sarif::log(&linted);
            json::document(&log, out)?;
            if left_out > 0 {
                console.note(&format!(
                    "{left_out} findings are not in the report, as code scanning takes no more: the worst are"
                ));
            }
        }
        FindingFormat::Github => findings::github(&linted, out)?,
        FindingFormat::Gitlab => json::document(&findings::gitlab(&linted), out)?,
        FindingFormat::Junit => findings::junit(&linted, out)?,
    }
    let mut found = linted.iter().flat_map(|one| &one.findings);
    Ok(match threshold(args.fail_on) {
        _ if console.has_errors() => Status::CannotAnswer,
        Some(least) if found.any(|finding| finding.rule.severity >= least) => Status::No,
        _ => Status::Yes,
    })
}

fn threshold(fail_on: FailOn) -> Option<Severity> {
    match fail_on {
        FailOn::Suggestion => Some(Severity::Suggestion),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Security => Some(Severity::Security),
        FailOn::Error => Some(Severity::Error),
        FailOn::Never => None,
    }
}

struct Linter<'a> {
    args: &'a LintArgs,
    config: Config,
    catalog: Catalog,
    select: Vec<String>,
    ignore: Vec<String>,
}

impl<'a> Linter<'a> {
    fn new(args: &'a LintArgs) -> anyhow::Result<Linter<'a>> {
        let config = Config::load(args.config.as_deref())?;
        let given = args.select.iter().chain(&args.ignore).map(String::as_str);
        for word in given.chain(config.words()) {
            if !lint::rules().any(|rule| stands_for(word, rule)) {
                return Err(anyhow!(
                    "no rule has the id or name {word:?}; ramgate rule lists them"
                ));
            }
        }
        let or = |given: &[String], set: &[String]| {
            if given.is_empty() {
                set.to_vec()
            } else {
                given.to_vec()
            }
        };
        Ok(Linter {
            select: or(&args.select, &config.lint.select),
            ignore: [&args.ignore[..], &config.lint.ignore[..]].concat(),
            catalog: catalog::load(&args.catalog)?,
            args,
            config,
        })
    }

    /// `None` for a file that nobody named and that is no policy.
    fn file(
        &self,
        file: &Found,
        kinds: &mut KindsTaken,
        console: &mut Console,
    ) -> anyhow::Result<Option<Linted>> {
        let mut source = input::read(&file.path)?;
        if !file.is_named && ramgate::format(&source).is_err_and(|error| !fmt::is_broken(&error)) {
            return Ok(None);
        }
        let kind = self.kind(&file.path, kinds);
        let mut findings = self.lint(&source, kind, &file.path);
        if self.args.fix {
            let is_wanted = self.filter(&file.path);
            let mended = lint::mend(&source, reading(kind), &self.catalog, &is_wanted);
            if mended.is_unproved {
                console.note(&format!(
                    "{}: not all was mended, as it could not be shown that the policy would decide the same",
                    source.name()
                ));
            }
            if mended.text != source.text() {
                self.deliver(file, &mended.text, console)?;
                source = Source::new(source.name(), mended.text);
                findings = self.lint(&source, kind, &file.path);
            }
        }
        Ok(Some(Linted { source, findings }))
    }

    fn lint(&self, source: &Source, kind: KindName, file: &Path) -> Vec<Finding> {
        let mut findings = lint::lint(source, reading(kind), &self.catalog);
        findings.retain(self.filter(file));
        findings
    }

    /// Whether a finding in a file is to be told.
    fn filter(&self, file: &Path) -> impl Fn(&Finding) -> bool {
        let allowed = self.config.allowed(file);
        move |finding| {
            let is_named = |words: &[String]| {
                let mut words = words.iter();
                words.any(|word| stands_for(word, finding.rule))
            };
            (self.select.is_empty() || is_named(&self.select))
                && !is_named(&self.ignore)
                && !allowed.iter().any(|word| stands_for(word, finding.rule))
        }
    }

    fn deliver(&self, file: &Found, text: &str, console: &mut Console) -> anyhow::Result<()> {
        if file.path == Path::new(STDIN) {
            bail!("--fix mends files, not standard input");
        }
        fmt::replace(&file.path, text)
            .with_context(|| format!("{}: cannot be written", file.path.display()))?;
        console.note(&format!("{}: mended", file.path.display()));
        Ok(())
    }

    fn kind(&self, file: &Path, kinds: &mut KindsTaken) -> KindName {
        if let Some(kind) = self.args.kind.or_else(|| self.config.kind(file)) {
            return kind;
        }
        let directories = file.parent().into_iter().flat_map(Path::ancestors);
        let mut names = directories.filter_map(|directory| directory.file_name()?.to_str());
        let of_directory = names.find_map(kind_of_directory);
        kinds.take(of_directory)
    }
}

/// An id, the beginning of ids, a name, or another linter's name for it.
fn stands_for(word: &str, rule: &lint::Rule) -> bool {
    let begins_ids = word.len() >= 2
        && rule
            .id
            .get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    begins_ids || rule.answers_to(word)
}

fn kind_of_directory(name: &str) -> Option<KindName> {
    Some(match name {
        "identity" => KindName::Identity,
        "system" => KindName::System,
        "session" => KindName::Session,
        "control" => KindName::Control,
        "trust" => KindName::Trust,
        "oss" => KindName::Oss,
        "log" => KindName::Log,
        "kms" => KindName::Kms,
        "resource" => KindName::Resource,
        "endpoint" => KindName::Endpoint,
        _ => return None,
    })
}

/// The kinds that nobody told, to be told back.
#[derive(Default)]
struct KindsTaken {
    of_directories: BTreeMap<String, usize>,
    by_default: usize,
}

impl KindsTaken {
    fn take(&mut self, of_directory: Option<KindName>) -> KindName {
        let Some(kind) = of_directory else {
            self.by_default += 1;
            return KindName::Identity;
        };
        let name = reading_name(kind);
        *self.of_directories.entry(name).or_default() += 1;
        kind
    }

    fn tell(&self, console: &mut Console) {
        if !self.of_directories.is_empty() {
            let kinds = self.of_directories.iter();
            let kinds: Vec<String> = kinds
                .map(|(name, count)| format!("{count} {name}"))
                .collect();
            console.note(&format!(
                "read as their directories are called: {}",
                kinds.join(", ")
            ));
        }
        if self.by_default > 0 {
            console.note(&format!(
                "read as identity policies, as nothing says otherwise: {} (--kind tells)",
                self.by_default
            ));
        }
    }
}

fn reading_name(kind: KindName) -> String {
    format!("{kind:?}").to_ascii_lowercase()
}
