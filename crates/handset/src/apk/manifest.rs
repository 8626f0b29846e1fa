//! `AndroidManifest.xml`, binary → what the app is called, may do, and listens to.
//!
//! Attribute ids are those of `android.R.attr`, which never change once released.

use std::fmt;

use super::{
    axml::{Document, Element, Value},
    resources::Resources,
};
use crate::{Found, Oddity};

/// What a manifest says. Offsets are those of the unpacked `AndroidManifest.xml`.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// The package.
    pub package: Option<Found<String>>,
    /// `versionCode`, with `versionCodeMajor` in its upper half.
    pub version_code: Option<Found<u64>>,
    /// `versionName`.
    pub version_name: Option<Found<String>>,
    /// `sharedUserId`: packages of one signer and this name share a UID.
    pub shared_user: Option<Found<String>>,
    /// The split's name; none in a base APK.
    pub split: Option<Found<String>>,
    /// The app's name in the default language.
    pub label: Option<String>,
    /// `minSdkVersion`.
    pub min_sdk: Option<u32>,
    /// `targetSdkVersion`.
    pub target_sdk: Option<u32>,
    /// Permissions asked for.
    pub permissions: Vec<Found<String>>,
    /// Activities, their aliases, receivers, services and providers.
    pub components: Vec<Component>,
    /// `usesCleartextTraffic`, where said.
    pub cleartext: Option<bool>,
    /// `debuggable`, where said.
    pub debuggable: Option<bool>,
    /// `hasCode`, where said.
    pub has_code: Option<bool>,
    /// `persistent`: kept running by the system.
    pub persistent: Option<bool>,
    /// `isSplitRequired` or the bundle's marks: the base alone is not the whole app.
    pub splits_required: bool,
    /// What is odd about the bytes.
    pub oddities: Vec<Oddity>,
}

/// A component.
#[derive(Clone, Debug)]
pub struct Component {
    /// What it is.
    pub kind: ComponentKind,
    /// Its class, in full.
    pub class: Found<String>,
    /// `exported`, where said.
    pub exported: Option<bool>,
    /// `enabled`; true where nothing is said.
    pub enabled: bool,
    /// The permission one needs to reach it.
    pub permission: Option<String>,
    /// The process it runs in, where it is another.
    pub process: Option<String>,
    /// A provider's authorities.
    pub authorities: Option<String>,
    /// Its intent filters.
    pub filters: Vec<Filter>,
}

/// The kinds of component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComponentKind {
    /// `activity`
    Activity,
    /// `activity-alias`
    Alias,
    /// `provider`
    Provider,
    /// `receiver`
    Receiver,
    /// `service`
    Service,
}

/// An intent filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Its actions.
    pub actions: Vec<String>,
    /// Its categories.
    pub categories: Vec<String>,
    /// Schemes and hosts of its data, as `scheme://host`.
    pub data: Vec<String>,
    /// Its priority.
    pub priority: Option<u32>,
}

impl Manifest {
    /// Reads the unpacked manifest; labels and version names may stand in `resources`.
    pub fn read(bytes: &[u8], resources: &Resources<'_>) -> Self {
        let document = Document::read(bytes);
        let mut manifest = Self { oddities: document.oddities.clone(), ..Self::default() };
        let Some((root, element)) = document.named("manifest").next() else {
            manifest.oddities.push(Oddity::new("file lacks the manifest element", "", 0));
            return manifest;
        };
        let reader = Reader { document: &document, resources };
        manifest.root(&reader, element);
        for sdk in reader.children(root, "uses-sdk") {
            manifest.min_sdk = sdk.number(MIN_SDK);
            manifest.target_sdk = sdk.number(TARGET_SDK);
        }
        for (_, element) in document.below(root) {
            if element.name.starts_with("uses-permission") {
                manifest.permissions.extend(reader.found(element, NAME));
            }
        }
        for (application, element) in document.children(root, "application") {
            manifest.application(&reader, application, element);
        }
        manifest
    }

    /// The package, empty where the manifest names none.
    pub fn package(&self) -> &str {
        self.package.as_ref().map_or("", |package| &package.value)
    }

