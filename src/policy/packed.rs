//! The patterns of a policy's statements in one run of bytes: what a decision compares with is a few cache lines and no pointers.
//!
//! A statement is its number (4 bytes), its flags (1), the lengths of its action patterns and of its resource patterns (2 each, or 4 each behind
//! them where the flags say so), and the patterns.
//! An action pattern is its length and the place of its star (2 each), and its text. A resource pattern is its length (2), its form
//! (7), and its text. The few patterns that do not fit this are *rare*: marked here, and kept by the statement.

use crate::resource_pattern::{Form, RareResource, ResourcePattern, Simple};
use crate::wildcard::{Wildcard, only_star};

/// What is true of a statement, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(u8);

impl Flags {
    pub(crate) const NOT_ACTION: Flags = Flags(1);
    /// E11: in a trust policy `sts:AssumeRole` stands for its SAML and OIDC forms too.
    pub(crate) const TRUST: Flags = Flags(2);
    /// It is about its own resource: a trust policy; or nobody can tell which (G11).
    pub(crate) const NO_RESOURCE: Flags = Flags(4);
    /// Something besides action and resource counts: conditions, a principal, a doubt.
    pub(crate) const MORE: Flags = Flags(8);
    /// So many resources that they are looked up by their beginnings.
    pub(crate) const MANY_RESOURCES: Flags = Flags(16);
    /// The lengths of its patterns take four bytes each.
    const LONG: Flags = Flags(64);
    /// A resource pattern is a rare one.
    pub(crate) const RARE_RESOURCES: Flags = Flags(32);

    pub(crate) fn none() -> Flags {
        Flags(0)
    }

    pub(crate) fn with(self, flag: Flags, set: bool) -> Flags {
        if set { Flags(self.0 | flag.0) } else { self }
    }

    pub(crate) fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }
}

/// A statement's patterns, where they were written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed<'p> {
    pub(crate) number: u32,
    pub(crate) flags: Flags,
    actions: &'p [u8],
    resources: &'p [u8],
}

/// A pattern of actions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ActionPattern<'p> {
    /// The text, and the place of its star (the length where it has none).
    Simple(&'p [u8], u16),
    /// One with `?` or several stars: the next of the statement's own.
    Rare,
}

/// Stands for a length that does not fit, and for the star of a rare pattern.
const RARE: u16 = u16::MAX;

/// Number, flags and lengths.
const HEADER_BYTES: usize = 9;

/// Writes a statement to the end of `bytes`. Gives what is rare of its actions and resources, in their order.
pub(crate) fn write<'t>(
    bytes: &mut Vec<u8>,
    number: u32,
    flags: Flags,
    actions: impl Iterator<Item = &'t str>,
    resources: impl Iterator<Item = &'t str>,
) -> (Vec<Wildcard>, Vec<RareResource>) {
    let start = bytes.len();
    bytes.extend([0; HEADER_BYTES]);
    let first = bytes.len();
    let (mut rare_actions, mut rare_resources) = (Vec::new(), Vec::new());
    for text in actions {
        if !write_action(bytes, text) {
            rare_actions.push(Wildcard::new(text));
        }
    }
    let between = bytes.len();
    for text in resources {
        rare_resources.extend(write_resource(bytes, text));
    }
    let lengths = [between - first, bytes.len() - between];
    let short = lengths.map(u16::try_from);
    let long = short.iter().any(Result::is_err);
    if long {
        let four = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        bytes.splice(first..first, lengths.map(four).into_iter().flatten());
    }
    let flags = flags
        .with(Flags::RARE_RESOURCES, !rare_resources.is_empty())
        .with(Flags::LONG, long);
    let [n0, n1, n2, n3] = number.to_le_bytes();
    let [[a0, a1], [r0, r1]] = short.map(|length| length.unwrap_or_default().to_le_bytes());
    if let Some(header) = bytes.get_mut(start..first) {
        header.copy_from_slice(&[n0, n1, n2, n3, flags.0, a0, a1, r0, r1]);
    }
    (rare_actions, rare_resources)
}

