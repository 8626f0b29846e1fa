//! Timestamps of pcapng interfaces to nanoseconds (pcapng draft, options `if_tsresol`, `if_tsoffset`).

use std::fmt;

use evidence::Timestamp;

/// The unit in which an interface counts time, and where it counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeScale {
    unit: Unit,
    /// Seconds to add.
    offset: i64,
    /// The option's byte as written.
    resolution: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many nanoseconds each.
    Nanos(u64),
    /// So many to a nanosecond.
    PerNano(u64),
    /// 2 to the minus that many seconds.
    Binary(u8),
    /// Finer than 64 bits can tell from nothing.
    Nothing,
}

impl TimeScale {
    /// Microseconds since the epoch: what holds without options.
    pub(super) const MICROS: Self = Self { unit: Unit::Nanos(1000), offset: 0, resolution: 6 };

    /// The scale that an `if_tsresol` byte stands for: a power of ten, or of two where its top bit is set.
    pub(super) fn new(resolution: u8, offset: i64) -> Self {
        let exponent = resolution & 0x7f;
        let unit = match (resolution & 0x80 != 0, exponent) {
            (true, 0..=63) => Unit::Binary(exponent),
            (false, 0..=9) => Unit::Nanos(10u64.pow(u32::from(9 - exponent))),
            (false, 10..=28) => Unit::PerNano(10u64.pow(u32::from(exponent - 9))),
            _ => Unit::Nothing,
        };
        Self { unit, offset, resolution }
    }

    /// The instant of `count` units, at the end of the range where it lies outside.
    pub(super) fn time(&self, count: u64) -> Timestamp {
        let nanos = match self.unit {
            Unit::Nanos(unit) => i128::from(count) * i128::from(unit),
            Unit::PerNano(units) => i128::from(count / units.max(1)),
            Unit::Binary(shift) => (i128::from(count) * NANOS_PER_SECOND) >> shift,
            Unit::Nothing => 0,
        };
        let nanos = nanos + i128::from(self.offset) * NANOS_PER_SECOND;
        Timestamp(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }
}

/// The unit as a power: `10^-6 s`.
impl fmt::Display for TimeScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = if self.resolution & 0x80 == 0 { 10 } else { 2 };
        write!(f, "{base}^-{} s", self.resolution & 0x7f)
    }
}

const NANOS_PER_SECOND: i128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_comes_to_nanoseconds() {
        let rows = [
            (6, 0, 1_500_000, 1_500_000_000),
            (9, 0, 7, 7),
            (0, 0, 2, 2_000_000_000),
            (12, 0, 4_999, 4),
            (0x80 | 10, 0, 1536, 1_500_000_000),
            (0x80, 0, 3, 3_000_000_000),
            (0x80 | 63, 0, 1 << 62, 500_000_000),
            (6, -2, 1, -1_999_999_000),
            (6, i64::MAX, 1, i64::MAX),
            (0, 0, u64::MAX, i64::MAX),
            (6, i64::MIN, 0, i64::MIN),
            (0x7f, 0, u64::MAX, 0),
            (0xff, 0, u64::MAX, 0),
        ];
        for (resolution, offset, count, nanos) in rows {
            assert_eq!(TimeScale::new(resolution, offset).time(count), Timestamp(nanos), "{resolution:#x}");
        }
    }
}
