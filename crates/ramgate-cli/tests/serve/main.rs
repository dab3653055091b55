//! The decision point as clients and operators meet it: through the real binary, over loopback.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod check;
mod end;
mod faults;
mod point;
mod reload;
mod start;
