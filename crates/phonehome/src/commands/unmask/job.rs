//! What is swept: the spaces, the ways of hashing, the salts; and in words, to know it again on another day.

use evidence::{HexBytes, IdentifierKind};
use unmask::hashed::{Algorithm, Attempt, Mix, Origin, Recipe, Salt, Space, SpaceError, Sweep};

use crate::{
    cli::UnmaskArguments,
    exit::{Exit, Failed},
};

/// The sweeps that were asked for.
pub(super) struct Job {
    pub(super) sweeps: Vec<Sweep>,
    pub(super) salts: Vec<Salt>,
    /// All of it in words: a resume file of another job is refused.
    pub(super) words: String,
}

impl Job {
    pub(super) fn of(arguments: &UnmaskArguments, digests: &[String]) -> anyhow::Result<Self> {
        let salts: Vec<_> = arguments.salt.iter().map(|text| given(text)).collect();
        let algorithms = algorithms(&arguments.algorithm)?;
        let spaces = spaces(arguments).map_err(|error| Failed::with(Exit::Usage, error.to_string()))?;
        let values: Vec<_> = digests.iter().map(|digest| digest.as_bytes()).collect();
        let sweep = |space: Space| match algorithms.as_slice() {
            [] => Sweep::usual(space, &salts, &values),
            named => {
                let attempts = attempts(&space, &salts, named);
                Sweep::new(space, attempts, &values)
            }
        };
        let words = words(&spaces, &salts, &algorithms, digests);
        Ok(Self { sweeps: spaces.into_iter().map(sweep).collect(), salts, words })
    }

    /// How many digests all of it takes.
    pub(super) fn cost(&self) -> u64 {
        self.sweeps.iter().map(Sweep::cost).fold(0, u64::saturating_add)
    }
}

fn given(text: &str) -> Salt {
    Salt { bytes: text.as_bytes().to_vec(), origin: Origin::AppConstant("given".to_owned()) }
}

fn spaces(arguments: &UnmaskArguments) -> Result<Vec<Space>, SpaceError> {
    let texts = |given: &[String]| -> Vec<String> {
        given.iter().flat_map(|text| text.split(',')).map(|text| text.trim().to_owned()).collect()
    };
    let mut spaces = Vec::new();
    let mut add = |given: &[String], make: &dyn Fn(&[&str]) -> Result<Space, SpaceError>| {
        let texts = texts(given);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if !texts.is_empty() {
            spaces.push(make(&texts)?);
        }
        Ok(())
    };
    add(&arguments.imei, &Space::imei)?;
    add(&arguments.imsi, &Space::imsi)?;
    add(&arguments.mac, &|ouis| Space::mac(IdentifierKind::WifiMac, ouis))?;
    add(&arguments.phone, &|plans| Space::numbers(IdentifierKind::PhoneNumber, plans))?;
    if let Some(most) = arguments.digits {
        spaces.push(Space::decimal(IdentifierKind::Account, most)?);
    }
    if arguments.ipv4 {
        spaces.push(Space::ipv4()?);
    }
    Ok(spaces)
}

fn algorithms(names: &[String]) -> anyhow::Result<Vec<Algorithm>> {
    let find = |name: &String| {
        Algorithm::ALL.iter().copied().find(|algorithm| algorithm.name() == name).ok_or_else(|| {
            let known: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
            Failed::with(Exit::Usage, format!("{name:?} is no algorithm; known are {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

/// Each layout with each function: alone, and with each salt before, after, and as the key of an HMAC.
fn attempts(space: &Space, salts: &[Salt], algorithms: &[Algorithm]) -> Vec<Attempt> {
    let salted = salts.iter().flat_map(|salt| {
        [Mix::Before(""), Mix::After(""), Mix::SaltIsKey].map(|mix| (mix, Some(salt.clone())))
    });
    let mixes: Vec<_> = [(Mix::Plain, None)].into_iter().chain(salted).collect();
    let mut attempts = Vec::new();
    for (mix, salt) in mixes {
        for &algorithm in algorithms {
            if algorithm.is_weak() && mix == Mix::SaltIsKey {
                continue;
            }
            let recipe = Recipe::single(mix, algorithm);
            let layouts = 0..space.layouts().len();
            attempts.extend(layouts.map(|layout| Attempt { layout, recipe, salt: salt.clone() }));
        }
    }
    attempts
}

fn words(spaces: &[Space], salts: &[Salt], algorithms: &[Algorithm], digests: &[String]) -> String {
    let spaces: Vec<_> = spaces.iter().map(|space| space.words.as_str()).collect();
    let salts: Vec<_> = salts.iter().map(|salt| HexBytes(salt.bytes.clone()).to_string()).collect();
    let algorithms: Vec<_> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
    format!(
        "{} | salts {} | {} | {}",
        spaces.join("; "),
        salts.join(","),
        algorithms.join(","),
        digests.join(",")
    )
}
