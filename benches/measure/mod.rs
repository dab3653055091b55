//! Times engines beside each other: in turns, whole passes over the requests, and from many passes the p10 and the median.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The sum of the answers to all of these requests.
type Pass<'a> = Box<dyn Fn(&[usize]) -> usize + 'a>;

/// Something that answers the request of a number.
pub struct Engine<'a> {
    pub name: &'static str,
    pass: Pass<'a>,
    limit: usize,
}

impl<'a> Engine<'a> {
    pub fn new(name: &'static str, decide: impl Fn(usize) -> usize + 'a) -> Engine<'a> {
        let pass = move |requests: &[usize]| requests.iter().map(|number| decide(*number)).sum();
        Engine {
            name,
            pass: Box::new(pass),
            limit: usize::MAX,
        }
    }

    /// It answers requests of lower numbers only.
    pub fn of_first(self, limit: usize) -> Engine<'a> {
        Engine { limit, ..self }
    }

    pub fn answer(&self, request: usize) -> usize {
        (self.pass)(&[request])
    }

    /// Answers all of them; the sum of the answers.
    pub fn pass(&self, requests: &[usize]) -> usize {
        (self.pass)(requests)
    }

    fn time(&self, requests: &[usize], repeats: usize) -> Duration {
        let start = Instant::now();
        for _ in 0..repeats {
            black_box((self.pass)(black_box(requests)));
        }
        start.elapsed()
    }
}

/// Nanoseconds for one decision.
#[derive(Clone, Copy)]
pub struct Timing {
    pub p10: f64,
    pub median: f64,
}

impl Timing {
    pub fn of(mut samples: Vec<f64>) -> Timing {
        samples.sort_by(f64::total_cmp);
        Timing {
            p10: samples[samples.len() / 10],
            median: samples[samples.len() / 2],
        }
    }
}

/// Every engine answers every request (a sample of them where it is slow) as the first does, or this panics.
pub fn check(workload: &str, engines: &[Engine<'_>], requests: usize) {
    let (first, others) = engines.split_first().unwrap();
    for engine in others {
        let slow = engine.time(&[0], 1) > Duration::from_millis(2);
        for request in (0..requests.min(engine.limit)).step_by(if slow { 16 } else { 1 }) {
            let (expected, answer) = (first.answer(request), engine.answer(request));
            assert_eq!(
                expected, answer,
                "{workload}, request {request}: {} and {}",
                first.name, engine.name
            );
        }
    }
}

const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(20);

/// In each round every engine has a turn of 20 ms. A sample is one pass, over part of the requests where decisions are slow, repeated to
/// 100 µs where they are few; the first pass of a turn only warms.
pub fn time(engines: &[Engine<'_>], requests: &[usize]) -> Vec<Timing> {
    let plans: Vec<(&[usize], usize)> = engines
        .iter()
        .map(|engine| {
            let few = &requests[..requests.len().min(16)];
            engine.time(few, 1);
            let each = engine.time(few, 1).as_secs_f64() / few.len() as f64;
            let count = (0.05 / each) as usize;
            let count = count.max(32).min(engine.limit).min(requests.len());
            let repeats = (1e-4 / (each * count as f64)).ceil() as usize;
            (&requests[..count], repeats)
        })
        .collect();
    let mut samples = vec![Vec::new(); engines.len()];
    for _ in 0..ROUNDS {
        for ((engine, (requests, repeats)), samples) in engines.iter().zip(&plans).zip(&mut samples)
        {
            let decisions = (requests.len() * repeats) as f64;
            let mut left = TURN.saturating_sub(engine.time(requests, *repeats));
            loop {
                let took = engine.time(requests, *repeats);
                samples.push(took.as_nanos() as f64 / decisions);
                left = left.saturating_sub(took);
                if left.is_zero() {
                    break;
                }
            }
        }
    }
    samples.into_iter().map(Timing::of).collect()
}

/// How many times the work of one thread two threads do, `work` being what each does; the best of several tries.
pub fn two_threads(work: impl Fn() + Sync) -> f64 {
    let timed = |threads: usize| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(&work);
            }
        });
        start.elapsed().as_secs_f64()
    };
    timed(1);
    let (mut one, mut two) = (f64::MAX, f64::MAX);
    for _ in 0..9 {
        one = one.min(timed(1));
        two = two.min(timed(2));
    }
    2.0 * one / two
}

/// `618 ns`, `12.1 µs`, `1.7 ms`.
pub fn shown(ns: f64) -> String {
    let (value, unit) = match ns {
        ..1e3 => (ns, "ns"),
        ..1e6 => (ns / 1e3, "µs"),
        ..1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// Three significant digits.
pub fn digits(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
