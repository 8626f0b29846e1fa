//! What the phone's message stores, the radio and the bill know of messages.

pub mod sqlite;