    /// Components of that kind.
    pub fn of_kind(&self, kind: ComponentKind) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(move |component| component.kind == kind)
    }

    /// Whether the app shows an icon among the apps.
    pub fn has_launcher(&self) -> bool {
        let starts = |component: &&Component| {
            matches!(component.kind, ComponentKind::Activity | ComponentKind::Alias) && component.enabled
        };
        self.components.iter().filter(starts).flat_map(|component| &component.filters).any(Filter::launches)
    }

    /// Enabled receivers of any of `actions`.
    pub fn receivers<'m>(&'m self, actions: &'m [&str]) -> impl Iterator<Item = &'m Component> {
        let hears =
            move |filter: &Filter| filter.actions.iter().any(|action| actions.contains(&action.as_str()));
        self.of_kind(ComponentKind::Receiver)
            .filter(move |component| component.enabled && component.filters.iter().any(hears))
    }

    /// Receivers that run when the phone has started.
    pub fn boot_receivers(&self) -> impl Iterator<Item = &Component> {
        self.receivers(BOOT)
    }

    /// Receivers that run when the network changes.
    pub fn connectivity_receivers(&self) -> impl Iterator<Item = &Component> {
        self.receivers(CONNECTIVITY)
    }

    /// Receivers that run when an SMS arrives.
    pub fn sms_receivers(&self) -> impl Iterator<Item = &Component> {
        self.receivers(SMS)
    }

    /// Receivers that run at unlock, on a SIM's change, or on a call.
    pub fn telephony_receivers(&self) -> impl Iterator<Item = &Component> {
        self.receivers(TELEPHONY)
    }

    fn root(&mut self, reader: &Reader<'_>, root: &Element) {
        self.package = reader.found(root, PACKAGE);
        self.version_name = reader.found(root, VERSION_NAME);
        self.shared_user = reader.found(root, SHARED_USER);
        self.split = reader.found(root, SPLIT);
        let major = u64::from(root.number(VERSION_CODE_MAJOR).unwrap_or(0)) << 32;
        let code = root.attribute(VERSION_CODE).zip(root.number(VERSION_CODE));
        self.version_code = code.map(|(at, code)| Found::new(major | u64::from(code), at.bytes()));
        self.splits_required =
            root.flag(SPLIT_REQUIRED) == Some(true) || root.attribute(REQUIRED_SPLITS).is_some();
    }

    fn application(&mut self, reader: &Reader<'_>, application: usize, element: &Element) {
        self.label = reader.text(element, LABEL).or_else(|| self.label.take());
        self.cleartext = element.flag(CLEARTEXT);
        self.debuggable = element.flag(DEBUGGABLE);
        self.has_code = element.flag(HAS_CODE);
        self.persistent = element.flag(PERSISTENT);
        for (index, child) in reader.document.below(application) {
            if let Some(kind) = ComponentKind::of(&child.name) {
                self.components.extend(reader.component(kind, index, child, self.package()));
            } else if child.name == "meta-data" {
                let name = reader.text(child, NAME);
                self.splits_required |=
                    name.is_some_and(|name| name == "com.android.vending.splits.required");
            }
        }
    }
}

impl ComponentKind {
    fn of(element: &str) -> Option<Self> {
        Some(match element {
            "activity" => Self::Activity,
            "activity-alias" => Self::Alias,
            "provider" => Self::Provider,
            "receiver" => Self::Receiver,
            "service" => Self::Service,
            _ => return None,
        })
    }
}

impl fmt::Display for ComponentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Activity => "activity",
            Self::Alias => "activity-alias",
            Self::Provider => "provider",
            Self::Receiver => "receiver",
            Self::Service => "service",
        })
    }
}

impl Filter {
    /// Whether it puts an icon among the apps.
    pub fn launches(&self) -> bool {
        let launcher = |category: &String| LAUNCHERS.contains(&category.as_str());
        self.actions.iter().any(|action| action == "android.intent.action.MAIN")
            && self.categories.iter().any(launcher)
    }
}

struct Reader<'m> {
    document: &'m Document,
    resources: &'m Resources<'m>,
}

impl<'m> Reader<'m> {
    fn children(&self, parent: usize, name: &'m str) -> impl Iterator<Item = &'m Element> {
        self.document.children(parent, name).map(|(_, element)| element)
    }

    fn text(&self, element: &Element, wanted: (u32, &str)) -> Option<String> {
        match &element.attribute(wanted)?.value {
            Value::Reference(id) => self.resources.text(*id),
            value => value.text().map(|text| text.into_owned()),
        }
    }

    fn found(&self, element: &Element, wanted: (u32, &str)) -> Option<Found<String>> {
        let text = self.text(element, wanted)?;
        Some(Found::new(text, element.attribute(wanted)?.bytes()))
    }

    fn component(
        &self,
        kind: ComponentKind,
        index: usize,
        element: &Element,
        package: &str,
    ) -> Option<Component> {
        let filters = self.document.children(index, "intent-filter");
        Some(Component {
            kind,
            class: self.found(element, NAME)?.map(|name| full_name(package, name)),
            exported: element.flag(EXPORTED),
            enabled: element.flag(ENABLED).unwrap_or(true),
            permission: self.text(element, PERMISSION),
            process: self.text(element, PROCESS),
            authorities: self.text(element, AUTHORITIES),
            filters: filters.map(|(index, element)| self.filter(index, element)).collect(),
        })
    }

    fn filter(&self, index: usize, element: &Element) -> Filter {
        let names =
            |name: &'m str| self.children(index, name).filter_map(|child| self.text(child, NAME)).collect();
        let data = |child: &'m Element| {
            let part = |wanted| self.text(child, wanted).unwrap_or_default();
            format!("{}://{}", part(SCHEME), part(HOST))
        };
        Filter {
            actions: names("action"),
            categories: names("category"),
            data: self.children(index, "data").map(data).collect(),
            priority: element.number(PRIORITY),
        }
    }
}

