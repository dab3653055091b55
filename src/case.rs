//! Case files (contracts, section 3): policies, a request, an expectation; read, run, and judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::account::{Assignment, Organization};
use crate::decision::{Decision, Explanation};
use crate::document::{PolicyKind, Reading, ResourceService};
use crate::fields::{Fields, Object};
use crate::json::{self, Node, Value};
use crate::policy::{GroupPolicies, Level, Policies, Policy, PolicySet, read_policy};
use crate::problem::{LoadError, Path, ProblemKind, quoted};
use crate::question::Question;
use crate::source::{Source, Span};

/// Opens the snapshot that a case names, given its path as written and the case's file.
pub type OpenAccount<'o> = dyn FnMut(&str, &Source) -> Result<Arc<Organization>, String> + 'o;

/// One case of a case file.
#[derive(Debug)]
pub struct Case {
    name: String,
    file: Arc<str>,
    at: String,
    /// What it asks, or why its policies or its request are refused.
    question: Result<(Assignment, Question), LoadError>,
    expectation: Option<Expectation>,
}

/// What a case expects: every given member must hold.
#[derive(Debug, Default)]
struct Expectation {
    error: Option<String>,
    decision: Option<Decision>,
    stage: Option<String>,
    policy: Option<String>,
    statement: Option<usize>,
    doubts: Option<Vec<String>>,
}

/// How a case went.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CaseResult {
    /// The case's name.
    pub name: String,
    /// Its file.
    pub file: Arc<str>,
    /// Its place, `file:line:column`.
    pub at: String,
    /// Whether it passed.
    pub ok: bool,
    /// What it expects, in words.
    pub expected: String,
    /// The decision, if there is one.
    pub decision: Option<Decision>,
    /// Why it failed; empty when it passed.
    pub message: String,
    /// The whole answer.
    #[serde(skip)]
    pub explanation: Option<Explanation>,
}

