//! Compares `true` and `false` (O11).

use crate::condition::any;
use crate::truth::{Match, OpenRule};

/// In any case (G18); every other text is no boolean.
pub(crate) fn read(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

pub(crate) fn fits_any(listed: &[Option<bool>], value: &str) -> Match {
    let Some(value) = read(value) else {
        return Match::unknown(OpenRule::O11);
    };
    any(listed, |listed| match listed {
        Some(listed) => Match::sure(*listed == value),
        None => Match::unknown(OpenRule::O11),
    })
}
