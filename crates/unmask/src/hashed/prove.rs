//! Tries a profile's values, with salts, until one gives the digest.

use std::ops::ControlFlow;

use evidence::{Form, IdentifierKind};

use super::{
    Algorithm, Between, Budget, Cut, DOUBTFUL, Encoding, Mix, Recipe, SEPARATORS, Salt, Stage, Target, chance,
};

/// A value that the digest may be of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it is.
    pub kind: IdentifierKind,
    /// How it may have been written, the canonical writing first.
    pub spellings: Vec<Spelling>,
}

/// One writing of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// Its name, as in forms: `digits`, `colon-upper`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A way from a value to the digest.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// What the value is.
    pub kind: IdentifierKind,
    /// Which of the candidates.
    pub candidate: usize,
    /// Which of its writings.
    pub spelling: Spelling,
    /// Whether that is the canonical one.
    pub canonical: bool,
    /// How it was hashed.
    pub recipe: Recipe,
    /// With what, if the recipe takes salt.
    pub salt: Option<Salt>,
    /// Which part of the digest was kept.
    pub cut: Cut,
    /// How it was written.
    pub encoding: Encoding,
    /// How many digests had been computed when it was found.
    pub tries: u64,
    /// How probable it is that all that was tried would have given a match by accident.
    pub chance: f64,
}

impl Match {
    /// The form to tell it by: `colon-upper/sha256(salt:value)[..8]/hex`.
    pub fn form(&self) -> Form {
        let recipe = self.recipe.written(self.cut, self.encoding);
        Form(if self.canonical { recipe } else { format!("{}/{recipe}", self.spelling.name) })
    }

    /// A line for a shell that prints the same.
    pub fn shell(&self) -> String {
        let salt = self.salt.as_ref().map_or(&[][..], |salt| &salt.bytes);
        self.recipe.shell(&self.spelling.bytes, salt, self.cut, self.encoding)
    }
}

/// What became of an attempt to explain a value as a hash.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proof {
    /// What explains it, in the order found.
    pub matches: Vec<Match>,
    /// What equals it too, but might by accident: short digests after many tries.
    pub doubtful: Vec<Match>,
    /// How many digests were computed.
    pub tries: u64,
    /// How many comparisons were made, on which the chances rest.
    pub attempts: u64,
    /// Why it ended.
    pub ended: Ended,
}

/// Why an attempt ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// All was tried.
    #[default]
    Exhausted,
    /// An explanation was found that is no accident.
    Found,
    /// The budget was used up before all was tried.
    OutOfBudget,
}

/// Tries all recipes with all values and salts, the most usual first.
///
/// All values are tried with a salt before the search ends with what it found, so that of two explanations both are
/// told. Plain digests, which the audit's needles hold already, are tried again: they cost next to nothing. Empty
/// spellings and salts are left out.
pub fn prove(target: &[u8], candidates: &[Candidate], salts: &[Salt], budget: &mut Budget) -> Proof {
    let targets = Target::readings(target);
    let mut search = Search { targets: &targets, candidates, budget, proof: Proof::default() };
    let ended = search.rounds(salts).break_value().unwrap_or_default();
    let mut proof = Proof { ended, ..search.proof };
    proof.judge();
    proof
}

impl Proof {
    /// Chances rest on all that was tried, so they are known at the end only.
    fn judge(&mut self) {
        let attempts = self.attempts;
        for found in &mut self.matches {
            found.chance = chance(attempts, found.encoding.bits(found.cut.len()));
        }
        let all = std::mem::take(&mut self.matches);
        (self.matches, self.doubtful) = all.into_iter().partition(|found| found.chance <= DOUBTFUL);
    }
}

struct Search<'a> {
    targets: &'a [Target],
    candidates: &'a [Candidate],
    budget: &'a mut Budget,
    proof: Proof,
}

