//! The bytes that a loaded statement takes, and what loading takes at its peak, as a table.
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

use baseline::{Greedy, Loop};
use workload::Workload;

fn main() {
    // `cargo test --all-targets` runs this too, without the option.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    println!("Bytes a statement (at most while loading):\n");
    println!("| | ramgate | ramgate, snapshot | greedy |\n| --- | --- | --- | --- |");
    for workload in [workload::w3(), workload::w4(), workload::w5(100_000)] {
        let texts = workload.texts();
        let snapshot = workload.snapshot();
        let own = bytes(&workload, || subject::load(&workload, &texts));
        let organization = bytes(&workload, || subject::organization(&snapshot));
        let greedy = bytes(&workload, || Loop::<Greedy>::new(&workload));
        println!("| {} | {own} | {organization} | {greedy} |", workload.name);
    }
}

fn bytes<T>(workload: &Workload, load: impl FnOnce() -> T) -> String {
    let mut loaded = None;
    let counted = allocation_counter::measure(|| loaded = Some(load()));
    black_box(loaded);
    let statements = workload.statements() as u64;
    let left = u64::try_from(counted.bytes_current).unwrap();
    format!("{} ({})", left / statements, counted.bytes_max / statements)
}
