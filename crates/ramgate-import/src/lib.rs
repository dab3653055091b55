//! What other tools say of an Alibaba Cloud account, as a snapshot for ramgate: nothing lost in silence, nothing assumed that would allow more.
//!
//! Values in, values out: files are read and written by the caller.

mod cli;
mod document;
mod facts;
mod json;
mod report;
mod snapshot;
mod terraform;

use std::collections::BTreeSet;

pub use cli::{AnswerFile, answers};
pub use report::{Problem, Report};
pub use snapshot::{Counts, Snapshot};
pub use terraform::{Base, PlannedCall, State, is_terraform, operations, terraform};

/// How an import is made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The account, where nothing says it or to be checked against what does.
    pub account_id: Option<String>,
    /// What the caller vouches there is none of.
    pub without: BTreeSet<Absent>,
    /// Whether what is not understood is a warning only.
    pub allow_unknown: bool,
    /// Whether documents that Terraform calls sensitive may be written into the snapshot.
    pub include_sensitive: bool,
    /// Whether documents may hold what RAM once accepted (see [`ramgate::Reading::lenient`]).
    pub is_lenient: bool,
}

/// What may be vouched to be absent: nobody can see that from answers that were never asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absent {
    /// No control policies bind the accounts.
    ControlPolicies,
    /// Nothing is attached at a resource group.
    ResourceGroupAttachments,
}
