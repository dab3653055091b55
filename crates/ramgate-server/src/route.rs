//! What an HTTP request of somebody else's application is to RAM: a table of routes, an action and a resource for each.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use axum::http::Method;
use ramgate::{Context, ContextValue, Principal, Request};
use serde::Deserialize;

/// A route as the settings file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/serve.md has them all")]
pub struct RouteTable {
    pub methods: Vec<String>,
    pub path: String,
    pub action: String,
    pub resource: String,
    #[serde(default)]
    pub context: BTreeMap<String, String>,
}

/// A route that is known to make requests.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    methods: Vec<Method>,
    segments: Vec<Segment>,
    action: String,
    resource: Template,
    context: Vec<(String, Template)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `{name}`: one segment.
    One(String),
    /// `{*name}` at the end: all that are left, at least one.
    Rest(String),
}

/// A text with places for what a path holds.
#[derive(Clone, Debug)]
struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Value {
        name: String,
        /// Whether a colon of the value would shift the fields of an ARN.
        is_before_relative_id: bool,
    },
}

/// The segments of a path that means the same to everybody who reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathSegments<'p>(Vec<Cow<'p, str>>);

/// What a path holds, by the names of its places.
type Values<'p> = Vec<(&'p str, Cow<'p, str>)>;

impl Route {
    /// Checks a route.
    ///
    /// # Errors
    /// When it could never make a request.
    pub(crate) fn new(table: &RouteTable) -> Result<Route> {
        ensure!(!table.methods.is_empty(), "methods: names none");
        let methods = table.methods.iter().map(|method| {
            ensure!(
                method.bytes().all(|byte| byte.is_ascii_uppercase()),
                "methods: {method:?} is no method; they are written in capitals"
            );
            Ok(Method::from_bytes(method.as_bytes())?)
        });
        let methods = methods.collect::<Result<_>>()?;
        let segments = segments(&table.path).context("path")?;
        let names = segments.iter().filter_map(Segment::name);
        let names: Vec<String> = names.map(str::to_owned).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let resource = Template::new(&table.resource, &names).context("resource")?;
        let mut context = Vec::new();
        for (key, text) in &table.context {
            let in_context = || format!("context.{key:?}");
            context.push((
                key.clone(),
                Template::new(text, &names).with_context(in_context)?,
            ));
        }
        let route = Route {
            methods,
            action: table.action.clone(),
            resource,
            context,
            segments,
        };
        let sample = names
            .iter()
            .map(|name| (*name, Cow::Borrowed("x")))
            .collect();
        route.fill(Principal::Anonymous, &sample)?;
        Ok(route)
    }

    /// The request, if it is this route's. An error where it is, but what the path holds would not stay in its place.
    pub(crate) fn request(
        &self,
        method: &Method,
        path: &PathSegments<'_>,
        principal: &Principal<'static>,
    ) -> Option<Result<Request<'static>>> {
        let values = self.methods.contains(method).then(|| self.values(path))??;
        Some(self.fill(principal.clone(), &values))
    }

    fn values<'p>(&'p self, path: &'p PathSegments<'_>) -> Option<Values<'p>> {
        let mut given = path.0.iter();
        let mut values = Values::new();
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => {
                    given.next().filter(|segment| *segment == literal)?;
                }
                Segment::One(name) => {
                    let value = given.next().filter(|segment| !segment.is_empty())?;
                    values.push((name, Cow::Borrowed(&**value)));
                }
                Segment::Rest(name) => {
                    let rest: Vec<&str> = given.by_ref().map(|segment| &**segment).collect();
                    let rest = Some(rest.join("/")).filter(|rest| !rest.is_empty())?;
                    values.push((name, Cow::Owned(rest)));
                }
            }
        }
        given.next().is_none().then_some(values)
    }

    fn fill(&self, principal: Principal<'static>, values: &Values<'_>) -> Result<Request<'static>> {
        let resource = self.resource.fill(values)?;
        let mut entries = Vec::new();
        for (key, template) in &self.context {
            let value = ContextValue::from(template.fill(values)?);
            entries.push((Cow::Owned(key.clone()), value));
        }
        let request = Request::new(principal, self.action.clone(), resource)?;
        Ok(request.with_context(Context::owned(entries)?))
    }
}

