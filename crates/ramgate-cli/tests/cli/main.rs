//! The command line as users and scripts meet it: through the real binary.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod catalog;
mod check;
mod diff;
mod errors;
mod fmt;
mod lint;
mod place;
mod preflight;
mod prove;
mod readme;
mod stream;
mod test;