impl Search<'_> {
    fn rounds(&mut self, salts: &[Salt]) -> ControlFlow<Ended> {
        let Some(lens) = self.lens() else { return ControlFlow::Continue(()) };
        let fits = |recipe: &Recipe| lens.iter().any(|len| recipe.outer().len() >= *len);
        let [plain, salted, rare] = recipes();
        self.round(&plain.into_iter().filter(fits).collect::<Vec<_>>(), &[None])?;
        let salts: Vec<_> = salts.iter().filter(|salt| !salt.bytes.is_empty()).map(Some).collect();
        self.round(&salted.into_iter().filter(fits).collect::<Vec<_>>(), &salts)?;
        self.round(&rare.into_iter().filter(fits).collect::<Vec<_>>(), &salts)
    }

    fn lens(&self) -> Option<Vec<usize>> {
        (!self.targets.is_empty()).then(|| self.targets.iter().map(|target| target.bytes.len()).collect())
    }

    /// Breaks when the budget is used up, or after a salt that explains the digest.
    fn round(&mut self, recipes: &[Recipe], salts: &[Option<&Salt>]) -> ControlFlow<Ended> {
        for salt in salts {
            for (place, candidate) in self.candidates.iter().enumerate() {
                for spelling in 0..candidate.spellings.len() {
                    self.spelling(place, spelling, recipes, *salt)?;
                }
            }
            if self.is_explained() {
                return ControlFlow::Break(Ended::Found);
            }
        }
        ControlFlow::Continue(())
    }

    fn is_explained(&self) -> bool {
        let attempts = self.proof.attempts;
        let mut found = self.proof.matches.iter();
        found.any(|found| chance(attempts, found.encoding.bits(found.cut.len())) <= DOUBTFUL)
    }

    fn spelling(
        &mut self,
        candidate: usize,
        spelling: usize,
        recipes: &[Recipe],
        salt: Option<&Salt>,
    ) -> ControlFlow<Ended> {
        let Some(value) = self.candidates.get(candidate).and_then(|all| all.spellings.get(spelling)) else {
            return ControlFlow::Continue(());
        };
        if value.bytes.is_empty() {
            return ControlFlow::Continue(());
        }
        for &recipe in recipes {
            if !self.budget.take(recipe.cost()) {
                return ControlFlow::Break(Ended::OutOfBudget);
            }
            self.proof.tries = self.proof.tries.saturating_add(recipe.cost());
            let bytes = salt.map_or(&[][..], |salt| &salt.bytes);
            let Some(digest) = recipe.apply(&value.bytes, bytes) else { continue };
            self.compare(&digest, candidate, spelling, recipe, salt);
        }
        ControlFlow::Continue(())
    }

    fn compare(
        &mut self,
        digest: &[u8],
        candidate: usize,
        spelling: usize,
        recipe: Recipe,
        salt: Option<&Salt>,
    ) {
        for target in self.targets {
            let parts = Cut::all(digest.len(), target.bytes.len()).count();
            self.proof.attempts = self.proof.attempts.saturating_add(parts as u64);
            let Some(cut) = target.cut_of(digest) else { continue };
            let Some(from) = self.candidates.get(candidate) else { continue };
            let Some(value) = from.spellings.get(spelling) else { continue };
            self.proof.matches.push(Match {
                kind: from.kind,
                candidate,
                spelling: value.clone(),
                canonical: spelling == 0,
                recipe,
                salt: salt.cloned(),
                cut,
                encoding: target.encoding,
                tries: self.proof.tries,
                chance: 1.0,
            });
            // Whatever else it may be read as is the same bytes.
            break;
        }
    }
}

/// What is tried: without salt, with salt as usual, with salt as is rare.
fn recipes() -> [Vec<Recipe>; 3] {
    let ciphers = || Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_weak());
    let mut plain: Vec<_> =
        Algorithm::ALL.iter().map(|&algorithm| Recipe::single(Mix::Plain, algorithm)).collect();
    plain.extend(ciphers().flat_map(|outer| nested(Mix::Plain, outer, Mix::Plain)));
    let mut mixes = vec![Mix::Before(""), Mix::After(""), Mix::SaltIsKey, Mix::ValueIsKey, Mix::Around("")];
    let separated = SEPARATORS.iter().skip(1);
    mixes.extend(
        separated.flat_map(|&between| [Mix::Before(between), Mix::After(between), Mix::Around(between)]),
    );
    let mixed = |algorithm: Algorithm| mixes.iter().map(move |&mix| Recipe::single(mix, algorithm));
    let common: Vec<_> = Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_common()).collect();
    let mut salted: Vec<_> = common.iter().flat_map(|&algorithm| mixed(algorithm)).collect();
    for &outer in &common {
        for mix in [Mix::Before(""), Mix::After("")] {
            salted.extend(nested(Mix::Plain, outer, mix));
            salted.extend(nested(mix, outer, Mix::Plain));
        }
    }
    let others = Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_common());
    let mut rare: Vec<_> = others.flat_map(mixed).collect();
    rare.retain(|recipe| {
        !(recipe.outer().is_weak() && matches!(recipe.first.mix, Mix::SaltIsKey | Mix::ValueIsKey))
    });
    for outer in ciphers() {
        for (inner, last) in [
            (Mix::Plain, Mix::SaltIsKey),
            (Mix::SaltIsKey, Mix::Plain),
            (Mix::Before(""), Mix::Before("")),
            (Mix::After(""), Mix::After("")),
        ] {
            rare.extend(nested(inner, outer, last));
        }
    }
    [plain, salted, rare]
}

/// Digests of digests: the inner one is always one of the common functions.
fn nested(inner: Mix, outer: Algorithm, last: Mix) -> impl Iterator<Item = Recipe> {
    let functions = Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_common());
    functions.flat_map(move |algorithm| {
        [Between::Hex, Between::HexUpper, Between::Raw].map(|between| Recipe {
            first: Stage { mix: inner, algorithm },
            second: Some((between, Stage { mix: last, algorithm: outer })),
        })
    })
}
