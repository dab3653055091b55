//! What ramgate is measured against: a plain loop over compiled statements, and one RegexSet.
//!
//! `greedy` is the honest opponent: denies first, allows until one matches, and a byte-wise wildcard matcher.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use crate::workload::{self, Request, Workload};

/// 0, 1, 2: allow, explicit deny, implicit deny.
pub type Answer = usize;
const ALLOW: Answer = 0;
const EXPLICIT_DENY: Answer = 1;
const IMPLICIT_DENY: Answer = 2;

/// One pattern of `*` and `?`, compiled.
pub trait Pattern {
    fn action(pattern: &str) -> Self;
    fn resource(pattern: &str) -> Self;
    fn is_match(&self, text: &str) -> bool;
}

/// Bytes and last-star backtracking. Actions are kept in lower case.
pub enum Greedy {
    Action(String),
    Resource(String),
}

impl Pattern for Greedy {
    fn action(pattern: &str) -> Greedy {
        Greedy::Action(pattern.to_ascii_lowercase())
    }

    fn resource(pattern: &str) -> Greedy {
        Greedy::Resource(pattern.to_owned())
    }

    fn is_match(&self, text: &str) -> bool {
        match self {
            Greedy::Action(pattern) => greedy(pattern, text, |byte| byte.to_ascii_lowercase()),
            Greedy::Resource(pattern) => greedy(pattern, text, |byte| byte),
        }
    }
}

/// On a mismatch only the last star can take one byte more. `fold` is applied to the text.
#[inline(always)]
pub fn greedy(pattern: &str, text: &str, fold: impl Fn(u8) -> u8) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                if p == pattern.len() {
                    return true;
                }
                retry = Some((p, t));
                continue;
            }
            Some(b'?') => {}
            Some(byte) if *byte == fold(text[t]) => {}
            _ => {
                let Some((star, from)) = &mut retry else {
                    return false;
                };
                *from += 1;
                (p, t) = (*star, *from);
                continue;
            }
        }
        p += 1;
        t += 1;
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

impl Pattern for (glob::Pattern, glob::MatchOptions) {
    fn action(pattern: &str) -> Self {
        let options = glob::MatchOptions {
            case_sensitive: false,
            ..glob::MatchOptions::new()
        };
        (glob::Pattern::new(pattern).unwrap(), options)
    }

    fn resource(pattern: &str) -> Self {
        (
            glob::Pattern::new(pattern).unwrap(),
            glob::MatchOptions::new(),
        )
    }

    fn is_match(&self, text: &str) -> bool {
        self.0.matches_with(text, self.1)
    }
}

impl Pattern for regex::Regex {
    fn action(pattern: &str) -> Self {
        regex::Regex::new(&expression(pattern, "si")).unwrap()
    }

    fn resource(pattern: &str) -> Self {
        regex::Regex::new(&expression(pattern, "s")).unwrap()
    }

    fn is_match(&self, text: &str) -> bool {
        regex::Regex::is_match(self, text)
    }
}

/// A wildcard pattern as a regular expression.
pub fn expression(pattern: &str, flags: &str) -> String {
    let body = regex::escape(pattern)
        .replace(r"\*", ".*")
        .replace(r"\?", ".");
    format!("^(?{flags}:{body})$")
}

/// A condition with its listed values read.
enum Condition {
    Inside {
        key: &'static str,
        blocks: Vec<(u32, u32)>,
        negated: bool,
    },
    /// All dates of the workloads have one form, in which the order of texts is that of time.
    Before {
        key: &'static str,
        date: String,
    },
    After {
        key: &'static str,
        date: String,
    },
    True {
        key: &'static str,
    },
    Equal {
        key: &'static str,
        values: Vec<String>,
    },
    Like {
        key: &'static str,
        patterns: Vec<String>,
    },
    AtMost {
        key: &'static str,
        number: f64,
    },
}

impl Condition {
    fn new(condition: &workload::Condition) -> Condition {
        let workload::Condition {
            operator,
            key,
            values,
        } = condition;
        let block = |text: &String| {
            let (address, bits) = text.split_once('/').unwrap();
            let mask = u32::MAX << (32 - bits.parse::<u32>().unwrap());
            (u32::from(address.parse::<Ipv4Addr>().unwrap()) & mask, mask)
        };
        match *operator {
            "IpAddress" | "NotIpAddress" => Condition::Inside {
                key,
                blocks: values.iter().map(block).collect(),
                negated: operator.starts_with("Not"),
            },
            "DateLessThan" => Condition::Before {
                key,
                date: values[0].clone(),
            },
            "DateGreaterThan" => Condition::After {
                key,
                date: values[0].clone(),
            },
            "Bool" => Condition::True { key },
            "StringEquals" => Condition::Equal {
                key,
                values: values.clone(),
            },
            "StringLike" => Condition::Like {
                key,
                patterns: values.clone(),
            },
            "NumericLessThanEquals" => Condition::AtMost {
                key,
                number: values[0].parse().unwrap(),
            },
            other => panic!("no such operator: {other}"),
        }
    }

