//! What of it goes into the case.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Attribution, Buffer, Completeness, Destination, EndpointId, ExchangeId, Fidelity, FlowId, Ground,
    Occurrence, Quote, Segment, Source, Span, Step, Timestamp, Trail,
};
use handset::{Uid, packages::Known, system::BuildFact};

use super::{Phone, Sender, Senders, who::Sent};

/// The phone's part of the case: `senders` are those of flows, by the destination's number.
pub(crate) fn phone_of(
    phone: Option<&Phone>,
    destinations: &[Destination],
    senders: &[Senders],
) -> evidence::Phone {
    let nothing = Phone::default();
    let phone = phone.unwrap_or(&nothing);
    let mut attributions: Vec<Attribution> = destinations
        .iter()
        .zip(senders)
        .flat_map(|(destination, senders)| phone.attributions(destination, senders))
        .collect();
    attributions.sort_by(|one, other| {
        let rank = |row: &Attribution| (row.endpoint, std::cmp::Reverse(row.ground));
        rank(one).cmp(&rank(other)).then_with(|| one.packages.cmp(&other.packages))
    });
    let told: BTreeSet<&String> = attributions.iter().flat_map(|row| &row.packages).collect();
    let (habits, habits_dropped) = phone.habits(|package| told.iter().any(|known| known.as_str() == package));
    evidence::Phone {
        build: phone.build(),
        habits,
        habits_dropped,
        packages: phone.packages.iter().count() as u64,
        marks: phone.marks.clone(),
        marks_dropped: phone.marks_dropped,
        attributions,
        completeness: phone.completeness(destinations, senders),
        ..evidence::Phone::default()
    }
}

impl Phone {
    fn build(&self) -> Vec<(String, String)> {
        let told = BUILD.iter().filter_map(|(name, fact)| {
            let found = self.build.fact(*fact)?;
            Some(((*name).to_owned(), found.value.chars().take(BUILD_WORDS).collect()))
        });
        told.collect()
    }

    fn attributions(&self, destination: &Destination, senders: &Senders) -> Vec<Attribution> {
        let mut rows: BTreeMap<(Ground, Option<u32>, Vec<String>), Sent> = BTreeMap::new();
        for (sender, sent) in senders {
            let key = (sender.ground, sender.uid, self.packages_of(sender));
            rows.entry(key).or_default().merge(sent.clone());
        }
        let host = destination.endpoint.host.to_ascii_lowercase();
        let told: BTreeSet<String> =
            rows.keys().flat_map(|(_, _, packages)| packages.iter().cloned()).collect();
        for (package, (_, quotes)) in self.lookups.get(&host).into_iter().flatten() {
            if told.contains(package) {
                continue;
            }
            let uid = self.packages.named(package).and_then(Known::uid).map(|uid| uid.0);
            let sent = Sent { quotes: quotes.clone(), ..Sent::default() };
            rows.entry((Ground::Log, uid, vec![package.clone()])).or_default().merge(sent);
        }
        let rows = rows.into_iter();
        rows.map(|((ground, uid, packages), sent)| self.row(destination.id, (ground, uid, packages), sent))
            .collect()
    }

    fn row(
        &self,
        endpoint: EndpointId,
        (ground, uid, packages): (Ground, Option<u32>, Vec<String>),
        sent: Sent,
    ) -> Attribution {
        let mut quotes = sent.quotes;
        quotes.truncate(Attribution::QUOTES);
        quotes.extend(packages.iter().take(1).filter_map(|name| self.of_package.get(name)).cloned());
        let privileges = self.privileges(uid, &packages);
        Attribution {
            endpoint,
            packages,
            uid,
            privileges,
            ground,
            flows: sent.flows,
            quotes,
            ties: Vec::new(),
            meetings: Vec::new(),
        }
    }

    /// The packages that a sender may be.
    fn packages_of(&self, sender: &Sender) -> Vec<String> {
        if !sender.package.is_empty() {
            return vec![sender.package.clone()];
        }
        let names = sender.uid.into_iter().flat_map(|uid| self.packages.of_uid(Uid(uid)));
        names.map(|(name, _)| name.to_owned()).take(SHARED).collect()
    }

