//! From the text of `phone.toml` to checked values: TOML, then the table of keys, then the checks.
//!
//! Everything wrong is gathered, with its line, so that one run of `phonehome profile check` is enough.

use std::{collections::BTreeMap, net::IpAddr, ops::Range};

use evidence::IdentifierKind;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Place, ProfileError, Value,
    check::{self, Context},
    lists::{self, Person},
    schema::{self, CANARIES, CONTACTS, Key, SECTIONS, Section, Takes},
};

/// Gives the text of a file named in a profile.
pub(super) type Load<'a> = &'a mut dyn FnMut(&str) -> Result<String, String>;

/// What a profile's text says, checked.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) name: String,
    pub(super) values: Vec<Value>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) calling_codes: Vec<u16>,
    pub(super) place: Option<Place>,
}

/// Reads a profile.
pub(super) fn read(text: &str, load: Load<'_>) -> Result<Content, Vec<ProfileError>> {
    let (table, broken) = DeTable::parse_recoverable(text);
    // One slip makes the parser stumble over what follows: only the first is worth telling.
    if let Some(first) = broken.iter().map(|error| syntax(text, error)).min_by_key(|error| error.line) {
        return Err(vec![first]);
    }
    let mut reader = Reader::of(text);
    reader.root(table.get_ref());
    reader.items.sort_by_key(|item| item.offset);
    reader.check_settings();
    let content = reader.content(load);
    reader.errors.sort_by_key(|error| (error.file.is_some(), error.line));
    if reader.errors.is_empty() { Ok(content) } else { Err(reader.errors) }
}

/// One value as written.
#[derive(Clone, Debug)]
struct Item {
    /// Where it stands in the profile's text, in bytes.
    offset: usize,
    section: &'static Section,
    /// Which of several sections of the name.
    instance: Option<usize>,
    key: &'static str,
    takes: Takes,
    label: String,
    text: String,
    mode: Option<String>,
}

/// A setting's section, the instance of it, and its key.
type SettingKey = (&'static str, Option<usize>, &'static str);

struct Reader<'a> {
    text: &'a str,
    /// Where the lines of the text end: an address book has too many values to count lines for each.
    line_ends: Vec<usize>,
    errors: Vec<ProfileError>,
    items: Vec<Item>,
    settings: BTreeMap<SettingKey, Vec<String>>,
}

impl<'a> Reader<'a> {
    fn of(text: &'a str) -> Self {
        let line_ends = text.match_indices('\n').map(|(end, _)| end).collect();
        Self { text, line_ends, errors: Vec::new(), items: Vec::new(), settings: BTreeMap::new() }
    }

