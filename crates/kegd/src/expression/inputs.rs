//! What an expression looks at, so that nothing else is got ready for it, and nothing is asked again for what it doesn't see.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::depth::parts;
use super::facts::{AUTH, CLAIMS, CLIENT_ID, TOKEN, VARIABLE};

/// What an expression looks at of what is known of a client.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    pub(super) client_id: bool,
    pub(super) claims: Members,
    /// The same claims, where Kong Event Gateway has them.
    pub(super) token_claims: Members,
}

/// Members of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Members {
    All,
    These(Vec<Box<str>>),
}

/// The names of members on the way from the variable to a value.
type Path<'t> = Vec<&'t str>;

impl Inputs {
    pub(super) fn all() -> Self {
        Self {
            client_id: true,
            claims: Members::All,
            token_claims: Members::All,
        }
    }

    pub(super) fn of(tree: &IdedExpr) -> Self {
        let mut paths = Vec::new();
        find(tree, &mut paths);
        Self {
            client_id: Members::at(&[CLIENT_ID], &paths) != Members::These(Vec::new()),
            claims: Members::at(&[AUTH, CLAIMS], &paths),
            token_claims: Members::at(&[AUTH, TOKEN, CLAIMS], &paths),
        }
    }
}

impl Members {
    /// Those of the value there that the paths lead to, or through.
    fn at(place: &[&str], paths: &[Path<'_>]) -> Self {
        let mut these = Vec::new();
        for path in paths {
            match path.strip_prefix(place) {
                Some([member, ..]) => these.push((*member).into()),
                // All of it is looked at, or something that it is in.
                _ if place.starts_with(path) => return Self::All,
                Some([]) | None => {}
            }
        }
        Self::These(these)
    }

    pub(super) fn contain(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.iter().any(|it| &**it == name),
        }
    }
}

/// The paths to all that a tree takes from the variable. Behind a name that isn't known yet, there may be anything.
fn find<'t>(tree: &'t IdedExpr, paths: &mut Vec<Path<'t>>) {
    match path(tree) {
        Some(path) => paths.push(path),
        None => parts(tree).into_iter().for_each(|part| find(part, paths)),
    }
}

/// The path of a value that is named by members of the variable, written as `.member` or `['member']`.
fn path(part: &IdedExpr) -> Option<Path<'_>> {
    let (of, member) = match &part.expr {
        Expr::Ident(name) if name == VARIABLE => return Some(Vec::new()),
        Expr::Select(select) => (&*select.operand, select.field.as_str()),
        Expr::Call(call) if call.func_name == operators::INDEX => match &call.args[..] {
            [of, index] => match &index.expr {
                Expr::Literal(LiteralValue::String(name)) => (of, name.inner()),
                _ => return None,
            },
            _ => return None,
        },
        _ => return None,
    };
    let mut path = path(of)?;
    path.push(member);
    Some(path)
}
