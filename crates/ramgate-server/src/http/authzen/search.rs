//! The three searches. Each asks about every candidate that it has, in the same way as an evaluation does: what that denies is never found.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ramgate::{ActionFacts, Arn, Catalog, Question, Source};
use serde::Serialize;

use super::page::{Bound, Page, PageAsked};
use super::parts::{Asked, Parts, kind_of};
use super::vocabulary::Vocabulary;
use super::{Failure, Plain, bad, read};
use crate::decide;
use crate::http::batch::Pace;
use crate::http::{App, REVISION, Refusal, body, strict};
use crate::named::Named;
use crate::policies::Served;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    Subject,
    Resource,
    Action,
}

#[derive(Serialize)]
struct Results<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<Page>,
    context: About<'a>,
    results: Vec<Found>,
}

/// What the results are chosen from, and by which policies.
#[derive(Serialize)]
struct About<'a> {
    candidates: &'static str,
    /// Why none of them is permitted, where it is not for the policies to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    revision: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Found {
    Entity {
        #[serde(rename = "type")]
        kind: String,
        id: String,
    },
    Action {
        name: String,
    },
}

/// Who may do this?
pub(crate) async fn subjects(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    search(&app, &headers, body, Sought::Subject).await
}

/// On which resources?
pub(crate) async fn resources(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    search(&app, &headers, body, Sought::Resource).await
}

/// Which actions?
pub(crate) async fn actions(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    search(&app, &headers, body, Sought::Action).await
}

async fn search(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    sought: Sought,
) -> Result<Response, Plain> {
    let _place = app.searches.try_acquire().map_err(|_| {
        let message = "too many searches at the same time";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    })?;
    let source = read(app, headers, body).await?;
    let served = app.served()?;
    let asked: Asked<'_> = strict::object(&source, source.text(), "")?;
    let parts = Parts::read_but(&source, asked, Some(sought))?;
    let found = Search {
        app,
        served: &served,
        sought,
        parts,
    };
    let found = found.run(&source, &asked).await?;
    Ok(([(REVISION, served.header.clone())], body::json(&found)).into_response())
}

struct Search<'a> {
    app: &'a App,
    served: &'a Served,
    sought: Sought,
    parts: Parts<'a>,
}

impl<'a> Search<'a> {
    /// A list that is cut off never looks whole: it has a token for the rest, or there is none but an error.
    async fn run(mut self, source: &Source, asked: &Asked<'_>) -> Result<Results<'a>, Refusal> {
        let bound = Bound::new(
            &self.served.revision,
            self.sought,
            &self.app.vocabulary,
            asked,
        )?;
        let page = asked.page.map(|page| PageAsked::read(source, page));
        let page = page.transpose()?;
        let most = self.app.limits.batch_max;
        let limit = page.as_ref().map_or(most, |page| page.limit(most));
        let start = page.as_ref().map_or(Ok(0), |page| page.start(&bound))?;
        let candidates = self.candidates()?;
        let mut pace = Pace::new(self.app.limits.request);
        let mut results = Vec::new();
        let mut error = None;
        let mut next = None;
        for (index, candidate) in candidates.into_iter().enumerate().skip(start) {
            if pace.is_over().await {
                if page.is_some() && index > start {
                    next = Some(index);
                    break;
                }
                let message = format!(
                    "the search took longer than {:?}; ask for it in pages",
                    self.app.limits.request
                );
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return Err(Refusal::new(status, "timeout", message));
            }
            match self.permits(candidate.clone()) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(failure) => {
                    error.get_or_insert(failure);
                    continue;
                }
            }
            if results.len() == limit {
                next = Some(index);
                break;
            }
            results.push(self.found(candidate));
        }
        if next.is_some() && page.is_none() {
            let message = format!("there are more than {most} results; ask for them in pages");
            return Err(bad(&message));
        }
        let is_none = results.is_empty() && start == 0 && next.is_none();
        Ok(Results {
            page: page.map(|_| Page::new(next, results.len(), &bound)),
            context: About {
                candidates: self.sought.candidates(),
                error: error.filter(|_| is_none),
                revision: &self.served.revision,
            },
            results,
        })
    }

    /// What an evaluation of this candidate says.
    fn permits(&mut self, candidate: String) -> Result<bool, Failure> {
        let parts = &mut self.parts;
        let candidate = Cow::Owned(candidate);
        match self.sought {
            Sought::Subject => parts.subject.id = candidate,
            Sought::Resource => parts.resource.id = candidate,
            Sought::Action => parts.action.name = candidate,
        }
        let failure = |status, message| Failure { status, message };
        let request = parts.request(&self.app.vocabulary);
        let request = request.map_err(|message| failure(400, message))?;
        decide::permits(self.app, self.served, Question::from(request))
            .map_err(|error| failure(404, error.to_string()))
    }

