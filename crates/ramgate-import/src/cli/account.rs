//! One account's users, groups, roles, policies and what is attached, out of the answers of RAM and Resource Manager.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::lists::Answers;
use crate::cli::{call, is_account};
use crate::document::Document;
use crate::facts::{
    Account, Attachment, Holder, HolderKind, PolicyId, PolicyType, Role, User, differs,
};
use crate::json::{At, Place};
use crate::report::{Problem, Report};
use crate::{Absent, Options};

/// Calls about an account, not about a resource directory.
const OF_ACCOUNT: [&str; 18] = [
    "GetCallerIdentity",
    "ListUsers",
    "GetUser",
    "ListGroups",
    "ListRoles",
    "GetRole",
    "ListPolicies",
    "GetPolicy",
    "GetPolicyVersion",
    "ListPolicyVersions",
    "ListGroupsForUser",
    "ListUsersForGroup",
    "ListPoliciesForUser",
    "ListPoliciesForGroup",
    "ListPoliciesForRole",
    "ListEntitiesForPolicy",
    "ListPolicyAttachments",
    "GetBucketPolicy",
];

/// Whether there is anything about an account.
pub(crate) fn is_asked(answers: &Answers<'_>) -> bool {
    OF_ACCOUNT.iter().any(|call| answers.has(call))
}

/// Reads all of an account and reports what is missing.
pub(crate) fn read(
    id: &str,
    answers: &Answers<'_>,
    options: &Options,
    account: &mut Account,
    report: &mut Report,
) {
    let mut reader = Reader {
        id,
        answers,
        account,
        report,
        default_versions: BTreeMap::new(),
        counted: BTreeMap::new(),
    };
    reader.principals();
    reader.roles();
    reader.policies();
    reader.memberships();
    reader.attachments(options);
    reader.resource_policies();
}

struct Reader<'r, 'v> {
    id: &'r str,
    answers: &'r Answers<'v>,
    account: &'r mut Account,
    report: &'r mut Report,
    /// The version of each policy that counts, as the list of policies has it.
    default_versions: BTreeMap<PolicyId, (String, Place)>,
    /// How often each policy is attached, as the list of policies has it.
    counted: BTreeMap<PolicyId, (usize, Place)>,
}

