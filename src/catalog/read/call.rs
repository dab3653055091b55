//! Reads the rows on calls: regions, states, operations, their parameters and errors, and the shapes of lists.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::call::{
    After, Call, Constraint, ErrorCause, KnownError, ListShape, Parameter, ParameterType, Region,
    Role, State,
};
use crate::catalog::read::{Cell, Row, TextReader, Used, is_name, put_first, replace, with_guess};
use crate::catalog::{Catalog, Service};
use crate::problem::{Path, Problem, ProblemKind, quoted};
use crate::source::{Source, Span};

/// What the texts have said of calls so far.
#[derive(Default)]
pub(super) struct CallsSoFar {
    /// By lower-cased name, with the product's code.
    calls: BTreeMap<String, Call>,
    errors: Vec<KnownError>,
    regions: BTreeMap<String, Region>,
    lists: Vec<ListShape>,
    /// States that operations name, and where.
    used: Vec<UsedState>,
}

struct UsedState {
    service: usize,
    kind: Box<str>,
    name: Box<str>,
    source: Source,
    span: Span,
}

impl CallsSoFar {
    /// States that no row defines.
    pub(super) fn unknown_states(&self, services: &[Service], moved_to: &[usize]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for used in &self.used {
            let moved = moved_to.get(used.service).copied().unwrap_or_default();
            let states = services
                .get(moved)
                .and_then(|service| service.states.get(&used.kind));
            let known: Vec<&str> = states
                .into_iter()
                .flatten()
                .map(|state| &*state.name)
                .collect();
            if !known.contains(&&*used.name) {
                let message = format!("no row state of that type defines {}", quoted(&used.name));
                let problem = Problem::new(
                    &used.source,
                    used.span,
                    &Path::Root.member("from"),
                    ProblemKind::UnresolvedName,
                    "",
                    message,
                );
                problems.push(with_guess(problem, &used.name, &known));
            }
        }
        problems
    }

    pub(super) fn finish(self, catalog: &mut Catalog, moved_to: &[usize]) {
        let moved = |place: usize| moved_to.get(place).copied().unwrap_or_default();
        catalog.calls = self.calls.into_values().collect();
        for call in &mut catalog.calls {
            call.service = moved(call.service);
        }
        catalog.lists = self.lists;
        for list in &mut catalog.lists {
            list.service = moved(list.service);
        }
        catalog.errors = self.errors;
        catalog.regions = self.regions.into_values().collect();
    }
}

