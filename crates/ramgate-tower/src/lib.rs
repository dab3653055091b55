//! A tower layer that asks [`ramgate`] before each call of a service, and lets through only what is allowed.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::request::Parts;
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use ramgate::{Assignment, Document, Policies, Principal, Question, Source};
//! use ramgate_tower::{EnforcementLayer, Permit, Refusal};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = r#"{ "Version": "1", "Statement": [
//!     { "Effect": "Allow", "Action": "report:Get", "Resource": "acs:report:*:*:report/2026-*" } ] }"#;
//! let policies = Policies::of_identity([Document::parse(&Source::new("readers.json", text))?]);
//!
//! // How a request becomes a question is the service's own affair. Who calls must come from something that is checked.
//! let mapping = |head: &Parts| -> Result<Question, Refusal> {
//!     let user = head.extensions.get::<&'static str>().ok_or(Refusal::unauthenticated("nobody logged in"))?;
//!     let principal = Principal::parse(&format!("acs:ram::1234567890123456:user/{user}"))?.into_owned();
//!     let report = head.uri.path().trim_start_matches('/');
//!     let resource = format!("acs:report::1234567890123456:report/{report}");
//!     Ok(ramgate::Request::new(principal, "report:Get", resource)?.into())
//! };
//! let layer = EnforcementLayer::new(Assignment::Inline(Box::new(policies)), mapping);
//! let service = layer.layer(service_fn(|request: Request<Full<Bytes>>| async move {
//!     assert!(request.extensions().get::<Permit>().is_some());
//!     Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("a report"))))
//! }));
//!
//! let call = |path: &str| Request::get(path).extension("alice").body(Full::new(Bytes::new()));
//! assert_eq!(service.clone().oneshot(call("/2026-10")?).await?.status(), StatusCode::OK);
//! assert_eq!(service.clone().oneshot(call("/2025-10")?).await?.status(), StatusCode::FORBIDDEN);
//! # Ok(())
//! # }
//! ```
//!
//! [`AlibabaApi`] is a ready mapping for a proxy in front of Alibaba Cloud's own endpoints.
//!
//! # Policies that change
//!
//! [`EnforcementLayer::of_current`] takes a closure that gives the policies as they are now. Keep them in an `RwLock<Arc<Assignment>>`, or in
//! what swaps faster; read and compile others aside, and put them there whole. Each call asks once, and is decided by what it got.
//!
//! # When something is unclear
//!
//! | what | answer |
//! | --- | --- |
//! | the mapping refuses the request | the refusal's status, 403 or 401 |
//! | it asks for nothing | 403 |
//! | the caller is not known | 403 |
//! | the policies deny, or do not allow | 403 |
//! | a call could be read in two ways, is of another version, method or style | 403 |
//! | the catalogue does not know the operation, all its parameters or its resource | 403 |
//! | the answer hangs on circumstances that nobody said | 403 |
//! | the body is too long, ends early or is no form | 403 |
//!
//! The inner service is called in none of these. `tests/unclear.rs` has a test for each row, `tests/alibaba.rs` those of calls in particular.
//! `examples/axum.rs` of the repository is a service with the layer, tried with Alibaba Cloud's own client and with hostile ones.

mod alibaba;
mod denial;
mod layer;
mod mapping;

pub use alibaba::{AlibabaApi, ApiCall, Identified, Parameters};
pub use denial::{Denial, Refusal};
pub use layer::{Enforcement, EnforcementLayer, Permit};
pub use mapping::{Asked, Mapping};
