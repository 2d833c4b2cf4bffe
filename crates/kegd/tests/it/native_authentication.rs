//! A current librdkafka with all of its SASL mechanisms, over TLS.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::authentication::users;
use crate::backend::Backend;
use crate::certs::Authority;
use crate::gateway::{Config, VIRTUAL_CLUSTERS};
use crate::issuer::{Issuer, Keys};
use crate::java::expect_checks_to_pass;
use crate::process::Process;
use crate::scenario::{Scenario, direct, setup_or_skip};
use crate::setup::{Setup, skip};
use crate::signers::{ISSUER, Key};
use crate::tokens::Endpoint;

const TIME: Duration = Duration::from_secs(240);

const MECHANISMS: [&str; 4] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];

/// Programs in Python, and what they read.
struct Programs {
    package: PathBuf,
    dir: PathBuf,
    authority: Authority,
}

impl Programs {
    /// `None`, said as skipped, if this machine isn't set up for it.
    fn find(name: &'static str) -> Option<(&'static Setup, Self)> {
        let setup = setup_or_skip(name)?;
        let Some(package) = setup.librdkafka() else {
            skip(name, "no confluent-kafka: run `cargo xtask setup`");
            return None;
        };
        if direct() {
            return None; // The brokers have no such users, or are compared with.
        }
        let dir = setup.dir(name);
        let authority = Authority::new("gateway-ca", &dir);
        let package = package.to_owned();
        Some((
            setup,
            Self {
                package,
                dir,
                authority,
            },
        ))
    }

    /// TLS of the gateway, which the programs trust.
    fn with_tls(&self, config: Config) -> Config {
        config.with_tls(&self.authority.identity("gateway", &["localhost"]), "")
    }

    fn write(&self, name: &str, token: String) {
        // Whoever reads it finds the old one or the new one.
        let new = self.dir.join("new-token");
        fs::write(&new, token).unwrap();
        fs::rename(&new, self.dir.join(name)).unwrap();
    }

    fn start(&self, config: &Config, cluster: usize, what: &str, more: &[OsString]) -> Process {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/authentication.py");
        let name = VIRTUAL_CLUSTERS[cluster];
        let bootstrap = config.bootstrap(cluster);
        let words = [
            program.as_os_str(),
            self.package.as_os_str(),
            bootstrap.as_ref(),
            self.authority.file().as_os_str(),
            self.dir.as_os_str(),
            name.as_ref(),
            what.as_ref(),
        ];
        let words = words.into_iter().chain(more.iter().map(AsRef::as_ref));
        Process::start(
            name,
            &self.dir.join(format!("{name}.log")),
            "python3",
            words.map(OsString::from),
        )
    }

    /// Has all checks pass, while there is always a token that ends within seconds.
    fn expect_to_pass(&self, programs: &mut [Process], short_token: impl Fn() -> String + Sync) {
        let (stop, stopped) = channel::<()>();
        thread::scope(|scope| {
            let short_token = &short_token;
            scope.spawn(move || {
                while stopped.recv_timeout(Duration::from_millis(500)) == Err(RecvTimeoutError::Timeout) {
                    self.write("good-short", short_token());
                }
            });
            // Dropped when the checks are over, however they end.
            let _stop = stop;
            for program in programs {
                expect_checks_to_pass(program, TIME);
            }
        });
    }
}

/// Where the brokers are that decide on clients, as the programs take it.
fn brokers(backend: &Backend) -> [OsString; 3] {
    [
        backend.tls_bootstrap().into(),
        backend.ca().into(),
        backend.bootstrap().into(),
    ]
}

/// Whether clients have renewed sessions on the connections that they had.
fn is_renewed(metrics: &str, mechanism: &str, mediation: &str) -> bool {
    metrics.contains(&format!(
        "auth_mechanism=\"{mechanism}\",auth_mediation=\"{mediation}\",reauthentication=\"true\",result=\"success\"}}"
    ))
}

