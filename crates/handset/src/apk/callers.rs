//! Who calls whom in an app → the nearest method from which two others are reached.
//!
//! Static: reflection, callbacks of the system and calls through an interface leave no edge. What an object
//! does after it was made is put down to whoever made it (`new Thread(new Upload())` runs `Upload.run`), so
//! a path through a constructor is weaker than one of calls only.

use std::collections::{HashMap, VecDeque};

use super::{code::Code, dex::Uses};

/// The calls of an app, by the names of the methods.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    names: Vec<String>,
    by_name: HashMap<String, u32>,
    /// Callee → its callers.
    callers: Vec<Vec<u32>>,
    /// Names were left out: there were more than fit into memory.
    pub cut: bool,
    bytes: usize,
}

/// A method from which two others are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommonCaller {
    /// The method, `class.method`.
    pub method: String,
    /// From it to the first, both included.
    pub to_first: Vec<String>,
    /// From it to the second, both included.
    pub to_second: Vec<String>,
}

impl Callers {
    /// Reads the calls of all code. Methods that differ in their parameters only are one.
    pub fn of(code: &Code<'_>) -> Self {
        let mut callers = Self::default();
        for (_, dex, _) in code.dexes() {
            // What was kept of the code when it was read are calls of the framework.
            let uses = Uses::of(&dex);
            let mut known: HashMap<u32, Option<u32>> = HashMap::new();
            for call in &uses.calls {
                let mut id = |method: u32| {
                    *known.entry(method).or_insert_with(|| callers.id(dex.method_name(method)?))
                };
                if let Some((caller, callee)) = id(call.caller).zip(id(call.callee)) {
                    callers.enter(caller, callee);
                }
            }
        }
        for callers in &mut callers.callers {
            callers.sort_unstable();
            callers.dedup();
        }
        callers
    }

    /// The methods that call one, by name.
    pub fn of_method(&self, method: &str) -> Vec<&str> {
        let ids = self.by_name.get(method).map(|id| self.above(*id)).unwrap_or_default();
        ids.iter().filter_map(|id| self.name(*id)).collect()
    }

    /// The nearest method from which both are reached: the fewest calls in all, then the first by name.
    /// A method reaches itself.
    pub fn nearest_common(&self, first: &str, second: &str) -> Option<CommonCaller> {
        let from_first = self.reach(*self.by_name.get(first)?);
        let from_second = self.reach(*self.by_name.get(second)?);
        let both = from_first.iter().filter_map(|(id, step)| {
            let far = step.far.saturating_add(from_second.get(id)?.far);
            Some((far, self.name(*id)?, *id))
        });
        let (_, method, id) = both.min()?;
        Some(CommonCaller {
            method: method.to_owned(),
            to_first: self.path(&from_first, id),
            to_second: self.path(&from_second, id),
        })
    }

    fn id(&mut self, name: String) -> Option<u32> {
        if let Some(id) = self.by_name.get(&name) {
            return Some(*id);
        }
        self.bytes = self.bytes.saturating_add(name.len());
        if self.bytes > MAX_NAMES {
            self.cut = true;
            return None;
        }
        let id = u32::try_from(self.names.len()).ok()?;
        self.names.push(name.clone());
        self.callers.push(Vec::new());
        self.by_name.insert(name, id);
        Some(id)
    }

    fn enter(&mut self, caller: u32, callee: u32) {
        if let Some(list) = self.callers.get_mut(index(callee)) {
            list.push(caller);
        }
    }

    fn name(&self, id: u32) -> Option<&str> {
        self.names.get(index(id)).map(String::as_str)
    }

    /// Direct callers; of a method that nobody calls, whoever makes objects of its class.
    fn above(&self, id: u32) -> Vec<u32> {
        let direct = self.callers.get(index(id)).cloned().unwrap_or_default();
        if !direct.is_empty() {
            return direct;
        }
        let class = self.name(id).and_then(|name| name.rsplit_once('.')).map(|(class, _)| class);
        let constructor = class.and_then(|class| self.by_name.get(&format!("{class}.<init>")));
        constructor.and_then(|id| self.callers.get(index(*id))).cloned().unwrap_or_default()
    }

    /// Everything from which `start` is reached, breadth first, bounded.
    fn reach(&self, start: u32) -> HashMap<u32, Step> {
        let mut seen = HashMap::from([(start, Step { far: 0, next: start })]);
        let mut queue = VecDeque::from([start]);
        while let Some(id) = queue.pop_front() {
            let far = seen.get(&id).map_or(0, |step| step.far);
            if far >= MAX_DEPTH || seen.len() >= MAX_REACHED {
                break;
            }
            for caller in self.above(id) {
                if let std::collections::hash_map::Entry::Vacant(entry) = seen.entry(caller) {
                    entry.insert(Step { far: far.saturating_add(1), next: id });
                    queue.push_back(caller);
                }
            }
        }
        seen
    }

    fn path(&self, steps: &HashMap<u32, Step>, from: u32) -> Vec<String> {
        let mut id = from;
        let mut path = Vec::new();
        while let Some((step, name)) = steps.get(&id).zip(self.name(id)) {
            path.push(name.to_owned());
            if step.next == id {
                break;
            }
            id = step.next;
        }
        path
    }
}

#[derive(Clone, Copy, Debug)]
struct Step {
    far: u32,
    /// The method one call nearer; itself at the start.
    next: u32,
}

fn index(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// Further apart, two methods have nothing to do with each other.
const MAX_DEPTH: u32 = 12;
const MAX_REACHED: usize = 100_000;
/// Bytes of names: some four million methods.
const MAX_NAMES: usize = 256 << 20;
