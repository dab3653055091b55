//! Finds the statements that can match a request, without looking at the others.
//!
//! Every action pattern and every resource pattern has one *key*: the most telling part of it that can be found again in a request (a whole
//! action, `service:verb`, a service; a whole relative id, its type, a service; or nothing). A request has all keys that a pattern which
//! matches it can have: a handful. So a statement whose keys are none of the request's cannot match. What has one of them may match, and is
//! then compared in full: the index only ever leaves out, and must never leave out too much (`tests/differential.rs` compares
//! with looking at everything).
//!
//! A few statements are scanned, two 64-bit signatures each. Many are filed in tables under their rarer side, with a signature of the other.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::OnceLock;

use foldhash::fast::FixedState;
use memchr::memchr;

use crate::arn::Arn;
use crate::document::Effect;
use crate::policy::{CompiledStatement, Policy};
use crate::request::{ACTION_BYTES_MAX, Request};
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

/// A set of keys, one bit each: two sets that share a key share a bit.
type Signature = u64;

/// The bit, and the key, of patterns without a telling part; every request has it.
const ANY: u64 = 1;

/// One of the 63 upper bits.
fn bit(fingerprint: u64) -> Signature {
    2 << (((fingerprint.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) * 63) >> 32)
}

/// A cheap stand-in for a hash, good enough for a signature: eight bytes from the front, eight from the back, and the length. Letters lose
/// their case.
fn fingerprint(bytes: &[u8], salt: u64) -> u64 {
    let back = word(
        bytes
            .get(bytes.len().saturating_sub(8)..)
            .unwrap_or_default(),
    );
    word(bytes) ^ back.rotate_left(29) ^ (bytes.len() as u64).rotate_left(50) ^ salt.rotate_left(57)
}

/// The first eight bytes, letters without case.
fn word(bytes: &[u8]) -> u64 {
    let word = bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut eight = [0; 8];
        for (to, from) in eight.iter_mut().zip(bytes) {
            *to = *from;
        }
        eight
    });
    u64::from_le_bytes(word) | 0x2020_2020_2020_2020
}

/// The keys of tables: seeded anew in every process, so nobody can make requests or policies that collide.
fn hash(bytes: &[u8]) -> u64 {
    static SEED: OnceLock<FixedState> = OnceLock::new();
    let seed = || FixedState::with_seed(std::hash::RandomState::new().hash_one(0));
    SEED.get_or_init(seed).hash_one(bytes)
}

/// The same without the case of ASCII letters. Actions and service codes are short; of a longer text the beginning is telling enough.
fn hash_lower(bytes: &[u8]) -> u64 {
    let mut lower = [0; ACTION_BYTES_MAX];
    let bytes = bytes.get(..lower.len()).unwrap_or(bytes);
    let Some(lower) = lower.get_mut(..bytes.len()) else {
        return 0;
    };
    lower.copy_from_slice(bytes);
    lower.make_ascii_lowercase();
    hash(lower)
}

