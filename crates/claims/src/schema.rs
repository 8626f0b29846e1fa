//! What a condition may speak of, as one table: it checks conditions, and writes the list in `docs/claims.md`.
//!
//! The names are a promise to whoever writes claims. They stay when the types of `evidence` change; new ones may
//! come. Every field is always there: where nothing is known, texts and lists are empty and numbers 0.

/// What kind of thing a name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Anything: nothing is checked.
    Any,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number with a fraction.
    Number,
    /// A text.
    Text,
    /// Many of one kind.
    List(&'static Kind),
    /// Things by a name that the evidence gives.
    Map(&'static Kind),
    /// Things by fixed names.
    Record(&'static [Field]),
}

/// A name and what it stands for.
#[derive(Debug)]
pub struct Field {
    /// The name in conditions.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// What it is.
    pub words: &'static str,
}

const fn field(name: &'static str, kind: Kind, words: &'static str) -> Field {
    Field { name, kind, words }
}

const TEXTS: Kind = Kind::List(&Kind::Text);
const COUNTS: Kind = Kind::Map(&Kind::Int);

/// What stands for a finding.
pub const FINDING: &[Field] = &[
    field("case", Kind::Text, "the case it stands in, by its role"),
    field("id", Kind::Text, "its name in the case: `F-15321271`"),
    field(
        "kind",
        Kind::Text,
        "`identifier_sent`, `identifier_in_message`, `identifier_received`, `logged`, `bulk_data`, `hidden_message`, `package_arrived`, `protection`, `behaviour`",
    ),
    field(
        "ground",
        Kind::Text,
        "what it was seen in: `wire`, `message` (radio, bill, store of short messages), `log`",
    ),
    field(
        "behaviour",
        Kind::Text,
        "of a behaviour: `acceptance`, `lasting_id`, `rhythm`, `stage`, `trigger` …; else empty",
    ),
    field(
        "identifier",
        Kind::Text,
        "what left: `imei`, `imsi`, `contact_number` …; empty where no kind is told",
    ),
    field("subject", Kind::Text, "whose data that is: `device`, `owner`, `third_person`"),
    field("persistent", Kind::Bool, "it outlives a reset, or follows the person"),
    field("value", Kind::Text, "the value, at most 256 characters"),
    field("grade", Kind::Text, "`known`, `derived`, `shaped`; empty where it has none"),
    field("severity", Kind::Text, "`info`, `low`, `medium`, `high`, `critical`"),
    field("level", Kind::Int, "the severity as a number, 0 to 4"),
    field("title", Kind::Text, "its title"),
    field("detector", Kind::Text, "who found it"),
    field("count", Kind::Int, "how often it was seen"),
    field("first", Kind::Int, "the first time, in seconds since 1970"),
    field("last", Kind::Int, "the last time, in seconds since 1970"),
    field("first_time", Kind::Text, "the first time, RFC 3339 in UTC: such texts compare like times"),
    field("last_time", Kind::Text, "the last time, likewise"),
    field(
        "span_s",
        Kind::Int,
        "seconds from the first to the last time; of a lasting id, how long it lasted",
    ),
    field("hosts", TEXTS, "names of the receivers, or their addresses where no name is known"),
    field("domains", TEXTS, "their registrable domains"),
    field("owners", TEXTS, "their operators and groups"),
    field("owner_countries", TEXTS, "countries of the groups' seats, ISO 3166-1 alpha-2"),
    field("countries", TEXTS, "countries the receivers' addresses are thought to be in"),
    field(
        "edges",
        TEXTS,
        "`anycast`, `cdn`, `cloud` where such an address says nothing on where data are kept",
    ),
    field("holders", TEXTS, "holders of the networks"),
    field("plain_countries", TEXTS, "countries of those addresses alone that are no edge"),
    field("local", Kind::Bool, "no receiver lies outside of the local network"),
    field("apps", TEXTS, "packages that sent it, as noted with the flow or told by the phone"),
    field("apps_known", Kind::Bool, "of every flow to where it went it is known which packages sent it"),
    field("security", TEXTS, "`clear`, `encrypted`: who could read it on its way"),
    field("encodings", TEXTS, "the decoders between the message and the value: `base64`, `gzip`"),
    field("forms", TEXTS, "how the value was written: `digits`, `md5/hex`"),
    field("hashed", Kind::Bool, "it was only seen as a hash"),
    field("carriers", TEXTS, "`body`, `query`, `header`, `cookie`, `path`, `host_name`, `raw`"),
    field("fields", TEXTS, "names of the fields that held it"),
    field("labels", TEXTS, "the profile's names for it: `sims[0].imsi`, `canaries.private-mode`"),
    field(
        "fault",
        Kind::Text,
        "of a finding on protection: `label_lies`, `only_the_channel`, `own_making`, `weak_channel`",
    ),
    field("label", Kind::Text, "of one on protection, what the messages call themselves"),
    field("number", Kind::Text, "of a message, the other side's number"),
    field("direction", Kind::Text, "of a hidden message or flows without process: `out`, `in`"),
    field("verdict", Kind::Text, "of a hidden message, what the sources say together"),
    field("package", Kind::Text, "of a package that arrived, its name"),
    field("seen", Kind::Int, "of bulk data, how many different values of the profile were seen"),
    field("planted", Kind::Int, "of bulk data, how many the profile plants"),
    field("request", Kind::Text, "of a behaviour, its request: `POST /register`"),
    field(
        "names",
        TEXTS,
        "of a behaviour, what it names: parameters, fields with equal values, switches, result words, samples",
    ),
    field("sent", Kind::Int, "of `acceptance`, how many requests were sent"),
    field("delivered", Kind::Int, "of `acceptance`, of how many all bytes were acknowledged"),
    field(
        "undelivered",
        Kind::Int,
        "of `acceptance`, of how many it is known that nothing was acknowledged; of the rest the capture does not show it",
    ),
    field("answered", Kind::Int, "of `acceptance`, how many were answered"),
    field("succeeded", Kind::Int, "of `acceptance`, how many answers had a status from 200 to 299"),
    field(
        "agreed",
        Kind::Int,
        "of `acceptance`, how many were accepted, by the receiver's own words or by what the phone did next",
    ),
    field(
        "refused",
        Kind::Int,
        "of `acceptance`, how many were refused or failed, likewise; of those that are neither nothing tells",
    ),
    field(
        "rule",
        Kind::Text,
        "of `rhythm`, its rule; of `unresolved_name`, the outcome; of `opaque`, the class",
    ),
    field("interval_s", Kind::Int, "of `rhythm`, seconds between two"),
    field("occurrences", Kind::Int, "of `rhythm`, how many times; of others, how many messages or flows"),
    field("confidence", Kind::Int, "of `rhythm`, how sure it is, of 100"),
    field("most", Kind::Int, "of `retries`, how often at most; of `keyword_list`, entries of the largest"),
    field("accepted", Kind::Bool, "of `retries`, whether any is known to have been accepted in the end"),
    field(
        "stage",
        Kind::Text,
        "of `stage`: `private mode`, `before consent`, `consent refused`, `signed out`, or a setting and ` switched off`",
    ),
    field("within", Kind::Int, "of `stage`, messages in that state"),
    field("outside", Kind::Int, "of `stage`, messages outside of it"),
    field("mark", Kind::Text, "of `trigger`, the kind of event"),
    field("beside", TEXTS, "of `trigger`, kinds of events at the same times, which may be the cause as well"),
    field("marks", Kind::Int, "of `trigger`, how many events there were"),
    field("followed", Kind::Int, "of `trigger`, after how many it was sent"),
    field("lag_ms", Kind::Int, "of `trigger`, the typical lag"),
    field("chance_ppm", Kind::Int, "of `trigger`, the chance that they coincide, of a million"),
    field("versions", Kind::Int, "of `keyword_list`, how many contents; of `opaque`, how many values"),
    field("revealed", Kind::Bool, "of `opaque`, whether the phone's log tells what it may hold"),
    field("outlived", COUNTS, "of `lasting_id`, what it outlived: kind of mark and how many"),
    field("joined", TEXTS, "of `lasting_id`, the kinds of identifier that travelled with it"),
];

/// What stands for a destination.
pub const DESTINATION: &[Field] = &[
    field("case", Kind::Text, "the case it stands in, by its role"),
    field("host", Kind::Text, "its name; empty where none is known"),
    field("address", Kind::Text, "its address"),
    field("port", Kind::Int, "its port"),
    field("transport", Kind::Text, "`tcp`, `udp`"),
    field("domain", Kind::Text, "its registrable domain"),
    field("operator", Kind::Text, "who runs the service"),
    field("group", Kind::Text, "the group that belongs to"),
    field("owner_country", Kind::Text, "country of the group's seat"),
    field("purpose", Kind::Text, "what the service is for: `analytics`, `advertising` …"),
    field("holder", Kind::Text, "holder of the network"),
    field("located", Kind::Text, "country the address is thought to be in"),
    field("registered", Kind::Text, "country the block is registered in"),
    field(
        "edge",
        Kind::Text,
        "`anycast`, `cdn`, `cloud` where the address says nothing on where data are kept",
    ),
    field("scope", Kind::Text, "`public`, or why it has no country: `private`, `multicast` …"),
    field("bytes_out", Kind::Int, "bytes of payload sent to it"),
    field("bytes_in", Kind::Int, "bytes of payload received from it"),
    field("flows", Kind::Int, "flows to it"),
    field("channels", TEXTS, "how they were protected: `TLS 1.3`, `none`"),
    field("weak", Kind::Bool, "one of these channels is weak"),
    field("first", Kind::Int, "the first time, in seconds since 1970"),
    field("last", Kind::Int, "the last time, in seconds since 1970"),
];

/// What stands for an input.
pub const CAPTURE: &[Field] = &[
    field("case", Kind::Text, "the case it stands in, by its role"),
    field("name", Kind::Text, "its name as given"),
    field("format", Kind::Text, "`pcapng`, `HAR`, `APK` …"),
    field("holds", Kind::Text, "`packets`, `flows`, `phone`, `app`, `secrets`"),
    field("frames", Kind::Int, "frames, entries, facts"),
    field("hours", Kind::Number, "hours from its first frame to its last"),
    field("first", Kind::Int, "the first frame's time, in seconds since 1970"),
    field("last", Kind::Int, "the last frame's time, in seconds since 1970"),
    field("damaged", Kind::Bool, "reading ended before its end"),
];

/// What stands for something that happened on the phone.
pub const MARK: &[Field] = &[
    field("case", Kind::Text, "the case it stands in, by its role"),
    field("kind", Kind::Text, "`boot-completed`, `unlocked`, `sms-received` …"),
    field("time", Kind::Int, "when, in seconds since 1970"),
    field("package", Kind::Text, "the package it happened to"),
    field("detail", Kind::Text, "the rest, at most 256 characters"),
];

/// What stands for a short message.
pub const MESSAGE: &[Field] = &[
    field("case", Kind::Text, "the case it stands in, by its role"),
    field("direction", Kind::Text, "`out`, `in`"),
    field("number", Kind::Text, "the other side's number"),
    field("time", Kind::Int, "when, in seconds since 1970"),
    field("verdict", Kind::Text, "what the sources say together: `sent and not logged` …"),
    field("package", Kind::Text, "the package that wrote it, where one is known"),
    field("silent", Kind::Bool, "the phone was told not to show it"),
    field("known_number", Kind::Bool, "the number is in an address book that was read"),
];

/// What the phone says of itself.
pub const PHONE: &[Field] = &[
    field("told", Kind::Bool, "there were files of the phone at all"),
    field(
        "build",
        Kind::Map(&Kind::Text),
        "what the build says of itself: `model`, `fingerprint`, `region`; of several cases the first one's",
    ),
    field("packages", Kind::Int, "how many packages its lists name"),
    field(
        "marks",
        Kind::List(&Kind::Record(MARK)),
        "what happened on it; what log and list of events both tell, once",
    ),
    field("marks_by_kind", COUNTS, "how many of each kind, `-` in its name written `_`"),
    field("messages", Kind::List(&Kind::Record(MESSAGE)), "short messages"),
    field(
        "message_sources",
        TEXTS,
        "what told of short messages: `bill`, `radio`, `store`; a message that its owner does not see takes the store and one of the others",
    ),
    field("message_blind_spots", Kind::Int, "how many things the sources of messages could not have shown"),
];

/// What could be seen.
pub const COVERAGE: &[Field] = &[
    field("content", Kind::Int, "bytes of what was said: all but framing, headers and repetitions"),
    field(
        "readable",
        Kind::Number,
        "share of what was sent and may be what the claim is about that was read, 0 to 1: left out is what was sent to destinations of which the phone’s own notes tell, for each flow, that apps sent it that the claim does not name (where it names apps); what no decoder knew was not read; pictures, sound, video and fonts (not by their label alone) count neither way; 1 where nothing of it was sent, 0 where nothing was recorded",
    ),
    field(
        "readable_in",
        Kind::Number,
        "the same share of what came from there: what a statement on lists, commands or apps that come in rests on",
    ),
    field(
        "shares",
        Kind::Map(&Kind::Number),
        "share of the content by fate: `decoded`, `media`, `not_understood`, `encrypted`, `home_made_encryption`, `over_limit`, `not_parsed`",
    ),
    field("missing", Kind::Int, "bytes that the captures lack"),
    field(
        "counted",
        Kind::Bool,
        "the phone's own counters tell of a user id that is known to have sent something",
    ),
    field(
        "captured",
        Kind::Number,
        "share of what the phone counted as sent by these user ids that is in flows known to be theirs, 0 to 1; the rest went past the captures, or is not known to be theirs; 0 where `counted` is false",
    ),
    field("limited", Kind::Bool, "a limit was reached somewhere"),
];

/// What was known of the phone.
pub const PROFILE: &[Field] = &[
    field("given", Kind::Bool, "every case was audited with a profile"),
    field("values", Kind::Int, "how many values it holds; of several cases the fewest"),
    field("kinds", TEXTS, "of which kinds; of several cases, of which kinds all of them"),
];

/// What a condition sees of all cases that a claim is judged over, and, under `case.ROLE`, of each.
pub const CASE: &[Field] = &[
    field("findings", Kind::List(&Kind::Record(FINDING)), "the findings that the claim is about"),
    field(
        "destinations",
        Kind::List(&Kind::Record(DESTINATION)),
        "the destinations that the claim is about, without those in the local network",
    ),
    field("captures", Kind::List(&Kind::Record(CAPTURE)), "the inputs"),
    field("phone", Kind::Record(PHONE), "what the phone says of itself"),
    field("coverage", Kind::Record(COVERAGE), "what could be seen"),
    field("profile", Kind::Record(PROFILE), "what was known of the phone"),
    field(
        "traffic_hours",
        Kind::Number,
        "hours of traffic: of each case from its first frame to its last, all of them together",
    ),
    field(
        "sent_kinds",
        COUNTS,
        "how often each kind of identifier of these findings left, by wire or message",
    ),
];

/// What a condition may name.
pub static VIEW: &[Field] = &[
    field(
        "findings",
        Kind::List(&Kind::Record(FINDING)),
        "the findings that the claim is about, of all cases",
    ),
    field(
        "destinations",
        Kind::List(&Kind::Record(DESTINATION)),
        "the destinations that the claim is about, without those in the local network",
    ),
    field("captures", Kind::List(&Kind::Record(CAPTURE)), "the inputs"),
    field("phone", Kind::Record(PHONE), "what the phone says of itself"),
    field("coverage", Kind::Record(COVERAGE), "what could be seen"),
    field("profile", Kind::Record(PROFILE), "what was known of the phone"),
    field(
        "traffic_hours",
        Kind::Number,
        "hours of traffic: of each case from its first frame to its last, all of them together",
    ),
    field(
        "sent_kinds",
        COUNTS,
        "how often each kind of identifier of these findings left, by wire or message",
    ),
    field("case", Kind::Map(&Kind::Record(CASE)), "each case by its role, with the same eight names"),
    field("p", Kind::Map(&Kind::Any), "the template's parameters"),
    field("f", Kind::Record(FINDING), "in `contradicted_by` and `shown_by`: the finding that is looked at"),
];

/// Functions of our own, with what they give.
pub static FUNCTIONS: &[(&str, Kind, &str)] = &[
    ("sent", Kind::Bool, "`sent(kind)`: whether such a value left, in a finding that the claim is about"),
    ("hours", Kind::Number, "`hours()`: hours of traffic, of all cases together"),
    ("share", Kind::Number, "`share(fate)`: the share of the content with that fate"),
    ("marks", Kind::Int, "`marks(kind)`: how many events of the kind the phone tells of"),
    ("planted", Kind::Bool, "`planted(kind)`: whether the profile of every case holds such a value"),
];

/// Functions of the language that conditions may use.
pub static LANGUAGE: &[&str] =
    &["size", "contains", "startsWith", "endsWith", "string", "int", "double", "uint"];

impl Kind {
    /// What a name stands for in it: `None` where it has no such name.
    pub(crate) fn select(self, name: &str) -> Option<Self> {
        match self {
            Self::Record(fields) => find(fields, name),
            Self::Map(inner) => Some(*inner),
            Self::Any => Some(Self::Any),
            _ => None,
        }
    }

    /// What is in it: of a map, the names.
    pub(crate) fn item(self) -> Option<Self> {
        match self {
            Self::List(inner) => Some(*inner),
            Self::Map(_) => Some(Self::Text),
            Self::Any => Some(Self::Any),
            _ => None,
        }
    }

    /// Its name for people.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Int => "whole number".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Text => "text".to_owned(),
            Self::List(Self::Text) => "texts".to_owned(),
            Self::List(_) => "list, see below".to_owned(),
            Self::Map(Self::Record(_)) => "by name, see below".to_owned(),
            Self::Map(inner) => format!("by name: {}", inner.words()),
            Self::Record(_) => "see below".to_owned(),
        }
    }
}

