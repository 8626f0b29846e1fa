//! Frames to capture files: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng).
//!
//! Both writers count the bytes they wrote, so that a test knows the file offset of every frame.

use std::io::{self, Write};

use crate::Wire;

/// Link type Ethernet.
pub const ETHERNET: u16 = 1;
/// Link type raw IPv4 or IPv6.
pub const RAW: u16 = 101;

/// How a pcap file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PcapStyle {
    /// Numbers big-endian.
    pub big_endian: bool,
    /// Times in nanoseconds, else microseconds.
    pub nanoseconds: bool,
    /// Link type.
    pub link: u16,
    /// At most this many bytes of a frame are kept.
    pub snapshot: u32,
}

impl Default for PcapStyle {
    /// Little-endian, microseconds, Ethernet, 262,144 bytes.
    fn default() -> Self {
        Self { big_endian: false, nanoseconds: false, link: ETHERNET, snapshot: 262_144 }
    }
}

/// Writes a pcap file.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
    style: PcapStyle,
    written: u64,
}

impl<W: Write> PcapWriter<W> {
    /// Begins a file: writes its header.
    pub fn new(mut out: W, style: PcapStyle) -> io::Result<Self> {
        let numbers = Numbers(style.big_endian);
        let mut header = Vec::with_capacity(24);
        let magic = if style.nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        header.extend(numbers.u32(magic));
        header.extend(numbers.u16(2));
        header.extend(numbers.u16(4));
        header.extend([0; 8]);
        header.extend(numbers.u32(style.snapshot));
        header.extend(numbers.u32(u32::from(style.link)));
        out.write_all(&header)?;
        Ok(Self { out, style, written: 24 })
    }

    /// Writes a frame, cut to the snapshot length. `time` in nanoseconds since 1970. Gives the file offset
    /// of its first byte.
    pub fn frame(&mut self, time: i64, bytes: &[u8]) -> io::Result<u64> {
        self.frame_of(time, bytes, u32::try_from(bytes.len()).unwrap_or(u32::MAX))
    }

    /// The same for a frame that was `original` bytes long on the wire.
    pub fn frame_of(&mut self, time: i64, bytes: &[u8], original: u32) -> io::Result<u64> {
        let numbers = Numbers(self.style.big_endian);
        let kept = bytes.get(..self.style.snapshot as usize).unwrap_or(bytes);
        let unit = if self.style.nanoseconds { 1 } else { 1000 };
        let mut header = [0; 16];
        let fields = [
            time.div_euclid(SECOND) as u32,
            (time.rem_euclid(SECOND) / unit) as u32,
            kept.len() as u32,
            original,
        ];
        for (place, field) in header.chunks_exact_mut(4).zip(fields) {
            place.copy_from_slice(&numbers.u32(field));
        }
        self.out.write_all(&header)?;
        self.out.write_all(kept)?;
        let start = self.written + 16;
        self.written = start + kept.len() as u64;
        Ok(start)
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

impl<W: Write> Wire for PcapWriter<W> {
    fn put(&mut self, time: i64, bytes: &[u8]) -> io::Result<()> {
        self.frame(time, bytes).map(|_| ())
    }
}

/// Writes a pcapng file. As a [`Wire`] it writes enhanced packet blocks of interface 0.
#[derive(Debug)]
pub struct PcapngWriter<W> {
    out: W,
    big_endian: bool,
    written: u64,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a file: writes a section header and, as interface 0, an Ethernet interface that counts
    /// nanoseconds.
    pub fn new(out: W, big_endian: bool) -> io::Result<Self> {
        let mut writer = Self::bare(out, big_endian)?;
        writer.interface(ETHERNET, &[(IF_TSRESOL, &[9])])?;
        Ok(writer)
    }

    /// The same without an interface: the caller describes those that frames name.
    pub fn bare(out: W, big_endian: bool) -> io::Result<Self> {
        let mut writer = Self { out, big_endian, written: 0 };
        writer.section(&[])?;
        Ok(writer)
    }

    /// Begins another section. Its interfaces count from 0 again.
    pub fn section(&mut self, options: &[(u16, &[u8])]) -> io::Result<()> {
        let numbers = Numbers(self.big_endian);
        let mut body = Vec::from(numbers.u32(0x1a2b_3c4d));
        body.extend(numbers.u16(1));
        body.extend(numbers.u16(0));
        body.extend([0xff; 8]);
        self.put_options(&mut body, options);
        self.block(0x0a0d_0d0a, &body).map(|_| ())
    }

    /// Describes the section's next interface. Without an [`IF_TSRESOL`] option its times are microseconds;
    /// [`frame`](Self::frame) writes nanoseconds.
    pub fn interface(&mut self, link: u16, options: &[(u16, &[u8])]) -> io::Result<()> {
        let numbers = Numbers(self.big_endian);
        let mut body = Vec::from(numbers.u16(link));
        body.extend([0; 2]);
        body.extend(numbers.u32(0));
        self.put_options(&mut body, options);
        self.block(1, &body).map(|_| ())
    }

    /// Writes an enhanced packet block. Gives the file offset of the frame's first byte.
    pub fn frame(
        &mut self,
        interface: u32,
        time: i64,
        bytes: &[u8],
        options: &[(u16, &[u8])],
    ) -> io::Result<u64> {
        let numbers = Numbers(self.big_endian);
        let length = bytes.len() as u32;
        let mut body = Vec::with_capacity(bytes.len() + 24);
        let ticks = time as u64;
        for field in [interface, (ticks >> 32) as u32, ticks as u32, length, length] {
            body.extend(numbers.u32(field));
        }
        body.extend_from_slice(bytes);
        pad(&mut body);
        self.put_options(&mut body, options);
        Ok(self.block(6, &body)? + 20)
    }

    /// Writes a decryption secrets block with a TLS key log.
    pub fn tls_keys(&mut self, key_log: &[u8]) -> io::Result<u64> {
        let numbers = Numbers(self.big_endian);
        let mut body = Vec::from(numbers.u32(0x544c_534b));
        body.extend(numbers.u32(key_log.len() as u32));
        body.extend_from_slice(key_log);
        Ok(self.block(10, &body)? + 8)
    }

    /// Writes any block: its type and body, padded to 32 bits. Gives the file offset of the body.
    pub fn block(&mut self, kind: u32, body: &[u8]) -> io::Result<u64> {
        let numbers = Numbers(self.big_endian);
        let padding = body.len().next_multiple_of(4) - body.len();
        let length = numbers.u32((body.len() + padding + 12) as u32);
        self.out.write_all(&numbers.u32(kind))?;
        self.out.write_all(&length)?;
        self.out.write_all(body)?;
        self.out.write_all([0; 4].get(..padding).unwrap_or_default())?;
        self.out.write_all(&length)?;
        let start = self.written + 8;
        self.written = start + (body.len() + padding) as u64 + 4;
        Ok(start)
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn put_options(&self, body: &mut Vec<u8>, options: &[(u16, &[u8])]) {
        let numbers = Numbers(self.big_endian);
        for (code, value) in options {
            body.extend(numbers.u16(*code));
            body.extend(numbers.u16(value.len() as u16));
            body.extend_from_slice(value);
            pad(body);
        }
        if !options.is_empty() {
            body.extend([0; 4]);
        }
    }
}

impl<W: Write> Wire for PcapngWriter<W> {
    fn put(&mut self, time: i64, bytes: &[u8]) -> io::Result<()> {
        self.frame(0, time, bytes, &[]).map(|_| ())
    }
}

/// A whole pcap file of these frames (time in nanoseconds since 1970, bytes).
pub fn pcap<'a>(style: PcapStyle, frames: impl IntoIterator<Item = (i64, &'a [u8])>) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    if let Ok(mut writer) = PcapWriter::new(&mut out, style) {
        for (time, bytes) in frames {
            let _ = writer.frame(time, bytes);
        }
    }
    out
}

