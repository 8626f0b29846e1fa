//! What each detector recognises, told with the smallest message that shows it, and what it must not.
//!
//! Every value is made up or out of a public test plan. A case is written as the field's path and its value,
//! and gives the kind, the canonical writing, the form and what speaks for it.

use std::sync::LazyLock;

use evidence::{Carrier, IdentifierKind as Kind};
use identifiers::{
    bulk::Lists,
    shapes::{Confidence, Confidence::*, FieldView, Shape, Shapes},
};

/// An IMEI is believed where a field says so and its digits can be one: fifteen with a right check digit,
/// sixteen with a software version, fourteen without either. Names may be written in any way, and number the
/// SIM cards. A number that merely has fifteen digits is none, whatever its check digit: picture names, post
/// numbers and times have as many.
#[test]
fn imei() {
    let rows = [
        ("imei", "356938035643809", "356938035643809", "digits", Both),
        ("IMEI1", "356938035643809", "356938035643809", "digits", Both),
        ("SIM2_IMEI", "35-693803-564380-9", "356938035643809", "grouped", Both),
        ("device.deviceImei", "3569380356438012", "356938035643809", "imeisv", ByName),
        ("kp_old_imei", "35693803564380", "356938035643809", "digits[..14]", ByName),
        ("data[imei]", "333536393338303335363433383039", "356938035643809", "hex-ascii", Both),
        ("deviceId", "356938035643809", "356938035643809", "digits", Both),
    ];
    expect(Kind::Imei, &rows);
    none(&["imei=1", "imei=", "imei=000000000000000", "imei=356938035643808", "imei=123456789012347"]);
    none(&[
        "count=356938035643809",
        "photo=11386524_110257619317430_379513654_n.jpg",
        "imei=358240051111110",
    ]);
}

/// Two numbers in one value are two identifiers, each in its place.
#[test]
fn a_list_of_imeis() {
    let found = field("imeis", "356938035643809,490154203237526");
    let places: Vec<_> = found.iter().map(|shape| (shape.start, shape.end)).collect();
    assert_eq!(places, [(0, 15), (16, 31)]);
    assert!(found.iter().all(|shape| shape.kind == Kind::Imei));
}

/// In protobuf nothing has a name. Fifteen digits with the commonest prefixes and a right check digit, and
/// SIM card numbers, are believed there; not so where a name says something else.
#[test]
fn numbers_without_any_name() {
    let found = nested("", "4", "356938035643809", Carrier::Body);
    assert_eq!(summary(&found), [(Kind::Imei, "356938035643809".into(), ByForm)]);
    let found = nested("", "7", "8944110068680240129", Carrier::Body);
    assert_eq!(summary(&found), [(Kind::Iccid, "8944110068680240129".into(), ByForm)]);
    assert_eq!(nested("item", "3", "356938035643809", Carrier::Body), []);
    assert_eq!(nested("", "4", "110257619317430", Carrier::Body), []);
    // One letter says as little, wherever it stands; a word around it says what it is.
    let found = nested("a", "b", "356938035643809", Carrier::Body);
    assert_eq!(summary(&found), [(Kind::Imei, "356938035643809".into(), ByForm)]);
    let found = nested("p1", "c", "8944110068680240129", Carrier::Body);
    assert_eq!(summary(&found), [(Kind::Iccid, "8944110068680240129".into(), ByForm)]);
    assert_eq!(nested("order", "n", "356938035643809", Carrier::Body), []);
    assert_eq!(nested("a", "b", "356938035643808", Carrier::Body), []);
}

/// A MEID has fourteen hex digits of which the first is a letter.
#[test]
fn meid() {
    expect(Kind::Meid, &[("meid", "a1000009296dbb", "a1000009296dbb", "hex", Both)]);
    expect(Kind::Meid, &[("imei", "A1000009296DBB", "a1000009296dbb", "hex", Both)]);
    expect(Kind::Meid, &[("meid", "270113184704139932", "a10000473f2b9c", "decimal", Both)]);
    none(&["meid=unknown", "meid=21000009296dbz", "meid=170113184704139932", "meid=270113184717139932"]);
}

