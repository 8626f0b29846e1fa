//! `claims.toml` → claims that can be judged.
//!
//! UTF-8, at most [`LARGEST`] bytes. Fields of the file:
//!
//! | field | what it is |
//! |---|---|
//! | `format` | [`CLAIMS_FORMAT`]; needed |
//! | `vendor` | whose statements these are; needed, and `by` of every claim that has none |
//! | `[[claim]]` | a statement; at most [`MOST_CLAIMS`] |
//!
//! Fields of a claim, and, where marked, of a template:
//!
//! | field | what it is |
//! |---|---|
//! | `id` | its name, unlike all others in the file; needed |
//! | `by` | who said it |
//! | `statement` | what was said, in our words and the speaker's sense; needed |
//! | `source` | where and when it was said; needed |
//! | `template` | a template's name; then the conditions are its, and the claim may add needs |
//! | `with` | the template's parameters by name |
//! | `hosts`, `apps`, `owners` | what it is about: a finding or destination counts if one of these names fits it. Hosts fit with all names below them. None: everything |
//! | `except_apps` | apps that it is not about, such as those that the owner installed: findings and traffic of these alone are left out |
//! | `grounds` (template) | what findings may rest on to speak against it: `wire`, `message`, `log`. Without it `wire` and `message`: logged is not sent |
//! | `roles` (template) | the cases it takes, by the names that the command line gives them; none: all that there are, together |
//! | `contradicted_by` (template) | a condition on each finding, `f`: those for which it holds speak against the statement |
//! | `contradicted_if` (template) | a condition on everything: where it holds the statement falls |
//! | `looked_for` (template) | what was looked for, said of a statement that holds so far; `{name}` stands for the template's parameter |
//! | `words` (template) | what that means, to stand before the findings |
//! | `needs` (template) | `{ condition, words, would_test }`: without it nothing can be said, why, and what would help |
//! | `consistent_if` (template) | a condition on everything, without which it is not said to be consistent |
//! | `shown_by` (template) | a condition on each finding, `f`: what a statement that holds so far rests on |
//! | `untestable` (template) | why no evidence of this kind can test it; then there are no conditions |
//! | `would_test` (template) | what would test it all the same |

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::OnceLock,
};

use evidence::{Claim, IdentifierKind, prose};
use serde::{Deserialize, de::IntoDeserializer};
use toml::Spanned;

use crate::{
    expression::{Condition, Fault, Scope},
    node::Node,
};

/// The version of the format of `claims.toml`. The first number changes when old readers would go wrong.
pub const CLAIMS_FORMAT: &str = "phonehome-claims/1.0";
/// Bytes of a file.
pub const LARGEST: usize = 1 << 20;
/// Claims of a file.
pub const MOST_CLAIMS: usize = 500;
/// Needs of a claim, with its template's.
pub const MOST_NEEDS: usize = 50;

/// What is wrong with a file of claims, or with asking its conditions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{words}", Prefix(*line, *column), named(claim))]
pub struct ClaimsError {
    /// The claim; empty where it is the file itself.
    pub claim: String,
    /// The line, from 1; 0 where it lies in no line.
    pub line: u32,
    /// The column, from 1, in characters; 0 where it lies in no line.
    pub column: u32,
    /// What, in words.
    pub words: String,
}

struct Prefix(u32, u32);

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 > 0 { write!(f, "line {}, column {}: ", self.0, self.1) } else { Ok(()) }
    }
}

fn named(claim: &str) -> String {
    if claim.is_empty() { String::new() } else { format!("claim `{claim}`: ") }
}

/// A vendor's statements, with what would speak against them.
pub struct Claims {
    /// Whose they are.
    pub vendor: String,
    pub(crate) stated: Vec<Stated>,
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids = self.stated.iter().map(|stated| &stated.claim.id);
        f.debug_struct("Claims")
            .field("vendor", &self.vendor)
            .field("claims", &ids.collect::<Vec<_>>())
            .finish()
    }
}

/// A statement with its conditions.
pub(crate) struct Stated {
    pub(crate) claim: Claim,
    pub(crate) hosts: Vec<String>,
    pub(crate) apps: Vec<String>,
    pub(crate) except_apps: Vec<String>,
    pub(crate) owners: Vec<String>,
    pub(crate) grounds: Vec<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) parameters: Node,
    pub(crate) words: String,
    /// Its parameters are filled in; empty where nobody said.
    pub(crate) looked_for: String,
    pub(crate) contradicted_by: Option<Asked>,
    pub(crate) contradicted_if: Option<Asked>,
    pub(crate) consistent_if: Option<Asked>,
    pub(crate) shown_by: Option<Asked>,
    pub(crate) needs: Vec<Need>,
    pub(crate) untestable: Option<String>,
    pub(crate) would_test: Vec<String>,
}

