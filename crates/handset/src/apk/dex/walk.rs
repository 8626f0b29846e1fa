//! One walk through all code of a DEX file → which method uses which string, field and method, and where.

use std::{ops::Range, sync::LazyLock};

use super::{
    file::{ClassDef, Dex, Method},
    values::Values,
};
use crate::{Oddity, le};

/// Who uses what, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// Strings.
    pub strings: Vec<StringUse>,
    /// Invocations.
    pub calls: Vec<Call>,
    /// Fields of objects that are read or written: content URIs, `Build.SERIAL`.
    pub fields: Vec<FieldUse>,
    /// Arrays of 8 to 64 bytes that code is written with: keys are among them.
    pub arrays: Vec<ArrayUse>,
    /// Methods with code.
    pub methods: u64,
    /// Bytes of instructions read.
    pub code_bytes: u64,
    /// What is odd.
    pub oddities: Vec<Oddity>,
    /// Bytes and entries looked at, against the budget: tables may point at one place many times.
    spent: u64,
    budget: u64,
}

/// A method, field or class uses a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StringUse {
    /// The string.
    pub string: u32,
    /// Where it is used.
    pub via: Via,
    /// Offset of the instruction or the value.
    pub at: u32,
}

/// What holds a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Via {
    /// An instruction of this method.
    Code(u32),
    /// An annotation of this method, as networking libraries use them for paths.
    MethodAnnotation(u32),
    /// The first value of this static field.
    Field(u32),
    /// An annotation of this class, or of one of its fields or parameters.
    Class(u32),
}

/// A method invokes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who calls.
    pub caller: u32,
    /// Who is called.
    pub callee: u32,
    /// Offset of the instruction.
    pub at: u32,
}

/// A method reads or writes a field that holds an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldUse {
    /// The field.
    pub field: u32,
    /// The method.
    pub method: u32,
    /// Offset of the instruction.
    pub at: u32,
}

/// A method holds an array of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayUse {
    /// The method.
    pub method: u32,
    /// Where its bytes are.
    pub bytes: Range<u32>,
}

impl Uses {
    /// Walks all classes. What several classes or methods share counts each time, and the walk ends when
    /// three times the file was read: no compiler's output comes near, and no table can ask for more.
    pub fn of(dex: &Dex<'_>) -> Self {
        let budget = le::wide(dex.bytes().len()).saturating_mul(3).saturating_add(4096);
        let mut uses = Self { budget, ..Self::default() };
        // What compilers' output has, and a quarter of the file at most: lists that grow are copied.
        uses.calls.reserve(dex.len() / 64);
        uses.strings.reserve(dex.len() / 128);
        for class in dex.classes() {
            uses.class(dex, &class);
            if uses.spent > uses.budget {
                uses.odd("file's DEX points at the same bytes again and again; the rest was not read", 0);
                break;
            }
        }
        uses
    }

    fn class(&mut self, dex: &Dex<'_>, class: &ClassDef) {
        let (fields, methods) = dex.members(class).unwrap_or_default();
        self.spend(32 + fields.len() + methods.len());
        self.static_values(dex, class, &fields);
        self.annotations(dex, class);
        methods.iter().for_each(|method| self.method(dex, method));
    }

    fn spend(&mut self, bytes: usize) {
        self.spent = self.spent.saturating_add(le::wide(bytes));
    }

    fn method(&mut self, dex: &Dex<'_>, method: &Method) {
        if method.code == 0 {
            return;
        }
        let Some(code) = instructions(dex.bytes(), method.code) else {
            self.odd("file's DEX names code beyond its end", method.code);
            return;
        };
        self.methods = self.methods.saturating_add(1);
        self.code_bytes = self.code_bytes.saturating_add(le::wide(code.len()));
        self.spend(code.len());
        if self.spent > self.budget {
            return;
        }
        if let Some(insns) = dex.bytes().get(code.clone()) {
            self.walk(insns, code.start, method.method);
        }
    }

