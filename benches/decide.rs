//! Decisions by workload and by answer, ramgate beside the baselines; building the request; two threads.
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
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use baseline::{Greedy, Loop, Set};
use measure::Engine;
use workload::Workload;

const ANSWERS: [&str; 3] = ["Allow", "ExplicitDeny", "ImplicitDeny"];

/// One sample decides every request of one answer once, so that an early deny does not flatter the others.
fn by_answer(criterion: &mut Criterion, workload: &Workload) {
    let policies = subject::load(workload, &workload.texts());
    let asked = &workload.requests;
    let entries: Vec<_> = asked.iter().map(subject::entries).collect();
    let requests = asked.iter().zip(&entries);
    let requests: Vec<_> = requests
        .map(|(of, entries)| subject::request(of, entries))
        .collect();
    let callers = workload.callers();
    // Where there are many principals the caller is looked up.
    let of = |n: usize| match policies.as_slice() {
        [one] => one,
        many => &many[callers[&asked[n].caller]],
    };
    let greedy = Loop::<Greedy>::new(workload);
    let statements = workload.statements();
    let set = (statements <= 10_000).then(|| Set::new(workload, 1 << 30));
    let mut engines = vec![
        Engine::new("ramgate", |n| subject::answer(of(n).decide(&requests[n]))),
        Engine::new("ramgate, request built", |n| {
            let entries = subject::entries(&asked[n]);
            subject::answer(of(n).decide(&subject::request(&asked[n], &entries)))
        }),
        Engine::new("greedy", |n| greedy.decide_by_caller(&asked[n])),
    ];
    if let Some(set) = &set {
        engines.push(Engine::new("RegexSet", |n| set.decide(&asked[n])));
    }
    measure::check(&workload.name, &engines, asked.len());

    let mut group = criterion.benchmark_group(format!("decide/{}", workload.name));
    group
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    group.sample_size(20);
    for (answer, name) in ANSWERS.iter().enumerate() {
        let answered = (0..asked.len()).filter(|n| greedy.decide(&asked[*n]) == answer);
        let answered: Vec<usize> = answered.collect();
        if answered.is_empty() {
            continue;
        }
        for engine in &engines {
            // A slow engine decides some of them.
            let slow = engine.name == "greedy" && statements >= 10_000;
            let some = &answered[..answered.len().min(if slow { 16 } else { usize::MAX })];
            group.throughput(Throughput::Elements(some.len() as u64));
            group.bench_function(BenchmarkId::new(engine.name, name), |bencher| {
                bencher.iter(|| engine.pass(some));
            });
        }
    }
    group.finish();
}

/// The time that each of one and of two threads needs for the same number of decisions: equal is perfect.
fn threads(criterion: &mut Criterion) {
    let workload = workload::w2();
    let policies = subject::load(&workload, &workload.texts());
    let entries: Vec<_> = workload.requests.iter().map(subject::entries).collect();
    let requests = workload.requests.iter().zip(&entries);
    let requests: Vec<_> = requests
        .map(|(of, entries)| subject::request(of, entries))
        .collect();
    let work = |times: u64| {
        for request in requests
            .iter()
            .cycle()
            .take(usize::try_from(times).unwrap())
        {
            black_box(policies[0].decide(request));
        }
    };
    let mut group = criterion.benchmark_group("threads/W2");
    for threads in [1, 2] {
        group.bench_function(BenchmarkId::from_parameter(threads), |bencher| {
            bencher.iter_custom(|times| {
                let start = Instant::now();
                std::thread::scope(|scope| {
                    for _ in 0..threads {
                        scope.spawn(|| work(times));
                    }
                });
                start.elapsed()
            });
        });
    }
    group.finish();
}

fn decide(criterion: &mut Criterion) {
    let growth = [100, 1_000, 10_000, 100_000].map(workload::w5);
    let workloads = [
        workload::w1(),
        workload::w2(),
        workload::w3(),
        workload::w4(),
    ];
    let hostile = workload::HOSTILE_KINDS.map(workload::w6);
    for workload in workloads.iter().chain(&growth).chain(&hostile) {
        by_answer(criterion, workload);
    }
    threads(criterion);
}

criterion_group!(benches, decide);
criterion_main!(benches);
