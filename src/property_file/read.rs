//! Reads a property file: every problem with its place.

use crate::account::Assignment;
use crate::analysis::Shape;
use crate::arn::Colons;
use crate::case::{OpenAccount, read_policies};
use crate::condition::{Operator, Qualifier};
use crate::document::{ResourceService, is_prefixed, problems_of_conditions};
use crate::fields::{Fields, Object};
use crate::json::{self, Node};
use crate::principal::Principal;
use crate::problem::{LoadError, Path, ProblemKind, quoted};
use crate::property_file::{Asked, Claim, PropertyFile, StatedProperty};
use crate::source::Source;
use crate::wildcard::has_wildcard;

const FORMS: [&str; 4] = ["never", "always", "only", "implies"];

impl PropertyFile {
    /// Reads a file of properties. `accounts` opens the snapshot that it names.
    ///
    /// ```
    /// use ramgate::analysis::{Options, Verdict};
    /// use ramgate::{PropertyFile, Source};
    ///
    /// let source = Source::new("properties.json", r#"{
    ///   "policies": { "identity": [{ "Version": "1", "Statement": [
    ///     { "Effect": "Allow", "Action": "oss:Get*", "Resource": "*" }] }] },
    ///   "properties": [
    ///     { "name": "nobody deletes", "never": { "actions": ["oss:Delete*"] } },
    ///     { "name": "nobody reads salaries", "never": { "actions": ["oss:GetObject"], "resources": ["acs:oss:*:*:salaries/*"] } }
    ///   ]
    /// }"#);
    /// let file = PropertyFile::read(&source, &mut |name, _| Err(format!("no snapshot {name}")))?;
    /// let proofs: Vec<_> = file.properties().iter().map(|property| file.check(property, &Options::default())).collect();
    /// assert_eq!(proofs[0].verdict, Verdict::Holds);
    /// assert_eq!(proofs[1].verdict, Verdict::Fails);
    /// assert_eq!(proofs[1].witnesses[0].witness.action(), "oss:GetObject");
    /// # Ok::<(), ramgate::LoadError>(())
    /// ```
    ///
    /// # Errors
    /// With every problem of the file: no JSON, unknown, missing or doubled members, policies that RAM would refuse, shapes that no request
    /// could have.
    pub fn read(
        source: &Source,
        accounts: &mut OpenAccount<'_>,
    ) -> Result<PropertyFile, LoadError> {
        let json = json::read(source)?;
        let root = json.root();
        let mut fields = Fields::new(source);
        json::report_duplicates(root, &Path::Root, &mut fields.problems);
        let top = fields.object(
            root,
            &Path::Root,
            &["name", "why", "policies", "account", "properties"],
        );
        for name in ["name", "why"] {
            if let Some(node) = top.given(name) {
                fields.text(node, &Path::Root.member(name));
            }
        }
        let assignment = assignment(&mut fields, root, &top, accounts);
        let is_snapshot = top.given("account").is_some();
        let mut properties = Vec::new();
        match top.given("properties") {
            None => fields.missing(root, &Path::Root, "properties"),
            Some(list) => {
                let path = Path::Root.member("properties");
                for (index, node) in fields.array(list, &path).enumerate() {
                    let path = path.element(index);
                    properties.extend(property(&mut fields, node, &path, is_snapshot));
                }
                if list.is_array() && list.one_or_many().is_empty() {
                    let message = "no property: nothing would be checked";
                    fields.problem(list.span(), &path, ProblemKind::EmptyElement, message);
                }
            }
        }
        match assignment {
            Some(assignment) if fields.problems.is_empty() => Ok(PropertyFile {
                assignment,
                properties,
            }),
            _ => Err(LoadError::new(fields.problems)),
        }
    }
}

fn assignment(
    fields: &mut Fields<'_>,
    root: Node<'_>,
    top: &Object<'_>,
    accounts: &mut OpenAccount<'_>,
) -> Option<Assignment> {
    match (top.given("policies"), top.given("account")) {
        (Some(policies), None) => {
            let path = Path::Root.member("policies");
            let policies = read_policies(fields, policies, &path, ResourceService::Oss);
            Some(Assignment::Inline(Box::new(policies?)))
        }
        (None, Some(account)) => {
            let path = Path::Root.member("account");
            let opened = accounts(fields.text(account, &path)?, fields.source);
            let known = fields.checked(account, &path, opened);
            known.map(Assignment::Organization)
        }
        _ => {
            fields.missing(root, &Path::Root, "policies (or account, not both)");
            None
        }
    }
}

