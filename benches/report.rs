//! Measures everything in one run and writes the tables of docs/performance.md and the plot docs/w5.svg.
//!
//! `cargo bench --bench report` does all of it; `cargo bench --bench report -- W2 W5` prints these workloads only.
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
mod floor;
mod measure;
mod plot;
mod subject;
mod workload;

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use baseline::{Greedy, Loop, Set};
use measure::{Engine, Timing, digits, shown};
use workload::Workload;

type GlobPattern = (glob::Pattern, glob::MatchOptions);

fn main() {
    // `cargo test --all-targets` runs this too, without the option.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let skip_options = |arg: &String| !arg.starts_with('-');
    let wanted: Vec<String> = std::env::args().skip(1).filter(skip_options).collect();
    let wants =
        |name: &str| wanted.is_empty() || wanted.iter().any(|of| name.starts_with(of.as_str()));
    let mut report = Report::default();
    let makers: [fn() -> Workload; 8] = [
        workload::w1,
        workload::w2,
        workload::w3,
        workload::w4,
        || workload::w5(100),
        || workload::w5(1_000),
        || workload::w5(10_000),
        || workload::w5(100_000),
    ];
    let names = [
        "W1", "W2", "W3", "W4", "W5-100", "W5-1k", "W5-10k", "W5-100k",
    ];
    for (make, name) in makers.into_iter().zip(names) {
        if wants(name) {
            report.decide(&make());
        }
    }
    for kind in workload::HOSTILE_KINDS {
        if wants(&format!("W6{kind}")) {
            report.hostile(&workload::w6(kind));
        }
    }
    if wants("load") {
        report.load(&workload::w4());
    }
    let text = report.text();
    println!("{text}");
    if wanted.is_empty() {
        write_section("report", &text);
        std::fs::write(root().join("docs/w5.svg"), report.plot()).unwrap();
        run("memory", &["bench", "--quiet", "--bench", "memory"]);
        run(
            "peers",
            &[
                "run",
                "--quiet",
                "--release",
                "--package",
                "ramgate-bench-peers",
            ],
        );
    }
}

/// What `greedy` / ramgate is meant to reach.
const GOALS: [(&str, f64); 4] = [("W1", 1.0), ("W2", 5.0), ("W3", 45.0), ("W4", 4.5)];
const CLASSES: [&str; 3] = ["Allow", "ExplicitDeny", "ImplicitDeny"];
/// With the 2 MiB that the crate lets its lazy DFA have unless told; "RegexSet" has 1 GiB.
const SMALL_SET: &str = "RegexSet, 2 MiB";
const OTHERS: [&str; 8] = [
    "greedy",
    "glob",
    "regex",
    "RegexSet",
    SMALL_SET,
    "building + decide",
    "by handle",
    "Organization",
];

#[derive(Default)]
struct Report {
    decisions: Vec<Decisions>,
    hostile: Vec<(String, Vec<Hostile>)>,
    notes: Vec<String>,
}

/// One workload of W1 to W5.
struct Decisions {
    workload: String,
    statements: usize,
    timings: HashMap<&'static str, Timing>,
    /// For each answer: how many requests, ramgate, greedy.
    classes: Vec<(usize, Option<(Timing, Timing)>)>,
}

/// One engine on one hostile pattern: the slowest text of 8 KiB, and how much slower it is than its like of 4 KiB.
struct Hostile {
    engine: &'static str,
    slowest: f64,
    doubling: f64,
}

