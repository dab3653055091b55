//! Reads the rows of a catalogue, strictly and with places, and lays each text over those before it.

mod call;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::catalog::facts::{AccessLevel, Evidence, Granularity, KeyType, Listing};
use crate::catalog::template::ArnTemplate;
use crate::catalog::{
    Action, Catalog, Key, ReadOperation, ReadSource, Resource, ResourceType, Service,
    compare_folded,
};
use crate::problem::{LoadError, Path, Problem, ProblemKind, quoted};
use crate::source::{Source, Span};
use crate::suggest::closest;

/// The kinds of rows, and what their cells are.
const ROWS: [(&str, &[&str]); 12] = [
    ("source", &["id", "date", "evidence", "url"]),
    (
        "service",
        &["code", "listing", "granularity", "sources", "name"],
    ),
    ("product", &["code"]),
    ("type", &["name", "template"]),
    ("key", &["name", "type", "sources", "note"]),
    (
        "action",
        &[
            "name",
            "level",
            "resources",
            "keys",
            "needs",
            "operations",
            "sources",
            "status",
            "note",
        ],
    ),
    ("region", &["id", "sources"]),
    ("state", &["type", "name", "note"]),
    (
        "operation",
        &[
            "name",
            "parameters",
            "on",
            "from",
            "makes",
            "to",
            "via",
            "sources",
            "note",
        ],
    ),
    (
        "parameter",
        &[
            "operation",
            "name",
            "type",
            "need",
            "is",
            "constraints",
            "note",
        ],
    ),
    ("error", &["operation", "when", "code", "status", "message"]),
    (
        "list",
        &["operation", "type", "path", "id", "state", "parents"],
    ),
];

pub(super) fn read(texts: &[Source]) -> Result<Catalog, LoadError> {
    let mut building = Building::default();
    for (index, text) in texts.iter().enumerate() {
        TextReader::new(index, text, &mut building).read();
    }
    building.finish(texts)
}

/// What the texts have said so far.
#[derive(Default)]
struct Building {
    sources: Vec<ReadSource>,
    /// In the order in which they are first met.
    services: Vec<ServiceSoFar>,
    /// By lower-cased code: places in `services`.
    codes: BTreeMap<String, usize>,
    /// By lower-cased name.
    keys: BTreeMap<String, Key>,
    /// In the order of the texts; there are thousands, so they are laid over each other once, at the end.
    actions: Vec<ActionRow>,
    calls: call::CallsSoFar,
    problems: Vec<Problem>,
}

#[derive(Default)]
struct ServiceSoFar {
    service: Service,
    /// Types that actions name, and where: a text may leave a type to one before it.
    used: Vec<Used>,
}

struct Used {
    kind: String,
    source: Source,
    span: Span,
}

struct ActionRow {
    action: Action,
    /// Which text it stands in, and where the name does.
    text: usize,
    span: Span,
}

impl Building {
    fn finish(mut self, texts: &[Source]) -> Result<Catalog, LoadError> {
        let mut catalog = Catalog {
            actions: self.laid_over(texts),
            ..Catalog::default()
        };
        let mut moved_to = vec![0; self.services.len()];
        for (index, place) in self.codes.values().enumerate() {
            let Some(so_far) = self.services.get_mut(*place) else {
                continue;
            };
            let ServiceSoFar { service, used } = std::mem::take(so_far);
            let missing = used
                .iter()
                .filter(|used| !service.types.contains_key(&*used.kind.to_ascii_lowercase()));
            self.problems
                .extend(missing.map(|used| no_such_type(used, &service)));
            for product in &service.products {
                let lower = product.to_ascii_lowercase();
                catalog.products.push((lower.into(), index));
            }
            catalog.services.push(service);
            if let Some(moved) = moved_to.get_mut(*place) {
                *moved = index;
            }
        }
        let unknown = self.calls.unknown_states(&catalog.services, &moved_to);
        self.problems.extend(unknown);
        if !self.problems.is_empty() {
            return Err(LoadError::new(self.problems));
        }
        self.calls.finish(&mut catalog, &moved_to);
        for action in &mut catalog.actions {
            action.service = moved_to.get(action.service).copied().unwrap_or_default();
            for name in action.keys.iter().flatten() {
                // A key that only actions name has no row of its own: no more is known of it.
                let lower = name.to_ascii_lowercase();
                self.keys.entry(lower).or_insert_with_key(|lower| Key {
                    name: name.clone(),
                    lower: lower.as_str().into(),
                    ..Key::default()
                });
            }
        }
        catalog.keys = self.keys.into_values().collect();
        catalog.sources = self.sources;
        catalog.products.sort();
        Ok(catalog)
    }

