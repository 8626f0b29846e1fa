//! What `getprop`, `pm list packages` and `dumpsys package` print, and the apps themselves.

use std::collections::BTreeMap;

use testkit::apk::{App, Class};

use crate::{Package, Scenario};

/// `getprop`.
pub(super) fn properties(scenario: &Scenario) -> String {
    let phone = &scenario.phone;
    let sim = scenario.sims.first();
    let own = [
        ("gsm.operator.alpha", sim.map_or("", |sim| &sim.operator)),
        ("gsm.sim.operator.iso-country", sim.map_or("", |sim| &sim.country)),
        ("persist.sys.timezone", &phone.zone),
        ("ro.build.fingerprint", &phone.build),
        ("ro.build.version.release", &phone.android),
        ("ro.build.version.security_patch", &phone.security_patch),
        ("ro.product.brand", &phone.manufacturer),
        ("ro.product.locale.region", &phone.region),
        ("ro.product.manufacturer", &phone.manufacturer),
        ("ro.product.model", &phone.model),
        ("ro.serialno", &phone.serial),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let more = phone.properties.iter().map(|(name, value)| (name.clone(), value.clone()));
    let mut all: Vec<(String, String)> = own.chain(more).filter(|(_, value)| !value.is_empty()).collect();
    all.sort();
    all.into_iter().map(|(name, value)| format!("[{name}]: [{value}]\n")).collect()
}

/// `pm list packages -f -U -i --show-versioncode`.
pub(super) fn list(scenario: &Scenario) -> String {
    let line = |package: &Package| {
        let installer = if package.installer.is_empty() { "null" } else { &package.installer };
        format!(
            "package:{}={} versionCode:{} installer={installer} uid:{}\n",
            package.path, package.name, package.version_code, package.uid
        )
    };
    scenario.packages.iter().map(line).collect()
}

/// The parts of `dumpsys package` that say what a package is and may.
pub(super) fn dump(scenario: &Scenario) -> String {
    let mut out = String::new();
    let mut packages = scenario.packages.iter();
    if packages.clone().any(|package| !package.receivers.is_empty()) {
        out.push_str("Receiver Resolver Table:\n  Non-Data Actions:\n");
    }
    for package in packages.clone() {
        for action in &package.receivers {
            out.push_str(&format!("      {action}:\n        1a2b3c {}/.Receiver filter 99\n", package.name));
            out.push_str(&format!("          Action: \"{action}\"\n"));
        }
    }
    if packages.any(|package| package.launcher) {
        out.push_str("Activity Resolver Table:\n  Non-Data Actions:\n      android.intent.action.MAIN:\n");
    }
    for package in scenario.packages.iter().filter(|package| package.launcher) {
        out.push_str(&format!("        4d5e6f {}/.Main filter 77\n", package.name));
        out.push_str("          Action: \"android.intent.action.MAIN\"\n");
        out.push_str("          Category: \"android.intent.category.LAUNCHER\"\n");
    }
    out.push_str("\nPackages:\n");
    out.extend(scenario.packages.iter().map(block));
    out + &shared_users(scenario)
}

fn shared_users(scenario: &Scenario) -> String {
    let sharing = scenario.packages.iter().filter(|package| !package.shared_user.is_empty());
    let users: BTreeMap<&str, u32> =
        sharing.map(|package| (package.shared_user.as_str(), package.uid)).collect();
    let heading = if users.is_empty() { "" } else { "\nShared users:\n" };
    let rows =
        users.into_iter().map(|(user, uid)| format!("  SharedUser [{user}] (cb92b86):\n    userId={uid}\n"));
    std::iter::once(heading.to_owned()).chain(rows).collect()
}

fn block(package: &Package) -> String {
    let name = &package.name;
    let mut out = format!("  Package [{name}] (d64f8e0):\n    userId={}\n", package.uid);
    if !package.shared_user.is_empty() {
        let shared = format!("SharedUserSetting{{cb92b86 {}/{}}}", package.shared_user, package.uid);
        out.push_str(&format!("    sharedUser={shared}\n"));
    }
    out.push_str(&format!("    pkg=Package{{5be8c47 {name}}}\n"));
    let folder = package.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    out.push_str(&format!(
        "    codePath={folder}\n    versionCode={} minSdk=21 targetSdk=26\n",
        package.version_code
    ));
    out.push_str(&format!("    versionName={}\n", package.version));
    let is_system = !package.path.starts_with("/data/");
    out.push_str(if is_system { "    flags=[ SYSTEM HAS_CODE ]\n" } else { "    flags=[ HAS_CODE ]\n" });
    if package.path.contains("/priv-app/") {
        out.push_str("    privateFlags=[ PRIVILEGED ]\n");
    }
    if !package.installer.is_empty() {
        out.push_str(&format!("    installerPackageName={}\n", package.installer));
    }
    if !package.permissions.is_empty() {
        out.push_str("    requested permissions:\n");
        out.extend(package.permissions.iter().map(|permission| format!("      {permission}\n")));
        out.push_str("    install permissions:\n");
        out.extend(
            package.permissions.iter().map(|permission| format!("      {permission}: granted=true\n")),
        );
    }
    out
}

/// An app whose code holds the scenario's words.
pub(super) fn apk(package: &Package) -> Vec<u8> {
    let mut app = App::new(&package.name).version(package.version_code, &package.version);
    if !package.shared_user.is_empty() {
        app = app.shared_user(&package.shared_user);
    }
    if package.launcher {
        app = app.launcher(".Main");
    }
    for permission in &package.permissions {
        app = app.permission(permission);
    }
    if !package.receivers.is_empty() {
        let actions: Vec<&str> = package.receivers.iter().map(String::as_str).collect();
        app = app.receiver(".Receiver", &actions);
    }
    let class = Class::new(&format!("{}.Main", package.name));
    let words = package.code.iter().enumerate();
    app.class(words.fold(class, |class, (index, word)| class.constant(&format!("WORD_{index:03}"), word)))
        .build()
}
