//! What an expression asks for that may change while a connection is open.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::depth::parts;
use super::facts::{CLIENT_ID, VARIABLE};

/// Whether the value may depend on the client id: it is asked for by its name, or by one that isn't known yet.
pub(super) fn asks_for_client_id(tree: &IdedExpr) -> bool {
    match &tree.expr {
        Expr::Select(select) if is_variable(&select.operand) => select.field == CLIENT_ID,
        Expr::Call(call) if let Some(member) = member(call) => member == CLIENT_ID,
        Expr::Ident(name) => name == VARIABLE,
        _ => parts(tree).into_iter().any(asks_for_client_id),
    }
}

fn is_variable(part: &IdedExpr) -> bool {
    matches!(&part.expr, Expr::Ident(name) if name == VARIABLE)
}

/// The member of the variable that is written as an index.
fn member(call: &CallExpr) -> Option<&str> {
    let [operand, index] = &call.args[..] else {
        return None;
    };
    match &index.expr {
        Expr::Literal(LiteralValue::String(name)) if call.func_name == operators::INDEX && is_variable(operand) => {
            Some(name.inner())
        }
        _ => None,
    }
}
