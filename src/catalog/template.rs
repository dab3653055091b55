//! The shape of the ARNs of one type of resource: `acs:vpc:{region}:{account}:physicalconnection/{PhysicalConnectionId}`.

use std::fmt;

use crate::arn::Colons;

/// The ARNs of a type of resource, with `{names}` where they differ.
///
/// A `{name}` stands for one part of a path, `{name...}` for the rest of it; a `*` is a star in the resource that is asked for, as on
/// calls that create or list.
///
/// ```
/// use ramgate::{Catalog, Source};
/// let text = "service\tvpc\ntype\tCircuit\tacs:vpc:{region}:{account}:physicalconnection/{CircuitId}\n\
///             action\tCancelPhysicalConnection\tupdate\t*Circuit\n";
/// let catalog = Catalog::parse(&[Source::new("vpc.tsv", text)])?;
/// let action = catalog.action("vpc:CancelPhysicalConnection").ok_or("not listed")?;
/// let circuit = action.resources().next().ok_or("no resource")?.template();
/// assert_eq!(circuit.placeholders().collect::<Vec<_>>(), ["region", "account", "CircuitId"]);
/// assert_eq!(circuit.pattern(), "acs:vpc:*:*:physicalconnection/*");
/// assert_eq!(circuit.example(), "acs:vpc:cn-hangzhou:1234567890123456:physicalconnection/circuit-1");
/// assert!(circuit.may_fit("acs:vpc:cn-shanghai:*:physicalconnection/pc-*"));
/// assert!(!circuit.may_fit("acs:vpc:*:*:vpc/*"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArnTemplate {
    text: Box<str>,
}

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'t> {
    Literal(&'t str),
    Placeholder { name: &'t str, is_rest: bool },
}

impl ArnTemplate {
    /// Says in words what keeps a text from being a template.
    pub(crate) fn parse(text: &str) -> Result<ArnTemplate, String> {
        let fields = Colons::of(text).and_then(|colons| colons.split(text));
        let Some(["acs", service, _, _, relative]) = fields else {
            return Err("a template is acs:<service>:<region>:<account>:<relative id>".to_owned());
        };
        if service.is_empty() || service.contains(['{', '*']) {
            return Err("the service of a template is a RAM code".to_owned());
        }
        if relative.is_empty() {
            return Err("the relative id is missing".to_owned());
        }
        for piece in pieces(text) {
            match piece {
                Piece::Literal(literal) if literal.contains(['{', '}']) => {
                    return Err("a brace is not closed or not opened".to_owned());
                }
                Piece::Literal(literal) if literal.contains(char::is_whitespace) => {
                    return Err("a template has no white space".to_owned());
                }
                Piece::Placeholder { name, .. } if !is_name(name) => {
                    return Err(format!(
                        "{{{name}}} is no placeholder; its name is letters, digits, - and _"
                    ));
                }
                _ => {}
            }
        }
        Ok(ArnTemplate { text: text.into() })
    }

    /// The same, with a star in place of the last placeholder: what calls ask for that create or list.
    pub(crate) fn of_all(&self) -> ArnTemplate {
        let (Some(open), Some(close)) = (self.text.rfind('{'), self.text.rfind('}')) else {
            return self.clone();
        };
        let before = self.text.get(..open).unwrap_or_default();
        let after = self.text.get(close + 1..).unwrap_or_default();
        ArnTemplate {
            text: format!("{before}*{after}").into(),
        }
    }

    /// As it is written in the catalogue.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names in braces, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        pieces(&self.text).filter_map(|piece| match piece {
            Piece::Placeholder { name, .. } => Some(name),
            Piece::Literal(_) => None,
        })
    }

    /// The ARN with these values; `None` where one has no value.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
        pieces(&self.text)
            .map(|piece| match piece {
                Piece::Literal(literal) => Some(literal.to_owned()),
                Piece::Placeholder { name, .. } => value(name).map(str::to_owned),
            })
            .collect()
    }

    /// The resource pattern that covers all of them: a star for every name.
    pub fn pattern(&self) -> String {
        self.fill(|_| Some("*")).unwrap_or_default()
    }

    /// An ARN that could be one of them.
    pub fn example(&self) -> String {
        pieces(&self.text)
            .map(|piece| match piece {
                Piece::Literal(literal) => literal.to_owned(),
                Piece::Placeholder { name: "region", .. } => "cn-hangzhou".to_owned(),
                Piece::Placeholder {
                    name: "account", ..
                } => "1234567890123456".to_owned(),
                Piece::Placeholder { name, .. } => example_of(name),
            })
            .collect()
    }

    /// Whether a resource pattern of a policy can match one of these ARNs. Where that is not certain the answer is yes: letters compare
    /// without case, as the vendor's pages do not agree on it, and an empty or `*` region or account stands for any (A3).
    pub fn may_fit(&self, pattern: &str) -> bool {
        if pattern == "*" {
            return true;
        }
        let Some([_, service, region, account, relative]) =
            Colons::of(&self.text).and_then(|colons| colons.split(&self.text))
        else {
            return true;
        };
        let service = literal(service);
        let (region, account, relative) = (place(region), place(account), relative_id(relative));
        match Colons::of(pattern).and_then(|colons| colons.split(pattern)) {
            Some(
                [
                    pattern_prefix,
                    pattern_service,
                    pattern_region,
                    pattern_account,
                    pattern_relative,
                ],
            ) => {
                overlap(&literal("acs"), &wildcard(pattern_prefix))
                    && overlap(&service, &wildcard(pattern_service))
                    && (pattern_region.is_empty() || overlap(&region, &wildcard(pattern_region)))
                    && (pattern_account.is_empty() || overlap(&account, &wildcard(pattern_account)))
                    && overlap(&relative, &wildcard(pattern_relative))
            }
            // A4: too few fields; a Deny may match the text as a whole.
            None => {
                let colon = || literal(":");
                let whole = [
                    literal("acs:"),
                    service,
                    colon(),
                    region,
                    colon(),
                    account,
                    colon(),
                    relative,
                ];
                overlap(&whole.concat(), &wildcard(pattern))
            }
        }
    }
}

