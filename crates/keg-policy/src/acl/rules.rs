//! What the rules of a virtual cluster say, taken together.

use std::sync::Arc;

use tracing::warn;

use super::index::{Entry, Index};
use super::operation::{Operation, Operations, ResourceType};
use super::pattern::NamePattern;
use super::rule::{AclAction, AclNames, AclPolicy, AclRule, RuleName};
use crate::connection::Connection;

/// The rules of all policies.
#[derive(Debug)]
pub(super) struct Rules {
    policies: Vec<AclPolicy>,
    /// By number: the place of the rule's policy, and its own in that.
    places: Vec<(usize, usize)>,
    /// The rules that are the same for all clients, for whom their policies are.
    fixed: ByType,
}

/// What the rules are for one client.
#[derive(Debug)]
pub(super) struct Applied {
    /// By the policy's place.
    policies: Vec<Applies>,
    /// The rules whose names depend on the client.
    own: ByType,
}

/// Whether a policy's rules are for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applies {
    Yes,
    No,
    /// That can't be told.
    Unknown,
}

#[derive(Debug, Default)]
struct ByType {
    topic: Index,
    group: Index,
    cluster: Index,
    transactional_id: Index,
}

/// What the rules say of an operation on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A rule, of this number, allows it, and none denies it.
    Allowed(usize),
    /// The rule of this number denies it.
    Denied(usize),
    /// No rule is about it.
    NoRule,
}

impl Verdict {
    pub(super) fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl Applied {
    /// Whether an entry's rule is for the client.
    fn has(&self, entry: &Entry) -> bool {
        match self.policies.get(entry.policy) {
            Some(Applies::Yes) => true,
            Some(Applies::Unknown) => entry.action == AclAction::Deny,
            Some(Applies::No) | None => false,
        }
    }
}

impl ByType {
    fn new(entries: impl IntoIterator<Item = (ResourceType, Entry)>) -> Self {
        let mut sorted: [Vec<Entry>; 4] = Default::default();
        let [topic, group, cluster, transactional_id] = &mut sorted;
        for (resource_type, entry) in entries {
            match resource_type {
                ResourceType::Topic => topic.push(entry),
                ResourceType::Group => group.push(entry),
                ResourceType::Cluster => cluster.push(entry),
                ResourceType::TransactionalId => transactional_id.push(entry),
            }
        }
        let [topic, group, cluster, transactional_id] = sorted.map(Index::new);
        Self {
            topic,
            group,
            cluster,
            transactional_id,
        }
    }

    fn of(&self, resource_type: ResourceType) -> &Index {
        match resource_type {
            ResourceType::Topic => &self.topic,
            ResourceType::Group => &self.group,
            ResourceType::Cluster => &self.cluster,
            ResourceType::TransactionalId => &self.transactional_id,
        }
    }
}

fn entry(rule: &AclRule, (number, policy): (usize, usize), pattern: &NamePattern) -> (ResourceType, Entry) {
    let entry = Entry {
        pattern: pattern.clone(),
        rest: pattern.rest(),
        action: rule.action,
        operations: rule.operations,
        rule: number,
        policy,
    };
    (rule.resource_type, entry)
}

impl Rules {
    pub(super) fn new(policies: Vec<AclPolicy>) -> Self {
        let mut places = Vec::new();
        let mut entries = Vec::new();
        for (policy, of_policy) in policies.iter().enumerate() {
            for (place, rule) in of_policy.rules.iter().enumerate() {
                let number = places.len();
                places.push((policy, place));
                if let AclNames::Patterns(patterns) = &rule.names {
                    let place = (number, policy);
                    entries.extend(patterns.iter().map(|pattern| entry(rule, place, pattern)));
                }
            }
        }
        Self {
            fixed: ByType::new(entries),
            policies,
            places,
        }
    }

    /// What the rules are for a client. Expressions that fail are logged.
    pub(super) fn apply(&self, connection: &Connection) -> Applied {
        let applies = |policy: &AclPolicy| match &policy.condition {
            None => Applies::Yes,
            Some(condition) => match condition.holds(connection) {
                Ok(true) => Applies::Yes,
                Ok(false) => Applies::No,
                Err(error) => {
                    let (virtual_cluster, principal) = (&*connection.virtual_cluster, &*connection.principal);
                    warn!(virtual_cluster, principal, policy = &*policy.name, %error, "the condition of an ACL policy fails: \
                        of its rules only those that deny apply");
                    Applies::Unknown
                }
            },
        };
        let policies: Vec<_> = self.policies.iter().map(applies).collect();
        let mut own = Vec::new();
        for (number, (policy, place)) in self.places.iter().enumerate() {
            let of_policy = self.policies.get(*policy);
            let Some(rule) = of_policy.and_then(|policy| policy.rules.get(*place)) else {
                continue;
            };
            let AclNames::Expression(expression) = &rule.names else {
                continue;
            };
            if policies.get(*policy) == Some(&Applies::No) {
                continue;
            }
            match expression.names(connection) {
                Ok(patterns) => {
                    own.extend(patterns.iter().map(|pattern| entry(rule, (number, *policy), pattern)));
                }
                Err(error) => {
                    let (virtual_cluster, principal) = (&*connection.virtual_cluster, &*connection.principal);
                    let rule_name = self.name(number).map(|name| name.to_string()).unwrap_or_default();
                    warn!(virtual_cluster, principal, rule = rule_name, %error, "the names of an ACL rule can't be told: \
                        it allows nothing, or denies all");
                    if rule.action == AclAction::Deny {
                        own.push(entry(rule, (number, *policy), &NamePattern::any()));
                    }
                }
            }
        }
        Applied {
            policies,
            own: ByType::new(own),
        }
    }

