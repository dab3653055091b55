//! How much work one question may cost: beyond it the answer is "unknown", never "safe".

/// A bound on the work of one question, in steps of a search (a few dozen nanoseconds each).
///
/// ```
/// use ramgate::analysis::Budget;
/// assert_eq!(Budget::default(), Budget::of_steps(5_000_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    left: u64,
}

/// The work is not done, and nothing may be concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfBudget;

impl Budget {
    /// So many steps.
    pub fn of_steps(steps: u64) -> Budget {
        Budget { left: steps }
    }

    /// How many steps are left.
    pub(crate) fn steps_left(self) -> u64 {
        self.left
    }

    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), OutOfBudget> {
        self.left = self.left.checked_sub(steps).ok_or(OutOfBudget)?;
        Ok(())
    }
}

impl Default for Budget {
    /// Five million steps: about a second.
    fn default() -> Budget {
        Budget::of_steps(5_000_000)
    }
}
