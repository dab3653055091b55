//! Pages of a search. Nothing is kept between two of them: a token says where the next one begins, and of which search it is.

use ramgate::Source;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::bad;
use super::parts::Asked;
use super::search::Sought;
use super::vocabulary::Vocabulary;
use crate::http::{Refusal, strict};

/// Which part of the results is asked for.
#[derive(Deserialize)]
pub(super) struct PageAsked {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    limit: Option<u64>,
}

/// Where the next page begins; empty where there is none.
#[derive(Serialize)]
pub(super) struct Page {
    next_token: String,
    count: usize,
}

/// A search as tokens are bound to it: its question, and everything that the order of its candidates hangs on.
pub(super) struct Bound(Sha256);

impl PageAsked {
    pub(super) fn read(source: &Source, page: &RawValue) -> Result<PageAsked, Refusal> {
        strict::object(source, page.get(), "page")
    }

    /// How many results it takes, of at most so many.
    pub(super) fn limit(&self, most: usize) -> usize {
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok());
        limit.map_or(most, |limit| limit.min(most))
    }

    /// The candidate that it begins with.
    pub(super) fn start(&self, bound: &Bound) -> Result<usize, Refusal> {
        let Some(token) = &self.token else {
            return Ok(0);
        };
        let start = token.split_once('.');
        let start = start.and_then(|(start, _)| usize::from_str_radix(start, 16).ok());
        start
            .filter(|start| bound.token(*start) == *token)
            .ok_or_else(|| {
                bad("page.token: it is of another search, or the policies have changed since; search again without it")
            })
    }
}

impl Page {
    pub(super) fn new(next: Option<usize>, count: usize, bound: &Bound) -> Page {
        let next_token = next.map(|next| bound.token(next)).unwrap_or_default();
        Page { next_token, count }
    }
}

impl Bound {
    pub(super) fn new(
        revision: &str,
        sought: Sought,
        words: &Vocabulary,
        asked: &Asked<'_>,
    ) -> Result<Bound, Refusal> {
        let mut parts = vec![
            revision.to_owned(),
            format!("{sought:?}"),
            format!("{words:?}"),
        ];
        for part in [asked.subject, asked.action, asked.resource, asked.context] {
            let read = part.map(|part| serde_json::from_str::<Value>(part.get()));
            let mut value = read.transpose().map_err(|error| bad(&error.to_string()))?;
            if let Some(value) = &mut value {
                value.sort_all_objects();
            }
            parts.push(value.map(|value| value.to_string()).unwrap_or_default());
        }
        let mut all = Sha256::new();
        for part in parts {
            all.update(part.len().to_be_bytes());
            all.update(part);
        }
        Ok(Bound(all))
    }

    fn token(&self, start: usize) -> String {
        let digest = self.0.clone().chain_update(start.to_be_bytes()).finalize();
        let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
        format!("{start:x}.{}", hex.collect::<String>())
    }
}
