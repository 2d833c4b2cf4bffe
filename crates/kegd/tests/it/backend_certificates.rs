//! A gateway that brokers know by its certificate.

use std::time::Duration;

use crate::backend::Backend;
use crate::certs::Authority;
use crate::gateway::{Config, get};
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, direct, setup_or_skip};

const TIME: Duration = Duration::from_secs(120);

const AUTHENTICATED: &str = "kong_keg_kafka_backend_authenticated{backend_cluster=\"main\"} ";

#[test]
fn brokers_that_want_a_certificate_get_the_gateways_and_refusals_are_the_operators_to_mend() {
    let Some(setup) = setup_or_skip("backend-certificates") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::with_short_sessions(setup);
    let dir = setup.dir("backend-certificates");
    let strangers = Authority::new("strangers-ca", &dir);
    let good = backend.authority().identity("keg-good", &[]);
    let expired = backend.authority().identity_until("keg-expired", &[], 2020);
    let foreign = strangers.identity("keg-foreign", &[]);
    let nodes = backend.external_addresses();
    let nobody = Config::new(backend, "backend-certificates")
        .with_backend_tls(nodes.join(","), backend.ca().to_owned())
        .with_node_addresses(nodes);
    let with = |identity| nobody.clone().with_backend_identity(identity);
    let mut scenario = Scenario::with(setup, backend, "backend-certificates", &with(&good));
    let health = nobody.health_port();
    let ready = move || get(health, "/health/probes/readiness").unwrap().0 == 200;
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["backend"]), TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the certificate to be taken", |_, metrics| {
        metrics.contains(&format!("{AUTHENTICATED}1"))
    });

    let mut refusals = 0;
    for (config, words) in [
        (with(&foreign), "is that of \\\"CN=keg-foreign\\\" ("),
        (with(&expired), "is that of \\\"CN=keg-expired\\\", which has expired ("),
        (
            nobody.clone(),
            "it wants a certificate of the gateway, which has none (",
        ),
    ] {
        for versions in ["[tls12]", "[tls13]"] {
            let tls = format!("tls: {{ tls_versions: {versions},");
            let wrong = config.yaml().replace("tls: {", &tls);
            let required = "readiness_requires_authentication: true\n    bootstrap_servers:";
            let wrong = wrong.replace("bootstrap_servers:", required);
            // Another gateway, since each tells of refusals once a minute.
            let gateway = scenario.gateway.as_mut().unwrap();
            gateway.start_again_unready(&wrong);
            gateway.wait_until(&format!("a word about {versions}: {words}"), |log, metrics| {
                log.matches("do not take the credentials of the gateway").count() == refusals + 1
                    && log.contains(words)
                    && metrics.contains(&format!("{AUTHENTICATED}0"))
            });
            refusals += 1;
            assert!(!ready());
            let mut clients = scenario.start_java("keg.Authentication", &["unreachable"]);
            expect_checks_to_pass(&mut clients, TIME);
        }
    }
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.reload(&with(&good).yaml());
    gateway.wait_until("the right certificate", |_, metrics| {
        metrics.contains(&format!("{AUTHENTICATED}1")) && ready()
    });
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["backend"]), TIME);
}
