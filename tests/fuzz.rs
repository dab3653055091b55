//! Random damage to policies, through the reader, the formatter, the linter and its mending: nothing panics, everything ends soon, places are in
//! the text, and what is mended twice is as mended once.
//!
//! `RAMGATE_FUZZ_SECONDS=600 cargo test --test fuzz -- --ignored` goes on for longer (with overflow checks, as tests have them), and
//! `RAMGATE_FUZZ_CORPUS=<directory>` takes the policies below a directory too.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

#[allow(dead_code, reason = "only the random numbers are used")]
mod generate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use generate::Rng;
use ramgate::{Catalog, Document, PolicyKind, Reading, ResourceService, Source, lint};

/// A policy is smaller than what RAM stores of it, many times over.
const LONGEST: usize = 20_000;

/// With a busy machine and without optimization.
const SLOWEST: Duration = Duration::from_secs(120);

const KINDS: [PolicyKind; 9] = [
    PolicyKind::Identity,
    PolicyKind::Session,
    PolicyKind::Control,
    PolicyKind::Trust,
    PolicyKind::Resource(ResourceService::Oss),
    PolicyKind::Resource(ResourceService::Log),
    PolicyKind::Resource(ResourceService::Kms),
    PolicyKind::Resource(ResourceService::Other),
    PolicyKind::Endpoint,
];

/// What policies are made of, and what has often been misread.
const WORDS: [&str; 60] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\udc00\\ud800",
    "\u{feff}",
    "\u{202e}",
    "ä",
    "ß",
    "İ",
    "\u{1f980}",
    "\"Version\":\"1\"",
    "\"Statement\":",
    "\"Effect\":\"Allow\"",
    "\"Effect\":\"Deny\"",
    "\"Action\":",
    "\"NotAction\":",
    "\"Resource\":",
    "\"Principal\":",
    "\"RAM\":",
    "\"Service\":",
    "\"Federated\":",
    "\"Condition\":",
    "\"Sid\":\"\"",
    "\"*\"",
    "\"ecs:*\"",
    "\"ecs:**\"",
    "\"ECS:describeinstances\"",
    "\"acs:oss:*:*:a/*\"",
    "\"acs:oss:::\"",
    "\"acs:\"",
    "\"${acs:username}\"",
    "\"ForAnyValue:StringLike\":",
    "\"IpAddress\":",
    "\"acs:SourceIp\":",
    "\"0.0.0.0/0\"",
    "\"::ffff:1.2.3.4/100\"",
    "\"1.2.3.4/33\"",
    "\"101.*.*.100\"",
    "\"NumericLessThan\":",
    "\"DateGreaterThan\":",
    "\"9999-12-31T23:59:59+23:59\"",
    "\"-0.000\"",
    "\"99999999999999999999999999999\"",
    "1e999",
    "-0",
    "null",
    "true",
    "{}",
    "[]",
    "[[]]",
    "*",
    "?",
    "/",
];

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let files = ramgate_catalog::FILES.iter();
        let sources: Vec<Source> = files
            .map(|(name, text)| Source::new(*name, *text))
            .collect();
        Catalog::parse(&sources).unwrap_or_else(|error| panic!("{error}"))
    })
}

/// Policies to begin with: the samples, the examples of the rules, and what is asked for.
fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut waiting: Vec<PathBuf> = vec![root];
    waiting.extend(std::env::var_os("RAMGATE_FUZZ_CORPUS").map(PathBuf::from));
    let mut seeds = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "json") {
            seeds.extend(std::fs::read_to_string(path).ok());
        }
    }
    seeds.extend(lint::rules().flat_map(|rule| [rule.bad(), rule.good()]));
    seeds.retain(|seed| seed.len() < LONGEST);
    seeds.sort();
    seeds
}

