//! Who asks: a RAM user, a role, a role session, the account itself, a service, a federated identity, or nobody known.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr;

use crate::problem::{RequestError, quoted};
use crate::wildcard::has_wildcard;

/// Who asks.
///
/// | text | who |
/// | --- | --- |
/// | `acs:ram::<account>:user/<name>` | a RAM user |
/// | `acs:ram::<account>:role/<name>` | a role: a session of it that carries no session policy |
/// | `acs:ram::<account>:assumed-role/<role>/<session>` | a session of a role |
/// | `acs:ram::<account>:root` | the account itself |
/// | `Service:<name>` | a cloud service, `Service:ecs.aliyuncs.com` |
/// | `Federated:<ARN>` | an identity of a SAML or OIDC provider |
/// | `anonymous` | a caller without credentials |
///
/// ```
/// let alice = ramgate::Principal::parse("acs:ram::1234567890123456:user/alice")?;
/// assert_eq!(alice.account(), Some("1234567890123456"));
/// # Ok::<(), ramgate::RequestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Principal<'a> {
    /// A RAM user.
    User {
        /// Its account's id.
        account: Cow<'a, str>,
        /// Its name.
        name: Cow<'a, str>,
    },
    /// A role, asked for without a particular session.
    Role {
        /// Its account's id.
        account: Cow<'a, str>,
        /// Its name.
        name: Cow<'a, str>,
    },
    /// A session of a role.
    AssumedRole {
        /// The account's id.
        account: Cow<'a, str>,
        /// The role's name.
        role: Cow<'a, str>,
        /// The session's name.
        session: Cow<'a, str>,
    },
    /// The account itself (the owner, "root").
    Account {
        /// The account's id.
        account: Cow<'a, str>,
    },
    /// A cloud service.
    Service {
        /// Its name, `ecs.aliyuncs.com` or `<account>@ecs.aliyuncs.com`.
        name: Cow<'a, str>,
    },
    /// An identity that a provider vouches for.
    Federated {
        /// The provider's ARN.
        provider: Cow<'a, str>,
    },
    /// Somebody without credentials.
    Anonymous,
    /// Some RAM user of the account that owns the resource: for questions about policies that are not attached to anybody yet.
    Unnamed,
}

/// The longest principal that a request may name; RAM's own end at two hundred.
const PRINCIPAL_BYTES_MAX: usize = 512;

const FORMS: &str = "expected acs:ram::<account>:user/<name>, acs:ram::<account>:role/<name>, \
                     acs:ram::<account>:assumed-role/<role>/<session>, acs:ram::<account>:root, \
                     Service:<name>, Federated:<ARN> or anonymous";

