//! What the resources of a plan say of accounts, one side at a time; what of it is not known until apply is told and never guessed.

use std::collections::BTreeMap;

use ramgate::PolicyKind;
use ramgate::carrier::terraform_documents;
use serde_json::{Value, json};

use crate::document::Document;
use crate::facts::{
    Attachment, ControlPolicy, Facts, Holder, HolderKind, PolicyId, PolicyType, Role, User,
};
use crate::json::{At, scalar};
use crate::report::{Problem, Report};
use crate::terraform::plan::{Attribute, Change, Plan, State, Values};
use crate::terraform::references;

/// Resources that bear on access in a way that a snapshot cannot hold.
const NOT_HELD: [&str; 4] = [
    "alicloud_resource_manager_policy_version",
    "alicloud_cloud_sso_access_configuration",
    "alicloud_cloud_sso_access_assignment",
    "alicloud_cloud_sso_access_configuration_provisioning",
];

/// Resources of RAM and Resource Manager on which no decision depends.
const OF_NO_ACCOUNT: [&str; 31] = [
    "alicloud_ram_access_key",
    "alicloud_ram_access_key_policy",
    "alicloud_ram_account_alias",
    "alicloud_ram_account_password_policy",
    "alicloud_ram_alias",
    "alicloud_ram_login_profile",
    "alicloud_ram_password_policy",
    "alicloud_ram_role_attachment",
    "alicloud_ram_saml_provider",
    "alicloud_ram_security_preference",
    "alicloud_ram_user_security_preference",
    "alicloud_ram_virtual_mfa_device",
    "alicloud_resource_manager_account_deletion_check_task",
    "alicloud_resource_manager_auto_grouping_rule",
    "alicloud_resource_manager_delegated_administrator",
    "alicloud_resource_manager_delivery_channel",
    "alicloud_resource_manager_handshake",
    "alicloud_resource_manager_message_contact",
    "alicloud_resource_manager_multi_account_delivery_channel",
    "alicloud_resource_manager_resource_directory",
    "alicloud_resource_manager_resource_group",
    "alicloud_resource_manager_resource_share",
    "alicloud_resource_manager_saved_query",
    "alicloud_resource_manager_service_linked_role",
    "alicloud_resource_manager_shared_resource",
    "alicloud_resource_manager_shared_target",
    "alicloud_resource_manager_control_policy_enabled",
    "alicloud_ram_policy_document",
    "alicloud_ram_system_policy",
    "alicloud_resource_manager_folder",
    "alicloud_resource_manager_account",
];

/// Where accounts and folders are, by what the plan says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// A folder's parent.
    pub(crate) parents: BTreeMap<String, String>,
    /// An account's folder.
    pub(crate) accounts: BTreeMap<String, String>,
}

/// One side of the plan as facts.
pub(crate) struct Side {
    pub(crate) facts: Facts,
    pub(crate) tree: Tree,
    /// Targets of control policies, by their ids only: the way to a folder is found at the end.
    pub(crate) targets: Vec<(String, String, crate::json::Place)>,
}

/// Reads one side of the changes that `wanted` picks.
pub(crate) fn read(
    plan: &Plan<'_>,
    state: State,
    account: &str,
    options: &crate::Options,
    wanted: &dyn Fn(&Change<'_>) -> bool,
    report: &mut Report,
) -> Side {
    let mut reader = Reader {
        plan,
        state,
        account,
        options,
        side: Side {
            facts: Facts::default(),
            tree: Tree::default(),
            targets: Vec::new(),
        },
        report,
    };
    for change in plan.changes.iter().filter(|change| wanted(change)) {
        if let Some(values) = change.side(state) {
            reader.resource(change, values);
        }
    }
    reader.side
}

struct Reader<'r, 'v> {
    plan: &'r Plan<'v>,
    state: State,
    account: &'r str,
    options: &'r crate::Options,
    side: Side,
    report: &'r mut Report,
}

/// The names of policies, users and so on: their attributes by type of resource, newest name first.
pub(crate) fn natural(of: &str) -> &'static [&'static str] {
    match of {
        "alicloud_ram_policy" => &["policy_name", "name"],
        "alicloud_resource_manager_policy" => &["policy_name"],
        "alicloud_ram_user" => &["name"],
        "alicloud_ram_group" => &["group_name", "name"],
        "alicloud_ram_role" => &["role_name", "name"],
        "alicloud_resource_manager_role" => &["role_name"],
        "alicloud_oss_bucket" => &["bucket"],
        "alicloud_log_project" => &["project_name", "name"],
        "alicloud_kms_secret" => &["secret_name"],
        _ => &["id"],
    }
}