    /// What is said of an operation on a resource.
    pub(super) fn decide(
        &self,
        applied: &Applied,
        operation: Operation,
        resource_type: ResourceType,
        name: &str,
    ) -> Verdict {
        let [verdict] = self.decide_each(applied, [operation], resource_type, name);
        verdict
    }

    /// What is said of several operations on a resource, whose rules are looked for once.
    pub(super) fn decide_each<const N: usize>(
        &self,
        applied: &Applied,
        operations: [Operation; N],
        resource_type: ResourceType,
        name: &str,
    ) -> [Verdict; N] {
        let mut found = operations.map(|operation| (operation, operation.implied_by(), Verdict::NoRule));
        self.each_about(applied, resource_type, name, |entry| {
            for (operation, implied_by, verdict) in &mut found {
                match (entry.action, *verdict) {
                    (_, Verdict::Denied(_)) => {}
                    (AclAction::Deny, _) if entry.operations.contains(*operation) => {
                        *verdict = Verdict::Denied(entry.rule);
                    }
                    (AclAction::Allow, Verdict::NoRule) if entry.operations.intersects(*implied_by) => {
                        *verdict = Verdict::Allowed(entry.rule);
                    }
                    _ => {}
                }
            }
        });
        found.map(|(_, _, verdict)| verdict)
    }

    /// What the client may do with a resource, of what there is for its kind. Its rules are looked for once.
    pub(super) fn authorized(&self, applied: &Applied, resource_type: ResourceType, name: &str) -> Operations {
        let (mut allowed, mut denied) = (Operations::NONE, Operations::NONE);
        self.each_about(applied, resource_type, name, |entry| match entry.action {
            AclAction::Allow => allowed = allowed.union(entry.operations),
            AclAction::Deny => denied = denied.union(entry.operations),
        });
        let operations = resource_type.operations().iter();
        operations
            .filter(|operation| !denied.contains(*operation) && allowed.intersects(operation.implied_by()))
            .collect()
    }

    /// Whether there is a resource of this kind on which the operation is allowed, whichever that is (Kafka's
    /// `authorizeByResourceType`): a rule allows it that no other denies wholly.
    pub(super) fn decide_any(&self, applied: &Applied, operation: Operation, resource_type: ResourceType) -> Verdict {
        let implied_by = operation.implied_by();
        let entries = || {
            let fixed = self.fixed.of(resource_type).all();
            let all = fixed.chain(applied.own.of(resource_type).all());
            all.filter(|entry| applied.has(entry))
        };
        let denied_by = |pattern| {
            let fixed = self.fixed.of(resource_type).covering(pattern);
            let covering = fixed.chain(applied.own.of(resource_type).covering(pattern));
            let denies = |entry: &&Entry| entry.action == AclAction::Deny && entry.operations.contains(operation);
            covering.filter(denies).find(|entry| applied.has(entry))
        };
        let mut verdict = Verdict::NoRule;
        for allowed in entries() {
            if allowed.action != AclAction::Allow || !allowed.operations.intersects(implied_by) {
                continue;
            }
            match denied_by(&allowed.pattern) {
                None => return Verdict::Allowed(allowed.rule),
                Some(denial) => verdict = Verdict::Denied(denial.rule),
            }
        }
        verdict
    }

    /// Whether the operation is allowed on all resources of this kind whose names begin so, by one rule and as far as that
    /// can be told from how the names are written.
    pub(super) fn decide_all(
        &self,
        applied: &Applied,
        operation: Operation,
        resource_type: ResourceType,
        start: &str,
    ) -> bool {
        let fixed = self.fixed.of(resource_type).all();
        let all = fixed.chain(applied.own.of(resource_type).all());
        let implied_by = operation.implied_by();
        let mut allowed = false;
        for entry in all.filter(|entry| applied.has(entry)) {
            match entry.action {
                AclAction::Deny if entry.operations.contains(operation) && entry.pattern.may_meet(start) => {
                    return false;
                }
                AclAction::Allow if entry.operations.intersects(implied_by) => {
                    allowed |= entry.pattern.matches_all(start);
                }
                _ => {}
            }
        }
        allowed
    }

    /// Where the rule of a number stands.
    pub(super) fn name(&self, number: usize) -> Option<RuleName> {
        let (policy, rule) = *self.places.get(number)?;
        Some(RuleName {
            policy: Arc::clone(&self.policies.get(policy)?.name),
            rule,
        })
    }

    /// Sees all rules about a name that are for the client.
    fn each_about(&self, applied: &Applied, resource_type: ResourceType, name: &str, mut see: impl FnMut(&Entry)) {
        for rules in [&self.fixed, &applied.own] {
            rules.of(resource_type).each_about(name, |entry| {
                if applied.has(entry) {
                    see(entry);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
