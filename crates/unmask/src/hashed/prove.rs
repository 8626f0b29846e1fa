//! Tries a profile's values, with salts, until one gives the digest.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
    sync::LazyLock,
};

use evidence::{Form, IdentifierKind};

use super::{
    Algorithm, Between, Budget, Cut, DOUBTFUL, Encoding, Mix, Recipe, SEPARATORS, Salt, Stage, Target,
    bulk::{Digests, Hasher, Input, Texts},
    chance,
    wanted::Index,
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

/// A value that may be a digest, and the salts that are tried for it before the common ones, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The value, as it was sent.
    pub value: &'a [u8],
    /// What stood beside it.
    pub salts: &'a [Salt],
}

impl<'a> Wanted<'a> {
    /// Its salts, and behind them those by twos.
    fn all_salts(&self) -> Cow<'a, [Salt]> {
        let pairs = Salt::pairs(self.salts);
        if pairs.is_empty() { self.salts.into() } else { [self.salts, &pairs].concat().into() }
    }
}

/// Tries all recipes with all values and salts, the most usual first.
///
/// All values are tried with a salt before the search ends with what it found, so that of two explanations both are
/// told. Plain digests, which the audit's needles hold already, are tried again: they cost next to nothing. Empty
/// spellings and salts are left out, and salts with the same bytes as an earlier one.
pub fn prove(target: &[u8], candidates: &[Candidate], salts: &[Salt], budget: &mut Budget) -> Proof {
    let wanted = [Wanted { value: target, salts }];
    Prover::new(candidates).prove(&wanted, &[], budget).pop().unwrap_or_default()
}