    fn found(&self, id: String) -> Found {
        let kind = match self.sought {
            Sought::Subject => &self.parts.subject.kind,
            Sought::Resource => &self.parts.resource.kind,
            Sought::Action => return Found::Action { name: id },
        };
        let kind = kind.clone().into_owned();
        Found::Entity { kind, id }
    }

    /// Ids or names as an evaluation takes them, in an order that hangs on the policies and the settings alone.
    fn candidates(&self) -> Result<Vec<String>, Refusal> {
        let (words, named) = (&self.app.vocabulary, self.served.named());
        Ok(match self.sought {
            Sought::Subject => subjects_of(&self.parts.subject.kind, words, named),
            Sought::Resource => resources_of(&self.parts.resource.kind, words, named),
            Sought::Action => {
                let Parts { resource, .. } = &self.parts;
                let arn = match words.resource(&resource.kind) {
                    Some(kind) => kind.arn(&resource.id).ok(),
                    None => Some(resource.id.clone().into_owned()),
                };
                // On what is no resource, nothing can be done.
                let arn = arn.and_then(|arn| Arn::parse(arn).ok());
                match arn {
                    Some(arn) => actions_on(&arn, words, named)?,
                    None => Vec::new(),
                }
            }
        })
    }
}

impl Sought {
    fn candidates(self) -> &'static str {
        match self {
            Sought::Subject => "the users, roles and accounts of the snapshot",
            Sought::Resource => {
                "the resources that the snapshot or the settings name one by one; there may be others"
            }
            Sought::Action => {
                "the actions of the catalogue that are on such resources, and those that the policies or the settings name"
            }
        }
    }
}

fn subjects_of(kind: &str, words: &Vocabulary, named: &Named) -> Vec<String> {
    let principals = named.principals.iter();
    match words.subject(kind) {
        Some(words) => {
            let names = principals.map(ToString::to_string);
            let ids = names.filter_map(|name| words.id(&name).map(str::to_owned));
            ids.collect()
        }
        None => {
            let of_kind = principals.filter(|principal| kind_of(principal) == Some(kind));
            of_kind.map(ToString::to_string).collect()
        }
    }
}

/// Of a type of the settings; or of a service (`vpc`), or of a service and the first word of the relative id (`vpc:physicalconnection`).
fn resources_of(kind: &str, words: &Vocabulary, named: &Named) -> Vec<String> {
    let resources = named.resources.iter();
    if let Some(words) = words.resource(kind) {
        let ids = resources.filter_map(|arn| words.id(arn));
        let ids: BTreeSet<&str> = ids.chain(words.known_ids()).collect();
        return ids.into_iter().map(str::to_owned).collect();
    }
    let (service, word) = match kind.split_once(':') {
        Some((service, word)) => (service, Some(word)),
        None => (kind, None),
    };
    let is_meant = |text: &&String| {
        Arn::parse(text.as_str()).is_ok_and(|arn| {
            let relative = arn.relative_id().unwrap_or_default();
            let first = relative.split(['/', ':']).next();
            is_of(&arn, service) && word.is_none_or(|word| first == Some(word))
        })
    };
    resources.filter(is_meant).cloned().collect()
}

fn is_of(arn: &Arn<'_>, service: &str) -> bool {
    arn.service()
        .is_some_and(|of| of.eq_ignore_ascii_case(service))
}

/// The names of the settings come first, and what they stand for is not told again.
fn actions_on(arn: &Arn<'_>, words: &Vocabulary, named: &Named) -> Result<Vec<String>, Refusal> {
    let catalog = catalog().ok_or_else(|| {
        let message = "the catalogue of actions cannot be read";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    })?;
    let is_here = |action: &str| {
        let service = action.split(':').next().unwrap_or_default();
        arn.is_any() || is_of(arn, service)
    };
    let may_be_on = |facts: &ActionFacts<'_>| {
        if arn.is_any() {
            facts.has_resource_level() != Some(true)
        } else {
            is_here(facts.name()) && facts.may_be_on(arn.as_str())
        }
    };
    let listed = catalog.actions().filter(may_be_on);
    let mut actions: BTreeSet<&str> = listed.map(|facts| facts.name()).collect();
    let unlisted = named.actions.iter().map(String::as_str);
    actions.extend(unlisted.filter(|action| is_here(action) && catalog.action(action).is_none()));
    let mut all: Vec<String> = Vec::new();
    for (name, action) in words.actions() {
        all.push(name.to_owned());
        actions.remove(action);
    }
    all.extend(actions.into_iter().map(str::to_owned));
    Ok(all)
}

/// Read when it is first needed.
fn catalog() -> Option<&'static Catalog> {
    static CATALOG: OnceLock<Option<Catalog>> = OnceLock::new();
    let read = || {
        let files = ramgate_catalog::FILES.iter();
        let texts: Vec<Source> = files
            .map(|(name, text)| Source::new(*name, *text))
            .collect();
        Catalog::parse(&texts).ok()
    };
    CATALOG.get_or_init(read).as_ref()
}
