//! A condition: text → a tree whose names are known, whose cost is known before it runs, and which gives yes or no.
//!
//! The language is CEL (<https://cel.dev>), without regular expressions, optional values and messages. A condition
//! comes from a file that anyone may have written, so it is bounded thrice: its text by [`LONGEST`] and
//! [`MOST_OPERATORS`] (a parser recurses), its tree by [`DEEPEST`] (so does evaluation), and its work by a
//! budget of steps: how many there can be at most follows from the tree and the size of what it is asked over,
//! so that a condition that could go on for hours is refused and never begun.

use std::collections::BTreeMap;

use cel::{
    Context, IdedExpr, Value,
    common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SourceInfo, operators},
    parser::Parser,
};
use evidence::IdentifierKind;

use crate::{
    schema::{self, Kind},
    shape::Shape,
    view::FATES,
};

/// Bytes of a condition.
pub const LONGEST: usize = 4000;
/// Characters of a condition that can nest: operators, dots, brackets; those in texts count too.
pub const MOST_OPERATORS: usize = 500;
/// Levels of a condition's tree.
pub const DEEPEST: u32 = 60;
/// Steps that one condition may take.
pub const MOST_STEPS: u64 = 100_000_000;
/// Steps that all conditions of a file may take together.
pub const MOST_STEPS_TOGETHER: u64 = 1_000_000_000;

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Line and column in the condition, from 1.
    pub(crate) at: (u32, u32),
    /// What, in words.
    pub(crate) words: String,
}

impl Fault {
    fn whole(words: impl Into<String>) -> Self {
        Self { at: (1, 1), words: words.into() }
    }
}

/// What names a condition may use beside the view's.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    /// It is asked of each finding, as `f`.
    pub(crate) of_finding: bool,
    /// Parameters of the template.
    pub(crate) parameters: &'s [String],
    /// Roles of cases.
    pub(crate) roles: &'s [String],
}

/// A condition that can be asked.
pub(crate) struct Condition {
    source: String,
    tree: IdedExpr,
}

impl Condition {
    /// Reads a condition and checks all of its names.
    pub(crate) fn parse(source: &str, scope: Scope) -> Result<Self, Fault> {
        if source.len() > LONGEST {
            return Err(Fault::whole(format!(
                "a condition has at most {LONGEST} bytes, and this has {}",
                source.len()
            )));
        }
        let operators = source.chars().filter(|character| ".,([{!-?+*/%=<>&|:".contains(*character)).count();
        if operators > MOST_OPERATORS {
            return Err(Fault::whole(format!(
                "a condition has at most {MOST_OPERATORS} operators, and this has {operators}"
            )));
        }
        let parser = Parser::new().max_recursion_depth(NESTED).error_recovery_limit(4);
        let (tree, info) = parser.parse_with_source_info(source).map_err(|errors| unparsed(&errors))?;
        let mut checker = Checker { scope, info: &info, source, variables: Vec::new() };
        match checker.kind(&tree, 0)? {
            Kind::Any | Kind::Bool => Ok(Self { source: source.to_owned(), tree }),
            other => {
                Err(Fault::whole(format!("a condition is true or false, and this is a {}", other.words())))
            }
        }
    }

    /// The variables it needs.
    pub(crate) fn needs(&self, name: &str) -> bool {
        self.tree.references().has_variable(name)
    }

    /// Whether it has a field of that name in it, or one that begins with it.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.source.contains(&format!(".{name}"))
    }

    /// How many steps it takes at most, over variables of these shapes.
    pub(crate) fn steps(&self, variables: &BTreeMap<String, Shape>) -> u64 {
        let mut scope: Vec<(&str, Shape)> =
            variables.iter().map(|(name, shape)| (name.as_str(), shape.clone())).collect();
        cost(&self.tree, &mut scope).0
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, context: &Context) -> Result<bool, Fault> {
        match context.resolve(&self.tree) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(_) => Err(Fault::whole("a condition is true or false, and this came out as something else")),
            Err(error) => Err(Fault::whole(clipped(&error.to_string()))),
        }
    }
}

/// Steps that are left.
#[derive(Debug)]
pub(crate) struct Budget(pub(crate) u64);