    /// What a package is to the system, in words, and the line that tells its uid.
    pub(crate) fn standing(&self, package: &str) -> (Option<u32>, Vec<String>, Option<Quote>) {
        let uid = self.packages.named(package).and_then(Known::uid).map(|uid| uid.0);
        let quote = self.of_package.get(package).cloned();
        (uid, self.privileges(uid, &[package.to_owned()]), quote)
    }

    /// What packages are to the system, in words.
    fn privileges(&self, uid: Option<u32>, packages: &[String]) -> Vec<String> {
        let known = || packages.iter().filter_map(|name| self.packages.named(name));
        let mut words = BTreeSet::new();
        for known in known() {
            let flags = known.flags();
            words.extend(flags.system.then_some("comes with the system"));
            words.extend(flags.privileged.then_some("privileged"));
            words.extend((known.has_launcher() == Some(false)).then_some("no icon among the apps"));
        }
        let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let shared = uid.into_iter().flat_map(|uid| self.packages.shared_user(Uid(uid))).next();
        if let Some((_, user)) = shared.filter(|(_, user)| !user.value.name.is_empty()) {
            words.push(format!("shares the user id {}", user.value.name));
        }
        for (permission, name) in TELLING {
            let granted = |package: &String| self.packages.has_permission(package, permission) == Some(true);
            if packages.iter().any(granted) {
                words.push((*name).to_owned());
            }
        }
        words
    }

    /// How much of what the phone counted was captured, for each uid of which anything is known.
    fn completeness(&self, destinations: &[Destination], senders: &[Senders]) -> Vec<Completeness> {
        let Some(span) = span(destinations) else { return Vec::new() };
        let mut seen: BTreeMap<u32, [u64; 2]> = BTreeMap::new();
        for (sender, sent) in senders.iter().flatten() {
            let sums = sender.uid.map(|uid| seen.entry(uid).or_default());
            for (sum, more) in sums.into_iter().flatten().zip(sent.bytes) {
                *sum += more;
            }
        }
        let rows = seen.into_iter().filter_map(|(uid, seen)| {
            let counted = self.counted(Uid(uid), span)?;
            let packages = self.packages.of_uid(Uid(uid)).map(|(name, _)| name.to_owned());
            Some(Completeness { uid, packages: packages.take(SHARED).collect(), counted, seen })
        });
        rows.collect()
    }

    /// Bytes that the phone counted as a uid's in the hours that meet a span: sent, received.
    fn counted(&self, uid: Uid, span: (Timestamp, Timestamp)) -> Option<[u64; 2]> {
        let history = self.usage.get(&uid)?;
        // `--checkin` says again what the history says, with networks of one letter.
        let is_letter = |key: &(String, String, Timestamp)| key.0.len() == 1;
        let is_at_length = history.keys().any(|key| !is_letter(key));
        let told = history.iter().filter(|(key, _)| !(is_at_length && is_letter(key)));
        let met = told.filter(|((.., start), counted)| *start <= span.1 && counted.end >= span.0);
        let mut sums = [0u64; 2];
        for (_, counted) in met {
            sums = [sums[0].saturating_add(counted.sent), sums[1].saturating_add(counted.received)];
        }
        Some(sums)
    }
}

fn span(destinations: &[Destination]) -> Option<(Timestamp, Timestamp)> {
    let first = destinations.iter().map(|destination| destination.first).min()?;
    Some((first, destinations.iter().map(|destination| destination.last).max()?))
}

/// The evidence that names a sender, as an occurrence whose trail ends in the phone's file.
pub(crate) fn occurrence_of(quote: &Quote) -> Occurrence {
    let len = quote.end.saturating_sub(quote.start);
    let source = Source::Frame { capture: quote.capture, frame: quote.line };
    let mut trail = Trail::default();
    let file = trail.push(Buffer {
        step: Step::Entry,
        len,
        input: None,
        key: None,
        segments: vec![Segment::exact(0, len, source, quote.start)],
    });
    let span = match quote.decoder.as_str() {
        "" => Span { buffer: file, start: 0, end: len },
        decoder => {
            decoded(&mut trail, Span { buffer: file, start: 0, end: len }, (decoder, quote.text.len()))
        }
    };
    Occurrence {
        exchange: ExchangeId { flow: FlowId { capture: quote.capture, frame: quote.line }, index: 0 },
        time: Timestamp::default(),
        frame: quote.line,
        found: quote.text.clone(),
        span,
        trail,
    }
}

