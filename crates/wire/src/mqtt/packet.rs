//! One MQTT packet to its kind, names and values (MQTT 3.1.1 sections 2 and 3, MQTT 5 sections 2 and 3).

use std::ops::Range;

use crate::{
    NamedHead, Part, Role,
    packets::{Length, Odd},
    protocol::Verdict,
};

/// What a packet is (MQTT 5 section 2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Auth,
    Connect,
    ConnectAck,
    Disconnect,
    /// Acknowledgements of a publication.
    Publication,
    Ping,
    Publish,
    Subscribe,
    /// Acknowledgements of subscribing and the opposite.
    Subscription,
    Unsubscribe,
}

/// What was read of a packet.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) kind: Kind,
    pub(super) head: NamedHead,
    pub(super) parts: Vec<Part>,
    /// The payload of a publication.
    pub(super) body: Range<usize>,
    /// The protocol level that holds from here on.
    pub(super) level: u8,
    /// The number that the topic gets, or stands for it.
    pub(super) alias: Option<u16>,
    /// Where and how it breaks the rules.
    pub(super) odd: Option<(usize, &'static str)>,
}

/// How long the packet is that begins with the first of `bytes`.
pub(super) fn length(bytes: &[u8]) -> Length {
    let Some((&first, rest)) = bytes.split_first() else { return Length::More };
    if Kind::of(first).is_none() {
        return Length::Odd(Odd { what: UNKNOWN, needed: "a kind of 1 to 15 and its flags", found: first });
    }
    match variable(rest) {
        Some(Ok((len, size))) => Length::Of(len.saturating_add(1).saturating_add(size as u64)),
        Some(Err(())) => Length::Odd(Odd {
            what: "peer sent an MQTT packet with a length of more than four bytes",
            needed: "a fourth byte below 0x80",
            found: rest.get(3).copied().unwrap_or_default(),
        }),
        None => Length::More,
    }
}

/// Whether a flawless packet begins with the first of `bytes`: so that after a gap nothing is taken for one.
pub(super) fn plausible(bytes: &[u8], level: u8) -> Verdict {
    match length(bytes) {
        Length::More => Verdict::More,
        Length::Odd(_) => Verdict::No,
        Length::Of(total) => match usize::try_from(total).ok().filter(|total| *total <= PLAUSIBLE) {
            None => Verdict::No,
            Some(total) => match bytes.get(..total) {
                None => Verdict::More,
                Some(packet) if Reading::of(packet, level).odd.is_none() => Verdict::Yes,
                Some(_) => Verdict::No,
            },
        },
    }
}

impl Kind {
    /// By the first byte of a packet: its flags must be those that the kind has.
    fn of(first: u8) -> Option<Self> {
        Some(match (first >> 4, first & 15) {
            (1, 0) => Self::Connect,
            (2, 0) => Self::ConnectAck,
            (3, flags) if flags & 6 != 6 => Self::Publish,
            (4 | 5 | 7, 0) | (6, 2) => Self::Publication,
            // MQTT 3.1 repeats these with the flag for it set.
            (6, 10) => Self::Publication,
            (8, 2 | 10) => Self::Subscribe,
            (9 | 11, 0) => Self::Subscription,
            (10, 2 | 10) => Self::Unsubscribe,
            (12 | 13, 0) => Self::Ping,
            (14, 0) => Self::Disconnect,
            (15, 0) => Self::Auth,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Auth => "AUTH",
            Self::Connect => "CONNECT",
            Self::ConnectAck => "",
            Self::Disconnect => "DISCONNECT",
            Self::Publication | Self::Subscription => "ACK",
            Self::Ping => "PING",
            Self::Publish => "PUBLISH",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
        }
    }
}

impl Reading {
    /// Reads a packet, or what there is of it.
    pub(super) fn of(bytes: &[u8], level: u8) -> Self {
        let first = bytes.first().copied().unwrap_or_default();
        let kind = Kind::of(first).unwrap_or(Kind::Ping);
        let head = NamedHead { method: kind.name().to_owned(), ..NamedHead::default() };
        let found = Self { kind, head, parts: Vec::new(), body: 0..0, level, alias: None, odd: None };
        let size = match variable(bytes.get(1..).unwrap_or_default()) {
            Some(Ok((_, size))) => size,
            Some(Err(())) | None => bytes.len(),
        };
        let mut reader = Reader { bytes, at: (1 + size).min(bytes.len()), found };
        if let Err(what) = reader.read(first) {
            reader.found.odd = Some((reader.at.min(bytes.len().saturating_sub(1)), what));
        }
        reader.found
    }

