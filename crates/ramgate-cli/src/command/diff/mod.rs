//! Compares what two sets of policies allow, over all requests, and shows each difference by a request.

mod pairs;
mod plan;
mod side;

use std::collections::BTreeSet;

use ramgate::analysis::{Confirmed, Difference, Options, Relation, diff};
use ramgate::{OpenRule, Policies};

use crate::args::{AnswerFormat, ChangeToFailOn, DiffArgs};
use crate::catalog;
use crate::command::Status;
use crate::command::diff::pairs::{Pair, Pairs};
use crate::output::{Console, difference};

/// How two sides compare.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) relation: Relation,
    pub(crate) parts: Vec<Part>,
    /// Who is on one side only.
    pub(crate) appeared: Vec<String>,
    pub(crate) disappeared: Vec<String>,
    /// Why something is not known.
    pub(crate) unknown: BTreeSet<String>,
}

/// What is different for some who have the same policies.
#[derive(Debug)]
pub(crate) struct Part {
    /// Who; empty where the sides are no more than policies.
    pub(crate) who: Vec<String>,
    /// Whether they are callers of a snapshot.
    pub(crate) is_of_callers: bool,
    pub(crate) new_access: Vec<Confirmed>,
    pub(crate) lost_access: Vec<Confirmed>,
    pub(crate) doubts: BTreeSet<OpenRule>,
    /// Whether it is not known that there is nothing more of one sort.
    is_open: bool,
}

impl Part {
    fn is_empty(&self) -> bool {
        self.new_access.is_empty() && self.lost_access.is_empty() && self.doubts.is_empty()
    }
}

/// Compares what the arguments name.
///
/// # Errors
/// When a side cannot be read, the sides are of different forms, or the answer cannot be written.
pub(crate) fn run(args: &DiffArgs, console: &mut Console) -> anyhow::Result<Status> {
    let sides = side::read_both(args, console)?;
    let Some((old, new)) = sides else {
        return Ok(Status::CannotAnswer);
    };
    let facts = catalog::load(&[])?;
    let actions = catalog::actions(&facts);
    let actions: Vec<(&str, &str)> = actions.iter().map(|(name, on)| (*name, &**on)).collect();
    let options = Options::default().with_catalogue(&actions);
    let (old_name, new_name) = (old.name.clone(), new.name.clone());
    let pairs = pairs::of(old, new, args.kind)?;
    let comparison = compare(old_name, new_name, &pairs, &options);
    match args.format {
        AnswerFormat::Text => difference::text(&comparison, &facts, &mut console.out)?,
        AnswerFormat::Json => difference::json(&comparison, &facts, &mut console.out)?,
    }
    Ok(status(&comparison, args.fail_on))
}

fn status(comparison: &Comparison, fail_on: Option<ChangeToFailOn>) -> Status {
    let gained = matches!(
        comparison.relation,
        Relation::Broader | Relation::Incomparable
    );
    let lost = matches!(
        comparison.relation,
        Relation::Narrower | Relation::Incomparable
    );
    let fails = match fail_on {
        None => false,
        Some(ChangeToFailOn::Broader) => gained,
        Some(ChangeToFailOn::Narrower) => lost,
        Some(ChangeToFailOn::Any) => gained || lost,
    };
    match comparison.relation {
        Relation::Unknown => Status::CannotAnswer,
        _ if fails => Status::No,
        _ => Status::Yes,
    }
}

fn compare(old: String, new: String, pairs: &Pairs, options: &Options<'_>) -> Comparison {
    let mut comparison = Comparison {
        old,
        new,
        relation: Relation::Unknown,
        parts: Vec::new(),
        appeared: pairs.appeared.clone(),
        disappeared: pairs.disappeared.clone(),
        unknown: pairs.not_compared.iter().cloned().collect(),
    };
    let mut is_open = !comparison.unknown.is_empty();
    for pair in &pairs.differing {
        let part = compare_pair(pair, options, &mut comparison.unknown);
        is_open |= part.is_open;
        if !part.is_empty() {
            comparison.parts.push(part);
        }
    }
    let gains = |part: &Part| !part.new_access.is_empty();
    let loses = |part: &Part| !part.lost_access.is_empty();
    let gained = comparison.parts.iter().any(gains);
    let lost = comparison.parts.iter().any(loses);
    comparison.relation = match (gained, lost) {
        (true, true) => Relation::Incomparable,
        _ if is_open => Relation::Unknown,
        (true, false) => Relation::Broader,
        (false, true) => Relation::Narrower,
        (false, false) => Relation::Equivalent,
    };
    comparison
}

fn compare_pair(pair: &Pair, options: &Options<'_>, unknown: &mut BTreeSet<String>) -> Part {
    let mut part = Part {
        who: pair.who.clone(),
        is_of_callers: pair.principal.is_some(),
        new_access: Vec::new(),
        lost_access: Vec::new(),
        doubts: BTreeSet::new(),
        is_open: false,
    };
    for (old, new) in &pair.looks {
        if let Some(principal) = &pair.principal {
            let of_caller = options
                .clone()
                .with_principals([principal.clone()])
                .with_principal_id(pair.principal_id.clone());
            add(&mut part, old, new, &of_caller, unknown);
        }
        // Of a caller of a snapshot: what its policies say of resources of other accounts, which may let it in.
        add(&mut part, old, new, options, unknown);
    }
    part
}

fn add(
    part: &mut Part,
    old: &Policies,
    new: &Policies,
    options: &Options<'_>,
    unknown: &mut BTreeSet<String>,
) {
    let found: Difference = diff(old, new, options);
    part.is_open |= found.relation == Relation::Unknown;
    // The same statement may be a cause on several looks.
    let places = |of: &Confirmed| -> BTreeSet<String> {
        of.because.iter().map(|by| by.at.clone()).collect()
    };
    let is_new = |known: &[Confirmed], one: &Confirmed| {
        !known.iter().any(|other| places(other) == places(one))
    };
    for one in found.new_access {
        if is_new(&part.new_access, &one) {
            part.new_access.push(one);
        }
    }
    for one in found.lost_access {
        if is_new(&part.lost_access, &one) {
            part.lost_access.push(one);
        }
    }
    part.doubts.extend(found.doubts);
    unknown.extend(found.unknown.iter().map(|why| (*why).to_owned()));
    if !found.disagreements.is_empty() {
        unknown.insert("the search and the evaluator disagree, which is a fault of ramgate".into());
    }
}
