//! Reads a snapshot (contracts, section 4): one file or many, merged; every problem is told.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::account::resource_policies::ResourcePolicies;
use crate::account::{Account, Identity, Organization, Role, User};
use crate::arn::Arn;
use crate::document::{PolicyKind, Reading, ResourceService};
use crate::fields::{Fields, Object};
use crate::json::{self, Json, Member, Node, Value};
use crate::policy::{GroupPolicies, Level, Policy, PolicySet, Shared, read_policy};
use crate::problem::{LoadError, Path, Problem, ProblemKind, Severity, quoted};
use crate::source::Source;
use crate::wildcard::has_wildcard;

/// Opens a file that a source names, given its name as written and the source.
pub type OpenFile<'o> = dyn FnMut(&str, &Source) -> Result<Source, String> + 'o;

impl Organization {
    /// Reads a snapshot from its files. `lenient`: see [`Reading::lenient`]. `open` opens what `"file"` names.
    ///
    /// ```
    /// use ramgate::{Decision, Organization, Principal, Request, Source};
    ///
    /// let snapshot = Source::new("snapshot.json", r#"{
    ///   "ramgate": 1,
    ///   "accounts": { "1234567890123456": {
    ///     "policies": { "net-ops": { "type": "Custom", "document": {
    ///       "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "vpc:*", "Resource": "*" }] } } },
    ///     "users": { "alice": { "policies": ["net-ops"] } }
    ///   } }
    /// }"#);
    /// let known = Organization::read(&[snapshot], false, &mut |name, _| Err(format!("no file {name}")))?;
    /// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
    /// let request = Request::new(alice, "vpc:DescribeVpcs", "*")?;
    /// assert_eq!(known.decide(&request, None)?, Decision::Allow);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// With every problem of every file: no JSON, unknown members, documents that RAM would refuse, names that are attached and not
    /// defined, names defined twice differently.
    pub fn read(
        sources: &[Source],
        lenient: bool,
        open: &mut OpenFile<'_>,
    ) -> Result<Organization, LoadError> {
        let mut reader = Reader {
            lenient,
            open,
            organization: Organization::default(),
            shared: Shared::default(),
            problems: Vec::new(),
        };
        let mut texts = Vec::new();
        for source in sources {
            match json::read(source) {
                Ok(json) => texts.push(json),
                Err(problem) => reader.problems.push(*problem),
            }
        }
        let merged = reader.merge(&texts);
        reader.accounts(&merged);
        reader.control(&merged);
        let (errors, warnings): (Vec<_>, Vec<_>) = reader
            .problems
            .into_iter()
            .partition(|problem| problem.severity == Severity::Error);
        if errors.is_empty() {
            Ok(Organization {
                warnings,
                ..reader.organization
            })
        } else {
            Err(LoadError::new(errors))
        }
    }
}

/// A member somewhere in one of the files.
#[derive(Clone, Copy)]
struct Entry<'n> {
    path: Path<'n>,
    member: Member<'n>,
}

impl<'n> Entry<'n> {
    fn source(&self) -> &'n Source {
        self.member.node.source()
    }
}

/// The files of a snapshot as if they were one.
#[derive(Default)]
struct Merged<'n> {
    accounts: Vec<(&'n str, Vec<Part<'n>>)>,
    control_policies: Vec<Entry<'n>>,
    attachments: Vec<Entry<'n>>,
    has_control: bool,
}

/// What one file says of an account.
#[derive(Clone, Copy)]
struct Part<'n> {
    path: Path<'n>,
    node: Node<'n>,
}

const ACCOUNTS: Path<'static> = Path::Member(&Path::Root, "accounts");
const CONTROL: Path<'static> = Path::Member(&Path::Root, "control_policies");

struct Reader<'o, 'f> {
    lenient: bool,
    open: &'o mut OpenFile<'f>,
    organization: Organization,
    shared: Shared,
    problems: Vec<Problem>,
}

const ACCOUNT: [&str; 7] = [
    "management",
    "folder",
    "policies",
    "groups",
    "users",
    "roles",
    "resource_policies",
];

