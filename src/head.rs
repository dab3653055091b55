//! The first sixteen bytes of a text, letters without case: one comparison tells most texts apart.

/// The beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Head(u128);

/// What the beginning of a text must be to fit a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HeadTest {
    head: u128,
    mask: u128,
}

/// Sets the bit that tells a small letter from a capital one. It makes some other characters equal too, which costs a comparison in full.
const SMALL: u128 = 0x2020_2020_2020_2020_2020_2020_2020_2020;

impl Head {
    pub(crate) fn of(text: &str) -> Head {
        let bytes = text.as_bytes();
        let head = bytes.first_chunk().copied().unwrap_or_else(|| {
            let mut head = [0; 16];
            for (to, from) in head.iter_mut().zip(bytes) {
                *to = *from;
            }
            head
        });
        Head(u128::from_le_bytes(head) | SMALL)
    }
}

impl HeadTest {
    /// Of a pattern: what stands before its first metacharacter.
    pub(crate) fn of(pattern: &str) -> HeadTest {
        let literal = pattern.split(['*', '?']).next().unwrap_or_default();
        let mask = match literal.len() {
            0 => 0,
            length => u128::MAX >> (128 - 8 * length.min(16)),
        };
        HeadTest {
            head: Head::of(literal).0 & mask,
            mask,
        }
    }

    /// Whether a text that begins so may fit, in whatever case.
    pub(crate) fn may_fit(self, text: Head) -> bool {
        text.0 & self.mask == self.head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_may_fit() {
        for (pattern, text, may) in [
            ("vpc:Cancel*", "VPC:cancelPhysicalConnection", true),
            (
                "vpc:CancelPhysicalConnection",
                "vpc:CancelPhysicalConnection",
                true,
            ),
            ("vpc:C", "vpc:c", true),
            ("*", "", true),
            ("vpc:?ancel", "vpc:Cancel", true),
            ("vpc:Describe*", "vpc:CancelPhysicalConnection", false),
            ("vpc:Describe*", "vpc:", false),
        ] {
            assert_eq!(
                HeadTest::of(pattern).may_fit(Head::of(text)),
                may,
                "{pattern} {text}"
            );
        }
    }
}