    fn holds(&self, request: &Request) -> bool {
        let get = |key: &str| {
            let found = request.context.iter().find(|(name, _)| *name == key);
            found.map_or("", |(_, value)| value.as_str())
        };
        match self {
            Condition::Inside {
                key,
                blocks,
                negated,
            } => {
                let address = u32::from(get(key).parse::<Ipv4Addr>().unwrap());
                blocks.iter().any(|(net, mask)| address & mask == *net) != *negated
            }
            Condition::Before { key, date } => get(key) < date.as_str(),
            Condition::After { key, date } => get(key) > date.as_str(),
            Condition::True { key } => get(key) == "true",
            Condition::Equal { key, values } => values.iter().any(|value| value == get(key)),
            Condition::Like { key, patterns } => patterns
                .iter()
                .any(|pattern| greedy(pattern, get(key), |byte| byte)),
            Condition::AtMost { key, number } => get(key).parse::<f64>().unwrap() <= *number,
        }
    }
}

struct Statement<P> {
    actions: Vec<P>,
    resources: Vec<P>,
    condition: Option<Condition>,
}

impl<P: Pattern> Statement<P> {
    fn new(statement: &workload::Statement) -> Statement<P> {
        Statement {
            actions: statement
                .actions
                .iter()
                .map(|text| P::action(text))
                .collect(),
            resources: statement
                .resources
                .iter()
                .map(|text| P::resource(text))
                .collect(),
            condition: statement.condition.as_ref().map(Condition::new),
        }
    }

    #[inline]
    fn applies(&self, request: &Request) -> bool {
        self.actions
            .iter()
            .any(|pattern| pattern.is_match(&request.action))
            && self
                .resources
                .iter()
                .any(|pattern| pattern.is_match(&request.resource))
            && self
                .condition
                .as_ref()
                .is_none_or(|condition| condition.holds(request))
    }
}

struct Policy<P> {
    denies: Vec<Statement<P>>,
    allows: Vec<Statement<P>>,
}

/// Statements in the order of the policies, asked one after the other.
pub struct Loop<P> {
    policies: Vec<Policy<P>>,
    principals: Vec<Vec<usize>>,
    by_caller: HashMap<String, usize>,
}

impl<P: Pattern> Loop<P> {
    pub fn new(workload: &Workload) -> Loop<P> {
        Loop::of(&workload.policies, workload)
    }

    /// Policies that were just read (see `read`), attached as the workload says.
    pub fn of(policies: &[Vec<workload::Statement>], workload: &Workload) -> Loop<P> {
        let policies = policies.iter().map(|policy| {
            let of = |deny| {
                policy
                    .iter()
                    .filter(move |statement| statement.deny == deny)
            };
            Policy {
                denies: of(true).map(Statement::new).collect(),
                allows: of(false).map(Statement::new).collect(),
            }
        });
        Loop {
            policies: policies.collect(),
            principals: workload.principals.clone(),
            by_caller: workload.callers(),
        }
    }

    pub fn decide(&self, request: &Request) -> Answer {
        self.decide_for(request.principal, request)
    }

    /// The caller is looked up first.
    pub fn decide_by_caller(&self, request: &Request) -> Answer {
        self.decide_for(self.by_caller[&request.caller], request)
    }

    fn decide_for(&self, principal: usize, request: &Request) -> Answer {
        let held = || {
            self.principals[principal]
                .iter()
                .map(|policy| &self.policies[*policy])
        };
        let applies = |statement: &Statement<P>| statement.applies(request);
        if held().any(|policy| policy.denies.iter().any(applies)) {
            EXPLICIT_DENY
        } else if held().any(|policy| policy.allows.iter().any(applies)) {
            ALLOW
        } else {
            IMPLICIT_DENY
        }
    }
}

/// All resource patterns of one principal in one RegexSet; actions and conditions are asked of what it finds.
pub struct Set {
    resources: regex::RegexSet,
    /// For each pattern of the set the statements that list it.
    owners: Vec<Vec<usize>>,
    statements: Vec<(bool, Statement<Greedy>)>,
}

impl Set {
    /// `cache` bounds what the lazy DFA keeps; the crate's own limit is 2 MiB.
    pub fn new(workload: &Workload, cache: usize) -> Set {
        let statements: Vec<&workload::Statement> = workload.policies.iter().flatten().collect();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut patterns = Vec::new();
        let mut owners: Vec<Vec<usize>> = Vec::new();
        for (n, statement) in statements.iter().enumerate() {
            for resource in &statement.resources {
                let number = *numbers.entry(resource).or_insert_with(|| {
                    patterns.push(expression(resource, "s"));
                    owners.push(Vec::new());
                    patterns.len() - 1
                });
                owners[number].push(n);
            }
        }
        let resources = regex::RegexSetBuilder::new(patterns)
            .size_limit(1 << 30)
            .dfa_size_limit(cache)
            .build()
            .unwrap();
        Set {
            resources,
            owners,
            statements: statements
                .iter()
                .map(|of| (of.deny, Statement::new(of)))
                .collect(),
        }
    }

    pub fn decide(&self, request: &Request) -> Answer {
        let mut answer = IMPLICIT_DENY;
        for number in &self.resources.matches(&request.resource) {
            for owner in &self.owners[number] {
                let (deny, statement) = &self.statements[*owner];
                if !deny && answer == ALLOW {
                    continue;
                }
                let named = statement
                    .actions
                    .iter()
                    .any(|action| action.is_match(&request.action));
                if named
                    && statement
                        .condition
                        .as_ref()
                        .is_none_or(|condition| condition.holds(request))
                {
                    if *deny {
                        return EXPLICIT_DENY;
                    }
                    answer = ALLOW;
                }
            }
        }
        answer
    }
}
