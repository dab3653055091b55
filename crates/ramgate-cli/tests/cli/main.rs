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
mod formats;
mod import;
mod import_terraform;
mod integrations;
mod lint;
mod partial;
mod place;
mod preflight;
mod preflight_terraform;
mod prove;
mod reach;
mod readme;
mod schema;
mod stream;
mod suppress;
mod test;
