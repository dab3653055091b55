//! From JSON text to compiled policies, in statements a second, beside what serde_json needs for the same text.
//!
//! The bytes that a loaded statement takes are told by `memory`, whose allocator would disturb these times.
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
mod subject;
mod workload;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use baseline::{Greedy, Loop};

fn load(criterion: &mut Criterion) {
    for workload in [workload::w3(), workload::w4(), workload::w5(100_000)] {
        let texts = workload.texts();
        let snapshot = workload.snapshot();
        let mut group = criterion.benchmark_group(format!("load/{}", workload.name));
        group.sample_size(10);
        group.throughput(Throughput::Elements(workload.statements() as u64));
        group.bench_function("ramgate", |bencher| {
            bencher.iter(|| subject::load(&workload, black_box(&texts)));
        });
        group.bench_function("serde_json::Value", |bencher| {
            bencher.iter(|| {
                texts
                    .iter()
                    .map(|text| value(black_box(text)))
                    .collect::<Vec<_>>()
            });
        });
        group.bench_function("greedy, without reading", |bencher| {
            bencher.iter(|| Loop::<Greedy>::new(black_box(&workload)));
        });
        group.bench_function("ramgate, snapshot", |bencher| {
            bencher.iter(|| subject::organization(black_box(&snapshot)));
        });
        group.bench_function("serde_json::Value, snapshot", |bencher| {
            bencher.iter(|| value(black_box(&snapshot)));
        });
        group.finish();
    }
}

fn value(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

criterion_group!(benches, load);
criterion_main!(benches);
