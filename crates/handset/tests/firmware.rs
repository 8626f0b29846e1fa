//! Images of our own making, one in another: what is found in them, and that damage never panics.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use std::{io::Read, sync::Arc};

use handset::firmware::{Kind, Parts, Role, Source, grants, kind, parts, role};
use proptest::prelude::{ProptestConfig, any, proptest};
use testkit::apk::{Member, zip};

/// A tree of four files and a link, made with `mkfs.ext4 -b 1024 -I 256 -d` and `mkfs.erofs -zlz4`.
const EXT4: &[u8] = include_bytes!("firmware/small.ext4.gz");
const EROFS: &[u8] = include_bytes!("firmware/small.erofs.gz");

fn image(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}

fn open(bytes: Vec<u8>) -> Parts {
    parts("image", Arc::new(bytes) as Source)
}

#[test]
fn file_systems_list_and_read_their_files() {
    for (packed, expected) in [(EXT4, Kind::Ext4), (EROFS, Kind::Erofs)] {
        let found = open(image(packed));
        assert_eq!((found.parts.len(), found.unread.len()), (1, 0));
        let part = &found.parts[0];
        assert_eq!((part.name.as_str(), part.kind), ("image", expected));
        let mut odd = Vec::new();
        let files: Vec<_> = part.files(&mut odd).into_iter().map(|file| (file.path, file.len)).collect();
        assert_eq!(odd, []);
        let expected = [
            ("system/app/Plain/long.txt", 142_890),
            ("system/build.prop", 56),
            ("system/etc/permissions/privapp-permissions-example.xml", 169),
            ("system/priv-app/Register/Register.apk", 22),
        ];
        assert_eq!(files, expected.map(|(path, len)| (path.to_owned(), len)));
        let long: String = (0..4000).map(|n| format!("line {n} of a file that compresses\n")).collect();
        assert_eq!(part.read("system/app/Plain/long.txt", usize::MAX).unwrap(), long.as_bytes());
        assert_eq!(part.read("system/app/Plain/long.txt", 10).unwrap(), b"line 0 of ");
        assert_eq!(part.read("system/absent", 10), None);
    }
}