impl fmt::Display for ArnTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// `PhysicalConnectionId` → `physicalconnection-1`
fn example_of(name: &str) -> String {
    let stem = name
        .strip_suffix("Id")
        .or_else(|| name.strip_suffix("Name"))
        .filter(|stem| !stem.is_empty())
        .unwrap_or(name);
    format!("{}-1", stem.to_ascii_lowercase())
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = rest
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'))
        {
            rest = after;
            return Some(match name.strip_suffix("...") {
                Some(name) => Piece::Placeholder {
                    name,
                    is_rest: true,
                },
                None => Piece::Placeholder {
                    name,
                    is_rest: false,
                },
            });
        }
        // A brace that opens nothing is a literal too: it must not be looked at again.
        let from = usize::from(rest.starts_with('{'));
        let end = rest
            .get(from..)
            .and_then(|tail| tail.find('{'))
            .map_or(rest.len(), |brace| from + brace);
        let (literal, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(Piece::Literal(literal))
    })
}

/// One step of a pattern that describes a set of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    This(char),
    /// One character, but not that one.
    One(Option<char>),
    /// Any number of characters, but not that one.
    Many(Option<char>),
}

fn literal(text: &str) -> Vec<Step> {
    text.chars()
        .map(|c| Step::This(c.to_ascii_lowercase()))
        .collect()
}

fn wildcard(pattern: &str) -> Vec<Step> {
    let step = |c: char| match c {
        '*' => Step::Many(None),
        '?' => Step::One(None),
        c => Step::This(c.to_ascii_lowercase()),
    };
    pattern.chars().map(step).collect()
}

/// A region or an account.
fn place(field: &str) -> Vec<Step> {
    if field.is_empty() || field.contains(['{', '*']) {
        vec![Step::Many(Some(':'))]
    } else {
        literal(field)
    }
}

fn relative_id(relative: &str) -> Vec<Step> {
    if relative == "*" {
        // Which resource is asked for is not told.
        return vec![Step::Many(None)];
    }
    pieces(relative)
        .flat_map(|piece| match piece {
            Piece::Literal(text) => literal(text),
            Piece::Placeholder { is_rest: true, .. } => vec![Step::One(None), Step::Many(None)],
            Piece::Placeholder { is_rest: false, .. } => {
                vec![Step::One(Some('/')), Step::Many(Some('/'))]
            }
        })
        .collect()
}

/// Whether some text is in both sets: a walk over pairs of places, each visited once.
fn overlap(a: &[Step], b: &[Step]) -> bool {
    let width = b.len() + 1;
    let mut here = vec![false; width];
    if let Some(start) = here.first_mut() {
        *start = true;
    }
    for i in 0..=a.len() {
        let mut below = vec![false; width];
        let set = |row: &mut [bool], j: usize| {
            if let Some(cell) = row.get_mut(j) {
                *cell = true;
            }
        };
        for j in 0..width {
            if !here.get(j).copied().unwrap_or_default() {
                continue;
            }
            let (from_a, from_b) = (a.get(i), b.get(j));
            if matches!(from_a, Some(Step::Many(_))) {
                set(&mut below, j);
            }
            if matches!(from_b, Some(Step::Many(_))) {
                set(&mut here, j + 1);
            }
            if let (Some(from_a), Some(from_b)) = (from_a, from_b)
                && share_a_character(*from_a, *from_b)
            {
                let next = j + usize::from(!matches!(from_b, Step::Many(_)));
                if matches!(from_a, Step::Many(_)) {
                    set(&mut here, next);
                } else {
                    set(&mut below, next);
                }
            }
        }
        if i == a.len() {
            return here.last().copied().unwrap_or_default();
        }
        here = below;
    }
    false
}

