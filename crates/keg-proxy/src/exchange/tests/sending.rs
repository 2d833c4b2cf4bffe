//! Requests that are passed on while they still arrive.

use keg_policy::{Mode, Namespace};

use super::large::{LENGTH, SECOND, behind, body, limits};
use super::*;

fn large(correlation_id: i32) -> Vec<u8> {
    request(correlation_id, &body(LENGTH))
}

/// An exchange of which requests may be passed on, one that waits for its response, and a large one's frame.
async fn begun(capacity: usize) -> (Rig, Vec<u8>) {
    let mut rig = marked_rig(&limits(), capacity, true);
    rig.client.write_all(&request(1, b"first")).await.unwrap();
    let first = read(&mut rig.broker).await.unwrap();
    assert_eq!(id(&first, 4), 0);
    (rig, large(2))
}

#[tokio::test(start_paused = true)]
async fn what_has_come_of_a_request_is_with_the_broker_before_the_rest_comes_and_takes_nothing_of_the_budget() {
    let (mut rig, bytes) = begun(10_000).await;
    for part in bytes.chunks(100_000) {
        let mut seen = vec![0; part.len()];
        let (written, received) = tokio::join!(
            rig.client.write_all(part),
            timeout(SECOND, rig.broker.read_exact(&mut seen))
        );
        written.unwrap();
        received.expect("what came is passed on").unwrap();
        assert_eq!(rig.budget.held(), 0);
        // But for the correlation id.
        assert!(seen[12..] == part[12..]);
    }
    // The next one comes behind it, and is answered behind it.
    rig.client.write_all(&request(3, b"next")).await.unwrap();
    let next = read(&mut rig.broker).await.unwrap();
    assert_eq!((id(&next, 4), &next[10..]), (2, &b"next"[..]));
    for number in 0..3 {
        rig.broker.write_all(&response(number, b"")).await.unwrap();
    }
    for number in 1..=3 {
        assert_eq!(id(&read(&mut rig.client).await.unwrap(), 0), number);
    }
}

#[tokio::test(start_paused = true)]
async fn responses_go_on_while_a_request_arrives() {
    let (mut rig, bytes) = begun(1_000_000).await;
    rig.client.write_all(&bytes[..300_000]).await.unwrap();
    rig.broker.write_all(&response(0, b"first")).await.unwrap();
    assert_eq!(read(&mut rig.client).await.unwrap(), response(1, b"first")[4..]);
}

