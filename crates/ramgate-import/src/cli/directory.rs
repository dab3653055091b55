//! The resource directory: where each account is in it, and which control policies stand on the way from its root. A lost one would be a wrong Allow.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::account::some;
use crate::cli::lists::Answers;
use crate::cli::{call, is_account};
use crate::document::Document;
use crate::facts::{Control, ControlPolicy, Facts, PolicyType, differs};
use crate::json::{At, Place};
use crate::report::{Problem, Report};
use crate::{Absent, Options};

/// Reads what binds the accounts from above and reports what is missing.
pub(crate) fn read(
    units: &BTreeMap<String, Answers<'_>>,
    accounts: &[(String, &Answers<'_>)],
    options: &Options,
    facts: &mut Facts,
    report: &mut Report,
) {
    if options.without.contains(&Absent::ControlPolicies) {
        return;
    }
    let mut tree = Tree::default();
    for answers in units.values() {
        tree.read(answers, report);
    }
    let mut control = Control::default();
    let mut known = Known::default();
    for answers in units.values() {
        known.read(answers, &mut control, report);
    }
    let mut is_bound = false;
    for (id, answers) in accounts {
        let Some(state) = state(id, answers, units) else {
            let message = format!(
                "account {id}: whether it is in a resource directory, and which control policies bind it, is not known"
            );
            let help = "add the answer of aliyun resourcemanager GetResourceDirectory; or, if no control policies bind it, pass --without control-policies";
            report.error(Problem::of_all(message).help(help));
            continue;
        };
        match state {
            State::Outside => {}
            State::Management => facts.account(id).management = Some(true),
            State::Disabled => report.note(Problem::of_all(format!(
                "account {id}: control policies are disabled in its resource directory, so none bind it"
            ))),
            State::Bound { root } => {
                is_bound = true;
                let account = facts.account(id);
                account.management = Some(false);
                account.folder = bound(id, &root, &tree, &known, &mut control, report);
            }
        }
    }
    if is_bound {
        known.attach(&tree, &mut control, report);
        facts.control = Some(control);
    }
}

/// How control policies are to an account.
enum State {
    Outside,
    Management,
    Disabled,
    Bound { root: String },
}

fn state(id: &str, answers: &Answers<'_>, units: &BTreeMap<String, Answers<'_>>) -> Option<State> {
    if answers.failure("GetResourceDirectory").is_some() {
        return Some(State::Outside);
    }
    // Its own answer, or the one of its resource directory.
    let everywhere = std::iter::once(answers).chain(units.values());
    let mut directories = everywhere.flat_map(|answers| answers.single("GetResourceDirectory"));
    let (_, answer) = directories.next()?;
    let directory = answer.get("ResourceDirectory")?;
    if directory.text("MasterAccountId")? == id {
        return Some(State::Management);
    }
    let status = directory.text("ControlPolicyStatus");
    if status.as_deref() == Some("Disabled") {
        return Some(State::Disabled);
    }
    // While it is being switched on or off it may bind.
    let root = directory.text("RootFolderId")?;
    Some(State::Bound { root })
}

/// The way of an account from the root, where it and all that is attached on it are known.
fn bound(
    id: &str,
    root: &str,
    tree: &Tree,
    known: &Known<'_>,
    control: &mut Control,
    report: &mut Report,
) -> Option<String> {
    let Some(way) = tree.way_of_account(id, root, report) else {
        let message =
            format!("account {id}: in which folder of the resource directory it is, is not known");
        let help = "add the answers of aliyun resourcemanager ListAccounts and ListFoldersForParent, asked from the management account";
        report.error(Problem::of_all(message).help(help));
        return None;
    };
    let mut unknown = Vec::new();
    for node in way.split('/').chain([id]) {
        if !known.is_known(node) {
            unknown.push(node.to_owned());
        }
    }
    if !unknown.is_empty() {
        let message = format!(
            "account {id}: which control policies are attached to {} is not known",
            some(&unknown)
        );
        let help = "add, from the management account, ListControlPolicies and for each policy ListTargetAttachmentsForControlPolicy/<policy id>.json, or ListControlPolicyAttachmentsForTarget/<folder or account>.json";
        report.error(Problem::of_all(message).help(help));
    }
    for node in prefixes(&way) {
        control.nodes.insert(node.to_owned(), ());
    }
    control.nodes.insert(id.to_owned(), ());
    Some(way)
}

/// `r-a`, `r-a/fd-b`, …
pub(crate) fn prefixes(way: &str) -> impl Iterator<Item = &str> {
    let ends = way
        .match_indices('/')
        .map(|(end, _)| end)
        .chain([way.len()]);
    ends.filter_map(|end| way.get(..end))
}

/// Folders and accounts by what they are in.
#[derive(Default)]
struct Tree {
    parents: BTreeMap<String, String>,
    /// The folder of an account, and where that is said.
    folders: BTreeMap<String, (String, Place)>,
    /// The whole way of an account, as its answer has it.
    ways: BTreeMap<String, String>,
}

impl Tree {
    fn read(&mut self, answers: &Answers<'_>, report: &mut Report) {
        if let Some(list) = call("ListFoldersForParent") {
            for (parent, folders) in answers.lists(list, report) {
                for at in folders {
                    if let Some(folder) = at.text("FolderId") {
                        let parent = at.text("ParentFolderId").unwrap_or(parent.clone());
                        self.parents.insert(folder, parent);
                    }
                }
            }
        }
        for (_, answer) in answers.single("GetFolder") {
            let folder = answer.get("Folder");
            let ids = folder.map(|at| (at.text("FolderId"), at.text("ParentFolderId")));
            if let Some((Some(folder), Some(parent))) = ids {
                self.parents.insert(folder, parent);
            }
        }
        let listed = call("ListAccounts").and_then(|call| answers.list(call, report));
        let mut accounts = listed.unwrap_or_default();
        if let Some(list) = call("ListAccountsForParent") {
            accounts.extend(answers.lists(list, report).into_values().flatten());
        }
        let got = answers.single("GetAccount");
        accounts.extend(got.iter().filter_map(|(_, answer)| answer.get("Account")));
        for at in accounts {
            self.account(&at, report);
        }
    }

    fn account(&mut self, at: &At<'_>, report: &mut Report) {
        let Some(id) = at.text("AccountId") else {
            report.error(Problem::of(&at.place, "AccountId is missing"));
            return;
        };
        if let Some(folder) = at.text("FolderId") {
            match self.folders.get(&id) {
                Some((known, place)) if *known != folder => {
                    report.error(differs(
                        &at.place,
                        &format!("the folder of account {id}"),
                        place,
                    ));
                }
                Some(_) => {}
                None => {
                    self.folders.insert(id.clone(), (folder, at.place.clone()));
                }
            }
        }
        // `rd-…/r-…/fd-…/…`, with the account's own id at its end or not.
        let path = at.text("ResourceDirectoryPath").unwrap_or_default();
        let is_folder = |part: &&str| part.starts_with("r-") || part.starts_with("fd-");
        let way: Vec<&str> = path.split('/').filter(is_folder).collect();
        if way.first().is_some_and(|first| first.starts_with("r-")) {
            self.ways.insert(id, way.join("/"));
        }
    }

    /// From the root to the account's folder.
    fn way_of_account(&self, id: &str, root: &str, report: &mut Report) -> Option<String> {
        let folder = self.folders.get(id);
        let climbed = folder.and_then(|(folder, _)| self.climb(folder, root));
        let said = self.ways.get(id).cloned();
        if let (Some(climbed), Some(said), Some((_, place))) = (&climbed, &said, folder)
            && climbed != said
        {
            let message =
                format!("account {id} is in {climbed} by its folders, and in {said} by its path");
            report.error(Problem::of(place, message));
        }
        climbed.or(said)
    }

    /// From a folder up to the root; a folder has few above it.
    fn climb(&self, folder: &str, root: &str) -> Option<String> {
        const DEPTH_MAX: usize = 32;
        let mut way = vec![folder.to_owned()];
        let mut at = folder;
        while at != root {
            at = self.parents.get(at)?;
            way.push(at.to_owned());
            if way.len() > DEPTH_MAX {
                return None;
            }
        }
        way.reverse();
        Some(way.join("/"))
    }

    /// The whole way of a node that something is attached to; of a folder that no account here is in it may be unknown.
    fn way_of_node(&self, node: &str, control: &Control) -> Option<String> {
        if is_account(node) || node.starts_with("r-") {
            return Some(node.to_owned());
        }
        let ends = |way: &&String| way.rsplit('/').next() == Some(node);
        let known = control.nodes.keys().find(ends).cloned();
        known.or_else(|| {
            let up = self.parents.keys().chain(self.parents.values());
            let mut roots = up.filter(|name| name.starts_with("r-"));
            roots.next().and_then(|root| self.climb(node, root))
        })
    }
}

/// What is attached where, as far as it was asked.
#[derive(Default)]
struct Known<'v> {
    /// Target and policy.
    attached: Vec<(String, String, Place)>,
    targets: BTreeSet<String>,
    /// Whether every policy there is was asked for all of its targets.
    all_policies: bool,
    listed: Vec<At<'v>>,
}

impl<'v> Known<'v> {
    fn read(&mut self, answers: &Answers<'v>, control: &mut Control, report: &mut Report) {
        for (_, answer) in answers.single("GetControlPolicy") {
            if let Some(at) = answer.get("ControlPolicy") {
                policy(&at, control, report);
            }
        }
        if let Some(list) = call("ListControlPolicyAttachmentsForTarget") {
            for (target, attachments) in answers.lists(list, report) {
                for at in attachments {
                    match at.text("PolicyId") {
                        Some(id) => self.attached.push((target.clone(), id, at.place)),
                        None => report.error(Problem::of(&at.place, "PolicyId is missing")),
                    }
                }
                self.targets.insert(target);
            }
        }
        let mut asked = BTreeSet::new();
        if let Some(list) = call("ListTargetAttachmentsForControlPolicy") {
            for (id, targets) in answers.lists(list, report) {
                for at in targets {
                    match at.text("TargetId") {
                        Some(target) => self.attached.push((target, id.clone(), at.place)),
                        None => report.error(Problem::of(&at.place, "TargetId is missing")),
                    }
                }
                asked.insert(id);
            }
        }
        let listed = call("ListControlPolicies").and_then(|call| answers.list(call, report));
        let Some(listed) = listed else { return };
        let mut missing = Vec::new();
        for at in &listed {
            let id = at.text("PolicyId").unwrap_or_default();
            let is_unattached = at.text("AttachmentCount").as_deref() == Some("0");
            if !asked.contains(&id) && !is_unattached {
                missing.push(id);
            }
        }
        self.all_policies |= missing.is_empty();
        self.listed.extend(listed);
    }

    fn is_known(&self, node: &str) -> bool {
        self.all_policies || self.targets.contains(node)
    }

    /// Puts every attachment on its node. Folders that no account here is in bind none of them.
    fn attach(&self, tree: &Tree, control: &mut Control, report: &mut Report) {
        let mut elsewhere = BTreeSet::new();
        for (target, id, place) in &self.attached {
            match tree.way_of_node(target, control) {
                Some(way) => {
                    control.attachments.insert((way, id.clone()), place.clone());
                }
                // The way of an account names every folder above it, so this one is above none.
                None if target.starts_with("fd-") => {
                    elsewhere.insert(target.as_str());
                }
                None => {
                    let message = format!("{target:?} is neither a root, a folder nor an account");
                    report.error(Problem::of(place, message));
                }
            }
        }
        if !elsewhere.is_empty() {
            let message = format!(
                "{} folders of the resource directory that no account here is in are left out",
                elsewhere.len()
            );
            report.note(Problem::of_all(message));
        }
    }
}

fn policy(at: &At<'_>, control: &mut Control, report: &mut Report) {
    let member = |name: &str| at.text(name);
    let (Some(id), Some(name), Some(document)) = (
        member("PolicyId"),
        member("PolicyName"),
        at.get("PolicyDocument"),
    ) else {
        let message = "a control policy without PolicyId, PolicyName or PolicyDocument";
        report.error(Problem::of(&at.place, message));
        return;
    };
    let of = member("PolicyType").and_then(|of| PolicyType::of(&of));
    let scope = member("EffectScope");
    let scope_all = match scope.as_deref() {
        Some("All") => true,
        Some("RAM") | None => false,
        Some(other) => {
            let message =
                format!("unknown scope of a control policy {other:?}; expected RAM or All");
            report.error(Problem::of(&at.place_of("EffectScope"), message));
            return;
        }
    };
    match Document::of(&document) {
        Ok(document) => {
            let policy = ControlPolicy {
                name,
                of: of.unwrap_or(PolicyType::Custom),
                scope_all,
                document,
            };
            control.add_policy(&id, policy, report);
        }
        Err(problem) => report.error(problem),
    }
}