impl Case {
    /// Reads a file of cases: one object, an array of them, or JSON Lines (a name ending in `.jsonl`). Policies and requests that are
    /// refused are no error of the file: a case may expect them to be.
    ///
    /// # Errors
    /// When the file is no JSON, or something in it is no case.
    pub fn read_all(
        source: &Source,
        accounts: &mut OpenAccount<'_>,
    ) -> Result<Vec<Case>, LoadError> {
        let mut fields = Fields::new(source);
        let mut cases = Vec::new();
        if source.name().ends_with(".jsonl") {
            return read_lines(source, accounts);
        }
        let json = json::read(source)?;
        match json.root().value() {
            Value::Array(nodes) => {
                for (index, node) in nodes.enumerate() {
                    let path = Path::Root.element(index);
                    cases.extend(Case::read(&mut fields, node, &path, accounts));
                }
            }
            _ => cases.extend(Case::read(&mut fields, json.root(), &Path::Root, accounts)),
        }
        if fields.problems.is_empty() {
            Ok(cases)
        } else {
            Err(LoadError::new(fields.problems))
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that it stands in.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its policies.
    ///
    /// # Errors
    /// When they or its request are refused.
    pub fn assignment(&self) -> Result<&Assignment, LoadError> {
        let (assignment, _) = self.question.as_ref().map_err(Clone::clone)?;
        Ok(assignment)
    }

    /// Answers the question, whatever is expected.
    ///
    /// # Errors
    /// When its policies or its request are refused.
    pub fn explain(&self) -> Result<Explanation, LoadError> {
        let (assignment, question) = self.question.as_ref().map_err(Clone::clone)?;
        assignment
            .explain(question)
            .map_err(|error| self.refused(error.to_string()))
    }

    /// Answers the question and compares with what is expected.
    pub fn run(&self) -> CaseResult {
        let answer = self.explain();
        let message = match &self.expectation {
            None => "the case expects nothing".to_owned(),
            Some(expectation) => expectation.judge(&answer),
        };
        CaseResult {
            name: self.name.clone(),
            file: Arc::clone(&self.file),
            at: self.at.clone(),
            ok: message.is_empty(),
            expected: self
                .expectation
                .as_ref()
                .map(Expectation::in_words)
                .unwrap_or_default(),
            decision: answer.as_ref().ok().map(|answer| answer.decision),
            message,
            explanation: answer.ok(),
        }
    }

    fn refused(&self, message: String) -> LoadError {
        let source = Source::new(Arc::clone(&self.file), "");
        crate::Problem::new(
            &source,
            Span::default(),
            &Path::Root.member("request"),
            ProblemKind::InvalidInput,
            "",
            message,
        )
        .into()
    }

    fn read(
        fields: &mut Fields<'_>,
        node: Node<'_>,
        path: &Path<'_>,
        accounts: &mut OpenAccount<'_>,
    ) -> Option<Case> {
        let members = fields.map(node, path);
        let get = |name: &str| members.get(name);
        let name = match get("name") {
            Some(node) => fields.text(node, &path.member("name"))?,
            None => "(unnamed)",
        };
        let expectation =
            get("expect").map(|node| Expectation::read(fields, node, &path.member("expect")));
        let expectation = match expectation {
            Some(expectation) => Some(expectation?),
            None => None,
        };
        let Some(request) = get("request") else {
            fields.missing(node, path, "request");
            return None;
        };
        let known = get("policies").is_some() != get("account").is_some();
        if !known {
            fields.missing(node, path, "policies (or account, not both)");
            return None;
        }
        let mut inner = Fields::new(fields.source);
        json::report_duplicates(node, path, &mut inner.problems);
        let question = Question::read(&mut inner, request, &path.member("request"));
        let service = question
            .as_ref()
            .map(service_of)
            .unwrap_or(ResourceService::Other);
        let assignment = match (get("policies"), get("account")) {
            (Some(policies), _) => {
                read_policies(&mut inner, policies, &path.member("policies"), service)
                    .map(|policies| Assignment::Inline(Box::new(policies)))
            }
            (None, Some(account)) => {
                let path = path.member("account");
                let named = inner.text(account, &path)?;
                let opened = accounts(named, inner.source);
                inner
                    .checked(account, &path, opened)
                    .map(Assignment::Organization)
            }
            (None, None) => None,
        };
        let question = match (assignment, question) {
            (Some(assignment), Some(question)) if inner.problems.is_empty() => {
                Ok((assignment, question))
            }
            _ => Err(LoadError::new(inner.problems)),
        };
        let source = fields.source;
        let at = format!("{}:{}", source.name(), source.position(node.span().start));
        Some(Case {
            name: name.to_owned(),
            file: source.shared_name(),
            at,
            question,
            expectation,
        })
    }
}

/// JSON Lines: every line is a text of its own, placed at its line.
fn read_lines(source: &Source, accounts: &mut OpenAccount<'_>) -> Result<Vec<Case>, LoadError> {
    let mut cases = Vec::new();
    let mut problems = Vec::new();
    for (line, number) in source
        .text()
        .lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim().is_empty())
    {
        let line = source.line(number, line);
        let mut fields = Fields::new(&line);
        match json::read(&line) {
            Ok(json) => cases.extend(Case::read(&mut fields, json.root(), &Path::Root, accounts)),
            Err(problem) => problems.push(*problem),
        }
        problems.append(&mut fields.problems);
    }
    if problems.is_empty() {
        Ok(cases)
    } else {
        Err(LoadError::new(problems))
    }
}

/// The service whose resource policies the request meets.
fn service_of(question: &Question) -> ResourceService {
    let request = &question.request;
    let of_resource = request.resources().find_map(|resource| resource.service());
    ResourceService::of(of_resource.unwrap_or_else(|| request.action_service()))
}

const STAGES: [&str; 7] = [
    "identity",
    "resource_group",
    "control",
    "session",
    "resource",
    "trust",
    "endpoint",
];

/// The policies of a case, by stage.
pub(crate) fn read_policies(
    fields: &mut Fields<'_>,
    node: Node<'_>,
    path: &Path<'_>,
    service: ResourceService,
) -> Option<Policies> {
    let before = fields.problems.len();
    let object = fields.object(node, path, &STAGES);
    let mut policies = Policies::default();
    let mut stage = |name: &'static str, kind: PolicyKind| {
        let node = object.given(name)?;
        Some(read_list(fields, node, &path.member(name), name, kind))
    };
    policies.session = stage("session", PolicyKind::Session).map(Box::new);
    policies.resource = stage("resource", PolicyKind::Resource(service)).map(Box::new);
    policies.trust = stage("trust", PolicyKind::Trust).map(Box::new);
    policies.endpoint = stage("endpoint", PolicyKind::Endpoint).map(Box::new);
    policies.identity = stage("identity", PolicyKind::Identity).unwrap_or_default();
    policies = read_groups(fields, &object, path, policies);
    if let Some(node) = object.given("control") {
        let path = path.member("control");
        let levels = fields.array(node, &path).enumerate().map(|(index, node)| {
            let path = path.element(index);
            let name = format!("control[{index}]");
            Level::new(read_list(fields, node, &path, &name, PolicyKind::Control))
        });
        policies.control = Some(levels.collect());
    }
    (fields.problems.len() == before).then_some(policies)
}

