//! What was found, with what it cost: as text, as JSON, and as a resume file keeps it.

use std::{fmt::Write, time::Duration};

use report::visible;
use serde_json::{Value, json};
use unmask::hashed::{DOUBTFUL, Found, Match, Proof, Salt, Swept};

use super::job::Job;

/// Digests, and what they turned out to be.
pub(super) struct Results {
    digests: Vec<String>,
    /// What explains a digest, by its place. Each is a row of the JSON output.
    found: Vec<(usize, Value)>,
    explained: Vec<bool>,
    /// Digests made of the profile's values, and of those of spaces.
    proved: u64,
    swept: u64,
    seconds: f64,
    /// Matches that are more than anybody reads: a checksum has many.
    dropped: u64,
}

impl Results {
    pub(super) fn new(digests: Vec<String>) -> Self {
        let explained = vec![false; digests.len()];
        Self { digests, found: Vec::new(), explained, proved: 0, swept: 0, seconds: 0.0, dropped: 0 }
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

    /// Takes in what the profile's values gave.
    pub(super) fn prove(&mut self, place: usize, proof: &Proof, took: Duration) {
        let before = self.proved;
        self.proved = self.proved.saturating_add(proof.tries);
        self.seconds = took.as_secs_f64();
        for found in proof.matches.iter().chain(&proof.doubtful) {
            let row = self.of_profile(place, found, before.saturating_add(found.tries));
            self.add(place, row, found.chance);
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
        let rows = self.found.iter().filter(|(_, row)| row.get("space").is_some());
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

    fn add(&mut self, place: usize, row: Value, chance: f64) {
        if self.found.len() >= MOST_FOUND {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        // A range that was under way when the position was written is swept again.
        if self.found.iter().any(|(known, other)| *known == place && same(other, &row)) {
            return;
        }
        if let Some(explained) = self.explained.get_mut(place).filter(|_| chance <= DOUBTFUL) {
            *explained = true;
        }
        self.found.push((place, row));
    }

    fn of_profile(&self, place: usize, found: &Match, tries: u64) -> Value {
        json!({
            "digest": self.digests.get(place),
            "kind": found.kind.id(),
            "words": format!("the phone's {}", found.kind.words()),
            "value": String::from_utf8_lossy(&found.spelling.bytes),
            "recipe": found.form().0,
            "salt": found.salt.as_ref().map(Salt::words),
            "tries": tries,
            "seconds": self.seconds,
            "chance": found.chance,
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
            "shell": found.shell(),
            "space": true,
        })
    }

    /// An object: `found`, a row for each explanation (`digest`, `kind`, `words`, `value`, `recipe`, `salt`, the
    /// `tries` and `seconds` it took, the `chance` of an accident, a line for the `shell`); `not_found`, the other
    /// digests; `spaces` with their `values`; `digests` made; `seconds`; `dropped`, explanations left out.
    pub(super) fn json(&self, job: &Job) -> Value {
        let spaces = job.sweeps.iter().map(|sweep| {
            json!({"space": sweep.space().words, "values": sweep.space().len(), "digests": sweep.cost()})
        });
        json!({
            "found": self.found.iter().map(|(_, row)| row).collect::<Vec<_>>(),
            "not_found": self.closed().collect::<Vec<_>>(),
            "spaces": spaces.collect::<Vec<_>>(),
            "digests": self.proved.saturating_add(self.swept),
            "seconds": self.seconds,
            "dropped": self.dropped,
        })
    }

    /// For people: each explanation with its cost, and what stayed closed.
    pub(super) fn text(&self, job: &Job) -> String {
        let mut text = String::new();
        for (_, row) in &self.found {
            explain(&mut text, row);
        }
        let closed: Vec<_> = self.closed().collect();
        if !closed.is_empty() {
            let all = grouped(self.proved.saturating_add(self.swept));
            let _ = writeln!(text, "not found with {all} digests in {:.1} s:", self.seconds);
            for digest in &closed {
                let _ = writeln!(text, "  {}", visible(digest));
            }
            for sweep in &job.sweeps {
                let space = sweep.space();
                let _ = writeln!(text, "tried: {} values, {}", grouped(space.len()), visible(&space.words));
            }
        }
        if self.dropped > 0 {
            let _ = writeln!(text, "{} explanations more are left out", grouped(self.dropped));
        }
        text
    }

    /// Digests that nothing was found for.
    fn closed(&self) -> impl Iterator<Item = &String> {
        let open = |place: usize| self.found.iter().any(|(found, _)| *found == place);
        self.digests.iter().enumerate().filter(move |(place, _)| !open(*place)).map(|(_, digest)| digest)
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
    let sure = if chance <= DOUBTFUL { "is" } else { "may by accident or truly be" };
    let _ = writeln!(text, "{}", field("digest"));
    let _ = writeln!(
        text,
        "  found after {} digests, {:.1} s: this \"anonymous\" id {sure} {}: {}",
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
