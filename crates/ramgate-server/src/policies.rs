//! The policies that are served: swapped whole, never while somebody reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;
use axum::http::HeaderValue;
use jiff::Timestamp;
use ramgate::Assignment;
use sha2::{Digest, Sha256};

use crate::named::Named;

/// Where policies come from. It may read files and take its time: it is asked on threads that may block.
pub trait Origin: Send + Sync + 'static {
    /// What [`Loaded::revision`] would be now, without making policies of the texts.
    ///
    /// # Errors
    /// When a text cannot be read.
    fn revision(&self) -> anyhow::Result<String>;

    /// Reads everything and makes policies of it.
    ///
    /// # Errors
    /// With everything that is wrong, each with its place.
    fn load(&self) -> anyhow::Result<Loaded>;

    /// The directories in which a change may be one of the policies.
    fn directories(&self) -> Vec<Watched>;
}

/// A directory to be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Which.
    pub directory: PathBuf,
    /// Whether directories below it belong to it.
    pub is_deep: bool,
}

/// Policies that were made ready.
#[derive(Debug)]
pub struct Loaded {
    /// The policies.
    pub assignment: Assignment,
    /// What they were made of, as [`Texts::revision`] says it.
    pub revision: String,
    /// What was let pass.
    pub warnings: Vec<String>,
}

/// The texts that policies are made of, by name: equal texts of equal names are the same policies.
#[derive(Debug, Default)]
pub struct Texts(BTreeMap<String, [u8; 32]>);

impl Texts {
    /// Adds a text. Its name should be relative, so that it is the same on every machine.
    pub fn add(&mut self, name: impl Into<String>, text: &str) {
        self.0.insert(name.into(), Sha256::digest(text).into());
    }

    /// A digest of all of them, `sha256:…`.
    pub fn revision(&self) -> String {
        let mut all = Sha256::new();
        for (name, text) in &self.0 {
            all.update(name.len().to_be_bytes());
            all.update(name);
            all.update(text);
        }
        let digest = all.finalize();
        let hex = digest.iter().map(|byte| format!("{byte:02x}"));
        format!("sha256:{}", hex.collect::<String>())
    }
}

/// What is served at one time.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) assignment: Assignment,
    pub(crate) revision: String,
    pub(crate) header: HeaderValue,
    pub(crate) loaded_at: Timestamp,
    pub(crate) policies: usize,
    named: OnceLock<Named>,
}

impl Served {
    /// What the policies name, looked for when it is first asked for.
    pub(crate) fn named(&self) -> &Named {
        self.named.get_or_init(|| Named::of(&self.assignment))
    }
}

/// A reload that came to nothing: the policies before it are still served.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) at: Timestamp,
    /// Of the texts that are broken, where they could be read.
    pub(crate) revision: Option<String>,
    pub(crate) error: String,
}

/// The policies, and how the last try to load others went.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    served: ArcSwapOption<Served>,
    failed: Mutex<Option<Failed>>,
}

impl Policies {
    /// Those that a request is decided by; it keeps them to its end, whatever is loaded meanwhile. `None` until the first are loaded.
    pub(crate) fn served(&self) -> Option<Arc<Served>> {
        self.served.load_full()
    }

    pub(crate) fn serve(&self, loaded: Loaded) -> Arc<Served> {
        // A revision is hexadecimal; one of another origin that no header can carry is left out of headers.
        let unnamed = || HeaderValue::from_static("unnamed");
        let served = Arc::new(Served {
            header: HeaderValue::from_str(&loaded.revision).unwrap_or_else(|_| unnamed()),
            revision: loaded.revision,
            policies: loaded.assignment.policies().len(),
            assignment: loaded.assignment,
            loaded_at: Timestamp::now(),
            named: OnceLock::new(),
        });
        self.served.store(Some(Arc::clone(&served)));
        self.set_failed(None);
        served
    }

    pub(crate) fn failed(&self) -> Option<Failed> {
        let failed = self.failed.lock();
        failed.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_failed(&self, failed: Option<Failed>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(texts: &[(&str, &str)]) -> String {
        let mut all = Texts::default();
        for (name, text) in texts {
            all.add(*name, text);
        }
        all.revision()
    }

    #[test]
    fn a_revision_is_of_names_and_contents() {
        let both = revision(&[("a", "1"), ("b", "2")]);
        assert_eq!(both, revision(&[("b", "2"), ("a", "1")]));
        assert_ne!(both, revision(&[("a", "2"), ("b", "1")]));
        assert_ne!(both, revision(&[("a", "1")]));
        assert_eq!(both.len(), "sha256:".len() + 64);
    }
}
