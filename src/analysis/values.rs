//! For a key of numbers, dates, booleans or addresses: a value of every kind that the listed ones tell apart.
//!
//! The listed values cut the line into points and gaps. Between two values of one gap no condition can tell, so one of each is as good
//! as all: what holds of these texts holds of every text.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use jiff::ToSpan;
use jiff::civil::DateTime;

use crate::condition::{Decimal, Family, Instant};

/// What no family can read.
const UNREADABLE: &str = "n/a";

/// One value of each kind, those that a person would choose first.
pub(crate) fn representatives<'v>(
    family: Family,
    listed: impl Iterator<Item = &'v str>,
) -> Vec<String> {
    let mut values = match family {
        Family::String => Vec::new(),
        Family::Boolean => vec!["true".to_owned(), "false".to_owned()],
        Family::Numeric => numbers(listed),
        Family::Date => dates(listed),
        Family::IpAddress => addresses(listed),
    };
    if family != Family::String {
        values.push(UNREADABLE.to_owned());
    }
    values
}

fn numbers<'v>(listed: impl Iterator<Item = &'v str>) -> Vec<String> {
    let mut points: Vec<Decimal<'v>> = listed.filter_map(Decimal::read).collect();
    points.sort_by(|a, b| a.compare(b));
    points.dedup_by(|a, b| a.compare(b) == Ordering::Equal);
    let digits = points
        .iter()
        .map(|point| point.parts().2.len())
        .max()
        .unwrap_or(0)
        + 1;
    let mut values: Vec<String> = points.iter().map(|point| written(point, 0)).collect();
    values.extend(["0".to_owned(), "-1".to_owned()]);
    // Whole numbers beside the points read better than long fractions; these follow, and leave no gap out.
    for point in &points {
        let (negative, integer, _) = point.parts();
        if let Ok(whole) = integer.parse::<i64>() {
            let whole = if negative { -whole } else { whole };
            values.extend([
                whole.saturating_sub(1).to_string(),
                whole.saturating_add(1).to_string(),
            ]);
        }
    }
    values.extend(points.iter().map(|point| written(point, digits)));
    // Just below zero: every other gap has a point on its side away from zero.
    values.push(format!("-0.{}1", "0".repeat(digits)));
    values
}

/// A number as text; with `further`, a little farther from zero than any other of the list with its digits could be.
fn written(point: &Decimal<'_>, further: usize) -> String {
    let (negative, integer, fraction) = point.parts();
    let sign = if negative { "-" } else { "" };
    let integer = if integer.is_empty() { "0" } else { integer };
    if further == 0 {
        return match fraction {
            "" => format!("{sign}{integer}"),
            _ => format!("{sign}{integer}.{fraction}"),
        };
    }
    let zeros = "0".repeat(further - fraction.len().min(further));
    format!("{sign}{integer}.{fraction}{zeros}1")
}

fn dates<'v>(listed: impl Iterator<Item = &'v str>) -> Vec<String> {
    let mut points: Vec<Instant<'v>> = listed.filter_map(Instant::read).collect();
    points.sort();
    points.dedup();
    let digits = points
        .iter()
        .map(|point| point.parts().1.len())
        .max()
        .unwrap_or(0)
        + 1;
    let mut values = Vec::new();
    let mut add = |seconds: i64, fraction: &str| values.extend(rendered(seconds, fraction));
    let seconds: Vec<i64> = points.iter().map(|point| point.parts().0).collect();
    if points.is_empty() {
        add(1_767_225_600, "");
    }
    for pair in seconds.windows(2) {
        if let [before, after] = pair {
            let middle = before + (after - before) / 2;
            add(middle - middle.rem_euclid(60), "");
        }
    }
    for (point, seconds) in points.iter().zip(&seconds) {
        for beside in [-3600, 3600, -1] {
            add(seconds + beside, "");
        }
        add(*seconds, "");
        let fraction = point.parts().1;
        add(*seconds, fraction);
        let zeros = "0".repeat(digits - fraction.len().min(digits));
        add(*seconds, &format!("{fraction}{zeros}1"));
    }
    values
}

/// RFC 3339, in UTC where four digits of a year are enough for it.
fn rendered(seconds: i64, fraction: &str) -> Option<String> {
    const EDGE: i64 = 86_340;
    let dot = if fraction.is_empty() { "" } else { "." };
    [(0, "Z"), (EDGE, "+23:59"), (-EDGE, "-23:59")]
        .into_iter()
        .find_map(|(offset, zone)| {
            let local = DateTime::constant(1970, 1, 1, 0, 0, 0, 0)
                .checked_add(seconds.checked_add(offset)?.seconds())
                .ok()?;
            let text = (local.year() >= 0).then(|| local.strftime("%Y-%m-%dT%H:%M:%S"))?;
            let text = format!("{text}{dot}{fraction}{zone}");
            Instant::read(&text).is_some().then_some(text)
        })
}

