//! Shapes on real traffic: what the ground truth lists is recognised without a profile, decoys are not.
//!
//! The fields are fed as a decoder would hand them over, so that this tests recognition alone.

use evidence::{Carrier, IdentifierKind};
use identifiers::shapes::{FieldView, Shape, Shapes};
use serde_json::Value;

#[test]
fn every_field_of_the_ground_truth_is_recognised() {
    let Some(truth) = ground_truth() else { return };
    let shapes = Shapes::new();
    let mut missed = Vec::new();
    for row in truth["hits"].as_array().into_iter().flatten() {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        // The emulator's address is listed as a hit and as a decoy; without a profile it is the latter.
        if text("value").starts_with("02:15:B2") {
            continue;
        }
        for (name, value) in fields(text("field"), text("value")) {
            let found = recognise(&shapes, &name, &value);
            if !found.iter().any(|shape| fits(text("kind"), shape)) {
                missed.push(format!("{} {name} = {value}: {found:?}", text("kind")));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn no_decoy_is_taken_for_an_identifier() {
    let shapes = Shapes::new();
    let rows = [
        ("mac", "02:15:B2:00:00:00"),
        ("imei", "1"),
        ("gaid", ""),
        ("mnc", ""),
        ("mcc", ""),
        ("path", "/hphotos-xfa1/t51/11386524_110257619317430_379513654_n.jpg"),
    ];
    for (name, value) in rows {
        assert_eq!(recognise(&shapes, name, value), [], "{name} = {value}");
    }
    let mut found = Vec::new();
    let decoys = "/t51/11386524_110257619317430_379513654_n.jpg?mac=02:15:B2:00:00:00&imei=1&gaid=&mnc=&mcc=";
    shapes.text(Carrier::Path, "", decoys.as_bytes(), &mut found);
    assert_eq!(found, []);
}

#[test]
fn bytes_made_to_break_parsers_break_nothing_here() {
    let Some(corpora) = testkit::corpora() else { return };
    let shapes = Shapes::new();
    for file in testkit::corpora::files_below(&corpora.join("hostile")) {
        let bytes = std::fs::read(&file).unwrap();
        let mut found = Vec::new();
        shapes.text(Carrier::Raw, "", &bytes, &mut found);
        for shape in found {
            assert!(shape.start < shape.end && shape.end <= bytes.len(), "{file:?} {shape:?}");
        }
    }
}

/// One row may list two fields (`mcc,mnc`), or name them in words (`Referer mac`).
fn fields(field: &str, value: &str) -> Vec<(String, String)> {
    if let (Some((first, second)), Some((one, two))) = (field.split_once(','), value.split_once(',')) {
        return vec![(first.into(), one.into()), (second.into(), two.into())];
    }
    let name = field.strip_prefix("Referer ").or(field.strip_prefix("Cookie ")).unwrap_or(field);
    vec![(name.into(), value.into())]
}

fn recognise(shapes: &Shapes, path: &str, value: &str) -> Vec<Shape> {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut found = Vec::new();
    let field = FieldView { name, parent, value: value.as_bytes(), carrier: Carrier::Query, decoder: "form" };
    shapes.field(field, &mut found);
    found
}

/// The ground truth's words for kinds, some of which are several of ours.
fn fits(kind: &str, shape: &Shape) -> bool {
    use IdentifierKind as Kind;
    let wanted: &[Kind] = match kind {
        "ap_mac" | "mac" => &[Kind::WifiMac, Kind::Bssid],
        "carrier_name" => &[Kind::OperatorName],
        "device_guid" | "device_id" => &[Kind::DeviceId],
        "model_locale_screen" => &[Kind::Model],
        "msisdn" => &[Kind::PhoneNumber],
        "person_name_in_hostname" => &[Kind::Hostname],
        _ => return shape.kind.id() == kind,
    };
    wanted.contains(&shape.kind)
}

#[expect(clippy::unwrap_used, reason = "a damaged ground truth must fail the test")]
fn ground_truth() -> Option<Value> {
    let file = testkit::corpora()?.join("groundtruth/identifiers.json");
    Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}