/// An IMSI begins with a country's and an operator's code.
#[test]
fn imsi() {
    let rows = [
        ("imsi", "262011234567890", "262011234567890", "digits", Both),
        ("SIM1LTEIMSI", "460001234567891", "460001234567891", "digits", Both),
        ("subscriberId", "262011234567890", "262011234567890", "digits", Both),
    ];
    expect(Kind::Imsi, &rows);
    none(&[
        "imsi=999999999999999",
        "imsi=000000000000000",
        "imsi=12345",
        "x=262011234567890",
        "imsi=310260000000000",
    ]);
}

/// A SIM card's number begins with 89 and a country, and ends with a check digit, China's excepted; as read
/// from the card its digits are exchanged in pairs.
#[test]
fn iccid() {
    let rows = [
        ("iccid", "8949020000001234562", "8949020000001234562", "digits", Both),
        ("SIM1ICCID", "8949020000001234562F", "8949020000001234562", "f-padded", Both),
        ("simSerialNumber", "989420000000214365F2", "8949020000001234562", "bcd-swapped", Both),
        ("iccid", "89860012345678912345", "89860012345678912345", "digits", ByName),
    ];
    expect(Kind::Iccid, &rows);
    none(&[
        "iccid=8949020000001234563",
        "iccid=89014103211118510720",
        "iccid=1949020000001234562",
        "iccid=null",
    ]);
}

/// Telephone numbers are believed by name. With a plus or 00 they name the country; operators' proxies send
/// them without, and some as hex of their digits. Short service numbers and words are none.
#[test]
fn own_number() {
    let rows = [
        ("phone", "+4915123456789", "+4915123456789", "e164", Both),
        ("phoneNumber", "+49 151 2345 6789", "+4915123456789", "e164-grouped", Both),
        ("tel", "004915123456789", "+4915123456789", "00", Both),
        ("msisdn", "4915123456789", "+4915123456789", "msisdn", Both),
        ("User-Identity-Forward-msisdn", "34393135313233343536373839", "+4915123456789", "hex-ascii", Both),
        ("mobile", "0151 23456789", "015123456789", "national-grouped", ByName),
    ];
    expect(Kind::PhoneNumber, &rows);
    none(&["phone=10086", "number=1470104373", "phone=0000000000", "phone=1234567890", "phone=true"]);
}

/// A number below contacts, messages or calls is somebody else's.
#[test]
fn numbers_of_third_persons() {
    let rows = [
        ("contacts", "number", Kind::ContactNumber),
        ("sms", "address", Kind::SmsPeer),
        ("call_log", "number", Kind::CallPeer),
    ];
    for (parent, name, kind) in rows {
        let found = nested(parent, name, "+4915123456789", Carrier::Body);
        assert_eq!(summary(&found), [(kind, "+4915123456789".into(), Both)], "{parent}.{name}");
    }
    expect(Kind::SmsPeer, &[("sms_sender", "+4915123456789", "+4915123456789", "e164", Both)]);
    assert_eq!(nested("venue", "address", "+4915123456789 x", Carrier::Body), []);
}

/// A device's MAC address is one that its maker gave it: random and emulated addresses, and what Android
/// tells apps instead, are none. Without separators only the field's name tells.
#[test]
fn wifi_mac() {
    let rows = [
        ("mac", "1c:b9:c4:29:af:90", "1c:b9:c4:29:af:90", "colon-lower", Both),
        ("MACID", "1CB9C429AF90", "1c:b9:c4:29:af:90", "bare-upper", Both),
        ("wifi_mac_address", "1C-B9-C4-29-AF-90", "1c:b9:c4:29:af:90", "dash-upper", Both),
        ("x", "1c:b9:c4:29:af:90", "1c:b9:c4:29:af:90", "colon-lower", ByForm),
    ];
    expect(Kind::WifiMac, &rows);
    none(&["mac=02:15:B2:00:00:00", "mac=02:00:00:00:00:00", "mac=ff:ff:ff:ff:ff:ff", "x=1cb9c429af90"]);
    none(&["id=201605111746", "mac=00:00:00:00:00:00", "x=12:30:45:12:30:45", "mac=da:a1:19:01:02:03"]);
}

