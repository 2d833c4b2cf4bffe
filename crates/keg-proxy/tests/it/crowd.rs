//! Many clients at once, on several threads, while policies are replaced under them.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::{FetchRequest, MetadataRequest, ProduceRequest};
use keg_devbroker::DevBroker;
use keg_proxy::Limits;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::PATIENCE;
use crate::support::client::Client;
use crate::support::gateway::{Team, chain, local};
use crate::support::samples::{FETCH, METADATA, PRODUCE, fetch, produce, produce_error, values};

const CLIENTS: u8 = 24;
const ROUNDS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_gets_the_answers_to_the_own_questions_in_the_own_order() {
    let broker = DevBroker::builder()
        .nodes(1)
        .topic("orders", i32::from(CLIENTS))
        .max_message_bytes(16 << 20)
        .start()
        .await
        .unwrap();
    let limits = Limits {
        max_in_flight: 4,
        max_frame_size: 1 << 20,
        // Three of the largest requests, or responses, at a time.
        buffer_budget: 6 << 20,
        ..Limits::default()
    };
    let team = Team::with(broker.addresses(), &limits);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(client(number, team.first_port + 1));
    }
    let replace = async {
        loop {
            team.cluster.replace_chain(chain(Vec::new()));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let all = async { while clients.join_next().await.transpose().unwrap().is_some() {} };
    let done = async {
        tokio::select! {
            () = all => {}
            () = replace => {}
        }
    };
    timeout(2 * PATIENCE, done).await.unwrap();
    team.is_empty().await;
    assert_eq!(team.gateway.buffered_bytes(), 0);
}

/// Sends three requests a round, and reads three replies, to a partition of its own.
async fn client(number: u8, port: u16) {
    let partition = i32::from(number);
    let mut client = Client::plain(local(port)).await;
    let mut stored: Vec<Bytes> = Vec::new();
    for round in 0..ROUNDS {
        // From a few bytes to nearly the largest that there may be, in another order for everybody.
        let size = [10, 900_000, 2_000, 70_000][(round + usize::from(number)) % 4];
        // What was stored before is fetched again and again: it must not outgrow the budget.
        let size = if stored.iter().map(Bytes::len).sum::<usize>() + size > 2_000_000 {
            10
        } else {
            size
        };
        let value = Bytes::from(vec![number; size]);
        stored.push(value.clone());
        let sent = [
            client.frame_of(PRODUCE, &produce(partition, value)),
            client.frame_of(FETCH, &fetch(partition)),
            client.frame_of(METADATA, &MetadataRequest::default()),
        ];
        client.write(&sent.concat()).await;
        let expected = 101 + 3 * i32::try_from(round).unwrap();
        let (id, produced) = client.receive::<ProduceRequest>(PRODUCE).await;
        assert_eq!((id, produce_error(&produced)), (expected, 0));
        let (id, fetched) = client.receive::<FetchRequest>(FETCH).await;
        assert_eq!(id, expected + 1);
        assert!(values(&fetched) == stored);
        let (id, metadata) = client.receive::<MetadataRequest>(METADATA).await;
        assert_eq!((id, metadata.brokers[0].port), (expected + 2, i32::from(port)));
    }
}
