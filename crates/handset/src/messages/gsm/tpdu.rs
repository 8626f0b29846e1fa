//! TPDUs to messages (3GPP TS 23.040, 9.2.2).

use super::{
    address,
    cut::Cut,
    header::{self, Element, Ports, TextPart},
    text::{self, Coding},
    time::{self, ServiceTime, Validity},
};
use crate::{Found, Oddity, messages::Direction};

/// A TPDU that carries a message or tells of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tpdu {
    /// What it is.
    pub kind: TpduKind,
    /// The other side: TP-OA, TP-DA or TP-RA.
    pub peer: Option<Found<String>>,
    /// TP-MR: the phone's number for the message.
    pub reference: Option<u8>,
    /// TP-PID; 0x40 is a message the phone must not show ("type 0").
    pub protocol: Option<u8>,
    /// TP-DCS.
    pub scheme: Option<u8>,
    /// TP-SCTS: when the service centre had it.
    pub received: Option<Found<ServiceTime>>,
    /// TP-DT: when it was delivered, in a report.
    pub discharged: Option<Found<ServiceTime>>,
    /// TP-ST: how it went, in a report; below 0x20 it was delivered.
    pub status: Option<u8>,
    /// TP-VP.
    pub validity: Option<Validity>,
    /// A report on the delivery is asked for (TP-SRR).
    pub report: bool,
    /// The elements of the user data header.
    pub header: Vec<Found<Element>>,
    /// The place in a longer text.
    pub part: Option<TextPart>,
    /// The application it is for.
    pub ports: Option<Ports>,
    /// Where TP-UDL and TP-UD stand, all of it; true where a header is in it.
    pub user: Found<bool>,
    /// The user data behind the header, as the bytes that hold them.
    pub data: Found<Vec<u8>>,
    /// Their text; none for bytes and compressed text.
    pub text: Option<Found<String>>,
    /// What was odd.
    pub oddities: Vec<Oddity>,
}

/// The kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TpduKind {
    /// To the phone.
    Deliver,
    /// To the phone: what became of a message it had sent.
    StatusReport,
    /// From the phone.
    Submit,
}

impl Tpdu {
    fn new(kind: TpduKind, at: u64) -> Self {
        Self {
            kind,
            peer: None,
            reference: None,
            protocol: None,
            scheme: None,
            received: None,
            discharged: None,
            status: None,
            validity: None,
            report: false,
            header: Vec::new(),
            part: None,
            ports: None,
            user: Found::new(false, at..at),
            data: Found::new(Vec::new(), at..at),
            text: None,
            oddities: Vec::new(),
        }
    }

    /// How the user data are written.
    pub fn coding(&self) -> Coding {
        Coding::new(self.scheme.unwrap_or(0))
    }

    /// The phone must neither show nor keep it (TP-PID 0x40, section 9.2.3.9).
    pub fn is_silent(&self) -> bool {
        self.kind == TpduKind::Deliver && self.protocol == Some(0x40)
    }
}

/// Reads a TPDU whose first byte stands at `at` of the input.
///
/// None where it is no DELIVER, SUBMIT or STATUS-REPORT, or ends before the user data; a report to a message
/// carries none. The kinds of both directions share numbers, so `direction` must be known.
pub fn read_tpdu(bytes: &[u8], at: u64, direction: Direction) -> Option<Tpdu> {
    let mut cut = Cut::new(bytes, at);
    let first = cut.byte()?;
    let mut tpdu = match (first & 3, direction) {
        (0, Direction::Incoming) => deliver(&mut cut)?,
        (1, Direction::Outgoing) => submit(first, &mut cut)?,
        (2, Direction::Incoming) => return status_report(first, &mut cut),
        _ => return None,
    };
    user_data(&mut tpdu, first & 0x40 != 0, &mut cut)?;
    Some(tpdu)
}

/// Reads what modems print in PDU mode, as bytes: the service centre's address, then the TPDU.
pub fn read_pdu(bytes: &[u8], at: u64, direction: Direction) -> Option<(Option<Found<String>>, Tpdu)> {
    let mut cut = Cut::new(bytes, at);
    let centre = address::centre(&mut cut)?;
    Some((centre, read_tpdu(cut.bytes(), cut.at(), direction)?))
}

fn deliver(cut: &mut Cut<'_>) -> Option<Tpdu> {
    let mut tpdu = Tpdu::new(TpduKind::Deliver, cut.at());
    tpdu.peer = Some(address::peer(cut)?);
    tpdu.protocol = Some(cut.byte()?);
    tpdu.scheme = Some(cut.byte()?);
    tpdu.received = a_time(cut, &mut tpdu.oddities)?;
    Some(tpdu)
}

