//! The three answers that every question inside the engine has, and the open rules that an answer hangs on.

use std::fmt;

/// A rule of the RAM language that its documentation leaves open (SEMANTICS.md, marked **open**).
///
/// An answer that could be another one if the rule were otherwise says so: see [`Doubt`](crate::Doubt).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "each variant is the id of a rule in SEMANTICS.md"
)]
pub enum OpenRule {
    A3,
    A4,
    E4,
    E7,
    E9,
    E12,
    E13,
    E16,
    E17,
    G5,
    G11,
    G13,
    G18,
    K0,
    K19,
    O4,
    O5,
    O7,
    O9,
    O11,
    O12,
    O13,
    O14,
    O18,
    O20,
    T19,
    T21,
    T23,
    T24,
    V1,
    W7,
    W8,
    W9,
}

impl OpenRule {
    const ALL: [OpenRule; 33] = {
        use OpenRule::*;
        [
            A3, A4, E4, E7, E9, E12, E13, E16, E17, G5, G11, G13, G18, K0, K19, O4, O5, O7, O9,
            O11, O12, O13, O14, O18, O20, T19, T21, T23, T24, V1, W7, W8, W9,
        ]
    };

    /// The rule's id, as SEMANTICS.md spells it.
    pub fn id(self) -> &'static str {
        use OpenRule::*;
        match self {
            A3 => "A3",
            A4 => "A4",
            E4 => "E4",
            E7 => "E7",
            E9 => "E9",
            E12 => "E12",
            E13 => "E13",
            E16 => "E16",
            E17 => "E17",
            G5 => "G5",
            G11 => "G11",
            G13 => "G13",
            G18 => "G18",
            K0 => "K0",
            K19 => "K19",
            O4 => "O4",
            O5 => "O5",
            O7 => "O7",
            O9 => "O9",
            O11 => "O11",
            O12 => "O12",
            O13 => "O13",
            O14 => "O14",
            O18 => "O18",
            O20 => "O20",
            T19 => "T19",
            T21 => "T21",
            T23 => "T23",
            T24 => "T24",
            V1 => "V1",
            W7 => "W7",
            W8 => "W8",
            W9 => "W9",
        }
    }

    /// What the rule leaves open, in a few words.
    pub fn question(self) -> &'static str {
        use OpenRule::*;
        match self {
            A3 => "whether an empty region or account in a pattern fits one that is not empty",
            A4 => "whether a resource pattern that is no complete ARN matches by its text",
            E4 => {
                "whether the control policies of the caller's account count besides those of the resource's"
            }
            E7 => {
                "whether a Deny at resource-group scope takes away what an account-scope policy allows"
            }
            E9 => "whether identity policies alone open a resource of another account",
            E12 => {
                "whether a Deny in the caller's own account counts for a bucket of another account"
            }
            E13 => "whether a bucket policy's Deny binds users of the bucket's own account",
            E16 => "how Tablestore combines an instance policy with identity policies",
            E17 => "how Log Service combines a project policy with identity policies",
            G5 => "what NotAction means in a trust policy",
            G11 => "what NotResource matches",
            G13 => "whether an operator without keys holds",
            G18 => "whether letter case counts here",
            K0 => "how an operator of another family than the key's compares",
            K19 => "whether `Action` and `Resource` may be condition keys",
            O4 => "what ForAllValues and ForAnyValue mean",
            O5 => "how letters beyond ASCII compare when case is ignored",
            O7 => "whether the request's value is a number",
            O9 => "whether the request's value is a date",
            O11 => "whether the request's value is a boolean",
            O12 => "whether the request's value is an IP address",
            O13 => "whether this form of an IP address is understood",
            O14 => "whether the first and last address of a block belong to it",
            O18 => "how several values of one key compare",
            O20 => "whether a negated operator holds when the key is absent",
            T19 => "whether the resource is in the group that the policy is attached at",
            T21 => "whether a wildcard may name a trusted principal",
            T23 => "whom this id names",
            T24 => "whether a whole account may be named here",
            V1 => "whether `${…}` is a variable",
            W7 => "whether `*` in a resource crosses `:`",
            W8 => "whether a backslash takes the meaning from `*` and `?`",
            W9 => "whether a pattern for every ARN matches a request without a resource",
        }
    }
}

