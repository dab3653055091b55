//! Exact answers about all requests at once: what differs between two sets of policies, what always or never holds, what is dead.

mod budget;
mod certificate;
mod diff;
mod formula;
mod gap;
mod glob;
mod key;
mod options;
mod problem;
mod resource_set;
mod sat;
mod values;
mod words;
mod world;

pub use budget::Budget;
pub use certificate::{Certificate, CertificateError};
pub use diff::{Difference, Relation, diff};
pub use gap::{Confirmed, StatementRef};
pub use options::Options;
pub use problem::Several;
