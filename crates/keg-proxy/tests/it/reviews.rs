//! Clients with tokens, connected while what is asked of tokens changes.

use std::sync::Arc;

use kafka_protocol::messages::MetadataRequest;
use keg_auth::jwt::{Algorithm, KeyStore, Validator};
use keg_auth::{Authentication, Credential, Method, ServerSecret, plain};
use keg_devbroker::DevBroker;
use keg_policy::{BrokerAddresses, Chain};
use keg_proxy::{Limits, VirtualCluster};

use crate::support::client::Client;
use crate::support::gateway::{Team, backend, broker};
use crate::support::issuer::Issuer;
use crate::support::logs::Logs;
use crate::support::sasl::{bearer, handshake, token};
use crate::support::until;

const METADATA: i16 = 12;

const CLAIMS: &str = r#""iss":"https://issuer","aud":"kafka","name":"Ann""#;

/// By tokens, or as bob by PLAIN.
fn authentication(validator: Validator) -> Authentication {
    let users = [("bob", Credential::Password("secret".into()))];
    let bob = plain::Principals::new(ServerSecret::from_bytes(b"test"), users).unwrap();
    let by_token = Method::OAuthBearer {
        validator: Arc::new(validator),
        forward: false,
    };
    Authentication::new(vec![by_token, Method::Plain(Arc::new(bob))])
}

fn team(broker: &DevBroker, validator: Validator) -> Team {
    let chain = Chain::new(vec![Arc::new(BrokerAddresses)]).behind_sasl();
    let cluster = VirtualCluster::new(
        "team",
        backend(broker.addresses()),
        authentication(validator),
        Arc::new(chain),
    );
    Team::new(&Arc::new(cluster), &Limits::default())
}

async fn by_token(team: &Team, shown: &str) -> Client {
    let mut client = team.client().await;
    assert_eq!(handshake(&mut client, 1, "OAUTHBEARER").await.0, 0);
    assert_eq!(token(&mut client, bearer(shown)).await.error_code, 0);
    client
}

/// Bob, whom nothing of it concerns.
async fn by_password(team: &Team) -> Client {
    let mut client = team.client().await;
    assert_eq!(handshake(&mut client, 1, "PLAIN").await.0, 0);
    assert_eq!(token(&mut client, &b"\0bob\0secret"[..]).await.error_code, 0);
    client
}

async fn goes_on(client: &mut Client) {
    let told = client.call(METADATA, MetadataRequest::default()).await;
    assert_eq!(told.brokers.len(), 3);
}

async fn ends(client: &mut Client) {
    let request = client.frame_of(METADATA, &MetadataRequest::default());
    client.write(&request).await;
    assert_eq!(client.frame().await, None);
}

/// The log says why a client could not stay.
async fn tells(logs: &Logs, reason: &str) {
    let mut lines = String::new();
    until(reason, || {
        lines += &logs.take().join("\n");
        lines.contains("not_admitted") && lines.contains(reason)
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_not_good_enough_any_more_ends_with_the_next_request() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let issuer = Issuer::new();
    let store = KeyStore::new(issuer.keys());
    let any = || Validator::new(store.clone());
    let team = team(&broker, any());
    let mut bob = by_password(&team).await;
    let mut stays = by_token(
        &team,
        &issuer.token(r#""iss":"https://other","aud":["more","web"],"name":"ann""#),
    )
    .await;
    for (others, reason) in [
        (any().issuer("https://other"), "expected the issuer"),
        (any().audiences(["web"]), "the audience is none of"),
        (any().principal_claim("name"), "the bearer token is that of"),
    ] {
        team.cluster.replace_authentication(authentication(any()));
        let mut client = by_token(&team, &issuer.token(CLAIMS)).await;
        goes_on(&mut client).await;
        goes_on(&mut stays).await;
        team.cluster.replace_authentication(authentication(others));
        ends(&mut client).await;
        goes_on(&mut stays).await;
        tells(&logs, reason).await;
    }
    let es256 = any().algorithms([Algorithm::Es256]);
    team.cluster.replace_authentication(authentication(es256));
    ends(&mut stays).await;
    goes_on(&mut bob).await;
}

#[tokio::test]
async fn a_key_that_is_taken_away_ends_the_sessions_of_its_tokens_and_no_others() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let store = KeyStore::new(issuer.keys());
    let team = team(&broker, Validator::new(store.clone()));
    let mut bob = by_password(&team).await;
    let mut client = by_token(&team, &issuer.token(CLAIMS)).await;
    goes_on(&mut client).await;
    // Fetched once more, and the same.
    store.replace(issuer.keys());
    goes_on(&mut client).await;
    store.replace(other.keys());
    ends(&mut client).await;
    let mut client = by_token(&team, &other.token(CLAIMS)).await;
    goes_on(&mut client).await;
    goes_on(&mut bob).await;
    tells(&logs, "the signature is wrong").await;

    // Another endpoint, of which nothing has come yet.
    let elsewhere = KeyStore::default();
    team.cluster
        .replace_authentication(authentication(Validator::new(elsewhere.clone())));
    goes_on(&mut client).await;
    elsewhere.replace(issuer.keys());
    ends(&mut client).await;
    goes_on(&mut bob).await;
}

#[tokio::test]
async fn what_changes_while_a_client_says_who_it_is_counts_from_its_first_request_on() {
    let broker = broker().start().await.unwrap();
    let issuer = Issuer::new();
    let any = || Validator::new(KeyStore::new(issuer.keys()));
    let team = team(&broker, any());
    let mut client = team.client().await;
    assert_eq!(handshake(&mut client, 1, "OAUTHBEARER").await.0, 0);
    let mut again = by_token(&team, &issuer.token(CLAIMS)).await;
    goes_on(&mut again).await;
    team.cluster
        .replace_authentication(authentication(any().issuer("https://other")));
    // It has begun by what was configured then.
    assert_eq!(token(&mut client, bearer(&issuer.token(CLAIMS))).await.error_code, 0);
    ends(&mut client).await;
    ends(&mut again).await;
}
