//! One question: who, what action, on what, under which circumstances.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::arn::{Arn, ArnParts};
use crate::principal::Principal;
use crate::problem::{RequestError, quoted};
use crate::wildcard::has_wildcard;

/// The longest action that a request may name; RAM's own end at a hundred.
const ACTION_BYTES_MAX: usize = 256;

/// So much context is read; RAM's own requests have a dozen keys. Conditions look keys up one after the other, so the bound is one of time.
const CONTEXT_KEYS_MAX: usize = 1000;
const CONTEXT_VALUES_MAX: usize = 10_000;

/// One question. It borrows the texts it is made of; [`Request::into_owned`] lets go of them.
///
/// ```
/// use ramgate::{Context, Principal, Request};
///
/// let request = Request::new(
///     Principal::parse("acs:ram::1234567890123456:user/alice")?,
///     "vpc:CancelPhysicalConnection",
///     "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-119mfjzm7",
/// )?
/// .with_context(Context::new([("acs:SourceIp", "203.0.113.7")])?);
/// assert_eq!(request.action(), "vpc:CancelPhysicalConnection");
/// # Ok::<(), ramgate::RequestError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Request<'a> {
    principal: Principal<'a>,
    principal_id: Option<Cow<'a, str>>,
    action: Cow<'a, str>,
    /// Where the action's colon is.
    colon: usize,
    resource: Arn<'a>,
    /// Further resources of the same call (A6); an empty vector costs nothing.
    more_resources: Vec<Arn<'a>>,
    context: Context<'a>,
    resource_group: Option<Cow<'a, str>>,
    resource_owner: Option<Cow<'a, str>>,
}

