//! Brokers that answer wrongly, or not at all. A client may lose its connection, but never gets a wrong answer.

use kafka_protocol::messages::{MetadataRequest, ProduceRequest};
use keg_devbroker::{ApiKey, Fault};
use keg_proxy::Limits;

use crate::support::client::Client;
use crate::support::gateway::{Team, broker};
use crate::support::logs::Logs;
use crate::support::samples::{FETCH, METADATA, PRODUCE, fetch, produce, produce_error, values};
use crate::support::scripted::{Scripted, correlation_id, response};
use crate::support::until;

#[tokio::test]
async fn a_broker_that_hangs_up_costs_the_connection_and_its_replies_are_passed_on_first() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    for (fault, replied) in [
        (Fault::DisconnectBeforeHandling, false),
        (Fault::DisconnectBeforeReply, false),
        (Fault::DisconnectAfterReply, true),
    ] {
        broker.faults().on(ApiKey::Produce).inject(fault.clone());
        let mut client = team.leader(&broker, 0).await;
        let first = client.send(METADATA, &MetadataRequest::default()).await;
        let second = client.send(PRODUCE, &produce(0, "a")).await;
        client.send(METADATA, &MetadataRequest::default()).await;
        assert_eq!(client.receive::<MetadataRequest>(METADATA).await.0, first, "{fault:?}");
        if replied {
            let (id, produced) = client.receive::<ProduceRequest>(PRODUCE).await;
            assert_eq!((id, produce_error(&produced)), (second, 0));
        }
        assert_eq!(client.frame().await, None, "{fault:?}");
    }
    let mut client = team.leader(&broker, 0).await;
    assert_eq!(values(&client.call(FETCH, fetch(0)).await), ["a", "a"]);
}

#[tokio::test]
async fn wrong_answers_end_the_connection_and_never_reach_the_client() {
    let logs = Logs::capture();
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
    // The gateway's own Metadata request is not to meet the faults.
    until("the nodes are known", || team.cluster.backend().is_reachable()).await;
    let mut neighbour = team.leader(&broker, 0).await;
    for (fault, reason) in [
        (
            Fault::SwapWithNext,
            "the broker sent nonsense: the broker answered correlation id",
        ),
        (
            Fault::WrongCorrelationId,
            "the broker sent nonsense: the broker answered correlation id",
        ),
        (
            Fault::Truncate(20),
            "the broker closed the connection, with 2 requests unanswered, first Metadata version 12",
        ),
        (Fault::Shorten(3), "the broker sent nonsense"),
    ] {
        broker
            .faults()
            .on(ApiKey::Metadata)
            .at_node(broker.leader("orders", 0).unwrap())
            .inject(fault.clone());
        let mut client = team.leader(&broker, 0).await;
        let first = client.send(PRODUCE, &produce(0, "a")).await;
        client.send(METADATA, &MetadataRequest::default()).await;
        client.send(PRODUCE, &produce(0, "b")).await;
        assert_eq!(client.receive::<ProduceRequest>(PRODUCE).await.0, first, "{fault:?}");
        assert_eq!(client.rest().await, b"", "{fault:?}");
        drop(client);
        until("the connection ends", || team.gateway.open_connections() <= 1).await;
        let lines = logs.take();
        assert_eq!(lines.len(), 1, "{fault:?}: {lines:?}");
        assert!(lines[0].contains(reason), "{fault:?}: {lines:?}");
        neighbour.call(METADATA, MetadataRequest::default()).await;
    }
}

#[tokio::test]
async fn good_answers_are_passed_on_even_when_nonsense_is_right_behind_them() {
    let mut broker = Scripted::start().await;
    let team = Team::before(&[broker.address]);
    for nonsense in [
        // No request has this id.
        response(99, b"nonsense"),
        // A negative length, and a frame without an id.
        bytes::Bytes::from_static(b"\xff\xff\xff\xff"),
        bytes::Bytes::from_static(b"\0\0\0\x02ab"),
        // A length that nobody has memory for.
        bytes::Bytes::from_static(b"\x7f\xff\xff\xff"),
    ] {
        let mut client = team.client().await;
        // The whole body is passed on as it is.
        let sent = client.send(PRODUCE, &produce(0, "a")).await;
        client.send(PRODUCE, &produce(0, "b")).await;
        let mut link = broker.accept().await;
        let first = correlation_id(&link.request().await.unwrap());
        let reply = response(first, b"\0good");
        link.write(&[&reply[..], &nonsense].concat()).await;
        let received = client.frame().await.unwrap();
        assert_eq!(received, [&sent.to_be_bytes()[..], b"\0good"].concat());
        assert_eq!(client.frame().await, None, "{nonsense:?}");
    }
}

#[tokio::test]
async fn a_response_that_was_never_asked_for_ends_an_idle_connection() {
    let mut broker = Scripted::start().await;
    let team = Team::before(&[broker.address]);
    let mut client = team.client().await;
    client.send(PRODUCE, &produce(0, "a").with_acks(0)).await;
    let mut link = broker.accept().await;
    let id = correlation_id(&link.request().await.unwrap());
    link.write(&response(id, b"")).await;
    assert_eq!(client.rest().await, b"");
}

#[tokio::test]
async fn a_broker_that_never_answers_is_left_after_a_while() {
    let logs = Logs::capture();
    let mut broker = Scripted::start().await;
    let limits = Limits {
        max_response_wait: std::time::Duration::from_millis(100),
        ..Limits::default()
    };
    let team = Team::with(&[broker.address], &limits);
    let mut client = team.client().await;
    client.send(METADATA, &MetadataRequest::default()).await;
    let mut link = broker.accept().await;
    assert!(link.request().await.is_some());
    assert_eq!(client.rest().await, b"");
    drop(client);
    assert!(link.request().await.is_none());
    team.is_empty().await;
    let lines = logs.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the broker has not answered for"), "{lines:?}");
}

#[tokio::test]
async fn a_broker_that_goes_while_nothing_is_in_flight_is_nothing_to_warn_of() {
    let logs = Logs::capture();
    let mut broker = Scripted::start().await;
    let team = Team::before(&[broker.address]);
    let mut client = team.client().await;
    let sent = client.send(PRODUCE, &produce(0, "a")).await;
    let mut link = broker.accept().await;
    let id = correlation_id(&link.request().await.unwrap());
    link.write(&response(id, b"\0good")).await;
    assert_eq!(client.frame().await.unwrap()[..4], sent.to_be_bytes());
    drop(link);
    assert_eq!(client.rest().await, b"");
    drop(client);
    team.is_empty().await;
    assert_eq!(logs.take(), Vec::<String>::new());
    Client::plain(team.bootstrap()).await;
}
