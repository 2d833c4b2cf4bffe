//! Expressions where policies ask them: what fails is counted, and what can't change is asked once for each identity of a client.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use keg_policy::{AclCondition, AclNameExpression, Connection, ExpressionFailed, NamePattern};
use metrics::{Counter, counter};

use crate::config::model::{AclResourceNames, ClusterPolicy, ClusterPolicyKind, Condition, Names, VirtualCluster};

/// How many expressions a connection remembers the truth of; more are there only after many reloads.
const REMEMBERED: usize = 1024;

/// An expression, and whom it counts for.
pub(super) struct Counted<T> {
    expression: T,
    policy: (&'static str, Arc<str>),
    failures: Counter,
}

/// What is true of the client of a connection, by the text of the expression; none where that can't be told.
#[derive(Debug, Default)]
struct Memory {
    /// Of which of the client's identities.
    renewals: u64,
    known: HashMap<Arc<str>, Option<bool>>,
}

impl<T> Counted<T> {
    /// The expression of the policy of this type and name.
    pub(super) fn new(expression: T, cluster: &VirtualCluster, policy_type: &'static str, name: &str) -> Self {
        let labels = [
            ("virtual_cluster", cluster.name.clone()),
            ("backend_cluster", cluster.backend.name.clone()),
            ("policy_type", policy_type.to_owned()),
            ("policy_name", name.to_owned()),
        ];
        Self {
            expression,
            policy: (policy_type, name.into()),
            failures: counter!("kong_keg_kafka_policy_condition_failures_total", &labels),
        }
    }

    fn counted<V>(&self, value: Result<V, ExpressionFailed>) -> Result<V, ExpressionFailed> {
        if value.is_err() {
            self.failures.increment(1);
        }
        value
    }
}

impl<T: fmt::Debug> fmt::Debug for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counted").field(&self.expression).finish()
    }
}

impl AclCondition for Counted<Condition> {
    fn holds(&self, connection: &Connection) -> Result<bool, ExpressionFailed> {
        self.counted(self.expression.holds(connection))
    }
}

impl AclNameExpression for Counted<Names> {
    fn names(&self, connection: &Connection) -> Result<Vec<NamePattern>, ExpressionFailed> {
        self.counted(self.expression.names(connection))
    }
}

/// Whether any expression of a virtual cluster depends on client ids.
pub(super) fn ask_for_client_ids(cluster: &VirtualCluster) -> bool {
    let names = |policy: &ClusterPolicy| match &policy.kind {
        ClusterPolicyKind::Acls { rules } => rules.iter().any(|rule| match &rule.resource_names {
            AclResourceNames::Expression(names) => names.asks_for_client_id(),
            AclResourceNames::Patterns(_) => false,
        }),
        ClusterPolicyKind::BlockApis { .. } => false,
    };
    let policies = || cluster.cluster_policies.iter();
    let of_policies = policies().filter_map(|policy| policy.condition.as_ref());
    let of_aliases = cluster.topic_aliases.iter().filter_map(|it| it.condition.as_ref());
    of_policies.chain(of_aliases).any(Condition::asks_for_client_id) || policies().any(names)
}

/// A condition that is taken to hold, or not to, of clients of which that can't be told.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) condition: Counted<Condition>,
    /// What is taken to be true where the expression fails.
    pub(super) otherwise: bool,
}

impl keg_policy::Condition for Decided {
    fn holds(&self, connection: &Connection) -> bool {
        let condition = &self.condition;
        let text = condition.expression.text();
        // Before the identity is looked at, so that nothing older is remembered under a newer number.
        let renewals = connection.renewals();
        let known = connection.remember(|memory: &mut Memory| {
            let known = memory.known.get(text).copied();
            known.filter(|_| memory.renewals == renewals)
        });
        let holds = known.unwrap_or_else(|| {
            let holds = AclCondition::holds(condition, connection);
            if let Err(error) = &holds {
                let (virtual_cluster, principal) = (&*connection.virtual_cluster, &*connection.principal);
                let (policy_type, policy) = (condition.policy.0, &*condition.policy.1);
                let taken_for = self.otherwise;
                tracing::warn!(virtual_cluster, principal, policy_type, policy, taken_for, %error, "a condition fails");
            }
            let holds = holds.ok();
            connection.remember(|memory: &mut Memory| {
                if memory.renewals != renewals || memory.known.len() >= REMEMBERED {
                    memory.known.clear();
                    memory.renewals = renewals;
                }
                memory.known.insert(text.into(), holds);
            });
            holds
        });
        holds.unwrap_or(self.otherwise)
    }

    fn identity(&self) -> &str {
        self.condition.expression.text()
    }
}