#[test]
fn a_grant_leads_from_the_image_to_its_bytes() {
    let found = open(image(EROFS));
    let path = "system/etc/permissions/privapp-permissions-example.xml";
    assert_eq!(role(path), Some(Role::Grants));
    assert_eq!(role("system/priv-app/Register/Register.apk"), Some(Role::PrivilegedApp));
    let file = found.parts[0].read(path, 1 << 20).unwrap();
    let (grants, odd) = grants(&file);
    assert_eq!(odd, []);
    assert_eq!(grants[0].value.package, "com.example.register");
    let place = &file[grants[0].start as usize..grants[0].end as usize];
    assert_eq!(place, br#"<permission name="android.permission.READ_PRIVILEGED_PHONE_STATE"/>"#);
}

/// Chunks of each kind: raw, a fill, a hole.
fn sparse(image: &[u8]) -> Vec<u8> {
    let blocks = image.len().div_ceil(4096);
    let mut bytes = 0xed26_ff3au32.to_le_bytes().to_vec();
    for field in [1u16, 0, 28, 12] {
        bytes.extend(field.to_le_bytes());
    }
    for field in [4096, blocks as u32 + 3, 3, 0] {
        bytes.extend(field.to_le_bytes());
    }
    let mut chunk = |kind: u16, blocks: u32, data: &[u8]| {
        bytes.extend(kind.to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(blocks.to_le_bytes());
        bytes.extend((data.len() as u32 + 12).to_le_bytes());
        bytes.extend(data);
    };
    let mut padded = image.to_vec();
    padded.resize(blocks * 4096, 0);
    chunk(0xcac1, blocks as u32, &padded);
    chunk(0xcac2, 1, b"abcd");
    chunk(0xcac3, 2, b"");
    bytes
}

/// A super partition whose `system_a` is `image` in two extents, the second half first on disk.
fn super_image(image: &[u8]) -> Vec<u8> {
    let mut image = image.to_vec();
    image.resize(image.len().next_multiple_of(1024), 0);
    let half = image.len() / 2;
    let mut bytes = vec![0; 65536];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(4096, &0x616c_4467u32.to_le_bytes());
    put(4096 + 40, &4096u32.to_le_bytes());
    put(4096 + 44, &1u32.to_le_bytes());
    let header = 12288;
    put(header, &0x414c_5030u32.to_le_bytes());
    put(header + 8, &128u32.to_le_bytes());
    put(header + 44, &100u32.to_le_bytes());
    for (at, value) in [(80, 0u32), (84, 1), (88, 52), (92, 52), (96, 2), (100, 24)] {
        put(header + at, &value.to_le_bytes());
    }
    let tables = header + 128;
    put(tables, b"system_a");
    put(tables + 44, &2u32.to_le_bytes());
    for (n, sector) in [(65536 + half) / 512, 65536 / 512].iter().enumerate() {
        put(tables + 52 + n * 24, &(half as u64 / 512).to_le_bytes());
        put(tables + 52 + n * 24 + 12, &(*sector as u64).to_le_bytes());
    }
    bytes.extend(&image[half..]);
    bytes.extend(&image[..half]);
    bytes
}

/// Fields of Protocol Buffers.
fn number(field: u8, value: u64) -> Vec<u8> {
    [vec![field << 3], varint(value)].concat()
}

fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    [vec![field << 3 | 2], varint(value.len() as u64), value.to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A full update of `system`, in blocks of 4,096, the first as it is, the rest packed; and of `vendor` by a
/// difference to what was there.
fn payload(image: &[u8]) -> Vec<u8> {
    let mut image = image.to_vec();
    image.resize(image.len().next_multiple_of(4096), 0);
    let (first, rest) = image.split_at(4096);
    let mut packed = Vec::new();
    bzip2::read::BzEncoder::new(rest, bzip2::Compression::best()).read_to_end(&mut packed).unwrap();
    let extent =
        |start: u64, len: usize| bytes(6, &[number(1, start), number(2, len as u64 / 4096)].concat());
    let operation = |kind: u64, at: usize, len: usize, extent: Vec<u8>| {
        bytes(8, &[number(1, kind), number(2, at as u64), number(3, len as u64), extent].concat())
    };
    let system = [
        bytes(1, b"system"),
        operation(0, 0, 4096, extent(0, 4096)),
        operation(1, 4096, packed.len(), extent(1, rest.len())),
    ]
    .concat();
    let vendor =
        [bytes(1, b"vendor"), bytes(7, &number(1, 77)), operation(4, 0, 0, extent(0, 4096))].concat();
    let mut manifest = number(3, 4096);
    manifest.extend(bytes(13, &system));
    manifest.push(13 << 3 | 2);
    manifest.extend(varint(vendor.len() as u64));
    manifest.extend(vendor);
    let mut update = b"CrAU".to_vec();
    update.extend(2u64.to_be_bytes());
    update.extend((manifest.len() as u64).to_be_bytes());
    update.extend(0u32.to_be_bytes());
    update.extend(manifest);
    update.extend(first);
    update.extend(packed);
    update
}

#[test]
fn an_image_in_an_image_is_the_same_image() {
    let erofs = image(EROFS);
    let wrapped: [(&str, Kind, Vec<u8>, &str); 4] = [
        ("sparse", Kind::Sparse, sparse(&erofs), "image"),
        ("super", Kind::Super, super_image(&erofs), "image/system_a"),
        ("sparse super", Kind::Sparse, sparse(&super_image(&erofs)), "image/system_a"),
        ("payload", Kind::Payload, payload(&erofs), "image/system"),
    ];
    for (what, expected, bytes, name) in wrapped {
        assert_eq!(kind(&bytes), Some(expected), "{what}");
        let found = open(bytes);
        let names: Vec<_> = found.parts.iter().map(|part| (part.name.as_str(), part.kind)).collect();
        assert_eq!(names, [(name, Kind::Erofs)], "{what}: {:?}", found.unread);
        let file = found.parts[0].read("system/build.prop", 1 << 20).unwrap();
        assert!(file.starts_with(b"ro.product.model=Example 1"), "{what}");
    }
}

#[test]
fn an_update_says_which_partition_needs_the_old_one() {
    let update =
        zip(&[Member::stored("payload.bin", &payload(&image(EROFS))), Member::stored("care_map.pb", b"x")]);
    let found = open(update);
    let names: Vec<_> = found.parts.iter().map(|part| (part.name.as_str(), part.kind)).collect();
    assert_eq!(names, [("image/payload.bin/system", Kind::Erofs), ("image", Kind::Zip)]);
    assert_eq!(
        found.unread,
        [(
            "image/payload.bin/vendor".to_owned(),
            77,
            "the update changes a partition that must be there before"
        )]
    );
    assert_eq!(found.parts[1].read("care_map.pb", 10).unwrap(), b"x");
}

#[test]
fn what_is_no_image_is_told() {
    let found = open(vec![7; 10_000]);
    assert_eq!(found.unread, [("image".to_owned(), 10_000, "no image that is known here")]);
    assert_eq!(found.parts.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn damage_never_panics(which in 0usize..6, changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..16)) {
        let erofs = image(EROFS);
        let mut bytes = match which {
            0 => image(EXT4),
            1 => sparse(&erofs),
            2 => super_image(&erofs),
            3 => payload(&erofs),
            4 => zip(&[Member::stored("payload.bin", &payload(&erofs))]),
            _ => erofs,
        };
        let tables = bytes.len().min(16_384);
        for (at, byte) in &changes {
            let at = at.index(tables);
            bytes[at] = *byte;
        }
        let found = open(bytes);
        for part in &found.parts {
            for file in part.files(&mut Vec::new()).into_iter().take(20) {
                part.read(&file.path, 1 << 20);
            }
        }
    }
}
