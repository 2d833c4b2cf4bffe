//! Brokers that end sessions, and a gateway that renews them on the open connections.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::backend::Backend;
use crate::gateway::{Config, get};
use crate::issuer::{Issuer, give_forged_tokens, give_tokens};
use crate::java::expect_checks_to_pass;
use crate::load::Load;
use crate::scenario::{Scenario, direct, setup_or_skip};
use crate::setup::Setup;
use crate::tokens::Endpoint;

const TIME: Duration = Duration::from_secs(120);

const PLAIN: &str = "{ type: sasl_plain, username: keg, password: \"gateway's\" }";

/// So many sessions are renewed before a load ends: those of several connections, several times.
const RENEWALS: u64 = 30;

fn config(backend: &Backend, stem: &str, authentication: &str) -> Config {
    Config::new(backend, stem)
        .with_backend_tls(backend.tls_bootstrap(), backend.ca().to_owned())
        .with_backend_authentication(authentication)
}

/// How many sessions were renewed, and how many were not.
fn renewals(metrics: &str, result: &str) -> u64 {
    let name = "kong_keg_kafka_auth_backend_cluster_processing_duration_seconds_count{";
    let lines = metrics.lines().filter(|line| {
        line.starts_with(name)
            && line.contains("reauthentication=\"true\"")
            && line.contains(&format!("result=\"{result}\""))
    });
    let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

/// A producer and a consumer that lose no record and no connection while their sessions end many times.
fn carry_a_load(setup: &'static Setup, name: &'static str, authentication: &str) {
    let backend = Backend::with_short_sessions(setup);
    let config = config(backend, name, authentication);
    let mut scenario = Scenario::with(setup, backend, name, &config);
    let mut load = Load::start(&scenario, &["undisturbed"]);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("sessions to be renewed", |_, metrics| {
        renewals(metrics, "success") >= RENEWALS
    });
    load.go_on(&scenario);
    load.finish(&scenario);
    let metrics = scenario.gateway.as_ref().unwrap().metrics();
    assert_eq!(renewals(&metrics, "fail"), 0);
}

#[test]
fn sessions_towards_brokers_are_renewed_and_clients_notice_nothing() {
    let Some(setup) = setup_or_skip("renewals") else {
        return;
    };
    if direct() {
        return;
    }
    carry_a_load(setup, "renewals-plain", PLAIN);
    let backend = Backend::with_short_sessions(setup);
    let users = config(backend, "renewals-users", PLAIN);
    let scenario = Scenario::with(setup, backend, "renewals-users", &users);
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["backend"]), TIME);
    for (name, algorithm) in [("renewals-256", "sha256"), ("renewals-512", "sha512")] {
        let scram = format!(
            "{{ type: sasl_scram, algorithm: {algorithm}, username: scram-keg, password: {algorithm}-secret }}"
        );
        carry_a_load(setup, name, &scram);
    }
}

#[test]
fn readiness_tells_of_credentials_that_brokers_refuse_where_it_is_asked_to() {
    let Some(setup) = setup_or_skip("refused-credentials") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::with_short_sessions(setup);
    let config = config(backend, "refused-credentials", PLAIN);
    let mut scenario = Scenario::with(setup, backend, "refused-credentials", &config);
    let health = config.health_port();
    let ready = move || get(health, "/health/probes/readiness").unwrap();
    let wrong = PLAIN.replace("gateway's", "wrong-secret");
    let right = config.yaml();
    let wrong = config.with_backend_authentication(&wrong).yaml();
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.reload(&wrong);
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["unreachable"]), TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("a word to the operator", |log, metrics| {
        log.contains("do not take the credentials of the gateway")
            && metrics.contains("kong_keg_kafka_backend_authenticated{backend_cluster=\"main\"} 0")
    });
    assert_eq!(ready().0, 200, "one cluster of several, for all that is known");
    let required = "insecure_allow_anonymous_virtual_cluster_auth: true\n    readiness_requires_authentication: true";
    gateway.reload(&wrong.replace("insecure_allow_anonymous_virtual_cluster_auth: true", required));
    gateway.wait_until("readiness to fail", |_, _| ready().0 == 503);
    assert_eq!(
        ready().1,
        "not ready: backend cluster main refuses the gateway's credentials\n"
    );
    assert!(!gateway.log_tail().contains("wrong-secret"));
    gateway.reload(&right);
    gateway.wait_until("the right password", |_, metrics| {
        metrics.contains("kong_keg_kafka_backend_authenticated{backend_cluster=\"main\"} 1")
    });
}

