//! Android's `.ab` files, as `adb backup` makes them, to the members of the tar in them.
//!
//! Four lines (`ANDROID BACKUP`, version, compressed or not, encryption), for encrypted ones five more, then
//! the tar, in zlib's format where compressed (AOSP, `FullBackupEngine`, `PasswordUtils`).

use std::mem;

use flate2::{Decompress, FlushDecompress, Status};

use super::tar::{Member, Tar, TarEvent};
use crate::{Found, Oddity};

/// The lines at the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupHeader {
    /// The format's version, 1 to 5.
    pub version: u32,
    /// The tar is compressed.
    pub compressed: bool,
    /// How it is encrypted.
    pub encryption: Encryption,
}

/// How a backup is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// With a key that only the owner's password opens: what is inside cannot be read.
    Password {
        /// The algorithm's name: `AES-256`.
        algorithm: String,
        /// Rounds of PBKDF2 that the password takes.
        rounds: Option<u32>,
    },
}

/// What the file gives.
#[derive(Debug, PartialEq, Eq)]
pub enum BackupEvent<'a> {
    /// Content of the member that came last, in order.
    Content(&'a [u8]),
    /// The head.
    Header(Found<BackupHeader>),
    /// A member begins.
    Member(Member),
    /// Something odd, or the reason why reading stops.
    Odd(Oddity),
}

/// Reads a backup of any length, in little memory.
#[derive(Debug)]
pub struct AndroidBackup {
    state: State,
    tar: Tar,
    at: u64,
    /// Bytes of tar that may still come.
    left: u64,
    /// More came than may.
    stopped: bool,
}

#[derive(Debug)]
enum State {
    Compressed(Box<Decompress>),
    Done,
    Head(Vec<u8>),
    Plain,
}

impl AndroidBackup {
    /// A reader that stops after `limit` bytes of tar: a small file can hold very many.
    pub fn new(limit: u64) -> Self {
        Self { state: State::Head(Vec::new()), tar: Tar::default(), at: 0, left: limit, stopped: false }
    }

    /// Whether a file begins as these do.
    pub fn is_one(head: &[u8]) -> bool {
        head.starts_with(MAGIC)
    }