fn mix(a: u64, b: u64) -> u64 {
    (a.rotate_left(23) ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What of an action can be told again.
#[derive(Clone, Copy)]
enum ActionPart<'t> {
    Whole(&'t [u8]),
    /// `vpc:Desc`
    Verb(&'t [u8]),
    Service(&'t [u8]),
}

/// So many letters of the name make a verb.
const VERB_BYTES: usize = 4;

impl<'t> ActionPart<'t> {
    /// The most telling part of a pattern; `None` for one without any.
    fn of_pattern(pattern: &'t str) -> Option<ActionPart<'t>> {
        let literal = pattern
            .split(['*', '?'])
            .next()
            .unwrap_or_default()
            .as_bytes();
        if literal.len() == pattern.len() {
            return Some(ActionPart::Whole(literal));
        }
        let colon = memchr(b':', literal)?;
        match literal.get(..colon + 1 + VERB_BYTES) {
            Some(verb) => Some(ActionPart::Verb(verb)),
            None => literal.get(..colon).map(ActionPart::Service),
        }
    }

    /// All parts that a pattern can have which matches this action.
    fn of_request(action: &'t str) -> [Option<ActionPart<'t>>; 3] {
        let bytes = action.as_bytes();
        let colon = memchr(b':', bytes).unwrap_or_default();
        let verb = bytes.get(..colon + 1 + VERB_BYTES).map(ActionPart::Verb);
        [
            Some(ActionPart::Whole(bytes)),
            verb,
            bytes.get(..colon).map(ActionPart::Service),
        ]
    }

    fn bit(self) -> Signature {
        let (bytes, kind) = self.bytes_and_kind();
        bit(fingerprint(bytes, kind))
    }

    fn key(self) -> u64 {
        let (bytes, kind) = self.bytes_and_kind();
        mix(hash_lower(bytes), kind)
    }

    /// The number keeps equal texts of different kinds apart.
    fn bytes_and_kind(self) -> (&'t [u8], u64) {
        match self {
            ActionPart::Whole(bytes) => (bytes, 1),
            ActionPart::Verb(bytes) => (bytes, 2),
            ActionPart::Service(bytes) => (bytes, 3),
        }
    }
}

/// What of a relative id can be told again, the least telling first.
const NOTHING: usize = 0;
// One is the type, `physicalconnection/`, up to the first slash.
/// `physicalconnection/pc-abcde`: so many bytes behind the type too.
const BEYOND_TYPE: usize = 2;
const BEYOND_BYTES: usize = 8;
const WHOLE: usize = 3;

/// The parts of a relative id (or of the literal beginning of a pattern of them).
fn relative_parts(relative: &str) -> [Option<&[u8]>; 4] {
    let bytes = relative.as_bytes();
    let type_end = memchr(b'/', bytes).map(|slash| slash + 1);
    let beyond = type_end.and_then(|end| bytes.get(..end + BEYOND_BYTES));
    // In the order of the numbers above.
    [
        Some(&[]),
        type_end.and_then(|end| bytes.get(..end)),
        beyond,
        Some(bytes),
    ]
}

/// What of a resource is literal in a pattern: one of sixteen kinds, each with keys of its own.
#[derive(Clone, Copy)]
struct ResourceKind {
    region: bool,
    account: bool,
    relative: usize,
}

impl ResourceKind {
    const COUNT: usize = 16;

    fn number(self) -> usize {
        self.relative * 4 + usize::from(self.region) * 2 + usize::from(self.account)
    }

    fn of_number(number: usize) -> ResourceKind {
        ResourceKind {
            region: number & 2 != 0,
            account: number & 1 != 0,
            relative: number / 4,
        }
    }
}

/// The literal parts of an ARN, or of a pattern of ARNs.
#[derive(Clone, Copy)]
struct ResourceParts<'t> {
    service: &'t str,
    region: &'t str,
    account: &'t str,
    relative: [Option<&'t [u8]>; 4],
}

impl<'t> ResourceParts<'t> {
    /// The parts of a pattern and how telling they are; `None` for one without any.
    fn of_pattern(pattern: &'t ResourcePattern) -> Option<(ResourceKind, ResourceParts<'t>)> {
        let [prefix, service, region, account, relative] = pattern.fields()?;
        if !prefix.eq_ignore_ascii_case("acs") || has_wildcard(service) {
            return None; // A4, W7: the text as a whole may match anything.
        }
        // A3: an empty field of a pattern may stand for any.
        let literal = |field: &str| !field.is_empty() && !has_wildcard(field);
        let beginning = relative.split(['*', '?']).next().unwrap_or_default();
        let parts = relative_parts(beginning);
        let most_telling = if beginning.len() == relative.len() {
            WHOLE
        } else {
            BEYOND_TYPE
        };
        let relative = (NOTHING..=most_telling)
            .rev()
            .find(|kind| parts.get(*kind).is_some_and(Option::is_some))?;
        let kind = ResourceKind {
            region: literal(region),
            account: literal(account),
            relative,
        };
        Some((
            kind,
            ResourceParts {
                service,
                region,
                account,
                relative: parts,
            },
        ))
    }

    fn of_request(resource: &'t Arn<'_>) -> Option<ResourceParts<'t>> {
        let [_, service, region, account, relative] = resource.fields()?;
        Some(ResourceParts {
            service,
            region,
            account,
            relative: relative_parts(relative),
        })
    }

    /// Service and relative id only; region and account are seldom what tells statements apart.
    fn bit(&self, service: u64, relative: usize) -> Option<Signature> {
        let part = (*self.relative.get(relative)?)?;
        Some(bit(fingerprint(part, relative as u64) ^ service))
    }

    /// What [`ResourceParts::bit`] takes of the service.
    fn service_word(&self) -> u64 {
        word(self.service.as_bytes()).rotate_left(13)
    }

    fn hashes(&self) -> ResourceHashes {
        ResourceHashes {
            service: hash_lower(self.service.as_bytes()),
            region: hash(self.region.as_bytes()),
            account: hash(self.account.as_bytes()),
            relative: self.relative.map(|part| part.map(hash)),
        }
    }
}

/// What the keys of a resource are mixed from.
#[derive(Debug)]
struct ResourceHashes {
    service: u64,
    region: u64,
    account: u64,
    relative: [Option<u64>; 4],
}

impl ResourceHashes {
    fn key(&self, kind: ResourceKind) -> Option<u64> {
        let relative = (*self.relative.get(kind.relative)?)?;
        let region = if kind.region { self.region } else { 1 };
        let account = if kind.account { self.account } else { 1 };
        Some(mix(
            mix(mix(mix(self.service, relative), region), account),
            kind.number() as u64,
        ))
    }
}

/// All keys that a pattern can have which matches this request on this resource.
#[derive(Debug)]
pub(crate) struct RequestKeys<'r> {
    request: &'r Request<'r>,
    resource: &'r Arn<'r>,
    action_signature: Signature,
    resource_signature: Signature,
    /// W7: the relative id holds a `:`, so a wildcard of a Deny's region or account may stand for more than one field.
    may_cross: bool,
    /// For tables; hashed when the first is asked.
    hashes: OnceCell<RequestHashes>,
}

#[derive(Debug)]
struct RequestHashes {
    actions: [u64; 3],
    resource: Option<ResourceHashes>,
}

impl<'r> RequestKeys<'r> {
    pub(crate) fn new(request: &'r Request<'r>, resource: &'r Arn<'r>) -> RequestKeys<'r> {
        let mut action_signature = ANY;
        for part in ActionPart::of_request(request.action())
            .into_iter()
            .flatten()
        {
            action_signature |= part.bit();
        }
        let mut resource_signature = ANY;
        if let Some(parts) = ResourceParts::of_request(resource) {
            let service = parts.service_word();
            for kind in NOTHING..=WHOLE {
                resource_signature |= parts.bit(service, kind).unwrap_or_default();
            }
        }
        let may_cross = resource
            .relative_id()
            .is_some_and(|relative| memchr(b':', relative.as_bytes()).is_some());
        let hashes = OnceCell::new();
        RequestKeys {
            request,
            resource,
            action_signature,
            resource_signature,
            may_cross,
            hashes,
        }
    }

    /// W7: a Deny's wildcards may cross a `:`, so a signature of the resource says nothing then.
    fn resource_signature(&self, deny: bool) -> Signature {
        if deny && self.may_cross {
            Signature::MAX
        } else {
            self.resource_signature
        }
    }

    fn hashes(&self) -> &RequestHashes {
        self.hashes.get_or_init(|| RequestHashes {
            // A missing part gets the key that is looked up anyway.
            actions: ActionPart::of_request(self.request.action())
                .map(|part| part.map_or(ANY, ActionPart::key)),
            resource: ResourceParts::of_request(self.resource).map(|parts| parts.hashes()),
        })
    }
}

/// The keys of a statement's two sides: [`ANY`] where a pattern may match anything.
struct StatementKeys {
    candidate: Candidate,
    actions: Vec<u64>,
    /// With the number of their kind.
    resources: Vec<(usize, u64)>,
    action_signature: Signature,
    resource_signature: Signature,
    may_cross: bool,
}

impl StatementKeys {
    fn new(statement: &CompiledStatement, candidate: Candidate) -> StatementKeys {
        let mut keys = StatementKeys {
            candidate,
            actions: vec![ANY],
            resources: vec![(ResourceKind::COUNT, ANY)],
            action_signature: ANY,
            resource_signature: ANY,
            may_cross: false,
        };
        let actions = statement
            .listed_actions()
            .and_then(|patterns| patterns.map(ActionPart::of_pattern).collect());
        let actions: Option<Vec<ActionPart<'_>>> = actions;
        if let Some(parts) = actions {
            keys.action_signature = parts
                .iter()
                .fold(0, |signature, part| signature | part.bit());
            keys.actions = parts.into_iter().map(ActionPart::key).collect();
        }
        let patterns = statement.resource_tests();
        let resources =
            patterns.and_then(|patterns| patterns.iter().map(ResourceParts::of_pattern).collect());
        let resources: Option<Vec<(ResourceKind, ResourceParts<'_>)>> = resources;
        if let Some(parts) = resources {
            let bits = parts
                .iter()
                .filter_map(|(kind, parts)| parts.bit(parts.service_word(), kind.relative));
            keys.resource_signature = bits.fold(0, |signature, bit| signature | bit);
            keys.may_cross = parts.iter().any(|(kind, _)| !(kind.region && kind.account));
            let of_parts = |(kind, parts): &(ResourceKind, ResourceParts<'_>)| {
                Some((kind.number(), parts.hashes().key(*kind)?))
            };
            keys.resources = parts.iter().filter_map(of_parts).collect();
        }
        keys
    }
}

impl Index {
    pub(crate) fn new<'p>(policies: impl Iterator<Item = &'p Policy>) -> Index {
        let mut deny = Vec::new();
        let mut allow = Vec::new();
        for (policy, policy_number) in policies.zip(0..) {
            for (statement, number) in policy.statements.iter().zip(0..) {
                let side = if statement.effect == Effect::Deny {
                    &mut deny
                } else {
                    &mut allow
                };
                let candidate = Candidate {
                    policy: policy_number,
                    statement: number,
                };
                side.push(StatementKeys::new(statement, candidate));
            }
        }
        Index {
            deny: Side::new(&deny, true),
            allow: Side::new(&allow, false),
        }
    }

    /// Calls `matches` for the statements of an effect that may match, until it says yes; whether it did.
    pub(crate) fn any<'k>(
        &self,
        effect: Effect,
        keys: impl FnOnce() -> &'k RequestKeys<'k>,
        matches: impl FnMut(Candidate) -> bool,
    ) -> bool {
        match effect {
            Effect::Deny => self.deny.any(true, keys, matches),
            Effect::Allow => self.allow.any(false, keys, matches),
        }
    }
}

impl Side {
    fn new(statements: &[StatementKeys], deny: bool) -> Side {
        if statements.len() > SCAN_MAX {
            return Side::Filed(Box::new(Filed::new(statements, deny)));
        }
        let scanned = statements.iter().map(|keys| Scanned {
            action: keys.action_signature,
            resource: keys.resource_signature,
            candidate: keys.candidate,
        });
        Side::Scan(scanned.collect())
    }

    fn any<'k>(
        &self,
        deny: bool,
        keys: impl FnOnce() -> &'k RequestKeys<'k>,
        mut matches: impl FnMut(Candidate) -> bool,
    ) -> bool {
        match self {
            Side::Scan(scanned) if scanned.len() <= TINY => {
                scanned.iter().any(|scanned| matches(scanned.candidate))
            }
            Side::Scan(scanned) => {
                let keys = keys();
                let (action, resource) = (keys.action_signature, keys.resource_signature(deny));
                scanned
                    .iter()
                    .filter(|scanned| {
                        scanned.action & action != 0 && scanned.resource & resource != 0
                    })
                    .any(|scanned| matches(scanned.candidate))
            }
            Side::Filed(filed) => filed.any(deny, keys(), matches),
        }
    }
}

