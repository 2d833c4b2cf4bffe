//! TLS: from clients by SNI, to the backend, and passed through.

use std::path::Path;
use std::time::Duration;

use crate::backend::Backend;
use crate::certs::Authority;
use crate::gateway::{Config, VIRTUAL_CLUSTERS};
use crate::hosts::Hosts;
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, Target, direct, setup_or_skip};

const TIME: Duration = Duration::from_secs(120);

#[test]
fn one_tls_port_leads_to_every_node_of_both_virtual_clusters_by_sni() {
    let Some(setup) = setup_or_skip("sni") else { return };
    let backend = Backend::shared(setup);
    let dir = setup.dir("sni");
    let authority = Authority::new("gateway-ca", &dir);
    let certificates = VIRTUAL_CLUSTERS.map(|name| authority.identity(name, &[&format!("*.{name}.keg.test")]));
    let config = Config::new(backend, "sni")
        .with_backend_tls(backend.tls_bootstrap(), backend.ca().to_owned())
        .with_sni(certificates.to_vec());
    let mut scenario = Scenario::with(setup, backend, "sni", &config);
    scenario.hosts = Some(Hosts::write(&dir.join("hosts"), &sni_names(backend)));
    let hosts = if direct() {
        "127[.]0[.]0[.]1"
    } else {
        "broker-N[.]NAME[.]keg[.]test"
    };
    if direct() {
        trust(&mut scenario, backend.ca());
        scenario.targets[0].bootstrap = backend.tls_bootstrap();
    } else {
        trust(&mut scenario, authority.file());
    }
    let other = Authority::new("other-ca", &dir);
    let args = ["sni", hosts, &other.file().display().to_string()];
    expect_checks_to_pass(&mut scenario.start_java("keg.Tls", &args), TIME);
}

#[test]
fn tls_is_passed_through_to_the_node_that_the_sni_names() {
    let Some(setup) = setup_or_skip("passthrough") else {
        return;
    };
    if direct() {
        return; // The brokers advertise a port where only a gateway listens.
    }
    let backend = Backend::shared(setup);
    let (mut names, port) = backend.advertised();
    let nodes = backend.external_addresses();
    let config = Config::new(backend, "passthrough")
        .with_backend_tls(nodes.join(","), backend.ca().to_owned())
        .with_passthrough(port, nodes);
    let mut scenario = Scenario::with(setup, backend, "passthrough", &config);
    names.push("bootstrap.kafka.test".to_owned());
    scenario.hosts = Some(Hosts::write(&scenario.dir.join("hosts"), &names));
    scenario.targets = vec![Target {
        name: "passed-through".to_owned(),
        bootstrap: format!("bootstrap.kafka.test:{port}"),
        prefix: String::new(),
        client: Vec::new(),
    }];
    trust(&mut scenario, backend.ca());
    let other = Authority::new("other-ca", &scenario.dir);
    let args = [
        "passthrough",
        "broker-N[.]kafka[.]test",
        &other.file().display().to_string(),
    ];
    expect_checks_to_pass(&mut scenario.start_java("keg.Tls", &args), TIME);
}

/// Has the Java clients use TLS, and trust what this authority has signed.
fn trust(scenario: &mut Scenario, ca: &Path) {
    for target in &mut scenario.targets {
        target.client = vec![
            "security.protocol=SSL".to_owned(),
            "ssl.truststore.type=PEM".to_owned(),
            format!("ssl.truststore.location={}", ca.display()),
        ];
    }
}

fn sni_names(backend: &Backend) -> Vec<String> {
    let of = |name: &&str| -> Vec<String> {
        let nodes = (1..=backend.nodes()).map(|id| format!("broker-{id}.{name}.keg.test"));
        nodes.chain([format!("bootstrap.{name}.keg.test")]).collect()
    };
    VIRTUAL_CLUSTERS.iter().flat_map(of).collect()
}