    fn root(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match (Section::named(name), value.get_ref()) {
                (Some(section), DeValue::Table(inner)) if section.name == CANARIES => {
                    self.canaries(section, inner);
                }
                (Some(section), DeValue::Table(inner)) => {
                    let instance = section.many.then_some(0);
                    self.section(section, instance, inner);
                }
                (Some(section), DeValue::Array(list)) if section.many => {
                    for (instance, inner) in list.iter().enumerate() {
                        match inner.get_ref() {
                            DeValue::Table(inner) => self.section(section, Some(instance), inner),
                            _ => self.fail(inner.span(), name, format!("write it as a section, [[{name}]]")),
                        }
                    }
                }
                (Some(_), _) => self.fail(value.span(), name, format!("write it as a section, [{name}]")),
                (None, _) => match Section::named("").and_then(|root| Some((root, root.key(name)?))) {
                    Some((root, known)) => self.values(root, None, known, value),
                    None => self.fail(key.span(), name, unknown(name, None)),
                },
            }
        }
    }

    fn section(&mut self, section: &'static Section, instance: Option<usize>, table: &DeTable<'_>) {
        for (key, value) in table {
            match section.key(key.get_ref()) {
                Some(known) => self.values(section, instance, known, value),
                None => self.fail(
                    key.span(),
                    &label(section, instance, key.get_ref()),
                    unknown(key.get_ref(), Some(section)),
                ),
            }
        }
    }

    /// A key's value, or each of its list.
    fn values(
        &mut self,
        section: &'static Section,
        instance: Option<usize>,
        key: &'static Key,
        value: &Spanned<DeValue<'_>>,
    ) {
        let label = label(section, instance, key.name);
        match value.get_ref() {
            DeValue::Array(list) if key.many => {
                for (place, value) in list.iter().enumerate() {
                    self.value(section, instance, key, format!("{label}[{place}]"), value);
                }
            }
            DeValue::Array(_) => {
                self.fail(value.span(), &label, format!("takes one value, not a list: {}", hint(section)));
            }
            _ => self.value(section, instance, key, label, value),
        }
    }

    fn value(
        &mut self,
        section: &'static Section,
        instance: Option<usize>,
        key: &'static Key,
        label: String,
        value: &Spanned<DeValue<'_>>,
    ) {
        match plain(value.get_ref()) {
            Ok(text) => {
                let offset = value.span().start;
                self.items.push(Item {
                    offset,
                    section,
                    instance,
                    key: key.name,
                    takes: key.takes,
                    label,
                    text,
                    mode: None,
                });
            }
            Err(problem) => self.fail(value.span(), &label, problem),
        }
    }

    fn canaries(&mut self, section: &'static Section, table: &DeTable<'_>) {
        for (key, value) in table {
            let label = format!("{CANARIES}.{}", key.get_ref());
            match canary(value.get_ref()) {
                Ok((text, kind, mode)) => {
                    let takes = Takes::Value(kind, schema::check_of(kind));
                    let offset = value.span().start;
                    self.items.push(Item {
                        offset,
                        section,
                        instance: None,
                        key: "",
                        takes,
                        label,
                        text,
                        mode,
                    });
                }
                Err(problem) => self.fail(value.span(), &label, problem),
            }
        }
    }

    /// Settings come first: values depend on them.
    fn check_settings(&mut self) {
        let (settings, rest) = std::mem::take(&mut self.items)
            .into_iter()
            .partition(|item| matches!(item.takes, Takes::Setting(_)));
        self.items = rest;
        let settings: Vec<Item> = settings;
        for item in settings {
            let Takes::Setting(check) = item.takes else { continue };
            match check(&item.text, Context::default()) {
                Ok(canonical) => {
                    let key = (item.section.name, item.instance, item.key);
                    self.settings.entry(key).or_default().push(canonical.clone());
                    self.pair(&item, &canonical);
                }
                Err(problem) => self.fail_item(&item, problem),
            }
        }
    }

    /// The second of two settings that make one value puts the value where it stands.
    fn pair(&mut self, item: &Item, second: &str) {
        let (first, name) = match item.key {
            "mnc" => ("mcc", "mcc_mnc"),
            "mcc" => ("mnc", "mcc_mnc"),
            "lon" => ("lat", ""),
            "lat" => ("lon", ""),
            _ => return,
        };
        let Some(first) = self.setting(item.section.name, item.instance, first) else { return };
        let (kind, text) = match item.key {
            "mnc" => (IdentifierKind::MccMnc, format!("{first}{second}")),
            "mcc" => (IdentifierKind::MccMnc, format!("{second}{first}")),
            "lon" => (IdentifierKind::Position, format!("{first},{second}")),
            _ => (IdentifierKind::Position, format!("{second},{first}")),
        };
        let label = label(item.section, item.instance, name);
        self.items.push(Item { takes: Takes::Value(kind, as_it_is), label, text, ..item.clone() });
    }

    fn setting(&self, section: &'static str, instance: Option<usize>, key: &'static str) -> Option<&str> {
        self.settings.get(&(section, instance, key))?.first().map(String::as_str)
    }

    fn content(&mut self, load: Load<'_>) -> Content {
        let mut gathered = Gathered::default();
        let mut items = std::mem::take(&mut self.items);
        items.sort_by_key(|item| item.offset);
        for item in items {
            match item.takes {
                Takes::File => self.file(&item, load, &mut gathered),
                Takes::Setting(_) => {}
                Takes::Value(kind, check) => {
                    let line = self.line(item.offset);
                    let at = At { file: None, line, label: item.label, mode: item.mode };
                    let context = self.context(item.instance.filter(|_| item.section.name == "sims"));
                    self.take(kind, check(&item.text, context), at, &mut gathered);
                }
            }
        }
        self.half_pairs();
        Content {
            name: self.setting("", None, "name").unwrap_or("unnamed phone").to_owned(),
            values: gathered.values,
            addresses: self.all("addresses").filter_map(|text| text.parse().ok()).collect(),
            calling_codes: self.all_calling_codes(),
            place: self.place(),
        }
    }

    fn file(&mut self, item: &Item, load: Load<'_>, gathered: &mut Gathered) {
        let text = match load(&item.text) {
            Ok(text) => text,
            Err(problem) => return self.fail_item(item, format!("cannot read {:?}: {problem}", item.text)),
        };
        let key = item.key.trim_end_matches("_file");
        if key == CONTACTS {
            return self.persons(&item.text, &text, gathered);
        }
        let Some(Takes::Value(kind, check)) = item.section.key(key).map(|key| key.takes) else { return };
        for (line, entry) in lists::entries(&text) {
            let at = At {
                file: Some(item.text.clone()),
                line,
                label: format!("{}:{line}", item.text),
                mode: None,
            };
            let context = self.context(None);
            self.take(kind, check(entry, context), at, gathered);
        }
    }

    fn persons(&mut self, file: &str, text: &str, gathered: &mut Gathered) {
        match lists::persons(text) {
            Ok(persons) => persons.iter().for_each(|person| self.person(file, person, gathered)),
            Err((line, problem)) => {
                self.errors.push(ProfileError { file: Some(file.to_owned()), line, key: None, problem });
            }
        }
    }

    fn person(&mut self, file: &str, person: &Person, gathered: &mut Gathered) {
        let at = |what: &str| {
            let label = format!("{file}:{}.{what}", person.line);
            At { file: Some(file.to_owned()), line: person.line, label, mode: None }
        };
        let context = self.context(None);
        if let Some(name) = &person.name {
            self.take(IdentifierKind::ContactName, check::text(name, context), at("name"), gathered);
        }
        for number in &person.numbers {
            self.take(IdentifierKind::ContactNumber, check::number(number, context), at("number"), gathered);
        }
        for email in &person.emails {
            self.take(IdentifierKind::Email, check::email(email, context), at("email"), gathered);
        }
    }

    /// Keeps a value once: the peer of many messages is one value. Two SIMs with one IMSI are an error.
    fn take(
        &mut self,
        kind: IdentifierKind,
        checked: Result<String, String>,
        at: At,
        gathered: &mut Gathered,
    ) {
        use IdentifierKind::{Iccid, Imei, Imsi};
        let problem = match checked {
            Err(problem) => problem,
            Ok(canonical) => match gathered.labels.get(&(kind, canonical.clone())) {
                Some(first) if matches!(kind, Iccid | Imei | Imsi) => {
                    format!("is the same as {first}: leave one of them out")
                }
                Some(_) => return,
                None => {
                    gathered.labels.insert((kind, canonical.clone()), at.label.clone());
                    let weak = crate::forms::weak(kind, &canonical);
                    return gathered.values.push(Value {
                        kind,
                        label: at.label,
                        canonical,
                        weak,
                        mode: at.mode,
                    });
                }
            },
        };
        let key = at.file.is_none().then_some(at.label);
        self.errors.push(ProfileError { file: at.file, line: at.line, key, problem });
    }

    /// The calling code for a number: its SIM's, the profile's, the first SIM's.
    fn context(&self, sim: Option<usize>) -> Context {
        let code = sim
            .and_then(|sim| self.setting("sims", Some(sim), "calling_code"))
            .or_else(|| self.setting("", None, "calling_code"))
            .or_else(|| self.all("calling_code").next());
        Context { calling_code: code.and_then(|code| code.parse().ok()) }
    }

    fn all(&self, key: &'static str) -> impl Iterator<Item = &str> {
        self.settings
            .iter()
            .filter(move |((_, _, name), _)| *name == key)
            .flat_map(|(_, texts)| texts)
            .map(String::as_str)
    }

    fn all_calling_codes(&self) -> Vec<u16> {
        let mut codes: Vec<u16> = Vec::new();
        for code in self.all("calling_code").filter_map(|code| code.parse().ok()) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes
    }

    fn place(&self) -> Option<Place> {
        let number = |key| self.setting("position", None, key)?.parse().ok();
        Some(Place {
            lat: number("lat")?,
            lon: number("lon")?,
            radius: number("radius").unwrap_or(DEFAULT_RADIUS),
        })
    }

    /// Half a network code or half a position says nothing.
    fn half_pairs(&mut self) {
        let halves: Vec<(SettingKey, &str)> = self
            .settings
            .keys()
            .filter_map(|key| Some((*key, other_half(key.2)?)))
            .filter(|((section, instance, _), other)| {
                !self.settings.contains_key(&(*section, *instance, *other))
            })
            .collect();
        for ((section, instance, key), other) in halves {
            let label =
                Section::named(section).map_or_else(String::new, |section| label(section, instance, key));
            let offset = self.text.find(key).unwrap_or_default();
            self.fail(offset..offset, &label, format!("needs `{other}` beside it"));
        }
    }

    fn fail_item(&mut self, item: &Item, problem: String) {
        self.fail(item.offset..item.offset, &item.label, problem);
    }

    fn fail(&mut self, span: Range<usize>, key: &str, problem: String) {
        let line = self.line(span.start);
        self.errors.push(ProfileError { file: None, line, key: Some(key.to_owned()), problem });
    }

    fn line(&self, offset: usize) -> usize {
        self.line_ends.partition_point(|&end| end < offset) + 1
    }
}

