//! The reference interpreter: decides a case slowly and plainly, to judge the engine by.
//!
//! Written straight from SEMANTICS.md (the rule ids are those there); it shares no code with the
//! engine. Documents and requests are taken as valid.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a plain model for tests: no public interface, and every index is checked beside it"
)]

use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;

type Doubts = BTreeSet<String>;

const ALLOW: &str = "Allow";
const EXPLICIT: &str = "ExplicitDeny";
const IMPLICIT: &str = "ImplicitDeny";

/// What the interpreter says of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub decision: &'static str,
    pub stage: &'static str,
    /// The rule ids on which the answer hangs.
    pub doubts: Doubts,
}

impl Answer {
    fn doubt_if(mut self, doubtful: bool, rule: &str) -> Answer {
        self.doubts.extend(doubtful.then(|| rule.to_string()));
        self
    }
}

fn answer(decision: &'static str, stage: &'static str, doubts: Doubts) -> Answer {
    Answer {
        decision,
        stage,
        doubts,
    }
}

// Three values and their doubts ("What an answer hangs on") ---------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    Yes,
    No,
    CannotTell,
}

/// A value and the open rules that could turn it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match(pub Truth, pub Doubts);

impl Match {
    fn doubt_if(mut self, doubtful: bool, rule: &str) -> Match {
        self.1.extend(doubtful.then(|| rule.to_string()));
        self
    }
}

fn is(holds: bool) -> Match {
    let truth = if holds { Truth::Yes } else { Truth::No };
    Match(truth, Doubts::new())
}

fn cannot_tell(rule: &str) -> Match {
    Match(Truth::CannotTell, [rule.to_string()].into())
}

/// `rule` leaves open whether it fits where `may_fit`.
fn open_if(may_fit: bool, rule: &str) -> Match {
    if may_fit {
        cannot_tell(rule)
    } else {
        is(false)
    }
}

/// The doubts of those matches whose truth is one of `truths`.
fn doubts_of(matches: &[Match], truths: &[Truth]) -> Doubts {
    let counted = matches.iter().filter(|m| truths.contains(&m.0));
    counted.flat_map(|m| m.1.clone()).collect()
}

const ANY_TRUTH: [Truth; 3] = [Truth::Yes, Truth::No, Truth::CannotTell];

/// *And* (where `strong` is no) and *or* (where it is yes).
fn combine(operands: impl IntoIterator<Item = Match>, strong: Truth, weak: Truth) -> Match {
    let operands: Vec<Match> = operands.into_iter().collect();
    let sure = Match(strong, Doubts::new());
    let found = |truth| operands.iter().any(|m| m.0 == truth);
    if operands.contains(&sure) {
        sure
    } else if found(strong) {
        Match(strong, doubts_of(&operands, &[strong]))
    } else {
        let cannot_tell = found(Truth::CannotTell);
        let truth = if cannot_tell { Truth::CannotTell } else { weak };
        Match(truth, doubts_of(&operands, &ANY_TRUTH))
    }
}

fn and(operands: impl IntoIterator<Item = Match>) -> Match {
    combine(operands, Truth::No, Truth::Yes)
}

fn or(operands: impl IntoIterator<Item = Match>) -> Match {
    combine(operands, Truth::Yes, Truth::No)
}

fn not(m: Match) -> Match {
    match m.0 {
        Truth::Yes => Match(Truth::No, m.1),
        Truth::No => Match(Truth::Yes, m.1),
        Truth::CannotTell => m,
    }
}

// Wildcards and resources -------------------------------------------------------------------------

/// W1: `*` is any run of characters, `?` is exactly one.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    wildcard_loose(pattern, text, 0)
}

/// W1, where the first `loose` characters of the text compare without case (ASCII).
fn wildcard_loose(pattern: &str, text: &str, loose: usize) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // fits[i][j]: the first i characters of the pattern fit the first j of the text.
    let mut fits = vec![vec![false; text.len() + 1]; pattern.len() + 1];
    fits[0][0] = true;
    for i in 1..=pattern.len() {
        let p = pattern[i - 1];
        for j in 0..=text.len() {
            if p == '*' {
                fits[i][j] = fits[i - 1][j] || (j > 0 && fits[i][j - 1]);
            } else if j > 0 {
                let t = text[j - 1];
                let p = if p == PLAIN_STAR { '*' } else { p };
                let same = (p == PLAIN_MARK && t == '?')
                    || pattern[i - 1] == '?'
                    || p == t
                    || (j <= loose && p.eq_ignore_ascii_case(&t));
                fits[i][j] = same && fits[i - 1][j - 1];
            }
        }
    }
    fits[pattern.len()][text.len()]
}

/// In a pattern that is read in another way: a `*` and a `?` that are ordinary characters.
const PLAIN_STAR: char = '\u{e000}';
const PLAIN_MARK: char = '\u{e001}';

/// Every `*` and `?` an ordinary character.
fn plain(pattern: &str) -> String {
    pattern
        .replace('*', &PLAIN_STAR.to_string())
        .replace('?', &PLAIN_MARK.to_string())
}

fn unplain(pattern: &str) -> String {
    pattern.replace(PLAIN_STAR, "*").replace(PLAIN_MARK, "?")
}

/// W8: `\*` and `\?` as the character behind the backslash.
fn with_escapes(pattern: &str) -> String {
    pattern
        .replace("\\*", &PLAIN_STAR.to_string())
        .replace("\\?", &PLAIN_MARK.to_string())
}

