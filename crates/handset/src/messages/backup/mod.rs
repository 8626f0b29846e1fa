//! Backups: SMS Backup & Restore's XML and Android's `.ab`, both streamed.

mod android;
mod databases;
mod markup;
mod tar;
mod telephony;
mod xml;

pub use android::{AndroidBackup, BackupEvent, BackupHeader, Encryption};
pub use databases::{BackupDatabase, BackupDatabases};
pub use tar::Member;
pub use telephony::{
    TelephonyBackup, TelephonyMms, is_telephony_mms, is_telephony_sms, telephony_mms, telephony_sms,
};
pub use xml::{SmsXml, XmlRecord};
