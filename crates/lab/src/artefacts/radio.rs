//! Text messages as a receiver heard them: TPDU (3GPP TS 23.040) in RP-DATA (TS 24.011) in LAPDm frames
//! (TS 44.006) in GSMTAP, over UDP from one machine to another beside the phone's network.

use std::net::Ipv4Addr;

use evidence::Timestamp;
use testkit::{Endpoint, packet};
use virtnet::{Direction, Frame, Part, Recording};

use super::{local, messages};
use crate::{
    LabError, Scenario,
    script::{Message, Played},
};

/// Adds the datagrams of all messages to a recording.
pub(super) fn add(scenario: &Scenario, played: &Played, recording: &mut Recording) -> Result<(), LabError> {
    for (index, message) in played.messages.iter().enumerate() {
        let reference = u8::try_from(index % 256).unwrap_or(0);
        for (number, datagram) in datagrams(scenario, message, reference)?.into_iter().enumerate() {
            let at = message.at.saturating_add(FRAME.saturating_mul(i64::try_from(number).unwrap_or(0)));
            let bytes = packet::udp(&receiver(1, 43_210), &receiver(2, GSMTAP), &datagram);
            recording.frames.push(Frame {
                time: Timestamp(at),
                bytes,
                direction: if message.is_outgoing { Direction::Out } else { Direction::In },
                part: Part::Network(0),
            });
        }
    }
    recording.frames.sort_by_key(|frame| frame.time);
    Ok(())
}

fn receiver(last: u8, port: u16) -> Endpoint {
    Endpoint::new([2, 0, 0x5e, 0, 2, last], Ipv4Addr::new(10, 23, 0, last), port)
}

fn datagrams(scenario: &Scenario, message: &Message, reference: u8) -> Result<Vec<Vec<u8>>, LabError> {
    let rp = rp_data(scenario, message, reference)?;
    let mut cp = vec![if message.is_outgoing { 0x09 } else { 0x89 }, 1, length(&rp)?];
    cp.extend(rp);
    let last = cp.len().div_ceil(ROOM).saturating_sub(1);
    let framed = cp.chunks(ROOM).enumerate().map(|(at, piece)| {
        let number = u8::try_from(at % 8).unwrap_or(0) << 1;
        let size = u8::try_from(piece.len()).unwrap_or(0) << 2 | u8::from(at < last) << 1 | 1;
        // Service access point 3, a command of this side.
        let mut frame = vec![if message.is_outgoing { 0x0d } else { 0x0f }, number, size];
        frame.extend(piece);
        frame.resize(23, 0x2b);
        gsmtap(message.is_outgoing, at, &frame)
    });
    Ok(framed.collect())
}

/// The header of GSMTAP, version 2: air interface, timeslot 1, channel 12, SDCCH/8.
fn gsmtap(is_uplink: bool, number: usize, frame: &[u8]) -> Vec<u8> {
    let number = u8::try_from(number % 256).unwrap_or(0);
    let uplink = if is_uplink { 0x40 } else { 0 };
    let mut packet = vec![2, 4, 1, 1, uplink, 12, 0, 0, 0, 0, 0, number, 8, 0, 0, 0];
    packet.extend(frame);
    packet
}

fn rp_data(scenario: &Scenario, message: &Message, reference: u8) -> Result<Vec<u8>, LabError> {
    let centre = messages::centre(scenario);
    let digits = semi_octets(&centre);
    let mut address = vec![u8::try_from(digits.len()).unwrap_or(0).saturating_add(1), INTERNATIONAL];
    address.extend(digits);
    let tpdu = if message.is_outgoing { submit(message, reference)? } else { deliver(scenario, message)? };
    let mut rp = vec![if message.is_outgoing { 0 } else { 1 }, reference];
    if message.is_outgoing {
        rp.push(0);
        rp.extend(address);
    } else {
        rp.extend(address);
        rp.push(0);
    }
    rp.push(length(&tpdu)?);
    rp.extend(tpdu);
    Ok(rp)
}

