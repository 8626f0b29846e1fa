//! Writes TLS: hellos, handshake messages, records.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may stop where it is wrong")]

/// Bytes behind their length of one, two or three bytes.
pub(crate) fn vector(width: usize, bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&len[4 - width..], bytes].concat()
}

/// An extension.
pub(crate) fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(2, data)].concat()
}

/// The extension with the server's name.
pub(crate) fn server_name(name: &str) -> Vec<u8> {
    extension(0, &vector(2, &[&[0][..], &vector(2, name.as_bytes())].concat()))
}

/// The extension with protocols.
pub(crate) fn alpn(names: &[&str]) -> Vec<u8> {
    let names: Vec<u8> = names.iter().flat_map(|name| vector(1, name.as_bytes())).collect();
    extension(16, &vector(2, &names))
}

/// A handshake message.
pub(crate) fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &vector(3, body)].concat()
}

/// A client hello, as a handshake message.
pub(crate) fn client_hello(suites: &[u16], extensions: &[Vec<u8>]) -> Vec<u8> {
    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let parts = [
        &b"\x03\x03"[..],
        &[7; 32],
        &vector(1, b""),
        &vector(2, &suites),
        b"\x01\x00",
        &vector(2, &extensions.concat()),
    ];
    handshake(1, &parts.concat())
}

/// A client hello as apps send it.
pub(crate) fn hello_to(name: &str) -> Vec<u8> {
    let versions = extension(43, b"\x06\x5a\x5a\x03\x04\x03\x03");
    client_hello(
        &[0x1a1a, 0x1301, 0xc02f],
        &[extension(0x2a2a, b""), server_name(name), alpn(&["h2", "http/1.1"]), versions],
    )
}

/// A server hello, as a handshake message.
pub(crate) fn server_hello(suite: u16, extensions: &[Vec<u8>]) -> Vec<u8> {
    let parts = [
        &b"\x03\x03"[..],
        &[9; 32],
        &vector(1, b""),
        &suite.to_be_bytes(),
        b"\x00",
        &vector(2, &extensions.concat()),
    ];
    handshake(2, &parts.concat())
}

/// The server hello of TLS 1.3.
pub(crate) fn server_hello_13() -> Vec<u8> {
    server_hello(0x1301, &[extension(43, b"\x03\x04")])
}

/// A message with certificates.
pub(crate) fn certificates(ders: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = ders.iter().flat_map(|der| vector(3, der)).collect();
    handshake(11, &vector(3, &list))
}

/// A record of that content type.
pub(crate) fn record(content: u8, bytes: &[u8]) -> Vec<u8> {
    [&[content, 3, 3][..], &vector(2, bytes)].concat()
}

/// Handshake bytes in records of `size` bytes each.
pub(crate) fn records(handshake: &[u8], size: usize) -> Vec<u8> {
    handshake.chunks(size).flat_map(|piece| record(22, piece)).collect()
}
