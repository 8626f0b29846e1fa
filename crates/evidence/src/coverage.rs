//! The coverage ledger: what became of every byte of the captures, and what was never in them.
//!
//! Conservation: the bytes of all rows add up to the bytes of the (decompressed) capture files. What a
//! capture lacks (a gap in a stream, a frame cut by the snapshot length) is counted beside them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What became of bytes that are in a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The capture file's own headers, block headers, options and padding.
    Framing,
    /// Link, network and transport headers, and their padding.
    Headers,
    /// Understood: a message's head, or a body that a decoder recognised. Searched.
    Decoded,
    /// Pictures, sound, video or fonts, by their label or by how they begin: searched as they stand. Nothing in them
    /// waits for a decoder, as long as they are what they say; of what left, the label alone is not believed.
    Media,
    /// Delivered whole and searched as it stands, but no decoder read it.
    NotUnderstood,
    /// Encrypted by a protocol we know, without a key. Only its clear parts were searched.
    Encrypted,
    /// High entropy inside a clear carrier: encryption of somebody's own making.
    HomeMadeEncryption,
    /// Delivered before: retransmissions and overlaps, keep-alives.
    Duplicate,
    /// Passed over because a limit was reached; the reason names the limit.
    OverLimit,
    /// No reader for it: unknown link types, other network protocols, damaged stretches.
    NotParsed,
}

/// What a capture lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Bytes of a stream that no frame carried, though later ones came.
    Gap,
    /// What whoever recorded the flow did not keep, or could not read: a body that was too large, a connection
    /// whose client refused the certificate. The bytes are those that are told of.
    NotRecorded,
    /// Bytes of a frame cut off by the snapshot length.
    Truncated,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// What became of the bytes.
    pub fate: Fate,
    /// Of what: a protocol, link type, limit or reason, in words.
    pub reason: String,
    /// How many bytes.
    pub bytes: u64,
    /// How many pieces (frames, messages or blocks).
    pub pieces: u64,
}

/// One line of what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingRow {
    /// How it came to be missing.
    pub missing: Missing,
    /// Of what.
    pub reason: String,
    /// How many bytes.
    pub bytes: u64,
    /// How many pieces.
    pub pieces: u64,
}

/// The ledger of a case, or of a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    rows: BTreeMap<(Fate, String), (u64, u64)>,
    missing: BTreeMap<(Missing, String), (u64, u64)>,
}

impl Ledger {
    /// Notes one piece of `bytes` bytes.
    pub fn add(&mut self, fate: Fate, reason: &str, bytes: u64) {
        self.add_pieces(fate, reason, bytes, 1);
    }

    /// Notes `pieces` pieces of `bytes` bytes together.
    pub fn add_pieces(&mut self, fate: Fate, reason: &str, bytes: u64, pieces: u64) {
        count(&mut self.rows, (fate, reason), bytes, pieces);
    }

    /// Notes one piece of `bytes` bytes that the capture lacks.
    pub fn lacks(&mut self, missing: Missing, reason: &str, bytes: u64) {
        self.lacks_pieces(missing, reason, bytes, 1);
    }

    /// Notes `pieces` pieces of `bytes` bytes together that the capture lacks.
    pub fn lacks_pieces(&mut self, missing: Missing, reason: &str, bytes: u64, pieces: u64) {
        count(&mut self.missing, (missing, reason), bytes, pieces);
    }

    /// Adds another ledger's rows.
    pub fn merge(&mut self, other: &Self) {
        for ((fate, reason), (bytes, pieces)) in &other.rows {
            count(&mut self.rows, (*fate, reason), *bytes, *pieces);
        }
        for ((missing, reason), (bytes, pieces)) in &other.missing {
            count(&mut self.missing, (*missing, reason), *bytes, *pieces);
        }
    }

    /// The bytes of all rows: equal to the bytes of the captures.
    pub fn total(&self) -> u64 {
        self.rows.values().fold(0, |sum: u64, (bytes, _)| sum.saturating_add(*bytes))
    }

    /// The bytes with one fate.
    pub fn bytes(&self, fate: Fate) -> u64 {
        let with_fate = self.rows.iter().filter(|((row, _), _)| *row == fate);
        with_fate.fold(0, |sum: u64, (_, (bytes, _))| sum.saturating_add(*bytes))
    }

    /// The rows, by fate and reason.
    pub fn rows(&self) -> Vec<LedgerRow> {
        let row = |((fate, reason), (bytes, pieces)): (&(Fate, String), &(u64, u64))| LedgerRow {
            fate: *fate,
            reason: reason.clone(),
            bytes: *bytes,
            pieces: *pieces,
        };
        self.rows.iter().map(row).collect()
    }

    /// What is missing, by kind and reason.
    pub fn missing(&self) -> Vec<MissingRow> {
        let row = |((missing, reason), (bytes, pieces)): (&(Missing, String), &(u64, u64))| MissingRow {
            missing: *missing,
            reason: reason.clone(),
            bytes: *bytes,
            pieces: *pieces,
        };
        self.missing.iter().map(row).collect()
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    rows: Vec<LedgerRow>,
    missing: Vec<MissingRow>,
    total_bytes: u64,
}

impl Serialize for Ledger {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { rows: self.rows(), missing: self.missing(), total_bytes: self.total() }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ledger {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let mut ledger = Self::default();
        for row in written.rows {
            ledger.add_pieces(row.fate, &row.reason, row.bytes, row.pieces);
        }
        for row in written.missing {
            count(&mut ledger.missing, (row.missing, &row.reason), row.bytes, row.pieces);
        }
        Ok(ledger)
    }
}

/// Adds to a row, making it (and its key) only the first time.
fn count<K: Copy + Ord>(
    rows: &mut BTreeMap<(K, String), (u64, u64)>,
    (kind, reason): (K, &str),
    bytes: u64,
    pieces: u64,
) {
    let (sum, number) = rows.entry((kind, reason.to_owned())).or_default();
    *sum = sum.saturating_add(bytes);
    *number = number.saturating_add(pieces);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_add_up_in_any_order_of_merging() {
        let mut left = Ledger::default();
        left.add(Fate::Decoded, "HTTP", 70);
        left.lacks(Missing::Gap, "TCP", 5);
        let mut right = Ledger::default();
        right.add(Fate::Decoded, "HTTP", 20);
        right.add(Fate::Framing, "pcap", 10);
        let (mut one, mut other) = (left.clone(), right.clone());
        one.merge(&right);
        other.merge(&left);
        assert_eq!(one, other);
        assert_eq!(one.total(), 100);
        assert_eq!(one.bytes(Fate::Decoded), 90);
    }
}