/// Proves many values together: what [`prove`] finds for each with its own salts and then the common ones.
///
/// A digest is computed once and looked up among all values that it may be, so a salt that many values share costs
/// as much as one of one value. Salts that most share are tried first; of several explanations of a value that of
/// its first salt is told, as [`prove`] does. Tries and comparisons are counted for each value by itself, the budget is
/// charged once.
pub fn prove_all(
    wanted: &[Wanted<'_>],
    candidates: &[Candidate],
    common: &[Salt],
    budget: &mut Budget,
) -> Vec<Proof> {
    Prover::new(candidates).prove(wanted, common, budget)
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

/// The profile's values, ready to be hashed.
struct Prover<'a> {
    candidates: &'a [Candidate],
    texts: Texts,
    /// Which writing of which candidate each text is.
    places: Vec<(usize, usize)>,
    /// Digests of the texts without salt, as they go into another digest, and what they are.
    plain: Vec<(Inner, Texts)>,
    hasher: Hasher,
    /// Digests of one branch, and what goes into the next one.
    digests: Vec<Digests>,
    first: Vec<Digests>,
    between: Texts,
}

impl<'a> Prover<'a> {
    fn new(candidates: &'a [Candidate]) -> Self {
        let (mut texts, mut places) = (Texts::default(), Vec::new());
        for (candidate, place) in candidates.iter().zip(0..) {
            for (spelling, number) in candidate.spellings.iter().zip(0..) {
                if !spelling.bytes.is_empty() {
                    texts.push(&spelling.bytes);
                    places.push((place, number));
                }
            }
        }
        let mut hasher = Hasher::new();
        let plain = plain(&texts, &mut hasher);
        let (digests, first, between) = (Vec::new(), Vec::new(), Texts::default());
        Self { candidates, texts, places, plain, hasher, digests, first, between }
    }

    fn prove(&mut self, wanted: &[Wanted<'_>], common: &[Salt], budget: &mut Budget) -> Vec<Proof> {
        let readings: Vec<_> = wanted.iter().map(|wanted| Target::readings(wanted.value)).collect();
        let index = Index::new(&readings);
        let salts: Vec<_> = wanted.iter().map(Wanted::all_salts).collect();
        let values = readings.into_iter().zip(&salts).map(|(targets, salts)| Value::new(targets, salts));
        let mut search = Search {
            values: values.collect(),
            units: Unit::all(&salts, common),
            index,
            prover: self,
            budget,
        };
        // What was not tried for want of budget is known from the units that are left.
        let _ = search.rounds();
        search.proofs()
    }

    /// Hashes so many of the texts with a salt in all ways of a plan that give digests of at least `floor` bytes.
    fn run(&mut self, plan: &Plan, floor: usize, (salt, count): (&[u8], usize), index: &Index) -> Vec<Hit> {
        let (mut hits, mut made) = (Vec::new(), None);
        for branch in &plan.branches {
            let last: Vec<_> = branch.last.iter().filter(|(algorithm, _)| algorithm.len() >= floor).collect();
            if last.is_empty() {
                continue;
            }
            let texts = match branch.inner {
                None => &self.texts,
                Some(inner) if inner.mix == Mix::Plain => {
                    let Some((_, texts)) = self.plain.iter().find(|(known, _)| *known == inner) else {
                        continue;
                    };
                    texts
                }
                Some(inner) => {
                    if made
                        .is_none_or(|made: Inner| (made.mix, made.algorithm) != (inner.mix, inner.algorithm))
                    {
                        let input = Input { texts: &self.texts, count, mix: inner.mix, salt };
                        self.hasher.run(input, &[inner.algorithm], &mut self.first);
                    }
                    if made.replace(inner) != Some(inner) {
                        self.first.iter().take(1).for_each(|first| self.between.write(first, inner.between));
                    }
                    &self.between
                }
            };
            let algorithms: Vec<_> = last.iter().map(|(algorithm, _)| *algorithm).collect();
            self.hasher.run(Input { texts, count, mix: branch.mix, salt }, &algorithms, &mut self.digests);
            for ((algorithm, recipe), digests) in last.iter().zip(&self.digests) {
                let starts = index.starts(algorithm.len());
                for (digest, text) in digests.iter().zip(0..) {
                    if starts.iter().any(|start| digest.get(*start..).is_some_and(|part| index.has(part))) {
                        hits.push(Hit { text, recipe: *recipe, digest: digest.to_vec() });
                    }
                }
            }
        }
        hits.sort_by_key(|hit| (hit.text, hit.recipe));
        hits
    }
}

/// The digests of texts that go into another digest.
fn plain(texts: &Texts, hasher: &mut Hasher) -> Vec<(Inner, Texts)> {
    let mut plain = Vec::new();
    for algorithm in Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_common()) {
        for between in [Between::Hex, Between::HexUpper, Between::Raw] {
            let once = digested(texts, (algorithm, between), hasher);
            let twice = digested(&once, (algorithm, between), hasher);
            let inner = |again| Inner { mix: Mix::Plain, algorithm, between, again };
            plain.extend([(inner(0), once), (inner(1), twice)]);
        }
    }
    plain
}

/// The digests of texts, written.
fn digested(texts: &Texts, (algorithm, between): (Algorithm, Between), hasher: &mut Hasher) -> Texts {
    let (mut digests, mut written) = (Vec::new(), Texts::default());
    let input = Input { texts, count: texts.len(), mix: Mix::Plain, salt: b"" };
    hasher.run(input, &[algorithm], &mut digests);
    digests.iter().for_each(|digests| written.write(digests, between));
    written
}

/// A digest that one of the values may be.
struct Hit {
    text: usize,
    recipe: usize,
    digest: Vec<u8>,
}

/// A salt, and whose it is.
struct Unit<'a> {
    salt: &'a Salt,
    /// The values beside which it stood, in order, and which of their salts it is.
    own: Vec<(usize, usize)>,
    /// Which of the common salts it is.
    common: Option<usize>,
}

