//! Guesses the name that was meant by a misspelled one.

/// The name that was probably meant: it differs in case only, or by an edit or two.
pub(crate) fn closest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    if written.len() > 64 {
        return None;
    }
    let distance =
        |name: &str| edit_distance(&written.to_ascii_lowercase(), &name.to_ascii_lowercase());
    known
        .iter()
        .map(|name| (distance(name), *name))
        .filter(|(distance, _)| *distance <= (written.len() / 3).min(2))
        .min()
        .map(|(_, name)| name)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(b.chars()) {
            let substituted = diagonal + usize::from(from != to);
            diagonal = *cell;
            *cell = substituted.min(left + 1).min(diagonal + 1);
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested() {
        assert_eq!(
            closest("stringequal", &["StringEquals", "StringLike"]),
            Some("StringEquals")
        );
        assert_eq!(closest("Resouce", &["Resource"]), Some("Resource"));
        assert_eq!(closest("ArnLike", &["StringLike"]), None);
    }
}
