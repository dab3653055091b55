//! Questions about all requests: what they cost, as the tables of docs/analysis.md.
//!
//! `cargo bench --bench analysis` prints them; `… -- growth` (or `lists`, `blow-up`) prints one. Times are of the processor, so that a busy
//! machine changes them little. `… -- idle FOLDER` looks for what does nothing in a folder of identity policies, `… -- questions [FOLDER]`
//! writes questions with their answers for `tools/oracle`. `… -- once split 1000` asks one question without a clock, for a profile.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    reason = "benchmarks"
)]

mod families;
mod folder;
mod questions;

use std::hint::black_box;
use std::time::Duration;

use families::{FAMILIES, Family, Pair};
use ramgate::analysis::{Budget, Options, Pattern, Relation, TextFound, diff, idle};
use ramgate::analysis::{Property, Shape, Verdict, check};
use ramgate::{Document, Operator, Policies, PolicyKind, Reading, Source};
use serde_json::{Value, json};

fn main() {
    // `cargo test --all-targets` runs this too, without the option.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    match wanted.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["idle", folder] => return folder::idle_in(folder),
        ["questions"] => return questions::write(None),
        ["questions", folder] => return questions::write(Some(folder)),
        ["once", family, statements] => return once(family, statements.parse().unwrap()),
        _ => {}
    }
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    if wants("growth") {
        growth();
    }
    if wants("lists") {
        lists();
    }
    if wants("blow-up") {
        blow_up();
    }
}

fn identity(statements: &[Value]) -> Policies {
    let text = json!({ "Version": "1", "Statement": statements }).to_string();
    let reading = Reading::new(PolicyKind::Identity).system();
    Policies::of_identity([Document::parse_as(&Source::new("set", text), reading).unwrap()])
}

/// Whether a strict reader takes these statements.
fn is_read(statements: &[Value]) -> bool {
    let text = json!({ "Version": "1", "Statement": statements }).to_string();
    let reading = Reading::new(PolicyKind::Identity).system();
    Document::parse_as(&Source::new("set", text), reading).is_ok()
}

// Time ------------------------------------------------------------------------------------------------------------

/// How long this thread has had a processor; where that is not told, how long it has been.
#[cfg(unix)]
fn processor_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(not(unix))]
fn processor_time() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = processor_time();
    let answer = black_box(run());
    (processor_time().saturating_sub(start), answer)
}

fn shown(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    match millis {
        ..10.0 => format!("{millis:.2} ms"),
        ..100.0 => format!("{millis:.1} ms"),
        _ => format!("{millis:.0} ms"),
    }
}

/// The median, the p90 and the longest.
fn row(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: usize| shown(times[(times.len() * part / 100).min(times.len() - 1)]);
    format!("{} | {} | {}", at(50), at(90), at(100))
}

// Growth ----------------------------------------------------------------------------------------------------------

fn growth() {
    println!(
        "| statements | family | pairs | equivalent, narrower, broader, both ways, unknown | loading, median | p90 | max | `diff`, median | p90 | max | one witness a side, median | p90 | max |"
    );
    println!(
        "| ---: | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    for statements in [10, 100, 1_000] {
        for family in FAMILIES {
            grow(family, statements, 20);
        }
    }
    println!();
}

fn once(family: &str, statements: usize) {
    let family = FAMILIES.into_iter().find(|one| one.name() == family);
    let Pair { old, new } = families::pair(family.unwrap(), statements, 0);
    let (old, new) = (identity(&old), identity(&new));
    let found = diff(&old, &new, &Options::default());
    println!("{}", found.relation);
}

fn grow(family: Family, statements: usize, pairs: u64) {
    let (mut loading, mut full, mut brief) = (Vec::new(), Vec::new(), Vec::new());
    let mut relations = [0; 5];
    for seed in 0..pairs {
        let Pair { old, new } = families::pair(family, statements, seed);
        let (load, (old, new)) = timed(|| (identity(&old), identity(&new)));
        loading.push(load);
        let (time, found) = timed(|| diff(&old, &new, &Options::default()));
        full.push(time);
        let one = Options::default().with_witnesses_max(1);
        let (time, _) = timed(|| diff(&old, &new, &one));
        brief.push(time);
        relations[match found.relation {
            Relation::Equivalent => 0,
            Relation::Narrower => 1,
            Relation::Broader => 2,
            Relation::Incomparable => 3,
            _ => 4,
        }] += 1;
    }
    let [equivalent, narrower, broader, both, unknown] = relations;
    println!(
        "| {statements} | {} | {pairs} | {equivalent}, {narrower}, {broader}, {both}, {unknown} | {} | {} | {} |",
        family.name(),
        row(loading),
        row(full),
        row(brief)
    );
}

// Lists -----------------------------------------------------------------------------------------------------------

type Make = fn(String) -> String;

