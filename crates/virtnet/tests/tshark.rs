//! Another reader's opinion of the files. Needs `tshark`; without it the tests say so and pass.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "only tests call these functions")]
#![allow(clippy::print_stdout, reason = "what is skipped is said")]

mod kit;

use std::{fs, path::Path, process::Command};

use kit::{at, conversation, http, plan, tls};
use tempfile::TempDir;
use virtnet::{
    Conditions, Datagram, Ending, Event, FileStyle, FileWriter, Frame, Lookup, Nat, Part, Plan, Reply,
    Security, TlsVersion,
    h2::{Http2, Message},
    pcapng, play, play_into,
};

/// What tshark prints for a file; `None` without tshark.
fn tshark(file: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("tshark").arg("-r").arg(file).args(arguments).output();
    let Ok(output) = output else {
        println!("skipped: there is no tshark here");
        return None;
    };
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaint: Vec<&str> =
        complaint.lines().filter(|line| !line.starts_with("Running as user")).collect();
    assert!(output.status.success() && complaint.is_empty(), "{complaint:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

fn written(folder: &TempDir, name: &str, bytes: Vec<u8>) -> std::path::PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn everything(conditions: Conditions) -> Plan {
    let securities = [Security::Clear, tls(TlsVersion::Tls12), tls(TlsVersion::Tls13)];
    let endings = [
        Ending::Close,
        Ending::CloseByServer,
        Ending::Distrust,
        Ending::KeepOpen,
        Ending::NeverConnects,
        Ending::Refused,
        Ending::Reset,
        Ending::ResetByServer,
    ];
    let lookups = [Lookup::Ask, Lookup::Cached, Lookup::AskAt([9, 9, 9, 9].into()), Lookup::NoSuchName];
    let mut talks = Vec::new();
    for security in &securities {
        for (index, ending) in endings.into_iter().enumerate() {
            let mut talk = conversation(security.clone(), http(2, 5000));
            (talk.ending, talk.lookup) = (ending, lookups[(index + talks.len() / 8) % 4]);
            talk.server.cname = vec!["edge.example.net".to_owned()];
            talks.push(talk);
        }
    }
    let mut plan = Plan { conditions, ..plan(talks) };
    plan.hosts[0].joins = vec![at(-10)];
    plan.hosts[0].vendor = "android-dhcp-12".to_owned();
    plan.hosts[0].v6 = Some("2001:db8:1::23".parse().unwrap());
    let ntp = [[0x1b].as_slice(), &[0; 47]].concat();
    let mut question = Datagram::new(at(3), 0, "192.0.2.1:123".parse().unwrap(), ntp.clone());
    question.reply = Some(Reply { delay_ms: 1, from: None, bytes: [[0x1c].as_slice(), &ntp[1..]].concat() });
    let search = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n";
    plan.datagrams = vec![question, Datagram::new(at(4), 0, "239.255.255.250:1900".parse().unwrap(), search)];
    plan.datagrams.push(Datagram::new(at(5), 0, "192.0.2.1:9999".parse().unwrap(), vec![7; 5000]));
    let mut six = conversation(tls(TlsVersion::Tls13), http(1, 3000));
    six.server.address = "2001:db8:7::1".parse().unwrap();
    plan.conversations.push(virtnet::Conversation { at: at(40), ..six });
    plan
}

#[test]
fn tshark_finds_nothing_wrong() {
    let folder = TempDir::new().unwrap();
    for nat in [None, Some(Nat::default())] {
        let recording = play(&everything(Conditions { nat, ..Conditions::default() })).unwrap();
        let file = written(&folder, "all.pcapng", pcapng(&recording, &FileStyle::default()));
        let checks = [
            "-o",
            "ip.check_checksum:TRUE",
            "-o",
            "tcp.check_checksum:TRUE",
            "-o",
            "udp.check_checksum:TRUE",
        ];
        let wrong = "_ws.malformed || _ws.expert.severity >= 6291456 || tcp.analysis.flags";
        let found = tshark(&file, &[&checks[..], &["-Y", wrong]].concat());
        let Some(found) = found else { return };
        // What nobody answers is repeated, and a reset is always worth a warning; nothing else may be odd.
        let planned = |line: &str| line.contains("[SYN]") || line.contains("[RST");
        let found: Vec<&str> = found.lines().filter(|line| !planned(line)).collect();
        assert_eq!(found, Vec::<&str>::new());
        let broken = tshark(&file, &["-Y", "_ws.malformed || _ws.expert.severity == error"]).unwrap();
        assert_eq!(broken, "");
    }
}

#[test]
fn tshark_reads_the_requests_inside_tls() {
    let folder = TempDir::new().unwrap();
    let conditions = Conditions { loss: 0.02, ..Conditions::default() };
    for security in [Security::Clear, tls(TlsVersion::Tls12), tls(TlsVersion::Tls13)] {
        let plan = Plan { conditions: conditions.clone(), ..plan([conversation(security, http(3, 30_000))]) };
        let mut writer = FileWriter::new(Vec::new(), FileStyle::default()).unwrap();
        play_into(&plan, &mut |event: Event| writer.put(&event).unwrap()).unwrap();
        let streamed = written(&folder, "streamed.pcapng", writer.into_inner());
        let whole = written(&folder, "whole.pcapng", pcapng(&play(&plan).unwrap(), &FileStyle::default()));
        let fields = ["-e", "http.request.method", "-e", "http.host", "-e", "http.request.uri"];
        let arguments = [&["-2", "-Y", "http.request", "-T", "fields"][..], &fields].concat();
        for file in [streamed, whole] {
            let Some(requests) = tshark(&file, &arguments) else { return };
            let expected: Vec<String> =
                (0..3).map(|index| format!("POST\tapi.example.com\t/v1/{index}")).collect();
            assert_eq!(
                requests.lines().collect::<Vec<_>>(),
                expected,
                "{:?}",
                plan.conversations[0].security
            );
        }
    }
}

#[test]
fn without_secrets_tshark_reads_no_request() {
    let folder = TempDir::new().unwrap();
    let recording = play(&plan([conversation(tls(TlsVersion::Tls13), http(1, 10))])).unwrap();
    let style = FileStyle { secrets: false, ..FileStyle::default() };
    let file = written(&folder, "sealed.pcapng", pcapng(&recording, &style));
    let Some(requests) = tshark(&file, &["-Y", "http.request"]) else { return };
    assert_eq!(requests, "");
    let log = folder.path().join("keys.log");
    fs::write(&log, &recording.key_log).unwrap();
    let option = format!("tls.keylog_file:{}", log.display());
    let requests = tshark(&file, &["-o", &option, "-Y", "http.request"]).unwrap();
    assert_eq!(requests.lines().count(), 1);
}

#[test]
fn tshark_reads_http2_with_its_table() {
    let folder = TempDir::new().unwrap();
    let mut talk = conversation(tls(TlsVersion::Tls13), Vec::new());
    talk.security =
        Security::Tls { version: TlsVersion::Tls13, alpn: vec!["h2".to_owned(), "http/1.1".to_owned()] };
    let (mut connection, mut expected) = (Http2::new(), Vec::new());
    for index in 0..60 {
        let (path, agent) = (format!("/v2/{index}"), format!("agent/{} {}", index / 2, "x".repeat(90)));
        let ask = Message::request("POST", "api.example.com", &path)
            .field("user-agent", &agent)
            .body("a=1")
            .after(20);
        let tell = Message::response(200).field("content-type", "text/plain").body(vec![b'b'; 40_000]);
        connection = connection.exchange(&ask, &tell);
        expected.push(format!("POST\tapi.example.com\t{path}\t{agent}"));
    }
    talk.turns = connection.into_turns();
    let recording = play(&plan([talk])).unwrap();
    assert_eq!(recording.flows[0].delivered, 120);
    let file = written(&folder, "h2.pcapng", pcapng(&recording, &FileStyle::default()));
    let names = ["method", "authority", "path", "user_agent"].map(|name| format!("http2.headers.{name}"));
    let fields: Vec<&str> = names.iter().flat_map(|name| ["-e", name]).collect();
    let arguments = [&["-Y", "http2.headers.method", "-T", "fields"][..], &fields].concat();
    let Some(requests) = tshark(&file, &arguments) else { return };
    assert_eq!(requests.lines().collect::<Vec<_>>(), expected);
    assert_eq!(tshark(&file, &["-Y", "_ws.malformed || _ws.expert.severity >= 6291456"]).unwrap(), "");
}

#[test]
fn tshark_reads_what_the_wifi_says_and_what_the_file_notes() {
    let folder = TempDir::new().unwrap();
    let recording = play(&everything(Conditions::default())).unwrap();
    let comment =
        |frame: &Frame| matches!(frame.part, Part::Network(0)).then(|| "the phone's own".to_owned());
    let style = FileStyle { comment: Some(&comment), ..FileStyle::default() };
    let file = written(&folder, "noted.pcapng", pcapng(&recording, &style));
    let rows = [
        ("dhcp.option.hostname", "dhcp.option.dhcp == 3", "phone"),
        ("dhcp.option.vendor_class_id", "dhcp.option.dhcp == 3", "android-dhcp-12"),
        ("dhcp.ip.your", "dhcp.option.dhcp == 5", "192.168.1.23"),
        ("arp.src.hw_mac", "arp.opcode == 2", "02:00:5e:00:00:01"),
        ("icmpv6.nd.na.target_address", "icmpv6.type == 136", "fe80::5eff:fe00:1"),
        ("frame.comment", "dhcp.option.dhcp == 1", "the phone's own"),
        ("frame.packet_flags_direction", "dhcp.option.dhcp == 2", "1"),
        ("frame.interface_name", "dhcp.option.dhcp == 2", "wlan0"),
    ];
    for (field, filter, expected) in rows {
        let Some(found) = tshark(&file, &["-Y", filter, "-T", "fields", "-e", field]) else { return };
        let found = found.trim().trim_start_matches("0x0000000");
        assert_eq!(found, expected, "{field}");
    }
}
