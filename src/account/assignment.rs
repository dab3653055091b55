//! The policies that a question is asked about: given by hand, or those of an organisation.

use std::sync::Arc;

use crate::account::Organization;
use crate::decision::{Decision, Evaluation, Explanation};
use crate::policy::{Policies, Policy, Stage};
use crate::principal::Principal;
use crate::problem::RequestError;
use crate::question::Question;

/// Where a question's policies come from.
#[derive(Clone, Debug)]
pub enum Assignment {
    /// These, whoever asks: a case file's own, or those of a command line.
    Inline(Box<Policies>),
    /// Those of the caller, looked up in a snapshot.
    Organization(Arc<Organization>),
}

impl Assignment {
    /// Decides the question.
    ///
    /// # Errors
    /// When the caller is not known, or not named where it matters who asks.
    pub fn decide(&self, question: &Question) -> Result<Decision, RequestError> {
        match self {
            Assignment::Inline(policies) => {
                Ok(with_session(policies, question)?.decide(&question.request))
            }
            Assignment::Organization(known) => {
                known.decide(&question.request, question.session.as_ref())
            }
        }
    }

    /// The same, with the stage and the statements that decided.
    ///
    /// # Errors
    /// As [`Assignment::decide`].
    pub fn evaluate(&self, question: &Question) -> Result<Evaluation, RequestError> {
        match self {
            Assignment::Inline(policies) => {
                Ok(with_session(policies, question)?.evaluate(&question.request))
            }
            Assignment::Organization(known) => {
                known.evaluate(&question.request, question.session.as_ref())
            }
        }
    }

    /// The same, with everything that helps a person.
    ///
    /// # Errors
    /// As [`Assignment::decide`].
    pub fn explain(&self, question: &Question) -> Result<Explanation, RequestError> {
        match self {
            Assignment::Inline(policies) => {
                Ok(with_session(policies, question)?.explain(&question.request))
            }
            Assignment::Organization(known) => {
                known.explain(&question.request, question.session.as_ref())
            }
        }
    }

    /// Every policy that is known.
    pub fn policies(&self) -> Vec<&Arc<Policy>> {
        match self {
            Assignment::Inline(policies) => policies.iter().map(|(_, policy)| policy).collect(),
            Assignment::Organization(known) => known.policies().collect(),
        }
    }

    /// The statements that match the question's request, or may match it, in whatever stage: what a coverage counts.
    pub(crate) fn touched(
        &self,
        question: &Question,
    ) -> Result<Vec<(Arc<Policy>, usize)>, RequestError> {
        let mut touched = Vec::new();
        for resource in question.request.resources() {
            let policies = match self {
                Assignment::Inline(policies) => with_session(policies, question)?,
                Assignment::Organization(known) => {
                    let policies = known.policies_for(&question.request, resource)?;
                    Policies {
                        session: question.session.clone(),
                        ..policies
                    }
                }
            };
            touched.extend(crate::decision::touched(
                &policies,
                &question.request,
                resource,
            ));
        }
        Ok(touched)
    }
}

/// Inline policies with the question's session policy. An unnamed caller is one of the resource's account, which only identity, session and
/// control policies can do with.
fn with_session(policies: &Policies, question: &Question) -> Result<Policies, RequestError> {
    let names_callers = |stage| matches!(stage, Stage::Resource | Stage::Trust | Stage::Endpoint);
    if *question.request.principal() == Principal::Unnamed
        && policies.iter().any(|(stage, _)| names_callers(stage))
    {
        return Err(RequestError::new(
            "principal is missing; resource, trust and endpoint policies say whom they are about",
        ));
    }
    if policies.session.is_some() && question.session.is_some() {
        return Err(RequestError::new(
            "two session policies: one among the policies and one in the request",
        ));
    }
    let session = question
        .session
        .clone()
        .or_else(|| policies.session.clone());
    Ok(Policies {
        session,
        ..policies.clone()
    })
}
