//! The Kafka clusters behind the gateway.

use std::time::Duration;

use super::super::model::{BackendAuthentication, BackendCluster, BackendTls, HostPort};
use super::super::raw;
use super::tls;

pub(super) fn backend_cluster(raw: &raw::BackendCluster) -> Option<BackendCluster> {
    let interval = u64::try_from(raw.metadata_update_interval_seconds?.0).ok()?;
    Some(BackendCluster {
        name: raw.name.as_ref()?.value.0.clone(),
        bootstrap_servers: raw.bootstrap_servers.as_ref()?.0.clone(),
        authentication: match raw.authentication.as_ref()? {
            raw::BackendAuthentication::Anonymous(_) => BackendAuthentication::Anonymous,
        },
        allow_anonymous_virtual_clusters: raw.insecure_allow_anonymous_virtual_cluster_auth?,
        tls: match raw.tls.as_ref()? {
            Some(tls) if tls.enabled? => Some(backend_tls(tls)?),
            _ => None,
        },
        metadata_update_interval: Duration::from_secs(interval),
        node_addresses: raw
            .node_addresses
            .as_ref()?
            .iter()
            .map(node_address)
            .collect::<Option<_>>()?,
    })
}

fn node_address(raw: &raw::NodeAddress) -> Option<(i32, HostPort)> {
    Some((i32::try_from(raw.node_id?.0).ok()?, raw.address.clone()?))
}

fn backend_tls(raw: &raw::BackendTls) -> Option<BackendTls> {
    Some(BackendTls {
        insecure_skip_verify: raw.insecure_skip_verify?,
        ca_bundle: raw.ca_bundle.as_ref()?.as_ref().map(|pem| pem.0.clone()),
        versions: tls::version_range(raw.tls_versions.as_ref()?)?,
        client_identity: match raw.client_identity.as_ref()? {
            Some(identity) => Some(tls::identity(identity)?),
            None => None,
        },
    })
}
