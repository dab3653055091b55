//! The telling parts of patterns and requests, by which an index leaves out what cannot match.
//!
//! Every action pattern and every resource pattern has one *key*: the most telling part of it that can be found again in a request (a whole
//! action, `service:verb`, a service; a whole relative id, its type, a service; or nothing). A request has all keys that a pattern which
//! matches it can have: a handful. So a statement whose keys are none of the request's cannot match. What has one of them may match, and is
//! then compared in full: an index only ever leaves out, and must never leave out too much (`tests/differential.rs` compares
//! with looking at everything).
//!
//! A *signature* is a set of keys in 64 bits.

use std::hash::BuildHasher;
use std::sync::OnceLock;

use memchr::{memchr, memchr2};

use crate::arn::ArnParts;
use crate::document::Effect;
use crate::policy::CompiledStatement;
use crate::policy::packed::Flags;
use crate::request::Facts;
use crate::resource_pattern::ResourcePattern;

fn has_wildcard(text: &[u8]) -> bool {
    memchr2(b'*', b'?', text).is_some()
}

/// A set of keys, one bit each: two sets that share a key share a bit.
pub(crate) type Signature = u64;

/// The bit, and the key, of patterns without a telling part; every request has it.
pub(crate) const ANY: u64 = 1;

/// One of the 63 upper bits.
fn bit(fingerprint: u64) -> Signature {
    2 << (((fingerprint.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) * 63) >> 32)
}

/// A cheap stand-in for a hash, good enough for a signature: eight bytes from the front, eight from the back, and the length. Letters lose
/// their case.
fn fingerprint(bytes: &[u8], salt: u64) -> u64 {
    let (front, back) = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(front), Some(back)) => (u64::from_le_bytes(*front), u64::from_le_bytes(*back)),
        _ => (short_word(bytes), 0),
    };
    (front | SMALL)
        ^ (back | SMALL).rotate_left(29)
        ^ (bytes.len() as u64).rotate_left(50)
        ^ salt.rotate_left(57)
}

/// Sets the bit that tells a small letter from a capital one. It makes some other characters equal too, which only costs a comparison.
const SMALL: u64 = 0x2020_2020_2020_2020;

/// The first eight bytes, letters without case.
fn word(bytes: &[u8]) -> u64 {
    let word = bytes.first_chunk().map(|front| u64::from_le_bytes(*front));
    word.unwrap_or_else(|| short_word(bytes)) | SMALL
}

/// Fewer than eight bytes.
fn short_word(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(front), Some(back)) => {
            u64::from(u32::from_le_bytes(*front)) | u64::from(u32::from_le_bytes(*back)) << 32
        }
        _ => bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Makes the keys of tables: seeded anew in every process, so nobody can make requests or policies that collide. It folds the case of letters as it
/// goes, which spares a copy of each text; that it makes some other characters equal too only costs a comparison.
#[derive(Clone, Copy)]
struct Seeded([u64; 2]);

impl Seeded {
    fn get() -> Seeded {
        static SEED: OnceLock<Seeded> = OnceLock::new();
        *SEED.get_or_init(|| {
            let random = std::hash::RandomState::new();
            Seeded([random.hash_one(0), random.hash_one(1)])
        })
    }

    fn hash(self, bytes: &[u8]) -> u64 {
        let Seeded([first, second]) = self;
        let step = |state: u64, word: u64| {
            let product = u128::from(state ^ word ^ SMALL) * u128::from(second | SMALL);
            (product as u64) ^ (product >> 64) as u64
        };
        let (words, rest) = bytes.as_chunks();
        let state = words
            .iter()
            .map(|word| u64::from_le_bytes(*word) | SMALL)
            .fold(first ^ bytes.len() as u64, step);
        match bytes.last_chunk() {
            Some(_) if rest.is_empty() => state,
            Some(last) => step(state, u64::from_le_bytes(*last) | SMALL),
            None => step(state, short_word(bytes) | SMALL),
        }
    }
}