/// What a decoder makes of a whole buffer: the text of that length.
pub(super) fn decoded(trail: &mut Trail, input: Span, (decoder, len): (&str, usize)) -> Span {
    let (len, source) = (len as u64, Source::Buffer(input.buffer));
    let (start, source_len) = (input.start, input.end.saturating_sub(input.start));
    let segment = Segment { out: 0, len, source, start, source_len, fidelity: Fidelity::Within };
    let step = Step::Decode(decoder.to_owned());
    let buffer = trail.push(Buffer { step, len, input: Some(input), key: None, segments: vec![segment] });
    Span { buffer, start: 0, end: len }
}

/// What the build is asked for, by the name that the case gives it.
const BUILD: [(&str, BuildFact); 9] = [
    ("manufacturer", BuildFact::Manufacturer),
    ("brand", BuildFact::Brand),
    ("model", BuildFact::Model),
    ("device", BuildFact::Device),
    ("android", BuildFact::Android),
    ("fingerprint", BuildFact::Fingerprint),
    ("security patch", BuildFact::SecurityPatch),
    ("region", BuildFact::Region),
    ("time zone", BuildFact::TimeZone),
];
/// The longest words kept of the build.
const BUILD_WORDS: usize = 200;
/// How many packages of a shared user id are named.
const SHARED: usize = 40;

/// Permissions that say what an app could have told, and how that is said.
const TELLING: [(&str, &str); 6] = [
    ("android.permission.READ_PHONE_STATE", "may read the phone's numbers"),
    ("android.permission.READ_PRIVILEGED_PHONE_STATE", "may read the phone's numbers for good"),
    ("android.permission.READ_CONTACTS", "may read contacts"),
    ("android.permission.READ_SMS", "may read SMS"),
    ("android.permission.SEND_SMS", "may send SMS"),
    ("android.permission.ACCESS_FINE_LOCATION", "may read the position"),
];

#[cfg(test)]
mod tests {
    use evidence::CaptureId;
    use handset::{Clock, Kind, Service};

    use super::*;

    fn counted(texts: &[&str]) -> Option<[u64; 2]> {
        let mut phone = Phone::default();
        for text in texts {
            let how = (Kind::Dumpsys(Service::Netstats), Clock::default());
            let anomalies = &mut evidence::AnomalyTally::default();
            phone.read(CaptureId(0), how, &mut text.as_bytes(), (anomalies, None), &mut |_| {});
        }
        phone.counted(Uid(10_123), (Timestamp::new(1_485_770_400, 0), Timestamp::new(1_485_777_600, 0)))
    }

    #[test]
    fn what_is_told_again_is_counted_once() {
        let history = |sent: u64| {
            format!(
                "UID stats:\n  ident=[{{type=WIFI}}] uid=10123 set=DEFAULT tag=0x0\n    NetworkStatsHistory: \
                 bucketDuration=7200\n      st=1485770400 rb=10 rp=1 tb={sent} tp=1 op=0\n      st=1485799200 \
                 rb=70 rp=1 tb=70 tp=1 op=0\n  ident=[{{type=MOBILE}}] uid=10123 set=DEFAULT tag=0x0\n    \
                 NetworkStatsHistory: bucketDuration=7200\n      st=1485770400 rb=3 rp=1 tb=4 tp=1 op=0\n"
            )
        };
        let checkin =
            "v1,1485763200,1485799200\nxt\nuid\nc,w,10123,def,0\nd,7200\nb,1485770400,10,1,20,1,0\n";
        let (early, late) = (history(15), history(20));
        assert_eq!(counted(&[&early]), Some([19, 13]), "spans that do not meet the captures are left out");
        assert_eq!(counted(&[&early, &late]), Some([24, 13]), "the later reading has counted on");
        assert_eq!(counted(&[&late, &early, &late]), Some([24, 13]));
        assert_eq!(counted(&[&late, checkin]), Some([24, 13]));
        assert_eq!(counted(&[checkin]), Some([20, 10]));
        assert_eq!(counted(&[]), None);
    }
}