impl<'a> Unit<'a> {
    /// The salts that differ, those of most values first.
    fn all(salts: &'a [Cow<'a, [Salt]>], common: &'a [Salt]) -> Vec<Self> {
        let mut units: Vec<Self> = Vec::new();
        let mut known: HashMap<&[u8], usize> = HashMap::new();
        let mut unit = |salt: &'a Salt, add: &mut dyn FnMut(&mut Self)| {
            if salt.bytes.is_empty() {
                return;
            }
            let place = *known.entry(&salt.bytes).or_insert(units.len());
            if place == units.len() {
                units.push(Self { salt, own: Vec::new(), common: None });
            }
            units.get_mut(place).into_iter().for_each(add);
        };
        for (salts, value) in salts.iter().zip(0..) {
            for (salt, rank) in salts.iter().zip(0..) {
                unit(salt, &mut |unit| {
                    if unit.own.last().is_none_or(|(last, _)| *last != value) {
                        unit.own.push((value, rank));
                    }
                });
            }
        }
        for (salt, rank) in common.iter().zip(0..) {
            unit(salt, &mut |unit| unit.common = unit.common.or(Some(rank)));
        }
        units.sort_by_key(|unit| {
            let users = if unit.common.is_some() { salts.len() } else { unit.own.len() };
            let own = unit.own.iter().map(|(_, rank)| *rank).min();
            (Reverse(users), own.unwrap_or(usize::MAX))
        });
        units
    }

    /// Whether it stood beside one of the values: where salts are tried in many ways, those come first.
    fn is_own(&self) -> bool {
        !self.own.is_empty()
    }

    /// Which of a value's salts it is.
    fn rank(&self, value: usize, own: usize) -> Option<usize> {
        match self.own.binary_search_by_key(&value, |(value, _)| *value) {
            Ok(place) => self.own.get(place).map(|(_, rank)| *rank),
            Err(_) => self.common.map(|rank| own.saturating_add(rank)),
        }
    }
}

/// When something was tried in the order of one value: the step, and which of its salts.
type Turn = (usize, usize);

/// A value that may be a digest, and what became of it.
struct Value<'a> {
    targets: Vec<Target>,
    /// The shortest reading: shorter digests cannot be it.
    floor: usize,
    salts: &'a [Salt],
    found: Vec<(Turn, Match)>,
    /// The first salt that explains it.
    explained: Option<Turn>,
    tries: u64,
    attempts: u64,
    /// Whether something was left out for want of budget.
    cut: bool,
}

impl<'a> Value<'a> {
    fn new(targets: Vec<Target>, salts: &'a [Salt]) -> Self {
        let floor = targets.iter().map(|target| target.bytes.len()).min().unwrap_or(usize::MAX);
        let found = Vec::new();
        Self { targets, floor, salts, found, explained: None, tries: 0, attempts: 0, cut: false }
    }

    /// Whether something that has its turn then would be told.
    fn is_open(&self, turn: Turn) -> bool {
        !self.targets.is_empty() && self.explained.is_none_or(|explained| turn < explained)
    }

    /// How many comparisons a text takes in a round.
    fn comparisons(&self, plan: &Plan) -> u64 {
        let of_len = |&(len, recipes, _): &(usize, u64, u64)| {
            let cuts = self.targets.iter().map(|target| Cut::all(len, target.bytes.len()).count() as u64);
            recipes.saturating_mul(cuts.sum())
        };
        plan.lens.iter().map(of_len).sum()
    }

    /// Ends the turn: it is the value's explanation where one of its matches is no accident.
    fn weigh(&mut self, turn: Turn) {
        let sure = |found: &Match| chance(self.attempts, found.encoding.bits(found.cut.len())) <= DOUBTFUL;
        if self.found.iter().any(|(when, found)| *when == turn && sure(found)) {
            self.explained = Some(turn);
        }
    }

    fn proof(mut self) -> Proof {
        self.found.retain(|(turn, _)| self.explained.is_none_or(|explained| *turn <= explained));
        self.found.sort_by_key(|(turn, _)| *turn);
        let ended = match (self.explained, self.cut) {
            (Some(_), _) => Ended::Found,
            (None, true) => Ended::OutOfBudget,
            (None, false) => Ended::Exhausted,
        };
        let matches = self.found.into_iter().map(|(_, found)| found).collect();
        let (tries, attempts) = (self.tries, self.attempts);
        let mut proof = Proof { matches, doubtful: Vec::new(), tries, attempts, ended };
        proof.judge();
        proof
    }
}

struct Search<'a, 'p> {
    prover: &'a mut Prover<'p>,
    index: Index,
    values: Vec<Value<'a>>,
    units: Vec<Unit<'a>>,
    budget: &'a mut Budget,
}