/// What the evidence must hold.
pub(crate) struct Need {
    pub(crate) condition: Asked,
    pub(crate) words: String,
    pub(crate) would_test: String,
}

/// A condition and where it stands.
pub(crate) struct Asked {
    pub(crate) condition: Condition,
    place: Place,
}

impl Asked {
    /// An error on it.
    pub(crate) fn error(&self, claim: &str, fault: Fault) -> ClaimsError {
        self.place.error(claim, fault)
    }
}

/// Where a condition stands: a file's line and column, or a template.
#[derive(Clone)]
struct Place {
    start: (u32, u32),
    /// `contradicted_by`, or `template x, contradicted_by`.
    name: String,
}

impl Place {
    fn error(&self, claim: &str, fault: Fault) -> ClaimsError {
        let (line, column) = match (self.start, fault.at) {
            ((0, _), _) => (0, 0),
            ((line, column), (1, at)) => (line, column.saturating_add(at).saturating_sub(1)),
            ((line, _), (down, at)) => (line.saturating_add(down).saturating_sub(1), at),
        };
        ClaimsError {
            claim: claim.to_owned(),
            line,
            column,
            words: format!("{}: {}", self.name, fault.words),
        }
    }
}

impl Claims {
    /// Reads a file and checks everything that can be known without a case.
    ///
    /// # Errors
    /// Where it is no such file, a condition cannot be read, or names something that there is not.
    pub fn read(text: &str) -> Result<Self, ClaimsError> {
        if text.len() > LARGEST {
            let words = format!("a file of claims has at most {LARGEST} bytes, and this has {}", text.len());
            return Err(ClaimsError { claim: String::new(), line: 0, column: 0, words });
        }
        let file: File = toml::from_str(text).map_err(|error| no_toml(text, &error))?;
        let whole = |span: Range<usize>, words: String| error_at(text, span.start, "", words);
        if file.format.get_ref() != CLAIMS_FORMAT {
            let words = format!("is of another format ({}, not {CLAIMS_FORMAT})", file.format.get_ref());
            return Err(whole(file.format.span(), words));
        }
        if let Some(claim) = file.claim.get(MOST_CLAIMS) {
            return Err(whole(claim.id.span(), format!("a file holds at most {MOST_CLAIMS} claims")));
        }
        let mut ids = BTreeSet::new();
        let reader = Reader { text, vendor: &file.vendor };
        let mut stated = Vec::new();
        for claim in file.claim {
            if !ids.insert(claim.id.get_ref().clone()) {
                return Err(whole(claim.id.span(), format!("there are two claims `{}`", claim.id.get_ref())));
            }
            stated.push(reader.stated(claim)?);
        }
        Ok(Self { vendor: file.vendor, stated })
    }

    /// The statements, in the file's order.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.stated.iter().map(|stated| &stated.claim)
    }

    /// Roles of cases that claims of the file ask for, each once.
    pub fn roles(&self) -> BTreeSet<&str> {
        self.stated.iter().flat_map(|stated| stated.roles.iter().map(String::as_str)).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: Spanned<String>,
    vendor: String,
    #[serde(default)]
    claim: Vec<RawClaim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaim {
    id: Spanned<String>,
    by: Option<String>,
    statement: String,
    source: String,
    template: Option<Spanned<String>>,
    #[serde(default)]
    with: BTreeMap<Spanned<String>, toml::Value>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    apps: Vec<String>,
    #[serde(default)]
    except_apps: Vec<String>,
    #[serde(default)]
    owners: Vec<String>,
    grounds: Option<Vec<String>>,
    roles: Option<Vec<String>>,
    words: Option<String>,
    looked_for: Option<String>,
    contradicted_by: Option<Spanned<String>>,
    contradicted_if: Option<Spanned<String>>,
    consistent_if: Option<Spanned<String>>,
    shown_by: Option<Spanned<String>>,
    #[serde(default)]
    needs: Vec<RawNeed>,
    untestable: Option<String>,
    #[serde(default)]
    would_test: Vec<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNeed {
    condition: Spanned<String>,
    words: String,
    would_test: String,
}

/// A template as `templates.toml` has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    says: String,
    why: String,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    grounds: Option<Vec<String>>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    words: String,
    #[serde(default)]
    looked_for: String,
    contradicted_by: Option<Spanned<String>>,
    contradicted_if: Option<Spanned<String>>,
    consistent_if: Option<Spanned<String>>,
    shown_by: Option<Spanned<String>>,
    #[serde(default)]
    needs: Vec<RawNeed>,
    untestable: Option<String>,
    #[serde(default)]
    would_test: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    #[serde(default)]
    required: bool,
    default: toml::Value,
    words: String,
}

fn templates() -> &'static BTreeMap<String, Template> {
    static TEMPLATES: OnceLock<BTreeMap<String, Template>> = OnceLock::new();
    // A test reads the file; where it were broken, there would be no template rather than no program.
    TEMPLATES.get_or_init(|| toml::from_str(include_str!("templates.toml")).unwrap_or_default())
}