    /// Takes the next bytes; what they give goes to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut impl FnMut(BackupEvent<'_>)) {
        let mut rest = bytes;
        if let State::Head(_) = self.state {
            rest = self.head(bytes, out);
        }
        match mem::replace(&mut self.state, State::Done) {
            State::Plain => {
                self.state = State::Plain;
                self.tar(rest, out);
            }
            State::Compressed(mut inflate) => {
                if self.inflate(&mut inflate, rest, out) {
                    self.state = State::Compressed(inflate);
                }
            }
            other => self.state = other,
        }
        self.at = self.at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// The file ends here.
    pub fn finish(self, out: &mut impl FnMut(BackupEvent<'_>)) {
        let odd = match self.state {
            State::Done => None,
            State::Head(_) => Some(Oddity::new("file lacks the head of a backup", "", 0)),
            State::Compressed(_) => {
                Some(Oddity::new("file lacks the end of its compressed content", "", self.at))
            }
            State::Plain => self.tar.finish(),
        };
        out_odd(odd, out);
    }

    /// Collects the lines; what follows them comes back.
    fn head<'a>(&mut self, bytes: &'a [u8], out: &mut impl FnMut(BackupEvent<'_>)) -> &'a [u8] {
        let State::Head(lines) = &mut self.state else { return bytes };
        for (at, byte) in bytes.iter().enumerate() {
            lines.push(*byte);
            if *byte == b'\n'
                && let Some(header) = header(lines)
            {
                let end = u64::try_from(lines.len()).unwrap_or(0);
                self.begin(Found::new(header, 0..end), out);
                return bytes.get(at.saturating_add(1)..).unwrap_or_default();
            }
            if lines.len() > LONGEST_HEAD || !(MAGIC.starts_with(lines) || lines.starts_with(MAGIC)) {
                out_odd(Some(Oddity::new("file holds no head of a backup", "", 0)), out);
                self.state = State::Done;
                return &[];
            }
        }
        &[]
    }

    fn begin(&mut self, header: Found<BackupHeader>, out: &mut impl FnMut(BackupEvent<'_>)) {
        let (value, end) = (&header.value, header.end);
        let odd = match &value.encryption {
            Encryption::None => None,
            Encryption::Password { algorithm, .. } => {
                let what = "file holds an encrypted backup, which only the owner's password opens";
                Some(Oddity::new(what, algorithm, end))
            }
        };
        self.state = match (&odd, value.compressed) {
            (Some(_), _) => State::Done,
            (None, true) => State::Compressed(Box::new(Decompress::new(true))),
            (None, false) => State::Plain,
        };
        out(BackupEvent::Header(header));
        out_odd(odd, out);
    }

    /// Whether more is to come.
    fn inflate(
        &mut self,
        inflate: &mut Decompress,
        mut bytes: &[u8],
        out: &mut impl FnMut(BackupEvent<'_>),
    ) -> bool {
        let mut buffer = vec![0; BUFFER];
        loop {
            let (read, written) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(bytes, &mut buffer, FlushDecompress::None);
            let used = usize::try_from(inflate.total_in().saturating_sub(read)).unwrap_or(0);
            let made = usize::try_from(inflate.total_out().saturating_sub(written)).unwrap_or(0);
            bytes = bytes.get(used..).unwrap_or_default();
            self.tar(buffer.get(..made).unwrap_or_default(), out);
            match status {
                _ if self.stopped => return false,
                Ok(Status::StreamEnd) => {
                    out_odd(self.tar.finish(), out);
                    return false;
                }
                Ok(_) if used == 0 && made == 0 => return true,
                Ok(_) => {}
                Err(_) => {
                    let what = "file holds damaged compressed content";
                    out_odd(
                        Some(Oddity::new(what, format!("after {} bytes", inflate.total_in()), self.at)),
                        out,
                    );
                    return false;
                }
            }
        }
    }

    fn tar(&mut self, bytes: &[u8], out: &mut impl FnMut(BackupEvent<'_>)) {
        let there = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let take = there.min(self.left);
        self.left = self.left.saturating_sub(take);
        let bytes = bytes.get(..usize::try_from(take).unwrap_or(bytes.len())).unwrap_or(bytes);
        self.tar.push(bytes, &mut |event| match event {
            TarEvent::Content(bytes) => out(BackupEvent::Content(bytes)),
            TarEvent::Member(member) => out(BackupEvent::Member(member)),
            TarEvent::Odd(odd) => out(BackupEvent::Odd(odd)),
        });
        self.stopped = take < there;
        if self.stopped {
            let what = "file holds more than was to be read";
            out_odd(Some(Oddity::new(what, "", self.at)), out);
            self.state = State::Done;
        }
    }
}

fn out_odd(odd: Option<Oddity>, out: &mut impl FnMut(BackupEvent<'_>)) {
    if let Some(odd) = odd {
        out(BackupEvent::Odd(odd));
    }
}

/// The head, once all of its lines are there.
fn header(lines: &[u8]) -> Option<BackupHeader> {
    let text = std::str::from_utf8(lines.strip_suffix(b"\n")?).ok()?;
    let lines: Vec<&str> = text.split('\n').collect();
    let [_, version, compressed, encryption, rest @ ..] = lines.as_slice() else { return None };
    let encryption = match *encryption {
        "none" => Encryption::None,
        // Two salts, the rounds, the vector, and the key, encrypted.
        algorithm if rest.len() >= 5 => {
            let rounds = rest.get(2).and_then(|it| it.parse().ok());
            Encryption::Password { algorithm: algorithm.to_owned(), rounds }
        }
        _ => return None,
    };
    Some(BackupHeader { version: version.parse().unwrap_or(0), compressed: *compressed == "1", encryption })
}

const MAGIC: &[u8] = b"ANDROID BACKUP\n";

/// The head of an encrypted backup has some 600 bytes.
const LONGEST_HEAD: usize = 4096;

const BUFFER: usize = 1 << 16;

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;

    use super::{AndroidBackup, BackupEvent, Encryption};

    /// A member of an archive.
    pub(in super::super) fn member(path: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut block = vec![0u8; 512];
        block[..path.len().min(100)].copy_from_slice(&path.as_bytes()[..path.len().min(100)]);
        block[100..107].copy_from_slice(b"0000600");
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[136..147].copy_from_slice(format!("{:011o}", 1_500_000_000).as_bytes());
        block[148..156].copy_from_slice(b"        ");
        block[156] = kind;
        block[257..263].copy_from_slice(b"ustar\0");
        let sum: u32 = block.iter().map(|it| u32::from(*it)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block.extend(content);
        block.resize(block.len().next_multiple_of(512), 0);
        block
    }

    fn archive() -> Vec<u8> {
        let long = format!("apps/{}/x", "y".repeat(200));
        let pax = format!("{} path={long}\n", long.len() + 10);
        [
            member("apps/com.example/_manifest", b'0', b"1\n"),
            member("apps/com.example/db/store.db", b'0', &[7; 5000]),
            member("pax", b'x', pax.as_bytes()),
            member("short", b'0', b"long name"),
            member("apps/com.example/f", b'5', b""),
            vec![0; 1024],
        ]
        .concat()
    }

    fn backup(compressed: bool) -> Vec<u8> {
        let mut file = format!("ANDROID BACKUP\n5\n{}\nnone\n", u8::from(compressed)).into_bytes();
        if compressed {
            let mut encoder = ZlibEncoder::new(&mut file, Compression::default());
            encoder.write_all(&archive()).unwrap();
            encoder.finish().unwrap();
        } else {
            file.extend(archive());
        }
        file
    }

    /// Members with their contents, and what was odd.
    fn read(file: &[u8], step: usize, limit: u64) -> (Vec<(String, Vec<u8>)>, Vec<String>) {
        let (mut members, mut odd) = (Vec::<(String, Vec<u8>)>::new(), Vec::new());
        let mut out = |event: BackupEvent<'_>| match event {
            BackupEvent::Member(member) => members.push((member.path, Vec::new())),
            BackupEvent::Content(bytes) => members.last_mut().unwrap().1.extend(bytes),
            BackupEvent::Odd(it) => odd.push(it.what.into_owned()),
            BackupEvent::Header(_) => {}
        };
        let mut reader = AndroidBackup::new(limit);
        for chunk in file.chunks(step) {
            reader.push(chunk, &mut out);
        }
        reader.finish(&mut out);
        (members, odd)
    }

    #[test]
    fn members_with_their_contents() {
        for compressed in [false, true] {
            let file = backup(compressed);
            assert!(AndroidBackup::is_one(&file));
            let (members, odd) = read(&file, file.len(), u64::MAX);
            assert_eq!(odd, [""; 0]);
            let seen: Vec<_> = members.iter().map(|(path, content)| (path.len(), content.len())).collect();
            assert_eq!(seen, [(26, 2), (28, 5000), (207, 9), (18, 0)]);
            for step in [1, 100, 513] {
                assert_eq!(read(&file, step, u64::MAX), (members.clone(), vec![]), "in steps of {step}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let locked = b"ANDROID BACKUP\n5\n1\nAES-256\nAA\nBB\n10000\nCC\nDD\n\x01\x02";
        let mut headers = Vec::new();
        let mut reader = AndroidBackup::new(u64::MAX);
        reader.push(locked, &mut |event| {
            if let BackupEvent::Header(header) = event {
                headers.push(header.value.encryption);
            }
        });
        assert_eq!(headers, [Encryption::Password { algorithm: "AES-256".into(), rounds: Some(10_000) }]);
        let rows: [(Vec<u8>, u64, &str); 5] = [
            (
                locked.to_vec(),
                u64::MAX,
                "file holds an encrypted backup, which only the owner's password opens",
            ),
            (b"PK\x03\x04".to_vec(), u64::MAX, "file holds no head of a backup"),
            (backup(true), 4000, "file holds more than was to be read"),
            (backup(true)[..100].to_vec(), u64::MAX, "file lacks the end of its compressed content"),
            (backup(false)[..3000].to_vec(), u64::MAX, "file lacks the end of a member"),
        ];
        for (file, limit, expected) in rows {
            assert_eq!(read(&file, file.len(), limit).1, [expected]);
        }
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(at in 0usize..9000, byte: u8, compressed: bool) {
            let mut file = backup(compressed);
            let length = file.len();
            file[at % length] = byte;
            read(&file, 700, 1 << 20);
        }
    }
}
