//! A tower layer that asks ramgate before each call of a service.
#![cfg_attr(not(test), warn(missing_docs))]

mod alibaba;
mod denial;
mod layer;
mod mapping;

pub use alibaba::{ApiCall, Parameters};
pub use denial::{Denial, Refusal};
pub use layer::{Enforcement, EnforcementLayer, Permit};
pub use mapping::{Asked, Mapping};