fn property(
    fields: &mut Fields<'_>,
    node: Node<'_>,
    path: &Path<'_>,
    is_snapshot: bool,
) -> Option<StatedProperty> {
    let before = fields.problems.len();
    let known = [
        "name", "why", "rules", "within", "never", "always", "only", "implies",
    ];
    let object = fields.object(node, path, &known);
    let mut text = |name: &str| {
        let text = fields.text(object.given(name)?, &path.member(name))?;
        Some(text.to_owned())
    };
    let (name, why) = (text("name"), text("why"));
    if object.given("name").is_none() {
        fields.missing(node, path, "name");
    }
    let rules = object
        .given("rules")
        .map(|node| texts(fields, node, &path.member("rules")))
        .unwrap_or_default();
    let mut forms = FORMS
        .into_iter()
        .filter_map(|form| Some((form, object.given(form)?)));
    let (Some((form, of)), None) = (forms.next(), forms.next()) else {
        fields.missing(node, path, "one of never, always, only and implies");
        return None;
    };
    let at = path.member(form);
    let within = object.given("within");
    if let Some(within) = within.filter(|_| matches!(form, "never" | "always")) {
        let message = format!("within is for only and implies; {form} has its shape itself");
        fields.problem(
            within.span(),
            &path.member("within"),
            ProblemKind::UnsupportedElement,
            message,
        );
    }
    let mut asked = |node, path: &Path<'_>| asked(fields, node, path, is_snapshot);
    let within = within.map(|node| asked(node, &path.member("within")));
    let claim = match form {
        "never" => Claim::Never(asked(of, &at)),
        "always" => Claim::Always(asked(of, &at)),
        "only" => Claim::Only {
            within: within.unwrap_or_default(),
            only: asked(of, &at),
        },
        _ => Claim::Implies {
            within: within.unwrap_or_default(),
            other: Box::new(read_policies(fields, of, &at, ResourceService::Oss)?),
        },
    };
    if let Claim::Only { within, only } = &claim
        && !is_snapshot
        && within.principals.is_empty()
        && !only.principals.is_empty()
    {
        let message = "principals here ask for those who are looked at: name them in within";
        fields.problem(of.span(), &at, ProblemKind::InvalidInput, message);
    }
    let source = fields.source;
    let at = format!("{}:{}", source.name(), source.position(node.span().start));
    (fields.problems.len() == before).then_some(StatedProperty {
        name: name?,
        why,
        rules,
        at,
        claim,
    })
}

fn asked(fields: &mut Fields<'_>, node: Node<'_>, path: &Path<'_>, is_snapshot: bool) -> Asked {
    let known = ["actions", "resources", "principals", "conditions"];
    let object = fields.object(node, path, &known);
    let mut list = |name: &str, is_fit: &dyn Fn(&str) -> Result<(), String>| {
        let Some(node) = object.given(name) else {
            return Vec::new();
        };
        let path = path.member(name);
        let found = texts(fields, node, &path);
        if node.one_or_many().is_empty() {
            let message = "an empty list names nothing; leave it out to mean every one";
            fields.problem(node.span(), &path, ProblemKind::EmptyElement, message);
        }
        for (index, element) in node.one_or_many().enumerate() {
            let here = if node.is_array() {
                path.element(index)
            } else {
                path
            };
            let text = element.as_str().unwrap_or("*");
            fields.checked(element, &here, is_fit(text));
        }
        found
    };
    let actions = list("actions", &|text| {
        let message = || {
            format!(
                "{} is no action; an action is \"*\" or <code>:<name>",
                quoted(text)
            )
        };
        (text == "*" || is_prefixed(text))
            .then_some(())
            .ok_or_else(message)
    });
    let resources = list("resources", &|text| {
        let fields = Colons::of(text).and_then(|colons| colons.split(text));
        let is_arn = text == "*" || matches!(fields, Some(["acs", ..]));
        let message = || {
            format!(
                "{} is no resource; a resource is \"*\" or acs:<service>:<region>:<account>:<relative id>",
                quoted(text)
            )
        };
        is_arn.then_some(()).ok_or_else(message)
    });
    let principals = list("principals", &|text| {
        if is_snapshot && has_wildcard(text) {
            return Ok(());
        }
        if has_wildcard(text) {
            return Err(format!(
                "{} is a pattern; only a snapshot tells who there is, so name each",
                quoted(text)
            ));
        }
        Principal::parse(text)
            .map(|_| ())
            .map_err(|error| error.to_string())
    });
    let mut shape = Shape::of(
        actions.iter().map(String::as_str),
        resources.iter().map(String::as_str),
    );
    if let Some(node) = object.given("conditions") {
        let path = path.member("conditions");
        let problems = problems_of_conditions(node, &path);
        if problems.is_empty() {
            shape = with_conditions(shape, node);
        }
        fields.problems.extend(problems);
    }
    Asked {
        shape,
        actions,
        principals,
    }
}

/// Conditions in which nothing is wrong.
fn with_conditions(mut shape: Shape, node: Node<'_>) -> Shape {
    for operator in node.members().into_iter().flatten() {
        let (qualifier, name) = Qualifier::split(operator.key);
        for key in operator.node.members().into_iter().flatten() {
            let values = key.node.one_or_many().filter_map(Node::as_str);
            if let Some(operator) = Operator::from_name(name) {
                shape = shape.with_condition(operator, qualifier, key.key, values);
            }
        }
    }
    shape
}

/// A text or a list of them.
fn texts(fields: &mut Fields<'_>, node: Node<'_>, path: &Path<'_>) -> Vec<String> {
    if node.is_array() {
        let texts = fields.texts(node, path).into_iter();
        return texts.map(|(text, ..)| text.to_owned()).collect();
    }
    let text = fields.text(node, path);
    text.map(str::to_owned).into_iter().collect()
}
