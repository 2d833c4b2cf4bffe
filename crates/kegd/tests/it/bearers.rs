//! Clients with tokens: what signs these, what happens when they end, and a flood of bad ones.

use std::fs;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keg_codec::{Api, ApiKey};

use crate::ask::say;
use crate::backend::Backend;
use crate::gateway::{Config, get};
use crate::java::expect_checks_to_pass;
use crate::process::Process;
use crate::runs::Rig;
use crate::sasl::{self, told};
use crate::scenario::{Scenario, direct, setup_or_skip};
use crate::signers::{ALGORITHMS, ISSUER, Signer, claims};
use crate::tokens::Endpoint;

const TIME: Duration = Duration::from_secs(120);

/// How soon after an attempt the keys are fetched again, at the earliest.
const BETWEEN: Duration = Duration::from_secs(10);

fn method(jwks: &str) -> String {
    format!(
        "{{ type: oauth_bearer, mediation: terminate, jwks: {{ {jwks} }}, \
           validate: {{ clock_skew: 0s, issuer: \"{ISSUER}\", audiences: [{{ name: kafka }}] }} }}"
    )
}

#[test]
fn tokens_of_every_common_algorithm_are_checked_by_keys_in_a_file_that_may_change() {
    let Some(setup) = setup_or_skip("algorithms") else {
        return;
    };
    if direct() {
        return; // The brokers know nobody's keys.
    }
    let backend = Backend::shared(setup);
    let keys = setup.dir("algorithms-keys").join("jwks.json");
    let (signer, other) = (Signer::new(), Signer::new());
    fs::write(&keys, signer.jwks().to_string()).unwrap();
    let by_file = method(&format!("keys: \"${{file['{}']}}\"", keys.display()));
    let config = Config::new(backend, "algorithms").with_authentication(&by_file);
    let mut scenario = Scenario::with(setup, backend, "algorithms", &config);
    let mut names = Vec::new();
    let mut write = |name: String, token: &str| {
        fs::write(scenario.dir.join(&name), token).unwrap();
        names.push(name);
    };
    for algorithm in ALGORITHMS {
        write(format!("good-{algorithm}"), &signer.token(algorithm, 3600));
        write(format!("bad-forged-{algorithm}"), &other.token(algorithm, 3600));
    }
    write(
        "bad-key-of-another-kind".to_owned(),
        &signer.token_by("ES256", "rsa", "ann", 3600),
    );
    write("bad-curve".to_owned(), &signer.token_by("ES256", "p384", "ann", 3600));
    check(&scenario, &names);

    let mut left = signer.jwks();
    left["keys"].as_array_mut().unwrap().retain(|key| key["kid"] != "rsa");
    fs::write(&keys, left.to_string()).unwrap();
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the change", |log, _| log.contains("the configuration was reloaded"));
    fs::rename(scenario.dir.join("good-RS256"), scenario.dir.join("bad-RS256")).unwrap();
    check(&scenario, &["bad-RS256", "good-ES256", "good-ES384"].map(str::to_owned));
}

/// Has Java clients show the tokens in these files: those that begin with good are taken, and no others.
fn check(scenario: &Scenario, names: &[String]) {
    let args: Vec<_> = ["tokens"].into_iter().chain(names.iter().map(String::as_str)).collect();
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &args), TIME);
}

/// A gateway before a broker in memory, whose clients need a token.
struct Gateway {
    rig: Rig,
    kegd: Process,
}

impl Gateway {
    fn start(name: &str, jwks: &str) -> Self {
        let rig = Rig::new(name);
        let kegd = rig.run_file(&text(&rig, &method(jwks)));
        Self { rig, kegd }
    }

    /// Another method, once as many reloads have been.
    fn reload(&mut self, method: &str, reloads: usize) {
        fs::write(self.rig.dir.join("keg.yaml"), text(&self.rig, method)).unwrap();
        self.kegd.wait_until("the change", TIME, |log| {
            log.matches("the configuration was reloaded").count() == reloads
        });
    }
}

fn text(rig: &Rig, method: &str) -> String {
    let anonymous = "authentication: [{ type: anonymous }]";
    let rest = rig.rest().replace(anonymous, &format!("authentication: [{method}]"));
    rig.backends() + &rest
}

