//! What the caller names (files, folders, standard input) to readers of uncompressed capture bytes.
//!
//! The SHA-256 is of the file as it lies on the disk, so compressed inputs are hashed before they are
//! decompressed. Compression is recognised by its magic bytes, never by a file's name.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use evidence::InputProblem;
use sha2::{Digest, Sha256};

use crate::{apps::disk, kind::Kind, messages};

/// One thing to audit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// A file that was named as one of secrets, whatever it begins with.
    Keys(PathBuf),
    /// Standard input, written `-` on the command line.
    Standard,
}

impl Input {
    /// The name for people.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) | Self::Keys(path) => path.display().to_string(),
            Self::Standard => "standard input".to_owned(),
        }
    }
}

/// What is to be read: what `arguments` stand for, then `keys`, of which a file is one of secrets whatever it
/// begins with. A file that is there twice, by whatever names, is read once: what is in it would be counted twice.
/// `also` says of other files in folders, by their beginning, that they are to be read.
pub(crate) fn given(
    arguments: &[PathBuf],
    keys: &[PathBuf],
    also: &dyn Fn(&[u8]) -> bool,
) -> (Vec<Input>, Vec<InputProblem>) {
    let (mut inputs, mut problems) = expand_also(arguments, also);
    let (of_keys, more) = expand(keys);
    let named = |path: &PathBuf| keys.contains(path);
    inputs.extend(of_keys.into_iter().map(|input| match input {
        Input::File(path) if named(&path) => Input::Keys(path),
        other => other,
    }));
    problems.extend(more);
    let inputs = once(inputs, &mut problems);
    (inputs, problems)
}

/// Leaves out files with the contents of an earlier one. Only files of one length are compared.
fn once(inputs: Vec<Input>, problems: &mut Vec<InputProblem>) -> Vec<Input> {
    let mut of_length: HashMap<u64, u32> = HashMap::new();
    for length in inputs.iter().filter_map(length) {
        *of_length.entry(length).or_default() += 1;
    }
    let mut known: HashMap<String, (String, bool)> = HashMap::new();
    let mut is_new = |input: &Input| {
        let shared =
            length(input).is_some_and(|length| of_length.get(&length).is_some_and(|count| *count > 1));
        // What cannot be read is told when its turn comes.
        let Some(digest) = shared.then(|| digest(input)).flatten() else { return true };
        let kind = open(input).ok().and_then(|opened| opened.kind);
        let secrets = kind.is_some_and(Kind::is_keys);
        // Equal tables are readings of several moments.
        if matches!(kind, Some(Kind::Phone(handset::Kind::ProcNet(_)))) {
            return true;
        }
        match known.get(&digest) {
            // One that was named as secrets is read as such, even where the other was not recognised.
            Some((_, known)) if *known != secrets => true,
            Some((first, _)) => {
                // Secrets are known or not, and nobody counts them.
                if !secrets {
                    let problem = format!(
                        "is the same as {first} (SHA-256 {digest}) and was left out: it was read once"
                    );
                    problems.push(InputProblem { input: input.name(), problem });
                }
                false
            }
            None => {
                known.insert(digest, (input.name(), secrets));
                true
            }
        }
    };
    inputs.into_iter().filter(|input| is_new(input)).collect()
}

/// How long a regular file is that is not empty.
fn length(input: &Input) -> Option<u64> {
    let (Input::File(path) | Input::Keys(path)) = input else { return None };
    let about = std::fs::metadata(path).ok()?;
    (about.is_file() && about.len() > 0).then_some(about.len())
}

fn digest(input: &Input) -> Option<String> {
    let (Input::File(path) | Input::Keys(path)) = input else { return None };
    Digested::of_file(path).ok().map(|digested| digested.finish())
}

/// What `arguments` stand for: a folder for the files below it that begin like a capture, a file of flows or
/// of secrets, or are named like a capture, in the order of their paths; a file named outright for itself, whatever it is;
/// `-` for standard input. A database brings its write-ahead log with it, where that lies beside it.
pub fn expand(arguments: &[PathBuf]) -> (Vec<Input>, Vec<InputProblem>) {
    expand_also(arguments, &|_| false)
}

/// As [`expand`]; of folders also the files for which `also` says so, given their beginning.
pub(crate) fn expand_also(
    arguments: &[PathBuf],
    also: &dyn Fn(&[u8]) -> bool,
) -> (Vec<Input>, Vec<InputProblem>) {
    let mut inputs = Vec::new();
    let mut problems = Vec::new();
    for argument in arguments {
        if argument.as_os_str() == "-" {
            inputs.push(Input::Standard);
        } else if argument.is_dir() {
            expand_folder(argument, also, &mut inputs, &mut problems);
        } else {
            inputs.push(Input::File(argument.clone()));
        }
    }
    (with_logs(inputs), problems)
}

