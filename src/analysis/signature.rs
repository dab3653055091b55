//! A glance at a pattern: which neighbouring characters it asks for. Most patterns that a text does not fit are told by it.

use crate::condition::fold_case;

/// Every two and three neighbouring characters that a text has, or that all texts of a pattern have, as a few bits each. What has all of
/// another's may have all its neighbours; what lacks one does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Signature([u64; 4]);

impl Signature {
    pub(crate) fn of_text(text: &str) -> Signature {
        Signature::of(text.chars().map(Some))
    }

    /// `None` where anything may stand.
    pub(crate) fn of(characters: impl Iterator<Item = Option<char>>) -> Signature {
        let mut signature = Signature::default();
        let (mut before, mut last): (Option<u64>, Option<u64>) = (None, None);
        for c in characters {
            // Without case: what differs in more than case differs in every way of comparing.
            let now = c.map(|c| u64::from(u32::from(folded(c))));
            if let (Some(last), Some(now)) = (last, now) {
                signature.add((last << 21) | now);
                if let Some(before) = before {
                    signature.add((1 << 63) | (before << 42) | (last << 21) | now);
                }
            }
            (before, last) = (last, now);
        }
        signature
    }

    fn add(&mut self, neighbours: u64) {
        let mixed = neighbours.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let [a, b, c, d] = &mut self.0;
        let word = match mixed >> 6 {
            0 => a,
            1 => b,
            2 => c,
            _ => d,
        };
        *word |= 1 << (mixed & 63);
    }

    pub(crate) fn has_all_of(&self, other: &Signature) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(own, other)| other & !own == 0)
    }
}

fn folded(c: char) -> char {
    if c.is_ascii() {
        c.to_ascii_lowercase()
    } else {
        fold_case(c)
    }
}
