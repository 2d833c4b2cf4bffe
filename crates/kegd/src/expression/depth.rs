//! How deeply expressions may be nested: reading and evaluating them takes as much of the stack.

use cel::common::ast::{EntryExpr, Expr, IdedExpr};

/// The most levels that a tree may have: what is written as `a + b + c` has one for each operator.
const DEEPEST_TREE: usize = 64;

/// Whether a tree has more levels than it may.
pub(super) fn is_too_deep(tree: &IdedExpr) -> bool {
    is_deeper(tree, DEEPEST_TREE)
}

fn is_deeper(part: &IdedExpr, levels: usize) -> bool {
    levels == 0 || parts(part).into_iter().any(|part| is_deeper(part, levels - 1))
}

/// The parts that a part is made of.
pub(super) fn parts(part: &IdedExpr) -> Vec<&IdedExpr> {
    match &part.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|it| entry(&it.expr)).collect(),
        Expr::Struct(message) => message.entries.iter().flat_map(|it| entry(&it.expr)).collect(),
        Expr::Comprehension(it) => vec![&it.iter_range, &it.accu_init, &it.loop_cond, &it.loop_step, &it.result],
    }
}

fn entry(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}
