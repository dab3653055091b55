//! Compares two texts: exactly, or without case (O5).

use crate::condition::Comparison;
use crate::truth::{Match, OpenRule};

pub(crate) fn fits(comparison: Comparison, listed: &str, value: &str) -> Match {
    match comparison {
        Comparison::EqualIgnoringCase => equal_ignoring_case(listed, value),
        _ => Match::sure(listed == value),
    }
}

fn equal_ignoring_case(a: &str, b: &str) -> Match {
    if a.eq_ignore_ascii_case(b) {
        return Match::YES;
    }
    if a.is_ascii() && b.is_ascii() {
        return Match::NO;
    }
    let equal = a.chars().map(fold_case).eq(b.chars().map(fold_case));
    // O5: the documentation does not say how letters beyond ASCII compare.
    if equal {
        Match::YES.under(OpenRule::O5)
    } else {
        Match::NO
    }
}

/// Simple Unicode case folding: one character for one. The two dotted and dotless letters of Turkish fold to themselves.
pub(crate) fn fold_case(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    if matches!(c, '\u{130}' | '\u{131}') {
        return c;
    }
    only(
        only(c, c.to_uppercase()),
        only(c, c.to_uppercase()).to_lowercase(),
    )
}

/// Every character that folds as this one does, itself among them.
pub(crate) fn case_variants(c: char) -> impl Iterator<Item = char> {
    let folded = fold_case(c);
    let near = [c, folded, only(c, c.to_uppercase()), '\u{17f}', '\u{212a}'];
    // The variants of a letter beyond ASCII may be far from it.
    let far = if folded.is_ascii() {
        '\u{80}'..='\u{80}'
    } else {
        '\u{80}'..='\u{1ffff}'
    };
    near.into_iter()
        .chain(far)
        .filter(move |other| fold_case(*other) == folded)
}

/// The one character of a mapping, or `otherwise` where it has more.
fn only(otherwise: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(c), None) => c,
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unicode's own table of simple folding, as the regex crate carries it.
    #[test]
    fn folding_is_unicodes_simple_folding() {
        // The compiler's Unicode may be newer than the oracle's.
        let unassigned = regex::Regex::new(r"^\p{Cn}$").unwrap();
        for c in ('\u{80}'..='\u{1ffff}').filter(|c| fold_case(*c) != *c) {
            let pattern =
                regex::Regex::new(&format!("^(?i:{})$", regex::escape(&c.to_string()))).unwrap();
            assert!(
                unassigned.is_match(&c.to_string()) || pattern.is_match(&fold_case(c).to_string()),
                "{c:?} U+{:04X} folds to {:?}",
                c as u32,
                fold_case(c)
            );
        }
        for (a, b) in [("Straße", "STRASSE"), ("ı", "i"), ("İ", "i")] {
            assert_eq!(equal_ignoring_case(a, b), Match::NO);
        }
        assert_eq!(
            equal_ignoring_case("ΣΊΣΥΦΟΣ", "σίσυφος"),
            Match::YES.under(OpenRule::O5)
        );
    }
}
