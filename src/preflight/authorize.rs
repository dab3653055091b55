//! May this call be let through? For an enforcement point in front of an API: what cannot be told for sure is no Yes.

use crate::account::Assignment;
use crate::catalog::{Catalog, OperationFacts};
use crate::decision::{Decision, Explanation};
use crate::preflight::authorization::{self, Checks};
use crate::preflight::{Call, Resources, parameters};
use crate::problem::{RequestError, quoted};

/// What an enforcement point is told of a call.
#[derive(Clone, Debug)]
pub enum Permission {
    /// Every action on every resource that the call needs is allowed: one answer for each, at least one.
    Granted(Vec<Explanation>),
    /// One of them is denied.
    Denied(Box<Explanation>),
    /// What it needs, or whether that is allowed, cannot be told: why. To be treated as a denial.
    Unknown(Vec<String>),
}

/// Says whether a call may be let through, by the policies and the catalogue's facts alone; whether it would then succeed is not asked.
///
/// A call can be told only if the catalogue lists all parameters of its operation and the call has no others: an unknown parameter might name
/// a further resource. Names count letter by letter. An answer that hangs on circumstances which the call does not say, a tag of the resource for
/// example, is unknown too ([`Call::absent`] says which there are none of).
///
/// # Errors
/// When the caller is not known to the assignment, or not named where it matters who calls.
///
/// ```
/// use ramgate::preflight::{Call, Permission, Resources, authorize};
/// use ramgate::{Assignment, Catalog, Document, Policies, Principal, Source};
///
/// let facts = Source::new("vpc.tsv", "service\tvpc\n\
///     type\tCircuit\tacs:vpc:*:{account}:physicalconnection/{CircuitId}\n\
///     action\tCancelCircuit\tupdate\t*Circuit\tnone\tnone\t=\n\
///     operation\tCancelCircuit\tcomplete\tCircuit\n\
///     parameter\tCancelCircuit\tCircuitId\tString\trequired\tCircuit\n");
/// let catalog = Catalog::parse(&[facts])?;
/// let policy = r#"{ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "vpc:*", "Resource": "acs:vpc:*:*:physicalconnection/pc-1" }] }"#;
/// let policies = Policies::of_identity([Document::parse(&Source::new("policy.json", policy))?]);
/// let policies = Assignment::Inline(Box::new(policies));
/// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
/// let ask = |call: &Call| authorize(call, &policies, &catalog, &Resources::default());
///
/// let call = Call::new(alice, "vpc:CancelCircuit");
/// assert!(matches!(ask(&call.clone().with("CircuitId", "pc-1"))?, Permission::Granted(_)));
/// assert!(matches!(ask(&call.clone().with("CircuitId", "pc-2"))?, Permission::Denied(_)));
/// assert!(matches!(ask(&call.with("CircuitId", "pc-1").with("AlsoId", "pc-2"))?, Permission::Unknown(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn authorize(
    call: &Call,
    assignment: &Assignment,
    catalog: &Catalog,
    known: &Resources,
) -> Result<Permission, RequestError> {
    let operation = match told(call, catalog) {
        Ok(operation) => operation,
        Err(reasons) => return Ok(Permission::Unknown(reasons)),
    };
    let Checks {
        checks, unknown, ..
    } = authorization::check(call, operation, assignment, known)?;
    let denied = |word: Decision| checks.iter().find(|check| check.decision() == word);
    let denied = denied(Decision::ExplicitDeny).or_else(|| denied(Decision::ImplicitDeny));
    if let Some(denied) = denied {
        return Ok(Permission::Denied(Box::new(denied.explanation.clone())));
    }
    let mut reasons = unknown;
    reasons.extend(checks.iter().flat_map(|check| check.unsaid.clone()));
    if checks.is_empty() && reasons.is_empty() {
        reasons.push("the call needs nothing that is known".to_owned());
    }
    if reasons.is_empty() {
        let explanations = checks.into_iter().map(|check| check.explanation);
        Ok(Permission::Granted(explanations.collect()))
    } else {
        Ok(Permission::Unknown(reasons))
    }
}

/// The operation, if the catalogue knows all that this call could mean.
fn told<'c>(call: &'c Call, catalog: &'c Catalog) -> Result<OperationFacts<'c>, Vec<String>> {
    let name = &call.operation;
    let Some(operation) = catalog.call(name) else {
        return Err(vec![format!("no facts on the operation {}", quoted(name))]);
    };
    let written = name.split_once(':').map_or(&**name, |(_, own)| own);
    if written != operation.name() {
        let right = operation.name();
        return Err(vec![format!(
            "operation {} must be written {right}",
            quoted(written)
        )]);
    }
    if operation.has_all_parameters() != Some(true) {
        return Err(vec![format!("not all parameters of {written} are listed")]);
    }
    let mut strangers = parameters::strangers(call, operation).peekable();
    if strangers.peek().is_some() {
        return Err(strangers.collect());
    }
    let mut masked = operation.parameters().filter(|parameter| {
        let value = call.parameter(parameter.name()).unwrap_or_default();
        (parameter.is_region() || parameter.names().is_some()) && value.contains(['*', '?'])
    });
    if let Some(masked) = masked.next() {
        let name = masked.name();
        return Err(vec![format!("the value of {name} has a wildcard in it")]);
    }
    Ok(operation)
}
