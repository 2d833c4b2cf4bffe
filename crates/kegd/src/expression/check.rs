//! What can be found wrong with an expression before there is a client.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, SelectExpr, SourceInfo, operators};
use cel::{Context, Value};

use super::facts::{CLAIMS, CLIENT_ID, VARIABLE};
use super::mistake::{Mistake, kind, mismatch, place};
use crate::config::nearest;

/// The names of kinds, as in `type(x) == string`.
const KINDS: [&str; 10] = [
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// The functions, without operators.
const FUNCTIONS: [&str; 13] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "int",
    "matches",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
];

/// Goes through an expression, with a client to try its parts with.
pub(super) struct Checker<'a> {
    text: &'a str,
    places: &'a SourceInfo,
    scope: &'a Context<'a, 'a>,
    /// The variables of the loops that it is in.
    bound: Vec<&'a str>,
}

/// What is known of a part of an expression.
struct Seen {
    /// Its value for the client that it is tried with; none when it has none, or may be of another kind for others.
    value: Option<Value>,
    /// Whether it depends on claims, which are different for every client.
    is_open: bool,
}

type Checked = Result<Seen, Mistake>;

impl<'a> Checker<'a> {
    pub(super) fn new(text: &'a str, places: &'a SourceInfo, scope: &'a Context<'a, 'a>) -> Self {
        Self {
            text,
            places,
            scope,
            bound: Vec::new(),
        }
    }

    /// The value of the expression, if it is of the same kind for all clients.
    pub(super) fn check(mut self, root: &'a IdedExpr) -> Result<Option<Value>, Mistake> {
        self.part(root).map(|seen| seen.value)
    }

