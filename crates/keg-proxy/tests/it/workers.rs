//! Connections that threads of the gateway's own serve.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest, ProduceRequest};
use keg_codec::{Api, ApiKey};
use keg_devbroker::ApiKey::Produce;
use keg_devbroker::{DevBroker, Fault};
use keg_policy::{Connection, Decision, Interest, Policy, Request};
use keg_proxy::{Limits, Workers};

use crate::support::client::Client;
use crate::support::gateway::{Team, backend, broker, cluster};
use crate::support::samples::{METADATA, PRODUCE, produce, produce_error};
use crate::support::whereabouts::Whereabouts;
use crate::support::{PATIENCE, until};

const DELAY: Duration = Duration::from_millis(100);

fn workers(count: usize) -> Workers {
    Workers::start(NonZeroUsize::new(count).unwrap()).unwrap()
}

/// A gateway with so many threads, and what it serves where.
fn team(broker: &DevBroker, threads: usize) -> (Team, Arc<Whereabouts>) {
    let whereabouts = Arc::<Whereabouts>::default();
    let cluster = cluster("team", &backend(broker.addresses()), vec![whereabouts.clone()]);
    let team = Team::on(|| workers(threads), &cluster, &Limits::default());
    (team, whereabouts)
}

async fn call(client: &mut Client) {
    client.call(METADATA, MetadataRequest::default()).await;
}

/// Clients with a request each that the broker takes its time for.
async fn busy(team: &Team, broker: &DevBroker, count: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = team.leader(broker, 0).await;
        broker.faults().on(Produce).inject(Fault::Delay(DELAY));
        client.send(PRODUCE, &produce(0, "a")).await;
        until("the request is with the broker", || broker.faults().is_empty()).await;
        clients.push(client);
    }
    clients
}

/// What is in flight is answered, and then there is nothing more.
async fn drained(clients: Vec<Client>) {
    for mut client in clients {
        let (_, produced) = client.receive::<ProduceRequest>(PRODUCE).await;
        assert_eq!(produce_error(&produced), 0);
        assert_eq!(client.rest().await, b"");
    }
}

#[tokio::test]
async fn connections_are_spread_evenly_over_the_threads_and_stay_where_they_are() {
    let broker = broker().start().await.unwrap();
    let (team, whereabouts) = team(&broker, 3);
    let mut clients = Vec::new();
    for _ in 0..9 {
        let mut client = team.client().await;
        call(&mut client).await;
        clients.push((client, whereabouts.last()));
    }
    for _ in 0..3 {
        for (client, thread) in &mut clients {
            call(client).await;
            assert_eq!(whereabouts.last(), *thread);
        }
    }
    let mut requests = BTreeMap::new();
    for thread in whereabouts.seen() {
        *requests.entry(thread.name.unwrap()).or_insert(0) += 1;
    }
    let each = |number| (format!("keg-worker-{number}"), 12);
    assert_eq!(requests, (0..3).map(each).collect());
}

#[tokio::test]
async fn a_shutdown_drains_the_connections_of_all_threads_and_they_end_with_the_gateway() {
    let broker = broker().start().await.unwrap();
    let (team, whereabouts) = team(&broker, 3);
    let clients = busy(&team, &broker, 6).await;
    assert_eq!((team.gateway.open_connections(), whereabouts.running()), (6, 3));
    let (left, ()) = tokio::join!(team.gateway.shut_down(PATIENCE), drained(clients));
    assert_eq!((left, whereabouts.running()), (0, 3));
    drop(team);
    until("the threads end", || whereabouts.running() == 0).await;
}

#[tokio::test]
async fn a_shutdown_counts_what_is_left_on_all_threads() {
    let broker = broker().start().await.unwrap();
    let (team, _) = team(&broker, 2);
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = team.leader(&broker, 0).await;
        broker.faults().on(Produce).inject(Fault::Delay(PATIENCE));
        client.send(PRODUCE, &produce(0, "a")).await;
        until("the request is with the broker", || broker.faults().is_empty()).await;
        clients.push(client);
    }
    assert_eq!(team.gateway.shut_down(Duration::from_millis(50)).await, 4);
}

#[tokio::test]
async fn a_gateway_that_is_dropped_lets_its_connections_drain_before_its_threads_end() {
    let broker = broker().start().await.unwrap();
    let (team, whereabouts) = team(&broker, 2);
    let clients = busy(&team, &broker, 4).await;
    drop(team);
    drained(clients).await;
    until("the threads end", || whereabouts.running() == 0).await;
}

/// Fails where it must not.
#[derive(Debug)]
struct Panics;

impl Policy for Panics {
    fn name(&self) -> &str {
        "panics"
    }

    fn interest(&self, api: &Api, _: i16) -> Interest {
        Interest::of(api.key == ApiKey::METADATA, false)
    }

    fn request(&self, _: &Connection, _: &mut Request) -> Decision {
        panic!("on purpose")
    }
}

#[tokio::test]
async fn a_policy_that_panics_ends_its_connection_and_none_of_its_neighbours() {
    let broker = broker().start().await.unwrap();
    let cluster = cluster("team", &backend(broker.addresses()), vec![Arc::new(Panics)]);
    let team = Team::on(|| workers(1), &cluster, &Limits::default());
    let (mut panics, mut neighbour) = (team.client().await, team.client().await);
    neighbour.call(3, ApiVersionsRequest::default()).await;
    panics.send(METADATA, &MetadataRequest::default()).await;
    assert_eq!(panics.rest().await, b"");
    until("its end", || team.gateway.open_connections() == 1).await;
    neighbour.call(3, ApiVersionsRequest::default()).await;
    team.client().await.call(3, ApiVersionsRequest::default()).await;
}