fn addresses<'v>(listed: impl Iterator<Item = &'v str>) -> Vec<String> {
    let mut v4 = vec![0u128];
    let mut v6 = vec![0u128];
    for text in listed {
        let net = text
            .parse::<IpNet>()
            .ok()
            .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        match net {
            Some(IpNet::V4(net)) => {
                v4.push(net.network().to_bits().into());
                v4.push(u128::from(net.broadcast().to_bits()) + 1);
            }
            Some(IpNet::V6(net)) => {
                v6.push(net.network().to_bits());
                v6.extend(net.broadcast().to_bits().checked_add(1));
            }
            None => octet_examples(text, &mut v4),
        }
    }
    let v4_max = u128::from(u32::MAX);
    let v4 = inside(v4, v4_max).into_iter().filter_map(|bits| {
        let bits = u32::try_from(bits).ok()?;
        Some(Ipv4Addr::from_bits(bits).to_string())
    });
    // An IPv4-mapped address counts as the IPv4 address (O13): the line of IPv6 has no such.
    let v6 = inside(v6, u128::MAX).into_iter().filter_map(|bits| {
        let address = Ipv6Addr::from_bits(bits);
        (address.to_ipv4_mapped().is_none()).then(|| address.to_string())
    });
    v4.chain(v6).collect()
}

/// O13: addresses that fit octets with `*`, and some beside.
fn octet_examples(text: &str, points: &mut Vec<u128>) {
    for filler in ["0", "7", "255"] {
        if let Ok(address) = text.replace('*', filler).parse::<Ipv4Addr>() {
            let bits = u128::from(address.to_bits());
            points.extend([bits, bits + 1]);
        }
    }
}

/// Of each stretch between two cuts one address, not its first where there is a choice.
fn inside(mut cuts: Vec<u128>, max: u128) -> Vec<u128> {
    cuts.retain(|cut| *cut <= max);
    cuts.sort_unstable();
    cuts.dedup();
    // Mapped addresses are no IPv6 addresses: the stretch around them needs an address beside them.
    let ends = cuts.iter().skip(1).copied().map(Some).chain([None]);
    cuts.iter()
        .zip(ends)
        .flat_map(|(from, end)| {
            let last = end.map_or(max, |end| end - 1);
            let middle = from + ((last - from) / 2).min(7);
            let mut chosen = vec![middle];
            if Ipv6Addr::from_bits(middle).to_ipv4_mapped().is_some() {
                chosen.extend([*from, last]);
            }
            chosen
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o7_every_gap_has_a_number() {
        let listed = ["1.2", "-3", "-0.5", "1.25", "0", "9007199254740993"];
        let values = numbers(listed.into_iter());
        for (low, high) in [
            ("-4", "-3"),
            ("-3", "-0.5"),
            ("-0.5", "0"),
            ("0", "1.2"),
            ("1.2", "1.25"),
            ("1.25", "9007199254740993"),
        ] {
            let between = |value: &String| {
                let value = Decimal::read(value).unwrap();
                value.compare(&Decimal::read(low).unwrap()).is_gt()
                    && value.compare(&Decimal::read(high).unwrap()).is_lt()
            };
            assert!(values.iter().any(between), "{low} {high} {values:?}");
        }
    }

    #[test]
    fn o8_every_gap_has_a_date() {
        let listed = [
            "2026-01-31T01:00:00Z",
            "2026-01-31T01:00:00.5Z",
            "2026-01-31T01:00:01Z",
            "0000-01-01T00:00:00+23:59",
        ];
        let values = dates(listed.into_iter());
        for (low, high) in [(0, 1), (1, 2), (3, 0)] {
            let (low, high) = (
                Instant::read(listed[low]).unwrap(),
                Instant::read(listed[high]).unwrap(),
            );
            assert!(
                values.iter().any(|value| {
                    let value = Instant::read(value).unwrap();
                    low < value && value < high
                }),
                "{low:?} {values:?}"
            );
        }
    }

    #[test]
    fn o12_every_stretch_has_an_address() {
        let values = addresses(["10.0.0.0/24", "10.0.0.128/25", "2001:db8::/32"].into_iter());
        assert_eq!(
            values,
            [
                "0.0.0.7",
                "10.0.0.7",
                "10.0.0.135",
                "10.0.1.7",
                "::7",
                "2001:db8::7",
                "2001:db9::7"
            ]
        );
    }
}