#[test]
fn a_current_librdkafka_authenticates_by_every_mechanism_and_wrong_passwords_and_tokens_do_not() {
    let Some((setup, programs)) = Programs::find("native-authentication") else {
        return;
    };
    let backend = Backend::shared(setup);
    let (key, endpoint) = (Key::new("first"), Endpoint::start());
    endpoint.give(&[&key]);
    let tokens = endpoint.method("kafka").replace("issuer:", "clock_skew: 0s, issuer:");
    let config = Config::new(backend, "native-authentication").with_authentication(&format!("{}, {tokens}", users()));
    let config = programs.with_tls(config);
    let mut scenario = Scenario::with(setup, backend, "native-authentication", &config);
    let short = || key.token_for(8, "kafka", ISSUER);
    programs.write("good-first", key.token("kafka", ISSUER));
    programs.write("bad-issuer", key.token("kafka", "https://elsewhere.example"));
    programs.write("good-short", short());
    let mut started = [0, 1].map(|cluster| programs.start(&config, cluster, "terminated", &[]));
    programs.expect_to_pass(&mut started, short);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the reasons of refusals", |log, _| {
        log.contains("wrong password of the user")
            && log.contains("there is no user")
            && log.contains("expected the issuer")
    });
    assert!(!gateway.log_tail().contains("-secret"));

    gateway.reload(&config.clone().with_session_lifetime("3s").yaml());
    gateway.wait_until("the change", |log, _| log.contains("the configuration was reloaded"));
    let mut started = [programs.start(&config, 0, "renewed", &[])];
    programs.expect_to_pass(&mut started, short);
    let metrics = scenario.gateway.as_ref().unwrap().metrics();
    for mechanism in MECHANISMS {
        assert!(is_renewed(&metrics, mechanism, "terminate"), "{mechanism}: {metrics}");
    }
}

#[test]
fn a_current_librdkafka_passes_through_with_every_mechanism_and_renews_its_sessions() {
    let Some((setup, programs)) = Programs::find("native-passed-through") else {
        return;
    };
    let backend = Backend::with_short_sessions(setup);
    let methods = "{ type: sasl_plain, mediation: passthrough }, \
        { type: sasl_scram, algorithm: sha256, mediation: passthrough }, \
        { type: sasl_scram, algorithm: sha512, mediation: passthrough }, \
        { type: oauth_bearer, mediation: passthrough }";
    // The gateway itself is nobody to these brokers.
    let config = Config::new(backend, "native-passed-through")
        .with_backend_tls(backend.tls_bootstrap(), backend.ca().to_owned())
        .with_authentication(methods);
    let config = programs.with_tls(config);
    let mut scenario = Scenario::with(setup, backend, "native-passed-through", &config);
    let keys = &Issuer::of_brokers().keys;
    let short = || keys.token_of("ann", 10);
    programs.write("good-first", keys.token_of("ann", 3600));
    programs.write("bad-audience", keys.token_for("elsewhere", "ann", 3600));
    programs.write("good-short", short());
    let mut started = [programs.start(&config, 0, "passed", &brokers(backend))];
    programs.expect_to_pass(&mut started, short);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("what the brokers have said", |log, _| {
        log.contains("the broker refuses the client (error 58)")
    });
    let metrics = gateway.metrics();
    for mechanism in MECHANISMS {
        assert!(is_renewed(&metrics, mechanism, "passthrough"), "{mechanism}: {metrics}");
    }
    assert!(!gateway.log_tail().contains("-secret"));
}

#[test]
fn tokens_of_a_current_librdkafka_are_forwarded_and_renew_its_sessions() {
    let Some((setup, programs)) = Programs::find("native-forwarded") else {
        return;
    };
    let (backend, issuer) = (Backend::with_short_sessions(setup), Issuer::of_brokers());
    // For anybody, to the gateway; but not to the brokers.
    let method = format!(
        "{{ type: oauth_bearer, mediation: validate_forward, jwks: {{ endpoint: \"{}\", ca_bundle: {:?} }}, \
           validate: {{ audiences: [] }} }}",
        issuer.url(),
        issuer.ca()
    );
    let config = Config::new(backend, "native-forwarded")
        .with_backend_tls(backend.tls_bootstrap(), backend.ca().to_owned())
        .with_backend_authentication("{ type: sasl_plain, username: keg, password: \"gateway's\" }")
        .with_authentication(&method);
    let config = programs.with_tls(config);
    let mut scenario = Scenario::with(setup, backend, "native-forwarded", &config);
    let short = || issuer.keys.token_of("ann", 10);
    programs.write("good-first", issuer.keys.token_of("ann", 3600));
    programs.write("bad-audience", issuer.keys.token_for("elsewhere", "ann", 3600));
    programs.write("bad-signature", Keys::new().token_of("ann", 3600));
    programs.write("good-short", short());
    let mut started = [programs.start(&config, 0, "forwarded", &brokers(backend))];
    programs.expect_to_pass(&mut started, short);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("who has refused what", |log, _| {
        log.contains("the broker refuses the client (error 58)") && log.contains("the signature is wrong")
    });
    let metrics = gateway.metrics();
    assert!(is_renewed(&metrics, "OAUTHBEARER", "validate_forward"), "{metrics}");
}
