//! Dalvik executables → strings, methods, and who uses what.
//!
//! After "Dalvik Executable format" and "Dalvik bytecode" of the Android documentation (source.android.com).
//! [`Dex`] is the file's tables over its bytes, [`Uses`] one walk through all code.

mod file;
mod values;
mod walk;

pub use file::{ClassDef, Dex, Method, NoDex, dexes};
pub(super) use walk::Used;
pub use walk::{ArrayUse, Call, FieldUse, StringUse, Uses, Via};
