//! The decision point as clients and operators meet it: through the real binary, over loopback.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod access;
mod authzen;
mod certification;
mod check;
mod decision_log;
mod end;
#[cfg(feature = "ext-authz")]
mod ext_authz;
mod faults;
mod forward_auth;
mod gateways;
mod point;
mod reload;
mod search;
mod start;
#[cfg(feature = "ext-authz")]
#[cfg(feature = "ext-authz")]
mod what_can_go_wrong;
