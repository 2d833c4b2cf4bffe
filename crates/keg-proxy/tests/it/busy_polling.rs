//! Sockets that are polled for a while after the last traffic, seen by how often the runtime looks at them.

use std::time::{Duration, Instant};

use kafka_protocol::messages::MetadataRequest;
use keg_proxy::{Change, Limits};
use tokio::runtime::Handle;

use crate::support::PATIENCE;
use crate::support::client::Client;
use crate::support::gateway::{Listening, Team, broker, snapshot};
use crate::support::samples::METADATA;

/// More than the runtime would look in a whole test, whatever happens in it.
const OFTEN: u64 = 10_000;

/// How long to wait between looks at how often it has looked, each of which makes it look.
const PAUSE: Duration = Duration::from_millis(50);

/// How often the runtime of this test has waited for its sockets, or would have.
fn looks() -> u64 {
    Handle::current().metrics().worker_park_count(0)
}

async fn call(client: &mut Client) {
    client.call(METADATA, MetadataRequest::default()).await;
}

/// Whether sockets are polled is changed on the connections that are there.
#[tokio::test]
async fn sockets_are_polled_after_traffic_while_that_is_configured_and_not_otherwise() {
    let broker = broker().start().await.unwrap();
    let team = Team::before(broker.addresses());
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
    let mut client = team.client().await;
    for _ in 0..2 {
        let before = looks();
        for _ in 0..20 {
            call(&mut client).await;
        }
        assert!(looks() - before < OFTEN / 10, "{} for 20 requests", looks() - before);

        set(Duration::from_secs(3_600));
        call(&mut client).await;
        let before = looks();
        let began = Instant::now();
        while looks() < before + OFTEN {
            assert!(began.elapsed() < PATIENCE, "only {} looks", looks() - before);
            tokio::time::sleep(PAUSE).await;
        }
        set(Duration::ZERO);
    }
}
