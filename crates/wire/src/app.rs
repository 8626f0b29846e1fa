//! The app behind a flow, as PCAPdroid tells it.
//!
//! With its "dump extensions" PCAPdroid ends each frame of a pcap file with 32 bytes: a mark, the user id, a name
//! of at most 20 bytes, a check sequence. In a pcapng file it tells the names in a custom block, once for each
//! user id, and gives each packet a comment: `u-10123`.
//! <https://github.com/emanuele-f/PCAPdroid/blob/master/app/src/main/jni/core/pcap_dump.c>

/// An app of the phone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct App {
    /// Its name for people; its package where that is all that is told.
    pub name: String,
    /// Its package; empty where that is not told.
    pub package: String,
    /// Its user id; apps may share one.
    pub uid: Option<i32>,
}

impl App {
    /// The app that the end of an Ethernet frame tells. `None` for frames that PCAPdroid did not write.
    pub fn of_trailer(frame: &[u8]) -> Option<Self> {
        let trailer = frame.get(frame.len().checked_sub(TRAILER)?..)?;
        let (mark, rest) = trailer.split_first_chunk::<4>()?;
        let (uid, rest) = rest.split_first_chunk::<4>()?;
        if *mark != MARK {
            return None;
        }
        let name = rest.get(..NAME)?.split(|byte| *byte == 0).next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        Self { name, package: String::new(), uid: Some(i32::from_be_bytes(*uid)) }.told()
    }

    /// The app that a custom block of that vendor tells of; `data` stands behind the vendor's number.
    /// `little`: the byte order of its section.
    pub(crate) fn of_block(enterprise: u32, data: &[u8], little: bool) -> Option<Self> {
        let (head, rest) = data.split_first_chunk::<10>()?;
        let [low, high, kind, _, uid @ .., package_len, name_len] = *head;
        let version = if little { [low, high] } else { [high, low] };
        if enterprise != ENTERPRISE || u16::from_le_bytes(version) != 1 || kind != UID_MAPPING {
            return None;
        }
        let uid = if little { i32::from_le_bytes(uid) } else { i32::from_be_bytes(uid) };
        let (package, rest) = rest.split_at_checked(usize::from(package_len))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (name, package) = (text(rest.get(..usize::from(name_len))?), text(package));
        let name = if name.is_empty() { package.clone() } else { name };
        Self { name, package, uid: Some(uid) }.told()
    }

    /// The user id that a packet's comment tells.
    pub fn uid_of_comment(comment: &str) -> Option<i32> {
        comment.strip_prefix("u-")?.parse().ok()
    }

    /// Itself, where it is an app: a negative user id is nobody's.
    fn told(self) -> Option<Self> {
        self.uid.is_none_or(|uid| uid >= 0).then_some(self)
    }
}

const MARK: [u8; 4] = 0x0107_2021_u32.to_be_bytes();
/// Bytes of a trailer.
const TRAILER: usize = 32;
/// Bytes of the name in a trailer.
const NAME: usize = 20;
/// PCAPdroid's private enterprise number.
const ENTERPRISE: u32 = 62_652;
/// The block that names the app of a user id.
const UID_MAPPING: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_told_by_trailers_and_blocks() {
        let mut frame = vec![0; 60];
        frame.extend(MARK);
        frame.extend(10_123_i32.to_be_bytes());
        frame.extend(b"Vendor News\0\0\0\0\0\0\0\0\0crc!");
        let app = App::of_trailer(&frame).unwrap();
        assert_eq!((app.name.as_str(), app.uid), ("Vendor News", Some(10_123)));
        assert_eq!(App::of_trailer(&frame[..frame.len() - 1]), None);
        let mut block = vec![1, 0, UID_MAPPING, 0];
        block.extend(10_123_i32.to_le_bytes());
        block.extend([4, 6]);
        block.extend(b"newsVendor\0\0");
        let app = App::of_block(ENTERPRISE, &block, true).unwrap();
        assert_eq!((app.name.as_str(), app.package.as_str(), app.uid), ("Vendor", "news", Some(10_123)));
        assert_eq!(App::of_block(ENTERPRISE, &block, false), None);
        assert_eq!(App::of_block(1, &block, true), None);
        assert_eq!(App::of_block(ENTERPRISE, &block[..15], true), None);
        assert_eq!(App::uid_of_comment("u-10123"), Some(10_123));
        assert_eq!(App::uid_of_comment("u-turn"), None);
    }
}
