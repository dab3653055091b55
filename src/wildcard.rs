//! One pattern of `*` and `?`: does it match a text?

/// How far a comparison ignores the case of ASCII letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Letters compare exactly.
    Exact,
    /// Letters of the whole text compare without case.
    Ignore,
    /// Only the first so many bytes of the text compare without case (G18: `acs` and the service of an ARN).
    IgnoreUpTo(usize),
}

/// A pattern in which `*` is any run of characters and `?` exactly one (W1); everything else is itself (W8).
///
/// ```
/// use ramgate::Wildcard;
/// let pattern = Wildcard::new("vpc:Cancel*");
/// assert!(pattern.matches("vpc:CancelPhysicalConnection"));
/// assert!(!pattern.matches("vpc:cancelPhysicalConnection"));
/// assert!(pattern.matches_ignoring_case("VPC:cancelphysicalconnection"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wildcard(Box<str>);

impl Wildcard {
    /// Every text is a pattern; making one cannot fail.
    pub fn new(pattern: impl Into<Box<str>>) -> Wildcard {
        Wildcard(pattern.into())
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `text` fits. O(pattern × text) at worst, no allocation.
    pub fn matches(&self, text: &str) -> bool {
        matches(&self.0, text, Case::Exact)
    }

    /// The same, ASCII letters compared without case (W4).
    pub fn matches_ignoring_case(&self, text: &str) -> bool {
        matches(&self.0, text, Case::Ignore)
    }
}

/// Whether a text holds a metacharacter.
pub(crate) fn has_wildcard(pattern: &str) -> bool {
    pattern.bytes().any(|byte| matches!(byte, b'*' | b'?'))
}

/// Two cursors and one way back: a mismatch can only be mended by letting the *last* star take one character more,
/// since everything before it already matched as early as possible. So the work is at most pattern × text.
pub(crate) fn matches(pattern: &str, text: &str, case: Case) -> bool {
    let mut pattern_left = pattern.chars();
    let mut text_left = text.chars();
    // After a star: the pattern behind it, and the text from the last place that was tried for it.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let pattern_here = pattern_left.clone();
        let text_here = text_left.clone();
        match (pattern_left.next(), text_left.next()) {
            (Some('*'), _) => {
                retry = Some((pattern_left.clone(), text_here.clone()));
                text_left = text_here;
                continue;
            }
            (None, None) => return true,
            (Some(wanted), Some(found))
                if wanted == '?'
                    || same(wanted, found, text.len() - text_here.as_str().len(), case) =>
            {
                continue;
            }
            _ => {}
        }
        drop(pattern_here);
        let Some((after_star, from)) = &mut retry else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        pattern_left = after_star.clone();
        text_left = from.clone();
    }
}

fn same(wanted: char, found: char, at: usize, case: Case) -> bool {
    wanted == found
        || match case {
            Case::Exact => false,
            Case::Ignore => wanted.eq_ignore_ascii_case(&found),
            Case::IgnoreUpTo(end) => at < end && wanted.eq_ignore_ascii_case(&found),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w1_star_and_question_mark() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "acb", false),
            ("*ab", "aab", true),
            ("i-00?", "i-0012", false),
            ("**a**", "a", true),
        ] {
            assert_eq!(
                Wildcard::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn case_may_count_for_a_part_only() {
        assert!(matches("ACS:VPC:x", "acs:vpc:x", Case::IgnoreUpTo(7)));
        assert!(!matches("ACS:VPC:X", "acs:vpc:x", Case::IgnoreUpTo(7)));
    }
}
