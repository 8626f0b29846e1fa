//! The phone's marks -> what happened, each event once.
//!
//! Several files tell of one event: the phone's log, a list written by hand, another excerpt of the log. How often
//! something happened is asked of events, never of marks.

use std::collections::BTreeMap;

use crate::{CaptureId, Mark, Phone};

impl Phone {
    /// What happened, each event once: [`Phone::marks`] with those of one kind put together that several files tell
    /// at about the same time, as the phone's log and a list of events written by hand do. Two marks of one file
    /// are two events, however near; so are two that name different packages, and notes that say different things.
    /// The earliest first.
    pub fn events(&self) -> Vec<Mark> {
        let mut marks: Vec<&Mark> = self.marks.iter().collect();
        marks.sort_by_key(|mark| mark.time);
        let mut events: Vec<Event> = Vec::new();
        // Of each kind, the place from which on events are near enough to be met again.
        let mut open: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for mark in marks {
            let open = open.entry(&mark.kind).or_default();
            open.retain(|at| events.get(*at).is_some_and(|event| event.is_near(mark)));
            let met = open.iter().copied().find(|at| events.get(*at).is_some_and(|event| event.is(mark)));
            match met.and_then(|at| events.get_mut(at)) {
                Some(event) => event.join(mark),
                None => {
                    if open.len() >= MOST_OPEN {
                        open.remove(0);
                    }
                    open.push(events.len());
                    events.push(Event::of(mark));
                }
            }
        }
        events.into_iter().map(|event| event.mark).collect()
    }

    /// How many events of each kind there were; see [`Phone::events`].
    pub fn events_by_kind(&self) -> BTreeMap<String, u64> {
        let mut kinds = BTreeMap::new();
        for event in self.events() {
            *kinds.entry(event.kind).or_default() += 1;
        }
        kinds
    }
}

/// Marks of several files that tell of one event.
struct Event {
    mark: Mark,
    /// The files that told of it.
    files: Vec<CaptureId>,
}

impl Event {
    fn of(mark: &Mark) -> Self {
        Self { mark: mark.clone(), files: vec![mark.quote.capture] }
    }

    fn is_near(&self, mark: &Mark) -> bool {
        mark.time.since(self.mark.time) <= TOGETHER
    }

    /// Whether a mark of the same kind and about the same time tells of this event.
    fn is(&self, mark: &Mark) -> bool {
        let own = &self.mark;
        let same_package = own.package.is_empty() || mark.package.is_empty() || own.package == mark.package;
        let same_note = mark.kind != NOTE || own.detail == mark.detail;
        let is_told = self.files.len() >= MOST_FILES || self.files.contains(&mark.quote.capture);
        same_package && same_note && !is_told
    }

    /// Takes what another file tells besides.
    fn join(&mut self, mark: &Mark) {
        self.files.push(mark.quote.capture);
        if self.mark.package.is_empty() {
            self.mark.package.clone_from(&mark.package);
        }
        match self.mark.detail.as_str() {
            "" => self.mark.detail.clone_from(&mark.detail),
            own if own.len() > LONGEST || own.contains(&mark.detail) => {}
            own => self.mark.detail = format!("{own}; {}", mark.detail),
        }
    }
}

/// How far apart, in nanoseconds, two files may tell of one event: who writes down what they do is not that quick.
const TOGETHER: i64 = 5_000_000_000;
/// Events of one kind that are looked at for a mark: the last ones. As many within seconds are no person's doing.
const MOST_OPEN: usize = 64;
/// Files that may tell of one event.
const MOST_FILES: usize = 16;
/// Bytes of detail to which nothing is added.
const LONGEST: usize = 512;
/// The kind of marks that say by their detail alone what happened.
const NOTE: &str = "note";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FrameNo, Quote, Timestamp};

    /// A mark of a file, at a tenth of a second.
    fn mark(file: u32, tenths: i64, kind: &str, (package, detail): (&str, &str)) -> Mark {
        let quote = Quote {
            capture: CaptureId(file),
            line: FrameNo(1),
            start: 0,
            end: 0,
            text: String::new(),
            decoder: String::new(),
        };
        let (kind, package, detail) = (kind.to_owned(), package.to_owned(), detail.to_owned());
        Mark { time: Timestamp(tenths * 100_000_000), kind, package, detail, quote }
    }

    fn events(marks: Vec<Mark>) -> Vec<(i64, String)> {
        let phone = Phone { marks, ..Phone::default() };
        phone.events().into_iter().map(|event| (event.time.0 / 100_000_000, event.detail)).collect()
    }

    #[test]
    fn what_two_files_tell_is_one_event() {
        let nothing = ("", "");
        let unlocked = |file, tenths| mark(file, tenths, "unlocked", nothing);
        let none = String::new;
        // The log and the list written by hand, in any order, a little apart.
        assert_eq!(events(vec![unlocked(0, 10), unlocked(1, 25)]), [(10, none())]);
        assert_eq!(events(vec![unlocked(1, 25), unlocked(0, 10)]), [(10, none())]);
        // Twice within seconds, told by both: two events, not one and not four.
        let twice = vec![unlocked(0, 10), unlocked(0, 30), unlocked(1, 12), unlocked(1, 33)];
        assert_eq!(events(twice), [(10, none()), (30, none())]);
        // One file alone, other kinds, other times.
        assert_eq!(events(vec![unlocked(0, 10), unlocked(0, 10)]).len(), 2);
        assert_eq!(events(vec![unlocked(0, 10), mark(1, 10, "screen-on", nothing)]).len(), 2);
        assert_eq!(events(vec![unlocked(0, 10), unlocked(1, 61)]).len(), 2);
        // Three files.
        assert_eq!(events(vec![unlocked(0, 10), unlocked(1, 12), unlocked(2, 14)]).len(), 1);
    }

    #[test]
    fn what_differs_by_its_package_or_words_stays_apart() {
        let installed = |file, package, detail| mark(file, 5, "package-installed", (package, detail));
        assert_eq!(events(vec![installed(0, "a.b", ""), installed(1, "c.d", "")]).len(), 2);
        assert_eq!(
            events(vec![installed(0, "a.b", ""), installed(1, "", "by hand")]),
            [(5, "by hand".into())]
        );
        let both = events(vec![installed(0, "", "1.2"), installed(1, "", "by hand")]);
        assert_eq!(both, [(5, "1.2; by hand".into())]);
        let note = |file, detail| mark(file, 5, "note", ("", detail));
        assert_eq!(events(vec![note(0, "typed"), note(1, "song")]).len(), 2);
        assert_eq!(events(vec![note(0, "typed"), note(1, "typed")]).len(), 1);
    }
}