impl Report {
    fn decide(&mut self, workload: &Workload) {
        eprintln!("{}: {} statements", workload.name, workload.statements());
        let statements = workload.statements();
        let policies = subject::load(workload, &workload.texts());
        let entries: Vec<_> = workload.requests.iter().map(subject::entries).collect();
        let requests: Vec<_> = workload
            .requests
            .iter()
            .zip(&entries)
            .map(|(request, entries)| subject::request(request, entries))
            .collect();
        let callers = workload.callers();
        let asked = &workload.requests;
        let many = workload.principals.len() > 1;
        // With many principals the caller is looked up, by every engine in the same way.
        let of = |n: usize| &policies[if many { callers[&asked[n].caller] } else { 0 }];
        let organization = many.then(|| subject::organization(&workload.snapshot()));
        let greedy = Loop::<Greedy>::new(workload);
        let glob = (statements <= 100_000).then(|| Loop::<GlobPattern>::new(workload));
        let regex = (statements <= 1_000).then(|| Loop::<regex::Regex>::new(workload));
        let set = (!many && statements <= 10_000).then(|| Set::new(workload, 1 << 30));
        let small_set = (!many && statements <= 1_000).then(|| Set::new(workload, 2 << 20));
        let floor = floor::Floor::new(&asked[..asked.len().min(1024)]);
        let greedy_answer = |n: usize| match many {
            true => greedy.decide_by_caller(&asked[n]),
            false => greedy.decide(&asked[n]),
        };

        let mut engines = vec![
            Engine::new("ramgate", |n| subject::answer(of(n).decide(&requests[n]))),
            Engine::new("greedy", greedy_answer),
            Engine::new("building + decide", |n| {
                let entries = subject::entries(&asked[n]);
                let request = subject::request(&asked[n], &entries);
                subject::answer(of(n).decide(&request))
            }),
        ];
        if many {
            let by_handle = |n: usize| policies[asked[n].principal].decide(&requests[n]);
            engines.push(Engine::new("by handle", move |n| {
                subject::answer(by_handle(n))
            }));
        }
        if let Some(organization) = &organization {
            engines.push(Engine::new("Organization", |n| {
                subject::answer(organization.decide(&requests[n], None).unwrap())
            }));
        }
        if let Some(glob) = &glob {
            engines.push(Engine::new("glob", move |n| match many {
                true => glob.decide_by_caller(&asked[n]),
                false => glob.decide(&asked[n]),
            }));
        }
        if let Some(regex) = &regex {
            engines.push(Engine::new("regex", |n| regex.decide(&asked[n])));
        }
        if let Some(set) = &set {
            engines.push(Engine::new("RegexSet", |n| set.decide(&asked[n])));
        }
        if let Some(set) = &small_set {
            engines.push(Engine::new(SMALL_SET, |n| set.decide(&asked[n])));
        }
        measure::check(&workload.name, &engines, asked.len());

        let classes = (0..CLASSES.len()).map(|answer| {
            let of_class: Vec<usize> = (0..asked.len())
                .filter(|n| greedy_answer(*n) == answer)
                .collect();
            let timed = (of_class.len() >= 16).then(|| measure::time(&engines[..2], &of_class));
            (
                of_class.len(),
                timed.map(|timings| (timings[0], timings[1])),
            )
        });
        let classes = classes.collect();
        engines.push(Engine::new("floor", |n| floor.decide(&asked[n % 1024])));
        let all: Vec<usize> = (0..asked.len()).collect();
        let timings = measure::time(&engines, &all);
        let timings: HashMap<_, _> = engines
            .iter()
            .map(|engine| engine.name)
            .zip(timings)
            .collect();
        drop(engines);
        if matches!(workload.name.as_str(), "W2" | "W4") {
            let own = measure::two_threads(|| {
                for n in (0..asked.len()).cycle().take(200_000) {
                    std::hint::black_box(policies[asked[n].principal].decide(&requests[n]));
                }
            });
            let other = measure::two_threads(|| {
                for n in (0..asked.len()).cycle().take(40_000) {
                    std::hint::black_box(greedy.decide(&asked[n]));
                }
            });
            self.notes.push(format!(
                "Two threads, {}: {} times one (must be 1.85); greedy, which shares nothing either, {}",
                workload.name,
                digits(own),
                digits(other)
            ));
        }
        if many {
            let step = floor::chase_step();
            self.notes.push(format!(
                "{}: a decision takes {} loads that wait for memory ({} each, of 16 MiB)",
                workload.name,
                digits(timings["ramgate"].median / step),
                shown(step)
            ));
        }
        self.decisions.push(Decisions {
            workload: workload.name.clone(),
            statements,
            timings,
            classes,
        });
    }

