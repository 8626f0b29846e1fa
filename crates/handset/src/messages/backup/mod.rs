//! Backups: SMS Backup & Restore's XML and Android's `.ab`, both streamed.

mod android;
mod markup;
mod tar;
mod telephony;
mod xml;

pub use android::{AndroidBackup, BackupEvent, BackupHeader, Encryption};
pub use tar::Member;
pub use telephony::{TelephonyBackup, is_telephony_sms, telephony_sms};
pub use xml::{SmsXml, XmlRecord};
