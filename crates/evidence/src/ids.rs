//! Numbers that must not be mixed up, each a type of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

number!(
    /// A captured packet record, counted from 1 within its capture, as Wireshark counts.
    FrameNo(u64), ""
);
number!(
    /// An input of a case, counted from 0 in the order in which the inputs were given.
    CaptureId(u32), "capture "
);
number!(
    /// A buffer of a [`Trail`](crate::Trail): its index there.
    BufferId(u32), "buffer "
);
number!(
    /// A place in one direction of a flow: bytes since the first one seen, sequence wraps removed.
    StreamOffset(u64), "+"
);
number!(
    /// A destination of a case, counted from 0 in the order of `Case::endpoints`.
    EndpointId(u32), "endpoint "
);

/// A flow (five-tuple, one connection): the frame that opened it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlowId {
    /// The capture the first frame lies in.
    pub capture: CaptureId,
    /// The first frame of the flow.
    pub frame: FrameNo,
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.capture.0, self.frame)
    }
}

/// One request with its response, or one message where the protocol has no such pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExchangeId {
    /// The flow that carried it.
    pub flow: FlowId,
    /// Its place in the flow, from 0.
    pub index: u32,
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.flow, self.index)
    }
}

/// A finding's name: a letter, a dash and eight hex digits of a hash over what was found, so that the
/// same finding keeps its name when other findings come or go.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingId(pub String);

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
