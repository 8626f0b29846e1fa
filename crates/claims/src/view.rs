//! Case → what a condition sees of it, by the names of the [schema](crate::schema).
//!
//! Not the case as it is written: that may change with the program, and conditions are to outlive it.

mod finding;

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Attribution, Case, Destination, EndpointId, Fate, Grade, Ground, IdentifierKind, LedgerRow,
    MessageSource, Timestamp, Transport, prose,
};

use self::finding::{direction, one_finding};
use crate::{
    about::{About, Asked, Sent},
    node::Node,
};

/// A case as conditions see it, whatever claim asks.
pub(crate) struct View {
    /// Its role.
    pub(crate) role: String,
    /// The checksums of its inputs, and how it was audited: what tells it from other cases.
    pub(crate) inputs: Vec<String>,
    pub(crate) findings: Vec<Node>,
    pub(crate) destinations: Vec<Node>,
    captures: Vec<Node>,
    phone: BTreeMap<String, Node>,
    message_sources: Vec<MessageSource>,
    pub(crate) fates: BTreeMap<&'static str, u64>,
    sent: Vec<Sent>,
    /// What could not be read and went nobody knows whither.
    unplaced: Asked,
    pub(crate) missing: u64,
    /// Bytes sent that the captures hold of those that the phone counted, and these.
    captured: Option<(u64, u64)>,
    /// What went past the captures by the phone's own counters, in words.
    missed: Option<String>,
    limited: bool,
    profile: Option<(u64, BTreeSet<&'static str>)>,
    pub(crate) hours: f64,
}

impl View {
    pub(crate) fn of(role: &str, case: &Case) -> Self {
        let reached = Reached::of(case);
        let traffic = case.captures.iter().filter(|capture| capture.holds.is_traffic());
        let first = traffic.clone().filter_map(|capture| capture.first).min();
        let last = traffic.filter_map(|capture| capture.last).max();
        let rows = case.coverage.rows();
        Self {
            role: role.to_owned(),
            inputs: inputs(role, case),
            findings: case
                .findings
                .iter()
                .map(|finding| one_finding(role, case, finding, &reached))
                .collect(),
            destinations: case.destinations.iter().map(|one| destination(role, one)).collect(),
            captures: captures(role, case),
            phone: phone(role, case),
            message_sources: case.phone.message_sources(),
            fates: FATES.iter().map(|(fate, name)| (*name, case.coverage.bytes(*fate))).collect(),
            sent: case
                .destinations
                .iter()
                .map(|one| Sent::to(one, destination(role, one), reached.senders_of(one.id)))
                .collect(),
            unplaced: unplaced(&rows),
            missing: case.coverage.missing().iter().fold(0, |sum, row| sum.saturating_add(row.bytes)),
            captured: case.phone.captured(),
            missed: missed(case),
            limited: rows.iter().any(|row| row.fate == Fate::OverLimit),
            profile: case.profile.as_ref().map(|_| (case.profile_values, kinds(case))),
            hours: first.zip(last).map_or(0.0, |(first, last)| hours(first, last)),
        }
    }

    /// What could be seen and what could not, in sentences that say of which case they are.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let mut sentences = vec![self.extent(), self.reading(), self.messages()];
        if self.missing > 0 {
            sentences.push(format!("{}: the captures lack {} bytes that were sent", self.role, self.missing));
        }
        sentences.extend(self.missed.as_ref().map(|missed| format!("{}: {missed}", self.role)));
        sentences.push(match &self.profile {
            Some((1, _)) => format!("{}: audited with a profile of 1 value", self.role),
            Some((values, _)) => format!("{}: audited with a profile of {values} values", self.role),
            None => format!("{}: audited without a profile", self.role),
        });
        sentences
    }

