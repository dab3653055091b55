//! Finds the statements of a large set that can match a request, without looking at the others: tables of keys.
//!
//! A statement is filed under the keys of its rarer side, with a signature of the other (`keys.rs`).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::document::Effect;
use crate::policy::Policy;
use crate::policy::keys::{ANY, ResourceKind, Signature, StatementKeys, may_cross, mix};
use crate::policy::set::Keys;
use crate::request::Facts;

/// A statement that may match: its policy's number in the set, and where its patterns begin in the policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) policy: u32,
    pub(crate) start: u32,
}

/// Statements under the keys of one side, with a signature of the other.
#[derive(Debug)]
pub(crate) struct Filed {
    by_action: Table,
    by_resource: Table,
    /// Denies filed by resource whose region or account is a wildcard, which may cross a `:` of a request that has more than four (W7).
    crossing: Box<[Entry]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    other: Signature,
    candidate: Candidate,
    effect: Effect,
}

/// A statement on its way into the tables.
struct Unfiled {
    keys: StatementKeys,
    action: Signature,
    resource: Signature,
    candidate: Candidate,
    effect: Effect,
}

impl Filed {
    pub(crate) fn new<'p>(policies: impl Iterator<Item = &'p Policy>) -> Filed {
        let mut statements = Vec::new();
        for (policy, number) in policies.zip(0..) {
            let of_policy = policy.signed_statements();
            statements.extend(of_policy.map(|(statement, signed)| Unfiled {
                keys: StatementKeys::new(&statement),
                action: signed.action,
                resource: signed.resource,
                candidate: Candidate {
                    policy: number,
                    start: signed.start,
                },
                effect: signed.effect,
            }));
        }
        Filed::of(&statements)
    }

    /// A statement goes where its commonest key is the less common one.
    fn of(statements: &[Unfiled]) -> Filed {
        let mut counts: HashMap<u64, u32, BuildHasherDefault<Hashed>> = HashMap::default();
        for Unfiled { keys, .. } in statements {
            let of_resources = keys.resources.iter().map(|(_, key)| key);
            for key in keys.actions.iter().chain(of_resources) {
                *counts.entry(*key).or_default() += 1;
            }
        }
        let count = |key: &u64| counts.get(key).copied().unwrap_or_default();
        let (mut by_action, mut by_resource, mut crossing) = (Vec::new(), Vec::new(), Vec::new());
        let mut kinds = 0u32;
        for statement in statements {
            let Unfiled {
                keys,
                candidate,
                effect,
                ..
            } = statement;
            let (candidate, effect) = (*candidate, *effect);
            let commonest_action = keys.actions.iter().map(count).max();
            let commonest_resource = keys.resources.iter().map(|(_, key)| count(key)).max();
            if commonest_action <= commonest_resource {
                let entry = Entry {
                    other: statement.resource,
                    candidate,
                    effect,
                };
                by_action.extend(keys.actions.iter().map(|key| (*key, entry)));
                continue;
            }
            let entry = Entry {
                other: statement.action,
                candidate,
                effect,
            };
            for (kind, key) in &keys.resources {
                kinds |= 1 << kind;
                by_resource.push((*key, entry));
            }
            if effect == Effect::Deny && keys.may_cross {
                crossing.push(entry);
            }
        }
        Filed {
            by_action: Table::new(by_action, 0),
            by_resource: Table::new(by_resource, kinds),
            crossing: crossing.into(),
        }
    }

    /// Calls `visit` for the statements that may match, until it says yes; whether it did.
    pub(crate) fn any(
        &self,
        facts: &Facts<'_>,
        keys: &Keys,
        mut visit: impl FnMut(Candidate, Effect) -> bool,
    ) -> bool {
        let request = keys.signature(facts);
        let hashed = keys.hashed(facts);
        let mut by_resource = |entry: &Entry| {
            entry.other & request.action != 0 && visit(entry.candidate, entry.effect)
        };
        if self.by_resource.get(ANY).iter().any(&mut by_resource) {
            return true;
        }
        if let Some(of_resource) = &hashed.resource {
            let kinds = self.by_resource.kinds;
            if of_resource.any(kinds, |key| {
                self.by_resource.get(key).iter().any(&mut by_resource)
            }) {
                return true;
            }
        }
        if may_cross(facts) && self.crossing.iter().any(by_resource) {
            return true;
        }
        let mut by_action = |entry: &Entry| {
            entry.other & request.resource(entry.effect) != 0
                && visit(entry.candidate, entry.effect)
        };
        let mut actions = hashed.actions.into_iter().chain([ANY]);
        actions.any(|key| self.by_action.get(key).iter().any(&mut by_action))
    }
}

/// Entries by key.
#[derive(Clone, Debug, Default)]
struct Table {
    entries: Box<[Entry]>,
    /// From a key to its entries' range.
    ranges: HashMap<u64, (u32, u32), BuildHasherDefault<Hashed>>,
    /// One bit for each key, of sixteen for every entry: most keys of a request are in no table, and this tells so from a few cache lines.
    filter: Box<[u64]>,
    /// Which kinds of resource keys occur, one bit each.
    kinds: u32,
}

impl Table {
    fn new(mut filed: Vec<(u64, Entry)>, kinds: u32) -> Table {
        filed.sort_by_key(|(key, _)| *key);
        let mut table = Table {
            entries: filed.iter().map(|(_, entry)| *entry).collect(),
            filter: vec![0; (filed.len() / 4).next_power_of_two()].into(),
            kinds: kinds & ((1 << ResourceKind::COUNT) - 1),
            ..Table::default()
        };
        for ((key, _), at) in filed.iter().zip(0..) {
            let (_, end) = table.ranges.entry(*key).or_insert((at, at));
            *end = at + 1;
            let (word, bit) = table.filter_place(*key);
            if let Some(word) = table.filter.get_mut(word) {
                *word |= bit;
            }
        }
        table.ranges.shrink_to_fit();
        table
    }

    fn get(&self, key: u64) -> &[Entry] {
        let (word, bit) = self.filter_place(key);
        if self.filter.get(word).is_none_or(|word| word & bit == 0) {
            return &[];
        }
        let (start, end) = self.ranges.get(&key).copied().unwrap_or_default();
        self.entries
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Word and bit of a key in the filter, which has a power of two words.
    fn filter_place(&self, key: u64) -> (usize, u64) {
        let key = mix(key, 7);
        (
            (key >> 32) as usize & self.filter.len().wrapping_sub(1),
            1 << (key & 63),
        )
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| mix(hash, u64::from(*byte)));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