/// Whether the pattern could be written as it is.
fn write_action(bytes: &mut Vec<u8>, text: &str) -> bool {
    let simple = only_star(text).and_then(|star| Some((short(text.len())?, short(star)?)));
    let (length, star) = simple.unwrap_or((0, RARE));
    bytes.extend(length.to_le_bytes());
    bytes.extend(star.to_le_bytes());
    if simple.is_some() {
        bytes.extend(text.as_bytes());
    }
    simple.is_some()
}

fn write_resource(bytes: &mut Vec<u8>, text: &str) -> Option<RareResource> {
    let (Some(length), None) = (short(text.len()), RareResource::of(text)) else {
        bytes.extend(RARE.to_le_bytes());
        return Some(RareResource::of(text).unwrap_or_else(|| RareResource::literal(text)));
    };
    bytes.extend(length.to_le_bytes());
    bytes.extend(form_bytes(Form::of(text)));
    bytes.extend(text.as_bytes());
    None
}

fn short(length: usize) -> Option<u16> {
    u16::try_from(length).ok().filter(|length| *length < RARE)
}

const FORM_BYTES: usize = 7;

/// A simple pattern names a service; so a service of no letters is free to say that it is none.
fn form_bytes(form: Form) -> [u8; FORM_BYTES] {
    match form {
        Form::Any => [0, 0, 0, 0, 0, 0, 0],
        Form::Other => [0, 1, 0, 0, 0, 0, 0],
        Form::Simple(simple) => {
            let [low, high] = simple.relative_star.to_le_bytes();
            [
                simple.service,
                simple.region,
                simple.region_star,
                simple.account,
                simple.account_star,
                low,
                high,
            ]
        }
    }
}

fn form_of_bytes(bytes: [u8; FORM_BYTES]) -> Form {
    let [
        service,
        region,
        region_star,
        account,
        account_star,
        low,
        high,
    ] = bytes;
    match (service, region) {
        (0, 0) => Form::Any,
        (0, _) => Form::Other,
        _ => Form::Simple(Simple {
            service,
            region,
            region_star,
            account,
            account_star,
            relative_star: u16::from_le_bytes([low, high]),
        }),
    }
}

impl<'p> Packed<'p> {
    /// The statement that begins at this place of a policy's bytes.
    #[inline]
    pub(crate) fn at(bytes: &'p [u8], start: u32) -> Option<Packed<'p>> {
        let (header, mut rest) = bytes
            .get(start as usize..)?
            .split_first_chunk::<HEADER_BYTES>()?;
        let [n0, n1, n2, n3, flags, a0, a1, r0, r1] = *header;
        let flags = Flags(flags);
        let mut actions = u32::from(u16::from_le_bytes([a0, a1]));
        let mut resources = u32::from(u16::from_le_bytes([r0, r1]));
        if flags.has(Flags::LONG) {
            actions = u32::from_le_bytes(take(&mut rest)?);
            resources = u32::from_le_bytes(take(&mut rest)?);
        }
        let (actions, rest) = rest.split_at_checked(actions as usize)?;
        Some(Packed {
            number: u32::from_le_bytes([n0, n1, n2, n3]),
            flags,
            actions,
            resources: rest.get(..resources as usize)?,
        })
    }

    pub(crate) fn actions(&self) -> Actions<'p> {
        Actions(self.actions)
    }

    /// `rare`: the statement's own, in their order.
    pub(crate) fn resources(&self, rare: &'p [RareResource]) -> Resources<'p> {
        Resources {
            at: 0,
            bytes: self.resources,
            rare,
        }
    }

    /// The pattern that [`Resources::place`] was told of; it is not a rare one.
    pub(crate) fn resource_at(&self, place: u32) -> Option<ResourcePattern<'p>> {
        let mut resources = Resources {
            at: place as usize,
            bytes: self.resources,
            rare: &[],
        };
        resources.next()
    }
}

/// The action patterns of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Actions<'p>(&'p [u8]);