/// Adds the write-ahead logs that lie beside databases.
fn with_logs(inputs: Vec<Input>) -> Vec<Input> {
    let named: std::collections::BTreeSet<Input> = inputs.iter().cloned().collect();
    let mut all = Vec::with_capacity(inputs.len());
    for input in inputs {
        let log = log_of(&input).map(Input::File).filter(|log| !named.contains(log));
        all.push(input);
        all.extend(log);
    }
    all
}

/// Where the write-ahead log of a database would lie, if something lies there.
fn log_of(input: &Input) -> Option<PathBuf> {
    let Input::File(path) = input else { return None };
    let log = log_path(path);
    let database = log.is_file() && open(input).is_ok_and(|opened| opened.kind == Some(DATABASE));
    database.then_some(log)
}

/// What SQLite calls the write-ahead log of a database.
pub(crate) fn log_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

fn expand_folder(
    folder: &Path,
    also: &dyn Fn(&[u8]) -> bool,
    inputs: &mut Vec<Input>,
    problems: &mut Vec<InputProblem>,
) {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if let Err(error) = list(&folder, &mut files, &mut folders, problems) {
            problems.push(problem(&folder, &error));
        }
    }
    files.sort();
    let before = inputs.len();
    for file in files {
        match begins_well(&file, also) {
            Ok(begins) if begins || is_named_like_a_capture(&file) => inputs.push(Input::File(file)),
            Ok(_) => {}
            Err(error) => problems.push(problem(&file, &error)),
        }
    }
    if inputs.len() == before {
        let problem =
            "this folder holds no pcap, pcapng, HAR or mitmproxy file (plain, gzip or zstd), and no file of a phone's"
                .to_owned();
        problems.push(InputProblem { input: folder.display().to_string(), problem });
    }
}

fn list(
    folder: &Path,
    files: &mut Vec<PathBuf>,
    folders: &mut Vec<PathBuf>,
    problems: &mut Vec<InputProblem>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push(entry.path());
        } else if kind.is_file() {
            files.push(entry.path());
        } else if kind.is_symlink() {
            // It could lead in circles, or to a capture that is in the folder already.
            let problem = "is a link and was not followed; name what it leads to".to_owned();
            problems.push(InputProblem { input: entry.path().display().to_string(), problem });
        } else {
            // Reading one may wait for ever.
            let problem = "is a pipe, a socket or a device and was not read; name it to read it".to_owned();
            problems.push(InputProblem { input: entry.path().display().to_string(), problem });
        }
    }
    Ok(())
}

/// Whether a file's name says that it is a capture. Then it is read whatever it begins with: its beginning
/// may be damaged.
fn is_named_like_a_capture(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    [".pcap", ".pcapng", ".cap"].iter().any(|ending| name.ends_with(ending))
}

fn problem(path: &Path, error: &io::Error) -> InputProblem {
    InputProblem { input: path.display().to_string(), problem: format!("cannot be read: {error}") }
}

/// Whether a file begins like something that can be audited. There are databases of all kinds on a phone, and
/// what is in one shows nowhere in its first bytes.
fn begins_well(path: &Path, also: &dyn Fn(&[u8]) -> bool) -> io::Result<bool> {
    let opened = open(&Input::File(path.to_owned()))?;
    match opened.kind {
        Some(LOG) => Ok(false),
        Some(DATABASE) => {
            let log = File::open(log_path(path)).map(|log| Box::new(log) as Box<dyn Read>);
            let tells = tells_of_messages(opened.bytes)?;
            Ok(tells || log.is_ok_and(|log| tells_of_messages(log).unwrap_or(false)))
        }
        kind => Ok(kind.is_some() || also(&opened.head)),
    }
}

/// Whether the schema of a database, wherever it lies in the file, has a table of messages, contacts or calls. A
/// database in UTF-16, which Android never makes, has to be named.
fn tells_of_messages(mut bytes: Box<dyn Read + '_>) -> io::Result<bool> {
    let mut window = vec![0; WINDOW];
    let mut kept = 0;
    loop {
        let (count, read) = fill(&mut *bytes, window.get_mut(kept..).unwrap_or_default());
        let part = window.get(..kept + count).unwrap_or_default();
        if TABLES.iter().any(|table| memchr::memmem::find(part, table).is_some()) {
            return Ok(true);
        }
        read?;
        if kept + count < WINDOW {
            return Ok(false);
        }
        window.copy_within(WINDOW - BORDER.., 0);
        kept = BORDER;
    }
}

