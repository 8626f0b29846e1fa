//! A path in firmware → what the file is to an investigator.

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// An app.
    App,
    /// Code of an app, compiled ahead: `.odex`, `.vdex`, `.oat`.
    Code,
    /// Grants privileges: `privapp-permissions`, `sysconfig`, `default-permissions`, `platform.xml`.
    Grants,
    /// An app that may hold privileged permissions.
    PrivilegedApp,
    /// `build.prop` and its like.
    Properties,
}

/// What the file of that path is, where it matters here.
pub fn role(path: &str) -> Option<Role> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let within = |part: &str| folder.split('/').any(|step| step == part);
    if name.ends_with(".apk") || name.ends_with(".apex") || name.ends_with(".capex") {
        return Some(if within("priv-app") { Role::PrivilegedApp } else { Role::App });
    }
    if [".odex", ".vdex", ".oat"].iter().any(|end| name.ends_with(end)) {
        return Some(Role::Code);
    }
    if name.ends_with(".prop") || name == "prop.default" {
        return Some(Role::Properties);
    }
    let grants = ["permissions", "sysconfig", "default-permissions"].iter().any(|part| within(part));
    (name.ends_with(".xml") && grants).then_some(Role::Grants)
}
