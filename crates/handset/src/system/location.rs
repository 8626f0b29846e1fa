//! Who asks for the phone's position: `dumpsys location` (AOSP `LocationManagerService.dump`).
//!
//! Up to Android 11 `UpdateRecord[gps com.example(10123 foreground) Request[…]]`, or `pid/package` in front; since
//! 12 `10123/com.example[tag] … Request[…]` below the provider. What was asked in the past stands as text:
//! `com.example: gps: Interval 1 seconds: …`, `10123/com.example: min/max interval = 1s/5s, …`. The event log since 12
//! says when a position was given out: `04-14 12:00:00.123: gps provider delivered location[1] to 10123/com.example`.

use evidence::Timestamp;

use crate::{
    Uid,
    clock::{self, Clock},
    lines::Line,
    reader::{Fact, LineReader},
    scan::{self, Scan},
};

/// A request for the phone's position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationRequest {
    /// The package that asks.
    pub package: String,
    /// Its uid, where it is told.
    pub uid: Option<Uid>,
    /// The provider: `gps`, `network`, `fused`, `passive`.
    pub provider: String,
    /// Whether it is open; one of the past otherwise.
    pub is_active: bool,
    /// What is asked for, or what is counted of it, as the dump has it.
    pub detail: String,
    /// Milliseconds between two positions that are asked for, the least where several are told; 0: as often as
    /// can be.
    pub interval: Option<u64>,
    /// How many positions it was given, where they are counted.
    pub locations: Option<u64>,
    /// When it was given one, by the event log.
    pub time: Option<Timestamp>,
    /// How long ago it was last open when the dump was made, in milliseconds; Android 11 and before tell minutes.
    pub ago: Option<i64>,
}

impl LocationRequest {
    /// Whether it is a line of the event log: it was given positions then.
    pub(super) fn is_delivery(&self) -> bool {
        self.detail == DELIVERED
    }
}

/// The detail of a line of the event log.
const DELIVERED: &str = "delivered";

/// Reads `dumpsys location`.
#[derive(Clone, Debug)]
pub(crate) struct LocationRequests {
    clock: Clock,
    provider: String,
    is_past: bool,
}

impl LineReader for LocationRequests {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        let text = text.trim();
        let request = if let Some(record) = scan::after(text, "UpdateRecord[") {
            update_record(record, text)
        } else if text.ends_with(':') {
            self.heading(text);
            None
        } else if let Some(delivered) = self.delivered(text) {
            Some(delivered)
        } else if self.is_past {
            self.past(text)
        } else {
            self.registration(text)
        };
        out.extend(request.map(|request| Fact::LocationRequest(line.found(request))));
    }

    fn finish(&mut self, _: &mut Vec<Fact>) {}
}