/// A place between two characters.
fn place(text: &str, rng: &mut Rng) -> usize {
    let mut at = rng.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A string literal of the text, as nearly as quotes tell.
fn literal(text: &str, rng: &mut Rng) -> Option<std::ops::Range<usize>> {
    let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
    let first = rng.below(quotes.len().max(1));
    Some(*quotes.get(first)?..quotes.get(first + 1)? + 1)
}

fn damaged(text: &mut String, others: &[String], rng: &mut Rng) {
    let (a, b) = (place(text, rng), place(text, rng));
    let (start, end) = (a.min(b), a.max(b));
    match rng.below(9) {
        0 => text.replace_range(start..end, ""),
        1 => text.insert_str(start, WORDS[rng.below(WORDS.len())]),
        // The same again, at its place or elsewhere.
        2 if end - start < 2000 => {
            let again = text[start..end].to_owned();
            let to = if rng.chance(50) {
                end
            } else {
                place(text, rng)
            };
            text.insert_str(to, &again);
        }
        // A part of another policy.
        3 => {
            let other = &others[rng.below(others.len())];
            let (a, b) = (place(other, rng), place(other, rng));
            text.insert_str(start, &other[a.min(b)..a.max(b)]);
        }
        // One string for another, of this policy, of another, or of the list.
        4 | 5 => {
            let other = match rng.below(3) {
                0 => text.clone(),
                1 => others[rng.below(others.len())].clone(),
                _ => WORDS.join("\n"),
            };
            if let (Some(old), Some(new)) = (literal(text, rng), literal(&other, rng)) {
                text.replace_range(old, &other[new]);
            }
        }
        // Twice in a list.
        6 => {
            if let Some(old) = literal(text, rng) {
                let again = format!(",{}", &text[old.clone()]);
                text.insert_str(old.end, &again);
            }
        }
        7 => {
            let character = char::from_u32(rng.below(0x300) as u32).unwrap_or('\u{fffd}');
            text.insert(start, character);
        }
        _ => {
            let deep = rng.below(300);
            let (open, close) = if rng.chance(50) {
                ("[", "]")
            } else {
                ("{\"a\":", "}")
            };
            text.insert_str(end, &close.repeat(deep));
            text.insert_str(start, &open.repeat(deep));
        }
    }
}

/// Everything that is said of a text, and what must be so.
fn look_at(text: &str, kind: PolicyKind) {
    let begun = Instant::now();
    let reading = Reading::new(kind);
    let source = Source::new("p.json", text);
    let strict = Document::parse_as(&source, reading);
    let findings = lint::lint(&source, reading, catalog());
    if let Err(error) = &strict {
        assert!(!error.problems().is_empty());
        assert!(!findings.is_empty(), "what cannot be read is found");
    }
    let lines = text.split('\n').count() as u32;
    for finding in &findings {
        let span = finding.span(&source);
        assert!(
            finding.start <= finding.end && finding.end.line <= lines,
            "{finding:?}"
        );
        assert!(text.get(span.start..span.end).is_some(), "{finding:?}");
        if let Some(fix) = &finding.fix {
            assert!(
                text.get(fix.span.start..fix.span.end).is_some(),
                "{finding:?}"
            );
        }
    }
    assert!(findings.is_sorted_by_key(|finding| (finding.start, finding.end)));
    if findings.iter().any(|finding| finding.fix.is_some()) {
        let mended = lint::mend(&source, reading, catalog(), &|_| true);
        let again = Source::new("p.json", mended.text.as_str());
        let twice = lint::mend(&again, reading, catalog(), &|_| true);
        assert_eq!(twice.text, mended.text, "mending twice");
        if strict.is_ok() {
            let document = Document::parse_as(&again, reading);
            assert!(
                document.is_ok(),
                "what was read before is not: {}",
                mended.text
            );
        }
    }
    if let Ok(printed) = ramgate::format(&source) {
        let again = Source::new("p.json", printed.as_str());
        assert_eq!(
            ramgate::format(&again).ok(),
            Some(printed),
            "formatted twice"
        );
    }
    assert!(begun.elapsed() < SLOWEST, "{:?}", begun.elapsed());
}

/// How many texts were looked at.
fn run(until: &dyn Fn(u64) -> bool, seed: u64) -> u64 {
    let seeds = seeds();
    let mut rng = Rng(seed);
    let mut count = 0;
    let mut slowest = Duration::ZERO;
    while until(count) {
        count += 1;
        let mut text = seeds[rng.below(seeds.len())].clone();
        for _ in 0..=rng.below(6) {
            damaged(&mut text, &seeds, &mut rng);
        }
        if text.len() > LONGEST {
            continue;
        }
        let kind = KINDS[rng.below(KINDS.len())];
        let begun = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| look_at(&text, kind))).is_err() {
            panic!("text {count} of seed {seed}, as {kind}:\n{text}\n{text:?}");
        }
        slowest = slowest.max(begun.elapsed());
    }
    eprintln!("{count} texts, the slowest took {slowest:?}");
    count
}

#[test]
fn damage_is_survived() {
    run(&|count| count < 5000, 0x4655_5a5a);
}

#[test]
#[ignore = "as long as RAMGATE_FUZZ_SECONDS says"]
fn damage_is_survived_for_long() {
    let setting = |name: &str, default: u64| -> u64 {
        std::env::var(name).map_or(default, |text| text.parse().unwrap())
    };
    let end = Instant::now() + Duration::from_secs(setting("RAMGATE_FUZZ_SECONDS", 60));
    let count = run(&|_| Instant::now() < end, setting("RAMGATE_FUZZ_SEED", 1));
    assert!(count > 0);
}

/// Texts that broke something once, or nearly.
#[test]
fn what_broke_once() {
    let texts = [
        // Two entries that cover each other, and the same twice.
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ecs:*","ecs:**","ecs:*"],"Resource":["*","*"],"Condition":{},"Sid":""}]}"#,
        // A principal that stands for everybody: the analyser cannot look at every caller.
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Principal":"*","Action":["oss:*","oss:Get*"],"Resource":["*","acs:oss:*:*:a"]}]}"#,
        // An address that is the border of a block.
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:X","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.0/8","10.0.0.0","10.255.255.255"]}}}]}"#,
    ];
    for text in texts {
        for kind in KINDS {
            look_at(text, kind);
        }
    }
}
