//! What goes in comes out, in order.

use super::*;

/// Numbers that are the same in each run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    pub(super) fn size(&mut self) -> usize {
        match self.below(10) {
            0 => self.below(300_000),
            1..=3 => self.below(20_000),
            _ => self.below(200),
        }
    }

    pub(super) async fn pause(&mut self) {
        for _ in 0..self.below(4) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn every_request_gets_its_own_reply_in_order_however_the_bytes_come() {
    const REQUESTS: i32 = 120;
    for seed in 0..30 {
        let mut dice = Dice(seed);
        let limits = Limits {
            max_in_flight: 1 + dice.below(20),
            max_queued: 1 + dice.below(100_000),
            // Room for one of the large ones at a time.
            buffer_budget: 700_000,
            max_frame_size: 350_000,
            ..Limits::default()
        };
        let Rig {
            client,
            mut broker,
            budget,
            running,
        } = marked_rig(&limits, 1 + dice.below(100_000), seed % 2 == 1);
        let (mut reader, mut writer) = tokio::io::split(client);
        let expected: Vec<Option<Vec<u8>>> = (0..REQUESTS)
            .map(|n| (dice.below(5) > 0).then(|| vec![n as u8; dice.size()]))
            .collect();
        let sent = expected.clone();
        let write = async move {
            for (n, body) in (0..).zip(sent) {
                let request = body.map_or_else(|| local_request(n), |body| request(n, &body));
                writer.write_all(&request).await.unwrap();
                dice.pause().await;
            }
            writer.shutdown().await.unwrap();
        };
        let mut dice = Dice(seed + 1_000);
        let serve = async {
            let mut next = 0;
            while let Some(request) = read(&mut broker).await {
                assert_eq!(id(&request, 4), next, "the gateway counts by itself");
                next += 1;
                dice.pause().await;
                broker
                    .write_all(&response(id(&request, 4), &request[10..]))
                    .await
                    .unwrap();
            }
        };
        let receive = async {
            for (n, body) in (0..).zip(&expected) {
                let reply = read(&mut reader).await.unwrap();
                assert_eq!(id(&reply, 0), n, "seed {seed}");
                match body {
                    Some(body) => assert!(reply[4..] == *body, "seed {seed}, reply {n}"),
                    None => assert_eq!(reply[4..6], [0, 35]),
                }
            }
            assert_eq!(read(&mut reader).await, None);
        };
        let all = async {
            let (ended, (), (), ()) = tokio::join!(running, write, serve, receive);
            assert!(ended.unwrap().is_ok());
        };
        timeout(Duration::from_secs(60), all)
            .await
            .unwrap_or_else(|_| panic!("a wake-up was lost, seed {seed}"));
        assert_eq!(budget.held(), 0);
    }
}

#[tokio::test]
async fn replies_that_a_broker_sent_before_it_broke_reach_the_client() {
    let mut rig = rig(&Limits::default(), 1_000);
    // All of the second request does not fit on the way: it is being written when the broker goes.
    let requests = [request(7, b"a"), request(8, &[0; 2_000])].concat();
    rig.client.write_all(&requests).await.unwrap();
    answer_one(&mut rig.broker).await;
    drop(rig.broker);
    assert_eq!(read(&mut rig.client).await.unwrap(), response(7, b"a")[4..]);
    let outcome = rig.running.await.unwrap();
    assert!(
        matches!(
            outcome,
            Err(Over::BackendClosed { unanswered } | Over::BackendIo { unanswered, .. }) if unanswered.requests == 1
        ),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn what_a_client_sent_before_it_sent_nonsense_is_answered() {
    let mut rig = rig(&Limits::default(), 1_000);
    let bytes = [request(7, b"a"), local_request(8), b"GET / HTTP/1.1\r\n\r\n".to_vec()].concat();
    rig.client.write_all(&bytes).await.unwrap();
    answer_one(&mut rig.broker).await;
    assert_eq!(id(&read(&mut rig.client).await.unwrap(), 0), 7);
    assert_eq!(id(&read(&mut rig.client).await.unwrap(), 0), 8);
    let (_, _, outcome) = rig.outcome().await;
    assert_eq!(outcome.unwrap_err().kind(), "http");
}