    /// Whether there is nothing in it but numbers: an acknowledgement, a ping.
    pub(super) fn says_nothing(&self) -> bool {
        let confirms = !matches!(self.kind, Kind::Connect | Kind::ConnectAck | Kind::Publish);
        confirms && self.parts.is_empty() && self.odd.is_none()
    }
}

/// Reads one packet.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    found: Reading,
}

type Read<T> = Result<T, &'static str>;

impl Reader<'_> {
    fn read(&mut self, first: u8) -> Read<()> {
        match self.found.kind {
            Kind::Connect => self.connect(),
            Kind::ConnectAck => self.connect_ack(),
            Kind::Publish => return self.publish(first),
            Kind::Subscribe | Kind::Unsubscribe => self.topics(),
            Kind::Publication | Kind::Subscription => self.acknowledgement(first),
            Kind::Disconnect | Kind::Auth => self.reason(),
            Kind::Ping => Ok(()),
        }?;
        if self.at < self.bytes.len() {
            Err("peer sent an MQTT packet with bytes behind its end")
        } else {
            Ok(())
        }
    }

    /// MQTT 5 section 3.1.
    fn connect(&mut self) -> Read<()> {
        self.text()?;
        self.found.level = self.byte()?;
        let flags = self.byte()?;
        self.number()?;
        self.properties()?;
        let client = self.named("client-id")?;
        self.found.head.target = self.words(&client);
        if flags & 4 != 0 {
            self.properties()?;
            self.named("will-topic")?;
            self.named("will-payload")?;
        }
        if flags & 0x80 != 0 {
            self.named("user-name")?;
        }
        if flags & 0x40 != 0 {
            self.named("password")?;
        }
        Ok(())
    }

    /// MQTT 5 section 3.2.
    fn connect_ack(&mut self) -> Read<()> {
        self.byte()?;
        self.found.head.status = u16::from(self.byte()?);
        self.properties()
    }

    /// MQTT 5 section 3.3.
    fn publish(&mut self, first: u8) -> Read<()> {
        let topic = self.named("topic")?;
        self.found.head.target = self.words(&topic);
        if first & 6 != 0 {
            self.number()?;
        }
        self.properties()?;
        self.found.body = self.at..self.bytes.len();
        Ok(())
    }

    /// MQTT 5 sections 3.8 and 3.10.
    fn topics(&mut self) -> Read<()> {
        self.number()?;
        self.properties()?;
        while self.at < self.bytes.len() {
            let topic = self.named("topic-filter")?;
            if self.found.head.target.is_empty() {
                self.found.head.target = self.words(&topic);
            }
            if self.found.kind == Kind::Subscribe {
                self.byte()?;
            }
        }
        Ok(())
    }

    /// MQTT 5 sections 3.4 to 3.7, 3.9 and 3.11.
    fn acknowledgement(&mut self, first: u8) -> Read<()> {
        self.number()?;
        if self.found.kind != Kind::Subscription {
            return self.reason();
        }
        self.properties()?;
        let codes = match (first >> 4, self.found.level) {
            (9, _) => GRANTED,
            (_, 5..) => RELEASED,
            // Before MQTT 5 there was nothing to say of unsubscribing.
            _ => &[],
        };
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|code| codes.contains(code)).count();
        if self.at < self.bytes.len() {
            self.found.body = self.at..self.bytes.len();
            return Err("peer sent an MQTT acknowledgement with other bytes than codes");
        }
        Ok(())
    }

    /// A reason and properties, which may both be left out (MQTT 5 sections 3.4.2.1 and 3.14.2.1).
    fn reason(&mut self) -> Read<()> {
        if self.at < self.bytes.len() {
            self.byte()?;
        }
        if self.at < self.bytes.len() { self.properties() } else { Ok(()) }
    }

    /// MQTT 5 section 2.2.2.
    fn properties(&mut self) -> Read<()> {
        if self.found.level < 5 {
            return Ok(());
        }
        let (len, size) = match variable(self.bytes.get(self.at..).unwrap_or_default()) {
            Some(Ok(found)) => found,
            Some(Err(())) | None => return Err(SHORT),
        };
        self.at += size;
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        let end = end.filter(|end| *end <= self.bytes.len()).ok_or(SHORT)?;
        while self.at < end {
            self.property()?;
        }
        if self.at > end { Err("peer sent an MQTT property that ends behind its list") } else { Ok(()) }
    }

    fn property(&mut self) -> Read<()> {
        match self.byte()? {
            1 | 23 | 25 | 36 | 37 | 40..=42 => self.skip(1),
            2 | 17 | 24 | 39 => self.skip(4),
            3 => {
                let media = self.named("content-type")?;
                self.found.head.media = self.words(&media);
                Ok(())
            }
            8 => self.named("response-topic").map(drop),
            9 => self.named("correlation-data").map(drop),
            11 => match variable(self.bytes.get(self.at..).unwrap_or_default()) {
                Some(Ok((_, size))) => self.skip(size),
                Some(Err(())) | None => Err(SHORT),
            },
            18 => self.named("assigned-client-id").map(drop),
            19 | 33 | 34 => self.skip(2),
            21 => self.named("authentication-method").map(drop),
            22 => self.named("authentication-data").map(drop),
            26 => self.named("response-information").map(drop),
            28 => self.named("server-reference").map(drop),
            31 => self.named("reason").map(drop),
            35 => {
                self.found.alias = Some(self.number()?);
                Ok(())
            }
            38 => self.pair(),
            _ => Err("peer sent an MQTT property that is not known"),
        }
    }

    /// A user property: name and value.
    fn pair(&mut self) -> Read<()> {
        let name = self.text()?;
        let value = self.text()?;
        self.push("", name, value)
    }

    /// A text or bytes behind their length, which are a part of that name.
    fn named(&mut self, name: &'static str) -> Read<Range<usize>> {
        let value = self.text()?;
        if !value.is_empty() {
            self.push(name, 0..0, value.clone())?;
        }
        Ok(value)
    }

    fn push(&mut self, known: &'static str, name: Range<usize>, value: Range<usize>) -> Read<()> {
        if self.found.parts.len() >= PARTS {
            return Err("peer sent an MQTT packet with more fields than are named one by one");
        }
        self.found.parts.push(Part { role: Role::Header, name, value });
        self.found.head.names.push(known);
        Ok(())
    }

    fn text(&mut self) -> Read<Range<usize>> {
        let len = usize::from(self.number()?);
        let start = self.at;
        // What there is of a cut text is still told.
        let end = start.saturating_add(len).min(self.bytes.len());
        self.at = end;
        if end - start < len && self.found.parts.len() < PARTS {
            self.found.parts.push(Part { role: Role::Header, name: 0..0, value: start..end });
            self.found.head.names.push("");
            return Err(SHORT);
        }
        Ok(start..end)
    }

    fn words(&self, range: &Range<usize>) -> String {
        let bytes = self.bytes.get(range.clone()).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(..bytes.len().min(WORDS)).unwrap_or_default()).into_owned()
    }

    fn number(&mut self) -> Read<u16> {
        Ok(u16::from(self.byte()?) << 8 | u16::from(self.byte()?))
    }

    fn byte(&mut self) -> Read<u8> {
        let byte = *self.bytes.get(self.at).ok_or(SHORT)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, count: usize) -> Read<()> {
        self.at = self.at.checked_add(count).filter(|at| *at <= self.bytes.len()).ok_or(SHORT)?;
        Ok(())
    }
}