/// Bluetooth addresses and access points' are told by their names or parents; access points also have
/// addresses of their own making.
#[test]
fn bluetooth_and_access_points() {
    expect(Kind::BluetoothMac, &[("bt_mac", "1c:b9:c4:29:af:90", "1c:b9:c4:29:af:90", "colon-lower", Both)]);
    expect(Kind::Bssid, &[("bssid", "1e:b9:c4:29:af:90", "1e:b9:c4:29:af:90", "colon-lower", ByName)]);
    let found = nested("wifiAccessPoints", "macAddress", "1c:b9:c4:29:af:90", Carrier::Body);
    assert_eq!(summary(&found), [(Kind::Bssid, "1c:b9:c4:29:af:90".into(), Both)]);
    none(&["bssid=02:00:00:00:00:00", "bssid=02:15:b2:00:01:00"]);
}

/// The name of a Wi-Fi network.
#[test]
fn ssid() {
    expect(Kind::Ssid, &[("ssid", "\"Cafe Blau\"", "Cafe Blau", "text", ByName)]);
    none(&["ssid=<unknown ssid>", "ssid=0x", "ssid="]);
}

/// An advertising identifier is a UUID under one of its many names, or an OAID's hex.
#[test]
fn advertising_id() {
    let uuid = "5ac6a0ff-8d18-47bc-a902-2812cf0c251e";
    let rows = [
        ("gaid", uuid, uuid, "uuid", Both),
        ("advertisingId", uuid, uuid, "uuid", Both),
        ("_aid", uuid, uuid, "uuid", Both),
        ("gps_adid", uuid, uuid, "uuid", Both),
        ("udid", "ifa:5AC6A0FF-8D18-47BC-A902-2812CF0C251E", uuid, "uuid", Both),
        ("oaid", "1fe9a970efbb9cb5", "1fe9a970efbb9cb5", "hex", ByName),
        (
            "gaid_sha1",
            "36c080f1b9aa563801c967c70d2020ca8ee6b6bb",
            "36c080f1b9aa563801c967c70d2020ca8ee6b6bb",
            "sha1/hex",
            ByName,
        ),
    ];
    expect(Kind::AdvertisingId, &rows);
    none(&[
        "gaid=",
        "idfa=00000000-0000-0000-0000-000000000000",
        "aid=1234",
        "trace=5ac6a0ff-8d18-47bc-a902-2812cf0c251e",
    ]);
}

/// The Android ID is sixteen hex digits; older systems make their DHCP name of it. A hash may stand for it.
#[test]
fn android_id() {
    let rows = [
        ("android_id", "b9e28776354d259e", "b9e28776354d259e", "hex", Both),
        ("androidId", "9E28776354D259E", "09e28776354d259e", "hex", Both),
        ("did", "b9e28776354d259e", "b9e28776354d259e", "hex", Both),
        ("option 12 hostname", "android-f7ca0f571270c52d", "f7ca0f571270c52d", "hex", Both),
        ("x", "android-f7ca0f571270c52d", "f7ca0f571270c52d", "hex", ByForm),
        (
            "android_id",
            "7a9cdb975b3e08d2b0c428cd462da3fd",
            "7a9cdb975b3e08d2b0c428cd462da3fd",
            "md5/hex",
            ByName,
        ),
    ];
    expect(Kind::AndroidId, &rows);
    none(&[
        "android_id=9774d56d682e549c",
        "android_id=0123456789ABCDEF",
        "span=b9e28776354d259e",
        "android_id=9",
    ]);
}

/// Numbers of devices and installations are long and random; small numbers, words, versions and dates are not.
#[test]
fn device_and_installation_ids() {
    let rows = [
        ("deviceid", "f2c993d6218f5e22fe284b2e90c82f3b", "f2c993d6218f5e22fe284b2e90c82f3b", "hex", ByName),
        ("utdid", "V5x9Xk1oX2EDAJzBq0bT4QhY", "V5x9Xk1oX2EDAJzBq0bT4QhY", "text", ByName),
        (
            "device.id",
            "5ac6a0ff-8d18-47bc-a902-2812cf0c251e",
            "5ac6a0ff-8d18-47bc-a902-2812cf0c251e",
            "uuid",
            ByName,
        ),
        ("device_id", "6893478203941183494", "6893478203941183494", "digits", ByName),
    ];
    expect(Kind::DeviceId, &rows);
    let rows = [
        ("fid", "e5MKLJp8QGi6-NUMLkUOMm", "e5MKLJp8QGi6-NUMLkUOMm", "text", ByName),
        (
            "anon_id",
            "XZf1ae8cfc-e5ab-4829-8135-be9eec226c98",
            "XZf1ae8cfc-e5ab-4829-8135-be9eec226c98",
            "text",
            ByName,
        ),
        (
            "distinct_id",
            "f356c2575a58207fb898f5256f34f1c8",
            "f356c2575a58207fb898f5256f34f1c8",
            "hex",
            ByName,
        ),
        ("cid", "1234567891.1470104373", "1234567891.1470104373", "digits", ByName),
    ];
    expect(Kind::InstallId, &rows);
    none(&[
        "deviceid=17",
        "fid=2",
        "distinct_id=true",
        "deviceid=2016-08-02T02:19:33",
        "uuid=00000000000000000000000000000000",
    ]);
    none(&[
        "client_id=com.example.some.app1",
        "cid=65-143845",
        "instance_id=web-frontend-01",
        "guid=4.2.1.1000000000000",
    ]);
}