#[tokio::test(start_paused = true)]
async fn of_a_request_for_a_broker_that_does_not_read_little_is_read_ahead() {
    let (mut rig, bytes) = begun(1_000).await;
    let written = timeout(SECOND, rig.client.write_all(&bytes[..1_000_000])).await;
    assert!(written.is_err(), "a million bytes were taken");
    assert_eq!(rig.budget.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_takes_nothing_of_a_request_is_left_after_a_while_and_the_client_is_not_to_blame() {
    let (mut rig, bytes) = begun(1_000).await;
    // It has answered all that it has.
    rig.broker.write_all(&response(0, b"")).await.unwrap();
    let _ = timeout(SECOND, rig.client.write_all(&bytes)).await;
    let (_, _, outcome) = rig.outcome().await;
    assert!(
        matches!(outcome, Err(Over::Unanswered { waited }) if waited >= 100 * SECOND),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_sent_all_is_not_to_blame_when_the_broker_was_slow_to_take_the_end() {
    let (mut rig, bytes) = begun(1_000).await;
    // As much as is on its way, and a little that the gateway has.
    let (taken, end) = bytes.split_at(bytes.len() - 1_100);
    let (mut taken, mut end) = (vec![0; taken.len()], vec![0; end.len()]);
    let (written, read_most) = tokio::join!(rig.client.write_all(&bytes), rig.broker.read_exact(&mut taken));
    written.unwrap();
    read_most.unwrap();
    tokio::time::sleep(SECOND).await;
    rig.broker.read_exact(&mut end).await.unwrap();
    // Longer than a client may stall, and not longer than a broker may think.
    tokio::time::sleep(50 * SECOND).await;
    rig.broker.write_all(&response(0, b"")).await.unwrap();
    rig.broker.write_all(&response(1, b"")).await.unwrap();
    for number in 1..=2 {
        assert_eq!(id(&read(&mut rig.client).await.unwrap(), 0), number);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_stalls_ends_the_connection() {
    let (mut rig, bytes) = begun(1_000_000).await;
    rig.client.write_all(&bytes[..500_000]).await.unwrap();
    let (_, _, outcome) = rig.outcome().await;
    assert!(
        matches!(outcome, Err(Over::Stalled { waited, .. }) if waited >= 10 * SECOND),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_slow_request_is_waited_for_from_its_end() {
    let (mut rig, bytes) = begun(1_000_000).await;
    rig.broker.write_all(&response(0, b"")).await.unwrap();
    read(&mut rig.client).await.unwrap();
    let send = async {
        for part in bytes.chunks(200_000) {
            tokio::time::sleep(9 * SECOND).await;
            rig.client.write_all(part).await.unwrap();
        }
        read(&mut rig.client).await.unwrap()
    };
    let serve = async {
        let request = read(&mut rig.broker).await.unwrap();
        assert_eq!(request.len(), bytes.len() - 4);
        tokio::time::sleep(90 * SECOND).await;
        rig.broker.write_all(&response(1, b"late")).await.unwrap();
    };
    let (reply, ()) = tokio::join!(send, serve);
    assert_eq!(reply, response(2, b"late")[4..]);
}

/// What a broker gets to the end of a connection.
async fn all_of(broker: &mut DuplexStream) -> Vec<u8> {
    let mut all = Vec::new();
    broker.read_to_end(&mut all).await.unwrap();
    all
}

#[tokio::test(start_paused = true)]
async fn of_a_request_that_is_cut_nothing_is_made_up_and_what_went_before_is_answered() {
    let (mut rig, bytes) = begun(1_000_000).await;
    rig.client.write_all(&bytes[..500_000]).await.unwrap();
    rig.client.shutdown().await.unwrap();
    rig.broker.write_all(&response(0, b"first")).await.unwrap();
    assert_eq!(read(&mut rig.client).await.unwrap(), response(1, b"first")[4..]);
    let (_, mut broker, outcome) = rig.outcome().await;
    assert!(matches!(outcome, Err(Over::Cut { .. })), "{outcome:?}");
    let seen = all_of(&mut broker).await;
    assert!(seen.len() <= 500_000 && seen[12..] == bytes[12..seen.len()]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_no_more_behind_a_large_request_has_its_answer() {
    let (mut rig, bytes) = begun(1_000).await;
    let serve = async {
        let request = read(&mut rig.broker).await.unwrap();
        for number in [0, id(&request, 4)] {
            rig.broker.write_all(&response(number, b"")).await.unwrap();
        }
    };
    let ask = async {
        rig.client.write_all(&bytes).await.unwrap();
        rig.client.shutdown().await.unwrap();
        for number in 1..=2 {
            assert_eq!(id(&read(&mut rig.client).await.unwrap(), 0), number);
        }
        assert_eq!(read(&mut rig.client).await, None);
    };
    tokio::join!(serve, ask);
    assert!(rig.running.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_goes_in_the_middle_of_a_request_ends_the_connection_once() {
    let (mut rig, bytes) = begun(100_000).await;
    rig.client.write_all(&bytes[..150_000]).await.unwrap();
    // It has answered what went before.
    rig.broker.write_all(&response(0, b"first")).await.unwrap();
    drop(rig.broker);
    assert_eq!(read(&mut rig.client).await.unwrap(), response(1, b"first")[4..]);
    assert_eq!(read(&mut rig.client).await, None, "nothing else is said");
    let outcome = rig.running.await.unwrap();
    assert!(
        matches!(
            outcome,
            Err(Over::BackendClosed { unanswered } | Over::BackendIo { unanswered, .. }) if unanswered.requests == 1
        ),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_the_request_that_is_on_its_way_and_reads_none_behind_it() {
    let ((mut client, near), (far, mut broker)) = (duplex(300_000), duplex(300_000));
    let budget = Budget::new(100_000_000);
    let mut exchange = exchange(near, far, &limits(), &budget);
    let bytes = [large(1), request(2, b"too late")].concat();
    client.write_all(&bytes[..200_000]).await.unwrap();
    assert!(timeout(SECOND, &mut exchange).await.is_err());
    exchange.stop_reading();
    let running = tokio::spawn(exchange);
    let serve = async {
        let request = read(&mut broker).await.unwrap();
        assert_eq!(request.len(), LENGTH + 10);
        broker.write_all(&response(id(&request, 4), b"")).await.unwrap();
        assert_eq!(read(&mut broker).await, None);
    };
    let ask = async {
        // The end of it may come when nobody is there any more.
        let _ = client.write_all(&bytes[200_000..]).await;
        assert_eq!(id(&read(&mut client).await.unwrap(), 0), 1);
        assert_eq!(read(&mut client).await, None);
    };
    tokio::join!(serve, ask);
    assert!(running.await.unwrap().is_ok());
}

/// Produce version 8, which names its topics.
fn produce(correlation_id: i32, acks: i16, topics: &[&str], records: &[u8]) -> Vec<u8> {
    produce_to(correlation_id, acks, topics, &[records])
}

/// The same with the records of several partitions, for each topic.
pub(super) fn produce_to(correlation_id: i32, acks: i16, topics: &[&str], partitions: &[&[u8]]) -> Vec<u8> {
    let mut body = vec![0xff, 0xff];
    body.extend(acks.to_be_bytes());
    body.extend([0, 0, 0, 9]);
    body.extend((topics.len() as u32).to_be_bytes());
    for topic in topics {
        body.extend((topic.len() as u16).to_be_bytes());
        body.extend(topic.as_bytes());
        body.extend((partitions.len() as u32).to_be_bytes());
        for records in partitions {
            body.extend([0, 0, 0, 7]);
            body.extend((records.len() as u32).to_be_bytes());
            body.extend(*records);
        }
    }
    let id = correlation_id.to_be_bytes();
    framed(&[&[0, 0, 0, 8][..], &id, &[0, 2], b"me", &body].concat())
}

#[tokio::test(start_paused = true)]
async fn a_large_request_that_is_not_answered_is_waited_for_by_nobody() {
    let (mut rig, _) = begun(100_000).await;
    let bytes = produce(2, 0, &["orders"], &[7; 500_000]);
    let (written, seen) = tokio::join!(rig.client.write_all(&bytes), read(&mut rig.broker));
    written.unwrap();
    assert!(seen.unwrap()[8..] == bytes[12..]);
    rig.client.write_all(&request(3, b"")).await.unwrap();
    let next = read(&mut rig.broker).await.unwrap();
    for number in [0, id(&next, 4)] {
        rig.broker.write_all(&response(number, b"")).await.unwrap();
    }
    for number in [1, 3] {
        assert_eq!(id(&read(&mut rig.client).await.unwrap(), 0), number);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_answered_and_is_cut_takes_no_answer_from_others() {
    let (mut rig, _) = begun(1_000_000).await;
    let bytes = produce(2, 0, &["orders"], &[7; 500_000]);
    rig.client.write_all(&bytes[..200_000]).await.unwrap();
    rig.client.shutdown().await.unwrap();
    tokio::task::yield_now().await;
    rig.broker.write_all(&response(0, b"first")).await.unwrap();
    assert_eq!(read(&mut rig.client).await.unwrap(), response(1, b"first")[4..]);
    let (_, _, outcome) = rig.outcome().await;
    assert!(matches!(outcome, Err(Over::Cut { .. })), "{outcome:?}");
}

/// An exchange behind a namespace whose prefix is hidden.
fn hiding(capacity: usize) -> Rig {
    let namespace = Namespace::new(Mode::HidePrefix, "team-a.");
    behind(vec![Arc::new(namespace), Arc::new(BrokerAddresses)], capacity)
}

#[tokio::test(start_paused = true)]
async fn the_topics_of_a_request_that_is_passed_on_are_renamed_and_several_are_held_for_it_if_nobody_is_answered() {
    let several: &[&str] = &["orders", "bills", "orders"];
    for (topics, acks) in [(&several[..1], 1), (several, 1), (several, 0)] {
        let held = acks == 0;
        let mut rig = hiding(500_000);
        let records = body(1_000_000);
        let bytes = produce(7, acks, topics, &records);
        let (beginning, rest) = bytes.split_at(200_000);
        let (written, seen) = tokio::join!(rig.client.write_all(beginning), async {
            let length = timeout(SECOND, rig.broker.read_u32()).await;
            assert_eq!(rig.budget.held() > 0, held);
            length
        });
        assert_eq!((written.is_ok(), seen.is_err()), (true, held));
        let renamed: Vec<String> = topics.iter().map(|topic| format!("team-a.{topic}")).collect();
        let renamed: Vec<&str> = renamed.iter().map(String::as_str).collect();
        let expected = produce(0, acks, &renamed, &records);
        let expected = if held { &expected[..] } else { &expected[4..] };
        let mut all = vec![0; expected.len()];
        let (written, received) = tokio::join!(rig.client.write_all(rest), rig.broker.read_exact(&mut all));
        written.unwrap();
        received.unwrap();
        assert!(all == expected);
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_request_with_many_names_for_a_broker_that_does_not_read_little_is_read_ahead() {
    const TOPICS: usize = 200;
    const MOMENT: Duration = Duration::from_millis(10);
    let mut rig = hiding(50_000);
    let bytes = produce(2, 1, &["orders"; TOPICS], &body(10_000));
    let ends = bytes.windows(6).zip(6..).filter(|(name, _)| name == b"orders");
    let (mut sent, mut at) = (0, 0);
    for (_, end) in ends {
        if timeout(MOMENT, rig.client.write_all(&bytes[at..end])).await.is_err() {
            break;
        }
        // What is read ends with a name, so that nothing is left of it but what is queued.
        assert!(timeout(MOMENT, &mut rig.running).await.is_err());
        (sent, at) = (sent + 1, end);
    }
    assert!(sent < TOPICS / 4, "{sent} topics of 10,000 bytes were taken");
    assert_eq!(rig.budget.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_large_request_that_comes_whole_behind_one_that_was_passed_on_is_passed_on_too_or_charged() {
    for (topics, acks) in [
        (&["bills"][..], 1),
        (&["orders", "bills"], 1),
        (&["orders", "bills"], 0),
    ] {
        let mut rig = hiding(250_000);
        let first = produce(1, 1, &["orders"], &body(200_000));
        rig.client.write_all(&first).await.unwrap();
        assert!(timeout(SECOND, &mut rig.running).await.is_err());
        // Of the second there is room for one half in the broker's socket; the third comes whole with the other half.
        let second = produce(2, 1, &["orders"], &body(100_000));
        let third = produce(3, acks, topics, &body(100_000 / topics.len()));
        rig.client.write_all(&[&second[..], &third].concat()).await.unwrap();
        assert!(timeout(SECOND, &mut rig.running).await.is_err());
        let mut seen = vec![0; 60_000];
        rig.broker.read_exact(&mut seen).await.unwrap();
        assert!(timeout(SECOND, &mut rig.running).await.is_err());
        let charged = if acks == 0 { third.len() - 4 } else { 0 };
        assert_eq!(rig.budget.held(), charged);
        let renamed: Vec<String> = topics.iter().map(|topic| format!("team-a.{topic}")).collect();
        let renamed: Vec<&str> = renamed.iter().map(String::as_str).collect();
        let expected = [
            produce(0, 1, &["team-a.orders"], &body(200_000)),
            produce(1, 1, &["team-a.orders"], &body(100_000)),
            produce(2, acks, &renamed, &body(100_000 / topics.len())),
        ]
        .concat();
        let mut rest = vec![0; expected.len() - seen.len()];
        rig.broker.read_exact(&mut rest).await.unwrap();
        assert!([seen, rest].concat() == expected);
        assert_eq!(rig.budget.held(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_smuggled_behind_the_beginning_ends_the_connection_and_never_becomes_a_request() {
    let sound = produce(7, 1, &["orders"], &[7; 100_000]);
    let foreign = {
        let body = produce(7, 1, &["team-b.orders"], &[7; 100]);
        body[26..].to_vec()
    };
    let with = |sound: &[u8], more: &[u8]| {
        let mut bytes = [sound, more].concat();
        let length = u32::try_from(bytes.len() - 4).unwrap();
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        bytes
    };
    // Another topic behind the one that was told; more partitions than are there; records that are longer than the frame.
    let mut partitions = sound.clone();
    partitions[39] = 2;
    let mut records = sound.clone();
    records[44..48].copy_from_slice(&200_000_u32.to_be_bytes());
    for bytes in [with(&sound, &foreign), with(&sound, &[0]), partitions, records] {
        let mut rig = hiding(1_000_000);
        rig.client.write_all(&bytes).await.unwrap();
        let (_, mut broker, outcome) = rig.outcome().await;
        let over = outcome.unwrap_err();
        assert!(over.to_string().contains("malformed Produce"), "{over}");
        let seen = all_of(&mut broker).await;
        let told = seen
            .first_chunk::<4>()
            .map(|length| u32::from_be_bytes(*length) as usize);
        assert!(
            told.is_none_or(|told| seen.len() < 4 + told),
            "the broker has a whole request"
        );
    }
}
