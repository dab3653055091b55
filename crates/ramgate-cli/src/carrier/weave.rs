//! Writes a policy that another language states as JSON, token by token, each with its place in the file.

use ramgate::carrier::UNKNOWN;
use ramgate::{Span, Woven};

/// A JSON text in the making.
#[derive(Default)]
pub(super) struct Weaver {
    pub(super) woven: Woven,
    /// The parts of it that the file does not tell.
    pub(super) unknown: Vec<Span>,
}

impl Weaver {
    /// A token that stands for a part of the file. The blank behind it keeps its end apart from where the next one begins.
    pub(super) fn token(&mut self, text: &str, start: usize, end: usize) {
        self.woven.instead(text, Span { start, end });
        self.end(end);
    }

    /// A comma or colon that the file may write otherwise, or not at all.
    pub(super) fn between(&mut self, text: &str, at: usize) {
        self.woven.instead(text, Span { start: at, end: at });
    }

    pub(super) fn quote(&mut self, start: usize, end: usize) {
        self.woven.instead("\"", Span { start, end });
    }

    pub(super) fn end(&mut self, at: usize) {
        self.between(" ", at);
    }

    /// Characters inside a string, as they stand in the file.
    pub(super) fn text(&mut self, text: &str, start: usize) {
        let mut at = 0;
        for (index, c) in text.char_indices() {
            if c == '"' || c == '\\' || c < ' ' {
                self.woven
                    .copy(text.get(at..index).unwrap_or_default(), start + at);
                self.character(c, start + index, start + index + c.len_utf8());
                at = index + c.len_utf8();
            }
        }
        self.woven
            .copy(text.get(at..).unwrap_or_default(), start + at);
    }

    /// A character inside a string that the file writes in a way of its own.
    pub(super) fn character(&mut self, c: char, start: usize, end: usize) {
        let written = match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        };
        self.woven.instead(&written, Span { start, end });
    }

    /// A part of a string that is not known.
    pub(super) fn unknown_part(&mut self, start: usize, end: usize) {
        let begins = self.woven.len();
        self.woven.instead(UNKNOWN, Span { start, end });
        self.unknown.push(Span {
            start: begins,
            end: self.woven.len(),
        });
    }

    /// A value that is not known.
    pub(super) fn unknown_value(&mut self, start: usize, end: usize) {
        let begins = self.woven.len();
        self.woven
            .instead(&format!("\"{UNKNOWN}\""), Span { start, end });
        self.unknown.push(Span {
            start: begins,
            end: self.woven.len(),
        });
        self.end(end);
    }
}
