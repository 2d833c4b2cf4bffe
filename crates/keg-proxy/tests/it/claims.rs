//! Clients of which policies know what their tokens claim.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{MetadataRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use keg_auth::jwt::{KeyStore, Validator};
use keg_auth::{Authentication, Method};
use keg_policy::{
    AclAction, AclCondition, AclNames, AclPolicy, AclRule, Acls, BlockApis, BrokerAddresses, Chain, Claim, Condition,
    Connection, ExpressionFailed, NamePattern, Operations, ResourceType,
};
use keg_proxy::{Limits, VirtualCluster};

use crate::support::client::Client;
use crate::support::gateway::{Team, backend, broker};
use crate::support::issuer::Issuer;
use crate::support::sasl::{bearer, handshake, token};

const METADATA: i16 = 12;
const TOPIC_AUTHORIZATION_FAILED: i16 = 29;

/// Holds of clients whose token claims that they are readers.
#[derive(Debug)]
struct Reader;

impl AclCondition for Reader {
    fn holds(&self, connection: &Connection) -> Result<bool, ExpressionFailed> {
        let identity = connection.identity();
        assert_eq!(
            (identity.method, &*connection.certificate_subject),
            ("sasl_oauth_bearer", "")
        );
        match identity.claims.get("reader") {
            Some(Claim::Bool(reader)) => Ok(*reader),
            other => Err(ExpressionFailed(format!("{other:?}"))),
        }
    }
}

/// Holds of clients that have no scope `metadata`.
#[derive(Debug)]
struct OutOfScope;

impl Condition for OutOfScope {
    fn holds(&self, connection: &Connection) -> bool {
        !connection.identity().scopes.iter().any(|scope| scope == "metadata")
    }

    fn identity(&self) -> &str {
        "out of scope"
    }
}

/// Authenticates, perhaps again.
async fn authenticate(client: &mut Client, claims: &str) {
    assert_eq!(handshake(client, 1, "OAUTHBEARER").await.0, 0);
    let answer = token(client, bearer(claims)).await;
    assert_eq!((answer.error_code, answer.error_message), (0, None));
}

/// The error of `orders`, or that of all.
async fn error(client: &mut Client) -> i16 {
    let name = TopicName(StrBytes::from_static_str("orders"));
    let topics = vec![MetadataRequestTopic::default().with_name(Some(name))];
    let request = MetadataRequest::default().with_topics(Some(topics));
    client.call(METADATA, request).await.topics[0].error_code
}

/// By tokens whose scopes are in this claim.
fn scopes_in(issuer: &Issuer, claim: &str) -> Authentication {
    let validator = Validator::new(KeyStore::new(issuer.keys())).scope_claim(claim);
    Authentication::new(vec![Method::OAuthBearer {
        validator: Arc::new(validator),
        forward: false,
    }])
}

/// Metadata is for the scope of that name.
fn scoped() -> Arc<BlockApis> {
    let blocks = BlockApis::new("scoped", vec![keg_codec::ApiKey::METADATA]);
    Arc::new(blocks.with_condition(Arc::new(OutOfScope)))
}

#[tokio::test]
async fn the_next_request_is_judged_by_what_a_new_token_claims() {
    let issuer = Issuer::new();
    let acls = Acls::new(vec![AclPolicy {
        name: "readers".into(),
        condition: Some(Arc::new(Reader)),
        rules: vec![AclRule {
            resource_type: ResourceType::Topic,
            action: AclAction::Allow,
            operations: Operations::ALL,
            names: AclNames::Patterns(vec![NamePattern::new("*").unwrap()]),
        }],
    }]);
    let chain = Chain::new(vec![scoped(), Arc::new(acls), Arc::new(BrokerAddresses)]).behind_sasl();
    let broker = broker().start().await.unwrap();
    let authentication = scopes_in(&issuer, "permissions");
    let cluster = VirtualCluster::new("team", backend(broker.addresses()), authentication, Arc::new(chain));
    let limits = Limits {
        authentication_interval: Duration::ZERO,
        ..Limits::default()
    };
    let team = Team::new(&Arc::new(cluster), &limits);

    let mut client = team.client().await;
    for (claims, expected) in [
        (r#""reader":true,"permissions":"metadata other""#, 0),
        (r#""reader":false,"permissions":"metadata""#, TOPIC_AUTHORIZATION_FAILED),
        (r#""reader":true,"permissions":["metadata"]"#, 0),
        (r#""permissions":"metadata""#, TOPIC_AUTHORIZATION_FAILED),
        (r#""reader":true,"permissions":"metadata""#, 0),
    ] {
        authenticate(&mut client, &issuer.token(claims)).await;
        assert_eq!(error(&mut client).await, expected, "{claims}");
        assert_eq!(error(&mut client).await, expected, "{claims}");
    }
    // Without the scope the API itself is refused.
    authenticate(&mut client, &issuer.token(r#""reader":true,"scope":"metadata""#)).await;
    let refused = error(&mut client).await;
    assert!(![0, TOPIC_AUTHORIZATION_FAILED].contains(&refused), "{refused}");
}

#[tokio::test]
async fn another_claim_for_scopes_counts_on_open_connections_from_the_next_request_on() {
    let issuer = Issuer::new();
    let chain = Chain::new(vec![scoped(), Arc::new(BrokerAddresses)]).behind_sasl();
    let broker = broker().start().await.unwrap();
    let authentication = scopes_in(&issuer, "permissions");
    let cluster = VirtualCluster::new("team", backend(broker.addresses()), authentication, Arc::new(chain));
    let team = Team::new(&Arc::new(cluster), &Limits::default());
    let mut client = team.client().await;
    authenticate(
        &mut client,
        &issuer.token(r#""permissions":"metadata","rights":"other""#),
    )
    .await;
    assert_eq!(error(&mut client).await, 0);
    team.cluster.replace_authentication(scopes_in(&issuer, "rights"));
    assert_ne!(error(&mut client).await, 0);
    team.cluster.replace_authentication(scopes_in(&issuer, "permissions"));
    assert_eq!(error(&mut client).await, 0);
}
