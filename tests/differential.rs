//! The engine against the reference interpreter, which shares no code with it: random cases, and small worlds in full.
//!
//! `RAMGATE_RANDOM_CASES` sets how many random cases, `RAMGATE_SEED` where they begin; `RAMGATE_ANSWERS_ONLY=1` compares
//! only the answers, for a long run (`cargo test --release --test differential random`). A failure prints its seed and
//! the smallest case that still fails, ready for a case file. `cargo test --test differential -- --nocapture` shows
//! how often each decision, stage and open rule came up.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests: a failure is a panic, and the settings come from the environment"
)]

mod generate;
mod reference;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ramgate::{
    Case, Decision, Document, Evaluation, Explanation, Level, LoadError, Policies, Policy,
    PolicyKind, PolicySet, Principal, Question, Reading, Request, ResourceService, Source,
    Wildcard,
};
use serde_json::{Value, json};

/// About 10 seconds in the test profile on two cores.
const RANDOM_CASES: u64 = 40_000;
const SEED: u64 = 20_261_124;
const THREADS: u64 = 2;

/// The open rules that a case file can reach. Not among them: E4 (the caller's own control policies) needs a snapshot;
/// G5, G11 and G13 need lenient reading.
const OPEN_RULES: [&str; 29] = [
    "A3", "A4", "E7", "E9", "E12", "E13", "E16", "E17", "G18", "K0", "K19", "O4", "O5", "O7", "O9",
    "O11", "O12", "O13", "O14", "O18", "O20", "T19", "T21", "T23", "T24", "V1", "W7", "W8", "W9",
];

// Answers ---------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    decision: String,
    stage: String,
    doubts: BTreeSet<String>,
}

impl From<reference::Answer> for Answer {
    fn from(answer: reference::Answer) -> Answer {
        let (decision, stage) = (answer.decision.to_string(), answer.stage.to_string());
        Answer {
            decision,
            stage,
            doubts: answer.doubts,
        }
    }
}