/// A class is relative to the package where it begins with a dot or has none.
fn full_name(package: &str, name: String) -> String {
    if name.starts_with('.') {
        format!("{package}{name}")
    } else if name.contains('.') {
        name
    } else {
        format!("{package}.{name}")
    }
}

const BOOT: &[&str] = &[
    "android.intent.action.BOOT_COMPLETED",
    "android.intent.action.LOCKED_BOOT_COMPLETED",
    "android.intent.action.QUICKBOOT_POWERON",
    "com.htc.intent.action.QUICKBOOT_POWERON",
    "android.intent.action.PRE_BOOT_COMPLETED",
];
const CONNECTIVITY: &[&str] = &[
    "android.net.conn.CONNECTIVITY_CHANGE",
    "android.net.conn.CONNECTIVITY_CHANGE_IMMEDIATE",
    "android.net.conn.INET_CONDITION_ACTION",
    "android.net.wifi.STATE_CHANGE",
    "android.net.wifi.WIFI_STATE_CHANGED",
    "android.net.conn.DATA_ACTIVITY_CHANGE",
];
const SMS: &[&str] = &[
    "android.provider.Telephony.SMS_RECEIVED",
    "android.provider.Telephony.SMS_DELIVER",
    "android.provider.Telephony.WAP_PUSH_RECEIVED",
    "android.provider.Telephony.WAP_PUSH_DELIVER",
    "android.intent.action.DATA_SMS_RECEIVED",
    "android.provider.Telephony.SECRET_CODE",
];
const TELEPHONY: &[&str] = &[
    "android.intent.action.SIM_STATE_CHANGED",
    "android.intent.action.SERVICE_STATE",
    "android.intent.action.PHONE_STATE",
    "android.intent.action.NEW_OUTGOING_CALL",
    "android.intent.action.USER_PRESENT",
];
const LAUNCHERS: &[&str] = &[
    "android.intent.category.LAUNCHER",
    "android.intent.category.LEANBACK_LAUNCHER",
    "android.intent.category.CAR_LAUNCHER",
];

const PACKAGE: (u32, &str) = (0, "package");
const SPLIT: (u32, &str) = (0, "split");
const LABEL: (u32, &str) = (0x0101_0001, "label");
const NAME: (u32, &str) = (0x0101_0003, "name");
const PERMISSION: (u32, &str) = (0x0101_0006, "permission");
const SHARED_USER: (u32, &str) = (0x0101_000b, "sharedUserId");
const HAS_CODE: (u32, &str) = (0x0101_000c, "hasCode");
const PERSISTENT: (u32, &str) = (0x0101_000d, "persistent");
const ENABLED: (u32, &str) = (0x0101_000e, "enabled");
const DEBUGGABLE: (u32, &str) = (0x0101_000f, "debuggable");
const EXPORTED: (u32, &str) = (0x0101_0010, "exported");
const PROCESS: (u32, &str) = (0x0101_0011, "process");
const AUTHORITIES: (u32, &str) = (0x0101_0018, "authorities");
const PRIORITY: (u32, &str) = (0x0101_001c, "priority");
const SCHEME: (u32, &str) = (0x0101_0027, "scheme");
const HOST: (u32, &str) = (0x0101_0028, "host");
const MIN_SDK: (u32, &str) = (0x0101_020c, "minSdkVersion");
const VERSION_CODE: (u32, &str) = (0x0101_021b, "versionCode");
const VERSION_NAME: (u32, &str) = (0x0101_021c, "versionName");
const TARGET_SDK: (u32, &str) = (0x0101_0270, "targetSdkVersion");
const CLEARTEXT: (u32, &str) = (0x0101_04ec, "usesCleartextTraffic");
const VERSION_CODE_MAJOR: (u32, &str) = (0x0101_0576, "versionCodeMajor");
const SPLIT_REQUIRED: (u32, &str) = (0x0101_0591, "isSplitRequired");
const REQUIRED_SPLITS: (u32, &str) = (0x0101_064e, "requiredSplitTypes");
