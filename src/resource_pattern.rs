//! A resource as a policy writes it: `*`, or an ARN with wildcards, and whether it fits the resource of a request.

use memchr::memchr;

use crate::arn::{Arn, first_colons, split};
use crate::other_reading::{doubt, marked, with_escapes, with_variables};
use crate::truth::{Match, OpenRule, Truth};
use crate::wildcard::{Shape, Wildcard, fits_plain, has_wildcard, matches_folded};

/// A pattern of resources.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ResourcePattern {
    text: Box<str>,
    fields: Option<Fields>,
    /// What nearly no pattern needs.
    rare: Option<Box<Rare>>,
}

/// The five fields of a pattern that has as many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fields {
    colons: [u32; 4],
    relative: Shape,
    /// Whether the first four fields, in order, are literal or `*`, as nearly all are: then they compare without a look for metacharacters.
    plain: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Rare {
    relative: Wildcard,
    whole: Wildcard,
    /// How the pattern would read under an open rule.
    others: Vec<(OpenRule, ResourcePattern)>,
}

impl Rare {
    fn of(text: &str) -> Rare {
        let relative = first_colons(text)
            .and_then(|[.., last]| text.get(last + 1..))
            .unwrap_or_default();
        Rare {
            relative: Wildcard::new(relative),
            whole: Wildcard::new(text),
            others: Vec::new(),
        }
    }
}

impl ResourcePattern {
    pub(crate) fn new(text: &str) -> ResourcePattern {
        let others = [
            (OpenRule::V1, with_variables(text)),
            (OpenRule::W8, with_escapes(text)),
        ];
        let others = others
            .into_iter()
            .filter_map(|(rule, read)| Some((rule, ResourcePattern::literal(&read?))));
        let others: Vec<_> = others.collect();
        let mut pattern = ResourcePattern::literal(text);
        if !others.is_empty() {
            pattern.rare = Some(Box::new(Rare {
                others,
                ..Rare::of(text)
            }));
        }
        pattern
    }