fn submit(message: &Message, reference: u8) -> Result<Vec<u8>, LabError> {
    let mut tpdu = vec![0x01, reference];
    tpdu.extend(peer(&message.peer));
    tpdu.push(0);
    tpdu.extend(user_data(&message.text, &[])?);
    Ok(tpdu)
}

fn deliver(scenario: &Scenario, message: &Message) -> Result<Vec<u8>, LabError> {
    let mut tpdu = vec![0x04];
    tpdu.extend(peer(&message.peer));
    tpdu.push(0);
    let time = local(scenario, message.at.saturating_sub(1_800_000_000));
    let quarters = scenario.start.offset().whole_minutes() / 15;
    let zone = swapped(u8::try_from(quarters.unsigned_abs()).unwrap_or(0)) | if quarters < 0 { 8 } else { 0 };
    let year = u8::try_from(time.year().rem_euclid(100)).unwrap_or(0);
    let fields = [year, time.month().into(), time.day(), time.hour(), time.minute(), time.second()];
    let stamp: Vec<u8> = fields.into_iter().map(swapped).chain([zone]).collect();
    tpdu.extend(user_data(&message.text, &stamp)?);
    Ok(tpdu)
}

/// Two decimal digits, the units in the high half (TS 23.040 section 9.1.2.3).
fn swapped(value: u8) -> u8 {
    ((value % 10) << 4) | (value / 10 % 10)
}

/// TP-OA or TP-DA; a name where it is no number would need letters, which no message here has.
fn peer(number: &str) -> Vec<u8> {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let kind = if number.starts_with('+') { INTERNATIONAL } else { 0x81 };
    let mut out = vec![u8::try_from(digits).unwrap_or(0), kind];
    out.extend(semi_octets(number));
    out
}

fn semi_octets(number: &str) -> Vec<u8> {
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).map(|digit| digit & 0x0f).collect();
    let octet = |pair: &[u8]| match pair {
        [low, high] => high << 4 | low,
        [low] => 0xf0 | low,
        _ => 0xff,
    };
    digits.chunks(2).map(octet).collect()
}

/// TP-DCS, what stands between, TP-UDL and TP-UD: seven bits where the text allows it, else UCS-2.
fn user_data(text: &str, between: &[u8]) -> Result<Vec<u8>, LabError> {
    let is_plain =
        text.chars().all(|c| c.is_ascii_alphanumeric() || " .,:;-+/=?!()*#%&'\"<>\r\n".contains(c));
    let (scheme, count, data) = if is_plain && text.len() <= 160 {
        (0, text.len(), septets(text.as_bytes()))
    } else {
        let data: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        (8, data.len(), data)
    };
    if data.len() > 140 {
        return Err(LabError::Scenario(format!("a message is too long: {text}")));
    }
    let mut out = vec![scheme];
    out.extend(between);
    out.push(u8::try_from(count).unwrap_or(0));
    out.extend(data);
    Ok(out)
}

/// Seven bits each, the first in the lowest bits (TS 23.038 section 6.1.2.1). In what is let in here, the
/// alphabet is ASCII's.
fn septets(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0u16, 0u32);
    for byte in text {
        held |= u16::from(byte & 0x7f) << bits;
        bits = bits.saturating_add(7);
        if bits >= 8 {
            out.push(u8::try_from(held & 0xff).unwrap_or(0));
            held >>= 8;
            bits = bits.saturating_sub(8);
        }
    }
    if bits > 0 {
        out.push(u8::try_from(held & 0xff).unwrap_or(0));
    }
    out
}

fn length(bytes: &[u8]) -> Result<u8, LabError> {
    u8::try_from(bytes.len()).map_err(|_| LabError::scenario("a message is too long for the radio"))
}

/// Type of number: international, in the numbering plan of telephones.
const INTERNATIONAL: u8 = 0x91;

/// UDP port of GSMTAP.
const GSMTAP: u16 = 4729;

/// Bytes of a message in one LAPDm frame.
const ROOM: usize = 20;

/// From one frame to the next of the same channel: 51 frames of 4.615 ms.
const FRAME: i64 = 235_365_000;
