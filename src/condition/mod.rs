//! Decides one condition: does an operator hold between the request's values of a key and the listed ones?

mod boolean;
pub(crate) mod date;
pub(crate) mod ip_address;
pub(crate) mod numeric;
mod string;

use std::borrow::Cow;
use std::fmt;

pub(crate) use date::Instant;
pub(crate) use numeric::Decimal;
pub(crate) use string::{case_variants, fold_case};

use crate::other_reading::OtherReadings;
use crate::principal::Composed;
use crate::request::{Facts, same_key};
use crate::truth::{Match, OpenRule, Truth};
use crate::wildcard::Wildcard;

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    String,
    Numeric,
    Date,
    Boolean,
    IpAddress,
}

/// How it compares; negation is kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    EqualIgnoringCase,
    Like,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Inside,
    /// The same without the doubt about a block's first and last address (O14).
    InsideWithBorder,
}

/// A condition operator of RAM (O1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    name: &'static str,
    family: Family,
    comparison: Comparison,
    negated: bool,
}

const fn row(name: &'static str, family: Family, comparison: Comparison) -> Operator {
    Operator {
        name,
        family,
        comparison,
        negated: false,
    }
}

const fn not(name: &'static str, family: Family, comparison: Comparison) -> Operator {
    Operator {
        name,
        family,
        comparison,
        negated: true,
    }
}

/// O1, the closed list. To add an operator, add a row.
static OPERATORS: [Operator; 23] = {
    use Comparison::*;
    use Family::*;
    [
        row("StringEquals", String, Equal),
        not("StringNotEquals", String, Equal),
        row("StringEqualsIgnoreCase", String, EqualIgnoringCase),
        not("StringNotEqualsIgnoreCase", String, EqualIgnoringCase),
        row("StringLike", String, Like),
        not("StringNotLike", String, Like),
        row("NumericEquals", Numeric, Equal),
        not("NumericNotEquals", Numeric, Equal),
        row("NumericLessThan", Numeric, Less),
        row("NumericLessThanEquals", Numeric, LessOrEqual),
        row("NumericGreaterThan", Numeric, Greater),
        row("NumericGreaterThanEquals", Numeric, GreaterOrEqual),
        row("DateEquals", Date, Equal),
        not("DateNotEquals", Date, Equal),
        row("DateLessThan", Date, Less),
        row("DateLessThanEquals", Date, LessOrEqual),
        row("DateGreaterThan", Date, Greater),
        row("DateGreaterThanEquals", Date, GreaterOrEqual),
        row("Bool", Boolean, Equal),
        row("IpAddress", IpAddress, Inside),
        not("NotIpAddress", IpAddress, Inside),
        row("IpAddressIncludeBorder", IpAddress, InsideWithBorder),
        not("NotIpAddressIncludeBorder", IpAddress, InsideWithBorder),
    ]
};

impl Operator {
    /// All of them, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Operator> {
        OPERATORS.into_iter()
    }

    /// The operator of this name, spelled exactly (G18).
    ///
    /// ```
    /// use ramgate::Operator;
    /// assert!(Operator::from_name("StringNotLike").is_some_and(Operator::is_negated));
    /// assert!(Operator::from_name("StringEqualsIfExists").is_none()); // O3
    /// ```
    pub fn from_name(name: &str) -> Option<Operator> {
        let mut operators = OPERATORS.iter();
        operators.find(|operator| operator.name == name).copied()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Whether it holds when no listed value fits (O16).
    pub fn is_negated(self) -> bool {
        self.negated
    }

    pub(crate) fn family(self) -> Family {
        self.family
    }

    pub(crate) fn comparison(self) -> Comparison {
        self.comparison
    }

    pub(crate) fn is_boolean(self) -> bool {
        self.family == Family::Boolean
    }

    /// Whether a listed value can be compared by this operator; else what it should be, and the rule.
    /// `octets`: whether `*` may stand for an octet of an address (O13).
    pub(crate) fn check(
        self,
        value: &str,
        octets: impl FnOnce() -> bool,
    ) -> Result<(), (&'static str, &'static str)> {
        let (readable, wanted, rule) = match self.family {
            Family::String => return Ok(()),
            Family::Numeric => (
                numeric::Decimal::read(value).is_some(),
                "a decimal number such as 10 or -2.5",
                "O7",
            ),
            Family::Date => (
                date::Instant::read(value).is_some(),
                "a date with time and zone such as 2026-01-31T09:00:00+08:00",
                "O9",
            ),
            Family::Boolean => (boolean::read(value).is_some(), "true or false", "O11"),
            Family::IpAddress => (
                ip_address::Block::read(value)
                    .is_some_and(|block| !block.has_octet_wildcards() || octets()),
                "an IP address or CIDR block such as 203.0.113.0/24",
                "O12",
            ),
        };
        if readable {
            Ok(())
        } else {
            Err((wanted, rule))
        }
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What stands before an operator's name when a key has several values (O4, undocumented).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qualifier {
    /// `ForAllValues:` every value of the request fits.
    ForAllValues,
    /// `ForAnyValue:` at least one does.
    ForAnyValue,
}

impl Qualifier {
    /// Takes `ForAllValues:StringEquals` apart.
    pub(crate) fn split(name: &str) -> (Option<Qualifier>, &str) {
        if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Some(Qualifier::ForAllValues), rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Some(Qualifier::ForAnyValue), rest)
        } else {
            (None, name)
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Qualifier::ForAllValues => "ForAllValues:",
            Qualifier::ForAnyValue => "ForAnyValue:",
        }
    }
}

