//! Where connections go.

use super::super::model::{BrokerHostFormat, Forward, PortMapping, PortRange, Sni, SniPassthrough};
use super::super::problem::{Place, Report};
use super::super::raw::{self, ForwardToBackendCluster, ForwardToVirtualCluster, ListenerPolicy};
use super::{BackendClusters, VirtualClusters, is_enabled, port_mapping};

/// What rules refer to.
pub(super) struct Targets<'a> {
    pub(super) virtual_clusters: &'a VirtualClusters<'a>,
    pub(super) backend_clusters: &'a BackendClusters<'a>,
}

/// An enabled forward policy, and where its configuration stands.
pub(super) enum Rule<'a> {
    Sni(&'a raw::Sni, &'a Place),
    PortMapping(&'a raw::PortMapping, &'a Place),
    SniPassthrough(&'a raw::SniPassthrough),
}

impl<'a> Rule<'a> {
    /// The rule of a policy that is in force and forwards.
    pub(super) fn new(policy: &'a ListenerPolicy) -> Option<Self> {
        match policy {
            ListenerPolicy::TlsServer(_) => None,
            ListenerPolicy::ForwardToVirtualCluster(policy) => {
                let config = policy.config.as_ref().filter(|_| is_enabled(policy))?;
                Some(match &config.value {
                    ForwardToVirtualCluster::Sni(rule) => Self::Sni(rule, &config.place),
                    ForwardToVirtualCluster::PortMapping(rule) => Self::PortMapping(rule, &config.place),
                })
            }
            ListenerPolicy::ForwardToBackendCluster(policy) => {
                let config = policy.config.as_ref().filter(|_| is_enabled(policy))?;
                let ForwardToBackendCluster::SniPassthrough(rule) = &config.value;
                Some(Self::SniPassthrough(rule))
            }
        }
    }

    /// The rule for the model. `ports` are those of the listener.
    pub(super) fn resolve(&self, ports: &[PortRange], targets: &Targets<'_>, report: &Report) -> Option<Forward> {
        match self {
            Self::Sni(rule, _) => sni(rule, ports).map(Forward::Sni),
            Self::PortMapping(rule, _) => port_mapping(rule, ports, targets, report).map(Forward::PortMapping),
            Self::SniPassthrough(rule) => sni_passthrough(rule, targets, report).map(Forward::SniPassthrough),
        }
    }
}

fn sni(rule: &raw::Sni, ports: &[PortRange]) -> Option<Sni> {
    let suffix = rule.sni_suffix.as_ref()?.as_ref();
    Some(Sni {
        suffix: suffix.map_or(String::new(), |suffix| suffix.value.0.clone()),
        advertised_port: match rule.advertised_port? {
            Some(port) => u16::try_from(port.0).ok()?,
            None => ports.first()?.first(),
        },
        broker_host_format: match rule.broker_host_format.as_ref()? {
            raw::HostFormat::PerClusterSuffix(_) => BrokerHostFormat::PerClusterSuffix,
            raw::HostFormat::SharedSuffix(_) => BrokerHostFormat::SharedSuffix,
        },
    })
}

fn port_mapping(
    rule: &raw::PortMapping,
    ports: &[PortRange],
    targets: &Targets<'_>,
    report: &Report,
) -> Option<PortMapping> {
    let reference = rule.destination.as_ref()?;
    let (_, virtual_cluster) = targets.virtual_clusters.find(reference, report)?;
    Some(PortMapping {
        virtual_cluster: virtual_cluster?,
        advertised_host: rule.advertised_host.as_ref()?.0.clone(),
        ports: port_mapping::ports(rule, ports)?,
        bootstrap_port: rule.bootstrap_port?,
        min_broker_id: i32::try_from(rule.min_broker_id?.0).ok()?,
    })
}

fn sni_passthrough(rule: &raw::SniPassthrough, targets: &Targets<'_>, report: &Report) -> Option<SniPassthrough> {
    let reference = rule.destination.as_ref()?;
    let (_, backend) = targets.backend_clusters.find(reference, report)?;
    Some(SniPassthrough {
        backend: backend?,
        bootstrap_host: rule.bootstrap_host.as_ref()?.0.clone(),
        broker_host: rule.broker_host.as_ref()?.0.clone(),
    })
}
