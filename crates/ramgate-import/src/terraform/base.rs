//! A snapshot as facts, so that a plan's changes can be put on it.

use std::collections::BTreeMap;

use ramgate::{Organization, Source};

use crate::document::Document;
use crate::facts::{
    Account, Attachment, Control, ControlPolicy, Facts, Holder, HolderKind, PolicyId, PolicyType,
    Role, User,
};
use crate::json::{self, At};
use crate::report::{Problem, Report};

/// A snapshot's files, and how to open what they name.
pub struct Base<'o> {
    /// The file, or all files of the directory.
    pub sources: &'o [Source],
    /// Opens a file that one of them names.
    pub open: &'o mut ramgate::OpenFile<'o>,
}

impl std::fmt::Debug for Base<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Base")
            .field("files", &self.sources.len())
            .finish()
    }
}

/// Reads a snapshot. The engine reads it first: what it refuses is reported, and nothing else needs to be looked for here.
pub(crate) fn read(base: &mut Base<'_>, is_lenient: bool, report: &mut Report) -> Option<Facts> {
    if let Err(error) = Organization::read(base.sources, is_lenient, base.open) {
        for problem in error.problems() {
            let told = Problem::in_file(&problem.file, problem.message.clone());
            let mut told = told.at(problem.start.line as usize, problem.start.column as usize);
            told.path.clone_from(&problem.path);
            told.help.clone_from(&problem.help);
            report.error(told);
        }
        return None;
    }
    let mut reader = Reader {
        base,
        facts: Facts::default(),
        report,
    };
    let mut texts = Vec::new();
    for source in reader.base.sources {
        for text in json::read(source, reader.report) {
            texts.push((source, text));
        }
    }
    for (source, text) in &texts {
        reader.file(source, &text.root());
    }
    // A name alone does not say whose policy it is: so all policies of all files come first.
    for (_, text) in &texts {
        let accounts = text.root().get("accounts").map(|at| at.members());
        for (id, at) in accounts.unwrap_or_default() {
            attachments(&at, reader.facts.account(id));
        }
    }
    Some(reader.facts)
}

struct Reader<'r, 'o> {
    base: &'r mut Base<'o>,
    facts: Facts,
    report: &'r mut Report,
}

impl Reader<'_, '_> {
    fn file(&mut self, source: &Source, root: &At<'_>) {
        let accounts = root.get("accounts").map(|at| at.members());
        for (id, at) in accounts.unwrap_or_default() {
            let mut account = std::mem::take(self.facts.account(id));
            self.account(source, &at, &mut account);
            *self.facts.account(id) = account;
        }
        if let Some(at) = root.get("control_policies") {
            let mut control = self.facts.control.take().unwrap_or_default();
            self.control(source, &at, &mut control);
            self.facts.control = Some(control);
        }
    }

    /// The document of an object that has it as `document` or names its `file`.
    fn document(&mut self, source: &Source, at: &At<'_>) -> Option<Document> {
        let document = match at.get("document") {
            Some(document) => Document::of(&document),
            None => self.opened(source, at)?,
        };
        document.map_err(|problem| self.report.error(problem)).ok()
    }

    fn opened(&mut self, source: &Source, at: &At<'_>) -> Option<Result<Document, Problem>> {
        let opened = (self.base.open)(&at.text("file")?, source).ok()?;
        let texts = json::read(&opened, self.report);
        Some(Document::of(&texts.first()?.root()))
    }

    fn account(&mut self, source: &Source, at: &At<'_>, account: &mut Account) {
        if let Some(management) = at
            .value
            .get("management")
            .and_then(serde_json::Value::as_bool)
        {
            account.management = Some(management);
        }
        if let Some(folder) = at.text("folder") {
            account.folder = Some(folder);
        }
        let members = |name: &str| at.get(name).map(|at| at.members()).unwrap_or_default();
        for (name, at) in members("policies") {
            let of = at.text("type").and_then(|of| PolicyType::of(&of));
            let policy = PolicyId {
                name: name.to_owned(),
                of: of.unwrap_or(PolicyType::Custom),
            };
            if let Some(document) = self.document(source, &at) {
                account.add_policy(policy, document, self.report);
            }
        }
        for (name, at) in members("groups") {
            account.groups.insert(name.to_owned(), at.place.clone());
        }
        for (name, at) in members("users") {
            let user = User {
                id: at.text("id"),
                place: at.place.clone(),
            };
            account.add_user(name, user, self.report);
            for group in at.elements_of("groups") {
                let group_name = group.value.as_str().unwrap_or_default();
                let pair = (name.to_owned(), group_name.to_owned());
                account.members.insert(pair, group.place);
            }
        }
        for (name, at) in members("roles") {
            let trust = at.get("trust").and_then(|trust| {
                let trust = match trust.get("file") {
                    Some(_) => self.opened(source, &trust)?,
                    None => Document::of(&trust),
                };
                trust.map_err(|problem| self.report.error(problem)).ok()
            });
            let role = Role {
                trust,
                service_linked: at.is_true("service_linked"),
            };
            account.add_role(name, role, self.report);
        }
        for at in at.elements_of("resource_policies") {
            if let (Some(resource), Some(document)) =
                (at.text("resource"), self.document(source, &at))
            {
                account.add_resource_policy(resource, document, self.report);
            }
        }
    }

    fn control(&mut self, source: &Source, at: &At<'_>, control: &mut Control) {
        let members = |name: &str| at.get(name).map(|at| at.members()).unwrap_or_default();
        for (name, at) in members("policies") {
            let Some(document) = self.document(source, &at) else {
                continue;
            };
            let of = at.text("type").and_then(|of| PolicyType::of(&of));
            let policy = ControlPolicy {
                name: name.to_owned(),
                of: of.unwrap_or(PolicyType::Custom),
                scope_all: at.text("effect_scope").as_deref() == Some("All"),
                document,
            };
            control.add_policy(name, policy, self.report);
        }
        for (node, at) in members("attachments") {
            control.nodes.insert(node.to_owned(), ());
            for policy in at.elements() {
                let name = policy.value.as_str().unwrap_or_default().to_owned();
                control
                    .attachments
                    .insert((node.to_owned(), name), policy.place);
            }
        }
    }
}

/// What is attached. Every name is one of a policy, or the engine would have refused the snapshot.
fn attachments(at: &At<'_>, account: &mut Account) {
    let types: BTreeMap<String, PolicyType> = account
        .policies
        .keys()
        .map(|id| (id.name.clone(), id.of))
        .collect();
    for (map, kind) in [
        ("users", HolderKind::User),
        ("groups", HolderKind::Group),
        ("roles", HolderKind::Role),
    ] {
        for (name, holder) in at.get(map).map(|at| at.members()).unwrap_or_default() {
            let mut lists = vec![(None, holder.elements_of("policies"))];
            let groups = holder.get("resource_groups").map(|at| at.members());
            for (group, at) in groups.unwrap_or_default() {
                lists.push((Some(group.to_owned()), at.elements()));
            }
            for (resource_group, policies) in lists {
                for at in policies {
                    let policy = at.value.as_str().unwrap_or_default();
                    let attachment = Attachment {
                        holder: Holder {
                            kind,
                            name: name.to_owned(),
                        },
                        policy: PolicyId {
                            name: policy.to_owned(),
                            of: types.get(policy).copied().unwrap_or(PolicyType::Custom),
                        },
                        resource_group: resource_group.clone(),
                    };
                    account.attachments.insert(attachment, at.place);
                }
            }
        }
    }
}