    /// The pattern without its other readings.
    fn literal(text: &str) -> ResourcePattern {
        let fields = first_colons(text).and_then(|colons| Some((colons, split(text, colons)?)));
        let rare = Rare::of(text);
        let needed = rare.relative.has_searches() || rare.whole.has_searches();
        ResourcePattern {
            text: text.into(),
            fields: fields.and_then(|(colons, [prefix, service, region, account, relative])| {
                let plain =
                    |field: &str| !field.is_empty() && (field == "*" || !has_wildcard(field));
                // Longer than a policy can be: such a pattern has no fields and is compared as a whole.
                let [a, b, c, d] = colons.map(u32::try_from);
                Some(Fields {
                    colons: [a.ok()?, b.ok()?, c.ok()?, d.ok()?],
                    relative: Shape::of(relative),
                    plain: prefix == "acs"
                        && !has_wildcard(service)
                        && plain(region)
                        && plain(account),
                })
            }),
            rare: needed.then(|| Box::new(rare)),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The five fields of a pattern that has as many.
    pub(crate) fn fields(&self) -> Option<[&str; 5]> {
        split(&self.text, self.fields?.colons.map(|colon| colon as usize))
    }

    /// Whether the pattern fits the resource of a request, whose fields the caller has at hand. Linear in both, no allocation. `all_readings`: with
    /// the doubts of other readings too, which never change whether it fits.
    pub(crate) fn matches(
        &self,
        resource: &Arn<'_>,
        request: Option<[&str; 5]>,
        all_readings: bool,
    ) -> Match {
        let answer = self.reads(resource.as_str(), request);
        match &self.rare {
            Some(rare) if all_readings && !rare.others.is_empty() => rare.doubt(answer, resource),
            _ => answer,
        }
    }

    fn reads(&self, text: &str, request: Option<[&str; 5]>) -> Match {
        if &*self.text == "*" {
            return Match::YES; // W9
        }
        match request {
            Some(request) => self.matches_literally(text, request),
            None => self.matches_no_resource(),
        }
    }

    fn matches_literally(&self, text: &str, request: [&str; 5]) -> Match {
        let by_fields = self.matches_by_fields(request);
        if by_fields.truth != Truth::No {
            return by_fields;
        }
        let [.., relative] = request;
        let complete = self.fields.is_some_and(|fields| fields.plain)
            || self.fields().is_some_and(|[prefix, ..]| prefix == "acs");
        if complete && memchr(b':', relative.as_bytes()).is_none() {
            // The request has four colons and the pattern at least as many: each can only stand for one of the
            // request's, so the whole text reads as its fields do.
            return Match::NO;
        }
        self.matches_as_a_whole(text, request, complete)
    }

    /// W7: the text as a whole. G18: the case of `acs` and the service may not count.
    fn matches_as_a_whole(
        &self,
        text: &str,
        [prefix, service, ..]: [&str; 5],
        complete: bool,
    ) -> Match {
        let fold = (prefix.len() + 1 + service.len()).min(FOLD_MAX);
        let fits = match &self.rare {
            Some(rare) => rare.whole.matches_folded(text, fold),
            None => matches_folded(&self.text, text, fold),
        };
        match (fits, complete) {
            (false, _) => Match::NO,
            (true, true) => Match::unknown(OpenRule::W7),
            (true, false) => Match::unknown(OpenRule::W7).under(OpenRule::A4),
        }
    }

    /// W9: against a request without a resource only `*` is sure.
    fn matches_no_resource(&self) -> Match {
        let stars = |field: &str| !field.is_empty() && field.bytes().all(|byte| byte == b'*');
        let fits_every_arn = self.fields().is_some_and(|[prefix, rest @ ..]| {
            (prefix.eq_ignore_ascii_case("acs") || stars(prefix)) && rest.into_iter().all(stars)
        });
        if fits_every_arn {
            Match::unknown(OpenRule::W9)
        } else if matches_folded(&self.text, "*", 0) {
            Match::unknown(OpenRule::W7)
        } else {
            Match::NO
        }
    }

    fn matches_by_fields(&self, request: [&str; 5]) -> Match {
        let (Some(shapes), Some(pattern)) = (self.fields, self.fields()) else {
            return Match::NO;
        };
        let [
            pattern_prefix,
            pattern_service,
            pattern_region,
            pattern_account,
            pattern_relative,
        ] = pattern;
        let [prefix, service, region, account, relative] = request;
        let relative_fits = || match &self.rare {
            Some(rare) => rare.relative.matches(relative),
            None => fits_plain(pattern_relative, shapes.relative, relative, 0),
        };
        if shapes.plain {
            let place = |pattern: &str, place: &str| pattern == "*" || pattern == place;
            let fits =
                place(pattern_region, region) && place(pattern_account, account) && relative_fits();
            return match fits {
                true if pattern_service == service => Match::YES,
                true if pattern_service.eq_ignore_ascii_case(service) => {
                    Match::unknown(OpenRule::G18)
                }
                _ => Match::NO,
            };
        }
        if !relative_fits() {
            return Match::NO;
        }
        place_matches(pattern_region, region)
            .and(place_matches(pattern_account, account))
            .and(service_matches(pattern_service, service))
            .and(prefix_matches(pattern_prefix, prefix))
    }
}

impl Rare {
    /// The other readings compare with a resource whose own `*` and `?` mean themselves.
    fn doubt(&self, answer: Match, resource: &Arn<'_>) -> Match {
        let text = if resource.is_any() {
            resource.as_str().to_owned()
        } else {
            marked(resource.as_str())
        };
        let Ok(resource) = Arn::parse(text) else {
            return answer;
        };
        self.others.iter().fold(answer, |answer, (rule, pattern)| {
            doubt(
                answer,
                *rule,
                pattern.reads(resource.as_str(), resource.fields()).truth,
            )
        })
    }
}

/// Service codes are a dozen letters; of a longer one only the beginning compares without case, so that a hostile request cannot make the
/// comparison slow.
const FOLD_MAX: usize = 64;

fn prefix_matches(pattern: &str, prefix: &str) -> Match {
    if pattern == prefix {
        Match::YES
    } else if pattern.eq_ignore_ascii_case(prefix) {
        Match::unknown(OpenRule::G18)
    } else if matches_folded(pattern, prefix, 0) {
        Match::unknown(OpenRule::A4)
    } else {
        Match::NO
    }
}

fn service_matches(pattern: &str, service: &str) -> Match {
    if pattern == service || matches_folded(pattern, service, 0) {
        Match::YES
    } else if matches_folded(pattern, service, service.len().min(FOLD_MAX)) {
        Match::unknown(OpenRule::G18)
    } else {
        Match::NO
    }
}

/// A3: region or account.
fn place_matches(pattern: &str, place: &str) -> Match {
    if pattern == "*" {
        Match::YES
    } else if pattern.is_empty() && !place.is_empty() {
        Match::unknown(OpenRule::A3)
    } else {
        Match::sure(matches_folded(pattern, place, 0))
    }
}