/// Hardware serial numbers are told by name.
#[test]
fn serial() {
    expect(Kind::Serial, &[("serialno", "R58M123ABCD", "R58M123ABCD", "text", ByName)]);
    none(&["serial=unknown", "serial=0123456789ABCDEF", "serial=3", "sn=EMULATOR30X6X5X0"]);
}

/// Positions: two fields, one field with both, or whole millionths. Zero, missing and the emulator's are none.
#[test]
fn position() {
    let rows = [
        ("lat", "54.687157", "54.687157", "latitude", ByName),
        ("gps.longitude", "-25.279652", "-25.279652", "longitude", ByName),
        ("latitudeE7", "546871570", "54.6871570", "latitude", ByName),
        ("ll", "54.687157,25.279652", "54.687157,25.279652", "lat-lon", Both),
        ("geo", "geo:54.687157,25.279652", "54.687157,25.279652", "lat-lon", Both),
    ];
    expect(Kind::Position, &rows);
    none(&[
        "lat=0.0",
        "lat=95.123456",
        "lat=37.4219983",
        "location=Berlin",
        "location=1,2",
        "lon=200.1234",
        "lat=1",
    ]);
}

/// Cells and areas are small numbers: only an unmistakable name, or a parent that is a cell, tells.
#[test]
fn cells() {
    expect(Kind::CellId, &[("SIM1CELLID", "26385409", "26385409", "digits", ByName)]);
    expect(Kind::CellId, &[("cell_id", "0x1930a81", "26413697", "hex", ByName)]);
    expect(Kind::LocationArea, &[("lac", "4711", "4711", "digits", ByName)]);
    let found = nested("cellTowers", "cid", "26385409", Carrier::Body);
    assert_eq!(summary(&found), [(Kind::CellId, "26385409".into(), ByName)]);
    none(&["cid=26385409", "cell_id=65535", "cell_id=-1", "lac=65535", "cellId=2147483647", "tac=4711"]);
}

/// Country and network codes, apart or together; an operator's name stands in the same fields.
#[test]
fn networks_and_operators() {
    let rows = [
        ("_carrier", "310260", "310260", "mcc-mnc", Both),
        ("simop", "26201", "26201", "mcc-mnc", Both),
        ("networkOperator", "262-01", "26201", "mcc-mnc", Both),
        ("mcc", "310", "310", "mcc", Both),
        ("mnc", "260", "260", "mnc", ByName),
    ];
    expect(Kind::MccMnc, &rows);
    expect(Kind::OperatorName, &[("device.carrier", "Android", "Android", "text", ByName)]);
    expect(Kind::OperatorName, &[("operatorName", "Telekom.de", "Telekom.de", "text", ByName)]);
    none(&["mcc=", "mnc=", "mcc=999", "carrier=wifi", "carrier=unknown", "carrier=-1", "simop=00000"]);
}

/// An e-mail address is one wherever it stands, in a domain that can exist. Pictures for dense screens,
/// algorithms of SSH and numbers of messages only look so.
#[test]
fn email() {
    let rows = [
        ("email", "Anna.Beispiel@posteo.de", "anna.beispiel@posteo.de", "text", Both),
        ("note", "write to anna.beispiel@posteo.de.", "anna.beispiel@posteo.de", "text", ByForm),
    ];
    expect(Kind::Email, &rows);
    none(&[
        "x=logo@2x.png",
        "x=aes256-gcm@openssh.com",
        "x=a@b",
        "x=@handle",
        "x=user@localhost",
        "email=test@test.com",
    ]);
    assert_eq!(text("Message-ID: <20160802.17@mail.posteo.de>"), []);
}

