//! Would this call of an API work, and if not, what is to be asked for: parameters, permission, existence, state, in this order.

mod authorization;
mod authorize;
mod call;
mod denial;
mod known;
mod parameters;
mod resource;
mod suggestion;

use serde::Serialize;

use crate::account::Assignment;
use crate::catalog::{Catalog, ErrorCause, OperationFacts};
use crate::decision::{Decision, Explanation};
use crate::problem::{RequestError, quoted};
use crate::suggest::closest;

pub use authorize::{Permission, authorize};
pub use call::Call;
pub use denial::{CloudDenial, Difference, MatchedPolicy, Replay, replay};
pub use known::{Resource, Resources};
pub use suggestion::{Obstacle, SuggestedPolicy, SuggestedStatement};

use authorization::Checks;

/// How a call would end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Outcome {
    /// It works.
    Succeeds,
    /// A parameter is missing or wrong.
    InvalidParameter,
    /// RAM denies it.
    NoPermission,
    /// The region or the resource does not exist.
    NotFound,
    /// The resource is in a state in which the operation is not possible.
    NotAllowedInState,
    /// What is known is not enough to tell; what is missing is said.
    Unknown,
}

impl Outcome {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Succeeds => "Succeeds",
            Outcome::InvalidParameter => "InvalidParameter",
            Outcome::NoPermission => "NoPermission",
            Outcome::NotFound => "NotFound",
            Outcome::NotAllowedInState => "NotAllowedInState",
            Outcome::Unknown => "Unknown",
        }
    }
}

/// How a call would end, and why (contracts, section 6).
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Preflight {
    /// The operation, with its product's code.
    pub operation: String,
    /// How it would end.
    pub outcome: Outcome,
    /// The HTTP status of the answer; `None` where it is not known.
    pub http_status: Option<u16>,
    /// The code of the error; `None` where there is none or it is not known.
    pub code: Option<String>,
    /// The service's own words where they are known, else ours; none where it works.
    pub message: Option<String>,
    /// Why, in our words: one line for each thing that decides.
    pub reasons: Vec<String>,
    /// The state of the resource before the call, where it was looked at.
    pub state_before: Option<String>,
    /// The state that a call which works leaves it in.
    pub state_after: Option<String>,
    /// The state in which it is until then: the call returns before its work is done.
    pub passes_through: Option<String>,
    /// Whether a call that works leaves no resource.
    pub deleted: bool,
    /// What the policies say: of several actions and resources, to the first that is denied.
    pub decision: Option<Explanation>,
    /// The policy that makes the call allowed, if it were attached to the caller.
    pub suggestion: Option<SuggestedPolicy>,
    /// What must change first, where a policy of the caller's does not help.
    pub obstacles: Vec<Obstacle>,
    /// The policy that the caller needs besides, once that has changed.
    pub needed_besides: Option<SuggestedPolicy>,
    /// What else to know.
    pub notes: Vec<String>,
    #[serde(skip)]
    subject: Option<Subject>,
}

/// The resource whose state counts.
#[derive(Clone, Debug)]
struct Subject {
    kind: String,
    id: String,
    region: String,
    is_deleted: bool,
    /// The call does not change its state: it makes something else, or nothing of the kind.
    is_kept: bool,
}

impl Preflight {
    fn of(operation: String) -> Preflight {
        Preflight {
            operation,
            outcome: Outcome::Unknown,
            http_status: None,
            code: None,
            message: None,
            reasons: Vec::new(),
            state_before: None,
            state_after: None,
            passes_through: None,
            deleted: false,
            decision: None,
            suggestion: None,
            obstacles: Vec::new(),
            needed_besides: None,
            notes: Vec::new(),
            subject: None,
        }
    }

    /// Ends with an error of the service, as far as it is known.
    fn ends(
        mut self,
        outcome: Outcome,
        operation: OperationFacts<'_>,
        cause: &ErrorCause,
        values: &[(&str, &str)],
        reason: String,
    ) -> Preflight {
        let filled = |text: &str| {
            values.iter().fold(text.to_owned(), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            })
        };
        let error = operation.error(cause);
        self.outcome = outcome;
        self.http_status = error.and_then(|error| error.status());
        self.code = error.and_then(|error| error.code()).map(filled);
        let words = error.and_then(|error| error.message()).map(filled);
        self.message = Some(words.unwrap_or_else(|| reason.clone()));
        self.reasons.push(reason);
        self
    }

    /// Ends without an answer.
    fn unknown(mut self, reasons: Vec<String>) -> Preflight {
        self.outcome = Outcome::Unknown;
        self.message = reasons.first().cloned();
        self.reasons = reasons;
        self
    }
}

