//! The waist of the house: the plain data in which every other crate speaks.
//!
//! `wire` and `payload` make [`Segment`]s and [`Anomaly`]s; `audit` gathers them into [`Trail`]s,
//! [`SightingGroup`]s and [`Finding`]s, and hands a [`Case`] to `store` and `report`. Nothing here reads a
//! file, opens a socket, asks the time or prints.

mod anomaly;
mod apps;
mod behaviour;
mod case;
mod comparison;
mod coverage;
mod decryption;
mod events;
mod exchange;
mod field;
mod finding;
mod identifier;
mod ids;
mod phone;
pub mod prose;
mod protection;
mod sighting;
mod time;
mod trail;
mod verdict;

pub use anomaly::{Anomaly, AnomalyTally, Layer};
pub use apps::{
    App, AppFact, AppFile, AppGrant, AppOddity, AppReceiver, AppSigner, AppTracker, CodeCoverage, CodePlace,
    Outcome, SURVEY_FORMAT, Standing, Survey, Unread,
};
pub use behaviour::Behaviour;
pub use case::{CASE_FORMAT, Capture, Case, DataSet, Holds, InputProblem, Totals};
pub use comparison::{
    COMPARISON_FORMAT, Cell, Change, ComparedDestination, ComparedField, ComparedValue, Comparison, Contact,
    Difference, Doubt, DoubtReason, Inventory, Kinship, Likeness, Presence, Shift, Side,
};
pub use coverage::{Fate, Ledger, LedgerRow, Missing, MissingRow};
pub use decryption::{Cipher, Decryption, HexBytes, KeyBlock, Master, Schedule, ScheduleHash};
pub use exchange::{
    Country, Destination, Device, Endpoint, Exchange, Network, Owner, Reading, Security, Transport,
};
pub use field::{FieldSeries, FieldValue};
pub use finding::{Evidence, Finding, FindingKind, Hashed, ProtectionFault, Relation, Severity};
pub use identifier::{Form, Grade, IdentifierKind, Subject};
pub use ids::{BufferId, CaptureId, EndpointId, ExchangeId, FindingId, FlowId, FrameNo, StreamOffset};
pub use phone::{
    Attribution, CodeMeeting, CodeTie, Completeness, Deed, Ground, Habit, Mark, MessageAccount,
    MessageSource, MissingIds, Phone, Quote, ShortMessage,
};
pub use protection::{Channel, Content, Protection, Seen};
pub use sighting::{Carrier, Direction, Occurrence, SightingGroup, SightingKey};
pub use time::Timestamp;
pub use trail::{Buffer, Fidelity, Segment, Source, Span, Step, Trail, TrailError};
pub use verdict::{Claim, Holding, Proof, Verdict};

/// Whether a count can be left out of a file.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
