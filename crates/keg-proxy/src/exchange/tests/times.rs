//! What is waited for, and how long.

use tokio::time::Instant;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn limits() -> Limits {
    Limits {
        stall_timeout: 10 * SECOND,
        max_response_wait: 100 * SECOND,
        drain_duration: 5 * SECOND,
        ..Limits::default()
    }
}

/// How an exchange ends, and after how many seconds.
async fn ending(rig: Rig) -> (&'static str, u64) {
    let began = Instant::now();
    let (_client, _broker, outcome) = rig.outcome().await;
    (
        outcome.map_or_else(|over| over.kind(), |()| "done"),
        began.elapsed().as_secs(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_has_begun_may_stall_so_long() {
    let mut rig = rig(&limits(), 1_000);
    rig.client.write_all(&request(1, b"")[..7]).await.unwrap();
    assert_eq!(ending(rig).await, ("stalled", 10));
}

#[tokio::test(start_paused = true)]
async fn a_client_may_be_silent_between_frames_and_then_has_no_timer() {
    let ((mut client, near), (far, mut broker)) = (duplex(1_000), duplex(1_000));
    let budget = Budget::new(1_000_000);
    let mut exchange = exchange(near, far, &limits(), &budget);
    for n in 0..3 {
        client.write_all(&request(n, b"")).await.unwrap();
        let both = async {
            answer_one(&mut broker).await;
            read(&mut client).await.unwrap()
        };
        tokio::select! {
            _ = &mut exchange => panic!("it ended"),
            reply = both => assert_eq!(id(&reply, 0), n),
        }
        let waited = timeout(1_000 * SECOND, &mut exchange).await;
        assert!(waited.is_err());
        assert!(exchange.ticker.is_resting());
    }
}

#[tokio::test(start_paused = true)]
async fn what_moves_keeps_sockets_polled_and_what_waits_does_not() {
    let ((mut client, near), (far, mut broker)) = (duplex(1_000), duplex(1_000));
    let budget = Budget::new(1_000_000);
    let mut exchange = exchange(near, far, &limits(), &budget);
    let polling = BusyPoll::asleep();
    exchange.busy_poll = polling.clone();
    assert!(timeout(SECOND, &mut exchange).await.is_err());
    assert!(!polling.is_touched(), "a client that sends nothing");
    client.write_all(&request(0, b"")).await.unwrap();
    assert!(timeout(SECOND, &mut exchange).await.is_err());
    assert!(polling.is_touched());
    polling.fall_asleep();
    assert!(timeout(50 * SECOND, &mut exchange).await.is_err());
    assert!(!polling.is_touched() && !exchange.ticker.is_resting());
    answer_one(&mut broker).await;
    assert!(timeout(SECOND, &mut exchange).await.is_err());
    assert!(polling.is_touched());
}

#[tokio::test(start_paused = true)]
async fn a_full_window_is_not_the_silence_of_the_client() {
    let limits = Limits {
        max_in_flight: 1,
        ..limits()
    };
    let mut rig = rig(&limits, 1_000);
    // The rest of the second frame can't be read before the first is answered.
    let both = [request(1, b""), request(2, &[7; 2_000])].concat();
    let (first, rest) = both.split_at(100);
    rig.client.write_all(first).await.unwrap();
    assert!(read(&mut rig.broker).await.is_some());
    tokio::time::sleep(50 * SECOND).await;
    assert!(!rig.running.is_finished());
    rig.broker.write_all(&response(0, b"")).await.unwrap();
    assert!(read(&mut rig.client).await.is_some());
    // From now on it is.
    let began = Instant::now();
    tokio::time::sleep(5 * SECOND).await;
    rig.client.write_all(&rest[..1]).await.unwrap();
    assert_eq!(ending(rig).await, ("stalled", 10));
    assert_eq!(began.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_busy_reading_may_leave_a_frame_half_sent() {
    let limits = Limits {
        max_queued: 100,
        ..limits()
    };
    let mut rig = rig(&limits, 1_000);
    rig.client.write_all(&request(1, b"")).await.unwrap();
    rig.client.write_all(&request(2, b"")[..7]).await.unwrap();
    let request = read(&mut rig.broker).await.unwrap();
    let reply = response(id(&request, 4), &[7; 5_000]);
    rig.broker.write_all(&reply).await.unwrap();
    tokio::time::sleep(50 * SECOND).await;
    assert!(read(&mut rig.client).await.is_some());
    assert_eq!(ending(rig).await, ("stalled", 10));
}

#[tokio::test(start_paused = true)]
async fn the_oldest_request_may_wait_so_long_for_its_response() {
    let mut rig = rig(&limits(), 1_000);
    rig.client.write_all(&request(1, b"")).await.unwrap();
    tokio::time::sleep(60 * SECOND).await;
    answer_one(&mut rig.broker).await;
    assert!(read(&mut rig.client).await.is_some());
    rig.client.write_all(&request(2, b"")).await.unwrap();
    assert_eq!(ending(rig).await, ("unanswered", 100));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_closed_its_side_may_wait_for_a_while() {
    let mut waiting = rig(&limits(), 1_000);
    waiting.client.write_all(&request(1, b"")).await.unwrap();
    waiting.client.shutdown().await.unwrap();
    tokio::time::sleep(4 * SECOND).await;
    answer_one(&mut waiting.broker).await;
    assert!(read(&mut waiting.client).await.is_some());
    assert_eq!(ending(waiting).await, ("done", 0));

    let mut gone = rig(&limits(), 1_000);
    gone.client.write_all(&request(1, b"")).await.unwrap();
    gone.client.shutdown().await.unwrap();
    assert_eq!(ending(gone).await.0, "client_gone");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_all_of_it_even_with_its_side_closed() {
    let mut rig = rig(&limits(), 1_000);
    rig.client.write_all(&request(1, b"")).await.unwrap();
    rig.client.shutdown().await.unwrap();
    let request = read(&mut rig.broker).await.unwrap();
    let reply = response(id(&request, 4), &[7; 20_000]);
    let send = async { rig.broker.write_all(&reply).await.unwrap() };
    let receive = async {
        let (mut received, mut piece) = (0, [0; 1_000]);
        while received < reply.len() {
            tokio::time::sleep(2 * SECOND).await;
            received += rig.client.read(&mut piece).await.unwrap();
        }
        received
    };
    let ((), received) = tokio::join!(send, receive);
    assert_eq!(received, reply.len());
    assert!(rig.running.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_what_a_broker_has_answered_that_took_nothing_more_and_went() {
    let mut rig = rig(&limits(), 1_000);
    rig.client.write_all(&request(1, b"")).await.unwrap();
    let asked = read(&mut rig.broker).await.unwrap();
    let reply = response(id(&asked, 4), &[7; 200_000]);
    // More than the broker's side of the connection holds.
    rig.client.write_all(&request(2, &[0; 2_000])).await.unwrap();
    rig.broker.write_all(&reply).await.unwrap();
    drop(rig.broker);
    let began = Instant::now();
    let mut piece = [0; 1_000];
    for _ in 0..reply.len() / piece.len() {
        tokio::time::sleep(SECOND).await;
        rig.client.read_exact(&mut piece).await.unwrap();
    }
    assert!(began.elapsed() > limits().max_response_wait);
    let mut rest = Vec::new();
    rig.client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest.len(), reply.len() % piece.len());
    let ended = rig.running.await.unwrap();
    assert!(
        matches!(ended, Err(Over::BackendClosed { .. } | Over::BackendIo { .. })),
        "{ended:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_left_sooner_while_others_wait_for_its_memory() {
    for (contended, seconds) in [(false, 100), (true, 10)] {
        let mut rig = rig(&limits(), 1_000);
        rig.client.write_all(&request(1, b"")).await.unwrap();
        let request = read(&mut rig.broker).await.unwrap();
        let reply = response(id(&request, 4), &[7; 200_000]);
        rig.broker.write_all(&reply).await.unwrap();
        let held = rig.budget.responses.reserve(usize::MAX);
        let other = tokio::spawn(async move {
            if contended {
                held.await;
            }
        });
        tokio::task::yield_now().await;
        let (ended, after) = ending(rig).await;
        assert_eq!(ended, "unread");
        // The clock ticks every half a second here.
        assert!((seconds..=seconds + 1).contains(&after), "after {after} seconds");
        other.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_frame_may_take_its_time_only_while_nobody_waits_for_its_place() {
    for (contended, expected) in [(false, "stalled"), (true, "hogged")] {
        let mut rig = rig(&limits(), 200_000);
        let bytes = request(1, &[7; 1_000_000]);
        let (beginning, rest) = bytes.split_at(100_000);
        rig.client.write_all(beginning).await.unwrap();
        tokio::task::yield_now().await;
        assert!(rig.budget.held() >= 1_000_000);
        let waiting = rig.budget.requests.reserve(usize::MAX);
        let other = tokio::spawn(async move {
            if contended {
                waiting.await;
            }
        });
        for byte in rest.chunks(1).take(20) {
            tokio::time::sleep(SECOND).await;
            let _ = rig.client.write_all(byte).await;
        }
        assert_eq!(ending(rig).await.0, expected);
        other.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_response_may_not_take_its_time_while_others_wait_for_its_place() {
    let mut rig = rig(&limits(), 200_000);
    rig.client.write_all(&request(1, b"")).await.unwrap();
    let request = read(&mut rig.broker).await.unwrap();
    let reply = response(id(&request, 4), &[7; 1_000_000]);
    rig.broker.write_all(&reply[..100_000]).await.unwrap();
    tokio::task::yield_now().await;
    let waiting = rig.budget.responses.reserve(usize::MAX);
    let other = tokio::spawn(waiting);
    assert_eq!(ending(rig).await.0, "response_hogged");
    other.await.unwrap();
}
