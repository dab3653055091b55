//! How a pattern would match if RAM had what it does not document: variables `${…}` (V1) and escapes `\*`, `\?` (W8).
//!
//! Both are plain text here. But an answer that another reading would turn hangs on it, and must say so.

use memchr::{memchr, memchr2};

use crate::truth::{Match, OpenRule, Truth};
use crate::wildcard::Wildcard;

/// Stand for a `*` and a `?` that mean themselves: characters that Unicode promises never to assign. A text in which they replace the real ones
/// matches as before, but for patterns that ask for exactly them.
const STAR: char = '\u{fdd0}';
const QUESTION_MARK: char = '\u{fdd1}';

/// `${…}` as any text; `None` where there is none.
pub(crate) fn with_variables(pattern: &str) -> Option<String> {
    memchr(b'$', pattern.as_bytes())?;
    let mut read = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${")
        && let Some((_, behind)) = after.split_once('}')
    {
        read.push_str(before);
        read.push('*');
        rest = behind;
    }
    (rest.len() < pattern.len()).then(|| read + rest)
}

/// `\*` and `\?` as the character behind the backslash; `None` where there is none.
pub(crate) fn with_escapes(pattern: &str) -> Option<String> {
    memchr(b'\\', pattern.as_bytes())?;
    let read = pattern
        .replace("\\*", STAR.encode_utf8(&mut [0; 4]))
        .replace("\\?", QUESTION_MARK.encode_utf8(&mut [0; 4]));
    (read != pattern).then_some(read)
}

/// A text whose `*` and `?` mean themselves.
pub(crate) fn marked(text: &str) -> String {
    text.replace('*', STAR.encode_utf8(&mut [0; 4]))
        .replace('?', QUESTION_MARK.encode_utf8(&mut [0; 4]))
}

/// The literal answer, in doubt where the other reading of the pattern would turn it. A variable's value is not known: what it may fit, it may also not
/// fit.
pub(crate) fn doubt(answer: Match, rule: OpenRule, other: Truth) -> Match {
    let doubtful = match rule {
        OpenRule::V1 => other != Truth::No || answer.truth != Truth::No,
        _ => other != answer.truth,
    };
    if doubtful { answer.under(rule) } else { answer }
}

/// The other readings of a listed value of a condition; none for nearly every value.
#[derive(Clone, Debug, Default)]
pub(crate) struct OtherReadings(Box<[(OpenRule, Wildcard)]>);

impl OtherReadings {
    /// `wildcards`: whether `*` and `?` are metacharacters where the value stands (W2).
    pub(crate) fn of(value: &str, wildcards: bool) -> OtherReadings {
        if memchr2(b'$', b'\\', value.as_bytes()).is_none() {
            return OtherReadings::default();
        }
        let variables = if wildcards {
            with_variables(value)
        } else {
            with_variables(&marked(value))
        };
        let escapes = if wildcards { with_escapes(value) } else { None };
        let readings = [(OpenRule::V1, variables), (OpenRule::W8, escapes)];
        let readings = readings
            .into_iter()
            .filter_map(|(rule, read)| Some((rule, Wildcard::new(read?))));
        OtherReadings(readings.collect())
    }

    /// The literal answer with its doubts, where they are wanted. `ignore_case`: letters compare without (ASCII) case.
    pub(crate) fn doubt_if(
        &self,
        wanted: bool,
        answer: Match,
        value: &str,
        ignore_case: bool,
    ) -> Match {
        if !wanted || self.0.is_empty() {
            return answer;
        }
        let value = marked(value);
        let fold = if ignore_case { value.len() } else { 0 };
        self.0.iter().fold(answer, |answer, (rule, pattern)| {
            let fits = pattern.matches_folded(&value, fold);
            doubt(answer, *rule, if fits { Truth::Yes } else { Truth::No })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubted(pattern: &str, answer: Match, text: &str) -> Match {
        OtherReadings::of(pattern, true).doubt_if(true, answer, text, false)
    }

    #[test]
    fn v1_a_variable_may_be_anything() {
        assert_eq!(
            doubted("home/${user}/*", Match::NO, "home/alice/x"),
            Match::NO.under(OpenRule::V1)
        );
        assert_eq!(
            doubted("home/${user}/*", Match::YES, "home/${user}/x"),
            Match::YES.under(OpenRule::V1)
        );
        assert_eq!(
            doubted("home/${user}/*", Match::NO, "data/alice/x"),
            Match::NO
        );
        assert_eq!(doubted("home/${user", Match::NO, "home/alice"), Match::NO);
    }

    #[test]
    fn w8_an_escape_would_be_literal() {
        assert_eq!(
            doubted("a\\*b", Match::NO, "a*b"),
            Match::NO.under(OpenRule::W8)
        );
        assert_eq!(
            doubted("a\\*b", Match::YES, "a\\xb"),
            Match::YES.under(OpenRule::W8)
        );
        assert_eq!(doubted("a\\?b", Match::NO, "b"), Match::NO);
    }
}
