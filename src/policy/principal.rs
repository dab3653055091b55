//! Whether a policy's principals name the caller: trust policies (T21), lists of ids (T23), key policies (T24).

use crate::document::{PolicyKind, PrincipalElement, PrincipalMember};
use crate::other_reading::with_variables;
use crate::principal::{Composed, Principal};
use crate::request::Facts;
use crate::truth::{Match, OpenRule};
use crate::wildcard::{has_wildcard, matches};

/// The `Principal` of a statement made ready.
#[derive(Clone, Debug)]
pub(crate) struct PrincipalTest {
    names: Box<[(Form, Box<str>)]>,
    /// T23: `*` means something else when the statement has a condition.
    has_condition: bool,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    TrustRam,
    TrustService,
    TrustFederated,
    TrustEverybody,
    Listed,
    Key,
}

impl PrincipalTest {
    pub(crate) fn new(
        element: &PrincipalElement<'_>,
        kind: PolicyKind,
        has_condition: bool,
    ) -> PrincipalTest {
        let trust = kind == PolicyKind::Trust;
        let names = element.names().into_iter().map(|(member, name)| {
            let form = match member {
                PrincipalMember::Ram if trust => Form::TrustRam,
                PrincipalMember::Ram => Form::Key,
                PrincipalMember::Service => Form::TrustService,
                PrincipalMember::Federated => Form::TrustFederated,
                PrincipalMember::List if trust => Form::TrustEverybody,
                PrincipalMember::List => Form::Listed,
            };
            (form, name.text.into())
        });
        PrincipalTest {
            names: names.collect(),
            has_condition,
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(_, name)| &**name)
    }

    /// Whether any of the names is the caller's.
    pub(crate) fn matches(&self, facts: &Facts<'_>) -> Match {
        let literal = |(form, name): &(Form, Box<str>)| match form {
            Form::TrustRam => trust_ram(name, facts),
            Form::TrustService => trust_service(name, facts),
            Form::TrustFederated => trust_federated(name, facts),
            Form::TrustEverybody => Match::unknown(OpenRule::T21),
            Form::Listed => self.listed(name, facts),
            Form::Key => key(name, facts),
        };
        // V1: whom a variable names, nobody can tell; as text it is read here.
        let answer = |named: &(Form, Box<str>)| {
            let literally = literal(named);
            if with_variables(&named.1).is_some() {
                literally.under(OpenRule::V1)
            } else {
                literally
            }
        };
        self.names.iter().map(answer).fold(Match::NO, Match::or)
    }

    /// T23: an id, a role session, or everybody.
    fn listed(&self, name: &str, facts: &Facts<'_>) -> Match {
        if name == "*" {
            let owner = matches!(facts.request.principal(), Principal::Account { account } if Some(account.as_ref()) == facts.owner);
            return Match::sure(self.has_condition || !owner);
        }
        if name.starts_with("arn:sts::") {
            return listed_session(name, facts.request.principal());
        }
        match facts.request.principal() {
            Principal::Account { account } => Match::sure(account == name),
            Principal::User { account, .. } => listed_user(name, Some(account), facts),
            Principal::Unnamed => listed_user(name, facts.owner, facts),
            Principal::Role { account, .. } | Principal::AssumedRole { account, .. }
                if account == name =>
            {
                Match::unknown(OpenRule::T23)
            }
            _ => Match::NO,
        }
    }
}

/// T23: is this id the user's, or its account's?
fn listed_user(name: &str, account: Option<&str>, facts: &Facts<'_>) -> Match {
    let id = facts.principal_id;
    if id == Some(name) {
        return Match::YES;
    }
    if account == Some(name) {
        return if facts.identity_allows {
            Match::YES.under(OpenRule::T23)
        } else {
            Match::unknown(OpenRule::T23)
        };
    }
    if id.is_some() {
        Match::NO
    } else {
        Match::unknown(OpenRule::T23)
    }
}

/// `arn:sts::<account>:assumed-role/<role>/<session or *>`, compared exactly.
fn listed_session(name: &str, principal: &Principal<'_>) -> Match {
    let (account, role, session) = match principal {
        Principal::AssumedRole {
            account,
            role,
            session,
        } => (account, role, Some(&**session)),
        Principal::Role { account, name } => (account, name, None),
        _ => return Match::NO,
    };
    let parts = name
        .strip_prefix("arn:sts::")
        .and_then(|rest| rest.split_once(":assumed-role/"));
    let parts = parts.and_then(|(account, rest)| Some((account, rest.split_once('/')?)));
    if let Some((listed_account, (listed_role, listed_session))) = parts
        && listed_account == account
        && listed_role == role
    {
        match session {
            _ if listed_session == "*" => return Match::YES,
            Some(session) if session == listed_session => return Match::YES,
            None => return Match::unknown(OpenRule::T23),
            _ => {}
        }
    }
    let mut composed = Composed::new();
    let fits = has_wildcard(name)
        && match session {
            Some(session) => {
                let whole =
                    composed.of(&["arn:sts::", account, ":assumed-role/", role, "/", session]);
                whole.is_some_and(|whole| matches(name, whole))
            }
            None => {
                let whole = composed.of(&["arn:sts::", account, ":assumed-role/", role]);
                whole.is_some_and(|whole| matches(without_session(name), whole))
            }
        };
    if fits {
        Match::unknown(OpenRule::T23)
    } else {
        Match::NO
    }
}

