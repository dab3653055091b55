//! A resource pattern as sets of ARNs: what it matches for sure (fields), and what it may match (the whole text, W7).

use crate::analysis::glob::{Case, Glob, Token, wildcard_token};
use crate::analysis::words::Universe;
use crate::arn::{Arn, Colons};
use crate::resource_pattern::RareResource;
use crate::truth::Truth;

/// A set of resources of a request: ARNs, and perhaps the request without one (`*`, E20).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ResourceSet {
    pub(crate) without_resource: bool,
    pub(crate) globs: Box<[Glob]>,
}

impl ResourceSet {
    /// What the pattern matches for sure: `*`, or each of the five fields (W7, W9).
    pub(crate) fn sure(pattern: &str) -> ResourceSet {
        if pattern == "*" {
            return ResourceSet::everything();
        }
        let fields = Colons::of(pattern).and_then(|colons| colons.split(pattern));
        let glob = fields
            .filter(|[prefix, ..]| *prefix == "acs")
            .map(|fields| by_fields(fields, Case::Exact, |_| false));
        ResourceSet {
            without_resource: false,
            globs: glob.into_iter().collect(),
        }
    }

    /// What it may match: its fields read as generously as an open rule allows (A3, A4, G18), or its text as a whole (W7).
    pub(crate) fn possible(pattern: &str) -> ResourceSet {
        if pattern == "*" {
            return ResourceSet::everything();
        }
        let fields = Colons::of(pattern).and_then(|colons| colons.split(pattern));
        let is_prefix = |prefix: &str| {
            prefix.eq_ignore_ascii_case("acs") || Glob::wildcard(prefix, Case::Exact).matches("acs")
        };
        let by_fields = fields
            .filter(|[prefix, ..]| is_prefix(prefix))
            .map(|fields| by_fields(fields, Case::Service, str::is_empty));
        let whole = Glob::wildcard(pattern, Case::Service);
        let without_resource = Arn::parse("*").is_ok_and(|none| {
            RareResource::literal(pattern)
                .pattern()
                .matches(&none, None, false)
                .truth
                != Truth::No
        });
        ResourceSet {
            without_resource,
            globs: by_fields.into_iter().chain([whole]).collect(),
        }
    }

    pub(crate) fn everything() -> ResourceSet {
        ResourceSet {
            without_resource: true,
            globs: Box::new([Glob::new([Token::Run], Case::Exact)]),
        }
    }

    /// Every ARN: a request with a resource.
    pub(crate) fn every_arn() -> ResourceSet {
        ResourceSet {
            without_resource: false,
            globs: Box::new([Glob::new([Token::Run], Case::Exact)]),
        }
    }

    /// ARNs of this service, whatever its case.
    pub(crate) fn of_service(code: &str) -> ResourceSet {
        let text = format!("acs:{code}:");
        let tokens = text.chars().map(Token::Char).chain([Token::Run]);
        ResourceSet {
            without_resource: false,
            globs: Box::new([Glob::new(tokens, Case::Service)]),
        }
    }

    /// ARNs whose account is one of these.
    pub(crate) fn of_accounts(accounts: &[&str]) -> ResourceSet {
        let one = |account: &&str| {
            let start = "acs:".chars().map(Token::Char);
            let fields = [
                Token::FieldRun,
                Token::Char(':'),
                Token::FieldRun,
                Token::Char(':'),
            ];
            let account = account.chars().map(Token::Char);
            Glob::new(
                start
                    .chain(fields)
                    .chain(account)
                    .chain([Token::Char(':'), Token::Run]),
                Case::Exact,
            )
        };
        ResourceSet {
            without_resource: false,
            globs: accounts.iter().map(one).collect(),
        }
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.without_resource && self.globs.iter().any(Glob::is_universal)
    }

    pub(crate) fn is_nothing(&self) -> bool {
        !self.without_resource && self.globs.is_empty()
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        if text == "*" {
            self.without_resource
        } else {
            self.globs.iter().any(|glob| glob.matches(text))
        }
    }

    pub(crate) fn plainly_covers(&self, other: &ResourceSet) -> bool {
        (self.without_resource || !other.without_resource)
            && other
                .globs
                .iter()
                .all(|other| self.globs.iter().any(|own| own.plainly_covers(other)))
    }

    pub(crate) fn universe() -> Universe {
        Universe::arn()
    }
}

/// The five fields one after the other; `*` stays within its field but for the last.
fn by_fields(fields: [&str; 5], case: Case, is_any: impl Fn(&str) -> bool) -> Glob {
    let [_, service, region, account, relative] = fields;
    let in_field = |c: char| match wildcard_token(c) {
        Token::Run => Token::FieldRun,
        Token::Any => Token::FieldAny,
        other => other,
    };
    let mut tokens: Vec<Token> = "acs:".chars().map(Token::Char).collect();
    tokens.extend(service.chars().map(in_field));
    for place in [region, account] {
        tokens.push(Token::Char(':'));
        if is_any(place) {
            tokens.push(Token::FieldRun);
        } else {
            tokens.extend(place.chars().map(in_field));
        }
    }
    tokens.push(Token::Char(':'));
    tokens.extend(relative.chars().map(wildcard_token));
    Glob::new(tokens, case)
}
