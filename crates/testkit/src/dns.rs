//! DNS messages (RFC 1035 section 4).

use std::net::{Ipv4Addr, Ipv6Addr};

/// Record type A.
pub const A: u16 = 1;
/// Record type CNAME.
pub const CNAME: u16 = 5;
/// Record type AAAA.
pub const AAAA: u16 = 28;

/// What an answer record points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Another name.
    Cname(&'a str),
}

/// A query for one name.
pub fn query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    message(id, 0x0100, (name, kind), &[])
}

/// A response to it: the answers are owner name and data, names written out in full.
pub fn response(id: u16, question: (&str, u16), answers: &[(&str, Data<'_>)]) -> Vec<u8> {
    message(id, 0x8180, question, answers)
}

/// A response that says that there is no such name (NXDOMAIN).
pub fn no_such_name(id: u16, question: (&str, u16)) -> Vec<u8> {
    message(id, 0x8183, question, &[])
}

fn message(id: u16, flags: u16, (name, kind): (&str, u16), answers: &[(&str, Data<'_>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for field in [id, flags, 1, answers.len() as u16, 0, 0] {
        out.extend(field.to_be_bytes());
    }
    put_name(&mut out, name);
    out.extend(kind.to_be_bytes());
    out.extend(CLASS_IN.to_be_bytes());
    for (owner, data) in answers {
        put_name(&mut out, owner);
        put_data(&mut out, *data);
    }
    out
}

fn put_data(out: &mut Vec<u8>, data: Data<'_>) {
    let mut bytes = Vec::new();
    let kind = match data {
        Data::A(address) => {
            bytes.extend(address.octets());
            A
        }
        Data::Aaaa(address) => {
            bytes.extend(address.octets());
            AAAA
        }
        Data::Cname(name) => {
            put_name(&mut bytes, name);
            CNAME
        }
    };
    out.extend(kind.to_be_bytes());
    out.extend(CLASS_IN.to_be_bytes());
    out.extend(TIME_TO_LIVE.to_be_bytes());
    out.extend((bytes.len() as u16).to_be_bytes());
    out.extend(bytes);
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
}

const CLASS_IN: u16 = 1;
/// Seconds.
const TIME_TO_LIVE: u32 = 300;