/// A list (of the request's own group, whichever that is) or an object of lists by group.
fn read_groups(
    fields: &mut Fields<'_>,
    object: &Object<'_>,
    path: &Path<'_>,
    policies: Policies,
) -> Policies {
    let Some(node) = object.given("resource_group") else {
        return policies;
    };
    let path = path.member("resource_group");
    let is_list = node
        .members()
        .is_none_or(|members| members.get("Statement").is_some());
    if is_list {
        let set = read_list(fields, node, &path, "resource_group", PolicyKind::Identity);
        return Policies {
            groups: GroupPolicies::OfRequest(Box::new(set)),
            ..policies
        };
    }
    let groups = node.members().into_iter().flatten().map(|member| {
        let path = path.member(member.key);
        let name = format!("resource_group[{}]", member.key);
        (
            Arc::from(member.key),
            read_list(fields, member.node, &path, &name, PolicyKind::Identity),
        )
    });
    let groups: Vec<_> = groups.collect();
    policies.with_resource_groups(groups)
}

/// A document or a list of them; `identity[0]` is the name of one that has no other.
fn read_list(
    fields: &mut Fields<'_>,
    node: Node<'_>,
    path: &Path<'_>,
    name: &str,
    kind: PolicyKind,
) -> PolicySet {
    let listed = node.is_array();
    let mut policies: Vec<Arc<Policy>> = Vec::new();
    for (index, node) in node.one_or_many().enumerate() {
        let (path, name) = match listed {
            true => (path.element(index), format!("{name}[{index}]")),
            false => (*path, name.to_owned()),
        };
        policies.extend(read_document(fields, node, &path, name, kind));
    }
    policies.into_iter().collect()
}