/// Push tokens: Google's by their mark, others by name.
#[test]
fn push_token() {
    let token = format!("eE9N_R8m2mU:APA91b{}", "HbpGHVkIJHy5R-8LsWi_".repeat(7));
    let found = field("a", &token);
    assert_eq!(summary(&found), [(Kind::PushToken, token, ByForm)]);
    let hex = "0f744707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad";
    expect(Kind::PushToken, &[("apns_token", hex, hex, "hex", ByName)]);
    none(&["push_token=disabled", "regid=1"]);
}

/// Installed apps: single ones under names of lists, many together by their makers. The sender's own name in
/// every report is no finding, nor are classes and hosts.
#[test]
fn packages() {
    expect(
        Kind::Package,
        &[("foreground_app", "org.thoughtcrime.securesms", "org.thoughtcrime.securesms", "text", Both)],
    );
    let list =
        "com.whatsapp,org.telegram.messenger,de.hafas.android.db,com.spotify.music,org.mozilla.firefox";
    let found = field("d", list);
    assert_eq!(found.first().map(|shape| shape.kind), Some(Kind::PackageList));
    none(&[
        "package=com.example.app",
        "installed=www.example.com",
        "apps=com.example.app.MainActivity",
        "apps=3",
    ]);
    none(&["t=com.a.b.one,com.a.b.two,com.a.b.three,com.a.b.four,com.a.b.five,com.a.b.six"]);
}

/// Pages visited and words searched for, as reports of use name them. In an address they are the request itself.
#[test]
fn pages_and_search_words() {
    expect(
        Kind::Url,
        &[("page_url", "https://news.example.org/a?b=1", "https://news.example.org/a?b=1", "text", ByName)],
    );
    expect(Kind::SearchWord, &[("search_word", "symptoms of flu", "symptoms of flu", "text", ByName)]);
    assert_eq!(read_by("query", "", "url", "http://example.org/x", Carrier::Query), []);
    assert_eq!(read_by("query", "", "q", "weather", Carrier::Query), []);
    assert_eq!(nested("", "query", "query Foo { id }", Carrier::Body), []);
    none(&["page_url=https://cdn.example.org/logo.png", "search_word=", "search_word=true"]);
}

/// A browser's reports of use name pages and words below `properties`, and it is the same whether the list of
/// events is sent as a body, in an address, in a header or over a connection of its own.
#[test]
fn pages_and_search_words_in_reports_of_use() {
    for carrier in [Carrier::Body, Carrier::Query, Carrier::Header, Carrier::Raw] {
        let page = nested("properties", "url", "https://kranke.example.org/beratung", carrier);
        assert_eq!(summary(&page), [(Kind::Url, "https://kranke.example.org/beratung".into(), ByName)]);
        let word = nested("properties", "search_word", "eisvogel", carrier);
        assert_eq!(summary(&word), [(Kind::SearchWord, "eisvogel".into(), ByName)]);
        let word = nested("event", "q", "eisvogel", carrier);
        assert_eq!(summary(&word), [(Kind::SearchWord, "eisvogel".into(), ByName)]);
    }
    // A cookie tells a site what it told the browser.
    assert_eq!(nested("", "url", "https://kranke.example.org/beratung", Carrier::Cookie), []);
}