impl<'v> Reader<'_, 'v> {
    fn problem(&self, change: &Change<'_>, message: impl std::fmt::Display) -> Problem {
        Problem::of(&change.at.place, message.to_string())
    }

    fn error(&mut self, change: &Change<'_>, message: impl std::fmt::Display) {
        let problem = self.problem(change, message);
        self.report.error(problem);
    }

    /// A text that must be known: as it stands, or by what it refers to.
    fn known(
        &mut self,
        change: &Change<'v>,
        values: &Values<'v>,
        names: &[&str],
    ) -> Option<String> {
        let first = names.first().copied().unwrap_or_default();
        if values.is_sensitive(names) && !self.options.include_sensitive {
            let message = format!("{first} is sensitive, and the snapshot would show it");
            let problem = self.problem(change, message);
            self.report
                .error(problem.help("--include-sensitive writes it all the same"));
            return None;
        }
        match values.get(names) {
            Attribute::Known(at) => {
                let text = scalar(at.value);
                if text.is_none() {
                    self.error(change, format!("{first}: expected a string"));
                }
                text
            }
            Attribute::Absent => {
                self.error(change, format!("{first} is missing"));
                None
            }
            Attribute::Unknown => {
                if let Some(text) = self.referred(change, names) {
                    return Some(text);
                }
                let problem = self.problem(change, format!("{first} is known only after apply"));
                self.report.error(problem.help("without it nobody can say what will be allowed; import again from the state after apply"));
                None
            }
        }
    }

    /// What an attribute refers to: the name, or the id, of another resource of the plan.
    fn referred(&mut self, change: &Change<'v>, names: &[&str]) -> Option<String> {
        for name in names {
            let Some((target, attribute)) = references::target(self.plan, change, name) else {
                continue;
            };
            let natural = natural(&target.of);
            if !(attribute.is_empty() || attribute == "id" || natural.contains(&attribute.as_str()))
            {
                continue;
            }
            let values = target.side(self.state)?;
            let found = match values.text(natural) {
                Some(text) => text,
                // An id that the cloud gives when it makes the resource: until then it goes by its address.
                None if natural == ["id"] => target.address.clone(),
                None => continue,
            };
            let is_hidden = values.is_sensitive(natural);
            let shown = if is_hidden {
                "a sensitive value".to_owned()
            } else {
                format!("{found:?}")
            };
            let message = format!(
                "{name} is known only after apply; taken from {}, to which it refers: {shown}",
                target.address
            );
            let problem = self.problem(change, message);
            self.report.note(problem);
            return Some(found);
        }
        None
    }

    /// The id of a resource; of one that is to be made, its address.
    fn id(values: &Values<'v>, change: &Change<'v>) -> String {
        values
            .text(&["id"])
            .unwrap_or_else(|| change.address.clone())
    }

    fn resource(&mut self, change: &Change<'v>, values: &Values<'v>) {
        if change.is_data {
            return self.data(change, values);
        }
        match change.of.as_str() {
            "alicloud_ram_policy" | "alicloud_resource_manager_policy" => {
                self.policy(change, values)
            }
            "alicloud_ram_user" => self.user(change, values),
            "alicloud_ram_group" => self.group(change, values),
            "alicloud_ram_role" | "alicloud_resource_manager_role" => self.role(change, values),
            "alicloud_ram_group_membership" => self.membership(change, values),
            "alicloud_ram_user_group_attachment" => {
                let user = self.known(change, values, &["user_name"]);
                let group = self.known(change, values, &["group_name"]);
                if let (Some(user), Some(group)) = (user, group) {
                    self.member(change, user, group);
                }
            }
            "alicloud_ram_user_policy_attachment" => {
                self.attachment(change, values, HolderKind::User, "user_name")
            }
            "alicloud_ram_group_policy_attachment" => {
                self.attachment(change, values, HolderKind::Group, "group_name")
            }
            "alicloud_ram_role_policy_attachment" => {
                self.attachment(change, values, HolderKind::Role, "role_name")
            }
            "alicloud_resource_manager_policy_attachment" => self.scoped_attachment(change, values),
            "alicloud_resource_manager_control_policy" => self.control_policy(change, values),
            "alicloud_resource_manager_control_policy_attachment" => {
                let policy = self.known(change, values, &["policy_id"]);
                let target = self.known(change, values, &["target_id"]);
                if let (Some(policy), Some(target)) = (policy, target) {
                    self.side
                        .targets
                        .push((target, policy, change.at.place.clone()));
                }
            }
            "alicloud_resource_manager_folder" => {
                let id = Self::id(values, change);
                match values.get(&["parent_folder_id"]) {
                    Attribute::Absent => {}
                    _ => {
                        if let Some(parent) = self.known(change, values, &["parent_folder_id"]) {
                            self.side.tree.parents.insert(id, parent);
                        }
                    }
                }
            }
            "alicloud_resource_manager_account" => {
                // An account that is to be made has no id yet, and nobody in it either.
                if let (Some(id), Attribute::Known(_) | Attribute::Unknown) =
                    (values.text(&["id"]), values.get(&["folder_id"]))
                    && let Some(folder) = self.known(change, values, &["folder_id"])
                {
                    self.side.tree.accounts.insert(id, folder);
                }
            }
            // The bucket shows what the other resource puts on it, before the plan changes that.
            "alicloud_oss_bucket" if self.has_bucket_policy(values) => {}
            "alicloud_oss_bucket" | "alicloud_oss_bucket_policy" => {
                self.resource_policy(change, values, "oss", "", &["bucket"])
            }
            "alicloud_log_project" => {
                self.resource_policy(change, values, "log", "project/", &["project_name", "name"])
            }
            "alicloud_kms_key" => self.resource_policy(change, values, "kms", "key/", &["id"]),
            "alicloud_kms_secret" => {
                self.resource_policy(change, values, "kms", "secret/", &["secret_name"])
            }
            other => self.other(change, values, other),
        }
    }

    /// Whether another resource of the plan manages the policy of this bucket.
    fn has_bucket_policy(&self, bucket: &Values<'v>) -> bool {
        let name = bucket.text(&["bucket"]);
        let policies = self
            .plan
            .changes
            .iter()
            .filter(|change| change.of == "alicloud_oss_bucket_policy");
        let mut buckets =
            policies.flat_map(|change| [&change.before, &change.after].into_iter().flatten());
        name.is_some() && buckets.any(|values| values.text(&["bucket"]) == name)
    }

    /// What is known of other types: that they do not matter, or that they do.
    fn other(&mut self, change: &Change<'v>, values: &Values<'v>, of: &str) {
        let is_about_access = [
            "alicloud_ram_",
            "alicloud_resource_manager_",
            "alicloud_cloud_sso_",
        ]
        .iter()
        .any(|begin| of.starts_with(begin));
        if NOT_HELD.contains(&of)
            || (is_about_access
                && !OF_NO_ACCOUNT.contains(&of)
                && !of.starts_with("alicloud_cloud_sso_"))
        {
            let problem = self.problem(
                change,
                format!("what {of} allows or denies cannot be put into a snapshot"),
            );
            if self.options.allow_unknown {
                self.report.warning(problem);
            } else {
                self.report
                    .error(problem.help("--allow-unknown goes on without it"));
            }
            return;
        }
        for document in terraform_documents(of) {
            if document.kind == PolicyKind::Endpoint
                && !matches!(values.get(document.attributes), Attribute::Absent)
            {
                let problem = self.problem(change, "the policy of a VPC endpoint is not in the snapshot: what it denies to calls through the endpoint is not known");
                self.report.warning(problem);
            }
        }
    }

    /// Data sources that list policies tell what system policies say.
    fn data(&mut self, change: &Change<'v>, values: &Values<'v>) {
        if change.of != "alicloud_ram_policies" {
            return;
        }
        for at in values.at.elements_of("policies") {
            let of = at.text("type").and_then(|of| PolicyType::of(&of));
            let document = at.get("policy_document").or_else(|| at.get("document"));
            let document = document.filter(|at| at.value.as_str() != Some(""));
            let (Some(name), Some(PolicyType::System), Some(document)) =
                (at.text("name"), of, document)
            else {
                continue;
            };
            let id = PolicyId {
                name,
                of: PolicyType::System,
            };
            match Document::of(&document) {
                Ok(document) => {
                    self.side
                        .facts
                        .account(self.account)
                        .add_policy(id, document, self.report)
                }
                Err(problem) => self.report.error(problem),
            }
        }
    }

    /// The document of a resource: as it stands, from the data source that it refers to, or from blocks. An error when it is there and not known.
    fn document(
        &mut self,
        change: &Change<'v>,
        values: &Values<'v>,
        blocks: Blocks,
    ) -> Result<Option<Document>, Problem> {
        let names: Vec<&str> = terraform_documents(&change.of)
            .filter(|document| document.block.is_none())
            .flat_map(|document| document.attributes.iter().copied())
            .collect();
        let first = names.first().copied().unwrap_or("document");
        let is_sensitive = values.is_sensitive(&names) || values.is_sensitive(&["statement"]);
        if is_sensitive && !self.options.include_sensitive {
            let problem = self.problem(
                change,
                format!("{first} is sensitive, and the snapshot would show it"),
            );
            return Err(problem.help("--include-sensitive writes it all the same"));
        }
        match values.get(&names) {
            Attribute::Known(at) => match Document::of(&at) {
                Ok(document) => Ok(Some(document)),
                Err(problem) => Err(self.problem(change, format!("{first}: {}", problem.message))),
            },
            attribute => {
                if let Some(text) = written_in_blocks(values, blocks) {
                    return Ok(Some(Document {
                        text,
                        place: change.at.place.clone(),
                    }));
                }
                // What nobody wrote the cloud makes up: a new bucket has no policy, a new key its usual one.
                let is_made_up =
                    blocks == Blocks::None && !references::is_written(self.plan, change, &names);
                if matches!(attribute, Attribute::Absent) || is_made_up {
                    return Ok(None);
                }
                if let Some(document) = self.data_document(change, &names) {
                    return Ok(Some(document));
                }
                let problem = self.problem(
                    change,
                    format!(
                        "{first} is known only after apply: what it will allow or deny is not known"
                    ),
                );
                Err(problem.help("import again from the state after apply, or make the document known at plan time"))
            }
        }
    }

    /// Of a data source that is read only at apply, though all that goes into it is known.
    fn data_document(&mut self, change: &Change<'v>, names: &[&str]) -> Option<Document> {
        for name in names {
            let Some((target, attribute)) = references::target(self.plan, change, name) else {
                continue;
            };
            let is_its_document =
                attribute.is_empty() || attribute == "document" || attribute == "json";
            if target.of != "alicloud_ram_policy_document" || !target.is_data || !is_its_document {
                continue;
            }
            let values = target.side(self.state)?;
            if let Attribute::Known(at) = values.get(&["document"]) {
                return Document::of(&at).ok();
            }
            let text = written_in_blocks(values, Blocks::Data)?;
            let message = format!(
                "{name} is known only after apply; put together from {}, all of which is known",
                target.address
            );
            let problem = self.problem(change, message);
            self.report.note(problem);
            return Some(Document {
                text,
                place: target.at.place.clone(),
            });
        }
        None
    }

    fn policy(&mut self, change: &Change<'v>, values: &Values<'v>) {
        let name = self.known(change, values, natural(&change.of));
        let document = self.document(change, values, Blocks::Policy);
        let Some(name) = name else { return };
        let document = match document {
            Ok(Some(document)) => document,
            Ok(None) => return self.error(change, "policy_document is missing"),
            Err(problem) => {
                let of = PolicyType::Custom;
                let unread = &mut self.side.facts.account(self.account).unread;
                unread.insert(PolicyId { name, of }, problem);
                return;
            }
        };
        let id = PolicyId {
            name,
            of: PolicyType::Custom,
        };
        self.side
            .facts
            .account(self.account)
            .add_policy(id, document, self.report);
    }

    fn user(&mut self, change: &Change<'v>, values: &Values<'v>) {
        let Some(name) = self.known(change, values, &["name"]) else {
            return;
        };
        let id = values
            .text(&["id"])
            .filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
        let user = User {
            id,
            place: change.at.place.clone(),
        };
        self.side
            .facts
            .account(self.account)
            .add_user(&name, user, self.report);
    }

    fn group(&mut self, change: &Change<'v>, values: &Values<'v>) {
        if let Some(name) = self.known(change, values, natural(&change.of)) {
            let groups = &mut self.side.facts.account(self.account).groups;
            groups.entry(name).or_insert(change.at.place.clone());
        }
    }

    fn role(&mut self, change: &Change<'v>, values: &Values<'v>) {
        let name = self.known(change, values, natural(&change.of));
        let trust = self.document(change, values, Blocks::Role);
        let trust = trust.map_err(|problem| self.report.error(problem));
        let (Some(name), Ok(trust)) = (name, trust) else {
            return;
        };
        if trust.is_none() {
            return self.error(change, "assume_role_policy_document is missing");
        }
        let role = Role {
            trust,
            service_linked: false,
        };
        self.side
            .facts
            .account(self.account)
            .add_role(&name, role, self.report);
    }

    fn membership(&mut self, change: &Change<'v>, values: &Values<'v>) {
        let Some(group) = self.known(change, values, &["group_name"]) else {
            return;
        };
        if !values.is_wholly_known("user_names") {
            let Some(user) = self.referred(change, &["user_names"]) else {
                return self.error(
                    change,
                    "user_names are known only after apply: who will be in the group is not known",
                );
            };
            return self.member(change, user, group);
        }
        for at in values.at.elements_of("user_names") {
            match at.value.as_str() {
                Some(user) => self.member(change, user.to_owned(), group.clone()),
                None => self.error(change, "user_names: expected names"),
            }
        }
    }

    fn member(&mut self, change: &Change<'v>, user: String, group: String) {
        let members = &mut self.side.facts.account(self.account).members;
        members.insert((user, group), change.at.place.clone());
    }

    fn policy_id(&mut self, change: &Change<'v>, values: &Values<'v>) -> Option<PolicyId> {
        let name = self.known(change, values, &["policy_name"]);
        let of = self.known(change, values, &["policy_type"]);
        let (name, of) = (name?, of?);
        let Some(of) = PolicyType::of(&of) else {
            self.error(
                change,
                format!("policy_type: unknown type {of:?}; expected Custom or System"),
            );
            return None;
        };
        Some(PolicyId { name, of })
    }

    fn attachment(
        &mut self,
        change: &Change<'v>,
        values: &Values<'v>,
        kind: HolderKind,
        holder: &str,
    ) {
        let policy = self.policy_id(change, values);
        let name = self.known(change, values, &[holder]);
        if let (Some(policy), Some(name)) = (policy, name) {
            self.attach(change, Holder { kind, name }, policy, None);
        }
    }

    fn attach(
        &mut self,
        change: &Change<'v>,
        holder: Holder,
        policy: PolicyId,
        resource_group: Option<String>,
    ) {
        let attachment = Attachment {
            holder,
            policy,
            resource_group,
        };
        let attachments = &mut self.side.facts.account(self.account).attachments;
        attachments.insert(attachment, change.at.place.clone());
    }

    fn scoped_attachment(&mut self, change: &Change<'v>, values: &Values<'v>) {
        let policy = self.policy_id(change, values);
        let name = self.known(change, values, &["principal_name"]);
        let kind = self.known(change, values, &["principal_type"]);
        let scope = self.known(change, values, &["resource_group_id"]);
        let (Some(policy), Some(name), Some(kind), Some(scope)) = (policy, name, kind, scope)
        else {
            return;
        };
        let kind = match kind.as_str() {
            "IMSUser" => HolderKind::User,
            "IMSGroup" => HolderKind::Group,
            "ServiceRole" => HolderKind::Role,
            _ => {
                return self.error(change, format!("principal_type: unknown type {kind:?}; expected IMSUser, IMSGroup or ServiceRole"));
            }
        };
        let is_account = crate::cli::is_account(&scope);
        if is_account && scope != self.account {
            return self.error(
                change,
                format!(
                    "resource_group_id: account {scope}, and the snapshot is of account {}",
                    self.account
                ),
            );
        }
        let name = name
            .split_once('@')
            .map_or(name.as_str(), |(bare, _)| bare)
            .to_owned();
        self.attach(
            change,
            Holder { kind, name },
            policy,
            (!is_account).then_some(scope),
        );
    }

    fn control_policy(&mut self, change: &Change<'v>, values: &Values<'v>) {
        let name = self.known(change, values, &["control_policy_name"]);
        let scope = values.text(&["effect_scope"]);
        let document = self.document(change, values, Blocks::None);
        let document = document.map_err(|problem| self.report.error(problem));
        let (Some(name), Ok(Some(document))) = (name, document) else {
            return;
        };
        let scope_all = match scope.as_deref() {
            Some("All") => true,
            Some("RAM") | None => false,
            Some(other) => {
                return self.error(
                    change,
                    format!("effect_scope: unknown scope {other:?}; expected RAM or All"),
                );
            }
        };
        let policy = ControlPolicy {
            name,
            of: PolicyType::Custom,
            scope_all,
            document,
        };
        let control = self.side.facts.control.get_or_insert_default();
        control.add_policy(&Self::id(values, change), policy, self.report);
    }

    fn resource_policy(
        &mut self,
        change: &Change<'v>,
        values: &Values<'v>,
        service: &str,
        kind: &str,
        names: &[&str],
    ) {
        let document = self.document(change, values, Blocks::None);
        let document = document.map_err(|problem| self.report.error(problem));
        let Ok(Some(document)) = document else {
            return;
        };
        let name = match values.text(names) {
            Some(name) => Some(name),
            // A key that is to be made has no id yet, and nobody can ask about it.
            None if names == ["id"] => Some(change.address.replace([':', '/', '*', '?'], "_")),
            None => self.known(change, values, names),
        };
        let Some(name) = name else { return };
        let resource = format!("acs:{service}:*:{}:{kind}{name}", self.account);
        self.side
            .facts
            .account(self.account)
            .add_resource_policy(resource, document, self.report);
    }
}

