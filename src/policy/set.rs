//! The policies of one stage.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::document::Effect;
use crate::policy::filed::Filed;
use crate::policy::keys::{RequestKeys, RequestSignature, Signature};
use crate::policy::{CompiledStatement, Policy, Signed};
use crate::request::Facts;

/// The keys of a request on one resource, each kind made when a set first asks for it.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    signature: OnceCell<RequestSignature>,
    hashed: OnceCell<RequestKeys>,
}

impl Keys {
    pub(super) fn signature(&self, facts: &Facts<'_>) -> &RequestSignature {
        self.signature.get_or_init(|| RequestSignature::of(facts))
    }

    pub(super) fn hashed(&self, facts: &Facts<'_>) -> &RequestKeys {
        self.hashed.get_or_init(|| RequestKeys::of(facts))
    }
}

/// The policies of one stage.
///
/// ```
/// use std::sync::Arc;
/// use ramgate::{Document, Policy, PolicySet, Source};
///
/// let source = Source::new("p.json", r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc:*","Resource":"*"}]}"#);
/// let set: PolicySet = [Arc::new(Policy::new("p", &Document::parse(&source)?))].into_iter().collect();
/// assert_eq!(set.iter().count(), 1);
/// # Ok::<(), ramgate::LoadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    members: Arc<[Member]>,
    /// Many statements are looked up in tables; few are gone through.
    filed: Option<Arc<Filed>>,
}

/// One policy of a set, and what tells without a look at it that none of its statements match.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    action: Signature,
    resource: Signature,
    policy: Arc<Policy>,
}

/// Where a statement is that may match; it is not looked at before somebody asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    policy: &'p Policy,
    start: u32,
}

impl<'p> Place<'p> {
    pub(crate) fn statement(self) -> Option<CompiledStatement<'p>> {
        CompiledStatement::at(self.policy, self.start)
    }
}

/// Up to this many statements are gone through; measured, see `docs/performance.md`.
const SCAN_MAX: usize = 160;
/// So few that a signature costs more than it saves.
const TINY: usize = 3;

impl FromIterator<Arc<Policy>> for PolicySet {
    fn from_iter<I: IntoIterator<Item = Arc<Policy>>>(policies: I) -> PolicySet {
        let members = policies.into_iter().map(|policy| {
            let all = |side: fn(&Signed) -> Signature| {
                policy.signed.iter().map(side).fold(0, |all, of| all | of)
            };
            Member {
                action: all(|signed| signed.action),
                resource: all(|signed| signed.resource),
                policy,
            }
        });
        let members: Arc<[Member]> = members.collect();
        let statements: usize = members
            .iter()
            .map(|member| member.policy.signed.len())
            .sum();
        let filed = (statements > SCAN_MAX)
            .then(|| Arc::new(Filed::new(members.iter().map(|member| &*member.policy))));
        PolicySet { members, filed }
    }
}

impl PolicySet {
    /// The policies, in the order given (which decides nothing).
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.members.iter().map(|member| &member.policy)
    }

    /// Where it is kept: sets that are kept at one place are the same, and those of whom they are hold the same.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.members).addr()
    }

    /// Whether no policy is attached.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn statements(&self) -> impl Iterator<Item = CompiledStatement<'_>> {
        self.iter().flat_map(|policy| policy.statements())
    }

    /// Those that may be about the request: every other one surely does not match, whatever is open.
    pub(crate) fn about(&self, facts: &Facts<'_>) -> impl Iterator<Item = CompiledStatement<'_>> {
        let request = RequestSignature::of(facts);
        // A Deny's is never the smaller one.
        let (action, resource) = (request.action, request.resource(Effect::Deny));
        let members = self.members.iter();
        let may_match = members.filter(move |member| member.action & action != 0);
        may_match.flat_map(move |member| member.policy.about(action, resource))
    }

    /// The Allows of which action or resource may match the request's; of every other one neither does.
    pub(crate) fn allows_near(
        &self,
        facts: &Facts<'_>,
    ) -> impl Iterator<Item = CompiledStatement<'_>> {
        let request = RequestSignature::of(facts);
        let (action, resource) = (request.action, request.resource(Effect::Allow));
        let is_near =
            move |member: &&Member| member.action & action != 0 || member.resource & resource != 0;
        let members = self.members.iter().filter(is_near);
        members.flat_map(move |member| member.policy.allows_near(action, resource))
    }

    /// Calls `visit` for the statements that may match the request, until it says yes; whether it did.
    pub(crate) fn any<'p>(
        &'p self,
        facts: &Facts<'_>,
        keys: &Keys,
        mut visit: impl FnMut(Effect, Place<'p>) -> bool,
    ) -> bool {
        let mut visit = |policy, start, effect| visit(effect, Place { policy, start });
        if let Some(filed) = &self.filed {
            return filed.any(facts, keys, |candidate, effect| {
                let member = self.members.get(candidate.policy as usize);
                member.is_some_and(|member| visit(&member.policy, candidate.start, effect))
            });
        }
        match &*self.members {
            [] => false,
            [member] if member.policy.signed.len() <= TINY => member
                .policy
                .signed
                .iter()
                .any(|signed| visit(&member.policy, signed.start, signed.effect)),
            members => {
                let request = keys.signature(facts);
                let action = request.action;
                // A Deny's is never the smaller one.
                let (of_deny, of_allow) = (
                    request.resource(Effect::Deny),
                    request.resource(Effect::Allow),
                );
                members
                    .iter()
                    .filter(|member| member.action & action != 0 && member.resource & of_deny != 0)
                    .any(|member| {
                        let may_match = |signed: &&Signed| {
                            let resource = match signed.effect {
                                Effect::Deny => of_deny,
                                Effect::Allow => of_allow,
                            };
                            signed.action & action != 0 && signed.resource & resource != 0
                        };
                        let mut candidates = member.policy.signed.iter().filter(may_match);
                        candidates.any(|signed| visit(&member.policy, signed.start, signed.effect))
                    })
            }
        }
    }
}
