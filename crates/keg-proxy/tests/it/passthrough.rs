//! Clients of which the broker decides who they are.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::{SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::StrBytes;
use keg_auth::jwt::{KeyStore, Validator};
use keg_auth::{Authentication, Mechanism, Method};
use keg_proxy::{Backend, Limits, VirtualCluster};
use tokio::time::sleep;

use crate::support::gateway::{Team, chain, settings};
use crate::support::issuer::Issuer;
use crate::support::logs::Logs;
use crate::support::sasl::{Broker, LIFETIME, bearer, handshake, heartbeat, keep_busy, token};

fn passed(mechanism: Mechanism) -> Method {
    Method::Passthrough { mechanism }
}

async fn start(methods: Vec<Method>) -> (Broker, Team) {
    let broker = Broker::start().await;
    let backend = Arc::new(Backend::new(settings(&[broker.address], None)));
    let authentication = Authentication::new(methods);
    let cluster = VirtualCluster::new("team", backend, authentication, chain(Vec::new()));
    let limits = Limits {
        authentication_failure_delay: Duration::from_millis(50),
        authentication_interval: Duration::ZERO,
        ..Limits::default()
    };
    (broker, Team::new(&Arc::new(cluster), &limits))
}

#[tokio::test]
async fn the_broker_says_who_a_client_is_and_for_how_long() {
    let (broker, team) = start(vec![passed(Mechanism::Plain)]).await;
    let mut client = team.client().await;
    assert_eq!(handshake(&mut client, 1, "PLAIN").await, (0, vec!["PLAIN".to_owned()]));
    let answer = token(&mut client, &b"\0ann\0secret"[..]).await;
    assert_eq!((answer.error_code, answer.error_message), (0, None));
    let lifetime = LIFETIME.as_millis() as i64;
    assert!(
        (1..=lifetime).contains(&answer.session_lifetime_ms),
        "{}",
        answer.session_lifetime_ms
    );
    keep_busy(&mut client, LIFETIME / 4).await.expect("it is ann");
    // One connection to the broker, on which the client itself has said who it is.
    assert!(matches!(*broker.clients(), [(_, 1)]), "{:?}", broker.clients());
    assert_eq!(broker.handshakes(), 1);

    sleep(LIFETIME).await;
    client.send(4, &heartbeat()).await;
    assert_eq!(client.frame().await, None, "its session is over");
}

#[tokio::test]
async fn a_client_authenticates_again_to_the_broker_among_its_other_requests() {
    let (broker, team) = start(vec![passed(Mechanism::Plain)]).await;
    let mut client = team.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(token(&mut client, &b"\0ann\0secret"[..]).await.error_code, 0);
    for _ in 0..4 {
        keep_busy(&mut client, LIFETIME / 2).await.expect("it is ann");
        // What was sent before is answered before; and what comes between is held.
        let before = client.send(4, &heartbeat()).await;
        let mechanism = StrBytes::from_static_str("PLAIN");
        let request = SaslHandshakeRequest::default().with_mechanism(mechanism);
        let asked = client.send(1, &request).await;
        let request = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from_static(b"\0ann\0secret"));
        for id in [before, asked] {
            assert_eq!(client.frame().await.unwrap()[..4], id.to_be_bytes());
        }
        let ids = [client.send(2, &request).await, client.send(4, &heartbeat()).await];
        for id in ids {
            assert_eq!(client.frame().await.unwrap()[..4], id.to_be_bytes());
        }
    }
    assert!(matches!(*broker.clients(), [(_, 5)]), "{:?}", broker.clients());

    // As somebody else it goes no further.
    assert_eq!(handshake(&mut client, 1, "PLAIN").await.0, 0);
    assert_eq!(token(&mut client, &b"\0keg\0secret"[..]).await.error_code, 58);
    client.send(4, &heartbeat()).await;
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn a_client_that_the_broker_refuses_is_told_what_the_broker_says() {
    let logs = Logs::capture();
    let (_, team) = start(vec![
        passed(Mechanism::Plain),
        passed(Mechanism::ScramSha256),
        passed(Mechanism::OAuthBearer),
    ])
    .await;
    let mut client = team.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    let answer = token(&mut client, &b"\0ann\0wrong-secret"[..]).await;
    let words = answer.error_message.map(|it| it.to_string());
    assert_eq!((answer.error_code, words.as_deref()), (58, Some("who are you")));
    assert_eq!(client.frame().await, None);
    // Again, on an open connection.
    let mut client = team.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(token(&mut client, &b"\0ann\0secret"[..]).await.error_code, 0);
    handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(token(&mut client, &b"\0ann\0wrong-secret"[..]).await.error_code, 58);
    assert_eq!(client.frame().await, None);
    // By a mechanism that the broker doesn't have: those that it has are named, of those that may be used.
    let mut client = team.client().await;
    let both = ["PLAIN", "OAUTHBEARER"].map(str::to_owned).to_vec();
    assert_eq!(handshake(&mut client, 1, "SCRAM-SHA-256").await, (33, both));
    assert_eq!(client.frame().await, None);
    // Tokens without headers.
    let mut client = team.client().await;
    assert_eq!(handshake(&mut client, 0, "PLAIN").await.0, 0);
    client.write(b"\0\0\0\x0b\0ann\0secret").await;
    assert_eq!(client.frame().await, Some(Bytes::new()));
    keep_busy(&mut client, Duration::from_millis(1))
        .await
        .expect("it is ann");
    drop(client);
    team.is_empty().await;
    let lines = logs.take().join("\n");
    assert!(lines.contains("who are you"), "{lines}");
    assert!(!lines.contains("secret"), "{lines}");
}

