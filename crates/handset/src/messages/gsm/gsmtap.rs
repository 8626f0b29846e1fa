//! GSMTAP packets (osmocom's `gsmtap.h`) to the messages in them.

use std::{collections::BTreeMap, ops::Range};

use super::{
    lapdm, sim,
    transport::{self, Carried},
};
use crate::Found;

/// The UDP port of GSMTAP.
pub const GSMTAP_PORT: u16 = 4729;

/// The header of a packet, version 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GsmTap {
    /// What the payload is: 1 the air interface, 2 A-bis, 4 the SIM, 18 LTE's NAS.
    pub kind: u8,
    /// The timeslot.
    pub timeslot: u8,
    /// The channel's number.
    pub arfcn: u16,
    /// From the phone.
    pub uplink: bool,
    /// The frame number.
    pub frame: u32,
    /// For the air interface the channel's kind.
    pub channel: u8,
    /// The sub-slot.
    pub subslot: u8,
    /// Bytes of the header.
    pub length: usize,
}

impl GsmTap {
    /// Reads the header; none where it is not of version 2.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let head: &[u8; 16] = payload.first_chunk()?;
        let [2, words, kind, timeslot, arfcn_high, arfcn_low, _, _, f0, f1, f2, f3, channel, _, subslot, _] =
            *head
        else {
            return None;
        };
        let length = usize::from(words).checked_mul(4).filter(|it| (16..=payload.len()).contains(it))?;
        let arfcn = u16::from_be_bytes([arfcn_high, arfcn_low]);
        let frame = u32::from_be_bytes([f0, f1, f2, f3]);
        let uplink = arfcn & 0x4000 != 0;
        Some(Self { kind, timeslot, arfcn: arfcn & 0x3fff, uplink, frame, channel, subslot, length })
    }
}

/// A message, and where its bytes stood.
///
/// The ranges in [`carried`](Self::carried) count in the message as it was put together, whose pieces are
/// [`from`](Self::from); [`places`](Self::places) leads from one to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The message.
    pub carried: Carried,
    /// The pieces: the payload's index, and the range in that payload.
    pub from: Vec<Found<u64>>,
}

impl Heard {
    /// Where a range of the message stood: the payload's index and the range in it.
    pub fn places(&self, range: Range<u64>) -> Vec<Found<u64>> {
        let mut at = 0u64;
        let mut places = Vec::new();
        for piece in &self.from {
            let length = piece.end.saturating_sub(piece.start);
            let (first, last) = (range.start.max(at), range.end.min(at.saturating_add(length)));
            if first < last {
                let place = |it: u64| piece.start.saturating_add(it.saturating_sub(at));
                places.push(Found::new(piece.value, place(first)..place(last)));
            }
            at = at.saturating_add(length);
        }
        places
    }
}

/// Follows the channels of a capture and puts messages together that several frames carry.
#[derive(Debug, Default)]
pub struct Radio {
    links: BTreeMap<Channel, lapdm::Link>,
}

/// What tells one link from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Channel(u16, u8, u8, u8, bool);

impl Radio {
    /// Takes the payload of a UDP packet; `index` is the caller's name for it. A message whose last byte it
    /// carries comes back.
    pub fn push(&mut self, index: u64, payload: &[u8]) -> Option<Heard> {
        let head = GsmTap::read(payload)?;
        let body = payload.get(head.length..)?;
        let at = u64::try_from(head.length).ok()?;
        match head.kind {
            AIR => self.air(&head, index, body, at),
            A_BIS | LTE_NAS => whole(transport::layer3(body, 0), index, at, body),
            SIM => whole(sim::apdu(body, 0), index, at, body),
            _ => None,
        }
    }

    fn air(&mut self, head: &GsmTap, index: u64, body: &[u8], at: u64) -> Option<Heard> {
        // Associated slow channels have two bytes of power and timing before the frame.
        let skip = if head.channel & SLOW != 0 { 2 } else { 0 };
        let bytes = body.get(skip..)?;
        let at = at.saturating_add(u64::try_from(skip).ok()?);
        let channel = Channel(head.arfcn, head.timeslot, head.subslot, head.channel, head.uplink);
        if lapdm::sets_up(bytes) {
            // Both directions begin anew.
            for uplink in [false, true] {
                self.links
                    .entry(Channel(head.arfcn, head.timeslot, head.subslot, head.channel, uplink))
                    .or_default()
                    .reset();
            }
        }
        let frame = lapdm::frame(bytes, at)?;
        if self.links.len() > MOST_LINKS {
            self.links.clear();
        }
        let (message, from) = self.links.entry(channel).or_default().push(&frame, index)?;
        Some(Heard { carried: transport::layer3(&message, 0)?, from })
    }
}

