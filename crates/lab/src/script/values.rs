//! The values that templates may ask for.

use std::collections::BTreeMap;

use testkit::Dice;
use time::{OffsetDateTime, format_description};

use super::Stage;
use crate::{Deed, filters::hex, template::Values};

/// What templates may ask for, with what it is. A word in capitals stands for another.
pub const VALUES: &[(&str, &str)] = &[
    ("account", "the first of the account names"),
    (
        "android_id",
        "of the phone; also bssid, bluetooth_mac, gaid, hostname, imei1, imei2, meid, oaid, serial, ssid, wifi_mac",
    ),
    ("apk:PACKAGE:CODE:NAME", "an app package of that name and version"),
    ("attempt", "how often the sender has sent since it was armed, from 1"),
    ("bytes:COUNT", "random bytes"),
    ("cell_id", "of the serving cell; also lac, cell_mcc, cell_mnc"),
    ("counter", "how often the sender has sent, from 1"),
    ("email", "the first of the e-mail addresses"),
    (
        "event.KEY",
        "a detail of the event that made it send; `event.kind` is its kind; empty where it has none",
    ),
    ("hex:DIGITS", "these bytes"),
    ("ids.NAME", "an identifier of the scenario's `ids`"),
    (
        "imsi1",
        "of the SIM in slot 1; also iccid, number, operator, mcc, mnc, country, each with the slot's number",
    ),
    ("items", "what a batch gathered"),
    ("lat", "of the position; also lon"),
    ("lists.NAME", "a list of the scenario's `lists`"),
    ("packages", "the names of all packages, between commas"),
    ("part.NAME", "a part that was made before"),
    ("phone.KEY", "model, manufacturer, android, build, region, security_patch, name"),
    ("random:COUNT", "so many random hex digits"),
    ("random-number:COUNT", "so many random digits"),
    ("state.NAME", "what the state says"),
    ("time", "seconds since 1970"),
    ("time.hour", "hours since 1970"),
    ("time.ms", "milliseconds since 1970"),
    ("time:FORMAT", "the phone's clock, as strftime writes it"),
    ("uptime", "milliseconds since the phone started"),
    ("uuid", "a random UUID, version 4"),
    ("vars.NAME", "a constant of the scenario's `vars`"),
];

/// What made a sender send, and what was made for it so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Occasion {
    pub(super) kind: String,
    pub(super) detail: BTreeMap<String, String>,
    pub(super) items: Vec<u8>,
    pub(super) parts: BTreeMap<String, Vec<u8>>,
}

impl Occasion {
    pub(super) fn of(deed: &Deed) -> Self {
        Self { kind: deed.kind.clone(), detail: deed.detail.clone(), ..Self::default() }
    }
}

/// The values at one moment.
pub(super) struct Filling<'s, 'a> {
    stage: &'s mut Stage<'a>,
    sender: Option<usize>,
    occasion: &'s Occasion,
}

impl<'s, 'a> Filling<'s, 'a> {
    pub(super) fn new(stage: &'s mut Stage<'a>, sender: Option<usize>, occasion: &'s Occasion) -> Self {
        Self { stage, sender, occasion }
    }

    fn plain(&self, name: &str) -> Option<String> {
        let scenario = self.stage.scenario;
        let phone = &scenario.phone;
        let running = self.sender.and_then(|index| self.stage.running.get(index));
        Some(match name {
            "account" => scenario.accounts.names.first()?.clone(),
            "android_id" => phone.android_id.clone(),
            "attempt" => running?.attempt.to_string(),
            "bluetooth_mac" => phone.bluetooth_mac.clone(),
            "bssid" => phone.bssid.clone(),
            "counter" => running?.counter.to_string(),
            "email" => scenario.accounts.emails.first()?.clone(),
            "gaid" => phone.gaid.clone(),
            "hostname" => phone.hostname.clone(),
            "imei1" => phone.imei.first()?.clone(),
            "imei2" => phone.imei.get(1)?.clone(),
            "lat" => scenario.position.as_ref()?.lat.to_string(),
            "lon" => scenario.position.as_ref()?.lon.to_string(),
            "meid" => phone.meid.clone(),
            "oaid" => phone.oaid.clone(),
            "packages" => {
                scenario.packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>().join(",")
            }
            "serial" => phone.serial.clone(),
            "ssid" => phone.ssid.clone(),
            "time" => self.stage.now.div_euclid(1_000_000_000).to_string(),
            "time.hour" => self.stage.now.div_euclid(3_600_000_000_000).to_string(),
            "time.ms" => self.stage.now.div_euclid(1_000_000).to_string(),
            "uptime" => self.stage.now.saturating_sub(self.stage.booted).div_euclid(1_000_000).to_string(),
            "wifi_mac" => phone.wifi_mac.clone(),
            _ => return self.cell(name).or_else(|| self.sim(name)),
        })
    }

    fn cell(&self, name: &str) -> Option<String> {
        let number: usize = self.stage.word("cell").parse().ok()?;
        let cell = self.stage.scenario.cells.get(number.checked_sub(1)?)?;
        Some(match name {
            "cell_id" => cell.cell_id.to_string(),
            "cell_mcc" => cell.mcc.clone(),
            "cell_mnc" => cell.mnc.clone(),
            "lac" => cell.lac.to_string(),
            _ => return None,
        })
    }

