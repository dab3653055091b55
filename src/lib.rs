//! A policy engine for Alibaba Cloud RAM: may this principal do this action on this resource, and why?
//!
//! ```
//! use ramgate::{Decision, Document, Policies, Principal, Request, Source};
//!
//! let text = r#"{
//!   "Version": "1",
//!   "Statement": [{
//!     "Effect": "Allow",
//!     "Action": "vpc:Cancel*",
//!     "Resource": "acs:vpc:*:*:physicalconnection/*",
//!     "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } }
//!   }]
//! }"#;
//! let document = Document::parse(&Source::new("net-ops.json", text))?;   // or every problem, with its place
//! let policies = Policies::of_identity([document]);                      // compiled once
//! let request = Request::new(
//!     Principal::parse("acs:ram::1234567890123456:user/alice")?,
//!     "vpc:CancelPhysicalConnection",
//!     "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-119mfjzm7",
//! )?;
//! assert_eq!(policies.decide(&request), Decision::ImplicitDeny);
//! let why = &policies.explain(&request).near_misses[0];
//! assert_eq!(why.detail, "IpAddress acs:SourceIp: the request has no acs:SourceIp; the policy lists 203.0.113.0/24");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Three verbs
//!
//! | call | gives | for |
//! | --- | --- | --- |
//! | [`Policies::decide`] | a [`Decision`] | a gateway: no explanation is paid for |
//! | [`Policies::evaluate`] | an [`Evaluation`]: decision, stage, statements, doubts | a log |
//! | [`Policies::explain`] | an [`Explanation`]: all that, near misses, RAM's `AccessDeniedDetail` | a person |
//!
//! All three walk the same stages over the same matching, so they cannot disagree. [`Policies`] is immutable, `Send` and
//! `Sync`: share it between threads behind an `Arc` and swap it whole when policies change. [`Organization`] does the
//! same for a whole snapshot of accounts, and looks up what applies to the caller.
//!
//! # How sure
//!
//! The rules are written down in SEMANTICS.md, each with an id that code, cases and explanations cite. Where RAM's documentation leaves a
//! question open the engine never guesses in favour of access, and the answer names the rule it hangs on: [`Explanation::doubts`].
//!
//! # What an action is
//!
//! [`Catalog`] looks up facts on actions, their resources and condition keys. They come in as text too (the crate `ramgate-catalog` has
//! them), and no decision depends on them.
//!
//! # What a call comes to
//!
//! [`preflight`] says of a call of an API how it would end (parameters, permission, existence, state), and of a denial what to ask for.
//!
//! # What it does not do
//!
//! No I/O, no clock, no network, no threads: texts come in as [`Source`], the time comes in with the request as `acs:CurrentTime`. ACLs of OSS,
//! AccessKey network policies and services that ignore control policies are outside (SEMANTICS.md, "Not covered").
#![deny(clippy::disallowed_methods)]

mod account;
pub mod analysis;
mod arn;
pub mod carrier;
mod case;
mod catalog;
mod condition;
mod decision;
mod deserialize;
mod document;
mod fields;
mod json;
pub mod lint;
mod other_reading;
pub mod partial;
mod policy;
pub mod preflight;
mod principal;
mod problem;
mod property_file;
mod question;
pub mod reach;
mod request;
mod resource_pattern;
mod source;
mod suggest;
mod truth;
mod wildcard;

pub use account::{Assignment, Caller, Holder, Holding, OpenFile, Organization};
pub use arn::Arn;
pub use case::{Case, CaseResult, Coverage, OpenAccount, StatementCoverage};
pub use catalog::{
    AccessLevel, ActionFacts, ArnTemplate, Catalog, Constraint, ErrorCause, ErrorFacts, Evidence,
    FactSource, Granularity, KeyFacts, KeyScope, KeyType, Listing, NeededAction, Operation,
    OperationFacts, ParameterFacts, ParameterType, ResourceFacts, ServiceFacts, StateFacts,
};
pub use condition::{Operator, Qualifier};
pub use decision::{
    AccessDeniedDetail, Decision, DeterminingStatement, Doubt, Evaluation, Explanation, Failure,
    NearMiss, StageDecision,
};
pub use document::{
    ActionElement, ConditionElement, Document, Effect, PolicyKind, PrincipalElement,
    PrincipalMember, Reading, ResourceService, Statement, Text, format, is_policy,
};
pub use policy::{Level, Policies, Policy, PolicySet, Settings, Stage};
pub use principal::Principal;
pub use problem::{LoadError, Problem, ProblemKind, RequestError, Severity};
pub use property_file::{Proof, PropertyFile, StatedProperty};
pub use question::Question;
pub use request::{Context, ContextValue, Request};
pub use source::{Position, Source, Span, Woven};
pub use truth::OpenRule;
pub use wildcard::Wildcard;
