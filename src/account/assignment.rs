//! The policies that a question is asked about: given by hand, or those of an organisation.

use std::sync::Arc;

use crate::account::{Caller, Organization};
use crate::arn::Arn;
use crate::decision::{
    self, Decision, Evaluation, Explanation, Hanging, NearCondition, Part, Standing,
};
use crate::policy::{Applicable, Policies, Policy, PolicySet, Stage};
use crate::principal::Principal;
use crate::problem::RequestError;
use crate::question::Question;
use crate::request::Request;
use crate::source::Position;

/// Where a question's policies come from.
#[derive(Clone, Debug)]
pub enum Assignment {
    /// These, whoever asks: a case file's own, or those of a command line.
    Inline(Box<Policies>),
    /// Those of the caller, looked up in a snapshot.
    Organization(Arc<Organization>),
}

/// An assignment that has found what it has to say about the caller.
enum Found<'a> {
    Inline(&'a Policies, Option<&'a PolicySet>),
    Caller(Caller<'a>, Option<&'a PolicySet>),
}

impl Assignment {
    /// Decides the question.
    ///
    /// # Errors
    /// When the caller is not known, or not named where it matters who asks.
    pub fn decide(&self, question: &Question) -> Result<Decision, RequestError> {
        let found = self.find(question)?;
        let request = &question.request;
        Ok(decision::decide(request, |resource| {
            found.applicable(request, resource)
        }))
    }

    /// The same, with the stage that decided.
    ///
    /// # Errors
    /// As [`Assignment::decide`].
    pub fn decide_with_stage(
        &self,
        question: &Question,
    ) -> Result<(Decision, Stage), RequestError> {
        let found = self.find(question)?;
        let request = &question.request;
        let outcome = decision::outcome(request, |resource| found.applicable(request, resource));
        Ok((outcome.decision, outcome.stage))
    }

    /// The same, with the stage and the statements that decided.
    ///
    /// # Errors
    /// As [`Assignment::decide`].
    pub fn evaluate(&self, question: &Question) -> Result<Evaluation, RequestError> {
        let found = self.find(question)?;
        Ok(decision::evaluate(
            &question.request,
            &found.parts(question),
        ))
    }

    /// The same, with everything that helps a person.
    ///
    /// # Errors
    /// As [`Assignment::decide`].
    pub fn explain(&self, question: &Question) -> Result<Explanation, RequestError> {
        let found = self.find(question)?;
        Ok(decision::explain(&question.request, &found.parts(question)))
    }

    /// Every policy that is known.
    pub fn policies(&self) -> Vec<&Arc<Policy>> {
        match self {
            Assignment::Inline(policies) => policies.iter().map(|(_, policy)| policy).collect(),
            Assignment::Organization(known) => known.policies().collect(),
        }
    }

    /// The same answer if these identity policies were attached to the caller as well. Who has no identity policies (an account itself, a
    /// service) gets none.
    pub(crate) fn explain_with(
        &self,
        question: &Question,
        more: &Arc<Policy>,
    ) -> Result<(Explanation, Vec<Standing>), RequestError> {
        let found = self.find(question)?;
        let mut parts = found.parts(question);
        let identity = parts
            .first()
            .and_then(|(applicable, _)| applicable.identity);
        let set: PolicySet = identity
            .into_iter()
            .flat_map(PolicySet::iter)
            .chain(std::iter::once(more))
            .cloned()
            .collect();
        for (applicable, _) in &mut parts {
            applicable.identity = applicable.identity.map(|_| &set);
        }
        let standing = parts
            .iter()
            .flat_map(|part| decision::standing(&question.request, part))
            .collect();
        Ok((decision::explain(&question.request, &parts), standing))
    }

    /// What stands in the way of the question's request.
    pub(crate) fn standing(&self, question: &Question) -> Result<Vec<Standing>, RequestError> {
        let found = self.find(question)?;
        let parts = found.parts(question);
        let standing = parts
            .iter()
            .flat_map(|part| decision::standing(&question.request, part));
        Ok(standing.collect())
    }

