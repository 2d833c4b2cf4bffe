//! Sockets that are polled for a while after the last traffic, seen by the time that their threads take.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::MetadataRequest;
use keg_proxy::{Change, Limits, Workers};
use tokio::time::sleep;

use crate::support::PATIENCE;
use crate::support::client::Client;
use crate::support::gateway::{Listening, Team, backend, broker, cluster, snapshot};
use crate::support::samples::METADATA;
use crate::support::whereabouts::{Thread, Whereabouts};

/// What no request takes, and what polling takes soon, though it leaves the processor to whoever else wants it.
const MUCH: Duration = Duration::from_millis(20);

/// Long beside it.
const WHILE: Duration = Duration::from_millis(250);

/// Sends a request; tells where it was served.
async fn call(client: &mut Client, whereabouts: &Whereabouts) -> Thread {
    client.call(METADATA, MetadataRequest::default()).await;
    whereabouts.last()
}

/// Whether sockets are polled is changed on the connections that are there.
#[tokio::test]
async fn a_thread_polls_its_sockets_after_traffic_while_that_is_configured_and_the_others_sleep() {
    let broker = broker().start().await.unwrap();
    let whereabouts = Arc::<Whereabouts>::default();
    let cluster = cluster("team", &backend(broker.addresses()), vec![whereabouts.clone()]);
    let threads = NonZeroUsize::new(2).unwrap();
    let team = Team::on(|| Workers::start(threads).unwrap(), &cluster, &Limits::default());
    let set = |busy_poll| {
        let limits = Limits {
            busy_poll,
            ..Limits::default()
        };
        let listening = vec![Listening::port_mapping(team.first_port, 4, &team.cluster)];
        let change = Change {
            snapshot: snapshot(listening, &[&team.cluster], limits),
            chains: Vec::new(),
        };
        team.gateway.change(change).unwrap();
    };
    let (mut client, mut quiet) = (team.client().await, team.client().await);
    let (busy, idle) = (
        call(&mut client, &whereabouts).await,
        call(&mut quiet, &whereabouts).await,
    );
    assert_ne!(busy, idle);
    for _ in 0..2 {
        let before = busy.cpu();
        call(&mut client, &whereabouts).await;
        sleep(WHILE).await;
        assert!(busy.cpu() - before < MUCH, "it is off");

        set(Duration::from_secs(3_600));
        let before = (busy.cpu(), idle.cpu());
        call(&mut client, &whereabouts).await;
        let began = Instant::now();
        while busy.cpu() < before.0 + 2 * MUCH {
            assert!(began.elapsed() < PATIENCE, "only {:?}", busy.cpu() - before.0);
            sleep(Duration::from_millis(1)).await;
        }
        assert!(idle.cpu() < before.1 + MUCH, "it has no traffic");

        set(Duration::ZERO);
        let before = busy.cpu();
        sleep(WHILE).await;
        assert!(busy.cpu() - before < MUCH, "it is off again");
    }
}
