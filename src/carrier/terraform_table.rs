//! Which attributes of which Terraform resources hold a policy document, and what each document is for.

use crate::document::{PolicyKind, ResourceService};

/// The attributes of a resource that hold a policy: the same document, by its name and by the names it had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TerraformDocument {
    /// The type of the resource.
    pub resource: &'static str,
    /// The attribute, then what it was called before; the first that is given counts.
    pub attributes: &'static [&'static str],
    /// The blocks that it stands in, each of which may be there several times; empty for an attribute of the resource itself.
    pub block: Option<&'static str>,
    /// What the policy is for.
    pub kind: PolicyKind,
}

const fn document(
    resource: &'static str,
    attributes: &'static [&'static str],
    kind: PolicyKind,
) -> TerraformDocument {
    TerraformDocument {
        resource,
        attributes,
        block: None,
        kind,
    }
}

const OSS: PolicyKind = PolicyKind::Resource(ResourceService::Oss);
const LOG: PolicyKind = PolicyKind::Resource(ResourceService::Log);
const KMS: PolicyKind = PolicyKind::Resource(ResourceService::Kms);

/// Every document of the provider `aliyun/alicloud` that is a policy of RAM's grammar.
///
/// ```
/// use ramgate::PolicyKind;
/// use ramgate::carrier::TERRAFORM_DOCUMENTS;
///
/// let role = TERRAFORM_DOCUMENTS.iter().find(|document| document.resource == "alicloud_ram_role").unwrap();
/// assert_eq!((role.kind, role.attributes[0]), (PolicyKind::Trust, "assume_role_policy_document"));
/// ```
pub static TERRAFORM_DOCUMENTS: [TerraformDocument; 14] = [
    document(
        "alicloud_ram_policy",
        &["policy_document", "document"],
        PolicyKind::Identity,
    ),
    document(
        "alicloud_ram_role",
        &["assume_role_policy_document", "document"],
        PolicyKind::Trust,
    ),
    document(
        "alicloud_resource_manager_policy",
        &["policy_document"],
        PolicyKind::Identity,
    ),
    document(
        "alicloud_resource_manager_policy_version",
        &["policy_document"],
        PolicyKind::Identity,
    ),
    document(
        "alicloud_resource_manager_control_policy",
        &["policy_document"],
        PolicyKind::Control,
    ),
    document(
        "alicloud_resource_manager_role",
        &["assume_role_policy_document"],
        PolicyKind::Trust,
    ),
    document("alicloud_oss_bucket", &["policy"], OSS),
    document("alicloud_oss_bucket_policy", &["policy"], OSS),
    document("alicloud_log_project", &["policy"], LOG),
    document("alicloud_kms_key", &["policy"], KMS),
    document("alicloud_kms_secret", &["policy"], KMS),
    document(
        "alicloud_vpc_gateway_endpoint",
        &["policy_document"],
        PolicyKind::Endpoint,
    ),
    document(
        "alicloud_privatelink_vpc_endpoint",
        &["policy_document"],
        PolicyKind::Endpoint,
    ),
    TerraformDocument {
        resource: "alicloud_cloud_sso_access_configuration",
        attributes: &["permission_policy_document"],
        block: Some("permission_policies"),
        kind: PolicyKind::Identity,
    },
];

/// The documents that a resource of this type may hold.
pub fn terraform_documents(resource: &str) -> impl Iterator<Item = &'static TerraformDocument> {
    TERRAFORM_DOCUMENTS
        .iter()
        .filter(move |document| document.resource == resource)
}
