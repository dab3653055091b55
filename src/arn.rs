//! Resources: what a request names (one ARN, or nothing in particular), and the patterns that policies hold.

use std::borrow::Cow;

use crate::other_reading::OtherReadings;
use crate::problem::RequestError;
use crate::truth::{Match, OpenRule};
use crate::wildcard::{self, Case};

/// The resource of a request: an ARN `acs:<service>:<region>:<account>:<relative id>` (A1), taken literally (W10),
/// or `*` for a request without a particular resource (E20).
///
/// ```
/// let circuit = ramgate::Arn::parse("acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-1")?;
/// assert_eq!(circuit.service(), Some("vpc"));
/// assert_eq!(circuit.account(), Some("1234567890123456"));
/// assert_eq!(circuit.relative_id(), Some("physicalconnection/pc-1"));
/// assert!(ramgate::Arn::parse("*")?.is_any());
/// # Ok::<(), ramgate::RequestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arn<'a> {
    text: Cow<'a, str>,
    /// Where the first four colons are; `None` for `*`.
    colons: Option<[usize; 4]>,
}

impl<'a> Arn<'a> {
    /// Takes a text apart. Region and account may be empty or `*` (A2).
    ///
    /// # Errors
    /// When the text is neither `*` nor begins with `acs:` and has five fields, of which service and relative id hold something.
    pub fn parse(text: impl Into<Cow<'a, str>>) -> Result<Arn<'a>, RequestError> {
        let text = text.into();
        if text == "*" {
            return Ok(Arn { text, colons: None });
        }
        let colons = first_colons(&text).ok_or_else(|| {
            RequestError::new(format!(
                "resource {} has too few fields; an ARN is acs:<service>:<region>:<account>:<relative id>",
                crate::problem::quoted(&text)
            ))
        })?;
        let arn = Arn {
            text,
            colons: Some(colons),
        };
        match arn.fields() {
            Some(["acs", service, _, _, relative])
                if !service.is_empty() && !relative.is_empty() =>
            {
                Ok(arn)
            }
            _ => Err(RequestError::new(format!(
                "resource {} is no ARN; an ARN is acs:<service>:<region>:<account>:<relative id>",
                crate::problem::quoted(&arn.text)
            ))),
        }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the request names no particular resource (E20).
    pub fn is_any(&self) -> bool {
        self.colons.is_none()
    }

    /// The RAM code of the service, `vpc` for example.
    pub fn service(&self) -> Option<&str> {
        self.fields().map(|[_, service, ..]| service)
    }

    /// The region; may be empty or `*`.
    pub fn region(&self) -> Option<&str> {
        self.fields().map(|[_, _, region, ..]| region)
    }

    /// The account that owns the resource; `None` where the ARN does not say (`*`, or an empty or `*` field).
    pub fn account(&self) -> Option<&str> {
        self.fields()
            .map(|[_, _, _, account, _]| account)
            .filter(|account| !account.is_empty() && *account != "*")
    }

    /// What follows the fourth colon.
    pub fn relative_id(&self) -> Option<&str> {
        self.fields().map(|[.., relative]| relative)
    }

    /// The same, owning its text.
    pub fn into_owned(self) -> Arn<'static> {
        Arn {
            text: Cow::Owned(self.text.into_owned()),
            colons: self.colons,
        }
    }

    fn fields(&self) -> Option<[&str; 5]> {
        self.colons.and_then(|colons| split(&self.text, colons))
    }
}

/// The offsets of the first four colons, if there are as many.
fn first_colons(text: &str) -> Option<[usize; 4]> {
    let mut colons = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| *byte == b':')
        .map(|(at, _)| at);
    Some([
        colons.next()?,
        colons.next()?,
        colons.next()?,
        colons.next()?,
    ])
}

fn split(text: &str, [a, b, c, d]: [usize; 4]) -> Option<[&str; 5]> {
    Some([
        text.get(..a)?,
        text.get(a + 1..b)?,
        text.get(b + 1..c)?,
        text.get(c + 1..d)?,
        text.get(d + 1..)?,
    ])
}

