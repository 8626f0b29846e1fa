//! What the system's services say of the phone and its apps at one moment.
//!
//! - `properties`: what it is, from `getprop` and `build.prop`.
//! - `netstats`: bytes sent and received, by uid.
//! - `appops`: who did what needs a permission, and when last.
//! - `alarms`: what will start by itself.
//! - `location`: who asks for the position.
//! - `processes`: which process is whose.
//! - `sockets`: which connections are open, and whose.
//! - `habits`: all that a file tells of what each package does, put together.

mod alarms;
mod appops;
mod habits;
mod location;
mod netstats;
mod processes;
mod properties;
mod sockets;

pub(crate) use self::{
    alarms::Alarms,
    appops::Operations,
    location::LocationRequests,
    netstats::{Netstats, recognise as recognise_netstats},
    processes::Processes,
    properties::{Properties, recognise_build, recognise_getprop},
    sockets::{Sockets, recognise as recognise_sockets},
};
pub use self::{
    alarms::{Alarm, ClockReading},
    appops::{Operation, Outcome, Visibility},
    habits::{Access, Habits, Positioning, Traffic, Waking},
    location::LocationRequest,
    netstats::{Bucket, Counter, Usage},
    processes::Process,
    properties::{Build, BuildFact, Property},
    sockets::{Protocol, Socket},
};
