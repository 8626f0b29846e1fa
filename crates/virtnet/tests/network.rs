//! What is said in a virtual network arrives, and is recorded the same each time.

mod kit;

use std::collections::BTreeSet;

use kit::{Side, conversation, http, packets, plan, spoken, tls};
use virtnet::{
    Conditions, Direction, Ending, FileStyle, Flow, Lookup, Nat, Part, Plan, Recording, Security, TlsVersion,
    pcapng, play,
};

fn rough() -> Conditions {
    Conditions { loss: 0.05, reorder: 0.05, duplicate: 0.02, ..Conditions::default() }
}

fn securities() -> [Security; 3] {
    [Security::Clear, tls(TlsVersion::Tls12), tls(TlsVersion::Tls13)]
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let talks = securities().into_iter().map(|security| conversation(security, http(3, 20_000)));
    let plan = Plan { conditions: rough(), ..plan(talks) };
    let (first, second) = (play(&plan).unwrap(), play(&plan).unwrap());
    assert_eq!(pcapng(&first, &FileStyle::default()), pcapng(&second, &FileStyle::default()));
    assert_eq!(first.key_log, second.key_log);
    let other = play(&Plan { seed: 2, ..plan }).unwrap();
    assert_ne!(first.key_log, other.key_log, "another seed, other keys");
}

#[test]
fn what_is_said_arrives_over_a_bad_line() {
    for seed in 0..8 {
        let talks = securities().into_iter().map(|security| conversation(security, http(4, 40_000)));
        let plan = Plan { conditions: rough(), seed, ..plan(talks) };
        let recording = play(&plan).unwrap();
        for flow in &recording.flows {
            assert_eq!((flow.delivered, &flow.failure), (8, &None), "seed {seed}: {flow:?}");
        }
    }
}

#[test]
fn a_long_answer_is_said_to_its_end() {
    let talks = securities().into_iter().map(|security| conversation(security, http(1, 300_000)));
    let recording = play(&plan(talks)).unwrap();
    for flow in &recording.flows {
        assert_eq!((flow.delivered, &flow.failure), (2, &None), "{flow:?}");
    }
}

#[test]
fn the_streams_at_the_tap_are_what_was_said() {
    for seed in 0..8 {
        let talk = conversation(Security::Clear, http(4, 40_000));
        let plan = Plan { conditions: Conditions { latency_ms: (5, 80), ..rough() }, seed, ..plan([talk]) };
        let recording = play(&plan).unwrap();
        let server = recording.flows[0].server.unwrap();
        for side in [Side::Client, Side::Server] {
            let said: Vec<u8> = plan.conversations[0]
                .turns
                .iter()
                .filter(|turn| turn.from == side)
                .flat_map(|turn| turn.bytes.clone())
                .collect();
            assert!(spoken(&recording, server, side) == said, "seed {seed}: {side:?}");
        }
    }
}

#[test]
fn frames_come_in_order_with_right_checksums() {
    let talks = securities().into_iter().map(|security| conversation(security, http(3, 20_000)));
    let mut plan = Plan { conditions: rough(), ..plan(talks) };
    plan.hosts[0].v6 = Some("2001:db8::23".parse().unwrap());
    plan.hosts[0].joins = vec![kit::at(-5)];
    let mut six = plan.conversations[0].clone();
    six.server.address = "2001:db8:7::1".parse().unwrap();
    plan.conversations.push(six);
    let recording = play(&plan).unwrap();
    assert!(recording.frames.is_sorted_by_key(|frame| frame.time));
    assert!(recording.frames.len() > 100);
    recording.frames.iter().for_each(kit::check_sums);
}

