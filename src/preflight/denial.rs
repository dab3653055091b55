//! A denial that the cloud gave, read from what its clients print, and replayed on what is known of the account.

use serde::Serialize;

use crate::account::Assignment;
use crate::decision::{Decision, Explanation};
use crate::json::{self, Members, Node};
use crate::policy::Stage;
use crate::preflight::authorization::Check;
use crate::preflight::suggestion::{self, Obstacle, SuggestedPolicy};
use crate::principal::Principal;
use crate::problem::{RequestError, quoted};
use crate::question::Question;
use crate::request::{Context, Request};
use crate::source::Source;

/// A denial as the cloud tells it: the `AccessDeniedDetail` of an error (D1), or the answer of `DecodeDiagnosticMessage` (D2), which has the
/// request's context besides.
///
/// ```
/// use ramgate::{Decision, Source, preflight::CloudDenial};
/// let printed = r#"ErrorCode: NoPermission
/// AccessDeniedDetail: {"AuthAction":"vpc:DeleteVpc","AuthPrincipalType":"SubUser","AuthPrincipalOwnerId":"1234567890123456",
///   "AuthPrincipalDisplayName":"2000000000000001","NoPermissionType":"ImplicitDeny","PolicyType":"AccountLevelIdentityBasedPolicy"}"#;
/// let denial = CloudDenial::read(&Source::new("error.txt", printed))?;
/// assert_eq!(denial.action.as_deref(), Some("vpc:DeleteVpc"));
/// assert_eq!(denial.decision, Some(Decision::ImplicitDeny));
/// # Ok::<(), ramgate::RequestError>(())
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct CloudDenial {
    /// The error's code.
    pub code: Option<String>,
    /// The action as it was authorized.
    pub action: Option<String>,
    /// The resource as it was authorized; only some products say.
    pub resource: Option<String>,
    /// `SubUser`, `AssumedRoleUser`, `Federated`, `RootUser`.
    pub principal_type: Option<String>,
    /// The account that the caller belongs to.
    pub principal_owner: Option<String>,
    /// A user's numeric id, `role:session`, a provider.
    pub principal_name: Option<String>,
    /// Whether a statement denied, or none allowed.
    pub decision: Option<Decision>,
    /// The kind of policy that denied or lacked an Allow, in the cloud's words.
    pub policy_type: Option<String>,
    /// The request's condition keys and their values; `None` where the message does not carry them.
    pub context: Option<Vec<(String, Vec<String>)>>,
    /// The policies that the cloud names.
    pub matched: Vec<MatchedPolicy>,
    /// Whether there is an encoded message that says more.
    pub has_encoded_message: bool,
}

/// A policy that the cloud names as matching.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MatchedPolicy {
    /// Its name, or the id of a control policy.
    pub identifier: String,
    /// `Allow` or `Deny`.
    pub effect: Option<String>,
    /// Its kind, in the cloud's words.
    pub policy_type: Option<String>,
}

/// Where the cloud's answer and ours differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// What differs: `decision`, `stage`, `policy`.
    pub what: &'static str,
    /// What the cloud says.
    pub cloud: String,
    /// What is said here.
    pub ours: String,
}

/// The cloud's denial beside our answer to the same request.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Replay {
    /// What the cloud said.
    pub cloud: CloudDenial,
    /// Whether both say the same.
    pub agrees: bool,
    /// Where they differ.
    pub differences: Vec<Difference>,
    /// What may be why they differ: open rules, what the message does not carry, what is not known of the account.
    pub perhaps: Vec<String>,
    /// Our answer.
    pub decision: Explanation,
    /// The policy that makes the request allowed, if it were attached to the caller.
    pub suggestion: Option<SuggestedPolicy>,
    /// What must change first, where a policy of the caller's does not help.
    pub obstacles: Vec<Obstacle>,
    /// The policy that the caller needs besides, once that has changed.
    pub needed_besides: Option<SuggestedPolicy>,
    /// What else to know.
    pub notes: Vec<String>,
}

