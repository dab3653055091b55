//! A fixed number of decisions, for a tool that counts instructions: see instructions.sh.
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

mod subject;
mod workload;

use std::hint::black_box;

use ramgate::{Policies, Request};

/// The name that the counting is switched on by.
#[inline(never)]
fn counted_decisions(policies: &[Policies], requests: &[(usize, Request<'_>)]) {
    for (principal, request) in requests {
        black_box(policies[*principal].decide(request));
    }
}

/// `instructions W2` decides the requests of W2 once and prints how many they are.
fn main() {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let workload = match wanted.as_deref() {
        Some("W1") => workload::w1(),
        Some("W2") => workload::w2(),
        Some("W3") => workload::w3(),
        Some("W4") => workload::w4(),
        Some("W5-1k") => workload::w5(1_000),
        Some("W5-10k") => workload::w5(10_000),
        Some(name) if name.starts_with("W6") => workload::w6(name.chars().last().unwrap()),
        _ => return println!("usage: instructions W1|W2|W3|W4|W5-1k|W5-10k|W6a..W6g"),
    };
    let policies = subject::load(&workload, &workload.texts());
    let entries: Vec<_> = workload.requests.iter().map(subject::entries).collect();
    let requests = workload.requests.iter().zip(&entries);
    let requests: Vec<_> = requests
        .map(|(of, entries)| (of.principal, subject::request(of, entries)))
        .collect();
    counted_decisions(&policies, &requests);
    println!("{}", requests.len());
}