impl<'v> Reader<'_, 'v> {
    fn error(&mut self, place: &Place, message: String) {
        self.report.error(Problem::of(place, message));
    }

    /// A list that must be there.
    fn list(&mut self, name: &'static str, what: &str) -> Vec<At<'v>> {
        let list = call(name).and_then(|call| self.answers.list(call, self.report));
        list.unwrap_or_else(|| {
            let message = format!(
                "account {}: {name} is missing: {what} there are is not known",
                self.id
            );
            let help = format!("aliyun ram {name} > {name}.json, every page of it");
            self.report.error(Problem::of_all(message).help(help));
            Vec::new()
        })
    }

    /// A member that an element of a list must have.
    fn needed(&mut self, at: &At<'_>, name: &str) -> Option<String> {
        let found = at.text(name).filter(|text| !text.is_empty());
        if found.is_none() {
            self.error(&at.place, format!("{name} is missing"));
        }
        found
    }

    /// A user's name: RAM has it bare, the identity service with its domain.
    fn user_name(&mut self, at: &At<'_>) -> Option<String> {
        if let Some(name) = at.text("UserName") {
            return Some(name);
        }
        if let Some(name) = at.text("UserPrincipalName") {
            return Some(bare(&name));
        }
        self.needed(at, "UserName")
    }

    fn principals(&mut self) {
        for at in self.list("ListUsers", "which users") {
            let Some(name) = self.user_name(&at) else {
                continue;
            };
            let user = User {
                id: at.text("UserId"),
                place: at.place.clone(),
            };
            self.account.add_user(&name, user, self.report);
        }
        for at in self.list("ListGroups", "which groups") {
            if let Some(name) = self.needed(&at, "GroupName") {
                self.account.groups.entry(name).or_insert(at.place);
            }
        }
    }

    fn roles(&mut self) {
        let listed = self.list("ListRoles", "which roles");
        let got = self.answers.single("GetRole");
        let got = got.into_iter().filter_map(|(_, at)| at.get("Role"));
        let mut without_trust: BTreeMap<String, Place> = BTreeMap::new();
        for at in listed.into_iter().chain(got) {
            let Some(name) = self.needed(&at, "RoleName") else {
                continue;
            };
            if let Some(arn) = at.text("Arn") {
                let owner = arn.split(':').nth(3).unwrap_or_default();
                if is_account(owner) && owner != self.id {
                    let message = format!(
                        "a role of account {owner}, among the answers of account {}",
                        self.id
                    );
                    self.error(&at.place_of("Arn"), message);
                    continue;
                }
            }
            let trust = at
                .get("AssumeRolePolicyDocument")
                .map(|at| Document::of(&at));
            let trust = match trust.transpose() {
                Ok(trust) => trust,
                Err(problem) => {
                    self.report.error(problem);
                    continue;
                }
            };
            match &trust {
                None => {
                    without_trust
                        .entry(name.clone())
                        .or_insert(at.place.clone());
                }
                Some(_) => {
                    without_trust.insert(name.clone(), at.place.clone());
                }
            }
            let role = Role {
                trust,
                service_linked: at.is_true("IsServiceLinkedRole"),
            };
            self.account.add_role(&name, role, self.report);
        }
        let roles = self.account.roles.iter();
        let missing: Vec<String> = roles
            .filter(|(_, role)| role.trust.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        self.missing("GetRole", "RoleName", &missing, "the trust policy of role");
    }

    /// Answers that are missing for some, told at once.
    fn missing(&mut self, call: &str, parameter: &str, names: &[String], what: &str) {
        let Some(first) = names.first() else { return };
        let message = format!("account {}: {what} {} is not known", self.id, some(names));
        let help = format!("aliyun ram {call} --{parameter} {first} > {call}/{first}.json");
        self.report.error(Problem::of_all(message).help(help));
    }

    /// A policy that an element of a list names.
    fn policy_id(&mut self, at: &At<'_>) -> Option<PolicyId> {
        let name = self.needed(at, "PolicyName")?;
        let of = self.needed(at, "PolicyType")?;
        let known = PolicyType::of(&of);
        if known.is_none() {
            let message = format!("unknown type of policy {of:?}; expected Custom or System");
            self.error(&at.place_of("PolicyType"), message);
        }
        Some(PolicyId { name, of: known? })
    }

    fn policies(&mut self) {
        let listed = call("ListPolicies").and_then(|call| self.answers.list(call, self.report));
        for at in listed.unwrap_or_default() {
            let Some(id) = self.policy_id(&at) else {
                continue;
            };
            if let Some(version) = at.text("DefaultVersion") {
                let place = at.place_of("DefaultVersion");
                self.default_versions.insert(id.clone(), (version, place));
            }
            let count = at
                .text("AttachmentCount")
                .and_then(|text| text.parse().ok());
            if let Some(count) = count {
                self.counted
                    .insert(id, (count, at.place_of("AttachmentCount")));
            }
        }
        for (_, answer) in self.answers.single("GetPolicy") {
            self.got_policy(answer);
        }
        let versions = self.answers.single("GetPolicyVersion");
        for (subject, answer) in versions {
            if let Some(at) = answer.get("PolicyVersion") {
                self.policy_version(subject, &at);
            }
        }
        for (subject, answer) in self.answers.single("ListPolicyVersions") {
            let versions = answer.get("PolicyVersions");
            let versions = versions.map(|at| at.elements_of("PolicyVersion"));
            for at in versions.unwrap_or_default() {
                // A list without documents tells nothing but what there is.
                if at.get("PolicyDocument").is_some() {
                    self.policy_version(subject, &at);
                }
            }
        }
    }

    fn got_policy(&mut self, answer: &At<'_>) {
        let Some(at) = answer.get("Policy") else {
            return;
        };
        let Some(id) = self.policy_id(&at) else {
            return;
        };
        let version = answer.get("DefaultPolicyVersion");
        let document = match &version {
            Some(version) => version.get("PolicyDocument"),
            None => at.get("PolicyDocument"),
        };
        let Some(document) = document else {
            self.error(
                &answer.place,
                format!("{id}: no PolicyDocument in this answer"),
            );
            return;
        };
        let of_version = version.and_then(|version| version.text("VersionId"));
        if let (Some(default), Some(of_version)) = (at.text("DefaultVersion"), &of_version)
            && default != *of_version
        {
            let message =
                format!("{id}: version {of_version} is here, and {default} is the one that counts");
            self.error(&document.place, message);
            return;
        }
        self.add_policy(id, of_version, &document);
    }

    /// Of a policy's versions only the default one counts.
    fn policy_version(&mut self, subject: &[String], at: &At<'_>) {
        let Some(name) = subject.last() else { return };
        let said = subject.first().and_then(|first| PolicyType::of(first));
        let of = said.filter(|_| subject.len() > 1).or_else(|| {
            let listed = |of| {
                let id = PolicyId {
                    name: name.clone(),
                    of,
                };
                self.default_versions.contains_key(&id)
            };
            match (listed(PolicyType::Custom), listed(PolicyType::System)) {
                (true, false) => Some(PolicyType::Custom),
                (false, true) => Some(PolicyType::System),
                _ => None,
            }
        });
        let Some(of) = of else {
            let message =
                format!("whether policy {name:?} is a custom or a system policy is not known");
            let help = "name the folder after the type too: GetPolicyVersion/Custom/<policy>.json";
            self.report
                .error(Problem::of(&at.place, message).help(help));
            return;
        };
        let id = PolicyId {
            name: name.clone(),
            of,
        };
        let version = at.text("VersionId");
        let counts = match self.default_versions.get(&id) {
            Some((default, _)) => version.as_ref() == Some(default),
            None => at.is_true("IsDefaultVersion"),
        };
        match at.get("PolicyDocument") {
            Some(document) if counts => self.add_policy(id, version, &document),
            Some(_) => {
                let version = version.unwrap_or_default();
                let message =
                    format!("{id}: version {version} is not the one that counts; passed over");
                self.report.note(Problem::of(&at.place, message));
            }
            None => self.error(&at.place, format!("{id}: no PolicyDocument in this answer")),
        }
    }

    fn add_policy(&mut self, id: PolicyId, version: Option<String>, document: &At<'_>) {
        if let (Some((default, listed)), Some(version)) = (self.default_versions.get(&id), version)
            && *default != version
        {
            let what = format!("the version of {id} that counts ({version} here, {default} there)");
            self.report.error(differs(&document.place, &what, listed));
            return;
        }
        match Document::of(document) {
            Ok(document) => self.account.add_policy(id, document, self.report),
            Err(problem) => self.report.error(problem),
        }
    }

    fn memberships(&mut self) {
        let (Some(of_users), Some(of_groups)) =
            (call("ListGroupsForUser"), call("ListUsersForGroup"))
        else {
            return;
        };
        let of_users = self.answers.lists(of_users, self.report);
        let of_groups = self.answers.lists(of_groups, self.report);
        let mut by_user: BTreeMap<(String, String), Place> = BTreeMap::new();
        for (user, groups) in &of_users {
            for at in groups {
                if let Some(group) = self.needed(at, "GroupName") {
                    by_user.insert((bare(user), group), at.place.clone());
                }
            }
        }
        let mut by_group: BTreeMap<(String, String), Place> = BTreeMap::new();
        for (group, users) in &of_groups {
            for at in users {
                if let Some(user) = self.user_name(at) {
                    by_group.insert((user, group.clone()), at.place.clone());
                }
            }
        }
        let users: BTreeSet<String> = of_users.keys().map(|name| bare(name)).collect();
        // Both were asked about the pair, and one does not have it.
        let one_sided =
            |pair: &(String, String)| users.contains(&pair.0) && of_groups.contains_key(&pair.1);
        for (this, other, call) in [
            (&by_user, &by_group, "ListUsersForGroup"),
            (&by_group, &by_user, "ListGroupsForUser"),
        ] {
            for (pair, place) in this {
                if one_sided(pair) && !other.contains_key(pair) {
                    let message = format!(
                        "user {:?} is in group {:?}, and {call} does not have it",
                        pair.0, pair.1
                    );
                    let help = "answers of different times: ask again for both";
                    self.report.error(Problem::of(place, message).help(help));
                }
            }
        }
        let all_groups = self
            .account
            .groups
            .keys()
            .all(|group| of_groups.contains_key(group));
        if !all_groups {
            let unasked = self
                .account
                .users
                .keys()
                .filter(|user| !users.contains(*user));
            let unasked: Vec<String> = unasked.cloned().collect();
            self.missing(
                "ListGroupsForUser",
                "UserName",
                &unasked,
                "in which groups is user",
            );
        }
        self.account.members.extend(by_user);
        self.account.members.extend(by_group);
    }

    fn attachments(&mut self, options: &Options) {
        let all =
            call("ListPolicyAttachments").and_then(|call| self.answers.list(call, self.report));
        let knows_all = all.is_some();
        for at in all.unwrap_or_default() {
            self.attachment(&at);
        }
        let mut asked: BTreeSet<Holder> = BTreeSet::new();
        for (kind, name) in [
            (HolderKind::User, "ListPoliciesForUser"),
            (HolderKind::Group, "ListPoliciesForGroup"),
            (HolderKind::Role, "ListPoliciesForRole"),
        ] {
            let lists = call(name).map(|call| self.answers.lists(call, self.report));
            for (holder, policies) in lists.unwrap_or_default() {
                let holder = Holder {
                    kind,
                    name: bare(&holder),
                };
                for at in policies {
                    self.direct(&holder, &at, knows_all);
                }
                asked.insert(holder);
            }
        }
        if knows_all {
            self.nothing_more(&asked);
        } else {
            self.missing_attachments(&asked, options);
        }
        self.entities(knows_all);
        self.counts(options);
    }

    /// An element of `ListPolicyAttachments`.
    fn attachment(&mut self, at: &At<'_>) {
        let Some(policy) = self.policy_id(at) else {
            return;
        };
        let (Some(name), Some(kind)) = (
            self.needed(at, "PrincipalName"),
            self.needed(at, "PrincipalType"),
        ) else {
            return;
        };
        let kind = match kind.as_str() {
            "IMSUser" => HolderKind::User,
            "IMSGroup" => HolderKind::Group,
            "ServiceRole" => HolderKind::Role,
            _ => {
                let message = format!(
                    "unknown type of principal {kind:?}; expected IMSUser, IMSGroup or ServiceRole"
                );
                return self.error(&at.place_of("PrincipalType"), message);
            }
        };
        let Some(scope) = self.needed(at, "ResourceGroupId") else {
            return;
        };
        let resource_group = if scope == self.id {
            None
        } else if is_account(&scope) {
            let message = format!(
                "attached at account {scope}, among the answers of account {}",
                self.id
            );
            return self.error(&at.place_of("ResourceGroupId"), message);
        } else if !scope.starts_with("rg-") {
            let message = format!("{scope:?} is neither an account nor a resource group (rg-…)");
            return self.error(&at.place_of("ResourceGroupId"), message);
        } else {
            Some(scope)
        };
        let attachment = Attachment {
            holder: Holder {
                kind,
                name: bare(&name),
            },
            policy,
            resource_group,
        };
        self.account
            .attachments
            .entry(attachment)
            .or_insert(at.place.clone());
    }

    /// An element of `ListPoliciesForUser` and the like: attached at the account.
    fn direct(&mut self, holder: &Holder, at: &At<'_>, knows_all: bool) {
        let Some(policy) = self.policy_id(at) else {
            return;
        };
        let attachment = Attachment {
            holder: holder.clone(),
            policy,
            resource_group: None,
        };
        if knows_all && !self.account.attachments.contains_key(&attachment) {
            let message = format!(
                "{} is attached to {holder}, and ListPolicyAttachments does not have it",
                attachment.policy
            );
            let help = "answers of different times, or a page is missing: ask again for both";
            self.report
                .error(Problem::of(&at.place, message).help(help));
        }
        self.account
            .attachments
            .entry(attachment)
            .or_insert(at.place.clone());
    }

    /// What `ListPolicyAttachments` has of somebody who was asked about alone, and that answer does not.
    fn nothing_more(&mut self, asked: &BTreeSet<Holder>) {
        let mut direct: BTreeSet<(Holder, PolicyId)> = BTreeSet::new();
        for (kind, name) in [
            (HolderKind::User, "ListPoliciesForUser"),
            (HolderKind::Group, "ListPoliciesForGroup"),
            (HolderKind::Role, "ListPoliciesForRole"),
        ] {
            for (subject, answer) in self.answers.single(name) {
                let Some(holder) = subject.last() else {
                    continue;
                };
                let holder = Holder {
                    kind,
                    name: bare(holder),
                };
                let policies = answer.get("Policies").map(|at| at.elements_of("Policy"));
                for at in policies.unwrap_or_default() {
                    let of = at.text("PolicyType").and_then(|of| PolicyType::of(&of));
                    if let (Some(name), Some(of)) = (at.text("PolicyName"), of) {
                        direct.insert((holder.clone(), PolicyId { name, of }));
                    }
                }
            }
        }
        let mut lost = Vec::new();
        for (attachment, place) in &self.account.attachments {
            let pair = (attachment.holder.clone(), attachment.policy.clone());
            if attachment.resource_group.is_none()
                && asked.contains(&attachment.holder)
                && !direct.contains(&pair)
            {
                lost.push((pair, place.clone()));
            }
        }
        for ((holder, policy), place) in lost {
            let message = format!(
                "{policy} is attached to {holder}, and ListPoliciesFor… of it does not have it"
            );
            let help = "answers of different times: ask again for both";
            self.report.error(Problem::of(&place, message).help(help));
        }
    }

    fn missing_attachments(&mut self, asked: &BTreeSet<Holder>, options: &Options) {
        let account = &self.account;
        let users = account.users.keys().map(|name| (HolderKind::User, name));
        let groups = account.groups.keys().map(|name| (HolderKind::Group, name));
        let roles = account.roles.keys().map(|name| (HolderKind::Role, name));
        let mut missing: BTreeMap<HolderKind, Vec<String>> = BTreeMap::new();
        for (kind, name) in users.chain(groups).chain(roles) {
            let holder = Holder {
                kind,
                name: name.clone(),
            };
            if !asked.contains(&holder) {
                missing.entry(kind).or_default().push(name.clone());
            }
        }
        for (kind, call, parameter, what) in [
            (
                HolderKind::User,
                "ListPoliciesForUser",
                "UserName",
                "what is attached to user",
            ),
            (
                HolderKind::Group,
                "ListPoliciesForGroup",
                "GroupName",
                "what is attached to group",
            ),
            (
                HolderKind::Role,
                "ListPoliciesForRole",
                "RoleName",
                "what is attached to role",
            ),
        ] {
            let names = missing.remove(&kind).unwrap_or_default();
            self.missing(call, parameter, &names, what);
        }
        if !options.without.contains(&Absent::ResourceGroupAttachments) {
            let message = format!(
                "account {}: ListPolicyAttachments is missing: what is attached at resource groups is not known",
                self.id
            );
            let help = "aliyun resourcemanager ListPolicyAttachments > ListPolicyAttachments.json, every page of it; or, if nothing is, --without resource-groups";
            self.report.error(Problem::of_all(message).help(help));
        }
    }

    /// `ListEntitiesForPolicy` adds nothing; it must not know more.
    fn entities(&mut self, knows_all: bool) {
        for (subject, answer) in self.answers.single("ListEntitiesForPolicy") {
            let Some(policy) = subject.last() else {
                continue;
            };
            for (kind, outer, inner, member) in [
                (HolderKind::User, "Users", "User", "UserName"),
                (HolderKind::Group, "Groups", "Group", "GroupName"),
                (HolderKind::Role, "Roles", "Role", "RoleName"),
            ] {
                let found = answer.get(outer).map(|at| at.elements_of(inner));
                for at in found.unwrap_or_default() {
                    let Some(name) = self.needed(&at, member) else {
                        continue;
                    };
                    let is_known = self.account.attachments.keys().any(|attachment| {
                        attachment.policy.name == *policy
                            && attachment.holder.kind == kind
                            && attachment.holder.name == name
                    });
                    if !is_known {
                        let by = if knows_all {
                            "ListPolicyAttachments"
                        } else {
                            "ListPoliciesFor…"
                        };
                        let message = format!(
                            "policy {policy:?} is attached to {} {name:?}, and {by} does not have it",
                            kind.name()
                        );
                        let help =
                            "answers of different times, or a page is missing: ask again for both";
                        self.report
                            .error(Problem::of(&at.place, message).help(help));
                    }
                }
            }
        }
    }

    /// RAM counts how often a policy is attached; whoever is not among what is known holds it too.
    fn counts(&mut self, options: &Options) {
        let mut known: BTreeMap<&PolicyId, usize> = BTreeMap::new();
        for attachment in self.account.attachments.keys() {
            *known.entry(&attachment.policy).or_default() += 1;
        }
        for (policy, (count, place)) in &self.counted {
            let known = known.get(policy).copied().unwrap_or_default();
            if known < *count {
                let message = format!(
                    "{policy} is attached {count} times by this list, and {known} of them are known"
                );
                let problem = Problem::of(place, message);
                if options.allow_unknown {
                    self.report.warning(problem);
                } else {
                    self.report.error(problem.help("answers of different times, or ListPolicyAttachments was asked for some only: ask again for all; --allow-unknown goes on without them"));
                }
            }
        }
    }

    fn resource_policies(&mut self) {
        let mut found = false;
        for (name, service, kind) in [
            ("GetBucketPolicy", "oss", ""),
            ("GetProjectPolicy", "log", "project/"),
            ("GetKeyPolicy", "kms", "key/"),
            ("GetSecretPolicy", "kms", "secret/"),
        ] {
            for (subject, answer) in self.answers.single(name) {
                let Some(subject) = subject.last() else {
                    continue;
                };
                found = true;
                let at = if service == "kms" {
                    answer.get("Policy")
                } else {
                    Some(answer.clone())
                };
                let Some(at) = at else { continue };
                let resource = format!("acs:{service}:*:{}:{kind}{subject}", self.id);
                match Document::of(&at) {
                    Ok(document) => {
                        self.account
                            .add_resource_policy(resource, document, self.report)
                    }
                    Err(problem) => self.report.error(problem),
                }
            }
        }
        if !found {
            let message = format!(
                "account {}: no policies on resources (buckets, projects, keys) are here; what they allow or deny is not in the snapshot",
                self.id
            );
            self.report.warning(Problem::of_all(message));
        }
    }
}

/// `alice@example.onaliyun.com` without its domain.
pub(crate) fn bare(name: &str) -> String {
    name.split_once('@')
        .map_or(name, |(bare, _)| bare)
        .to_owned()
}

/// Names for a message, not all of a thousand.
pub(crate) fn some(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("{name:?}"))
        .collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