impl CloudDenial {
    /// Reads a denial from a text in which it stands: JSON, XML, or what an SDK or the command line prints.
    ///
    /// # Errors
    /// When there is no denial in it, or it does not say which action was denied.
    pub fn read(source: &Source) -> Result<CloudDenial, RequestError> {
        let text = source.text();
        let found = of_json(text).or_else(|| of_xml(text));
        let Some(mut denial) = found else {
            return Err(RequestError::new(format!(
                "{}: no denial in it: neither AccessDeniedDetail nor the answer of DecodeDiagnosticMessage",
                source.name()
            )));
        };
        // `… Resource: acs:vpc:… Action: vpc:…` in the message of the error.
        let said = |word: &str| {
            let behind = text.split_once(word)?.1;
            let value = behind
                .trim_start()
                .split([' ', '"', ',', '\n', '<'])
                .next()?;
            (!value.is_empty()).then(|| value.trim_end_matches('.').to_owned())
        };
        let arn = said("Resource:").filter(|resource| resource.starts_with("acs:"));
        denial.resource = denial.resource.or(arn);
        let named = said("Action:").filter(|action| action.contains(':'));
        denial.action = denial.action.or(named);
        if denial.action.is_none() {
            let message = format!("{}: it does not say which action was denied", source.name());
            return Err(RequestError::new(if denial.has_encoded_message {
                format!("{message}; `aliyun ram DecodeDiagnosticMessage` reads the encoded message")
            } else {
                message
            }));
        }
        Ok(denial)
    }

    /// The stage that the cloud names (D5).
    pub fn stage(&self) -> Option<Stage> {
        Some(match self.policy_type.as_deref()? {
            "ControlPolicy" => Stage::Control,
            "SessionPolicy" => Stage::Session,
            "AssumeRolePolicy" => Stage::Trust,
            "AccountLevelIdentityBasedPolicy" | "IdentityBasedPolicy" => Stage::Identity,
            "ResourceGroupLevelIdentityBasedPolicy" | "ResourceGroupLevelIdentityBassdPolicy" => {
                Stage::ResourceGroup
            }
            "ResourceBasedPolicy" => Stage::Resource,
            _ => return None,
        })
    }

    /// Who called, as a question names them.
    ///
    /// # Errors
    /// When it is not said, or names a user by an id that the snapshot does not have.
    pub fn principal(
        &self,
        user_with_id: impl Fn(&str, &str) -> Option<Principal<'static>>,
    ) -> Result<Principal<'static>, RequestError> {
        let missing = |what: &str| RequestError::new(format!("the denial does not say {what}"));
        let owner = || {
            let owner = self.principal_owner.clone();
            owner.ok_or_else(|| missing("which account the caller belongs to"))
        };
        let name = || {
            let name = self.principal_name.clone();
            name.ok_or_else(|| missing("who called"))
        };
        match self.principal_type.as_deref() {
            Some("SubUser") => {
                let (owner, name) = (owner()?, name()?);
                if let Some(user) = user_with_id(&owner, &name) {
                    return Ok(user);
                }
                if name.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(RequestError::new(format!(
                        "no user of account {owner} has the id {name} in the snapshot (member id of a user)"
                    )));
                }
                Ok(Principal::User {
                    account: owner.into(),
                    name: name.into(),
                })
            }
            Some("AssumedRoleUser") => {
                let (owner, name) = (owner()?, name()?);
                let (role, session) = name.split_once([':', '/']).ok_or_else(|| {
                    RequestError::new(format!(
                        "{} is no <role>:<session>, as sessions of roles are named",
                        quoted(&name)
                    ))
                })?;
                Ok(Principal::AssumedRole {
                    account: owner.into(),
                    role: role.to_owned().into(),
                    session: session.to_owned().into(),
                })
            }
            Some("RootUser") => Ok(Principal::Account {
                account: owner()?.into(),
            }),
            Some("Federated") => Ok(Principal::Federated {
                provider: format!("acs:ram::{}:{}", owner()?, name()?).into(),
            }),
            Some(other) => Err(RequestError::new(format!(
                "{} is no type of principal that is known",
                quoted(other)
            ))),
            None => Err(missing("who called")),
        }
    }
}

