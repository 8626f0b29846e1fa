//! Permission files of firmware → which package is granted what, and by which bytes.
//!
//! After AOSP's `SystemConfig` (`/etc/permissions`, `/etc/sysconfig`) and `DefaultPermissionGrantPolicy`
//! (`/etc/default-permissions`).

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use crate::{Found, Oddity};

/// A privilege that a file gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The package; a UID's name for [`GrantKind::Assigned`].
    pub package: String,
    /// In which way.
    pub kind: GrantKind,
    /// The permission, or the element that says what else is given.
    pub what: String,
    /// The user cannot take it back.
    pub fixed: bool,
}

/// How a privilege is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantKind {
    /// `assign-permission`: to a UID of the system.
    Assigned,
    /// `sysconfig`: exempt from a restriction, such as saving power or data.
    Config,
    /// `default-permissions`: a runtime permission given without asking.
    Default,
    /// `deny-permission`: a privileged permission withheld.
    Denied,
    /// `privapp-permissions`: a privileged permission.
    Privileged,
}

/// Reads a permission file. What follows damaged XML is lost, and said to be.
pub fn grants(bytes: &[u8]) -> (Vec<Found<Grant>>, Vec<Oddity>) {
    let mut found = Vec::new();
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().check_end_names = false;
    let mut holder: Option<(String, GrantKind)> = None;
    loop {
        let start = reader.buffer_position();
        match reader.read_event() {
            Ok(Event::Eof) => return (found, Vec::new()),
            Ok(Event::Start(element)) => {
                let grant = take(&element, &mut holder, true);
                found.extend(grant.map(|grant| Found::new(grant, start..reader.buffer_position())));
            }
            Ok(Event::Empty(element)) => {
                let grant = take(&element, &mut holder, false);
                found.extend(grant.map(|grant| Found::new(grant, start..reader.buffer_position())));
            }
            Ok(Event::End(element)) if HOLDERS.iter().any(|(name, _)| *name == element.name().as_ref()) => {
                holder = None;
            }
            Ok(_) => {}
            Err(problem) => {
                let odd = Oddity::new(
                    "file's XML is damaged; what follows was not read",
                    problem.to_string(),
                    start,
                );
                return (found, vec![odd]);
            }
        }
    }
}

fn take(element: &BytesStart<'_>, holder: &mut Option<(String, GrantKind)>, open: bool) -> Option<Grant> {
    let name = element.name();
    let name = name.as_ref();
    if let Some((_, kind)) = HOLDERS.iter().find(|(holder, _)| *holder == name) {
        if open {
            *holder = attribute(element, "package").map(|package| (package, *kind));
        }
        return None;
    }
    match name {
        "permission" | "deny-permission" => {
            let (package, kind) = holder.clone()?;
            let kind = if name == "permission" { kind } else { GrantKind::Denied };
            let fixed = attribute(element, "fixed").is_some_and(|fixed| fixed == "true");
            Some(Grant { package, kind, what: attribute(element, "name")?, fixed })
        }
        "assign-permission" => Some(Grant {
            package: attribute(element, "uid")?,
            kind: GrantKind::Assigned,
            what: attribute(element, "name")?,
            fixed: true,
        }),
        _ => Some(Grant {
            package: attribute(element, "package")?,
            kind: GrantKind::Config,
            what: name.to_owned(),
            fixed: true,
        }),
    }
}

fn attribute(element: &BytesStart<'_>, wanted: &str) -> Option<String> {
    let found =
        element.attributes().with_checks(false).flatten().find(|found| found.key.as_ref() == wanted)?;
    Some(found.value.into_owned())
}

const HOLDERS: &[(&str, GrantKind)] =
    &[("exception", GrantKind::Default), ("privapp-permissions", GrantKind::Privileged)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_read_with_its_place() {
        let file = br#"<?xml version="1.0"?>
<permissions>
  <privapp-permissions package="com.example.sys">
    <permission name="android.permission.READ_PRIVILEGED_PHONE_STATE"/>
    <deny-permission name="android.permission.REBOOT"/>
  </privapp-permissions>
  <assign-permission name="android.permission.INTERNET" uid="shell"/>
  <permission name="android.permission.CAMERA"><group gid="camera"/></permission>
  <config><allow-in-power-save package="com.example.push"/></config>
  <exceptions><exception package="com.example.dial"><permission name="android.permission.SEND_SMS" fixed="true"/></exception></exceptions>
</permissions>"#;
        let (found, odd) = grants(file);
        let told: Vec<_> = found
            .iter()
            .map(|f| (f.value.package.as_str(), f.value.kind, f.value.what.as_str(), f.value.fixed))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "com.example.sys",
                    GrantKind::Privileged,
                    "android.permission.READ_PRIVILEGED_PHONE_STATE",
                    false
                ),
                ("com.example.sys", GrantKind::Denied, "android.permission.REBOOT", false),
                ("shell", GrantKind::Assigned, "android.permission.INTERNET", true),
                ("com.example.push", GrantKind::Config, "allow-in-power-save", true),
                ("com.example.dial", GrantKind::Default, "android.permission.SEND_SMS", true),
            ]
        );
        let bytes = &file[found[0].start as usize..found[0].end as usize];
        assert_eq!(bytes, br#"<permission name="android.permission.READ_PRIVILEGED_PHONE_STATE"/>"#);
        assert_eq!(odd, []);
        assert_eq!(grants(b"<permissions><a b=").1.len(), 1);
    }
}