/// Sends a bearer token, and doesn't wait for what comes of it.
fn show(client: &mut TcpStream, token: &str) {
    assert_eq!(sasl::handshake(client, "OAUTHBEARER"), 0);
    sasl::show(client, format!("n,,\x01auth=Bearer {token}\x01\x01").as_bytes());
}

/// A client that is authenticated, and for how long.
fn authenticated(gateway: &Gateway, token: &str) -> (TcpStream, Duration) {
    let mut client = gateway.rig.client();
    show(&mut client, token);
    let told = told(&mut client);
    assert_eq!((told.error, &*told.token), (0, ""));
    (client, told.lifetime)
}

/// A request that every authenticated client may send.
fn go_on(client: &mut TcpStream) -> io::Result<()> {
    say(client, Api::of(ApiKey::DESCRIBE_CLUSTER).unwrap(), 0, b"\0\0").map(drop)
}

#[test]
fn a_session_ends_with_its_token_unless_the_client_shows_a_newer_one() {
    let signer = Signer::new();
    let mut gateway = Gateway::start("ends", &format!("keys: '{}'", signer.jwks()));
    let broker = gateway.rig.broker();
    gateway.rig.until_ready(&mut gateway.kegd);
    let mut late = gateway.rig.client();
    show(&mut late, &signer.token("ES256", 0));
    assert!(told(&mut late).token.contains("invalid_token"));

    let brief = Duration::from_secs(8);
    let token = signer.token("ES256", brief.as_secs());
    let (mut stays, _) = authenticated(&gateway, &token);
    let (mut ends, lifetime) = authenticated(&gateway, &token);
    assert!(lifetime > Duration::ZERO && lifetime <= brief, "{lifetime:?}");
    go_on(&mut stays).unwrap();
    go_on(&mut ends).unwrap();
    show(&mut stays, &signer.token("RS512", 3600));
    let renewed = told(&mut stays);
    assert!(renewed.error == 0 && renewed.lifetime > brief, "{:?}", renewed.lifetime);

    let (mut other, _) = authenticated(&gateway, &token);
    show(&mut other, &signer.token_by("ES256", "p256", "bob", 3600));
    assert_eq!(told(&mut other).error, 58, "a connection doesn't change hands");
    assert_eq!(go_on(&mut other).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);

    thread::sleep(lifetime);
    assert_eq!(go_on(&mut ends).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    go_on(&mut stays).unwrap();
    let health = gateway.rig.health;
    gateway.kegd.wait_until("the reason", TIME, |log| {
        let counted = "kong_keg_kafka_connection_errors_total{listener=\"team\",kind=\"session_expired\"} 1";
        log.contains("the session of User:ann is over") && get(health, "/metrics").unwrap().1.contains(counted)
    });
    gateway.kegd.terminate(TIME);
    drop(broker);
}

#[test]
fn what_is_asked_of_tokens_changes_for_open_connections_with_their_next_request() {
    let signer = Signer::new();
    let endpoint = Endpoint::start();
    let given = signer.jwks();
    endpoint.answer(move |_| given.clone());
    let jwks = format!(
        "endpoint: \"https://localhost:{}/keys\", cache_expiration: 1s, ca_bundle: {:?}",
        endpoint.port, endpoint.ca
    );
    let mut gateway = Gateway::start("asked", &jwks);
    let broker = gateway.rig.broker();
    gateway.rig.until_ready(&mut gateway.kegd);
    // Each change is about one of the clients.
    let mut claims = claims("ann", "kafka", 3600);
    claims["aud"] = serde_json::json!(["kafka", "more"]);
    claims["login"] = "ann".into();
    let by = |algorithm, kid| authenticated(&gateway, &signer.sign(algorithm, kid, &claims)).0;
    let (mut stays, mut by_rsa) = (by("ES256", "p256"), by("RS256", "rsa"));
    let (mut of_one, mut login) = (
        authenticated(&gateway, &signer.token("ES384", 3600)).0,
        by("ES384", "p384"),
    );
    for client in [&mut stays, &mut by_rsa, &mut of_one, &mut login] {
        go_on(client).unwrap();
    }
    let is_over = |client: &mut TcpStream| go_on(client).unwrap_err().kind() == io::ErrorKind::UnexpectedEof;

    let asked = method(&jwks);
    let more = asked.replace("name: kafka", "name: more");
    gateway.reload(&more, 1);
    assert!(is_over(&mut of_one));
    gateway.reload(
        &more.replace("validate:", "claims_mapping: { sub: login }, validate:"),
        2,
    );
    for client in [&mut stays, &mut by_rsa, &mut login] {
        go_on(client).unwrap();
    }
    let elliptic = more.replace("clock_skew", "algorithms: [ES256, ES384], clock_skew");
    gateway.reload(&elliptic, 3);
    assert!(is_over(&mut by_rsa));
    go_on(&mut login).unwrap();

    // One key is withdrawn, and nothing is reloaded.
    let mut left = signer.jwks();
    left["keys"].as_array_mut().unwrap().retain(|key| key["kid"] != "p384");
    let count = Arc::<AtomicUsize>::default();
    let fetched = Arc::clone(&count);
    endpoint.answer(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        left.clone()
    });
    // The second time, what came the first time has been taken.
    gateway
        .kegd
        .wait_until("other keys", TIME, |_| fetched.load(Ordering::Relaxed) == 2);
    assert!(is_over(&mut login));
    go_on(&mut stays).unwrap();
    // What can't be fetched withdraws nothing.
    endpoint.fail();
    gateway.kegd.wait_until("an endpoint that is down", TIME, |log| {
        log.contains("those that were fetched before stay in use")
    });
    go_on(&mut stays).unwrap();
    gateway.reload(&elliptic.replace(ISSUER, "https://elsewhere.example"), 4);
    assert!(is_over(&mut stays));
    let health = gateway.rig.health;
    gateway.kegd.wait_until("the reasons", TIME, |log| {
        let counted = "kong_keg_kafka_connection_errors_total{listener=\"team\",kind=\"not_admitted\"} 4";
        let reasons = [
            "the audience is none of",
            "which is not allowed",
            "a key that is not known",
            "expected the issuer",
        ];
        reasons.iter().all(|it| log.contains(it)) && get(health, "/metrics").unwrap().1.contains(counted)
    });
    gateway.kegd.terminate(TIME);
    drop(broker);
}

