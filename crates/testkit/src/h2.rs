//! HTTP/2 frames (RFC 9113) and header blocks (RFC 7541), put together by hand.

/// What a client sends first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames.
pub const DATA: u8 = 0;
/// A field section.
pub const HEADERS: u8 = 1;
/// A stream is not wanted any more.
pub const RST_STREAM: u8 = 3;
/// What a side asks for.
pub const SETTINGS: u8 = 4;
/// A request that the server will answer itself.
pub const PUSH_PROMISE: u8 = 5;
/// A question for life.
pub const PING: u8 = 6;
/// Farewell.
pub const GOAWAY: u8 = 7;
/// Room for data.
pub const WINDOW_UPDATE: u8 = 8;
/// More of a field section.
pub const CONTINUATION: u8 = 9;

/// Flag: the stream ends.
pub const END: u8 = 1;
/// Flag: the field section ends.
pub const HEAD: u8 = 4;
/// Flag: padding follows.
pub const PADDED: u8 = 8;
/// Flag: a priority comes first.
pub const PRIORITY: u8 = 0x20;

/// A frame. Payloads over 16 MiB lose their end.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX).min(0xff_ffff);
    let mut frame = (len << 8 | u32::from(kind)).to_be_bytes().to_vec();
    frame.push(flags);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A field of a table, static (from 1 on) or dynamic (from 62 on).
pub fn indexed(index: usize) -> Vec<u8> {
    integer(7, 0x80, index)
}

/// A field that goes into the dynamic table: name and value are [`plain`] or [`coded`] strings.
pub fn insert(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0x40], name, value].concat()
}

/// A field with a table's name that goes into the dynamic table.
pub fn insert_named(index: usize, value: &[u8]) -> Vec<u8> {
    [&integer(6, 0x40, index), value].concat()
}

/// A field that goes into no table.
pub fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0], name, value].concat()
}

/// A string as it is.
pub fn plain(text: &[u8]) -> Vec<u8> {
    [&integer(7, 0, text.len()), text].concat()
}

/// A string that was Huffman-coded.
pub fn coded(code: &[u8]) -> Vec<u8> {
    [&integer(7, 0x80, code.len()), code].concat()
}

/// An integer in the lowest `prefix` bits of `first` and the bytes behind it (RFC 7541 section 5.1).
pub fn integer(prefix: u32, first: u8, value: usize) -> Vec<u8> {
    let mask = (1usize << prefix) - 1;
    let low = |value: usize| u8::try_from(value & 0xff).unwrap_or(0);
    if value < mask {
        return vec![first | low(value)];
    }
    let mut bytes = vec![first | low(mask)];
    let mut rest = value - mask;
    while rest >= 0x80 {
        bytes.push(low(rest & 0x7f) | 0x80);
        rest >>= 7;
    }
    bytes.push(low(rest));
    bytes
}
