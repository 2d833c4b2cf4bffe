//! Sessions towards brokers, which the gateway renews by itself (KIP-368).

use std::sync::Arc;
use std::time::Duration;

use keg_proxy::{Backend, Credentials, Limits, TokenFeed};
use tokio::time::{Instant, sleep};

use crate::support::client::Client;
use crate::support::gateway::{Team, cluster, settings};
use crate::support::logs::Logs;
use crate::support::sasl::{Broker, LIFETIME, heartbeat, keep_busy};
use crate::support::until;

fn plain(username: &str, password: &str) -> Option<Arc<Credentials>> {
    let (username, password) = (username.to_owned(), password.into());
    Some(Arc::new(Credentials::Plain { username, password }))
}

async fn start() -> (Broker, Arc<Backend>, Team, Client) {
    let broker = Broker::start().await;
    let backend = Arc::new(Backend::new(settings(&[broker.address], None)));
    backend.settings().credentials.store(plain("keg", "secret"));
    let team = Team::new(&cluster("team", &backend, Vec::new()), &Limits::default());
    let client = team.client().await;
    (broker, backend, team, client)
}

#[tokio::test]
async fn a_session_is_renewed_between_requests_and_the_client_notices_nothing() {
    let logs = Logs::capture();
    let (broker, backend, _team, mut client) = start().await;
    let answered = keep_busy(&mut client, LIFETIME * 3).await.expect("one connection");
    let clients = broker.clients();
    assert!(
        matches!(*clients, [(heartbeats, 3..)] if heartbeats == answered),
        "{clients:?}"
    );
    // Whoever says nothing for long is not left behind.
    sleep(LIFETIME + LIFETIME / 2).await;
    keep_busy(&mut client, Duration::from_millis(1))
        .await
        .expect("the same connection");
    assert!(matches!(*broker.clients(), [(_, 4..)]), "{:?}", broker.clients());
    assert!(backend.is_reachable() && !backend.refuses_credentials());
    assert_eq!(logs.take(), [""; 0]);
}

#[tokio::test]
async fn a_session_is_renewed_by_the_credentials_of_now_and_ends_if_they_are_wrong() {
    let logs = Logs::capture();
    let (broker, backend, team, mut client) = start().await;
    keep_busy(&mut client, LIFETIME / 4).await.expect("the right password");
    backend.settings().credentials.store(plain("keg", "wrong-secret"));
    keep_busy(&mut client, LIFETIME * 3)
        .await
        .expect_err("the wrong password");
    assert_eq!(broker.clients().len(), 1);
    assert!(backend.refuses_credentials() && backend.is_reachable());
    for _ in 0..3 {
        let mut another = team.client().await;
        another.send(4, &heartbeat()).await;
        assert_eq!(another.frame().await, None);
    }
    let lines = logs.take();
    let [line] = &*lines else {
        panic!("one line for all of them: {lines:?}");
    };
    for words in [
        "do not take the credentials of the gateway",
        "who are you",
        "PLAIN",
        "main",
        "reload",
    ] {
        assert!(line.contains(words), "{words}: {line}");
    }
    assert!(!line.contains("secret"), "{line}");

    backend.settings().credentials.store(plain("keg", "secret"));
    let mut another = team.client().await;
    keep_busy(&mut another, Duration::from_millis(1))
        .await
        .expect("the right password");
    until("brokers take them again", || !backend.refuses_credentials()).await;
}

#[tokio::test]
async fn a_session_of_another_user_is_finished_and_not_renewed() {
    let logs = Logs::capture();
    let (broker, backend, team, mut client) = start().await;
    keep_busy(&mut client, LIFETIME / 4).await.expect("the right password");
    backend.settings().credentials.store(plain("another", "secret"));
    // What was asked is answered, and then the connection ends.
    keep_busy(&mut client, LIFETIME * 3).await.expect_err("another user");
    assert!(matches!(*broker.clients(), [(_, 1)]), "{:?}", broker.clients());
    drop(client);
    until("the connection is gone", || team.gateway.open_connections() == 0).await;
    assert!(!backend.refuses_credentials(), "nobody has tried them");
    assert_eq!(logs.take(), [""; 0]);
}

