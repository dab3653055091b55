//! A resource as a policy writes it: `*`, or an ARN with wildcards, and whether it fits the resource of a request.

use memchr::memchr3;

use crate::arn::{ACS, Arn, ArnParts, Colons};
use crate::other_reading::{doubt, marked, with_escapes, with_variables};
use crate::truth::{Match, OpenRule, Truth};
use crate::wildcard::{
    Shape, Wildcard, fits_one_star, fits_plain, has_wildcard, matches_folded, only_star, same_bytes,
};

/// A pattern of resources, wherever its text is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourcePattern<'p> {
    pub(crate) text: &'p [u8],
    pub(crate) form: Form,
    pub(crate) rare: Option<&'p RareResource>,
}

/// What a pattern looks like, found once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `*`
    Any,
    Simple(Simple),
    /// Anything else: taken apart whenever it is compared.
    Other,
}

/// `acs:`, a literal service, and a region and an account without `?` and with one star at most, as nearly all patterns are. Lengths and places in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Simple {
    pub(crate) service: u8,
    pub(crate) region: u8,
    pub(crate) region_star: u8,
    pub(crate) account: u8,
    pub(crate) account_star: u8,
    /// The length of the relative id where that has no star; [`Simple::MANY`] where it has a `?` or several stars.
    pub(crate) relative_star: u16,
}

impl Simple {
    pub(crate) const MANY: u16 = u16::MAX;

    /// `None` for a pattern of another form.
    fn of(text: &str) -> Option<Simple> {
        let [prefix, service, region, account, relative] = Colons::of(text)?.split(text)?;
        // A3: an empty region or account may stand for any.
        let simple =
            prefix == "acs" && !has_wildcard(service) && !region.is_empty() && !account.is_empty();
        if !simple {
            return None;
        }
        Some(Simple {
            service: u8::try_from(service.len()).ok()?,
            region: u8::try_from(region.len()).ok()?,
            region_star: u8::try_from(only_star(region)?).ok()?,
            account: u8::try_from(account.len()).ok()?,
            account_star: u8::try_from(only_star(account)?).ok()?,
            relative_star: match only_star(relative) {
                Some(star) => u16::try_from(star)
                    .ok()
                    .filter(|star| *star < Simple::MANY)?,
                None => Simple::MANY,
            },
        })
    }

    /// Service, region, account and relative id of a pattern of this form.
    #[inline]
    fn parts(self, text: &[u8]) -> Option<[&[u8]; 4]> {
        let rest = text.get(ACS.len()..)?;
        let (service, rest) = rest.split_at_checked(usize::from(self.service))?;
        let (region, rest) = rest.get(1..)?.split_at_checked(usize::from(self.region))?;
        let (account, rest) = rest.get(1..)?.split_at_checked(usize::from(self.account))?;
        Some([service, region, account, rest.get(1..)?])
    }

    /// The fields of the pattern against those of the request.
    #[inline(always)]
    fn matches(self, text: &[u8], request: &ArnParts<'_>) -> Match {
        let Some([service, region, account, relative]) = self.parts(text) else {
            return Match::NO;
        };
        let place = |pattern: &[u8], star: u8, place: &[u8]| {
            let any = (pattern.len(), star) == (1, 0);
            any || fits_one_star(pattern, usize::from(star), place)
        };
        let fits = place(region, self.region_star, request.region)
            && place(account, self.account_star, request.account)
            && self.relative_fits(relative, request.relative);
        match fits {
            true if same_bytes(service, request.service) => Match::YES,
            true if service.eq_ignore_ascii_case(request.service) => Match::unknown(OpenRule::G18),
            _ => Match::NO,
        }
    }

    #[inline(always)]
    fn relative_fits(self, pattern: &[u8], relative: &[u8]) -> bool {
        if self.relative_star != Simple::MANY {
            return fits_one_star(pattern, usize::from(self.relative_star), relative);
        }
        match (str::from_utf8(pattern), str::from_utf8(relative)) {
            (Ok(pattern), Ok(relative)) => fits_plain(pattern, Shape::of(pattern), relative, 0),
            _ => false,
        }
    }
}

impl Form {
    pub(crate) fn of(text: &str) -> Form {
        match Simple::of(text) {
            _ if text == "*" => Form::Any,
            Some(simple) => Form::Simple(simple),
            None => Form::Other,
        }
    }
}

/// What nearly no pattern needs: one with a `?` between two stars, or one that open rules may read otherwise.
#[derive(Clone, Debug)]
pub(crate) struct RareResource {
    relative: Wildcard,
    whole: Wildcard,
    /// How the pattern would read under an open rule.
    others: Vec<(OpenRule, RareResource)>,
}

