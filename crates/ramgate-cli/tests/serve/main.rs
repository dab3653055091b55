//! The decision point as clients and operators meet it: through the real binary, over loopback.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod access;
mod api;
mod authzen;
mod certification;
mod check;
mod decision_log;
mod end;
mod examples;
#[cfg(feature = "ext-authz")]
mod ext_authz;
mod faults;
mod forward_auth;
mod gateways;
#[path = "../../../../tools/end-to-end/harness.rs"]
mod harness;
mod point;
mod reload;
mod search;
mod start;
#[cfg(feature = "ext-authz")]
#[cfg(feature = "ext-authz")]
mod what_can_go_wrong;
