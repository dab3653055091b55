//! Finds the statements that can match a request, without looking at the others.
//!
//! Every action pattern and every resource pattern has one *key*: the most telling part of it that a hash can find again in a request (a whole
//! action, `service:verb`, a service; a whole relative id, its type, a service; or nothing). A request has all keys that a
//! pattern which matches it can have: a handful. So a statement whose keys are none of the request's cannot match.
//! What has one of them may match, and is then compared in full: the index only ever leaves out, and must never leave out too much
//! (`tests/differential.rs` compares with an interpreter that has no index).
//!
//! A few statements are scanned, two 64-bit signatures each. Many are filed in a table under their rarer side, with a signature of the other.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::OnceLock;

use foldhash::fast::FixedState;

use crate::arn::Arn;
use crate::document::Effect;
use crate::policy::{CompiledStatement, Policy};
use crate::request::Request;
use crate::resource_pattern::ResourcePattern;
use crate::wildcard::has_wildcard;

/// Up to this many statements of one effect are scanned; measured, see `docs/performance.md`.
const SCAN_MAX: usize = 96;
/// So few that a signature costs more than it saves.
const TINY: usize = 3;

/// The statements of a set by effect, ready to be looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    deny: Side,
    allow: Side,
}

/// Which statement of which policy of the set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) policy: u32,
    pub(crate) statement: u32,
}

#[derive(Clone, Debug)]
enum Side {
    Scan(Box<[Scanned]>),
    Filed(Box<Filed>),
}

impl Default for Side {
    fn default() -> Side {
        Side::Scan(Box::default())
    }
}

#[derive(Clone, Copy, Debug)]
struct Scanned {
    action: Signature,
    resource: Signature,
    candidate: Candidate,
}

/// Statements under the keys of one side, with a signature of the other.
#[derive(Clone, Debug, Default)]
struct Filed {
    by_action: Table,
    by_resource: Table,
    /// Denies filed by resource whose region or account is a wildcard, which may cross a `:` of a request that has more than four (W7).
    crossing: Box<[Entry]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    other: Signature,
    candidate: Candidate,
}

/// A set of keys, one bit each; two sets that share a key share a bit.
type Signature = u64;

/// The bit of patterns that have no telling part; every request has it.
const ANY: Signature = 1;

fn bit(key: u64) -> Signature {
    // One of the 63 upper bits, by the key's own upper half.
    2 << (((key >> 32) * 63) >> 32)
}

fn hash(bytes: &[u8]) -> u64 {
    static SEED: OnceLock<FixedState> = OnceLock::new();
    // Another seed in every process: a request cannot be made to collide.
    let seed = || FixedState::with_seed(std::hash::RandomState::new().hash_one(0));
    SEED.get_or_init(seed).hash_one(bytes)
}

