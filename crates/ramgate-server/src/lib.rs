//! The decision point of ramgate: decisions over HTTP, by policies that may change while it runs.
//!
//! It fails closed: whatever goes wrong (no policies yet, a request that is not understood, too much of anything), the answer is no
//! permission. `ramgate serve` is this crate behind a command line; docs/serve.md describes every setting and endpoint.

mod access_keys;
mod decide;
mod decision_log;
mod health;
mod http;
mod listen;
mod metrics;
mod named;
mod policies;
mod reload;
mod route;
mod run;
mod settings;
mod signals;
mod tls;
mod tokens;

pub use http::{ApiTable, AuthzenTable, ForwardAuthTable};
pub use policies::{Loaded, Origin, Texts, Watched};
pub use route::RouteTable;
pub use run::run;
pub use settings::{KEYS, KeyKind, Partial, Settings};
