//! Both ends of a TLS connection: rustls with chance from a seed, certificates of one authority, a key log.

mod authority;
mod chance;

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use evidence::Timestamp;
use rustls::{
    ClientConfig, ClientConnection, Connection, KeyLog, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
    client::Resumption,
    pki_types::{ServerName, UnixTime},
    server::{NoServerSessionStorage, ResolvesServerCert},
    time_provider::TimeProvider,
};
use testkit::Dice;

pub(crate) use authority::Authority;
pub(crate) use chance::with_chance;

use crate::{Server, TlsVersion};

/// Two ends that have not spoken yet.
pub(crate) struct Pair {
    pub(crate) client: Connection,
    pub(crate) server: Connection,
    pub(crate) secrets: Arc<Secrets>,
}

/// What one connection is to be like.
pub(crate) struct Wish<'a> {
    pub(crate) server: &'a Server,
    pub(crate) version: TlsVersion,
    pub(crate) alpn: &'a [String],
    pub(crate) at: Timestamp,
    /// The client knows the authority.
    pub(crate) trusted: bool,
}

impl Pair {
    pub(crate) fn new(
        authority: &mut Authority,
        wish: &Wish<'_>,
        dice: &mut Dice,
    ) -> Result<Self, rustls::Error> {
        let secrets = Arc::new(Secrets::default());
        let certificate = authority.leaf(&wish.server.name, wish.at)?;
        let roots = if wish.trusted { authority.roots() } else { Arc::new(RootCertStore::empty()) };
        let client = client_config(wish, roots, &secrets)?;
        let server = server_config(wish, certificate, &secrets)?;
        let name = ServerName::try_from(wish.server.name.clone())
            .map_err(|_| rustls::Error::General("no name for TLS".to_owned()))?;
        with_chance(dice, || {
            let client = Connection::from(ClientConnection::new(Arc::new(client), name)?);
            let server = Connection::from(ServerConnection::new(Arc::new(server))?);
            Ok(Self { client, server, secrets })
        })
    }
}

fn client_config(
    wish: &Wish<'_>,
    roots: Arc<RootCertStore>,
    secrets: &Arc<Secrets>,
) -> Result<ClientConfig, rustls::Error> {
    let clock = Arc::new(Standing(wish.at));
    let mut config = ClientConfig::builder_with_details(chance::provider(), clock)
        .with_protocol_versions(&[version(wish.version)])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = wish.alpn.iter().map(|name| name.clone().into_bytes()).collect();
    config.resumption = Resumption::disabled();
    config.key_log = Arc::clone(secrets) as Arc<dyn KeyLog>;
    Ok(config)
}

fn server_config(
    wish: &Wish<'_>,
    certificate: Arc<dyn ResolvesServerCert>,
    secrets: &Arc<Secrets>,
) -> Result<ServerConfig, rustls::Error> {
    let clock = Arc::new(Standing(wish.at));
    let mut config = ServerConfig::builder_with_details(chance::provider(), clock)
        .with_protocol_versions(&[version(wish.version)])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = wish.alpn.first().map(|name| name.clone().into_bytes()).into_iter().collect();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.key_log = Arc::clone(secrets) as Arc<dyn KeyLog>;
    Ok(config)
}

fn version(version: TlsVersion) -> &'static SupportedProtocolVersion {
    match version {
        TlsVersion::Tls12 => &rustls::version::TLS12,
        TlsVersion::Tls13 => &rustls::version::TLS13,
    }
}

/// A clock that shows the beginning of a conversation.
#[derive(Debug)]
struct Standing(Timestamp);

impl TimeProvider for Standing {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.seconds()).unwrap_or(0);
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// The lines of the key log that nobody has taken yet. Both ends log, so that a secret is there before the first
/// record that it protects; each is kept once.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    all: Vec<String>,
    taken: usize,
}

impl Secrets {
    /// What came since the last call.
    pub(crate) fn fresh(&self) -> Vec<String> {
        let Ok(mut lines) = self.0.lock() else { return Vec::new() };
        let fresh = lines.all.get(lines.taken..).unwrap_or_default().to_vec();
        lines.taken = lines.all.len();
        fresh
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!("{label} {} {}", hex(client_random), hex(secret));
        if let Ok(mut lines) = self.0.lock()
            && !lines.all.contains(&line)
        {
            lines.all.push(line);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