impl Search<'_, '_> {
    /// Breaks when the budget is used up.
    fn rounds(&mut self) -> ControlFlow<()> {
        if self.prover.texts.len() == 0 {
            return ControlFlow::Continue(());
        }
        let mut over = self.unit((0, 0), None);
        for (&(plan, whose), step) in STEPS.iter().zip(1..) {
            let of_step = |unit: &Unit<'_>| whose.is_none_or(|own| unit.is_own() == own);
            let units: Vec<_> = self.units.iter().map(of_step).zip(0..).filter(|(is, _)| *is).collect();
            for (_, unit) in units {
                if over.is_break() {
                    self.users((step, plan), Some(unit)).into_iter().for_each(|(value, _)| self.cut(value));
                } else {
                    over = self.unit((step, plan), Some(unit));
                }
            }
        }
        over
    }

    fn cut(&mut self, value: usize) {
        self.values.get_mut(value).into_iter().for_each(|value| value.cut = true);
    }

    /// The values that a salt, or none, is still tried for in the ways of a step's round, and when it is their turn.
    fn users(&self, (step, round): (usize, usize), unit: Option<usize>) -> Vec<(usize, Turn)> {
        let turn = |place: usize, value: &Value<'_>| match unit.map(|unit| self.units.get(unit)) {
            _ if round == LONG_ROUND && value.floor < LONG => None,
            None => Some((step, 0)),
            Some(unit) if round > WIDE_ROUND && unit?.salt.is_wide() => None,
            Some(unit) if unit?.salt.is_pair() != (round == PAIR_ROUND) => None,
            Some(unit) => Some((step, unit?.rank(place, value.salts.len())?)),
        };
        let users = self.values.iter().enumerate().filter_map(|(place, value)| {
            turn(place, value).filter(|turn| value.is_open(*turn)).map(|turn| (place, turn))
        });
        users.collect()
    }

    /// Tries all texts with a salt in the ways of a step's round; breaks where the budget is not enough for all of them.
    fn unit(&mut self, at: (usize, usize), unit: Option<usize>) -> ControlFlow<()> {
        let users = self.users(at, unit);
        let Some(plan) = PLANS.get(at.1) else { return ControlFlow::Continue(()) };
        let floors = users.iter().filter_map(|(value, _)| self.values.get(*value)).map(|value| value.floor);
        let floor = floors.min().unwrap_or(usize::MAX);
        let cost = plan.cost(floor);
        if cost == 0 {
            return ControlFlow::Continue(());
        }
        let all = self.prover.texts.len() as u64;
        let affordable = (self.budget.left() / cost).min(all);
        self.budget.take(affordable.saturating_mul(cost));
        let count = usize::try_from(affordable).unwrap_or(usize::MAX);
        let salt = unit.and_then(|unit| self.units.get(unit)).map(|unit| unit.salt);
        let bytes = salt.map_or(&[][..], |salt| &salt.bytes);
        for hit in self.prover.run(plan, floor, (bytes, count), &self.index) {
            self.hit(&hit, plan, &users, salt.cloned());
        }
        for &(value, turn) in &users {
            let Some(value) = self.values.get_mut(value) else { continue };
            value.tries = value.tries.saturating_add(affordable.saturating_mul(plan.cost(value.floor)));
            let comparisons = value.comparisons(plan);
            value.attempts = value.attempts.saturating_add(affordable.saturating_mul(comparisons));
            value.weigh(turn);
            value.cut |= affordable < all;
        }
        if affordable < all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Gives a digest to the values that it is.
    fn hit(&mut self, hit: &Hit, plan: &Plan, users: &[(usize, Turn)], salt: Option<Salt>) {
        let Some(&recipe) = plan.recipes.get(hit.recipe) else { return };
        let Some(&(candidate, spelling)) = self.prover.places.get(hit.text) else { return };
        let Some(from) = self.prover.candidates.get(candidate) else { return };
        for place in self.index.values(&hit.digest) {
            let Ok(user) = users.binary_search_by_key(&place, |(value, _)| *value) else { continue };
            let (Some(&(_, turn)), Some(value)) = (users.get(user), self.values.get_mut(place)) else {
                continue;
            };
            // Whatever else it may be read as is the same bytes.
            let cut =
                value.targets.iter().find_map(|target| Some((target.cut_of(&hit.digest)?, target.encoding)));
            let (Some((cut, encoding)), Some(written)) = (cut, from.spellings.get(spelling)) else {
                continue;
            };
            let own =
                value.salts.iter().find(|own| salt.as_ref().is_some_and(|salt| salt.bytes == own.bytes));
            let before = (hit.text as u64).saturating_mul(plan.cost(value.floor));
            let tries =
                value.tries.saturating_add(before).saturating_add(plan.cost_until(hit.recipe, value.floor));
            let found = Match {
                kind: from.kind,
                candidate,
                spelling: written.clone(),
                canonical: spelling == 0,
                recipe,
                salt: own.or(salt.as_ref()).cloned(),
                cut,
                encoding,
                tries,
                chance: 1.0,
            };
            value.found.push((turn, found));
        }
    }

    fn proofs(self) -> Vec<Proof> {
        self.values.into_iter().map(Value::proof).collect()
    }
}

