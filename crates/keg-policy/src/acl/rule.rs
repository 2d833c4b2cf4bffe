//! Rules: who may do what.

use std::fmt;
use std::sync::Arc;

use super::operation::{Operations, ResourceType};
use super::pattern::NamePattern;
use crate::connection::Connection;

/// Rules that belong together: those of one policy of the configuration.
#[derive(Debug, Clone)]
pub struct AclPolicy {
    /// What the policy is called in logs.
    pub name: Arc<str>,
    /// For whom the rules are; none for all.
    pub condition: Option<Arc<dyn AclCondition>>,
    /// The rules.
    pub rules: Vec<AclRule>,
}

/// Allows or denies operations on resources.
#[derive(Debug, Clone)]
pub struct AclRule {
    /// The kind of the resources.
    pub resource_type: ResourceType,
    /// What it does.
    pub action: AclAction,
    /// The operations.
    pub operations: Operations,
    /// The names of the resources, as clients see them.
    pub names: AclNames,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AclAction {
    /// It allows what no rule denies.
    Allow,
    /// It denies, whatever else is allowed.
    Deny,
}

/// Which names a rule is about.
#[derive(Debug, Clone)]
pub enum AclNames {
    /// The same for all clients.
    Patterns(Vec<NamePattern>),
    /// It depends on the client.
    Expression(Arc<dyn AclNameExpression>),
}

/// Decides whether rules are for a client.
pub trait AclCondition: fmt::Debug + Send + Sync {
    /// Whether the rules are for the client of this connection: the same for as long as [`Connection::renewals`] is.
    ///
    /// # Errors
    /// When that can't be told. Then what the rules allow isn't allowed, and what they deny is denied.
    fn holds(&self, connection: &Connection) -> Result<bool, ExpressionFailed>;
}

/// Names that depend on the client.
pub trait AclNameExpression: fmt::Debug + Send + Sync {
    /// The names for the client of this connection: the same for as long as [`Connection::renewals`] is.
    ///
    /// # Errors
    /// When they can't be told. Then the rule allows nothing, or denies all names.
    fn names(&self, connection: &Connection) -> Result<Vec<NamePattern>, ExpressionFailed>;
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionFailed(pub String);

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleName {
    /// The policy that it is of.
    pub policy: Arc<str>,
    /// Its place among the policy's rules, from 0 on.
    pub rule: usize,
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {} of the policy `{}`", self.rule, self.policy)
    }
}