impl<'a> Principal<'a> {
    /// Reads one of the forms of the table above, without copying.
    ///
    /// # Errors
    /// When the text has none of these forms, or a wildcard in it: a request names one principal.
    #[inline]
    pub fn parse(text: &'a str) -> Result<Principal<'a>, RequestError> {
        if text.len() > PRINCIPAL_BYTES_MAX {
            return Err(RequestError::new(format!(
                "principal {} is longer than {PRINCIPAL_BYTES_MAX} bytes",
                quoted(text)
            )));
        }
        let principal = match text.strip_prefix("acs:ram::") {
            Some(rest) => Principal::of_account(rest),
            None => Principal::without_account(text),
        };
        principal.ok_or_else(|| {
            RequestError::new(if has_wildcard(text) {
                let text = quoted(text);
                format!("principal {text} holds a wildcard; a request names one principal")
            } else {
                format!("principal {} has no known form; {FORMS}", quoted(text))
            })
        })
    }

    fn without_account(text: &'a str) -> Option<Principal<'a>> {
        if text == "anonymous" {
            return Some(Principal::Anonymous);
        }
        let (member, name) = text.split_once(':')?;
        if name.is_empty() || has_wildcard(name) {
            return None;
        }
        let name = Cow::Borrowed(name);
        match member {
            "Service" => Some(Principal::Service { name }),
            "Federated" => Some(Principal::Federated { provider: name }),
            _ => None,
        }
    }

    /// Reads what follows `acs:ram::`.
    #[inline]
    fn of_account(rest: &'a str) -> Option<Principal<'a>> {
        let (account, identity) = rest.split_at_checked(memchr(b':', rest.as_bytes())?)?;
        // All bytes are looked at, which is faster than to stop at the first.
        let in_account =
            |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'_' | b'.');
        let fits = account
            .bytes()
            .fold(true, |fits, byte| fits & in_account(byte));
        if account.is_empty() || !fits {
            return None;
        }
        let account = Cow::Borrowed(account);
        let identity = identity.strip_prefix(':')?;
        if identity == "root" {
            return Some(Principal::Account { account });
        }
        let named = |name: &'a str| {
            let one =
                !name.is_empty() && !name.bytes().any(|byte| matches!(byte, b'/' | b'*' | b'?'));
            one.then_some(Cow::Borrowed(name))
        };
        if let Some(name) = identity.strip_prefix("user/") {
            let name = named(name)?;
            return Some(Principal::User { account, name });
        }
        if let Some(name) = identity.strip_prefix("role/") {
            let name = named(name)?;
            return Some(Principal::Role { account, name });
        }
        let (role, session) = identity.strip_prefix("assumed-role/")?.split_once('/')?;
        Some(Principal::AssumedRole {
            account,
            role: named(role)?,
            session: Some(session)
                .filter(|session| !session.is_empty() && !has_wildcard(session))?
                .into(),
        })
    }

    /// The account that the principal belongs to, if it belongs to one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Principal::User { account, .. }
            | Principal::Role { account, .. }
            | Principal::AssumedRole { account, .. }
            | Principal::Account { account } => Some(account),
            _ => None,
        }
    }

    /// The role's name of a role and its sessions.
    pub fn role_name(&self) -> Option<&str> {
        match self {
            Principal::Role { name, .. } => Some(name),
            Principal::AssumedRole { role, .. } => Some(role),
            _ => None,
        }
    }

    /// The value of `acs:PrincipalARN` (K7): the user's ARN, or the role's, also for a session of it; put together in `buffer`.
    pub(crate) fn arn<'b>(&self, buffer: &'b mut Composed) -> Option<&'b str> {
        match self {
            Principal::User { account, name } => buffer.of(&["acs:ram::", account, ":user/", name]),
            Principal::Role { account, name }
            | Principal::AssumedRole {
                account,
                role: name,
                ..
            } => buffer.of(&["acs:ram::", account, ":role/", name]),
            _ => None,
        }
    }

    /// The same, owning its texts.
    pub fn into_owned(self) -> Principal<'static> {
        fn own(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        match self {
            Principal::User { account, name } => Principal::User {
                account: own(account),
                name: own(name),
            },
            Principal::Role { account, name } => Principal::Role {
                account: own(account),
                name: own(name),
            },
            Principal::AssumedRole {
                account,
                role,
                session,
            } => Principal::AssumedRole {
                account: own(account),
                role: own(role),
                session: own(session),
            },
            Principal::Account { account } => Principal::Account {
                account: own(account),
            },
            Principal::Service { name } => Principal::Service { name: own(name) },
            Principal::Federated { provider } => Principal::Federated {
                provider: own(provider),
            },
            Principal::Anonymous => Principal::Anonymous,
            Principal::Unnamed => Principal::Unnamed,
        }
    }
}

/// A name that is put together for one comparison, without allocation.
pub(crate) struct Composed([u8; COMPOSED_BYTES]);

/// Every form of a principal's name is at most so much longer than what [`Principal::parse`] took.
const COMPOSED_BYTES: usize = PRINCIPAL_BYTES_MAX + 64;

impl Composed {
    pub(crate) fn new() -> Composed {
        Composed([0; COMPOSED_BYTES])
    }

    /// The pieces one after the other; `None` only for a principal that was made by hand and is longer than any that is read.
    pub(crate) fn of(&mut self, pieces: &[&str]) -> Option<&str> {
        let mut end = 0;
        for piece in pieces {
            let start = end;
            end += piece.len();
            self.0
                .get_mut(start..end)?
                .copy_from_slice(piece.as_bytes());
        }
        std::str::from_utf8(self.0.get(..end)?).ok()
    }
}

impl fmt::Display for Principal<'_> {
    /// The text that [`Principal::parse`] reads; nothing for an unnamed user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Principal::User { account, name } => write!(f, "acs:ram::{account}:user/{name}"),
            Principal::Role { account, name } => write!(f, "acs:ram::{account}:role/{name}"),
            Principal::AssumedRole {
                account,
                role,
                session,
            } => {
                write!(f, "acs:ram::{account}:assumed-role/{role}/{session}")
            }
            Principal::Account { account } => write!(f, "acs:ram::{account}:root"),
            Principal::Service { name } => write!(f, "Service:{name}"),
            Principal::Federated { provider } => write!(f, "Federated:{provider}"),
            Principal::Anonymous => f.write_str("anonymous"),
            Principal::Unnamed => Ok(()),
        }
    }
}
