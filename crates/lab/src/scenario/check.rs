//! What a scenario must keep to beyond its form: names that are used exist.

use std::collections::BTreeSet;

use super::{Deed, Moment, Scenario, Sender, nanos};
use crate::{DETAILS, LabError, kinds};

impl Scenario {
    /// Fails with the first name that stands for nothing.
    pub(super) fn check(&self) -> Result<(), LabError> {
        self.deeds().try_for_each(deed)?;
        self.readings()?;
        self.senders.iter().try_for_each(|sender| self.sender(sender))
    }

    /// All that may happen by the script.
    pub(crate) fn deeds(&self) -> impl Iterator<Item = &Deed> {
        self.events
            .iter()
            .flat_map(|event| std::iter::once(&event.deed).chain(event.then.iter().map(|step| &step.deed)))
    }

    fn sender(&self, sender: &Sender) -> Result<(), LabError> {
        let wrong = |what: &str| Err(LabError::Scenario(format!("sender {}: {what}", sender.name)));
        let request = sender.request.as_ref().map(|request| &request.server);
        let servers = request.into_iter().chain(sender.datagram.as_ref().map(|datagram| &datagram.server));
        for name in servers {
            if self.server(name).is_none() {
                return wrong(&format!("there is no server {name}"));
            }
        }
        if !sender.host.is_empty() && !self.hosts.iter().any(|host| host.name == sender.host) {
            return wrong(&format!("there is no host {}", sender.host));
        }
        if !sender.package.is_empty() && !self.packages.iter().any(|package| package.name == sender.package) {
            return wrong(&format!("there is no package {}", sender.package));
        }
        let from = sender.timer.as_ref().map(|timer| &timer.from).filter(|from| !from.is_empty());
        match sender.on.iter().chain(&sender.rearm).chain(from).find(|kind| !self.can_happen(kind)) {
            Some(kind) => wrong(&format!("{kind} never happens")),
            None => Ok(()),
        }
    }

    /// What is read off the phone is read before the end, and not twice in one second: that names the files.
    fn readings(&self) -> Result<(), LabError> {
        let moments =
            |moments: &[Moment]| -> Vec<i64> { moments.iter().map(|moment| moment.at(self.start)).collect() };
        let sockets = self.socket_readings().take(MOST_READINGS.saturating_add(1)).collect();
        let first = self.evidence.sockets.iter().map(|reading| reading.at.at(self.start)).collect();
        let all = [moments(&self.evidence.bugreports), moments(&self.evidence.netstats), sockets];
        if all.iter().map(Vec::len).sum::<usize>() > MOST_READINGS {
            return Err(LabError::Scenario(format!("the phone is read more than {MOST_READINGS} times")));
        }
        let end = nanos(self.start).saturating_add(self.length.nanos());
        if all.iter().chain([&first]).flatten().any(|at| *at > end) {
            return Err(LabError::scenario("the phone is read after the end"));
        }
        let is_twice = |moments: &Vec<i64>| {
            let seconds: BTreeSet<i64> = moments.iter().map(|at| at.div_euclid(1_000_000_000)).collect();
            seconds.len() < moments.len()
        };
        if all.iter().any(is_twice) {
            return Err(LabError::scenario("the same is read twice in one second"));
        }
        Ok(())
    }

    /// When the tables of sockets are read, nanoseconds since 1970.
    pub fn socket_readings(&self) -> impl Iterator<Item = i64> {
        let end = nanos(self.start).saturating_add(self.length.nanos());
        self.evidence.sockets.iter().flat_map(move |reading| {
            let times = reading.times.unwrap_or(if reading.every.is_some() { u32::MAX } else { 1 });
            let every = reading.every.unwrap_or_default().nanos().max(1);
            let first = reading.at.at(self.start);
            let later = move |count: u32| first.saturating_add(every.saturating_mul(i64::from(count)));
            (0..times).map(later).take_while(move |at| *at <= end)
        })
    }

    fn can_happen(&self, kind: &str) -> bool {
        match kind.split_once(':') {
            Some(("sent" | "accepted" | "refused", name)) => {
                self.senders.iter().any(|sender| sender.name == name)
            }
            Some(_) => false,
            None => kinds::kind(kind).is_some(),
        }
    }
}

fn deed(deed: &Deed) -> Result<(), LabError> {
    if kinds::kind(&deed.kind).is_none() {
        return Err(LabError::Scenario(format!("nothing of kind {} can happen", deed.kind)));
    }
    match deed.detail.keys().find(|key| !DETAILS.contains(&key.as_str())) {
        Some(key) => Err(LabError::Scenario(format!("{}: there is no key {key}", deed.kind))),
        None => Ok(()),
    }
}

/// At most so many files of the phone's state.
const MOST_READINGS: usize = 1000;