/// Any random number in hex decodes to some bytes, and these are a form once in a while. What such a form says
/// under a name of one or two letters is believed where somebody may have typed it.
#[test]
fn forms_that_chance_wrote() {
    for (name, value) in [
        ("q", "/x"),
        ("q", "a"),
        ("Q", "~ab"),
        ("q7", "x9Q"),
        ("$q", "kLm"),
        ("kw", "aBcDe"),
        ("dm", "Kx9"),
        ("qq", "ab.c"),
    ] {
        for decoder in ["form", "query"] {
            assert_eq!(read_by(decoder, "sid", name, value, Carrier::Body), [], "{name}={value}");
        }
    }
    for word in ["weather", "flug nach Rom", "covid19", "YouTube", "\u{5929}\u{6c17}", "iPhone 12"] {
        assert_eq!(summary(&read_by("form", "", "q", word, Carrier::Body)).len(), 1, "{word}");
        assert_eq!(summary(&nested("event", "q", word, Carrier::Body)).len(), 1, "{word}");
    }
    assert_eq!(read_by("form", "landing", "q", "weather", Carrier::Body).len(), 1);
    assert_eq!(nested("event", "q", "/x", Carrier::Body), []);
    expect(Kind::Account, &[("qq", "281734650", "281734650", "digits", ByName)]);
    let mut random = 7_u64;
    let mut printable = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + ((random >> 33) % 94) as u8)
    };
    let values: Vec<String> = (0..20_000).map(|_| (0..6).map(|_| printable()).collect()).collect();
    let believed =
        values.iter().filter(|value| !read_by("form", "sid", "q", value, Carrier::Body).is_empty());
    assert!(believed.count() < 400, "more than one in fifty");
}

/// Noise holds short names, separators and addresses too. Without text around them they are none.
#[test]
fn what_noise_spells() {
    let noise = |inside: &str| {
        let mut found = Vec::new();
        let bytes =
            [&b"\x8f\x02\xf1\x1a\x9c\xe3\x00"[..], inside.as_bytes(), b"\x00\xb7\xf8\x07\xc4"].concat();
        SHAPES.text(Carrier::Raw, "", &bytes, &mut found);
        found
    };
    for inside in ["ov=9", "osv:7", "k@q.to", "mnc=5", "dm=Kx9"] {
        assert_eq!(noise(inside), [], "{inside}");
    }
    assert_eq!(noise("lena.muster@example.org").len(), 1);
    assert_eq!(noise("imei=356938035643809").len(), 1);
    assert_eq!(text("android build osv=9; ready").len(), 1);
    assert_eq!(text("write to k@q.to today").len(), 1);
    assert_eq!(field("x", "k@q.to"), []);
    assert_eq!(field("email", "k@q.to").len(), 1);
}

/// User agents tell model, system, build, language, and some the screen and the operator.
#[test]
fn user_agents() {
    let rows = [
        (
            "Dalvik/2.1.0 (Linux; U; Android 6.0.1; SGP621 Build/23.5.A.1.291)",
            &["os_version Android 6.0.1", "model SGP621", "build 23.5.A.1.291"][..],
        ),
        (
            "Mozilla/5.0 (Linux; U; Android 4.4.2; it-it; GT-I9505 Build/KOT49H) AppleWebKit/534.30",
            &["os_version Android 4.4.2", "locale it-it", "model GT-I9505", "build KOT49H"],
        ),
        (
            "Instagram 7.1.1 Android (19/4.4.2; 480dpi; 1080x1920; samsung; GT-I9505; jflte; qcom; it_IT)",
            &["os_version Android 4.4.2", "screen 1080x1920", "model GT-I9505", "locale it_IT"],
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 9_3_2 like Mac OS X) AppleWebKit [FBAN/FBIOS;FBDV/iPhone8,1;FBCR/TIM]",
            &["os_version iOS 9.3.2", "model iPhone8,1", "operator_name TIM"],
        ),
        ("SonyEricssonT68/R201A", &["model SonyEricssonT68"]),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120",
            &["os_version Android 10"],
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", &[]),
        ("okhttp/3.12.1", &[]),
    ];
    for (agent, expected) in rows {
        let mut found = Vec::new();
        SHAPES.text(Carrier::Header, "User-Agent", agent.as_bytes(), &mut found);
        let told: Vec<_> =
            found.iter().map(|shape| format!("{} {}", shape.kind.id(), shape.canonical)).collect();
        assert_eq!(told, expected, "{agent}");
    }
}

/// Facebook's SDK describes the device in a list without names.
#[test]
fn facebook_describes_the_device_by_place() {
    let list =
        r#"["a2","org.example.app",7,"1.40","11","SGP621","it_IT","GMT+02:00","TIM",1080,2148,"2.75"]"#;
    let told: Vec<_> = field("extinfo", list).iter().map(|shape| shape.canonical.clone()).collect();
    assert_eq!(told, ["11", "SGP621", "it_IT", "TIM"]);
}

