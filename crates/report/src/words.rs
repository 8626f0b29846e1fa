//! Numbers and facts -> the words in which every output tells them.

use evidence::{
    Behaviour, Capture, CaptureId, Carrier, Case, Content, Deed, Direction, Fate, FrameNo, Grade, Layer,
    Missing, Occurrence, ProtectionFault, Reading, Relation, Security, Severity, Step, Timestamp, Transport,
    prose,
};

/// `12,345`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// `1 finding`, `2 findings`; the plural is the word with an `s` unless it ends in `y` or `s`.
pub(crate) fn counted(value: u64, word: &str) -> String {
    match (value, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        _ if word.ends_with('s') => format!("{} {word}es", number(value)),
        (_, Some(stem)) => format!("{} {stem}ies", number(value)),
        (_, None) => format!("{} {word}s", number(value)),
    }
}

/// `1 text message is`, `2 text messages are`.
pub(crate) fn counted_are(value: u64, word: &str) -> String {
    format!("{} {}", counted(value, word), if value == 1 { "is" } else { "are" })
}

/// `843 bytes`, `12.3 kB`, `4.5 MB`: powers of 1,000.
pub(crate) fn bytes(value: u64) -> String {
    if value < 1000 {
        return counted(value, "byte");
    }
    let mut unit = 1000;
    for name in ["kB", "MB", "GB", "TB"] {
        if value / unit < 1000 || name == "TB" {
            let tenths = value / (unit / 10);
            return if tenths < 1000 {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            } else {
                format!("{} {name}", number(tenths / 10))
            };
        }
        unit *= 1000;
    }
    number(value)
}

/// `29,401 bytes`: in a table, where numbers are compared and small ones count, all of them are in one unit.
pub(crate) fn exact_bytes(value: u64) -> String {
    counted(value, "byte")
}

/// How much could be read of what was sent to somebody; `None` where nothing was.
pub(crate) fn reading(reading: &Reading) -> Option<String> {
    let total = reading.to_read();
    match (total, reading.media) {
        (0, 0) => return None,
        (0, _) => return Some("nothing but media".to_owned()),
        _ => {}
    }
    let searched = match reading.searched {
        0 => String::new(),
        searched => format!(", {} more only searched", share(searched, total)),
    };
    let media = if reading.media > 0 { ", media aside" } else { "" };
    Some(format!("{} of it read{searched}{media}", share(reading.understood, total)))
}

/// `61%`. Never rounds something down to 0% nor up to 100%.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0%".to_owned();
    }
    if part >= whole {
        return "100%".to_owned();
    }
    match rounded_percent(part, whole) {
        0 => "under 1%".to_owned(),
        100 => "over 99%".to_owned(),
        percent => format!("{percent}%"),
    }
}

/// `up to 19%`; `under 1%` is no more than that already.
pub(crate) fn at_most(share: &str) -> String {
    match share {
        "under 1%" => share.to_owned(),
        share => format!("up to {share}"),
    }
}

fn rounded_percent(part: u64, whole: u64) -> u128 {
    (u128::from(part) * 200 + u128::from(whole)) / (u128::from(whole) * 2)
}

/// `2019-03-21 07:41:05`, in UTC.
pub(crate) fn moment(time: Timestamp) -> String {
    let written = time.to_string();
    written.split('.').next().unwrap_or(&written).replace('T', " ")
}

/// `07:41:05`, in UTC.
pub(crate) fn clock(time: Timestamp) -> String {
    moment(time).split_once(' ').map_or_else(String::new, |(_, clock)| clock.to_owned())
}

/// `2019-03-21`, in UTC.
pub(crate) fn day(time: Timestamp) -> String {
    moment(time).split_once(' ').map_or_else(String::new, |(day, _)| day.to_owned())
}

/// `2019-03-21 07:41:05`, or `2019-03-21 07:41:05 to 09:12:44`, or with both days.
pub(crate) fn period(first: Timestamp, last: Timestamp) -> String {
    if moment(first) == moment(last) {
        moment(first)
    } else if day(first) == day(last) {
        format!("{} to {}", moment(first), clock(last))
    } else {
        format!("{} to {}", moment(first), moment(last))
    }
}

