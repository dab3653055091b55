//! Policies in Terraform's own language: heredocs, strings and `jsonencode({…})` of the resources that hold policies.
//!
//! A name of `locals` is followed inside the file; what else Terraform works out (`${…}`, variables, functions) is not known here. Values are gone through recursively: the parser bounds how deep
//! they are.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use anyhow::anyhow;
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey, TraversalOperator};
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, Body};
use hcl_edit::template::{Element, HeredocTemplate};
use ramgate::carrier::{
    Carried, Carrier, CarrierFormat, TerraformDocument, Unread, terraform_documents,
};
use ramgate::{PolicyKind, Reading, Source};

use super::weave::Weaver;

/// The policies of a `.tf` file.
///
/// # Errors
/// When it is not written in that language.
pub(super) fn read(source: &Source) -> anyhow::Result<Carrier> {
    let body = parse_body(source.text()).map_err(|error| {
        let place = source.position(error.location().offset());
        anyhow!(
            "{}:{place}: no Terraform: {}",
            source.name(),
            error.message()
        )
    })?;
    let mut found = Found {
        source,
        locals: locals(&body),
        seen: HashSet::new(),
        documents: Vec::new(),
        unread: Vec::new(),
    };
    for block in body.blocks().filter(|block| block.has_ident("resource")) {
        let [kind, name] = &block.labels[..] else {
            continue;
        };
        let address = format!("{}.{}", kind.as_str(), name.as_str());
        for document in terraform_documents(kind.as_str()) {
            match document.block {
                None => found.attribute(&block.body, document, &address),
                Some(inner) => {
                    for (index, block) in block.body.get_blocks(inner).enumerate() {
                        let address = format!("{address}.{inner}[{index}]");
                        found.attribute(&block.body, document, &address);
                    }
                    found.generated(block, inner, &address);
                }
            }
        }
    }
    Ok(Carrier::new(
        CarrierFormat::Terraform,
        found.documents,
        found.unread,
    ))
}

struct Found<'s> {
    source: &'s Source,
    /// What `local.name` stands for; nothing where a name stands twice.
    locals: HashMap<&'s str, Option<&'s Expression>>,
    /// Where the policies begin that were looked at, and as what: several resources may have the same one.
    seen: HashSet<(usize, PolicyKind)>,
    documents: Vec<Carried>,
    unread: Vec<Unread>,
}

const GIVEN: &str = "an expression gives it; the plan (terraform show -json) tells it";

impl<'s> Found<'s> {
    fn attribute(&mut self, body: &'s Body, document: &TerraformDocument, address: &str) {
        let mut names = document.attributes.iter();
        let Some(attribute) = names.find_map(|name| body.get_attribute(name)) else {
            return;
        };
        let place = format!("{address}.{}", attribute.key.as_str());
        let start = attribute.span().unwrap_or_default().start;
        let value = self.followed(&attribute.value);
        let begins = value.span().unwrap_or_default().start;
        if !self.seen.insert((begins, document.kind)) {
            return;
        }
        self.document(value, document, place, start);
    }