/// Values so far, and the label each was first given.
#[derive(Default)]
struct Gathered {
    values: Vec<Value>,
    labels: BTreeMap<(IdentifierKind, String), String>,
}

/// Where a value stands.
struct At {
    file: Option<String>,
    line: usize,
    label: String,
    mode: Option<String>,
}

fn as_it_is(text: &str, _: Context) -> Result<String, String> {
    Ok(text.to_owned())
}

fn other_half(key: &str) -> Option<&'static str> {
    match key {
        "lat" => Some("lon"),
        "lon" => Some("lat"),
        "mcc" => Some("mnc"),
        "mnc" => Some("mcc"),
        _ => None,
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> ProfileError {
    let line = error.span().map_or(1, |span| Reader::of(text).line(span.start));
    let problem = format!("{}; see docs/profile.md", error.message().replace('\n', " "));
    ProfileError { file: None, line, key: None, problem }
}

fn label(section: &Section, instance: Option<usize>, key: &str) -> String {
    let head = match (section.name, instance) {
        ("", _) => return key.to_owned(),
        (name, None) => name.to_owned(),
        (name, Some(instance)) => format!("{name}[{instance}]"),
    };
    if key.is_empty() { head } else { format!("{head}.{key}") }
}

fn hint(section: &Section) -> String {
    match section.many {
        true => format!("repeat the section, [[{}]]", section.name),
        false => "leave the brackets out".to_owned(),
    }
}

/// Text, or a number as it was written.
fn plain(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::Float(float) => Ok(float.as_str().to_owned()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Ok(number.to_string()),
            Err(_) => Err("is too large a number: write it in quotes".to_owned()),
        },
        DeValue::String(text) => Ok(text.as_ref().to_owned()),
        other => Err(format!("takes text in quotes, not a {}", other.type_str())),
    }
}