fn submit(first: u8, cut: &mut Cut<'_>) -> Option<Tpdu> {
    let mut tpdu = Tpdu::new(TpduKind::Submit, cut.at());
    tpdu.report = first & 0x20 != 0;
    tpdu.reference = Some(cut.byte()?);
    tpdu.peer = Some(address::peer(cut)?);
    tpdu.protocol = Some(cut.byte()?);
    tpdu.scheme = Some(cut.byte()?);
    tpdu.validity = time::validity(first >> 3, cut)?;
    Some(tpdu)
}

fn status_report(first: u8, cut: &mut Cut<'_>) -> Option<Tpdu> {
    let mut tpdu = Tpdu::new(TpduKind::StatusReport, cut.at());
    tpdu.reference = Some(cut.byte()?);
    tpdu.peer = Some(address::peer(cut)?);
    tpdu.received = a_time(cut, &mut tpdu.oddities)?;
    tpdu.discharged = a_time(cut, &mut tpdu.oddities)?;
    tpdu.status = Some(cut.byte()?);
    // TP-PI says which of the rest is there (section 9.2.3.27).
    let present = cut.byte().unwrap_or(0);
    tpdu.protocol = (present & 1 != 0).then(|| cut.byte()).flatten();
    tpdu.scheme = (present & 2 != 0).then(|| cut.byte()).flatten();
    if present & 4 != 0 {
        user_data(&mut tpdu, first & 0x40 != 0, cut);
    }
    Some(tpdu)
}

fn a_time(cut: &mut Cut<'_>, oddities: &mut Vec<Oddity>) -> Option<Option<Found<ServiceTime>>> {
    let at = cut.at();
    let time = time::service_time(cut)?;
    if time.is_none() {
        oddities.push(Oddity::new("peer sent a message with a time that is none", "", at));
    }
    Some(time)
}

/// TP-UDL and TP-UD: the length counts septets or bytes, and the header lies before the text.
fn user_data(tpdu: &mut Tpdu, has_header: bool, cut: &mut Cut<'_>) -> Option<()> {
    let start = cut.at();
    let length = usize::from(cut.byte()?);
    let coding = tpdu.coding();
    let needed = if coding == Coding::Septets { length.saturating_mul(7).div_ceil(8) } else { length };
    let mut data = cut.take_up_to(needed);
    if data.bytes().len() < needed {
        let detail = format!("{needed} bytes announced, {} there", data.bytes().len());
        tpdu.oddities.push(Oddity::new("peer sent a message that ends early", detail, data.at()));
    }
    let whole = data;
    tpdu.user = Found::new(has_header, start..whole.range().end);
    let header = if has_header { read_header(tpdu, &mut data) } else { 0 };
    tpdu.data = Found::new(data.bytes().to_vec(), data.range());
    let text = match coding {
        Coding::Bytes | Coding::Compressed => return Some(()),
        Coding::Ucs2 => text::ucs2(data.bytes()),
        Coding::Septets => {
            // Fill bits bring the text to the next septet.
            let skip = header.saturating_mul(8).div_ceil(7);
            text::septets(whole.bytes(), skip.saturating_mul(7), length.saturating_sub(skip))
        }
    };
    tpdu.text = Some(Found::new(text, data.range()));
    Some(())
}