/// A number of one to four bytes and how many they are (MQTT 5 section 1.5.5); `None` where more must come.
fn variable(bytes: &[u8]) -> Option<Result<(u64, usize), ()>> {
    let mut sum = 0;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        sum |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some(Ok((sum, at + 1)));
        }
    }
    (bytes.len() >= 4).then_some(Err(()))
}

/// Codes of SUBACK (MQTT 3.1.1 section 3.9.3, MQTT 5 section 3.9.3).
const GRANTED: &[u8] = &[0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2];
/// Codes of UNSUBACK (MQTT 5 section 3.11.3).
const RELEASED: &[u8] = &[0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91];
const UNKNOWN: &str = "peer sent an MQTT packet of an unknown kind";
const SHORT: &str = "peer sent an MQTT packet that ends within a field";
/// Fields named one by one.
const PARTS: usize = 1024;
/// The longest topic or name kept in a head.
const WORDS: usize = 2048;
/// The longest packet that is believed in after a gap.
const PLAUSIBLE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(bytes: &[u8], level: u8) -> Vec<(String, String)> {
        let reading = Reading::of(bytes, level);
        let text = |range: &Range<usize>| String::from_utf8_lossy(&bytes[range.clone()]).into_owned();
        let named = reading.parts.iter().zip(&reading.head.names);
        named
            .map(|(part, name)| match name.is_empty() {
                true => (text(&part.name), text(&part.value)),
                false => ((*name).to_owned(), text(&part.value)),
            })
            .collect()
    }

    #[test]
    fn packets_are_read() {
        let rows: [(&[u8], u8, &str); 9] = [
            (
                b"\x10\x28\0\x04MQTT\x04\xc6\0\x3c\0\x04id-1\0\x04will\0\x04gone\0\x04user\0\x04pass\0",
                4,
                "CONNECT id-1: client-id=id-1 will-topic=will will-payload=gone user-name=user password=pass, behind",
            ),
            (
                b"\x10\x1f\0\x04MQTT\x05\x02\0\x3c\x0d\x26\0\x03key\0\x05value\0\x05phone",
                4,
                "CONNECT phone: key=value client-id=phone",
            ),
            (b"\x20\x02\0\x05", 4, " 5"),
            (b"\x30\x08\0\x03a/bxyz", 4, "PUBLISH a/b: topic=a/b \"xyz\""),
            (
                b"\x32\x1a\0\x03a/b\0\x07\x0d\x03\0\x0aimage/jpeg{}",
                5,
                "PUBLISH a/b: topic=a/b content-type=image/jpeg \"{}\"",
            ),
            (b"\x82\x0d\0\x01\0\x03a/+\x01\0\x02b#\0", 4, "SUBSCRIBE a/+: topic-filter=a/+ topic-filter=b#"),
            (b"\xc0\0", 4, "PING "),
            (b"\x40\x02\0\x07", 4, "ACK "),
            (b"\x30\x08\0\x20a/bxyz", 4, "PUBLISH : =a/bxyz, odd"),
        ];
        for (bytes, level, expected) in rows {
            let reading = Reading::of(bytes, level);
            let mut line = format!("{} {}", reading.head.method, reading.head.target);
            if reading.head.status > 0 {
                line += &reading.head.status.to_string();
            }
            let parts: Vec<_> =
                parts(bytes, level).iter().map(|(name, value)| format!("{name}={value}")).collect();
            if !parts.is_empty() {
                line += &format!(": {}", parts.join(" "));
            }
            if !reading.body.is_empty() {
                line += &format!(" \"{}\"", bytes[reading.body.clone()].escape_ascii());
            }
            line += match reading.odd {
                Some((_, what)) if what.contains("behind its end") => ", behind",
                Some(_) => ", odd",
                None => "",
            };
            assert_eq!(line, expected);
        }
    }

    #[test]
    fn lengths_have_one_to_four_bytes() {
        let rows: [(&[u8], Length); 5] = [
            (b"\x30\x7f", Length::Of(129)),
            (b"\x30\x80\x01", Length::Of(131)),
            (b"\x30\xff\xff\xff\x7f", Length::Of(268_435_455 + 5)),
            (b"\x30\x80\x80", Length::More),
            (
                b"\x36\x01",
                Length::Odd(Odd { what: UNKNOWN, needed: "a kind of 1 to 15 and its flags", found: 0x36 }),
            ),
        ];
        for (bytes, expected) in rows {
            assert_eq!(length(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