/// Numbers in the byte order of the file: big-endian where the flag is set.
struct Numbers(bool);

impl Numbers {
    fn u16(&self, value: u16) -> [u8; 2] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u32(&self, value: u32) -> [u8; 4] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

/// Option of every block: a comment.
pub const COMMENT: u16 = 1;
/// Option of an interface: its name.
pub const IF_NAME: u16 = 2;
/// Option of an interface: the resolution of its times; `[9]` is nanoseconds.
pub const IF_TSRESOL: u16 = 9;

const SECOND: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use pcap_file::{
        pcap::PcapReader,
        pcapng::{Block, PcapNgReader},
    };

    use super::*;

    const TIME: i64 = 1_553_154_065_123_456_000;

    #[test]
    fn another_reader_finds_the_frames_of_a_pcap_file_where_we_say() {
        for (big_endian, nanoseconds) in [(false, false), (false, true), (true, false), (true, true)] {
            let style = PcapStyle { big_endian, nanoseconds, snapshot: 4, ..PcapStyle::default() };
            let mut writer = PcapWriter::new(Vec::new(), style).unwrap();
            let offsets = [writer.frame(TIME, b"ab").unwrap(), writer.frame(TIME, b"cdefgh").unwrap()];
            assert_eq!(writer.written(), 24 + 16 + 2 + 16 + 4);
            let file = writer.into_inner();
            let mut reader = PcapReader::new(file.as_slice()).unwrap();
            for (expected, offset) in [(&b"ab"[..], offsets[0]), (b"cdef", offsets[1])] {
                let packet = reader.next_packet().unwrap().unwrap();
                assert_eq!(packet.data(), expected);
                assert_eq!(packet.timestamp().as_nanos(), TIME as u128);
                assert!(file[offset as usize..].starts_with(expected));
            }
            assert!(reader.next_packet().is_none());
        }
    }

    #[test]
    fn another_reader_finds_the_blocks_of_a_pcapng_file_where_we_say() {
        for big_endian in [false, true] {
            let mut writer = PcapngWriter::new(Vec::new(), big_endian).unwrap();
            let offset = writer.frame(0, TIME, b"abc", &[(COMMENT, b"hello")]).unwrap();
            let keys = writer.tls_keys(b"CLIENT_RANDOM").unwrap();
            let written = writer.written();
            let file = writer.into_inner();
            assert_eq!(written, file.len() as u64);
            assert!(file[offset as usize..].starts_with(b"abc"));
            assert!(file[keys as usize..].starts_with(b"CLIENT_RANDOM"));
            let mut reader = PcapNgReader::new(file.as_slice()).unwrap();
            let mut packets = 0;
            while let Some(block) = reader.next_block() {
                if let Block::EnhancedPacket(packet) = block.unwrap().0 {
                    assert_eq!((packet.original_len, packet.options.len()), (3, 1));
                    packets += 1;
                }
            }
            assert_eq!(packets, 1);
        }
    }
}
