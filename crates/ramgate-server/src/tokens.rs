//! Bearer tokens, kept as digests and compared in a time that tells nothing of them.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use axum::http::{HeaderMap, HeaderName, header};
use ramgate::Principal;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Shorter ones can be guessed.
const TOKEN_BYTES_MIN: usize = 16;

/// What callers of the decision point present.
#[derive(Clone, Debug)]
pub(crate) struct Tokens(Vec<Digested>);

/// Tokens that each stand for a principal.
#[derive(Clone, Debug)]
pub(crate) struct PrincipalTokens(Vec<(Digested, Principal<'static>)>);

type Digested = [u8; 32];

fn digest(token: &str) -> Digested {
    Sha256::digest(token).into()
}

impl Tokens {
    /// Reads a file of tokens, one a line; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// When it cannot be read, has none, or one is too short: with its line.
    pub(crate) fn read(path: &Path) -> Result<Tokens> {
        let mut tokens = Vec::new();
        for_each_line(path, |line| {
            ensure!(
                !line.contains(char::is_whitespace),
                "a blank in a token; expected one token a line"
            );
            tokens.push(checked(line)?);
            Ok(())
        })?;
        ensure!(!tokens.is_empty(), "{}: holds no token", path.display());
        Ok(Tokens(tokens))
    }

    /// Whether it is one of them. All are looked at, whichever it is.
    pub(crate) fn accept(&self, token: &str) -> bool {
        let given = digest(token);
        let all = self.0.iter();
        all.fold(false, |found, known| {
            found | bool::from(known.ct_eq(&given))
        })
    }
}

impl PrincipalTokens {
    /// Reads a file of lines `<token> <principal>`.
    ///
    /// # Errors
    /// When it cannot be read, has none, a token is too short or stands twice, or a principal is none: with its line.
    pub(crate) fn read(path: &Path) -> Result<PrincipalTokens> {
        let mut tokens: Vec<(Digested, Principal<'static>)> = Vec::new();
        for_each_line(path, |line| {
            let split = line.split_once(char::is_whitespace);
            let (token, principal) = split.context("expected a token and a principal")?;
            let principal = Principal::parse(principal.trim())?.into_owned();
            let token = checked(token)?;
            ensure!(
                tokens.iter().all(|(known, _)| *known != token),
                "a token that stands twice"
            );
            tokens.push((token, principal));
            Ok(())
        })?;
        ensure!(!tokens.is_empty(), "{}: holds no token", path.display());
        Ok(PrincipalTokens(tokens))
    }

    /// For whom it stands. All are looked at, whichever it is.
    pub(crate) fn principal(&self, token: &str) -> Option<&Principal<'static>> {
        let given = digest(token);
        let mut found = None;
        for (known, principal) in &self.0 {
            if bool::from(known.ct_eq(&given)) {
                found = Some(principal);
            }
        }
        found
    }
}

fn checked(token: &str) -> Result<Digested> {
    if token.len() < TOKEN_BYTES_MIN {
        bail!("a token shorter than {TOKEN_BYTES_MIN} bytes can be guessed");
    }
    Ok(digest(token))
}

/// What stands in a file line by line, without empty lines and comments; an error has its line.
pub(crate) fn for_each_line(path: &Path, mut read: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            read(line).with_context(|| format!("{name}:{}", index + 1))?;
        }
    }
    Ok(())
}

/// The token of `Authorization: Bearer …`; an error where there are several or another kind.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let Some(value) = single(headers, &header::AUTHORIZATION)? else {
        return Ok(None);
    };
    match value.split_once(' ') {
        Some((kind, token)) if kind.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(()),
    }
}

/// The one value of a header; an error where there are several, or it is no visible ASCII.
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_tokens_are_accepted() {
        let tokens = Tokens(vec![digest("0123456789abcdef"), digest("fedcba9876543210")]);
        assert!(tokens.accept("0123456789abcdef") && tokens.accept("fedcba9876543210"));
        for bad in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "0123456789ABCDEF",
        ] {
            assert!(!tokens.accept(bad), "{bad}");
        }
    }

    #[test]
    fn one_bearer_token() {
        let headers = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            headers
        };
        assert_eq!(bearer(&headers(&[])), Ok(None));
        assert_eq!(bearer(&headers(&["Bearer abc"])), Ok(Some("abc")));
        assert_eq!(bearer(&headers(&["bearer  abc"])), Ok(Some("abc")));
        assert_eq!(bearer(&headers(&["Basic abc"])), Err(()));
        assert_eq!(bearer(&headers(&["Bearer a", "Bearer b"])), Err(()));
    }
}
