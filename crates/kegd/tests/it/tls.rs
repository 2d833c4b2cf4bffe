//! TLS: from clients by SNI, to the backend, and passed through.

use std::path::Path;
use std::time::Duration;

use crate::backend::Backend;
use crate::certs::Authority;
use crate::gateway::{Config, VIRTUAL_CLUSTERS};
use crate::hosts::Hosts;
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, Target, direct, setup_or_skip};
use crate::setup::skip;

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
    let mut scenario = Scenario::with(setup, backend, "sni", &config, None);
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
    let backend = Backend::shared(setup);
    let Some(port) = backend.external_port() else {
        return skip("passthrough", "it needs the loopback addresses that only Linux has");
    };
    let dir = setup.dir("passthrough");
    // The brokers advertise names which lead the clients to the gateway, and the gateway to the brokers.
    let to_brokers = Hosts::write(&dir.join("hosts-of-gateway"), &backend.external_hosts());
    let mut names: Vec<(String, &str)> = backend
        .external_hosts()
        .into_iter()
        .map(|(name, _)| (name, "127.0.0.1"))
        .collect();
    names.push(("bootstrap.kafka.test".to_owned(), "127.0.0.1"));
    let to_gateway = Hosts::write(&dir.join("hosts-of-clients"), &names);
    if to_brokers.wrapper().is_none() {
        return skip(
            "passthrough",
            "`unshare` may not make a mount namespace here, in which the gateway gets host names of its own",
        );
    }
    let brokers: Vec<String> = backend
        .external_hosts()
        .iter()
        .map(|(name, _)| format!("{name}:{port}"))
        .collect();
    let config = Config::new(backend, "passthrough")
        .with_backend_tls(brokers.join(","), backend.ca().to_owned())
        .with_passthrough(port);
    let mut scenario = Scenario::with(setup, backend, "passthrough", &config, Some(&to_brokers));
    let (bootstrap, hosts) = if direct() {
        (brokers.join(","), to_brokers)
    } else {
        (format!("bootstrap.kafka.test:{port}"), to_gateway)
    };
    scenario.hosts = Some(hosts);
    scenario.targets = vec![Target {
        name: "passed-through".to_owned(),
        bootstrap,
        prefix: String::new(),
        client: Vec::new(),
    }];
    trust(&mut scenario, backend.ca());
    let other = Authority::new("other-ca", &dir);
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

fn sni_names(backend: &Backend) -> Vec<(String, &'static str)> {
    let of = |name: &str| -> Vec<String> {
        let nodes = (1..=backend.nodes()).map(|id| format!("broker-{id}.{name}.keg.test"));
        nodes.chain([format!("bootstrap.{name}.keg.test")]).collect()
    };
    let names = VIRTUAL_CLUSTERS.iter().flat_map(|name| of(name));
    names.map(|name| (name, "127.0.0.1")).collect()
}
