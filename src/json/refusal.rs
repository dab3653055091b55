//! Says why a text is not read: what `serde_json` finds wrong with it, in the reader's own words where they help.

use serde::de::IgnoredAny;

use crate::json::walk::DEPTH_MAX;
use crate::problem::{Path, Problem, ProblemKind};
use crate::source::{Source, Span};

/// Why the walk stopped.
pub(super) enum Refused {
    Grammar,
    Nesting,
    /// A string that holds half of a surrogate pair, if it is a string at all.
    Escapes(Span),
    Length,
}

/// The problem of a text in which the walk stopped at this offset.
pub(super) fn refusal(source: &Source, at: usize, refused: Refused) -> Problem {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(source.text()) {
        return syntax_problem(source, &error);
    }
    let here = Span {
        start: at,
        end: at + 1,
    };
    let (span, kind, message) = match refused {
        Refused::Grammar => (here, ProblemKind::JsonSyntax, "no JSON".to_owned()),
        Refused::Nesting => {
            let message = format!("nested deeper than {DEPTH_MAX} levels");
            (here, ProblemKind::NestingTooDeep, message)
        }
        // serde_json's grammar check lets it pass.
        Refused::Escapes(span) => {
            let message = "this string holds half of a surrogate pair, which is no character";
            (span, ProblemKind::JsonSyntax, message.to_owned())
        }
        Refused::Length => (here, ProblemKind::TooLong, "longer than 1 GiB".to_owned()),
    };
    Problem::new(source, span, &Path::Root, kind, "G1", message)
}

fn syntax_problem(source: &Source, error: &serde_json::Error) -> Problem {
    let text = source.text();
    let offset = if error.is_eof() {
        text.len()
    } else {
        offset_of(text, error.line(), error.column())
    };
    let span = Span {
        start: offset,
        end: offset
            + text
                .get(offset..)
                .and_then(|t| t.chars().next())
                .map_or(0, char::len_utf8),
    };
    let message = error.to_string();
    // serde_json appends its own place, which counts bytes; ours stands in front.
    let message = message.split(" at line ").next().unwrap_or_default();
    let problem = Problem::new(
        source,
        span,
        &Path::Root,
        ProblemKind::JsonSyntax,
        "G1",
        format!("no JSON: {message}"),
    );
    match help(text, offset) {
        Some(help) => problem.with_help(help),
        None => problem,
    }
}

/// serde_json's column is the number of bytes read of the line: the offending byte is the last one read.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut offset = (line_start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The mistakes that people and editors make in policy files, told in words.
fn help(text: &str, offset: usize) -> Option<&'static str> {
    let rest = text.get(offset..)?;
    let before = text.get(..offset)?.trim_end();
    match rest.chars().next() {
        _ if text.trim().is_empty() => Some("the text is empty"),
        Some('\u{feff}') => {
            Some("the text begins with a byte order mark; save it as UTF-8 without one")
        }
        Some('/' | '#') => Some("JSON has no comments"),
        Some('}' | ']') if before.ends_with(',') => {
            Some("JSON allows no comma after the last element")
        }
        Some('\'') => Some("JSON strings stand in double quotes"),
        Some('“' | '”') => Some("these are typographic quotes; JSON wants \""),
        Some('，' | '：') => Some("this is a full-width character; JSON wants its ASCII form"),
        Some('\u{a0}' | '\u{3000}' | '\u{2028}' | '\u{2029}') => Some(
            "this blank is not one that JSON knows (a no-break or full-width space, often from a web page)",
        ),
        Some('$' | '%' | '<') => {
            Some("this looks like a placeholder of a template; fill it in first")
        }
        None => Some("the text ends too early: a bracket, brace or quote is not closed"),
        _ => None,
    }
}