fn share_a_character(a: Step, b: Step) -> bool {
    match (a, b) {
        (Step::This(a), Step::This(b)) => a == b,
        (Step::This(c), Step::One(not) | Step::Many(not))
        | (Step::One(not) | Step::Many(not), Step::This(c)) => not != Some(c),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(template: &str, pattern: &str) -> bool {
        ArnTemplate::parse(template).unwrap().may_fit(pattern)
    }

    const CIRCUIT: &str = "acs:vpc:{region}:{account}:physicalconnection/{PhysicalConnectionId}";

    #[test]
    fn patterns_that_can_fit() {
        for pattern in [
            "*",
            "acs:*",
            "acs:vpc:*:*:*",
            "acs:vpc:*:*:physicalconnection/*",
            "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-1",
            "acs:vpc::1:physicalconnection/pc-?",
            "ACS:VPC:*:*:PhysicalConnection/pc-1",
            "acs:*:*cn-beijing*:*:*",
            "acs:vpc:*:*:*pc-1",
            "acs:vpc:*:physical*",
        ] {
            assert!(fits(CIRCUIT, pattern), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_cannot() {
        for pattern in [
            "",
            "acs:ecs:*:*:*",
            "acs:vpc:*:*:vpc/*",
            "acs:vpc:*:*:physicalconnection/",
            "acs:vpc:*:*:physicalconnection",
            "acs:vpc:*:*:physicalconnection/pc-1/x",
            "arn:vpc:*:*:physicalconnection/*",
            "acs:ecs:*",
        ] {
            assert!(!fits(CIRCUIT, pattern), "{pattern}");
        }
    }

    #[test]
    fn a3_a_place_that_is_written_out_is_kept() {
        let template = "acs:ram:*:{account}:role/{RoleName}";
        assert!(fits(template, "acs:ram::1:role/x"));
        assert!(fits(template, "acs:ram:cn-hangzhou:*:role/x"));
        assert!(!fits(
            "acs:x:cn-hangzhou:{account}:y/{Id}",
            "acs:x:cn-beijing:*:*"
        ));
    }

    #[test]
    fn rest_of_a_path() {
        let object = "acs:oss:*:{account}:{BucketName}/{ObjectName...}";
        let bucket = "acs:oss:*:{account}:{BucketName}";
        assert!(fits(object, "acs:oss:*:*:bucket/a/b*.jpg"));
        assert!(!fits(object, "acs:oss:*:*:bucket"));
        assert!(!fits(bucket, "acs:oss:*:*:bucket/*"));
        assert!(fits(bucket, "acs:oss:*:*:bucket*"));
    }

    #[test]
    fn w10_a_star_that_is_asked_for_is_a_character() {
        let all = ArnTemplate::parse(CIRCUIT).unwrap().of_all();
        assert_eq!(
            all.as_str(),
            "acs:vpc:{region}:{account}:physicalconnection/*"
        );
        assert!(all.may_fit("acs:vpc:*:*:physicalconnection/*"));
        assert!(!all.may_fit("acs:vpc:*:*:physicalconnection/pc-1"));
        assert!(fits("acs:cdn:*:{account}:*", "acs:cdn:*:*:domain/x"));
    }

    #[test]
    fn what_is_no_template() {
        for text in [
            "",
            "acs:vpc",
            "arn:vpc:{region}:{account}:x",
            "acs:vpc:{region}:{account}:",
            "acs::{region}:{account}:x",
            "acs:{service}:{region}:{account}:x",
            "acs:vpc:{region}:{account}:x/{Id",
            "acs:vpc:{region}:{account}:x/Id}",
            "acs:vpc:{region}:{account}:x/{{Id}}",
            "acs:vpc:{region}:{account}:x/{}",
            "acs:vpc:{region}:{account}:x/{I d}",
            "acs:vpc:{region}:{account}:x y",
        ] {
            assert!(ArnTemplate::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_are_filled_in() {
        let template = ArnTemplate::parse(CIRCUIT).unwrap();
        let filled = template.fill(|name| match name {
            "region" => Some("cn-shanghai"),
            "account" => Some("1"),
            "PhysicalConnectionId" => Some("pc-1"),
            _ => None,
        });
        assert_eq!(
            filled.unwrap(),
            "acs:vpc:cn-shanghai:1:physicalconnection/pc-1"
        );
        assert_eq!(template.fill(|_| None), None);
    }
}
