//! The properties of the build: what `getprop` prints, `[name]: [value]`, and `build.prop`, `name=value`.

use crate::{
    Found,
    lines::Line,
    reader::{Fact, LineReader},
};

/// A property.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Property {
    /// Its name: `ro.product.model`.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What phone it is, and which system runs on it.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// For each fact, its rank among the names that tell it, and its value.
    facts: [Option<(usize, Found<String>)>; NAMES.len()],
}

/// What a build says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuildFact {
    /// The version of Android: `8.1.0`.
    Android,
    /// The brand: `Nokia`.
    Brand,
    /// The name within the maker's works: `B2N_sprout`.
    Device,
    /// The build, by the name that is unique to it.
    Fingerprint,
    /// The maker: `HMD Global`.
    Manufacturer,
    /// The model: `Nokia 7 plus`.
    Model,
    /// The region it was made or set up for, as the vendor writes it.
    Region,
    /// The level of the security patches: `2019-02-01`.
    SecurityPatch,
    /// The time zone it is set to: `Europe/Helsinki`.
    TimeZone,
}

impl Build {
    /// Takes a property, where it says what phone it is. The name that ranks higher stands, and the first of a
    /// name.
    pub fn tell(&mut self, property: &Found<Property>) {
        let name = property.value.name.as_str();
        for ((_, names), place) in NAMES.iter().zip(&mut self.facts) {
            let rank = names.iter().position(|known| *known == name);
            if let Some(rank) = rank
                && place.as_ref().is_none_or(|(standing, _)| rank < *standing)
                && !property.value.value.is_empty()
            {
                *place = Some((rank, property.clone().map(|property| property.value)));
            }
        }
    }

    /// What it says of `fact`.
    pub fn fact(&self, fact: BuildFact) -> Option<&Found<String>> {
        let index = NAMES.iter().position(|(known, _)| *known == fact)?;
        self.facts.get(index)?.as_ref().map(|(_, found)| found)
    }
}

/// The names that tell a fact, best first: what the user sees, then what the parts of the system say.
const NAMES: [(BuildFact, &[&str]); 9] = [
    (BuildFact::Android, &["ro.build.version.release", "ro.system.build.version.release"]),
    (BuildFact::Brand, &["ro.product.brand", "ro.product.system.brand", "ro.product.vendor.brand"]),
    (BuildFact::Device, &["ro.product.device", "ro.product.system.device", "ro.product.vendor.device"]),
    (
        BuildFact::Fingerprint,
        &[
            "ro.build.fingerprint",
            "ro.system.build.fingerprint",
            "ro.vendor.build.fingerprint",
            "ro.bootimage.build.fingerprint",
        ],
    ),
    (
        BuildFact::Manufacturer,
        &["ro.product.manufacturer", "ro.product.system.manufacturer", "ro.product.vendor.manufacturer"],
    ),
    (
        BuildFact::Model,
        &[
            "ro.product.marketname",
            "ro.config.marketing_name",
            "ro.product.model",
            "ro.product.system.model",
            "ro.product.vendor.model",
        ],
    ),
    (
        BuildFact::Region,
        &[
            "ro.miui.region",
            "ro.csc.country_code",
            "persist.sys.oppo.region",
            "ro.hw.country",
            "ro.product.locale.region",
            "ro.boot.hwc",
            "gsm.operator.iso-country",
            "gsm.sim.operator.iso-country",
        ],
    ),
    (BuildFact::SecurityPatch, &["ro.build.version.security_patch"]),
    (BuildFact::TimeZone, &["persist.sys.timezone"]),
];

/// Reads either form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Properties {
    /// A value of `getprop` that goes on in the next line.
    open: Option<Found<Property>>,
}

impl Properties {
    /// The next line of a value.
    fn go_on(&mut self, mut open: Found<Property>, line: &Line<'_>, text: &str, out: &mut Vec<Fact>) {
        open.end = line.end;
        open.value.value.push('\n');
        match text.strip_suffix(']') {
            Some(last) => {
                open.value.value.push_str(last);
                out.push(Fact::Property(open));
            }
            None => {
                open.value.value.push_str(text);
                self.keep(open, out);
            }
        }
    }

