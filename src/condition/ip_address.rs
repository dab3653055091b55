//! Decides whether an address is in any of the listed blocks (O12 to O14).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::condition::{Comparison, any};
use crate::truth::{Match, OpenRule};

/// Addresses as a policy lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    V4 {
        first: Ipv4Addr,
        last: Ipv4Addr,
    },
    V6 {
        first: Ipv6Addr,
        last: Ipv6Addr,
    },
    /// `101.*.*.100`, as OSS and VOD have it (O13).
    Octets([Option<u8>; 4]),
}

impl Block {
    /// An address, a CIDR block (host bits are masked), or octets with `*`.
    pub(crate) fn read(text: &str) -> Option<Block> {
        if text.contains('*') {
            return read_octets(text).map(Block::Octets);
        }
        let net = match text.parse::<IpNet>() {
            Ok(net) => net,
            Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?),
        };
        // O13: a request's IPv4-mapped address is taken as IPv4, so it could never be in a block of such.
        if net.addr().to_canonical() != net.addr() && net.prefix_len() >= 96 {
            return None;
        }
        Some(match net {
            IpNet::V4(net) => Block::V4 {
                first: net.network(),
                last: net.broadcast(),
            },
            IpNet::V6(net) => Block::V6 {
                first: net.network(),
                last: net.broadcast(),
            },
        })
    }

    pub(crate) fn has_octet_wildcards(&self) -> bool {
        matches!(self, Block::Octets(_))
    }

    /// Whether another block adds nothing to this one, not even that its first and last address belong to it for sure (O14).
    pub(crate) fn covers(&self, other: &Block, is_border_sure: bool) -> bool {
        let Some((first, last)) = self.ends() else {
            return false;
        };
        let Some((other_first, other_last)) = other.ends() else {
            return false;
        };
        let same_version = matches!(self, Block::V4 { .. }) == matches!(other, Block::V4 { .. });
        let is_within = same_version && first <= other_first && other_last <= last;
        let touches = first == other_first || last == other_last;
        let doubts = |first: u128, last: u128| !is_border_sure && last - first > 1;
        is_within && (!touches || !doubts(first, last) || doubts(other_first, other_last))
    }

    fn ends(&self) -> Option<(u128, u128)> {
        match self {
            Block::V4 { first, last } => Some((first.to_bits().into(), last.to_bits().into())),
            Block::V6 { first, last } => Some((first.to_bits(), last.to_bits())),
            Block::Octets(_) => None,
        }
    }

    fn contains(&self, address: IpAddr, border_in_doubt: bool, service: &str) -> Match {
        match (self, address) {
            (Block::V4 { first, last }, IpAddr::V4(address)) => inside(
                first.to_bits().into(),
                last.to_bits().into(),
                address.to_bits().into(),
                border_in_doubt,
            ),
            (Block::V6 { first, last }, IpAddr::V6(address)) => inside(
                first.to_bits(),
                last.to_bits(),
                address.to_bits(),
                border_in_doubt,
            ),
            (Block::Octets(_), _)
                if !["oss", "vod"]
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(service)) =>
            {
                Match::unknown(OpenRule::O13)
            }
            (Block::Octets(octets), IpAddr::V4(address)) => {
                let fits = octets
                    .iter()
                    .zip(address.octets())
                    .all(|(wanted, found)| wanted.is_none_or(|w| w == found));
                Match::sure(fits)
            }
            _ => Match::NO,
        }
    }
}

/// O14: whether the first and last address of a block of more than two belong to it is not documented.
fn inside(first: u128, last: u128, address: u128, border_in_doubt: bool) -> Match {
    if address < first || address > last {
        Match::NO
    } else if border_in_doubt && last - first > 1 && (address == first || address == last) {
        Match::YES.under(OpenRule::O14)
    } else {
        Match::YES
    }
}

fn read_octets(text: &str) -> Option<[Option<u8>; 4]> {
    let mut octets = [None; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part != "*" {
            let canonical = |number: &u8| number.to_string() == part;
            *octet = Some(part.parse().ok().filter(canonical)?);
        }
    }
    parts.next().is_none().then_some(octets)
}

pub(crate) fn fits_any(
    comparison: Comparison,
    listed: &[Option<Block>],
    value: &str,
    service: &str,
) -> Match {
    let Ok(written) = value.parse::<IpAddr>() else {
        return Match::unknown(OpenRule::O12);
    };
    let address = written.to_canonical();
    let border_in_doubt = comparison == Comparison::Inside;
    let answer = any(listed, |block| match block {
        Some(block) => block.contains(address, border_in_doubt, service),
        None => Match::unknown(OpenRule::O12),
    });
    // O13: an IPv4-mapped IPv6 address was taken as the IPv4 address that it carries.
    if address == written {
        answer
    } else {
        answer.under(OpenRule::O13)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(block: &str, value: &str) -> Match {
        fits_any(Comparison::Inside, &[Block::read(block)], value, "oss")
    }

    #[test]
    fn o12_blocks() {
        assert_eq!(fits("10.101.168.111/24", "10.101.168.7"), Match::YES);
        assert_eq!(fits("172.16.215.218", "172.16.215.218"), Match::YES);
        assert_eq!(fits("0.0.0.0/0", "::1"), Match::NO);
        assert_eq!(fits("2001:db8::/32", "2001:db8:1::1"), Match::YES);
        for text in [
            "10.0.0.0/33",
            "10.0.0.0/024",
            "010.0.0.1",
            "10.0.0",
            "",
            "10.0.0.0/",
            "1.2.3.4 ",
            "*",
            "1.*.3.256",
            "1.*.3",
            "::ffff:10.1.1.1",
            "::ffff:10.0.0.0/104",
        ] {
            assert_eq!(Block::read(text), None, "{text}");
        }
    }

    #[test]
    fn o13_mapped_addresses_and_octets() {
        assert_eq!(
            fits("10.0.0.0/8", "::ffff:10.1.1.1"),
            Match::YES.under(OpenRule::O13)
        );
        assert_eq!(fits("101.*.*.100", "101.7.8.100"), Match::YES);
        assert_eq!(fits("101.*.*.100", "101.7.8.101"), Match::NO);
    }

    #[test]
    fn o14_borders() {
        assert_eq!(
            fits("10.0.0.0/24", "10.0.0.0"),
            Match::YES.under(OpenRule::O14)
        );
        assert_eq!(
            fits("10.0.0.0/24", "10.0.0.255"),
            Match::YES.under(OpenRule::O14)
        );
        assert_eq!(fits("10.0.0.0/31", "10.0.0.1"), Match::YES);
    }
}
