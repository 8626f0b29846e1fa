//! The phone's own side: what its package lists, logs, message stores, apps and firmware say.
//!
//! Sans-io: bytes come in, facts come out, each with the range of the input it was read from ([`Found`]),
//! so that a trail can end there as it ends in a frame of a capture. What is odd in the bytes is an
//! [`Oddity`], never an error, and what could be read around it is kept.
//!
//! [`Kind::of`] tells what a file is, a [`Reader`] of that kind gives its [`Fact`]s:
//!
//! ```
//! use handset::{Clock, Fact, Kind, Reader};
//!
//! let file = b"package:/system/app/X/X.apk=com.example.app uid:10123\n";
//! let mut reader = Kind::of(file).and_then(|kind| Reader::new(kind, Clock::ahead(7200))).unwrap();
//! let mut facts = Vec::new();
//! reader.push(file, &mut facts);
//! reader.finish(&mut facts);
//! assert!(matches!(&facts[..], [Fact::Package(package)] if package.value.name == "com.example.app"));
//! ```

pub mod apk;
mod bugreport;
mod clock;
pub mod firmware;
mod found;
mod intrusion;
mod kind;
mod le;
mod lines;
pub mod logs;
pub mod marks;
pub mod messages;
pub mod packages;
mod reader;
mod scan;
pub mod system;
#[cfg(test)]
mod testing;
mod uid;

pub use bugreport::Section;
pub use clock::Clock;
pub use found::{Found, Oddity};
pub use intrusion::{Connection, Lookup};
pub use kind::{BEGINNING, Kind, Service, Xml};
pub use reader::{Fact, Reader};
pub use uid::Uid;
