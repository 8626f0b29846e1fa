//! Ledger -> shares and a statement in words. No output says "nothing found" without it.

use evidence::{Case, Completeness, Fate, LedgerRow, MissingRow, prose};

use crate::{plain, words};

/// The ledger's sums. Adding saturates, since an old case file may hold any numbers.
pub(crate) struct Coverage {
    pub(crate) rows: Vec<LedgerRow>,
    pub(crate) missing: Vec<MissingRow>,
    /// The uids that sent more, as the phone counted, than the captures hold of them; the one that lacks most first.
    pub(crate) missed: Vec<Completeness>,
    /// All bytes of the captures.
    pub(crate) total: u64,
    /// Bytes of what was said, once: all but framing, headers and duplicates.
    pub(crate) content: u64,
    /// Whether traffic was read at all.
    pub(crate) traffic: bool,
}

impl Coverage {
    pub(crate) fn of(case: &Case) -> Self {
        let rows = case.coverage.rows();
        let missing = case.coverage.missing();
        let total = sum(rows.iter());
        let content = sum(rows.iter().filter(|row| is_content(row.fate)));
        let missed = case.phone.missed().into_iter().cloned().collect();
        Self { rows, missing, missed, total, content, traffic: case.has_traffic() }
    }

    pub(crate) fn bytes(&self, fate: Fate) -> u64 {
        sum(self.rows.iter().filter(|row| row.fate == fate))
    }

    /// The bytes with each fate that occurs, in the order of the fates.
    pub(crate) fn fates(&self) -> Vec<(Fate, u64)> {
        self.noted().into_iter().filter(|(_, bytes)| *bytes > 0).collect()
    }

    /// The same, also where a fate is of no bytes and says how far was searched.
    pub(crate) fn noted(&self) -> Vec<(Fate, u64)> {
        let mut fates: Vec<Fate> = self.rows.iter().map(|row| row.fate).collect();
        fates.dedup();
        fates.into_iter().map(|fate| (fate, self.bytes(fate))).collect()
    }

    /// Content that was searched: decoded, or as it stands.
    pub(crate) fn searched(&self) -> u64 {
        let searched = [Fate::Decoded, Fate::Media, Fate::NotUnderstood];
        searched.into_iter().fold(0, |sum, fate| sum.saturating_add(self.bytes(fate)))
    }

    /// Content that waits for a decoder: all but media.
    pub(crate) fn to_read(&self) -> u64 {
        self.content.saturating_sub(self.bytes(Fate::Media))
    }

    /// Bytes that the captures lack.
    pub(crate) fn lacking(&self) -> u64 {
        self.missing.iter().fold(0, |sum, row| sum.saturating_add(row.bytes))
    }

    /// How much of what was encrypted on its way the keys opened, where they opened any. `wire` counts for each
    /// record or packet that it opened one piece of headers and tags.
    pub(crate) fn keys(&self) -> String {
        let pieces = |rows: &mut dyn Iterator<Item = &LedgerRow>| {
            rows.fold(0u64, |sum, row| sum.saturating_add(row.pieces))
        };
        let is_opened = |row: &&LedgerRow| row.fate == Fate::Decoded && row.reason.ends_with(OPENED);
        let opened = pieces(&mut self.rows.iter().filter(is_opened));
        let closed = pieces(&mut self.rows.iter().filter(|row| row.fate == Fate::Encrypted));
        match (opened, closed) {
            (0, _) => String::new(),
            (opened, 0) => format!(
                "The keys opened all that was encrypted on its way: {} records and packets.",
                words::number(opened)
            ),
            (opened, closed) => format!(
                "Of what was encrypted on its way, the keys opened {} of {} records and packets.",
                words::number(opened),
                words::number(opened.saturating_add(closed))
            ),
        }
    }

