//! Every block of YAML loads, and can be put in force.

use kegd::config::environment::MemoryEnvironment;
use kegd::config::{Input, load};
use kegd::runtime;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use super::kubernetes;
use super::pages::blocks;

/// What a block that shows only a part is read with, one file for each entity that it may lack.
const REST: &[(&str, &str)] = &[
    (
        "backend_clusters",
        "
backend_clusters:
  - name: main
    bootstrap_servers: [\"kafka1:9092\"]
    authentication: { type: anonymous }
    insecure_allow_anonymous_virtual_cluster_auth: true
",
    ),
    (
        "virtual_clusters",
        "
virtual_clusters:
  - name: team-a
    destination: { name: main }
    dns_label: team-a
    authentication: [{ type: anonymous }]
    namespace: { mode: hide_prefix, prefix: team-a- }
  - name: team-b
    destination: { name: main }
    dns_label: team-b
    authentication: [{ type: anonymous }]
    namespace: { mode: hide_prefix, prefix: team-b- }
",
    ),
    (
        "tls_trust_bundles",
        "
tls_trust_bundles: [{ name: clients, config: { trusted_ca: \"${file['clients-ca.pem']}\" } }]
",
    ),
];

/// Files that blocks may name: each is what its extension says.
const CERTIFICATES: &[&str] = &[
    "ca.pem",
    "ca.crt",
    "clients-ca.pem",
    "tls.crt",
    "client.crt",
    "internal.crt",
];
const KEYS: &[&str] = &["tls.key", "client.key", "internal.key"];
const FOLDERS: &[&str] = &[
    "docs",
    "/etc/keg",
    "/etc/keg/tls",
    "/etc/keg/backend",
    "/etc/keg/clients",
];

#[test]
fn every_block_of_yaml_can_be_put_in_force() {
    let mut count = 0;
    for block in blocks("yaml") {
        if kubernetes::is_manifest(&block.text) {
            for (name, configuration) in kubernetes::configurations(&block) {
                check(&format!("{} in {name}", block.place()), &configuration);
                count += 1;
            }
        } else {
            check(&block.place(), &block.text);
            count += 1;
        }
    }
    assert!(count > 10, "{count} blocks were found");
}

#[test]
fn a_wrong_block_would_be_found() {
    let refused = std::panic::catch_unwind(|| check("here", "virtual_clusters: [{ name: x }]"));
    assert!(refused.is_err());
    let refused = std::panic::catch_unwind(|| {
        check(
            "here",
            "listeners: [{ name: x, addresses: [127.0.0.1], ports: [9092-9094], policies: [
               { type: forward_to_virtual_cluster, config: { type: port_mapping, destination: { name: team-z }, advertised_host: x } }] }]",
        );
    });
    assert!(refused.is_err());
}

fn check(place: &str, text: &str) {
    let mut environment = environment().with_file("docs/keg.yaml", text);
    let has = |entity: &str| text.lines().any(|line| line.starts_with(&format!("{entity}:")));
    for (entity, rest) in REST {
        // Where nobody forwards to them, virtual clusters would only ask for more of the backend than is shown.
        let wanted = *entity != "virtual_clusters" || text.contains("forward_to_virtual_cluster");
        if !has(entity) && wanted {
            environment = environment.with_file(format!("docs/rest-{entity}.yaml"), *rest);
        }
    }
    match load(&Input::Path("docs".into()), &environment).result {
        Err(problems) => panic!("{place} is not valid:\n{problems}"),
        Ok(config) => {
            let problems = runtime::check(config);
            assert!(problems.is_empty(), "{place} can't be put in force: {problems:?}");
        }
    }
}

fn environment() -> MemoryEnvironment {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["*.keg.example.com".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    let key = key.serialize_pem();
    let mut environment = MemoryEnvironment::new()
        .with_variable("KEG_BOOTSTRAP", "kafka1:9092")
        .with_variable("ANN_PASSWORD", "ann's")
        .with_variable("BOB_PASSWORD", "bob's")
        .with_variable("KEG_PASSWORD", "keg's")
        .with_variable("KEG_SCRAM_SECRET", "0123456789abcdef0123456789abcdef")
        .with_variable("KEG_CLIENT_SECRET", "keg's")
        .with_variable("KEG_TLS_KEY", &key);
    for folder in FOLDERS {
        for name in CERTIFICATES {
            environment = environment.with_file(format!("{folder}/{name}"), certificate.as_str());
        }
        for name in KEYS {
            environment = environment.with_file(format!("{folder}/{name}"), key.as_str());
        }
    }
    environment
}
