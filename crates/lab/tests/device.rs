//! What the phone's own counters and tables say: the truth about whoever sent, and nothing that Android would not say.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use lab::{Artefacts, Scenario, run};

/// A phone with an app, a program of the system and one server; the app sends at 1 h, 2 h … 6 h, the program at 90 min.
fn text(android: &str, more: &str) -> String {
    format!(
        r#"
title = "t"
start = "2017-01-30T08:00:00+01:00"
length = "8h"
[phone]
name = "p"
manufacturer = "m"
model = "m"
android = "{android}"
build = "b/p/d:7/BUILD1/5:user/release-keys"
imei = ["352099001761481"]
wifi_mac = "d0:37:45:ab:01:9f"
address = "192.168.1.5"
ssid = "Amsel"
[[packages]]
name = "com.example.app"
uid = 10123
path = "/data/app/a.apk"
[[servers]]
name = "s"
host = "a.example"
address = "198.51.100.7"
port = 80
[[servers]]
name = "other"
address = "198.51.100.9"
port = 8080
[[senders]]
name = "app"
package = "com.example.app"
uses = ["READ_PHONE_STATE"]
timer = {{ first = "1h", every = "1h", most = 6 }}
request = {{ server = "s", method = "POST", path = "/", body = "${{random:900}}", keep = "30s" }}
[[senders]]
name = "root"
timer = {{ first = "90m" }}
request = {{ server = "other", path = "/", keep = "30s" }}
{more}"#
    )
}

fn play(android: &str, more: &str) -> Artefacts {
    run(&Scenario::read(&text(android, more), &|_| None).unwrap()).unwrap()
}

fn file<'a>(artefacts: &'a Artefacts, name: &str) -> &'a str {
    std::str::from_utf8(artefacts.file(name).unwrap_or_else(|| panic!("{name}: {:?}", names(artefacts))))
        .unwrap()
}

fn names(artefacts: &Artefacts) -> Vec<&str> {
    artefacts.files.iter().map(|file| file.name.as_str()).collect()
}

/// Bytes of the IP packets of a capture that went to an address, and that came from it.
fn captured(artefacts: &Artefacts, address: [u8; 4]) -> [u64; 2] {
    let mut rest = artefacts.file("capture.pcapng").unwrap();
    let mut sums = [0, 0];
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    while rest.len() >= 12 {
        let (block, behind) = rest.split_at(word(rest, 4));
        // Enhanced packet blocks of IPv4 packets, without the giving of addresses (DHCP).
        let is_dhcp = |block: &[u8]| [[0, 67], [0, 68]].contains(&[block[62], block[63]]);
        if word(block, 0) == 6 && block[40..42] == [8, 0] && !is_dhcp(block) {
            let length = u64::from(u16::from_be_bytes([block[44], block[45]]));
            sums[0] += if block[58..62] == address { length } else { 0 };
            sums[1] += if block[54..58] == address { length } else { 0 };
        }
        rest = behind;
    }
    sums
}

/// What a history counts below lines that hold all words: bytes sent and received.
fn history(text: &str, words: &[&str]) -> [u64; 2] {
    let (mut is_wanted, mut sums) = (false, [0, 0]);
    let (_, text) = text.split_once("UID stats:").unwrap();
    for line in text.lines() {
        if line.contains("ident=") {
            is_wanted = words.iter().all(|word| line.contains(word));
        }
        let number = |key: &str| -> Option<u64> {
            line.trim().split(' ').find_map(|word| word.strip_prefix(key)?.parse().ok())
        };
        if let (Some(sent), Some(received), true) = (number("tb="), number("rb="), is_wanted) {
            sums = [sums[0] + sent, sums[1] + received];
        }
    }
    sums
}

#[test]
fn what_is_counted_is_what_was_sent() {
    let artefacts = play("7.1.1", "[evidence]\nnetstats = [\"7h30m\"]\nbugreports = [\"7h30m\"]");
    let counted = file(&artefacts, "netstats-2017-01-30-15-30-00.txt");
    let seen = captured(&artefacts, [198, 51, 100, 7]);
    assert!(seen[0] > 6 * 900, "{seen:?}");
    assert_eq!(history(counted, &["type=WIFI", "\"Amsel\"", " uid=10123 ", "tag=0x0"]), seen);
    // Before Android 10 questions for names are root's, as is the program that is no package.
    let root = history(counted, &[" uid=0 "]);
    let (other, dns) = (captured(&artefacts, [198, 51, 100, 9]), captured(&artefacts, [192, 168, 1, 1]));
    assert_eq!(root, [other[0] + dns[0], other[1] + dns[1]]);
    let report = file(&artefacts, "bugreport-BUILD1-2017-01-30-15-30-00.txt");
    let row = report.lines().find(|line| line.contains(" wlan0 0x0 10123 0 ")).unwrap();
    assert!(
        row.contains(&format!(" 10123 0 {} ", seen[1])) && row.contains(&format!(" {} ", seen[0])),
        "{row}"
    );
    assert!(report.contains("READ_PHONE_STATE: mode=0; time=+1h30m0s120ms ago"), "{report}");
    assert!(!report.contains("UID stats:"), "a bugreport has no history by user id");
}

