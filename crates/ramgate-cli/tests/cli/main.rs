//! The command line as users and scripts meet it: through the real binary.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod carriers;
mod catalog;
mod check;
mod diff;
mod errors;
mod fmt;
mod integrations;
mod lint;
mod place;
mod preflight;
mod prove;
mod readme;
mod schema;
mod stream;
mod suppress;
mod test;