impl Filed {
    /// A statement goes where its commonest key is the less common one.
    fn new(statements: &[StatementKeys], deny: bool) -> Filed {
        let mut counts: HashMap<u64, u32, BuildHasherDefault<Hashed>> = HashMap::default();
        for keys in statements {
            for key in keys
                .actions
                .iter()
                .chain(keys.resources.iter().map(|(_, key)| key))
            {
                *counts.entry(*key).or_default() += 1;
            }
        }
        let count = |key: &u64| counts.get(key).copied().unwrap_or_default();
        let (mut by_action, mut by_resource, mut crossing) = (Vec::new(), Vec::new(), Vec::new());
        let mut kinds = 0u32;
        for keys in statements {
            let candidate = keys.candidate;
            let commonest_action = keys.actions.iter().map(count).max();
            let commonest_resource = keys.resources.iter().map(|(_, key)| count(key)).max();
            if commonest_action <= commonest_resource {
                let entry = Entry {
                    other: keys.resource_signature,
                    candidate,
                };
                by_action.extend(keys.actions.iter().map(|key| (*key, entry)));
                continue;
            }
            let entry = Entry {
                other: keys.action_signature,
                candidate,
            };
            for (kind, key) in &keys.resources {
                kinds |= 1 << kind;
                by_resource.push((*key, entry));
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
        keys: &RequestKeys<'_>,
        mut matches: impl FnMut(Candidate) -> bool,
    ) -> bool {
        let (action, resource) = (keys.action_signature, keys.resource_signature(deny));
        let hashes = keys.hashes();
        let mut fits = |entries: &[Entry], other: Signature| {
            entries
                .iter()
                .any(|entry| entry.other & other != 0 && matches(entry.candidate))
        };
        if hashes
            .actions
            .into_iter()
            .chain([ANY])
            .any(|key| fits(self.by_action.get(key), resource))
        {
            return true;
        }
        if fits(self.by_resource.get(ANY), action) {
            return true;
        }
        if let Some(of_resource) = &hashes.resource {
            let mut kinds = self.by_resource.kinds;
            while kinds != 0 {
                let kind = ResourceKind::of_number(kinds.trailing_zeros() as usize);
                kinds &= kinds - 1;
                if of_resource
                    .key(kind)
                    .is_some_and(|key| fits(self.by_resource.get(key), action))
                {
                    return true;
                }
            }
        }
        deny && keys.may_cross && fits(&self.crossing, action)
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
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
