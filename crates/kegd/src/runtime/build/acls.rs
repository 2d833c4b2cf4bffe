//! Rules of who may do what: what is decided by them is logged and counted.

use std::sync::Arc;

use keg_policy::{
    AclDecision, AclNames, AclObserver, AclPolicy, AclRule, Acls, AddressBook, Connection, Operation, ResourceType,
    TopicNames,
};
use metrics::{Counter, counter};

use super::conditions::Counted;
use crate::config::model::{AclResourceNames, ClusterPolicy, ClusterPolicyKind, VirtualCluster};

/// The rules of a virtual cluster's policies.
pub(super) fn acls(cluster: &VirtualCluster, topic_names: TopicNames) -> Acls {
    let policies = cluster.cluster_policies.iter().enumerate();
    let policies = policies.filter_map(|(place, policy)| of_policy(cluster, place, policy));
    Acls::new(policies.collect())
        .with_topic_names(topic_names)
        .with_observer(Arc::new(Decisions::of(cluster)))
}

/// What the rules of a virtual cluster say to somebody, of whom `client` says more.
pub(crate) fn decide<'a>(
    cluster: &VirtualCluster,
    principal: &str,
    client: impl FnOnce(Connection) -> Connection,
    operation: Operation,
    resource_type: ResourceType,
    resource_name: &'a str,
) -> AclDecision<'a> {
    let connection = client(Connection::new(cluster.name.as_str(), principal, Arc::new(Nowhere)));
    acls(cluster, TopicNames::default()).decide(&connection, operation, resource_type, resource_name)
}

/// Rules don't depend on addresses.
#[derive(Debug)]
struct Nowhere;

impl AddressBook for Nowhere {
    fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String> {
        Err(format!("node {node_id} has no address here"))
    }

    fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
}

fn of_policy(cluster: &VirtualCluster, place: usize, policy: &ClusterPolicy) -> Option<AclPolicy> {
    let ClusterPolicyKind::Acls { rules } = &policy.kind else {
        return None;
    };
    let name = policy.name.clone();
    let name = name.unwrap_or_else(|| format!("cluster_policies[{place}]"));
    let rules = rules.iter().map(|rule| AclRule {
        resource_type: rule.resource_type,
        action: rule.action,
        operations: rule.operations,
        names: match &rule.resource_names {
            AclResourceNames::Patterns(patterns) => AclNames::Patterns(patterns.clone()),
            AclResourceNames::Expression(names) => {
                AclNames::Expression(Arc::new(Counted::new(names.clone(), cluster, "acls", &name)))
            }
        },
    });
    let rules = rules.collect();
    let condition = policy.condition.clone();
    let condition = condition.map(|it| Arc::new(Counted::new(it, cluster, "acls", &name)) as _);
    Some(AclPolicy {
        name: name.into(),
        condition,
        rules,
    })
}

/// The decisions on what clients have asked for, by the kind of resource.
#[derive(Debug)]
struct Decisions {
    topic: Outcomes,
    group: Outcomes,
    cluster: Outcomes,
    transactional_id: Outcomes,
}

struct Outcomes {
    allowed: Counter,
    denied: Counter,
}

impl Decisions {
    fn of(cluster: &VirtualCluster) -> Self {
        let outcomes = |resource_type: ResourceType| {
            let count = |result| {
                let labels = [
                    ("virtual_cluster", cluster.name.clone()),
                    ("backend_cluster", cluster.backend.name.clone()),
                    ("acl_resource_type", resource_type.as_str().to_owned()),
                    ("result", result),
                ];
                counter!("kong_keg_kafka_acl_attempts_total", &labels)
            };
            Outcomes {
                allowed: count("allowed".to_owned()),
                denied: count("denied".to_owned()),
            }
        };
        Self {
            topic: outcomes(ResourceType::Topic),
            group: outcomes(ResourceType::Group),
            cluster: outcomes(ResourceType::Cluster),
            transactional_id: outcomes(ResourceType::TransactionalId),
        }
    }
}

impl std::fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outcomes").finish_non_exhaustive()
    }
}

impl AclObserver for Decisions {
    fn decided(&self, connection: &Connection, decision: &AclDecision<'_>) {
        let outcomes = match decision.resource_type {
            ResourceType::Topic => &self.topic,
            ResourceType::Group => &self.group,
            ResourceType::Cluster => &self.cluster,
            ResourceType::TransactionalId => &self.transactional_id,
        };
        if decision.allowed {
            outcomes.allowed.increment(1);
            return;
        }
        outcomes.denied.increment(1);
        let rule = decision.rule.as_ref().map(|rule| rule.to_string());
        tracing::info!(
            virtual_cluster = &*connection.virtual_cluster,
            principal = &*connection.principal,
            operation = decision.operation.as_str(),
            resource_type = decision.resource_type.as_str(),
            resource_name = decision.resource_name,
            rule = rule.as_deref().unwrap_or("no rule"),
            "denied by ACLs"
        );
    }
}