    /// Whether some statement allows the request on each of its resources, whatever denies it.
    pub(crate) fn is_allowed_somewhere(&self, question: &Question) -> Result<bool, RequestError> {
        let found = self.find(question)?;
        let parts = found.parts(question);
        let request = &question.request;
        Ok(parts
            .iter()
            .all(|part| decision::is_allowed_somewhere(request, part)))
    }

    /// The statements that the answer hangs on where not all keys of the context are known.
    pub(crate) fn hanging(
        &self,
        question: &Question,
        is_unsaid: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Hanging>, RequestError> {
        let found = self.find(question)?;
        Ok(decision::hanging(
            &question.request,
            &found.parts(question),
            is_unsaid,
        ))
    }

    /// The conditions of identity statements that fail by conditions only, with their places.
    pub(crate) fn nearly_allowing(
        &self,
        question: &Question,
    ) -> Result<Vec<(String, Vec<NearCondition>)>, RequestError> {
        let found = self.find(question)?;
        let parts = found.parts(question);
        let near = parts
            .iter()
            .flat_map(|part| decision::nearly_allowing(&question.request, part));
        Ok(near.collect())
    }

    /// Whether anything is known of an account; of policies given by hand it cannot be told.
    pub(crate) fn knows_account(&self, id: &str) -> Option<bool> {
        match self {
            Assignment::Inline(_) => None,
            Assignment::Organization(known) => Some(known.knows_account(id)),
        }
    }

    /// The places of the statements that match the question's request, or may match it, in whatever stage: what a coverage counts.
    pub(crate) fn touched(
        &self,
        question: &Question,
    ) -> Result<Vec<(Arc<str>, Position)>, RequestError> {
        let found = self.find(question)?;
        let parts = found.parts(question);
        Ok(parts
            .iter()
            .flat_map(|part| decision::touched(&question.request, part))
            .collect())
    }

    /// Shows what applies to each resource of the question.
    pub(crate) fn with_parts<T>(
        &self,
        question: &Question,
        look: impl FnOnce(&[Part<'_>]) -> T,
    ) -> Result<T, RequestError> {
        let found = self.find(question)?;
        Ok(look(&found.parts(question)))
    }

    fn find<'a>(&'a self, question: &'a Question) -> Result<Found<'a>, RequestError> {
        let session = question.session.as_ref();
        match self {
            Assignment::Inline(policies) => {
                check_inline(policies, question)?;
                Ok(Found::Inline(
                    policies,
                    session.or(policies.session.as_deref()),
                ))
            }
            Assignment::Organization(known) => Ok(Found::Caller(
                known.caller(question.request.principal())?,
                session,
            )),
        }
    }
}

impl Found<'_> {
    fn applicable<'w>(&'w self, request: &Request<'_>, resource: &Arn<'_>) -> Applicable<'w> {
        match self {
            Found::Inline(policies, session) => Applicable {
                session: *session,
                ..policies.applicable()
            },
            Found::Caller(caller, session) => caller.applicable(request, resource, *session),
        }
    }

    fn parts<'w>(&'w self, question: &'w Question) -> Vec<Part<'w>> {
        let request = &question.request;
        request
            .resources()
            .map(|resource| (self.applicable(request, resource), resource))
            .collect()
    }
}

/// An unnamed caller is one of the resource's account, which only identity, session and control policies can do with.
fn check_inline(policies: &Policies, question: &Question) -> Result<(), RequestError> {
    let names_callers = |stage| matches!(stage, Stage::Resource | Stage::Trust | Stage::Endpoint);
    let unnamed = *question.request.principal() == Principal::Unnamed;
    if unnamed && policies.iter().any(|(stage, _)| names_callers(stage)) {
        let message =
            "principal is missing; resource, trust and endpoint policies say whom they are about";
        return Err(RequestError::new(message));
    }
    if policies.session.is_some() && question.session.is_some() {
        let message = "two session policies: one among the policies and one in the request";
        return Err(RequestError::new(message));
    }
    Ok(())
}