impl From<&Evaluation> for Answer {
    fn from(found: &Evaluation) -> Answer {
        Answer {
            decision: found.decision.to_string(),
            stage: found.stage.to_string(),
            doubts: found.doubts.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Explanation> for Answer {
    fn from(found: &Explanation) -> Answer {
        let doubts = found.doubts.iter();
        Answer {
            decision: found.decision.to_string(),
            stage: found.stage.to_string(),
            doubts: doubts.map(|doubt| doubt.rule.to_string()).collect(),
        }
    }
}

// The engine, through its public parts ----------------------------------------------------------------------------

/// Policies and question of a case, put together by hand.
fn read(case: &Value) -> Result<(Policies, Question), LoadError> {
    let question = Question::parse(&Source::new("request", case["request"].to_string()))?;
    let service = resource_service(&question);
    let policies = &case["policies"];
    let set = |name: &str, kind| match &policies[name] {
        Value::Null => Ok(None),
        listed => policy_set(listed, kind).map(Some),
    };
    let identity = set("identity", PolicyKind::Identity)?.unwrap_or_default();
    let mut read = Policies::default().with_identity(identity);
    match &policies["resource_group"] {
        Value::Object(groups) if !groups.contains_key("Statement") => {
            let groups = groups
                .iter()
                .map(|(group, listed)| {
                    Ok((
                        group.as_str().into(),
                        policy_set(listed, PolicyKind::Identity)?,
                    ))
                })
                .collect::<Result<Vec<_>, LoadError>>()?;
            read = read.with_resource_groups(groups);
        }
        Value::Null => {}
        listed => read = read.with_resource_group(policy_set(listed, PolicyKind::Identity)?),
    }
    if let Some(levels) = policies["control"].as_array() {
        let levels = levels
            .iter()
            .map(|level| policy_set(level, PolicyKind::Control).map(Level::new));
        read = read.with_control(levels.collect::<Result<_, _>>()?);
    }
    let session = set("session", PolicyKind::Session)?.or(question.session.clone());
    if let Some(session) = session {
        read = read.with_session(session);
    }
    if let Some(resource) = set("resource", PolicyKind::Resource(service))? {
        read = read.with_resource(resource);
    }
    if let Some(trust) = set("trust", PolicyKind::Trust)? {
        read = read.with_trust(trust);
    }
    if let Some(endpoint) = set("endpoint", PolicyKind::Endpoint)? {
        read = read.with_endpoint(endpoint);
    }
    Ok((read, question))
}

fn resource_service(question: &Question) -> ResourceService {
    let request = &question.request;
    let named = request.resources().find_map(|resource| resource.service());
    ResourceService::of(named.unwrap_or(request.action().split(':').next().unwrap()))
}

fn policy_set(listed: &Value, kind: PolicyKind) -> Result<PolicySet, LoadError> {
    let mut policies = vec![];
    for one in listed
        .as_array()
        .map_or(std::slice::from_ref(listed), Vec::as_slice)
    {
        let (document, system) = match one.get("document") {
            Some(document) => (document, one["type"] == "System"),
            None => (one, false),
        };
        let text = document
            .as_str()
            .map_or(document.to_string(), str::to_string);
        let reading = Reading::new(kind);
        let reading = if system { reading.system() } else { reading };
        let document = Document::parse_as(&Source::new("policy", text), reading)?;
        policies.push(Arc::new(Policy::new("policy", &document)));
    }
    Ok(policies.into_iter().collect())
}

/// The same case as a case file.
fn from_case_file(case: &Value) -> Result<Explanation, LoadError> {
    let source = Source::new("case.json", case.to_string());
    let mut none = |_: &str, _: &Source| Err("no snapshots here".to_string());
    let cases = Case::read_all(&source, &mut none)?;
    cases.first().expect("one case").explain()
}

// One comparison --------------------------------------------------------------------------------------------------

/// What went wrong, in a word that shrinking keeps, and what was found.
#[derive(Debug)]
struct Difference {
    what: String,
    found: String,
}

fn difference(what: impl Into<String>, found: impl std::fmt::Debug) -> Option<Difference> {
    Some(Difference {
        what: what.into(),
        found: format!("{found:?}"),
    })
}

/// Everything that must hold of a case.
fn differs(case: &Value) -> Option<Difference> {
    let compared = catch_unwind(AssertUnwindSafe(|| compare(case)));
    compared.unwrap_or_else(|_| difference("panic", ()))
}

fn compare(case: &Value) -> Option<Difference> {
    let expected = Answer::from(reference::decide(case));
    let (policies, question) = match read(case) {
        Ok(read) => read,
        Err(error) => return difference(refusal("refused", &error), error),
    };
    let request = &question.request;
    let found = Answer::from(&policies.evaluate(request));
    if found != expected {
        let what = (
            found.decision != expected.decision,
            found.stage != expected.stage,
        );
        let what = match what {
            (true, _) => "decision",
            (_, true) => "stage",
            _ => "doubts",
        };
        let rules: Vec<_> = found
            .doubts
            .symmetric_difference(&expected.doubts)
            .collect();
        return difference(format!("{what} {rules:?}"), found);
    }
    let decision = policies.decide(request).to_string();
    if decision != found.decision {
        return difference("decide", decision);
    }
    if setting("RAMGATE_ANSWERS_ONLY", 0) == 1 {
        return None;
    }
    let explained = Answer::from(&policies.explain(request));
    if explained != found {
        return difference("explain", explained);
    }
    match from_case_file(case) {
        Ok(explanation) if Answer::from(&explanation) == found => {}
        Ok(explanation) => return difference("case file", Answer::from(&explanation)),
        Err(error) => return difference(refusal("case file refused", &error), error),
    }
    for (name, variant) in [("order", reversed(case)), ("format", formatted(case))] {
        match read(&variant) {
            Ok((policies, question)) => {
                let answer = Answer::from(&policies.evaluate(&question.request));
                if answer != found {
                    return difference(name, answer);
                }
            }
            Err(error) => return difference(refusal(name, &error), error),
        }
    }
    None
}

fn refusal(what: &str, error: &LoadError) -> String {
    let first = error
        .problems()
        .first()
        .map(|problem| problem.message.clone());
    format!("{what}: {}", first.unwrap_or_default())
}

/// The case with every list of its policies turned round, except that of control levels: order decides nothing (G6, G16).
fn reversed(case: &Value) -> Value {
    let mut case = case.clone();
    let mut policies = case["policies"].take();
    if let Some(members) = policies.as_object_mut() {
        for (name, listed) in members {
            match listed.as_array_mut() {
                Some(levels) if name == "control" => levels.iter_mut().for_each(reverse),
                _ => reverse(listed),
            }
        }
    }
    case["policies"] = policies;
    case
}

fn reverse(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.reverse();
            list.iter_mut().for_each(reverse);
        }
        Value::Object(members) => members.values_mut().for_each(reverse),
        _ => {}
    }
}

/// The case with every document as the text that `format` prints.
fn formatted(case: &Value) -> Value {
    let mut case = case.clone();
    format_documents(&mut case["policies"]);
    if let Some(session) = case["request"].get_mut("session_policy") {
        format_documents(session);
    }
    case
}

fn format_documents(value: &mut Value) {
    let text = match value {
        Value::Array(list) => return list.iter_mut().for_each(format_documents),
        Value::Object(members) if members.contains_key("Statement") => json!(members).to_string(),
        Value::Object(members) => return members.values_mut().for_each(format_documents),
        Value::String(text) if text.starts_with('{') => text.clone(),
        _ => return,
    };
    let printed = ramgate::format(&Source::new("policy", text.as_str())).expect("a policy");
    let same: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(same, serde_json::from_str::<Value>(&text).unwrap());
    // White space counts where a text is the whole document (L1, L9): else it might be too long now.
    if printed.chars().count() <= 2048 {
        *value = printed.into();
    }
}

// Shrinking -------------------------------------------------------------------------------------------------------

/// The smallest case found that still differs in the same way.
fn shrink(mut case: Value, what: &str) -> Value {
    let still = |case: &Value| differs(case).is_some_and(|difference| difference.what == what);
    'smaller: loop {
        for candidate in smaller(&case) {
            if still(&candidate) {
                case = candidate;
                continue 'smaller;
            }
        }
        return case;
    }
}