#[test]
fn hosts_count_what_the_tap_sees_unless_packets_are_lost() {
    let talks = || securities().into_iter().map(|security| conversation(security, http(3, 20_000)));
    let sums = |recording: &Recording, direction: Direction| {
        let of_talks = |part: &Part| matches!(part, Part::Conversation(_));
        let crossed = recording.crossings.iter().filter(|it| it.direction == direction && of_talks(&it.part));
        let seen = recording.frames.iter().filter(|it| it.direction == direction && of_talks(&it.part));
        // What a frame has besides its packet is an Ethernet header.
        (crossed.map(|it| it.bytes).sum::<usize>(), seen.map(|frame| frame.bytes.len() - 14).sum::<usize>())
    };
    let good = play(&plan(talks())).unwrap();
    for direction in [Direction::In, Direction::Out] {
        let (crossed, seen) = sums(&good, direction);
        assert!(crossed > 1000 && crossed == seen, "{crossed} {seen}");
    }
    let lookups = good.crossings.iter().filter(|crossing| crossing.is_lookup).count();
    assert_eq!(lookups, 6, "a question and an answer each");
    let bad = play(&Plan { conditions: Conditions { loss: 0.1, ..Conditions::default() }, ..plan(talks()) });
    let bad = bad.unwrap();
    let ((out, seen_out), (into, seen_in)) = (sums(&bad, Direction::Out), sums(&bad, Direction::In));
    assert!(out > seen_out, "some are lost before the tap: {out} {seen_out}");
    assert!(into < seen_in, "some are lost behind the tap: {into} {seen_in}");
    assert!(bad.crossings.is_sorted_by_key(|crossing| crossing.time));
}

#[test]
fn a_lost_packet_is_sent_again() {
    let talk = conversation(Security::Clear, http(4, 40_000));
    let recording = play(&Plan { conditions: rough(), ..plan([talk]) }).unwrap();
    let segments = packets(&recording).filter(|packet| !packet.payload.is_empty());
    let all: Vec<_> = segments.map(|packet| (packet.from, packet.sequence)).collect();
    let once: BTreeSet<_> = all.iter().collect();
    assert!(once.len() < all.len(), "{} segments, none twice", all.len());
}

#[test]
fn behind_address_translation_no_inner_address_shows() {
    let talks = securities().into_iter().map(|security| conversation(security, http(2, 2000)));
    let mut plan = plan(talks);
    plan.conversations[1].host = 1;
    plan.hosts[0].joins = vec![kit::at(0)];
    plan.conditions.nat = Some(Nat::default());
    let recording = play(&plan).unwrap();
    let outer = Nat::default().v4;
    for packet in packets(&recording) {
        assert!([packet.from.ip(), packet.to.ip()].contains(&outer.into()), "{packet:?}");
    }
    for host in &plan.hosts {
        let shows = recording.frames.iter().any(|frame| {
            frame.bytes.windows(6).any(|part| part == host.mac)
                || frame.bytes[..34].windows(4).any(|part| part == host.v4.octets())
        });
        assert!(!shows, "{}", host.name);
    }
    let clients: BTreeSet<_> = recording.flows.iter().map(|flow| flow.client.unwrap()).collect();
    assert_eq!(clients.len(), 3, "each connection has its own port");
}

#[test]
fn a_call_that_nobody_answers_is_repeated() {
    let mut talk = conversation(Security::Clear, http(1, 10));
    talk.ending = Ending::NeverConnects;
    let recording = play(&plan([talk])).unwrap();
    let calls: Vec<_> = packets(&recording).filter(|packet| packet.tcp).collect();
    assert!((5..8).contains(&calls.len()), "{}", calls.len());
    assert!(calls.iter().all(|call| call.syn && !call.ack));
    assert!(!recording.flows[0].connected);
}

#[test]
fn endings_show_at_the_tap() {
    let rows = [
        (Ending::Close, true, false),
        (Ending::CloseByServer, true, false),
        (Ending::KeepOpen, false, false),
        (Ending::Reset, false, true),
        (Ending::ResetByServer, false, true),
        (Ending::Refused, false, true),
    ];
    for security in securities() {
        for (ending, farewell, reset) in rows {
            let mut talk = conversation(security.clone(), http(2, 3000));
            talk.ending = ending;
            let recording = play(&plan([talk])).unwrap();
            let seen: Vec<_> = packets(&recording).filter(|packet| packet.tcp).collect();
            assert_eq!(seen.iter().any(|packet| packet.fin), farewell, "{ending:?}");
            assert_eq!(seen.iter().any(|packet| packet.rst), reset, "{ending:?}");
            let delivered = if ending == Ending::Refused { 0 } else { 4 };
            assert_eq!(recording.flows[0].delivered, delivered, "{ending:?}");
        }
    }
}