impl OpenRule {
    /// Why it cannot be told: the documentation is silent, or nobody said it in the request.
    pub(crate) fn state(self) -> &'static str {
        match self {
            OpenRule::T19 => "is not said in the request",
            OpenRule::O7 | OpenRule::O9 | OpenRule::O11 | OpenRule::O12 => {
                "cannot be told from its text"
            }
            _ => "is not documented",
        }
    }
}

impl fmt::Display for OpenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A set of open rules, one bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OpenRules(u64);

impl OpenRules {
    pub(crate) const NONE: OpenRules = OpenRules(0);

    pub(crate) const fn of(rule: OpenRule) -> OpenRules {
        OpenRules(1 << rule as u8)
    }

    pub(crate) const fn and(self, other: OpenRules) -> OpenRules {
        OpenRules(self.0 | other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The whole set as a number.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = OpenRule> {
        OpenRule::ALL
            .into_iter()
            .filter(move |rule| self.0 & (1 << *rule as u8) != 0)
    }
}

impl fmt::Debug for OpenRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Yes, no, or cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    No,
    Unknown,
    Yes,
}

/// An answer with the open rules that could turn it. An `Unknown` always has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) truth: Truth,
    pub(crate) doubts: OpenRules,
}

impl Match {
    pub(crate) const YES: Match = Match {
        truth: Truth::Yes,
        doubts: OpenRules::NONE,
    };
    pub(crate) const NO: Match = Match {
        truth: Truth::No,
        doubts: OpenRules::NONE,
    };

    pub(crate) const fn unknown(rule: OpenRule) -> Match {
        Match {
            truth: Truth::Unknown,
            doubts: OpenRules::of(rule),
        }
    }

    pub(crate) const fn sure(yes: bool) -> Match {
        if yes { Match::YES } else { Match::NO }
    }

    /// The same answer, hanging on `rule` as well.
    pub(crate) fn under(self, rule: OpenRule) -> Match {
        Match {
            truth: self.truth,
            doubts: self.doubts.and(OpenRules::of(rule)),
        }
    }

    pub(crate) fn is_sure_no(self) -> bool {
        self.truth == Truth::No && self.doubts.is_empty()
    }

    pub(crate) fn is_sure_yes(self) -> bool {
        self.truth == Truth::Yes && self.doubts.is_empty()
    }

    /// A sure no decides alone; a doubtful no hangs only on the doubts of the operands that are no.
    pub(crate) fn and(self, other: Match) -> Match {
        if self.is_sure_no() || other.is_sure_no() {
            return Match::NO;
        }
        match (self.truth, other.truth) {
            (Truth::No, Truth::No) => Match {
                truth: Truth::No,
                doubts: self.doubts.and(other.doubts),
            },
            (Truth::No, _) => self,
            (_, Truth::No) => other,
            (Truth::Yes, Truth::Yes) => Match {
                truth: Truth::Yes,
                doubts: self.doubts.and(other.doubts),
            },
            _ => Match {
                truth: Truth::Unknown,
                doubts: self.doubts.and(other.doubts),
            },
        }
    }

    /// The mirror image of [`Match::and`].
    pub(crate) fn or(self, other: Match) -> Match {
        self.not().and(other.not()).not()
    }

    /// Swaps yes and no; what cannot be told stays so.
    pub(crate) fn not(self) -> Match {
        let truth = match self.truth {
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
            Truth::Yes => Truth::No,
        };
        Match {
            truth,
            doubts: self.doubts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_bits_are_distinct() {
        let all = OpenRule::ALL
            .into_iter()
            .fold(OpenRules::NONE, |set, rule| set.and(OpenRules::of(rule)));
        assert_eq!(all.iter().count(), OpenRule::ALL.len());
        let ids: std::collections::BTreeSet<_> =
            OpenRule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids.len(), OpenRule::ALL.len());
    }

    #[test]
    fn a_sure_no_silences_every_doubt() {
        let doubtful = Match::unknown(OpenRule::W7);
        assert_eq!(doubtful.and(Match::NO), Match::NO);
        assert_eq!(doubtful.or(Match::YES), Match::YES);
        assert_eq!(doubtful.and(Match::YES), doubtful);
        assert_eq!(doubtful.or(Match::NO), doubtful);
        let doubtful_no = Match::NO.under(OpenRule::O14);
        assert_eq!(doubtful.and(doubtful_no), doubtful_no);
        assert_eq!(
            Match::unknown(OpenRule::O20).not(),
            Match::unknown(OpenRule::O20)
        );
    }
}
