//! RAM's own words for a denial (D1, D5).

use serde::Serialize;

use crate::decision::Decision;
use crate::decision::walk::Outcome;
use crate::policy::Stage;
use crate::principal::Principal;
use crate::request::Facts;

/// The `AccessDeniedDetail` that Alibaba Cloud's own clients know; the names of its fields are RAM's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AccessDeniedDetail {
    /// The action as it was authorized.
    pub auth_action: String,
    /// `SubUser`, `AssumedRoleUser`, `Federated`, `RootUser`, `Service` or `Anonymous`.
    pub auth_principal_type: &'static str,
    /// The account that the principal belongs to; empty where it belongs to none.
    pub auth_principal_owner_id: String,
    /// A user's id or name, `role:session`, or a provider.
    pub auth_principal_display_name: String,
    /// `ExplicitDeny` or `ImplicitDeny`.
    pub no_permission_type: Decision,
    /// The kind of policy that denied, or that lacked an Allow.
    pub policy_type: &'static str,
    /// The resource as it was authorized.
    pub auth_resource: String,
}

/// Nothing to say of an Allow.
pub(crate) fn denied_detail(outcome: Outcome, facts: &Facts<'_>) -> Option<AccessDeniedDetail> {
    if outcome.decision == Decision::Allow {
        return None;
    }
    let principal = facts.request.principal();
    Some(AccessDeniedDetail {
        auth_action: facts.request.action().to_owned(),
        auth_principal_type: principal_type(principal),
        auth_principal_owner_id: principal.account().unwrap_or_default().to_owned(),
        auth_principal_display_name: display_name(principal, facts.principal_id),
        no_permission_type: outcome.decision,
        policy_type: policy_type(outcome.stage),
        auth_resource: facts.resource.as_str().to_owned(),
    })
}

fn principal_type(principal: &Principal<'_>) -> &'static str {
    match principal {
        Principal::User { .. } | Principal::Unnamed => "SubUser",
        Principal::Role { .. } | Principal::AssumedRole { .. } => "AssumedRoleUser",
        Principal::Account { .. } => "RootUser",
        Principal::Federated { .. } => "Federated",
        Principal::Service { .. } => "Service",
        Principal::Anonymous => "Anonymous",
    }
}

fn display_name(principal: &Principal<'_>, id: Option<&str>) -> String {
    match principal {
        Principal::User { name, .. } => id.unwrap_or(name).to_owned(),
        Principal::Role { name, .. } => name.to_string(),
        Principal::AssumedRole { role, session, .. } => format!("{role}:{session}"),
        Principal::Account { account } => account.to_string(),
        Principal::Service { name } => name.to_string(),
        // `saml-provider/<name>`, without the ARN before it.
        Principal::Federated { provider } => {
            provider.rsplit(':').next().unwrap_or_default().to_owned()
        }
        Principal::Anonymous => "anonymous".to_owned(),
        Principal::Unnamed => String::new(),
    }
}

fn policy_type(stage: Stage) -> &'static str {
    match stage {
        Stage::Control => "ControlPolicy",
        Stage::Session => "SessionPolicy",
        Stage::Identity => "AccountLevelIdentityBasedPolicy",
        Stage::ResourceGroup => "ResourceGroupLevelIdentityBasedPolicy",
        Stage::Resource => "ResourceBasedPolicy",
        Stage::Trust => "AssumeRolePolicy",
        Stage::Endpoint => "VpcEndpointPolicy",
    }
}