    /// How long, on which build, with which events.
    fn extent(&self) -> String {
        let traffic = if self.hours > 0.0 {
            format!("{:.1} hours of traffic", self.hours)
        } else {
            "no traffic".to_owned()
        };
        let build = match self.phone.get("build") {
            Some(Node::Map(build)) if !build.is_empty() => {
                let told =
                    BUILD.iter().filter_map(|name| Some(format!("{name} {}", build.get(*name)?.as_text())));
                let told: Vec<_> = told.collect();
                if told.is_empty() { "build told".to_owned() } else { told.join(", ") }
            }
            _ => "build and region unknown".to_owned(),
        };
        let marks = match self.phone.get("marks_by_kind") {
            Some(Node::Map(marks)) if !marks.is_empty() => {
                let told = |(kind, count): (&String, &Node)| {
                    format!("{} ({})", kind.replace(['-', '_'], " "), count.as_int())
                };
                let mut kinds: Vec<_> = marks.iter().take(MARKS).map(told).collect();
                kinds.extend(match marks.len().saturating_sub(MARKS) {
                    0 => None,
                    1 => Some("and 1 kind more".to_owned()),
                    more => Some(format!("and {more} kinds more")),
                });
                format!("events: {}", kinds.join(", "))
            }
            _ => "no events of the phone known".to_owned(),
        };
        format!("{}: {traffic}; {build}; {marks}", self.role)
    }

    /// Which sources told of text messages.
    fn messages(&self) -> String {
        let role = &self.role;
        let told: Vec<_> = self.message_sources.iter().map(|source| source.words().to_owned()).collect();
        let lacking = MessageSource::ALL.into_iter().filter(|source| !self.message_sources.contains(source));
        let lacking: Vec<_> = lacking.map(|source| source.words().to_owned()).collect();
        match (told.as_slice(), lacking.as_slice()) {
            ([], _) => format!("{role}: no source of text messages was examined"),
            (told, []) => format!("{role}: of text messages told {}", prose::list(told)),
            (told, lacking) => {
                format!(
                    "{role}: of text messages told {}, and not {}",
                    prose::list(told),
                    prose::list(lacking)
                )
            }
        }
    }

    /// How long, of which build and how much was read of what may be what a claim is about, in a few words: `after: 26.0
    /// hours of traffic, build B2, 97% of the 9300 bytes that may concern it were read`.
    pub(crate) fn in_short(&self, about: &About<'_>) -> String {
        let traffic = match self.hours {
            hours if hours > 0.0 => format!("{hours:.1} hours of traffic"),
            _ => "no traffic".to_owned(),
        };
        let build = match self.phone.get("build") {
            Some(Node::Map(build)) => {
                let told = |name: &&str| Some(format!(", {name} {}", build.get(*name)?.as_text()));
                SHORT_BUILD.iter().find_map(told).unwrap_or_else(|| ", build unknown".to_owned())
            }
            _ => ", build unknown".to_owned(),
        };
        let read = self.read_words(about);
        let missed = self.missed.as_ref().map_or_else(String::new, |missed| format!(", {missed}"));
        format!("{}: {traffic}{build}, {read}{missed}", self.role)
    }

    /// How much of what was sent and may be what a claim is about could be read.
    fn asked(&self, about: &About<'_>) -> Asked {
        self.sent
            .iter()
            .filter(|sent| sent.counts())
            .fold(self.unplaced, |asked, sent| asked.with(sent, about))
    }

    /// `97% of the 930 bytes that may concern it were read (3 destinations of other apps left out)`.
    fn read_words(&self, about: &About<'_>) -> String {
        let asked = self.asked(about);
        let mut words = match (self.content(), asked.to_read) {
            (0, _) => return "no content".to_owned(),
            (_, 0) => "nothing was sent that may concern it".to_owned(),
            (_, all) => {
                format!("{} of the {all} bytes that may concern it were read", percent(asked.read, all))
            }
        };
        let is_opaque =
            |finding: &&Node| finding.at("behaviour").is_some_and(|kind| kind.as_text() == "opaque");
        if self.findings.iter().filter(is_opaque).any(|finding| (about.is)(finding)) {
            words.push_str(", but for fields that nobody can read");
        }
        if about.of_what_came && asked.to_read_in > 0 {
            let (read, all) = (asked.read_in, asked.to_read_in);
            words.push_str(&format!(", and {} of the {all} that came", percent(read, all)));
        }
        match asked.others {
            0 => {}
            1 => words.push_str(" (1 destination of other apps left out)"),
            others => words.push_str(&format!(" ({others} destinations of other apps left out)")),
        }
        words
    }

    /// The same as a reason why nothing can be said.
    pub(crate) fn read_of(&self, about: &About<'_>) -> String {
        format!("{}: {}", self.role, self.read_words(about))
    }