/// The first object of a text that is a denial: the whole text, or one that stands in it.
fn of_json(text: &str) -> Option<CloudDenial> {
    // Each opening brace is tried once, and what a reading took is not tried again: the work is bounded by the tries.
    const TRIES_MAX: usize = 64;
    let mut from = 0;
    for _ in 0..TRIES_MAX {
        let start = from + text.get(from..)?.find('{')?;
        let end = balanced(text.get(start..)?).map(|length| start + length);
        let object = end.and_then(|end| text.get(start..end));
        let denial = object.and_then(|object| {
            let json = json::read(&Source::new("denial", object)).ok()?;
            of_object(json.root())
        });
        if denial.is_some() {
            return denial;
        }
        from = end.unwrap_or(start + 1);
    }
    None
}

/// The length of the object that a text begins with.
fn balanced(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn of_object(node: Node<'_>) -> Option<CloudDenial> {
    let members = node.members()?;
    let inner = |name: &str| members.get(name);
    // An SDK may carry the body of the answer inside its own.
    for wrapper in ["body", "Body", "data", "Data"] {
        let wrapped = inner(wrapper).filter(|node| node.members().is_some());
        if let Some(denial) = wrapped.and_then(unwrapped) {
            return Some(denial);
        }
    }
    unwrapped(node)
}

fn unwrapped(node: Node<'_>) -> Option<CloudDenial> {
    let members = node.members()?;
    if let Some(decoded) = members.get("DecodedDiagnosticMessage") {
        if let Some(text) = decoded.as_str() {
            let json = json::read(&Source::new("denial", text)).ok()?;
            return Some(decoded_message(&json.root().members()?));
        }
        return Some(decoded_message(&decoded.members()?));
    }
    if let Some(detail) = members.get("AccessDeniedDetail") {
        let mut denial = match detail.as_str() {
            Some(text) => {
                let json = json::read(&Source::new("denial", text)).ok()?;
                detail_of(&json.root().members()?)
            }
            None => detail_of(&detail.members()?),
        };
        denial.code = text_of(&members, "Code").or(text_of(&members, "code"));
        return Some(denial);
    }
    // Either of them alone.
    if members.get("AuthAction").is_none() && members.get("EncodedDiagnosticMessage").is_none() {
        return None;
    }
    Some(if members.get("AuthPrincipal").is_some() {
        decoded_message(&members)
    } else {
        detail_of(&members)
    })
}

fn text_of(members: &Members<'_>, name: &str) -> Option<String> {
    let text = members.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn detail_of(members: &Members<'_>) -> CloudDenial {
    let text = |name: &str| text_of(members, name);
    CloudDenial {
        action: text("AuthAction"),
        resource: text("AuthResource"),
        principal_type: text("AuthPrincipalType"),
        principal_owner: text("AuthPrincipalOwnerId"),
        principal_name: text("AuthPrincipalDisplayName"),
        decision: text("NoPermissionType").and_then(|word| Decision::from_name(&word)),
        policy_type: text("PolicyType"),
        has_encoded_message: text("EncodedDiagnosticMessage").is_some(),
        ..CloudDenial::default()
    }
}

fn decoded_message(members: &Members<'_>) -> CloudDenial {
    let text = |name: &str| text_of(members, name);
    let principal = members.get("AuthPrincipal").and_then(|node| node.members());
    let of_principal = |name: &str| text_of(principal.as_ref()?, name);
    let is_explicit = members.get("ExplicitDeny").map(|node| node.written());
    let decision = match is_explicit {
        Some("true" | "\"true\"") => Some(Decision::ExplicitDeny),
        Some("false" | "\"false\"") => Some(Decision::ImplicitDeny),
        _ => None,
    };
    let context = members.get("AuthConditions").map(|list| {
        let one = |node: Node<'_>| {
            let members = node.members()?;
            let values = members.get("ConditionValues")?;
            let values = values.one_or_many().filter_map(|value| value.as_str());
            Some((
                text_of(&members, "ConditionKey")?,
                values.map(str::to_owned).collect(),
            ))
        };
        wrapped_list(list).filter_map(one).collect()
    });
    let matched = members.get("MatchedPolicies").into_iter();
    let matched = matched.flat_map(wrapped_list).filter_map(|node| {
        let members = node.members()?;
        Some(MatchedPolicy {
            identifier: text_of(&members, "PolicyIdentifier")?,
            effect: text_of(&members, "Effect"),
            policy_type: text_of(&members, "PolicyType"),
        })
    });
    CloudDenial {
        action: text("AuthAction"),
        resource: text("AuthResource"),
        principal_type: of_principal("AuthPrincipalType"),
        principal_owner: of_principal("AuthPrincipalOwnerId"),
        principal_name: of_principal("AuthPrincipalDisplayName"),
        decision,
        policy_type: text("NoPermissionPolicyType"),
        context,
        matched: matched.collect(),
        ..CloudDenial::default()
    }
}

/// The command line wraps lists twice: `{"MatchedPolicy": [ … ]}`.
fn wrapped_list(node: Node<'_>) -> json::Nodes<'_> {
    let inner = node.members().and_then(|mut members| {
        let only = members.next()?;
        only.node.is_array().then_some(only.node)
    });
    inner.unwrap_or(node).one_or_many()
}

/// `<AuthAction>vpc:DeleteVpc</AuthAction>`: the elements of an error in XML.
fn of_xml(text: &str) -> Option<CloudDenial> {
    let element = |name: &str| {
        let (_, behind) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = behind.split_once(&format!("</{name}>"))?;
        let value = value.trim();
        let plain = value
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&");
        (!value.is_empty()).then_some(plain)
    };
    let denial = CloudDenial {
        code: element("Code"),
        action: element("AuthAction"),
        resource: element("AuthResource"),
        principal_type: element("AuthPrincipalType"),
        principal_owner: element("AuthPrincipalOwnerId"),
        principal_name: element("AuthPrincipalDisplayName"),
        decision: element("NoPermissionType").and_then(|word| Decision::from_name(&word)),
        policy_type: element("PolicyType"),
        has_encoded_message: element("EncodedDiagnosticMessage").is_some(),
        ..CloudDenial::default()
    };
    let says_something = denial.action.is_some() || denial.has_encoded_message;
    says_something.then_some(denial)
}

/// Answers the request that the cloud denied, and says where the answers differ.
///
/// `principal` and `resource` are those of the denial, or what the caller of this function knows better; `more` are keys of the context that the
/// denial does not carry.
///
/// # Errors
/// When the request cannot be asked: no action, no resource, an unknown caller.
pub fn replay(
    denial: CloudDenial,
    principal: Principal<'static>,
    resource: &str,
    more: &Context<'static>,
    assignment: &Assignment,
) -> Result<(Replay, Question), RequestError> {
    let mut context = more.clone();
    for (key, values) in denial.context.iter().flatten() {
        if !more.contains(key) {
            for value in values {
                context.push(key, value.clone());
            }
        }
    }
    let action = denial.action.clone().unwrap_or_default();
    let mut request = Request::new(principal, action, resource.to_owned())?;
    if let Some((value, _)) = context.get("acs:ResourceGroupId")
        && let [group] = value.values()
    {
        request = request.in_resource_group(group.to_string());
    }
    let question = Question::from(request.with_context(context));
    let explanation = assignment.explain(&question)?;
    let check = Check {
        question,
        explanation,
        unsaid: Vec::new(),
    };
    let differences = differences(&denial, &check.explanation, assignment);
    let perhaps = match differences.is_empty() {
        true => Vec::new(),
        false => perhaps(&denial, &check, assignment)?,
    };
    let checks = [check];
    let advice = suggestion::advise(&checks, assignment)?;
    let [check] = checks;
    let mut notes = advice.notes;
    if denial.context.is_none() {
        notes.push(
            "the message does not carry the request's context; DecodeDiagnosticMessage has it"
                .to_owned(),
        );
    }
    let replay = Replay {
        agrees: differences.is_empty(),
        cloud: denial,
        differences,
        perhaps,
        decision: check.explanation,
        suggestion: advice.suggestion,
        obstacles: advice.obstacles,
        needed_besides: advice.besides,
        notes,
    };
    Ok((replay, check.question))
}

fn differences(
    denial: &CloudDenial,
    ours: &Explanation,
    assignment: &Assignment,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let said = denial.decision;
    let cloud = said.map_or("a denial", Decision::name);
    let same = said.map_or(!ours.allowed, |said| said == ours.decision);
    if !same {
        found.push(Difference {
            what: "decision",
            cloud: cloud.to_owned(),
            ours: ours.decision.name().to_owned(),
        });
        return found;
    }
    if let Some(stage) = denial.stage().filter(|stage| !same_stage(*stage, ours)) {
        found.push(Difference {
            what: "stage",
            cloud: format!(
                "{stage} ({})",
                denial.policy_type.as_deref().unwrap_or_default()
            ),
            ours: ours.stage.to_string(),
        });
    }
    let denying = |matched: &&MatchedPolicy| matched.effect.as_deref() == Some("Deny");
    for matched in denial.matched.iter().filter(denying) {
        let is_ours = |policy: &str| policy.eq_ignore_ascii_case(&matched.identifier);
        if !ours.determined_by.iter().any(|by| is_ours(&by.policy)) {
            let is_known = assignment
                .policies()
                .iter()
                .any(|policy| is_ours(policy.name()));
            found.push(Difference {
                what: "policy",
                cloud: format!("{} denies", matched.identifier),
                ours: if is_known {
                    format!("no statement of {} denies this", matched.identifier)
                } else {
                    format!("{} is not in the snapshot", matched.identifier)
                },
            });
        }
    }
    found
}

/// D5: which of the two scopes is named where both only lack an Allow is not documented; and some products say only that it was an identity
/// policy.
fn same_stage(cloud: Stage, ours: &Explanation) -> bool {
    let identity = |stage| matches!(stage, Stage::Identity | Stage::ResourceGroup);
    cloud == ours.stage
        || (ours.decision == Decision::ImplicitDeny && identity(cloud) && identity(ours.stage))
}

/// What may be why the answers differ.
fn perhaps(
    denial: &CloudDenial,
    check: &Check,
    assignment: &Assignment,
) -> Result<Vec<String>, RequestError> {
    let ours = &check.explanation;
    let mut perhaps: Vec<String> = ours
        .doubts
        .iter()
        .map(|doubt| format!("open rule {}: {}", doubt.rule.id(), doubt.detail))
        .collect();
    let context = check.question.request.context();
    if denial.context.is_none() {
        let hanging = assignment.hanging(&check.question, &|key| !context.contains(key))?;
        let mut keys: Vec<String> = hanging
            .into_iter()
            .map(|on| {
                format!(
                    "{} is not in the message; statement {} of {} asks for it, at {}",
                    on.key, on.statement, on.policy, on.at
                )
            })
            .collect();
        keys.dedup();
        perhaps.extend(keys);
    }
    if matches!(
        check.question.request.principal(),
        Principal::AssumedRole { .. }
    ) && denial.stage() == Some(Stage::Session)
    {
        perhaps
            .push("the session may have carried a session policy, which is not known".to_owned());
    }
    perhaps.push(
        "the snapshot may not be of the time of the denial, or may not have every policy"
            .to_owned(),
    );
    Ok(perhaps)
}
