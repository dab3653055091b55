//! Patterns alone: one against one ARN, and sets of them, ramgate beside glob, regex, RegexSet and globset.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    reason = "benchmarks"
)]

mod baseline;
mod measure;
mod subject;
mod workload;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ramgate::Wildcard;

use baseline::{Greedy, Pattern, expression};
use workload::Workload;

const ARN: &str = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-bp1ca4wca27exlmb";
const PATTERNS: [(&str, &str); 6] = [
    ("exact", ARN),
    (
        "one star",
        "acs:vpc:*:1234567890123456:physicalconnection/pc-bp1ca4wca27exlmb",
    ),
    (
        "prefix",
        "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/*",
    ),
    ("three stars", "acs:vpc:*:*:physicalconnection/pc-bp1*"),
    (
        "question marks",
        "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-???ca4wca27ex*",
    ),
    ("miss at the end", "acs:vpc:*:*:physicalconnection/*exlmc"),
];

/// A name, and whether it matches.
type Matcher<'a, T> = (&'a str, &'a dyn Fn(T) -> bool);

/// One pattern, one ARN.
fn one(criterion: &mut Criterion) {
    let hostile = workload::w6('e');
    let near = hostile.requests.last().unwrap();
    let pattern = &hostile.policies[0][0].resources[0];
    let cases = PATTERNS.map(|(name, pattern)| (name, pattern, ARN));
    for (name, pattern, text) in
        cases
            .into_iter()
            .chain([("hostile, 8 KiB", pattern.as_str(), near.resource.as_str())])
    {
        let own = Wildcard::new(pattern);
        let greedy = Greedy::resource(pattern);
        let glob = <(glob::Pattern, glob::MatchOptions)>::resource(pattern);
        let regex = <regex::Regex as Pattern>::resource(pattern);
        let engines: [Matcher<'_, &str>; 4] = [
            ("ramgate", &|text| own.matches(text)),
            ("greedy", &|text| greedy.is_match(text)),
            ("glob", &|text| glob.is_match(text)),
            ("regex", &|text| regex.is_match(text)),
        ];
        let mut group = criterion.benchmark_group(format!("matcher/{name}"));
        for (engine, matches) in engines {
            assert_eq!(matches(text), own.matches(text), "{engine}, {pattern}");
            group.bench_function(engine, |bencher| bencher.iter(|| matches(black_box(text))));
        }
        group.finish();
    }
}

/// Does any pattern of a set match? For ramgate the set is one statement that lists them.
fn sets(criterion: &mut Criterion) {
    for size in [10, 100, 1_000, 10_000] {
        let mut workload = workload::w5(size);
        let mut statement = workload.policies[0][0].clone();
        statement.deny = false;
        statement.condition = None;
        statement.actions = vec!["*".to_owned()];
        let all = workload.policies[0]
            .iter()
            .flat_map(|of| of.resources.clone());
        statement.resources = all.collect();
        let patterns = statement.resources.clone();
        workload.policies = vec![vec![statement]];
        set(criterion, &workload, &patterns);
    }
}

fn set(criterion: &mut Criterion, workload: &Workload, patterns: &[String]) {
    let policies = subject::load(workload, &workload.texts());
    let entries: Vec<_> = workload.requests.iter().map(subject::entries).collect();
    let requests = workload.requests.iter().zip(&entries);
    let requests: Vec<_> = requests
        .map(|(of, entries)| subject::request(of, entries))
        .collect();
    let texts: Vec<&str> = workload
        .requests
        .iter()
        .map(|of| of.resource.as_str())
        .collect();
    let greedy: Vec<Greedy> = patterns.iter().map(|text| Greedy::resource(text)).collect();
    let globs: Vec<_> = patterns
        .iter()
        .map(|text| glob::Pattern::new(text).unwrap())
        .collect();
    let regex_set = regex::RegexSetBuilder::new(patterns.iter().map(|text| expression(text, "s")))
        .size_limit(1 << 30)
        .dfa_size_limit(1 << 30)
        .build()
        .unwrap();
    let mut glob_set = globset::GlobSetBuilder::new();
    for pattern in patterns {
        glob_set.add(globset::Glob::new(pattern).unwrap());
    }
    let glob_set = glob_set.build().unwrap();
    let engines: [Matcher<'_, usize>; 5] = [
        ("ramgate", &|n| policies[0].decide(&requests[n]).is_allow()),
        ("greedy", &|n| {
            greedy.iter().any(|pattern| pattern.is_match(texts[n]))
        }),
        ("glob", &|n| {
            globs.iter().any(|pattern| pattern.matches(texts[n]))
        }),
        ("RegexSet", &|n| regex_set.is_match(texts[n])),
        ("globset", &|n| glob_set.is_match(texts[n])),
    ];
    let mut group = criterion.benchmark_group("matcher/set");
    group.sample_size(20);
    for (name, matches) in engines {
        for (n, text) in texts.iter().enumerate().take(64) {
            assert_eq!(matches(n), engines[0].1(n), "{name}, {text}");
        }
        let mut next = 0;
        group.bench_function(BenchmarkId::new(name, patterns.len()), |bencher| {
            bencher.iter(|| {
                next = (next + 1) % texts.len();
                matches(black_box(next))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, one, sets);
criterion_main!(benches);