impl Budget {
    /// Takes steps.
    pub(crate) fn take(&mut self, steps: u64) -> Result<(), Fault> {
        if steps > MOST_STEPS {
            return Err(Fault::whole(format!(
                "over these cases it could take {steps} steps, and a condition takes at most {MOST_STEPS}: \
                 look through fewer things inside each other"
            )));
        }
        self.0 = self.0.checked_sub(steps).ok_or_else(|| {
            Fault::whole(format!("the conditions together could take more than {MOST_STEPS_TOGETHER} steps"))
        })?;
        Ok(())
    }
}

fn unparsed(errors: &cel::ParseErrors) -> Fault {
    let Some(first) = errors.errors.first() else { return Fault::whole("it cannot be read") };
    if first.msg.contains("Recursion limit") {
        return Fault::whole(format!("it nests deeper than {NESTED} levels of brackets"));
    }
    let at = |number: isize| u32::try_from(number).unwrap_or(1).max(1);
    Fault { at: (at(first.pos.0), at(first.pos.1)), words: clipped(&first.msg) }
}

/// Messages of the language quote values, which may be long.
fn clipped(words: &str) -> String {
    words.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// Goes through a tree and gives each part its kind.
struct Checker<'c> {
    scope: Scope<'c>,
    info: &'c SourceInfo,
    source: &'c str,
    variables: Vec<(&'c str, Kind)>,
}

impl<'c> Checker<'c> {
    fn fault(&self, expression: &IdedExpr, words: String) -> Fault {
        let start = self.info.offset_for(expression.id).map_or(0, |(start, _)| start);
        let before: String = self.source.chars().take(usize::try_from(start).unwrap_or(0)).collect();
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count());
        let from_one = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        Fault { at: (from_one(line), from_one(column)), words }
    }

    fn kind(&mut self, expression: &'c IdedExpr, depth: u32) -> Result<Kind, Fault> {
        if depth > DEEPEST {
            return Err(self.fault(expression, format!("it nests deeper than {DEEPEST} levels")));
        }
        let deeper = depth + 1;
        match &expression.expr {
            Expr::Call(call) => self.call(expression, call, deeper),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, deeper),
            Expr::Ident(name) => self.variable(expression, name),
            Expr::List(list) => {
                list.elements.iter().try_for_each(|element| self.kind(element, deeper).map(drop))?;
                Ok(Kind::List(&Kind::Any))
            }
            Expr::Literal(literal) => Ok(literal_kind(literal)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.kind(&entry.key, deeper)?;
                        self.kind(&entry.value, deeper)?;
                    }
                }
                Ok(Kind::Any)
            }
            Expr::Select(select) => {
                let kind = self.select(expression, &select.operand, &select.field, deeper)?;
                Ok(if select.test { Kind::Bool } else { kind })
            }
            Expr::Struct(_) | Expr::Unspecified => {
                Err(self.fault(expression, "messages are not part of the language here".to_owned()))
            }
        }
    }

    fn variable(&self, expression: &IdedExpr, name: &str) -> Result<Kind, Fault> {
        if let Some((_, kind)) = self.variables.iter().rev().find(|(known, _)| *known == name) {
            return Ok(*kind);
        }
        let here = name != "f" || self.scope.of_finding;
        schema::find(schema::VIEW, name).filter(|_| here).ok_or_else(|| {
            let hint = if name == "f" { "; `f` is known where each finding is looked at" } else { "" };
            self.fault(expression, format!("nothing is called `{}` here{hint}", clipped(name)))
        })
    }

    fn select(
        &mut self,
        whole: &IdedExpr,
        operand: &'c IdedExpr,
        name: &str,
        depth: u32,
    ) -> Result<Kind, Fault> {
        let of = self.kind(operand, depth)?;
        let is = |variable: &str| matches!(&operand.expr, Expr::Ident(name) if name == variable);
        let among = |names: &[String], what: &str| {
            let known = names.iter().any(|known| known == name);
            let words = || format!("there is no {what} `{}`; there are: {}", clipped(name), listed(names));
            if known { Ok(()) } else { Err(self.fault(whole, words())) }
        };
        if is("case") {
            among(self.scope.roles, "role")?;
        } else if is("p") {
            among(self.scope.parameters, "parameter")?;
        }
        of.select(name).ok_or_else(|| {
            let has = match of {
                Kind::Record(fields) => {
                    listed(&fields.iter().map(|field| field.name.to_owned()).collect::<Vec<_>>())
                }
                other => format!("nothing; it is a {}", other.words()),
            };
            self.fault(whole, format!("there is no `{}` in it; it has: {has}", clipped(name)))
        })
    }

    fn call(&mut self, whole: &IdedExpr, call: &'c CallExpr, depth: u32) -> Result<Kind, Fault> {
        let mut kinds = Vec::new();
        for part in call.target.as_deref().into_iter().chain(&call.args) {
            kinds.push(self.kind(part, depth)?);
        }
        let name = call.func_name.as_str();
        let kind = |at: usize| kinds.get(at).copied().unwrap_or(Kind::Any);
        if let Some((_, gives, _)) = schema::FUNCTIONS.iter().find(|(known, ..)| *known == name) {
            self.argument(name, call)?;
            return Ok(*gives);
        }
        Ok(match name {
            operators::CONDITIONAL => kind(1),
            operators::INDEX => kind(0)
                .item()
                .map_or(Kind::Any, |item| if matches!(kind(0), Kind::Map(_)) { Kind::Any } else { item }),
            operators::ADD
            | operators::SUBSTRACT
            | operators::MULTIPLY
            | operators::DIVIDE
            | operators::MODULO
            | operators::NEGATE => Kind::Any,
            "size" | "int" => Kind::Int,
            "double" | "uint" => Kind::Number,
            "string" => Kind::Text,
            _ if OPERATORS.contains(&name) || schema::LANGUAGE.contains(&name) => Kind::Bool,
            _ => return Err(self.fault(whole, format!("there is no function `{}`", clipped(name)))),
        })
    }

    /// What functions of our own are given, where it stands there as a text.
    fn argument(&self, name: &str, call: &CallExpr) -> Result<(), Fault> {
        let Some(argument) = call.args.first() else { return Ok(()) };
        let Expr::Literal(LiteralValue::String(text)) = &argument.expr else { return Ok(()) };
        let text = text.inner();
        let fine = match name {
            "sent" | "planted" => IdentifierKind::ALL.iter().any(|kind| kind.id() == text),
            "share" => FATES.iter().any(|(_, fate)| *fate == text),
            _ => true,
        };
        let what = if name == "share" { "fate" } else { "kind of identifier" };
        if fine {
            Ok(())
        } else {
            Err(self.fault(argument, format!("there is no {what} `{}`", clipped(text))))
        }
    }

    fn comprehension(&mut self, over: &'c ComprehensionExpr, depth: u32) -> Result<Kind, Fault> {
        let range = self.kind(&over.iter_range, depth)?;
        let item = range.item().ok_or_else(|| {
            self.fault(&over.iter_range, format!("it is no list: it is a {}", range.words()))
        })?;
        self.kind(&over.accu_init, depth)?;
        self.variables.push((&over.iter_var, item));
        self.variables.push((&over.accu_var, Kind::Any));
        let step = self
            .kind(&over.loop_cond, depth)
            .and_then(|_| self.kind(&over.loop_step, depth))
            .and_then(|_| self.kind(&over.result, depth));
        self.variables.truncate(self.variables.len().saturating_sub(2));
        step?;
        Ok(match &over.accu_init.expr {
            Expr::List(_) if filters(over) => range,
            Expr::List(_) => Kind::List(&Kind::Any),
            _ => Kind::Bool,
        })
    }
}