/// Which blocks a resource may have in place of a document.
#[derive(Clone, Copy, PartialEq)]
enum Blocks {
    None,
    /// `statement { effect, action, resource }`.
    Policy,
    /// `services`, `ram_users`.
    Role,
    /// The data source's statements, with principals and conditions.
    Data,
}

/// A document put together as the provider does, where all of it is known and there is only one way to.
fn written_in_blocks(values: &Values<'_>, blocks: Blocks) -> Option<String> {
    let version = values.text(&["version"]).unwrap_or_else(|| "1".to_owned());
    let document = match blocks {
        Blocks::None => return None,
        Blocks::Role => {
            let list = |name: &str| values.at.get(name).map(|at| at.value.clone());
            let is_known =
                values.is_wholly_known("services") && values.is_wholly_known("ram_users");
            let mut principal = serde_json::Map::new();
            for (name, member) in [("services", "Service"), ("ram_users", "RAM")] {
                if let Some(list) =
                    list(name).filter(|list| list.as_array().is_some_and(|list| !list.is_empty()))
                {
                    principal.insert(member.to_owned(), list);
                }
            }
            if principal.is_empty() || !is_known {
                return None;
            }
            json!({"Version": version, "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]})
        }
        Blocks::Policy | Blocks::Data => {
            let statements = values.at.elements_of("statement");
            if statements.is_empty()
                || !values.is_wholly_known("statement")
                || !values.is_wholly_known("version")
            {
                return None;
            }
            let statements: Option<Vec<Value>> = statements.iter().map(statement).collect();
            json!({"Version": version, "Statement": statements?})
        }
    };
    Some(document.to_string())
}

fn statement(at: &At<'_>) -> Option<Value> {
    let mut statement = serde_json::Map::new();
    let effect = at.text("effect").unwrap_or_else(|| "Allow".to_owned());
    statement.insert("Effect".to_owned(), effect.into());
    for (block, member) in [("action", "Action"), ("resource", "Resource")] {
        if let Some(list) = at
            .get(block)
            .filter(|at| at.value.as_array().is_some_and(|list| !list.is_empty()))
        {
            statement.insert(member.to_owned(), list.value.clone());
        }
    }
    let mut principal = serde_json::Map::new();
    for of in at.elements_of("principal") {
        let entity = of.text("entity")?;
        if principal
            .insert(entity, of.get("identifiers")?.value.clone())
            .is_some()
        {
            return None;
        }
    }
    if !principal.is_empty() {
        statement.insert("Principal".to_owned(), principal.into());
    }
    let mut conditions: BTreeMap<String, serde_json::Map<String, Value>> = BTreeMap::new();
    for of in at.elements_of("condition") {
        let values = of.get("values")?.value.clone();
        let keys = conditions.entry(of.text("operator")?).or_default();
        // Of two blocks for one key the provider may keep one only.
        if keys.insert(of.text("variable")?, values).is_some() {
            return None;
        }
    }
    if !conditions.is_empty() {
        let conditions = conditions
            .into_iter()
            .map(|(operator, keys)| (operator, keys.into()));
        statement.insert("Condition".to_owned(), Value::Object(conditions.collect()));
    }
    Some(Value::Object(statement))
}