impl<'a> Request<'a> {
    /// A question without circumstances.
    ///
    /// # Errors
    /// When `action` is not one `<code>:<name>`, or `resource` is neither an ARN nor `*`.
    #[inline]
    pub fn new(
        principal: Principal<'a>,
        action: impl Into<Cow<'a, str>>,
        resource: impl Into<Cow<'a, str>>,
    ) -> Result<Request<'a>, RequestError> {
        let action = action.into();
        let colon = action.bytes().position(|byte| byte == b':');
        let Some(colon) = colon.filter(|colon| (1..action.len() - 1).contains(colon)) else {
            return Err(RequestError::new(format!(
                "action {} is no <code>:<name>",
                quoted(&action)
            )));
        };
        if action.len() > ACTION_BYTES_MAX {
            return Err(RequestError::new(format!(
                "action {} is longer than {ACTION_BYTES_MAX} bytes",
                quoted(&action)
            )));
        }
        if has_wildcard(&action) {
            return Err(RequestError::new(format!(
                "action {} holds a wildcard; a request names one action",
                quoted(&action)
            )));
        }
        let resource = Arn::parse(resource)?;
        Ok(Request {
            principal,
            principal_id: None,
            action,
            colon,
            resource,
            more_resources: Vec::new(),
            context: Context::default(),
            resource_group: None,
            resource_owner: None,
        })
    }

    /// The same question under these circumstances.
    #[inline]
    pub fn with_context(self, context: Context<'a>) -> Request<'a> {
        Request { context, ..self }
    }

    /// A call that needs this resource too (A6): the answer is the worst of them.
    ///
    /// # Errors
    /// When the text is neither an ARN nor `*`, or names another account than the one said to own the resources.
    pub fn and_resource(
        mut self,
        resource: impl Into<Cow<'a, str>>,
    ) -> Result<Request<'a>, RequestError> {
        self.more_resources.push(Arn::parse(resource)?);
        match self.resource_owner.take() {
            Some(owner) => self.owned_by(owner),
            None => Ok(self),
        }
    }

    /// The resource group that the resource is in, `rg-…` (T19).
    pub fn in_resource_group(mut self, group: impl Into<Cow<'a, str>>) -> Request<'a> {
        self.resource_group = Some(group.into());
        self
    }

    /// The account that owns the resource, where its ARN does not say.
    ///
    /// # Errors
    /// When an ARN of the request names another account.
    pub fn owned_by(
        mut self,
        account: impl Into<Cow<'a, str>>,
    ) -> Result<Request<'a>, RequestError> {
        let account = account.into();
        if let Some(other) = self
            .resources()
            .find_map(|arn| arn.account().filter(|other| **other != *account))
        {
            return Err(RequestError::new(format!(
                "resource_owner {} contradicts the resource, which account {} owns",
                quoted(&account),
                quoted(other)
            )));
        }
        self.resource_owner = Some(account);
        Ok(self)
    }

    /// The numeric id of the RAM user who asks: bucket policies name users by it (T23).
    pub fn with_principal_id(mut self, id: impl Into<Cow<'a, str>>) -> Request<'a> {
        self.principal_id = Some(id.into());
        self
    }

    /// Who asks.
    pub fn principal(&self) -> &Principal<'a> {
        &self.principal
    }

    /// The user's numeric id, if it is known.
    pub fn principal_id(&self) -> Option<&str> {
        self.principal_id.as_deref()
    }

    /// What is asked.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// On what; the first, where there are several.
    pub(crate) fn resource(&self) -> &Arn<'a> {
        &self.resource
    }

    /// On what; never empty.
    pub fn resources(&self) -> impl Iterator<Item = &Arn<'a>> {
        std::iter::once(&self.resource).chain(&self.more_resources)
    }

    pub(crate) fn has_one_resource(&self) -> bool {
        self.more_resources.is_empty()
    }

    /// Under which circumstances.
    pub fn context(&self) -> &Context<'a> {
        &self.context
    }

    /// The group that the resource is in, if it is known.
    pub fn resource_group(&self) -> Option<&str> {
        self.resource_group.as_deref()
    }

    /// The account that is said to own the resources, where their ARNs do not say.
    pub fn resource_owner(&self) -> Option<&str> {
        self.resource_owner.as_deref()
    }

    /// The account that owns a resource of this request: the ARN's, else the one given, else the caller's own.
    #[inline]
    pub(crate) fn owner_of<'r>(&'r self, resource: &'r Arn<'_>) -> Option<&'r str> {
        resource
            .account()
            .or(self.resource_owner.as_deref())
            .or_else(|| self.principal.account())
    }

    /// Where the action's colon is.
    pub(crate) fn action_colon(&self) -> usize {
        self.colon
    }

    /// The part of the action before its colon.
    pub(crate) fn action_service(&self) -> &str {
        self.action.get(..self.colon).unwrap_or_default()
    }

    /// The same, owning all its texts.
    pub fn into_owned(self) -> Request<'static> {
        Request {
            principal: self.principal.into_owned(),
            principal_id: self.principal_id.map(own),
            action: own(self.action),
            colon: self.colon,
            resource: self.resource.into_owned(),
            more_resources: self
                .more_resources
                .into_iter()
                .map(Arn::into_owned)
                .collect(),
            context: self.context.into_owned(),
            resource_group: self.resource_group.map(own),
            resource_owner: self.resource_owner.map(own),
        }
    }
}

fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Serialize for Request<'_> {
    /// Contracts, section 2: the form that [`Question::parse`](crate::Question::parse) reads.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.principal != Principal::Unnamed {
            map.serialize_entry("principal", &self.principal.to_string())?;
        }
        if let Some(id) = &self.principal_id {
            map.serialize_entry("principal_id", id)?;
        }
        map.serialize_entry("action", &self.action)?;
        if self.has_one_resource() {
            map.serialize_entry("resource", self.resource.as_str())?;
        } else {
            map.serialize_entry(
                "resource",
                &self.resources().map(Arn::as_str).collect::<Vec<_>>(),
            )?;
        }
        if let Some(group) = &self.resource_group {
            map.serialize_entry("resource_group", group)?;
        }
        if let Some(owner) = &self.resource_owner {
            map.serialize_entry("resource_owner", owner)?;
        }
        map.serialize_entry("context", &self.context)?;
        map.end()
    }
}