#[test]
fn a_later_resolver_asks_for_the_app() {
    let artefacts = play("11", "[evidence]\nnetstats = [\"7h30m\"]\nbugreports = [\"7h30m\"]");
    let counted = file(&artefacts, "netstats-2017-01-30-15-30-00.txt");
    let dns = captured(&artefacts, [192, 168, 1, 1]);
    let (_, tagged) = counted.split_once("UID tag stats:").unwrap();
    assert_eq!(history(&format!("UID stats:{tagged}"), &[" uid=10123 ", "tag=0xffffff82"]), dns);
    let report = file(&artefacts, "bugreport-BUILD1-2017-01-30-15-30-00.txt");
    assert!(report.contains("Access: [bg-s] 2017-01-30 13:59:59.880 (-1h30m0s120ms)"), "{report}");
    assert!(!report.contains("xt_qtaguid"), "the kernel has no such counters any more");
}

#[test]
fn what_went_over_the_mobile_network_is_counted_and_not_captured() {
    let away = "[[events]]\nat = \"150m\"\nkind = \"wifi-lost\"\nset = { network = \"mobile\" }\nthen = [{ after = \
                \"2h\", kind = \"connectivity\", set = { network = \"wifi\" } }]\n[evidence]\nnetstats = [\"7h30m\"]";
    let artefacts = play("7.1.1", away);
    let counted = file(&artefacts, "netstats-2017-01-30-15-30-00.txt");
    let mobile: Vec<bool> =
        artefacts.sent.iter().filter(|sent| sent.sender == "app").map(|sent| sent.is_mobile).collect();
    assert_eq!(mobile, [false, false, true, true, false, false]);
    let seen = captured(&artefacts, [198, 51, 100, 7]);
    assert_eq!(history(counted, &["type=WIFI", " uid=10123 "]), seen);
    let past = history(counted, &["type=MOBILE", " uid=10123 "]);
    assert!(past[0] * 2 > seen[0] * 9 / 10 && past[0] * 2 < seen[0] * 11 / 10, "{past:?} {seen:?}");
}

#[test]
fn what_is_lost_before_the_tap_is_counted() {
    let artefacts = play("7.1.1", "[network]\nlose_once_in = 8\n[evidence]\nnetstats = [\"7h30m\"]");
    let counted = history(file(&artefacts, "netstats-2017-01-30-15-30-00.txt"), &[" uid=10123 "]);
    assert!(counted[0] > captured(&artefacts, [198, 51, 100, 7])[0], "{counted:?}");
}

#[test]
fn tables_say_whose_a_socket_is_while_it_is_open() {
    let more = "[evidence]\nsockets = [{ at = \"1h\", every = \"20s\", times = 6 }, { at = \"90m5s\" }]";
    let artefacts = play("7.1.1", more);
    let rows = |name: &str, table: &str| -> Vec<Vec<String>> {
        let text = file(&artefacts, &format!("sockets-2017-01-30-{name}/{table}")).to_owned();
        let rows = text.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect());
        rows.collect()
    };
    // Remote address, state, uid, number.
    let told = |row: &Vec<String>| [2, 3, 7, 9].map(|place| row[place].clone());
    let [open] = &rows("09-00-20", "tcp6")[..] else { panic!("{:?}", rows("09-00-20", "tcp6")) };
    let [remote, state, uid, inode] = told(open);
    assert_eq!(
        [remote.as_str(), state.as_str(), uid.as_str()],
        ["0000000000000000FFFF0000076433C6:0050", "01", "10123"]
    );
    assert_ne!(inode, "0");
    // Closed by the app, it waits for a minute and is nobody's.
    let waiting: Vec<_> = ["09-00-40", "09-01-00", "09-01-20", "09-01-40"]
        .map(|name| {
            rows(name, "tcp6").iter().map(told).map(|[_, state, uid, inode]| [state, uid, inode]).collect()
        })
        .into_iter()
        .collect::<Vec<Vec<_>>>();
    let nobody = || vec![["06", "0", "0"].map(str::to_owned)];
    assert_eq!(waiting, [nobody(), nobody(), nobody(), Vec::new()]);
    assert!(rows("09-00-20", "tcp").is_empty() && rows("09-00-20", "udp6").is_empty());
    // A program without Java has a socket of IPv4.
    let [root] = &rows("09-30-05", "tcp")[..] else { panic!("{:?}", rows("09-30-05", "tcp")) };
    assert_eq!(told(root)[..3], ["096433C6:1F90", "01", "0"]);
    assert_ne!(told(root)[3], "0");
}

#[test]
fn what_cannot_be_read_off_a_phone_is_an_error() {
    let rows = [
        "bugreports = [\"9h\"]",
        "netstats = [\"1h\", \"1h\"]",
        "sockets = [{ at = \"1h\", every = \"1ms\" }]",
        "sockets = [{ at = \"1h\", every = \"100ms\", times = 3 }]",
        "sockets = [{ at = \"1h\", evry = \"1h\" }]",
        "sockets = [{ at = \"9h\" }]",
    ];
    for row in rows {
        assert!(Scenario::read(&text("9", &format!("[evidence]\n{row}")), &|_| None).is_err(), "{row}");
    }
}
