//! What was found, with what it cost: as text, as JSON, and as a resume file keeps it.

use std::{fmt::Write, time::Duration};

use report::visible;
use serde_json::{Value, json};
use unmask::hashed::{DOUBTFUL, Ended, Found, Match, Proof, Salt, Swept};

use super::job::Job;

/// Digests, and what they turned out to be.
pub(super) struct Results {
    digests: Vec<String>,
    /// What explains a digest, by its place. Each is a row of the JSON output.
    found: Vec<(usize, Value)>,
    /// What may explain it, or be an accident: the first few of each.
    doubtful: Vec<(usize, Value)>,
    /// How many of those there were, by the digest's place, since the run began.
    matched: Vec<u64>,
    explained: Vec<bool>,
    /// Digests made of the profile's values, and of those of spaces.
    proved: u64,
    swept: u64,
    seconds: f64,
    /// Seconds that one digest of the profile's values took.
    each: f64,
    /// Explanations that are more than anybody reads.
    dropped: u64,
    /// Digests that not all of the profile's values and salts were tried for.
    cut: u64,
}

impl Results {
    pub(super) fn new(digests: Vec<String>) -> Self {
        let (explained, matched) = (vec![false; digests.len()], vec![0; digests.len()]);
        Self {
            digests,
            found: Vec::new(),
            doubtful: Vec::new(),
            matched,
            explained,
            proved: 0,
            swept: 0,
            seconds: 0.0,
            each: 0.0,
            dropped: 0,
            cut: 0,
        }
    }

    pub(super) fn digests(&self) -> &[String] {
        &self.digests
    }

    /// Digests made in sweeps.
    pub(super) fn swept(&self) -> u64 {
        self.swept
    }

    /// Whether everything has an explanation that is no accident.
    pub(super) fn is_explained(&self) -> bool {
        self.explained.iter().all(|explained| *explained)
    }

    /// Takes in what the profile's values gave, of each digest in their order, with so many digests made for all.
    pub(super) fn prove(&mut self, proofs: &[Proof], made: u64, took: Duration) {
        self.proved = self.proved.saturating_add(made);
        self.seconds = took.as_secs_f64();
        self.each = if made > 0 { self.seconds / made as f64 } else { 0.0 };
        for (place, proof) in proofs.iter().enumerate() {
            self.cut = self.cut.saturating_add(u64::from(proof.ended == Ended::OutOfBudget));
            for found in proof.matches.iter().chain(&proof.doubtful) {
                let row = self.of_profile(place, found);
                self.add(place, row, found.chance);
            }
        }
    }

    /// Takes in what a range of a space gave.
    pub(super) fn sweep(&mut self, swept: Swept, took: Duration) {
        self.swept = self.swept.saturating_add(swept.tries);
        self.seconds = took.as_secs_f64();
        for found in swept.found {
            let row = self.of_space(&found);
            self.add(found.target, row, found.chance);
        }
    }

    /// What a resume file keeps.
    pub(super) fn kept(&self) -> Vec<Value> {
        let all = self.found.iter().chain(&self.doubtful);
        let rows = all.filter(|(_, row)| row.get("space").is_some());
        rows.map(|(place, row)| json!([place, row])).collect()
    }

    /// Takes over what a resume file kept.
    pub(super) fn resume(&mut self, found: &[Value], tried: u64) {
        self.swept = tried;
        for entry in found {
            let place = entry.get(0).and_then(Value::as_u64).and_then(|place| usize::try_from(place).ok());
            let row = entry.get(1).filter(|row| row.is_object());
            let Some((place, row)) = place.zip(row).filter(|(place, _)| *place < self.digests.len()) else {
                continue;
            };
            let chance = row.get("chance").and_then(Value::as_f64).unwrap_or(1.0);
            self.add(place, row.clone(), chance);
        }
    }