#[test]
fn a_client_that_pins_its_certificates_says_nothing() {
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let mut talk = conversation(tls(version), http(2, 3000));
        talk.ending = Ending::Distrust;
        let recording = play(&plan([talk])).unwrap();
        let Flow { delivered, failure, .. } = &recording.flows[0];
        assert_eq!(*delivered, 0);
        assert!(failure.as_ref().unwrap().contains("UnknownIssuer"), "{failure:?}");
    }
}

#[test]
fn names_are_looked_up_as_planned() {
    let mut talk = conversation(Security::Clear, http(1, 10));
    talk.server.cname = vec!["edge.example.net".to_owned(), "a1.example.org".to_owned()];
    let mut wrong = talk.clone();
    wrong.lookup = Lookup::NoSuchName;
    let mut elsewhere = talk.clone();
    elsewhere.lookup = Lookup::AskAt([9, 9, 9, 9].into());
    let mut known = talk.clone();
    known.lookup = Lookup::Cached;
    let recording = play(&plan([talk, wrong, elsewhere, known])).unwrap();
    let asked = |index| {
        let of = recording.frames.iter().filter(move |frame| frame.part == Part::Conversation(index));
        of.filter_map(kit::packet)
            .filter(|packet| packet.to.port() == 53)
            .map(|packet| packet.to.ip().to_string())
    };
    assert_eq!(asked(0).collect::<Vec<_>>(), ["192.168.1.1"]);
    assert_eq!(asked(1).collect::<Vec<_>>(), ["192.168.1.1"]);
    assert_eq!(asked(2).collect::<Vec<_>>(), ["9.9.9.9"]);
    assert_eq!(asked(3).count(), 0);
    assert_eq!(recording.flows[1].client, None, "no connection without an address");
    assert!(recording.flows.iter().enumerate().all(|(index, flow)| index == 1 || flow.delivered == 2));
}

#[test]
fn what_cannot_be_played_is_said_before() {
    let refused = |spoil: &dyn Fn(&mut Plan)| {
        let mut plan = plan([conversation(tls(TlsVersion::Tls13), http(1, 1))]);
        spoil(&mut plan);
        play(&plan).unwrap_err().to_string()
    };
    let said = [
        refused(&|plan| plan.conversations[0].host = 7),
        refused(&|plan| plan.conversations[0].server.address = [0; 16].into()),
        refused(&|plan| plan.conversations[0].server.name = "no name".to_owned()),
        refused(&|plan| plan.conversations[0].server.cname = vec!["x".repeat(64)]),
    ];
    let expected = ["is of host 7", "no such address", "no name of a server", "no name of a server"];
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_longest_pause_is_a_year() {
    let mut talk = conversation(tls(TlsVersion::Tls12), http(2, 100));
    talk.turns[2].wait_ms = u64::MAX;
    let recording = play(&plan([talk])).unwrap();
    let flow = &recording.flows[0];
    assert_eq!((flow.delivered, flow.last.since(flow.first) / 86_400_000_000_000), (4, 366));
}

#[test]
fn a_month_of_conversations_is_played() {
    let security = |index: usize| securities()[index % 3].clone();
    let talks = (0..3000).map(|index| conversation(security(index), http(2, 1500)));
    let plan = plan(talks.enumerate().map(|(index, mut talk)| {
        talk.at = kit::at(index as i64 * 864);
        talk
    }));
    let (mut frames, mut last, mut whole) = (0, 0, 0);
    virtnet::play_into(&plan, &mut |event| match event {
        virtnet::Event::Frame(frame) => {
            assert!(frame.time.0 >= last);
            last = frame.time.0;
            frames += 1;
        }
        virtnet::Event::Flow(_, flow) => whole += usize::from(flow.delivered == 4),
        virtnet::Event::Crossing(_) | virtnet::Event::Secret(_) => {}
    })
    .unwrap();
    assert_eq!(whole, 3000);
    assert!(frames > 40_000, "{frames}");
    assert!(last - kit::at(0).0 > 29 * 86_400 * 1_000_000_000);
}
