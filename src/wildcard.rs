//! One pattern of `*` and `?`: does it match a text? In time linear in the text.

use memchr::{memchr, memchr2, memmem, memrchr};

/// A pattern in which `*` is any run of characters and `?` exactly one (W1); everything else is itself (W8).
///
/// ```
/// use ramgate::Wildcard;
/// let pattern = Wildcard::new("vpc:Cancel*");
/// assert!(pattern.matches("vpc:CancelPhysicalConnection"));
/// assert!(!pattern.matches("vpc:cancelPhysicalConnection"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wildcard {
    text: Box<str>,
    shape: Shape,
    /// For each run between two stars that holds a `?`, in order: a search that memmem cannot do. Nearly no pattern has one.
    searches: Option<Box<[MaskSearch]>>,
}

impl Wildcard {
    /// Every text is a pattern; making one cannot fail.
    pub fn new(pattern: impl Into<Box<str>>) -> Wildcard {
        let text = pattern.into();
        let searches: Box<[MaskSearch]> = middle_runs(&text)
            .filter(|run| run.contains('?'))
            .map(MaskSearch::new)
            .collect();
        Wildcard {
            shape: Shape::of(&text),
            text,
            searches: (!searches.is_empty()).then_some(searches),
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `text` fits. No allocation; time linear in the text, whatever the pattern (`docs/performance.md`).
    pub fn matches(&self, text: &str) -> bool {
        self.matches_folded(text, 0)
    }

    /// The same, but the first `fold` bytes of the text compare without the case of ASCII letters (G18, W4).
    pub(crate) fn matches_folded(&self, text: &str, fold: usize) -> bool {
        fits(
            &self.text,
            self.shape,
            self.searches.as_deref().unwrap_or_default(),
            text,
            fold,
        )
    }

    /// Whether a run between two stars holds a `?`: then the pattern's text alone does not match fast.
    pub(crate) fn has_searches(&self) -> bool {
        self.searches.is_some()
    }
}

/// Where the metacharacters of a pattern are, found once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// The first and the last star; both the pattern's length where there is none.
    first_star: u32,
    last_star: u32,
    has_question: bool,
}

impl Shape {
    pub(crate) fn of(pattern: &str) -> Shape {
        let bytes = pattern.as_bytes();
        let place =
            |star: Option<usize>| u32::try_from(star.unwrap_or(bytes.len())).unwrap_or(u32::MAX);
        Shape {
            first_star: place(memchr(b'*', bytes)),
            last_star: place(memrchr(b'*', bytes)),
            has_question: memchr(b'?', bytes).is_some(),
        }
    }
}

/// Where the only star of a pattern is (its length where it has none), if there is no `?` and no second star: nearly all are so.
pub(crate) fn only_star(pattern: &str) -> Option<usize> {
    let bytes = pattern.as_bytes();
    let Some(at) = memchr2(b'*', b'?', bytes) else {
        return Some(bytes.len());
    };
    let (found, behind) = bytes.get(at..)?.split_first()?;
    (*found == b'*' && memchr2(b'*', b'?', behind).is_none()).then_some(at)
}

/// Whether the whole of `text` fits a pattern whose only star is there ([`only_star`]).
#[inline(always)]
pub(crate) fn fits_one_star(pattern: &[u8], star: usize, text: &[u8]) -> bool {
    fits_ends(pattern, star, text, same_bytes)
}

/// The same without the case of ASCII letters.
#[inline(always)]
pub(crate) fn fits_one_star_ignoring_case(pattern: &[u8], star: usize, text: &[u8]) -> bool {
    fits_ends(pattern, star, text, same_bytes_ignoring_case)
}

/// Most patterns are spelled as requests are: then one comparison of equal bytes is all.
#[inline]
fn same_bytes_ignoring_case(a: &[u8], b: &[u8]) -> bool {
    same_bytes(a, b) || a.eq_ignore_ascii_case(b)
}

#[inline(always)]
fn fits_ends(
    pattern: &[u8],
    star: usize,
    text: &[u8],
    same: impl Fn(&[u8], &[u8]) -> bool,
) -> bool {
    let Some((first, from_star)) = pattern.split_at_checked(star) else {
        return false;
    };
    let Some((start, rest)) = text.split_at_checked(first.len()) else {
        return false;
    };
    // Without a star nothing may be left; with one, its run is whatever stands between.
    let (last, end) = match from_star.split_first() {
        Some((_, last)) => (last, rest.get(rest.len().wrapping_sub(last.len())..)),
        None => (from_star, Some(rest)),
    };
    end.is_some_and(|end| same(first, start) && same(last, end))
}

/// Whether two texts are equal. Most are so short that a call would cost more than the comparison: two loads that overlap do for them.
#[inline]
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    #[inline]
    fn ends<const N: usize>(text: &[u8]) -> Option<[&[u8; N]; 2]> {
        Some([text.first_chunk()?, text.last_chunk()?])
    }
    a.len() == b.len()
        && match a.len() {
            0 => true,
            1..4 => a.iter().eq(b),
            4..8 => ends::<4>(a) == ends::<4>(b),
            8..=16 => ends::<8>(a) == ends::<8>(b),
            17..=32 => ends::<16>(a) == ends::<16>(b),
            _ => a == b,
        }
}

