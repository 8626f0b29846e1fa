//! Sessions whose secret was found, by the id or ticket that resumes them (RFC 5246 section 7.3, RFC 5077): a key
//! log, or the handshake that a private key opened, mostly tells the first connection's secret only.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use aws_lc_rs::digest::{SHA256, digest};
use evidence::{HexBytes, KeyBlock, Master, Schedule};

use crate::Derivation;

/// Where the master secret of a session comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) kind: OriginKind,
    /// The master secret, or the premaster secret.
    pub(crate) secret: Vec<u8>,
    /// Where it stands, or the private key that opened it.
    pub(crate) key: Arc<Derivation>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OriginKind {
    Master,
    Premaster(Master),
    Rsa { encrypted: HexBytes, master: Master },
}

impl Origin {
    /// How keys follow from it.
    pub(crate) fn schedule(&self, block: KeyBlock) -> Schedule {
        match self.kind.clone() {
            OriginKind::Master => Schedule::Tls12(block),
            OriginKind::Premaster(master) => Schedule::Premaster { master, block },
            OriginKind::Rsa { encrypted, master } => Schedule::Rsa { premaster: encrypted, master, block },
        }
    }

    /// The same for connections with other randoms.
    pub(crate) fn for_others(&self, block: &KeyBlock) -> Self {
        let mut origin = self.clone();
        if let OriginKind::Premaster(master) | OriginKind::Rsa { master, .. } = &mut origin.kind
            && *master == Master::Randoms
        {
            *master = Master::Earlier {
                client_random: block.client_random.clone(),
                server_random: block.server_random.clone(),
            };
        }
        origin
    }
}

/// What a session is resumed by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SessionName {
    Id(Vec<u8>),
    /// SHA-256 of it.
    Ticket([u8; 32]),
}

impl SessionName {
    /// `None` where it is empty.
    pub(crate) fn id(id: &[u8]) -> Option<Self> {
        (!id.is_empty()).then(|| Self::Id(id.to_vec()))
    }

    /// `None` where it is empty.
    pub(crate) fn ticket(ticket: &[u8]) -> Option<Self> {
        let digest = digest(&SHA256, ticket).as_ref().try_into().ok()?;
        (!ticket.is_empty()).then_some(Self::Ticket(digest))
    }
}

/// The newest sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    found: HashMap<SessionName, Arc<Origin>>,
    /// The oldest first.
    order: VecDeque<SessionName>,
}

impl Sessions {
    pub(super) fn remember(&mut self, name: SessionName, origin: Arc<Origin>) {
        if self.found.insert(name.clone(), origin).is_some() {
            return;
        }
        self.order.push_back(name);
        if self.order.len() > SESSIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.found.remove(&oldest);
        }
    }

    pub(super) fn recall(&self, name: &SessionName) -> Option<Arc<Origin>> {
        self.found.get(name).cloned()
    }
}

/// Sessions that are remembered: servers forget theirs sooner.
const SESSIONS: usize = 1 << 16;