    /// The limits that were reached with no bytes to show for it: what lies deeper was not looked for.
    pub(crate) fn depths(&self) -> Vec<&str> {
        let shallow = |row: &&LedgerRow| row.fate == Fate::OverLimit && row.bytes == 0;
        self.rows.iter().filter(shallow).map(|row| row.reason.as_str()).collect()
    }

    /// The same without what only more effort would open.
    pub(crate) fn shallows(&self) -> Vec<&str> {
        self.depths().into_iter().filter(|reason| !is_effort(reason)).collect()
    }

    /// Whether more effort might open some of what stayed hidden.
    pub(crate) fn is_untried(&self) -> bool {
        self.depths().into_iter().any(is_effort)
    }

    /// `78% of the content was read`. The reasons in it are the case file's: what they hide is shown.
    pub(crate) fn headline(&self) -> String {
        if !self.traffic && self.content == 0 {
            return "No network traffic was read: what went over a network was not looked at.".to_owned();
        }
        if self.content == 0 {
            return "The captures hold no content: nothing was sent, or nothing was recorded.".to_owned();
        }
        let depths = self.shallows();
        if self.searched() == self.content && !depths.is_empty() {
            return format!(
                "All of the content was searched, but not to its full depth: {}.",
                reasons(&depths)
            );
        }
        let share = |bytes| words::share(bytes, self.content);
        let as_it_stands = [
            (Fate::Media, "of it media, as they stand"),
            (Fate::NotUnderstood, "of it only as it stands: no decoder knew it"),
        ];
        let parts = as_it_stands.into_iter().filter(|(fate, _)| self.bytes(*fate) > 0);
        let parts: Vec<_> =
            parts.map(|(fate, words)| format!("{} {words}", share(self.bytes(fate)))).collect();
        let but = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) };
        if self.searched() == self.content {
            return format!("All of the content could be searched{but}.");
        }
        let searched = prose::capital(&share(self.searched()));
        format!("{searched} of the content could be searched{but}; the rest could not.")
    }

    /// What could not be seen, in shares of the content.
    pub(crate) fn statement(&self) -> String {
        let mut sentences = vec![self.headline()];
        let parts: Vec<String> = BLIND
            .iter()
            .filter(|(fate, _)| self.bytes(*fate) > 0)
            .map(|(fate, words)| format!("{} {words}", words::share(self.bytes(*fate), self.content)))
            .collect();
        if !parts.is_empty() {
            sentences.push(format!("Of the content, {}.", prose::list(&parts)));
        }
        if self.bytes(Fate::NotUnderstood) > 0 {
            let words = "What hides in a coding that no decoder knew was not seen.";
            sentences.push(words.to_owned());
        }
        if self.is_untried() {
            sentences.push(NOT_ALL_TRIED.to_owned());
        }
        if self.lacking() > 0 {
            sentences.push(format!(
                "Besides, the captures lack {} that were sent: nobody can say what they held.",
                words::bytes(self.lacking())
            ));
        }
        sentences.extend(self.counters());
        sentences.join(" ")
    }

    /// What went past the captures, by the phone's own counters. The packages' names are the case file's: what they
    /// hide is shown.
    pub(crate) fn counters(&self) -> Option<String> {
        let worst = self.missed.first()?;
        let share = words::at_most(&words::share(worst.missed(), worst.counted[0]));
        let sender = worst.sender();
        let sender = plain::clipped(&sender, SENDER);
        let what = match self.missed.len() {
            1 => format!("{share} of what {sender} sent went past the captures"),
            several => format!(
                "part of what {several} user ids sent went past the captures, {share} of what {sender} sent"
            ),
        };
        Some(format!("By the phone’s own counters, {what}: nobody can say what it held."))
    }
}

/// How reasons begin for which values stayed hidden that more effort might have opened: now, and in older cases.
const UNTRIED: [&str; 2] = ["hidden values: ", "values not tried to be opened: "];
const NOT_ALL_TRIED: &str = "Some values in it may be hashed or encrypted, and not everything that might open them was tried (the ledger says what; a larger --budget tries more).";