    fn hostile(&mut self, workload: &Workload) {
        eprintln!("{}", workload.name);
        let policies = subject::load(workload, &workload.texts());
        let entries: Vec<_> = workload.requests.iter().map(subject::entries).collect();
        let requests: Vec<_> = workload
            .requests
            .iter()
            .zip(&entries)
            .map(|(request, entries)| subject::request(request, entries))
            .collect();
        let asked = &workload.requests;
        let greedy = Loop::<Greedy>::new(workload);
        let glob = Loop::<GlobPattern>::new(workload);
        let one = workload.policies[0][0].resources.len() == 1;
        let regex = one.then(|| Loop::<regex::Regex>::new(workload));
        let set = Set::new(workload, 1 << 30);
        let mut engines = vec![
            Engine::new("ramgate", |n| {
                subject::answer(policies[0].decide(&requests[n]))
            }),
            Engine::new("greedy", |n| greedy.decide(&asked[n])),
            Engine::new("glob", |n| glob.decide(&asked[n])),
            Engine::new("RegexSet", |n| set.decide(&asked[n])),
        ];
        if let Some(regex) = &regex {
            engines.push(Engine::new("regex", |n| regex.decide(&asked[n])));
        }
        measure::check(&workload.name, &engines, asked.len());
        let timings: Vec<Vec<Timing>> = (0..asked.len())
            .map(|n| measure::time(&engines, &[n]))
            .collect();
        let of = |engine: usize| {
            let at = |size: usize, text: usize| timings[size * 3 + text][engine].p10;
            let slowest = (0..3)
                .max_by(|a, b| at(2, *a).total_cmp(&at(2, *b)))
                .unwrap();
            Hostile {
                engine: engines[engine].name,
                slowest: at(2, slowest),
                doubling: at(2, slowest) / at(1, slowest),
            }
        };
        let hostile = (0..engines.len()).map(of).collect();
        self.hostile.push((workload.name.clone(), hostile));
    }

    /// Text to ready, beside what parsing the same texts costs anyway.
    fn load(&mut self, workload: &Workload) {
        eprintln!("load");
        let texts = workload.texts();
        let snapshot = workload.snapshot();
        let mut best = [f64::MAX; 5];
        for _ in 0..7 {
            let mut timed = |n: usize, work: &dyn Fn()| {
                let start = Instant::now();
                work();
                best[n] = best[n].min(start.elapsed().as_secs_f64());
            };
            timed(0, &|| drop(subject::load(workload, &texts)));
            // What is loaded is kept; so the values are too, and once more not.
            let values = || texts.iter().map(|text| parsed(text)).collect::<Vec<_>>();
            timed(1, &|| drop(values()));
            timed(4, &|| texts.iter().for_each(|text| drop(parsed(text))));
            timed(2, &|| drop(subject::organization(&snapshot)));
            timed(3, &|| drop(parsed(&snapshot)));
        }
        let each = |seconds: f64| shown(seconds * 1e9 / workload.statements() as f64);
        let [load, value, organization, snapshot, dropped] = best;
        self.notes.push(format!(
            "Load, W4, texts to ready: {} a statement, {} times serde_json::Value of all texts (must be 1.5), {} times where each Value is dropped at once",
            each(load),
            digits(load / value),
            digits(load / dropped)
        ));
        self.notes.push(format!(
            "Load, W4, one snapshot to ready: {} a statement, {} times serde_json::Value",
            each(organization),
            digits(organization / snapshot)
        ));
    }

    fn text(&self) -> String {
        let tables = [
            self.ratios(),
            self.times(),
            self.by_answer(),
            self.growth(),
            self.hostile_table(),
        ];
        let notes = self
            .notes
            .iter()
            .map(|note| format!("- {note}\n"))
            .collect();
        let parts = [machine()].into_iter().chain(tables).chain([notes]);
        let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        parts.join("\n")
    }

    fn ratios(&self) -> String {
        let rows = self.decisions.iter().map(|of| {
            let own = of.timings["ramgate"].p10;
            let goal = GOALS.iter().find(|(name, _)| *name == of.workload);
            let mut row = vec![
                of.workload.clone(),
                of.statements.to_string(),
                shown(own),
                digits(own / of.timings["floor"].p10),
                goal.map_or(DASH.to_owned(), |(_, goal)| digits(*goal)),
            ];
            row.extend(OTHERS.map(|name| {
                let other = of.timings.get(name);
                other.map_or(DASH.to_owned(), |other| digits(other.p10 / own))
            }));
            row
        });
        let title = "How many times ramgate's time for a decision the others take (p10)";
        let header = ["", "statements", "ramgate", "in F", "greedy must"];
        table(title, &[&header, OTHERS.as_slice()].concat(), rows)
    }

    fn times(&self) -> String {
        let names = ["floor", "ramgate"].into_iter().chain(OTHERS);
        let names: Vec<&str> = names.collect();
        let rows = self.decisions.iter().map(|of| {
            let cell = |name: &&str| {
                let timing = of.timings.get(*name);
                timing.map_or(DASH.to_owned(), |of| {
                    format!("{} / {}", shown(of.p10), shown(of.median))
                })
            };
            let name = std::iter::once(of.workload.clone());
            name.chain(names.iter().map(cell)).collect()
        });
        table(
            "A decision, p10 / median",
            &[&[""], names.as_slice()].concat(),
            rows,
        )
    }