pub(super) fn mix(a: u64, b: u64) -> u64 {
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
        let literal = beginning(pattern.as_bytes());
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
    fn of_request(action: &'t [u8], colon: usize) -> [Option<ActionPart<'t>>; 3] {
        let verb = action.get(..colon + 1 + VERB_BYTES).map(ActionPart::Verb);
        [
            Some(ActionPart::Whole(action)),
            verb,
            action.get(..colon).map(ActionPart::Service),
        ]
    }

    fn bit(self) -> Signature {
        let (bytes, kind) = self.bytes_and_kind();
        bit(fingerprint(bytes, kind))
    }

    fn key(self, seeded: Seeded) -> u64 {
        let (bytes, kind) = self.bytes_and_kind();
        mix(seeded.hash(bytes), kind)
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

/// What stands before the first metacharacter of a pattern.
pub(super) fn beginning(pattern: &[u8]) -> &[u8] {
    let end = memchr2(b'*', b'?', pattern).unwrap_or(pattern.len());
    pattern.get(..end).unwrap_or_default()
}

/// What of a relative id can be told again, the least telling first.
const NOTHING: usize = 0;
// One is the type, `physicalconnection/`, up to the first slash.
/// `physicalconnection/pc-abcde`: so many bytes behind the type too.
const BEYOND_TYPE: usize = 2;
const BEYOND_BYTES: usize = 8;
const WHOLE: usize = 3;

/// The parts of a relative id (or of the literal beginning of a pattern of them), in the order of the numbers above.
fn relative_parts(relative: &[u8]) -> [Option<&[u8]>; 4] {
    let type_end = memchr(b'/', relative).map(|slash| slash + 1);
    let beyond = type_end.and_then(|end| relative.get(..end + BEYOND_BYTES));
    [
        Some(&[]),
        type_end.and_then(|end| relative.get(..end)),
        beyond,
        Some(relative),
    ]
}

/// What of a resource is literal in a pattern: one of sixteen kinds, each with keys of its own.
#[derive(Clone, Copy)]
pub(super) struct ResourceKind {
    region: bool,
    account: bool,
    relative: usize,
}

impl ResourceKind {
    pub(super) const COUNT: usize = 16;

    fn number(self) -> usize {
        self.relative * 4 + usize::from(self.region) * 2 + usize::from(self.account)
    }
}

/// The literal parts of an ARN, or of a pattern of ARNs.
#[derive(Clone, Copy)]
struct ResourceParts<'t> {
    service: &'t [u8],
    region: &'t [u8],
    account: &'t [u8],
    relative: [Option<&'t [u8]>; 4],
}

impl<'t> ResourceParts<'t> {
    /// The parts of a pattern and how telling they are; `None` for one without any.
    fn of_pattern(pattern: &ResourcePattern<'t>) -> Option<(ResourceKind, ResourceParts<'t>)> {
        let [service, region, account, relative] = pattern.parts()?;
        if has_wildcard(service) {
            return None; // A4, W7: the text as a whole may match anything.
        }
        // A3: an empty field of a pattern may stand for any.
        let literal = |field: &[u8]| !field.is_empty() && !has_wildcard(field);
        let beginning = beginning(relative);
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
        let parts = ResourceParts {
            service,
            region,
            account,
            relative: parts,
        };
        Some((kind, parts))
    }

    fn of_request(resource: &ArnParts<'t>) -> ResourceParts<'t> {
        ResourceParts {
            service: resource.service,
            region: resource.region,
            account: resource.account,
            relative: relative_parts(resource.relative),
        }
    }

    /// Service and relative id only; region and account are seldom what tells statements apart.
    fn bit(&self, service: u64, relative: usize) -> Option<Signature> {
        let part = (*self.relative.get(relative)?)?;
        Some(bit(fingerprint(part, relative as u64) ^ service))
    }

    /// The bits of all parts.
    fn bits(&self) -> Signature {
        let service = self.service_word();
        let bits = (NOTHING..=WHOLE).filter_map(|kind| self.bit(service, kind));
        bits.fold(ANY, |all, bit| all | bit)
    }

    /// What [`ResourceParts::bit`] takes of the service.
    fn service_word(&self) -> u64 {
        word(self.service).rotate_left(13)
    }

    fn hashes(&self, seeded: Seeded) -> ResourceHashes {
        let [_, of_type, beyond, whole] = self.relative;
        let hash = |part: Option<&[u8]>| part.map(|part| seeded.hash(part));
        ResourceHashes {
            service: seeded.hash(self.service),
            region: seeded.hash(self.region),
            account: seeded.hash(self.account),
            relative: [Some(0), hash(of_type), hash(beyond), hash(whole)],
        }
    }
}

/// What the keys of a resource are mixed from.
#[derive(Debug)]
pub(super) struct ResourceHashes {
    service: u64,
    region: u64,
    account: u64,
    relative: [Option<u64>; 4],
}

impl ResourceHashes {
    fn key(&self, kind: ResourceKind) -> Option<u64> {
        let relative = (*self.relative.get(kind.relative)?)?;
        Some(self.key_in_place(mix(self.service, relative), kind))
    }

    fn key_in_place(&self, of_relative: u64, kind: ResourceKind) -> u64 {
        let region = if kind.region { self.region } else { 1 };
        let account = if kind.account { self.account } else { 1 };
        let place = mix(mix(of_relative, region), account);
        mix(place, kind.number() as u64)
    }

    /// Calls `visit` with the keys of these kinds (one bit each), until it says yes; whether it did.
    pub(super) fn any(&self, kinds: u32, mut visit: impl FnMut(u64) -> bool) -> bool {
        self.relative.iter().enumerate().any(|(relative, hash)| {
            let of_this = kinds >> (4 * relative) & 0b1111;
            let Some(hash) = hash.filter(|_| of_this != 0) else {
                return false;
            };
            let of_relative = mix(self.service, hash);
            let places = [(false, false), (false, true), (true, false), (true, true)];
            places
                .into_iter()
                .enumerate()
                .any(|(number, (region, account))| {
                    let kind = ResourceKind {
                        region,
                        account,
                        relative,
                    };
                    of_this & 1 << number != 0 && visit(self.key_in_place(of_relative, kind))
                })
        })
    }
}

/// The keys of a request on one resource as signatures: all keys that a pattern can have which matches it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestSignature {
    pub(super) action: Signature,
    resource: Signature,
    may_cross: bool,
}

impl RequestSignature {
    pub(crate) fn of(facts: &Facts<'_>) -> RequestSignature {
        let request = facts.request;
        let parts = ActionPart::of_request(request.action().as_bytes(), request.action_colon());
        let action = parts
            .into_iter()
            .flatten()
            .fold(ANY, |all, part| all | part.bit());
        let resource = facts.parts.as_ref().map(ResourceParts::of_request);
        RequestSignature {
            action,
            resource: resource.map_or(ANY, |parts| parts.bits()),
            may_cross: may_cross(facts),
        }
    }

    /// Where a Deny's wildcards may cross a `:` (W7), a signature of the resource says nothing.
    pub(super) fn resource(&self, effect: Effect) -> Signature {
        if effect == Effect::Deny && self.may_cross {
            Signature::MAX
        } else {
            self.resource
        }
    }
}

/// W7: the relative id holds a `:`.
pub(super) fn may_cross(facts: &Facts<'_>) -> bool {
    facts.parts.is_some_and(|parts| parts.more_colons)
}

/// The same keys hashed, for tables.
#[derive(Debug)]
pub(crate) struct RequestKeys {
    pub(super) actions: [u64; 3],
    pub(super) resource: Option<ResourceHashes>,
}

impl RequestKeys {
    pub(crate) fn of(facts: &Facts<'_>) -> RequestKeys {
        let request = facts.request;
        let seeded = Seeded::get();
        let action = request.action().as_bytes();
        let resource = facts.parts.as_ref().map(ResourceParts::of_request);
        RequestKeys {
            // A missing part gets the key that is looked up anyway.
            actions: ActionPart::of_request(action, request.action_colon())
                .map(|part| part.map_or(ANY, |part| part.key(seeded))),
            resource: resource.map(|parts| parts.hashes(seeded)),
        }
    }
}

/// The signatures of a statement's two sides.
pub(super) fn signatures(statement: &CompiledStatement<'_>) -> (Signature, Signature) {
    let (mut action, mut resource) = (0, 0);
    let all_told = each_action_part(statement, |part| action |= part.bit());
    let action = if all_told { action } else { ANY };
    let all_told = each_resource_part(statement, |kind, parts| {
        let bit = parts.bit(parts.service_word(), kind.relative);
        resource |= bit.unwrap_or(ANY);
    });
    let resource = if all_told { resource } else { ANY };
    (action, resource)
}

/// The keys of a statement's two sides: [`ANY`] where a pattern may match anything.
pub(super) struct StatementKeys {
    pub(super) actions: Vec<u64>,
    /// With the number of their kind.
    pub(super) resources: Vec<(usize, u64)>,
    /// Whether region or account of a pattern is a wildcard.
    pub(super) may_cross: bool,
}

impl StatementKeys {
    pub(super) fn new(statement: &CompiledStatement<'_>) -> StatementKeys {
        let seeded = Seeded::get();
        let (mut actions, mut resources) = (Vec::new(), Vec::new());
        let mut may_cross = false;
        if !each_action_part(statement, |part| actions.push(part.key(seeded))) {
            actions = vec![ANY];
        }
        let all_told = each_resource_part(statement, |kind, parts| {
            may_cross |= !(kind.region && kind.account);
            let key = parts.hashes(seeded).key(kind);
            resources.push(key.map_or(ANY_RESOURCE, |key| (kind.number(), key)));
        });
        if !all_told {
            resources = vec![ANY_RESOURCE];
        }
        StatementKeys {
            actions,
            resources,
            may_cross,
        }
    }
}

/// The key of a resource pattern without a telling part, with a number of its own.
const ANY_RESOURCE: (usize, u64) = (ResourceKind::COUNT, ANY);

/// Calls `each` with the telling part of every action pattern; whether all have one.
fn each_action_part(
    statement: &CompiledStatement<'_>,
    mut each: impl FnMut(ActionPart<'_>),
) -> bool {
    let flags = statement.flags();
    let lists = !flags.has(Flags::NOT_ACTION) && !flags.has(Flags::TRUST);
    let mut patterns = statement.action_patterns();
    lists && patterns.all(|pattern| ActionPart::of_pattern(pattern).map(&mut each).is_some())
}

/// The same for resource patterns.
fn each_resource_part(
    statement: &CompiledStatement<'_>,
    mut each: impl FnMut(ResourceKind, ResourceParts<'_>),
) -> bool {
    let mut patterns = statement.resources();
    !statement.flags().has(Flags::NO_RESOURCE)
        && patterns.all(|pattern| {
            let parts = ResourceParts::of_pattern(&pattern);
            parts.map(|(kind, parts)| each(kind, parts)).is_some()
        })
}
