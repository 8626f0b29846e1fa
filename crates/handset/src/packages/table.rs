//! All that is told of the packages of a phone, by name and by uid.

use std::collections::{BTreeMap, BTreeSet};

use super::{Component, Flags, Package, SharedUser};
use crate::{Found, Uid};

/// A file of the phone, as the caller counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileNo(pub u32);

/// The packages of a phone, from any number of files.
///
/// Nothing that a file tells is thrown away: where two differ, both stand, in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    packages: BTreeMap<String, Known>,
    shared_users: Vec<(FileNo, Found<SharedUser>)>,
    /// Names by app id.
    by_app_id: BTreeMap<u32, BTreeSet<String>>,
}

/// What is known of a package.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The tellings of its files.
    pub told: Vec<(FileNo, Found<Box<Package>>)>,
    /// Its components that the system starts by itself, or that people see.
    pub components: Vec<(FileNo, Found<Component>)>,
}

impl Packages {
    /// Adds what a file tells of a package.
    pub fn add(&mut self, file: FileNo, package: Found<Box<Package>>) {
        if let Some(uid) = &package.value.uid {
            let names = self.by_app_id.entry(uid.value.app_id()).or_default();
            names.insert(package.value.name.clone());
        }
        self.packages.entry(package.value.name.clone()).or_default().told.push((file, package));
    }

    /// Adds what a file tells of a component.
    pub fn add_component(&mut self, file: FileNo, component: Found<Component>) {
        let known = self.packages.entry(component.value.package.clone()).or_default();
        known.components.push((file, component));
    }

    /// Adds what a file tells of a user id that packages share.
    pub fn add_shared_user(&mut self, file: FileNo, user: Found<SharedUser>) {
        self.shared_users.push((file, user));
    }

    /// The package of a name.
    pub fn named(&self, name: &str) -> Option<&Known> {
        self.packages.get(name)
    }

    /// All packages, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Known)> {
        self.packages.iter().map(|(name, known)| (name.as_str(), known))
    }

    /// The packages that account for what a uid does: those of its app id, in every user's space; several where
    /// they share it, none for a process cut off from its app.
    pub fn of_uid(&self, uid: Uid) -> impl Iterator<Item = (&str, &Known)> {
        let names = self.by_app_id.get(&uid.accountable());
        names.into_iter().flatten().filter_map(|name| {
            let (name, known) = self.packages.get_key_value(name)?;
            Some((name.as_str(), known))
        })
    }

    /// The shared user of an app id, in the order of the files; also as it is told by its name alone.
    pub fn shared_user(&self, uid: Uid) -> impl Iterator<Item = &(FileNo, Found<SharedUser>)> {
        let app_id = move |user: &SharedUser| user.uid.as_ref().map(|found| found.value.app_id());
        let is_of_id = move |user: &SharedUser| app_id(user) == Some(uid.app_id());
        let of_id = self.shared_users.iter().map(|(_, user)| &user.value).filter(move |user| is_of_id(user));
        let names: BTreeSet<&str> =
            of_id.map(|user| user.name.as_str()).filter(|name| !name.is_empty()).collect();
        self.shared_users.iter().filter(move |(_, user)| {
            is_of_id(&user.value) || app_id(&user.value).is_none() && names.contains(user.value.name.as_str())
        })
    }

    /// Whether a package has a permission, itself or through the user id it shares: where the files differ, it
    /// has it. `None` where no file tells.
    pub fn has_permission(&self, package: &str, permission: &str) -> Option<bool> {
        let known = self.named(package)?;
        let shared = known.uid().into_iter().flat_map(|uid| self.shared_user(uid));
        let shared = shared.flat_map(|(_, user)| &user.value.permissions);
        let own = known.told.iter().flat_map(|(_, told)| &told.value.permissions);
        own.chain(shared)
            .filter(|found| found.value.name == permission)
            .filter_map(|found| found.value.granted)
            .reduce(|one, other| one || other)
    }
}