impl Reader<'_, '_> {
    /// Runs `read` over the fields of a node's file and keeps its problems.
    fn fields<T>(&mut self, node: Node<'_>, read: impl FnOnce(&mut Fields<'_>) -> T) -> T {
        let mut fields = Fields::new(node.source());
        let value = read(&mut fields);
        self.problems.append(&mut fields.problems);
        value
    }

    fn merge<'n>(&mut self, texts: &'n [Json]) -> Merged<'n> {
        let mut merged = Merged::default();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for text in texts {
            let node = text.root();
            let mut fields = Fields::new(node.source());
            json::report_duplicates(node, &Path::Root, &mut fields.problems);
            let members = ["ramgate", "accounts", "control_policies"];
            let top = fields.object(node, &Path::Root, &members);
            match top.get("ramgate") {
                Some(node) if matches!(node.value(), Value::Number("1")) => {}
                Some(node) => {
                    let message =
                        "unknown version of the snapshot format; this is for \"ramgate\": 1";
                    let path = Path::Root.member("ramgate");
                    fields.problem(node.span(), &path, ProblemKind::InvalidInput, message);
                }
                None => fields.missing(node, &Path::Root, "\"ramgate\": 1"),
            }
            let accounts = top.given("accounts");
            for member in accounts
                .into_iter()
                .flat_map(|node| fields.map(node, &ACCOUNTS))
            {
                let part = Part {
                    path: Path::Member(&ACCOUNTS, member.key),
                    node: member.node,
                };
                let index = *known.entry(member.key).or_insert_with(|| {
                    merged.accounts.push((member.key, Vec::new()));
                    merged.accounts.len() - 1
                });
                if let Some((_, parts)) = merged.accounts.get_mut(index) {
                    parts.push(part);
                }
            }
            if let Some(control) = top.given("control_policies") {
                merged.has_control = true;
                let control = fields.object(control, &CONTROL, &["policies", "attachments"]);
                for (name, entries) in [
                    ("policies", &mut merged.control_policies),
                    ("attachments", &mut merged.attachments),
                ] {
                    let node = control.given(name);
                    let members = node
                        .into_iter()
                        .flat_map(|node| fields.map(node, &CONTROL.member(name)));
                    entries.extend(members.map(|member| Entry {
                        path: Path::Entry(&CONTROL, name, member.key),
                        member,
                    }));
                }
            }
            self.problems.append(&mut fields.problems);
        }
        merged
    }

    /// One entry a name; a name that stands twice must say the same.
    fn unique<'n>(&mut self, entries: impl IntoIterator<Item = Entry<'n>>) -> Vec<Entry<'n>> {
        let mut unique: Vec<Entry<'n>> = Vec::new();
        let mut index: HashMap<&str, usize> = HashMap::new();
        for entry in entries {
            let member = entry.member;
            let known = index.get(member.key);
            match known.and_then(|index| unique.get(*index)) {
                None => {
                    index.insert(member.key, unique.len());
                    unique.push(entry);
                }
                Some(first) if !first.member.node.same_content(member.node) => {
                    let source = first.source();
                    let position = source.position(first.member.key_span.start);
                    let first = format!("{}:{position}", source.name());
                    let message = format!("{} is defined otherwise at {first}", quoted(member.key));
                    self.problem(&entry, ProblemKind::UnresolvedName, "", message);
                }
                Some(_) => {}
            }
        }
        unique
    }

    fn problem(
        &mut self,
        entry: &Entry<'_>,
        kind: ProblemKind,
        rule: &'static str,
        message: String,
    ) {
        let span = entry.member.key_span;
        self.problems.push(Problem::new(
            entry.source(),
            span,
            &entry.path,
            kind,
            rule,
            message,
        ));
    }

    fn accounts(&mut self, merged: &Merged<'_>) {
        for (id, parts) in &merged.accounts {
            let mut account = Account::default();
            let mut objects = Vec::new();
            for part in parts {
                objects.push((
                    part,
                    self.fields(part.node, |fields| {
                        fields.object(part.node, &part.path, &ACCOUNT)
                    }),
                ));
            }
            self.account_facts(&objects, &mut account);
            let policies = self.policies(&objects, &mut account);
            let groups = self.groups(&objects, &policies);
            self.users(&objects, &policies, &groups, &mut account);
            self.roles(&objects, &policies, &mut account);
            self.resource_policies(id, &objects, &mut account);
            self.organization.accounts.insert((*id).to_owned(), account);
        }
    }

    /// `management` and `folder`, which all files that say them must say alike.
    fn account_facts(&mut self, objects: &[(&Part<'_>, Object<'_>)], account: &mut Account) {
        let mut said: Option<bool> = None;
        for (part, object) in objects {
            let (management, folder) = self.fields(part.node, |fields| {
                let management = object.given("management").map(|node| {
                    let path = part.path.member("management");
                    let value = fields.boolean(node, &path);
                    if said.is_some_and(|said| said != value) {
                        let message = "another file says otherwise of this account";
                        fields.problem(node.span(), &path, ProblemKind::UnresolvedName, message);
                    }
                    value
                });
                let folder = object.given("folder").and_then(|node| {
                    let path = part.path.member("folder");
                    let folder = fields.text(node, &path)?;
                    if account
                        .folder
                        .as_ref()
                        .is_some_and(|other| *other != folder)
                    {
                        let message = "another file puts the account into another folder";
                        fields.problem(node.span(), &path, ProblemKind::UnresolvedName, message);
                    }
                    Some(folder)
                });
                (management, folder)
            });
            if let Some(management) = management {
                account.management = management;
                said = Some(management);
            }
            if let Some(folder) = folder {
                account.folder = Some(folder.to_owned());
            }
        }
    }

    /// The members of one map of an account, over all files.
    fn entries<'n>(
        &mut self,
        objects: &'n [(&Part<'n>, Object<'n>)],
        name: &'static str,
    ) -> Vec<Entry<'n>> {
        let mut entries: Vec<Entry<'n>> = Vec::new();
        for (part, object) in objects {
            let Some(node) = object.given(name) else {
                continue;
            };
            let members = self.fields(part.node, |fields| {
                fields.map(node, &part.path.member(name))
            });
            entries.extend(members.map(|member| Entry {
                path: Path::Entry(&part.path, name, member.key),
                member,
            }));
        }
        self.unique(entries)
    }

    fn policies<'n>(
        &mut self,
        objects: &'n [(&Part<'n>, Object<'n>)],
        account: &mut Account,
    ) -> HashMap<&'n str, Arc<Policy>> {
        let mut policies = HashMap::new();
        for Entry { path, member } in self.entries(objects, "policies") {
            if let Some(policy) = self.typed_policy(&path, &member, PolicyKind::Identity) {
                account.policies.push(Arc::clone(&policy));
                policies.insert(member.key, policy);
            }
        }
        policies
    }

    /// `{"type": …, "document": …}` or `{"type": …, "file": …}`.
    fn typed_policy(
        &mut self,
        path: &Path<'_>,
        member: &Member<'_>,
        kind: PolicyKind,
    ) -> Option<Arc<Policy>> {
        let (object, system, scope_all) = self.fields(member.node, |fields| {
            let object = fields.object(
                member.node,
                path,
                &["type", "document", "file", "effect_scope"],
            );
            let system = one_of(fields, &object, path, "type", ["Custom", "System"]);
            let scope_all = one_of(fields, &object, path, "effect_scope", ["RAM", "All"]);
            (object, system, scope_all)
        });
        let reading = if system {
            Reading::new(kind).system()
        } else {
            Reading::new(kind)
        };
        let policy = self.document(path, member.node, &object, member.key, reading)?;
        if !scope_all {
            return Some(policy);
        }
        Arc::try_unwrap(policy)
            .ok()
            .map(|policy| Arc::new(policy.with_scope_all(true)))
    }

    /// The document of an object that has it as `document` or names its `file`.
    fn document(
        &mut self,
        path: &Path<'_>,
        node: Node<'_>,
        object: &Object<'_>,
        name: &str,
        reading: Reading,
    ) -> Option<Arc<Policy>> {
        match (object.get("document"), object.get("file")) {
            (Some(document), None) => {
                self.policy(document, &path.member("document"), name, reading)
            }
            (None, Some(file)) => {
                let path = path.member("file");
                let file_name = self.fields(file, |fields| fields.text(file, &path))?;
                let opened = (self.open)(file_name, file.source());
                let opened = self.fields(file, |fields| fields.checked(file, &path, opened))?;
                self.whole_file(&opened, name, reading)
            }
            _ => {
                self.fields(node, |fields| {
                    fields.missing(node, path, "document (or file, not both)");
                });
                None
            }
        }
    }

    fn whole_file(&mut self, source: &Source, name: &str, reading: Reading) -> Option<Arc<Policy>> {
        let reading = if self.lenient {
            reading.lenient()
        } else {
            reading
        };
        let (document, problems) = crate::document::Document::read(source, reading);
        let usable = problems
            .iter()
            .all(|problem| problem.severity != Severity::Error);
        self.problems.extend(problems);
        document
            .filter(|_| usable)
            .map(|document| Arc::new(Policy::new(name, &document)))
    }

    fn policy(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        name: &str,
        reading: Reading,
    ) -> Option<Arc<Policy>> {
        let reading = if self.lenient {
            reading.lenient()
        } else {
            reading
        };
        let (mut policy, problems) = read_policy(node, path, name, reading);
        self.problems.extend(problems);
        policy
            .iter_mut()
            .for_each(|policy| self.shared.share_patterns(policy));
        policy
    }

    /// Names of policies, each of which must be defined.
    fn attached(
        &mut self,
        node: Option<Node<'_>>,
        path: &Path<'_>,
        policies: &HashMap<&str, Arc<Policy>>,
    ) -> Vec<Arc<Policy>> {
        let Some(node) = node else { return Vec::new() };
        self.fields(node, |fields| {
            let mut attached = Vec::new();
            let mut seen = HashSet::new();
            for (name, index, node) in fields.texts(node, path) {
                match policies.get(name) {
                    Some(policy) if seen.insert(name) => attached.push(Arc::clone(policy)),
                    Some(_) => {}
                    None => {
                        let message =
                            format!("policy {} is attached here and not defined", quoted(name));
                        let kind = ProblemKind::UnresolvedName;
                        fields.problem(node.span(), &path.element(index), kind, message);
                    }
                }
            }
            attached
        })
    }

    /// `policies` and `resource_groups` of a user, a group or a role.
    fn identity(
        &mut self,
        path: &Path<'_>,
        object: &Object<'_>,
        policies: &HashMap<&str, Arc<Policy>>,
    ) -> Attached {
        let own = self.attached(object.given("policies"), &path.member("policies"), policies);
        let mut at_groups = Vec::new();
        if let Some(node) = object.given("resource_groups") {
            let path = path.member("resource_groups");
            let members = self.fields(node, |fields| fields.map(node, &path));
            for member in members {
                let attached = self.attached(Some(member.node), &path.member(member.key), policies);
                at_groups.push((Arc::from(member.key), attached));
            }
        }
        Attached { own, at_groups }
    }

    fn groups<'n>(
        &mut self,
        objects: &'n [(&Part<'n>, Object<'n>)],
        policies: &HashMap<&str, Arc<Policy>>,
    ) -> HashMap<&'n str, Attached> {
        let mut groups = HashMap::new();
        for Entry { path, member } in self.entries(objects, "groups") {
            let object = self.fields(member.node, |fields| {
                fields.object(member.node, &path, &["policies", "resource_groups"])
            });
            groups.insert(member.key, self.identity(&path, &object, policies));
        }
        groups
    }

    /// T17: a user has its own policies and those of its groups.
    fn users(
        &mut self,
        objects: &[(&Part<'_>, Object<'_>)],
        policies: &HashMap<&str, Arc<Policy>>,
        groups: &HashMap<&str, Attached>,
        account: &mut Account,
    ) {
        for Entry { path, member } in self.entries(objects, "users") {
            let known = ["id", "groups", "policies", "resource_groups"];
            let (object, id, memberships) = self.fields(member.node, |fields| {
                let object = fields.object(member.node, &path, &known);
                let id = object
                    .given("id")
                    .and_then(|node| fields.text(node, &path.member("id")));
                let mut memberships = Vec::new();
                let mut seen = HashSet::new();
                let listed = object
                    .given("groups")
                    .map(|node| fields.texts(node, &path.member("groups")));
                for (name, index, node) in listed.unwrap_or_default() {
                    match groups.get(name) {
                        Some(group) if seen.insert(name) => memberships.push(group),
                        Some(_) => {}
                        None => {
                            let message = format!("group {} is not defined", quoted(name));
                            let path = path.member("groups");
                            let kind = ProblemKind::UnresolvedName;
                            fields.problem(node.span(), &path.element(index), kind, message);
                        }
                    }
                }
                (object, id.map(str::to_owned), memberships)
            });
            let mut attached = self.identity(&path, &object, policies);
            for group in memberships {
                attached.own.extend(group.own.iter().cloned());
                attached.at_groups.extend(group.at_groups.iter().cloned());
            }
            account.users.insert(
                member.key.to_owned(),
                User {
                    id,
                    identity: attached.into_identity(&mut self.shared),
                },
            );
        }
    }

    fn roles(
        &mut self,
        objects: &[(&Part<'_>, Object<'_>)],
        policies: &HashMap<&str, Arc<Policy>>,
        account: &mut Account,
    ) {
        for Entry { path, member } in self.entries(objects, "roles") {
            let known = ["trust", "policies", "resource_groups", "service_linked"];
            let (object, service_linked) = self.fields(member.node, |fields| {
                let object = fields.object(member.node, &path, &known);
                let linked = object.given("service_linked");
                (
                    object,
                    linked.is_some_and(|node| fields.boolean(node, &path.member("service_linked"))),
                )
            });
            let trust = object
                .given("trust")
                .and_then(|node| self.trust(node, &path, member.key));
            let trust = trust.map(|policy| std::iter::once(policy).collect());
            let identity = self.identity(&path, &object, policies);
            let identity = identity.into_identity(&mut self.shared);
            let role = Role {
                trust,
                service_linked,
                identity,
            };
            if account
                .roles
                .insert(member.key.to_ascii_lowercase(), role)
                .is_some()
            {
                let message = format!("role {} stands twice, in two spellings", quoted(member.key));
                let entry = Entry { path, member };
                self.problem(&entry, ProblemKind::UnresolvedName, "G18", message);
            }
        }
    }

    /// A trust policy: the document itself, or `{"file": …}`.
    fn trust(&mut self, node: Node<'_>, path: &Path<'_>, role: &str) -> Option<Arc<Policy>> {
        let path = path.member("trust");
        let reading = Reading::new(PolicyKind::Trust);
        let name = format!("trust policy of {role}");
        let by_file = node
            .members()
            .is_some_and(|members| members.get("file").is_some());
        if !by_file {
            return self.policy(node, &path, &name, reading);
        }
        let object = self.fields(node, |fields| fields.object(node, &path, &["file"]));
        self.document(&path, node, &object, &name, reading)
    }

    fn resource_policies(
        &mut self,
        account_id: &str,
        objects: &[(&Part<'_>, Object<'_>)],
        account: &mut Account,
    ) {
        let mut policies = Vec::new();
        for (part, object) in objects {
            let path = part.path.member("resource_policies");
            let Some(node) = object.given("resource_policies") else {
                continue;
            };
            for (index, node) in self
                .fields(node, |fields| fields.array(node, &path))
                .enumerate()
            {
                let path = path.element(index);
                let (object, resource) = self.fields(part.node, |fields| {
                    let object = fields.object(node, &path, &["resource", "document", "file"]);
                    let resource = object.get("resource").and_then(|node| {
                        let path = path.member("resource");
                        let text = fields.text(node, &path)?;
                        let resource = fields.checked(node, &path, Arn::parse(text.to_owned()))?;
                        fields.checked(node, &path, stands_on(account_id, resource))
                    });
                    if object.get("resource").is_none() {
                        fields.missing(node, &path, "resource");
                    }
                    (object, resource)
                });
                let Some(resource) = resource else { continue };
                let service = ResourceService::of(resource.service().unwrap_or_default());
                let reading = Reading::new(PolicyKind::Resource(service));
                let name = format!("policy of {}", resource.as_str());
                let policy = self.document(&path, node, &object, &name, reading);
                policies.extend(policy.map(|policy| (resource, policy)));
            }
        }
        account.resource_policies = ResourcePolicies::new(policies);
    }

    fn control(&mut self, merged: &Merged<'_>) {
        if !merged.has_control {
            return;
        }
        let mut policies = HashMap::new();
        for Entry { path, member } in self.unique(merged.control_policies.iter().copied()) {
            if let Some(policy) = self.typed_policy(&path, &member, PolicyKind::Control) {
                self.organization.control_policies.push(Arc::clone(&policy));
                policies.insert(member.key, policy);
            }
        }
        let mut attachments: HashMap<String, PolicySet> = HashMap::new();
        for entry in self.unique(merged.attachments.iter().copied()) {
            let member = entry.member;
            let account = self.organization.accounts.get(member.key);
            if account.is_some_and(|account| account.folder.is_none()) {
                let message = format!(
                    "account {} has control policies and no folder: its place under the root is not known",
                    member.key
                );
                self.problem(&entry, ProblemKind::MissingElement, "X1", message);
            }
            let attached = self.attached(Some(member.node), &entry.path, &policies);
            attachments.insert(member.key.to_owned(), attached.into_iter().collect());
        }
        for (id, account) in &mut self.organization.accounts {
            account.levels = levels(id, account, &attachments);
        }
    }
}

