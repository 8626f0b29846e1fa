//! What becomes of DHCP messages.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use session_stage::{Act, Originator, Responder, Told, parts, play};
use wire::{DhcpHead, Head, Message, dhcp::option_name};

fn datagram(ports: [u16; 2], bytes: &[u8]) -> Told {
    play(ports, &[Act::Datagram(Originator, bytes.to_vec())])
}

/// A message with those options.
fn bootp(operation: u8, options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 240];
    bytes[..8].copy_from_slice(&[operation, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
    bytes[28..34].copy_from_slice(&[0x02, 0, 0x5e, 0x10, 0, 1]);
    bytes[236..].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
    bytes.extend(options);
    bytes
}

fn head(message: &Message) -> &DhcpHead {
    let Head::Dhcp(head) = &message.head else { panic!("no DHCP") };
    head
}

#[test]
fn a_phone_tells_its_name_class_and_address() {
    let options = b"\x35\x01\x03\x3d\x07\x01\x02\0\x5e\x10\0\x01\x32\x04\xc0\xa8\x01\x17\x3c\x0fandroid-dhcp-11\x0c\x07Pixel-5\x37\x03\x01\x03\x06\xff";
    let told = datagram([68, 67], &bootp(1, options));
    let head = head(&told.messages[0]);
    assert_eq!(head.kind, 3);
    assert_eq!(head.client, "02:00:5e:10:00:01");
    assert_eq!((head.host_name.as_str(), head.vendor_class.as_str()), ("Pixel-5", "android-dhcp-11"));
    assert_eq!(head.address, Some([192, 168, 1, 23].into()));
    let named: Vec<_> = head.options.iter().map(|code| option_name(*code, false)).collect();
    assert_eq!(
        named,
        [
            "hardware address",
            "message type",
            "client identifier",
            "requested address",
            "vendor class identifier",
            "host name",
            "parameter request list",
        ]
    );
    assert_eq!(parts(&told.messages[0])[5].1, "Pixel-5");
    assert_eq!(head.options.len(), told.messages[0].parts.len());
    assert!(told.odd().is_empty());
}

#[test]
fn messages_of_one_transaction_are_one_exchange() {
    let mut other = bootp(1, b"\x35\x01\x01\xff");
    other[4] = 0;
    let script = [
        Act::Datagram(Originator, bootp(1, b"\x35\x01\x01\xff")),
        Act::Datagram(Originator, other),
        Act::Datagram(Responder, bootp(2, b"\x35\x01\x02\xff")),
    ];
    let told = play([68, 67], &script);
    let exchanges: Vec<_> = told.messages.iter().map(|message| message.exchange).collect();
    assert_eq!(exchanges, [0, 1, 0]);
}

#[test]
fn broken_options_keep_what_was_read() {
    let rows: [(&[u8], &[&str], &str); 4] = [
        (b"\x0c\x03abc", &[], "abc"),
        (b"\x0c\x09abc", &["peer sent a DHCP option longer than its message"], "abc"),
        (b"\0\0\x0c\x03abc\x3c", &["peer sent a DHCP option without a length"], "abc"),
        (b"\x51\x07\x04\0\0\x03abc", &[], "abc"),
    ];
    for (options, odd, name) in rows {
        let told = datagram([68, 67], &bootp(1, options));
        assert_eq!(told.odd(), odd, "{}", options.escape_ascii());
        assert_eq!(head(&told.messages[0]).host_name, name, "{}", options.escape_ascii());
    }
}

#[test]
fn options_may_stand_in_the_fields_for_names() {
    let mut bytes = bootp(1, b"\x34\x01\x03\xff");
    bytes[108..115].copy_from_slice(b"\x0c\x05phone");
    bytes[44..51].copy_from_slice(b"\x3c\x05class");
    let told = datagram([68, 67], &bytes);
    let head = head(&told.messages[0]);
    assert_eq!((head.host_name.as_str(), head.vendor_class.as_str()), ("phone", "class"));
}

#[test]
fn dhcp_for_ipv6_tells_name_and_hardware_address() {
    let bytes = b"\x01\x12\x34\x56\0\x01\0\x0e\0\x01\0\x01\x1a\x2b\x3c\x4d\x02\0\x5e\x10\0\x01\0\x27\0\x08\0\x05phone\0\0\x10\0\x0b\0\0\x01\x37\0\x05class";
    let told = datagram([546, 547], bytes);
    let head = head(&told.messages[0]);
    assert_eq!(told.messages[0].protocol, "DHCPv6");
    assert_eq!(
        (head.client.as_str(), head.host_name.as_str(), head.vendor_class.as_str()),
        ("02:00:5e:10:00:01", "phone", "class",)
    );
    let cut = datagram([546, 547], &bytes[..bytes.len() - 2]);
    assert_eq!(cut.odd(), ["peer sent a DHCPv6 option longer than its message"]);
}