/// V1: `${…}` as any text.
fn with_variables(pattern: &str) -> String {
    let Some((before, rest)) = pattern.split_once("${") else {
        return pattern.to_string();
    };
    match rest.split_once('}') {
        Some((_, after)) => format!("{before}*{}", with_variables(after)),
        None => pattern.to_string(),
    }
}

/// V1, W8: the answer of a pattern, with the doubts of the readings that could turn it.
fn other_readings(pattern: &str, wildcards: bool, read: impl Fn(&str) -> Match) -> Match {
    let own = if wildcards {
        pattern.to_string()
    } else {
        plain(pattern)
    };
    let (found, variables, escapes) = (read(&own), with_variables(&own), with_escapes(&own));
    let truth = found.0;
    let varies = variables != own && (truth != Truth::No || read(&variables).0 != Truth::No);
    let escaped = escapes != own && read(&escapes).0 != truth;
    found.doubt_if(varies, "V1").doubt_if(escaped, "W8")
}

fn only_stars(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '*')
}

/// W7, W9, A3, A4, G18: a resource pattern of a policy against a resource of a request.
pub fn resource_matches(pattern: &str, resource: &str) -> Match {
    other_readings(pattern, true, |pattern| reads_as(pattern, resource))
}

fn reads_as(pattern: &str, resource: &str) -> Match {
    if pattern == "*" {
        return is(true); // W9
    }
    let fields: Vec<&str> = pattern.splitn(5, ':').collect();
    if resource == "*" {
        // E20, W9: a request without a resource.
        let first = fields[0].eq_ignore_ascii_case("acs") || only_stars(fields[0]);
        if fields.len() == 5 && first && fields[1..].iter().all(|field| only_stars(field)) {
            return cannot_tell("W9");
        }
        return open_if(wildcard(pattern, "*"), "W7");
    }
    let asked: Vec<&str> = resource.splitn(5, ':').collect();
    if fields.len() == 5 && asked.len() == 5 {
        let segments = segments_match(&fields, &asked);
        if segments.0 != Truth::No {
            return segments;
        }
    }
    // W7, A4: does the text as a whole match, up to the second colon without case?
    let loose = asked[0].chars().count() + 1 + asked.get(1).map_or(0, |s| s.chars().count());
    let whole = open_if(wildcard_loose(pattern, resource, loose), "W7");
    let malformed = fields.len() < 5 || fields[0] != "acs";
    let doubtful = malformed && whole.0 != Truth::No;
    whole.doubt_if(doubtful, "A4")
}

fn segments_match(pattern: &[&str], asked: &[&str]) -> Match {
    let prefix = if pattern[0] == "acs" {
        is(true)
    } else if pattern[0].eq_ignore_ascii_case("acs") {
        cannot_tell("G18")
    } else {
        open_if(wildcard(pattern[0], asked[0]), "A4")
    };
    let loose = asked[1].chars().count();
    let service = if wildcard(pattern[1], asked[1]) {
        is(true)
    } else {
        open_if(wildcard_loose(pattern[1], asked[1], loose), "G18")
    };
    let place = |field: usize| match (pattern[field], asked[field]) {
        ("", "") => is(true),
        ("", _) => cannot_tell("A3"),
        (pattern, text) => is(wildcard(pattern, text)),
    };
    let id = is(wildcard(pattern[4], asked[4]));
    and([prefix, service, place(2), place(3), id])
}

// Comparisons -------------------------------------------------------------------------------------

/// O5: simple case folding of one character.
fn fold(c: char) -> char {
    let single = |mapped: Vec<char>, c| if mapped.len() == 1 { mapped[0] } else { c };
    let upper = single(c.to_uppercase().collect(), c);
    match c {
        '\u{130}' | '\u{131}' => c,
        _ => single(upper.to_lowercase().collect(), upper),
    }
}

fn loosely_equal(a: &str, b: &str) -> Match {
    let equal = a.chars().map(fold).eq(b.chars().map(fold));
    is(equal).doubt_if(equal && !a.eq_ignore_ascii_case(b), "O5")
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// O7: `[+-]?digits[.digits]` as (negative, whole digits, fraction digits), without idle zeros.
fn number(text: &str) -> Option<(bool, &str, &str)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let zero = whole.is_empty() && fraction.is_empty();
    Some((text.starts_with('-') && !zero, whole, fraction))
}

