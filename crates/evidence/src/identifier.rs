//! What can identify a phone, its owner or somebody the owner knows.

use serde::{Deserialize, Serialize};

use crate::Severity;

impl IdentifierKind {
    /// Whether phones hold many of the kind: contacts, files, addresses of pages.
    pub fn is_plural(self) -> bool {
        self.subject() == Subject::ThirdPerson
            || matches!(
                self,
                Self::Bssid
                    | Self::FileName
                    | Self::Package
                    | Self::SearchWord
                    | Self::SongTitle
                    | Self::Ssid
                    | Self::TypedWord
                    | Self::Url
            )
    }
}

/// Whose data it is. Data of third persons rank above the phone's own device numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The device or its software.
    Device,
    /// The person who uses it: account, movements, words, habits.
    Owner,
    /// Somebody else: contacts, senders and receivers of messages and calls.
    ThirdPerson,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $id:literal, $words:literal, $subject:ident, $severity:ident, $persistent:literal;)*) => {
        /// The kinds of identifiers and planted values.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum IdentifierKind { $($(#[$doc])* $name,)* }

        impl IdentifierKind {
            /// Every kind, in the order of the enum.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in files: `imei`, `android_id` …
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What a lay reader calls it, to stand in a sentence after "the phone's": no article.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }

            /// Whose data it is.
            pub fn subject(self) -> Subject {
                match self { $(Self::$name => Subject::$subject,)* }
            }

            /// How bad it is that it leaves in a form that the receiver can read.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// Whether it survives a factory reset, or follows the person to the next phone.
            pub fn persistent(self) -> bool {
                match self { $(Self::$name => $persistent,)* }
            }
        }
    };
}

kinds! {
    /// Name of an account with a service, or its number.
    Account, "account", "account name or number", Owner, High, true;
    /// Resettable advertising identifier (GAID, IDFA, OAID).
    AdvertisingId, "advertising_id", "advertising identifier", Device, Medium, false;
    /// `Settings.Secure.ANDROID_ID`: 64 bits, 16 hex digits.
    AndroidId, "android_id", "Android ID", Device, Medium, false;
    /// Bluetooth adapter's MAC address.
    BluetoothMac, "bluetooth_mac", "Bluetooth address", Device, High, true;
    /// MAC address of a Wi-Fi access point: locates the phone.
    Bssid, "bssid", "Wi-Fi access point's address (tells the place)", Owner, High, false;
    /// Build fingerprint or build number of the system.
    Build, "build", "system build", Device, Low, false;
    /// Number of somebody called or calling.
    CallPeer, "call_peer", "call partner's number", ThirdPerson, Critical, true;
    /// A planted value of any other nature.
    Canary, "canary", "planted value", Owner, High, false;
    /// Operator's radio cell: locates the phone.
    CellId, "cell_id", "radio cell (tells the place)", Owner, High, false;
    /// Name of a person in the address book.
    ContactName, "contact_name", "contact's name", ThirdPerson, Critical, true;
    /// Number of a person in the address book.
    ContactNumber, "contact_number", "contact's telephone number", ThirdPerson, Critical, true;
    /// Identifier a vendor or library gave to the device.
    DeviceId, "device_id", "device identifier given by software", Device, Medium, false;
    /// E-mail address.
    Email, "email", "e-mail address", Owner, High, true;
    /// Name of a file or folder.
    FileName, "file_name", "file name", Owner, Medium, false;
    /// Name the device gives itself on the network (DHCP option 12, mDNS).
    Hostname, "hostname", "host name", Device, Low, false;
    /// Serial number of the SIM card (ITU-T E.118): 19 or 20 digits.
    Iccid, "iccid", "SIM card number (ICCID)", Device, High, true;
    /// International Mobile Equipment Identity (3GPP TS 23.003 section 6.2): 14 to 16 digits.
    Imei, "imei", "device number (IMEI)", Device, High, true;
    /// International Mobile Subscriber Identity (3GPP TS 23.003 section 2.2): up to 15 digits.
    Imsi, "imsi", "subscriber number (IMSI)", Owner, High, true;
    /// Identifier of one installation of an app.
    InstallId, "install_id", "identifier of an app's installation", Device, Low, false;
    /// Location area or tracking area code.
    LocationArea, "location_area", "location area of the mobile network", Owner, Medium, false;
    /// Language and region settings.
    Locale, "locale", "language and region", Device, Info, false;
    /// Mobile country and network code.
    MccMnc, "mcc_mnc", "mobile network's code", Owner, Low, false;
    /// Mobile Equipment Identifier of CDMA phones: 14 hex digits.
    Meid, "meid", "device number (MEID)", Device, High, true;
    /// Text of a message.
    MessageText, "message_text", "text of a message", ThirdPerson, Critical, true;
    /// Model name of the phone.
    Model, "model", "phone model", Device, Info, false;
    /// Name of the mobile operator.
    OperatorName, "operator_name", "mobile operator's name", Owner, Low, false;
    /// Version of the operating system.
    OsVersion, "os_version", "system version", Device, Info, false;
    /// A package installed on the phone.
    Package, "package", "installed app", Owner, Medium, false;
    /// Many installed packages together.
    PackageList, "package_list", "list of installed apps", Owner, High, false;
    /// Telephone number of the phone itself (MSISDN).
    PhoneNumber, "phone_number", "own telephone number", Owner, High, true;
    /// Geographical position.
    Position, "position", "geographical position", Owner, High, false;
    /// The network's public address as told inside a message.
    PublicIp, "public_ip", "public internet address", Owner, Low, false;
    /// Token by which a push service reaches the app.
    PushToken, "push_token", "push token", Device, Low, false;
    /// Screen size and density.
    Screen, "screen", "screen size", Device, Info, false;
    /// Words typed into a search.
    SearchWord, "search_word", "search term", Owner, High, false;
    /// Hardware serial number.
    Serial, "serial", "serial number", Device, High, true;
    /// Number of somebody who sent or got a message.
    SmsPeer, "sms_peer", "message partner's number", ThirdPerson, Critical, true;
    /// Title of a song or video played.
    SongTitle, "song_title", "title played", Owner, Medium, false;
    /// Name of a Wi-Fi network.
    Ssid, "ssid", "Wi-Fi network's name", Owner, Medium, false;
    /// Words typed on the keyboard.
    TypedWord, "typed_word", "typed word", Owner, Critical, false;
    /// Address of a page visited.
    Url, "url", "address of a page visited", Owner, High, false;
    /// Wi-Fi adapter's MAC address.
    WifiMac, "wifi_mac", "Wi-Fi address (MAC)", Device, High, true;
}