/// The value with one thing less, the greater things first.
fn smaller(value: &Value) -> Vec<Value> {
    let mut found = vec![];
    match value {
        Value::Array(list) => {
            for index in 0..list.len() {
                let mut fewer = list.clone();
                fewer.remove(index);
                found.push(Value::Array(fewer));
            }
            if let [one] = &list[..] {
                found.push(one.clone());
            }
            for (index, element) in list.iter().enumerate() {
                for element in smaller(element) {
                    let mut list = list.clone();
                    list[index] = element;
                    found.push(Value::Array(list));
                }
            }
        }
        Value::Object(members) => {
            found.extend(members.get("document").cloned());
            for name in members.keys() {
                let mut fewer = members.clone();
                fewer.remove(name);
                found.push(Value::Object(fewer));
            }
            for (name, member) in members {
                for member in smaller(member) {
                    let mut members = members.clone();
                    members.insert(name.clone(), member);
                    found.push(Value::Object(members));
                }
            }
        }
        Value::String(text) if text.starts_with('{') => {
            found.extend(serde_json::from_str::<Value>(text))
        }
        _ => {}
    }
    found
}

/// What to tell of a case that differs.
fn report(case: Value, seed: u64, difference: &Difference) -> String {
    let mut case = shrink(case, &difference.what);
    let expected = Answer::from(reference::decide(&case));
    let found = differs(&case).map_or(String::new(), |difference| difference.found);
    case["expect"] = json!({ "decision": expected.decision, "stage": expected.stage, "doubts": expected.doubts });
    let pretty = serde_json::to_string_pretty(&case).unwrap();
    format!(
        "{}; RAMGATE_SEED={seed} RAMGATE_RANDOM_CASES=1\n{pretty}\nreference: {expected:?}\nfound:     {found}\n",
        difference.what
    )
}

// Cases written by hand -------------------------------------------------------------------------------------------

