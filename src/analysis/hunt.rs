//! One question about all requests: the search for a request in a formula, slice by slice, and the evidence where there is none.

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::certificate::{Certificate, Part};
use crate::analysis::piece::{Found, Piece, Point};
use crate::analysis::problem::Problem;
use crate::analysis::skeleton::NodeId;
use crate::analysis::slice::Slice;

/// What a question came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The formula holds here, as far as is known; the evaluator has the last word.
    Point(Point),
    /// No request is in the formula.
    Nothing(Refutation),
    /// Neither is shown, and why.
    Unknown(&'static str),
}

/// Why no request is in the formula.
#[derive(Debug)]
pub(crate) struct Refutation {
    pub(crate) certificate: Certificate,
    /// The named parts that it rests on.
    pub(crate) names: Vec<u32>,
}

/// Looks for requests on which all of some parts of a formula hold.
#[derive(Debug)]
pub(crate) struct Hunt {
    required: Vec<NodeId>,
    forbidden: Vec<NodeId>,
    /// The slices that were not looked at, the next one last.
    left: Vec<Slice>,
    piece: Option<Piece>,
    parts: Vec<Part>,
    names: Vec<u32>,
    unsure: Option<&'static str>,
}

impl Hunt {
    pub(crate) fn new(problem: &mut Problem, required: Vec<NodeId>) -> Hunt {
        let mut left = if problem.is_contradiction(&required) {
            Vec::new()
        } else {
            problem.slices()
        };
        left.reverse();
        let parts = match left.is_empty() {
            true => vec![Part::contradiction(None)],
            false => Vec::new(),
        };
        Hunt {
            required,
            forbidden: Vec::new(),
            left,
            piece: None,
            parts,
            names: Vec::new(),
            unsure: None,
        }
    }

    /// The next point of the formula.
    pub(crate) fn solve(&mut self, problem: &mut Problem, budget: &mut Budget) -> Outcome {
        match self.search(problem, budget) {
            Ok(outcome) => outcome,
            Err(OutOfBudget) => Outcome::Unknown("the budget is spent"),
        }
    }

    fn search(
        &mut self,
        problem: &mut Problem,
        budget: &mut Budget,
    ) -> Result<Outcome, OutOfBudget> {
        loop {
            if self.piece.is_none() {
                let Some(slice) = self.left.last().copied() else {
                    return Ok(self.outcome(problem));
                };
                budget.spend(1)?;
                match problem.piece(slice, &self.required, &self.forbidden, budget)? {
                    Ok(piece) => self.piece = Some(piece),
                    Err((part, name)) => self.refuted(part, name.into_iter().collect()),
                }
            }
            let Some(piece) = &mut self.piece else {
                continue;
            };
            match problem.search_in(piece, budget)? {
                Found::Point(point) => return Ok(Outcome::Point(point)),
                Found::Nothing(part, names) => self.refuted(part, names),
                Found::Unsure(why) => {
                    self.unsure = Some(why);
                    self.left.pop();
                    self.piece = None;
                }
            }
        }
    }

    fn refuted(&mut self, part: Part, names: Vec<u32>) {
        self.parts.push(part);
        self.names.extend(names);
        self.left.pop();
        self.piece = None;
    }

    fn outcome(&mut self, problem: &mut Problem) -> Outcome {
        if let Some(why) = self.unsure {
            return Outcome::Unknown(why);
        }
        let mut names = std::mem::take(&mut self.names);
        names.sort_unstable();
        names.dedup();
        Outcome::Nothing(Refutation {
            certificate: Certificate::new(std::mem::take(&mut self.parts), problem.cut()),
            names,
        })
    }

    /// This part may not be the reason any more.
    pub(crate) fn forbid(&mut self, problem: &mut Problem, id: NodeId) {
        self.forbidden.push(id);
        if let Some(piece) = &mut self.piece {
            problem.forbid_in(piece, id);
        }
    }

    /// The present point did not stand: looks elsewhere, and remembers that not all was looked at.
    pub(crate) fn give_up_on_point(&mut self, why: &'static str) {
        if let Some(piece) = &mut self.piece {
            piece.give_up_on_point(why);
        }
    }

    /// Whether a text is as the present point has it, so that it may stand in its place.
    pub(crate) fn may_stand(&self, problem: &Problem, action: &str, resource: &str) -> bool {
        self.piece
            .as_ref()
            .is_some_and(|piece| piece.may_stand(problem.theory(), action, resource))
    }
}