/// The names of the templates.
pub fn template_names() -> impl Iterator<Item = &'static str> {
    templates().keys().map(String::as_str)
}

/// The part of `docs/claims.md` that lists the templates.
pub fn template_reference() -> String {
    let mut page = String::new();
    for (name, template) in templates() {
        page.push_str(&format!("### `{name}`\n\n*{}*\n\n{}\n\n", template.says, template.why.trim()));
        if !template.roles.is_empty() {
            let roles: Vec<String> = template.roles.iter().map(|role| format!("`{role}`")).collect();
            page.push_str(&format!("Takes cases: {}.\n\n", roles.join(", ")));
        }
        for (name, parameter) in &template.parameters {
            let needed =
                if parameter.required { "needed".to_owned() } else { format!("`{}`", parameter.default) };
            page.push_str(&format!("- `{name}` ({needed}): {}\n", parameter.words));
        }
        if !template.parameters.is_empty() {
            page.push('\n');
        }
    }
    page
}

/// Makes claims of what a file says.
struct Reader<'r> {
    text: &'r str,
    vendor: &'r str,
}

impl Reader<'_> {
    fn stated(&self, raw: RawClaim) -> Result<Stated, ClaimsError> {
        let id = raw.id.get_ref().clone();
        let fail = |span: Range<usize>, words: String| Err(error_at(self.text, span.start, &id, words));
        let template = match &raw.template {
            None => None,
            Some(name) => match templates().get(name.get_ref()) {
                Some(template) => Some((name.get_ref().as_str(), template)),
                None => {
                    let known: Vec<_> = template_names().collect();
                    let words =
                        format!("there is no template `{}`; there are: {}", name.get_ref(), known.join(", "));
                    return fail(name.span(), words);
                }
            },
        };
        let own = [&raw.contradicted_by, &raw.contradicted_if, &raw.consistent_if, &raw.shown_by];
        let conditions = own.iter().any(|condition| condition.is_some());
        if template.is_some() && (conditions || raw.roles.is_some()) {
            return fail(raw.id.span(), "has a template: conditions and roles are that one's".to_owned());
        }
        let says = raw.untestable.is_some() || raw.contradicted_by.is_some() || raw.contradicted_if.is_some();
        if template.is_none() && !says {
            return fail(raw.id.span(), "has no template, no `contradicted_by`, `contradicted_if` or `untestable`: nothing could ever speak against it".to_owned());
        }
        if let Some(name) = raw.with.keys().next().filter(|_| template.is_none()) {
            return fail(name.span(), "gives parameters and has no template".to_owned());
        }
        let (names, parameters) = self.parameters(&id, template.map(|(_, template)| template), &raw)?;
        let roles =
            template.map(|(_, template)| template.roles.clone()).or(raw.roles.clone()).unwrap_or_default();
        let scope = Scope { of_finding: false, parameters: &names, roles: &roles };
        let (stated, mut needs) = match template {
            Some((name, template)) => self.template(&id, name, template, scope)?,
            None => (self.own(&id, &raw, scope)?, Vec::new()),
        };
        for need in &raw.needs {
            needs.push(self.need(&id, need, None, scope)?);
        }
        for need in &mut needs {
            need.words = filled(&need.words, &parameters);
            need.would_test = filled(&need.would_test, &parameters);
        }
        if needs.len() > MOST_NEEDS {
            return fail(raw.id.span(), format!("has more than {MOST_NEEDS} needs"));
        }
        let grounds = raw.grounds.or_else(|| template.and_then(|(_, template)| template.grounds.clone()));
        let grounds = grounds.unwrap_or_else(|| vec!["wire".to_owned(), "message".to_owned()]);
        if let Some(other) =
            grounds.iter().find(|ground| !["wire", "message", "log"].contains(&ground.as_str()))
        {
            return fail(
                raw.id.span(),
                format!("there is no ground `{other}`; there are: wire, message, log"),
            );
        }
        let mut would_test = template.map(|(_, template)| template.would_test.clone()).unwrap_or_default();
        would_test.extend(raw.would_test);
        let [contradicted_by, contradicted_if, consistent_if, shown_by] = stated;
        let looked_for = raw.looked_for.or_else(|| template.map(|(_, template)| template.looked_for.clone()));
        Ok(Stated {
            claim: Claim {
                id,
                by: raw.by.unwrap_or_else(|| self.vendor.to_owned()),
                statement: raw.statement,
                source: raw.source,
            },
            hosts: raw.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            apps: raw.apps,
            except_apps: raw.except_apps,
            owners: raw.owners,
            grounds,
            words: raw
                .words
                .or_else(|| template.map(|(_, template)| template.words.clone()))
                .unwrap_or_default(),
            looked_for: filled(&looked_for.unwrap_or_default(), &parameters),
            contradicted_by,
            contradicted_if,
            consistent_if,
            shown_by,
            needs,
            untestable: raw
                .untestable
                .or_else(|| template.and_then(|(_, template)| template.untestable.clone())),
            would_test,
            roles,
            parameters,
        })
    }

    fn own(&self, id: &str, raw: &RawClaim, scope: Scope) -> Result<[Option<Asked>; 4], ClaimsError> {
        let of_finding = Scope { of_finding: true, ..scope };
        Ok([
            self.asked(id, "contradicted_by", raw.contradicted_by.as_ref(), None, of_finding)?,
            self.asked(id, "contradicted_if", raw.contradicted_if.as_ref(), None, scope)?,
            self.asked(id, "consistent_if", raw.consistent_if.as_ref(), None, scope)?,
            self.asked(id, "shown_by", raw.shown_by.as_ref(), None, of_finding)?,
        ])
    }

    fn template(
        &self,
        id: &str,
        name: &str,
        template: &Template,
        scope: Scope,
    ) -> Result<([Option<Asked>; 4], Vec<Need>), ClaimsError> {
        let of_finding = Scope { of_finding: true, ..scope };
        let conditions = [
            self.asked(id, "contradicted_by", template.contradicted_by.as_ref(), Some(name), of_finding)?,
            self.asked(id, "contradicted_if", template.contradicted_if.as_ref(), Some(name), scope)?,
            self.asked(id, "consistent_if", template.consistent_if.as_ref(), Some(name), scope)?,
            self.asked(id, "shown_by", template.shown_by.as_ref(), Some(name), of_finding)?,
        ];
        let needs = template.needs.iter().map(|need| self.need(id, need, Some(name), scope));
        Ok((conditions, needs.collect::<Result<_, _>>()?))
    }

    fn need(
        &self,
        id: &str,
        raw: &RawNeed,
        template: Option<&str>,
        scope: Scope,
    ) -> Result<Need, ClaimsError> {
        let place = self.place("needs", &raw.condition, template);
        let condition =
            Condition::parse(raw.condition.get_ref(), scope).map_err(|fault| place.error(id, fault))?;
        let (words, would_test) = (raw.words.clone(), raw.would_test.clone());
        Ok(Need { condition: Asked { condition, place }, words, would_test })
    }

    fn asked(
        &self,
        id: &str,
        field: &str,
        condition: Option<&Spanned<String>>,
        template: Option<&str>,
        scope: Scope,
    ) -> Result<Option<Asked>, ClaimsError> {
        let Some(source) = condition else { return Ok(None) };
        let place = self.place(field, source, template);
        let condition = Condition::parse(source.get_ref(), scope).map_err(|fault| place.error(id, fault))?;
        Ok(Some(Asked { condition, place }))
    }

    /// The template's parameters as the claim gives them, and their names.
    fn parameters(
        &self,
        id: &str,
        template: Option<&Template>,
        raw: &RawClaim,
    ) -> Result<(Vec<String>, Node), ClaimsError> {
        let none = BTreeMap::new();
        let known = template.map_or(&none, |template| &template.parameters);
        let fail = |span: Range<usize>, words: String| Err(error_at(self.text, span.start, id, words));
        for (name, value) in &raw.with {
            let Some(parameter) = known.get(name.get_ref()) else {
                let names: Vec<_> = known.keys().map(String::as_str).collect();
                let words =
                    format!("there is no parameter `{}`; there are: {}", name.get_ref(), names.join(", "));
                return fail(name.span(), words);
            };
            if !fits(value, &parameter.default) {
                let words = format!("parameter `{}` is like `{}`", name.get_ref(), parameter.default);
                return fail(name.span(), words);
            }
        }
        let mut values = BTreeMap::new();
        for (name, parameter) in known {
            let given = raw.with.iter().find(|(given, _)| given.get_ref() == name).map(|(_, value)| value);
            if given.is_none() && parameter.required {
                return fail(
                    raw.id.span(),
                    format!("its template needs the parameter `{name}`: {}", parameter.words),
                );
            }
            let number = matches!(parameter.default, toml::Value::Float(_));
            values.insert(name.clone(), node(given.unwrap_or(&parameter.default), number));
        }
        Ok((values.keys().cloned().collect(), Node::Map(values)))
    }

    fn place(&self, field: &str, source: &Spanned<String>, template: Option<&str>) -> Place {
        match template {
            Some(template) => Place { start: (0, 0), name: format!("template {template}, {field}") },
            None => Place { start: beginning(self.text, source.span()), name: field.to_owned() },
        }
    }
}

