//! Short messages as the radio and the SIM carry them.
//!
//! A [`Radio`] takes the payloads of GSMTAP packets, one after the other, and gives the messages in them:
//! GSMTAP → LAPDm or an APDU or a layer 3 message → CP-DATA → RP-DATA → TPDU. What was written to the SIM
//! comes out as well, told apart by its [`Bearer`].

mod address;
mod cut;
mod gsmtap;
mod header;
mod lapdm;
mod sim;
mod text;
mod time;
mod tpdu;
mod transport;

pub use gsmtap::{GSMTAP_PORT, GsmTap, Heard, Radio, sms_of};
pub use header::{Element, Ports, TextPart};
pub use text::{Coding, SEPTETS, SEPTETS_BEHIND_HEADER, replay};
pub use time::{ServiceTime, Validity};
pub use tpdu::{Tpdu, TpduKind, read_pdu, read_tpdu};
pub use transport::{Bearer, Carried, read_rpdu};
