//! `packages.xml` and the files beside it as text, up to Android 11.

use std::borrow::Cow;

use quick_xml::{
    XmlVersion,
    events::{BytesStart, Event},
    reader::Reader,
};

use super::settings::{Element, MOST_ATTRIBUTES, Settings};
use crate::{Oddity, reader::Fact};

/// Puts the packages of a `packages.xml`, `package-restrictions.xml` or `runtime-permissions.xml` in text form into
/// `out`, and operations of an `appops.xml`; the root element tells which it is.
pub fn read(bytes: &[u8], out: &mut Vec<Fact>) {
    let text = text(bytes, out);
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut settings = Settings::default();
    loop {
        let start = reader.buffer_position();
        let event = reader.read_event();
        let end = reader.buffer_position();
        match event {
            Ok(Event::Start(head)) => {
                if let Some(oddity) = settings.start(&element(&head, start..end)) {
                    out.push(Fact::Oddity(oddity));
                    break;
                }
            }
            Ok(Event::Empty(head)) => {
                let element = element(&head, start..end);
                if let Some(oddity) = settings.start(&element) {
                    out.push(Fact::Oddity(oddity));
                    break;
                }
                settings.end(&element.name, end, out);
            }
            Ok(Event::End(tail)) => settings.end(tail.name().as_ref(), end, out),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                let offset = reader.error_position();
                out.push(Fact::Oddity(Oddity::new("file holds broken XML", error.to_string(), offset)));
                break;
            }
        }
    }
    settings.close(reader.buffer_position(), out);
}

/// The text of the file. Bytes that are no UTF-8 stand as `?`, so that every other byte keeps its place.
fn text<'a>(bytes: &'a [u8], out: &mut Vec<Fact>) -> Cow<'a, str> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Cow::Borrowed(text),
        Err(error) => error,
    };
    let offset = error.valid_up_to() as u64;
    out.push(Fact::Oddity(Oddity::new("file holds bytes that are no UTF-8", "", offset)));
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

