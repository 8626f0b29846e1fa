//! What a claim is about, and how much could be read of what was sent and may be that.
//!
//! That nothing speaks against a statement is worth as much as what could be read. Whether the app of a mail provider
//! can be read matters nothing for what an updater sends, as long as it is known who sent what; where it is not known,
//! anything that was sent may have been the updater's.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Attribution, Destination, Ground, Reading};

use crate::{file::Stated, node::Node};

/// Whether it is known of every flow to a destination which packages sent it. A name that is none (an app as people know
/// it) cannot be held against those of a claim, and a list that was cut lacks some.
pub(crate) fn is_attributed(one: &Destination, told: &[&Attribution]) -> bool {
    let is_package =
        |name: &String| name == "android" || name.contains('.') && !name.contains(char::is_whitespace);
    let is_whole = |told: &&&Attribution| {
        (1..MOST_PACKAGES).contains(&told.packages.len()) && told.packages.iter().all(is_package)
    };
    let mut flows: BTreeMap<Ground, u64> = BTreeMap::new();
    for attribution in told.iter().filter(is_whole) {
        let sum = flows.entry(attribution.ground).or_default();
        *sum = sum.saturating_add(attribution.flows);
    }
    flows.values().any(|flows| *flows >= one.flows)
}

/// Packages from which on a list of those that share a user id may have been cut.
const MOST_PACKAGES: usize = 40;

/// What a claim is about.
pub(crate) struct About<'s> {
    /// Whether a finding or destination is.
    pub(crate) is: &'s dyn Fn(&Node) -> bool,
    /// The apps that it names.
    pub(crate) apps: &'s [String],
    /// The apps that it leaves out.
    pub(crate) except: &'s [String],
    /// Whether it rests on what came as well.
    pub(crate) of_what_came: bool,
}

/// What was sent to one destination, and came from it.
pub(crate) struct Sent {
    node: Node,
    /// Who sent it, by evidence that is stronger than what stands in apps.
    apps: BTreeSet<String>,
    /// Whether that is known of every flow.
    attributed: bool,
    /// It is what recorded the radio.
    of_recording: bool,
    out: Reading,
    came: Reading,
}

impl Sent {
    /// What was sent to a destination, as conditions see it, by those senders. What an older program did not tell how
    /// much it read of was not read.
    pub(crate) fn to(one: &Destination, node: Node, told: &[&Attribution]) -> Self {
        let closed = |reading: Reading, bytes: u64| match reading.is_empty() {
            true => Reading { closed: bytes, ..reading },
            false => reading,
        };
        Self {
            node,
            apps: told.iter().flat_map(|told| told.packages.iter().cloned()).collect(),
            attributed: is_attributed(one, told),
            of_recording: one.of_recording,
            out: closed(one.reading, one.bytes_out),
            came: closed(one.reading_in, one.bytes_in),
        }
    }

    /// Whether it may hold what somebody sends home: a proxy in the local network passes it on.
    pub(crate) fn counts(&self) -> bool {
        let scope = self.node.at("scope").map_or("", Node::as_text);
        !self.of_recording && !matches!(scope, "loopback" | "multicast")
    }

    /// Whether it may be what a claim is about. What apps sent that the claim leaves out is not, nor what others sent than
    /// those that it names, where it is known of every flow who sent it.
    fn may_be(&self, about: &About<'_>) -> bool {
        if !self.attributed {
            return true;
        }
        let named = about.apps.is_empty() || self.apps.iter().any(|app| about.apps.contains(app));
        let left_out = self.apps.iter().all(|app| about.except.contains(app));
        !left_out && (named || (about.is)(&self.node))
    }
}

impl<'s> About<'s> {
    /// What a statement is about; `is` says it of a finding or destination.
    pub(crate) fn of(stated: &'s Stated, is: &'s dyn Fn(&Node) -> bool) -> Self {
        let of_what_came = stated.needs.iter().any(|need| need.condition.condition.mentions("readable_in"));
        Self { is, apps: &stated.apps, except: &stated.except_apps, of_what_came }
    }
}

/// How much could be read of what was sent and may be what a claim is about.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Bytes that were read.
    pub(crate) read: u64,
    /// Bytes that were read, or waited for a reader.
    pub(crate) to_read: u64,
    /// The same of what came.
    pub(crate) read_in: u64,
    pub(crate) to_read_in: u64,
    /// Destinations that are known to be those of other apps.
    pub(crate) others: u64,
}

impl Asked {
    /// With what was sent to one more destination.
    pub(crate) fn with(self, sent: &Sent, about: &About<'_>) -> Self {
        self.and(match sent.may_be(about) {
            true => Self {
                read: sent.out.understood,
                to_read: sent.out.to_read(),
                read_in: sent.came.understood,
                to_read_in: sent.came.to_read(),
                others: 0,
            },
            false => Self { others: 1, ..Self::default() },
        })
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            read: self.read.saturating_add(other.read),
            to_read: self.to_read.saturating_add(other.to_read),
            read_in: self.read_in.saturating_add(other.read_in),
            to_read_in: self.to_read_in.saturating_add(other.to_read_in),
            others: self.others.saturating_add(other.others),
        }
    }
}
