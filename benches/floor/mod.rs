//! What a decision costs at the least: the floor F, and one load that misses the caches.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::workload::Request;

/// Folds eight bytes with one multiplication.
fn mix(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word) * 0x9E37_79B9_7F4A_7C15;
    product as u64 ^ (product >> 64) as u64
}

pub fn hash(text: &[u8]) -> u64 {
    let words = text.chunks_exact(8);
    let rest = words.remainder();
    let mut state = text.len() as u64 ^ 0x2545_F491_4F6C_DD1D;
    for word in words {
        state = mix(state, u64::from_le_bytes(word.try_into().unwrap()));
    }
    mix(state, load(rest))
}

/// Up to eight bytes as one number.
fn load(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0 => 0,
        4.. => {
            let first = u32::from_le_bytes(bytes[..4].try_into().unwrap());
            let last = u32::from_le_bytes(bytes[bytes.len() - 4..].try_into().unwrap());
            u64::from(first) | u64::from(last) << 32
        }
        length => {
            u64::from(bytes[0])
                | u64::from(bytes[length / 2]) << 8
                | u64::from(bytes[length - 1]) << 16
        }
    }
}

#[derive(Default)]
pub struct Folding(u64);

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = mix(self.0, hash(bytes));
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
    let mut key = 0;
    let mut start = 0;
    let mut left = 4;
    let mut field = |start: usize, end: usize| key = mix(key ^ 0x51, hash(&arn[start..end]));
    let mut at = 0;
    while left > 0 && at < arn.len() {
        let mut colons = colons(&arn[at..]);
        while colons != 0 && left > 0 {
            let colon = at + (colons.trailing_zeros() / 8) as usize;
            field(start, colon);
            start = colon + 1;
            left -= 1;
            colons &= colons - 1;
        }
        at += 8;
    }
    field(start, arn.len());
    key
}

/// The high bit of each of the next eight bytes that is a colon.
fn colons(bytes: &[u8]) -> u64 {
    let word = match bytes.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(word)
        }
    };
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let other = word ^ 0x3A3A_3A3A_3A3A_3A3A;
    !(((other & LOW) + LOW) | other | LOW)
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
