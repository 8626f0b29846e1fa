//! What the parts of one flow share while a packet is worked on.

use evidence::{Anomaly, CaptureId, FrameNo, Layer};

use super::{FlowSummary, Limits};
use crate::{Packet, Payload};

/// The sink, the account and the limits of the flow at hand, and the packet that is to blame.
pub(super) struct Scope<'a, S> {
    pub(super) sink: &'a mut S,
    pub(super) summary: &'a mut FlowSummary,
    pub(super) limits: &'a Limits,
    /// Cost of what all flows hold.
    pub(super) held_of_all: &'a mut usize,
    pub(super) blamed: Blamed,
}

/// Where an anomaly was met: capture, frame, offset in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blamed(pub(super) CaptureId, pub(super) Option<FrameNo>, pub(super) Option<u64>);

impl Blamed {
    pub(super) fn packet(packet: &Packet) -> Self {
        let offset = match packet.payload {
            Payload::InFrame { offset, .. } => Some(offset),
            Payload::Assembled { .. } => None,
        };
        Self(packet.head.capture, Some(packet.head.frame), offset)
    }
}

impl<S> Scope<'_, S> {
    /// Whether what is missing may come from another capture, and there is room to wait for it.
    pub(super) fn awaits_others(&self) -> bool {
        self.limits.await_others && *self.held_of_all <= self.limits.held_bytes_of_all / 2
    }

    /// Notes something odd.
    pub(super) fn odd(&mut self, what: &'static str, detail: impl FnOnce() -> String) {
        let Blamed(capture, frame, offset) = self.blamed;
        let (layer, what, detail) = (Layer::Tcp, what.into(), detail());
        self.summary.anomalies.add(Anomaly { layer, what, detail, capture, frame, offset });
    }
}
