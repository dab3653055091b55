//! A statement with very many resources: which of them begin as the request's relative id does?

use crate::policy::keys::beginning;
use crate::policy::packed::Packed;
use crate::resource_pattern::{Form, RareResource, ResourcePattern};

/// The resource patterns of one statement by the literal beginnings of their relative ids, for requests whose resource has four colons.
///
/// A relative id fits a pattern only if it begins with the pattern's literal beginning. In the order of texts, whatever stands between a beginning
/// and a text that begins so does begin so too. So all beginnings of a text are found from its place in the order, by going from each
/// beginning to the next shorter one that it begins with: a binary search, and one step for each beginning on that chain.
#[derive(Clone, Debug)]
pub(crate) struct LongList {
    sorted: Box<[Listed]>,
    /// The places of the patterns that have another form.
    others: Box<[u32]>,
}

#[derive(Clone, Debug)]
struct Listed {
    place: u32,
    /// The number of the longest other beginning that this one begins with.
    shorter: Option<u32>,
}

impl LongList {
    /// So many patterns are worth a list.
    pub(crate) const WORTHWHILE: usize = 64;

    pub(crate) fn new(packed: &Packed<'_>, rare: &[RareResource]) -> LongList {
        let mut resources = packed.resources(rare);
        let (mut simple, mut others) = (Vec::new(), Vec::new());
        loop {
            let place = resources.place();
            let Some(pattern) = resources.next() else {
                break;
            };
            match relative_beginning(&pattern) {
                Some(beginning) => simple.push((beginning, place)),
                None if pattern.rare.is_none() => others.push(place),
                None => {}
            }
        }
        simple.sort_unstable();
        let mut sorted: Vec<Listed> = Vec::with_capacity(simple.len());
        // The beginnings of the last one, the longest at the end.
        let mut open: Vec<(&[u8], u32)> = Vec::new();
        for ((beginning, place), number) in simple.iter().zip(0..) {
            while open
                .pop_if(|(other, _)| !beginning.starts_with(other))
                .is_some()
            {}
            sorted.push(Listed {
                place: *place,
                shorter: open.last().map(|(_, number)| *number),
            });
            open.push((beginning, number));
        }
        LongList {
            sorted: sorted.into(),
            others: others.into(),
        }
    }

    /// All patterns that may fit.
    pub(crate) fn candidates<'p>(
        &'p self,
        relative: &'p [u8],
        packed: Packed<'p>,
        rare: &'p [RareResource],
    ) -> impl Iterator<Item = ResourcePattern<'p>> {
        let pattern = move |listed: &Listed| packed.resource_at(listed.place);
        let beginning = move |listed: &Listed| {
            pattern(listed)
                .and_then(|pattern| relative_beginning(&pattern))
                .unwrap_or_default()
        };
        let behind = self
            .sorted
            .partition_point(|listed| beginning(listed) <= relative);
        let before = behind.checked_sub(1).and_then(|last| self.sorted.get(last));
        // The beginnings of a chain are beginnings of its first; so only the length in common counts.
        let in_common = before.map_or(0, |listed| common_length(beginning(listed), relative));
        let chain =
            std::iter::successors(before, |listed| self.sorted.get(listed.shorter? as usize));
        chain
            .filter_map(pattern)
            .filter(move |pattern| {
                relative_beginning(pattern).is_some_and(|beginning| beginning.len() <= in_common)
            })
            .chain(
                self.others
                    .iter()
                    .filter_map(move |place| packed.resource_at(*place)),
            )
            .chain(rare.iter().map(RareResource::pattern))
    }
}

/// The literal beginning of the relative id of a simple pattern.
fn relative_beginning<'p>(pattern: &ResourcePattern<'p>) -> Option<&'p [u8]> {
    let simple = matches!(pattern.form, Form::Simple(_));
    let [.., relative] = pattern.parts().filter(|_| simple)?;
    Some(beginning(relative))
}

fn common_length(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::packed::{Flags, write};

    #[test]
    fn all_beginnings_of_a_text_are_found() {
        let beginnings = [
            "", "a", "a", "ab", "abc", "abcd", "abd", "b", "ba", "aa", "aab", "é", "éa", "z",
        ];
        let resources: Vec<String> = beginnings
            .iter()
            .map(|beginning| format!("acs:oss:*:*:{beginning}*x"))
            .chain([
                "*".to_owned(),
                "acs:*:*:*:a".to_owned(),
                "acs:oss:*:*:*a?b*".to_owned(),
            ])
            .collect();
        let mut bytes = Vec::new();
        let (_, rare) = write(
            &mut bytes,
            0,
            Flags::none(),
            std::iter::empty(),
            resources.iter().map(String::as_str),
        );
        let packed = Packed::at(&bytes, 0).unwrap();
        let list = LongList::new(&packed, &rare);
        for text in [
            "", "a", "abc", "abce", "abzz", "aaaa", "b", "bb", "éa", "éb", "zz", "~",
        ] {
            let mut found: Vec<&str> = list
                .candidates(text.as_bytes(), packed, &rare)
                .map(|pattern| pattern.as_str())
                .collect();
            let mut expected: Vec<&str> = resources
                .iter()
                .map(String::as_str)
                .filter(|pattern| match pattern.strip_prefix("acs:oss:*:*:") {
                    Some(relative) => text.starts_with(relative.split('*').next().unwrap()),
                    None => true,
                })
                .collect();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{text}");
        }
    }
}