    /// Adds a match. A range that was under way when the position was written is swept again.
    fn add(&mut self, place: usize, row: Value, chance: f64) {
        let known =
            |rows: &[(usize, Value)]| rows.iter().any(|(known, other)| *known == place && same(other, &row));
        if chance > DOUBTFUL {
            let of_it = self.doubtful.iter().filter(|(known, _)| *known == place).count();
            if known(&self.doubtful) {
                return;
            }
            if let Some(matched) = self.matched.get_mut(place) {
                *matched = matched.saturating_add(1);
            }
            if of_it < MOST_DOUBTFUL {
                self.doubtful.push((place, row));
            }
            return;
        }
        if known(&self.found) {
            return;
        }
        if let Some(explained) = self.explained.get_mut(place) {
            *explained = true;
        }
        if self.found.len() >= MOST_FOUND {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.found.push((place, row));
    }

    fn of_profile(&self, place: usize, found: &Match) -> Value {
        json!({
            "digest": self.digests.get(place),
            "kind": found.kind.id(),
            "words": format!("the phone's {}", found.kind.words()),
            "value": String::from_utf8_lossy(&found.spelling.bytes),
            "recipe": found.form().0,
            "salt": found.salt.as_ref().map(Salt::words),
            "tries": found.tries,
            "seconds": found.tries as f64 * self.each,
            "chance": found.chance,
            "expected": found.chance,
            "shell": found.shell(),
        })
    }

    fn of_space(&self, found: &Found) -> Value {
        json!({
            "digest": self.digests.get(found.target),
            "kind": found.kind.id(),
            "words": format!("the {}", found.kind.words()),
            "value": String::from_utf8_lossy(&found.canonical),
            "recipe": found.form().0,
            "salt": found.attempt.salt.as_ref().map(|salt| String::from_utf8_lossy(&salt.bytes).into_owned()),
            "tries": self.proved.saturating_add(self.swept),
            "seconds": self.seconds,
            "chance": found.chance,
            "expected": found.expected,
            "shell": found.shell(),
            "space": true,
        })
    }

    /// An object: `found`, a row for each explanation (`digest`, `kind`, `words`, `value`, `recipe`, `salt`, the
    /// `tries` and `seconds` it took, the `chance` that any match is an accident, how many matches of this digest are
    /// `expected` by accident, a line for the `shell`); `doubtful`, such rows of digests that prove nothing, because they
    /// are so short that accidents are to be expected, the first few of each; `not_found`, the digests without an
    /// explanation; `spaces` with their `values`; `digests` made; `seconds`; `dropped`, explanations left out; `cut`, digests
    /// for which the profile's values were not tried with all salts.
    pub(super) fn json(&self, job: &Job) -> Value {
        let spaces = job.sweeps.iter().map(|sweep| {
            json!({"space": sweep.space().words, "values": sweep.space().len(), "digests": sweep.cost()})
        });
        json!({
            "found": self.found.iter().map(|(_, row)| row).collect::<Vec<_>>(),
            "doubtful": self.open_doubts().map(|(_, row)| row).collect::<Vec<_>>(),
            "not_found": self.closed().map(|(_, digest)| digest).collect::<Vec<_>>(),
            "spaces": spaces.collect::<Vec<_>>(),
            "digests": self.proved.saturating_add(self.swept),
            "seconds": self.seconds,
            "dropped": self.dropped,
            "cut": self.cut,
        })
    }

    /// For people: each explanation with its cost, what proves nothing, and what stayed closed.
    pub(super) fn text(&self, job: &Job) -> String {
        let mut text = String::new();
        for (_, row) in &self.found {
            explain(&mut text, row);
        }
        for (place, digest) in self.closed() {
            let rows: Vec<&Value> =
                self.open_doubts().filter(|(of, _)| *of == place).map(|(_, row)| row).collect();
            if !rows.is_empty() {
                let matched = self.matched.get(place).copied().unwrap_or_default();
                doubt(&mut text, digest, matched, &rows);
            }
        }
        let closed: Vec<_> = self.closed().collect();
        if !closed.is_empty() {
            let all = grouped(self.proved.saturating_add(self.swept));
            let _ = writeln!(text, "not found with {all} digests in {:.1} s:", self.seconds);
            for (_, digest) in &closed {
                let _ = writeln!(text, "  {}", visible(digest));
            }
            for sweep in &job.sweeps {
                let space = sweep.space();
                let _ = writeln!(text, "tried: {} values, {}", grouped(space.len()), visible(&space.words));
            }
        }
        if self.cut > 0 {
            let words = "the profile's values were not tried with all salts: that would have taken too long";
            let _ = writeln!(text, "for {} of the digests {words}", grouped(self.cut));
        }
        if self.dropped > 0 {
            let _ = writeln!(text, "{} explanations more are left out", grouped(self.dropped));
        }
        text
    }

    /// Digests that have no explanation, and their places.
    fn closed(&self) -> impl Iterator<Item = (usize, &String)> {
        let open = |place: &usize| self.explained.get(*place) != Some(&true);
        self.digests.iter().enumerate().filter(move |(place, _)| open(place))
    }

    /// What may explain digests that have no better explanation.
    fn open_doubts(&self) -> impl Iterator<Item = &(usize, Value)> {
        self.doubtful.iter().filter(|(place, _)| self.explained.get(*place) != Some(&true))
    }
}

fn same(one: &Value, other: &Value) -> bool {
    ["value", "recipe", "salt"].iter().all(|name| one.get(name) == other.get(name))
}

fn explain(text: &mut String, row: &Value) {
    let field = |name: &str| visible(row.get(name).and_then(Value::as_str).unwrap_or_default()).into_owned();
    let number = |name: &str| row.get(name).and_then(Value::as_f64).unwrap_or_default();
    let tries = row.get("tries").and_then(Value::as_u64).unwrap_or_default();
    let chance = number("chance");
    let _ = writeln!(text, "{}", field("digest"));
    let _ = writeln!(
        text,
        "  found after {} digests, {:.1} s: this \"anonymous\" id is {}: {}",
        grouped(tries),
        number("seconds"),
        field("words"),
        field("value")
    );
    let salt = field("salt");
    let salt = if salt.is_empty() { salt } else { format!(", the salt is {salt}") };
    let _ = writeln!(text, "  {}{salt}; chance of an accident {chance:.1e}", field("recipe"));
    let _ = writeln!(text, "  {}", field("shell"));
}

/// Matches that prove nothing, with how many are to be expected by accident.
fn doubt(text: &mut String, digest: &str, matched: u64, rows: &[&Value]) {
    let of = |row: &Value, name: &str| {
        visible(row.get(name).and_then(Value::as_str).unwrap_or_default()).into_owned()
    };
    let expected = rows.iter().filter_map(|row| row.get("expected")?.as_f64()).fold(0.0, f64::max);
    let _ = writeln!(text, "{}", visible(digest));
    let _ = writeln!(
        text,
        "  too short to prove anything: {} of all values tried match it, and {expected:.1e} are to be expected by accident",
        grouped(matched)
    );
    for row in rows {
        let _ = writeln!(text, "  perhaps {}: {}, {}", of(row, "words"), of(row, "value"), of(row, "recipe"));
    }
    let more = matched.saturating_sub(rows.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "  and {} more", grouped(more));
    }
}

/// A number with commas: `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let places = (0..digits.len()).rev();
    let grouped = digits
        .chars()
        .zip(places)
        .flat_map(|(digit, left)| [Some(digit), (left > 0 && left.is_multiple_of(3)).then_some(',')]);
    grouped.flatten().collect()
}

/// Explanations that are kept.
const MOST_FOUND: usize = 1000;
/// Matches of one digest that are shown and prove nothing.
const MOST_DOUBTFUL: usize = 10;