/// Whether the whole of `text` fits a pattern without a `?` between two stars.
pub(crate) fn fits_plain(pattern: &str, shape: Shape, text: &str, fold: usize) -> bool {
    fits(pattern, shape, &[], text, fold)
}

/// Whether the whole of `text` fits, in O(text + pattern): the runs between stars are found one after the other, each at its first place behind the
/// one before. An earlier place only leaves more room for the rest, so no other place need ever be tried; the search itself is
/// two-way (memmem), which is linear too. A run that holds a `?` costs O(text × run / 64) instead, see [`MaskSearch`]. In the first
/// `fold` bytes, which compare without case, every place is tried: O(fold × pattern) more, and callers keep `fold` small.
fn fits(pattern: &str, shape: Shape, searches: &[MaskSearch], text: &str, fold: usize) -> bool {
    let (first_star, last_star) = (shape.first_star as usize, shape.last_star as usize);
    if first_star >= pattern.len() {
        if shape.has_question {
            return run_fits_at(pattern, text, 0, fold) == Some(text.len());
        }
        return pattern.len() == text.len() && literal_fits_at(pattern, text, 0, fold);
    }
    let (Some(first), Some(last)) = (pattern.get(..first_star), pattern.get(last_star + 1..))
    else {
        return false;
    };
    if !shape.has_question && first_star == last_star {
        // One star, as nearly all have: its run is whatever the two ends leave.
        let ends = first.len() + last.len();
        return text.len() >= ends
            && literal_fits_at(first, text, 0, fold)
            && literal_fits_at(last, text, text.len() - last.len(), fold);
    }
    let Some(mut at) = run_fits_at(first, text, 0, fold) else {
        return false;
    };
    let Some(end) = run_fits_before_end(last, text, at, fold) else {
        return false;
    };
    let middle = pattern.get(first_star + 1..last_star).unwrap_or_default();
    let mut searches = searches.iter();
    for run in middle.split('*').filter(|run| !run.is_empty()) {
        let search = if run.contains('?') {
            searches.next()
        } else {
            None
        };
        match find_run(run, search, text, at, end, fold) {
            Some(after) => at = after,
            None => return false,
        }
    }
    true
}

/// Whether a run without `?` stands at this place. Bytes are enough: equal bytes are equal characters.
fn literal_fits_at(run: &str, text: &str, at: usize, fold: usize) -> bool {
    if run.is_empty() {
        return true;
    }
    let Some(found) = text.as_bytes().get(at..at + run.len()) else {
        return false;
    };
    if found == run.as_bytes() {
        return true;
    }
    at < fold
        && match found.split_at_checked(fold - at) {
            // A part of it is beyond the fold.
            Some((folded, exact)) => run
                .as_bytes()
                .split_at_checked(folded.len())
                .is_some_and(|(first, rest)| folded.eq_ignore_ascii_case(first) && exact == rest),
            None => found.eq_ignore_ascii_case(run.as_bytes()),
        }
}

/// What stands between the first star and the last, split at stars.
fn middle_runs(pattern: &str) -> impl Iterator<Item = &str> {
    let middle = pattern
        .split_once('*')
        .and_then(|(_, rest)| rest.rsplit_once('*'))
        .map_or("", |(middle, _)| middle);
    middle.split('*').filter(|run| !run.is_empty())
}

/// Whether a text holds a metacharacter.
pub(crate) fn has_wildcard(pattern: &str) -> bool {
    memchr2(b'*', b'?', pattern.as_bytes()).is_some()
}

/// Whether the whole of `text` fits a pattern that is used too seldom to keep its shape. (A `?` between two stars is slow here.)
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    matches_folded(pattern, text, 0)
}

/// The same, the first `fold` bytes of the text without case.
pub(crate) fn matches_folded(pattern: &str, text: &str, fold: usize) -> bool {
    fits(pattern, Shape::of(pattern), &[], text, fold)
}

/// Where a run of characters and `?` ends in `text` if it begins at `at`; `None` where it does not fit.
fn run_fits_at(run: &str, text: &str, at: usize, fold: usize) -> Option<usize> {
    if memchr(b'?', run.as_bytes()).is_none() {
        return literal_fits_at(run, text, at, fold).then_some(at + run.len());
    }
    let mut here = at;
    let mut found = text.get(at..)?.chars();
    for wanted in run.chars() {
        let c = found.next()?;
        let same = wanted == '?' || wanted == c || (here < fold && wanted.eq_ignore_ascii_case(&c));
        if !same {
            return None;
        }
        here += c.len_utf8();
    }
    Some(here)
}

/// Where a run begins that fits the end of `text`, not before `from`.
fn run_fits_before_end(run: &str, text: &str, from: usize, fold: usize) -> Option<usize> {
    let start = if run.contains('?') {
        let tail = text.get(from..)?;
        let count = run.chars().count();
        from + tail
            .char_indices()
            .rev()
            .nth(count.checked_sub(1)?)
            .map(|(index, _)| index)?
    } else {
        text.len()
            .checked_sub(run.len())
            .filter(|start| *start >= from)?
    };
    if !text.is_char_boundary(start) {
        return None;
    }
    (run_fits_at(run, text, start, fold)? == text.len()).then_some(start)
}