/// Takes the header off; its bytes with the length.
fn read_header(tpdu: &mut Tpdu, data: &mut Cut<'_>) -> usize {
    let (start, before) = (data.at(), data.bytes().len());
    let Some(header) = data.counted() else {
        tpdu.oddities.push(Oddity::new("peer sent a message whose header is longer than it", "", start));
        return before.saturating_sub(data.bytes().len());
    };
    let (elements, whole) = header::elements(header);
    if !whole {
        tpdu.oddities.push(Oddity::new("peer sent a message whose header ends early", "", start));
    }
    if header::national(&elements) {
        tpdu.oddities.push(Oddity::new(
            "peer sent a text in a national alphabet, read as the default one",
            "",
            start,
        ));
    }
    tpdu.part = header::part(&elements);
    tpdu.ports = header::ports(&elements);
    tpdu.header = elements;
    before.saturating_sub(data.bytes().len())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{Direction, Ports, TextPart, TpduKind, Validity, read_pdu, read_tpdu};

    /// Bytes written as hex digits, spaces between them allowed.
    pub(crate) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<char> = text.chars().filter(|it| !it.is_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
            .collect()
    }

    /// SMSC +27381000015, SUBMIT without a period, `hellohello` (the example of many modem manuals).
    const SUBMIT: &str = "00 11 00 0B 91 6407281553F8 00 00 AA 0A E8329BFD4697D9EC37";

    #[test]
    fn a_message_sent() {
        let (centre, tpdu) = read_pdu(&hex(SUBMIT), 100, Direction::Outgoing).unwrap();
        assert_eq!((centre, tpdu.kind), (None, TpduKind::Submit));
        let peer = tpdu.peer.unwrap();
        assert_eq!((peer.value.as_str(), peer.bytes()), ("+46708251358", 103..111));
        let text = tpdu.text.unwrap();
        assert_eq!((text.value.as_str(), text.bytes()), ("hellohello", 115..124));
        assert!(matches!(tpdu.validity, Some(Validity::For(it)) if it.as_secs() == 4 * 86_400));
        assert_eq!(tpdu.oddities, []);
    }

    #[test]
    fn a_message_received() {
        let bytes =
            hex("07 91 7283010010F5 04 0B C8 7238880900F1 00 00 993092516195 80 0A E8329BFD4697D9EC37");
        let (centre, tpdu) = read_pdu(&bytes, 0, Direction::Incoming).unwrap();
        assert_eq!(centre.unwrap().value, "+27381000015");
        assert_eq!(tpdu.peer.unwrap().value, "27838890001");
        assert_eq!(tpdu.received.unwrap().value.at.to_string(), "1999-03-29T13:16:59.000000Z");
        assert_eq!(tpdu.text.unwrap().value, "hellohello");
        assert!(read_pdu(&bytes, 0, Direction::Outgoing).is_none());
    }

    #[test]
    fn parts_with_fill_bits() {
        // Header of six bytes, one fill bit, then `hello` shifted by it.
        let bytes = hex("41 07 0B 91 6407281553F8 00 00 0C 05 00 03 2A 02 01 D0 65 36 FB 0D");
        let tpdu = read_tpdu(&bytes, 0, Direction::Outgoing).unwrap();
        assert_eq!(tpdu.part, Some(TextPart { reference: 42, total: 2, number: 1 }));
        assert_eq!(tpdu.text.unwrap().value, "hello");
        assert_eq!(tpdu.reference, Some(7));
    }

    #[test]
    fn ports_and_other_alphabets() {
        let bytes = hex("40 04 81 2143 00 04 91301270145080 0A 06 05 04 0B84 23F0 AABBCC");
        let tpdu = read_tpdu(&bytes, 0, Direction::Incoming).unwrap();
        assert_eq!(tpdu.ports, Some(Ports { destination: 2948, source: 9200 }));
        assert_eq!((tpdu.peer.unwrap().value.as_str(), tpdu.text), ("1234", None));
        assert_eq!(tpdu.data.value, [0xaa, 0xbb, 0xcc]);
        // A name as the sender, a text in UCS-2 with a 16-bit reference, and a message nobody shall see.
        let bytes = hex("40 0A D0 C7F7FBCC2E 40 08 91301270145080 0D 06 08 04 0102 03 02 017E D83D DE00");
        let tpdu = read_tpdu(&bytes, 0, Direction::Incoming).unwrap();
        assert!(tpdu.is_silent());
        assert_eq!(tpdu.part, Some(TextPart { reference: 0x0102, total: 3, number: 2 }));
        assert_eq!(tpdu.peer.unwrap().value, "Google"[..5].to_owned());
        assert_eq!(tpdu.text.unwrap().value, "ž😀");
    }

    #[test]
    fn a_report() {
        let bytes = hex("06 07 0B 91 6407281553F8 91301270145080 91301270145580 00");
        let tpdu = read_tpdu(&bytes, 0, Direction::Incoming).unwrap();
        assert_eq!((tpdu.kind, tpdu.reference, tpdu.status), (TpduKind::StatusReport, Some(7), Some(0)));
        assert_eq!(tpdu.discharged.unwrap().value.at.since(tpdu.received.unwrap().value.at), 50_000_000_000);
    }

    #[test]
    fn a_cut_message_gives_its_beginning() {
        let bytes = hex(SUBMIT);
        let tpdu = read_pdu(&bytes[..bytes.len() - 4], 0, Direction::Outgoing).unwrap().1;
        assert_eq!(tpdu.text.unwrap().value, "hello");
        assert_eq!(tpdu.oddities[0].what, "peer sent a message that ends early");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for direction in [Direction::Incoming, Direction::Outgoing] {
                if let Some(tpdu) = read_tpdu(&bytes, 0, direction) {
                    prop_assert!(tpdu.data.end <= u64::try_from(bytes.len()).unwrap());
                }
            }
        }
    }
}
