//! The policies of a virtual cluster.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_policy::{BlockApis, BrokerAddresses, Chain, Mode, Namespace, Policy, TopicAlias, TopicAliases};

use super::conditions::{self, Counted, Decided};
use super::known::Known;
use super::{acls, authentication};
use crate::config::model;

/// The policies of a virtual cluster, the client's side first.
pub(super) fn chain(cluster: &model::VirtualCluster, known: &Known) -> Result<Chain, String> {
    let mut policies: Vec<Arc<dyn Policy>> = Vec::new();
    for (index, policy) in cluster.cluster_policies.iter().enumerate() {
        match &policy.kind {
            model::ClusterPolicyKind::BlockApis { apis } => {
                let keys = apis.iter().map(|name| {
                    api_key(name).ok_or_else(|| {
                        format!(
                            "cluster_policies[{index}]: {name:?} is not an API of Kafka {}",
                            keg_codec::schema::KAFKA_VERSION
                        )
                    })
                });
                let name = policy.name.clone().unwrap_or_else(|| "block_apis".to_owned());
                let mut blocks = BlockApis::new(name.as_str(), keys.collect::<Result<_, _>>()?);
                if let Some(condition) = &policy.condition {
                    let condition = Counted::new(condition.clone(), cluster, "block_apis", &name);
                    // It denies: where it can't be told whether it does, it does.
                    let otherwise = true;
                    blocks = blocks.with_condition(Arc::new(Decided { condition, otherwise }));
                }
                policies.push(Arc::new(blocks));
            }
            // They are taken together.
            model::ClusterPolicyKind::Acls { .. } => {}
        }
    }
    if cluster.acl_mode == model::AclMode::EnforceOnGateway {
        policies.push(Arc::new(acls::acls(cluster, known.topic_names.clone())));
    }
    if !cluster.topic_aliases.is_empty() {
        let condition = |it: &model::TopicAlias| {
            let condition = Counted::new(it.condition.clone()?, cluster, "topic_aliases", &it.alias);
            let otherwise = false;
            Some(Arc::new(Decided { condition, otherwise }) as _)
        };
        let aliases = cluster.topic_aliases.iter().map(|it| TopicAlias {
            alias: it.alias.clone(),
            topic: it.topic.clone(),
            conflict: it.conflict,
            condition: condition(it),
        });
        policies.push(Arc::new(
            TopicAliases::new(aliases)
                .with_memory(known.aliases.clone())
                .with_conflicts(known.alias_conflicts.clone()),
        ));
    }
    if let Some(namespace) = &cluster.namespace {
        let mode = match namespace.mode {
            model::NamespaceMode::HidePrefix => Mode::HidePrefix,
            model::NamespaceMode::EnforcePrefix => Mode::EnforcePrefix,
        };
        policies.push(Arc::new(
            Namespace::new(mode, &namespace.prefix)
                .with_additional(namespace.additional.clone(), known.conflicts.clone())
                .with_topic_ids(known.topic_ids.clone()),
        ));
    }
    policies.push(Arc::new(BrokerAddresses));
    let mut chain = Chain::new(policies);
    if conditions::ask_for_client_ids(cluster) {
        chain = chain.with_client_ids();
    }
    Ok(match authentication::is_sasl(cluster) {
        true => chain.behind_sasl(),
        false => chain,
    })
}

fn api_key(name: &str) -> Option<ApiKey> {
    match name.parse() {
        Ok(number) => keg_codec::Api::of(ApiKey(number)).map(|api| api.key),
        Err(_) => ApiKey::from_name(name),
    }
}
