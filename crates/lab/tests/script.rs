//! How senders act: timers, retries, acceptance, batches, conditions.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lab::{Artefacts, Scenario, Variant, run};

/// A phone with two packages and one server, and more.
fn scenario(more: &str) -> Scenario {
    let text = format!(
        r#"
title = "t"
start = "2017-01-30T08:00:00+01:00"
length = "120d"
[phone]
name = "p"
manufacturer = "m"
model = "m"
android = "7"
build = "b"
imei = ["352099001761481"]
wifi_mac = "d0:37:45:ab:01:9f"
address = "192.168.1.5"
[[packages]]
name = "com.example.app"
uid = 10001
path = "/data/app/a.apk"
[[servers]]
name = "s"
host = "a.example"
address = "198.51.100.7"
port = 80
{more}"#
    );
    Scenario::read(&text, &|_| None).unwrap()
}

/// Hours after the start at which a sender sent.
fn hours(artefacts: &Artefacts, sender: &str, scenario: &Scenario) -> Vec<i64> {
    let start = scenario.start.unix_timestamp();
    let sent = artefacts.sent.iter().filter(|sent| sent.sender == sender);
    sent.map(|sent| (sent.at / 1_000_000_000 - start) / 3600).collect()
}

fn sent(more: &str) -> Vec<i64> {
    let scenario = scenario(more);
    hours(&run(&scenario).unwrap(), "x", &scenario)
}

#[test]
fn hourly_until_accepted() {
    let rows = r#"
[[senders]]
name = "x"
timer = { first = "180m", every = "1h" }
until = "accepted"
request = { server = "s", path = "/" }
replies = [{ from_attempt = 4, accepted = true }, { status = 500 }]"#;
    assert_eq!(sent(rows), [3, 4, 5, 6]);
}

#[test]
fn monthly_on_the_day_of_the_first_time() {
    let rows = r#"
[[senders]]
name = "x"
timer = { first = "24h", monthly = true }
request = { server = "s", path = "/" }"#;
    // 31 January, and then the last days of shorter months.
    assert_eq!(sent(rows), [24, 24 + 28 * 24, 24 + 59 * 24, 24 + 89 * 24]);
}

#[test]
fn retries_wait_longer_and_end() {
    let rows = r#"
[[events]]
at = "1h"
kind = "unlocked"
[[senders]]
name = "x"
on = ["unlocked"]
retry = { every = "1h", most = 3, backoff = 2 }
request = { server = "s", path = "/" }
replies = [{ status = 0 }]"#;
    assert_eq!(sent(rows), [1, 2, 4, 8]);
}

#[test]
fn one_sender_follows_another_in_a_state_only() {
    let rows = r#"
[state]
mode = "normal"
[[events]]
at = "1h"
every = "1h"
times = 3
kind = "unlocked"
[[events]]
at = "90m"
kind = "private-mode-on"
set = { mode = "private" }
[[senders]]
name = "first"
on = ["unlocked"]
request = { server = "s", path = "/" }
[[senders]]
name = "x"
on = ["accepted:first"]
when = { mode = "!private" }
request = { server = "s", path = "/" }"#;
    assert_eq!(sent(rows), [1]);
}

#[test]
fn a_batch_goes_when_it_is_full_or_old() {
    let rows = r#"
[[events]]
at = "1h"
every = "1m"
times = 5
kind = "unlocked"
[[senders]]
name = "x"
on = ["unlocked"]
batch = { every = "3h", most = 3, item = "${time}" }
request = { server = "s", method = "POST", path = "/", body = "${items}" }"#;
    assert_eq!(sent(rows), [1, 4]);
}

#[test]
fn what_stands_for_nothing_is_an_error() {
    let rows = [
        "[[senders]]\nname = \"x\"\non = [\"no-such\"]",
        "[[senders]]\nname = \"x\"\nrequest = { server = \"none\", path = \"/\" }",
        "[[senders]]\nname = \"x\"\npackage = \"com.none\"",
        "[[events]]\nat = \"1h\"\nkind = \"no-such\"",
        "[[events]]\nat = \"1h\"\nkind = \"unlocked\"\nnumbr = \"1\"",
    ];
    for more in rows {
        let base = "title = \"t\"\nstart = \"2017-01-30T08:00:00+01:00\"\nlength = \"1h\"\nphone = { name = \"p\", \
                    manufacturer = \"m\", model = \"m\", android = \"7\", build = \"b\", wifi_mac = \
                    \"d0:37:45:ab:01:9f\", address = \"192.168.1.5\" }\n";
        assert!(Scenario::read(&format!("{base}{more}"), &|_| None).is_err(), "{more}");
    }
    let wrong = scenario(
        "[[senders]]\nname = \"x\"\ntimer = { first = \"1h\" }\nrequest = { server = \"s\", path = \"/${no-such}\" }",
    );
    assert!(run(&wrong).is_err());
}

#[test]
fn messages_are_where_the_scenario_leaves_them() {
    let rows = r#"
[evidence]
messages = true
bill = true
radio = true
[[sims]]
iccid = "8949020073518264919"
imsi = "262019483715260"
number = "+4915550112358"
operator = "Musterfunk"
mcc = "262"
mnc = "01"
country = "de"
[[senders]]
name = "x"
package = "com.example.app"
timer = { first = "1h" }
sms = { to = "+4915550199017", text = "IMEI ${imei1}", stored = "never" }"#;
    let artefacts = run(&scenario(rows)).unwrap();
    let holds = |name: &str, words: &[u8]| {
        artefacts.file(name).unwrap().windows(words.len()).any(|window| window == words)
    };
    assert!(holds("bill.csv", b"SMS,outgoing,+4915550199017"));
    assert!(!holds("mmssms.db", b"4915550199017"));
    // SUBMIT, its number, thirteen digits of an international number; the frame of LAPDm ends with the first two.
    assert!(holds("capture.pcapng", &[0x01, 0x00, 0x0d, 0x91, 0x94]));
}

#[test]
fn every_variant_runs() {
    let rows = r#"
[[senders]]
name = "x"
timer = { first = "1h", every = "24h" }
request = { server = "s", method = "POST", path = "/q?id=${imei1}", body = '{"imei":"${imei1}"}', encode = ["base64"] }"#;
    let plain = run(&scenario(rows)).unwrap();
    for variant in Variant::ALL {
        let artefacts = run(&variant.apply(scenario(rows))).unwrap();
        assert_eq!(artefacts.sent.len(), plain.sent.len(), "{}", variant.name());
        assert_ne!(artefacts.file("capture.pcapng"), plain.file("capture.pcapng"), "{}", variant.name());
    }
}