/// The message that one payload carries whole; the ranges count from the payload's first byte.
pub fn sms_of(payload: &[u8]) -> Option<Found<Carried>> {
    let heard = Radio::default().push(0, payload)?;
    let [piece] = heard.from.as_slice() else { return None };
    let range = piece.bytes();
    // Read again where it stands, so that its ranges count from there.
    let body = payload.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)?;
    let carried = match GsmTap::read(payload)?.kind {
        SIM => sim::apdu(body, range.start),
        _ => transport::layer3(body, range.start),
    }?;
    Some(Found::new(carried, range))
}

fn whole(carried: Option<Carried>, index: u64, at: u64, body: &[u8]) -> Option<Heard> {
    let end = at.saturating_add(u64::try_from(body.len()).ok()?);
    Some(Heard { carried: carried?, from: vec![Found::new(index, at..end)] })
}

const AIR: u8 = 0x01;
const A_BIS: u8 = 0x02;
const SIM: u8 = 0x04;
const LTE_NAS: u8 = 0x12;

/// The bit of `channel` for slow associated channels.
const SLOW: u8 = 0x80;

/// Channels followed at a time; a cell has far fewer.
const MOST_LINKS: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Radio, sms_of};
    use crate::messages::{
        Direction,
        gsm::{Bearer, read_rpdu, tpdu::tests::hex},
    };

    /// SUBMIT of `hellohello` to +46708251358 without a period.
    const TPDU: &str = "01 07 0B 91 6407281553F8 00 00 0A E8329BFD4697D9EC37";

    /// RP-DATA from the phone in CP-DATA.
    fn cp_data() -> Vec<u8> {
        let tpdu = hex(TPDU);
        let mut rp = hex("00 2A 00 07 91 7283010010F5");
        rp.push(u8::try_from(tpdu.len()).unwrap());
        rp.extend(tpdu);
        let mut cp = vec![0x09, 0x01, u8::try_from(rp.len()).unwrap()];
        cp.extend(rp);
        cp
    }

    fn gsmtap(kind: u8, channel: u8, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![2, 4, kind, 1, 0x40, 0x0c, 0, 0, 0, 0, 0, 1, channel, 0, 0, 0];
        packet.extend(body);
        packet
    }

    /// The message in numbered frames of 23 bytes.
    fn frames(message: &[u8], slow: bool) -> Vec<Vec<u8>> {
        let room = if slow { 18 } else { 20 };
        let last = message.len().div_ceil(room) - 1;
        let framed = |(at, piece): (usize, &[u8])| {
            let number = u8::try_from(at % 8).unwrap() << 1;
            let length = u8::try_from(piece.len()).unwrap() << 2 | u8::from(at < last) << 1 | 1;
            let mut frame = if slow { vec![5, 0] } else { Vec::new() };
            frame.extend([0x0d, number, length]);
            frame.extend(piece);
            frame.resize(23, 0x2b);
            gsmtap(1, if slow { 0x88 } else { 8 }, &frame)
        };
        message.chunks(room).enumerate().map(framed).collect()
    }

    #[test]
    fn a_message_of_several_frames() {
        for slow in [false, true] {
            let packets = frames(&cp_data(), slow);
            assert!(packets.len() > 1);
            let mut radio = Radio::default();
            let mut heard = Vec::new();
            for (packet, index) in packets.iter().zip(10..) {
                heard.extend(radio.push(index, packet));
                // The radio repeats what was not acknowledged.
                heard.extend(radio.push(index, packet));
            }
            let [one] = &heard[..] else { panic!("one message") };
            assert_eq!((one.carried.direction, one.carried.bearer), (Direction::Outgoing, Bearer::Radio));
            assert_eq!(one.carried.centre.as_ref().unwrap().value, "+27381000015");
            let text = one.carried.tpdu.text.as_ref().unwrap();
            assert_eq!(text.value, "hellohello");
            let mut bytes = Vec::<u8>::new();
            for place in one.places(text.bytes()) {
                let packet = &packets[usize::try_from(place.value - 10).unwrap()];
                bytes.extend(
                    &packet[usize::try_from(place.start).unwrap()..usize::try_from(place.end).unwrap()],
                );
            }
            assert_eq!(bytes, hex("E8329BFD4697D9EC37"));
        }
    }

    #[test]
    fn a_message_in_nas_containers() {
        let cp = cp_data();
        let length = u8::try_from(cp.len()).unwrap();
        for head in [vec![0x07, 0x63, length], vec![0x17, 1, 2, 3, 4, 5, 0x07, 0x63, length], vec![]] {
            let body = [head.clone(), cp.clone()].concat();
            let packet = gsmtap(0x12, 0, &body);
            let found = sms_of(&packet).expect("a message");
            let text = found.value.tpdu.text.unwrap();
            let range = usize::try_from(text.start).unwrap()..usize::try_from(text.end).unwrap();
            assert_eq!(packet[range], hex("E8329BFD4697D9EC37"));
        }
        // In a SIP message the RPDU stands alone.
        assert_eq!(
            read_rpdu(&cp[3..], 3).map(|it| it.tpdu.text.unwrap().value).as_deref(),
            Some("hellohello")
        );
        // Ciphered: nothing can be said.
        assert!(sms_of(&gsmtap(0x12, 0, &[0x27, 1, 2, 3, 4, 5, 0x99, 0x88])).is_none());
    }

    #[test]
    fn what_the_sim_sees() {
        let tpdu = hex(TPDU);
        let mut record = hex("05 07 91 7283010010F5");
        record.extend(&tpdu);
        record.resize(176, 0xff);
        let update = [hex("A0 DC 01 04 B0"), record, hex("90 00")].concat();
        let found = sms_of(&gsmtap(4, 0, &update)).expect("a record");
        assert_eq!(found.value.bearer, Bearer::SimRecord { status: 5 });
        assert_eq!(found.value.tpdu.text.unwrap().value, "hellohello");

        let inner =
            [hex("81 03 01 13 00 82 02 81 83 8B"), vec![u8::try_from(tpdu.len()).unwrap()], tpdu].concat();
        let fetch =
            [hex("A0 12 00 00"), vec![0, 0xd0, u8::try_from(inner.len()).unwrap()], inner, hex("90 00")]
                .concat();
        let found = sms_of(&gsmtap(4, 0, &fetch)).expect("a command");
        assert_eq!((found.value.bearer, found.value.direction), (Bearer::SimCommand, Direction::Outgoing));

        let deliver = hex("40 04 81 2143 7F F6 91301270145080 05 02 70 00 AABB");
        let inner = [
            hex("82 02 83 81 06 07 91 7283010010F5 8B"),
            vec![u8::try_from(deliver.len()).unwrap()],
            deliver,
        ]
        .concat();
        let length = u8::try_from(inner.len()).unwrap();
        let envelope = [hex("A0 C2 00 00"), vec![length + 2, 0xd1, length], inner, hex("90 00")].concat();
        let found = sms_of(&gsmtap(4, 0, &envelope)).expect("a download");
        assert_eq!(found.value.bearer, Bearer::SimDownload);
        assert_eq!(found.value.centre.unwrap().value, "+27381000015");
        assert_eq!(found.value.tpdu.data.value, [0xaa, 0xbb]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not(
            kind in proptest::sample::select(vec![1u8, 2, 4, 0x12]),
            packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..20),
        ) {
            let mut radio = Radio::default();
            for packet in packets {
                let packet = gsmtap(kind, 8, &packet);
                radio.push(0, &packet);
                sms_of(&packet);
            }
        }

        #[test]
        fn a_damaged_message_never_panics(at in 0usize..64, byte: u8) {
            let mut message = cp_data();
            let length = message.len();
            message[at % length] = byte;
            let mut radio = Radio::default();
            for packet in frames(&message, false) {
                radio.push(0, &packet);
            }
        }
    }
}
