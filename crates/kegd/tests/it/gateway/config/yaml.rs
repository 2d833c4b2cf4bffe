//! How a configuration is written.

use std::fmt::Write as _;

use super::{Config, Entry, Passthrough, VIRTUAL_CLUSTERS};
use crate::certs::Identity;

impl Config {
    pub(crate) fn yaml(&self) -> String {
        let mut yaml = self.backend_yaml();
        let lifetime = self.session_lifetime;
        let session_lifetime = lifetime.map_or_else(String::new, |it| format!("\n    session_lifetime: {it}"));
        yaml.push_str("virtual_clusters:\n");
        for (index, (name, mode)) in VIRTUAL_CLUSTERS.iter().zip(self.modes).enumerate() {
            write!(
                yaml,
                "  - name: {name}
    destination: {{ name: main }}
    dns_label: {name}
    authentication: [{authentication}]{session_lifetime}
    acl_mode: {acl_mode}
    namespace: {{ mode: {mode}, prefix: {prefix}, additional: {additional} }}
    topic_aliases: [{aliases}]
    cluster_policies: {policies}
",
                prefix = self.prefix(name),
                additional = self.additional[index],
                aliases = self.topic_aliases[index],
                policies = self.cluster_policies,
                authentication = self.authentication,
                session_lifetime = session_lifetime,
                acl_mode = self.acl_mode,
            )
            .unwrap();
        }
        yaml.push_str("listeners:\n");
        match &self.entry {
            Entry::Ports(first_ports) => {
                for (name, first) in VIRTUAL_CLUSTERS.iter().zip(first_ports) {
                    let tls = self.tls.as_deref();
                    yaml.push_str(&port_listener(name, *first, self.nodes, self.min_broker_id, tls));
                }
            }
            Entry::Sni { port, certificates } => yaml.push_str(&sni_listener(*port, certificates)),
        }
        if let Some(Passthrough { port, .. }) = &self.passthrough {
            yaml.push_str(&passthrough_listener(*port));
        }
        writeln!(yaml, "tls_trust_bundles: [{}]", self.trust_bundles).unwrap();
        yaml
    }

    fn backend_yaml(&self) -> String {
        let servers: Vec<String> = self
            .bootstrap_servers
            .split(',')
            .map(|server| format!("\"{server}\""))
            .collect();
        let identity = self.backend_identity.as_ref().map_or_else(String::new, |identity| {
            format!(", client_identity: {}", identity_yaml(identity))
        });
        let tls = self.backend_ca.as_ref().map_or_else(String::new, |ca| {
            format!(
                "    tls: {{ enabled: true, ca_bundle: \"${{file['{}']}}\"{identity} }}\n",
                ca.display()
            )
        });
        let passed_through = self.passthrough.as_ref().map(|passthrough| &passthrough.nodes);
        let addresses: Vec<String> = (1..)
            .zip(passed_through.unwrap_or(&self.node_addresses))
            .map(|(id, address)| format!("{{ node_id: {id}, address: \"{address}\" }}"))
            .collect();
        format!(
            "runtime:
  health_listener_address_port: [\"127.0.0.1:{health}\"]
backend_clusters:
  - name: main
    bootstrap_servers: [{servers}]
    authentication: {authentication}
    insecure_allow_anonymous_virtual_cluster_auth: true
    node_addresses: [{addresses}]
{tls}",
            health = self.health_port,
            authentication = self.backend_authentication,
            servers = servers.join(", "),
            addresses = addresses.join(", "),
        )
    }
}

fn port_listener(name: &str, first: u16, nodes: u16, min_broker_id: u16, tls: Option<&str>) -> String {
    let last = first + 1 + nodes - min_broker_id;
    let tls = tls.map_or_else(String::new, |tls| {
        format!("      - {{ type: tls_server, config: {tls} }}\n")
    });
    format!(
        "  - name: {name}
    addresses: [127.0.0.1]
    ports: [{first}-{last}]
    policies:
{tls}      - type: forward_to_virtual_cluster
        config:
          type: port_mapping
          destination: {{ name: {name} }}
          advertised_host: localhost
          bootstrap_port: at_start
          min_broker_id: {min_broker_id}
"
    )
}

pub(super) fn identity_yaml(Identity { certificate, key, .. }: &Identity) -> String {
    format!(
        "{{ certificate: \"${{file['{}']}}\", key: \"${{file['{}']}}\" }}",
        certificate.display(),
        key.display()
    )
}

fn sni_listener(port: u16, certificates: &[Identity]) -> String {
    let certificates: Vec<String> = certificates.iter().map(identity_yaml).collect();
    format!(
        "  - name: tls
    addresses: [127.0.0.1]
    ports: [{port}]
    policies:
      - type: tls_server
        config:
          certificates: [{certificates}]
      - type: forward_to_virtual_cluster
        config: {{ type: sni, sni_suffix: .keg.test, advertised_port: {port}, broker_host_format: {{ type: per_cluster_suffix }} }}
",
        certificates = certificates.join(", "),
    )
}

fn passthrough_listener(port: u16) -> String {
    format!(
        "  - name: passthrough
    addresses: [127.0.0.1]
    ports: [{port}]
    policies:
      - type: forward_to_backend_cluster
        config:
          type: sni_passthrough
          destination: {{ name: main }}
          bootstrap_host: bootstrap.kafka.test
          broker_host: \"broker-{{node_id}}.kafka.test\"
"
    )
}