/// What an app does by habit: `reads the exact position, while nobody sees it`.
pub(crate) fn deed(deed: &Deed) -> String {
    let every = |interval: &Option<u64>| {
        let nanos = interval.map(|every| i64::try_from(every).unwrap_or(i64::MAX).saturating_mul(1_000_000));
        nanos.map_or_else(String::new, |nanos| format!(", every {}", duration(nanos)))
    };
    match deed {
        Deed::Access { operation, background, refused } => {
            let what = Deed::operation_words(operation).unwrap_or(operation);
            let seen = match background {
                Some(true) => ", while nobody sees it",
                Some(false) => ", while it is in use",
                None => "",
            };
            format!("{what}{seen}{}", if *refused { ": tried, and was refused" } else { "" })
        }
        Deed::Position { provider, interval_ms } => {
            format!("asks for the position ({provider}){}", every(interval_ms))
        }
        Deed::Traffic { sent, received, since } => {
            let since = since.map_or_else(|| "the phone was started".to_owned(), moment);
            format!("sent {} and received {} since {since}", bytes(*sent), bytes(*received))
        }
        Deed::Waking { alarms, waking, interval_ms } => {
            let woken =
                if *waking > 0 { format!(", {} to wake the phone", number(*waking)) } else { String::new() };
            format!("has {} set{woken}{}", counted(*alarms, "alarm"), every(interval_ms))
        }
    }
}

/// `57 days`, `3.4 days`, `70 h 12 min`, `2 min 5 s`, `0.3 s`: the two largest units, of days tenths.
pub(crate) fn duration(nanos: i64) -> String {
    let seconds = nanos.max(0) / 1_000_000_000;
    let two = |large: i64, small: i64, names: [&str; 2]| match small {
        0 => format!("{large} {}", names[0]),
        _ => format!("{large} {} {small} {}", names[0], names[1]),
    };
    match seconds {
        0 => format!("0.{} s", nanos.max(0) / 100_000_000),
        1..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, seconds % 60, ["min", "s"]),
        3600..259_200 => two(seconds / 3600, seconds / 60 % 60, ["h", "min"]),
        _ => {
            let tenths = (seconds + 4_320).unsigned_abs() / 8_640;
            match (number(tenths / 10), tenths % 10) {
                (days, 0) => format!("{days} days"),
                (days, tenth) => format!("{days}.{tenth} days"),
            }
        }
    }
}

/// `once`, `twice`, `3 times`.
pub(crate) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{} times", number(count)),
    }
}

/// What named a destination, to stand after “named by”.
pub(crate) fn naming(by: &str) -> &str {
    match by {
        "coap host" => "an option of the request",
        "dns answer" => "a DNS answer",
        "http host" => "the request’s Host header",
        "sni" => "the TLS hello (SNI)",
        "xmpp stream" => "the XMPP stream",
        other => other,
    }
}

/// What each severity means.
pub(crate) fn severity_meaning(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "usual and hardly identifying",
        Severity::Low => "identifying only together with other things",
        Severity::Medium => "identifies an installation or a device for a while",
        Severity::High => "identifies the device or the person for good, or tells what they do",
        Severity::Critical => "other people's data, or the content of messages",
    }
}

/// All severities, worst first.
pub(crate) const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

pub(crate) fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Shaped => "shaped",
        Grade::Derived => "derived",
        Grade::Known => "known",
    }
}

pub(crate) fn grade_meaning(grade: Grade) -> &'static str {
    match grade {
        Grade::Shaped => "has the shape of one; not compared with the phone's own",
        Grade::Derived => "computed from a value of the profile, such as its hash",
        Grade::Known => "a value of the profile",
    }
}

pub(crate) fn security(security: Security) -> &'static str {
    match security {
        Security::Clear => "clear text",
        Security::Encrypted => "encrypted transport, read with a key",
    }
}

pub(crate) fn carrier(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Body => "body",
        Carrier::Cookie => "cookie",
        Carrier::Header => "header",
        Carrier::HostName => "host name",
        Carrier::Path => "path",
        Carrier::Query => "query",
        Carrier::Raw => "raw stream",
    }
}

