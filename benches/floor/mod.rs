//! What a decision costs at the least: the floor F, and one load that misses the caches.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::workload::Request;

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// One multiplication, both halves of its product folded.
#[inline(always)]
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ SEED) * u128::from(b ^ SEED.rotate_left(32));
    product as u64 ^ (product >> 64) as u64
}

/// Sixteen bytes for one multiplication; the last sixteen may overlap those before.
pub fn hash(text: &[u8]) -> u64 {
    let mut state = text.len() as u64;
    let last = if let Some(last) = text.last_chunk::<16>() {
        let mut rest = text;
        while let Some((block, after)) = rest.split_first_chunk::<16>().filter(|_| rest.len() > 16)
        {
            let (low, high) = halves(block);
            state = mix(state ^ low, high);
            rest = after;
        }
        halves(last)
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        (
            u32::from_le_bytes(*first).into(),
            u32::from_le_bytes(*last).into(),
        )
    } else if let [first, .., last] = text {
        (
            u64::from(*first) << 8 | u64::from(*last),
            text[text.len() / 2].into(),
        )
    } else {
        (text.first().copied().unwrap_or_default().into(), 0)
    };
    mix(state ^ last.0, last.1 ^ SEED)
}

fn halves(block: &[u8; 16]) -> (u64, u64) {
    let block = u128::from_le_bytes(*block);
    (block as u64, (block >> 64) as u64)
}

#[derive(Default)]
pub struct Folding(u64);

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= hash(bytes);
    }

    /// The byte that ends a string, and keys that are hashes already.
    fn write_u8(&mut self, _: u8) {}

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Map<K, V> = HashMap<K, V, BuildHasherDefault<Folding>>;

/// Two look-ups by text, a split at four colons, five hashes, one probe, one comparison.
pub struct Floor<'a> {
    principals: Map<&'a str, u64>,
    actions: Map<&'a str, u64>,
    resources: Map<u64, &'a str>,
}

impl<'a> Floor<'a> {
    pub fn new(requests: &'a [Request]) -> Floor<'a> {
        let number = |n: usize| n as u64;
        Floor {
            principals: requests
                .iter()
                .map(|of| (of.caller.as_str(), number(of.principal)))
                .collect(),
            actions: requests
                .iter()
                .enumerate()
                .map(|(n, of)| (of.action.as_str(), number(n)))
                .collect(),
            resources: requests
                .iter()
                .map(|of| (key(&of.resource), of.resource.as_str()))
                .collect(),
        }
    }

    pub fn decide(&self, request: &Request) -> usize {
        let principal = self.principals[request.caller.as_str()];
        let action = self.actions[request.action.as_str()];
        let found = self.resources.get(&key(&request.resource));
        let equal = found.is_some_and(|found| *found == request.resource);
        (principal ^ action) as usize & 1 ^ usize::from(equal)
    }
}

/// Hashes each of the five fields.
fn key(arn: &str) -> u64 {
    let arn = arn.as_bytes();
    let (mut key, mut start) = (0, 0);
    let mut colons = colons(arn);
    for _ in 0..4 {
        let colon = colons.trailing_zeros() as usize;
        colons &= colons - 1;
        key ^= short(arn, start, colon).rotate_left(start as u32);
        start = colon + 1;
    }
    key ^ hash(&arn[start..])
}

/// A field of at most sixteen bytes with as many after it: one load, what is too much masked away.
fn short(arn: &[u8], start: usize, end: usize) -> u64 {
    let length = end - start;
    match arn[start..].first_chunk::<16>() {
        Some(block) if length <= 16 => {
            let mask = u128::MAX.checked_shr(128 - 8 * length as u32);
            let block = u128::from_le_bytes(*block) & mask.unwrap_or(0);
            mix(block as u64 ^ length as u64, (block >> 64) as u64)
        }
        _ => hash(&arn[start..end]),
    }
}

/// A bit for each of the first 64 bytes that is a colon: the four of every ARN here, which is ASCII, are among them.
fn colons(arn: &[u8]) -> u64 {
    let bits = |word: &[u8; 8]| {
        let other = u64::from_le_bytes(*word) ^ 0x3A3A_3A3A_3A3A_3A3A;
        let equal = (0x8080_8080_8080_8080_u64.wrapping_sub(other) & 0x8080_8080_8080_8080) >> 7;
        equal.wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    if let Some((whole, _)) = arn.split_first_chunk::<64>() {
        let (words, _) = whole.as_chunks::<8>();
        (0..8).fold(0, |all, n| all | bits(&words[n]) << (8 * n))
    } else {
        let (words, _) = arn.as_chunks::<8>();
        let words = words.iter().enumerate();
        words.fold(0, |all, (n, word)| all | bits(word) << (8 * n))
    }
}

/// Lines of 64 bytes in a random cycle: following it, each load waits for the one before.
pub struct Chase {
    lines: Vec<[u32; 16]>,
}

impl Chase {
    pub fn new(bytes: usize) -> Chase {
        let count = bytes / 64;
        let mut order: Vec<u32> = (0..count as u32).collect();
        let mut state = 1_u64;
        for n in (1..count).rev() {
            state = mix(state, n as u64);
            order.swap(n, (state % n as u64) as usize);
        }
        let mut lines = vec![[0; 16]; count];
        for (from, to) in order.iter().zip(order.iter().cycle().skip(1)) {
            lines[*from as usize][0] = *to;
        }
        Chase { lines }
    }

    pub fn follow(&self, steps: usize) -> u32 {
        (0..steps).fold(0, |line, _| self.lines[line as usize][0])
    }
}

/// Nanoseconds of one step through 16 MiB: the median of several, since neighbours share the last cache.
pub fn chase_step() -> f64 {
    const STEPS: usize = 1_000_000;
    let chase = Chase::new(16 << 20);
    let steps = (0..9).map(|_| {
        let start = std::time::Instant::now();
        std::hint::black_box(chase.follow(STEPS));
        start.elapsed().as_nanos() as f64 / STEPS as f64
    });
    let mut steps: Vec<f64> = steps.collect();
    steps.sort_by(f64::total_cmp);
    steps[steps.len() / 2]
}