impl<'t> TextReader<'t, '_> {
    pub(super) fn region_row(&mut self, row: &Row<'t>) {
        let id = row.cell(0);
        if !self.is_name(id) || !self.is_first("region", id.text.to_owned(), id) {
            return;
        }
        let sources = self.source_list(row.cell(1));
        let regions = &mut self.building.calls.regions;
        let region = regions.entry(id.text.to_owned()).or_insert(Region {
            id: id.text.into(),
            sources: Vec::new(),
        });
        put_first(&mut region.sources, sources);
    }

    pub(super) fn state_row(&mut self, row: &Row<'t>) {
        let (kind, name) = (row.cell(0), row.cell(1));
        let Some(place) = self.owner("state", kind) else {
            return;
        };
        let Some(lower) = self.type_used(place, kind) else {
            return;
        };
        if name.text.is_empty() {
            let message = "a row state has a type and a name";
            return self.problem(kind, ProblemKind::MissingElement, message);
        }
        let key = format!("{place} {lower} {}", name.text);
        if !self.is_name(name) || !self.is_first("state", key, name) {
            return;
        }
        let Some(owner) = self.building.services.get_mut(place) else {
            return;
        };
        let states = owner.service.states.entry(lower).or_default();
        let note = row.cell(2).owned();
        match states.iter_mut().find(|state| *state.name == *name.text) {
            Some(known) => replace(&mut known.note, note),
            None => states.push(State {
                name: name.text.into(),
                note,
            }),
        }
    }

    pub(super) fn operation_row(&mut self, row: &Row<'t>) {
        let name = row.cell(0);
        let Some(place) = self.owner("operation", name) else {
            return;
        };
        let Some((product, operation, key)) = self.operation_name(name) else {
            return;
        };
        if !self.is_first("operation", key.clone(), name) {
            return;
        }
        let words = [("complete", true), ("partial", false)];
        let is_complete = self.one_of(row.cell(1), &words);
        let on = row.cell(2).given();
        let on = on.and_then(|cell| self.type_used(place, cell));
        let makes = row.cell(4).given();
        let makes = makes.and_then(|cell| self.type_used(place, cell));
        let from = row
            .cell(3)
            .given()
            .map(|cell| self.states(place, &on, cell));
        let (to, otherwise) = self.outcome(place, &on, &makes, row.cell(5));
        let via = row.cell(6).given();
        if let Some(via) = via {
            self.state_used(place, &on, via);
        }
        let sources = self.source_list(row.cell(7));
        let call = self.building.calls.calls.entry(key).or_insert(Call {
            product,
            name: operation.into(),
            service: place,
            is_complete: None,
            on: None,
            from: None,
            makes: None,
            to: None,
            otherwise: Vec::new(),
            via: None,
            sources: Vec::new(),
            note: None,
            parameters: Vec::new(),
            errors: Vec::new(),
        });
        replace(&mut call.is_complete, is_complete);
        replace(&mut call.on, on);
        replace(&mut call.from, from);
        replace(&mut call.makes, makes);
        if to.is_some() {
            call.otherwise = otherwise;
        }
        replace(&mut call.to, to);
        replace(&mut call.via, via.map(|cell| cell.text.into()));
        replace(&mut call.note, row.cell(8).owned());
        put_first(&mut call.sources, sources);
    }

    pub(super) fn parameter_row(&mut self, row: &Row<'t>) {
        let (operation, name) = (row.cell(0), row.cell(1));
        let Some(place) = self.owner("parameter", operation) else {
            return;
        };
        let Some(key) = self.operation_above(operation) else {
            return;
        };
        if name.text.is_empty() {
            let message = "a row parameter has an operation and a name";
            return self.problem(operation, ProblemKind::MissingElement, message);
        }
        if !self.is_name(name) || !self.is_first("parameter", format!("{key} {}", name.text), name)
        {
            return;
        }
        let kind = self.one_of(row.cell(2), ParameterType::WORDS);
        let words = [("required", true), ("optional", false)];
        let is_required = self.one_of(row.cell(3), &words);
        let is = match row.cell(4).given() {
            None => None,
            Some(cell) if cell.text == "region" => Some(Role::Region),
            Some(cell) => self.type_used(place, cell).map(Role::Resource),
        };
        let cells: Vec<_> = row.cell(5).words().collect();
        let constraints = cells
            .into_iter()
            .filter_map(|word| self.constraint(word))
            .collect();
        let parameter = Parameter {
            name: name.text.into(),
            kind,
            is_required,
            is,
            constraints,
            note: row.cell(6).owned(),
        };
        let Some(call) = self.building.calls.calls.get_mut(&key) else {
            return;
        };
        let mut known = call.parameters.iter_mut();
        match known.find(|known| known.name == parameter.name) {
            Some(known) => *known = parameter,
            None => call.parameters.push(parameter),
        }
    }

    pub(super) fn error_row(&mut self, row: &Row<'t>) {
        let (operation, when) = (row.cell(0), row.cell(1));
        let key = match operation.text {
            "*" => None,
            _ => match self.operation_above(operation) {
                Some(key) => Some(key),
                None => return,
            },
        };
        let Some(cause) = self.cause(when) else {
            return;
        };
        let code = row.cell(2);
        let seen = format!("{key:?} {} {}", when.text, code.text);
        if !self.is_first("error", seen, operation) {
            return;
        }
        let status = row.cell(3).given();
        let status = status.and_then(|cell| {
            let status = cell.text.parse::<u16>().ok();
            let status = status.filter(|status| (100..600).contains(status));
            if status.is_none() {
                let message = format!("{} is no HTTP status", quoted(cell.text));
                self.problem(cell, ProblemKind::InvalidInput, message);
            }
            status
        });
        let error = KnownError {
            text: self.index,
            cause,
            code: code.owned(),
            status,
            message: row.cell(4).owned(),
        };
        let calls = &mut self.building.calls;
        let errors = match key {
            None => &mut calls.errors,
            Some(key) => match calls.calls.get_mut(&key) {
                Some(call) => &mut call.errors,
                None => return,
            },
        };
        // Of what has one answer, a later text's replaces the earlier ones.
        let several = matches!(
            error.cause,
            ErrorCause::Other | ErrorCause::Assumed | ErrorCause::Attached(_)
        );
        errors.retain(|known| {
            known.cause != error.cause
                || known.text == error.text
                || (several && known.code != error.code)
        });
        errors.push(error);
    }

    pub(super) fn list_row(&mut self, row: &Row<'t>) {
        let operation = row.cell(0);
        let Some(place) = self.owner("list", operation) else {
            return;
        };
        let Some(kind) = self.type_used(place, row.cell(1)) else {
            return;
        };
        let cells = [row.cell(2), row.cell(3), row.cell(4)];
        if cells.iter().any(|cell| cell.text.is_empty()) {
            let message = "a row list has an operation, a type, a path, an id and a state";
            return self.problem(operation, ProblemKind::MissingElement, message);
        }
        let [path, id, state] = cells.map(|cell| cell.text);
        let steps = |path: &str| -> Box<[Box<str>]> { path.split('.').map(Into::into).collect() };
        let list = ListShape {
            service: place,
            kind,
            path: steps(path),
            id: id.into(),
            state: state.into(),
            parents: row.cell(5).words().map(|word| steps(word.text)).collect(),
        };
        let lists = &mut self.building.calls.lists;
        lists.retain(|known| known.path != list.path);
        lists.push(list);
    }

    /// The product, the name, and the key of an operation: `CancelPhysicalConnection`, or `product:name`.
    fn operation_name(&mut self, cell: Cell<'t>) -> Option<(std::sync::Arc<str>, &'t str, String)> {
        let (product, name) = match cell.text.split_once(':') {
            Some((product, name)) => (product.into(), name),
            None => (std::sync::Arc::clone(&self.main_product), cell.text),
        };
        if !is_name(&product) || !is_name(name) {
            let message = format!(
                "{} is no operation; one is <name> or <product>:<name>",
                quoted(cell.text)
            );
            self.problem(cell, ProblemKind::InvalidInput, message);
            return None;
        }
        let key = format!("{product}:{name}").to_ascii_lowercase();
        Some((product, name, key))
    }

    /// The key of an operation that has a row already.
    fn operation_above(&mut self, cell: Cell<'t>) -> Option<String> {
        let (_, _, key) = self.operation_name(cell)?;
        if self.building.calls.calls.contains_key(&key) {
            return Some(key);
        }
        let message = format!("no row operation above defines {}", quoted(cell.text));
        let known: Vec<String> = {
            let calls = self.building.calls.calls.values();
            calls.map(|call| call.name.to_string()).collect()
        };
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let problem = self.made(cell, ProblemKind::UnresolvedName, message);
        let problem = with_guess(problem, cell.text, &known);
        self.building.problems.push(problem);
        None
    }

    /// The lower-cased name of a type, which must be defined somewhere.
    fn type_used(&mut self, place: usize, cell: Cell<'t>) -> Option<Box<str>> {
        if !self.is_name(cell) {
            return None;
        }
        let used = Used {
            kind: cell.text.to_owned(),
            source: self.source.clone(),
            span: cell.span(),
        };
        let owner = self.building.services.get_mut(place)?;
        owner.used.push(used);
        Some(cell.text.to_ascii_lowercase().into())
    }

    /// `Canceled`, `=` (the state stays), `gone`; and `Rejected>Initial` for what goes elsewhere from one state.
    fn outcome(
        &mut self,
        place: usize,
        on: &Option<Box<str>>,
        makes: &Option<Box<str>>,
        cell: Cell<'t>,
    ) -> (Option<After>, Vec<(Box<str>, Box<str>)>) {
        let kind = if makes.is_some() { makes } else { on };
        let (mut to, mut otherwise) = (None, Vec::new());
        let words: Vec<_> = cell.words().collect();
        for word in words {
            match (word.text, word.text.split_once('>')) {
                ("=", _) => to = Some(After::Unchanged),
                ("gone", _) => to = Some(After::Gone),
                (_, Some((from, into))) => {
                    for (text, start) in [(from, 0), (into, from.len() + 1)] {
                        let start = word.start + start;
                        self.state_used(
                            place,
                            kind,
                            Cell {
                                text,
                                start,
                                ..word
                            },
                        );
                    }
                    otherwise.push((from.into(), into.into()));
                }
                (state, None) => {
                    self.state_used(place, kind, word);
                    to = Some(After::State(state.into()));
                }
            }
        }
        (to, otherwise)
    }

    /// `any`, or the names of states; a `?` behind one says that the sources do not agree on it.
    fn states(
        &mut self,
        place: usize,
        kind: &Option<Box<str>>,
        cell: Cell<'t>,
    ) -> Vec<(Box<str>, bool)> {
        if cell.text == "any" {
            return Vec::new();
        }
        let words: Vec<_> = cell.words().collect();
        let mut names = BTreeSet::new();
        let mut states = Vec::new();
        for word in words {
            let name = word.text.strip_suffix('?').unwrap_or(word.text);
            self.state_used(place, kind, Cell { text: name, ..word });
            if names.insert(name) {
                states.push((name.into(), name.len() == word.text.len()));
            }
        }
        states
    }

    fn state_used(&mut self, place: usize, kind: &Option<Box<str>>, cell: Cell<'t>) {
        let Some(kind) = kind.clone() else {
            let message = "a state is one of a type; the row names none";
            return self.problem(cell, ProblemKind::MissingElement, message);
        };
        self.building.calls.used.push(UsedState {
            service: place,
            kind,
            name: cell.text.into(),
            source: self.source.clone(),
            span: cell.span(),
        });
    }

    /// `ascii`, `min=2`, `max=64`, `from=0`, `to=2999`, `in=CT|CU`
    fn constraint(&mut self, word: Cell<'t>) -> Option<Constraint> {
        let (name, value) = word.text.split_once('=').unwrap_or((word.text, ""));
        let constraint = match name {
            "ascii" if value.is_empty() => Some(Constraint::Ascii),
            "min" => value.parse().ok().map(Constraint::Min),
            "max" => value.parse().ok().map(Constraint::Max),
            "from" => value.parse().ok().map(Constraint::From),
            "to" => value.parse().ok().map(Constraint::To),
            "in" if !value.is_empty() => {
                Some(Constraint::In(value.split('|').map(Into::into).collect()))
            }
            _ => None,
        };
        if constraint.is_none() {
            let message = format!(
                "{} is no constraint; one is ascii, min=<n>, max=<n>, from=<n>, to=<n> or in=<a>|<b>",
                quoted(word.text)
            );
            self.problem(word, ProblemKind::InvalidInput, message);
        }
        constraint
    }

    fn cause(&mut self, cell: Cell<'t>) -> Option<ErrorCause> {
        let (word, what) = match cell.text.split_once(':') {
            Some((word, what)) => (word, Some(what)),
            None => (cell.text, None),
        };
        let lower = |what: &str| what.to_ascii_lowercase().into();
        let cause = match (word, what) {
            ("permission", None) => Some(ErrorCause::Permission),
            ("missing", None) => Some(ErrorCause::Missing),
            ("invalid", what) => Some(ErrorCause::Invalid(what.map(Into::into))),
            ("region", None) => Some(ErrorCause::Region),
            ("not-found", Some(kind)) => Some(ErrorCause::NotFound(lower(kind))),
            ("state", None) => Some(ErrorCause::State),
            ("attached", Some(kind)) => Some(ErrorCause::Attached(lower(kind))),
            ("assumed", None) => Some(ErrorCause::Assumed),
            ("other", None) => Some(ErrorCause::Other),
            _ => None,
        };
        if cause.is_none() {
            let message = format!(
                "{} is none of permission, missing, invalid, invalid:<parameter>, region, not-found:<type>, state, \
                 attached:<type>, assumed, other",
                quoted(cell.text)
            );
            self.problem(cell, ProblemKind::InvalidInput, message);
        }
        cause
    }
}