pub(crate) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Out => "sent",
        Direction::In => "received",
    }
}

pub(crate) fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
    }
}

pub(crate) fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Value => "The value",
        Relation::Account => "Tells of it as well",
        Relation::Destination => "Names the destination",
        Relation::Label => "Says what the content is",
        Relation::Answer => "What the receiver answered",
        Relation::Occasion => "Happened shortly before",
        Relation::Sender => "Names the sender",
    }
}

pub(crate) fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Capture => "capture file",
        Layer::Coap => "CoAP",
        Layer::Dhcp => "DHCP",
        Layer::Dns => "DNS",
        Layer::Flow => "flow",
        Layer::Http => "HTTP",
        Layer::Ip => "IP",
        Layer::Link => "link",
        Layer::Mqtt => "MQTT",
        Layer::Phone => "the phone’s file",
        Layer::Payload => "payload",
        Layer::Quic => "QUIC",
        Layer::Tcp => "TCP",
        Layer::Tls => "TLS",
        Layer::Tunnel => "tunnel",
        Layer::Udp => "UDP",
        Layer::WebSocket => "WebSocket",
        Layer::Xmpp => "XMPP",
    }
}

/// Name of a ledger row and what it means.
pub(crate) fn fate(fate: Fate) -> (&'static str, &'static str) {
    match fate {
        Fate::Framing => ("File framing", "the capture file's own headers and padding"),
        Fate::Headers => ("Packet headers", "link, network and transport headers"),
        Fate::Decoded => ("Decoded", "understood and searched"),
        Fate::Media => ("Media", "pictures, sound, video, fonts: searched as they stand"),
        Fate::NotUnderstood => ("Not understood", "searched as it stands; no decoder knew it"),
        Fate::Encrypted => ("Encrypted", "no key; only the clear parts were searched"),
        Fate::HomeMadeEncryption => ("Home-made encryption", "unreadable content inside a clear message"),
        Fate::Duplicate => ("Duplicate", "delivered before: retransmissions and keep-alives"),
        Fate::OverLimit => ("Over a limit", "passed over because a limit was reached"),
        Fate::NotParsed => ("Not parsed", "no reader for it, or damaged"),
    }
}

pub(crate) fn missing(missing: Missing) -> (&'static str, &'static str) {
    match missing {
        Missing::Gap => ("Gap", "bytes of a stream that no frame carried"),
        Missing::NotRecorded => {
            ("Not recorded", "what whoever recorded a flow did not keep or could not read")
        }
        Missing::Truncated => ("Truncated", "bytes of frames cut off when recording"),
    }
}

/// What a series of messages shows.
pub(crate) fn behaviour(behaviour: &Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Acceptance { .. } => "what the receiver did with it",
        Behaviour::ForeignResolver { .. } => "names asked of another resolver",
        Behaviour::KeywordList { .. } => "list of words that came in",
        Behaviour::LastingId { .. } => "identifier that stays",
        Behaviour::NoProcess { .. } => "traffic without a process",
        Behaviour::Opaque { .. } => "field that cannot be read",
        Behaviour::Parameters { .. } => "inventory of what is sent",
        Behaviour::RemoteSwitch { .. } => "switch operated from afar",
        Behaviour::Retries { .. } => "sent again until it works",
        Behaviour::Rhythm { .. } => "sent at regular times",
        Behaviour::SharedId { .. } => "one identifier at several owners",
        Behaviour::Spread { .. } => "spread over countries",
        Behaviour::Stage { stage, .. } => match stage.as_str() {
            "before consent" => "sent before anybody consented",
            "consent refused" => "sent after consent was refused",
            "private mode" => "sent in private mode",
            "signed out" => "sent while nobody was signed in",
            _ => "sent with a setting switched off",
        },
        Behaviour::Trigger { .. } => "sent because of what happened",
        Behaviour::UnresolvedName { .. } => "name that leads nowhere",
    }
}

