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

/// A use that not everybody wants to know of.
#[derive(Clone, Copy)]
pub(in super::super) enum Used {
    /// Of that method.
    Call(u32),
    /// Of that field.
    Field(u32),
}

impl Uses {
    /// Walks all classes. What several classes or methods share counts each time, and the walk ends when
    /// three times the file was read: no compiler's output comes near, and no table can ask for more.
    pub fn of(dex: &Dex<'_>) -> Self {
        Self::keeping(dex, &|_| true)
    }

    /// Walks all classes, and keeps of calls and fields those that are wanted: few matter, of very many.
    pub(in super::super) fn keeping(dex: &Dex<'_>, wanted: &impl Fn(Used) -> bool) -> Self {
        let budget = le::wide(dex.bytes().len()).saturating_mul(3).saturating_add(4096);
        let mut uses = Self { budget, ..Self::default() };
        // What compilers' output has, and an eighth of the file at most: lists that grow are copied.
        uses.strings.reserve(dex.len() / 128);
        let mut methods = Vec::new();
        for class in dex.classes() {
            uses.class(dex, &class, (wanted, &mut methods));
            if uses.spent > uses.budget {
                uses.odd("file's DEX points at the same bytes again and again; the rest was not read", 0);
                break;
            }
        }
        uses
    }

    /// `methods` is a list to be filled: kept for its capacity.
    fn class(
        &mut self,
        dex: &Dex<'_>,
        class: &ClassDef,
        (wanted, methods): (&impl Fn(Used) -> bool, &mut Vec<Method>),
    ) {
        methods.clear();
        let fields = dex.members(class, methods).unwrap_or_default();
        self.spend(32 + fields.len() + methods.len());
        self.static_values(dex, class, &fields);
        self.annotations(dex, class);
        methods.iter().for_each(|method| self.method(dex, method, wanted));
    }

    fn spend(&mut self, bytes: usize) {
        self.spent = self.spent.saturating_add(le::wide(bytes));
    }

    fn method(&mut self, dex: &Dex<'_>, method: &Method, wanted: &impl Fn(Used) -> bool) {
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
            self.walk(insns, (code.start, method.method), wanted);
        }
    }

    /// Instructions are units of two bytes, the opcode in the first; payloads of switches and arrays are
    /// stepped over by their own length.
    fn walk(&mut self, insns: &[u8], (start, method): (usize, u32), wanted: &impl Fn(Used) -> bool) {
        let forms = &*FORMS;
        let mut rest = insns;
        while let [opcode, high, operands @ ..] = rest {
            let (uses, width) = forms.get(usize::from(*opcode)).copied().unwrap_or((NOTHING, 1));
            let mut units = usize::from(width);
            if uses != NOTHING {
                let at = start.saturating_add(insns.len().saturating_sub(rest.len()));
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                let operand = || le::u16(operands, 0).map(u32::from);
                let via = Via::Code(method);
                match uses {
                    CALL => {
                        let callee = operand().filter(|callee| wanted(Used::Call(*callee)));
                        self.calls.extend(callee.map(|callee| Call { caller: method, callee, at }));
                    }
                    FIELD => {
                        let field = operand().filter(|field| wanted(Used::Field(*field)));
                        self.fields.extend(field.map(|field| FieldUse { field, method, at }));
                    }
                    TEXT => self.strings.extend(operand().map(|string| StringUse { string, via, at })),
                    LONG_TEXT => {
                        self.strings.extend(le::u32(operands, 0).map(|string| StringUse { string, via, at }));
                    }
                    _ if *high == 0 => {}
                    _ => {
                        units = payload(rest, *high);
                        let array = array(rest, at).filter(|_| *high == 3);
                        self.arrays.extend(array.map(|bytes| ArrayUse { method, bytes }));
                    }
                }
            }
            let Some(next) = rest.get(units.saturating_mul(2)..) else {
                return self.odd("file's DEX has an instruction that runs over its method", start);
            };
            rest = next;
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

/// Units of a packed-switch (1), sparse-switch (2) or fill-array-data (3) payload that begins here.
fn payload(insns: &[u8], kind: u8) -> usize {
    let count = le::short(insns, 2).unwrap_or(0);
    match kind {
        1 => count.saturating_mul(2).saturating_add(4),
        2 => count.saturating_mul(4).saturating_add(2),
        3 => {
            let elements = le::size(insns, 4).unwrap_or(0);
            elements.saturating_mul(count).div_ceil(2).saturating_add(4)
        }
        _ => 1,
    }
}

/// Where the bytes of a fill-array-data payload are, if it is of bytes and could be a key.
fn array(insns: &[u8], at: u32) -> Option<Range<u32>> {
    let width = le::u16(insns, 2)?;
    let len = le::u32(insns, 4)?;
    let start = at.checked_add(8)?;
    let end = usize::try_from(len).ok()?.checked_add(8)?;
    (width == 1 && (8..=64).contains(&len) && end <= insns.len()).then_some(start..start.checked_add(len)?)
}

/// What an instruction uses and how many units it has, by its opcode: a walk asks for each instruction, and a
/// table answers faster than comparisons with all the ranges.
static FORMS: LazyLock<[(u8, u8); 256]> = LazyLock::new(|| {
    std::array::from_fn(|opcode| {
        let uses = match opcode {
            0x00 => PADDING,
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
/// Nothing, or a payload.
const PADDING: u8 = 5;
const MAX_ODDITIES: usize = 64;
const MAX_ANNOTATIONS: usize = 4_096;

#[cfg(test)]
mod tests {
    use testkit::apk::{Class, Op, dex};

    use super::*;

    #[test]
    fn what_is_not_wanted_is_left_out_and_all_else_is_the_same() {
        let ops = [
            Op::Text("https://a.example/"),
            Op::Call("com.a.Other.one"),
            Op::Bytes(b"0123456789abcdef"),
            Op::Call("com.a.Other.two"),
            Op::Field("com.a.Other.URI"),
            Op::Call("com.a.Other.one"),
        ];
        let bytes = dex(&[Class::new("com.a.Main").method("run", &ops).constant("HOST", "b.example")]);
        let dex = Dex::read(&bytes).unwrap();
        let all = Uses::of(&dex);
        assert_eq!((all.calls.len(), all.fields.len(), all.strings.len(), all.arrays.len()), (3, 1, 2, 1));
        let one = all.calls.first().unwrap().callee;
        let some = Uses::keeping(&dex, &|used| matches!(used, Used::Call(callee) if callee == one));
        let wanted: Vec<_> = all.calls.iter().copied().filter(|call| call.callee == one).collect();
        assert_eq!((some.calls, wanted.len(), some.fields.len()), (wanted, 2, 0));
        assert_eq!((some.strings, some.arrays), (all.strings, all.arrays));
        assert_eq!((some.methods, some.code_bytes), (all.methods, all.code_bytes));
        assert!(some.oddities.is_empty() && all.oddities.is_empty());
    }

    #[test]
    fn an_instruction_that_runs_over_its_method_is_told() {
        // A string's number lacks a byte more; what came before is kept.
        for (insns, strings, odd) in
            [(&[0x1a, 0, 7, 0][..], 1, 0), (&[0x1a, 0, 7, 0, 0x1a, 0], 1, 1), (&[0, 3, 1, 0, 255, 0], 0, 1)]
        {
            let mut uses = Uses::default();
            uses.walk(insns, (0x20, 1), &|_| true);
            assert_eq!((uses.strings.len(), uses.oddities.len()), (strings, odd), "{insns:?}");
        }
    }
}
