//! ACLs: who may do what, decided by the gateway.

mod index;
mod operation;
mod pattern;
mod rule;
mod rules;

pub use operation::{CLUSTER_NAME, Operation, Operations, ResourceType, UnknownWord};
pub use pattern::{InvalidPattern, NamePattern};
pub use rule::{AclAction, AclCondition, AclNameExpression, AclNames, AclPolicy, AclRule, ExpressionFailed, RuleName};
