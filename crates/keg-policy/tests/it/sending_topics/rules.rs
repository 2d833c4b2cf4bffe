//! Rules for a client, and what is told of them.

use std::sync::{Arc, Mutex};

use keg_policy::{
    AclAction, AclDecision, AclNames, AclObserver, AclPolicy, AclRule, Acls, Connection, NamePattern, Operation,
    Operations, Policy, ResourceType,
};

/// Of which topics it was told that they may be written to or not.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Vec<(String, bool)>>);

impl AclObserver for Told {
    fn decided(&self, _: &Connection, decision: &AclDecision<'_>) {
        let told = (decision.resource_name.to_owned(), decision.allowed);
        self.0.lock().unwrap().push(told);
    }
}

impl Told {
    /// All, in an order of their own.
    pub(super) fn take(&self) -> Vec<(String, bool)> {
        let mut told = std::mem::take(&mut *self.0.lock().unwrap());
        told.sort();
        told
    }
}

/// All may be described, and all but the last of the client's topics written to.
pub(super) fn acls(told: &Arc<Told>) -> Arc<dyn Policy> {
    let allow = |operations: &[Operation], names: &[&str]| AclRule {
        resource_type: ResourceType::Topic,
        action: AclAction::Allow,
        operations: Operations::of(operations),
        names: AclNames::Patterns(names.iter().map(|names| NamePattern::new(names).unwrap()).collect()),
    };
    let mut transactions = allow(&[Operation::Write], &["*tx"]);
    transactions.resource_type = ResourceType::TransactionalId;
    let policy = AclPolicy {
        name: "writers".into(),
        condition: None,
        rules: vec![
            transactions,
            allow(&[Operation::Write], &["*orders", "*audit"]),
            allow(&[Operation::Describe], &["*"]),
        ],
    };
    Arc::new(Acls::new(vec![policy]).with_observer(Arc::clone(told) as _))
}