/// A text with the parameters named in it filled in.
fn filled(text: &str, parameters: &Node) -> String {
    prose::fill(text, |name| parameters.at(name).map(in_words))
}

/// A parameter's value for people: kinds of identifiers by their words.
fn in_words(value: &Node) -> String {
    match value {
        Node::List(values) => prose::list(&values.iter().map(in_words).collect::<Vec<_>>()),
        Node::Text(text) => {
            let kind = IdentifierKind::deserialize(text.as_str().into_deserializer());
            kind.map_or_else(|_: serde::de::value::Error| text.clone(), |kind| kind.words().to_owned())
        }
        Node::Int(number) => number.to_string(),
        Node::Number(number) => number.to_string(),
        Node::Bool(yes) => yes.to_string(),
        Node::Map(_) => String::new(),
    }
}

/// Whether a value is of its parameter's type. A whole number is a number with a fraction, too.
fn fits(value: &toml::Value, default: &toml::Value) -> bool {
    match (value, default) {
        (toml::Value::Array(values), toml::Value::Array(_)) => {
            values.len() <= MOST_VALUES && values.iter().all(|value| matches!(value, toml::Value::String(_)))
        }
        (toml::Value::Integer(_), toml::Value::Float(_)) => true,
        _ => value.same_type(default),
    }
}

