//! What clients see.

use super::super::model::{Additional, ClusterPolicy, ClusterPolicyKind, Namespace, VirtualCluster};
use super::super::problem::{Problem, Report};
use super::super::raw;
use super::{BackendClusters, acls, additional, is_in_force, refuse_duplicates, sasl, topic_aliases};

pub(super) fn virtual_cluster(
    raw: &raw::VirtualCluster,
    backends: &BackendClusters<'_>,
    report: &Report,
) -> Option<VirtualCluster> {
    let backend = raw
        .destination
        .as_ref()
        .and_then(|reference| backends.find(reference, report));
    if let Some((backend, _)) = &backend {
        refuse_anonymous(raw, backend, report);
    }
    let authentication = raw.authentication.as_ref().and_then(|it| sasl::methods(&it.0, report));
    let session_lifetime = sasl::session_lifetime(raw, authentication.as_deref(), report);
    let policies = raw.cluster_policies.as_ref();
    let names = policies.into_iter().flatten().filter_map(|policy| match policy {
        raw::ClusterPolicy::Acls(policy) => policy.name.as_ref()?.as_ref(),
        raw::ClusterPolicy::BlockApis(policy) => policy.name.as_ref()?.as_ref(),
    });
    refuse_duplicates("policy name", names, report);
    for policy in policies.into_iter().flatten() {
        if let raw::ClusterPolicy::Acls(policy) = policy {
            acls::check(policy, raw.acl_mode, report);
        }
    }
    let aliases = raw.topic_aliases.as_deref();
    let topic_aliases = aliases.and_then(|it| topic_aliases::topic_aliases(it, report));
    let namespace = match raw.namespace.as_ref()? {
        Some(raw) => Some(namespace(raw, report)?),
        None => None,
    };
    if let (Some(aliases), Some(namespace)) = (aliases, &namespace) {
        topic_aliases::refuse_hidden(aliases, namespace, report);
    }
    Some(VirtualCluster {
        name: raw.name.as_ref()?.value.0.clone(),
        backend: backend?.1?,
        dns_label: raw.dns_label.as_ref()?.as_ref().map(|label| label.value.0.clone()),
        authentication: authentication?,
        session_lifetime: session_lifetime?,
        acl_mode: raw.acl_mode?,
        namespace,
        topic_aliases: topic_aliases?,
        cluster_policies: policies?.iter().filter_map(cluster_policy).collect::<Option<_>>()?,
    })
}

fn namespace(raw: &raw::Namespace, report: &Report) -> Option<Namespace> {
    let additional = match raw.additional.as_ref()? {
        Some(raw) => additional::additional(raw, report)?,
        None => Additional::default(),
    };
    Some(Namespace {
        mode: raw.mode?,
        prefix: raw.prefix.as_ref()?.value.0.clone(),
        additional,
    })
}

/// The policy when it is in force; inside, none when something was wrong with it.
fn cluster_policy(raw: &raw::ClusterPolicy) -> Option<Option<ClusterPolicy>> {
    match raw {
        raw::ClusterPolicy::Acls(policy) => is_in_force(policy).then(|| acls::policy(policy)),
        raw::ClusterPolicy::BlockApis(policy) => is_in_force(policy).then(|| block_apis(policy)),
    }
}

fn block_apis(policy: &raw::RequestPolicy<raw::BlockApis>) -> Option<ClusterPolicy> {
    let apis = policy.config.as_ref()?.value.apis.as_ref()?;
    let name = policy.name.as_ref()?.as_ref();
    Some(ClusterPolicy {
        name: name.map(|name| name.value.0.clone()),
        condition: policy.condition.as_ref()?.clone(),
        kind: ClusterPolicyKind::BlockApis {
            apis: apis.0.iter().map(|api| api.0.clone()).collect(),
        },
    })
}

/// Whoever lets clients in without a name has to say so at the backend cluster too, whose credentials they then use.
fn refuse_anonymous(raw: &raw::VirtualCluster, backend: &raw::BackendCluster, report: &Report) {
    if backend.insecure_allow_anonymous_virtual_cluster_auth != Some(false) {
        return;
    }
    let anonymous = raw
        .authentication
        .iter()
        .flat_map(|list| &list.0)
        .find(|it| matches!(it.value, raw::VirtualClusterAuthentication::Anonymous(_)));
    if let (Some(anonymous), Some(name)) = (anonymous, &backend.name) {
        let message = format!(
            "the backend cluster {} does not allow anonymous clients",
            name.show(&name.value.0)
        );
        let problem = Problem::new(anonymous.place.clone(), message);
        report.add(problem.hint("set insecure_allow_anonymous_virtual_cluster_auth: true on the backend cluster"));
    }
}