#[test]
fn a_flood_of_unknown_keys_reaches_the_endpoint_at_the_bounded_rate_and_others_authenticate() {
    const FLOOD: usize = 60;
    let signer = Signer::new();
    let endpoint = Endpoint::start();
    let fetches = Arc::<AtomicUsize>::default();
    let (jwks, count) = (signer.jwks(), Arc::clone(&fetches));
    endpoint.answer(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        jwks.clone()
    });
    let began = Instant::now();
    let (port, ca) = (endpoint.port, &endpoint.ca);
    let jwks = format!("endpoint: \"https://localhost:{port}/keys\", cache_expiration: 1h, ca_bundle: {ca:?}");
    let mut gateway = Gateway::start("flood", &jwks);
    let broker = gateway.rig.broker();
    gateway.rig.until_ready(&mut gateway.kegd);
    authenticated(&gateway, &signer.token("ES256", 3600));

    for round in 1..=2 {
        let before = fetches.load(Ordering::Relaxed);
        let mut flood: Vec<_> = (0..FLOOD).map(|_| gateway.rig.client()).collect();
        for (number, client) in flood.iter_mut().enumerate() {
            let kid = format!("made-up-{round}-{number}");
            show(client, &signer.token_by("ES256", &kid, "ann", 3600));
        }
        // Whose key is known doesn't wait for others' keys.
        let (mut client, _) = authenticated(&gateway, &signer.token("ES384", 3600));
        go_on(&mut client).unwrap();
        let may_be = 1 + began.elapsed().as_secs() / BETWEEN.as_secs();
        let fetched = fetches.load(Ordering::Relaxed);
        assert!(fetched as u64 <= may_be, "{fetched} in {:?}", began.elapsed());
        if round == 1 {
            for client in &mut flood {
                assert!(told(client).token.contains("invalid_token"));
            }
            assert!(
                fetches.load(Ordering::Relaxed) > before,
                "the endpoint was asked for them"
            );
        }
    }
    gateway.kegd.terminate(TIME);
    drop(broker);
}