    fn by_answer(&self) -> String {
        let rows = self.decisions.iter().map(|of| {
            let cell = |(count, timed): &(usize, Option<(Timing, Timing)>)| match timed {
                Some((own, greedy)) => {
                    let ratio = digits(greedy.p10 / own.p10);
                    format!("{}, greedy {ratio} × ({count} requests)", shown(own.p10))
                }
                None => format!("{DASH} ({count})"),
            };
            let name = std::iter::once(of.workload.clone());
            name.chain(of.classes.iter().map(cell)).collect()
        });
        table(
            "By answer, p10",
            &["", CLASSES[0], CLASSES[1], CLASSES[2]],
            rows,
        )
    }

    /// The exponent: how many decades of time a decade of statements costs.
    fn growth(&self) -> String {
        let sizes: Vec<&Decisions> = self.growing().collect();
        let rows = sizes.windows(2).map(|pair| {
            let exponent = |name: &str| {
                let times = [0, 1].map(|n| pair[n].timings.get(name).map(|of| of.p10));
                let [Some(small), Some(large)] = times else {
                    return DASH.to_owned();
                };
                format!("{:.2}", (large / small).log10())
            };
            let step = format!("{} → {}", pair[0].statements, pair[1].statements);
            std::iter::once(step)
                .chain(GROWING.iter().map(|name| exponent(name)))
                .collect()
        });
        table(
            "W5: exponent of growth by the number of statements",
            &[&[""], GROWING.as_slice()].concat(),
            rows,
        )
    }

    fn growing(&self) -> impl Iterator<Item = &Decisions> {
        self.decisions
            .iter()
            .filter(|of| of.workload.starts_with("W5"))
    }

    fn hostile_table(&self) -> String {
        let names = ["ramgate", "greedy", "glob", "regex", "RegexSet"];
        let rows = self.hostile.iter().map(|(workload, engines)| {
            let cell = |name: &&str| {
                let of = engines.iter().find(|of| of.engine == *name);
                of.map_or(DASH.to_owned(), |of| {
                    format!("{} (× {})", shown(of.slowest), digits(of.doubling))
                })
            };
            let workload = std::iter::once(workload.clone());
            workload.chain(names.iter().map(cell)).collect()
        });
        table(
            "W6, the slowest of three texts of 8 KiB (and how many times the same of 4 KiB), p10",
            &[&[""], names.as_slice()].concat(),
            rows,
        )
    }

    fn plot(&self) -> String {
        let lines = GROWING.map(|name| {
            let points = self.growing().filter_map(|of| {
                let timing = of.timings.get(name)?;
                Some((of.statements as f64, timing.p10))
            });
            (name, points.collect())
        });
        plot::svg(&lines)
    }
}

const DASH: &str = "–";
const GROWING: [&str; 5] = ["ramgate", "greedy", "glob", "regex", "RegexSet"];

fn table(title: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<String> = rows
        .map(|row| format!("| {} |\n", row.join(" | ")))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let under = "| --- ".repeat(header.len());
    format!(
        "{title}:\n\n| {} |\n{under}|\n{}",
        header.join(" | "),
        rows.concat()
    )
}

/// The machine and the versions of what was measured.
fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, model)| model)
        .collect();
    let rustc = std::process::Command::new("rustc")
        .arg("--version")
        .output()
        .unwrap();
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let version = |name: &str| {
        let (_, rest) = lock
            .split_once(&format!("name = \"{name}\"\nversion = \""))
            .unwrap();
        format!("{name} {}", rest.split('"').next().unwrap())
    };
    let versions = [
        "ramgate",
        "glob",
        "regex",
        "serde_json",
        "cedar-policy",
        "regorus",
    ]
    .map(version);
    format!(
        "{} × {}; {}; {}.\n",
        models.len(),
        models.first().unwrap_or(&"unknown processor"),
        String::from_utf8_lossy(&rustc.stdout).trim(),
        versions.join(", ")
    )
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Puts a text between the markers of this name in docs/performance.md.
fn write_section(name: &str, text: &str) {
    let path = root().join("docs/performance.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        format!("<!-- {name}:begin -->"),
        format!("<!-- {name}:end -->"),
    );
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    std::fs::write(path, format!("{before}{begin}\n{text}{end}{after}")).unwrap();
}

/// What must not share this process: its output becomes a section of its own.
fn run(section: &str, arguments: &[&str]) {
    eprintln!("cargo {}", arguments.join(" "));
    let mut cargo = std::process::Command::new(env!("CARGO"));
    let output = cargo
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{section} failed");
    write_section(section, &String::from_utf8(output.stdout).unwrap());
}

fn parsed(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}
