//! A wire that loses, repeats and reorders, always in the same way for the same seed.

use std::io;

use crate::{Frame, Wire};

/// Numbers that look random and are the same on every run (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number below `limit`; 0 where that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.roll().checked_rem(limit).unwrap_or(0)
    }

    /// True once in `count` rolls, on average; never where that is 0.
    pub fn once_in(&mut self, count: u64) -> bool {
        count > 0 && self.below(count) == 0
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend(self.roll().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

/// Loses, repeats and delays frames on their way to another wire. Each knob says once in how many frames,
/// 0 for never.
#[derive(Debug)]
pub struct Trouble<W> {
    wire: W,
    dice: Dice,
    /// Held back, to come after so many others.
    delayed: Vec<(u64, Frame)>,
    /// A frame is lost.
    pub lose_once_in: u64,
    /// A frame comes twice.
    pub repeat_once_in: u64,
    /// A frame comes after up to [`most_late`](Self::most_late) later ones.
    pub delay_once_in: u64,
    /// How many frames may overtake a delayed one.
    pub most_late: u64,
}

impl<W: Wire> Trouble<W> {
    /// No trouble yet: turn the knobs.
    pub fn new(wire: W, seed: u64) -> Self {
        Self {
            wire,
            dice: Dice::new(seed),
            delayed: Vec::new(),
            lose_once_in: 0,
            repeat_once_in: 0,
            delay_once_in: 0,
            most_late: 8,
        }
    }

    /// Lets what is held back out, and gives the wire.
    pub fn into_wire(mut self) -> io::Result<W> {
        for (_, frame) in std::mem::take(&mut self.delayed) {
            self.wire.put(frame.time, &frame.bytes)?;
        }
        Ok(self.wire)
    }

    fn release(&mut self, time: i64) -> io::Result<()> {
        let mut waiting = Vec::new();
        for (left, frame) in std::mem::take(&mut self.delayed) {
            if left == 0 {
                self.wire.put(time, &frame.bytes)?;
            } else {
                waiting.push((left - 1, frame));
            }
        }
        self.delayed = waiting;
        Ok(())
    }
}

impl<W: Wire> Wire for Trouble<W> {
    fn put(&mut self, time: i64, bytes: &[u8]) -> io::Result<()> {
        if self.dice.once_in(self.delay_once_in) {
            let late = 1 + self.dice.below(self.most_late);
            self.delayed.push((late, Frame { time, bytes: bytes.to_vec() }));
        } else if !self.dice.once_in(self.lose_once_in) {
            self.wire.put(time, bytes)?;
            if self.dice.once_in(self.repeat_once_in) {
                self.wire.put(time, bytes)?;
            }
        }
        self.release(time)
    }
}