    fn content(&self) -> u64 {
        self.fates.values().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes))
    }

    fn fate(&self, name: &str) -> u64 {
        self.fates.get(name).copied().unwrap_or(0)
    }

    fn reading(&self) -> String {
        let content = self.content();
        if content == 0 {
            return format!("{}: the captures hold no content", self.role);
        }
        let rest = FATES.iter().filter(|(_, name)| *name != "decoded" && self.fate(name) > 0);
        let rest =
            rest.map(|(fate, name)| format!("{} {}", percent(self.fate(name), content), unread(*fate)));
        let rest: Vec<_> = rest.collect();
        let rest = if rest.is_empty() { String::new() } else { format!("; {}", rest.join(", ")) };
        format!(
            "{}: {} of the content could be read{rest}",
            self.role,
            percent(self.fate("decoded"), content)
        )
    }
}

/// What went past the captures by the phone's own counters: of a negative result it is the part that nobody looked at.
fn missed(case: &Case) -> Option<String> {
    let missed = case.phone.missed();
    let worst = missed.first()?;
    let share = match percent(worst.missed(), worst.captured().1) {
        share if share.starts_with("under") => share,
        share => format!("up to {share}"),
    };
    let most = format!("{share} of what {} sent", worst.sender());
    Some(match missed.len() {
        1 => format!("by the phone's own counters, {most} went past the captures"),
        several => format!(
            "by the phone's own counters, part of what {several} user ids sent went past the captures, {most}"
        ),
    })
}

/// Content that no destination is known of: of protocols without a reader, over a limit, encrypted below TCP and UDP.
fn unplaced(rows: &[LedgerRow]) -> Asked {
    let is_below = |row: &LedgerRow| {
        row.fate == Fate::Encrypted && BELOW.iter().any(|what| row.reason.starts_with(what))
    };
    let is_unplaced =
        |row: &&LedgerRow| matches!(row.fate, Fate::NotParsed | Fate::OverLimit) || is_below(row);
    let bytes = rows.iter().filter(is_unplaced).fold(0, |sum: u64, row| sum.saturating_add(row.bytes));
    Asked { to_read: bytes, to_read_in: bytes, ..Asked::default() }
}

/// How reasons of rows begin for what is encrypted below TCP and UDP.
const BELOW: [&str; 3] = ["802.11", "ESP", "MACsec"];

/// What became of content that was not read, behind its share.
fn unread(fate: Fate) -> &'static str {
    match fate {
        Fate::Media => "media (searched only as they stand)",
        Fate::NotUnderstood => "searched only as it stands (no decoder knew it)",
        Fate::Encrypted => "encrypted without a key",
        Fate::HomeMadeEncryption => "under an encryption of somebody's own making",
        Fate::OverLimit => "over a limit",
        _ => "not parsed",
    }
}

/// A share in percent, never rounded to all or nothing.
fn percent(part: u64, all: u64) -> String {
    match share(part, all) * 100.0 {
        share if part < all && share > 99.0 => "over 99%".to_owned(),
        share if part > 0 && share < 1.0 => "under 1%".to_owned(),
        share => format!("{share:.0}%"),
    }
}

/// What tells a case from others: its inputs and how they were audited. A case without checksums (they are in every
/// one that the program wrote) is taken for one of its own.
fn inputs(role: &str, case: &Case) -> Vec<String> {
    let sums = case.captures.iter().map(|capture| &capture.sha256).filter(|sum| !sum.is_empty());
    let sums: Vec<String> = sums.cloned().collect();
    if sums.is_empty() {
        return vec![role.to_owned()];
    }
    sums.into_iter().chain([format!("{:?} {}", case.profile, case.program)]).collect()
}

/// Kinds of events that a sentence names.
const MARKS: usize = 12;
/// Words of the build that a negative result has to name.
const BUILD: [&str; 4] = ["model", "region", "fingerprint", "build"];
/// The word that tells a build from others in short, the best one first.
const SHORT_BUILD: [&str; 5] = ["build", "fingerprint", "incremental", "display", "model"];

/// The values of which kinds a profile holds. Cases that older programs wrote do not say: then those that were seen.
fn kinds(case: &Case) -> BTreeSet<&'static str> {
    let seen =
        case.sightings.iter().filter(|group| group.key.grade != Grade::Shaped).map(|group| group.key.kind);
    case.profile_kinds.iter().map(|(kind, _)| *kind).chain(seen).map(IdentifierKind::id).collect()
}

