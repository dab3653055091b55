//! Compares decimal numbers of any length, as texts: nothing is rounded (O7).

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::condition::{Comparison, any};
use crate::truth::{Match, OpenRule};

/// A decimal number: its digits without the zeros that say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    integer: Cow<'a, str>,
    fraction: Cow<'a, str>,
}

impl<'a> Decimal<'a> {
    /// `[+-] digits [. digits]`; no exponent, no blanks, nothing else.
    pub(crate) fn read(text: &'a str) -> Option<Decimal<'a>> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (integer, fraction) = match unsigned.split_once('.') {
            Some((_, "")) => return None,
            Some((integer, fraction)) => (integer, fraction),
            None => (unsigned, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if integer.is_empty() || !digits(integer) || !digits(fraction) {
            return None;
        }
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let zero = integer.is_empty() && fraction.is_empty();
        Some(Decimal {
            negative: text.starts_with('-') && !zero,
            integer: integer.into(),
            fraction: fraction.into(),
        })
    }

    /// Its sign, and the digits before and behind the point without the zeros that say nothing.
    pub(crate) fn parts(&self) -> (bool, &str, &str) {
        (self.negative, &self.integer, &self.fraction)
    }

    pub(crate) fn into_owned(self) -> Decimal<'static> {
        Decimal {
            negative: self.negative,
            integer: Cow::Owned(self.integer.into_owned()),
            fraction: Cow::Owned(self.fraction.into_owned()),
        }
    }

    pub(crate) fn compare(&self, other: &Decimal<'_>) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.compare_sizes(other),
            (true, true) => other.compare_sizes(self),
        }
    }

    fn compare_sizes(&self, other: &Decimal<'_>) -> Ordering {
        (self.integer.len(), &*self.integer, &*self.fraction).cmp(&(
            other.integer.len(),
            &*other.integer,
            &*other.fraction,
        ))
    }
}

/// Whether the request's value stands in the wanted relation to one of the listed.
pub(crate) fn fits_any(
    comparison: Comparison,
    listed: &[Option<Decimal<'_>>],
    value: &str,
) -> Match {
    let Some(value) = Decimal::read(value) else {
        return Match::unknown(OpenRule::O7);
    };
    any(listed, |listed| match listed {
        Some(listed) => Match::sure(ordering_fits(comparison, value.compare(listed))),
        None => Match::unknown(OpenRule::O7),
    })
}

/// Whether a value that compares so to the listed one fits.
pub(super) fn ordering_fits(comparison: Comparison, value_to_listed: Ordering) -> bool {
    match comparison {
        Comparison::Less => value_to_listed.is_lt(),
        Comparison::LessOrEqual => value_to_listed.is_le(),
        Comparison::Greater => value_to_listed.is_gt(),
        Comparison::GreaterOrEqual => value_to_listed.is_ge(),
        _ => value_to_listed.is_eq(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o7_decimals_compare_exactly() {
        let order = |a, b| {
            Decimal::read(a)
                .unwrap()
                .compare(&Decimal::read(b).unwrap())
        };
        assert_eq!(order("1.20", "+01.2"), Ordering::Equal);
        assert_eq!(order("-0.0", "0"), Ordering::Equal);
        assert_eq!(order("-2", "-10"), Ordering::Greater);
        assert_eq!(order("0.1", "0.09"), Ordering::Greater);
        assert_eq!(
            order("9007199254740993", "9007199254740992"),
            Ordering::Greater
        );
        for text in [
            "", "-", "1e3", " 1", "1.", ".5", "0x10", "NaN", "1_000", "٣",
        ] {
            assert_eq!(Decimal::read(text), None, "{text}");
        }
    }
}