/// The first reasons in a row; what several of them begin with (`values not tried to be opened: `) is said once.
pub(crate) fn reasons(depths: &[&str]) -> String {
    let mut said: Vec<(&str, Vec<&str>)> = Vec::new();
    for reason in depths.iter().take(REASONS) {
        let (head, tail) = reason.split_once(": ").unwrap_or((reason, ""));
        match said.last_mut().filter(|(known, _)| *known == head) {
            Some((_, tails)) => tails.push(tail),
            None => said.push((head, vec![tail])),
        }
    }
    let one = |(head, tails): (&str, Vec<&str>)| match tails.as_slice() {
        [""] => head.to_owned(),
        [tail] => format!("{head}: {tail}"),
        several => format!("{head} ({})", several.join("; ")),
    };
    plain::visible(&said.into_iter().map(one).collect::<Vec<_>>().join("; ")).into_owned()
}

/// How the ledger's row ends for what was around records and packets that were opened.
const OPENED: &str = " headers and tags";

/// Whether more effort would have gone further.
fn is_effort(reason: &str) -> bool {
    UNTRIED.iter().any(|begins| reason.starts_with(begins))
}

fn is_content(fate: Fate) -> bool {
    !matches!(fate, Fate::Framing | Fate::Headers | Fate::Duplicate)
}

fn sum<'a>(rows: impl Iterator<Item = &'a LedgerRow>) -> u64 {
    rows.fold(0, |sum, row| sum.saturating_add(row.bytes))
}

/// The longest name of a sender: two packages', and what stands around them.
const SENDER: usize = 500;
/// Limits named in a sentence; the others are in the ledger.
const REASONS: usize = 3;
/// What could not be read, and how a sentence goes on after its share.
const BLIND: &[(Fate, &str)] = &[
    (Fate::Encrypted, "was encrypted with no key to open it"),
    (Fate::HomeMadeEncryption, "was hidden by an encryption of somebody's own making"),
    (Fate::OverLimit, "was passed over because a limit was reached"),
    (Fate::NotParsed, "could not be parsed"),
];

#[cfg(test)]
mod tests {
    use evidence::{Ledger, Missing};

    use super::*;

    fn coverage(rows: &[(Fate, u64)], gap: u64) -> Coverage {
        let mut ledger = Ledger::default();
        for (fate, bytes) in rows {
            ledger.add(*fate, "x", *bytes);
        }
        if gap > 0 {
            ledger.lacks(Missing::Gap, "TCP", gap);
        }
        let content = sum(ledger.rows().iter().filter(|row| is_content(row.fate)));
        let (rows, missing) = (ledger.rows(), ledger.missing());
        Coverage { rows, missing, missed: Vec::new(), total: ledger.total(), content, traffic: true }
    }