/// The reference must say what the case files say, wherever documents and request are valid.
#[test]
fn the_reference_agrees_with_the_case_files() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let (mut count, mut wrong) = (0, vec![]);
    for folder in std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        for file in std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
        {
            let text = std::fs::read_to_string(&file).unwrap();
            let Ok(Value::Array(cases)) = serde_json::from_str(&text) else {
                continue; // a single case, or one that is meant not to be read
            };
            for case in cases.iter().filter(|case| {
                case["policies"].is_object() && case["expect"].get("error").is_none()
            }) {
                count += 1;
                let found = Answer::from(reference::decide(case));
                let expect = &case["expect"];
                let decision = expect.as_str().or(expect["decision"].as_str());
                let doubts: Option<BTreeSet<String>> =
                    serde_json::from_value(expect["doubts"].clone()).ok();
                let agrees = decision.is_none_or(|decision| decision == found.decision)
                    && expect["stage"]
                        .as_str()
                        .is_none_or(|stage| stage == found.stage)
                    && doubts.is_none_or(|doubts| doubts == found.doubts);
                if !agrees {
                    wrong.push(format!(
                        "{} {}: expected {expect}, found {found:?}",
                        file.display(),
                        case["name"]
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 500, "only {count} cases");
}

// Random cases ----------------------------------------------------------------------------------------------------

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

#[test]
fn random_cases_agree() {
    let (first, count) = (
        setting("RAMGATE_SEED", SEED),
        setting("RAMGATE_RANDOM_CASES", RANDOM_CASES),
    );
    let found: Vec<Tally> = std::thread::scope(|scope| {
        let threads = (0..THREADS.min(count)).map(|thread| {
            scope.spawn(move || {
                Tally::of(
                    (first..first + count)
                        .skip(thread as usize)
                        .step_by(THREADS as usize),
                )
            })
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut tally = Tally::default();
    for part in found {
        for (what, count) in part.counts {
            *tally.counts.entry(what).or_default() += count;
        }
        tally.failures.extend(part.failures);
    }
    eprintln!(
        "{count} random cases from seed {first}: {:#?}",
        tally.counts
    );
    let failures: Vec<&str> = tally.failures.values().map(String::as_str).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    if count >= 20_000 && setting("RAMGATE_ANSWERS_ONLY", 0) == 0 {
        tally.expect_everything();
    }
}

/// How often each thing came up, and the first failure of each kind.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<String, u64>,
    failures: BTreeMap<String, String>,
}

impl Tally {
    fn of(seeds: impl Iterator<Item = u64>) -> Tally {
        let mut tally = Tally::default();
        for seed in seeds {
            let case = generate::case(seed);
            match differs(&case) {
                None if setting("RAMGATE_ANSWERS_ONLY", 0) == 1 => {}
                None => tally.count(&case),
                Some(difference) if tally.failures.contains_key(&difference.what) => {}
                Some(difference) => {
                    let report = report(case, seed, &difference);
                    tally.failures.insert(difference.what, report);
                }
            }
            if tally.failures.len() > 4 {
                break;
            }
        }
        tally
    }

    fn count(&mut self, case: &Value) {
        let answer = reference::decide(case);
        let mut add = |what: String| *self.counts.entry(what).or_default() += 1;
        add(format!("decision {}", answer.decision));
        add(format!("stage {} {}", answer.stage, answer.decision));
        if answer.doubts.is_empty() {
            add("without doubts".to_string());
        }
        for rule in answer.doubts {
            add(format!("doubt {rule} {}", answer.decision));
        }
    }

    /// Every open rule, and every stage with every decision that it can have.
    fn expect_everything(&self) {
        let seen = |start: &str| self.counts.keys().any(|what| what.starts_with(start));
        for rule in OPEN_RULES {
            assert!(seen(&format!("doubt {rule} ")), "no answer hangs on {rule}");
        }
        for stage in [
            "control",
            "session",
            "identity",
            "resource_group",
            "resource",
            "trust",
            "endpoint",
        ] {
            assert!(
                seen(&format!("stage {stage} ExplicitDeny")),
                "{stage} denies nothing"
            );
            let implicit = seen(&format!("stage {stage} ImplicitDeny"));
            assert_eq!(implicit, stage != "resource_group", "{stage}"); // D5
            let allows = seen(&format!("stage {stage} Allow"));
            assert_eq!(
                allows,
                !["control", "session", "endpoint"].contains(&stage),
                "{stage}"
            );
        }
    }
}

/// Policies of many statements are looked up by an index, which must leave out none that matches.
#[test]
fn crowds_change_nothing() {
    let (first, count) = (
        setting("RAMGATE_SEED", SEED),
        setting("RAMGATE_RANDOM_CASES", RANDOM_CASES) / 16,
    );
    let run = |thread: u64| {
        for seed in (first..first + count)
            .skip(thread as usize)
            .step_by(THREADS as usize)
        {
            let sizes = [2, 5, 20, 60, 160, 400];
            let (case, crowded) = generate::crowded_case(seed, sizes[seed as usize % sizes.len()]);
            let expected = Answer::from(reference::decide(&case));
            let (policies, question) = read(&crowded).unwrap();
            let found = Answer::from(&policies.evaluate(&question.request));
            assert_eq!(found, expected, "RAMGATE_SEED={seed}\n{case:#}");
            let decision = policies.decide(&question.request).to_string();
            assert_eq!(
                decision, expected.decision,
                "decide, RAMGATE_SEED={seed}\n{case:#}"
            );
            let explained = Answer::from(&policies.explain(&question.request));
            assert_eq!(
                explained, expected,
                "explain, RAMGATE_SEED={seed}\n{case:#}"
            );
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || run(thread)))
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

// Wildcards -------------------------------------------------------------------------------------------------------

/// All texts of up to `length` of these letters.
fn words(letters: &[char], length: usize) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut longest = words.clone();
    for _ in 0..length {
        let longer = longest
            .iter()
            .flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}")));
        longest = longer.collect();
        words.extend(longest.clone());
    }
    words
}

#[test]
fn wildcards_agree_on_all_short_patterns() {
    let patterns = words(&['a', 'b', '*', '?'], 5);
    let texts: BTreeSet<String> = words(&['a', 'b'], 6)
        .into_iter()
        .chain(words(&['a', 'b', '*'], 4))
        .collect();
    assert_eq!((patterns.len(), texts.len()), (1365, 217));
    for (number, pattern) in patterns.iter().enumerate() {
        let engine = Wildcard::new(pattern.as_str());
        let as_regex = format!(
            "^(?s:{})$",
            regex::escape(pattern)
                .replace("\\*", ".*")
                .replace("\\?", ".")
        );
        let regex = (number % 5 == 0).then(|| regex::Regex::new(&as_regex).unwrap());
        for text in &texts {
            let expected = reference::wildcard(pattern, text);
            assert_eq!(engine.matches(text), expected, "{pattern} {text}");
            if let Some(regex) = &regex {
                assert_eq!(regex.is_match(text), expected, "{as_regex} {text}");
            }
        }
    }
}

/// Long runs, many stars, letters of several bytes.
#[test]
fn wildcards_agree_on_long_texts() {
    let mut rng = generate::Rng(setting("RAMGATE_SEED", SEED));
    for number in 0..6000 {
        let letters = [&['a', 'b'][..], &['a', 'b', 'é', '語'], &['a']][number % 3];
        let (most, stars, marks) = (
            [8, 40, 90, 160][number % 4],
            rng.pick(&[1, 5, 20]),
            rng.pick(&[0, 3, 30]),
        );
        let mut pattern = String::new();
        let mut text = String::new();
        for _ in 0..rng.below(most) {
            let letter = rng.pick(letters);
            match rng.below(100) {
                roll if roll < stars => {
                    pattern.push('*');
                    let run = rng.below(12);
                    text.extend((0..run).map(|_| rng.pick(letters)));
                }
                roll if roll < stars + marks => {
                    pattern.push('?');
                    text.push(letter);
                }
                _ => {
                    pattern.push(letter);
                    text.push(letter);
                }
            }
        }
        // Half of the texts fit as they are; the others have one letter changed, lost or added.
        let mut changed: Vec<char> = text.chars().collect();
        let at = rng.below(changed.len() + 1);
        match rng.below(6) {
            0 if at < changed.len() => changed[at] = rng.pick(letters),
            1 if at < changed.len() => drop(changed.remove(at)),
            2 => changed.insert(at, rng.pick(letters)),
            _ => {}
        }
        let text: String = changed.into_iter().collect();
        for pattern in [pattern.clone(), format!("*{pattern}*")] {
            let expected = reference::wildcard(&pattern, &text);
            assert_eq!(
                Wildcard::new(pattern.as_str()).matches(&text),
                expected,
                "{pattern} {text}"
            );
        }
    }
}

// Resource patterns, field by field -------------------------------------------------------------------------------

/// Patterns of every form of each field, whole and cut short.
fn resource_patterns() -> Vec<String> {
    let fields: [&[&str]; 5] = [
        &["acs", "ACS", "*", "a?s", "arn", ""],
        &["vpc", "VPC", "v*", "*", "oss", ""],
        &["cn", "c*", "*", "CN", ""],
        &["1", "?", "*", ""],
        &["vpc/a", "vpc/*", "*", "*:*", "VPC/a", "a:b"],
    ];
    let mut patterns = vec![String::new()];
    let mut all: Vec<String> = ["*", "**", "?", "a*", "*a"].map(String::from).into();
    for (number, field) in fields.iter().enumerate() {
        let colon = if number == 0 { "" } else { ":" };
        let longer = patterns.iter().flat_map(|start| {
            field
                .iter()
                .map(move |text| format!("{start}{colon}{text}"))
        });
        patterns = longer.collect();
        all.extend(
            patterns
                .iter()
                .filter(|pattern| !pattern.is_empty())
                .cloned(),
        );
    }
    // A telling part behind the type, and wildcards that may stand for more than a field.
    let beyond = [
        "vpc/abcdefghij*",
        "vpc/abcdefgh*",
        "vpc/abcdefg*",
        "vpc/abcdefghijk",
        "vpc/*k",
        "v*/abcdefgh*",
    ];
    all.extend(beyond.map(|id| format!("acs:vpc:cn:1:{id}")));
    all.extend(
        [
            "acs:vpc:*:b",
            "acs:vpc:*:1:b",
            "acs:vpc:cn:*:b",
            "acs:*:b",
            "acs:vpc:c*:b",
            "acs:vpc:?n:*:b",
        ]
        .map(String::from),
    );
    all
}

const RESOURCES: [&str; 8] = [
    "*",
    "acs:vpc:cn:1:vpc/a",
    "acs:vpc::1:vpc/a",
    "acs:vpc:cn::vpc/*",
    "acs:vpc:*:*:a:b",
    "acs:VPC:cn:1:vpc/a:b",
    "acs:vpc:cn:1:a:b",
    "acs:vpc:cn:1:vpc/abcdefghijk",
];

#[test]
fn resource_patterns_agree_in_every_field() {
    let requests = RESOURCES.map(|resource| {
        let request =
            json!({ "principal": "acs:ram::1:user/u", "action": "vpc:X", "resource": resource });
        let question = Question::parse(&Source::new("request", request.to_string())).unwrap();
        (request, question)
    });
    for pattern in resource_patterns() {
        let deny = json!({ "Effect": "Deny", "Action": "*", "Resource": pattern });
        let document = json!({ "Version": "1", "Statement": [deny] });
        let policies =
            Policies::default().with_identity(policy_set(&document, PolicyKind::Identity).unwrap());
        for (request, question) in &requests {
            let case = json!({ "policies": { "identity": document }, "request": request });
            let expected = Answer::from(reference::decide(&case));
            assert_eq!(
                Answer::from(&policies.evaluate(&question.request)),
                expected,
                "{pattern} {request}"
            );
        }
    }
}

// The index of many statements ------------------------------------------------------------------------------------

/// What asks for exactly one statement of many: the pattern that is tested stands on one side of the statement, a name
/// that no other statement has on the other. `common` also gives that side a pattern that all have, which makes the
/// index file the statement under the pattern that is tested.
struct Probes {
    effect: &'static str,
    common: bool,
    /// So many statements in one policy: few are scanned, many are filed.
    size: usize,
}

impl Probes {
    fn all() -> impl Iterator<Item = Probes> {
        ["Deny", "Allow"].into_iter().flat_map(|effect| {
            [(true, 40), (false, 40), (true, 400), (false, 400)].map(|(common, size)| Probes {
                effect,
                common,
                size,
            })
        })
    }

    /// For every chunk of the patterns: the policies, and the number of its first pattern.
    fn policies(
        &self,
        patterns: &[String],
        tested: &str,
        named: &str,
        name: fn(usize) -> String,
        common: &str,
    ) -> Vec<(usize, Policies)> {
        let chunks = patterns.chunks(self.size).enumerate();
        let read = chunks.map(|(chunk, patterns)| {
            let statements = patterns.iter().enumerate().map(|(number, pattern)| {
                let mut names = vec![name(chunk * self.size + number)];
                names.extend(self.common.then(|| common.to_string()));
                json!({ "Effect": self.effect, tested: pattern, named: names })
            });
            let document = json!({ "Version": "1", "Statement": statements.collect::<Vec<_>>() });
            let set = policy_set(
                &json!({ "type": "System", "document": document }),
                PolicyKind::Identity,
            );
            (
                chunk * self.size,
                Policies::default().with_identity(set.unwrap()),
            )
        });
        read.collect()
    }

    fn expect(
        &self,
        policies: &Policies,
        action: &str,
        resource: &str,
        truth: reference::Truth,
        pattern: &str,
    ) {
        let principal = Principal::parse("acs:ram::1:user/u").unwrap();
        let request = Request::new(principal, action, resource).unwrap();
        let expected = match (self.effect, truth) {
            ("Deny", reference::Truth::Yes | reference::Truth::CannotTell) => {
                Decision::ExplicitDeny
            }
            ("Allow", reference::Truth::Yes) => Decision::Allow,
            _ => Decision::ImplicitDeny,
        };
        let (common, size) = (self.common, self.size);
        assert_eq!(
            policies.decide(&request),
            expected,
            "{action} {resource} {pattern} {common} {size}"
        );
    }
}

fn shuffle<T>(list: &mut [T]) {
    let mut rng = generate::Rng(SEED);
    for last in (1..list.len()).rev() {
        list.swap(last, rng.below(last + 1));
    }
}

#[test]
fn an_index_leaves_out_no_resource() {
    let mut patterns = resource_patterns();
    shuffle(&mut patterns); // so that every policy has patterns of all forms
    let name = |number| format!("vpc:P{number}");
    for probes in Probes::all() {
        for (first, policies) in probes.policies(&patterns, "Resource", "Action", name, "vpc:Zzz*")
        {
            for (number, pattern) in patterns.iter().enumerate().skip(first).take(probes.size) {
                for resource in RESOURCES {
                    let truth = reference::resource_matches(pattern, resource).0;
                    probes.expect(&policies, &name(number), resource, truth, pattern);
                }
            }
        }
    }
}

/// A statement of very many resources looks them up by their beginnings.
#[test]
fn a_long_list_leaves_out_no_resource() {
    let fillers = (0..70).map(|n| format!("acs:vpc:nowhere:0:{}*/{n}", "ab".repeat(n % 7)));
    let fillers: Vec<String> = fillers.collect();
    let name = |number: usize| format!("vpc:P{number}");
    let patterns = resource_patterns();
    for effect in ["Deny", "Allow"] {
        for (chunk, some) in patterns.chunks(100).enumerate() {
            let statements = some.iter().enumerate().map(|(number, pattern)| {
                let mut resources = fillers.clone();
                resources.insert(number % 70, pattern.clone());
                json!({ "Effect": effect, "Action": name(chunk * 100 + number), "Resource": resources })
            });
            let document = json!({ "Version": "1", "Statement": statements.collect::<Vec<_>>() });
            let set = policy_set(
                &json!({ "type": "System", "document": document }),
                PolicyKind::Identity,
            );
            let policies = Policies::default().with_identity(set.unwrap());
            let probes = Probes {
                effect,
                common: false,
                size: 71,
            };
            for (number, pattern) in some.iter().enumerate() {
                for resource in RESOURCES {
                    let truth = reference::resource_matches(pattern, resource).0;
                    let action = name(chunk * 100 + number);
                    probes.expect(&policies, &action, resource, truth, pattern);
                }
            }
        }
    }
}

#[test]
fn an_index_leaves_out_no_action() {
    let services = ["vpc", "VPC", "v*", "*", "v?c", "oss", "vp*c", "vpcx"];
    let names = [
        "Desc",
        "DescribeX",
        "Desc*",
        "Des*",
        "D*",
        "*",
        "Des?ribeX",
        "*X",
        "describex",
        "DESCRIBEX*",
        "Descr?beX",
        "DescribeXY",
        "?escribeX",
        "De",
    ];
    let patterns = services
        .iter()
        .flat_map(|service| names.iter().map(move |name| format!("{service}:{name}")));
    let patterns: Vec<String> = patterns.chain(["*".to_string()]).collect();
    let actions = [
        "vpc:DescribeX",
        "VPC:DESCRIBEX",
        "vpc:Des",
        "vpc:De",
        "oss:DescribeX",
        "vpcx:Desc",
        "vpc:DescribeXé",
        "v:D",
    ];
    let name = |number| format!("acs:vpc:cn:1:p/{number}");
    for probes in Probes::all() {
        for (first, policies) in
            probes.policies(&patterns, "Action", "Resource", name, "acs:vpc:*:*:zzz/*")
        {
            for (number, pattern) in patterns.iter().enumerate().skip(first).take(probes.size) {
                for action in actions {
                    let fits = reference::wildcard(
                        &pattern.to_ascii_lowercase(),
                        &action.to_ascii_lowercase(),
                    );
                    let truth = if fits {
                        reference::Truth::Yes
                    } else {
                        reference::Truth::No
                    };
                    probes.expect(&policies, action, &name(number), truth, pattern);
                }
            }
        }
    }
}

// A small world in full -------------------------------------------------------------------------------------------

/// Two principals, two actions, two resources of one service, and statements made of all their combinations.
struct World {
    actions: [&'static str; 2],
    resources: [&'static str; 2],
    /// The policy that the service has besides identity policies, and two principals of its form.
    other: (&'static str, PolicyKind, [Value; 2]),
    /// Documents of so many statements.
    statements: usize,
}

const STAGES: [&str; 6] = [
    "identity",
    "resource_group",
    "control",
    "session",
    "endpoint",
    "other",
];

impl World {
    fn all() -> Vec<World> {
        let lists = || [json!("*"), json!(["1", "arn:sts::2:assumed-role/ops/s"])];
        let ram = || {
            [
                json!({ "RAM": ["acs:ram::1:root", "acs:ram::2:role/ops"] }),
                json!({ "RAM": "acs:ram::1:user/alice" }),
            ]
        };
        let other = PolicyKind::Resource(ResourceService::Other);
        vec![
            World {
                actions: ["oss:GetObject", "oss:PutObject"],
                resources: ["acs:oss:*:1:bkt/a", "acs:oss:*:1:bkt/b"],
                other: (
                    "resource",
                    PolicyKind::Resource(ResourceService::Oss),
                    lists(),
                ),
                statements: 3,
            },
            World {
                actions: ["kms:Decrypt", "kms:Encrypt"],
                resources: ["acs:kms:cn:1:key/a", "acs:kms:cn:1:key/b"],
                other: (
                    "resource",
                    PolicyKind::Resource(ResourceService::Kms),
                    ram(),
                ),
                statements: 2,
            },
            World {
                actions: ["log:GetLogs", "log:PostLogs"],
                resources: ["acs:log:cn:1:project/a", "acs:log:cn:1:project/b"],
                other: (
                    "resource",
                    PolicyKind::Resource(ResourceService::Log),
                    lists(),
                ),
                statements: 2,
            },
            World {
                actions: ["vpc:DescribeVpcs", "vpc:CreateVpc"],
                resources: ["acs:vpc:cn:1:vpc/a", "*"],
                other: ("resource", other, lists()),
                statements: 2,
            },
            World {
                actions: ["sts:AssumeRole", "sts:AssumeRoleWithSAML"],
                resources: ["acs:ram::1:role/a", "acs:ram::1:role/b"],
                other: ("trust", PolicyKind::Trust, ram()),
                statements: 2,
            },
        ]
    }

    fn requests(&self) -> Vec<(Value, Question)> {
        let mut requests = vec![];
        for principal in ["acs:ram::1:user/alice", "acs:ram::2:assumed-role/ops/s"] {
            for (action, resource) in self
                .actions
                .iter()
                .flat_map(|a| self.resources.iter().map(move |r| (a, r)))
            {
                let request = json!({ "principal": principal, "action": action, "resource": resource,
                    "resource_group": "rg-1", "resource_owner": "1" });
                let question =
                    Question::parse(&Source::new("request", request.to_string())).unwrap();
                requests.push((request, question));
            }
        }
        requests
    }

    /// All sixteen: either effect, one action or all, one resource or all, no condition or one that cannot be told.
    fn statement(&self, number: usize, stage: &str) -> Value {
        let bit = |bit: usize| number >> bit & 1;
        let mut statement = json!({
            "Effect": (["Allow", "Deny"][bit(0)]),
            "Action": ([self.actions[0], "*"][bit(1)]),
        });
        if stage != "other" || self.other.0 != "trust" {
            statement["Resource"] = [self.resources[0], "*"][bit(2)].into();
        }
        match stage {
            "other" => {
                statement["Principal"] =
                    self.other.2[bit(if self.other.0 == "trust" { 2 } else { 3 })].clone()
            }
            "endpoint" => statement["Principal"] = "*".into(),
            _ => {}
        }
        if bit(3) == 1 {
            statement["Condition"] = json!({ "StringNotEquals": { "acs:SourceVpc": "vpc-1" } });
        }
        statement
    }

    fn document(&self, numbers: &[usize], stage: &str) -> (Value, PolicySet) {
        let statements: Vec<Value> = numbers
            .iter()
            .map(|number| self.statement(*number, stage))
            .collect();
        let document = json!({ "Version": "1", "Statement": statements });
        let kind = match stage {
            "control" => PolicyKind::Control,
            "session" => PolicyKind::Session,
            "endpoint" => PolicyKind::Endpoint,
            "other" => self.other.1,
            _ => PolicyKind::Identity,
        };
        let set = policy_set(&document, kind).unwrap();
        (document, set)
    }

    /// Compares all requests where these stages have these documents.
    fn compare(
        &self,
        requests: &[(Value, Question)],
        documents: &[(&str, &(Value, PolicySet))],
    ) -> usize {
        let mut inline = json!({});
        let mut policies = Policies::default();
        for (stage, (document, set)) in documents {
            let set = set.clone();
            let name = if *stage == "other" {
                self.other.0
            } else {
                *stage
            };
            inline[name] = if *stage == "control" {
                json!([[document]])
            } else {
                document.clone()
            };
            policies = match name {
                "identity" => policies.with_identity(set),
                "resource_group" => {
                    inline[name] = json!([document]);
                    policies.with_resource_group(set)
                }
                "control" => policies.with_control(vec![Level::new(set)]),
                "session" => policies.with_session(set),
                "endpoint" => policies.with_endpoint(set),
                "trust" => policies.with_trust(set),
                _ => policies.with_resource(set),
            };
        }
        let mut case = json!({ "policies": inline });
        for (request, question) in requests {
            case["request"] = request.clone();
            let expected = Answer::from(reference::decide(&case));
            let found = Answer::from(&policies.evaluate(&question.request));
            assert_eq!(found, expected, "{case:#}");
            assert_eq!(
                policies.decide(&question.request).to_string(),
                found.decision,
                "{case:#}"
            );
        }
        requests.len()
    }

    /// Every document in every stage, with each of the others absent or of one kind.
    fn run(&self, thread: usize) -> usize {
        let requests = self.requests();
        let documents = subsets(16, self.statements);
        let mut count = 0;
        for (placed, stage) in STAGES.into_iter().enumerate() {
            // The others: allow all, allow all, allow one action.
            let others = [("identity", 6), ("other", 6), ("session", 4)]
                .map(|(other, number)| (other, self.document(&[number], other)));
            let others: Vec<_> = others.iter().filter(|(other, _)| *other != stage).collect();
            for numbers in documents.iter().skip(thread).step_by(THREADS as usize) {
                let document = self.document(numbers, stage);
                for on in 0..1 << others.len() {
                    let others = others
                        .iter()
                        .enumerate()
                        .filter(|(number, _)| on >> number & 1 == 1);
                    let others = others.map(|(_, (stage, document))| (*stage, document));
                    let all: Vec<_> = others.chain([(STAGES[placed], &document)]).collect();
                    count += self.compare(&requests, &all);
                }
            }
        }
        count + self.run_in_three_stages(&requests, thread)
    }

    /// One statement in each of three stages that are combined with each other.
    fn run_in_three_stages(&self, requests: &[(Value, Question)], thread: usize) -> usize {
        let one = |stage| {
            (0..16)
                .map(|number| self.document(&[number], stage))
                .collect::<Vec<_>>()
        };
        let (identity, group, other) = (one("identity"), one("resource_group"), one("other"));
        let mut count = 0;
        for identity in identity.iter().skip(thread).step_by(THREADS as usize) {
            for (group, other) in group
                .iter()
                .flat_map(|group| other.iter().map(move |other| (group, other)))
            {
                let all = [
                    ("identity", identity),
                    ("resource_group", group),
                    ("other", other),
                ];
                count += self.compare(requests, &all);
            }
        }
        count
    }
}

/// All sets of one to `most` of the numbers below `end`.
fn subsets(end: usize, most: usize) -> Vec<Vec<usize>> {
    let mut sets = vec![];
    let mut longest = vec![vec![]];
    for _ in 0..most {
        let longer = longest.iter().flat_map(|set: &Vec<usize>| {
            (set.last().map_or(0, |last| last + 1)..end)
                .map(move |next| set.iter().copied().chain([next]).collect())
        });
        longest = longer.collect();
        sets.extend(longest.clone());
    }
    sets
}

#[test]
fn small_worlds_agree_in_full() {
    let worlds = World::all();
    let count: usize = std::thread::scope(|scope| {
        let run = |thread| worlds.iter().map(|world| world.run(thread)).sum::<usize>();
        let threads: Vec<_> = (0..THREADS as usize)
            .map(|thread| scope.spawn(move || run(thread)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    eprintln!("{count} questions of small worlds");
}
