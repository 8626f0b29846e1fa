//! The contract between `session` and the protocol rooms.

use evidence::Anomaly;

use crate::{Message, Sender, StreamBuffer};

/// A protocol over a stream. One value serves both directions of one connection.
///
/// The split law: however the bytes are spread over calls, the messages are the same.
pub trait StreamProtocol: Send {
    /// Takes from `stream`, which holds the waiting bytes of `sender`, as many whole messages as are there.
    /// Bytes that it leaves come again, with more behind them.
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output);

    /// `len` bytes of `sender` were lost; what was waiting comes first in `stream` and must be taken.
    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output);

    /// No more bytes come from `sender`: what waits in `stream` must be taken.
    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output);
}

/// What rooms and flows give out, in order.
#[derive(Debug, Default)]
pub struct Output {
    /// Messages.
    pub messages: Vec<Message>,
    /// What was odd.
    pub anomalies: Vec<Anomaly>,
    /// A protocol asks to be replaced: after CONNECT, Upgrade or STARTTLS the rest of the connection is
    /// recognised afresh.
    pub upgrade: bool,
}