/// The kind of a field.
pub(crate) fn find(fields: &[Field], name: &str) -> Option<Kind> {
    fields.iter().find(|field| field.name == name).map(|field| field.kind)
}

/// The part of `docs/claims.md` that lists what conditions may name.
pub fn reference() -> String {
    let mut page = String::new();
    let tables: [(&str, &[Field]); 9] = [
        ("What a condition sees", VIEW),
        ("A finding", FINDING),
        ("A destination", DESTINATION),
        ("`captures`", CAPTURE),
        ("`phone`", PHONE),
        ("`phone.marks`", MARK),
        ("`phone.messages`", MESSAGE),
        ("`coverage`", COVERAGE),
        ("`profile`", PROFILE),
    ];
    for (title, fields) in tables {
        page.push_str(&format!("### {title}\n\n| name | kind | what it is |\n|---|---|---|\n"));
        for field in fields {
            page.push_str(&format!("| `{}` | {} | {} |\n", field.name, field.kind.words(), field.words));
        }
        page.push('\n');
    }
    page.push_str("### Functions\n\n| call | gives |\n|---|---|\n");
    for (_, kind, words) in FUNCTIONS {
        let (call, meaning) = words.split_once(": ").unwrap_or((words, ""));
        page.push_str(&format!("| {call} | {}: {meaning} |\n", kind.words()));
    }
    let language: Vec<String> = LANGUAGE.iter().map(|name| format!("`{name}`")).collect();
    page.push_str(&format!(
        "\nOf the language itself: the operators, `in`, `has`, `all`, `exists`, `exists_one`, `filter`, `map` and {}.\n",
        language.join(", ")
    ));
    page
}