/// What the claim is about, of all cases or of one: the eight names.
pub(crate) fn names(views: &[&View], about: &About<'_>) -> BTreeMap<String, Node> {
    let all = |of: fn(&View) -> &Vec<Node>| -> Vec<Node> {
        views.iter().flat_map(|view| of(view)).filter(|node| (about.is)(node)).cloned().collect()
    };
    let findings = all(|view| &view.findings);
    let destinations = all(|view| &view.destinations).into_iter().filter(is_outside).collect();
    let captures = views.iter().flat_map(|view| view.captures.clone()).collect();
    let names = [
        ("sent_kinds", sent(&findings)),
        ("findings", Node::List(findings)),
        ("destinations", Node::List(destinations)),
        ("captures", Node::List(captures)),
        ("phone", phones(views)),
        ("coverage", coverage(views, about)),
        ("profile", profiles(views)),
        ("traffic_hours", Node::Number(views.iter().map(|view| view.hours).sum())),
    ];
    names.into_iter().map(|(name, node)| (name.to_owned(), node)).collect()
}

fn is_outside(destination: &Node) -> bool {
    destination.at("scope").is_some_and(|scope| scope.as_text() == "public")
}

/// How often each kind left. What stands in a log only did not.
fn sent(findings: &[Node]) -> Node {
    let left = findings
        .iter()
        .filter(|finding| text(finding, "ground") != "log" && !text(finding, "identifier").is_empty());
    Node::counts(left.map(|finding| {
        let count = finding.at("count").map_or(0, Node::as_int);
        (text(finding, "identifier"), u64::try_from(count).unwrap_or(0))
    }))
}

fn text<'n>(node: &'n Node, name: &str) -> &'n str {
    node.at(name).map_or("", Node::as_text)
}

fn phones(views: &[&View]) -> Node {
    let mut all: BTreeMap<String, Node> = BTreeMap::new();
    for (name, node) in views.iter().flat_map(|view| &view.phone) {
        match all.get_mut(name) {
            None => drop(all.insert(name.clone(), node.clone())),
            Some(there) if name != "build" => add(there, node),
            Some(_) => {}
        }
    }
    Node::Map(all)
}

fn add(there: &mut Node, more: &Node) {
    match (there, more) {
        (Node::Bool(there), Node::Bool(more)) => *there |= more,
        (Node::Int(there), Node::Int(more)) => *there = there.saturating_add(*more),
        (Node::List(there), Node::List(more)) => there.extend(more.iter().cloned()),
        (Node::Map(there), Node::Map(more)) => {
            for (name, node) in more {
                match there.get_mut(name) {
                    Some(there) => add(there, node),
                    None => drop(there.insert(name.clone(), node.clone())),
                }
            }
        }
        _ => {}
    }
}

fn coverage(views: &[&View], about: &About<'_>) -> Node {
    let bytes = |name: &str| {
        views
            .iter()
            .filter_map(|view| view.fates.get(name))
            .fold(0, |sum: u64, bytes| sum.saturating_add(*bytes))
    };
    let content = FATES.iter().fold(0, |sum: u64, (_, name)| sum.saturating_add(bytes(name)));
    // What no decoder knew was searched as it stands: what is hidden in it was not seen.
    let asked = views.iter().map(|view| view.asked(about)).fold(Asked::default(), Asked::and);
    // Where nothing was sent that may be it, nothing was left unread; but something must have been recorded.
    let readable = |read, to_read| match to_read {
        0 if content > 0 => 1.0,
        to_read => share(read, to_read),
    };
    let shares =
        FATES.iter().map(|(_, name)| ((*name).to_owned(), Node::Number(share(bytes(name), content))));
    let captured = views.iter().filter_map(|view| view.captured);
    let captured = captured.reduce(|sum, more| (sum.0.saturating_add(more.0), sum.1.saturating_add(more.1)));
    let (seen, counted) = captured.unwrap_or_default();
    Node::record([
        ("content", Node::count(content)),
        ("readable", Node::Number(readable(asked.read, asked.to_read))),
        ("readable_in", Node::Number(readable(asked.read_in, asked.to_read_in))),
        ("shares", Node::Map(shares.collect())),
        ("missing", Node::count(views.iter().fold(0, |sum: u64, view| sum.saturating_add(view.missing)))),
        ("counted", Node::Bool(captured.is_some())),
        ("captured", Node::Number(share(seen, counted))),
        ("limited", Node::Bool(views.iter().any(|view| view.limited))),
    ])
}

