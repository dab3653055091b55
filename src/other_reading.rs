//! How a pattern would match if RAM had what it does not document: variables `${…}` (V1) and escapes `\*`, `\?` (W8).
//!
//! Both are plain text here. But an answer that another reading would turn hangs on it, and must say so.

use crate::truth::{Match, OpenRule, Truth};

/// The other readings of one pattern; none for nearly every pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct OtherReadings(Box<[(OpenRule, Box<[Token]>)]>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Token {
    Char(char),
    One,
    Run,
}

impl OtherReadings {
    /// `wildcards`: whether `*` and `?` are metacharacters where the pattern stands (W2).
    pub(crate) fn of(pattern: &str, wildcards: bool) -> OtherReadings {
        let plain = |c: char| match c {
            '*' if wildcards => Token::Run,
            '?' if wildcards => Token::One,
            c => Token::Char(c),
        };
        let mut readings = Vec::new();
        if pattern.contains("${") {
            readings.push((OpenRule::V1, with_variables(pattern, plain)));
        }
        if wildcards && (pattern.contains("\\*") || pattern.contains("\\?")) {
            readings.push((OpenRule::W8, with_escapes(pattern, plain)));
        }
        OtherReadings(readings.into())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same, where it is wanted.
    pub(crate) fn doubt_if(&self, wanted: bool, answer: Match, text: &str) -> Match {
        if wanted && !self.is_empty() {
            self.doubt(answer, text)
        } else {
            answer
        }
    }

    /// The literal answer, with the doubts of the readings under which it could be another.
    pub(crate) fn doubt(&self, answer: Match, text: &str) -> Match {
        self.0.iter().fold(answer, |answer, (rule, tokens)| {
            let fits = fits(tokens, text);
            let doubtful = match rule {
                // A variable's value is not known: what it may fit, it may also not fit.
                OpenRule::V1 => fits || answer.truth != Truth::No,
                _ => fits != (answer.truth == Truth::Yes),
            };
            if doubtful {
                answer.under(*rule)
            } else {
                answer
            }
        })
    }
}

/// `${…}` as any text.
fn with_variables(pattern: &str, plain: impl Fn(char) -> Token) -> Box<[Token]> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        tokens.extend(before.chars().map(&plain));
        match after.split_once('}') {
            Some((_, after)) => {
                tokens.push(Token::Run);
                rest = after;
            }
            None => {
                tokens.extend("${".chars().map(&plain));
                rest = after;
            }
        }
    }
    tokens.extend(rest.chars().map(&plain));
    tokens.into()
}

/// `\*` and `\?` as the character that follows the backslash.
fn with_escapes(pattern: &str, plain: impl Fn(char) -> Token) -> Box<[Token]> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next @ ('*' | '?')) if c == '\\' => {
                tokens.push(Token::Char(*next));
                chars.next();
            }
            _ => tokens.push(plain(c)),
        }
    }
    tokens.into()
}

/// Which prefixes of the pattern fit the text so far: O(pattern × text), no way back needed.
fn fits(tokens: &[Token], text: &str) -> bool {
    let mut reached = vec![false; tokens.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    pass_runs(tokens, &mut reached);
    for c in text.chars() {
        let mut before = false;
        for (slot, token) in reached
            .iter_mut()
            .zip(std::iter::once(None).chain(tokens.iter().map(Some)))
        {
            let here = *slot;
            *slot = match token {
                None => false,
                Some(Token::Char(wanted)) => before && *wanted == c,
                Some(Token::One) => before,
                Some(Token::Run) => here || before,
            };
            before = here;
        }
        pass_runs(tokens, &mut reached);
    }
    reached.last().copied().unwrap_or_default()
}

/// A run may be empty: where it can begin, it can also end.
fn pass_runs(tokens: &[Token], reached: &mut [bool]) {
    let mut before = reached.first().copied().unwrap_or_default();
    for (slot, token) in reached.iter_mut().skip(1).zip(tokens) {
        *slot |= before && *token == Token::Run;
        before = *slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubt(pattern: &str, answer: Match, text: &str) -> Match {
        OtherReadings::of(pattern, true).doubt(answer, text)
    }

    #[test]
    fn v1_a_variable_may_be_anything() {
        assert_eq!(
            doubt("home/${user}/*", Match::NO, "home/alice/x"),
            Match::NO.under(OpenRule::V1)
        );
        assert_eq!(
            doubt("home/${user}/*", Match::YES, "home/${user}/x"),
            Match::YES.under(OpenRule::V1)
        );
        assert_eq!(
            doubt("home/${user}/*", Match::NO, "data/alice/x"),
            Match::NO
        );
        assert_eq!(doubt("home/${user", Match::NO, "home/alice"), Match::NO);
    }

    #[test]
    fn w8_an_escape_would_be_literal() {
        assert_eq!(
            doubt("a\\*b", Match::NO, "a*b"),
            Match::NO.under(OpenRule::W8)
        );
        assert_eq!(
            doubt("a\\*b", Match::YES, "a\\xb"),
            Match::YES.under(OpenRule::W8)
        );
        assert_eq!(doubt("a\\?b", Match::NO, "b"), Match::NO);
    }
}
