//! Runs the linter's rules over policies, and mends what can be mended.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use ramgate::carrier::Carrier;
use ramgate::lint::{self, Finding, Severity};
use ramgate::{Catalog, Source};

use crate::args::{FailOn, FindingFormat, KindName, LintArgs};
use crate::baseline::Baseline;
use crate::carrier;
use crate::catalog;
use crate::command::{Status, fmt};
use crate::config::Config;
use crate::input::{self, Found, STDIN};
use crate::kind::reading;
use crate::output::{Console, findings, json, sarif};
use crate::suppress::{Suppressed, Suppressions};

/// What was found in one file.
#[derive(Debug)]
pub(crate) struct Linted {
    pub(crate) source: Source,
    pub(crate) findings: Vec<Finding>,
    /// What somebody looked at and allows.
    pub(crate) suppressed: Vec<Suppressed>,
    /// How many policies stand in it.
    pub(crate) policies: usize,
}

/// Lints every file that is a policy.
///
/// # Errors
/// When settings or facts cannot be read, a rule is named that there is none of, or standard output cannot be written to.
pub(crate) fn run(args: &LintArgs, console: &mut Console) -> anyhow::Result<Status> {
    let mut linter = Linter::new(args)?;
    let mut baseline = match &args.baseline {
        Some(path) => Baseline::load(path)?,
        None => Baseline::default(),
    };
    let mut kinds = KindsTaken::default();
    let mut linted = Vec::new();
    let files = input::find(&args.paths, &carrier::EXTENSIONS, &mut |_, error| {
        console.error(&error)
    });
    console.begin(files.len());
    for file in files {
        match linter.file(&file, &mut kinds, console) {
            Ok(Some(mut one)) => {
                baseline.subtract(&mut one.findings);
                linted.push(one);
            }
            Ok(None)
                if !args.skip_others && file.path.extension().is_some_and(|end| end == "json") =>
            {
                console.note(&format!("{}: no policy, passed over", file.path.display()));
            }
            Ok(None) => {}
            Err(error) => console.error(&error),
        }
        console.step();
    }
    console.end();
    if linted.is_empty() && !console.has_errors() && !args.skip_others {
        bail!("no policies found");
    }
    let (source, mut findings) = linter.suppressions.findings(|rule| linter.is_asked(rule));
    baseline.subtract(&mut findings);
    if !findings.is_empty() {
        linted.push(Linted {
            source,
            findings,
            suppressed: Vec::new(),
            policies: 0,
        });
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
    suppressions: Suppressions,
}

impl<'a> Linter<'a> {
    fn new(args: &'a LintArgs) -> anyhow::Result<Linter<'a>> {
        let (config, suppressions) = Config::load(args.config.as_deref())?;
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
            suppressions,
        })
    }

    /// Whether the findings of a rule are wanted.
    fn is_asked(&self, rule: &lint::Rule) -> bool {
        let is_named = |words: &[String]| words.iter().any(|word| stands_for(word, rule));
        (self.select.is_empty() || is_named(&self.select)) && !is_named(&self.ignore)
    }

    /// `None` for a file that nobody named and that is no policy.
    fn file(
        &mut self,
        file: &Found,
        kinds: &mut KindsTaken,
        console: &mut Console,
    ) -> anyhow::Result<Option<Linted>> {
        let source = input::read(&file.path)?;
        let subject = match carrier::read(&source)? {
            Some(carrier) => {
                tell_of_carrier(&source, &carrier, console);
                Subject::Carrier
            }
            None if self.may_skip(file) && !may_be_policy(&source) => return Ok(None),
            None => Subject::Policy(self.kind(&file.path, kinds)),
        };
        let source = if self.args.fix {
            self.fixed(file, source, subject, console)?
        } else {
            source
        };
        let (mut findings, policies) = self.lint(&source, subject)?;
        let mut suppressed = Vec::new();
        if carrier::has_comments(&source)
            && let Some(carrier) = carrier::read(&source)?
        {
            let is_asked = |rule: &lint::Rule| self.is_asked(rule);
            suppressed = carrier::comments::take(&source, &carrier, is_asked, &mut findings);
        }
        suppressed.extend(self.take_allowed(&file.path, &mut findings));
        if let Some(path) = self.config.relative(&file.path) {
            suppressed.extend(self.suppressions.take(&path, &mut findings));
        }
        Ok(Some(Linted {
            source,
            findings,
            suppressed,
            policies,
        }))
    }

    /// Whether nobody meant this very file.
    fn may_skip(&self, file: &Found) -> bool {
        !file.is_named || self.args.skip_others
    }

    /// Takes out what the settings allow in a whole file.
    fn take_allowed(&self, file: &Path, findings: &mut Vec<Finding>) -> Vec<Suppressed> {
        let allowed = self.config.allowed(file);
        let mut suppressed = Vec::new();
        let mut kept = Vec::new();
        for finding in findings.drain(..) {
            let mut entries = allowed.iter();
            let is_named = |words: &[String]| {
                let mut words = words.iter();
                words.any(|word| stands_for(word, finding.rule))
            };
            match entries.find(|entry| is_named(&entry.rules)) {
                Some(entry) => suppressed.push(Suppressed {
                    finding,
                    reason: entry.reason.clone(),
                    is_comment: false,
                }),
                None => kept.push(finding),
            }
        }
        *findings = kept;
        suppressed
    }

    /// What is found in a file, in the order of its text, and in how many policies.
    fn lint(&self, source: &Source, subject: Subject) -> anyhow::Result<(Vec<Finding>, usize)> {
        let (mut findings, policies) = match subject {
            Subject::Policy(kind) => (lint::lint(source, reading(kind), &self.catalog), 1),
            Subject::Carrier => {
                let documents = carrier::read(source)?.map_or_else(Vec::new, |one| one.documents);
                let findings = documents.iter();
                let findings = findings.flat_map(|one| lint::lint_carried(one, &self.catalog));
                (findings.collect(), documents.len())
            }
        };
        findings.sort_by_key(|finding| (finding.start, finding.end));
        findings.retain(|finding| self.is_asked(finding.rule));
        Ok((findings, policies))
    }

    /// The file with every fix made that can be made, written back.
    fn fixed(
        &self,
        file: &Found,
        source: Source,
        subject: Subject,
        console: &mut Console,
    ) -> anyhow::Result<Source> {
        if carrier::has_comments(&source) {
            console.note(&format!(
                "{}: --fix does not change such a file",
                source.name()
            ));
            return Ok(source);
        }
        let text = match subject {
            Subject::Policy(kind) => self.mended(&source, kind, &file.path, console),
            Subject::Carrier => self.mended_inside(&source, &file.path, console)?,
        };
        if text == source.text() {
            return Ok(source);
        }
        self.deliver(file, &text, console)?;
        Ok(Source::new(source.name(), text))
    }

    /// The text of a policy with every fix made that is proved to keep its meaning.
    fn mended(
        &self,
        source: &Source,
        kind: KindName,
        file: &Path,
        console: &mut Console,
    ) -> String {
        let is_wanted = |finding: &Finding| self.is_wanted(file, finding);
        let mended = lint::mend(source, reading(kind), &self.catalog, &is_wanted);
        if mended.is_unproved {
            tell_of_unproved(source, console);
        }
        mended.text
    }

    /// The text of a file with policies inside, with every fix made. One may uncover the next, so it goes on until there is none.
    fn mended_inside(
        &self,
        source: &Source,
        file: &Path,
        console: &mut Console,
    ) -> anyhow::Result<String> {
        const ROUNDS_MAX: usize = 20;
        let mut before = source.clone();
        for _ in 0..ROUNDS_MAX {
            let (mut findings, _) = self.lint(&before, Subject::Carrier)?;
            findings.retain(|finding| self.is_wanted(file, finding));
            let mut fixes: Vec<_> = findings.iter().filter_map(|one| one.fix.as_ref()).collect();
            if fixes.is_empty() {
                break;
            }
            let mut text = before.text().to_owned();
            // From the end, so that places stay; of two that overlap the next round makes the other.
            fixes.sort_by_key(|fix| std::cmp::Reverse((fix.span.start, fix.span.end)));
            let mut end = text.len();
            for fix in fixes {
                if fix.span.end <= end && text.get(fix.span.start..fix.span.end).is_some() {
                    text.replace_range(fix.span.start..fix.span.end, &fix.text);
                    end = fix.span.start;
                }
            }
            let after = Source::new(source.name(), text);
            if !carrier::is_sound(&before, &after, &findings) {
                tell_of_unproved(source, console);
                break;
            }
            before = after;
        }
        Ok(before.text().to_owned())
    }

    /// Whether a finding is to be mended: what is allowed stays as it is.
    fn is_wanted(&self, file: &Path, finding: &Finding) -> bool {
        let allows = |word: &String| stands_for(word, finding.rule);
        let path = self.config.relative(file);
        let mut allowed = self.config.allowed(file).into_iter();
        self.is_asked(finding.rule)
            && !allowed.any(|entry| entry.rules.iter().any(allows))
            && !path.is_some_and(|path| self.suppressions.allows(&path, finding))
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

/// What a file is to the linter.
#[derive(Clone, Copy)]
enum Subject {
    /// The policy itself.
    Policy(KindName),
    /// Something with policies in it, each of the kind that its place says.
    Carrier,
}

/// What a file without a name on the command line must be to be looked at.
fn may_be_policy(source: &Source) -> bool {
    // What is no JSON may have been one.
    !carrier::has_own_language(source) && ramgate::is_policy(source).unwrap_or(true)
}

fn tell_of_unproved(source: &Source, console: &mut Console) {
    console.note(&format!(
        "{}: not all was mended, as it could not be shown that the policy would decide the same",
        source.name()
    ));
}

/// So many things that were not looked at for one reason are told each.
const MANY: usize = 3;

fn tell_of_carrier(source: &Source, carrier: &Carrier, console: &mut Console) {
    let name = source.name();
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for unread in &carrier.unread {
        *told.entry(&unread.reason).or_default() += 1;
    }
    for unread in &carrier.unread {
        let (at, place, reason) = (unread.at, &unread.place, &unread.reason);
        // Where many are of one reason, the first stands for all.
        let others = match told.get(&**reason) {
            None => continue,
            Some(..=MANY) => String::new(),
            Some(count) => format!(" and {} more", count - 1),
        };
        if !others.is_empty() {
            told.remove(&**reason);
        }
        console.note(&format!(
            "{name}:{at}: {place}{others} was not looked at: {reason}"
        ));
    }
    let unsure = carrier
        .documents
        .iter()
        .filter(|one| !one.unknown.is_empty());
    for document in unsure {
        let at = document.unknown.first().map_or(0, |span| span.start);
        let (at, place) = (document.source.position(at), &document.place);
        console.note(&format!(
            "{name}:{at}: {place} is not known in all its parts: only what holds whatever they are is found"
        ));
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