fn profiles(views: &[&View]) -> Node {
    let given: Vec<_> = views.iter().filter_map(|view| view.profile.as_ref()).collect();
    let all = given.len() == views.len() && !given.is_empty();
    let mut kinds = given.first().map(|(_, kinds)| kinds.clone()).unwrap_or_default();
    kinds.retain(|kind| all && given.iter().all(|(_, kinds)| kinds.contains(kind)));
    let fewest = given.iter().map(|(values, _)| *values).min().filter(|_| all).unwrap_or(0);
    Node::record([("given", Node::Bool(all)), ("values", Node::count(fewest)), ("kinds", Node::texts(kinds))])
}

/// A share, 0 where there is nothing to share.
#[expect(clippy::cast_precision_loss, reason = "a share needs no more digits than a double has")]
pub(crate) fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

#[expect(clippy::cast_precision_loss, reason = "hours need no more digits than a double has")]
fn hours(first: Timestamp, last: Timestamp) -> f64 {
    last.since(first).max(0) as f64 / 3.6e12
}

/// The destinations by their number, and what is known of who sends there.
struct Reached<'c> {
    destinations: BTreeMap<EndpointId, &'c Destination>,
    senders: BTreeMap<EndpointId, Vec<&'c Attribution>>,
}

impl<'c> Reached<'c> {
    fn of(case: &'c Case) -> Self {
        let mut senders: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for attribution in case.phone.attributions.iter().filter(|one| one.ground > Ground::Code) {
            senders.entry(attribution.endpoint).or_default().push(attribution);
        }
        Self { destinations: case.destinations.iter().map(|one| (one.id, one)).collect(), senders }
    }

    fn senders_of(&self, id: EndpointId) -> &[&'c Attribution] {
        self.senders.get(&id).map_or(&[], Vec::as_slice)
    }
}

fn destination(role: &str, one: &Destination) -> Node {
    let owner =
        |of: fn(&evidence::Owner) -> &String| Node::text(one.owner.as_ref().map_or("", |owner| of(owner)));
    let country = |country: &Option<evidence::Country>| {
        Node::text(country.as_ref().map_or("", |country| &country.code))
    };
    let transport = match one.endpoint.transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    Node::record([
        ("case", Node::text(role)),
        ("host", Node::text(&one.endpoint.host)),
        ("address", Node::text(&one.endpoint.address)),
        ("port", Node::Int(i64::from(one.endpoint.port))),
        ("transport", Node::text(transport)),
        ("domain", Node::text(&one.domain)),
        ("operator", owner(|owner| &owner.operator)),
        ("group", owner(|owner| &owner.group)),
        ("owner_country", owner(|owner| &owner.country)),
        ("purpose", owner(|owner| &owner.purpose)),
        ("holder", Node::text(&one.network.holder)),
        ("located", country(&one.network.located)),
        ("registered", country(&one.network.registered)),
        ("edge", Node::text(&one.network.edge)),
        ("scope", Node::text(&one.network.scope)),
        ("bytes_out", Node::count(one.bytes_out)),
        ("bytes_in", Node::count(one.bytes_in)),
        ("flows", Node::count(one.flows)),
        ("channels", Node::texts(one.channels.iter().map(|(channel, _)| channel.protocol.as_str()))),
        ("weak", Node::Bool(one.channels.iter().any(|(channel, _)| !channel.weakness.is_empty()))),
        ("first", Node::Int(one.first.seconds())),
        ("last", Node::Int(one.last.seconds())),
    ])
}