/// How the rows of a schema begin (SQLite's file format, section 2.6): `type`, `name`, `tbl_name`.
const TABLES: [&[u8]; 4] =
    [b"tablesmssms", b"tablepdupdu", b"tableraw_contactsraw_contacts", b"tablecallscalls"];
/// How much of a database is looked at in one go.
const WINDOW: usize = 1 << 18;
/// Longer than any of [`TABLES`].
const BORDER: usize = 64;
const DATABASE: Kind = Kind::Messages(messages::Kind::Database);
const LOG: Kind = Kind::Messages(messages::Kind::Log);

/// An open input.
pub struct Opened {
    /// Its bytes, decompressed.
    pub bytes: Box<dyn Read + Send>,
    /// What it is; `None` where its first bytes do not tell.
    pub kind: Option<Kind>,
    /// Its first bytes, which `bytes` begins with.
    pub head: Vec<u8>,
    /// `gzip`, `zstd`, `zip` (the main text of a bugreport) or nothing.
    pub compression: Option<&'static str>,
    /// Counts and hashes what lies on the disk, where the bytes above are not the same. Complete once
    /// `bytes` came to its end and [`Digested::finish`] was called.
    pub digest: Option<Arc<Mutex<Digested>>>,
}

/// Opens an input and recognises its compression.
pub fn open(input: &Input) -> io::Result<Opened> {
    let mut raw: Box<dyn Read + Send> = match input {
        Input::File(path) | Input::Keys(path) => Box::new(File::open(path)?),
        Input::Standard => Box::new(io::stdin()),
    };
    let mut magic = [0; 4];
    let (count, read) = fill(&mut *raw, &mut magic);
    read?;
    let head = magic.get(..count).unwrap_or_default().to_vec();
    let whole = Cursor::new(head).chain(raw);
    let (bytes, compression, digest): (Box<dyn Read + Send>, _, _) = match magic {
        [0x1f, 0x8b, _, _] => {
            let (file, digest) = hashed(whole);
            (Box::new(flate2::bufread::MultiGzDecoder::new(file)), Some("gzip"), Some(digest))
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let (file, digest) = hashed(whole);
            (Box::new(zstd::stream::read::Decoder::with_buffer(file)?), Some("zstd"), Some(digest))
        }
        [b'P', b'K', 3, 4] => match packed_text(input) {
            Some(text) => {
                let (beside, digest) = beside(text, whole);
                (beside, Some("zip"), Some(digest))
            }
            None => (Box::new(whole), None, None),
        },
        _ => (Box::new(whole), None, None),
    };
    let opened = look(Opened { bytes, compression, digest, kind: None, head: Vec::new() });
    let is_app = magic.starts_with(b"PK") || magic == *b"dex\n";
    match (input, opened.kind) {
        (Input::File(path), None) if is_app && disk::is_apk(path) => {
            Ok(Opened { kind: Some(Kind::Apk), ..opened })
        }
        (Input::Keys(_), None | Some(Kind::Phone(_))) => Ok(Opened { kind: Some(Kind::KeyLog), ..opened }),
        _ => Ok(opened),
    }
}

/// The main text of a zip bugreport.
fn packed_text(input: &Input) -> Option<Box<dyn Read + Send>> {
    match input {
        Input::File(path) => disk::bugreport(path),
        Input::Keys(_) | Input::Standard => None,
    }
}

/// Text out of a file of which all is hashed once the text has ended.
fn beside(
    text: Box<dyn Read + Send>,
    file: impl Read + Send + 'static,
) -> (Box<dyn Read + Send>, Arc<Mutex<Digested>>) {
    let (file, digest) = hashed(file);
    (Box::new(Beside { text, file }), digest)
}

struct Beside {
    text: Box<dyn Read + Send>,
    file: Compressed,
}

impl Read for Beside {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            io::copy(&mut self.file, &mut io::sink())?;
        }
        Ok(count)
    }
}

/// Looks at the first bytes. What goes wrong there goes wrong again for whoever reads on.
fn look(mut opened: Opened) -> Opened {
    let mut head = vec![0; Kind::HEAD];
    let (count, read) = fill(&mut *opened.bytes, &mut head);
    head.truncate(count);
    opened.kind = Kind::of(&head);
    let begun = Cursor::new(head.clone());
    opened.bytes = match read {
        Ok(()) => Box::new(begun.chain(opened.bytes)),
        Err(error) => Box::new(begun.chain(Failing(Some(error)))),
    };
    opened.head = head;
    opened
}