impl Segment {
    fn name(&self) -> Option<&str> {
        match self {
            Segment::Literal(_) => None,
            Segment::One(name) | Segment::Rest(name) => Some(name),
        }
    }
}

fn segments(path: &str) -> Result<Vec<Segment>> {
    let rest = path.strip_prefix('/').context("does not begin with /")?;
    let mut segments: Vec<Segment> = Vec::new();
    for text in rest.split('/') {
        if matches!(segments.last(), Some(Segment::Rest(_))) {
            bail!("{{*…}} stands only at the end");
        }
        let inner = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        let segment = match inner.map(|name| (name.strip_prefix('*'), name)) {
            Some((Some(name), _)) => Segment::Rest(name.to_owned()),
            Some((None, name)) => Segment::One(name.to_owned()),
            None => {
                ensure!(
                    !text.contains(['{', '}', '%', '*']),
                    "{text:?} is neither plain nor one {{name}}"
                );
                Segment::Literal(text.to_owned())
            }
        };
        if let Some(name) = segment.name() {
            let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            ensure!(
                !name.is_empty() && name.bytes().all(letter),
                "{name:?} is no name"
            );
            ensure!(
                segments.iter().all(|other| other.name() != Some(name)),
                "{name} stands twice"
            );
        }
        segments.push(segment);
    }
    Ok(segments)
}

/// How many colons stand before the relative id of an ARN.
const FIELDS_BEFORE_RELATIVE_ID: usize = 4;
/// What an ARN takes, mostly.
const FILLED_BYTES: usize = 96;

impl Template {
    fn new(text: &str, names: &[&str]) -> Result<Template> {
        let mut pieces = Vec::new();
        let mut colons = 0;
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').context("a { without its }")?;
            ensure!(names.contains(&name), "{{{name}}} is not in the path");
            colons += before.matches(':').count();
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Value {
                name: name.to_owned(),
                is_before_relative_id: colons < FIELDS_BEFORE_RELATIVE_ID,
            });
            rest = after;
        }
        ensure!(!rest.contains('}'), "a }} without its {{");
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Template(pieces))
    }

    fn fill(&self, values: &Values<'_>) -> Result<String> {
        let mut text = String::with_capacity(FILLED_BYTES);
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Value {
                    name,
                    is_before_relative_id,
                } => {
                    let value = values.iter().find(|(known, _)| known == name);
                    let (_, value) = value.context("a value that the path does not have")?;
                    // To a pattern they would be themselves, to a person more than that.
                    ensure!(!value.contains(['*', '?']), "a wildcard in the path");
                    let shifts = *is_before_relative_id && value.contains([':', '/']);
                    ensure!(!shifts, "a colon or slash in the path");
                    text.push_str(value);
                }
            }
        }
        Ok(text)
    }
}

impl<'p> PathSegments<'p> {
    /// Takes the path of a request's target apart (`/a/b?query`), and decodes its segments once.
    ///
    /// # Errors
    /// Where the application behind the gateway could take it for another path: with `.` and `..`, empty segments, `;`, `\`, encoded slashes,
    /// what is still encoded when it is decoded, control characters.
    pub(crate) fn of(target: &'p str) -> Result<PathSegments<'p>> {
        let path = target.split('?').next().unwrap_or_default();
        let rest = path
            .strip_prefix('/')
            .context("the path does not begin with /")?;
        let mut segments = Vec::new();
        let mut raw = rest.split('/').peekable();
        while let Some(segment) = raw.next() {
            let is_last = raw.peek().is_none();
            let segment = decoded(segment)?;
            ensure!(
                is_last || !segment.is_empty(),
                "the path has an empty segment"
            );
            ensure!(
                segment != "." && segment != "..",
                "the path has a segment {segment}"
            );
            segments.push(segment);
        }
        Ok(PathSegments(segments))
    }
}

fn decoded(segment: &str) -> Result<Cow<'_, str>> {
    let text = if segment.contains('%') {
        Cow::Owned(without_escapes(segment)?)
    } else {
        Cow::Borrowed(segment)
    };
    let is_unclear = |c: char| c.is_control() || matches!(c, '/' | '\\' | ';' | '%' | '#');
    ensure!(
        !text.contains(is_unclear),
        "the path can be read in two ways"
    );
    Ok(text)
}