impl LocationRequests {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, provider: String::new(), is_past: false }
    }

    /// `04-14 12:00:00.123: gps provider delivered location[1] to 10123/com.example[tag]/A1B2`
    fn delivered(&mut self, text: &str) -> Option<LocationRequest> {
        let (head, who) = text.split_once("] to ")?;
        let (head, count) = head.split_once(" provider delivered location[")?;
        let (time, provider) = head.rsplit_once(": ")?;
        let (uid, package) = caller(who)?;
        let time = clock::local(time, &mut self.clock);
        let locations = Some(count.parse().ok()?);
        let request = request(package, Some(uid), provider, DELIVERED, false);
        Some(LocationRequest { time, locations, ..request })
    }

    fn heading(&mut self, text: &str) {
        let heading = text.trim_end_matches(':');
        if let Some(provider) = heading.strip_suffix(" provider") {
            provider.clone_into(&mut self.provider);
        } else if heading.starts_with("Historical ") {
            self.is_past = true;
            self.provider.clear();
        } else if heading == "Location Providers" || heading.starts_with("Last Known") {
            self.is_past = false;
        } else if self.is_past && is_provider(heading) {
            heading.clone_into(&mut self.provider);
        }
    }

    /// `com.example: gps: Interval …`, `gps: com.example[: tag]: Interval …`, `10123/com.example: min/max …`.
    fn past(&self, text: &str) -> Option<LocationRequest> {
        let (head, rest) = text.split_once(": ")?;
        if let Some((uid, package)) = caller(head) {
            return Some(request(package, Some(uid), &self.provider, rest, false));
        }
        let (second, detail) = rest.split_once(": ")?;
        let (package, provider) =
            if head.contains('.') || is_provider(second) { (head, second) } else { (second, head) };
        let is_request = is_provider(provider) && scan::is_package(package) && detail.contains("nterval");
        is_request.then(|| request(package, None, provider, detail, false))
    }

    /// `10123/com.example[tag]/A1B2 … Request[@+1s0ms HIGH_ACCURACY]`
    fn registration(&self, text: &str) -> Option<LocationRequest> {
        let at = text.find("Request[").filter(|_| !self.provider.is_empty())?;
        let (head, detail) = text.split_at_checked(at)?;
        // A line of the event log tells what was, not what is.
        let words = head.split(' ').filter(|word| !word.is_empty());
        let (uid, package) = words.take(1).find_map(caller)?;
        Some(request(package, Some(uid), &self.provider, detail, true))
    }
}

/// `gps com.example(10123 foreground) Request[…]`, `gps 1043/com.example[tag] Request[…]`
fn update_record(record: &str, line: &str) -> Option<LocationRequest> {
    // Each record stands in its receiver's line, too.
    if line.starts_with("Reciever[") || line.starts_with("Receiver[") {
        return None;
    }
    let (provider, rest) = record.split_once(' ')?;
    let (who, detail) = rest.split_once(' ')?;
    let name = who.rsplit_once('/').map_or(who, |(_, name)| name);
    let end = name.find(['(', '[']).unwrap_or(name.len());
    let package = name.get(..end).filter(|package| scan::is_package(package))?;
    let uid = scan::after(who, "(").and_then(|rest| Uid::parse(rest.trim_end_matches(')')));
    Some(request(package, uid, provider, detail.trim_end_matches(']'), true))
}

/// `uid/package[…]`
fn caller(word: &str) -> Option<(Uid, &str)> {
    let (uid, rest) = word.split_once('/')?;
    let end = rest.find(['[', '/', ' ']).unwrap_or(rest.len());
    let package = rest.get(..end).filter(|package| scan::is_package(package))?;
    Some((Uid(uid.parse().ok()?), package))
}

fn is_provider(name: &str) -> bool {
    matches!(name, "fused" | "gps" | "network" | "passive")
}

fn request(
    package: &str,
    uid: Option<Uid>,
    provider: &str,
    detail: &str,
    is_active: bool,
) -> LocationRequest {
    LocationRequest {
        package: package.to_owned(),
        uid,
        provider: provider.to_owned(),
        is_active,
        detail: detail.trim().to_owned(),
        interval: interval(detail),
        locations: scan::after(detail, "locations = ").and_then(|rest| Scan::new(rest).number()),
        time: None,
        ago: ago(detail),
    }
}

/// The interval of a request, in any layout.
fn interval(detail: &str) -> Option<u64> {
    let length = |text: &str| scan::milliseconds(text).and_then(|length| u64::try_from(length).ok());
    let end = |text: &'_ str| text.find([' ', ',', ']', '/']).unwrap_or(text.len());
    let word = |key| scan::after(detail, key).and_then(|rest| rest.get(..end(rest))).and_then(length);
    let seconds = || Scan::new(scan::after(detail, "nterval ")?).number::<u64>()?.checked_mul(1000);
    word("Request[@")
        .or_else(|| word("min/max interval = "))
        .or_else(|| scan::value(detail, "requested").and_then(length))
        .or_else(|| scan::value(detail, "interval").and_then(length))
        .or_else(seconds)
}

