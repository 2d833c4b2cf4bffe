//! Clients that say who they are, before anything of them gets further.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use keg_auth::{Authentication, Credential, Method, ServerSecret, plain};
use keg_devbroker::DevBroker;
use keg_policy::{BrokerAddresses, Chain};
use keg_proxy::{Limits, VirtualCluster};
use tokio::time::Instant;

use crate::support::client::Client;
use crate::support::gateway::{Team, backend, broker};
use crate::support::logs::Logs;
use crate::support::sasl::{handshake, token};
use crate::support::until;

const METADATA: i16 = 12;

/// Ann alone, by PLAIN; and nobody, where `anonymous` says so.
fn ann(anonymous: bool) -> Authentication {
    let users = [("ann", Credential::Password("secret".into()))];
    let principals = plain::Principals::new(ServerSecret::from_bytes(b"test"), users).unwrap();
    let mut methods = vec![Method::Plain(Arc::new(principals))];
    if anonymous {
        methods.push(Method::Anonymous);
    }
    Authentication::new(methods)
}

fn team(broker: &DevBroker, authentication: Authentication, limits: &Limits) -> Team {
    let backend = backend(broker.addresses());
    let chain = Chain::new(vec![Arc::new(BrokerAddresses)]).behind_sasl();
    Team::new(
        &Arc::new(VirtualCluster::new("team", backend, authentication, Arc::new(chain))),
        limits,
    )
}