/// One condition made ready: its listed values are read once.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    operator: Operator,
    qualifier: Option<Qualifier>,
    key: Box<str>,
    listed: Box<[Box<str>]>,
    test: Test,
    /// K0: the key is known to hold values of another family than the operator compares.
    of_another_family: bool,
}

/// The common keys whose values are no plain texts (K0).
const TYPED_KEYS: [(&str, Family); 5] = [
    ("acs:CurrentTime", Family::Date),
    ("acs:SecureTransport", Family::Boolean),
    ("acs:SourceIp", Family::IpAddress),
    ("acs:VpcSourceIp", Family::IpAddress),
    ("acs:MFAPresent", Family::Boolean),
];

/// The listed values as their family compares them. `None`: a value that lenient reading let pass.
#[derive(Clone, Debug)]
enum Test {
    /// The listed texts themselves; here are their other readings, which nearly none has.
    Texts(Box<[OtherReadings]>),
    Patterns(Box<[(Wildcard, OtherReadings)]>),
    Numbers(Box<[Option<numeric::Decimal<'static>>]>),
    Dates(Box<[Option<date::Instant<'static>>]>),
    Booleans(Box<[Option<bool>]>),
    Blocks(Box<[Option<ip_address::Block>]>),
}

impl Condition {
    pub(crate) fn new<'v>(
        operator: Operator,
        qualifier: Option<Qualifier>,
        key: &str,
        values: impl Iterator<Item = &'v str>,
    ) -> Condition {
        let listed: Box<[Box<str>]> = values.map(Into::into).collect();
        let texts = || listed.iter().map(|text| &**text);
        let test = match operator.family {
            Family::String if operator.comparison == Comparison::Like => Test::Patterns(
                texts()
                    .map(|text| (Wildcard::new(text), OtherReadings::of(text, true)))
                    .collect(),
            ),
            Family::String => {
                Test::Texts(texts().map(|text| OtherReadings::of(text, false)).collect())
            }
            Family::Numeric => Test::Numbers(
                texts()
                    .map(|text| numeric::Decimal::read(text).map(numeric::Decimal::into_owned))
                    .collect(),
            ),
            Family::Date => Test::Dates(
                texts()
                    .map(|text| date::Instant::read(text).map(date::Instant::into_owned))
                    .collect(),
            ),
            // O11: one value; a list of several, which only lenient reading lets pass, says nothing that can be told.
            Family::Boolean if listed.len() > 1 => Test::Booleans(Box::new([None])),
            Family::Boolean => Test::Booleans(texts().map(boolean::read).collect()),
            Family::IpAddress => Test::Blocks(texts().map(ip_address::Block::read).collect()),
        };
        let of_another_family = TYPED_KEYS
            .iter()
            .any(|(name, family)| same_key(key, name).is_some() && *family != operator.family);
        Condition {
            operator,
            qualifier,
            key: key.into(),
            listed,
            test,
            of_another_family,
        }
    }

    pub(crate) fn operator(&self) -> Operator {
        self.operator
    }

    pub(crate) fn qualifier(&self) -> Option<Qualifier> {
        self.qualifier
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The listed values, as written.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(|value| &**value)
    }

    /// Whether the condition holds. Cost: request values × listed values.
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> Match {
        match lookup(&self.key, facts, &mut Composed::new()) {
            Found::Absent => self.holds_without_value(),
            Found::Unsure(rule) => Match::unknown(rule),
            Found::Values { values: [], .. } => self.holds_without_value(), // O22
            Found::Values {
                values,
                spelled_alike: true,
            } => self.compare(values, facts),
            Found::Values { values, .. } => self.compare(values, facts).under(OpenRule::G18),
            Found::Derived { value, doubt } => {
                let answer = self.compare(std::slice::from_ref(&value), facts);
                doubt.map_or(answer, |rule| answer.under(rule))
            }
        }
    }

    fn holds_without_value(&self) -> Match {
        match (self.qualifier, self.operator.negated) {
            (Some(Qualifier::ForAllValues), _) => Match::unknown(OpenRule::O4),
            (Some(Qualifier::ForAnyValue), _) => Match::NO.under(OpenRule::O4),
            (None, false) => Match::NO, // O19
            (None, true) => Match::unknown(OpenRule::O20),
        }
    }

    fn compare(&self, values: &[Cow<'_, str>], facts: &Facts<'_>) -> Match {
        let fits = |value: &Cow<'_, str>| {
            let answer = self.fits_any_listed(value, facts);
            if self.of_another_family {
                answer.under(OpenRule::K0)
            } else {
                answer
            }
        };
        let fits_or_not = |value: &Cow<'_, str>| {
            if self.operator.negated {
                fits(value).not()
            } else {
                fits(value)
            }
        };
        match self.qualifier {
            Some(Qualifier::ForAllValues) => values
                .iter()
                .map(fits_or_not)
                .fold(Match::YES, Match::and)
                .under(OpenRule::O4),
            Some(Qualifier::ForAnyValue) => values
                .iter()
                .map(fits_or_not)
                .fold(Match::NO, Match::or)
                .under(OpenRule::O4),
            None => {
                let any = values.iter().map(fits).fold(Match::NO, Match::or);
                let several = values.len() > 1;
                let answer = if self.operator.negated {
                    any.not()
                } else {
                    any
                };
                match answer.truth {
                    // O18: which of several values counts is not documented.
                    Truth::Yes if several && self.operator.negated => Match {
                        truth: Truth::Unknown,
                        doubts: answer.doubts,
                    }
                    .under(OpenRule::O18),
                    Truth::Yes if several => answer.under(OpenRule::O18),
                    _ => answer,
                }
            }
        }
    }

    /// O15: the listed values are alternatives.
    fn fits_any_listed(&self, value: &str, facts: &Facts<'_>) -> Match {
        let comparison = self.operator.comparison;
        match &self.test {
            Test::Texts(others) => {
                let listed = self.listed.iter().zip(others);
                any_of(listed, |(listed, others)| {
                    let ignore_case = comparison == Comparison::EqualIgnoringCase;
                    let fits = string::fits(comparison, listed, value);
                    others.doubt_if(facts.all_readings, fits, value, ignore_case)
                })
            }
            Test::Patterns(listed) => any_of(listed.iter(), |(pattern, others)| {
                others.doubt_if(
                    facts.all_readings,
                    Match::sure(pattern.matches(value)),
                    value,
                    false,
                )
            }),
            Test::Numbers(listed) => numeric::fits_any(comparison, listed, value),
            Test::Dates(listed) => date::fits_any(comparison, listed, value),
            Test::Booleans(listed) => boolean::fits_any(listed, value),
            Test::Blocks(listed) => {
                ip_address::fits_any(comparison, listed, value, facts.request.action_service())
            }
        }
    }

    /// The condition and both sides of it, for a person: why it does not hold, or (`holds`) why it does.
    ///
    /// `IpAddress acs:SourceIp: 198.51.100.9 is in none of 203.0.113.0/24`
    pub(crate) fn describe(&self, facts: &Facts<'_>, holds: bool) -> String {
        let qualifier = self.qualifier.map_or("", Qualifier::prefix);
        let name = format!("{qualifier}{} {}", self.operator.name, self.key);
        let listed = self
            .listed
            .iter()
            .map(|value| shown(value))
            .collect::<Vec<_>>()
            .join(", ");
        let values = match lookup(&self.key, facts, &mut Composed::new()) {
            Found::Absent | Found::Values { values: [], .. } => {
                return format!(
                    "{name}: the request has no {}; the policy lists {listed}",
                    self.key
                );
            }
            Found::Unsure(_) => {
                return format!("{name}: cannot be told; the policy lists {listed}");
            }
            Found::Values { values, .. } => {
                values.iter().map(|value| shown(value)).collect::<Vec<_>>()
            }
            Found::Derived { value, .. } => vec![shown(&value)],
        };
        let fits = self.operator.negated != holds;
        format!(
            "{name}: {} {} {listed}",
            values.join(", "),
            self.relation(fits)
        )
    }

    /// The words between a request's value and the listed ones, where it fits and where it does not.
    fn relation(&self, fits: bool) -> &'static str {
        let (does, does_not) = match self.operator.comparison {
            Comparison::Inside | Comparison::InsideWithBorder => ("is in one of", "is in none of"),
            Comparison::Less => ("is less than", "is not less than"),
            Comparison::LessOrEqual => ("is not greater than", "is greater than"),
            Comparison::Greater => ("is greater than", "is not greater than"),
            Comparison::GreaterOrEqual => ("is not less than", "is less than"),
            Comparison::Like => ("is like one of", "is like none of"),
            Comparison::Equal | Comparison::EqualIgnoringCase if self.listed.len() == 1 => {
                ("is", "is not")
            }
            Comparison::Equal | Comparison::EqualIgnoringCase => ("is one of", "is none of"),
        };
        if fits { does } else { does_not }
    }
}

/// A value in a message: as it is, but in quotes where its ends could not be seen.
fn shown(value: &str) -> String {
    let plain = !value.is_empty() && !value.contains([' ', ',', '"']) && value.len() <= 80;
    if plain {
        value.to_owned()
    } else {
        crate::problem::quoted(value)
    }
}

/// Whether one of the listed values fits; stops at the first sure yes.
fn any<T>(listed: &[T], fits: impl Fn(&T) -> Match) -> Match {
    any_of(listed.iter(), fits)
}

fn any_of<T>(listed: impl Iterator<Item = T>, fits: impl Fn(T) -> Match) -> Match {
    let mut answer = Match::NO;
    for listed in listed {
        answer = answer.or(fits(listed));
        if answer.is_sure_yes() {
            break;
        }
    }
    answer
}

/// What the request says of a key.
enum Found<'f> {
    Absent,
    Unsure(OpenRule),
    Values {
        values: &'f [Cow<'f, str>],
        spelled_alike: bool,
    },
    Derived {
        value: Cow<'f, str>,
        doubt: Option<OpenRule>,
    },
}