/// What the matching of one statement may look at: the request, and which of its resources is in question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'r> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) resource: &'r Arn<'r>,
    /// The resource's parts, if it is an ARN.
    pub(crate) parts: Option<ArnParts<'r>>,
    /// The account that owns the resource, if anybody knows.
    pub(crate) owner: Option<&'r str>,
    /// The caller's numeric id, if it is known.
    pub(crate) principal_id: Option<&'r str>,
    /// Whether doubts are wanted that never change an answer (V1, W8): `decide` does without.
    pub(crate) all_readings: bool,
    /// Whether the caller's identity policies allow: the id of a whole account in a bucket policy asks for it (T23).
    pub(crate) identity_allows: bool,
}

/// The circumstances of a request: condition keys and their values. Key names compare without case (G18).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context<'a> {
    entries: Entries<'a>,
}

/// Not a `Cow`: that would tie every borrow of a request to one lifetime.
#[derive(Clone, Debug)]
enum Entries<'a> {
    Borrowed(&'a [(Cow<'a, str>, ContextValue<'a>)]),
    Owned(Vec<(Cow<'a, str>, ContextValue<'a>)>),
}

impl<'a> Entries<'a> {
    fn as_slice(&self) -> &[(Cow<'a, str>, ContextValue<'a>)] {
        match self {
            Entries::Borrowed(entries) => entries,
            Entries::Owned(entries) => entries,
        }
    }
}

impl Default for Entries<'_> {
    fn default() -> Self {
        Entries::Borrowed(&[])
    }
}

impl PartialEq for Entries<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<'a> Context<'a> {
    /// Keys with one value each; [`Context::of`] takes several and borrows them all.
    ///
    /// # Errors
    /// When a key stands twice, in whatever case, or there are more than 1000 keys or 10 000 values.
    pub fn new<const N: usize>(
        entries: [(&'a str, &'a str); N],
    ) -> Result<Context<'a>, RequestError> {
        Context::owned(
            entries
                .into_iter()
                .map(|(key, value)| (Cow::Borrowed(key), ContextValue::from(value)))
                .collect(),
        )
    }

    /// Borrows a list of keys and values; nothing is copied.
    ///
    /// # Errors
    /// When a key stands twice, in whatever case, or there are more than 1000 keys or 10 000 values.
    #[inline]
    pub fn of(
        entries: &'a [(Cow<'a, str>, ContextValue<'a>)],
    ) -> Result<Context<'a>, RequestError> {
        Context::checked(Entries::Borrowed(entries))
    }

    /// Takes a list of keys and values over.
    ///
    /// # Errors
    /// When a key stands twice, in whatever case, or there are more than 1000 keys or 10 000 values.
    pub fn owned(
        entries: Vec<(Cow<'a, str>, ContextValue<'a>)>,
    ) -> Result<Context<'a>, RequestError> {
        Context::checked(Entries::Owned(entries))
    }

    #[inline]
    fn checked(entries: Entries<'a>) -> Result<Context<'a>, RequestError> {
        let list = entries.as_slice();
        let values: usize = list.iter().map(|(_, value)| value.values().len()).sum();
        if list.len() > CONTEXT_KEYS_MAX || values > CONTEXT_VALUES_MAX {
            return Err(RequestError::new(format!(
                "a context of {} keys with {values} values; at most {CONTEXT_KEYS_MAX} and {CONTEXT_VALUES_MAX} are read",
                list.len()
            )));
        }
        // One bit for each key's length and end: a key whose bit is new needs no comparison.
        let mut seen = 0u64;
        for (index, (key, _)) in list.iter().enumerate() {
            // Letters without case.
            let end = key.as_bytes().last().map_or(0, |end| end | 0x20);
            let bit = 1 << ((key.len() ^ usize::from(end) << 2) & 63);
            let mut before = list.iter().take(index);
            if seen & bit != 0 && before.any(|(other, _)| same_key(key, other).is_some()) {
                let key = quoted(key);
                return Err(RequestError::new(format!("context key {key} stands twice")));
            }
            seen |= bit;
        }
        Ok(Context { entries })
    }

    /// Adds a value to a key, which becomes multi-valued if it has one already.
    pub fn push(&mut self, key: &str, value: impl Into<Cow<'a, str>>) {
        if let Entries::Borrowed(entries) = self.entries {
            self.entries = Entries::Owned(entries.to_vec());
        }
        let Entries::Owned(entries) = &mut self.entries else {
            return;
        };
        match entries
            .iter_mut()
            .find(|(name, _)| same_key(key, name).is_some())
        {
            Some((_, values)) => values.push(value.into()),
            None => entries.push((Cow::Owned(key.to_owned()), ContextValue::One(value.into()))),
        }
    }

    /// Whether the key is there, in whatever case.
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The values of a key, and whether the spelling is the same.
    pub(crate) fn get(&self, key: &str) -> Option<(&ContextValue<'a>, bool)> {
        self.entries
            .as_slice()
            .iter()
            .find_map(|(name, value)| same_key(key, name).map(|exact| (value, exact)))
    }

    /// Keys and values, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue<'a>)> {
        self.entries
            .as_slice()
            .iter()
            .map(|(key, value)| (key.as_ref(), value))
    }

    fn into_owned(self) -> Context<'static> {
        let entries = match self.entries {
            Entries::Borrowed(entries) => entries.to_vec(),
            Entries::Owned(entries) => entries,
        };
        let entries = entries
            .into_iter()
            .map(|(key, value)| (own(key), value.into_owned()));
        Context {
            entries: Entries::Owned(entries.collect()),
        }
    }
}