/// Whether it puts the things themselves into its result, and not what is made of them.
fn filters(over: &ComprehensionExpr) -> bool {
    fn adds(step: &IdedExpr) -> Option<&Expr> {
        let Expr::Call(call) = &step.expr else { return None };
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::CONDITIONAL, [_, add, _]) => adds(add),
            (operators::ADD, [_, IdedExpr { expr: Expr::List(list), .. }]) => {
                list.elements.first().map(|one| &one.expr)
            }
            _ => None,
        }
    }
    matches!(adds(&over.loop_step), Some(Expr::Ident(name)) if *name == over.iter_var)
}

fn literal_kind(literal: &LiteralValue) -> Kind {
    match literal {
        LiteralValue::Boolean(_) => Kind::Bool,
        LiteralValue::Double(_) | LiteralValue::UInt(_) => Kind::Number,
        LiteralValue::Int(_) => Kind::Int,
        LiteralValue::String(_) => Kind::Text,
        LiteralValue::Bytes(_) | LiteralValue::Null => Kind::Any,
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// How many steps a part takes at most, and the shape of what comes out. A step is an operation, or the copy of
/// one scalar: the language copies what it puts into a list or gives a name.
fn cost<'e>(part: &'e IdedExpr, scope: &mut Vec<(&'e str, Shape)>) -> (u64, Shape) {
    match &part.expr {
        Expr::Call(call) => cost_of_call(call, scope),
        Expr::Comprehension(over) => cost_of_loop(over, scope),
        Expr::Ident(name) => {
            let known = scope.iter().rev().find(|(known, _)| known == name);
            (1, known.map_or_else(Shape::scalar, |(_, shape)| shape.clone()))
        }
        Expr::List(list) => {
            let parts: Vec<_> = list.elements.iter().map(|element| cost(element, scope)).collect();
            let steps = sum(parts.iter().map(|(steps, shape)| steps.saturating_add(shape.weight)));
            (steps.saturating_add(1), Shape::list(parts.into_iter().map(|(_, shape)| shape)))
        }
        Expr::Literal(LiteralValue::String(text)) => (1, Shape::text(text.inner())),
        Expr::Map(map) => {
            let entries = map.entries.iter().filter_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => Some([&entry.key, &entry.value]),
                EntryExpr::StructField(_) => None,
            });
            let parts: Vec<_> = entries.flatten().map(|part| cost(part, scope)).collect();
            let steps = sum(parts.iter().map(|(steps, shape)| steps.saturating_add(shape.weight)));
            (steps.saturating_add(1), Shape::list(parts.into_iter().map(|(_, shape)| shape)))
        }
        Expr::Select(select) => {
            let (steps, shape) = cost(&select.operand, scope);
            (steps.saturating_add(1), shape.field(&select.field))
        }
        Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => (1, Shape::scalar()),
    }
}