fn quick() -> Limits {
    Limits {
        authentication_failure_delay: Duration::from_millis(50),
        authentication_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

/// How many partitions `orders` has.
async fn partitions(client: &mut Client) -> usize {
    let name = TopicName(StrBytes::from_static_str("orders"));
    let topics = vec![MetadataRequestTopic::default().with_name(Some(name))];
    let response = client
        .call(METADATA, MetadataRequest::default().with_topics(Some(topics)))
        .await;
    response.topics[0].partitions.len()
}

#[tokio::test]
async fn a_client_that_proves_who_it_is_goes_on_and_may_prove_it_again() {
    let broker = broker().start().await.unwrap();
    let limits = Limits {
        authentication_interval: Duration::ZERO,
        ..Limits::default()
    };
    let team = team(&broker, ann(false), &limits);
    let mut client = team.client().await;
    let versions = client.call(3, ApiVersionsRequest::default()).await;
    let served = |key| {
        versions
            .api_keys
            .iter()
            .find(|api| api.api_key == key)
            .map(|api| api.max_version)
    };
    assert_eq!((served(17), served(36)), (Some(1), Some(2)));
    assert!(served(3).is_some());
    assert_eq!(handshake(&mut client, 1, "PLAIN").await, (0, vec!["PLAIN".to_owned()]));
    let answer = token(&mut client, &b"\0ann\0secret"[..]).await;
    assert_eq!((answer.error_code, answer.error_message), (0, None));
    assert_eq!(partitions(&mut client).await, 3);

    assert_eq!(handshake(&mut client, 1, "PLAIN").await.0, 0);
    assert_eq!(partitions(&mut client).await, 3);
    assert_eq!(token(&mut client, &b"\0ann\0secret"[..]).await.error_code, 0);
    assert_eq!(partitions(&mut client).await, 3);
    // A wrong password is answered as late as that of somebody who isn't known, and the connection ends by itself.
    assert_eq!(handshake(&mut client, 1, "PLAIN").await.0, 0);
    let since = Instant::now();
    assert_eq!(token(&mut client, &b"\0ann\0wrong"[..]).await.error_code, 58);
    assert!(since.elapsed() >= limits.authentication_failure_delay);
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn a_client_authenticates_again_once_a_second_at_most() {
    let broker = broker().start().await.unwrap();
    let team = team(&broker, ann(false), &Limits::default());
    let mut client = team.client().await;
    for _ in 0..2 {
        handshake(&mut client, 1, "PLAIN").await;
        assert_eq!(token(&mut client, &b"\0ann\0secret"[..]).await.error_code, 0);
    }
    assert_eq!(partitions(&mut client).await, 3);
    assert_eq!(handshake(&mut client, 1, "PLAIN").await.0, 34);
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn clients_that_are_not_known_take_no_memory_of_those_that_are() {
    let broker = broker().start().await.unwrap();
    let limits = Limits {
        max_frame_size: 1024 * 1024,
        buffer_budget: 16 * 1024 * 1024,
        ..Limits::default()
    };
    let team = team(&broker, ann(false), &limits);
    // SaslAuthenticate of 512 KiB each, of which nothing else comes.
    let mut strangers = Vec::new();
    for _ in 0..20 {
        let mut stranger = team.client().await;
        stranger.write(b"\0\x08\0\0\0\x24\0\x02").await;
        strangers.push(stranger);
    }
    until("they are read", || team.gateway.buffered_bytes() == 20 * 512 * 1024).await;
    let mut client = team.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(token(&mut client, &b"\0ann\0secret"[..]).await.error_code, 0);
    let names =
        vec![MetadataRequestTopic::default().with_name(Some(TopicName(StrBytes::from_static_str("orders")))); 20_000];
    let request = MetadataRequest::default().with_topics(Some(names));
    assert_eq!(client.call(METADATA, request).await.topics[0].partitions.len(), 3);
}

#[tokio::test]
async fn a_client_that_does_not_is_told_after_a_while_and_nothing_of_it_reaches_a_broker() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let team = team(&broker, ann(false), &quick());
    let mut words = Vec::new();
    for wrong in [&b"\0ann\0wrong"[..], b"\0eve\0secret"] {
        let mut client = team.client().await;
        handshake(&mut client, 1, "PLAIN").await;
        let since = Instant::now();
        let answer = token(&mut client, wrong).await;
        assert!(since.elapsed() >= Duration::from_millis(50));
        assert_eq!(answer.error_code, 58);
        words.push(answer.error_message.unwrap().to_string());
        assert_eq!(client.frame().await, None);
    }
    assert_eq!(words[0], words[1]);
    // Without SASL, by a mechanism that there isn't, and with a token before the mechanism.
    let mut client = team.client().await;
    let request = client.frame_of(METADATA, &MetadataRequest::default());
    client.write(&request).await;
    assert_eq!(client.frame().await, None);
    let mut client = team.client().await;
    assert_eq!(
        handshake(&mut client, 1, "GSSAPI").await,
        (33, vec!["PLAIN".to_owned()])
    );
    assert_eq!(client.frame().await, None);
    let mut client = team.client().await;
    assert_eq!(token(&mut client, &b"\0ann\0secret"[..]).await.error_code, 34);
    assert_eq!(client.frame().await, None);
    team.is_empty().await;
    let lines = logs.take().join("\n");
    for reason in [
        "wrong password of the user \\\"ann\\\"",
        "there is no user \\\"eve\\\"",
        "the client didn't authenticate",
        "the mechanism \\\"GSSAPI\\\" is not offered",
        "out of order",
    ] {
        let found = lines.replace('\\', "").contains(&reason.replace('\\', ""));
        assert!(found, "{reason} in {lines}");
    }
    assert!(!lines.contains("secret"));
}

#[tokio::test]
async fn tokens_without_headers_are_those_of_old_clients() {
    let broker = broker().start().await.unwrap();
    let team = team(&broker, ann(false), &quick());
    let mut client = team.client().await;
    assert_eq!(handshake(&mut client, 0, "PLAIN").await.0, 0);
    client.write(b"\0\0\0\x0b\0ann\0secret").await;
    assert_eq!(client.frame().await, Some(Bytes::new()));
    assert_eq!(partitions(&mut client).await, 3);

    let mut client = team.client().await;
    handshake(&mut client, 0, "PLAIN").await;
    client.write(b"\0\0\0\x0a\0ann\0wrong").await;
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn whoever_need_not_say_who_it_is_goes_on_without() {
    let broker = broker().start().await.unwrap();
    let team = team(&broker, ann(true), &quick());
    let mut client = team.client().await;
    client.call(3, ApiVersionsRequest::default()).await;
    assert_eq!(partitions(&mut client).await, 3);
    let mut client = team.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(token(&mut client, &b"\0ann\0secret"[..]).await.error_code, 0);
    assert_eq!(partitions(&mut client).await, 3);
    // One who has begun with SASL ends with it.
    let mut client = team.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    let request = client.frame_of(METADATA, &MetadataRequest::default());
    client.write(&request).await;
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn a_client_that_is_not_known_gets_little_time_and_little_room() {
    let broker = broker().start().await.unwrap();
    let team = team(&broker, ann(false), &quick());
    let mut silent = team.client().await;
    let mut large = team.client().await;
    // SaslAuthenticate of a megabyte, of which nothing need come.
    large.write(b"\0\x10\0\0\0\x24\0\x02").await;
    assert_eq!(large.frame().await, None);
    let mut asking = team.client().await;
    let request = asking.frame_of(3, &ApiVersionsRequest::default());
    for _ in 0..40 {
        asking.write(&request).await;
    }
    let mut answers = 0;
    while asking.frame().await.is_some() {
        answers += 1;
    }
    assert!(answers <= 32, "{answers}");
    assert_eq!(silent.frame().await, None);
    team.is_empty().await;
}

#[tokio::test]
async fn a_session_ends_when_its_time_or_its_user_does() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let short = ann(false).with_session_lifetime(Duration::from_millis(600));
    let team = team(&broker, short, &Limits::default());
    let mut client = team.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    let answer = token(&mut client, &b"\0ann\0secret"[..]).await;
    assert!(
        (1..=600).contains(&answer.session_lifetime_ms),
        "{}",
        answer.session_lifetime_ms
    );
    assert_eq!(partitions(&mut client).await, 3);
    let lifetime = Duration::from_millis(answer.session_lifetime_ms.try_into().unwrap());
    tokio::time::sleep(lifetime).await;
    let request = client.frame_of(METADATA, &MetadataRequest::default());
    client.write(&request).await;
    assert_eq!(client.frame().await, None);

    team.cluster.replace_authentication(ann(false));
    let mut client = team.client().await;
    handshake(&mut client, 1, "PLAIN").await;
    assert_eq!(token(&mut client, &b"\0ann\0secret"[..]).await.session_lifetime_ms, 0);
    // The same again is no change, and another set of users is.
    team.cluster.replace_authentication(ann(true));
    assert_eq!(partitions(&mut client).await, 3);
    team.cluster
        .replace_authentication(Authentication::new(vec![Method::Anonymous]));
    client.write(&request).await;
    assert_eq!(client.frame().await, None);
    team.is_empty().await;
    let lines = logs.take().join("\n");
    assert!(
        lines.contains("not_admitted") && lines.contains("session_expired"),
        "{lines}"
    );
}
