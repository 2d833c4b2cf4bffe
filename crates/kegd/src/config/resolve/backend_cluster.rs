//! The Kafka clusters behind the gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::model::{BackendAuthentication, BackendCluster, BackendTls, HostPort};
use super::super::problem::{Problem, Report};
use super::super::raw;
use super::{oauth, sasl, tls};

pub(super) fn backend_cluster(raw: &raw::BackendCluster, report: &Report) -> Option<BackendCluster> {
    let node_addresses = node_addresses(raw.node_addresses.as_ref()?, report);
    let interval = u64::try_from(raw.metadata_update_interval_seconds?.0).ok()?;
    Some(BackendCluster {
        name: raw.name.as_ref()?.value.0.clone(),
        bootstrap_servers: raw.bootstrap_servers.as_ref()?.0.clone(),
        authentication: match raw.authentication.as_ref()? {
            raw::BackendAuthentication::Anonymous(_) => BackendAuthentication::Anonymous,
            raw::BackendAuthentication::SaslPlain(plain) => {
                BackendAuthentication::SaslPlain(sasl::user(plain.username.as_ref(), plain.password.as_ref())?)
            }
            raw::BackendAuthentication::SaslScram(scram) => BackendAuthentication::SaslScram(
                scram.algorithm?,
                sasl::user(scram.username.as_ref(), scram.password.as_ref())?,
            ),
            raw::BackendAuthentication::OAuthBearer(bearer) => {
                BackendAuthentication::OAuthBearer(Box::new(oauth::client_credentials(bearer, report)?))
            }
        },
        allow_anonymous_virtual_clusters: raw.insecure_allow_anonymous_virtual_cluster_auth?,
        readiness_requires_authentication: raw.readiness_requires_authentication?,
        tls: match raw.tls.as_ref()? {
            Some(tls) if tls.enabled? => Some(backend_tls(tls)?),
            _ => None,
        },
        metadata_update_interval: Duration::from_secs(interval),
        node_addresses: node_addresses?,
    })
}

fn node_addresses(raw: &[raw::NodeAddress], report: &Report) -> Option<BTreeMap<i32, HostPort>> {
    let mut addresses = BTreeMap::new();
    for entry in raw {
        let node = entry.node_id.as_ref()?;
        let id = i32::try_from(node.value.0).ok()?;
        if addresses.insert(id, entry.address.clone()?).is_some() {
            let problem = Problem::new(node.place.clone(), format!("node {id} has an address already"));
            report.add(problem.hint("give each node one"));
        }
    }
    Some(addresses)
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
