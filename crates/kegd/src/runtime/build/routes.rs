//! The routing table of a configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use keg_proxy::{Backend, Destination, VirtualCluster};
use keg_router::{PortMapping, Ports, Rule, Sni, SniPassthrough, Table};

use super::BuildProblem;
use crate::config::{Config, model};

/// Where connections go.
pub(super) fn table(
    config: &Config,
    clusters: &BTreeMap<String, Arc<VirtualCluster>>,
    backends: &BTreeMap<String, Arc<Backend>>,
) -> Result<Table<Destination>, Vec<BuildProblem>> {
    let problem = |place: &str, message: String| {
        vec![BuildProblem {
            place: format!("listeners {place:?}"),
            message,
        }]
    };
    let mut builder = Table::builder();
    for listener in &config.listeners {
        let ports = ports(&listener.ports).map_err(|error| problem(&listener.name, error))?;
        let mut rules = builder.listener(&listener.name, ports);
        rules.addresses(listener.addresses.iter().copied());
        for forward in &listener.forwards {
            let rule = rule(forward, config, clusters, backends).map_err(|error| problem(&listener.name, error))?;
            rules.forward(rule);
        }
    }
    builder.build().map_err(|problems| {
        problems
            .iter()
            .map(|it| BuildProblem {
                place: "listeners".to_owned(),
                message: it.to_string(),
            })
            .collect()
    })
}

/// The router's form of the model's ports.
pub(super) fn ports(ranges: &[model::PortRange]) -> Result<Ports, String> {
    Ports::new(ranges.iter().copied()).map_err(|error| error.to_string())
}

fn rule(
    forward: &model::Forward,
    config: &Config,
    clusters: &BTreeMap<String, Arc<VirtualCluster>>,
    backends: &BTreeMap<String, Arc<Backend>>,
) -> Result<Rule<Destination>, String> {
    let cluster = |name: &str| {
        let built = clusters.get(name).cloned();
        built
            .map(Destination::VirtualCluster)
            .ok_or_else(|| format!("there is no virtual cluster {name:?}"))
    };
    Ok(match forward {
        model::Forward::Sni(rule) => {
            let mut sni = Sni::new(rule.suffix.as_str())
                .advertised_port(rule.advertised_port)
                .broker_host_format(rule.broker_host_format);
            for virtual_cluster in &config.virtual_clusters {
                if let Some(label) = &virtual_cluster.dns_label {
                    sni = sni.destination(cluster(&virtual_cluster.name)?, label.as_str());
                }
            }
            sni.into()
        }
        model::Forward::PortMapping(rule) => {
            PortMapping::new(cluster(&rule.virtual_cluster.name)?, rule.advertised_host.as_str())
                .ports(ports(&rule.ports)?)
                .bootstrap_port(rule.bootstrap_port)
                .min_broker_id(rule.min_broker_id)
                .into()
        }
        model::Forward::SniPassthrough(rule) => {
            let name = &rule.backend.name;
            let backend = backends
                .get(name)
                .cloned()
                .ok_or_else(|| format!("there is no backend cluster {name:?}"))?;
            let first = config
                .listeners
                .iter()
                .find(|it| it.forwards.contains(forward))
                .and_then(|it| it.ports.first());
            let passthrough = SniPassthrough::new(
                Destination::Backend(backend),
                rule.bootstrap_host.as_str(),
                rule.broker_host.as_str(),
            );
            match first {
                Some(port) => passthrough.advertised_port(port.first()).into(),
                None => passthrough.into(),
            }
        }
    })
}