/// The end of the first place of `run` within `text[at..end]`.
fn find_run(
    run: &str,
    search: Option<&MaskSearch>,
    text: &str,
    at: usize,
    end: usize,
    fold: usize,
) -> Option<usize> {
    let within = text.get(at..end)?;
    for (offset, _) in within
        .char_indices()
        .take_while(|(offset, _)| at + offset < fold)
    {
        if let Some(after) = run_fits_at(run, text, at + offset, fold).filter(|after| *after <= end)
        {
            return Some(after);
        }
    }
    let mut from = at.max(fold.min(end));
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let left = text.get(from..end)?;
    match search {
        Some(search) if search.words <= MASK_WORDS_MAX => {
            search.find_end(left).map(|after| from + after)
        }
        None if !run.contains('?') => {
            memmem::find(left.as_bytes(), run.as_bytes()).map(|found| from + found + run.len())
        }
        _ => left.char_indices().find_map(|(offset, _)| {
            run_fits_at(run, text, from + offset, 0).filter(|after| *after <= end)
        }),
    }
}

/// Finds a run that holds `?` by bit-parallel simulation (Shift-And): bit *i* of the state says that the last *i* + 1 characters fit the first *i* + 1
/// of the run. Every character of the text costs one step over run / 64 words, whatever the text: there is no way back to take.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct MaskSearch {
    length: usize,
    words: usize,
    /// For every character of the run: its places, and those of `?`. The first row is for all other characters.
    rows: Box<[u64]>,
    characters: Box<[char]>,
}

/// A run longer than this is found by trying every place; RAM stores no policy that long.
const MASK_WORDS_MAX: usize = 128;

impl MaskSearch {
    fn new(run: &str) -> MaskSearch {
        let length = run.chars().count();
        let words = length.div_ceil(64);
        let mut characters: Vec<char> = run.chars().filter(|c| *c != '?').collect();
        characters.sort_unstable();
        characters.dedup();
        let row = |of: Option<char>| {
            let mut row = vec![0u64; words];
            for (place, _) in run
                .chars()
                .enumerate()
                .filter(|(_, c)| *c == '?' || Some(*c) == of)
            {
                if let Some(word) = row.get_mut(place / 64) {
                    *word |= 1 << (place % 64);
                }
            }
            row
        };
        let rows = std::iter::once(None)
            .chain(characters.iter().copied().map(Some))
            .flat_map(row)
            .collect();
        MaskSearch {
            length,
            words,
            rows,
            characters: characters.into(),
        }
    }

    /// The end of the first place in `text`.
    fn find_end(&self, text: &str) -> Option<usize> {
        let mut state = [0u64; MASK_WORDS_MAX];
        let state = state.get_mut(..self.words)?;
        let last = self.length - 1;
        for (at, c) in text.char_indices() {
            let row = self
                .characters
                .binary_search(&c)
                .map_or(0, |index| index + 1);
            let row = self.rows.get(row * self.words..(row + 1) * self.words)?;
            let mut carry = 1;
            for (word, mask) in state.iter_mut().zip(row) {
                let shifted = (*word << 1) | carry;
                carry = *word >> 63;
                *word = shifted & mask;
            }
            if state
                .last()
                .is_some_and(|word| word & (1 << (last % 64)) != 0)
            {
                return Some(at + c.len_utf8());
            }
        }
        None
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
            ("*?*", "é", true),
            ("*?é*", "éé", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "acb", false),
            ("*ab", "aab", true),
            ("ab*ba", "aba", false),
            ("*é?", "aéb", true),
            ("i-00?", "i-0012", false),
            ("**a**", "a", true),
            ("*a??b*b", "xaxxbb", true),
        ] {
            assert_eq!(
                Wildcard::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn g18_case_may_count_for_a_part_only() {
        let folded =
            |pattern: &str, text: &str, fold| Wildcard::new(pattern).matches_folded(text, fold);
        assert!(folded("ACS:VPC:x", "acs:vpc:x", 7));
        assert!(!folded("ACS:VPC:X", "acs:vpc:x", 7));
        assert!(folded("*VPC*x", "acs:vpc:x", 7));
        assert!(!folded("*VPC*X", "acs:vpc:x", 7));
        assert!(folded("*V?C*", "acs:vpc:x", 7));
        assert!(folded("*:X*", "acs:vpc:X", 7));
        // The fold may end within a character.
        assert!(folded("*:b*", "aé:b", 2));
        assert!(!folded("*:B*", "aé:b", 2));
    }

    #[test]
    fn a_run_longer_than_a_word() {
        let run = "a?".repeat(100);
        assert!(Wildcard::new(format!("*{run}*")).matches(&"a".repeat(400)));
        assert!(!Wildcard::new(format!("*{run}b*")).matches(&"a".repeat(400)));
        assert!(Wildcard::new(format!("*{run}b*")).matches(&format!("{}b-", "a".repeat(300))));
    }
}