/// What is wrong with the protection of what left, in a few words.
pub(crate) fn fault(fault: ProtectionFault) -> &'static str {
    match fault {
        ProtectionFault::LabelLies => "label that says encrypted",
        ProtectionFault::OnlyTheChannel => "content open to whoever ends the connection",
        ProtectionFault::OwnMaking => "encryption of somebody’s own making",
        ProtectionFault::WeakChannel => "weak encryption of the connection",
    }
}

/// What protects content.
pub(crate) fn content(content: &Content) -> String {
    match content {
        Content::Encoded(ways) => {
            let ways: Vec<String> = ways.iter().map(|way| decoder(way).0).collect();
            format!("only encoded ({})", ways.join(", then "))
        }
        Content::Readable => "readable as it stands".to_owned(),
        Content::Unreadable => "unreadable, like the output of a cipher".to_owned(),
    }
}

/// What is said of a proof that nobody can run again alone.
pub(crate) const NOT_ALONE: &str =
    "This proof cannot be run again alone: a decoder went on from more messages than a proof holds.";

/// Name of a decoder as people write it, and what it does for those who never met it.
fn decoder(name: &str) -> (String, &'static str) {
    let known = DECODERS.iter().find(|(id, _, _)| *id == name);
    known.map_or_else(|| (name.to_owned(), ""), |(_, written, does)| ((*written).to_owned(), *does))
}

/// Name of a step and what it does.
pub(crate) fn step(step: &Step) -> (String, &'static str) {
    match step {
        Step::Datagram => ("Datagram".to_owned(), "the payload of one UDP packet"),
        Step::Reassembly => ("TCP stream".to_owned(), "one direction of the connection, put in order"),
        Step::Body => ("Message body".to_owned(), "transfer headers removed, byte for byte"),
        Step::Decode(name) => decoder(name),
        Step::Decrypt(how) => {
            (format!("{} opened", how.cipher.name()), "decrypted with a secret that the examiner has")
        }
        Step::Unmask(_) => {
            ("Weak protection undone".to_owned(), "unscrambled or decrypted with what was within reach")
        }
        Step::Written(_) => (
            "Separator".to_owned(),
            "written between recorded parts; nobody recorded it and nothing rests on it",
        ),
        Step::Entry => ("As recorded".to_owned(), "the bytes as they stand in the file"),
    }
}

/// What a file holds, counted: frames, or secrets.
pub(crate) fn contents(capture: &Capture) -> String {
    counted(capture.frames, capture.holds.counted())
}

/// The name of a capture; `capture 3` where the case does not list it.
pub(crate) fn capture(case: &Case, id: CaptureId) -> String {
    let named = case.captures.iter().find(|capture| capture.id == id);
    named.map_or_else(|| id.to_string(), |capture| capture.name.clone())
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path)
}

/// `line 3 of log.txt`, `page 12 of mmssms.db`: the file by the last part of its name.
pub(crate) fn place(case: &Case, id: CaptureId, frame: FrameNo) -> String {
    let Some(capture) = case.captures.iter().find(|capture| capture.id == id) else {
        return format!("{frame} of {id}");
    };
    let name = file_name(&capture.name);
    match capture.unit() {
        "archive" => name.to_owned(),
        unit => format!("{unit} {frame} of {name}"),
    }
}

/// The same for the first bytes of an occurrence.
pub(crate) fn place_of(case: &Case, occurrence: &Occurrence) -> String {
    place(case, occurrence.exchange.flow.capture, occurrence.frame)
}

/// An event by its fixed name: `boot_completed` is `Boot completed`.
pub(crate) fn mark(kind: &str) -> String {
    prose::capital(&kind.replace(['-', '_'], " "))
}

/// `2019-03-21 07:41:05`, or that it is not known.
pub(crate) fn known_moment(time: Timestamp) -> String {
    if time == Timestamp::default() { "at a time not told".to_owned() } else { moment(time) + " UTC" }
}

/// `once, 2019-03-21 07:41:05 UTC`, with both ends of a period.
pub(crate) fn known_period(first: Timestamp, last: Timestamp) -> String {
    if first == Timestamp::default() { "at a time not told".to_owned() } else { period(first, last) + " UTC" }
}