/// The recipes of a round, ordered so that what several share is computed once.
struct Plan {
    recipes: Vec<Recipe>,
    branches: Vec<Branch>,
    /// Lengths of digests, how many recipes give one of that length, and what those cost.
    lens: Vec<(usize, u64, u64)>,
}

/// Recipes that differ in their last function.
struct Branch {
    inner: Option<Inner>,
    mix: Mix,
    last: Lasts,
}

/// Last functions, and which of the recipes each makes.
type Lasts = Vec<(Algorithm, usize)>;

/// The first of two digests, and how it goes into the second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Inner {
    mix: Mix,
    algorithm: Algorithm,
    between: Between,
    /// How often the function was run over its own digest.
    again: u8,
}

/// Without salt, with salt as nearly everybody does it, the same with functions whose digests are long, as is usual, as
/// password stores do it, between two salts, in digests of digests, as is rare.
static PLANS: LazyLock<[Plan; 8]> = LazyLock::new(|| recipes().map(Plan::new));
/// The round that is of long functions: they run one by one, and only values that are longer than all other digests are
/// theirs alone.
const LONG_ROUND: usize = 2;
const LONG: usize = 33;
/// The last round in which salts are tried of which there are many.
const WIDE_ROUND: usize = 1;
/// The rounds with salts, in order, and whether they are those of a message or everybody's alone. Where a salt costs much,
/// those of the message come first.
const STEPS: &[(usize, Option<bool>)] = &[
    (1, None),
    (2, None),
    (3, Some(true)),
    (4, Some(true)),
    (PAIR_ROUND, Some(true)),
    (3, Some(false)),
    (4, Some(false)),
    (6, Some(true)),
    (6, Some(false)),
    (7, Some(true)),
    (7, Some(false)),
];
/// The round of two salts.
const PAIR_ROUND: usize = 5;

impl Plan {
    fn new(recipes: Vec<Recipe>) -> Self {
        let mut branches: BTreeMap<(Option<Inner>, Mix), Lasts> = BTreeMap::new();
        let mut lens: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        for (recipe, place) in recipes.iter().zip(0..) {
            let Stage { mix, algorithm } = recipe.first;
            let branch = match recipe.second {
                None => (None, mix),
                Some((between, last)) => {
                    (Some(Inner { mix, algorithm, between, again: recipe.again }), last.mix)
                }
            };
            branches.entry(branch).or_default().push((recipe.outer(), place));
            let row = lens.entry(recipe.outer().len()).or_default();
            *row = (row.0 + 1, row.1 + recipe.cost());
        }
        let branches = branches.into_iter().map(|((inner, mix), last)| Branch { inner, mix, last });
        let lens = lens.into_iter().map(|(len, (recipes, cost))| (len, recipes, cost));
        Self { branches: branches.collect(), lens: lens.collect(), recipes }
    }

