//! The way between a host and a server: how long a packet takes, whether it is lost, overtaken or doubled.
//!
//! The tap lies near the host. So a lost packet may have been recorded (and its repetition as well) or not, and
//! what comes to the host passes the tap shortly before it arrives.

use testkit::Dice;

use crate::{Conditions, Direction};

/// One connection's way. Times are microseconds of any origin.
pub(crate) struct Line<'a> {
    conditions: &'a Conditions,
    /// When the last packet passed each way; nothing overtakes it unasked.
    inward: Last,
    outward: Last,
}

#[derive(Clone, Copy, Default)]
struct Last {
    tap: i64,
    arrival: i64,
}

/// What becomes of one packet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Passage {
    /// When it is recorded: never, once or twice.
    pub(crate) taps: Vec<i64>,
    /// When it arrives.
    pub(crate) arrivals: Vec<i64>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(conditions: &'a Conditions) -> Self {
        Self { conditions, inward: Last::default(), outward: Last::default() }
    }

    /// A packet of so many bytes sets off.
    pub(crate) fn send(&mut self, dice: &mut Dice, direction: Direction, now: i64, len: usize) -> Passage {
        let lost = chance(dice, self.conditions.loss);
        if lost && dice.once_in(2) {
            return Passage::default();
        }
        let (before, behind) = self.legs(dice, direction);
        let (tap, arrival) = self.queue(dice, direction, (now + before, behind), len);
        let mut passage = Passage { taps: vec![tap], arrivals: vec![arrival] };
        if chance(dice, self.conditions.duplicate) {
            let later = 40 + i64::try_from(dice.below(400)).unwrap_or(0);
            passage.taps.push(tap + later);
            passage.arrivals.push(arrival + later);
        }
        if lost {
            passage.arrivals.clear();
        }
        passage
    }

    /// The times to the tap and from there on.
    fn legs(&self, dice: &mut Dice, direction: Direction) -> (i64, i64) {
        let (least, most) = self.conditions.latency_ms;
        let least = u64::from(least) * 1000;
        let whole = least + dice.below((u64::from(most) * 1000).saturating_sub(least) + 1);
        let near = (300 + dice.below(1200)).min(whole / 2);
        let legs = (i64::try_from(near).unwrap_or(0), i64::try_from(whole - near).unwrap_or(0));
        match direction {
            Direction::In => (legs.1, legs.0),
            Direction::Out => legs,
        }
    }

    /// Behind the packet before it, unless it is held up and lets others pass.
    fn queue(
        &mut self,
        dice: &mut Dice,
        direction: Direction,
        (at_tap, behind): (i64, i64),
        len: usize,
    ) -> (i64, i64) {
        if chance(dice, self.conditions.reorder) {
            let held = 1000 + u64::from(self.conditions.latency_ms.1) * 1000;
            let held = i64::try_from(1000 + dice.below(held)).unwrap_or(0);
            return (at_tap + held, at_tap + held + behind);
        }
        let last = match direction {
            Direction::In => &mut self.inward,
            Direction::Out => &mut self.outward,
        };
        let air = 1 + i64::try_from(len).unwrap_or(0) / BYTES_PER_MICROSECOND;
        let tap = at_tap.max(last.tap + air);
        *last = Last { tap, arrival: (tap + behind).max(last.arrival + air) };
        (last.tap, last.arrival)
    }
}

/// True with this probability.
pub(crate) fn chance(dice: &mut Dice, probability: f64) -> bool {
    // No roll where nothing can happen: what is switched off does not change the rest.
    probability > 0.0 && (dice.roll() >> 11) as f64 / (1_u64 << 53) as f64 <= probability
}

/// 48 Mbit/s, a usual rate of a Wi-Fi.
const BYTES_PER_MICROSECOND: i64 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn passages(conditions: &Conditions, direction: Direction) -> Vec<Passage> {
        let (mut line, mut dice) = (Line::new(conditions), Dice::new(7));
        (0..2000).map(|index| line.send(&mut dice, direction, index * 500, 1500)).collect()
    }

    #[test]
    fn on_a_good_line_all_arrive_once_in_order_and_in_time() {
        for direction in [Direction::In, Direction::Out] {
            let passages = passages(&Conditions::default(), direction);
            assert!(passages.iter().all(|passage| passage.taps.len() == 1 && passage.arrivals.len() == 1));
            assert!(passages.is_sorted_by_key(|passage| passage.taps[0]));
            assert!(passages.is_sorted_by_key(|passage| passage.arrivals[0]));
            for (index, passage) in (0..).zip(&passages) {
                let took = passage.arrivals[0] - index * 500;
                assert!(took >= 15_000 && passage.taps[0] < passage.arrivals[0], "{took}");
            }
        }
    }

    #[test]
    fn trouble_comes_as_often_as_asked() {
        let conditions = Conditions { loss: 0.1, duplicate: 0.1, reorder: 0.1, ..Conditions::default() };
        let passages = passages(&conditions, Direction::In);
        let count = |wanted: fn(&Passage) -> bool| passages.iter().filter(|passage| wanted(passage)).count();
        let lost = count(|passage| passage.arrivals.is_empty());
        let unseen = count(|passage| passage.taps.is_empty());
        let twice = count(|passage| passage.taps.len() == 2);
        assert!((150..250).contains(&lost), "{lost}");
        assert!((60..140).contains(&unseen), "{unseen}");
        assert!((140..240).contains(&twice), "{twice}");
        let arrivals: Vec<i64> =
            passages.iter().flat_map(|passage| passage.arrivals.first().copied()).collect();
        assert!(!arrivals.is_sorted(), "some are overtaken");
    }
}
