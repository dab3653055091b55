//! What the kinds of policies are called on the command line, and how each is read.

use ramgate::{PolicyKind, Reading, ResourceService};

use crate::args::KindName;

impl KindName {
    /// What the engine calls it.
    pub(crate) fn policy_kind(self) -> PolicyKind {
        match self {
            KindName::Identity | KindName::System => PolicyKind::Identity,
            KindName::Session => PolicyKind::Session,
            KindName::Control => PolicyKind::Control,
            KindName::Trust => PolicyKind::Trust,
            KindName::Oss => PolicyKind::Resource(ResourceService::Oss),
            KindName::Log => PolicyKind::Resource(ResourceService::Log),
            KindName::Kms => PolicyKind::Resource(ResourceService::Kms),
            KindName::Resource => PolicyKind::Resource(ResourceService::Other),
            KindName::Endpoint => PolicyKind::Endpoint,
        }
    }
}

/// How a policy of this kind is read, strictly.
pub(crate) fn reading(kind: KindName) -> Reading {
    let reading = Reading::new(kind.policy_kind());
    match kind {
        KindName::System => reading.system(),
        _ => reading,
    }
}