    /// What stands at the name of a local value.
    fn followed(&self, expression: &'s Expression) -> &'s Expression {
        let plain = plain(expression);
        let Expression::Traversal(traversal) = plain else {
            return plain;
        };
        let is_local =
            matches!(&traversal.expr, Expression::Variable(name) if name.as_str() == "local");
        let name = match &traversal.operators[..] {
            [operator] if is_local => match operator.value() {
                TraversalOperator::GetAttr(name) => name.as_str(),
                _ => return plain,
            },
            _ => return plain,
        };
        self.locals.get(name).copied().flatten().unwrap_or(plain)
    }

    fn document(
        &mut self,
        value: &Expression,
        document: &TerraformDocument,
        place: String,
        start: usize,
    ) {
        let reading = Reading::new(document.kind);
        let mut weaver = Weaver::default();
        let (reading, is_text) = match value {
            Expression::HeredocTemplate(heredoc) => {
                if !heredoc_text(heredoc, self.source.text(), &mut weaver) {
                    let reason = "a directive of the template decides what it says";
                    return self.unread(place, start, reason);
                }
                (reading, true)
            }
            Expression::String(_) | Expression::StringTemplate(_) => {
                let span = value.span().unwrap_or_default();
                if !string_text(value, self.source.text(), span, &mut weaver) {
                    return self.unread(place, start, GIVEN);
                }
                (reading, true)
            }
            Expression::FuncCall(call)
                if call.name.name.as_str() == "jsonencode" && !call.name.is_namespaced() =>
            {
                let mut arguments = call.args.iter();
                let (Some(argument), None) = (arguments.next(), arguments.next()) else {
                    return self.unread(place, start, GIVEN);
                };
                if !matches!(plain(argument), Expression::Object(_)) {
                    return self.unread(place, start, GIVEN);
                }
                json_value(argument, self.source.text(), &mut weaver);
                (reading.inside(), false)
            }
            _ => return self.unread(place, start, GIVEN),
        };
        let source = weaver.woven.into_source(self.source);
        let carried = Carried::new(source, reading, place, weaver.unknown);
        self.documents.push(match is_text {
            true => carried.opened_at(self.source.position(start)),
            false => carried,
        });
    }

    /// `dynamic "block"`: how often it stands there is not known.
    fn generated(&mut self, block: &Block, inner: &str, address: &str) {
        for dynamic in block.body.get_blocks("dynamic") {
            if dynamic
                .labels
                .first()
                .is_some_and(|label| label.as_str() == inner)
            {
                let start = dynamic.span().unwrap_or_default().start;
                self.unread(format!("{address}.{inner}"), start, GIVEN);
            }
        }
    }

    fn unread(&mut self, place: String, at: usize, reason: &str) {
        let at = self.source.position(at);
        self.unread.push(Unread::new(place, at, reason.to_owned()));
    }
}

/// The local values of the file.
fn locals(body: &Body) -> HashMap<&str, Option<&Expression>> {
    let mut found: HashMap<&str, Option<&Expression>> = HashMap::new();
    let blocks = body.blocks().filter(|block| block.has_ident("locals"));
    for attribute in blocks.flat_map(|block| block.body.attributes()) {
        let name = attribute.key.as_str();
        let is_new = !found.contains_key(name);
        found.insert(name, is_new.then(|| plain(&attribute.value)));
    }
    found
}

/// Without parentheses around it.
fn plain(expression: &Expression) -> &Expression {
    let mut expression = expression;
    while let Expression::Parenthesis(inside) = expression {
        expression = inside.inner();
    }
    expression
}

/// The text of a heredoc. `false` where a directive decides what it is.
fn heredoc_text(heredoc: &HeredocTemplate, file: &str, weaver: &mut Weaver) -> bool {
    let indent = heredoc.indent().unwrap_or_default();
    let mut strings = InString::default();
    let mut begins_line = true;
    for element in heredoc.template.iter() {
        let span = element.span().unwrap_or_default();
        match element {
            Element::Literal(_) => {
                let mut at = span.start;
                let literal = file.get(span).unwrap_or_default();
                for line in literal.split_inclusive('\n') {
                    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
                    let skipped = if begins_line { indent.min(blanks) } else { 0 };
                    let text = line.get(skipped..).unwrap_or_default();
                    strings.read(text);
                    unescaped_markers(text, at + skipped, &mut |text, start| {
                        weaver.woven.copy(text, start)
                    });
                    at += line.len();
                    begins_line = line.ends_with('\n');
                }
            }
            Element::Interpolation(_) => {
                begins_line = false;
                match strings.is_inside {
                    true => weaver.unknown_part(span.start, span.end),
                    false => weaver.unknown_value(span.start, span.end),
                }
            }
            Element::Directive(_) => return false,
        }
    }
    true
}

/// Whether the end of a JSON text is inside a string.
#[derive(Default)]
struct InString {
    is_inside: bool,
    is_escaped: bool,
}

impl InString {
    fn read(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                _ if self.is_escaped => self.is_escaped = false,
                '\\' if self.is_inside => self.is_escaped = true,
                '"' => self.is_inside = !self.is_inside,
                _ => {}
            }
        }
    }
}

/// Text between interpolations: `$${` says `${`, `%%{` says `%{`.
fn unescaped_markers(text: &str, start: usize, add: &mut dyn FnMut(&str, usize)) {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let marker = [rest.find("$${"), rest.find("%%{")];
        let Some(marker) = marker.into_iter().flatten().min() else {
            return add(rest, start + at);
        };
        add(rest.get(..marker).unwrap_or_default(), start + at);
        at += marker + 1;
        // The second of the two, and the brace.
        add(text.get(at..at + 2).unwrap_or_default(), start + at);
        at += 2;
    }
}

/// What a quoted string says, as it is: a policy written as one.
fn string_text(
    expression: &Expression,
    file: &str,
    span: Range<usize>,
    weaver: &mut Weaver,
) -> bool {
    let mut strings = InString::default();
    each_part(expression, file, span, &mut |part| match part {
        Part::Text(text, start) => {
            strings.read(text);
            weaver.woven.copy(text, start);
        }
        Part::Escape(c, start, end) => {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer);
            strings.read(text);
            weaver.woven.instead(text, ramgate::Span { start, end });
        }
        Part::Unknown(start, end) if strings.is_inside => weaver.unknown_part(start, end),
        Part::Unknown(start, end) => weaver.unknown_value(start, end),
    })
}

enum Part<'t> {
    Text(&'t str, usize),
    Escape(char, usize, usize),
    Unknown(usize, usize),
}

