//! ramgate, the baselines, Cedar and regorus on the same policies and requests, in one process; prints tables of ratios.
//!
//! `cargo run --release --package ramgate-bench-peers` measures all workloads; names after `--` choose some.
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

#[path = "../../../benches/baseline/mod.rs"]
mod baseline;
mod cedar;
#[path = "../../../benches/measure/mod.rs"]
mod measure;
mod rego;
#[path = "../../../benches/subject/mod.rs"]
mod subject;
#[path = "../../../benches/workload/mod.rs"]
mod workload;

use baseline::{Greedy, Loop, Set};
use measure::{Engine, Timing, digits, shown};
use workload::Workload;

const ENGINES: [&str; 6] = ["greedy", "glob", "regex", "RegexSet", "cedar", "regorus"];
/// Requests that Cedar has its policy sets made for where each principal has one, and that slow engines decide.
const FEW: usize = 512;

type Maker = (&'static str, fn() -> Workload);

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants =
        |name: &str| wanted.is_empty() || wanted.iter().any(|of| name.starts_with(of.as_str()));
    let makers: [Maker; 7] = [
        ("W1", workload::w1),
        ("W2", workload::w2),
        ("W3", workload::w3),
        ("W4", workload::w4),
        ("W5-100", || workload::w5(100)),
        ("W5-1k", || workload::w5(1_000)),
        ("W5-10k", || workload::w5(10_000)),
    ];
    let mut rows = Vec::new();
    for (name, make) in makers {
        if wants(name) {
            eprintln!("{name}");
            rows.push((name.to_owned(), measured(&make())));
        }
    }
    // The near misses of 8 KiB: what backtracks, backtracks here.
    for kind in ['a', 'b', 'c', 'd', 'e', 'f'] {
        let name = format!("W6{kind}");
        if wants(&name) {
            eprintln!("{name}");
            let mut workload = workload::w6(kind);
            workload.requests = workload.requests.split_off(workload.requests.len() - 1);
            rows.push((name, measured(&workload)));
        }
    }
    println!(
        "How many times ramgate's time for a decision the others take (p10; W6: the near miss of 8 KiB):\n"
    );
    header(&["", "ramgate"]);
    for (name, timings) in &rows {
        let own = timings[0].1.p10;
        let ratio = |timing: Timing| digits(timing.p10 / own);
        println!("| {name} | {} | {} |", shown(own), cells(timings, ratio));
    }
    println!("\nA decision, p10 / median:\n");
    header(&["", "ramgate"]);
    for (name, timings) in &rows {
        let both = |timing: Timing| format!("{} / {}", shown(timing.p10), shown(timing.median));
        println!(
            "| {name} | {} | {} |",
            both(timings[0].1),
            cells(timings, both)
        );
    }
}

fn header(first: &[&str]) {
    let names = [first, ENGINES.as_slice()].concat();
    println!(
        "| {} |\n{}|",
        names.join(" | "),
        "| --- ".repeat(names.len())
    );
}

fn cells(timings: &[(&str, Timing)], shown: impl Fn(Timing) -> String) -> String {
    let cell = |name: &&str| {
        let timing = timings.iter().find(|(engine, _)| engine == name);
        timing.map_or("–".to_owned(), |(_, timing)| shown(*timing))
    };
    ENGINES.iter().map(cell).collect::<Vec<_>>().join(" | ")
}

fn measured(workload: &Workload) -> Vec<(&'static str, Timing)> {
    let asked = &workload.requests;
    let statements = workload.statements();
    let many = workload.principals.len() > 1;
    let policies = subject::load(workload, &workload.texts());
    let entries: Vec<_> = asked.iter().map(subject::entries).collect();
    let requests = asked.iter().zip(&entries);
    let requests: Vec<_> = requests
        .map(|(of, entries)| subject::request(of, entries))
        .collect();
    let greedy = Loop::<Greedy>::new(workload);
    let glob = Loop::<(glob::Pattern, glob::MatchOptions)>::new(workload);
    let regex = (statements <= 1_000).then(|| Loop::<regex::Regex>::new(workload));
    let set = (!many && statements <= 10_000).then(|| Set::new(workload, 1 << 30));
    // `like` has no `?`, which is what W6f is about.
    let cedar = (workload.name != "W6f").then(|| cedar::Cedar::new(workload, FEW));
    let rego = (many || statements <= 1_000).then(|| rego::Rego::new(workload));

    // Every engine is handed the principal's number.
    let mut engines = vec![
        Engine::new("ramgate", |n| {
            subject::answer(policies[asked[n].principal].decide(&requests[n]))
        }),
        Engine::new("greedy", |n| greedy.decide(&asked[n])),
        Engine::new("glob", |n| glob.decide(&asked[n])),
    ];
    if let Some(regex) = &regex {
        engines.push(Engine::new("regex", |n| regex.decide(&asked[n])));
    }
    if let Some(set) = &set {
        engines.push(Engine::new("RegexSet", |n| set.decide(&asked[n])));
    }
    if let Some(cedar) = &cedar {
        engines.push(Engine::new("cedar", |n| cedar.decide(n)).of_first(FEW));
    }
    if let Some(rego) = &rego {
        engines.push(Engine::new("regorus", |n| rego.decide(n)).of_first(FEW));
    }
    measure::check(&workload.name, &engines, asked.len());
    let all: Vec<usize> = (0..asked.len()).collect();
    let timings = measure::time(&engines, &all);
    engines
        .iter()
        .map(|engine| engine.name)
        .zip(timings)
        .collect()
}