fn captures(role: &str, case: &Case) -> Vec<Node> {
    let seconds = |time: Option<Timestamp>| Node::Int(time.map_or(0, Timestamp::seconds));
    let holds = |holds| match holds {
        evidence::Holds::App => "app",
        evidence::Holds::Flows => "flows",
        evidence::Holds::Packets => "packets",
        evidence::Holds::Phone => "phone",
        evidence::Holds::Secrets => "secrets",
    };
    let capture = |capture: &evidence::Capture| {
        Node::record([
            ("case", Node::text(role)),
            ("name", Node::text(&capture.name)),
            ("format", Node::text(&capture.format)),
            ("holds", Node::text(holds(capture.holds))),
            ("frames", Node::count(capture.frames)),
            (
                "hours",
                Node::Number(capture.first.zip(capture.last).map_or(0.0, |(first, last)| hours(first, last))),
            ),
            ("first", seconds(capture.first)),
            ("last", seconds(capture.last)),
            ("damaged", Node::Bool(capture.damage.is_some())),
        ])
    };
    case.captures.iter().map(capture).collect()
}

fn phone(role: &str, case: &Case) -> BTreeMap<String, Node> {
    let phone = &case.phone;
    let seconds = |time: Timestamp| Node::Int(time.seconds());
    let mark = |mark: &evidence::Mark| {
        Node::record([
            ("case", Node::text(role)),
            ("kind", Node::text(&mark.kind)),
            ("time", seconds(mark.time)),
            ("package", Node::text(&mark.package)),
            ("detail", Node::text(&mark.detail)),
        ])
    };
    let message = |message: &evidence::ShortMessage| {
        Node::record([
            ("case", Node::text(role)),
            ("direction", direction(message.direction)),
            ("number", Node::text(&message.number)),
            ("time", message.time.map_or(Node::Int(0), seconds)),
            ("verdict", Node::text(&message.verdict)),
            ("package", Node::text(&message.package)),
            ("silent", Node::Bool(message.silent)),
            ("known_number", Node::Bool(message.in_address_book == Some(true))),
        ])
    };
    // The log and a list of events tell of the same: counted is what happened, not who told of it.
    let events = phone.events();
    let sources = phone.message_sources();
    let build = phone.build.iter().map(|(name, words)| (name.clone(), Node::text(words)));
    let fields = [
        ("told", Node::Bool(!phone.is_empty())),
        ("build", Node::Map(build.collect())),
        ("packages", Node::count(phone.packages)),
        ("marks", Node::List(events.iter().map(mark).collect())),
        ("marks_by_kind", Node::counts(events.iter().map(|mark| (mark.kind.replace('-', "_"), 1)))),
        ("messages", Node::List(phone.messages.iter().map(message).collect())),
        ("message_sources", Node::texts(sources.into_iter().map(MessageSource::id))),
        ("message_blind_spots", Node::count(phone.message_blind_spots.len() as u64)),
    ];
    fields.into_iter().map(|(name, node)| (name.to_owned(), node)).collect()
}