    fn part(&mut self, part: &'a IdedExpr) -> Checked {
        let is_open = match &part.expr {
            Expr::Unspecified => return Err(self.mistake(part, "something is missing here")),
            Expr::Struct(_) => return Err(self.mistake(part, "there are no messages to be made here")),
            Expr::Literal(_) => false,
            Expr::Ident(name) => self.name(part, name)?,
            Expr::Select(select) => self.select(part, select)?,
            Expr::Call(call) => self.call(part, call)?,
            Expr::Comprehension(comprehension) => self.comprehension(comprehension)?,
            Expr::List(list) => self.all(&list.elements)?,
            Expr::Map(map) => {
                let mut is_open = false;
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        is_open |= self.part(&entry.key)?.is_open | self.part(&entry.value)?.is_open;
                    }
                }
                is_open
            }
        };
        let value = match is_open || !self.bound.is_empty() {
            true => None,
            false => self.tried(part)?,
        };
        Ok(Seen { value, is_open })
    }

    fn all(&mut self, parts: &'a [IdedExpr]) -> Result<bool, Mistake> {
        parts
            .iter()
            .try_fold(false, |is_open, part| Ok(is_open | self.part(part)?.is_open))
    }

    /// What a part is for the client that it is tried with. What fails for that alone has no value.
    fn tried(&self, part: &IdedExpr) -> Result<Option<Value>, Mistake> {
        match Value::resolve(part, self.scope) {
            Ok(value) => Ok(Some(value)),
            Err(error) => mismatch(&error).map_or(Ok(None), |message| Err(self.mistake(part, message))),
        }
    }

    fn name(&self, part: &IdedExpr, name: &str) -> Result<bool, Mistake> {
        if name == VARIABLE || self.bound.contains(&name) || KINDS.contains(&name) {
            return Ok(false);
        }
        let mistake = self.mistake(part, format!("there is no variable {name:?}"));
        Err(mistake.hint(format!("all that is known of a client is in {VARIABLE}")))
    }

    fn select(&mut self, part: &'a IdedExpr, select: &'a SelectExpr) -> Result<bool, Mistake> {
        let seen = self.part(&select.operand)?;
        if let Some(value) = &seen.value {
            self.member(part, value, &select.field)?;
        }
        Ok(seen.is_open || select.field == CLAIMS)
    }

    fn member(&self, part: &IdedExpr, value: &Value, name: &str) -> Result<(), Mistake> {
        let Value::Map(map) = value else {
            return Err(self.mistake(part, format!("{} has no member {name:?}", kind(value))));
        };
        let mut members: Vec<String> = map.map.keys().map(ToString::to_string).collect();
        members.sort();
        if members.iter().any(|member| member == name) {
            return Ok(());
        }
        let mistake = self.mistake(part, format!("there is no member {name:?}"));
        if name == "topic" && members.iter().any(|member| member == CLIENT_ID) {
            let hint =
                "a condition is about a client, whatever topics its requests name; rules of acls have resource_names";
            return Err(mistake.hint(hint));
        }
        Err(match nearest(name, members.iter().map(String::as_str)) {
            Some(meant) => mistake.hint(format!("did you mean {meant}?")),
            None => mistake.hint(format!("there are: {}", members.join(", "))),
        })
    }

    fn call(&mut self, part: &'a IdedExpr, call: &'a CallExpr) -> Result<bool, Mistake> {
        let name = call.func_name.as_str();
        let is_operator = !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        if !is_operator && !FUNCTIONS.contains(&name) {
            let mistake = self.mistake(part, format!("there is no function {name:?}"));
            return Err(match nearest(name, FUNCTIONS) {
                Some(meant) => mistake.hint(format!("did you mean {meant}?")),
                None => mistake.hint(format!("there are: {}", FUNCTIONS.join(", "))),
            });
        }
        let mut is_open = match &call.target {
            Some(target) => self.part(target)?.is_open,
            None => false,
        };
        let mut values = Vec::new();
        for argument in &call.args {
            let seen = self.part(argument)?;
            is_open |= seen.is_open;
            values.push((argument, seen.value));
        }
        match (name, &values[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, operands) => {
                for (operand, value) in operands {
                    self.truth(operand, value.as_ref())?;
                }
            }
            (operators::CONDITIONAL, [(condition, truth), (_, one), (_, other)]) => {
                self.truth(condition, truth.as_ref())?;
                self.same(part, "the two results are", one.as_ref(), other.as_ref())?;
            }
            (operators::EQUALS | operators::NOT_EQUALS, [(_, one), (_, other)]) => {
                self.same(part, "what is compared is", one.as_ref(), other.as_ref())?;
            }
            (operators::INDEX, [(_, Some(map @ Value::Map(_))), (_, Some(Value::String(key)))])
                if matches!(call.args.get(1).map(|it| &it.expr), Some(Expr::Literal(_))) =>
            {
                self.member(part, map, key)?;
                is_open |= key.as_str() == CLAIMS;
            }
            _ => {}
        }
        Ok(is_open)
    }

    fn truth(&self, part: &IdedExpr, value: Option<&Value>) -> Result<(), Mistake> {
        match value {
            None | Some(Value::Bool(_)) => Ok(()),
            Some(other) => Err(self.mistake(part, format!("this is {}, neither true nor false", kind(other)))),
        }
    }

    fn same(&self, part: &IdedExpr, what: &str, one: Option<&Value>, other: Option<&Value>) -> Result<(), Mistake> {
        const NUMBERS: [&str; 3] = ["an int", "a uint", "a double"];
        let (Some(one), Some(other)) = (one.map(kind), other.map(kind)) else {
            return Ok(());
        };
        let are_numbers = NUMBERS.contains(&one) && NUMBERS.contains(&other);
        if one == other || are_numbers || [one, other].contains(&"null") {
            return Ok(());
        }
        Err(self.mistake(part, format!("{what} {one} and {other}")))
    }

    /// A loop, as `all`, `exists`, `map` and `filter` are.
    fn comprehension(&mut self, comprehension: &'a ComprehensionExpr) -> Result<bool, Mistake> {
        let before = self.part(&comprehension.iter_range)?.is_open | self.part(&comprehension.accu_init)?.is_open;
        let outside = self.bound.len();
        self.bound.push(&comprehension.iter_var);
        self.bound.extend(comprehension.iter_var2.as_deref());
        self.bound.push(&comprehension.accu_var);
        let mut is_open = before;
        for part in [
            &comprehension.loop_cond,
            &comprehension.loop_step,
            &comprehension.result,
        ] {
            is_open |= self.part(part)?.is_open;
        }
        self.bound.truncate(outside);
        Ok(is_open)
    }

    fn mistake(&self, part: &IdedExpr, message: impl Into<String>) -> Mistake {
        Mistake::of_all(message).at(place(self.text, self.places, part.id))
    }
}