/// Goes through a quoted string. `false` where a directive decides what it says.
fn each_part(
    expression: &Expression,
    file: &str,
    span: Range<usize>,
    add: &mut dyn FnMut(Part<'_>),
) -> bool {
    match plain(expression) {
        Expression::StringTemplate(template) => {
            for element in template.iter() {
                let span = element.span().unwrap_or_default();
                match element {
                    Element::Literal(_) => {
                        let start = span.start;
                        each_character(file.get(span).unwrap_or_default(), start, add);
                    }
                    Element::Interpolation(_) => add(Part::Unknown(span.start, span.end)),
                    Element::Directive(_) => return false,
                }
            }
        }
        _ => {
            let raw = file.get(span.clone()).unwrap_or_default();
            let inside = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
            each_character(inside.unwrap_or_default(), span.start + 1, add);
        }
    }
    true
}

/// The escapes of a quoted string. The parser has made sure of their form.
fn each_character(raw: &str, start: usize, add: &mut dyn FnMut(Part<'_>)) {
    let mut at = 0;
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let escape = rest.find('\\').unwrap_or(rest.len());
        let plain = rest.get(..escape).unwrap_or_default();
        unescaped_markers(plain, start + at, &mut |text, start| {
            add(Part::Text(text, start))
        });
        at += escape;
        let Some(escape) = raw.get(at..).filter(|rest| !rest.is_empty()) else {
            return;
        };
        let hex = |digits: usize| {
            let digits = escape.get(2..2 + digits)?;
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)
        };
        let (c, length) = match escape.chars().nth(1) {
            Some('n') => ('\n', 2),
            Some('r') => ('\r', 2),
            Some('t') => ('\t', 2),
            Some('u') => (hex(4).unwrap_or('\u{fffd}'), 6),
            Some('U') => (hex(8).unwrap_or('\u{fffd}'), 10),
            Some(c) => (c, 1 + c.len_utf8()),
            None => return,
        };
        add(Part::Escape(c, start + at, start + at + length));
        at += length;
    }
}

/// A value as `jsonencode` writes it.
fn json_value(expression: &Expression, file: &str, weaver: &mut Weaver) {
    let expression = plain(expression);
    let Range { start, end } = expression.span().unwrap_or_default();
    match expression {
        Expression::Null(_) => weaver.token("null", start, end),
        Expression::Bool(value) => weaver.token(if **value { "true" } else { "false" }, start, end),
        Expression::Number(number) => {
            let written = number.value().to_string();
            match serde_json::from_str::<serde_json::Number>(&written) {
                Ok(_) => weaver.token(&written, start, end),
                Err(_) => weaver.unknown_value(start, end),
            }
        }
        Expression::String(_) | Expression::StringTemplate(_) => string(expression, file, weaver),
        Expression::Array(array) => {
            weaver.token("[", start, start + 1);
            for (index, element) in array.iter().enumerate() {
                if index > 0 {
                    weaver.between(",", element.span().unwrap_or_default().start);
                }
                json_value(element, file, weaver);
            }
            weaver.token("]", end.saturating_sub(1), end);
        }
        Expression::Object(members) => object(members, file, (start, end), weaver),
        _ => weaver.unknown_value(start, end),
    }
}

fn string(expression: &Expression, file: &str, weaver: &mut Weaver) {
    let Range { start, end } = expression.span().unwrap_or_default();
    weaver.quote(start, start + 1);
    let is_told = each_part(expression, file, start..end, &mut |part| match part {
        Part::Text(text, start) => weaver.text(text, start),
        Part::Escape(c, start, end) => weaver.character(c, start, end),
        Part::Unknown(start, end) => weaver.unknown_part(start, end),
    });
    if !is_told {
        weaver.unknown_part(start, end);
    }
    weaver.quote(end.saturating_sub(1), end);
    weaver.end(end);
}

fn object(members: &Object, file: &str, (start, end): (usize, usize), weaver: &mut Weaver) {
    weaver.token("{", start, start + 1);
    for (index, (key, member)) in members.iter().enumerate() {
        let Range { start, end } = key.span().unwrap_or_default();
        if index > 0 {
            weaver.between(",", start);
        }
        match key {
            ObjectKey::Ident(name) => weaver.token(&format!("\"{}\"", name.as_str()), start, end),
            ObjectKey::Expression(key) => match plain(key) {
                key @ (Expression::String(_) | Expression::StringTemplate(_)) => {
                    string(key, file, weaver)
                }
                // A name alone is that name, in parentheses what it stands for.
                Expression::Variable(name) if !matches!(key, Expression::Parenthesis(_)) => {
                    weaver.token(&format!("\"{}\"", name.as_str()), start, end);
                }
                _ => weaver.unknown_value(start, end),
            },
        }
        weaver.between(":", end);
        json_value(member.expr(), file, weaver);
    }
    weaver.token("}", end.saturating_sub(1), end);
}