/// X1, X10: what is attached from the root down to the account. X2: a level with nothing attached allows nothing.
fn levels(id: &str, account: &Account, attachments: &HashMap<String, PolicySet>) -> Vec<Level> {
    let Some(folder) = account.folder.as_ref().filter(|_| !account.management) else {
        return Vec::new(); // X4, and accounts outside the organisation.
    };
    let ends = folder
        .match_indices('/')
        .map(|(end, _)| end)
        .chain([folder.len()]);
    let nodes = ends.filter_map(|end| folder.get(..end)).chain([id]);
    nodes
        .map(|node| Level::new(attachments.get(node).cloned().unwrap_or_default()))
        .collect()
}

/// A resource that a policy can stand on: one, of this account. A policy on anything else would never be looked at.
fn stands_on(account: &str, resource: Arn<'static>) -> Result<Arn<'static>, String> {
    let text = quoted(resource.as_str());
    let relative = resource.relative_id().unwrap_or_default();
    if resource.account().is_some_and(|owner| owner != account) {
        Err(format!(
            "resource {text} belongs to another account than the one it stands under"
        ))
    } else if relative.is_empty() || relative.ends_with('/') || has_wildcard(relative) {
        Err(format!(
            "resource {text} is not one resource; a policy on it covers what is below it anyway"
        ))
    } else {
        Ok(resource)
    }
}

/// Policies attached to a user, a group or a role, by scope.
#[derive(Clone, Default)]
struct Attached {
    own: Vec<Arc<Policy>>,
    at_groups: Vec<(Arc<str>, Vec<Arc<Policy>>)>,
}

impl Attached {
    fn into_identity(self, shared: &mut Shared) -> Identity {
        let mut group_scope: Vec<(Arc<str>, Vec<Arc<Policy>>)> = Vec::new();
        let mut known: HashMap<Arc<str>, usize> = HashMap::new();
        for (group, policies) in self.at_groups {
            let index = *known.entry(Arc::clone(&group)).or_insert(group_scope.len());
            match group_scope.get_mut(index) {
                Some((_, attached)) => attached.extend(policies),
                None => group_scope.push((group, policies)),
            }
        }
        let group_scope = group_scope
            .into_iter()
            .map(|(group, policies)| (group, shared.set(policies)));
        let group_scope = GroupPolicies::named(group_scope.collect());
        Identity {
            account_scope: shared.set(self.own),
            group_scope,
        }
    }
}

/// Whether a member has the second of two words; the first is the default.
fn one_of(
    fields: &mut Fields<'_>,
    object: &Object<'_>,
    path: &Path<'_>,
    name: &'static str,
    words: [&str; 2],
) -> bool {
    let Some(node) = object.given(name) else {
        return false;
    };
    let path = path.member(name);
    let [first, second] = words;
    match fields.text(node, &path) {
        Some(word) if word == second => true,
        Some(word) if word != first => {
            let message = format!(
                "unknown {name} {}; expected {first} or {second}",
                quoted(word)
            );
            fields.problem(node.span(), &path, ProblemKind::InvalidInput, message);
            false
        }
        _ => false,
    }
}
