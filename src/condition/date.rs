//! Compares dates as instants: RFC 3339 with a zone, nothing else (O8, O9).

use std::borrow::Cow;

use jiff::civil::Date;

use crate::condition::numeric::ordering_fits;
use crate::condition::{Comparison, any};
use crate::truth::{Match, OpenRule};

/// A point in time: whole seconds since 1970 in UTC, and the digits of the rest. The order of fields is that of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant<'a> {
    seconds: i64,
    fraction: Cow<'a, str>,
}

impl<'a> Instant<'a> {
    /// `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`. A leap second is refused: it has no second of its own to compare.
    pub(crate) fn read(text: &'a str) -> Option<Instant<'a>> {
        let (date, rest) = (text.get(..10)?, text.get(10..)?);
        let (time, rest) = (rest.get(..9)?, rest.get(9..)?);
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                (
                    rest.get(..digits).filter(|digits| !digits.is_empty())?,
                    rest.get(digits..)?,
                )
            }
            None => ("", rest),
        };
        let [year, month, day] = parts(date, [4, 2, 2], *b"--")?;
        let [hour, minute, second] = parts(time.strip_prefix('T')?, [2, 2, 2], *b"::")?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let offset = offset_seconds(zone)?;
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        let midnight = date.duration_since(Date::constant(1970, 1, 1)).as_secs();
        let seconds =
            midnight + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second) - offset;
        Some(Instant {
            seconds,
            fraction: fraction.trim_end_matches('0').into(),
        })
    }

    /// Whole seconds since 1970 in UTC, and the digits of the rest.
    pub(crate) fn parts(&self) -> (i64, &str) {
        (self.seconds, &self.fraction)
    }

    pub(crate) fn into_owned(self) -> Instant<'static> {
        Instant {
            seconds: self.seconds,
            fraction: Cow::Owned(self.fraction.into_owned()),
        }
    }
}

fn offset_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = parts(zone.strip_prefix(['+', '-'])?, [2, 2], *b":")?;
    (hours <= 23 && minutes <= 59)
        .then(|| sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
}

/// Numbers of fixed widths with fixed separators between them, and nothing after.
fn parts<const N: usize, const M: usize>(
    text: &str,
    widths: [usize; N],
    separators: [u8; M],
) -> Option<[i16; N]> {
    let mut numbers = [0; N];
    let mut separators = separators.into_iter();
    let mut rest = text;
    for (number, width) in numbers.iter_mut().zip(widths) {
        let digits = rest
            .get(..width)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = digits.parse().ok()?;
        rest = rest.get(width..)?;
        if let Some(separator) = separators.next() {
            rest = rest.strip_prefix(char::from(separator))?;
        }
    }
    rest.is_empty().then_some(numbers)
}

/// Whether the request's value stands in the wanted relation to one of the listed.
pub(crate) fn fits_any(
    comparison: Comparison,
    listed: &[Option<Instant<'_>>],
    value: &str,
) -> Match {
    let Some(value) = Instant::read(value) else {
        return Match::unknown(OpenRule::O9);
    };
    any(listed, |listed| match listed {
        Some(listed) => Match::sure(ordering_fits(comparison, value.cmp(listed))),
        None => Match::unknown(OpenRule::O9),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o8_instants_compare_across_zones() {
        let at = |text| Instant::read(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(
            at("2019-08-12T17:00:00+08:00"),
            at("2019-08-12T09:00:00.000Z")
        );
        assert!(at("2019-08-12T09:00:00.5Z") > at("2019-08-12T09:00:00.4999999999999Z"));
        assert!(at("1969-12-31T23:59:59Z") < at("1970-01-01T00:00:00Z"));
        assert!(at("9999-12-31T23:59:59-23:59") > at("0000-01-01T00:00:00+23:59"));
        assert_eq!(at("2024-02-29T00:00:00Z").seconds, 1_709_164_800);
    }

    #[test]
    fn o9_other_forms_are_no_dates() {
        for text in [
            "2019-08-12",
            "2019-08-12T17:00:00",
            "2019-08-12T17:00Z",
            "2019-08-12t17:00:00z",
            "2019-08-12 17:00:00Z",
            "2019-08-12T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2023-02-29T00:00:00Z",
            "2019-13-01T00:00:00Z",
            "20190812T170000Z",
            "1565600400",
            "2019-08-12T17:00:00.Z",
            "2019-08-12T17:00:00+08",
            "2019-08-12T17:00:00+0800",
            "2019-08-12T17:00:00Z ",
            "+019-08-12T17:00:00Z",
            "２019-08-12T17:00:00Z",
            "",
        ] {
            assert_eq!(Instant::read(text), None, "{text}");
        }
    }
}