    /// Each action once, by name, later texts over earlier ones.
    fn laid_over(&mut self, texts: &[Source]) -> Vec<Action> {
        let mut rows = std::mem::take(&mut self.actions);
        // Stable: the rows on one action stay in the order of the texts.
        rows.sort_by(|a, b| compare_folded(&a.action.name, &b.action.name));
        let mut actions: Vec<Action> = Vec::with_capacity(rows.len());
        let mut last: Option<(usize, Span)> = None;
        for row in rows {
            match actions.last_mut() {
                Some(known) if known.name.eq_ignore_ascii_case(&row.action.name) => {
                    let is_twice = last.filter(|(text, _)| *text == row.text);
                    match (is_twice, texts.get(row.text)) {
                        (Some((_, first)), Some(source)) => {
                            self.problems.push(twice(
                                source,
                                Cell {
                                    name: "name",
                                    text: source.slice(row.span),
                                    start: row.span.start,
                                },
                                "action",
                                first.start,
                            ));
                        }
                        _ => lay_over(known, row.action),
                    }
                }
                _ => actions.push(row.action),
            }
            last = Some((row.text, row.span));
        }
        actions
    }
}

fn lay_over(known: &mut Action, said: Action) {
    known.name = said.name;
    replace(&mut known.level, said.level);
    replace(&mut known.resources, said.resources);
    replace(&mut known.keys, said.keys);
    replace(&mut known.needs, said.needs);
    replace(&mut known.operations, said.operations);
    replace(&mut known.is_deprecated, said.is_deprecated);
    replace(&mut known.note, said.note);
    put_first(&mut known.sources, said.sources);
}

fn twice(source: &Source, cell: Cell<'_>, kind: &str, first: usize) -> Problem {
    let line = source.position(first).line;
    let message = format!(
        "a row {kind} on {} is in line {line} already",
        quoted(cell.text)
    );
    Problem::new(
        source,
        cell.span(),
        &cell.path(),
        ProblemKind::UnresolvedName,
        "",
        message,
    )
}

fn no_such_type(used: &Used, service: &Service) -> Problem {
    let message = format!(
        "no type {} is defined for {}",
        quoted(&used.kind),
        service.code
    );
    let known: Vec<&str> = service.types.values().map(|kind| &*kind.name).collect();
    let problem = Problem::new(
        &used.source,
        used.span,
        &Path::Root.member("resources"),
        ProblemKind::UnresolvedName,
        "",
        message,
    );
    with_guess(problem, &used.kind, &known)
}

fn with_guess(mut problem: Problem, written: &str, known: &[&str]) -> Problem {
    problem.help = closest(written, known).map(|name| format!("did you mean {name}?"));
    problem
}

/// A part of a line, and where it stands.
#[derive(Clone, Copy)]
struct Cell<'t> {
    /// What messages call it.
    name: &'static str,
    text: &'t str,
    start: usize,
}

impl<'t> Cell<'t> {
    fn span(self) -> Span {
        Span {
            start: self.start,
            end: self.start + self.text.len(),
        }
    }

    /// A cell without a name is the row's kind.
    fn path(self) -> Path<'static> {
        if self.name.is_empty() {
            Path::Root
        } else {
            Path::Member(&Path::Root, self.name)
        }
    }

    /// The words of a list.
    fn words(self) -> impl Iterator<Item = Cell<'t>> {
        let mut start = self.start;
        self.text.split(' ').filter_map(move |text| {
            let word = Cell {
                name: self.name,
                text,
                start,
            };
            start += text.len() + 1;
            (!text.is_empty()).then_some(word)
        })
    }

    fn given(self) -> Option<Cell<'t>> {
        (!self.text.is_empty()).then_some(self)
    }

    fn owned(self) -> Option<Box<str>> {
        self.given().map(|cell| cell.text.into())
    }
}

/// The cells of a row, of which the last may be left out.
struct Row<'t> {
    cells: Vec<Cell<'t>>,
}