#[tokio::test]
async fn a_token_that_is_good_to_the_gateway_has_to_be_good_to_the_broker_too() {
    let issuer = Issuer::new();
    let validator = Arc::new(Validator::new(KeyStore::new(issuer.keys())));
    let (broker, team) = start(vec![Method::OAuthBearer {
        validator,
        forward: true,
    }])
    .await;
    let good = issuer.token(r#""scope":"kafka""#);
    let mut client = team.client().await;
    assert_eq!(handshake(&mut client, 1, "OAUTHBEARER").await.0, 0);
    assert_eq!(broker.handshakes(), 0, "it is not bothered yet");
    let answer = token(&mut client, bearer(&good)).await;
    assert_eq!((answer.error_code, answer.error_message), (0, None));
    // The shorter of the token's time and the broker's.
    let lifetime = LIFETIME.as_millis() as i64;
    assert!((1..=lifetime).contains(&answer.session_lifetime_ms));
    for _ in 0..3 {
        keep_busy(&mut client, LIFETIME / 2).await.expect("it is ann");
        let before = client.send(4, &heartbeat()).await;
        assert_eq!(client.frame().await.unwrap()[..4], before.to_be_bytes());
        assert_eq!(handshake(&mut client, 1, "OAUTHBEARER").await.0, 0);
        assert_eq!(token(&mut client, bearer(&good)).await.error_code, 0);
    }
    assert!(matches!(*broker.clients(), [(_, 4)]), "{:?}", broker.clients());

    // What the gateway refuses doesn't reach the broker.
    let asked = broker.handshakes();
    let mut client = team.client().await;
    handshake(&mut client, 1, "OAUTHBEARER").await;
    let answer = token(&mut client, bearer(&Issuer::new().token(r#""scope":"kafka""#))).await;
    assert!(answer.auth_bytes.starts_with(b"{"), "{answer:?}");
    assert_eq!(token(&mut client, &b"\x01"[..]).await.error_code, 58);
    assert_eq!(broker.handshakes(), asked);
}

#[tokio::test]
async fn a_broker_that_is_gone_is_not_the_fault_of_a_client() {
    let logs = Logs::capture();
    let broker = Broker::start().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = listener.local_addr().unwrap();
    drop(listener);
    let backend = Arc::new(Backend::new(settings(&[gone], None)));
    let authentication = Authentication::new(vec![passed(Mechanism::Plain)]);
    let cluster = VirtualCluster::new("team", backend, authentication, chain(Vec::new()));
    let team = Team::new(&Arc::new(cluster), &Limits::default());
    let mut client = team.client().await;
    let request = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str("PLAIN"));
    client.send(1, &request).await;
    assert_eq!(client.frame().await, None, "it comes back, as nobody has refused it");
    team.is_empty().await;
    let lines = logs.take().join("\n");
    assert!(lines.contains("no connection to"), "{lines}");
    drop(broker);
}