impl<'p> Iterator for Actions<'p> {
    type Item = ActionPattern<'p>;

    #[inline]
    fn next(&mut self) -> Option<ActionPattern<'p>> {
        let ([l0, l1, s0, s1], rest) = self.0.split_first_chunk()?;
        let length = u16::from_le_bytes([*l0, *l1]);
        let star = u16::from_le_bytes([*s0, *s1]);
        let (text, rest) = rest.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(match star {
            RARE => ActionPattern::Rare,
            star => ActionPattern::Simple(text, star),
        })
    }
}

/// The resource patterns of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Resources<'p> {
    at: usize,
    bytes: &'p [u8],
    rare: &'p [RareResource],
}

impl Resources<'_> {
    /// Where the next pattern is, for [`Packed::resource_at`].
    pub(crate) fn place(&self) -> u32 {
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }
}

impl<'p> Iterator for Resources<'p> {
    type Item = ResourcePattern<'p>;

    #[inline]
    fn next(&mut self) -> Option<ResourcePattern<'p>> {
        let mut rest = self.bytes.get(self.at..)?;
        let length = u16::from_le_bytes(take(&mut rest)?);
        if length == RARE {
            self.at += 2;
            let (first, others) = self.rare.split_first()?;
            self.rare = others;
            return Some(first.pattern());
        }
        let form = form_of_bytes(take(&mut rest)?);
        let text = rest.get(..usize::from(length))?;
        self.at += 2 + FORM_BYTES + text.len();
        Some(ResourcePattern {
            text,
            form,
            rare: None,
        })
    }
}

/// The next bytes, which the writer has put there.
#[inline]
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let long = format!("acs:oss:*:*:{}", "a".repeat(70_000));
        let resources = [
            "*",
            "acs:oss:*:*:bucket/*",
            "acs:vpc:cn-*:12*34:vpc/a*b*c",
            "acs:vpc::1:x",
            "oss:*",
            "acs:oss:*:*:*a?b*",
            "acs:oss:*:*:${x}",
            &long,
            "acs:oss:*:*:last",
        ];
        let actions = ["*", "vpc:Cancel*", "vpc:*A*", "vpc:B", "v?c:C"];
        let mut bytes = vec![7; 3];
        let flags = Flags::none()
            .with(Flags::TRUST, true)
            .with(Flags::MORE, false);
        let (rare_actions, rare_resources) = write(
            &mut bytes,
            9,
            flags,
            actions.into_iter(),
            resources.into_iter(),
        );
        let packed = Packed::at(&bytes, 3).unwrap();
        assert_eq!(
            (packed.number, packed.flags),
            (9, flags.with(Flags::RARE_RESOURCES, true))
        );
        assert!(flags.has(Flags::TRUST) && !flags.has(Flags::MORE));

        let mut rare = rare_actions.iter();
        let read = packed.actions().map(|pattern| match pattern {
            ActionPattern::Simple(text, _) => str::from_utf8(text).unwrap(),
            ActionPattern::Rare => rare.next().unwrap().as_str(),
        });
        assert_eq!(read.collect::<Vec<_>>(), actions);
        assert_eq!(rare_actions.len(), 2);

        let read = packed.resources(&rare_resources);
        assert_eq!(
            read.clone()
                .map(|pattern| pattern.as_str())
                .collect::<Vec<_>>(),
            resources
        );
        assert_eq!(rare_resources.len(), 3);
        let expected = resources.map(Form::of);
        for (pattern, form) in read.zip(expected) {
            assert!(pattern.form == form || pattern.rare.is_some());
        }
        assert!(Packed::at(&bytes, 4000).is_none());

        let many = vec!["acs:oss:*:*:bucket/*"; 10_000];
        let mut bytes = Vec::new();
        write(
            &mut bytes,
            1,
            Flags::none(),
            actions.into_iter(),
            many.iter().copied(),
        );
        let packed = Packed::at(&bytes, 0).unwrap();
        assert_eq!(packed.actions().count(), actions.len());
        assert_eq!(packed.resources(&[]).count(), many.len());
    }
}
