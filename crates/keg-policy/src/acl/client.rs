//! A client, and what the rules are for it.

use std::borrow::Cow;
use std::sync::Arc;

use super::operation::{CLUSTER_NAME, Operation, Operations, ResourceType};
use super::rule::RuleName;
use super::rules::{Applied, Rules, Verdict};
use crate::connection::Connection;

/// Is told of every decision on what a client asks for.
///
/// What is left out of a list, because it isn't the client's to see, was not asked for.
pub trait AclObserver: std::fmt::Debug + Send + Sync {
    /// An operation was allowed or denied.
    fn decided(&self, connection: &Connection, decision: &AclDecision<'_>);
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclDecision<'a> {
    /// What was to be done.
    pub operation: Operation,
    /// The kind of the resource.
    pub resource_type: ResourceType,
    /// The resource, by the name that clients see; empty where any would do.
    pub resource_name: &'a str,
    /// Whether it may be done.
    pub allowed: bool,
    /// The rule that decided; none where no rule is about it.
    pub rule: Option<RuleName>,
}

/// What was found out of a client's connection.
#[derive(Debug, Default)]
struct Memory(Option<(Arc<Rules>, u64, Arc<Applied>)>);

/// The client of a connection.
#[derive(Debug, Clone)]
pub(super) struct Client<'a> {
    connection: &'a Connection,
    rules: &'a Rules,
    applied: Arc<Applied>,
    observer: Option<&'a dyn AclObserver>,
}

impl<'a> Client<'a> {
    /// What depends on the client alone is found out once, as long as the rules and its identity stay.
    pub(super) fn of(connection: &'a Connection, rules: &'a Arc<Rules>, observer: Option<&'a dyn AclObserver>) -> Self {
        // Before the identity is looked at, so that nothing older is remembered under a newer number.
        let renewals = connection.renewals();
        let known = connection.remember(|Memory(known)| {
            let (of, identity, applied) = known.as_ref()?;
            (Arc::ptr_eq(of, rules) && *identity == renewals).then(|| Arc::clone(applied))
        });
        let applied = known.unwrap_or_else(|| {
            let applied = Arc::new(rules.apply(connection));
            connection.remember(|Memory(known)| *known = Some((Arc::clone(rules), renewals, Arc::clone(&applied))));
            applied
        });
        Self {
            connection,
            rules,
            applied,
            observer,
        }
    }

    /// The rules as they are for it.
    pub(super) fn applied(&self) -> &Arc<Applied> {
        &self.applied
    }

    pub(super) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// Whether the client may do what it asks for.
    pub(super) fn may(&self, operation: Operation, resource_type: ResourceType, name: &[u8]) -> bool {
        let name = text(name);
        let verdict = self.rules.decide(&self.applied, operation, resource_type, &name);
        self.tell(operation, resource_type, &name, verdict)
    }

    /// The same, which is told if it may: if not, it is asked again.
    pub(super) fn may_or_is_asked_again(&self, operation: Operation, resource_type: ResourceType, name: &[u8]) -> bool {
        let name = text(name);
        let verdict = self.rules.decide(&self.applied, operation, resource_type, &name);
        verdict.is_allowed() && self.tell(operation, resource_type, &name, verdict)
    }

    /// The same, which is told if it wasn't before.
    pub(super) fn may_and_tell(
        &self,
        tells: bool,
        operation: Operation,
        resource_type: ResourceType,
        name: &[u8],
    ) -> bool {
        match tells {
            true => self.may(operation, resource_type, name),
            false => self.could(operation, resource_type, name),
        }
    }

    /// Whether the client may do what it asks for, and could do something else with the same resource.
    pub(super) fn may_and_could(
        &self,
        [asked, other]: [Operation; 2],
        resource_type: ResourceType,
        name: &[u8],
    ) -> (bool, bool) {
        let name = text(name);
        let [verdict, could] = self
            .rules
            .decide_each(&self.applied, [asked, other], resource_type, &name);
        (self.tell(asked, resource_type, &name, verdict), could.is_allowed())
    }

    /// Whether the client may do it with any resource of the kind.
    pub(super) fn may_with_any(&self, operation: Operation, resource_type: ResourceType) -> bool {
        let verdict = self.rules.decide_any(&self.applied, operation, resource_type);
        self.tell(operation, resource_type, "", verdict)
    }

    /// Whether the client may do something that it didn't ask for: what it may not is left out.
    pub(super) fn could(&self, operation: Operation, resource_type: ResourceType, name: &[u8]) -> bool {
        let name = text(name);
        let verdict = self.rules.decide(&self.applied, operation, resource_type, &name);
        verdict.is_allowed()
    }

    /// The same of the cluster.
    pub(super) fn could_with_cluster(&self, operation: Operation) -> bool {
        self.could(operation, ResourceType::Cluster, CLUSTER_NAME.as_bytes())
    }

    /// Whether the client may do it with all resources whose names begin so.
    pub(super) fn could_with_all(&self, operation: Operation, resource_type: ResourceType, start: &str) -> bool {
        self.rules.decide_all(&self.applied, operation, resource_type, start)
    }

    /// All that the client may do with a resource.
    pub(super) fn authorized(&self, resource_type: ResourceType, name: &[u8]) -> Operations {
        let name = text(name);
        self.rules.authorized(&self.applied, resource_type, &name)
    }

    /// What is decided of an operation, and by which rule.
    pub(super) fn decision<'n>(
        &self,
        operation: Operation,
        resource_type: ResourceType,
        resource_name: &'n str,
    ) -> AclDecision<'n> {
        let verdict = self
            .rules
            .decide(&self.applied, operation, resource_type, resource_name);
        self.told(operation, resource_type, resource_name, verdict)
    }

    fn told<'n>(
        &self,
        operation: Operation,
        resource_type: ResourceType,
        resource_name: &'n str,
        verdict: Verdict,
    ) -> AclDecision<'n> {
        let rule = match verdict {
            Verdict::Allowed(rule) | Verdict::Denied(rule) => self.rules.name(rule),
            Verdict::NoRule => None,
        };
        AclDecision {
            operation,
            resource_type,
            resource_name,
            allowed: verdict.is_allowed(),
            rule,
        }
    }

    fn tell(&self, operation: Operation, resource_type: ResourceType, name: &str, verdict: Verdict) -> bool {
        if let Some(observer) = self.observer {
            observer.decided(self.connection, &self.told(operation, resource_type, name, verdict));
        }
        verdict.is_allowed()
    }
}

/// Names are ASCII, or at least UTF-8: to see that is quicker than to look for what isn't.
fn text(name: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(name) {
        Ok(name) => Cow::Borrowed(name),
        Err(_) => String::from_utf8_lossy(name),
    }
}