    #[test]
    fn the_statement_tells_what_was_not_seen() {
        let all = coverage(&[(Fate::Headers, 900), (Fate::Decoded, 100)], 0);
        assert_eq!(all.statement(), "All of the content could be searched.");
        let odd = coverage(&[(Fate::Decoded, 80), (Fate::NotUnderstood, 16), (Fate::Encrypted, 4)], 0);
        assert_eq!(
            odd.headline(),
            "96% of the content could be searched (16% of it only as it stands: no decoder knew it); the rest could not."
        );
        let files = Coverage { traffic: false, ..coverage(&[], 0) };
        assert!(files.headline().starts_with("No network traffic was read"));
        let film = coverage(&[(Fate::Decoded, 60), (Fate::Media, 40)], 0);
        assert_eq!(film.headline(), "All of the content could be searched (40% of it media, as they stand).");
        let half = coverage(&[(Fate::Decoded, 50), (Fate::Encrypted, 40), (Fate::OverLimit, 10)], 7);
        assert_eq!(
            half.statement(),
            "50% of the content could be searched; the rest could not. Of the content, 40% was \
             encrypted with no key to open it and 10% was passed over because a limit was reached. Besides, \
             the captures lack 7 bytes that were sent: nobody can say what they held."
        );
        let shallow = coverage(&[(Fate::Decoded, 100), (Fate::OverLimit, 0)], 0);
        assert_eq!(shallow.statement(), "All of the content was searched, but not to its full depth: x.");
        let mut hidden = coverage(&[(Fate::Decoded, 100), (Fate::OverLimit, 0)], 0);
        for row in hidden.rows.iter_mut().filter(|row| row.bytes == 0) {
            row.reason = "hidden values: keys of ciphers that were not tried on them".to_owned();
        }
        assert_eq!(hidden.statement(), format!("All of the content could be searched. {NOT_ALL_TRIED}"));
        assert!(hidden.noted().contains(&(Fate::OverLimit, 0)), "it stands in the table all the same");
        let none = coverage(&[(Fate::Framing, 24)], 0);
        assert!(none.statement().starts_with("The captures hold no content"));
    }

    #[test]
    fn what_went_past_the_captures_is_part_of_the_statement() {
        let row = |uid, counted, seen, packages: &[&str]| Completeness {
            uid,
            packages: packages.iter().map(|name| (*name).to_owned()).collect(),
            counted: [counted, 0],
            seen: [seen, 0],
        };
        let told =
            |missed: Vec<Completeness>| Coverage { missed, ..coverage(&[(Fate::Decoded, 1)], 0) }.statement();
        assert_eq!(
            told(vec![row(1000, 100, 81, &["a.b", "c\u{202e}"])]),
            "All of the content could be searched. By the phone’s own counters, up to 19% of what user id 1000 \
             (a.b and c\\u{202e}) sent went past the captures: nobody can say what it held."
        );
        assert_eq!(
            told(vec![row(1000, 1000, 999, &[]), row(7, 9, 8, &[])]),
            "All of the content could be searched. By the phone’s own counters, part of what 2 user ids sent went \
             past the captures, under 1% of what user id 1000 sent: nobody can say what it held."
        );
        assert_eq!(told(Vec::new()), "All of the content could be searched.");
    }

    #[test]
    fn what_keys_opened_is_told() {
        let opened = |opened, closed| {
            let mut ledger = Ledger::default();
            ledger.add_pieces(Fate::Decoded, "TLS record headers and tags", 29 * opened, opened);
            ledger.add_pieces(Fate::Decoded, "QUIC packet headers and tags", 1, u64::from(opened > 0));
            ledger.add_pieces(Fate::Encrypted, "TLS application data, no key", 400, closed);
            Coverage { rows: ledger.rows(), ..coverage(&[(Fate::Decoded, 1)], 0) }.keys()
        };
        assert_eq!(opened(0, 9), "", "the statement says so already");
        assert_eq!(opened(0, 0), "");
        assert_eq!(
            opened(2, 7),
            "Of what was encrypted on its way, the keys opened 3 of 10 records and packets."
        );
        assert_eq!(opened(2, 0), "The keys opened all that was encrypted on its way: 3 records and packets.");
    }

    #[test]
    fn what_reasons_begin_with_is_said_once() {
        let depths = ["values not tried: ciphers: keys", "values not tried: digests", "too deep"];
        assert_eq!(reasons(&depths), "values not tried (ciphers: keys; digests); too deep");
        assert_eq!(reasons(&["values not tried: a\u{202e}"]), r"values not tried: a\u{202e}");
    }

    #[test]
    fn numbers_from_a_forged_case_do_not_overflow() {
        let huge = coverage(&[(Fate::Decoded, u64::MAX - 9), (Fate::Encrypted, 9)], 0);
        assert_eq!(huge.total, u64::MAX);
        assert!(huge.statement().starts_with("Over 99% of"));
    }
}
