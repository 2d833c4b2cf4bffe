//! A current librdkafka with all of its SASL mechanisms, over TLS.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::authentication::users;
use crate::backend::Backend;
use crate::certs::Authority;
use crate::gateway::{Config, VIRTUAL_CLUSTERS};
use crate::java::expect_checks_to_pass;
use crate::process::Process;
use crate::scenario::{Scenario, direct, setup_or_skip};
use crate::setup::skip;
use crate::tokens::{Endpoint, ISSUER, Key};

const TIME: Duration = Duration::from_secs(240);

#[test]
fn a_current_librdkafka_authenticates_by_every_mechanism_and_wrong_passwords_and_tokens_do_not() {
    let Some(setup) = setup_or_skip("native-authentication") else {
        return;
    };
    let Some(package) = setup.librdkafka() else {
        return skip("native-authentication", "no confluent-kafka: run `cargo xtask setup`");
    };
    if direct() {
        return; // The brokers have no such users.
    }
    let backend = Backend::shared(setup);
    let dir = setup.dir("native-authentication");
    let authority = Authority::new("gateway-ca", &dir);
    let (key, endpoint) = (Key::new("first"), Endpoint::start());
    endpoint.give(&[&key]);
    let tokens = endpoint.method("kafka").replace("issuer:", "clock_skew: 0s, issuer:");
    let config = Config::new(backend, "native-authentication")
        .with_authentication(&format!("{}, {tokens}", users()))
        .with_tls(&authority.identity("gateway", &["localhost"]), "");
    let mut scenario = Scenario::with(setup, backend, "native-authentication", &config);
    let write = |name: &str, token: String| {
        // Whoever reads it finds the old one or the new one.
        let new = dir.join("new-token");
        fs::write(&new, token).unwrap();
        fs::rename(&new, dir.join(name)).unwrap();
    };
    write("good-first", key.token("kafka", ISSUER));
    write("bad-issuer", key.token("kafka", "https://elsewhere.example"));
    write("good-short", key.token_for(8, "kafka", ISSUER));

    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/authentication.py");
    let start = |index: usize, name: &str| {
        let words = [
            program.as_path(),
            package.as_path(),
            Path::new(&config.bootstrap(index)),
            authority.file(),
            &dir,
            Path::new(name),
        ]
        .map(Path::to_owned);
        Process::start(name, &dir.join(format!("{name}.log")), "python3", words)
    };
    let mut programs: Vec<Process> = (0..)
        .zip(VIRTUAL_CLUSTERS)
        .map(|(index, name)| start(index, name))
        .collect();
    let (stop, stopped) = channel::<()>();
    thread::scope(|scope| {
        let (key, write) = (&key, &write);
        scope.spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(500)) == Err(RecvTimeoutError::Timeout) {
                write("good-short", key.token_for(8, "kafka", ISSUER));
            }
        });
        // Dropped when the checks are over, however they end.
        let _stop = stop;
        for program in &mut programs {
            expect_checks_to_pass(program, TIME);
        }
    });
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the reasons of refusals", |log, _| {
        log.contains("wrong password of the user")
            && log.contains("there is no user")
            && log.contains("expected the issuer")
    });
    assert!(!gateway.log_tail().contains("-secret"));
}
