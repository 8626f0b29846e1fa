//! Layer 3 to TPDUs: CP-DATA and RP-DATA (3GPP TS 24.011, 7 and 8), and the NAS containers of LTE and 5G that
//! carry CP-DATA (TS 24.301, 8.2.12 and 8.2.30; TS 24.501, 8.2.10 and 8.2.11).

use super::{
    address,
    cut::Cut,
    tpdu::{Tpdu, read_tpdu},
};
use crate::{Found, messages::Direction};

/// A message as one transfer carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Which way it went.
    pub direction: Direction,
    /// How it was seen.
    pub bearer: Bearer,
    /// The service centre.
    pub centre: Option<Found<String>>,
    /// RP-MR: its number in the transfer; a repeated transfer has the same.
    pub reference: Option<u8>,
    /// The message.
    pub tpdu: Tpdu,
}

/// How a message was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bearer {
    /// On the radio.
    Radio,
    /// The SIM told the phone to send it (the toolkit's SEND SHORT MESSAGE).
    SimCommand,
    /// The phone handed it to the SIM, unseen (the toolkit's SMS-PP download).
    SimDownload,
    /// Written to the SIM's own store, or read from it, with the record's status byte.
    SimRecord {
        /// 1 read, 3 to be read, 5 sent, 7 to be sent (TS 51.011, 10.5.3).
        status: u8,
    },
}

/// Reads an RPDU whose first byte stands at `at`: what the body `application/vnd.3gpp.sms` of a SIP MESSAGE is
/// (TS 24.341, 5.3), where messages go over IMS. None where it is no RP-DATA with a message.
pub fn read_rpdu(bytes: &[u8], at: u64) -> Option<Carried> {
    rp(Cut::new(bytes, at))
}

/// Reads a layer 3 message whose first byte stands at `at`: CP-DATA, alone or in a NAS container. None where
/// it carries no message, or is ciphered.
pub(super) fn layer3(bytes: &[u8], at: u64) -> Option<Carried> {
    let mut cut = Cut::new(bytes, at);
    match *bytes.first()? {
        0x7e => nas5(cut),
        first if first & 15 == 7 => nas(first, cut),
        first if first & 15 == 9 => cp(&mut cut),
        _ => None,
    }
}

/// EPS mobility management: plain, or behind six bytes of integrity protection.
fn nas(first: u8, mut cut: Cut<'_>) -> Option<Carried> {
    match first >> 4 {
        0 => {
            cut.byte()?;
            matches!(cut.byte()?, 0x62 | 0x63).then(|| cp(&mut cut.counted()?)).flatten()
        }
        1..=4 => {
            cut.take(6)?;
            let inner = *cut.bytes().first()?;
            (inner == 7).then(|| nas(inner, cut)).flatten()
        }
        _ => None,
    }
}

/// 5GS mobility management, the same way; the payload's kind 2 is a message.
fn nas5(mut cut: Cut<'_>) -> Option<Carried> {
    cut.byte()?;
    if cut.byte()? & 15 != 0 {
        cut.take(5)?;
        if (cut.byte()?, cut.byte()? & 15) != (0x7e, 0) {
            return None;
        }
    }
    if !matches!(cut.byte()?, 0x67 | 0x68) || cut.byte()? & 15 != 2 {
        return None;
    }
    let length = u16::from_be_bytes([cut.byte()?, cut.byte()?]);
    cp(&mut cut.take(length.into())?)
}

/// CP-DATA (7.2.1): the protocol, the type 1, a length, the RPDU.
fn cp(cut: &mut Cut<'_>) -> Option<Carried> {
    if cut.byte()? & 15 != 9 || cut.byte()? != 1 {
        return None;
    }
    rp(cut.counted()?)
}

/// RP-DATA (7.3.1): its type is the direction.
fn rp(mut cut: Cut<'_>) -> Option<Carried> {
    let direction = match cut.byte()? & 7 {
        0 => Direction::Outgoing,
        1 => Direction::Incoming,
        _ => return None,
    };
    let reference = Some(cut.byte()?);
    // The originator is empty from the phone, the destination to it.
    let originator = address::centre(&mut cut)?;
    let destination = address::centre(&mut cut)?;
    let user = cut.counted()?;
    let tpdu = read_tpdu(user.bytes(), user.at(), direction)?;
    let centre = originator.or(destination);
    Some(Carried { direction, bearer: Bearer::Radio, centre, reference, tpdu })
}
