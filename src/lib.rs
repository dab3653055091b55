//! A policy engine for Alibaba Cloud RAM: may this principal do this action on this resource, and why?
#![deny(clippy::disallowed_methods)]

mod account;
mod arn;
mod case;
mod condition;
mod decision;
mod document;
mod fields;
mod json;
mod policy;
mod principal;
mod problem;
mod question;
mod request;
mod source;
mod suggest;
mod truth;
mod wildcard;

pub use account::{Assignment, OpenFile, Organization};
pub use arn::Arn;
pub use case::{Case, CaseResult, Coverage, OpenAccount, StatementCoverage};
pub use condition::{Operator, Qualifier};
pub use decision::*;
pub use document::*;
pub use policy::*;
pub use principal::Principal;
pub use problem::{LoadError, Problem, ProblemKind, Severity};
pub use question::Question;
pub use request::{Context, ContextValue, Request, RequestError};
pub use source::{Position, Source, Span};
pub use truth::OpenRule;
pub use wildcard::Wildcard;