    fn sim(&self, name: &str) -> Option<String> {
        let (name, slot) =
            name.strip_suffix('1').map(|name| (name, 1)).or_else(|| Some((name.strip_suffix('2')?, 2)))?;
        let sim = self.stage.sim(slot)?;
        Some(match name {
            "country" => sim.country.clone(),
            "iccid" => sim.iccid.clone(),
            "imsi" => sim.imsi.clone(),
            "mcc" => sim.mcc.clone(),
            "mnc" => sim.mnc.clone(),
            "number" => sim.number.clone(),
            "operator" => sim.operator.clone(),
            _ => return None,
        })
    }

    /// `group.name`
    fn grouped(&self, group: &str, name: &str) -> Option<Vec<u8>> {
        let scenario = self.stage.scenario;
        let phone = &scenario.phone;
        let text = match (group, name) {
            ("event", "kind") => self.occasion.kind.clone(),
            ("event", key) => self.occasion.detail.get(key).cloned().unwrap_or_default(),
            ("ids", name) => self.stage.ids.get(name)?.clone(),
            ("lists", name) => scenario.lists.get(name)?.written(),
            ("part", name) => return self.occasion.parts.get(name).cloned(),
            ("phone", "android") => phone.android.clone(),
            ("phone", "build") => phone.build.clone(),
            ("phone", "manufacturer") => phone.manufacturer.clone(),
            ("phone", "model") => phone.model.clone(),
            ("phone", "name") => phone.name.clone(),
            ("phone", "region") => phone.region.clone(),
            ("phone", "security_patch") => phone.security_patch.clone(),
            ("state", name) => self.stage.word(name),
            ("vars", name) => scenario.vars.get(name)?.clone(),
            _ => return None,
        };
        Some(text.into_bytes())
    }

    /// `function:argument`
    fn called(&mut self, function: &str, argument: &str) -> Option<Vec<u8>> {
        let count = argument.parse().ok().filter(|count: &usize| *count <= LARGEST);
        Some(match function {
            "apk" => apk(argument)?,
            "bytes" => self.stage.dice.bytes(count?),
            "hex" => return argument.as_bytes().chunks(2).map(byte).collect(),
            "random" => {
                let mut digits = hex(&self.stage.dice.bytes(count?.div_ceil(2)));
                digits.truncate(count?);
                digits.into_bytes()
            }
            "random-number" => {
                let digit = |byte: u8| b'0'.saturating_add(byte % 10);
                self.stage.dice.bytes(count?).into_iter().map(digit).collect()
            }
            "time" => clock(self.stage, argument)?.into_bytes(),
            _ => return None,
        })
    }
}

impl Values for Filling<'_, '_> {
    fn value(&mut self, name: &str) -> Option<Vec<u8>> {
        if name == "items" {
            return Some(self.occasion.items.clone());
        }
        if name == "uuid" {
            return Some(uuid(&self.stage.dice.bytes(16)).into_bytes());
        }
        if let Some((function, argument)) = name.split_once(':') {
            return self.called(function, argument);
        }
        if let Some(value) = self.plain(name) {
            return Some(value.into_bytes());
        }
        let (group, name) = name.split_once('.')?;
        self.grouped(group, name)
    }

    fn part(&self, name: &str) -> Option<Vec<u8>> {
        self.occasion.parts.get(name).cloned()
    }

    fn dice(&mut self) -> &mut Dice {
        &mut self.stage.dice
    }
}

impl crate::List {
    /// The whole list.
    pub(crate) fn written(&self) -> String {
        let mut words = vec![String::new()];
        for group in &self.combine {
            words = words
                .iter()
                .flat_map(|before| group.iter().map(move |word| format!("{before}{word}")))
                .take(self.most)
                .collect();
        }
        let written = words.iter().enumerate().map(|(number, word)| {
            self.item.replace("${item}", word).replace("${number}", &number.saturating_add(1).to_string())
        });
        written.collect::<Vec<_>>().join(&self.between)
    }
}

fn clock(stage: &Stage<'_>, format: &str) -> Option<String> {
    let format = format_description::parse_strftime_borrowed(format).ok()?;
    let now = OffsetDateTime::from_unix_timestamp_nanos(i128::from(stage.now)).ok()?;
    now.to_offset(stage.scenario.start.offset()).format(&format).ok()
}

fn uuid(bytes: &[u8]) -> String {
    let mut digits = hex(bytes);
    // Version 4, variant 1 (RFC 9562 section 5.4).
    digits.replace_range(12..13, "4");
    digits.replace_range(16..17, "a");
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

fn apk(argument: &str) -> Option<Vec<u8>> {
    let mut parts = argument.split(':');
    let package = parts.next()?;
    let code = parts.next()?.parse().ok()?;
    let app = testkit::apk::App::new(package).version(code, parts.next()?).launcher(".Main");
    Some(app.permission("android.permission.INTERNET").build())
}

fn byte(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// The most random bytes at once.
const LARGEST: usize = 4_000_000;