/// What describes the phone without telling it apart from others.
#[test]
fn descriptions() {
    expect(Kind::Model, &[("MODEL", "TA-1062", "TA-1062", "text", ByName)]);
    expect(Kind::OsVersion, &[("$os_version", "8.1.0", "8.1.0", "version", ByName)]);
    expect(Kind::Locale, &[("system_language", "zh-Hans-CN", "zh-Hans-CN", "language-tag", ByName)]);
    expect(Kind::Screen, &[("resolution", "1080*1920", "1080x1920", "size", Both)]);
    expect(Kind::Screen, &[("$screen_width", "1080", "1080", "pixels", ByName)]);
    let print = "google/walleye/walleye:8.1.0/OPM1.171019.011/4448085:user/release-keys";
    expect(Kind::Build, &[("fingerprint", print, print, "fingerprint", Both)]);
    expect(Kind::Build, &[("SWVER", "00WW_3_22C", "00WW_3_22C", "text", ByName)]);
    none(&["model=true", "os_version=linux", "resolution=high", "lang=english please", "screen_width=12"]);
}

/// The device's own name, and what DHCP tells of the system.
#[test]
fn names_on_the_network() {
    expect(Kind::Hostname, &[("host_name", "kawai-iPad3", "kawai-iPad3", "text", ByName)]);
    expect(Kind::OsVersion, &[("vendor_class", "android-dhcp-9", "Android 9", "vendor-class", Both)]);
    none(&["hostname=www.example.org", "hostname=localhost", "hostname=android"]);
}

/// The public address that a server told the app.
#[test]
fn public_address() {
    expect(Kind::PublicIp, &[("client_ip", "92.219.40.235", "92.219.40.235", "text", ByName)]);
    none(&["client_ip=192.168.1.4", "ip=10.0.2.16", "ip=127.0.0.1", "ip=1.2.3", "server=92.219.40.235"]);
}

/// Accounts, and what people type, write, store and play.
#[test]
fn people() {
    expect(Kind::Account, &[("user_id", "2464117140", "2464117140", "digits", ByName)]);
    expect(Kind::MessageText, &[("sms_body", "See you at eight", "See you at eight", "text", ByName)]);
    expect(Kind::TypedWord, &[("typed_text", "my secret", "my secret", "text", ByName)]);
    expect(Kind::SongTitle, &[("song_name", "Blue in Green", "Blue in Green", "text", ByName)]);
    let path = "/storage/emulated/0/DCIM/Camera/party.jpg";
    expect(Kind::FileName, &[("p", path, path, "path", ByForm)]);
    let found = nested("contacts", "name", "Zoë Müller", Carrier::Body);
    assert_eq!(summary(&found), [(Kind::ContactName, "Zoë Müller".into(), ByName)]);
    none(&["user_id=0", "user_id=null", "p=/storage/emulated/0/Android/data/org.example/cache"]);
}

/// Raw streams and home-made formats: a word before the number announces it, pairs tell names, MAC addresses
/// and e-mail addresses need none.
#[test]
fn free_text() {
    let rows = [
        (
            "TN:IMEI1,356938035643809,7,X,CID:2F4A1,V1",
            &[(Kind::CellId, "193697"), (Kind::Imei, "356938035643809")][..],
        ),
        ("?client_mac=30%3A75%3A12%3Adc%3Ad1%3Acc&x=1", &[(Kind::WifiMac, "30:75:12:dc:d1:cc")]),
        ("\0\x07{\"imsi\":\"262011234567890\",", &[(Kind::Imsi, "262011234567890")]),
        ("from 1c:b9:c4:29:af:90 up", &[(Kind::WifiMac, "1c:b9:c4:29:af:90")]),
        ("ab android_id = b9e28776354d259e;", &[(Kind::AndroidId, "b9e28776354d259e")]),
        ("/t51/11386524_110257619317430_379513654_n.jpg", &[]),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", &[]),
        ("fingerprint 1c:b9:c4:29:af:90:12:34:56:78", &[]),
        ("xmpMM:DocumentID=\"xmp.did:074EFC7DEB7111E6B340EECD6C314C39\"", &[]),
        ("12:34:56 12-13-14 name=value&imei=1", &[]),
    ];
    for (bytes, expected) in rows {
        let found = text(bytes);
        let told: Vec<_> = found.iter().map(|shape| (shape.kind, shape.canonical.as_str())).collect();
        assert_eq!(told, expected, "{bytes}");
    }
}

