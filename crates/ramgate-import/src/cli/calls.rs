//! The calls whose answers are understood: how each is recognised by the name of its file or by its content, and what its answer holds.

use crate::json::At;

/// One operation of RAM, Resource Manager and the like.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// What the answer is about and does not say itself; the file's name must.
    pub(crate) subject: Option<&'static str>,
    pub(crate) answer: Answer,
}

/// What an answer looks like.
#[derive(Debug)]
pub(crate) enum Answer {
    /// `{"Users": {"User": […]}}`, perhaps in pages.
    List(&'static str, &'static str),
    /// A member that it must have.
    Member(&'static str),
    /// A policy document, as it is.
    Document,
    /// Lists of users, groups and roles.
    Entities,
}

const fn call(name: &'static str, subject: Option<&'static str>, answer: Answer) -> Call {
    Call {
        name,
        subject,
        answer,
    }
}

/// Every call that is understood. What no decision depends on is understood too, so that it need not be sorted out by hand.
const CALLS: &[Call] = &[
    call("GetCallerIdentity", None, Answer::Member("AccountId")),
    call("ListUsers", None, Answer::List("Users", "User")),
    call("GetUser", None, Answer::Member("User")),
    call("ListGroups", None, Answer::List("Groups", "Group")),
    call("GetGroup", None, Answer::Member("Group")),
    call("ListRoles", None, Answer::List("Roles", "Role")),
    call("GetRole", None, Answer::Member("Role")),
    call("ListPolicies", None, Answer::List("Policies", "Policy")),
    call("GetPolicy", None, Answer::Member("Policy")),
    call(
        "GetPolicyVersion",
        Some("policy"),
        Answer::Member("PolicyVersion"),
    ),
    call(
        "ListPolicyVersions",
        Some("policy"),
        Answer::List("PolicyVersions", "PolicyVersion"),
    ),
    call(
        "ListGroupsForUser",
        Some("user"),
        Answer::List("Groups", "Group"),
    ),
    call(
        "ListUsersForGroup",
        Some("group"),
        Answer::List("Users", "User"),
    ),
    call(
        "ListPoliciesForUser",
        Some("user"),
        Answer::List("Policies", "Policy"),
    ),
    call(
        "ListPoliciesForGroup",
        Some("group"),
        Answer::List("Policies", "Policy"),
    ),
    call(
        "ListPoliciesForRole",
        Some("role"),
        Answer::List("Policies", "Policy"),
    ),
    call("ListEntitiesForPolicy", Some("policy"), Answer::Entities),
    call(
        "ListPolicyAttachments",
        None,
        Answer::List("PolicyAttachments", "PolicyAttachment"),
    ),
    call(
        "ListResourceGroups",
        None,
        Answer::List("ResourceGroups", "ResourceGroup"),
    ),
    call(
        "GetResourceDirectory",
        None,
        Answer::Member("ResourceDirectory"),
    ),
    call(
        "GetControlPolicyEnablementStatus",
        None,
        Answer::Member("EnablementStatus"),
    ),
    call(
        "ListControlPolicies",
        None,
        Answer::List("ControlPolicies", "ControlPolicy"),
    ),
    call("GetControlPolicy", None, Answer::Member("ControlPolicy")),
    call(
        "ListControlPolicyAttachmentsForTarget",
        Some("target"),
        Answer::List("ControlPolicyAttachments", "ControlPolicyAttachment"),
    ),
    call(
        "ListTargetAttachmentsForControlPolicy",
        Some("control policy"),
        Answer::List("TargetAttachments", "TargetAttachment"),
    ),
    call("ListAccounts", None, Answer::List("Accounts", "Account")),
    call(
        "ListAccountsForParent",
        Some("folder"),
        Answer::List("Accounts", "Account"),
    ),
    call("GetAccount", None, Answer::Member("Account")),
    call(
        "ListFoldersForParent",
        Some("folder"),
        Answer::List("Folders", "Folder"),
    ),
    call("GetFolder", None, Answer::Member("Folder")),
    call("GetBucketPolicy", Some("bucket"), Answer::Document),
    call("GetProjectPolicy", Some("project"), Answer::Document),
    call("GetKeyPolicy", Some("key"), Answer::Member("Policy")),
    call("GetSecretPolicy", Some("secret"), Answer::Member("Policy")),
];

/// Products, as they stand before a call in the name of a file.
const PRODUCTS: [&str; 9] = [
    "aliyun",
    "ram",
    "resourcemanager",
    "resourcedirectorymaster",
    "sts",
    "ims",
    "oss",
    "kms",
    "sls",
];

/// The call that the way to a file names, and the subject: `ListPoliciesForUser/alice.json`, `aliyun-ram-ListPoliciesForUser-alice.json`,
/// `list-policies-for-user/alice/2.json`.
pub(crate) fn named(way: &[String]) -> Option<(&'static Call, Option<Vec<String>>)> {
    for (index, component) in way.iter().enumerate() {
        let is_last = index + 1 == way.len();
        let component = stem(component, is_last);
        let Some((call, rest)) = at_start(component) else {
            continue;
        };
        let mut subject: Vec<String> = Vec::new();
        if !rest.is_empty() {
            subject.push(rest.to_owned());
        }
        let below = way.iter().enumerate().skip(index + 1);
        subject.extend(below.map(|(at, name)| stem(name, at + 1 == way.len()).to_owned()));
        return Some((call, Some(subject).filter(|subject| !subject.is_empty())));
    }
    None
}

fn stem(name: &str, is_last: bool) -> &str {
    if !is_last {
        return name;
    }
    let known = [".json", ".jsonl", ".ndjson"];
    let ends = known.iter().find_map(|end| name.strip_suffix(end));
    ends.unwrap_or(name)
}

/// The call that a name begins with, and what follows it.
fn at_start(name: &str) -> Option<(&'static Call, &str)> {
    let mut name = name;
    while let Some((first, rest)) = name.split_once(['-', '_', '.']) {
        if !PRODUCTS.contains(&first) {
            break;
        }
        name = rest;
    }
    let mut found: Option<(&Call, &str)> = None;
    for call in CALLS {
        let kebab = kebab(call.name);
        let rest = [call.name, kebab.as_str()]
            .iter()
            .find_map(|spelling| name.strip_prefix(spelling));
        let Some(rest) = rest else { continue };
        let rest = match rest.strip_prefix(['-', '_', '.']) {
            Some(rest) => rest,
            None if rest.is_empty() => rest,
            None => continue,
        };
        if found.is_none_or(|(other, _)| other.name.len() < call.name.len()) {
            found = Some((call, rest));
        }
    }
    found
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

impl Call {
    /// Whether an answer looks as this call's does.
    pub(crate) fn fits(&self, answer: &At<'_>) -> bool {
        match self.answer {
            Answer::List(outer, inner) => answer
                .at(&[outer, inner])
                .is_some_and(|at| at.value.is_array()),
            Answer::Member(name) => answer.get(name).is_some(),
            Answer::Document => answer.get("Statement").is_some(),
            Answer::Entities => ["Users", "Groups", "Roles"]
                .iter()
                .any(|name| answer.get(name).is_some()),
        }
    }

    /// The elements of a list.
    pub(crate) fn elements<'v>(&self, answer: &At<'v>) -> Vec<At<'v>> {
        match self.answer {
            Answer::List(outer, inner) => answer
                .at(&[outer, inner])
                .map(|at| at.elements())
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// The call of this name.
pub(crate) fn by_name(name: &str) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.name == name)
}

/// The call that an answer is of, where its content alone tells.
pub(crate) fn by_content(answer: &At<'_>) -> Option<&'static Call> {
    let fitting = CALLS.iter().filter(|call| call.fits(answer));
    let of_subject = |names: [&'static str; 2], marks: [&str; 2]| {
        // The lists of everything, and those of one user or group, look alike; their elements do not.
        let [all, of_one] = names.map(by_name);
        let elements = all?.elements(answer);
        let has =
            |mark: &str| !elements.is_empty() && elements.iter().all(|at| at.get(mark).is_some());
        let [is_of_all, is_of_one] = marks.map(has);
        match (is_of_all, is_of_one) {
            (true, false) => all,
            (false, true) => of_one,
            _ => None,
        }
    };
    let candidates: Vec<&'static Call> = fitting.collect();
    match candidates.as_slice() {
        [one] => Some(one),
        [] => None,
        several => {
            let is = |name: &str| several.iter().any(|call| call.name == name);
            if ["Users", "Groups", "Roles"]
                .iter()
                .all(|name| answer.get(name).is_some())
            {
                by_name("ListEntitiesForPolicy")
            } else if is("ListRoles") {
                by_name("ListRoles")
            } else if is("ListUsers") {
                of_subject(
                    ["ListUsers", "ListUsersForGroup"],
                    ["CreateDate", "JoinDate"],
                )
            } else if is("ListGroups") {
                of_subject(
                    ["ListGroups", "ListGroupsForUser"],
                    ["CreateDate", "JoinDate"],
                )
            } else if is("ListPolicies") {
                of_subject(
                    ["ListPolicies", "ListPoliciesForUser"],
                    ["CreateDate", "AttachDate"],
                )
            } else if is("ListAccounts") {
                by_name("ListAccounts")
            } else if is("GetPolicy") && answer.at(&["Policy", "PolicyName"]).is_some() {
                by_name("GetPolicy")
            } else {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_file_names_its_call() {
        let cases = [
            ("ListUsers.json", "ListUsers []"),
            ("ListUsers-2.json", "ListUsers [2]"),
            (
                "aliyun-ram-ListPoliciesForUser-alice.smith.json",
                "ListPoliciesForUser [alice.smith]",
            ),
            (
                "ram/list-policies-for-user/alice.json",
                "ListPoliciesForUser [alice]",
            ),
            (
                "list-policies-for-user-alice.json",
                "ListPoliciesForUser [alice]",
            ),
            ("ListUsersForGroup/ops/1.json", "ListUsersForGroup [ops 1]"),
            (
                "GetPolicyVersion/Custom/net-ops.json",
                "GetPolicyVersion [Custom net-ops]",
            ),
            ("users/alice.json", "none"),
            ("ListUsersOld.json", "none"),
        ];
        for (path, wanted) in cases {
            let way: Vec<String> = path.split('/').map(str::to_owned).collect();
            let told = match named(&way) {
                Some((call, subject)) => {
                    format!("{} [{}]", call.name, subject.unwrap_or_default().join(" "))
                }
                None => "none".to_owned(),
            };
            assert_eq!(told, wanted, "{path}");
        }
    }
}
