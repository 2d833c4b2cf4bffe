//! Clients whose sessions end: those that authenticate again, and those that don't.

use std::io;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use keg_codec::{Api, ApiKey};

use crate::ask::{connect, say};
use crate::backend::Backend;
use crate::gateway::Config;
use crate::java::expect_checks_to_pass;
use crate::sasl::plain;
use crate::scenario::{Scenario, direct, setup_or_skip};

const TIME: Duration = Duration::from_secs(120);

const ANN: &str = "mediation: terminate, principals: [{ username: ann, password: ann-secret }]";

const MECHANISMS: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

fn methods() -> String {
    format!(
        "{{ type: sasl_plain, {ANN} }}, {{ type: sasl_scram, algorithm: sha256, {ANN} }}, \
         {{ type: sasl_scram, algorithm: sha512, {ANN} }}"
    )
}

/// A client that doesn't know of KIP-368, and for how long it was told that it may stay.
fn oblivious(address: &str) -> (TcpStream, Duration) {
    let mut client = connect(address).unwrap();
    let told = plain(&mut client, "ann", "ann-secret");
    assert_eq!(told.error, 0);
    (client, told.lifetime)
}

/// A request that every authenticated client may send.
fn go_on(client: &mut TcpStream) -> io::Result<()> {
    say(client, Api::of(ApiKey::LIST_GROUPS).unwrap(), 0, b"").map(drop)
}

#[test]
fn sessions_of_every_mechanism_end_and_java_clients_renew_them_without_a_break() {
    let Some(setup) = setup_or_skip("sessions") else {
        return;
    };
    if direct() {
        return; // The brokers have no such users.
    }
    let backend = Backend::shared(setup);
    let config = Config::new(backend, "sessions").with_authentication(&methods());
    let mut scenario = Scenario::with(setup, backend, "sessions", &config);
    let address = config.bootstrap(0);
    let (mut unlimited, lifetime) = oblivious(&address);
    assert_eq!(lifetime, Duration::ZERO);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.reload(&config.clone().with_session_lifetime("10s").yaml());
    gateway.wait_until("the change", |log, _| log.contains("the configuration was reloaded"));
    let (mut client, lifetime) = oblivious(&address);
    assert!(
        lifetime > Duration::ZERO && lifetime <= Duration::from_secs(10),
        "{lifetime:?}"
    );
    let end = Instant::now() + lifetime;
    go_on(&mut client).unwrap();

    expect_checks_to_pass(&mut scenario.start_java("keg.Sessions", &MECHANISMS), TIME);
    let expired = "kong_keg_kafka_connection_errors_total{listener=\"team-a\",kind=\"session_expired\"}";
    let metrics = scenario.gateway.as_ref().unwrap().metrics();
    assert!(!metrics.contains(expired), "{metrics}");

    let renewed = "auth_mediation=\"terminate\",reauthentication=\"true\",result=\"success\"}";
    let measured = MECHANISMS.map(|it| format!("auth_mechanism=\"{it}\",{renewed}"));
    assert!(measured.iter().all(|it| metrics.contains(it)), "{metrics}");

    thread::sleep(end.saturating_duration_since(Instant::now()));
    assert_eq!(go_on(&mut client).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the reason", |log, metrics| {
        log.contains("the session of User:ann is over") && metrics.contains(&format!("{expired} 1"))
    });
    go_on(&mut unlimited).unwrap();
}