/// Five packages of different makers, five people's numbers, three access points in one message are lists.
#[test]
fn lists_in_one_message() {
    let apps = [
        "com.whatsapp",
        "org.telegram.messenger",
        "de.hafas.android.db",
        "com.spotify.music",
        "org.mozilla.firefox",
    ];
    assert_eq!(list("pkg", &apps), [(Kind::PackageList, 5)]);
    let numbers: Vec<_> = (0..12).map(|n| format!("+4915123456{n:03}")).collect();
    let numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
    assert_eq!(list("v", &numbers), [(Kind::ContactNumber, 12)]);
    assert_eq!(list("phone", &numbers[..2]), []);
    let points = ["1c:b9:c4:29:af:90", "1c:b9:c4:29:af:91", "30:75:12:dc:d1:cc"];
    assert_eq!(list("bssid", &points), [(Kind::Bssid, 3)]);
    assert_eq!(
        list("c", &["com.a.one", "com.a.two", "com.a.three", "com.a.four", "com.a.five", "com.a.six"]),
        []
    );
}

/// More than the limit is cut off, and the caller is told.
#[test]
fn a_flood_is_cut_off_and_told() {
    let flood: String = (0..9_999).map(|n| format!("a{n}@posteo.de ")).collect();
    let mut found = Vec::new();
    assert!(!SHAPES.text(Carrier::Raw, "", flood.as_bytes(), &mut found));
    assert_eq!(found.len(), Shapes::MOST);
}

/// Spans point at the bytes that the canonical value was made from.
#[test]
fn spans_lie_in_the_value() {
    for (name, value) in
        [("x", "mail:  anna@posteo.de  "), ("imei", " 356938035643809 "), ("ssid", "\"Cafe\"")]
    {
        for shape in field(name, value) {
            assert_eq!(value.get(shape.start..shape.end).map(str::to_owned), Some(shape.canonical), "{name}");
        }
    }
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(Shapes::new);

type Row = (&'static str, &'static str, &'static str, &'static str, Confidence);

#[expect(clippy::panic, reason = "tells which row failed")]
fn expect(kind: Kind, rows: &[Row]) {
    for (path, value, canonical, form, confidence) in rows {
        let found = field(path, value);
        let [shape] = &found[..] else { panic!("{path}={value}: {found:?}") };
        let told = (shape.kind, shape.canonical.as_str(), shape.form.0.as_str(), shape.confidence);
        assert_eq!(told, (kind, *canonical, *form, *confidence), "{path}={value}");
    }
}

fn none(pairs: &[&str]) {
    for pair in pairs {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        assert_eq!(field(name, value), [], "{pair}");
    }
}

fn field(path: &str, value: &str) -> Vec<Shape> {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    nested(parent, name, value, Carrier::Body)
}

fn nested(parent: &str, name: &str, value: &str, carrier: Carrier) -> Vec<Shape> {
    read_by("json", parent, name, value, carrier)
}

fn read_by(decoder: &'static str, parent: &str, name: &str, value: &str, carrier: Carrier) -> Vec<Shape> {
    let mut found = Vec::new();
    SHAPES.field(FieldView { decoder, ..view(parent, name, value, carrier) }, &mut found);
    found
}

fn view<'a>(parent: &'a str, name: &'a str, value: &'a str, carrier: Carrier) -> FieldView<'a> {
    FieldView { name, parent, value: value.as_bytes(), carrier, decoder: "json" }
}

fn text(bytes: &str) -> Vec<Shape> {
    let mut found = Vec::new();
    assert!(SHAPES.text(Carrier::Raw, "", bytes.as_bytes(), &mut found));
    found
}

fn summary(found: &[Shape]) -> Vec<(Kind, String, Confidence)> {
    found.iter().map(|shape| (shape.kind, shape.canonical.clone(), shape.confidence)).collect()
}

fn list(name: &str, values: &[&str]) -> Vec<(Kind, u64)> {
    let (shapes, mut lists) = (&SHAPES, Lists::default());
    for (place, value) in (0u32..).zip(values) {
        let mut found = Vec::new();
        shapes.field(view("", name, value, Carrier::Body), &mut found);
        lists.field(place, view("", name, value, Carrier::Body), &found);
    }
    lists.finish().into_iter().map(|row| (row.kind, row.count)).collect()
}
