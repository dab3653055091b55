//! Questions with our answers, one JSON object a line, for an oracle that reads the policies itself (`tools/oracle`).

use std::io::Write;

use ramgate::analysis::{Difference, Options, diff};
use serde_json::{Value, json};

use crate::families::{self, CHANGES, FAMILIES, Pair, Rng};
use crate::{folder, identity, is_read, timed};

pub fn write(folder: Option<&str>) {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match folder {
        None => {
            for seed in 0..800 {
                write_one(&mut out, "dense", &families::dense(seed));
            }
            for family in FAMILIES {
                for (statements, pairs) in [(10, 60), (100, 3)] {
                    for seed in 0..pairs {
                        let class = format!("{} {statements}", family.name());
                        write_one(
                            &mut out,
                            &class,
                            &families::pair(family, statements, 1_000 + seed),
                        );
                    }
                }
            }
        }
        Some(folder) => {
            let mut all: Vec<Vec<Value>> = Vec::new();
            for (_, text) in folder::files(folder) {
                let document: Option<Value> = serde_json::from_str(&text).ok();
                let statements = document
                    .and_then(|mut document| Some(document["Statement"].as_array_mut()?.clone()));
                all.extend(
                    statements.filter(|statements| !statements.is_empty() && is_read(statements)),
                );
            }
            let mut rng = Rng(24);
            for (number, statements) in all.iter().enumerate() {
                for (count, change) in CHANGES.iter().enumerate() {
                    if (number + count) % 2 == 0 {
                        real(&mut out, &mut rng, statements, change, "real 1");
                    }
                }
            }
            for (size, rounds) in [(10, 12), (50, 3)] {
                for _ in 0..rounds {
                    for change in CHANGES {
                        let joined: Vec<Value> =
                            (0..size).flat_map(|_| rng.pick(&all).clone()).collect();
                        real(&mut out, &mut rng, &joined, change, &format!("real {size}"));
                    }
                }
            }
        }
    }
}

fn real(out: &mut impl Write, rng: &mut Rng, old: &[Value], change: &str, class: &str) {
    let new = families::changed(rng, old, change);
    if is_read(&new) {
        let pair = Pair {
            old: old.to_vec(),
            new,
        };
        write_one(out, &format!("{class} {change}"), &pair);
    }
}

fn write_one(out: &mut impl Write, class: &str, pair: &Pair) {
    let options = Options::default().with_witnesses_max(1);
    let ask = || diff(&identity(&pair.old), &identity(&pair.new), &options);
    let (first, found) = timed(ask);
    let (second, _) = timed(ask);
    let line = json!({
        "class": class,
        "old": pair.old,
        "new": pair.new,
        "gained": claimed(&found, true),
        "lost": claimed(&found, false),
        "ms": first.min(second).as_secs_f64() * 1e3,
        "witness": found.new_access.first().map(|one| &one.witness),
        "lost_witness": found.lost_access.first().map(|one| &one.witness),
    });
    writeln!(out, "{line}").unwrap();
}

/// `None` where it is not known.
fn claimed(found: &Difference, gained: bool) -> Option<bool> {
    let list = if gained {
        &found.new_access
    } else {
        &found.lost_access
    };
    let only_more = found
        .unknown
        .iter()
        .all(|why| why.starts_with("there may be further"));
    (only_more || !list.is_empty()).then_some(!list.is_empty())
}