/// `Currently active`, `Last active 5 minutes ago`
fn ago(detail: &str) -> Option<i64> {
    if detail.ends_with("Currently active") {
        return Some(0);
    }
    Scan::new(scan::after(detail, "Last active ")?).number::<i64>()?.checked_mul(60_000)
}

#[cfg(test)]
mod tests {
    use super::LocationRequests;
    use crate::{clock::Clock, reader::Fact, testing};

    fn requests(text: &str) -> Vec<String> {
        testing::facts_of(&mut LocationRequests::new(Clock::ahead(0).in_year(2022)), text)
            .into_iter()
            .map(|fact| match fact {
                Fact::LocationRequest(found) => {
                    let it = found.value;
                    let uid = it.uid.map(|uid| uid.to_string()).unwrap_or_default();
                    let told = [it.interval, it.locations, it.ago.map(i64::unsigned_abs)];
                    let told = told.map(|it| it.map_or("-".to_owned(), |it| it.to_string())).join(",");
                    let time = it.time.map(|time| time.to_string()).unwrap_or_default();
                    let (package, provider, detail) = (it.package, it.provider, it.detail);
                    format!("{package} {uid} {provider} {} {detail} | {told} {time}", it.is_active)
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn up_to_android_11() {
        let text = "Current Location Manager state:\n  Location Listeners:\n\
            \x20   Reciever[1 listener UpdateRecord[gps com.a(1000 foreground) Request[X] null] monitoring: true]\n\
            \x20 Active Records by Provider:\n    gps:\n\
            \x20     UpdateRecord[gps com.a(1000 foreground) Request[ACCURACY_FINE gps requested=+1s0ms] null]\n\
            \x20     UpdateRecord[network 3739/com.b (background) Request[POWER_LOW network interval=0] null]\n\
            \x20 Historical Records by Provider:\n\
            \x20   com.a: gps: Interval 1 seconds: Duration requested 116 total: Currently active\n\
            \x20   gps: com.b: Min interval 0 seconds: Max interval 1 seconds: Last active 2 minutes ago\n\
            \x20 Last Known Locations:\n    gps: Location[gps 1,2]\n";
        assert_eq!(
            requests(text),
            [
                "com.a 1000 gps true foreground) Request[ACCURACY_FINE gps requested=+1s0ms] null | 1000,-,- ",
                "com.b  network true (background) Request[POWER_LOW network interval=0] null | 0,-,- ",
                "com.a  gps false Interval 1 seconds: Duration requested 116 total: Currently active | 1000,-,0 ",
                "com.b  gps false Min interval 0 seconds: Max interval 1 seconds: Last active 2 minutes ago | 0,-,120000 ",
            ]
        );
    }

    #[test]
    fn android_12_and_later() {
        let text = "Location Manager State:\n  Location Providers:\n    gps provider:\n      listeners:\n\
            \x20       10123/com.a[tag]/1A2B (foreground) Request[@+1s0ms HIGH_ACCURACY]\n\
            \x20 Historical Aggregate Location Provider Data:\n    network:\n\
            \x20     10123/com.a: min/max interval = 1s/5s, locations = 12\n\
            \x20 Event Log:\n    04-14 12:00:00.123: gps provider +registration 10123/com.a -> Request[PASSIVE]\n\
            \x20   04-14 12:00:01.123: gps provider delivered location[2] to 10123/com.a[tag]/1A2B\n";
        assert_eq!(
            requests(text),
            [
                "com.a u0a123 gps true Request[@+1s0ms HIGH_ACCURACY] | 1000,-,- ",
                "com.a u0a123 network false min/max interval = 1s/5s, locations = 12 | 1000,12,- ",
                "com.a u0a123 gps false delivered | -,2,- 2022-04-14T12:00:01.123000Z",
            ]
        );
    }
}
