//! Whole conversations through pcap, reader, dissector and flows, on a wire that makes trouble.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod flow_ear;

use flow_ear::{Closed, packets};
use testkit::{Conversation, Dice, Endpoint, Net, PcapStyle, PcapWriter, Side, Trouble};
use wire::{
    Sender::{Originator, Responder},
    flow::{Ended, Flows, Limits},
};

/// What both sides say, three times each.
fn sayings(dice: &mut Dice) -> Vec<(Side, Vec<u8>)> {
    let sides = [Side::Client, Side::Server, Side::Server, Side::Client, Side::Server, Side::Client];
    sides
        .into_iter()
        .map(|side| {
            let len = dice.below(40_000) as usize;
            (side, dice.bytes(len))
        })
        .collect()
}

fn said(sayings: &[(Side, Vec<u8>)], by: Side) -> Vec<u8> {
    sayings.iter().filter(|(side, _)| *side == by).flat_map(|(_, bytes)| bytes.clone()).collect()
}

/// A conversation about to wrap its sequence numbers, over a wire with these knobs: lose, repeat, delay
/// once in so many frames.
fn play(seed: u64, [lose, repeat, delay]: [u64; 3]) -> (Vec<(Side, Vec<u8>)>, Vec<Closed>) {
    let mut dice = Dice::new(seed);
    let mut trouble = Trouble::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap(), seed);
    let mut talk = Conversation::new(Endpoint::phone(40_000), Endpoint::server(80))
        .with_sequences(u32::MAX - dice.below(90_000) as u32, u32::MAX - dice.below(90_000) as u32);
    let sayings = sayings(&mut dice);
    let mut net = Net::new(&mut trouble);
    talk.open(&mut net).unwrap();
    // With repetitions, fewer frames than the patience of the limits.
    net.wire().most_late = 4;
    (net.wire().lose_once_in, net.wire().repeat_once_in, net.wire().delay_once_in) = (lose, repeat, delay);
    for (side, bytes) in &sayings {
        talk.send(&mut net, *side, bytes).unwrap();
    }
    talk.close(&mut net).unwrap();
    drop(net);
    let file = trouble.into_wire().unwrap().into_inner();
    let mut flows = Flows::new(flow_ear::Ears { bite: 0, closed: Vec::new() }, Limits::default());
    packets(&file, |packet, frame| flows.push(packet, frame));
    flows.finish();
    (sayings, flows.into_factory().closed)
}

#[test]
fn repeated_and_reordered_frames_lose_nothing() {
    for seed in 0..20 {
        let (sayings, flows) = play(seed, [0, 5, 4]);
        assert_eq!(
            flows.len(),
            1,
            "seed {seed}: {:?}",
            flows.iter().map(|flow| &flow.summary).collect::<Vec<_>>()
        );
        for (side, sender) in [(Side::Client, Originator), (Side::Server, Responder)] {
            let stream: Option<Vec<u8>> = flows[0].stream(sender).into_iter().collect();
            assert!(stream == Some(said(&sayings, side)), "seed {seed}, {side:?}");
        }
        assert_eq!(flows[0].summary.ended, Ended::Closed);
        assert!(flows[0].odd().is_empty(), "seed {seed}: {:?}", flows[0].odd());
    }
}

#[test]
fn what_was_lost_is_a_gap_and_the_rest_stands_in_its_place() {
    let mut lost = 0;
    for seed in 0..20 {
        let (sayings, flows) = play(seed, [15, 10, 20]);
        let flow = &flows[0];
        for (side, sender) in [(Side::Client, Originator), (Side::Server, Responder)] {
            let (said, stream) = (said(&sayings, side), flow.stream(sender));
            assert!(stream.len() <= said.len(), "seed {seed}");
            for (byte, expected) in stream.iter().zip(&said) {
                assert!(byte.is_none_or(|byte| byte == *expected), "seed {seed}");
            }
            lost += stream.iter().filter(|byte| byte.is_none()).count();
        }
        let late = flow.summary.ledger.bytes(evidence::Fate::OverLimit);
        assert_eq!(late, 0, "seed {seed}: a frame a little late was given up");
    }
    assert!(lost > 0);
}