impl<'t> Row<'t> {
    fn cell(&self, index: usize) -> Cell<'t> {
        self.cells.get(index).copied().unwrap_or(Cell {
            name: "",
            text: "",
            start: 0,
        })
    }
}

/// Reads one text.
struct TextReader<'t, 'b> {
    /// Which of the texts it is.
    index: usize,
    source: &'t Source,
    building: &'b mut Building,
    /// The place of the service that rows belong to.
    service: Option<usize>,
    /// The product's code that operations without one belong to.
    main_product: Arc<str>,
    source_ids: BTreeMap<&'t str, usize>,
    /// What has a row in this text already, and where.
    seen: HashMap<(&'static str, String), usize>,
}

impl<'t, 'b> TextReader<'t, 'b> {
    fn new(index: usize, source: &'t Source, building: &'b mut Building) -> TextReader<'t, 'b> {
        TextReader {
            index,
            source,
            building,
            service: None,
            main_product: Arc::from(""),
            source_ids: BTreeMap::new(),
            seen: HashMap::new(),
        }
    }

    fn read(mut self) {
        let mut start = 0;
        for line in self.source.text().split_inclusive('\n') {
            let text = line.trim_end_matches(['\n', '\r']);
            if !text.starts_with('#') && !text.trim().is_empty() {
                self.row(text, start);
            }
            start += line.len();
        }
    }

    fn row(&mut self, text: &'t str, start: usize) {
        let mut at = start;
        let mut cells = text.split('\t').map(|text| {
            let cell = Cell {
                name: "",
                text,
                start: at,
            };
            at += text.len() + 1;
            cell
        });
        let Some(kind) = cells.next() else { return };
        let Some((name, columns)) = ROWS.iter().find(|(name, _)| *name == kind.text) else {
            return self.unknown_row(kind);
        };
        let mut row = Row { cells: Vec::new() };
        let mut names = columns.iter();
        for cell in cells {
            let Some(name) = names.next() else {
                let message = format!(
                    "a cell too many; the cells of a row {name} are {}",
                    columns.join(", ")
                );
                return self.problem(cell, ProblemKind::InvalidInput, message);
            };
            row.cells.push(Cell { name, ..cell });
        }
        if row.cell(0).text.is_empty() {
            let first = columns.first().copied().unwrap_or_default();
            let end = kind.start + kind.text.len();
            let missing = row.cells.first().copied().unwrap_or(Cell {
                name: first,
                text: "",
                start: end,
            });
            let message = format!("a row {name} has a {first}; cells are separated by tabs");
            return self.problem(missing, ProblemKind::MissingElement, message);
        }
        match *name {
            "source" => self.source_row(&row),
            "service" => self.service_row(&row),
            "product" => self.product_row(&row),
            "type" => self.type_row(&row),
            "key" => self.key_row(&row),
            "region" => self.region_row(&row),
            "state" => self.state_row(&row),
            "operation" => self.operation_row(&row),
            "parameter" => self.parameter_row(&row),
            "error" => self.error_row(&row),
            "list" => self.list_row(&row),
            _ => self.action_row(&row),
        }
    }

    fn unknown_row(&mut self, kind: Cell<'t>) {
        let known = ROWS.map(|(name, _)| name);
        let mut message = format!(
            "{} is no kind of row; they are {}",
            quoted(kind.text),
            known.join(", ")
        );
        if kind.text.contains(' ') {
            message.push_str("; cells are separated by tabs");
        }
        let problem = self.made(kind, ProblemKind::UnknownElement, message);
        self.building
            .problems
            .push(with_guess(problem, kind.text, &known));
    }

    fn made(&self, cell: Cell<'t>, kind: ProblemKind, message: impl Into<String>) -> Problem {
        Problem::new(self.source, cell.span(), &cell.path(), kind, "", message)
    }

    fn problem(&mut self, cell: Cell<'t>, kind: ProblemKind, message: impl Into<String>) {
        let problem = self.made(cell, kind, message);
        self.building.problems.push(problem);
    }

    /// Whether this is the first row of its kind on this name in this text.
    fn is_first(&mut self, kind: &'static str, name: String, cell: Cell<'t>) -> bool {
        match self.seen.insert((kind, name), cell.start) {
            None => true,
            Some(first) => {
                let problem = twice(self.source, cell, kind, first);
                self.building.problems.push(problem);
                false
            }
        }
    }

