//! Roots to a tree: looks at each stretch of bytes, lets the decoders that may read it do so, and goes on
//! with what they made, until nothing new comes or a limit is reached.

use std::{borrow::Cow, collections::VecDeque, ops::Range};

use crate::{
    Field, Limits, Name, Tree,
    output::Output,
    work::{Task, Work},
};

/// Makes trees. Keeps its working memory, so one explorer for many messages is faster than one each.
#[derive(Debug)]
pub struct Explorer {
    limits: Limits,
    queue: VecDeque<Task>,
    out: Output,
    pool: Vec<Vec<u8>>,
    fields: Vec<Field>,
}

/// Bytes to explore: a message as recorded, or its body where framing had to be removed from it.
#[derive(Clone, Debug, Default)]
pub struct Root<'a> {
    /// The bytes.
    pub bytes: Cow<'a, [u8]>,
    /// What stands where in them. Bytes that no field covers are searched, but not decoded.
    pub fields: Vec<RootField<'a>>,
}

/// A part of a message, as its protocol tells.
#[derive(Clone, Debug)]
pub struct RootField<'a> {
    /// What it is called.
    pub name: Name,
    /// Where its value stands.
    pub value: Range<usize>,
    /// What it is: says how its value is written.
    pub kind: FieldKind,
    /// What the message says of its contents. Tried first, never trusted.
    pub hint: Hint<'a>,
}

/// What a root's field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldKind {
    /// The body of a message.
    Body,
    /// The value of `Cookie` or `Set-Cookie`.
    Cookie,
    /// The value of another header.
    Header,
    /// A host name.
    HostName,
    /// An option of a binary protocol.
    Option,
    /// The path of a request; where it holds a `?`, what follows is read as the query.
    Path,
    /// The query of a request, without its `?`.
    Query,
    /// A stream or datagram of a protocol nobody recognised.
    Raw,
}

/// What a message says of its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hint<'h> {
    /// `Content-Type`, as sent; empty where there is none.
    pub media: &'h str,
    /// `Content-Encoding`, as sent, codings in the order applied; empty where there is none.
    pub coding: &'h str,
}

impl Default for Explorer {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Explorer {
    /// An explorer that keeps within `limits` for each tree.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            queue: VecDeque::new(),
            out: Output::new(0, limits.ratio),
            pool: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// All readings of the roots of one message.
    ///
    /// The tree's first buffers are the roots and its first fields are the roots' fields, in the order given,
    /// so the caller knows both numbers beforehand.
    pub fn explore<'a>(&mut self, roots: Vec<Root<'a>>) -> Tree<'a> {
        self.queue.clear();
        let mut work = Work::new(self.limits, &mut self.queue, &mut self.out, &mut self.pool);
        work.tree.fields = std::mem::take(&mut self.fields);
        work.plant(roots);
        while let Some(task) = work.next() {
            work.examine(&task);
        }
        work.finish()
    }

    /// Takes back the memory of a tree that is no longer needed, for the next ones.
    pub fn recycle(&mut self, tree: Tree<'_>) {
        if (self.fields.capacity()..MOST_KEPT_FIELDS).contains(&tree.fields.capacity()) {
            self.fields = tree.fields;
            self.fields.clear();
        }
        let large = tree.buffers.into_iter().filter_map(|buffer| match buffer.bytes {
            Cow::Owned(bytes) if (LEAST_KEPT..MOST_KEPT).contains(&bytes.capacity()) => Some(bytes),
            _ => None,
        });
        let room = POOL.saturating_sub(self.pool.len());
        self.pool.extend(large.take(room).map(|mut bytes| {
            bytes.clear();
            bytes
        }));
    }
}

/// How many buffers are kept for the next tree, and of what capacity.
const POOL: usize = 8;
const LEAST_KEPT: usize = 64 << 10;
const MOST_KEPT_FIELDS: usize = 64 << 10;
const MOST_KEPT: usize = 16 << 20;
