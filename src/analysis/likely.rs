//! Texts that a person would choose for a pattern: tried before any search, and most of the time one of them is an answer.

use crate::analysis::glob::{Glob, Token};

/// Texts that fit a pattern.
pub(crate) fn examples(glob: &Glob) -> impl Iterator<Item = String> {
    ["Example", "example", "", "x/y", "x"]
        .into_iter()
        .map(|run| filled(glob, run))
}

fn filled(glob: &Glob, run: &str) -> String {
    let mut text = String::new();
    let mut colons = 0;
    for token in &glob.tokens {
        match token {
            Token::Char(c) => text.push(*c),
            Token::Any | Token::FieldAny => text.push('x'),
            Token::Run => text.push_str(run),
            Token::FieldRun if colons == 2 => text.push_str("cn-hangzhou"),
            Token::FieldRun if colons == 3 => text.push_str("1234567890123456"),
            Token::FieldRun => text.push_str("ecs"),
        }
        colons += usize::from(*token == Token::Char(':'));
    }
    text
}