    /// One of some words, or nothing.
    fn one_of<T: Copy>(&mut self, cell: Cell<'t>, words: &[(&'static str, T)]) -> Option<T> {
        let cell = cell.given()?;
        let found = words.iter().find(|(word, _)| *word == cell.text);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("{} is none of {}", quoted(cell.text), known.join(", "));
            let problem = self.made(cell, ProblemKind::InvalidInput, message);
            self.building
                .problems
                .push(with_guess(problem, cell.text, &known));
        }
        found.map(|(_, value)| *value)
    }

    /// Whether a name is made of what such names are made of.
    fn is_name(&mut self, cell: Cell<'t>) -> bool {
        let is_name = is_name(cell.text);
        if !is_name {
            let message = format!(
                "{} is no name; names are letters, digits, - and _",
                quoted(cell.text)
            );
            self.problem(cell, ProblemKind::InvalidInput, message);
        }
        is_name
    }

    fn source_row(&mut self, row: &Row<'t>) {
        let (id, date, evidence, url) = (row.cell(0), row.cell(1), row.cell(2), row.cell(3));
        if !self.is_name(id) || !self.is_first("source", id.text.to_owned(), id) {
            return;
        }
        for cell in [date, evidence, url] {
            if cell.text.is_empty() {
                let message = "a source has an id, a date, an evidence and a url";
                return self.problem(id, ProblemKind::MissingElement, message);
            }
        }
        if !is_date(date.text) {
            let message = format!(
                "{} is no date; a date is 2026, 2026-10 or 2026-10-31",
                quoted(date.text)
            );
            self.problem(date, ProblemKind::InvalidInput, message);
        }
        if let Some(evidence) = self.one_of(evidence, Evidence::WORDS) {
            self.source_ids.insert(id.text, self.building.sources.len());
            self.building.sources.push(ReadSource {
                date: date.text.into(),
                evidence,
                url: url.text.into(),
            });
        }
    }

    fn service_row(&mut self, row: &Row<'t>) {
        let code = row.cell(0);
        let lower = code.text.to_ascii_lowercase();
        if !self.is_name(code) || !self.is_first("service", lower.clone(), code) {
            return;
        }
        let listing = self.one_of(row.cell(1), Listing::WORDS);
        let granularity = self.one_of(row.cell(2), Granularity::WORDS);
        let sources = self.source_list(row.cell(3));
        let place = *self.building.codes.entry(lower.clone()).or_insert_with(|| {
            self.building.services.push(ServiceSoFar::default());
            self.building.services.len() - 1
        });
        self.service = Some(place);
        let Some(so_far) = self.building.services.get_mut(place) else {
            return;
        };
        let service = &mut so_far.service;
        if service.code.is_empty() {
            service.code = code.text.into();
            service.lower = lower.into();
        }
        replace(&mut service.name, row.cell(4).owned());
        replace(&mut service.listing, listing);
        replace(&mut service.granularity, granularity);
        put_first(&mut service.sources, sources);
        let main = service.products.first().unwrap_or(&service.code);
        self.main_product = Arc::from(&**main);
    }

    /// The place of the service that a row belongs to.
    fn owner(&mut self, kind: &str, cell: Cell<'t>) -> Option<usize> {
        if self.service.is_none() {
            let message = format!("a row {kind} stands below the row of its service");
            self.problem(cell, ProblemKind::MissingElement, message);
        }
        self.service
    }

    fn product_row(&mut self, row: &Row<'t>) {
        let code = row.cell(0);
        let Some(place) = self.owner("product", code) else {
            return;
        };
        let lower = code.text.to_ascii_lowercase();
        if !self.is_name(code) || !self.is_first("product", format!("{place} {lower}"), code) {
            return;
        }
        let Some(owner) = self.building.services.get_mut(place) else {
            return;
        };
        let products = &mut owner.service.products;
        let is_known = |known: &str| known.eq_ignore_ascii_case(code.text);
        if !products.iter().any(|known| is_known(known)) {
            products.push(code.text.into());
            if products.len() == 1 {
                self.main_product = Arc::from(code.text);
            }
        }
    }

    fn type_row(&mut self, row: &Row<'t>) {
        let (name, template) = (row.cell(0), row.cell(1));
        let Some(place) = self.owner("type", name) else {
            return;
        };
        let lower = name.text.to_ascii_lowercase();
        if !self.is_name(name) || !self.is_first("type", format!("{place} {lower}"), name) {
            return;
        }
        match ArnTemplate::parse(template.text) {
            Ok(one) => {
                let kind = ResourceType {
                    name: name.text.into(),
                    all: one.of_all(),
                    one,
                };
                if let Some(owner) = self.building.services.get_mut(place) {
                    owner.service.types.insert(lower.into(), kind);
                }
            }
            Err(why) => {
                let at = template.given().unwrap_or(name);
                let message = format!("{}: {why}", quoted(template.text));
                self.problem(
                    Cell {
                        name: "template",
                        ..at
                    },
                    ProblemKind::InvalidInput,
                    message,
                );
            }
        }
    }

    fn key_row(&mut self, row: &Row<'t>) {
        let name = row.cell(0);
        if !self.is_key(name) {
            return;
        }
        let lower = name.text.to_ascii_lowercase();
        if !self.is_first("key", lower.clone(), name) {
            return;
        }
        let key_type = self.one_of(row.cell(1), KeyType::WORDS);
        let sources = self.source_list(row.cell(2));
        let key = self.building.keys.entry(lower.clone()).or_default();
        key.name = name.text.into();
        key.lower = lower.into();
        replace(&mut key.key_type, key_type);
        replace(&mut key.note, row.cell(3).owned());
        put_first(&mut key.sources, sources);
    }

    fn is_key(&mut self, cell: Cell<'t>) -> bool {
        let is_key = cell
            .text
            .split_once(':')
            .is_some_and(|(code, name)| !code.is_empty() && !name.is_empty())
            && !cell.text.contains(char::is_whitespace);
        if !is_key {
            let message = format!(
                "{} is no condition key; a key is <code>:<name>",
                quoted(cell.text)
            );
            self.problem(cell, ProblemKind::InvalidConditionKey, message);
        }
        is_key
    }

    fn action_row(&mut self, row: &Row<'t>) {
        let name = row.cell(0);
        let Some(place) = self.owner("action", name) else {
            return;
        };
        if !self.is_name(name) {
            return;
        }
        let level = self.one_of(row.cell(1), AccessLevel::WORDS);
        let resources = self.resources(place, row.cell(2));
        let keys = self.list(row.cell(3), TextReader::is_key);
        let needs = self.list(row.cell(4), TextReader::is_action);
        let operations = self.operations(row.cell(5));
        let sources = self.source_list(row.cell(6));
        let is_deprecated = self.one_of(row.cell(7), &[("deprecated", true), ("current", false)]);
        let Some(owner) = self.building.services.get(place) else {
            return;
        };
        let action = Action {
            name: [&owner.service.code, ":", name.text].concat().into(),
            service: place,
            level,
            resources,
            keys,
            needs,
            operations,
            sources,
            is_deprecated,
            note: row.cell(8).owned(),
        };
        self.building.actions.push(ActionRow {
            action,
            text: self.index,
            span: name.span(),
        });
    }

    /// `*PhysicalConnection VPC/*`: a star before a type says that every call needs one, one behind it that the call is on all of them;
    /// a star alone says that there is no resource-level authorization.
    fn resources(&mut self, place: usize, cell: Cell<'t>) -> Option<Vec<Resource>> {
        let cell = cell.given()?;
        if cell.text == "*" {
            return Some(Vec::new());
        }
        let mut resources = Vec::new();
        for word in cell.words() {
            let text = word.text.strip_prefix('*').unwrap_or(word.text);
            let kind = text.strip_suffix("/*").unwrap_or(text);
            let is_required = text.len() < word.text.len();
            let word = Cell {
                text: kind,
                start: word.start + usize::from(is_required),
                ..word
            };
            if kind.is_empty() {
                let message = "a star alone says that there is no resource-level authorization, and stands alone";
                self.problem(word, ProblemKind::InvalidInput, message);
            } else if self.is_name(word)
                && let Some(owner) = self.building.services.get_mut(place)
            {
                owner.used.push(Used {
                    kind: kind.to_owned(),
                    source: self.source.clone(),
                    span: word.span(),
                });
            }
            resources.push(Resource {
                kind: kind.to_ascii_lowercase().into(),
                is_required,
                is_all: kind.len() < text.len(),
            });
        }
        Some(resources)
    }

    /// The words of a list, or `none`.
    fn list(
        &mut self,
        cell: Cell<'t>,
        mut is_good: impl FnMut(&mut Self, Cell<'t>) -> bool,
    ) -> Option<Vec<Box<str>>> {
        let cell = cell.given()?;
        if cell.text == "none" {
            return Some(Vec::new());
        }
        let words: Vec<_> = cell.words().collect();
        let good = words
            .into_iter()
            .filter(|word| is_good(self, *word))
            .map(|word| word.text.into());
        Some(good.collect())
    }

    fn is_action(&mut self, cell: Cell<'t>) -> bool {
        let is_action = cell
            .text
            .split_once(':')
            .is_some_and(|(code, name)| !code.is_empty() && !name.is_empty());
        if !is_action {
            let message = format!(
                "{} is no action; an action is <code>:<name>",
                quoted(cell.text)
            );
            self.problem(cell, ProblemKind::InvalidAction, message);
        }
        is_action
    }

    /// `= HeadObject eventbridge:CreateRule DeleteObject(versionId)`: the operation of the action's own name, others of the service's main
    /// product, one of another product, one with a parameter.
    fn operations(&mut self, cell: Cell<'t>) -> Option<Vec<ReadOperation>> {
        let cell = cell.given()?;
        if cell.text == "=" {
            return Some(vec![ReadOperation {
                product: Arc::clone(&self.main_product),
                name: None,
                parameter: None,
            }]);
        }
        let mut operations = Vec::new();
        for word in cell.words() {
            let with_parameter = word
                .text
                .strip_suffix(')')
                .and_then(|text| text.split_once('('));
            let (text, parameter) = match with_parameter {
                Some((text, parameter)) => (text, Some(parameter)),
                None => (word.text, None),
            };
            let (product, name) = match text.split_once(':') {
                Some((product, name)) => (Some(product), name),
                None => (None, text),
            };
            if !product.is_none_or(is_name)
                || !(name == "=" || is_name(name))
                || !parameter.is_none_or(is_name)
            {
                let message = format!(
                    "{} is no operation; one is =, <name>, <product>:<name> or <name>(<parameter>)",
                    quoted(word.text)
                );
                self.problem(word, ProblemKind::InvalidInput, message);
                continue;
            }
            operations.push(ReadOperation {
                product: match product {
                    Some(product) => product.into(),
                    None => Arc::clone(&self.main_product),
                },
                name: (name != "=").then(|| name.into()),
                parameter: parameter.map(Into::into),
            });
        }
        Some(operations)
    }

    /// Ids of sources that stand above.
    fn source_list(&mut self, cell: Cell<'t>) -> Vec<usize> {
        let mut sources = Vec::new();
        for word in cell.words() {
            match self.source_ids.get(word.text) {
                Some(index) => sources.push(*index),
                None => {
                    let message = format!("no row source above defines {}", quoted(word.text));
                    let known: Vec<&str> = self.source_ids.keys().copied().collect();
                    let problem = self.made(word, ProblemKind::UnresolvedName, message);
                    self.building
                        .problems
                        .push(with_guess(problem, word.text, &known));
                }
            }
        }
        sources
    }
}

/// A cell that says something replaces what was known.
fn replace<T>(known: &mut Option<T>, said: Option<T>) {
    if said.is_some() {
        *known = said;
    }
}

/// Later sources are named first; earlier ones still speak for what was not replaced.
fn put_first(known: &mut Vec<usize>, mut said: Vec<usize>) {
    said.append(known);
    *known = said;
}

/// Letters, digits, `-` and `_`.
fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.bytes().all(is_part)
}

/// 2026, 2026-10 or 2026-10-31
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let within = |text: &str, last: u8| {
        digits(text, 2)
            && text
                .parse()
                .is_ok_and(|number| (1..=last).contains(&number))
    };
    match parts[..] {
        [year] => digits(year, 4),
        [year, month] => digits(year, 4) && within(month, 12),
        [year, month, day] => digits(year, 4) && within(month, 12) && within(day, 31),
        _ => false,
    }
}
