//! What rules allow, message by message.

mod beforehand;
mod beside;
mod controller;
mod creation;
mod described;
mod every_message;
mod listings;
mod observed;
mod parts;
mod producing;
mod sessions;
mod share_groups;

use std::sync::{Arc, Mutex};

use keg_policy::{
    AclAction, AclDecision, AclNames, AclObserver, AclPolicy, AclRule, Acls, Chain, Connection, NamePattern, Operation,
    Operations, Policy, ResourceType,
};

use crate::support::Gateway;

/// What was decided, a line each.
#[derive(Debug, Default)]
struct Decisions(Mutex<Vec<String>>);

impl AclObserver for Decisions {
    fn decided(&self, connection: &Connection, decision: &AclDecision<'_>) {
        let AclDecision {
            operation,
            resource_type,
            resource_name,
            allowed,
            rule,
        } = decision;
        let verdict = if *allowed { "allowed" } else { "denied" };
        let rule = rule.as_ref().map_or("no rule".to_owned(), ToString::to_string);
        let principal = &connection.principal;
        let line = format!("{principal} {verdict} {operation} {resource_type} {resource_name}: {rule}");
        self.0.lock().unwrap().push(line);
    }
}

/// A rule that allows operations on resources.
fn allow(resource_type: ResourceType, operations: &[Operation], names: &str) -> AclRule {
    AclRule {
        resource_type,
        action: AclAction::Allow,
        operations: Operations::of(operations),
        names: AclNames::Patterns(vec![NamePattern::new(names).unwrap()]),
    }
}

fn deny(resource_type: ResourceType, operations: &[Operation], names: &str) -> AclRule {
    AclRule {
        action: AclAction::Deny,
        ..allow(resource_type, operations, names)
    }
}

/// Rules that allow all operations on all resources of these names, and the cluster.
fn allow_all(names: &str) -> Vec<AclRule> {
    let all = ResourceType::ALL.into_iter();
    all.map(|it| {
        let names = if it == ResourceType::Cluster { "*" } else { names };
        allow(it, &Operation::ALL, names)
    })
    .collect()
}

fn acls(rules: Vec<AclRule>) -> Acls {
    Acls::new(vec![AclPolicy {
        name: "rules".into(),
        condition: None,
        rules,
    }])
}

fn gateway(rules: Vec<AclRule>) -> Gateway {
    Gateway::of(vec![Arc::new(acls(rules))])
}

/// The same, and what it decides.
fn observed(rules: Vec<AclRule>) -> (Gateway, Arc<Decisions>) {
    let decisions = Arc::new(Decisions::default());
    let acls = acls(rules).with_observer(Arc::clone(&decisions) as _);
    (Gateway::of(vec![Arc::new(acls)]), decisions)
}

impl Gateway {
    /// Puts other rules in force for the client that is connected.
    fn set_rules(&mut self, rules: Vec<AclRule>) {
        self.chain = Chain::new(vec![Arc::new(acls(rules)) as Arc<dyn Policy>]);
    }
}