/// An input that ended with an error.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// A hash over the bytes of a file, and their number.
#[derive(Clone, Debug, Default)]
pub struct Digested {
    hash: Sha256,
    /// How many bytes.
    pub bytes: u64,
}

impl Digested {
    /// That of a whole file.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut digested = Self::default();
        let mut buffer = vec![0; 1 << 18];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(digested),
                count => digested.update(buffer.get(..count).unwrap_or_default()),
            }
        }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
    }

    /// The digest in lower-case hex.
    pub fn finish(&self) -> String {
        hex(&self.hash.clone().finalize())
    }
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads until `buffer` is full or the input ends. Gives how many bytes were read, and what went wrong
/// behind them: a damaged gzip stream tells so only once.
pub(crate) fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> (usize, io::Result<()>) {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Err(error)),
        }
    }
    (filled, Ok(()))
}

type Compressed = BufReader<Hashing<Box<dyn Read + Send>>>;

fn hashed(raw: impl Read + Send + 'static) -> (Compressed, Arc<Mutex<Digested>>) {
    let digest = Arc::new(Mutex::new(Digested::default()));
    let hashing = Hashing { inner: Box::new(raw) as Box<dyn Read + Send>, digest: Arc::clone(&digest) };
    (BufReader::with_capacity(1 << 17, hashing), digest)
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    digest: Arc<Mutex<Digested>>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let (Ok(mut digest), Some(read)) = (self.digest.lock(), buffer.get(..count)) {
            digest.update(read);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_folder_stands_for_the_captures_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let pcap = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
        std::fs::write(folder.path().join("b.pcap"), pcap).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "a1b2c3d4").unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        let file = File::create(folder.path().join("a/z.bin")).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gzip.write_all(&pcap).unwrap();
        gzip.finish().unwrap();
        let (inputs, problems) = expand(&[folder.path().to_owned()]);
        let names = [folder.path().join("a/z.bin"), folder.path().join("b.pcap")];
        assert_eq!(inputs, names.map(Input::File));
        assert_eq!(problems, []);
    }

    #[test]
    fn what_a_folder_promises_is_not_passed_over_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Damaged.PCAP.gz"), "no magic").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("..", folder.path().join("link")).unwrap();
        let (inputs, problems) = expand(&[folder.path().to_owned()]);
        assert_eq!(inputs, [Input::File(folder.path().join("Damaged.PCAP.gz"))]);
        assert_eq!(
            problems.iter().filter(|one| one.problem.contains("was not followed")).count(),
            usize::from(cfg!(unix))
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_in_a_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let (inputs, problems) = expand(&[folder.path().to_owned()]);
        assert_eq!(inputs, []);
        let told = problems.iter().filter(|one| one.input == path.display().to_string());
        assert_eq!(told.count(), 1, "{problems:?}");
    }

    #[test]
    fn a_file_given_twice_is_read_once_and_that_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let log = format!("CLIENT_RANDOM {} {}\n", "5f".repeat(32), "a0".repeat(48));
        let [one, same] = ["one", "same"].map(|name| file(name, &[0xd4, 0xc3, 0xb2, 0xa1, 1]));
        let (other, keys) = (file("other", &[0xd4, 0xc3, 0xb2, 0xa1, 2]), file("log", log.as_bytes()));
        let odd = file("odd", b"nothing known");
        let captures = [one.clone(), other.clone(), same, one.clone(), keys.clone(), odd.clone()];
        let (inputs, problems) = given(&captures, &[keys.clone(), odd.clone()], &|_| false);
        let expected = [one, other, keys, odd.clone()].map(Input::File);
        assert_eq!(inputs, [&expected[..], &[Input::Keys(odd)]].concat());
        assert_eq!(problems.len(), 2);
        assert!(problems.iter().all(|one| one.problem.contains("left out")), "{problems:?}");
    }

    #[test]
    fn a_folder_without_captures_is_a_problem_not_silence() {
        let folder = tempfile::tempdir().unwrap();
        let (inputs, problems) = expand(&[folder.path().to_owned()]);
        assert_eq!((inputs.len(), problems.len()), (0, 1));
    }

    #[test]
    fn a_compressed_input_is_hashed_as_it_lies_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let packed = zstd::encode_all(&b"capture bytes"[..], 3).unwrap();
        std::fs::write(&path, &packed).unwrap();
        let mut opened = open(&Input::File(path)).unwrap();
        let mut bytes = Vec::new();
        opened.bytes.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"capture bytes");
        let digest = opened.digest.unwrap();
        let digest = digest.lock().unwrap();
        assert_eq!(digest.bytes, packed.len() as u64);
        assert_eq!(digest.finish(), hex(&Sha256::digest(&packed)));
    }
}