/// Says how a call would end.
///
/// The order of the checks, which the vendor does not document, is: required parameters and their values; permission (who is not authorized
/// learns nothing of what exists); whether region and resource exist; the state of the resource. The first that fails is the answer. What an
/// earlier check cannot tell is said when all later ones pass, for a later failure is sure whatever the earlier answer is; only permission that
/// cannot be told ends the search, as what comes behind it would not be shown to an unauthorized caller.
///
/// # Errors
/// When the caller is not known to the assignment, or not named where it matters who calls.
///
/// ```
/// use ramgate::preflight::{self, Call, Outcome, Resources};
/// use ramgate::{Assignment, Catalog, Document, Policies, Principal, Source};
///
/// let facts = Source::new("vpc.tsv", "service\tvpc\n\
///     type\tCircuit\tacs:vpc:*:{account}:physicalconnection/{CircuitId}\n\
///     state\tCircuit\tInitial\nstate\tCircuit\tEnabled\nstate\tCircuit\tCanceled\n\
///     action\tCancelCircuit\tupdate\t*Circuit\tnone\tnone\t=\n\
///     operation\tCancelCircuit\tcomplete\tCircuit\tInitial\t\tCanceled\n\
///     parameter\tCancelCircuit\tCircuitId\tString\trequired\tCircuit\n");
/// let catalog = Catalog::parse(&[facts])?;
/// let nothing = Assignment::Inline(Box::new(Policies::default()));
/// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
/// let call = Call::new(alice, "vpc:CancelCircuit").with("CircuitId", "pc-1").in_state("Initial");
///
/// let answer = preflight::preflight(&call, &nothing, &catalog, &Resources::default())?;
/// assert_eq!(answer.outcome, Outcome::NoPermission);
/// let wanted = answer.suggestion.ok_or("no policy helps")?;
/// assert_eq!(wanted.statements[0].actions, ["vpc:CancelCircuit"]);
///
/// let granted = Document::parse(&Source::new("granted.json", wanted.to_text()))?;
/// let granted = Assignment::Inline(Box::new(Policies::of_identity([granted])));
/// let answer = preflight::preflight(&call, &granted, &catalog, &Resources::default())?;
/// assert_eq!((answer.outcome, answer.state_after.as_deref()), (Outcome::Succeeds, Some("Canceled")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn preflight(
    call: &Call,
    assignment: &Assignment,
    catalog: &Catalog,
    known: &Resources,
) -> Result<Preflight, RequestError> {
    let Some(operation) = catalog.call(&call.operation) else {
        return Ok(unlisted(call, catalog));
    };
    let name = format!("{}:{}", operation.product(), operation.name());
    let mut answer = Preflight::of(name);
    answer.notes.extend(operation.note().map(str::to_owned));

    let checked = parameters::check(call, operation);
    answer.notes.extend(checked.notes);
    if let Some(wrong) = checked.wrong {
        let values = [("parameter", wrong.parameter.as_str())];
        let reason = wrong.reason;
        return Ok(answer.ends(
            Outcome::InvalidParameter,
            operation,
            &wrong.cause,
            &values,
            reason,
        ));
    }
    answer.subject = resource::subject(call, operation);
    let checks = authorization::check(call, operation, assignment, known)?;
    for note in checks.checks.iter().flat_map(|check| &check.notes) {
        if !answer.notes.contains(note) {
            answer.notes.push(note.clone());
        }
    }
    let mut answer = match permission(answer, operation, checks, assignment)? {
        Step::Ends(mut answer) => {
            // Nobody is to ask for a permission on what is misspelt; which regions there are is no secret.
            if let Some(reason) = resource::no_region(call, operation, catalog) {
                answer.suggestion = None;
                answer.needed_besides = None;
                answer.notes.push(reason);
            }
            return Ok(*answer);
        }
        Step::GoesOn(answer) => *answer,
    };
    let found = match resource::existence(answer, call, operation, catalog, known) {
        Step::Ends(answer) => return Ok(*answer),
        Step::GoesOn(found) => found,
    };
    answer = found.answer;
    let mut unknown = checked.unknown;
    unknown.extend(found.unknown);
    Ok(resource::state(answer, call, operation, known, unknown))
}

