//! Which connections are open, and whose: `/proc/net/{tcp,tcp6,udp,udp6}` of the Linux kernel.
//!
//! Addresses are the words of memory in hex, little-endian on every phone; ports are hex numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{
    Uid,
    lines::{Broken, Line},
    reader::{Fact, LineReader},
    scan::Scan,
};

/// A socket that was open when the table was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Socket {
    /// The protocol; `None` where neither the file nor its section says so.
    pub protocol: Option<Protocol>,
    /// The phone's side.
    pub local: SocketAddr,
    /// The other side; all zeros where there is none.
    pub remote: SocketAddr,
    /// The state, as the kernel numbers them: 1 established, 7 closed (all of UDP), 10 listening.
    pub state: u8,
    /// Who opened it.
    pub uid: Uid,
    /// The number of the socket.
    pub inode: u64,
}

/// What a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

/// Reads a table.
#[derive(Clone, Debug)]
pub(crate) struct Sockets {
    protocol: Option<Protocol>,
    broken: Broken,
}

impl Sockets {
    pub(crate) fn new(protocol: Option<Protocol>) -> Self {
        Self { protocol, broken: Broken::default() }
    }
}

impl LineReader for Sockets {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        if let Some(protocol) = heading(&text) {
            self.protocol = protocol.or(self.protocol);
        } else if let Some(socket) = socket(&text, self.protocol) {
            out.push(Fact::Socket(line.found(socket)));
        } else {
            self.broken.count(line, &text);
        }
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.broken.oddity("file holds lines that are no sockets").map(Fact::Oddity));
    }
}

/// Whether a file that begins so is a table of sockets, and of which protocol, where the heading tells.
pub(crate) fn recognise(beginning: &str) -> Option<Option<Protocol>> {
    heading(beginning.lines().next()?)
}

/// The tables of TCP and UDP name their last columns differently: UDP's counts drops.
fn heading(text: &str) -> Option<Option<Protocol>> {
    let mut words = text.split_ascii_whitespace();
    let is_heading = words.next() == Some("sl") && words.next() == Some("local_address");
    let last = text.split_ascii_whitespace().next_back();
    is_heading.then_some(match last {
        Some("drops") => Some(Protocol::Udp),
        Some("inode") => Some(Protocol::Tcp),
        _ => None,
    })
}

/// `0: 0100007F:13AD 00000000:0000 0A 00000000:00000000 00:00000000 00000000 10123 0 12345 …`
fn socket(text: &str, protocol: Option<Protocol>) -> Option<Socket> {
    let mut words = Scan::new(text);
    words.word()?.strip_suffix(':')?.parse::<u32>().ok()?;
    let local = address(words.word()?)?;
    let remote = address(words.word()?)?;
    let state = u8::from_str_radix(words.word()?, 16).ok()?;
    let [_queues, _timer, _retransmits] = [words.word()?, words.word()?, words.word()?];
    let uid = Uid(words.word()?.parse().ok()?);
    let _timeout = words.word()?;
    let inode = words.word()?.parse().ok()?;
    Some(Socket { protocol, local, remote, state, uid, inode })
}

fn address(word: &str) -> Option<SocketAddr> {
    let (address, port) = word.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word_of(address)?)),
        32 => {
            let words: Option<Vec<[u8; 4]>> =
                (0..4).map(|word| word_of(address.get(word * 8..word * 8 + 8)?)).collect();
            let bytes: [u8; 16] = words?.concat().try_into().ok()?;
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}

/// The bytes of a word of memory, in the order they are sent.
fn word_of(hex: &str) -> Option<[u8; 4]> {
    u32::from_str_radix(hex, 16).ok().map(u32::to_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::{Protocol, Sockets, recognise};
    use crate::{Uid, reader::Fact, testing};

    const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        \x20  0: 0000000000000000FFFF00000A01A8C0:9C40 0000000000000000FFFF00002200C0CB:01BB 01 00000000:00000000 00:00000000 00000000 10123        0 345 1 x\n\
        \x20  1: B80D01200000000000000000010000 bad\n";

    #[test]
    fn addresses_are_words_of_memory() {
        assert_eq!(recognise(TCP6), Some(Some(Protocol::Tcp)));
        let facts = testing::facts_of(&mut Sockets::new(None), TCP6);
        let [Fact::Socket(socket), Fact::Oddity(_)] = &facts[..] else { panic!("{facts:#?}") };
        assert_eq!(socket.value.local.to_string(), "[::ffff:192.168.1.10]:40000");
        assert_eq!(socket.value.remote.to_string(), "[::ffff:203.192.0.34]:443");
        assert_eq!((socket.value.uid, socket.value.state, socket.value.inode), (Uid(10_123), 1, 345));
        assert_eq!(socket.value.protocol, Some(Protocol::Tcp));
    }

    #[test]
    fn the_last_column_tells_udp() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            \x20 56: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000  1051        0 9 2 0000000000000000 0\n";
        let facts = testing::facts_of(&mut Sockets::new(None), text);
        let [Fact::Socket(socket)] = &facts[..] else { panic!("{facts:#?}") };
        assert_eq!(socket.value.local.to_string(), "127.0.0.1:53");
        assert_eq!(socket.value.protocol, Some(Protocol::Udp));
    }
}
