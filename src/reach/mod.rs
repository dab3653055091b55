//! Questions about a whole snapshot: who can do this, and what can they do?

mod any;
mod assume;
mod candidates;
mod class;
mod outsiders;
mod what;
mod who;

pub use assume::{Path, Step};
pub use what::{Access, AccessTo, WhatCan};
pub use who::{Reacher, WhoCan, WhoOptions};
