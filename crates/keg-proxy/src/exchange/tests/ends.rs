//! Peers that go while a message is passed on.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::large::{LENGTH, SECOND, asked, body, limits};
use super::*;

/// Asks for more behind what was asked for first.
async fn ask(rig: &mut Rig, ids: &[i32]) {
    for id in ids {
        rig.client.write_all(&request(*id, b"")).await.unwrap();
        read(&mut rig.broker).await.unwrap();
    }
}

/// Ends with what the broker hasn't answered, of which the oldest is told.
#[track_caller]
fn assert_closed(outcome: &Result<(), Over>, requests: usize) {
    let Err(Over::BackendClosed { unanswered }) = outcome else {
        panic!("{outcome:?}");
    };
    let oldest = (requests > 0).then_some(("Metadata", 1));
    assert_eq!((unanswered.requests, unanswered.oldest), (requests, oldest));
}

#[tokio::test(start_paused = true)]
async fn what_came_whole_before_its_broker_went_reaches_a_client_that_was_slow_and_so_does_what_came_behind() {
    let (mut rig, reply) = asked(1_000).await;
    ask(&mut rig, &[2, 3, 4]).await;
    let behind = [response(1, b"a"), response(2, b"b")].concat();
    // The last few bytes have been read, and don't fit into the client's socket with what is there.
    let late = 1_000 + 5 + behind.len();
    let (early, expected) = (
        reply.len() + behind.len() - late,
        [response(2, b"a"), response(3, b"b")].concat(),
    );
    let serve = async {
        rig.broker.write_all(&[&reply[..], &behind].concat()).await.unwrap();
        rig.broker.shutdown().await.unwrap();
    };
    let mut seen = vec![0; early];
    let (received, ()) = tokio::join!(rig.client.read_exact(&mut seen), serve);
    received.unwrap();
    assert!(seen[8..] == reply[8..early]);
    assert!(
        timeout(SECOND, &mut rig.running).await.is_err(),
        "the client is waited for"
    );
    let mut seen = Vec::new();
    rig.client.read_to_end(&mut seen).await.unwrap();
    assert!(seen == [&reply[early..], &expected].concat());
    let (_, _, outcome) = rig.outcome().await;
    assert_closed(&outcome, 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_behind_a_response_that_is_cut() {
    let (mut rig, reply) = asked(1_000_000).await;
    ask(&mut rig, &[2, 3]).await;
    rig.broker.write_all(&reply[..500_000]).await.unwrap();
    let mut seen = vec![0; 400_000];
    rig.client.read_exact(&mut seen).await.unwrap();
    let cut = Instant::now();
    rig.broker.shutdown().await.unwrap();
    let mut rest = Vec::new();
    rig.client.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() <= 100_000 && cut.elapsed() < SECOND, "{:?}", cut.elapsed());
    let (_, _, outcome) = rig.outcome().await;
    assert_closed(&outcome, 3);
}

/// Answers with the first response only after a second.
struct Late {
    inner: LinkService,
    delays: VecDeque<Duration>,
}

impl Service<Request> for Late {
    type Response = Reply;
    type Error = Over;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, Over>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let streams = Streams::Unseen;
        let reply = self.inner.call(Request { streams, ..request });
        let delay = self.delays.pop_front().unwrap_or_default();
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            reply.await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_response_that_is_cut_before_its_turn_nothing_is_written() {
    let delays = VecDeque::from([SECOND]);
    let mut rig = rig_with(&limits(), 1_000_000, |inner| Late { inner, delays });
    ask(&mut rig, &[1, 2, 3]).await;
    let cut = &response(1, &body(LENGTH))[..20];
    rig.broker
        .write_all(&[&response(0, b"first"), cut].concat())
        .await
        .unwrap();
    rig.broker.shutdown().await.unwrap();
    let began = Instant::now();
    let mut seen = Vec::new();
    rig.client.read_to_end(&mut seen).await.unwrap();
    assert_eq!((seen, began.elapsed()), (response(1, b"first"), SECOND));
    let (_, _, outcome) = rig.outcome().await;
    assert_closed(&outcome, 2);
}

#[tokio::test]
async fn a_response_that_is_cut_can_not_be_fetched_any_more_and_counts_as_unanswered() {
    let mut links = None;
    let _rig = rig_with(&limits(), 1_000, |inner| links.insert(inner).clone());
    let mut service = links.unwrap();
    let mut replies = (1..=3).map(|id| {
        let frame = RequestFrame::parse(request(id, b"")[4..].to_vec().into()).unwrap();
        let streams = Streams::Unseen;
        service.call(Request {
            streams,
            ..frame.into()
        })
    });
    let [first, second, third] = std::array::from_fn(|_| replies.next().unwrap());
    let link = &service.0;
    let whole = ResponseFrame::parse(response(0, b"first")[4..].to_vec().into()).unwrap();
    link.complete(whole).unwrap();
    assert_eq!(link.begin(&response(1, &body(1_000))[4..], 100_000).unwrap(), Some(4));
    let unanswered = link.cut();
    assert_eq!((unanswered.requests, unanswered.oldest), (2, Some(("Metadata", 1))));
    link.end();
    assert!(matches!(first.await, Ok(Reply::Response(_))));
    for cut in [second, third] {
        let reply = cut.await;
        assert!(matches!(reply, Err(Over::BackendClosed { .. })), "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_came_whole_reaches_the_client_though_a_request_is_cut_by_the_end_of_the_broker() {
    let (mut rig, reply) = asked(1_000).await;
    let large = request(2, &body(LENGTH));
    let early = reply.len() - 1_020;
    let mut seen = vec![0; early];
    let serve = async {
        rig.broker.write_all(&reply).await.unwrap();
        rig.broker.shutdown().await.unwrap();
    };
    let _ = timeout(SECOND, rig.client.write_all(&large)).await;
    let (received, ()) = tokio::join!(rig.client.read_exact(&mut seen), serve);
    received.unwrap();
    assert!(
        timeout(SECOND, &mut rig.running).await.is_err(),
        "the client is waited for"
    );
    let mut rest = Vec::new();
    rig.client.read_to_end(&mut rest).await.unwrap();
    assert!(rest == reply[early..]);
    let (_, _, outcome) = rig.outcome().await;
    assert_closed(&outcome, 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_client_sent_behind_a_large_request_before_it_closed_its_side_is_answered() {
    let mut rig = marked_rig(&limits(), 1_000, true);
    let large = request(1, &body(LENGTH));
    // The last few bytes have been read, and don't fit into the broker's socket with what is there.
    let all = [&large[..], &local_request(2)].concat();
    let early = all.len() - (1_000 + 5 + local_request(2).len());
    let mut seen = vec![0; early];
    let send = async {
        rig.client.write_all(&all).await.unwrap();
        rig.client.shutdown().await.unwrap();
    };
    let (received, ()) = tokio::join!(rig.broker.read_exact(&mut seen), send);
    received.unwrap();
    // But for the correlation id.
    assert!(seen[12..] == large[12..early]);
    assert!(
        timeout(SECOND, &mut rig.running).await.is_err(),
        "the broker is waited for"
    );
    let mut rest = vec![0; large.len() - early];
    rig.broker.read_exact(&mut rest).await.unwrap();
    assert!(rest == large[early..]);
    rig.broker.write_all(&response(0, b"")).await.unwrap();
    for number in 1..=2 {
        assert_eq!(id(&read(&mut rig.client).await.unwrap(), 0), number);
    }
    assert_eq!(read(&mut rig.client).await, None);
    assert!(rig.running.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_response_goes_on_to_a_client_that_has_cut_a_request() {
    let (mut rig, reply) = asked(300_000).await;
    rig.broker.write_all(&reply[..100_000]).await.unwrap();
    let large = request(2, &body(LENGTH));
    rig.client.write_all(&large[..200_000]).await.unwrap();
    rig.client.shutdown().await.unwrap();
    let mut seen = Vec::new();
    let (received, written) = tokio::join!(
        rig.client.read_to_end(&mut seen),
        rig.broker.write_all(&reply[100_000..])
    );
    received.unwrap();
    written.unwrap();
    assert!(seen[8..] == reply[8..]);
    let (_, _, outcome) = rig.outcome().await;
    assert!(matches!(outcome, Err(Over::Cut { .. })), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_the_response_that_is_on_its_way_and_for_what_was_asked_behind_it() {
    let ((mut client, near), (far, mut broker)) = (duplex(1_000_000), duplex(1_000_000));
    let budget = Budget::new(1_000_000);
    let streams = true;
    let mut exchange = exchange_with(near, far, &limits(), &budget, |inner| Marked { inner, streams });
    client
        .write_all(&[request(1, b""), request(2, b"")].concat())
        .await
        .unwrap();
    let reply = response(0, &body(LENGTH));
    assert!(timeout(SECOND, &mut exchange).await.is_err());
    broker.write_all(&reply[..500_000]).await.unwrap();
    assert!(timeout(SECOND, &mut exchange).await.is_err());
    exchange.stop_reading();
    let running = tokio::spawn(exchange);
    client.write_all(&request(3, b"too late")).await.unwrap();
    let serve = async {
        broker.write_all(&reply[500_000..]).await.unwrap();
        broker.write_all(&response(1, b"next")).await.unwrap();
        for number in 0..2 {
            assert_eq!(id(&read(&mut broker).await.unwrap(), 4), number);
        }
        assert_eq!(read(&mut broker).await, None);
    };
    let receive = async {
        assert!(read(&mut client).await.unwrap()[4..] == reply[8..]);
        assert_eq!(read(&mut client).await.unwrap(), response(2, b"next")[4..]);
        assert_eq!(read(&mut client).await, None);
    };
    tokio::join!(serve, receive);
    assert!(running.await.unwrap().is_ok());
}
