//! What became of what was sent: that a receiver took it, or refused it, is only said where answers, the phone's conduct
//! or the end of the connection tell so.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;

use audit::{Effort, Meter, Order, audit};
use evidence::{Behaviour, Case, Finding, FindingKind};
use identifiers::Profile;
use testkit::{
    Conversation, Endpoint, Net, PcapStyle, PcapWriter, Side,
    packet::{ACK, PSH},
};

const IMEI: &str = "352099001761481";
const SECOND: i64 = 1_000_000_000;

/// What becomes of one request.
#[derive(Clone, Copy)]
enum Fate<'a> {
    /// It is answered so.
    Answered(&'a str),
    /// The answer is lost by the capture, which holds the connection's end.
    Lost,
    /// The head of the answer is there, with a body of this media type of which the capture holds nothing.
    Headed(&'a str),
    /// The receiver closes the connection without an answer.
    Closed,
    /// The receiver resets it.
    Reset,
    /// Nothing is acknowledged, though the phone sends it again and again.
    Unheard,
    /// The capture ends when it was acknowledged.
    Open,
}

/// One request of the phone: how long after the one before, in seconds, what it says, and what becomes of it.
type Request<'a> = (i64, &'a str, Fate<'a>);

fn play(requests: &[Request<'_>], then: i64) -> Case {
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    for ((after, body, fate), port) in requests.iter().zip(40_000..) {
        net.wait(after * SECOND);
        request(&mut net, (port, body), *fate);
    }
    if then > 0 {
        net.wait(then * SECOND);
        // Something else, so that the recording is known to have gone on.
        request(&mut net, (50_000, "x"), Fate::Answered(r#"{"other":"x"}"#));
    }
    audited(net.into_wire().into_inner())
}

fn request(net: &mut Net<PcapWriter<Vec<u8>>>, (port, body): (u16, &str), fate: Fate<'_>) {
    let path = if port < 50_000 { "/told" } else { "/other" };
    let server = Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(198, 51, 100, 1), 80);
    let phone = Endpoint::new([2, 0, 0x5e, 0, 1, 1], Ipv4Addr::new(192, 168, 2, 126), port);
    let mut talk = Conversation::new(phone, server);
    talk.open(net).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let whole = format!("{head}{body}");
    let answered = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    if let Fate::Unheard = fate {
        for _ in 0..4 {
            let at = talk.next_sequence(Side::Client);
            talk.segment_at(net, Side::Client, (at, ACK | PSH), whole.as_bytes()).unwrap();
            net.wait(5 * SECOND);
        }
        return;
    }
    talk.send(net, Side::Client, whole.as_bytes()).unwrap();
    talk.acknowledge(net, Side::Server).unwrap();
    match fate {
        Fate::Answered(body) => talk.send(net, Side::Server, answered(body).as_bytes()).unwrap(),
        Fate::Lost => talk.miss(Side::Server, 200),
        Fate::Headed(media) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: 200\r\n\r\n");
            talk.send(net, Side::Server, head.as_bytes()).unwrap();
            talk.miss(Side::Server, 200);
        }
        Fate::Reset => return talk.reset(net, Side::Server).unwrap(),
        Fate::Closed | Fate::Unheard => {}
        Fate::Open => return,
    }
    talk.close(net).unwrap();
}

fn audited(capture: Vec<u8>) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    std::fs::write(&path, capture).unwrap();
    let profile = format!("[device]\nimei = [\"{IMEI}\"]\n");
    let order = Order {
        keys: Vec::new(),
        inputs: vec![path],
        profile: Some(Profile::parse(&profile, &mut |_| Err(String::new())).unwrap()),
        bill: None,
        store: None,
        atlas: facts::Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: std::num::NonZeroUsize::new(2),
        program: "test".into(),
    };
    audit(order, &Meter::default()).unwrap()
}

/// What is said of the requests.
fn acceptance(case: &Case) -> &Finding {
    let is_it = |finding: &&Finding| matches!(&finding.kind, FindingKind::Behaviour(Behaviour::Acceptance { request, .. }) if request == "POST /told");
    case.findings.iter().find(is_it).unwrap()
}

/// How many were accepted, and refused.
fn counted(case: &Case) -> (u64, u64) {
    match acceptance(case).kind {
        FindingKind::Behaviour(Behaviour::Acceptance { accepted, refused, .. }) => (accepted, refused),
        _ => unreachable!(),
    }
}

/// Whether something is said to be sent again after it failed, and accepted in the end.
fn retried(case: &Case) -> Option<bool> {
    case.findings.iter().find_map(|finding| match finding.kind {
        FindingKind::Behaviour(Behaviour::Retries { accepted, .. }) => Some(accepted),
        _ => None,
    })
}

fn body(n: u32) -> String {
    format!(r#"{{"imei":"{IMEI}","battery":{n}}}"#)
}

#[test]
fn a_code_alone_tells_neither_yes_nor_no() {
    for answer in [r#"{"ret":1}"#, r#"{"code":1,"data":{"summary":[]}}"#, r#"{"resultCode":"1"}"#, "1"] {
        let bodies: Vec<String> = (0..6).map(body).collect();
        let requests: Vec<Request<'_>> =
            bodies.iter().map(|body| (3_600, body.as_str(), Fate::Answered(answer))).collect();
        let case = play(&requests, 36_000);
        let finding = acceptance(&case);
        assert_eq!(counted(&case), (0, 0), "{answer}");
        assert_eq!(
            finding.title,
            "a.example answered what was sent by POST /told; whether with yes or no, nothing tells"
        );
        let says = "whether that means yes or no, nothing here tells.";
        assert!(finding.words.contains(says), "{answer}: {}", finding.words);
        assert_eq!(retried(&case), None, "{answer}");
    }
}

#[test]
fn words_beside_a_code_tell() {
    for (answer, expected) in [
        (r#"{"code":1,"msg":"success"}"#, (3, 0)),
        (r#"{"resultCode":"1","resultDesc":"IMSI not supported"}"#, (0, 3)),
        (r#"{"code":0}"#, (3, 0)),
        (r#"{"errno":1}"#, (0, 3)),
    ] {
        let bodies: Vec<String> = (0..3).map(body).collect();
        let requests: Vec<Request<'_>> =
            bodies.iter().map(|body| (60, body.as_str(), Fate::Answered(answer))).collect();
        assert_eq!(counted(&play(&requests, 0)), expected, "{answer}");
    }
}

/// The same again each hour, with the time of the try, until another code comes.
#[test]
fn what_is_sent_again_until_another_code_comes_was_refused() {
    let bodies: Vec<String> =
        (0..5).map(|n| format!(r#"{{"imei":"{IMEI}","tried":"2019-02-18 0{n}:00:30"}}"#)).collect();
    let of = |last| move |n: usize| Fate::Answered(if n == 4 { last } else { r#"{"ret":1}"# });
    let requests = |fate: &dyn Fn(usize) -> Fate<'static>| -> Vec<Request<'_>> {
        bodies.iter().enumerate().map(|(n, body)| (3_600, body.as_str(), fate(n))).collect()
    };
    let until = requests(&of(r#"{"ret":0}"#));
    let case = play(&until, 36_000);
    assert_eq!(counted(&case), (1, 4));
    assert_eq!(retried(&case), Some(true));
    let words = &acceptance(&case).words;
    let says = "After “ret 1” the phone sent the same again, typically after 1 h, and after “ret 0” it did not: so \
                “ret 1” is taken for a refusal.";
    assert!(words.contains(says), "{words}");
    // Nobody saw that it does not come again.
    let case = play(&until, 0);
    assert_eq!((counted(&case), retried(&case)), ((1, 0), None));
    // It comes each hour whatever the answer is.
    let timer = requests(&|n| Fate::Answered([r#"{"ret":1}"#, r#"{"ret":0}"#][n % 2]));
    assert_eq!(retried(&play(&timer, 36_000)), None);
    // A server that says nothing else.
    let case = play(&requests(&of(r#"{"ret":1}"#)), 36_000);
    assert_eq!((counted(&case), retried(&case)), ((0, 0), None));
}

#[test]
fn an_answer_that_the_capture_lacks_is_no_refusal() {
    let body = body(1);
    let got = "a.example got what was sent by POST /told";
    let refused = "a.example got what was sent by POST /told, and did not accept it";
    let nothing = "Nothing shows that a.example took what was sent by POST /told";
    for (what, fate, title, failed) in [
        ("lost", Fate::Lost, got, 0),
        ("without body", Fate::Headed("application/json"), got, 0),
        ("open", Fate::Open, got, 0),
        ("closed", Fate::Closed, refused, 3),
        ("reset", Fate::Reset, refused, 3),
        ("unheard", Fate::Unheard, nothing, 3),
    ] {
        let case = play(&[(60, &body, fate), (60, &body, fate), (60, &body, fate)], 0);
        let finding = acceptance(&case);
        assert_eq!(counted(&case), (0, failed), "{what}: {}", finding.words);
        assert_eq!(finding.title, title, "{what}");
        assert_eq!(finding.words.contains("is not in the capture"), failed == 0, "{what}: {}", finding.words);
        assert_eq!(retried(&case), (failed > 0).then_some(false), "{what}");
        let FindingKind::Behaviour(Behaviour::Acceptance { delivered, undelivered, .. }) = finding.kind
        else {
            unreachable!()
        };
        let expected = if what == "unheard" { (0, 3) } else { (3, 0) };
        assert_eq!((delivered, undelivered), expected, "{what}");
    }
    // No outcome stands in a picture.
    let case = play(&[(60, &body, Fate::Headed("image/png"))], 0);
    assert_eq!(counted(&case), (1, 0));
    // Of one it is known, of the other not.
    let case = play(&[(60, &body, Fate::Closed), (60, &body, Fate::Lost)], 0);
    assert_eq!(acceptance(&case).title, format!("{got}, and is not known to have accepted any of it"));
}
