//! What a scenario must keep to beyond its form: names that are used exist.

use super::{Deed, Scenario, Sender};
use crate::{DETAILS, LabError, kinds};

impl Scenario {
    /// Fails with the first name that stands for nothing.
    pub(super) fn check(&self) -> Result<(), LabError> {
        self.deeds().try_for_each(deed)?;
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