fn lists() {
    println!("| a list of | entries | idle | `idle`, median | p90 | max |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for entries in [10, 100, 1_000] {
        let number = |n: usize| format!("{n:04}");
        let kinds: [(&str, &str, Make); 5] = [
            ("buckets' contents", "Allow", |n| {
                format!("acs:oss:*:*:bucket-{n}/data/*")
            }),
            ("endings", "Allow", |n| format!("acs:oss:*:*:*/{n}")),
            ("inner parts", "Allow", |n| {
                format!("acs:oss:*:*:bucket/*/{n}/*")
            }),
            ("buckets' contents, denied", "Deny", |n| {
                format!("acs:oss:*:*:bucket-{n}/data/*")
            }),
            ("inner parts, denied", "Deny", |n| {
                format!("acs:oss:*:*:bucket/*/{n}/*")
            }),
        ];
        for (name, effect, make) in kinds {
            let list: Vec<String> = (0..entries).map(|n| make(number(n))).collect();
            idle_row(
                name,
                json!({ "Effect": effect, "Action": "oss:GetObject", "Resource": list }),
                entries,
            );
        }
        let mut nested: Vec<String> = (0..entries / 2)
            .map(|n| format!("acs:oss:*:*:bucket-{n}/data/*"))
            .collect();
        nested.extend((0..entries / 2).map(|n| format!("acs:oss:*:*:bucket-{n}/*")));
        idle_row(
            "half of it idle",
            json!({ "Effect": "Allow", "Action": "oss:GetObject", "Resource": nested }),
            entries,
        );
        let actions: Vec<String> = (0..entries).map(|n| format!("ecs:Action{n:04}*")).collect();
        idle_row(
            "actions",
            json!({ "Effect": "Allow", "Action": actions, "Resource": "*" }),
            entries,
        );
        let actions: Vec<String> = (0..entries).map(|n| format!("ecs:*Thing{n:04}")).collect();
        idle_row(
            "actions by their ends",
            json!({ "Effect": "Allow", "Action": actions, "Resource": "*" }),
            entries,
        );
    }
    println!();
}

fn idle_row(name: &str, statement: Value, entries: usize) {
    let policies = identity(&[statement]);
    let mut count = 0;
    let times = (0..5).map(|_| {
        let (time, found) = timed(|| idle(&policies, &Options::default()));
        if !found.unknown.is_empty() {
            println!("{name}: {:?}", found.unknown);
        }
        count = found.findings.len();
        time
    });
    let times: Vec<Duration> = times.collect();
    println!("| {name} | {entries} | {count} | {} |", row(times));
}

// Blow-ups --------------------------------------------------------------------------------------------------------

/// `*a????b`: as an automaton that reads from the left, 2^k states.
fn blow_up() {
    println!("| `*a`, k × `?`, `b` | k | answer | median | p90 | max |");
    println!("| --- | ---: | --- | ---: | ---: | ---: |");
    let long = |k: usize, end: &str| format!("*a{}{end}", "?".repeat(k));
    for k in [4, 6, 8, 10, 12, 14, 20, 40] {
        let (p, q) = (long(k, "b"), long(k + 1, "b"));
        let key = |operator: &str, patterns: Value| json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { operator: { "x:t": patterns } } });
        let policies = identity(&[
            key("StringLike", json!(p)),
            key("StringLike", json!(q)),
            key("StringNotLike", json!([p, q])),
        ]);
        let always = Property::Always(Shape::of(["a:*"], []).with_condition(
            Operator::from_name("StringLike").unwrap(),
            None,
            "x:t",
            ["*"],
        ));
        let holds = |run: bool| if run { "yes" } else { "no" };
        blow_up_row("p, q, and neither of them: everything", k, || {
            let found = check(&policies, &always, &Options::default());
            holds(found.verdict == Verdict::Holds).to_owned()
        });
        blow_up_row("p covers q", k, || {
            shown_answer(Pattern::text(&q).outside(&[Pattern::text(&p)], Budget::default()))
        });
        blow_up_row(
            "p and q have a text in common",
            k,
            || match Pattern::text(&p).in_common(&Pattern::text(&q), Budget::default()) {
                TextFound::Text(_) => "yes".to_owned(),
                TextFound::None => "no".to_owned(),
                TextFound::Unknown => "unknown".to_owned(),
            },
        );
        blow_up_row(
            "p is covered by its halves (behind `a`: `b`, or not)",
            k,
            || {
                let parts = ["*ab", "*a?", "*a*"].map(|start| {
                    let rest = if start == "*a*" {
                        String::new()
                    } else {
                        "?".repeat(k.saturating_sub(1))
                    };
                    Pattern::text(&format!("{start}{rest}b"))
                });
                shown_answer(Pattern::text(&p).outside(&parts[..2], Budget::default()))
            },
        );
        blow_up_row(
            "every text of a…z behind `a` at the end: p? without p*",
            k,
            || {
                let whole = Pattern::text(&long(k, "*"));
                let parts = [
                    Pattern::text(&long(k, "")),
                    Pattern::text(&long(k + 1, "")),
                    Pattern::text(&long(k + 2, "*")),
                ];
                shown_answer(whole.outside(&parts, Budget::default()))
            },
        );
    }
    println!();
}

fn shown_answer(found: TextFound) -> String {
    match found {
        TextFound::Text(_) => "no",
        TextFound::None => "yes",
        TextFound::Unknown => "unknown",
    }
    .to_owned()
}

fn blow_up_row(name: &str, k: usize, run: impl Fn() -> String) {
    let mut answer = String::new();
    let times = (0..5).map(|_| {
        let (time, said) = timed(&run);
        answer = said;
        time
    });
    let times: Vec<Duration> = times.collect();
    println!("| {name} | {k} | {answer} | {} |", row(times));
}