impl RareResource {
    /// `None` for a pattern that does without.
    pub(crate) fn of(text: &str) -> Option<RareResource> {
        memchr3(b'?', b'$', b'\\', text.as_bytes())?;
        let mut rare = RareResource::literal(text);
        let others = [
            (OpenRule::V1, with_variables(text)),
            (OpenRule::W8, with_escapes(text)),
        ];
        let others = others
            .into_iter()
            .filter_map(|(rule, read)| Some((rule, RareResource::literal(&read?))));
        rare.others = others.collect();
        let needed =
            !rare.others.is_empty() || rare.relative.has_searches() || rare.whole.has_searches();
        needed.then_some(rare)
    }

    /// A pattern without its other readings.
    pub(crate) fn literal(text: &str) -> RareResource {
        let relative = split(text).map_or("", |[.., relative]| relative);
        RareResource {
            relative: Wildcard::new(relative),
            whole: Wildcard::new(text),
            others: Vec::new(),
        }
    }

    pub(crate) fn pattern(&self) -> ResourcePattern<'_> {
        ResourcePattern {
            text: self.whole.as_str().as_bytes(),
            form: Form::Other,
            rare: Some(self),
        }
    }

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
        self.others.iter().fold(answer, |answer, (rule, other)| {
            doubt(answer, *rule, other.pattern().reads(&resource).truth)
        })
    }
}

fn split(text: &str) -> Option<[&str; 5]> {
    Colons::of(text)?.split(text)
}

impl<'p> ResourcePattern<'p> {
    pub(crate) fn as_str(&self) -> &'p str {
        str::from_utf8(self.text).unwrap_or_default()
    }

    /// Service, region, account and relative id of a pattern that begins with `acs:`, in whatever case.
    pub(crate) fn parts(&self) -> Option<[&'p [u8]; 4]> {
        if let Form::Simple(simple) = &self.form {
            return simple.parts(self.text);
        }
        let [prefix, rest @ ..] = self.fields()?;
        prefix
            .eq_ignore_ascii_case("acs")
            .then_some(rest.map(str::as_bytes))
    }

    /// The five fields of a pattern that has as many.
    fn fields(&self) -> Option<[&'p str; 5]> {
        split(self.as_str())
    }

    /// Whether the pattern fits the resource of a request, whose parts the caller has at hand. Linear in both, no allocation. `all_readings`: with
    /// the doubts of other readings too, which never change whether it fits.
    #[inline(always)]
    pub(crate) fn matches(
        self,
        resource: &Arn<'_>,
        parts: Option<&ArnParts<'_>>,
        all_readings: bool,
    ) -> Match {
        if self.form == Form::Any {
            return Match::YES; // W9
        }
        if let (Form::Simple(simple), Some(parts)) = (self.form, parts) {
            let by_fields = simple.matches(self.text, parts);
            // Where the request has four colons each of the pattern's can only stand for one of them, so the whole text reads as its fields do.
            if !parts.more_colons || by_fields.truth != Truth::No {
                return by_fields;
            }
        }
        self.matches_slowly(resource, all_readings)
    }

    #[cold]
    fn matches_slowly(self, resource: &Arn<'_>, all_readings: bool) -> Match {
        let answer = self.reads(resource);
        match self.rare {
            Some(rare) if all_readings && !rare.others.is_empty() => rare.doubt(answer, resource),
            _ => answer,
        }
    }

    fn reads(&self, resource: &Arn<'_>) -> Match {
        if self.text == b"*" {
            return Match::YES; // W9
        }
        match resource.fields() {
            Some(request) => self.matches_literally(resource.as_str(), request),
            None => self.matches_no_resource(),
        }
    }

    fn matches_literally(&self, text: &str, request: [&str; 5]) -> Match {
        let fields = self.fields();
        let by_fields = fields.map_or(Match::NO, |fields| self.matches_by_fields(fields, request));
        if by_fields.truth != Truth::No {
            return by_fields;
        }
        let complete = fields.is_some_and(|[prefix, ..]| prefix == "acs");
        let [.., relative] = request;
        if complete && !relative.contains(':') {
            return Match::NO; // As in `matches`.
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
        let fits = match self.rare {
            Some(rare) => rare.whole.matches_folded(text, fold),
            None => matches_folded(self.as_str(), text, fold),
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
        } else if matches_folded(self.as_str(), "*", 0) {
            Match::unknown(OpenRule::W7)
        } else {
            Match::NO
        }
    }

    fn matches_by_fields(&self, pattern: [&str; 5], request: [&str; 5]) -> Match {
        let [
            pattern_prefix,
            pattern_service,
            pattern_region,
            pattern_account,
            pattern_relative,
        ] = pattern;
        let [prefix, service, region, account, relative] = request;
        let relative_fits = match self.rare {
            Some(rare) => rare.relative.matches(relative),
            None => matches_folded(pattern_relative, relative, 0),
        };
        if !relative_fits {
            return Match::NO;
        }
        place_matches(pattern_region, region)
            .and(place_matches(pattern_account, account))
            .and(service_matches(pattern_service, service))
            .and(prefix_matches(pattern_prefix, prefix))
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
