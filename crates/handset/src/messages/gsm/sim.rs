//! APDUs between the phone and the SIM to messages (3GPP TS 51.011, TS 31.111; ETSI TS 102 221).

use super::{
    address,
    cut::Cut,
    tpdu::read_tpdu,
    transport::{Bearer, Carried},
};
use crate::messages::Direction;

/// Reads an APDU with its response, as GSMTAP carries it.
pub(super) fn apdu(bytes: &[u8], at: u64) -> Option<Carried> {
    let mut cut = Cut::new(bytes, at);
    let [_class, instruction, _, _, length] = *cut.take(5)?.bytes().first_chunk()?;
    match instruction {
        ENVELOPE => toolkit(cut.take(length.into())?),
        FETCH => toolkit(cut),
        READ_RECORD | UPDATE_RECORD if length == RECORD => record(cut.take(length.into())?),
        _ => None,
    }
}

/// A record of EF_SMS (TS 51.011, 10.5.3): status, service centre, TPDU, filled up with 0xFF.
///
/// Which file is selected is not known here: that a record of 176 bytes reads as a message decides.
fn record(mut cut: Cut<'_>) -> Option<Carried> {
    let status = cut.byte()?;
    let direction = match status & 7 {
        1 | 3 => Direction::Incoming,
        5 | 7 => Direction::Outgoing,
        _ => return None,
    };
    let centre = address::centre(&mut cut)?;
    let tpdu = read_tpdu(cut.bytes(), cut.at(), direction)?;
    Some(Carried { direction, bearer: Bearer::SimRecord { status }, centre, reference: None, tpdu })
}

/// SMS-PP download (TS 31.111, 7.1.1.2) or SEND SHORT MESSAGE (6.6.9): both hold an address and a TPDU.
fn toolkit(mut cut: Cut<'_>) -> Option<Carried> {
    let tag = cut.byte()?;
    let (direction, bearer) = match tag {
        0xd0 => (Direction::Outgoing, Bearer::SimCommand),
        0xd1 => (Direction::Incoming, Bearer::SimDownload),
        _ => return None,
    };
    let mut body = ber(&mut cut)?;
    let (mut centre, mut tpdu) = (None, None);
    while let Some((tag, value)) = body.byte().and_then(|tag| Some((tag & 0x7f, ber(&mut body)?))) {
        match tag {
            0x06 => centre = address::bare(value),
            0x0b => tpdu = read_tpdu(value.bytes(), value.at(), direction),
            _ => {}
        }
    }
    Some(Carried { direction, bearer, centre, reference: None, tpdu: tpdu? })
}

/// What a BER length of one or two bytes announces.
fn ber<'a>(cut: &mut Cut<'a>) -> Option<Cut<'a>> {
    let length = match cut.byte()? {
        0x81 => cut.byte()?,
        length if length < 0x80 => length,
        _ => return None,
    };
    cut.take(length.into())
}

const ENVELOPE: u8 = 0xc2;
const FETCH: u8 = 0x12;
const READ_RECORD: u8 = 0xb2;
const UPDATE_RECORD: u8 = 0xdc;

/// Bytes of a record of EF_SMS.
const RECORD: u8 = 176;
