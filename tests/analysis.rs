//! The analyser against trying every request of a small world, and against itself: what it says of one question binds it in others.
//!
//! `RAMGATE_ANALYSIS_SETS` sets how many pairs of policies, `RAMGATE_SEED` where they begin. What was broken on purpose to see these tests
//! fail is listed in `docs/analysis-mutants.md`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests: a failure is a panic, and the settings come from the environment"
)]

mod small_world;

use ramgate::analysis::{Options, Relation, diff};
use ramgate::{Policies, Request};
use small_world::{Pair, pair};

const SETS: u64 = 1500;
const THREADS: u64 = 2;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(otherwise, |text| text.parse().unwrap())
}

/// What the request that was found by trying says of one direction.
fn tried(
    less: &Policies,
    more: &Policies,
    requests: &[Request<'static>],
) -> Option<Request<'static>> {
    requests
        .iter()
        .find(|request| more.decide(request).is_allow() && !less.decide(request).is_allow())
        .cloned()
}

#[derive(Default)]
struct Tally {
    relations: std::collections::BTreeMap<&'static str, u64>,
    unknown: u64,
    missed_by_trying: u64,
    certificates: u64,
}

fn judge(seed: u64, pair: &Pair, tally: &mut Tally) {
    let (old, new) = (pair.old.policies(), pair.new.policies());
    let found = diff(&old, &new, &Options::default());
    let show = || {
        let (old, new) = (&pair.old, &pair.new);
        format!(
            "seed {seed}\nold {old:#?}\nnew {new:#?}\n{:?} {:?}\nnew {:?}\nlost {:?}\n{:?}",
            found.relation, found.unknown, found.new_access, found.lost_access, found.disagreements
        )
    };
    assert!(found.disagreements.is_empty(), "{}", show());
    for (less, more, claimed) in [
        (&old, &new, &found.new_access),
        (&new, &old, &found.lost_access),
    ] {
        let found_by_trying = tried(less, more, &pair.requests);
        if let Some(request) = &found_by_trying {
            assert!(
                !claimed.is_empty() || !found.unknown.is_empty(),
                "{request:?} was missed\n{}",
                show()
            );
        }
        if !claimed.is_empty() && found_by_trying.is_none() {
            tally.missed_by_trying += 1;
        }
        for one in claimed {
            assert!(
                more.decide(&one.witness).is_allow() && !less.decide(&one.witness).is_allow(),
                "{}",
                show()
            );
        }
    }
    for certificate in found.certificates() {
        assert_eq!(certificate.check(), Ok(()), "{}", show());
        tally.certificates += 1;
    }
    if found.relation == Relation::Equivalent {
        assert!(found.certificates().len() >= 2, "{}", show());
    }
    *tally.relations.entry(found.relation.name()).or_default() += 1;
    let more_only = found
        .unknown
        .iter()
        .all(|why| why.starts_with("there may be further"));
    if !more_only {
        eprintln!("seed {seed}: {:?}", found.unknown);
    }
    tally.unknown += u64::from(!more_only);
}

#[test]
fn agrees_with_trying_every_request() {
    let sets = setting("RAMGATE_ANALYSIS_SETS", SETS);
    let first = setting("RAMGATE_SEED", 20_261_124);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    for seed in (first..first + sets).filter(|seed| seed % THREADS == thread) {
                        judge(seed, &pair(seed), &mut tally);
                    }
                    tally
                })
            })
            .collect();
        runs.into_iter()
            .map(|run| run.join().expect("a run failed"))
            .collect()
    });
    let mut relations = std::collections::BTreeMap::new();
    for tally in &tallies {
        for (name, count) in &tally.relations {
            *relations.entry(*name).or_insert(0) += count;
        }
    }
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    eprintln!(
        "{sets} pairs: {relations:?}; {} not known in full; {} differences beyond the requests tried; {} certificates checked",
        sum(|t| t.unknown),
        sum(|t| t.missed_by_trying),
        sum(|t| t.certificates)
    );
    if sets >= SETS {
        for relation in ["equivalent", "narrower", "broader", "incomparable"] {
            assert!(
                relations
                    .get(relation)
                    .is_some_and(|count| *count > sets / 40),
                "{relation}: {relations:?}"
            );
        }
    }
}