fn cost_of_call<'e>(call: &'e CallExpr, scope: &mut Vec<(&'e str, Shape)>) -> (u64, Shape) {
    let parts: Vec<_> =
        call.target.as_deref().into_iter().chain(&call.args).map(|part| cost(part, scope)).collect();
    let steps = sum(parts.iter().map(|(steps, _)| *steps)).saturating_add(1);
    let shapes: Vec<Shape> = parts.into_iter().map(|(_, shape)| shape).collect();
    let weights = sum(shapes.iter().map(|shape| shape.weight));
    let least = shapes.iter().map(|shape| shape.weight).min().unwrap_or(1);
    match (call.func_name.as_str(), shapes.as_slice()) {
        (operators::CONDITIONAL, [_, yes, no]) => (steps, yes.clone().or(no)),
        (operators::INDEX, [list, _]) => (steps, list.any()),
        (operators::ADD, [left, right]) => (steps.saturating_add(weights), left.clone().and(right)),
        (operators::IN, [one, list]) => {
            let each = one.weight.min(list.any().weight).saturating_add(1);
            (steps.saturating_add(list.len.max(1).saturating_mul(each)), Shape::scalar())
        }
        ("string" | "contains" | "startsWith" | "endsWith", _) => {
            (steps.saturating_add(weights), Shape::heavy(weights))
        }
        _ => (steps.saturating_add(least), Shape::scalar()),
    }
}

fn cost_of_loop<'e>(over: &'e ComprehensionExpr, scope: &mut Vec<(&'e str, Shape)>) -> (u64, Shape) {
    let (before, range) = cost(&over.iter_range, scope);
    scope.push((&over.iter_var, range.any()));
    scope.push((&over.accu_var, Shape::scalar()));
    let (condition, _) = cost(&over.loop_cond, scope);
    let (step, made) = cost(&over.loop_step, scope);
    scope.truncate(scope.len().saturating_sub(2));
    let rounds = range.len.saturating_mul(condition.saturating_add(step).saturating_add(2));
    // Each thing is copied to be given its name.
    let steps = sum([before, rounds, range.weight, 2].into_iter());
    let shape = match &over.accu_init.expr {
        Expr::List(_) => Shape::many(range.len, made.any()),
        _ => Shape::scalar(),
    };
    (steps, shape)
}

fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// Brackets in brackets that the parser follows.
const NESTED: u16 = 32;

/// Operators that give yes or no.
const OPERATORS: [&str; 11] = [
    operators::EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::IN,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::LOGICAL_AND,
    operators::LOGICAL_NOT,
    operators::LOGICAL_OR,
    operators::NOT_EQUALS,
    operators::NOT_STRICTLY_FALSE,
];