fn by_tokens(broker: &Broker, feed: &TokenFeed, connect_timeout: Duration) -> Arc<Backend> {
    let mut settings = settings(&[broker.address], None);
    settings.connect_timeout = connect_timeout;
    let (client, tokens) = ("keg".to_owned(), feed.tokens());
    let credentials = Arc::new(Credentials::OAuthBearer { client, tokens });
    settings.credentials.store(Some(credentials));
    Arc::new(Backend::new(settings))
}

/// A gateway with tokens for a broker, and a client of it.
async fn start_with_tokens() -> (Broker, Arc<Backend>, Team, Client, TokenFeed) {
    let (broker, feed) = (Broker::start().await, TokenFeed::default());
    let backend = by_tokens(&broker, &feed, Duration::from_secs(10));
    let team = Team::new(&cluster("team", &backend, Vec::new()), &Limits::default());
    let client = team.client().await;
    (broker, backend, team, client, feed)
}

#[tokio::test]
async fn a_connection_waits_for_the_first_token_and_goes_on_by_the_newest() {
    let (broker, backend, _team, mut client, feed) = start_with_tokens().await;
    let hour = Instant::now() + Duration::from_secs(3600);
    client.send(4, &heartbeat()).await;
    assert!(broker.clients().is_empty() && !backend.is_reachable());
    feed.give("good-1".into(), hour);
    client.frame().await.expect("it has waited");
    // One that ended would not be taken again.
    feed.give("good-2".into(), Instant::now() + LIFETIME * 2);
    keep_busy(&mut client, LIFETIME).await.expect("a renewal");
    feed.give("good-3".into(), hour);
    keep_busy(&mut client, LIFETIME * 2).await.expect("more of them");
    assert!(matches!(*broker.clients(), [(_, 3..)]), "{:?}", broker.clients());
    feed.give("bad".into(), hour);
    keep_busy(&mut client, LIFETIME * 2).await.expect_err("the newest one");
    assert!(backend.refuses_credentials());
}

#[tokio::test]
async fn without_a_token_connecting_fails_at_once_and_says_why() {
    let (broker, backend, _team, mut client, feed) = start_with_tokens().await;
    let began = Instant::now();
    assert!(!feed.fail("the endpoint is on fire"));
    client.send(4, &heartbeat()).await;
    assert_eq!(client.frame().await, None);
    let error = backend.refresh().await.unwrap_err();
    assert!(error.to_string().contains("the endpoint is on fire"), "{error}");
    assert!(!error.is_refusal() && error.origin() == "local");
    assert!(began.elapsed() < backend.settings().connect_timeout);
    assert!(broker.seen.lock().unwrap().is_empty(), "nothing went to the broker");
}

#[tokio::test]
async fn a_token_stays_in_use_while_it_is_good_when_the_next_one_can_not_be_had() {
    let (broker, feed) = (Broker::start().await, TokenFeed::default());
    let connect = async || {
        let backend = by_tokens(&broker, &feed, Duration::from_secs(10));
        backend.refresh().await
    };
    feed.give("good-1".into(), Instant::now() + Duration::from_secs(3600));
    assert!(feed.fail("the endpoint is on fire"));
    connect().await.unwrap();
    assert!(TokenFeed::continuing(&feed).fail("the same"));
    feed.give("good-2".into(), Instant::now());
    assert!(!feed.fail("the endpoint is on fire"));
    connect().await.unwrap_err();
    assert!(!TokenFeed::continuing(&feed).fail("the same"));
}

#[tokio::test]
async fn a_token_that_does_not_come_is_waited_for_no_longer_than_a_connection_may_take() {
    let (broker, feed) = (Broker::start().await, TokenFeed::default());
    let connect = async || {
        let backend = by_tokens(&broker, &feed, Duration::from_millis(50));
        backend.refresh().await.unwrap_err().to_string()
    };
    let error = connect().await;
    assert!(error.contains("no token for the brokers came within 50ms"), "{error}");
    let never = by_tokens(&broker, &TokenFeed::default(), Duration::from_secs(3600));
    let error = never.refresh().await.unwrap_err().to_string();
    assert!(error.contains("nobody fetches any"), "{error}");
}