/// A resource as a policy writes it: `*`, or an ARN with wildcards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ResourcePattern {
    text: Box<str>,
    colons: Option<[usize; 4]>,
    others: OtherReadings,
}

impl ResourcePattern {
    pub(crate) fn new(text: &str) -> ResourcePattern {
        ResourcePattern {
            text: text.into(),
            colons: first_colons(text),
            others: OtherReadings::of(text, true),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern fits the resource of a request. O(pattern × text), no allocation.
    pub(crate) fn matches(&self, resource: &Arn<'_>) -> Match {
        if &*self.text == "*" {
            return Match::YES; // W9
        }
        match resource.fields() {
            Some(request) => self
                .others
                .doubt(self.matches_literally(resource, request), &resource.text),
            None => self.matches_no_resource(),
        }
    }

    fn matches_literally(&self, resource: &Arn<'_>, request: [&str; 5]) -> Match {
        let pattern = self.colons.and_then(|colons| split(&self.text, colons));
        let by_fields = pattern.map_or(Match::NO, |pattern| matches_by_fields(pattern, request));
        if by_fields.truth != crate::truth::Truth::No {
            return by_fields;
        }
        // W7: the text as a whole. G18: the case of `acs` and the service may not count.
        let service_end = resource.colons.map_or(0, |[_, second, ..]| second);
        if !wildcard::matches(&self.text, &resource.text, Case::IgnoreUpTo(service_end)) {
            return Match::NO;
        }
        let complete = pattern.is_some_and(|[prefix, ..]| prefix == "acs");
        let unknown = Match::unknown(OpenRule::W7);
        if complete {
            unknown
        } else {
            unknown.under(OpenRule::A4)
        }
    }

    /// W9: against a request without a resource only `*` is sure.
    fn matches_no_resource(&self) -> Match {
        let stars = |field: &str| !field.is_empty() && field.bytes().all(|byte| byte == b'*');
        let fits_every_arn = self
            .colons
            .and_then(|colons| split(&self.text, colons))
            .is_some_and(|[prefix, rest @ ..]| {
                (prefix.eq_ignore_ascii_case("acs") || stars(prefix)) && rest.into_iter().all(stars)
            });
        if fits_every_arn {
            Match::unknown(OpenRule::W9)
        } else if wildcard::matches(&self.text, "*", Case::Exact) {
            Match::unknown(OpenRule::W7)
        } else {
            Match::NO
        }
    }
}

fn matches_by_fields(pattern: [&str; 5], request: [&str; 5]) -> Match {
    let [
        pattern_prefix,
        pattern_service,
        pattern_region,
        pattern_account,
        pattern_relative,
    ] = pattern;
    let [prefix, service, region, account, relative] = request;
    prefix_matches(pattern_prefix, prefix)
        .and(service_matches(pattern_service, service))
        .and(place_matches(pattern_region, region))
        .and(place_matches(pattern_account, account))
        .and(Match::sure(wildcard::matches(
            pattern_relative,
            relative,
            Case::Exact,
        )))
}

fn prefix_matches(pattern: &str, prefix: &str) -> Match {
    if pattern == prefix {
        Match::YES
    } else if pattern.eq_ignore_ascii_case(prefix) {
        Match::unknown(OpenRule::G18)
    } else if wildcard::matches(pattern, prefix, Case::Exact) {
        Match::unknown(OpenRule::A4)
    } else {
        Match::NO
    }
}

fn service_matches(pattern: &str, service: &str) -> Match {
    if wildcard::matches(pattern, service, Case::Exact) {
        Match::YES
    } else if wildcard::matches(pattern, service, Case::Ignore) {
        Match::unknown(OpenRule::G18)
    } else {
        Match::NO
    }
}

/// A3: region or account.
fn place_matches(pattern: &str, place: &str) -> Match {
    if pattern.is_empty() && !place.is_empty() {
        return Match::unknown(OpenRule::A3);
    }
    Match::sure(wildcard::matches(pattern, place, Case::Exact))
}