    fn keep(&mut self, open: Found<Property>, out: &mut Vec<Fact>) {
        if open.value.value.len() > MAX_VALUE {
            out.push(Fact::Property(open));
        } else {
            self.open = Some(open);
        }
    }
}

impl LineReader for Properties {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        if let Some(printed) = printed(&text) {
            self.finish(out);
            let (name, value) = printed;
            let property =
                |value: &str| line.found(Property { name: name.to_owned(), value: value.to_owned() });
            match value.strip_suffix(']') {
                Some(value) => out.push(Fact::Property(property(value))),
                None => self.open = Some(property(value)),
            }
        } else if let Some(open) = self.open.take() {
            self.go_on(open, line, &text, out);
        } else if let Some((name, value)) = assigned(&text) {
            out.push(Fact::Property(line.found(Property { name: name.to_owned(), value: value.to_owned() })));
        }
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.open.take().map(Fact::Property));
    }
}

/// Whether a file that begins so was printed by `getprop`.
pub(crate) fn recognise_getprop(beginning: &str) -> bool {
    let mut lines = beginning.lines().filter(|line| !line.trim().is_empty());
    lines.next().is_some_and(|line| printed(line).is_some())
}

/// Whether a file that begins so is a `build.prop`: assignments to names of the system.
pub(crate) fn recognise_build(beginning: &str) -> bool {
    const PREFIXES: [&str; 6] = ["ro.", "persist.", "dalvik.vm.", "vendor.", "sys.", "debug."];
    let names: Vec<&str> = beginning.lines().filter_map(assigned).map(|(name, _)| name).take(16).collect();
    let known = names.iter().filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix))).count();
    known > 0 && known.saturating_mul(2) > names.len()
}

/// `[name]: [value`
fn printed(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix('[')?.split_once("]: [")?;
    (!name.is_empty() && !name.contains([' ', '['])).then_some((name, value))
}

/// `name=value`, and `name?=value` of the parts that others may set before.
fn assigned(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().split_once('=')?;
    let name = name.strip_suffix('?').unwrap_or(name).trim();
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:@".contains(&byte));
    (is_name && name.contains('.')).then_some((name, value.trim()))
}

/// Properties have some 90 bytes, those that cannot change any number; more is not gathered over lines.
const MAX_VALUE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::{Build, BuildFact, Properties, recognise_build, recognise_getprop};
    use crate::{reader::Fact, testing};

    fn properties(text: &str) -> Vec<(String, String)> {
        testing::facts_of(&mut Properties::default(), text)
            .into_iter()
            .map(|fact| match fact {
                Fact::Property(found) => (found.value.name, found.value.value),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn either_form_is_read() {
        let printed =
            "[ro.product.model]: [Nokia 7 plus]\r\n[a.b]: [one\ntwo]\n[empty.x]: []\n[open.x]: [never";
        assert!(recognise_getprop(printed) && !recognise_build(printed));
        let expected =
            [("ro.product.model", "Nokia 7 plus"), ("a.b", "one\ntwo"), ("empty.x", ""), ("open.x", "never")];
        assert_eq!(properties(printed), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

        let assigned = "# begin build properties\nimport /x/default.prop ro.*\nro.build.id=A=B\nro.x?=1\n";
        assert!(recognise_build(assigned) && !recognise_getprop(assigned));
        let expected = [("ro.build.id", "A=B"), ("ro.x", "1")];
        assert_eq!(properties(assigned), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(!recognise_build("a = b\nc.d=1\n"));
    }

    #[test]
    fn the_better_name_stands() {
        let text = "ro.product.vendor.model=B2N\nro.product.model=Nokia 7 plus\nro.product.model=later\n\
            ro.miui.region=\nro.product.locale.region=CN\n";
        let mut build = Build::default();
        for fact in testing::facts_of(&mut Properties::default(), text) {
            let Fact::Property(property) = fact else { continue };
            build.tell(&property);
        }
        assert_eq!(build.fact(BuildFact::Model).unwrap().value, "Nokia 7 plus");
        assert_eq!(
            testing::text_of(text, build.fact(BuildFact::Model).unwrap()),
            "ro.product.model=Nokia 7 plus"
        );
        assert_eq!(build.fact(BuildFact::Region).unwrap().value, "CN");
        assert_eq!(build.fact(BuildFact::TimeZone), None);
    }
}