/// A check that ends the search, or leaves something for the next.
enum Step<T> {
    Ends(Box<Preflight>),
    GoesOn(T),
}

fn unlisted(call: &Call, catalog: &Catalog) -> Preflight {
    let name = &call.operation;
    let mut reason = format!("no facts on the operation {}", quoted(name));
    let names: Vec<String> = catalog
        .calls()
        .map(|known| format!("{}:{}", known.product(), known.name()))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let own: Vec<&str> = names
        .iter()
        .filter_map(|name| name.split_once(':').map(|(_, own)| own))
        .collect();
    match closest(name, &names).or_else(|| closest(name, &own)) {
        Some(meant) => reason.push_str(&format!("; did you mean {meant}?")),
        None => reason.push_str("; rows of your own can add them"),
    }
    Preflight::of(name.clone()).unknown(vec![reason])
}

/// What the policies say. A denial is sure even where something else is not known; a permission only where nothing is left open.
fn permission(
    mut answer: Preflight,
    operation: OperationFacts<'_>,
    checks: Checks,
    assignment: &Assignment,
) -> Result<Step<Box<Preflight>>, RequestError> {
    let Checks {
        checks,
        unknown,
        has_unknown_owner,
    } = checks;
    let of = |decision: Decision| {
        let mut checks = checks.iter();
        checks.find(|check| check.decision() == decision && check.unsaid.is_empty())
    };
    let denied = of(Decision::ExplicitDeny)
        .or_else(|| of(Decision::ImplicitDeny).filter(|_| !has_unknown_owner));
    let open: Vec<String> = checks
        .iter()
        .flat_map(|check| check.unsaid.clone())
        .collect();
    let Some(denied) = denied else {
        let worst = checks
            .iter()
            .find(|check| !check.unsaid.is_empty() || check.decision() != Decision::Allow);
        answer.decision = worst
            .or(checks.first())
            .map(|check| check.explanation.clone());
        let mut reasons = unknown;
        reasons.extend(open);
        reasons.dedup();
        if reasons.is_empty() {
            return Ok(Step::GoesOn(Box::new(answer)));
        }
        reasons.insert(0, "whether the policies allow it cannot be told".to_owned());
        return Ok(Step::Ends(Box::new(answer.unknown(reasons))));
    };
    let advice = suggestion::advise(&checks, assignment)?;
    let request = &denied.question.request;
    let resource = denied.explanation.resource.as_str();
    let values = [("action", request.action()), ("resource", resource)];
    let reason = format!(
        "{} may not do {} on {resource} ({} at the {} stage)",
        request.principal(),
        request.action(),
        denied.decision(),
        denied.explanation.stage
    );
    answer.decision = Some(denied.explanation.clone());
    answer.obstacles = advice.obstacles;
    answer.notes.extend(advice.notes);
    // What is not known, or may be denied besides, could be needed too: then nothing is promised.
    if unknown.is_empty() && open.is_empty() {
        answer.suggestion = advice.suggestion;
        answer.needed_besides = advice.besides;
    } else {
        answer.needed_besides = advice.suggestion.or(advice.besides);
        answer.notes.extend(unknown);
        answer.notes.extend(open);
    }
    let cause = ErrorCause::Permission;
    let answer = answer.ends(Outcome::NoPermission, operation, &cause, &values, reason);
    Ok(Step::Ends(Box::new(answer)))
}

impl Resources {
    /// Takes over what a call does to its resource: the calls after it find it so.
    ///
    /// A call that works leaves the resource in its next state, the one that it is in when its work is done; one whose end is not known leaves
    /// it in a state that is not known; one that fails changes nothing.
    pub fn apply(&mut self, answer: &Preflight) {
        let Some(subject) = &answer.subject else {
            return;
        };
        let Subject {
            kind, id, region, ..
        } = subject;
        match answer.outcome {
            _ if subject.is_kept => {}
            Outcome::Succeeds if subject.is_deleted => self.remove(kind, id, region),
            Outcome::Succeeds | Outcome::Unknown => {
                self.set_state(kind, id, region, answer.state_after.clone());
            }
            _ => {}
        }
    }
}