fn mix(a: u64, b: u64) -> u64 {
    (a.rotate_left(23) ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The kinds of action keys.
const ACTION: u64 = 0x61;
const VERB: u64 = 0x76;
const SERVICE: u64 = 0x73;
/// `vpc:Desc`: so many letters of the name make a verb.
const VERB_BYTES: usize = 4;

/// The key of an action pattern; `None` for one without a telling part.
fn action_key(pattern: &str) -> Option<u64> {
    let lower = pattern.to_ascii_lowercase();
    let literal = lower.split(['*', '?']).next().unwrap_or_default();
    if literal.len() == lower.len() {
        return Some(mix(hash(lower.as_bytes()), ACTION));
    }
    let colon = literal.find(':')?;
    match literal.as_bytes().get(..colon + 1 + VERB_BYTES) {
        Some(verb) => Some(mix(hash(verb), VERB)),
        None => Some(mix(hash(literal.as_bytes().get(..colon)?), SERVICE)),
    }
}

/// What of a resource pattern's relative id is telling.
const WHOLE: usize = 3;
const BEYOND_TYPE: usize = 2;
const TYPE: usize = 1;
const NOTHING: usize = 0;
/// `physicalconnection/pc-abcde`: so many bytes behind the type are telling too.
const BEYOND_BYTES: usize = 8;

/// The kind of a resource key: what of the pattern is literal. One of sixteen.
#[derive(Clone, Copy)]
struct ResourceKind {
    region: bool,
    account: bool,
    relative: usize,
}

impl ResourceKind {
    fn number(self) -> u32 {
        let number = self.relative * 4 + usize::from(self.region) * 2 + usize::from(self.account);
        u32::try_from(number).unwrap_or_default()
    }
}

/// What hashing an ARN or a pattern of it gives; wildcard parts are left out by the kind.
struct ResourceHashes {
    service: u64,
    region: u64,
    account: u64,
    relative: [u64; 4],
}

impl ResourceHashes {
    /// Of a literal relative id, or the literal beginning of one.
    fn new(service: &str, region: &str, account: &str, relative: &str) -> ResourceHashes {
        let bytes = relative.as_bytes();
        let type_end = memchr::memchr(b'/', bytes).map(|slash| slash + 1);
        let of = |end: Option<usize>| end.and_then(|end| bytes.get(..end)).map_or(0, hash);
        ResourceHashes {
            service: hash_lower(service),
            region: hash(region.as_bytes()),
            account: hash(account.as_bytes()),
            relative: [
                0,
                of(type_end),
                of(type_end.map(|end| end + BEYOND_BYTES)),
                hash(bytes),
            ],
        }
    }

    fn key(&self, kind: ResourceKind) -> u64 {
        let relative = self
            .relative
            .get(kind.relative)
            .copied()
            .unwrap_or_default();
        let mut key = mix(self.service, relative);
        key = mix(key, if kind.region { self.region } else { 1 });
        mix(
            key,
            if kind.account {
                self.account
            } else {
                1 + u64::from(kind.number())
            },
        )
    }

    /// The same without region and account: what a signature is made of.
    fn short_key(&self, relative: usize) -> u64 {
        mix(
            self.service,
            self.relative.get(relative).copied().unwrap_or_default() ^ relative as u64,
        )
    }
}

/// Service codes compare without case (G18); of a hostile long one the beginning is telling enough.
fn hash_lower(service: &str) -> u64 {
    let mut lower = [0; 64];
    let bytes = service.as_bytes();
    let bytes = bytes.get(..lower.len()).unwrap_or(bytes);
    let Some(lower) = lower.get_mut(..bytes.len()) else {
        return 0;
    };
    lower.copy_from_slice(bytes);
    lower.make_ascii_lowercase();
    hash(lower)
}

/// The kind and key of a resource pattern; `None` for one without a telling part.
fn resource_key(pattern: &ResourcePattern) -> Option<(ResourceKind, ResourceHashes)> {
    let [prefix, service, region, account, relative] = pattern.fields()?;
    if !prefix.eq_ignore_ascii_case("acs") || has_wildcard(service) {
        return None; // A4, W7: the text as a whole may match anything.
    }
    // A3: an empty field of a pattern may stand for any.
    let literal = |field: &str| !field.is_empty() && !has_wildcard(field);
    let beginning = relative.split(['*', '?']).next().unwrap_or_default();
    let type_end = beginning.find('/').map(|slash| slash + 1);
    let relative = if beginning.len() == relative.len() {
        WHOLE
    } else {
        match type_end {
            Some(end) if beginning.len() >= end + BEYOND_BYTES => BEYOND_TYPE,
            Some(_) => TYPE,
            None => NOTHING,
        }
    };
    let kind = ResourceKind {
        region: literal(region),
        account: literal(account),
        relative,
    };
    Some((
        kind,
        ResourceHashes::new(service, region, account, beginning),
    ))
}

/// All keys that a pattern can have which matches this request on this resource.
#[derive(Debug)]
pub(crate) struct RequestKeys {
    actions: [u64; 3],
    resource_hashes: Option<ResourceKeys>,
    action: Signature,
    resource: Signature,
    /// W7: the relative id holds a `:`, so a wildcard of a Deny's region or account may stand for more than one field.
    may_cross: bool,
}

#[derive(Debug)]
struct ResourceKeys {
    keys: [u64; 16],
}

impl RequestKeys {
    pub(crate) fn new(request: &Request<'_>, resource: &Arn<'_>) -> RequestKeys {
        let actions = request_action_keys(request.action());
        let action = actions
            .into_iter()
            .map(bit)
            .fold(ANY, |signature, bit| signature | bit);
        let Some([_, service, region, account, relative]) = resource.fields() else {
            return RequestKeys {
                actions,
                resource_hashes: None,
                action,
                resource: ANY,
                may_cross: false,
            };
        };
        let hashes = ResourceHashes::new(service, region, account, relative);
        let signature = (NOTHING..=WHOLE)
            .map(|part| bit(hashes.short_key(part)))
            .fold(ANY, |all, bit| all | bit);
        let mut keys = [0; 16];
        for (number, key) in keys.iter_mut().enumerate() {
            *key = hashes.key(ResourceKind {
                region: number & 2 != 0,
                account: number & 1 != 0,
                relative: number / 4,
            });
        }
        RequestKeys {
            actions,
            resource_hashes: Some(ResourceKeys { keys }),
            action,
            resource: signature,
            may_cross: memchr::memchr(b':', relative.as_bytes()).is_some(),
        }
    }
}

fn request_action_keys(action: &str) -> [u64; 3] {
    let mut lower = [0; crate::request::ACTION_BYTES_MAX];
    let Some(lower) = lower.get_mut(..action.len()) else {
        return [0; 3];
    };
    lower.copy_from_slice(action.as_bytes());
    lower.make_ascii_lowercase();
    let colon = memchr::memchr(b':', lower).unwrap_or_default();
    let of = |end: usize, kind: u64| lower.get(..end).map_or(0, |bytes| mix(hash(bytes), kind));
    [
        of(lower.len(), ACTION),
        of(colon + 1 + VERB_BYTES, VERB),
        of(colon, SERVICE),
    ]
}

/// The keys of a statement's two sides; an empty list stands for patterns that may match anything.
struct StatementKeys {
    actions: Vec<u64>,
    resources: Vec<(u32, u64)>,
    action: Signature,
    resource: Signature,
    may_cross: bool,
}

impl StatementKeys {
    fn new(statement: &CompiledStatement) -> StatementKeys {
        let actions: Option<Vec<u64>> = match statement.listed_actions() {
            Some(patterns) => patterns.map(action_key).collect(),
            None => None,
        };
        let patterns = statement.resource_tests();
        let resources: Option<Vec<(ResourceKind, ResourceHashes)>> =
            patterns.and_then(|patterns| patterns.iter().map(resource_key).collect());
        let action = actions
            .iter()
            .flatten()
            .map(|key| bit(*key))
            .fold(0, |all, bit| all | bit);
        let resource = resources
            .iter()
            .flatten()
            .map(|(kind, hashes)| bit(hashes.short_key(kind.relative)));
        let resource = resource.fold(0, |all, bit| all | bit);
        let may_cross = resources
            .iter()
            .flatten()
            .any(|(kind, _)| !(kind.region && kind.account));
        StatementKeys {
            action: if actions.is_some() { action } else { ANY },
            resource: if resources.is_some() { resource } else { ANY },
            actions: actions.unwrap_or_default(),
            resources: resources
                .unwrap_or_default()
                .into_iter()
                .map(|(kind, hashes)| (kind.number(), hashes.key(kind)))
                .collect(),
            may_cross,
        }
    }
}

impl Index {
    pub(crate) fn new<'p>(policies: impl Iterator<Item = &'p Policy>) -> Index {
        let mut deny = Vec::new();
        let mut allow = Vec::new();
        for (policy, number) in policies.zip(0..) {
            for (statement, at) in policy.statements.iter().zip(0..) {
                let side = if statement.effect == Effect::Deny {
                    &mut deny
                } else {
                    &mut allow
                };
                side.push((
                    StatementKeys::new(statement),
                    Candidate {
                        policy: number,
                        statement: at,
                    },
                ));
            }
        }
        Index {
            deny: Side::new(deny, true),
            allow: Side::new(allow, false),
        }
    }

    /// Calls `matches` for the statements of an effect that may match, until it says yes; whether it did.
    pub(crate) fn any<'k>(
        &self,
        effect: Effect,
        keys: impl FnOnce() -> &'k RequestKeys,
        matches: impl FnMut(Candidate) -> bool,
    ) -> bool {
        match effect {
            Effect::Deny => self.deny.any(true, keys, matches),
            Effect::Allow => self.allow.any(false, keys, matches),
        }
    }
}

