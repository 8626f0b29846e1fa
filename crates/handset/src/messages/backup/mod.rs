//! Backups: SMS Backup & Restore's XML and Android's `.ab`, both streamed.

mod android;
mod markup;
mod tar;
mod xml;

pub use android::{AndroidBackup, BackupEvent, BackupHeader, Encryption};
pub use tar::Member;
pub use xml::{SmsXml, XmlRecord};
