//! Exact answers about all requests at once: what differs between two sets of policies, what always or never holds, what is dead.

mod budget;
mod certificate;
mod circumstances;
mod diff;
mod finding;
mod formula;
mod gap;
mod glob;
mod hunt;
mod key;
mod likely;
mod options;
mod pattern;
mod piece;
mod plain;
mod probe;
mod problem;
mod property;
mod readable;
mod relate;
mod resource_set;
mod sat;
mod signature;
mod skeleton;
mod slice;
mod theory;
mod values;
mod walk;
mod words;
mod world;

pub use budget::Budget;
pub(crate) use circumstances::{Circumstances, Found};
pub(crate) use key::{Level, filled};
pub(crate) use skeleton::NodeId;

pub use certificate::{Certificate, CertificateError};
pub use diff::{Difference, Relation, diff};
pub use finding::{Finding, Findings, Idle, idle};
pub use gap::{Confirmed, StatementRef};
pub use options::Options;
pub use pattern::{Pattern, TextFound};
pub use problem::Several;
pub use property::{Checked, Property, Shape, Verdict, check};
pub(crate) use world::NOT_EVERY_CALLER;