fn lookup<'f>(key: &str, facts: &'f Facts<'_>, composed: &'f mut Composed) -> Found<'f> {
    let request = facts.request;
    match key {
        // K19: pseudo-keys for the request's own action and resource.
        "Action" => {
            return Found::Derived {
                value: Cow::Borrowed(request.action()),
                doubt: Some(OpenRule::K19),
            };
        }
        "Resource" if !request.has_one_resource() => return Found::Unsure(OpenRule::K19),
        "Resource" => {
            return Found::Derived {
                value: Cow::Borrowed(facts.resource.as_str()),
                doubt: Some(OpenRule::K19),
            };
        }
        _ => {}
    }
    if let Some((value, spelled_alike)) = request.context().get(key)
        && !value.values().is_empty()
    {
        return Found::Values {
            values: value.values(),
            spelled_alike,
        };
    }
    if key.eq_ignore_ascii_case("acs:PrincipalARN")
        && let Some(arn) = request.principal().arn(composed)
    {
        let documented = matches!(key, "acs:PrincipalARN" | "acs:PrincipalArn");
        return Found::Derived {
            value: Cow::Borrowed(arn),
            doubt: (!documented).then_some(OpenRule::G18),
        }; // K7
    }
    if oss_fills(key, request.action()) {
        return Found::Derived {
            value: Cow::Borrowed(""),
            doubt: None,
        };
    }
    Found::Absent
}

/// O21: keys that OSS behaves as if they were empty texts when they are not sent.
fn oss_fills(key: &str, action: &str) -> bool {
    let Some((service, name)) = action
        .split_once(':')
        .filter(|(service, _)| service.eq_ignore_ascii_case("oss"))
    else {
        return false;
    };
    debug_assert!(service.len() == 3);
    let lists = name
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("list"));
    same_key(key, "acs:SourceVpc").is_some()
        || (lists
            && (same_key(key, "oss:Prefix").is_some() || same_key(key, "oss:Delimiter").is_some()))
}