    /// Digests that a text takes where those shorter than `floor` are left out.
    fn cost(&self, floor: usize) -> u64 {
        self.lens.iter().filter(|(len, ..)| *len >= floor).map(|(.., cost)| *cost).sum()
    }

    /// The same up to a recipe, which is counted too.
    fn cost_until(&self, recipe: usize, floor: usize) -> u64 {
        let fitting = self.recipes.iter().take(recipe + 1).filter(|recipe| recipe.outer().len() >= floor);
        fitting.map(Recipe::cost).sum()
    }
}

/// What is tried, in the order of [`PLANS`].
fn recipes() -> [Vec<Recipe>; 8] {
    let ciphers = || Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_weak());
    let mut plain: Vec<_> =
        Algorithm::ALL.iter().map(|&algorithm| Recipe::single(Mix::Plain, algorithm)).collect();
    plain.extend(ciphers().flat_map(|outer| nested(Mix::Plain, outer, Mix::Plain)));
    plain.extend(thrice());
    let mut mixes = vec![Mix::ValueIsKey, Mix::Around("")];
    let separated = SEPARATORS.iter().skip(1);
    mixes.extend(
        separated.flat_map(|&between| [Mix::Before(between), Mix::After(between), Mix::Around(between)]),
    );
    let plainly = [Mix::Before(""), Mix::After(""), Mix::SaltIsKey];
    let mixed = |algorithm: Algorithm| mixes.iter().map(move |&mix| Recipe::single(mix, algorithm));
    let joined = |algorithm: Algorithm| plainly.into_iter().map(move |mix| Recipe::single(mix, algorithm));
    let common: Vec<_> = Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_common()).collect();
    let likely: Vec<_> = common.iter().flat_map(|&algorithm| joined(algorithm)).collect();
    let long = [Algorithm::Sha512, Algorithm::Sha384];
    let long: Vec<_> = long.into_iter().flat_map(joined).collect();
    let salted: Vec<_> = common.iter().flat_map(|&algorithm| mixed(algorithm)).collect();
    let mut twice = Vec::new();
    for &outer in &common {
        for mix in [Mix::Before(""), Mix::After("")] {
            twice.extend(nested(Mix::Plain, outer, mix));
            twice.extend(nested(mix, outer, Mix::Plain));
        }
    }
    let stored = twice.extract_if(.., |recipe| is_stored(recipe)).collect();
    let between = |&algorithm: &Algorithm| {
        SEPARATORS.iter().map(move |&separator| Recipe::single(Mix::Between(separator), algorithm))
    };
    let between: Vec<_> = common.iter().flat_map(between).collect();
    let others = Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_common());
    let mut rare: Vec<_> = others.flat_map(|algorithm| joined(algorithm).chain(mixed(algorithm))).collect();
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
    [plain, likely, long, salted, stored, between, twice, rare]
}

/// Whether a digest of a digest is made as passwords are stored: the first one without salt, by the same function or by
/// MD5, its digits with salt into the second.
fn is_stored(recipe: &Recipe) -> bool {
    let first = recipe.first;
    recipe.second.is_some_and(|(between, second)| {
        let usual = first.algorithm == second.algorithm || first.algorithm == Algorithm::Md5;
        usual && between == Between::Hex && first.mix == Mix::Plain
    })
}

/// One of the common functions three times over.
fn thrice() -> impl Iterator<Item = Recipe> {
    let functions = Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_common());
    let twice = functions.flat_map(|outer| {
        nested(Mix::Plain, outer, Mix::Plain).filter(move |recipe| recipe.first.algorithm == outer)
    });
    twice.map(|recipe| Recipe { again: 1, ..recipe })
}

/// Digests of digests: the inner one is always one of the common functions.
fn nested(inner: Mix, outer: Algorithm, last: Mix) -> impl Iterator<Item = Recipe> {
    let functions = Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_common());
    functions.flat_map(move |algorithm| {
        [Between::Hex, Between::HexUpper, Between::Raw].map(|between| Recipe {
            first: Stage { mix: inner, algorithm },
            again: 0,
            second: Some((between, Stage { mix: last, algorithm: outer })),
        })
    })
}