impl Serialize for Context<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Whether two condition keys are one (G18): names without case, what follows the first `/` (a tag's key) exactly.
/// `Some(true)` when the spelling is the same.
pub(crate) fn same_key(a: &str, b: &str) -> Option<bool> {
    if a.len() != b.len() || !a.eq_ignore_ascii_case(b) {
        return None;
    }
    if a == b {
        return Some(true);
    }
    (tag_of(a) == tag_of(b)).then_some(false)
}

/// What follows the first `/` of a condition key (G14).
fn tag_of(key: &str) -> Option<&str> {
    key.split_once('/').map(|(_, tag)| tag)
}

/// The value of a condition key in a request: one text or a list. An empty list counts as an absent key (O22).
#[derive(Clone, Debug, PartialEq)]
pub enum ContextValue<'a> {
    /// One value, `""` included.
    One(Cow<'a, str>),
    /// Several values of one key.
    Many(Vec<Cow<'a, str>>),
}

impl<'a> ContextValue<'a> {
    /// The values, in the order given.
    pub fn values(&self) -> &[Cow<'a, str>] {
        match self {
            ContextValue::One(value) => std::slice::from_ref(value),
            ContextValue::Many(values) => values,
        }
    }

    fn push(&mut self, value: Cow<'a, str>) {
        match self {
            ContextValue::One(first) => {
                *self = ContextValue::Many(vec![std::mem::take(first), value])
            }
            ContextValue::Many(values) => values.push(value),
        }
    }

    fn into_owned(self) -> ContextValue<'static> {
        match self {
            ContextValue::One(value) => ContextValue::One(own(value)),
            ContextValue::Many(values) => ContextValue::Many(values.into_iter().map(own).collect()),
        }
    }
}

impl<'a> From<&'a str> for ContextValue<'a> {
    fn from(value: &'a str) -> ContextValue<'a> {
        ContextValue::One(Cow::Borrowed(value))
    }
}

impl From<String> for ContextValue<'_> {
    fn from(value: String) -> Self {
        ContextValue::One(Cow::Owned(value))
    }
}

impl From<bool> for ContextValue<'_> {
    fn from(value: bool) -> Self {
        ContextValue::One(Cow::Borrowed(if value { "true" } else { "false" }))
    }
}

impl Serialize for ContextValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ContextValue::One(value) => serializer.serialize_str(value),
            ContextValue::Many(values) => {
                let mut seq = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    seq.serialize_element(value)?;
                }
                seq.end()
            }
        }
    }
}

impl fmt::Display for ContextValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.values() {
            [one] => f.write_str(one),
            many => write!(f, "[{}]", many.join(", ")),
        }
    }
}
