//! The resource that a request names: one ARN, or nothing in particular.

use std::borrow::Cow;

use crate::problem::RequestError;

/// The resource of a request: an ARN `acs:<service>:<region>:<account>:<relative id>` (A1), taken literally (W10),
/// or `*` for a request without a particular resource (E20).
///
/// ```
/// let circuit = ramgate::Arn::parse("acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-1")?;
/// assert_eq!(circuit.service(), Some("vpc"));
/// assert_eq!(circuit.account(), Some("1234567890123456"));
/// assert_eq!(circuit.relative_id(), Some("physicalconnection/pc-1"));
/// assert!(ramgate::Arn::parse("*")?.is_any());
/// # Ok::<(), ramgate::RequestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arn<'a> {
    text: Cow<'a, str>,
    /// `None` for `*`.
    colons: Option<Colons>,
}

/// Where the first five colons of a text are; its end, where it has no fifth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Colons([usize; 5]);

/// The parts of an ARN that patterns compare with, taken apart once for each decision. Bytes: equal bytes are equal characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArnParts<'r> {
    pub(crate) service: &'r [u8],
    pub(crate) region: &'r [u8],
    pub(crate) account: &'r [u8],
    pub(crate) relative: &'r [u8],
    /// W7: the relative id holds a `:`, so that a text as a whole may read otherwise than its fields.
    pub(crate) more_colons: bool,
}

impl<'a> Arn<'a> {
    /// Takes a text apart. Region and account may be empty or `*` (A2).
    ///
    /// # Errors
    /// When the text is neither `*` nor begins with `acs:` and has five fields, of which service and relative id hold something.
    #[inline]
    pub fn parse(text: impl Into<Cow<'a, str>>) -> Result<Arn<'a>, RequestError> {
        let text = text.into();
        if text == "*" {
            return Ok(Arn { text, colons: None });
        }
        let colons = Colons::of(&text).ok_or_else(|| {
            RequestError::new(format!(
                "resource {} has too few fields; an ARN is acs:<service>:<region>:<account>:<relative id>",
                crate::problem::quoted(&text)
            ))
        })?;
        let Colons([_, b, _, d, _]) = colons;
        // Neither service nor relative id is empty.
        if !text.starts_with(ACS) || b == ACS.len() || d + 1 == text.len() {
            return Err(RequestError::new(format!(
                "resource {} is no ARN; an ARN is acs:<service>:<region>:<account>:<relative id>",
                crate::problem::quoted(&text)
            )));
        }
        Ok(Arn {
            text,
            colons: Some(colons),
        })
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the request names no particular resource (E20).
    pub fn is_any(&self) -> bool {
        self.colons.is_none()
    }

    /// The RAM code of the service, `vpc` for example.
    pub fn service(&self) -> Option<&str> {
        let Colons([a, b, ..]) = self.colons?;
        self.text.get(a + 1..b)
    }

    /// The region; may be empty or `*`.
    pub fn region(&self) -> Option<&str> {
        let Colons([_, b, c, ..]) = self.colons?;
        self.text.get(b + 1..c)
    }

    /// The account that owns the resource; `None` where the ARN does not say (`*`, or an empty or `*` field).
    #[inline]
    pub fn account(&self) -> Option<&str> {
        let Colons([_, _, c, d, _]) = self.colons?;
        self.text
            .get(c + 1..d)
            .filter(|account| !matches!(*account, "" | "*"))
    }

    /// What follows the fourth colon.
    pub fn relative_id(&self) -> Option<&str> {
        let Colons([.., d, _]) = self.colons?;
        self.text.get(d + 1..)
    }

    /// The same, owning its text.
    pub fn into_owned(self) -> Arn<'static> {
        Arn {
            text: Cow::Owned(self.text.into_owned()),
            colons: self.colons,
        }
    }

    pub(crate) fn fields(&self) -> Option<[&str; 5]> {
        self.colons.and_then(|colons| colons.split(&self.text))
    }

    /// What [`Arn::fields`] gives, for the hot path.
    #[inline]
    pub(crate) fn parts(&self) -> Option<ArnParts<'_>> {
        let Colons([_, b, c, d, fifth]) = self.colons?;
        let text = self.text.as_bytes();
        let (before, relative) = text.split_at_checked(d)?;
        Some(ArnParts {
            service: before.get(ACS.len()..b)?,
            region: before.get(b + 1..c)?,
            account: before.get(c + 1..)?,
            relative: relative.get(1..)?,
            more_colons: fifth < text.len(),
        })
    }
}

/// How every ARN begins (A1).
pub(crate) const ACS: &str = "acs:";

impl Colons {
    /// `None` where there are fewer than four.
    #[inline]
    pub(crate) fn of(text: &str) -> Option<Colons> {
        // Fields are so short that calls of memchr would cost more than they find.
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        let mut places = [text.len(); 5];
        let mut free = places.iter_mut();
        'found: {
            for (number, word) in words.iter().enumerate() {
                let mut bits = colons_of(*word);
                while bits != 0 {
                    let Some(place) = free.next() else {
                        break 'found;
                    };
                    *place = number * 8 + bits.trailing_zeros() as usize / 8;
                    bits &= bits - 1;
                }
            }
            for (at, _) in rest.iter().enumerate().filter(|(_, byte)| **byte == b':') {
                let Some(place) = free.next() else {
                    break 'found;
                };
                *place = words.len() * 8 + at;
            }
        }
        (free.len() <= 1).then_some(Colons(places))
    }

    /// The five fields of the text.
    pub(crate) fn split<'t>(&self, text: &'t str) -> Option<[&'t str; 5]> {
        let Colons([a, b, c, d, _]) = *self;
        Some([
            text.get(..a)?,
            text.get(a + 1..b)?,
            text.get(b + 1..c)?,
            text.get(c + 1..d)?,
            text.get(d + 1..)?,
        ])
    }
}

/// The colons among eight bytes: the top bit of each byte that is one.
#[inline]
fn colons_of(word: [u8; 8]) -> u64 {
    const LOW_SEVEN: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // A byte of this is zero where the word has a colon; then the top bit is set of exactly the bytes that are zero.
    let differs = u64::from_le_bytes(word) ^ u64::from_le_bytes([b':'; 8]);
    !(((differs & LOW_SEVEN) + LOW_SEVEN) | differs | LOW_SEVEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_are_found_wherever_they_stand() {
        for text in [
            "",
            ":",
            "a:",
            "acs:vpc:cn-shanghai:1:x",
            "::::",
            ":::::",
            "::::::::",
            ":::::::::",
            "é:ü:\u{ba}:;:9",
            "12345678:::",
            "1234567:1:2:3",
            "\u{1}:\u{3b}:\u{7f}:\u{80}:x",
            "a:b:c:d:e:f",
        ] {
            let mut places = text
                .bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b':')
                .map(|(at, _)| at);
            let first: Vec<usize> = places.by_ref().take(4).collect();
            let fifth = places.next().unwrap_or(text.len());
            let expected = <[usize; 4]>::try_from(first).ok();
            let expected = expected.map(|[a, b, c, d]| Colons([a, b, c, d, fifth]));
            assert_eq!(Colons::of(text), expected, "{text}");
        }
    }
}
