//! HTTP/3 (RFC 9114).

use crate::{
    StreamBuffer,
    protocol::{Context, Output},
    quic::{Channel, StreamId},
};

/// One connection.
#[derive(Debug)]
pub struct Http3 {}

impl Http3 {
    pub(crate) fn new(_context: &Context) -> Self {
        Self {}
    }
    pub(crate) fn push(&mut self, _channel: Channel, _stream: &mut StreamBuffer, _out: &mut Output) -> bool {
        false
    }
    pub(crate) fn gap(
        &mut self,
        _channel: Channel,
        _len: u64,
        _stream: &mut StreamBuffer,
        _out: &mut Output,
    ) {
    }
    pub(crate) fn finish(&mut self, _channel: Channel, stream: &mut StreamBuffer, out: &mut Output) {
        out.pass(evidence::Fate::NotParsed, "HTTP/3", stream.len() as u64, 1);
    }
    pub(crate) fn woken(&mut self) -> Option<(StreamId, usize)> {
        None
    }
    pub(crate) fn give_up_waiting(&mut self) {}
}