impl Known {
    /// The first telling of a fact, that of the package in use before that of the one it came with.
    pub fn first<T>(&self, fact: impl Fn(&Package) -> Option<&Found<T>>) -> Option<(FileNo, &Found<T>)> {
        let tell = |is_original: bool| {
            let told = self.told.iter().filter(move |(_, told)| told.value.is_original == is_original);
            told.filter_map(|(file, told)| fact(&told.value).map(|found| (*file, found))).next()
        };
        tell(false).or_else(|| tell(true))
    }

    /// Its app id.
    pub fn uid(&self) -> Option<Uid> {
        self.first(|package| package.uid.as_ref()).map(|(_, found)| found.value)
    }

    /// What it is to the system, by all files together.
    pub fn flags(&self) -> Flags {
        let flags = self.told.iter().filter_map(|(_, told)| told.value.flags.as_ref());
        flags.fold(Flags::default(), |all, flags| all.or(flags.value))
    }

    /// Whether it has an icon among the apps; `None` where no file tells of any of its components.
    pub fn has_launcher(&self) -> Option<bool> {
        let is_launcher = |component: &Component| component.role == super::Role::Launcher;
        let mut components = self.components.iter().map(|(_, found)| &found.value);
        (!self.components.is_empty()).then(|| components.any(is_launcher))
    }
}

#[cfg(test)]
mod tests {
    use super::{FileNo, Packages};
    use crate::{
        Found, Uid,
        packages::{Package, Permission, SharedUser},
    };

    fn package(name: &str, uid: u32, version: &str, is_original: bool) -> Found<Box<Package>> {
        let package = Package {
            uid: Some(Found::new(Uid(uid), 0..1)),
            version_name: Some(Found::new(version.to_owned(), 0..1)),
            is_original,
            ..Package::named(name)
        };
        Found::new(Box::new(package), 0..1)
    }

    #[test]
    fn a_uid_has_the_packages_of_its_app_id() {
        let mut packages = Packages::default();
        packages.add(FileNo(0), package("a.one", 1001, "1", true));
        packages.add(FileNo(1), package("a.one", 1001, "2", false));
        packages.add(FileNo(0), package("a.two", 1001, "1", false));
        packages.add(FileNo(0), package("b", 10_123, "1", false));
        let names = |uid: u32| packages.of_uid(Uid(uid)).map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(1001), ["a.one", "a.two"]);
        assert_eq!(names(1_010_123), ["b"]);
        assert_eq!(names(20_123), ["b"]);
        assert_eq!(names(99_001), [""; 0]);
        let (file, version) =
            packages.named("a.one").unwrap().first(|told| told.version_name.as_ref()).unwrap();
        assert_eq!((file, version.value.as_str()), (FileNo(1), "2"));
    }

    #[test]
    fn a_shared_users_permissions_are_its_packages() {
        let mut packages = Packages::default();
        packages.add(FileNo(0), package("a.one", 1001, "1", false));
        let permission = |name: &str, granted| {
            let permission = Permission { name: name.to_owned(), granted, user: None, state: String::new() };
            Found::new(permission, 0..1)
        };
        let user = SharedUser {
            name: "android.uid.phone".to_owned(),
            uid: Some(Found::new(Uid(1001), 0..1)),
            permissions: vec![permission("p", Some(true)), permission("q", None)],
        };
        packages.add_shared_user(FileNo(0), Found::new(user, 0..1));
        // The file of what users allow knows the name only.
        for name in ["android.uid.phone", "android.uid.other"] {
            let permissions = vec![permission(&format!("of {name}"), Some(true))];
            let user = SharedUser { name: name.to_owned(), uid: None, permissions };
            packages.add_shared_user(FileNo(1), Found::new(user, 0..1));
        }
        assert_eq!(packages.has_permission("a.one", "of android.uid.phone"), Some(true));
        assert_eq!(packages.has_permission("a.one", "of android.uid.other"), None);
        assert_eq!(packages.has_permission("a.one", "p"), Some(true));
        assert_eq!(packages.has_permission("a.one", "q"), None);
        assert_eq!(packages.has_permission("b", "p"), None);
    }
}
