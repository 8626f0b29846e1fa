//! The files of claims beside the cases are right, and each claim comes to a verdict.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod kit;

use std::path::Path;

use claims::{Claims, judge};
use evidence::{Holding, IdentifierKind as Kind, Security, Verdict};

use kit::Made;

fn read(slug: &str) -> Claims {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases").join(slug).join("claims.toml");
    Claims::read(&std::fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{slug}: {error}"))
}

fn holding<'v>(verdicts: &'v [Verdict], id: &str) -> &'v Verdict {
    verdicts.iter().find(|verdict| verdict.claim.id == id).unwrap()
}

#[test]
fn every_file_of_claims_can_be_judged_over_a_quiet_phone() {
    let quiet = Made::new(30, &[Kind::Imei]);
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("claims.toml").exists() {
            continue;
        }
        let slug = folder.file_name().unwrap().to_str().unwrap();
        let claims = read(slug);
        let roles = claims.roles();
        let cases: Vec<_> = roles.iter().copied().chain(["case1"]).map(|role| (role, &quiet.0)).collect();
        let verdicts = judge(&claims, &cases).unwrap_or_else(|error| panic!("{slug}: {error}"));
        assert_eq!(verdicts.len(), claims.claims().count());
        for verdict in verdicts {
            assert_ne!(verdict.holding, Holding::Contradicted, "{slug}: {verdict:#?}");
        }
    }
}

#[test]
fn the_first_case_in_small() {
    let kinds = [Kind::Imei, Kind::Imsi, Kind::Iccid, Kind::WifiMac, Kind::CellId];
    let phone = |build: &str| {
        let made = Made::new(26, &kinds).build("fingerprint", build).mark("boot-completed", 2);
        made.mark("unlocked", 5).to("zzhc.vnet.cn", "CN", "", "none", "China Telecom")
    };
    let before = kinds.iter().fold(phone("1"), |made, kind| made.sent(*kind, Security::Clear));
    let after = phone("2");
    let roles = [("before", &before.0), ("after", &after.0), ("one", &before.0), ("other", &after.0)];
    let verdicts = judge(&read("nokia-7-plus"), &roles).unwrap();
    let rows = [
        ("one-batch", Holding::Consistent),
        ("only-tried", Holding::NotTestable),
        ("nobody-identifiable", Holding::Contradicted),
        ("not-processed", Holding::NotTestable),
        ("not-shared", Holding::NotTestable),
        ("fixed", Holding::Consistent),
        // Where data are kept no address tells, wherever it is; where they are sent it does.
        ("in-singapore", Holding::NotTestable),
        ("to-singapore", Holding::Contradicted),
        // Announced for later than the case was recorded.
        ("in-finland", Holding::NotTestable),
        ("to-finland", Holding::NotTestable),
    ];
    for (id, expected) in rows {
        let verdict = holding(&verdicts, id);
        assert_eq!(verdict.holding, expected, "{verdict:#?}");
    }
}
