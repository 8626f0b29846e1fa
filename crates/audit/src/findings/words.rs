//! The words of findings: sentences a lay reader understands.

use std::collections::BTreeSet;

use evidence::{
    Carrier, Channel, Content, Destination, Grade, Hashed, IdentifierKind, Protection, ProtectionFault,
    Security, Seen, SightingGroup, SightingKey, Step, Subject, prose,
};

use super::{Leak, Receiver, devices, message_count};
use crate::merge::Merged;

/// `The phone's device number (IMEI) was sent to vnet.cn in the clear`.
pub(super) fn title(leak: &Leak<'_>) -> String {
    let by = devices::title(leak);
    format!("{} was sent to {}{}{by}", what(leak), receiver(leak.receiver), protection(leak))
}

/// `412 of 500 contacts' telephone numbers were sent to x.example in the clear`.
pub(super) fn bulk_title(leaks: &[Leak<'_>], seen: u64, planted: u64) -> String {
    let Some(leak) = leaks.first() else { return String::new() };
    let many = match planted {
        0 if seen > SightingGroup::LISTED as u64 => format!("More than {} values", SightingGroup::LISTED),
        0 => format!("{seen} values"),
        planted => format!("{seen} of {planted} planted values"),
    };
    let words = leak.kind.words();
    let to = receiver(leak.receiver);
    let by = devices::title(leak);
    format!("{many} of the kind “{words}” were sent to {to}{}{by}", protection(leak))
}

/// What was seen, how often, in which form, who could read it, and how long it identifies.
pub(super) fn paragraph(merged: &Merged, leak: &Leak<'_>) -> String {
    let mut words = format!("{} {}.", seen(merged, leak), written(leak));
    sentence(&mut words, &devices::paragraph(merged, std::slice::from_ref(leak)));
    sentence(&mut words, &destination(merged, leak));
    sentence(&mut words, readable_by(leak));
    sentence(&mut words, lasts(leak));
    sentence(&mut words, certainty(leak));
    words
}

pub(super) fn bulk_paragraph(merged: &Merged, leaks: &[Leak<'_>], seen: u64, planted: u64) -> String {
    let Some(leak) = leaks.first() else { return String::new() };
    let mut words = format!("{seen} different values were seen, {}.", how_often(merged, leaks));
    if planted > 0 {
        sentence(&mut words, &format!("The profile holds {planted} of this kind."));
    }
    sentence(&mut words, &devices::paragraph(merged, leaks));
    sentence(&mut words, &destination(merged, leak));
    sentence(&mut words, readable_by(leak));
    if leak.kind.subject() == Subject::ThirdPerson {
        sentence(&mut words, "These are data of other people, who were not asked.");
    }
    words
}

/// `A value that is new each time, called “uid”, was sent to x.example in the clear`.
pub(super) fn fleeting_title(leaks: &[Leak<'_>], field: &str) -> String {
    let Some(leak) = leaks.first() else { return String::new() };
    let (to, by) = (receiver(leak.receiver), devices::title(leak));
    format!("A value that is new each time, called “{field}”, was sent to {to}{}{by}", protection(leak))
}

pub(super) fn fleeting_paragraph(merged: &Merged, leaks: &[Leak<'_>], field: &str) -> String {
    let Some(leak) = leaks.first() else { return String::new() };
    let mut words = format!(
        "The field “{field}” had {} different values, each of them in one message only. By its name it is {}; but what \
         is new each time tells no two messages that they are of one phone.",
        leaks.len(),
        any(leak.kind)
    );
    sentence(&mut words, &devices::paragraph(merged, leaks));
    sentence(&mut words, &destination(merged, leak));
    sentence(&mut words, "A value that lasts may be hidden in it, where it is encrypted.");
    words
}

/// `What was sent to vnet.cn is labelled “application/encrypted-json”, and is only encoded`.
pub(super) fn fault_title(
    fault: ProtectionFault,
    to: Receiver<'_>,
    protection: &Protection,
    channel: Option<&Channel>,
) -> String {
    let to = receiver(to);
    match fault {
        ProtectionFault::LabelLies => {
            format!(
                "What was sent to {to} is labelled “{}”, and is {}",
                protection.label,
                openness(protection)
            )
        }
        ProtectionFault::OnlyTheChannel => {
            format!(
                "What was sent to {to} is protected by the connection only; the content is {}",
                openness(protection)
            )
        }
        ProtectionFault::OwnMaking => {
            format!(
                "Unreadable content was sent to {to} over an open connection: encryption of somebody’s own making"
            )
        }
        ProtectionFault::WeakChannel => {
            let weakness = channel.map_or("", |channel| channel.weakness.as_str());
            format!("Connections to {to} are weakly encrypted: {weakness}")
        }
    }
}

/// What it means, and how often it was seen. `opened` is whether some of what is unreadable was read by force.
pub(super) fn fault_paragraph(
    fault: ProtectionFault,
    protection: &Protection,
    (seen, opened): (&Seen, bool),
    channel: Option<&Channel>,
) -> String {
    let mut words = match seen.messages {
        1 => "Seen in one message".to_owned(),
        count => format!("Seen in {count} messages"),
    };
    if seen.bytes > 0 {
        words.push_str(&format!(" with {} bytes of content", seen.bytes));
    }
    words.push('.');
    sentence(
        &mut words,
        match (fault, protection.security) {
            (ProtectionFault::LabelLies, Security::Clear) => {
                "The label names an encryption that is not there: anyone on the way could read the content."
            }
            (ProtectionFault::LabelLies, Security::Encrypted) => {
                "The label names an encryption that is not there: only the connection around it was encrypted."
            }
            (ProtectionFault::OnlyTheChannel, _) => {
                "Nobody on the way could read it, but whoever ends the connection could: the receiver, and any service that it has put before its servers."
            }
            (ProtectionFault::OwnMaking, _) if opened => {
                "It is neither text nor of a form that is known. Some of it was opened without a secret, as other findings show: it protects against nobody who tries."
            }
            (ProtectionFault::OwnMaking, _) => {
                "The bytes are spread like those of a cipher. What they say could not be seen; such encryption is often weak. It may also be an unknown compression."
            }
            (ProtectionFault::WeakChannel, _) => "It protects less than what is usual today.",
        },
    );
    if let Some(channel) = channel {
        sentence(&mut words, &format!("{}, {}.", channel.protocol, channel.suite));
    }
    words
}

fn openness(protection: &Protection) -> String {
    match &protection.content {
        Content::Encoded(ways) => format!("only encoded ({}), which anyone can undo", ways.join(", then ")),
        Content::Readable => "readable as it stands".to_owned(),
        Content::Unreadable => "not readable".to_owned(),
    }
}

/// Where in the message: `field “data.imei” of the body, inside base64 > json; written as digits`.
pub(super) fn place(key: &SightingKey) -> String {
    let part = match key.carrier {
        Carrier::Body => "the body",
        Carrier::Cookie => "a cookie",
        Carrier::Header => "a header",
        Carrier::HostName => "a host name",
        Carrier::Path => "the path",
        Carrier::Query => "the query",
        Carrier::Raw => "the content of a message",
    };
    let part = match (key.carrier, key.field.as_str()) {
        (_, "") => part.to_owned(),
        (Carrier::HostName, domain) if domain.contains('.') => format!("{part} below “{domain}”"),
        (_, field) => format!("field “{field}” of {part}"),
    };
    let encodings = if key.encodings.is_empty() {
        String::new()
    } else {
        format!(", inside {}", key.encodings.join(" > "))
    };
    format!("{part}{encodings}; written as {}", key.form.0)
}

/// What names a destination.
pub(super) fn naming(destination: &Destination) -> String {
    let by = match destination.named_by.as_str() {
        "http host" => "the Host header of the request",
        "sni" => "the server name in the TLS hello",
        "coap host" => "the Uri-Host option of the CoAP request",
        "xmpp stream" => "the address that the XMPP stream was opened to",
        "dns answer" => "the DNS answer that gave the address",
        other => other,
    };
    format!("{} names {}", by, destination.endpoint.host)
}

fn what(leak: &Leak<'_>) -> String {
    let only_digests = leak.groups.iter().all(|(_, group)| digest(&group.key).is_some());
    match leak.grade() {
        Grade::Shaped if only_digests => format!("A hash of what looks like {}", any(leak.kind)),
        Grade::Known if only_digests => named(leak.kind, Grade::Derived),
        grade => named(leak.kind, grade),
    }
}

/// `The phone’s device number (IMEI)`.
pub(super) fn named(kind: IdentifierKind, grade: Grade) -> String {
    match grade {
        Grade::Known => prose::capital(&this(kind)),
        Grade::Derived => format!("A hash of {}", this(kind)),
        Grade::Shaped => format!("What looks like {}", any(kind)),
    }
}

/// The one of this phone or of its owner: `the phone’s device number (IMEI)`, `a contact's name`.
fn this(kind: IdentifierKind) -> String {
    if let Some((_, this, _)) = PHRASES.iter().find(|(known, ..)| *known == kind) {
        return (*this).to_owned();
    }
    let words = kind.words();
    match kind.subject() {
        Subject::Device => format!("the phone’s {}", words.strip_prefix("phone ").unwrap_or(words)),
        Subject::Owner => format!("the owner’s {words}"),
        Subject::ThirdPerson => format!("{} {words}", prose::article(words)),
    }
}

/// One of the kind, whosever it is: `a device number (IMEI)`.
fn any(kind: IdentifierKind) -> String {
    match PHRASES.iter().find(|(known, ..)| *known == kind) {
        Some((.., any)) => (*any).to_owned(),
        None => format!("{} {}", prose::article(kind.words()), kind.words()),
    }
}

/// Kinds of which nobody would say “the owner’s …” with their words: the one of this phone, and one of the kind.
const PHRASES: &[(IdentifierKind, &str, &str)] = {
    use IdentifierKind as Kind;
    &[
        (
            Kind::Bssid,
            "the address of a Wi-Fi access point near the phone",
            "the address of a Wi-Fi access point (tells the place)",
        ),
        (Kind::Canary, "a planted value", "a planted value"),
        (Kind::CellId, "the radio cell that the phone was in", "a radio cell (tells the place)"),
        (Kind::DeviceId, "a device identifier given by software", "a device identifier given by software"),
        (Kind::FileName, "the name of a file on the phone", "the name of a file"),
        (Kind::Hostname, "the phone’s name on the network", "the name of a device on the network"),
        (
            Kind::InstallId,
            "the identifier of an app’s installation",
            "the identifier of an app’s installation",
        ),
        (Kind::Locale, "the phone’s language and region", "a setting of language and region"),
        (
            Kind::LocationArea,
            "the area of the mobile network that the phone was in",
            "a location area of a mobile network",
        ),
        (Kind::MccMnc, "the code of the phone’s mobile network", "the code of a mobile network"),
        (Kind::MessageText, "the text of a message", "the text of a message"),
        (Kind::OperatorName, "the name of the mobile operator", "the name of a mobile operator"),
        (Kind::Package, "the name of an installed app", "the name of an installed app"),
        (Kind::PackageList, "the list of installed apps", "a list of installed apps"),
        (Kind::PhoneNumber, "the phone’s own telephone number", "a telephone number"),
        (Kind::Position, "the phone’s geographical position", "a geographical position"),
        (Kind::PublicIp, "the phone’s public internet address", "a public internet address"),
        (Kind::SearchWord, "a search term", "a search term"),
        (Kind::SongTitle, "the title of a song or video played", "the title of a song or video"),
        (Kind::Ssid, "the name of a Wi-Fi network", "the name of a Wi-Fi network"),
        (Kind::TypedWord, "a word typed on the phone", "a typed word"),
        (Kind::Url, "the address of a page visited", "the address of a page visited"),
    ]
};

fn receiver(receiver: Receiver<'_>) -> String {
    match receiver {
        // Of an entry that could not be read, nobody knows whom it was for.
        Receiver::Address("") => "an address that was not recorded".to_owned(),
        Receiver::Domain(name) | Receiver::Address(name) => name.to_owned(),
        Receiver::LocalNetwork => "the local network".to_owned(),
    }
}

fn protection(leak: &Leak<'_>) -> &'static str {
    match leak.receiver {
        Receiver::LocalNetwork => "",
        _ if leak.in_clear() => " in the clear",
        _ => " over an encrypted connection",
    }
}

fn seen(merged: &Merged, leak: &Leak<'_>) -> String {
    let label = if leak.label.is_empty() { String::new() } else { format!(" ({})", leak.label) };
    let how_often = how_often(merged, std::slice::from_ref(leak));
    format!("“{}”{label} was seen {how_often},", leak.value)
}

/// `in 3 messages, at 6 places`.
fn how_often(merged: &Merged, leaks: &[Leak<'_>]) -> String {
    let places: u64 = leaks.iter().map(Leak::count).sum();
    match (message_count(merged, leaks), places) {
        (None, places) => format!("at {places} places in messages"),
        (Some(1), 1) => "in one message".to_owned(),
        (Some(1), places) => format!("in one message, at {places} places"),
        (Some(messages), places) if messages >= places => format!("in {messages} messages"),
        (Some(messages), places) => format!("in {messages} messages, at {places} places"),
    }
}

fn written(leak: &Leak<'_>) -> String {
    // As it stands comes first: what follows is in other messages or places.
    let ways: BTreeSet<(bool, String)> = leak.groups.iter().map(|(_, group)| way(group)).collect();
    let more = ways.len().saturating_sub(WAYS);
    let told: Vec<&str> =
        ways.iter().take(WAYS).map(|(_, way)| way.strip_prefix("only ").unwrap_or(way)).collect();
    let rest = if more > 0 { format!("; also in {more} more ways") } else { String::new() };
    let only = if ways.first().is_some_and(|(_, way)| way.starts_with("only ")) { "only " } else { "" };
    format!("{only}{}{rest}", told.join("; also "))
}

/// Whether something hides it, and how it was written.
fn way(group: &SightingGroup) -> (bool, String) {
    let key = &group.key;
    let encoded: Vec<_> = key.encodings.iter().filter(|name| hides(name)).cloned().collect();
    let sent = group.proofs.first().map_or("", |proof| proof.found.as_str());
    let written = match (digest(key), encoded.is_empty()) {
        (Some(digest), _) if is_guessed(key.kind) => {
            format!("as its digest {digest}, “{sent}”, which can be undone by trying all values")
        }
        (Some(digest), _) => {
            format!("as its digest {digest}, “{sent}”, which is the same wherever it is made")
        }
        (_, true) => return (false, "readable as it stands".to_owned()),
        // Undone with a key or a guess, which is more than to decode it.
        _ if is_opened(group) => format!("hidden ({}), and opened", encoded.join(", ")),
        (_, false) => format!("only encoded ({})", encoded.join(", ")),
    };
    (true, written)
}

/// Whether the way to a value leads through what was hidden, and not only encoded.
fn is_opened(group: &SightingGroup) -> bool {
    let first = group.proofs.first();
    first.is_some_and(|proof| proof.trail.buffers.iter().any(|made| matches!(made.step, Step::Unmask(_))))
}

/// The function whose digest of the value was seen.
fn digest(key: &SightingKey) -> Option<&str> {
    let step = key.form.digest_step();
    step.or_else(|| (key.grade == Grade::Derived).then(|| key.form.0.split('/').next()).flatten())
}

/// Whether all values of a kind can be tried in hours or days: numbers of a plan, addresses with a known beginning.
/// 64 random bits, or a UUID, cannot.
fn is_guessed(kind: IdentifierKind) -> bool {
    use IdentifierKind as Kind;
    matches!(
        kind,
        Kind::BluetoothMac
            | Kind::Bssid
            | Kind::CallPeer
            | Kind::CellId
            | Kind::ContactNumber
            | Kind::Iccid
            | Kind::Imei
            | Kind::Imsi
            | Kind::LocationArea
            | Kind::MccMnc
            | Kind::Meid
            | Kind::PhoneNumber
            | Kind::PublicIp
            | Kind::SmsPeer
            | Kind::WifiMac
    )
}

/// Whether an encoding keeps a person from reading the value off the wire.
fn hides(encoding: &str) -> bool {
    !OPEN.contains(&encoding)
}

fn destination(merged: &Merged, leak: &Leak<'_>) -> String {
    let Some((_, group)) = leak.groups.first() else { return String::new() };
    let Some(destination) = merged.destinations.get(group.key.endpoint.0 as usize) else {
        return String::new();
    };
    let host = match destination.endpoint.host.as_str() {
        "" => destination.endpoint.address.clone(),
        host => format!("{host} ({})", destination.endpoint.address),
    };
    let owner = match &destination.owner {
        Some(owner) => format!(", run by {}", owner.run_by()),
        None => String::new(),
    };
    let holder = match destination.network.holder.as_str() {
        "" => String::new(),
        holder => format!(", in the network of {holder}"),
    };
    let located = destination.network.located.as_ref();
    let located = located.map(|country| format!(", an address thought to be in {}", name_of(&country.code)));
    let edge = match destination.network.edge.as_str() {
        "" => "",
        _ => ", though that network answers from many places",
    };
    let located = located.map(|located| located + edge);
    let passed_on = match leak.receiver {
        Receiver::Domain(domain) if super::receiver(destination) != leak.receiver => format!(
            " It stood in a name that was asked for: resolvers pass such a question on to the servers of {domain}."
        ),
        _ => String::new(),
    };
    format!("It went to {host}{owner}{holder}{}.{passed_on}", located.unwrap_or_default())
}

fn name_of(code: &str) -> String {
    facts::country::name(code).map_or_else(|| code.to_owned(), facts::country::in_sentence)
}

fn readable_by(leak: &Leak<'_>) -> &'static str {
    match leak.receiver {
        Receiver::LocalNetwork => "Every device on the same network could read it.",
        _ if leak.in_clear() => "Anyone on the way could read it.",
        _ => "The connection was encrypted; the receiver could read it.",
    }
}

fn lasts(leak: &Leak<'_>) -> &'static str {
    match (leak.kind.subject(), leak.kind.persistent()) {
        (Subject::ThirdPerson, _) => "It is data of another person, who was not asked.",
        // What was not compared may be that of an access point, say.
        (_, true) if leak.grade() == Grade::Shaped => {
            "If it is the phone’s own, it stays the same after a reset of the phone."
        }
        (_, true) => "It stays the same after a reset of the phone.",
        (_, false) => "",
    }
}

fn certainty(leak: &Leak<'_>) -> &'static str {
    match leak.grade() {
        Grade::Known => "",
        Grade::Derived => "It was computed from the profile’s value and compared.",
        Grade::Shaped if leak.groups.iter().any(|(_, group)| digest(&group.key).is_some()) => {
            "It was recognised by its name or form, and its digest by computing it from the value; it was not compared with the phone’s own value."
        }
        Grade::Shaped => {
            "It was recognised by its name or form; it was not compared with the phone’s own value."
        }
    }
}

pub(super) fn sentence(words: &mut String, more: &str) {
    if !more.is_empty() {
        words.push(' ');
        words.push_str(more);
    }
}

/// Decoders of what anyone reads as it stands.
const OPEN: [&str; 23] = [
    "cookie",
    "form",
    "form-value",
    "gsm-7bit",
    "html",
    "json",
    "json-lines",
    "json-string",
    "latin-1",
    "length-prefixed",
    "lines",
    "list",
    "multipart",
    "package",
    "path",
    "percent",
    "plist",
    "query",
    "text",
    "url",
    "websocket-mask",
    "xml",
    "xml-text",
];
/// How many ways of writing are told.
const WAYS: usize = 3;

/// How a digest was undone, and what that cost.
pub(super) fn hashed(how: &Hashed) -> String {
    let salt = match how.salt_from.as_str() {
        "" => String::new(),
        from => format!("; the salt is {from}"),
    };
    format!(
        " The digest {} was undone by making {} digests{salt}. The chance that so many tries give as good a match by \
         accident is {}.",
        how.form.0, how.tries, how.chance
    )
}

#[cfg(test)]
mod tests {
    use evidence::Form;

    use super::*;

    #[test]
    fn kinds_are_named_as_people_name_them() {
        use IdentifierKind as Kind;
        let rows = [
            (Kind::Imei, "The phone’s device number (IMEI)", "a device number (IMEI)"),
            (Kind::Model, "The phone’s model", "a phone model"),
            (Kind::SongTitle, "The title of a song or video played", "the title of a song or video"),
            (Kind::Imsi, "The owner’s subscriber number (IMSI)", "a subscriber number (IMSI)"),
            (Kind::ContactName, "A contact's name", "a contact's name"),
            (Kind::TypedWord, "A word typed on the phone", "a typed word"),
        ];
        for (kind, known, shaped) in rows {
            assert_eq!(named(kind, Grade::Known), known);
            assert_eq!(named(kind, Grade::Shaped), format!("What looks like {shaped}"));
        }
        assert_eq!(named(Kind::Url, Grade::Derived), "A hash of the address of a page visited");
    }

    /// What no output knows for a digest would be told as if the value stood there.
    #[test]
    fn every_function_has_a_name() {
        for function in unmask::hashed::Algorithm::ALL {
            for step in [function.name().to_owned(), format!("hmac-{}(key=salt,value)", function.name())] {
                assert!(Form::function(&step).is_some(), "{step}");
            }
        }
        let form = Form("colon-upper/md5[..8]/hex".to_owned());
        assert_eq!((form.digest_step(), form.digest()), (Some("md5[..8]"), Some("MD5")));
    }
}
