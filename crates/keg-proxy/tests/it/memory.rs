//! What clients can make the gateway hold.

use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use kafka_protocol::messages::{ApiVersionsRequest, FetchRequest};
use keg_proxy::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::gateway::{Team, broker};
use crate::support::samples::{FETCH, PRODUCE, fetch, produce, produce_error, values};
use crate::support::scripted::{Scripted, correlation_id, response};
use crate::support::until;

const MIB: usize = 1024 * 1024;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The most memory that was in use on this thread while a test ran.
fn peak(test: impl Future<Output = ()>) -> usize {
    let runtime = runtime();
    measure(|| runtime.block_on(test)).bytes_max as usize
}

#[test]
fn frames_that_are_announced_and_sent_slowly_stay_within_the_budget_and_others_go_on() {
    // Fifteen are announced, and ten sent.
    let mut slow = u32::try_from(15 * MIB).unwrap().to_be_bytes().to_vec();
    slow.resize(10 * MIB, 0);
    let slow = Bytes::from(slow);
    let peak = peak(async {
        let broker = broker().start().await.unwrap();
        let limits = Limits {
            max_frame_size: 16 * MIB,
            buffer_budget: 64 * MIB,
            stall_timeout: Duration::from_millis(300),
            ..Limits::default()
        };
        let team = Team::with(broker.addresses(), &limits);
        let mut small = team.leader(&broker, 0).await;
        let mut large = team.leader(&broker, 0).await;
        for client in [&mut small, &mut large] {
            client.call(3, ApiVersionsRequest::default()).await;
        }
        let mut senders = JoinSet::new();
        for _ in 0..10 {
            let (address, slow) = (team.bootstrap(), slow.clone());
            senders.spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                for piece in slow.chunks(100_000) {
                    if stream.write_all(piece).await.is_err() {
                        break;
                    }
                    sleep(Duration::from_millis(10)).await;
                }
            });
        }
        until("the budget is spent", || team.gateway.buffered_bytes() == 30 * MIB).await;
        // Small frames need none of it, and a large one gets its turn.
        small.call(3, ApiVersionsRequest::default()).await;
        let produced = large.call(PRODUCE, produce(0, vec![7; 5 * MIB])).await;
        assert_eq!(produce_error(&produced), 0);
        assert!(team.gateway.buffered_bytes() <= 32 * MIB);
        small.call(3, ApiVersionsRequest::default()).await;
        senders.abort_all();
        while senders.join_next().await.is_some() {}
        drop((small, large));
        team.is_empty().await;
        assert_eq!(team.gateway.buffered_bytes(), 0);
    });
    // The large one, as its client makes it and as its broker keeps it, is part of what was measured.
    assert!(peak < 32 * MIB + 5 * 5 * MIB, "{} MiB", peak / MIB);
}

#[test]
fn a_client_that_does_not_read_does_not_make_the_gateway_hold_its_replies() {
    let peak = peak(async {
        let broker = broker().start().await.unwrap();
        let limits = Limits {
            max_frame_size: 4 * MIB,
            buffer_budget: 8 * MIB,
            ..Limits::default()
        };
        let team = Team::with(broker.addresses(), &limits);
        let mut client = team.leader(&broker, 0).await;
        client.call(PRODUCE, produce(0, vec![7; MIB])).await;
        for _ in 0..200 {
            client.send(FETCH, &fetch(0)).await;
        }
        // As much as is held moves on while nobody reads.
        sleep(Duration::from_millis(500)).await;
        assert!(team.gateway.buffered_bytes() <= 4 * MIB);
        for _ in 0..200 {
            let (_, fetched) = client.receive::<FetchRequest>(FETCH).await;
            assert_eq!(values(&fetched)[0].len(), MIB);
        }
    });
    assert!(peak < 16 * MIB, "{} MiB", peak / MIB);
}

#[test]
fn an_idle_connection_gives_back_what_it_needed_while_it_was_busy() {
    const CONNECTIONS: usize = 20;
    let runtime = runtime();
    let (mut broker, team) = runtime.block_on(async {
        let broker = Scripted::start().await;
        let team = Team::before(&[broker.address]);
        (broker, team)
    });
    let (small, large) = (Bytes::from(vec![0; 7_000]), Bytes::from(vec![0; MIB]));
    let mut held = Vec::with_capacity(1 + CONNECTIONS);
    let mut connect = |connections| {
        runtime.block_on(async {
            for _ in 0..connections {
                let mut client = team.client().await;
                // One large exchange, and many small ones at once.
                let mut bodies = vec![small.clone(); 40];
                bodies.push(large.clone());
                for body in &bodies {
                    client.send(PRODUCE, &produce(0, body.clone())).await;
                }
                let mut link = broker.accept().await;
                let mut replies = Vec::new();
                for body in &bodies {
                    let id = correlation_id(&link.request().await.unwrap());
                    replies.push(response(id, body));
                }
                let receive = async {
                    for body in &bodies {
                        assert_eq!(client.frame().await.unwrap().len(), 4 + body.len());
                    }
                };
                let replies = replies.concat();
                tokio::join!(link.write(&replies), receive);
                // By the answer to one more, the gateway has had the time to see that nothing else comes.
                client.send(PRODUCE, &produce(0, Bytes::new())).await;
                let id = correlation_id(&link.request().await.unwrap());
                link.write(&response(id, &[])).await;
                client.frame().await.unwrap();
                held.push((client, link));
            }
        });
    };
    // What all connections of a thread share is there after the first.
    connect(1);
    let measured = measure(|| connect(CONNECTIONS));
    let each = measured.bytes_current / i64::try_from(CONNECTIONS).unwrap();
    // Both of the gateway's sockets, and the two of the test.
    assert!(each < 10 * 1024, "{each} bytes");
    assert_eq!(team.gateway.buffered_bytes(), 0);
}