/// Decoders that make buffers, by the name under which `payload` registers them: how people write it, and
/// what it does. One that is not here is shown by that name alone.
const DECODERS: &[(&str, &str, &str)] = &[
    ("base64", "Base64", "bytes written as letters: an encoding that anyone can undo, not encryption"),
    ("br", "Brotli", "compression that anyone can undo"),
    ("deflate", "Deflate", "compression that anyone can undo"),
    ("form-value", "Form value", "characters written as %XX and + in a form"),
    ("gsm-7bit", "GSM 7-bit", "the alphabet of text messages, packed: anyone can read it"),
    (
        "gsm-7bit-header",
        "GSM 7-bit",
        "the alphabet of text messages, packed behind a header: anyone can read it",
    ),
    ("gzip", "gzip", "compression that anyone can undo"),
    ("hex", "Hex", "bytes written as hexadecimal digits: anyone can undo it"),
    ("huffman", "Huffman code", "frequent characters of header fields written shorter: anyone can undo it"),
    ("json-string", "JSON string", "a text field, its escapes undone"),
    ("latin-1", "Latin-1", "text with a character for each byte"),
    ("lz4", "LZ4", "compression that anyone can undo"),
    ("lz4-block", "LZ4 block", "compression that anyone can undo"),
    ("percent", "Percent", "characters written as %XX in an address"),
    (
        "permessage-deflate",
        "WebSocket compression",
        "all compressed messages so far unpacked: compression that anyone can undo",
    ),
    (
        "permessage-deflate-continued",
        "WebSocket compression",
        "unpacked with the help of earlier messages, too many to be listed here",
    ),
    ("snappy", "Snappy", "compression that anyone can undo"),
    ("snappy-block", "Snappy block", "compression that anyone can undo"),
    ("utf-16be", "UTF-16", "text in two-byte characters"),
    ("utf-16le", "UTF-16", "text in two-byte characters"),
    ("websocket-mask", "WebSocket mask", "a mask whose key is sent along: anyone can undo it, no encryption"),
    ("xml-text", "XML text", "a text element, its entities undone"),
    ("zlib", "zlib", "compression that anyone can undo"),
    ("zstd", "Zstandard", "compression that anyone can undo"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_hide_a_remainder() {
        let rows = [
            (0, 10, "0%"),
            (1, 1_000_000, "under 1%"),
            (1, 2, "50%"),
            (999_999, 1_000_000, "over 99%"),
            (10, 10, "100%"),
            (0, 0, "0%"),
            (u64::MAX - 1, u64::MAX, "over 99%"),
        ];
        for (part, whole, expected) in rows {
            assert_eq!(share(part, whole), expected, "{part}/{whole}");
        }
    }

    #[test]
    fn sizes_are_short() {
        let rows = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (12_345, "12.3 kB"),
            (123_456, "123 kB"),
            (999_999, "999 kB"),
            (1_000_000, "1.0 MB"),
            (u64::MAX, "18,446,744 TB"),
        ];
        for (value, expected) in rows {
            assert_eq!(bytes(value), expected);
        }
    }

    #[test]
    fn times_are_told_in_two_units() {
        let second = 1_000_000_000;
        let rows = [
            (second / 3, "0.3 s"),
            (59 * second, "59 s"),
            (125 * second, "2 min 5 s"),
            (5460 * second, "1 h 31 min"),
            (252_720 * second, "70 h 12 min"),
            (259_199 * second, "71 h 59 min"),
            (259_200 * second, "3 days"),
            (293_760 * second, "3.4 days"),
            (1_800 * 86_400 * second, "1,800 days"),
            (-1, "0.0 s"),
        ];
        for (nanos, expected) in rows {
            assert_eq!(duration(nanos), expected);
        }
    }

    #[test]
    fn a_period_repeats_the_day_only_where_it_changes() {
        let at = |seconds| Timestamp::new(seconds, 0);
        assert_eq!(period(at(0), at(0)), "1970-01-01 00:00:00");
        assert_eq!(period(at(0), at(60)), "1970-01-01 00:00:00 to 00:01:00");
        assert_eq!(period(at(0), at(90_000)), "1970-01-01 00:00:00 to 1970-01-02 01:00:00");
    }
}
