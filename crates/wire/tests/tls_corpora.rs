//! TLS and QUIC of real captures: as many hellos as tshark finds, and in them what tls-parser reads.
//! [`messages`] checks that every byte is in a message or in the ledger.

#![expect(clippy::unwrap_used, reason = "a test may stop where it is wrong")]

mod session_captures;

use std::{fs, io::Read, path::Path};

use session_captures::messages;
use testkit::corpora::{corpora, files_below};
use tls_parser::{
    TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_client_hello_extensions, parse_tls_plaintext,
};
use wire::{Head, Message, TlsHead};

/// Client hellos in a capture, as tshark 4.0.17 lists them (`tls.handshake.type == 1`), and one server's name
/// in it. Of QUIC the datagrams that end one.
const HELLOS: &[(&str, usize, &str)] = &[
    ("decrypt/challenge01_ooo_stream.pcapng.gz", 1, ""),
    ("decrypt/doq.pcapng", 1, ""),
    ("decrypt/http2-brotli.pcapng", 1, ""),
    ("decrypt/http2-data-reassembly.pcap", 1, ""),
    // One of them came twice: with the token of a Retry.
    ("decrypt/quic-fragmented-handshakes.pcapng.gz", 19, "googleads.g.doubleclick.net"),
    ("decrypt/quic-with-secrets.pcapng", 2, "cloudflare-quic.com"),
    ("decrypt/rsasnakeoil2.pcap", 2, ""),
    ("decrypt/tls-renegotiation.pcap", 1, ""),
    ("decrypt/tls12-chacha20poly1305.pcap", 7, ""),
    ("decrypt/tls12-dsb.pcapng", 2, "example.net"),
    ("decrypt/tls13-20-chacha20poly1305.pcap", 2, "10.42.0.243"),
    ("decrypt/tls13-rfc8446.pcap", 2, ""),
    ("http/1kxun.pcap", 4, ""),
    ("http/android.pcap", 18, ""),
    ("http/instagram.pcap", 11, ""),
    ("http/ocs.pcap", 5, "mtalk.google.com"),
    ("http/viber.pcap", 7, ""),
    ("http/waze.pcap", 13, ""),
    ("http/weibo.pcap", 1, ""),
    ("hostile/1e957f-input.pcap", 1, "mastodon.social"),
    ("hostile/309c8e-input.pcap", 1, "optimizationguide-pa.googleapis.com"),
    // Two of them over DTLS.
    ("hostile/d6cf52-arkime_synthetic.pcap", 13, "test.example.com"),
];

fn read(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut inner = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut inner).unwrap();
        return inner;
    }
    bytes
}

/// The whole client hellos: only those have a fingerprint.
fn hellos(messages: &[Message]) -> Vec<(&Message, &TlsHead)> {
    let heads = messages.iter().filter_map(|message| match &message.head {
        Head::Tls(head) if !head.ja4.is_empty() => Some((message, &**head)),
        _ => None,
    });
    heads.collect()
}

#[test]
fn as_many_hellos_are_found_as_by_tshark() {
    let Some(corpora) = corpora() else { return };
    for (file, count, name) in HELLOS {
        let messages = messages(&read(&corpora.join(file)));
        let hellos = hellos(&messages);
        assert_eq!(hellos.len(), *count, "{file}");
        assert!(
            name.is_empty() || hellos.iter().any(|(_, head)| head.server_name == *name),
            "{file}: {name}"
        );
        for (message, head) in hellos {
            let named = message.parts.first().map(|part| &message.recorded.bytes[part.value.clone()]);
            assert!(
                named.is_none_or(|named| named == head.server_name.as_bytes()),
                "{file}: the name's place"
            );
        }
    }
}

#[test]
fn another_reader_reads_the_same() {
    let Some(corpora) = corpora() else { return };
    let mut compared = 0;
    for folder in ["decrypt", "http", "hostile"] {
        for path in files_below(&corpora.join(folder)) {
            for (message, head) in hellos(&messages(&read(&path))) {
                let Ok((_, record)) = parse_tls_plaintext(&message.recorded.bytes) else { continue };
                let [TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)), ..] = &record.msg[..]
                else {
                    continue;
                };
                let Ok((_, extensions)) = parse_tls_client_hello_extensions(hello.ext.unwrap_or_default())
                else {
                    continue;
                };
                assert_eq!(read_by_the_other(hello.version.0, &extensions), told(head), "{}", path.display());
                compared += 1;
            }
        }
    }
    println!("{compared} hellos compared");
    assert!(compared > 70);
}

type Told = (String, Vec<String>, u16);

fn told(head: &TlsHead) -> Told {
    (head.server_name.clone(), head.alpn.clone(), head.version)
}

fn read_by_the_other(version: u16, extensions: &[TlsExtension<'_>]) -> Told {
    let text = |bytes: &&[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut told = (String::new(), Vec::new(), version);
    for extension in extensions {
        match extension {
            TlsExtension::SNI(names) => {
                told.0 = names.first().map(|(_, name)| text(name)).unwrap_or_default();
            }
            TlsExtension::ALPN(names) => told.1 = names.iter().map(text).collect(),
            TlsExtension::SupportedVersions(versions) => {
                let real = versions
                    .iter()
                    .map(|version| version.0)
                    .filter(|version| !wire::tls::is_grease(*version));
                // Drafts of TLS 1.3 come before TLS 1.2, and behind TLS 1.3.
                told.2 = real
                    .max_by_key(|version| (*version >= 0x0304, *version == 0x0304, *version))
                    .unwrap_or(version);
            }
            _ => {}
        }
    }
    told
}

/// As `openssl x509 -nameopt utf8,sep_comma_plus_space` prints them.
#[test]
fn certificates_are_those_that_openssl_reads() {
    let Some(corpora) = corpora() else { return };
    let messages = messages(&read(&corpora.join("http/viber.pcap")));
    let certificates = messages.iter().flat_map(|message| match &message.head {
        Head::Tls(head) => &head.certificates[..],
        _ => &[],
    });
    let viber = "449b166d49693b05f5bcdc0098485dc3510962f0af54f96f106dbc884cfbcd0e";
    let certificate = certificates.clone().find(|certificate| certificate.sha256 == viber).unwrap();
    assert_eq!(
        certificate.subject,
        "C=LU, ST=Luxembourg, L=Luxembourg, O=Viber Media Sarl, OU=IT, CN=*.viber.com"
    );
    assert_eq!(certificate.issuer, "C=US, O=thawte, Inc., CN=thawte SSL CA - G2");
    assert_eq!(certificate.names, ["*.viber.com", "viber.com"]);
    // 2016-06-26T00:00:00Z to 2018-06-26T23:59:59Z.
    assert_eq!(certificate.validity, (1_466_899_200, 1_530_057_599));
}