/// A document as an object or a string, or `{"name": …, "type": …, "document": …}`.
fn read_document(
    fields: &mut Fields<'_>,
    node: Node<'_>,
    path: &Path<'_>,
    name: String,
    kind: PolicyKind,
) -> Option<Arc<Policy>> {
    let named = node
        .members()
        .is_some_and(|members| members.get("document").is_some());
    let mut reading = Reading::new(kind);
    let (node, path, name) = if named {
        let object = fields.object(node, path, &["name", "type", "document"]);
        let name = object
            .given("name")
            .and_then(|node| fields.text(node, &path.member("name")))
            .map_or(name, str::to_owned);
        match object
            .given("type")
            .and_then(|node| fields.text(node, &path.member("type")))
        {
            Some("System") => reading = reading.system(),
            None | Some("Custom") => {}
            Some(other) => {
                let message = format!("unknown type {}; expected Custom or System", quoted(other));
                fields.problem(node.span(), path, ProblemKind::InvalidInput, message);
            }
        }
        (object.get("document")?, path.member("document"), name)
    } else {
        (node, *path, name)
    };
    // The names of doubled members are reported once for the whole case.
    let (policy, problems) = read_policy(node, &path, &name, reading);
    let known = fields.problems.clone();
    fields
        .problems
        .extend(problems.into_iter().filter(|problem| {
            !known
                .iter()
                .any(|other| other.kind == problem.kind && other.start == problem.start)
        }));
    policy
}

impl Expectation {
    fn read(fields: &mut Fields<'_>, node: Node<'_>, path: &Path<'_>) -> Option<Expectation> {
        let before = fields.problems.len();
        let mut expectation = Expectation::default();
        if node.as_str().is_some() {
            expectation.decision = read_decision(fields, node, path);
        } else {
            let known = [
                "error",
                "decision",
                "stage",
                "policy",
                "statement",
                "doubts",
            ];
            let object = fields.object(node, path, &known);
            let mut text = |name: &str| {
                let text = fields.text(object.given(name)?, &path.member(name))?;
                Some(text.to_owned())
            };
            expectation.error = text("error");
            expectation.stage = text("stage");
            expectation.policy = text("policy");
            if let Some(node) = object.given("decision") {
                expectation.decision = read_decision(fields, node, &path.member("decision"));
            }
            if let Some(node) = object.given("statement") {
                match node.value() {
                    Value::Number(number) if number.parse::<usize>().is_ok() => {
                        expectation.statement = number.parse().ok();
                    }
                    _ => fields.wrong_type(node, &path.member("statement"), "a statement's number"),
                }
            }
            if let Some(node) = object.given("doubts") {
                let texts = fields.texts(node, &path.member("doubts"));
                expectation.doubts = Some(
                    texts
                        .into_iter()
                        .map(|(text, ..)| text.to_owned())
                        .collect(),
                );
            }
            if object.is_empty() {
                fields.problem(
                    node.span(),
                    path,
                    ProblemKind::EmptyElement,
                    "nothing is expected",
                );
            }
        }
        (fields.problems.len() == before).then_some(expectation)
    }

    /// Empty when the answer is as expected; else what differs.
    fn judge(&self, answer: &Result<Explanation, LoadError>) -> String {
        let answer = match (answer, &self.error) {
            (Err(error), Some(expected)) if error.to_string().contains(expected) => {
                return String::new();
            }
            (Err(error), Some(expected)) => {
                return format!(
                    "expected an error with {}\n   found {error}",
                    quoted(expected)
                );
            }
            (Err(error), None) => {
                return format!("expected {}\n   found error: {error}", self.in_words());
            }
            (Ok(answer), Some(_)) => {
                return format!("expected {}\n   found {}", self.in_words(), answer.decision);
            }
            (Ok(answer), None) => answer,
        };
        let mut differences = Vec::new();
        let mut compare = |what: &str, expected: Option<String>, found: String| {
            if let Some(expected) = expected.filter(|expected| *expected != found) {
                differences.push(format!("{what}: expected {expected}, found {found}"));
            }
        };
        compare(
            "decision",
            self.decision.map(|decision| decision.to_string()),
            answer.decision.to_string(),
        );
        compare("stage", self.stage.clone(), answer.stage.to_string());
        let found: Vec<String> = answer
            .determined_by
            .iter()
            .map(|by| by.policy.to_string())
            .collect();
        if let Some(policy) = self
            .policy
            .as_ref()
            .filter(|policy| !found.contains(policy))
        {
            compare("policy", Some(policy.clone()), or_none(&found));
        }
        let of_policy = |by: &&crate::DeterminingStatement| {
            self.policy.as_ref().is_none_or(|name| **name == *by.policy)
        };
        let statements: Vec<String> = answer
            .determined_by
            .iter()
            .filter(of_policy)
            .map(|by| by.statement.to_string())
            .collect();
        if let Some(statement) = self
            .statement
            .filter(|statement| !statements.contains(&statement.to_string()))
        {
            compare(
                "statement",
                Some(statement.to_string()),
                or_none(&statements),
            );
        }
        let doubts: std::collections::BTreeSet<&str> =
            answer.doubts.iter().map(|doubt| doubt.rule.id()).collect();
        let expected = self
            .doubts
            .as_ref()
            .map(|doubts| doubts.iter().map(String::as_str).collect::<Vec<_>>());
        let mut sorted = expected.clone().unwrap_or_default();
        sorted.sort_unstable();
        compare(
            "doubts",
            expected.map(|_| format!("{sorted:?}")),
            format!("{:?}", doubts.into_iter().collect::<Vec<_>>()),
        );
        differences.join("\n")
    }

