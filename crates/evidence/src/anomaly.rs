//! Odd bytes: events that are noted, counted and never stop the analysis.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CaptureId, FrameNo};

/// The layer that met the odd bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum Layer {
    Capture,
    Coap,
    Dhcp,
    Dns,
    Flow,
    Http,
    Ip,
    Link,
    Mqtt,
    Payload,
    Phone,
    Quic,
    Tcp,
    Tls,
    Tunnel,
    Udp,
    WebSocket,
    Xmpp,
}

/// One odd thing: who met it, what it is, where it lies.
///
/// `what` starts with who is to blame: `peer sent …`, `capture lacks …`, `capture holds …`. It is a fixed
/// sentence (so that equal anomalies can be counted); what varies goes to `detail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// The layer that met it.
    pub layer: Layer,
    /// The kind, one fixed sentence.
    pub what: std::borrow::Cow<'static, str>,
    /// The numbers: what was needed and what was there. Empty where the sentence says all.
    pub detail: String,
    /// The capture.
    pub capture: CaptureId,
    /// The frame, where one is known.
    pub frame: Option<FrameNo>,
    /// Offset in the capture file, where known.
    pub offset: Option<u64>,
}

/// Anomalies counted by layer and kind, with the first few of each kept whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnomalyTally {
    rows: BTreeMap<(Layer, std::borrow::Cow<'static, str>), (u64, Vec<Anomaly>)>,
}

impl AnomalyTally {
    /// How many examples of a kind are kept.
    pub const EXAMPLES: usize = 3;

    /// Counts one.
    pub fn add(&mut self, anomaly: Anomaly) {
        let row = self.rows.entry((anomaly.layer, anomaly.what.clone())).or_default();
        row.0 += 1;
        keep_first(&mut row.1, [anomaly]);
    }

    /// Adds what another tally counted. The result does not depend on the order of merging.
    pub fn merge(&mut self, other: Self) {
        for (key, (count, examples)) in other.rows {
            let row = self.rows.entry(key).or_default();
            row.0 += count;
            keep_first(&mut row.1, examples);
        }
    }

    /// How many were counted in all.
    pub fn total(&self) -> u64 {
        self.rows.values().map(|(count, _)| count).sum()
    }

    /// The kinds, with count and first examples, by layer and sentence.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[Anomaly])> {
        self.rows.values().map(|(count, examples)| (*count, examples.as_slice()))
    }
}

impl Serialize for AnomalyTally {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for AnomalyTally {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<(u64, Vec<Anomaly>)>::deserialize(deserializer)?;
        let keyed = rows.into_iter().filter_map(|(count, examples)| {
            let first = examples.first()?;
            Some(((first.layer, first.what.clone()), (count, examples)))
        });
        Ok(Self { rows: keyed.collect() })
    }
}

fn keep_first(kept: &mut Vec<Anomaly>, more: impl IntoIterator<Item = Anomaly>) {
    kept.extend(more);
    kept.sort_by(|a, b| place(a).cmp(&place(b)));
    kept.truncate(AnomalyTally::EXAMPLES);
}

fn place(anomaly: &Anomaly) -> (CaptureId, Option<FrameNo>, Option<u64>, &str) {
    (anomaly.capture, anomaly.frame, anomaly.offset, &anomaly.detail)
}
