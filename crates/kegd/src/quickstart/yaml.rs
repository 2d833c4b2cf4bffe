//! The configuration that runs.

use super::files::{CERTIFICATE, KEY};
use super::plan::{HOST, Plan, SUFFIX, VIRTUAL_CLUSTERS};

/// The plan as a configuration file.
pub(super) fn yaml(plan: &Plan) -> String {
    let mut yaml = head(plan);
    yaml.push_str("\nvirtual_clusters:\n");
    for (name, _) in VIRTUAL_CLUSTERS {
        yaml.push_str(&format!(
            "  - name: {name}
    destination: {{ name: main }}
    dns_label: {name}
    authentication: [{{ type: anonymous }}]
    acl_mode: passthrough
    namespace: {{ mode: hide_prefix, prefix: {name}- }}
"
        ));
    }
    yaml.push_str("\nlisteners:\n");
    for (name, purpose) in VIRTUAL_CLUSTERS {
        if let Some(ports) = plan.ports.of(purpose) {
            yaml.push_str(&format!(
                "  - name: {name}
    addresses: [{HOST}]
    # The first port is for clients that know no node yet; the others are those of the nodes {first_node} to {last_node}.
    ports: [{first}-{last}]
    policies:
      - type: forward_to_virtual_cluster
        config:
          type: port_mapping
          destination: {{ name: {name} }}
          advertised_host: {HOST}
          bootstrap_port: at_start
          min_broker_id: {first_node}
",
                first = ports.start(),
                last = ports.end(),
                first_node = plan.nodes.start(),
                last_node = plan.nodes.end(),
            ));
        }
    }
    yaml.push_str(&tls(plan));
    yaml
}

fn head(plan: &Plan) -> String {
    let servers: Vec<String> = plan.backend.iter().map(|server| format!("\"{server}\"")).collect();
    let embedded = if plan.is_embedded {
        "\n    # The broker that is embedded in `kegd quickstart`, and ends with it: your own Kafka goes here."
    } else {
        ""
    };
    format!(
        "# To run it: kegd run --config keg.yaml

runtime:
  health_listener_address_port: [\"{HOST}:{health}\"]
  shutdown_timeout: 2s
observability:
  log_flags: {log_flags}

backend_clusters:
  - name: main{embedded}
    bootstrap_servers: [{servers}]
    authentication: {{ type: anonymous }}
    insecure_allow_anonymous_virtual_cluster_auth: true
",
        health = plan.ports.first().health_port,
        log_flags = plan.log_flags,
        servers = servers.join(", "),
    )
}

fn tls(plan: &Plan) -> String {
    let addresses: Vec<String> = plan.tls_addresses().iter().map(|it| format!("\"{it}\"")).collect();
    format!(
        "  - name: tls
    addresses: [{addresses}]
    ports: [{port}]
    policies:
      - type: tls_server
        config:
          certificates: [{{ certificate: \"${{file['{CERTIFICATE}']}}\", key: \"${{file['{KEY}']}}\" }}]
      - type: forward_to_virtual_cluster
        # bootstrap.team-a{SUFFIX}, broker-{first_node}.team-a{SUFFIX}, ...
        config: {{ type: sni, sni_suffix: {SUFFIX}, advertised_port: {port}, broker_host_format: {{ type: per_cluster_suffix }} }}
",
        addresses = addresses.join(", "),
        port = plan.ports.first().tls_port,
        first_node = plan.nodes.start(),
    )
}