/// How sure we are that a value is what we say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// It has the shape of one: a checksum, a prefix, the field's name. Not compared with the phone's own.
    Shaped,
    /// Computed from a value of the profile: a hash, a truncated hash.
    Derived,
    /// A value of the profile, in one of its written or packed forms.
    Known,
}

/// The form a value was found in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Form(
    /// Steps from the value to the bytes, joined by `/`: `digits`, `colon-lower`, `md5/hex`,
    /// `sha256[..16]/base64`, `bcd-swapped`. Documented by the search that makes them.
    pub String,
);

impl Form {
    /// The step that made a digest, as it is named in the form: `md5` of `colon-upper/md5/hex`.
    pub fn digest_step(&self) -> Option<&str> {
        self.0.split('/').find(|step| Self::function(step).is_some())
    }

    /// The function whose digest it is, as people write its name: `MD5`.
    pub fn digest(&self) -> Option<&'static str> {
        self.0.split('/').find_map(Self::function)
    }

    /// The function of a step that makes a digest, salted or not: `SHA-256` of `hmac-sha256(key=salt,value)[..16]`.
    pub fn function(step: &str) -> Option<&'static str> {
        let step = step.strip_prefix("hmac-").unwrap_or(step);
        DIGESTS.iter().find(|(name, _)| step.starts_with(name)).map(|(_, written)| *written)
    }
}

/// How the names of digests begin, and how people write them.
const DIGESTS: [(&str, &str); 15] = [
    ("blake2b", "BLAKE2b"),
    ("blake2s", "BLAKE2s"),
    ("crc32", "CRC-32"),
    ("fnv1a", "FNV-1a"),
    ("java-hash", "Java hash"),
    ("md5", "MD5"),
    ("murmur3", "MurmurHash"),
    ("ripemd160", "RIPEMD-160"),
    ("sha1", "SHA-1"),
    ("sha224", "SHA-224"),
    ("sha256", "SHA-256"),
    ("sha384", "SHA-384"),
    ("sha3-", "SHA-3"),
    ("sha512", "SHA-512"),
    ("sm3", "SM3"),
];