/// A parameter's value as conditions see it.
#[expect(clippy::cast_precision_loss, reason = "thresholds are small")]
fn node(value: &toml::Value, number: bool) -> Node {
    match value {
        toml::Value::Array(values) => Node::List(values.iter().map(|value| node(value, number)).collect()),
        toml::Value::Boolean(yes) => Node::Bool(*yes),
        toml::Value::Float(number) => Node::Number(*number),
        toml::Value::Integer(whole) if number => Node::Number(*whole as f64),
        toml::Value::Integer(whole) => Node::Int(*whole),
        toml::Value::String(text) => Node::text(text),
        toml::Value::Datetime(_) | toml::Value::Table(_) => Node::text(""),
    }
}

/// Line and column of the first character of a string's content, from 1.
fn beginning(text: &str, span: Range<usize>) -> (u32, u32) {
    let raw = text.get(span.clone()).unwrap_or_default();
    let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
    let rest = raw.get(quotes..).unwrap_or_default();
    let newline = match quotes {
        3 if rest.starts_with("\r\n") => 2,
        3 if rest.starts_with('\n') => 1,
        _ => 0,
    };
    line_column(text, span.start.saturating_add(quotes).saturating_add(newline))
}

fn line_column(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count());
    let from_one = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
    (from_one(line), from_one(column))
}

fn error_at(text: &str, at: usize, claim: &str, words: String) -> ClaimsError {
    let (line, column) = line_column(text, at);
    ClaimsError { claim: claim.to_owned(), line, column, words }
}

fn no_toml(text: &str, error: &toml::de::Error) -> ClaimsError {
    let words: String = error.message().chars().take(300).collect();
    match error.span() {
        Some(span) => error_at(text, span.start, "", words),
        None => ClaimsError { claim: String::new(), line: 0, column: 0, words },
    }
}

/// Values of a parameter that is a list.
const MOST_VALUES: usize = 200;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn the_templates_can_be_read() {
        let read: Result<BTreeMap<String, Template>, _> = toml::from_str(include_str!("templates.toml"));
        assert!(read.is_ok_and(|templates| templates.len() >= 15));
    }

    #[test]
    fn a_condition_begins_behind_its_quotes() {
        let text = "a = 'x'\nb = '''\n  y'''\nc = \"\"\"z\"\"\"";
        let at = |needle: &str, len: usize| {
            let start = text.find(needle).unwrap();
            beginning(text, start..start + len)
        };
        assert_eq!(at("'x'", 3), (1, 6));
        assert_eq!(at("'''\n", 10), (3, 1));
        assert_eq!(at("\"\"\"z", 7), (4, 8));
    }
}