impl Side {
    fn new(statements: Vec<(StatementKeys, Candidate)>, deny: bool) -> Side {
        if statements.len() > SCAN_MAX {
            return Side::Filed(Box::new(Filed::new(statements, deny)));
        }
        let scanned = statements.into_iter().map(|(keys, candidate)| Scanned {
            action: keys.action,
            resource: keys.resource,
            candidate,
        });
        Side::Scan(scanned.collect())
    }

    fn any<'k>(
        &self,
        deny: bool,
        keys: impl FnOnce() -> &'k RequestKeys,
        mut matches: impl FnMut(Candidate) -> bool,
    ) -> bool {
        match self {
            Side::Scan(scanned) if scanned.len() <= TINY => {
                scanned.iter().any(|scanned| matches(scanned.candidate))
            }
            Side::Scan(scanned) => {
                let keys = keys();
                let resource = keys.resource_signature(deny);
                scanned
                    .iter()
                    .filter(|scanned| {
                        scanned.action & keys.action != 0 && scanned.resource & resource != 0
                    })
                    .any(|scanned| matches(scanned.candidate))
            }
            Side::Filed(filed) => filed.any(deny, keys(), matches),
        }
    }
}

impl RequestKeys {
    /// W7: a Deny's wildcards may cross a `:`, so a signature of the resource says nothing then.
    fn resource_signature(&self, deny: bool) -> Signature {
        if deny && self.may_cross {
            Signature::MAX
        } else {
            self.resource
        }
    }
}