    fn in_words(&self) -> String {
        if let Some(error) = &self.error {
            return format!("an error with {}", quoted(error));
        }
        let mut words = Vec::new();
        words.extend(self.decision.map(|decision| decision.to_string()));
        words.extend(self.stage.as_ref().map(|stage| format!("stage {stage}")));
        words.extend(
            self.policy
                .as_ref()
                .map(|policy| format!("policy {policy}")),
        );
        words.extend(
            self.statement
                .map(|statement| format!("statement {statement}")),
        );
        words.extend(
            self.doubts
                .as_ref()
                .map(|doubts| format!("doubts {doubts:?}")),
        );
        words.join(", ")
    }
}

fn or_none(found: &[String]) -> String {
    if found.is_empty() {
        "none".to_owned()
    } else {
        found.join(", ")
    }
}

fn read_decision(fields: &mut Fields<'_>, node: Node<'_>, path: &Path<'_>) -> Option<Decision> {
    let text = fields.text(node, path)?;
    let decision = Decision::from_name(text);
    if decision.is_none() {
        let message = format!(
            "unknown decision {}; expected Allow, ExplicitDeny or ImplicitDeny",
            quoted(text)
        );
        fields.problem(node.span(), path, ProblemKind::InvalidInput, message);
    }
    decision
}

/// Which statements the cases touch: match, or may match, in whatever stage.
#[derive(Debug, Default)]
pub struct Coverage {
    statements: BTreeMap<(Arc<str>, crate::Position), StatementCoverage>,
}

/// Whether a statement was touched.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StatementCoverage {
    /// Its policy's name.
    pub policy: Arc<str>,
    /// Its number in the policy, from 0.
    pub statement: usize,
    /// Its place, `file:line:column`.
    pub at: String,
    /// Whether a case touched it.
    pub touched: bool,
}

impl Coverage {
    /// Counts a case and the policies that it knows.
    pub fn add(&mut self, case: &Case) {
        let Ok((assignment, question)) = &case.question else {
            return;
        };
        for policy in assignment.policies() {
            for (statement, position) in policy.statement_places() {
                let at = format!("{}:{position}", policy.file());
                let entry = StatementCoverage {
                    policy: Arc::clone(&policy.name),
                    statement,
                    at,
                    touched: false,
                };
                self.statements
                    .entry((Arc::clone(&policy.file), position))
                    .or_insert(entry);
            }
        }
        for place in assignment.touched(question).unwrap_or_default() {
            if let Some(entry) = self.statements.get_mut(&place) {
                entry.touched = true;
            }
        }
    }

    /// Every statement, in the order of files and places.
    pub fn statements(&self) -> impl Iterator<Item = &StatementCoverage> {
        self.statements.values()
    }
}
