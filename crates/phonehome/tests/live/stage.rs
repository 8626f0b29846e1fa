//! A folder, the programs that play in it, and tcpdump, which listens.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    net::{TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The folder of one test within its namespace, where the loopback interface is up.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        // As on a real network: what does not fit goes in several packets.
        run(Command::new("ip").args(["link", "set", "lo", "mtu", "1500", "up"]));
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.join(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// That program in the folder, with no standard input.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Starts a server; it dies with the namespace. What it says is in `NAME.log`.
    pub(crate) fn serve(&self, name: &str, mut command: Command) {
        let log = File::create(self.join(&format!("{name}.log"))).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    }

    /// Waits until somebody listens on that port.
    pub(crate) fn await_port(&self, port: u16) {
        wait(&format!("port {port}"), || TcpStream::connect(("127.0.0.1", port)).ok());
    }

    /// A certificate and its key, `NAME.crt` and `NAME.key`.
    pub(crate) fn certificate(&self, name: &str, key: &[&str]) {
        let (key_file, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        run(self.command("openssl").arg("genpkey").args(key).args(["-out", &key_file]));
        let mut request = self.command("openssl");
        request.args(["req", "-x509", "-key", &key_file, "-out", &certificate, "-days", "30"]);
        run(request.args(["-subj", "/CN=live.example", "-addext", "subjectAltName=DNS:live.example"]));
    }
}

/// Runs a program to its end, which must be a good one; gives what it printed.
pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    output.stdout
}

/// tcpdump on the loopback interface.
pub(crate) struct Capture {
    tcpdump: Child,
    said: BufReader<std::process::ChildStderr>,
    path: PathBuf,
}

impl Capture {
    /// Listens, from when it returns on.
    pub(crate) fn start(stage: &Stage) -> Self {
        let path = stage.join("x.pcap");
        let mut command = stage.command("tcpdump");
        command.args(["-i", "lo", "-n", "-U", "--immediate-mode", "-B", "65536", "-Z", "root", "-w"]);
        let mut tcpdump = command.arg(&path).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(tcpdump.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "tcpdump has gone");
        }
        Self { tcpdump, said, path }
    }

    /// Stops when all that was sent is in the file, and gives the file's bytes.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(LAST, "127.0.0.1:9").unwrap();
        wait("the capture's end", || {
            self.tail().windows(LAST.len()).any(|bytes| bytes == LAST).then_some(())
        });
        run(Command::new("kill").args(["-INT", &self.tcpdump.id().to_string()]));
        self.tcpdump.wait().unwrap();
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        assert!(said.contains("\n0 packets dropped by kernel"), "{said}");
        fs::read(&self.path).unwrap()
    }

    fn tail(&self) -> Vec<u8> {
        let mut file = File::open(&self.path).unwrap();
        let len = file.metadata().unwrap().len();
        file.seek(SeekFrom::Start(len.saturating_sub(4096))).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }
}

/// Waits until it gives something. A minute is long: something is broken then.
fn wait<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(it) = ready() {
            return it;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{what} does not come");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The last datagram.
const LAST: &[u8] = b"that was all, tcpdump";
