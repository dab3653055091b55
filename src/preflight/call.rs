//! A call that somebody means to make.

use crate::policy::PolicySet;
use crate::principal::Principal;
use crate::request::Context;

/// A call of an API that is planned: which operation, with which parameters, by whom, under which circumstances.
///
/// ```
/// use ramgate::{Principal, preflight::Call};
/// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
/// let call = Call::new(alice, "vpc:CancelPhysicalConnection")
///     .with("RegionId", "cn-shanghai")
///     .with("PhysicalConnectionId", "pc-119mfjzm7")
///     .in_state("Confirmed");
/// assert_eq!(call.parameter("RegionId"), Some("cn-shanghai"));
/// # Ok::<(), ramgate::RequestError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// Who calls.
    pub principal: Principal<'static>,
    /// The operation, `vpc:CancelPhysicalConnection`.
    pub operation: String,
    /// The parameters, as they are sent: names (`Tag.1.Key`) and values.
    pub parameters: Vec<(String, String)>,
    /// The circumstances: condition keys and their values.
    pub context: Context<'static>,
    /// Keys that this call does not have, though calls may: `acs:SourceVpc` of one from the Internet.
    pub absent: Vec<String>,
    /// Codes of errors that are known not to come: what they stand for was looked at otherwise.
    pub assumed: Vec<String>,
    /// The state of the resource, where it is known; it goes before what a list says.
    pub state: Option<String>,
    /// The resource group of the resource, where it is known.
    pub resource_group: Option<String>,
    /// The account that owns the resources, where it is another than the caller's.
    pub resource_owner: Option<String>,
    /// The caller's numeric id.
    pub principal_id: Option<String>,
    /// The session policy of the caller's session.
    pub session: Option<PolicySet>,
}

impl Call {
    /// A call without parameters.
    pub fn new(principal: Principal<'_>, operation: impl Into<String>) -> Call {
        Call {
            principal: principal.into_owned(),
            operation: operation.into(),
            parameters: Vec::new(),
            context: Context::default(),
            absent: Vec::new(),
            assumed: Vec::new(),
            state: None,
            resource_group: None,
            resource_owner: None,
            principal_id: None,
            session: None,
        }
    }

    /// The same with a parameter more; of the same name the last one counts.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Call {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// The same under these circumstances.
    pub fn with_context(mut self, context: Context<'static>) -> Call {
        self.context = context;
        self
    }

    /// The same, where the resource is known to be in this state.
    pub fn in_state(mut self, state: impl Into<String>) -> Call {
        self.state = Some(state.into());
        self
    }

    /// A parameter's value, if it says something.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut given = self.parameters.iter().rev();
        let (_, value) = given.find(|(known, _)| known == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The account that owns the resources: the one given, else the caller's.
    pub fn owner(&self) -> Option<&str> {
        self.resource_owner
            .as_deref()
            .or_else(|| self.principal.account())
    }
}