fn without_escapes(segment: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (high, low) = (digit(), digit());
        let (high, low) = high
            .zip(low)
            .context("the path has a % without two digits")?;
        bytes.push(u8::try_from(high * 16 + low)?);
    }
    String::from_utf8(bytes)
        .ok()
        .context("the path is no UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str, resource: &str) -> Result<Route> {
        Route::new(&RouteTable {
            methods: vec!["GET".to_owned()],
            path: path.to_owned(),
            action: "vpc:DescribeVpcs".to_owned(),
            resource: resource.to_owned(),
            context: BTreeMap::new(),
        })
    }

    fn resource(route: &Route, target: &str) -> Option<String> {
        let path = PathSegments::of(target).ok()?;
        let request = route.request(&Method::GET, &path, &Principal::Anonymous)?;
        let request = request.ok()?;
        request
            .resources()
            .next()
            .map(|arn| arn.as_str().to_owned())
    }

    #[test]
    fn what_a_path_holds_stands_in_the_resource() {
        let one = route("/vpcs/{id}", "acs:vpc:*:1:vpc/{id}").unwrap();
        assert_eq!(
            resource(&one, "/vpcs/v-1?x=/vpcs/v-2").as_deref(),
            Some("acs:vpc:*:1:vpc/v-1")
        );
        assert_eq!(
            resource(&one, "/vpcs/v%2D1").as_deref(),
            Some("acs:vpc:*:1:vpc/v-1")
        );
        for other in [
            "/vpcs",
            "/vpcs/",
            "/vpcs/v-1/",
            "/vpcs/v-1/x",
            "/VPCS/v-1",
            "vpcs/v-1",
            "",
        ] {
            assert_eq!(resource(&one, other), None, "{other}");
        }
        let rest = route("/{bucket}/{*key}", "acs:oss:*:*:{bucket}/{key}").unwrap();
        assert_eq!(
            resource(&rest, "/b/x/y:z").as_deref(),
            Some("acs:oss:*:*:b/x/y:z")
        );
        assert_eq!(
            resource(&rest, "/b/x/").as_deref(),
            Some("acs:oss:*:*:b/x/")
        );
        assert_eq!(resource(&rest, "/b/"), None);
        let region = route("/{region}/{id}", "acs:vpc:{region}:1:vpc/{id}").unwrap();
        assert_eq!(
            resource(&region, "/r/v").as_deref(),
            Some("acs:vpc:r:1:vpc/v")
        );
        for shifted in ["/r:2/v", "/r%3A2/v", "/*/v", "/r/v%2a", "/r/%3F"] {
            assert_eq!(resource(&region, shifted), None, "{shifted}");
        }
    }

    #[test]
    fn paths_that_can_be_read_in_two_ways() {
        for bad in [
            "/a//b",
            "//a",
            "/a/./b",
            "/a/../b",
            "/a/%2e%2e/b",
            "/a/%2E/b",
            "/a%2fb",
            "/a\\b",
            "/a%5cb",
            "/a;x/b",
            "/a%3bx",
            "/a%252fb",
            "/a%00",
            "/a%0a",
            "/a%",
            "/a%4",
            "/a%zz",
            "/a%ff",
            "/a#b",
            "http://x/a",
            "*",
        ] {
            assert!(PathSegments::of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn routes_that_could_never_make_a_request() {
        for (path, resource) in [
            ("a", "*"),
            ("/{a}/{a}", "*"),
            ("/{*a}/b", "*"),
            ("/x{a}", "*"),
            ("/{}", "*"),
            ("/a%20b", "*"),
            ("/{a}", "acs:vpc:*:1:vpc/{b}"),
            ("/{a}", "{a}"),
            ("/{a}", "acs:vpc:*:1:vpc/{a"),
            ("/{a}", "acs:vpc:*:1:vpc/a}"),
        ] {
            assert!(route(path, resource).is_err(), "{path} {resource}");
        }
    }
}