fn element(head: &BytesStart<'_>, bytes: std::ops::Range<u64>) -> Element {
    let attributes = head
        .attributes()
        .with_checks(false)
        .flatten()
        .take(MOST_ATTRIBUTES)
        .map(|attribute| {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.unwrap_or_else(|_| attribute.value.clone());
            (attribute.key.as_ref().into(), value.into())
        })
        .collect();
    Element { name: head.name().as_ref().into(), attributes, start: bytes.start, end: bytes.end }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::{
        Uid,
        packages::{Flags, Signer},
        reader::Fact,
        testing,
    };

    pub(crate) const XML: &str = r#"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>
<packages>
    <version sdkVersion="28" databaseVersion="3" fingerprint="x" />
    <permissions><item name="a.PERMISSION" package="a" /></permissions>
    <package name="com.android.phone" codePath="/system/priv-app/Tele&amp;Service" publicFlags="-1610612735"
        privateFlags="8" it="11e8f7d4c00" ut="0" version="28" sharedUserId="1001">
        <sigs count="1" schemeVersion="3">
            <cert index="0" key="3082" />
            <pastSigs count="1"><cert index="1" key="3083" /></pastSigs>
        </sigs>
        <perms><item name="android.permission.INTERNET" granted="true" flags="0" /></perms>
    </package>
    <package name="com.example.app" codePath="/data/app/x" publicFlags="128" userId="10123" installer="com.shop">
        <sigs count="1"><cert index="1" /></sigs>
        <perms><item name="android.permission.SEND_SMS" granted="false" flags="1" /></perms>
    </package>
    <updated-package name="com.example.app" codePath="/system/app/x" version="1" userId="10123" />
    <shared-user name="android.uid.phone" userId="1001">
        <perms><item name="android.permission.SEND_SMS" granted="true" flags="0" /></perms>
    </shared-user>
</packages>
"#;

    #[test]
    fn packages_of_the_text_form() {
        let mut facts = Vec::new();
        read(XML.as_bytes(), &mut facts);
        let [Fact::Package(phone), Fact::Package(app), Fact::Package(old), Fact::SharedUser(shared)] =
            &facts[..]
        else {
            panic!("{facts:#?}")
        };
        assert!(testing::text_of(XML, phone).starts_with("<package name=\"com.android.phone\""));
        assert!(testing::text_of(XML, phone).ends_with("</package>"));
        let package = &phone.value;
        assert_eq!(package.code_path.as_ref().unwrap().value, "/system/priv-app/Tele&Service");
        assert_eq!(package.uid.as_ref().unwrap().value, Uid(1001));
        let flags = package.flags.as_ref().unwrap().value;
        assert_eq!(flags, Flags { system: true, privileged: true, updated: false });
        assert_eq!(package.first_install.as_ref().unwrap().value.to_string(), "2009-01-01T00:00:00.000000Z");
        assert_eq!(package.last_update, None);
        assert_eq!(package.signers.len(), 1);
        assert_eq!(app.value.signers.len(), 1);
        assert!(matches!(app.value.signers[0].value, Signer::Sha256(_)));
        assert_ne!(app.value.signers[0].value, package.signers[0].value);
        assert_eq!(app.value.permissions[0].value.granted, Some(false));
        assert!(app.value.flags.as_ref().unwrap().value.updated);
        assert!(old.value.is_original);
        assert_eq!(shared.value.uid.as_ref().unwrap().value, Uid(1001));
        assert_eq!(shared.value.permissions[0].value.name, "android.permission.SEND_SMS");
    }

    fn packages(text: &str) -> Vec<crate::packages::Package> {
        let mut facts = Vec::new();
        read(text.as_bytes(), &mut facts);
        let package = |fact| match fact {
            Fact::Package(found) => *found.value,
            other => panic!("{other:?}"),
        };
        facts.into_iter().map(package).collect()
    }

    #[test]
    fn what_a_user_made_of_the_packages() {
        let told = packages(
            "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<package-restrictions>\n\
             <pkg name=\"com.android.phone\" ceDataInode=\"7\" />\n\
             <pkg name=\"com.example.app\" inst=\"false\" stopped=\"true\" hidden=\"true\" enabled=\"3\" \
             enabledCaller=\"shell:2000\" first-install-time=\"11e8f7d4c00\">\n\
             <disabled-components><item name=\"com.example.app.Boot\" /></disabled-components></pkg>\n\
             <preferred-activities><item name=\"com.x/.Y\" /></preferred-activities>\n</package-restrictions>",
        );
        let [phone, app] = &told[..] else { panic!("{told:#?}") };
        let usual = crate::packages::UserState {
            user: crate::packages::UserState::UNKNOWN,
            installed: Some(true),
            hidden: Some(false),
            stopped: Some(false),
            enabled: Some(0),
            suspended: Some(false),
            enabled_by: None,
        };
        assert_eq!(phone.users[0].value, usual);
        let changed = crate::packages::UserState {
            installed: Some(false),
            hidden: Some(true),
            stopped: Some(true),
            enabled: Some(3),
            enabled_by: Some("shell:2000".to_owned()),
            ..usual
        };
        assert_eq!(app.users[0].value, changed);
        assert_eq!(
            (app.permissions.len(), app.first_install.as_ref().unwrap().value.seconds()),
            (0, 1_230_768_000)
        );
    }

    #[test]
    fn what_a_user_allowed_the_packages() {
        let new = "<runtime-permissions version=\"9\" fingerprint=\"x\">\n\
            <package name=\"com.example.app\">\n<permission name=\"p.SMS\" granted=\"true\" flags=\"301\" />\n\
            <permission name=\"p.CAMERA\" granted=\"false\" flags=\"80000002\" /></package></runtime-permissions>";
        let old =
            new.replace("<package", "<pkg").replace("</package", "</pkg").replace("<permission ", "<item ");
        for text in [new, &old] {
            let told = packages(text);
            let [app] = &told[..] else { panic!("{told:#?}") };
            let told: Vec<_> = app
                .permissions
                .iter()
                .map(|it| (it.value.name.as_str(), it.value.granted, it.value.state.as_str()))
                .collect();
            assert_eq!(
                told,
                [
                    ("p.SMS", Some(true), "USER_SET|USER_SENSITIVE_WHEN_GRANTED|USER_SENSITIVE_WHEN_DENIED"),
                    ("p.CAMERA", Some(false), "USER_FIXED|0x80000000"),
                ]
            );
        }
    }

    #[test]
    fn what_stands_before_the_damage_is_kept() {
        let mut facts = Vec::new();
        read(
            b"<packages><package name=\"com.a\" userId=\"10001\"><perms><item name=\"p\xff\"/></pe",
            &mut facts,
        );
        let kinds: Vec<&str> = facts
            .iter()
            .map(|fact| match fact {
                Fact::Oddity(oddity) => &oddity.what,
                Fact::Package(package) => package.value.permissions[0].value.name.as_str(),
                _ => "?",
            })
            .collect();
        assert_eq!(kinds, ["file holds bytes that are no UTF-8", "file holds broken XML", "p?"]);
    }
}