/// A canary: its text, kind and mode.
fn canary(value: &DeValue<'_>) -> Result<(String, IdentifierKind, Option<String>), String> {
    let DeValue::Table(table) = value else { return Ok((plain(value)?, IdentifierKind::Canary, None)) };
    let (mut text, mut kind, mut mode) = (None, IdentifierKind::Canary, None);
    for (key, value) in table {
        let value = plain(value.get_ref())?;
        match key.get_ref().as_ref() {
            "kind" => kind = kind_named(&value)?,
            "mode" => mode = Some(value),
            "text" => text = Some(value),
            other => return Err(format!("knows text, kind and mode, not {other:?}")),
        }
    }
    Ok((text.ok_or("needs a `text`")?, kind, mode))
}

fn kind_named(name: &str) -> Result<IdentifierKind, String> {
    let kinds = IdentifierKind::ALL;
    let named = kinds.iter().find(|kind| kind.id() == name).copied();
    named.ok_or_else(|| match nearest(name, kinds.iter().map(|kind| kind.id())) {
        Some(near) => format!("no kind {name:?}: is it {near:?}?"),
        None => format!("no kind {name:?}: see docs/profile.md for the list"),
    })
}

/// Words on a key that does not exist: where it belongs, or what it resembles.
fn unknown(name: &str, section: Option<&'static Section>) -> String {
    let here = section.or_else(|| Section::named(""));
    let keys = here.into_iter().flat_map(|section| section.keys).map(|key| key.name);
    let sections =
        SECTIONS.iter().map(|section| section.name).filter(|name| section.is_none() && !name.is_empty());
    if let Some(near) = nearest(name, keys.chain(sections)) {
        return format!("no such key: is it `{near}`?");
    }
    match SECTIONS.iter().find(|section| section.key(name).is_some()) {
        Some(home) if home.name.is_empty() => {
            "no such key here: it belongs before the first section".to_owned()
        }
        Some(home) => format!("no such key here: it belongs into [{}]", home.name),
        None => "no such key; see docs/profile.md for the list".to_owned(),
    }
}

fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let scored = names.map(|other| (strsim::jaro_winkler(&name, other), other));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

/// Metres, where a position gives none: a radio cell of a town.
const DEFAULT_RADIUS: f64 = 1000.0;
