//! Expressions in the [Common Expression Language](https://cel.dev) over what is known of a client.
//!
//! They are read once, when the configuration is, and what can be found wrong with them is found then: besides the syntax,
//! names that nothing has and values of the wrong kind. What is left fails when it is evaluated.

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{IdedExpr, SourceInfo};
use cel::parser::PrattParser;
use cel::{Context, Env, ParseErrors, Value};
use keg_policy::{Connection, ExpressionFailed, Identity, NamePattern};

mod check;
mod depth;
mod facts;
mod inputs;
mod mistake;

pub use mistake::Mistake;

use check::Checker;
use depth::is_too_deep;
use facts::Strings;
use inputs::Inputs;
use mistake::{first_mistake, kind};

/// The most characters that an expression may have.
pub(crate) const LONGEST: usize = 1000;
/// How deeply parentheses and brackets may be nested.
const DEEPEST: u16 = 24;
/// The stack for reading an expression of the longest that is nothing but parentheses.
const STACK: usize = 128 * 1024 * 1024;

/// What there is in an expression beside `context`.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// An expression that is true or false.
#[derive(Clone, PartialEq, Eq)]
pub struct Condition(Expression);

/// An expression that gives names of resources.
///
/// The texts of `context` stand for themselves in it: what would have a meaning in a name is escaped.
#[derive(Clone, PartialEq, Eq)]
pub struct Names(Expression);

/// Two are equal when they are written the same.
#[derive(Clone)]
struct Expression {
    text: Arc<str>,
    root: Arc<IdedExpr>,
    inputs: Arc<Inputs>,
}

impl Condition {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is none, or can't be true or false.
    pub fn new(text: &str) -> Result<Self, Mistake> {
        let (expression, sample) = Expression::new(text, Strings::Plain)?;
        match sample {
            None | Some(Value::Bool(_)) => Ok(Self(expression)),
            Some(other) => Err(Mistake::of_all(format!(
                "it gives {}, neither true nor false",
                kind(&other)
            ))),
        }
    }

    /// Whether it is true of the client of a connection.
    ///
    /// # Errors
    /// When it is neither true nor false of it.
    pub fn holds(&self, connection: &Connection) -> Result<bool, ExpressionFailed> {
        match self.0.value(connection, Strings::Plain)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(ExpressionFailed(format!(
                "it gives {}, neither true nor false",
                kind(&other)
            ))),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether it depends on the client ids of requests, which connections have to be told for it.
    #[must_use]
    pub fn asks_for_client_id(&self) -> bool {
        self.0.inputs.client_id
    }
}

impl Names {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is none, or can't give names.
    pub fn new(text: &str) -> Result<Self, Mistake> {
        let (expression, sample) = Expression::new(text, Strings::Escaped)?;
        if let Some(sample) = sample {
            names(sample).map_err(Mistake::of_all)?;
        }
        Ok(Self(expression))
    }

    /// The names for the client of a connection.
    ///
    /// # Errors
    /// When it doesn't give any.
    pub fn names(&self, connection: &Connection) -> Result<Vec<NamePattern>, ExpressionFailed> {
        names(self.0.value(connection, Strings::Escaped)?).map_err(ExpressionFailed)
    }

    /// Whether they depend on the client ids of requests, which connections have to be told for it.
    #[must_use]
    pub fn asks_for_client_id(&self) -> bool {
        self.0.inputs.client_id
    }
}

fn names(value: Value) -> Result<Vec<NamePattern>, String> {
    let Value::List(items) = value else {
        return Err(format!("it gives {}, no list of names", kind(&value)));
    };
    let name = |item: &Value| match item {
        Value::String(text) => NamePattern::new(text).map_err(|error| error.to_string()),
        other => Err(format!("it gives a list with {}, which is no name", kind(other))),
    };
    items.iter().map(name).collect()
}

impl Expression {
    /// Reads an expression. With it comes its value for some client, unless that says nothing of others.
    fn new(text: &str, strings: Strings) -> Result<(Self, Option<Value>), Mistake> {
        if text.chars().count() > LONGEST {
            return Err(Mistake::of_all(format!("it has more than {LONGEST} characters")));
        }
        let (root, places) = parsed(text)?;
        let sample = facts::sample();
        let (identity, client_id) = (sample.identity(), sample.client_id());
        let scope = scope(&sample, &identity, &client_id, strings, &Inputs::all());
        let seen = Checker::new(text, &places, &scope).check(&root)?;
        let expression = Self {
            text: text.into(),
            inputs: Arc::new(Inputs::of(&root)),
            root: Arc::new(root),
        };
        Ok((expression, seen))
    }

    fn value(&self, connection: &Connection, strings: Strings) -> Result<Value, ExpressionFailed> {
        let (identity, client_id) = (connection.identity(), connection.client_id());
        let scope = scope(connection, &identity, &client_id, strings, &self.inputs);
        Value::resolve(&self.root, &scope).map_err(|error| ExpressionFailed(error.to_string()))
    }
}

/// Reads an expression with two parsers: the one that says where the parts are may take all the memory there is for what
/// isn't an expression at all, <https://github.com/cel-rust/cel-rust/issues/306>, and so gets none that the other one refuses.
fn parsed(text: &str) -> Result<(IdedExpr, SourceInfo), Mistake> {
    let mistake = |errors: ParseErrors| first_mistake(&errors);
    let tree = PrattParser::new().max_recursion_depth(DEEPEST).parse(text);
    if is_too_deep(&tree.map_err(mistake)?) {
        return Err(Mistake::too_deep());
    }
    let parse = move || {
        let parser = ENVIRONMENT.parser().max_recursion_depth(DEEPEST);
        parser.parse_with_source_info(text).map_err(mistake)
    };
    // It sees how deep it is only once it is there, which takes more of the stack than a thread has by itself.
    let parsed = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parse);
        thread.map(|thread| thread.join())
    });
    match parsed {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(_)) => Err(Mistake::of_all("it can't be read")),
        Err(error) => Err(Mistake::of_all(format!("it can't be read now: {error}"))),
    }
}

/// What an expression sees of the client of a connection.
fn scope<'c>(
    connection: &'c Connection,
    identity: &'c Identity,
    client_id: &'c str,
    strings: Strings,
    inputs: &Inputs,
) -> Context<'c, 'c> {
    let mut scope = Context::with_env(Arc::clone(&ENVIRONMENT));
    let known = facts::of(connection, identity, client_id, strings, inputs);
    scope.add_variable_as_val(facts::VARIABLE, Box::new(known));
    scope
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.0.text).finish()
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Names").field(&self.0.text).finish()
    }
}

#[cfg(test)]
mod tests;
