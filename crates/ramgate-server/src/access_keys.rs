//! Whose an AccessKey is: a file of ids and principals, without any secret.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ramgate::Principal;

use crate::tokens::for_each_line;

/// Principals by the ids of their AccessKeys.
#[derive(Clone, Debug)]
pub(crate) struct AccessKeys(HashMap<String, Principal<'static>>);

impl AccessKeys {
    /// Reads a file of lines `<AccessKeyId> <principal>`; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// When it cannot be read, has none, an id stands twice or is none, or a principal is none: with its line.
    pub(crate) fn read(path: &Path) -> Result<AccessKeys> {
        let mut keys = HashMap::new();
        for_each_line(path, |line| {
            let split = line.split_once(char::is_whitespace);
            let (id, principal) = split.context("expected an AccessKeyId and a principal")?;
            let usual =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
            ensure!(id.bytes().all(usual), "{id:?} is no AccessKeyId");
            let principal = Principal::parse(principal.trim())?.into_owned();
            ensure!(
                keys.insert(id.to_owned(), principal).is_none(),
                "an AccessKeyId that stands twice"
            );
            Ok(())
        })?;
        ensure!(!keys.is_empty(), "{}: holds no AccessKeyId", path.display());
        Ok(AccessKeys(keys))
    }

    /// Letter case counts.
    pub(crate) fn principal(&self, id: &str) -> Option<&Principal<'static>> {
        self.0.get(id)
    }
}
