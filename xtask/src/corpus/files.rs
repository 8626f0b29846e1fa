//! The capture files themselves: byte orders, resolutions, blocks, damage.

use std::io;

use testkit::{
    Frame, PcapStyle, PcapngWriter, Wire,
    capture::{COMMENT, ETHERNET, IF_NAME, IF_TSRESOL, RAW},
};

use super::{Capture, film, pcap, register};

pub(super) const CAPTURES: &[Capture] = &[
    Capture::file("capture/big-endian.pcap", "pcap, big-endian", || {
        styled(PcapStyle { big_endian: true, ..PcapStyle::default() })
    }),
    Capture::file("capture/nanoseconds.pcap", "pcap, nanoseconds", || {
        styled(PcapStyle { nanoseconds: true, ..PcapStyle::default() })
    }),
    Capture::file(
        "capture/snapshot.pcap",
        "frames cut at 100 bytes: what the capture lacks is counted",
        || styled(PcapStyle { snapshot: 100, ..PcapStyle::default() }),
    ),
    Capture::file("capture/truncated.pcap", "a file that ends within a frame", truncated),
    Capture::file("capture/damaged.pcap", "a frame header overwritten in the middle of the file", damaged),
    Capture::file("capture/big-endian-ng.pcapng", "pcapng, big-endian", big_endian),
    Capture::file(
        "capture/comments.pcapng",
        "comments on section, interface and packets; names of hardware and programs; name resolution and statistics blocks",
        comments,
    ),
    Capture::file(
        "capture/interfaces.pcapng",
        "one conversation over two interfaces with other link types and resolutions of time",
        interfaces,
    ),
    Capture::file(
        "capture/sections.pcapng",
        "two sections, the second big-endian; a key log; an unknown block",
        sections,
    ),
];

fn frames() -> io::Result<Vec<Frame>> {
    film(|net| register(net, 40_600))
}

fn styled(style: PcapStyle) -> io::Result<Vec<u8>> {
    pcap(style, &frames()?)
}

fn truncated() -> io::Result<Vec<u8>> {
    let mut file = styled(PcapStyle::default())?;
    file.truncate(file.len() - 20);
    Ok(file)
}

/// The request comes twice, the tenth frame's header between is noise.
fn damaged() -> io::Result<Vec<u8>> {
    let frames = film(|net| {
        register(net, 40_600)?;
        register(net, 40_601)
    })?;
    let mut file = pcap(PcapStyle::default(), &frames)?;
    let tenth = 24 + frames.iter().take(9).map(|frame| 16 + frame.bytes.len()).sum::<usize>();
    if let Some(header) = file.get_mut(tenth..tenth + 16) {
        header.fill(0xa5);
    }
    Ok(file)
}

fn big_endian() -> io::Result<Vec<u8>> {
    let mut writer = PcapngWriter::new(Vec::new(), true)?;
    frames()?.iter().try_for_each(|frame| writer.put(frame.time, &frame.bytes))?;
    Ok(writer.into_inner())
}

fn comments() -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = PcapngWriter::new(&mut out, false)?;
    // Options of a section: hardware, system, program.
    writer.section(&[
        (COMMENT, b"phone A, after the update"),
        (2, b"a laptop"),
        (3, b"Linux 6.1"),
        (4, b"a capture program"),
    ])?;
    writer.interface(
        ETHERNET,
        &[(IF_NAME, b"wlan0"), (COMMENT, b"the phone's access point"), (IF_TSRESOL, &[9])],
    )?;
    for (number, frame) in frames()?.iter().enumerate() {
        let comment: &[(u16, &[u8])] = if number == 3 { &[(COMMENT, b"screen unlocked here")] } else { &[] };
        writer.frame(0, frame.time, &frame.bytes, comment)?;
    }
    // Name resolution: 198.51.100.7 is api.vendor.example; end. Statistics of interface 0.
    writer.block(4, b"\x01\0\x17\0\xc6\x33\x64\x07api.vendor.example\0\0\0\0\0\0")?;
    writer.block(5, &[0; 12])?;
    Ok(out)
}

/// Interface 0 is raw IP in microseconds, interface 1 Ethernet in nanoseconds.
fn interfaces() -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = PcapngWriter::new(&mut out, false)?;
    writer.section(&[])?;
    writer.interface(RAW, &[(IF_NAME, b"rmnet0"), (IF_TSRESOL, &[6])])?;
    writer.interface(ETHERNET, &[(IF_NAME, b"wlan0"), (IF_TSRESOL, &[9])])?;
    for (number, frame) in frames()?.iter().enumerate() {
        match number % 2 {
            0 => writer.frame(0, frame.time / 1000, frame.bytes.get(14..).unwrap_or_default(), &[])?,
            _ => writer.frame(1, frame.time, &frame.bytes, &[])?,
        };
    }
    Ok(out)
}

fn sections() -> io::Result<Vec<u8>> {
    let frames = frames()?;
    let (first, second) = frames.split_at(4);
    let mut writer = PcapngWriter::new(Vec::new(), false)?;
    first.iter().try_for_each(|frame| writer.put(frame.time, &frame.bytes))?;
    writer.tls_keys(b"# no keys yet\n")?;
    writer.block(0x7777, b"nobody knows this block")?;
    let mut file = writer.into_inner();
    let mut writer = PcapngWriter::new(Vec::new(), true)?;
    second.iter().try_for_each(|frame| writer.put(frame.time, &frame.bytes))?;
    file.extend(writer.into_inner());
    Ok(file)
}