fn without_session(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(role, _)| role)
}

/// T24: `acs:ram::U:user/x`, `:role/x`, `:root`, `:*`.
fn key(name: &str, facts: &Facts<'_>) -> Match {
    let principal = facts.request.principal();
    let Some((account, identity)) = split_ram(name) else {
        return Match::NO;
    };
    let caller = match principal {
        Principal::Unnamed => facts.owner,
        other => other.account(),
    };
    if caller != Some(account) {
        return Match::NO;
    }
    let own_account = if facts.owner == Some(account) {
        Match::YES
    } else {
        Match::unknown(OpenRule::T24)
    };
    match (identity, principal) {
        ("root", Principal::Account { .. }) | ("*", _) => own_account,
        ("root", _) => Match::unknown(OpenRule::T24),
        _ => named_identity(identity, principal),
    }
}

/// T21: users and roles, by name or by their whole account.
fn trust_ram(name: &str, facts: &Facts<'_>) -> Match {
    let principal = facts.request.principal();
    let caller = match principal {
        Principal::User { .. } | Principal::Role { .. } | Principal::AssumedRole { .. } => {
            principal.account()
        }
        Principal::Unnamed => facts.owner,
        _ => return Match::NO,
    };
    if has_wildcard(name) {
        let mut composed = Composed::new();
        let by_name = principal
            .arn(&mut composed)
            .is_some_and(|arn| matches(name, arn));
        let root = caller.and_then(|account| composed.of(&["acs:ram::", account, ":root"]));
        let by_account = root.is_some_and(|root| matches(name, root));
        return if by_name || by_account {
            Match::unknown(OpenRule::T21)
        } else {
            Match::NO
        };
    }
    match split_ram(name) {
        Some((account, _)) if caller != Some(account) => Match::NO,
        Some((_, "root")) => Match::YES,
        Some((_, identity)) => named_identity(identity, principal),
        None => Match::NO,
    }
}

/// `user/<name>` exactly, `role/<name>` without case (G18).
fn named_identity(identity: &str, principal: &Principal<'_>) -> Match {
    let user = identity.strip_prefix("user/");
    let role = identity.strip_prefix("role/");
    match (principal, user, role, principal.role_name()) {
        (Principal::User { name, .. }, Some(user), ..) => Match::sure(name == user),
        // Somebody who is not named may be the one who is.
        (Principal::Unnamed, Some(_), ..) => Match::unknown(OpenRule::T23),
        (_, _, Some(role), Some(name)) if role == name => Match::YES,
        (_, _, Some(role), Some(name)) if role.eq_ignore_ascii_case(name) => {
            Match::YES.under(OpenRule::G18)
        }
        _ => Match::NO,
    }
}

/// T21: a service acts for the role's account, or `<uid>@<service>` for the account that it names.
fn trust_service(name: &str, facts: &Facts<'_>) -> Match {
    let Principal::Service { name: caller } = facts.request.principal() else {
        return Match::NO;
    };
    if has_wildcard(name) {
        let fits = matches(name, caller)
            || matches(
                for_account(name, facts.owner),
                for_account(caller, facts.owner),
            );
        return if fits {
            Match::unknown(OpenRule::T21)
        } else {
            Match::NO
        };
    }
    Match::sure(for_account(name, facts.owner) == for_account(caller, facts.owner))
}

/// `<uid>@service` of the role's own account says the same as `service`.
fn for_account<'n>(name: &'n str, owner: Option<&str>) -> &'n str {
    match name.split_once('@') {
        Some((account, service)) if Some(account) == owner => service,
        _ => name,
    }
}

fn trust_federated(name: &str, facts: &Facts<'_>) -> Match {
    let Principal::Federated { provider } = facts.request.principal() else {
        return Match::NO;
    };
    if name == provider {
        Match::YES
    } else if has_wildcard(name) && matches(name, provider) {
        Match::unknown(OpenRule::T21)
    } else {
        Match::NO
    }
}

fn split_ram(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("acs:ram::")?.split_once(':')
}