    /// Instructions are units of two bytes, the opcode in the first; payloads of switches and arrays are
    /// stepped over by their own length.
    fn walk(&mut self, insns: &[u8], start: usize, method: u32) {
        let forms = &*FORMS;
        let mut at = 0usize;
        while let Some(unit) = le::array::<2>(insns, at) {
            let [opcode, high] = unit;
            let here = || u32::try_from(start.saturating_add(at)).unwrap_or(u32::MAX);
            let operand = || le::u16(insns, at.saturating_add(2)).map(u32::from);
            let via = Via::Code(method);
            let (uses, width) = forms.get(usize::from(opcode)).copied().unwrap_or((NOTHING, 1));
            match uses {
                NOTHING => {}
                CALL => {
                    if let Some(callee) = operand() {
                        self.calls.push(Call { caller: method, callee, at: here() });
                    }
                }
                FIELD => {
                    if let Some(field) = operand() {
                        self.fields.push(FieldUse { field, method, at: here() });
                    }
                }
                TEXT => {
                    if let Some(string) = operand() {
                        self.strings.push(StringUse { string, via, at: here() });
                    }
                }
                _ => {
                    if let Some(string) = le::u32(insns, at.saturating_add(2)) {
                        self.strings.push(StringUse { string, via, at: here() });
                    }
                }
            }
            let units = if opcode == 0 && high != 0 { payload(insns, at, high) } else { usize::from(width) };
            if opcode == 0 && high == 3 {
                self.arrays.extend(array(insns, at, here()).map(|bytes| ArrayUse { method, bytes }));
            }
            at = at.saturating_add(units.saturating_mul(2));
        }
        if at > insns.len() {
            self.odd("file's DEX has an instruction that runs over its method", start);
        }
    }

    fn static_values(&mut self, dex: &Dex<'_>, class: &ClassDef, fields: &[u32]) {
        if class.values == 0 {
            return;
        }
        let mut values = Values::new(dex.bytes(), class.values);
        let Some(count) = values.uleb() else { return };
        for field in fields.iter().take(usize::try_from(count).unwrap_or(0)) {
            let Some(()) = values.strings(&mut |string, at| {
                self.strings.push(StringUse { string, via: Via::Field(*field), at });
            }) else {
                self.odd("file's DEX has a static value that does not fit", class.values);
                break;
            };
        }
        self.spend(values.read());
    }

    fn annotations(&mut self, dex: &Dex<'_>, class: &ClassDef) {
        if class.annotations == 0 || self.annotated(dex, class).is_some() {
            return;
        }
        self.odd("file's DEX has annotations that do not fit", class.annotations);
    }

    /// `annotations_directory_item`: of the class, then of fields, methods and parameters.
    fn annotated(&mut self, dex: &Dex<'_>, class: &ClassDef) -> Option<()> {
        let bytes = dex.bytes();
        let at = class.annotations;
        let [fields, methods, _parameters] =
            [4, 8, 12].map(|by| at.checked_add(by).and_then(|at| le::size(bytes, at)).unwrap_or(0));
        self.annotation_set(bytes, le::size(bytes, at)?, Via::Class(class.class));
        let list = at.checked_add(16)?;
        let room = bytes.len().saturating_sub(list) / 8;
        for n in 0..fields.saturating_add(methods).min(room) {
            let entry = list.checked_add(n.checked_mul(8)?)?;
            let member = le::u32(bytes, entry)?;
            let via = if n < fields { Via::Field(member) } else { Via::MethodAnnotation(member) };
            self.annotation_set(bytes, le::size(bytes, entry.checked_add(4)?)?, via);
        }
        Some(())
    }

