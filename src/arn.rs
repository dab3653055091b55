//! The resource that a request names: one ARN, or nothing in particular.

use std::borrow::Cow;

use crate::problem::RequestError;

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

    pub(crate) fn fields(&self) -> Option<[&str; 5]> {
        self.colons.and_then(|colons| split(&self.text, colons))
    }
}

/// The offsets of the first four colons, if there are as many.
pub(crate) fn first_colons(text: &str) -> Option<[usize; 4]> {
    let mut colons = memchr::memchr_iter(b':', text.as_bytes());
    Some([
        colons.next()?,
        colons.next()?,
        colons.next()?,
        colons.next()?,
    ])
}

pub(crate) fn split(text: &str, [a, b, c, d]: [usize; 4]) -> Option<[&str; 5]> {
    Some([
        text.get(..a)?,
        text.get(a + 1..b)?,
        text.get(b + 1..c)?,
        text.get(c + 1..d)?,
        text.get(d + 1..)?,
    ])
}
