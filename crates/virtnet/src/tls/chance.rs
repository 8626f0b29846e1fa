//! What rustls takes for random: numbers from the seed of one conversation.
//!
//! rustls wants its source of random numbers for the life of the program, without a context. So the source of
//! the conversation that is being played is lent to this thread for the time of a call.

use std::{cell::RefCell, mem, sync::Arc};

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use rustls::{
    Error, NamedGroup, PeerMisbehaved,
    crypto::{
        ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup,
        aws_lc_rs::default_provider,
    },
};
use testkit::Dice;

thread_local! {
    static LENT: RefCell<Dice> = RefCell::new(Dice::new(0));
}

/// Calls `work`, which calls rustls, with this source.
pub(crate) fn with_chance<T>(dice: &mut Dice, work: impl FnOnce() -> T) -> T {
    LENT.with_borrow_mut(|lent| mem::swap(lent, dice));
    let result = work();
    LENT.with_borrow_mut(|lent| mem::swap(lent, dice));
    result
}

/// The algorithms of aws-lc-rs, with X25519 as the only group: its keys are any 32 bytes.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider { kx_groups: vec![&Curve], secure_random: &Lent, ..default_provider() })
}

#[derive(Debug)]
struct Lent;

impl SecureRandom for Lent {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        let bytes = LENT.with_borrow_mut(|lent| lent.bytes(buffer.len()));
        buffer.copy_from_slice(&bytes);
        Ok(())
    }
}

#[derive(Debug)]
struct Curve;

impl SupportedKxGroup for Curve {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut bytes = [0; 32];
        Lent.fill(&mut bytes)?;
        let private = PrivateKey::from_private_key(&X25519, &bytes).map_err(|_| GetRandomFailed)?;
        let public = private.compute_public_key().map_err(|_| GetRandomFailed)?.as_ref().to_vec();
        Ok(Box::new(Exchange { private, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct Exchange {
    private: PrivateKey,
    public: Vec<u8>,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let wrong = || Error::from(PeerMisbehaved::InvalidKeyShare);
        if peer.len() != 32 {
            return Err(wrong());
        }
        let peer = UnparsedPublicKey::new(&X25519, peer);
        agree(&self.private, peer, wrong(), |secret| Ok(SharedSecret::from(secret)))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}
