//! Rules of who may do what.

use keg_policy::{CLUSTER_NAME, Operations};

use super::super::model::{AclMode, AclResourceNames, AclRule, ClusterPolicy, ClusterPolicyKind, ResourceType};
use super::super::problem::{Problem, Report};
use super::super::raw;
use super::is_in_force;

pub(super) fn policy(raw: &raw::RequestPolicy<raw::Acls>) -> Option<ClusterPolicy> {
    let rules = raw.config.as_ref()?.value.rules.as_ref()?;
    let name = raw.name.as_ref()?.as_ref();
    Some(ClusterPolicy {
        name: name.map(|name| name.value.0.clone()),
        condition: raw.condition.as_ref()?.clone(),
        kind: ClusterPolicyKind::Acls {
            rules: rules.iter().map(rule).collect::<Option<_>>()?,
        },
    })
}

fn rule(raw: &raw::AclRule) -> Option<AclRule> {
    let operations = raw.operations.as_ref()?.0.iter();
    let resource_type = raw.resource_type.as_ref()?.value;
    Some(AclRule {
        resource_type,
        action: raw.action?,
        operations: operations
            .map(|it| Some(it.name.as_ref()?.value))
            .try_fold(Operations::NONE, |all, operations: Option<Operations>| {
                Some(all.union(operations?))
            })?,
        resource_names: match raw.resource_names.as_ref()? {
            raw::AclResourceNames::Listed(names) => {
                let names = names.0.iter();
                let patterns = names.map(|name| Some(name.r#match.as_ref()?.value.0.clone()));
                AclResourceNames::Patterns(patterns.collect::<Option<_>>()?)
            }
            raw::AclResourceNames::Expression(names) => AclResourceNames::Expression(names.clone()),
        },
    })
}

/// Reports rules that say nothing: whoever wrote them believes that they do.
pub(super) fn check(raw: &raw::RequestPolicy<raw::Acls>, mode: Option<AclMode>, report: &Report) {
    let Some(config) = raw.config.as_ref() else { return };
    if mode == Some(AclMode::Passthrough) && is_in_force(raw) {
        let message = "these rules are not enforced: acl_mode is passthrough, by which the backend cluster decides";
        let problem = Problem::new(config.place.clone(), message);
        report.add(problem.hint("set acl_mode: enforce_on_gateway on the virtual cluster, or enabled: false here"));
    }
    for rule in config.value.rules.iter().flatten() {
        check_operations(rule, report);
        check_cluster(rule, report);
    }
}

fn check_operations(rule: &raw::AclRule, report: &Report) {
    let (Some(resource_type), Some(operations)) = (&rule.resource_type, &rule.operations) else {
        return;
    };
    let known = resource_type.value.operations();
    for operation in operations.0.iter().filter_map(|it| it.name.as_ref()) {
        if !operation.value.intersects(known) {
            let words: Vec<_> = known.iter().map(|it| it.as_str()).collect();
            let name = operation.value.iter().map(|it| it.as_str()).next().unwrap_or_default();
            let message = format!("{name} is nothing that is done to a {}", resource_type.value);
            let hint = format!("there are {} and all", words.join(", "));
            report.add(Problem::new(operation.place.clone(), message).hint(hint));
        }
    }
}

/// The cluster has one name.
fn check_cluster(rule: &raw::AclRule, report: &Report) {
    let is_cluster = |it: &ResourceType| *it == ResourceType::Cluster;
    if !rule.resource_type.as_ref().is_some_and(|it| is_cluster(&it.value)) {
        return;
    }
    let Some(raw::AclResourceNames::Listed(names)) = &rule.resource_names else {
        return;
    };
    for name in names.0.iter().filter_map(|it| it.r#match.as_ref()) {
        if !name.value.0.matches(CLUSTER_NAME) {
            let message = format!("no cluster is called {}", name.show(&name.value.0.to_string()));
            report.add(Problem::new(name.place.clone(), message).hint(format!("write {CLUSTER_NAME} or *")));
        }
    }
}