impl Filed {
    /// A statement goes where its most common key is the less common one.
    fn new(statements: Vec<(StatementKeys, Candidate)>, deny: bool) -> Filed {
        let mut counts: HashMap<u64, u32> = HashMap::new();
        for (keys, _) in &statements {
            for key in action_keys(keys).chain(resource_keys(keys).map(|(_, key)| key)) {
                *counts.entry(key).or_default() += 1;
            }
        }
        let commonest = |keys: &mut dyn Iterator<Item = u64>| {
            keys.map(|key| counts.get(&key).copied().unwrap_or(0)).max()
        };
        let (mut by_action, mut by_resource, mut crossing) = (Vec::new(), Vec::new(), Vec::new());
        let mut kinds = 0;
        for (keys, candidate) in &statements {
            let (candidate, resource) = (*candidate, keys.resource);
            let of_action = commonest(&mut action_keys(keys));
            let of_resource = commonest(&mut resource_keys(keys).map(|(_, key)| key));
            if of_action <= of_resource {
                by_action.extend(action_keys(keys).map(|key| {
                    (
                        key,
                        Entry {
                            other: resource,
                            candidate,
                        },
                    )
                }));
                continue;
            }
            let entry = Entry {
                other: keys.action,
                candidate,
            };
            for (kind, key) in resource_keys(keys) {
                kinds |= 1 << kind;
                by_resource.push((key, entry));
            }
            if deny && keys.may_cross {
                crossing.push(entry);
            }
        }
        Filed {
            by_action: Table::new(by_action, 0),
            by_resource: Table::new(by_resource, kinds),
            crossing: crossing.into(),
        }
    }

    fn any(
        &self,
        deny: bool,
        keys: &RequestKeys,
        mut matches: impl FnMut(Candidate) -> bool,
    ) -> bool {
        let resource = keys.resource_signature(deny);
        let mut fits = |entries: &[Entry], other: Signature| {
            entries
                .iter()
                .any(|entry| entry.other & other != 0 && matches(entry.candidate))
        };
        let by_action = keys.actions.into_iter().chain([ANY]);
        if by_action
            .into_iter()
            .any(|key| fits(self.by_action.get(key), resource))
        {
            return true;
        }
        if fits(self.by_resource.get(ANY), keys.action) {
            return true;
        }
        if let Some(resource) = &keys.resource_hashes {
            let mut kinds = self.by_resource.kinds;
            while kinds != 0 {
                let kind = kinds.trailing_zeros();
                kinds &= kinds - 1;
                let key = resource
                    .keys
                    .get(kind as usize)
                    .copied()
                    .unwrap_or_default();
                if fits(self.by_resource.get(key), keys.action) {
                    return true;
                }
            }
        }
        deny && keys.may_cross && fits(&self.crossing, keys.action)
    }
}

/// The keys to file a statement under by its actions: [`ANY`] where a pattern has none.
fn action_keys(keys: &StatementKeys) -> impl Iterator<Item = u64> {
    let any = keys.actions.is_empty().then_some(ANY);
    keys.actions.iter().copied().chain(any)
}

/// The same by its resources, with the kinds; the kind of [`ANY`] is looked up always.
fn resource_keys(keys: &StatementKeys) -> impl Iterator<Item = (u32, u64)> {
    let any = keys.resources.is_empty().then_some((31, ANY));
    keys.resources.iter().copied().chain(any)
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
        let mut filter = vec![0u64; (filed.len() / 4).next_power_of_two()];
        let mut ranges: HashMap<u64, (u32, u32), BuildHasherDefault<Hashed>> = HashMap::default();
        for ((key, _), at) in filed.iter().zip(0..) {
            let (_, end) = ranges.entry(*key).or_insert((at, at));
            *end = at + 1;
            let (word, bit) = filter_place(filter.len(), *key);
            if let Some(word) = filter.get_mut(word) {
                *word |= bit;
            }
        }
        Table {
            entries: filed.into_iter().map(|(_, entry)| entry).collect(),
            ranges,
            filter: filter.into(),
            kinds: kinds & 0xffff,
        }
    }

    fn get(&self, key: u64) -> &[Entry] {
        let (word, bit) = filter_place(self.filter.len(), key);
        if self.filter.get(word).is_none_or(|word| word & bit == 0) {
            return &[];
        }
        let (start, end) = self.ranges.get(&key).copied().unwrap_or_default();
        self.entries
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

/// Word and bit of a key in a filter of a power of two words.
fn filter_place(words: usize, key: u64) -> (usize, u64) {
    let key = mix(key, 0x66);
    (
        (key >> 32) as usize & words.wrapping_sub(1),
        1 << (key & 63),
    )
}

/// Keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