    fn annotation_set(&mut self, bytes: &[u8], at: usize, via: Via) {
        let count = if at == 0 { 0 } else { le::size(bytes, at).unwrap_or(0) };
        for n in 1..=count.min(MAX_ANNOTATIONS) {
            let entry = n.checked_mul(4).and_then(|by| at.checked_add(by));
            let Some(item) = entry.and_then(|entry| le::size(bytes, entry)) else { return };
            let mut values = Values::new(bytes, item.saturating_add(1));
            values.annotation(&mut |string, at| self.strings.push(StringUse { string, via, at }), 0);
            self.spend(values.read());
            if self.spent > self.budget {
                return;
            }
        }
    }

    fn odd(&mut self, what: &'static str, at: usize) {
        if self.oddities.len() < MAX_ODDITIES {
            self.oddities.push(Oddity::new(what, "", le::wide(at)));
        }
    }
}

/// The instructions of a `code_item`.
fn instructions(bytes: &[u8], code: usize) -> Option<Range<usize>> {
    let units = le::size(bytes, code.checked_add(12)?)?;
    let start = code.checked_add(16)?;
    let end = start.checked_add(units.checked_mul(2)?)?;
    (end <= bytes.len()).then_some(start..end)
}

/// Units of a packed-switch (1), sparse-switch (2) or fill-array-data (3) payload.
fn payload(insns: &[u8], at: usize, kind: u8) -> usize {
    let count = le::short(insns, at.saturating_add(2)).unwrap_or(0);
    match kind {
        1 => count.saturating_mul(2).saturating_add(4),
        2 => count.saturating_mul(4).saturating_add(2),
        3 => {
            let elements = le::size(insns, at.saturating_add(4)).unwrap_or(0);
            elements.saturating_mul(count).div_ceil(2).saturating_add(4)
        }
        _ => 1,
    }
}

/// Where the bytes of a fill-array-data payload are, if it is of bytes and could be a key.
fn array(insns: &[u8], at: usize, here: u32) -> Option<Range<u32>> {
    let width = le::u16(insns, at.checked_add(2)?)?;
    let len = le::u32(insns, at.checked_add(4)?)?;
    let start = here.checked_add(8)?;
    let end = at.checked_add(8)?.checked_add(usize::try_from(len).ok()?)?;
    (width == 1 && (8..=64).contains(&len) && end <= insns.len()).then_some(start..start.checked_add(len)?)
}

/// What an instruction uses and how many units it has, by its opcode: a walk asks for each instruction, and a
/// table answers faster than comparisons with all the ranges.
static FORMS: LazyLock<[(u8, u8); 256]> = LazyLock::new(|| {
    std::array::from_fn(|opcode| {
        let uses = match opcode {
            0x1a => TEXT,
            0x1b => LONG_TEXT,
            0x62 | 0x69 => FIELD,
            0x6e..=0x72 | 0x74..=0x78 | 0xfa | 0xfb => CALL,
            _ => NOTHING,
        };
        (uses, u8::try_from(opcode).map_or(1, width))
    })
});

/// Units of an instruction, by its format.
const fn width(opcode: u8) -> u8 {
    match opcode {
        0x02 | 0x05 | 0x08 | 0x13 | 0x15 | 0x16 | 0x19 | 0x1a | 0x1c | 0x1f | 0x20 | 0x22 | 0x23 | 0x29 => 2,
        0x2d..=0x3d | 0x44..=0x6d | 0x90..=0xaf | 0xd0..=0xe2 | 0xfe | 0xff => 2,
        0x03 | 0x06 | 0x09 | 0x14 | 0x17 | 0x1b | 0x24..=0x26 | 0x2a..=0x2c | 0x6e..=0x72 | 0x74..=0x78 => 3,
        0xfc | 0xfd => 3,
        0xfa | 0xfb => 4,
        0x18 => 5,
        _ => 1,
    }
}

const NOTHING: u8 = 0;
const CALL: u8 = 1;
const FIELD: u8 = 2;
const TEXT: u8 = 3;
/// With an index of four bytes.
const LONG_TEXT: u8 = 4;
const MAX_ODDITIES: usize = 64;
const MAX_ANNOTATIONS: usize = 4_096;
