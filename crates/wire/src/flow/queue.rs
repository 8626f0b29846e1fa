//! Slots in the order in which they were last used: moving one to the end takes constant time.

/// Lists over one set of slots, each slot in at most one.
#[derive(Debug, Default)]
pub(super) struct Queues {
    links: Vec<Link>,
    ends: [Ends; CLASSES],
}

/// What a slot waits for; each has its own limit of idle time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// An open TCP connection.
    Connected = 0,
    /// A UDP flow.
    Datagrams = 1,
    /// A TCP connection that was closed or reset.
    Lingering = 2,
    /// A TCP connection with a hole that another capture may fill.
    Waiting = 3,
}

impl Class {
    /// Those that are over when they were silent for too long.
    pub(super) const TIMED: [Self; 3] = [Self::Connected, Self::Datagrams, Self::Lingering];
}

#[derive(Clone, Copy, Debug, Default)]
struct Link {
    class: Option<Class>,
    before: Option<u32>,
    after: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    front: Option<u32>,
    back: Option<u32>,
}

impl Queues {
    /// The slot of a class that was not used for the longest time.
    pub(super) fn front(&self, class: Class) -> Option<u32> {
        self.ends.get(class as usize)?.front
    }

    /// Puts a slot at the end of a class's list, from wherever it is.
    pub(super) fn touch(&mut self, slot: u32, class: Class) {
        let ends = self.ends.get(class as usize).copied().unwrap_or_default();
        if ends.back == Some(slot) {
            return;
        }
        self.remove(slot);
        let before = self.ends.get(class as usize).and_then(|ends| ends.back);
        if slot as usize >= self.links.len() {
            self.links.resize(slot as usize + 1, Link::default());
        }
        if let Some(link) = self.link(Some(slot)) {
            *link = Link { class: Some(class), before, after: None };
        }
        if let Some(link) = self.link(before) {
            link.after = Some(slot);
        }
        if let Some(ends) = self.ends.get_mut(class as usize) {
            ends.back = Some(slot);
            ends.front = ends.front.or(Some(slot));
        }
    }

    /// Takes a slot out of its list.
    pub(super) fn remove(&mut self, slot: u32) {
        let Some(link) = self.link(Some(slot)).map(std::mem::take) else { return };
        let Some(class) = link.class else { return };
        if let Some(before) = self.link(link.before) {
            before.after = link.after;
        }
        if let Some(after) = self.link(link.after) {
            after.before = link.before;
        }
        if let Some(ends) = self.ends.get_mut(class as usize) {
            if ends.front == Some(slot) {
                ends.front = link.after;
            }
            if ends.back == Some(slot) {
                ends.back = link.before;
            }
        }
    }

    fn link(&mut self, slot: Option<u32>) -> Option<&mut Link> {
        self.links.get_mut(slot? as usize)
    }
}

const CLASSES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(queues: &mut Queues, class: Class) -> Vec<u32> {
        std::iter::from_fn(|| {
            let slot = queues.front(class)?;
            queues.remove(slot);
            Some(slot)
        })
        .collect()
    }

    #[test]
    fn the_front_is_the_one_not_used_for_longest() {
        let mut queues = Queues::default();
        for slot in [0, 1, 2, 3, 1, 0, 0] {
            queues.touch(slot, Class::Connected);
        }
        queues.touch(3, Class::Lingering);
        queues.touch(4, Class::Lingering);
        queues.remove(2);
        queues.remove(2);
        assert_eq!(drain(&mut queues, Class::Connected), [1, 0]);
        assert_eq!(drain(&mut queues, Class::Lingering), [3, 4]);
        assert_eq!(drain(&mut queues, Class::Datagrams), []);
    }
}
