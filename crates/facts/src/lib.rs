//! What is known beforehand: pure look-ups over data that ships inside the program.
//!
//! Addresses → who announces them and where they are thought to be; names → who runs them; hardware
//! addresses, phone and SIM numbers → what they say by themselves; countries → names and places on a map.
//! Nothing here reads a file, asks the network or guesses: what is unknown is `None`, and every answer
//! belongs to one of [`data_sets`] with its version. `data/README.md` says where each comes from.

mod address;
mod atlas;
pub mod country;
pub mod domain;
pub mod edge;
mod embedded;
pub mod mac;
pub mod map;
pub mod mobile;
pub mod pack;
pub mod phone;

pub use address::Scope;
pub use atlas::{Atlas, MmdbError};
pub use embedded::{DataError, check, data_sets};

use embedded::{cells, rows};