/// What counts as content, with the names that files have for it.
pub(crate) const FATES: [(Fate, &str); 7] = [
    (Fate::Decoded, "decoded"),
    (Fate::Media, "media"),
    (Fate::NotUnderstood, "not_understood"),
    (Fate::Encrypted, "encrypted"),
    (Fate::HomeMadeEncryption, "home_made_encryption"),
    (Fate::OverLimit, "over_limit"),
    (Fate::NotParsed, "not_parsed"),
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
mod tests {
    use evidence::{Behaviour, Finding, FindingKind};

    use super::*;
    use crate::schema::{CASE, FINDING, Field, Kind};

    fn fits(node: &Node, kind: Kind, way: &str) {
        match (node, kind) {
            (_, Kind::Any)
            | (Node::Bool(_), Kind::Bool)
            | (Node::Int(_), Kind::Int)
            | (Node::Number(_), Kind::Number)
            | (Node::Text(_), Kind::Text) => {}
            (Node::List(items), Kind::List(inner)) => items.iter().for_each(|item| fits(item, *inner, way)),
            (Node::Map(nodes), Kind::Map(inner)) => nodes.values().for_each(|node| fits(node, *inner, way)),
            (Node::Map(nodes), Kind::Record(fields)) => record(nodes, fields, way),
            _ => panic!("{way} is no {}: {node:?}", kind.words()),
        }
    }

    fn record(nodes: &BTreeMap<String, Node>, fields: &[Field], way: &str) {
        let names: BTreeSet<_> = fields.iter().map(|field| field.name).collect();
        assert_eq!(nodes.keys().map(String::as_str).collect::<BTreeSet<_>>(), names, "{way}");
        for field in fields {
            fits(nodes.get(field.name).unwrap(), field.kind, &format!("{way}.{}", field.name));
        }
    }

    /// What a condition is promised is what it gets, whatever the finding.
    #[test]
    fn a_case_shows_what_the_schema_says() {
        let case: Case = serde_json::from_str(CASE_JSON).unwrap();
        let view = View::of("x", &case);
        let names =
            names(&[&view, &view], &About { is: &|_| true, apps: &[], except: &[], of_what_came: false });
        record(&names, CASE, "case");
        for behaviour in behaviours() {
            let mut finding = case.findings.first().unwrap().clone();
            finding.kind = FindingKind::Behaviour(behaviour);
            let node = one_finding("x", &case, &finding, &Reached::of(&case));
            fits(&node, Kind::Record(FINDING), finding.kind_name());
        }
    }

    trait Named {
        fn kind_name(&self) -> &'static str;
    }

    impl Named for Finding {
        fn kind_name(&self) -> &'static str {
            match &self.kind {
                FindingKind::Behaviour(behaviour) => behaviour.id(),
                _ => "finding",
            }
        }
    }

    fn behaviours() -> Vec<Behaviour> {
        let rows = [
            r#"{"behaviour":"acceptance","request":"r","sent":3,"delivered":2,"answered":1,"statuses":[[200,1],[500,1]],"results":[["c","1",1]]}"#,
            r#"{"behaviour":"foreign_resolver","resolver":"192.0.2.1","given":[]}"#,
            r#"{"behaviour":"unresolved_name","name":"n.example","outcome":"NXDOMAIN"}"#,
            r#"{"behaviour":"lasting_id","field":"f","value":"v","messages":2,"span_s":9,"outlived":[["boot-completed",1]],"same_as":["g"],"joined":["account"]}"#,
            r#"{"behaviour":"stage","stage":"private mode","identifier":"url","within":1,"outside":2}"#,
            r#"{"behaviour":"spread","owner":"o","countries":[["SG",9]],"holders":["h"]}"#,
            r#"{"behaviour":"no_process","direction":"out","flows":2}"#,
            r#"{"behaviour":"rhythm","request":"r","rule":"every 1 h","interval_s":3600,"jitter_s":1,"occurrences":3,"confidence":90}"#,
        ];
        rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    const CASE_JSON: &str = r#"{"format":"phonehome-case/1.0","program":"p","captures":[{"id":0,"name":"n","format":"pcapng",
        "sha256":"","file_bytes":1,"bytes":1,"holds":"packets","frames":1,"first":0,"last":3600000000000,"notes":[],"damage":null}],
        "problems":[],"profile":"p","profile_values":1,"profile_kinds":[["imei",1]],"data":[],
        "phone":{"build":[["model","M"]],"packages":3,"marks":[{"time":5,"kind":"unlocked","package":"","detail":"",
        "quote":{"capture":0,"line":1,"start":0,"end":1,"text":"x"}}],"marks_dropped":0,"attributions":[],"completeness":[]},
        "devices":[],"destinations":[{"id":0,"endpoint":{"host":"a.example","address":"192.0.2.1","port":80,"transport":"tcp"},
        "named_by":"","cname_chain":[],"domain":"a.example","network":{"scope":"public","asn":null,"holder":"H",
        "located":{"code":"SG","source":"s"},"registered":null,"edge":""},"owner":null,"bytes_out":1,"bytes_in":1,"flows":1,
        "channels":[],"first":0,"last":0}],
        "findings":[{"id":"F-1","kind":"identifier_sent","identifier":"imei","value":"1","grade":"known","forms":["digits"],
        "detector":"d","version":1,"severity":"high","title":"t","words":"w","endpoints":[0,7],"count":1,"first":0,"last":1,
        "evidence":[],"sightings":[0,9]}],"sightings":[{"key":{"kind":"imei","value":"1","label":"sims[0].imei","grade":"known",
        "form":"digits","field":"F","encodings":["base64"],"carrier":"body","direction":"out","security":"clear","endpoint":0,
        "device":"","app":"a.b"},"count":1,"first":0,"last":1,"proofs":[]}],"anomalies":[],
        "coverage":{"rows":[{"fate":"decoded","reason":"r","bytes":9,"pieces":1}],"missing":[],"total_bytes":9},
        "totals":{"flows":1,"exchanges":1,"sightings":1}}"#;
}