fn compare_numbers(a: &str, b: &str) -> Option<Ordering> {
    let ((a_minus, a, a_rest), (b_minus, b, b_rest)) = (number(a)?, number(b)?);
    let size = (a.len(), a, a_rest).cmp(&(b.len(), b, b_rest));
    Some(match (a_minus, b_minus) {
        (false, false) => size,
        (true, true) => size.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

/// `width` digits with a value of at most `most`.
fn figure(text: &str, width: usize, most: i64) -> Option<i64> {
    let value = text.parse::<i64>().ok()?;
    (text.len() == width && digits(text) && value <= most).then_some(value)
}

/// O8, O9: `YYYY-MM-DDTHH:MM:SS[.fraction](Z|+hh:mm|-hh:mm)` as seconds and fraction digits.
fn instant(text: &str) -> Option<(i64, &str)> {
    let (date, time) = text.split_once('T')?;
    let (clock, zone) = time.split_at(time.find(['Z', '+', '-'])?);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    if date.len() != 10 || clock.len() != 8 || !digits(fraction) {
        return None;
    }
    let fields = date.split('-').chain(clock.split(':'));
    let limits = [(4, 9999), (2, 12), (2, 31), (2, 23), (2, 59), (2, 59)].iter();
    let fields = fields
        .zip(limits)
        .map(|(text, (width, most))| figure(text, *width, *most));
    let fields: Option<Vec<i64>> = fields.collect();
    let [year, month, day, hour, minute, second] = fields?[..] else {
        return None;
    };
    let leap = |year: i64| i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let months = [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if month < 1 || day < 1 || day > months[month as usize - 1] {
        return None;
    }
    let years: i64 = (0..year).map(|year| 365 + leap(year)).sum();
    let days = years + months[..month as usize - 1].iter().sum::<i64>() + day - 1;
    let local = days * 86400 + hour * 3600 + minute * 60 + second;
    let fraction = fraction.trim_end_matches('0');
    if zone == "Z" {
        return Some((local, fraction));
    }
    let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
    let offset = figure(hours, 2, 23)? * 3600 + figure(minutes, 2, 59)? * 60;
    let sign = if zone.starts_with('+') { 1 } else { -1 };
    Some((local - sign * offset, fraction))
}

fn compare_dates(a: &str, b: &str) -> Option<Ordering> {
    Some(instant(a)?.cmp(&instant(b)?))
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(a.to_bits()),
        IpAddr::V6(a) => a.to_bits(),
    }
}

/// O12, O14: an address against `address` or `address/length`.
fn in_block(address: IpAddr, block: &str, with_border: bool) -> Match {
    let (base, length) = block.split_once('/').unwrap_or((block, "128"));
    let (Ok(base), Ok(length)) = (IpAddr::from_str(base), length.parse::<u32>()) else {
        return is(false);
    };
    let width: u32 = if base.is_ipv4() { 32 } else { 128 };
    let host_bits = width.saturating_sub(length);
    let host_mask = 1u128.checked_shl(host_bits).unwrap_or(0).wrapping_sub(1);
    let (given, first) = (bits(address), bits(base) & !host_mask);
    if base.is_ipv4() != address.is_ipv4() || given & !host_mask != first {
        return is(false);
    }
    let border = host_bits > 1 && (given == first || given == first | host_mask);
    is(true).doubt_if(border && !with_border, "O14")
}

/// O13: `10.*.*.7`, for OSS and VOD.
fn in_octets(address: IpAddr, pattern: &str) -> bool {
    let text = address.to_string();
    let mut octets = text.split('.').zip(pattern.split('.'));
    address.is_ipv4() && octets.all(|(octet, listed)| listed == "*" || listed == octet)
}

// Units -------------------------------------------------------------------------------------------

/// E1: the policies of one stage, with what their Denies and their Allows hang on.
struct Unit {
    decision: &'static str,
    deny: Doubts,
    allow: Doubts,
}

impl Unit {
    fn of(denies: &[Match], allows: &[Match]) -> Unit {
        let decision = if denies.iter().any(|m| m.0 != Truth::No) {
            EXPLICIT
        } else if allows.iter().any(|m| m.0 == Truth::Yes) {
            ALLOW
        } else {
            IMPLICIT
        };
        Unit {
            decision,
            deny: side(denies, &[Truth::Yes, Truth::CannotTell]),
            allow: side(allows, &[Truth::Yes]),
        }
    }

    fn both(&self) -> Doubts {
        &self.deny | &self.allow
    }

    /// The answer where this unit alone decides.
    fn alone(&self, stage: &'static str) -> Answer {
        let doubts = if self.decision == EXPLICIT {
            self.deny.clone()
        } else {
            self.both()
        };
        answer(self.decision, stage, doubts)
    }
}

/// The doubts of one side of a unit, whose statements match with one of `matching`.
fn side(statements: &[Match], matching: &[Truth]) -> Doubts {
    if statements.contains(&is(true)) {
        Doubts::new()
    } else if statements.iter().any(|m| matching.contains(&m.0)) {
        doubts_of(statements, matching)
    } else {
        doubts_of(statements, &ANY_TRUTH)
    }
}

/// The identity policies: the units that were consulted, account scope first, and whether an
/// account-scope Allow ended the search before a Deny at group scope that matches (E7).
struct Identity(Vec<Unit>, bool);

impl Identity {
    fn allows(&self) -> bool {
        self.0.iter().any(|unit| unit.decision == ALLOW)
    }

    fn both(&self) -> Doubts {
        self.0.iter().flat_map(Unit::both).collect()
    }

    fn stage(&self) -> &'static str {
        ["identity", "resource_group"][self.0.len() - 1]
    }

    fn explicit_deny(&self) -> Option<Answer> {
        let last = self.0.last().filter(|unit| unit.decision == EXPLICIT)?;
        let account = self
            .0
            .iter()
            .rev()
            .skip(1)
            .flat_map(|unit| unit.allow.clone());
        let doubts = last.deny.iter().cloned().chain(account).collect();
        Some(answer(EXPLICIT, self.stage(), doubts))
    }
}

// Documents and requests --------------------------------------------------------------------------

/// G16: one value stands for a list of one; scalars as their text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => vec![],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// A member of `policies`: one document or a list, each an object, text, or wrapped with a name.
fn documents(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![],
        Value::Array(list) => list.iter().flat_map(documents).collect(),
        Value::String(text) => documents(&serde_json::from_str(text).unwrap_or(Value::Null)),
        Value::Object(wrapped) if wrapped.contains_key("document") => documents(&value["document"]),
        other => vec![other.clone()],
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    User,
    /// A role, or a session of it.
    Role,
    /// The account itself.
    Root,
    Service,
    Federated,
    Anonymous,
    /// The principal was left out: some user of the resource's account.
    Unnamed,
}

/// Who asks: the account of a user, role or the account itself; the name (of a service, federated
/// provider too).
struct Caller {
    who: Who,
    account: Option<String>,
    name: String,
    session: Option<String>,
}

fn caller(principal: &Value) -> Caller {
    let text = principal.as_str().unwrap_or("");
    let arn = text
        .strip_prefix("acs:ram::")
        .and_then(|rest| rest.split_once(':'));
    let account = arn.map(|(account, _)| account.to_string());
    let id = arn.map_or(text, |(_, id)| id);
    let (who, name) = if principal.is_null() {
        (Who::Unnamed, "")
    } else if let Some(service) = text.strip_prefix("Service:") {
        (Who::Service, service)
    } else if let Some(provider) = text.strip_prefix("Federated:") {
        (Who::Federated, provider)
    } else if let Some(name) = id.strip_prefix("user/") {
        (Who::User, name)
    } else if let Some(name) = id
        .strip_prefix("role/")
        .or(id.strip_prefix("assumed-role/"))
    {
        (Who::Role, name)
    } else {
        (
            if account.is_some() {
                Who::Root
            } else {
                Who::Anonymous
            },
            "",
        )
    };
    let (name, session) = match name.split_once('/') {
        Some((name, session)) if who == Who::Role => (name, Some(session.to_string())),
        _ => (name, None),
    };
    Caller {
        who,
        account,
        name: name.to_string(),
        session,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Identity, session and control policies: no principal.
    Plain,
    Trust,
    Resource,
    Endpoint,
}

/// One action on one resource.
struct Call<'a> {
    request: &'a Value,
    caller: Caller,
    action: String,
    resource: String,
    /// A6: the request names several resources.
    several: bool,
    /// The account that owns the resource.
    owner: Option<String>,
    /// The service whose combination rule applies, in lower case.
    service: String,
    /// T23: the caller's identity policies allow.
    identity_allows: bool,
}

/// `case` is a case with inline `policies` (not `account`) and a `request`, all valid documents.
pub fn decide(case: &Value) -> Answer {
    let request = &case["request"];
    if request["action"]
        .as_str()
        .is_some_and(|a| a.eq_ignore_ascii_case("sts:GetCallerIdentity"))
    {
        return answer(ALLOW, "identity", Doubts::new()); // E23
    }
    let mut resources = texts(&request["resource"]);
    if resources.is_empty() {
        resources.push("*".to_string()); // E20
    }
    let several = resources.len() > 1;
    let calls = resources
        .iter()
        .map(|resource| Call::new(request, resource, several));
    let answers: Vec<Answer> = calls.map(|call| call.decide(&case["policies"])).collect();
    // A6: the worst, the first of equals.
    for worst in [EXPLICIT, IMPLICIT] {
        if let Some(found) = answers.iter().find(|answer| answer.decision == worst) {
            return found.clone();
        }
    }
    let doubts = answers
        .iter()
        .flat_map(|answer| answer.doubts.clone())
        .collect();
    answer(ALLOW, answers[0].stage, doubts)
}

impl<'a> Call<'a> {
    fn new(request: &'a Value, resource: &str, several: bool) -> Call<'a> {
        let action = request["action"].as_str().unwrap_or("").to_string();
        let mut caller = caller(&request["principal"]);
        let fields: Vec<&str> = resource.splitn(5, ':').collect();
        let named = fields.get(3).filter(|account| !["", "*"].contains(account));
        let named = named.map(|account| account.to_string());
        let stated = texts(&request["resource_owner"]).first().cloned();
        let owner = named.or(stated).or(caller.account.clone());
        if caller.who == Who::Unnamed {
            caller.account = owner.clone();
        }
        let of_action = action.split(':').next().unwrap_or("");
        let service = if fields.len() == 5 {
            fields[1]
        } else {
            of_action
        }
        .to_ascii_lowercase();
        let (resource, identity_allows) = (resource.to_string(), false);
        Call {
            request,
            caller,
            action,
            resource,
            several,
            owner,
            service,
            identity_allows,
        }
    }

    /// Callers that have identity policies.
    fn is_user_or_role(&self) -> bool {
        [Who::User, Who::Role, Who::Unnamed].contains(&self.caller.who)
    }

    fn same_account(&self) -> bool {
        let has_account = self.is_user_or_role() || self.caller.who == Who::Root;
        has_account && self.caller.account == self.owner
    }

    /// K7: the ARN of the user or of the role.
    fn principal_arn(&self) -> Option<String> {
        let account = self.caller.account.as_deref().unwrap_or("");
        match self.caller.who {
            Who::User => Some(format!("acs:ram::{account}:user/{}", self.caller.name)),
            Who::Role => Some(format!("acs:ram::{account}:role/{}", self.caller.name)),
            _ => None,
        }
    }

    fn action_service(&self) -> String {
        self.action
            .split(':')
            .next()
            .unwrap_or("")
            .to_ascii_lowercase()
    }

    fn assumes_role(&self) -> bool {
        let action = self.action.to_ascii_lowercase();
        let name = action.strip_prefix("sts:assumerole");
        name.is_some_and(|rest| ["", "withsaml", "withoidc"].contains(&rest))
    }

    // The stages ----------------------------------------------------------------------------------

    fn decide(mut self, policies: &Value) -> Answer {
        let mut gates = Doubts::new(); // both sides of every gate that was passed
        // E4, X1, X4: control policies, from the account up to the root; not for the account itself.
        let levels = policies["control"]
            .as_array()
            .filter(|_| self.caller.who != Who::Root);
        for level in levels.into_iter().flatten().rev() {
            let unit = self.unit(level, Kind::Plain);
            if unit.decision != ALLOW {
                return unit.alone("control");
            }
            gates.extend(unit.both());
        }
        // E5: the session policy, of a role session.
        let session = [&policies["session"], &self.request["session_policy"]];
        let session = session.into_iter().find(|policy| !policy.is_null());
        if let Some(policy) = session.filter(|_| self.caller.who == Who::Role) {
            let unit = self.unit(policy, Kind::Plain);
            if unit.decision != ALLOW {
                return unit.alone("session");
            }
            gates.extend(unit.both());
        }
        // E6: identity policies, and the policy on the resource.
        let identity = self.identity(policies);
        self.identity_allows = identity.as_ref().is_some_and(Identity::allows);
        let mut result = if self.assumes_role() {
            self.assume(identity, &self.unit(&policies["trust"], Kind::Trust))
        } else {
            self.combine(identity, &self.unit(&policies["resource"], Kind::Resource))
        };
        // E15: the endpoint policy, a gate; its Deny denies whatever the others lack.
        if !policies["endpoint"].is_null() {
            let unit = self.unit(&policies["endpoint"], Kind::Endpoint);
            let explicit = unit.decision == EXPLICIT && result.decision != EXPLICIT;
            if explicit || (unit.decision == IMPLICIT && result.decision == ALLOW) {
                return unit.alone("endpoint");
            }
            gates.extend(unit.both());
        }
        if result.decision == ALLOW {
            result.doubts.extend(gates);
        }
        result
    }

    /// E7, E18, E19, T18, T19: what the identity policies say; none for callers who have none.
    fn identity(&self, policies: &Value) -> Option<Identity> {
        if self.caller.who == Who::Root {
            // E18, E10: the account itself has no policies; it may do all of its own but assume roles.
            let own = self.same_account() && !self.assumes_role();
            return Some(Identity(vec![Unit::of(&[], &[is(own)])], false));
        }
        if !self.is_user_or_role() {
            return None;
        }
        let account = self.unit(&policies["identity"], Kind::Plain);
        // T18, T19: the policies of the resource's group; where it is not named, or several resources have one name, none is sure.
        let attached = &policies["resource_group"];
        let group = self.request["resource_group"].as_str();
        let attached = match (attached, group) {
            (Value::Object(groups), Some(group)) => {
                documents(groups.get(group).unwrap_or(&Value::Null))
            }
            (Value::Object(groups), None) => groups.values().flat_map(documents).collect(),
            (list, _) => documents(list),
        };
        let counts = self.same_account() && self.resource != "*" && !self.assumes_role();
        if attached.is_empty() || !counts {
            return Some(Identity(vec![account], false));
        }
        let several = self.request["resource"]
            .as_array()
            .is_some_and(|list| list.len() > 1);
        let named = if group.is_some() && !several {
            is(true)
        } else {
            cannot_tell("T19")
        };
        let group = self.unit_where(&attached, Kind::Plain, &named);
        if account.decision == IMPLICIT {
            return Some(Identity(vec![account, group], false));
        }
        let shadows = account.decision == ALLOW && group.decision == EXPLICIT;
        Some(Identity(vec![account], shadows))
    }

    /// E10, E11: taking on a role.
    fn assume(&self, identity: Option<Identity>, trust: &Unit) -> Answer {
        let Some(identity) = identity else {
            return trust.alone("trust"); // E11
        };
        if let Some(denied) = identity.explicit_deny() {
            return denied;
        }
        if trust.decision != ALLOW {
            return trust.alone("trust");
        }
        if !identity.allows() {
            return answer(IMPLICIT, "identity", identity.both());
        }
        let doubts = &identity.both() | &trust.both();
        answer(ALLOW, "trust", doubts).doubt_if(identity.1, "E7")
    }

    /// E8, E9, E12, E13, E14: everything else.
    fn combine(&self, identity: Option<Identity>, resource: &Unit) -> Answer {
        let Some(identity) = identity else {
            return resource.alone("resource");
        };
        let (same, oss) = (self.same_account(), self.service == "oss");
        if let Some(denied) = identity.explicit_deny() {
            return denied.doubt_if(oss && !same, "E12");
        }
        let mut alone = resource.alone("resource");
        let allowed = resource.decision == ALLOW;
        if resource.decision == EXPLICIT {
            return alone.doubt_if(oss && same && self.is_user_or_role(), "E13");
        }
        if same {
            return self.combine_within_account(&identity, resource);
        }
        if oss {
            return alone; // E12
        }
        if self.service == "kms" {
            // E14: across accounts both must allow.
            if !identity.allows() {
                return answer(IMPLICIT, "identity", identity.both());
            }
            alone
                .doubts
                .extend(identity.both().into_iter().filter(|_| allowed));
            return alone;
        }
        // E9: the resource policy must allow; of the identity policies only a Deny would count.
        if !allowed {
            return alone.doubt_if(identity.allows(), "E9");
        }
        alone.doubts.extend(identity.0[0].deny.clone());
        alone
    }

    /// E8, E16, E17, where nothing denies.
    fn combine_within_account(&self, identity: &Identity, resource: &Unit) -> Answer {
        let units = || identity.0.iter().chain([resource]);
        let allowing = || units().filter(|unit| unit.decision == ALLOW);
        if allowing().count() == 0 {
            return answer(IMPLICIT, "identity", units().flat_map(Unit::both).collect());
        }
        let mut doubts: Doubts = units().flat_map(|unit| unit.deny.clone()).collect();
        if allowing().all(|unit| !unit.allow.is_empty()) {
            doubts.extend(allowing().flat_map(|unit| unit.allow.clone()));
        }
        if identity.allows() {
            return answer(ALLOW, identity.stage(), doubts).doubt_if(identity.1, "E7");
        }
        let allowed = answer(ALLOW, "resource", doubts);
        let allowed = allowed.doubt_if(self.service == "ots", "E16");
        allowed.doubt_if(self.service == "log", "E17")
    }

    // Statements ----------------------------------------------------------------------------------

    fn unit(&self, policies: &Value, kind: Kind) -> Unit {
        self.unit_where(&documents(policies), kind, &is(true))
    }

    /// E1, where every statement needs `also` too.
    fn unit_where(&self, documents: &[Value], kind: Kind, also: &Match) -> Unit {
        let (mut denies, mut allows) = (vec![], vec![]);
        let listed = documents
            .iter()
            .filter_map(|document| document["Statement"].as_array());
        for statement in listed.flatten() {
            let denies_it = statement["Effect"] == "Deny";
            let side = if denies_it { &mut denies } else { &mut allows };
            side.push(and([self.statement(statement, kind), also.clone()]));
        }
        Unit::of(&denies, &allows)
    }

    /// E3: principal, action, resource and condition.
    fn statement(&self, statement: &Value, kind: Kind) -> Match {
        let principal = match kind {
            Kind::Plain => is(true),
            Kind::Trust => self.trusted(&statement["Principal"]),
            Kind::Resource | Kind::Endpoint => self.principal(statement, kind),
        };
        // G9: NotAction matches every action but the listed ones.
        let action = match statement.get("NotAction") {
            Some(listed) => !self.action_listed(listed, kind),
            None => self.action_listed(&statement["Action"], kind),
        };
        let resource = match statement.get("Resource") {
            None => is(true), // G5: a trust policy has none
            Some(listed) => or(texts(listed)
                .iter()
                .map(|p| resource_matches(p, &self.resource))),
        };
        and([principal, is(action), resource, self.condition(statement)])
    }

    /// G8, W4; E11: in a trust policy `sts:AssumeRole` stands for its sisters too.
    fn action_listed(&self, listed: &Value, kind: Kind) -> bool {
        let action = self.action.to_ascii_lowercase();
        texts(listed)
            .iter()
            .map(|pattern| pattern.to_ascii_lowercase())
            .any(|pattern| {
                let sister = kind == Kind::Trust && wildcard(&pattern, "sts:assumerole");
                wildcard(&pattern, &action) || sister
            })
    }

    // Principals ----------------------------------------------------------------------------------

    /// T23, T24, T25: the principal of a policy on a resource.
    fn principal(&self, statement: &Value, kind: Kind) -> Match {
        let principal = &statement["Principal"];
        if let Some(members) = principal.as_object() {
            let ram = members
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case("RAM")); // G18
            return or(ram
                .flat_map(|(_, e)| texts(e))
                .map(|entry| named(&entry, self.key_principal(&entry))));
        }
        let mut entries = texts(principal);
        if kind == Kind::Resource && self.service == "kms" {
            return or(entries
                .iter()
                .map(|entry| named(entry, self.key_principal(entry))));
        }
        if kind == Kind::Resource && self.service == "oss" && entries.is_empty() {
            entries.push("*".to_string()); // G21
        }
        let unconditional = statement["Condition"]
            .as_object()
            .is_none_or(|keys| keys.is_empty());
        or(entries
            .iter()
            .map(|entry| named(entry, self.listed_principal(entry, unconditional))))
    }

    /// T23: an id, a role session, or everybody.
    fn listed_principal(&self, entry: &str, unconditional: bool) -> Match {
        let who = self.caller.who;
        if entry == "*" {
            return is(!(unconditional && who == Who::Root && self.same_account()));
        }
        let id = texts(&self.request["principal_id"]).first().cloned();
        let id = id.filter(|_| who != Who::Unnamed);
        let of_account = self.caller.account.as_deref() == Some(entry);
        let user = who == Who::User || who == Who::Unnamed;
        match who {
            Who::Root => is(of_account),
            _ if user && !digits(entry) => is(false),
            _ if user && id.as_deref() == Some(entry) => is(true),
            _ if user && of_account && self.identity_allows => is(true).doubt_if(true, "T23"),
            _ if user => open_if(of_account || id.is_none(), "T23"),
            Who::Role if digits(entry) => open_if(of_account, "T23"),
            Who::Role => self.listed_session(entry),
            _ => is(false),
        }
    }

    /// T23: `arn:sts::U:assumed-role/<role>/<session>`.
    fn listed_session(&self, entry: &str) -> Match {
        let account = self.caller.account.as_deref().unwrap_or("");
        let role = format!("arn:sts::{account}:assumed-role/{}/", self.caller.name);
        let listed = entry.strip_prefix(&role);
        match &self.caller.session {
            _ if listed == Some("*") => is(true),
            Some(session) if listed == Some(session) => is(true),
            Some(session) => open_if(wildcard(entry, &format!("{role}{session}")), "T23"),
            None => {
                // Some session of the role may be meant; names of roles and sessions hold no `/`.
                let (listed_role, _) = entry.rsplit_once('/').unwrap_or_default();
                let of_role = wildcard(&format!("{listed_role}/"), &role);
                open_if(listed.is_some() || of_role, "T23")
            }
        }
    }

    /// T24: `acs:ram::U:user/x`, `:role/x`, `:root`, `:*`.
    fn key_principal(&self, entry: &str) -> Match {
        let rest = entry.strip_prefix("acs:ram::").unwrap_or("");
        let (account, id) = rest.split_once(':').unwrap_or(("", ""));
        if self.caller.account.as_deref() != Some(account) {
            return is(false);
        }
        let owners = self.owner.as_deref() == Some(account);
        match id {
            "root" if self.caller.who == Who::Root && owners => is(true),
            "*" if owners => is(true),
            "root" | "*" => cannot_tell("T24"),
            _ => self.user_or_role(entry),
        }
    }

    /// T21, T24, G18: a user exactly; a role without case, with a doubt.
    fn user_or_role(&self, entry: &str) -> Match {
        let own = self.principal_arn().unwrap_or_default();
        let ((listed_kind, listed), (kind, name)) = (kind_and_name(entry), kind_and_name(&own));
        let loose = self.caller.who == Who::Role && listed.eq_ignore_ascii_case(name);
        let fits = listed_kind == kind && (listed == name || loose);
        is(fits).doubt_if(fits && listed != name, "G18")
    }

    /// T21: the principal of a trust policy.
    fn trusted(&self, principal: &Value) -> Match {
        let Some(members) = principal.as_object() else {
            return open_if(texts(principal).iter().any(|entry| entry == "*"), "T21");
        };
        or(members.iter().flat_map(|(member, entries)| {
            let member = member.to_ascii_lowercase(); // G18
            let entries = texts(entries).into_iter();
            entries.map(move |entry| {
                let found = match (member.as_str(), self.caller.who) {
                    ("ram", Who::User | Who::Role | Who::Unnamed) => self.trusted_ram(&entry),
                    ("service", Who::Service) => self.trusted_name(&entry),
                    ("federated", Who::Federated) => self.trusted_name(&entry),
                    _ => is(false),
                };
                named(&entry, found)
            })
        }))
    }

    fn trusted_ram(&self, entry: &str) -> Match {
        let root = format!(
            "acs:ram::{}:root",
            self.caller.account.as_deref().unwrap_or("")
        );
        if entry.contains(['*', '?']) {
            let own = self
                .principal_arn()
                .is_some_and(|arn| wildcard(entry, &arn));
            return open_if(own || wildcard(entry, &root), "T21");
        }
        or([is(entry == root), self.user_or_role(entry)])
    }

    /// T21: a service or provider; a service of no account acts for the role's own account.
    fn trusted_name(&self, entry: &str) -> Match {
        let own = format!("{}@", self.owner.as_deref().unwrap_or(""));
        let plain = |text: &str| text.strip_prefix(&own).unwrap_or(text).to_string();
        let (listed, service) = (plain(entry), plain(&self.caller.name));
        if listed == service {
            return is(true);
        }
        open_if(
            wildcard(entry, &self.caller.name) || wildcard(&listed, &service),
            "T21",
        )
    }

    // Conditions ----------------------------------------------------------------------------------

    /// O15, O17: operators and keys are *and*.
    fn condition(&self, statement: &Value) -> Match {
        let mut all = vec![];
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            for (key, listed) in keys.as_object().into_iter().flatten() {
                all.push(self.holds(operator, key, &texts(listed)));
            }
        }
        and(all)
    }

    fn holds(&self, operator: &str, key: &str, listed: &[String]) -> Match {
        if key == "Resource" && self.several {
            return cannot_tell("K19");
        }
        let (qualifier, operator) = operator.split_once(':').unwrap_or(("", operator));
        let negated = operator.contains("Not");
        let (values, doubt) = self.values(key);
        // O15: does a value of the request fit one of the listed?
        let fits = |value: &String| {
            let fits = or(listed.iter().map(|one| self.compare(operator, value, one)));
            // How a value of the request is understood is one doubt, whatever is listed.
            let fits = fits.doubt_if(operator.contains("IpAddress") && is_mapped(value), "O13");
            fits.doubt_if(of_another_family(operator, key), "K0")
        };
        // O4: the qualified forms negate value by value.
        let each = |value: &String| {
            if negated {
                not(fits(value))
            } else {
                fits(value)
            }
        };
        let found = match qualifier {
            "ForAllValues" if values.is_empty() => cannot_tell("O4"),
            "ForAllValues" => and(values.iter().map(each)).doubt_if(true, "O4"),
            "ForAnyValue" => or(values.iter().map(each)).doubt_if(true, "O4"), // without a value: no
            _ if values.is_empty() => open_if(negated, "O20"), // O19: a positive one: no
            _ => {
                let any = or(values.iter().map(fits));
                let mut found = if negated { not(any) } else { any }; // O16
                let doubtful = values.len() > 1 && found.0 == Truth::Yes;
                if doubtful && negated {
                    found.0 = Truth::CannotTell;
                }
                found.doubt_if(doubtful, "O18")
            }
        };
        found.doubt_if(!doubt.is_empty(), doubt)
    }

    /// The request's values of a key, and the doubt that the lookup itself carries.
    fn values(&self, key: &str) -> (Vec<String>, &'static str) {
        if key == "Action" {
            return (vec![self.action.clone()], "K19");
        }
        if key == "Resource" {
            return (vec![self.resource.clone()], "K19");
        }
        let spelling = |exact: bool| if exact { "" } else { "G18" };
        let context = self.request["context"].as_object();
        let exact = context.and_then(|context| context.get_key_value(key));
        for (name, value) in exact.into_iter().chain(context.into_iter().flatten()) {
            let values = texts(value);
            // O22: an empty list is an absent key.
            if same_key(name, key) && !values.is_empty() {
                return (values, spelling(name == key));
            }
        }
        let arn = self
            .principal_arn()
            .filter(|_| same_key(key, "acs:PrincipalARN"));
        if let Some(arn) = arn {
            let usual = ["acs:PrincipalARN", "acs:PrincipalArn"].contains(&key);
            return (vec![arn], spelling(usual)); // K7
        }
        // O21
        let lists = self.action.to_ascii_lowercase().starts_with("oss:list");
        let of_list = same_key(key, "oss:Prefix") || same_key(key, "oss:Delimiter");
        let filled = same_key(key, "acs:SourceVpc") || (lists && of_list);
        let filled = filled && self.action_service() == "oss";
        (filled.then(String::new).into_iter().collect(), "")
    }

    /// One value of the request against one listed value, under the positive form of the operator.
    fn compare(&self, operator: &str, value: &str, listed: &str) -> Match {
        let numeric = |holds| ordered(compare_numbers(value, listed), holds, "O7");
        let date = |holds| ordered(compare_dates(value, listed), holds, "O9");
        match operator {
            "StringEquals" | "StringNotEquals" => {
                other_readings(listed, false, |listed| is(wildcard(listed, value)))
            }
            "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" => {
                let folded = |text: &str| text.chars().map(fold).collect::<String>();
                let exact = plain(listed);
                other_readings(listed, false, |listed| match listed == exact {
                    true => loosely_equal(value, &unplain(listed)),
                    false => is(wildcard(&folded(listed), &folded(value))),
                })
            }
            "StringLike" | "StringNotLike" => {
                other_readings(listed, true, |listed| is(wildcard(listed, value)))
            }
            "NumericEquals" | "NumericNotEquals" => numeric(Ordering::is_eq),
            "NumericLessThan" => numeric(Ordering::is_lt),
            "NumericLessThanEquals" => numeric(Ordering::is_le),
            "NumericGreaterThan" => numeric(Ordering::is_gt),
            "NumericGreaterThanEquals" => numeric(Ordering::is_ge),
            "DateEquals" | "DateNotEquals" => date(Ordering::is_eq),
            "DateLessThan" => date(Ordering::is_lt),
            "DateLessThanEquals" => date(Ordering::is_le),
            "DateGreaterThan" => date(Ordering::is_gt),
            "DateGreaterThanEquals" => date(Ordering::is_ge),
            "Bool" => match value.to_ascii_lowercase().as_str() {
                "true" | "false" => is(value.eq_ignore_ascii_case(listed)),
                _ => cannot_tell("O11"),
            },
            "IpAddress" | "NotIpAddress" => self.compare_address(value, listed, false),
            _ => self.compare_address(value, listed, true), // the IncludeBorder forms
        }
    }

    /// O12, O13, O14.
    fn compare_address(&self, value: &str, listed: &str, with_border: bool) -> Match {
        let Ok(given) = IpAddr::from_str(value) else {
            return cannot_tell("O12");
        };
        let address = given.to_canonical(); // an IPv4-mapped IPv6 address becomes IPv4
        if !listed.contains('*') {
            in_block(address, listed, with_border)
        } else if ["oss", "vod"].contains(&self.action_service().as_str()) {
            is(in_octets(address, listed))
        } else {
            cannot_tell("O13")
        }
    }
}

/// O13: an IPv6 address that carries an IPv4 one.
fn is_mapped(address: &str) -> bool {
    let address = IpAddr::from_str(address);
    address.is_ok_and(|address| address.to_canonical() != address)
}

/// K0: the key is known to hold what this operator does not compare.
fn of_another_family(operator: &str, key: &str) -> bool {
    let expected = match key.to_ascii_lowercase().as_str() {
        "acs:currenttime" => "Date",
        "acs:sourceip" | "acs:vpcsourceip" => "IpAddress",
        "acs:securetransport" | "acs:mfapresent" => "Bool",
        _ => return false,
    };
    !operator.trim_start_matches("Not").starts_with(expected)
}

fn ordered(found: Option<Ordering>, holds: fn(Ordering) -> bool, rule: &str) -> Match {
    found.map_or(cannot_tell(rule), |ordering| is(holds(ordering)))
}

/// V1: whom a variable names, nobody can tell.
fn named(entry: &str, found: Match) -> Match {
    found.doubt_if(with_variables(entry) != entry, "V1")
}

fn kind_and_name(arn: &str) -> (&str, &str) {
    arn.split_once('/').unwrap_or((arn, ""))
}

/// G14, G18: a key up to its first `/` without case (ASCII), the tag after it exactly.
fn same_key(a: &str, b: &str) -> bool {
    let split = |key: &str| key.find('/').unwrap_or(key.len());
    let ((a, a_tag), (b, b_tag)) = (a.split_at(split(a)), b.split_at(split(b)));
    a.eq_ignore_ascii_case(b) && a_tag == b_tag
}