fn fetches(metrics: &str, result: &str) -> u64 {
    let name = format!("keg_token_fetches_total{{backend_cluster=\"main\",result=\"{result}\"}} ");
    let count = metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok());
    count.unwrap_or_default()
}

#[test]
fn tokens_for_brokers_are_fetched_renewed_and_kept_while_a_load_goes_on() {
    let Some(setup) = setup_or_skip("renewals-tokens") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::with_short_sessions(setup);
    let (endpoint, keys) = (Endpoint::start(), &Issuer::of_brokers().keys);
    give_tokens(&endpoint, keys, 3600);
    let config = config(backend, "renewals-tokens", &by_token(&endpoint));
    let mut scenario = Scenario::with(setup, backend, "renewals-tokens", &config);
    let mut load = Load::start(&scenario, &["undisturbed"]);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("sessions to be renewed", |_, metrics| {
        renewals(metrics, "success") >= RENEWALS
    });
    assert_eq!(fetches(&gateway.metrics(), "ok"), 1, "all connections share a token");

    // The same token in another way: what was fetched stays until there are some of those that end soon.
    give_tokens(&endpoint, keys, 6);
    gateway.reload(&config.yaml().replace("timeout: 10s", "timeout: 11s"));
    gateway.wait_until("tokens to be renewed before they end", |_, metrics| {
        fetches(metrics, "ok") >= 5
    });
    let so_far = fetches(&gateway.metrics(), "ok");
    let given = give_tokens(&endpoint, keys, 30);
    gateway.wait_until("a token that lasts", |_, metrics| {
        given.load(Ordering::Relaxed) > 0 && fetches(metrics, "ok") > so_far
    });
    endpoint.fail();
    gateway.reload(&config.yaml().replace("timeout: 10s", "timeout: 12s"));
    gateway.wait_until("the token to be kept", |log, metrics| {
        log.contains("the last one stays in use while it is good") && fetches(metrics, "error") > 0
    });
    let renewed = renewals(&gateway.metrics(), "success");
    gateway.wait_until("sessions to be renewed by it", |_, metrics| {
        renewals(metrics, "success") > renewed
    });
    give_tokens(&endpoint, keys, 6);
    gateway.wait_until("the endpoint to be back", |log, _| log.contains("was fetched again"));
    load.go_on(&scenario);
    load.finish(&scenario);
    let gateway = scenario.gateway.as_mut().unwrap();
    assert_eq!(renewals(&gateway.metrics(), "fail"), 0);

    // Another secret is another token: nothing goes on by the one of before.
    endpoint.fail();
    gateway.reload(&config.yaml().replace("hunter2", "hunter3"));
    gateway.wait_until("no token at all", |log, _| log.contains("authenticate to them: "));
    assert!(!gateway.log_tail().contains("hunter"));
}

#[test]
fn tokens_that_brokers_refuse_are_the_operators_to_mend() {
    let Some(setup) = setup_or_skip("refused-tokens") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::with_short_sessions(setup);
    let endpoint = Endpoint::start();
    give_forged_tokens(&endpoint);
    let config = config(backend, "refused-tokens", &by_token(&endpoint));
    let mut scenario = Scenario::with(setup, backend, "refused-tokens", &config);
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["unreachable"]), TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("a word to the operator", |log, metrics| {
        log.contains("do not take the credentials of the gateway")
            && metrics.contains("kong_keg_kafka_backend_authenticated{backend_cluster=\"main\"} 0")
    });
    give_tokens(&endpoint, &Issuer::of_brokers().keys, 3600);
    // What is asked for in another way is asked for at once.
    gateway.reload(&config.yaml().replace("timeout: 10s", "timeout: 11s"));
    gateway.wait_until("a token that they take", |_, metrics| {
        metrics.contains("kong_keg_kafka_backend_authenticated{backend_cluster=\"main\"} 1")
    });
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &["backend"]), TIME);
}

fn by_token(endpoint: &Endpoint) -> String {
    format!(
        "{{ type: oauth_bearer, token_endpoint: \"https://localhost:{}/token\", client_id: keg, client_secret: hunter2, \
           scope: kafka, timeout: 10s, ca_bundle: {:?} }}",
        endpoint.port, endpoint.ca
    )
}
