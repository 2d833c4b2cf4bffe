//! Responses that are passed on while they still arrive.

use super::large::{LENGTH, SECOND, asked, behind};
use super::*;

#[tokio::test(start_paused = true)]
async fn what_has_come_of_a_response_is_with_the_client_before_the_rest_comes_and_takes_nothing_of_the_budget() {
    let (mut rig, reply) = asked(10_000).await;
    for part in reply.chunks(100_000) {
        let mut seen = vec![0; part.len()];
        let (written, received) = tokio::join!(
            rig.broker.write_all(part),
            timeout(SECOND, rig.client.read_exact(&mut seen))
        );
        written.unwrap();
        received.expect("what came is passed on").unwrap();
        assert_eq!(rig.budget.held(), 0);
        // But for the correlation id.
        assert!(seen[8..] == part[8..]);
    }
    // The next one comes behind it.
    rig.client.write_all(&request(2, b"next")).await.unwrap();
    answer_one(&mut rig.broker).await;
    let next = read(&mut rig.client).await.unwrap();
    assert_eq!((id(&next, 0), &next[4..]), (2, &b"next"[..]));
}

#[tokio::test(start_paused = true)]
async fn of_a_client_that_does_not_read_little_is_read_ahead() {
    let (mut rig, reply) = asked(1_000).await;
    let written = timeout(SECOND, rig.broker.write_all(&reply[..1_000_000])).await;
    assert!(written.is_err(), "a million bytes were taken");
    assert_eq!(rig.budget.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_of_a_response_is_left_after_a_while() {
    let (mut rig, reply) = asked(1_000).await;
    // As much as is read ahead.
    let _ = timeout(SECOND, rig.broker.write_all(&reply)).await;
    let (_, _, outcome) = rig.outcome().await;
    assert!(
        matches!(outcome, Err(Over::Unread { waited }) if waited >= 100 * SECOND),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_cut_ends_the_connection() {
    let (mut rig, reply) = asked(1_000_000).await;
    rig.broker.write_all(&reply[..500_000]).await.unwrap();
    rig.broker.shutdown().await.unwrap();
    let (_, _, outcome) = rig.outcome().await;
    assert!(matches!(outcome, Err(Over::BackendClosed { .. })), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_response_that_stalls_is_waited_for_no_longer_than_one_that_does_not_begin() {
    let (mut rig, reply) = asked(1_000_000).await;
    rig.broker.write_all(&reply[..500_000]).await.unwrap();
    let (_, _, outcome) = rig.outcome().await;
    assert!(
        matches!(outcome, Err(Over::Unanswered { waited }) if waited == 100 * SECOND),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_slow_response_is_waited_for_from_its_end() {
    let (mut rig, reply) = asked(1_000).await;
    rig.client.write_all(&request(2, b"next")).await.unwrap();
    let next = read(&mut rig.broker).await.unwrap();
    let serve = async {
        for part in reply.chunks(100_000) {
            tokio::time::sleep(50 * SECOND).await;
            rig.broker.write_all(part).await.unwrap();
        }
        tokio::time::sleep(50 * SECOND).await;
        rig.broker.write_all(&response(id(&next, 4), b"next")).await.unwrap();
    };
    let receive = async {
        assert_eq!(read(&mut rig.client).await.unwrap().len(), LENGTH + 4);
        read(&mut rig.client).await.unwrap()
    };
    let ((), next) = tokio::join!(serve, receive);
    assert_eq!((id(&next, 0), &next[4..]), (2, &b"next"[..]));
}

/// A Fetch response of version 16 with records of so many bytes, and a hint about a node behind them.
fn fetched(records: usize) -> Vec<u8> {
    fetched_of(&[records])
}

/// The same with records of several partitions, fewer than 127.
pub(super) fn fetched_of(partitions: &[usize]) -> Vec<u8> {
    // Not throttled, no error, no session; one topic.
    let mut body = vec![0; 10];
    body.push(2);
    body.extend([9; 16]);
    body.push(u8::try_from(partitions.len() + 1).unwrap());
    for records in partitions {
        body.extend([0; 4 + 2 + 8 + 8 + 8]);
        // No aborted transactions, no preferred replica.
        body.push(1);
        body.extend([0xff; 4]);
        let length = u32::try_from(records + 1).unwrap();
        body.extend((0..4).map(|byte| (length >> (7 * byte) & 0x7f) as u8 | if byte < 3 { 0x80 } else { 0 }));
        body.extend(vec![5; *records]);
        // No tags.
        body.push(0);
    }
    // None of the topic; one of the response.
    body.extend([0, 1, 0, 28, 2, 0, 0, 0, 1, 17]);
    body.extend(b"kafka-1.internal");
    body.extend([0, 0, 0x23, 0x84, 0, 0]);
    body
}

/// A client of a virtual cluster that hides addresses, which has sent so many Fetch requests of version 16, and the broker that
/// has got them, as 0 and on.
async fn fetching(ids: &[i32]) -> Rig {
    let mut rig = behind(vec![Arc::new(BrokerAddresses)], 10_000);
    for id in ids {
        rig.client.write_all(&fetch(*id)).await.unwrap();
        read(&mut rig.broker).await.unwrap();
    }
    rig
}

/// A Fetch request of version 16.
pub(super) fn fetch(correlation_id: i32) -> Vec<u8> {
    let id = correlation_id.to_be_bytes();
    framed(&[&[0, 1, 0, 16][..], &id, &[0xff, 0xff, 0], &[0; 15], &[1, 1, 1, 0]].concat())
}

#[tokio::test(start_paused = true)]
async fn policies_see_the_head_of_a_fetch_response_and_addresses_behind_it_are_hidden() {
    let mut rig = fetching(&[7]).await;
    let body = fetched(3_000_000);
    // A flexible response has tags in its header.
    let reply = response(0, &[&[0][..], &body].concat());
    let (written, seen) = tokio::join!(rig.broker.write_all(&reply), read(&mut rig.client));
    written.unwrap();
    let seen = seen.unwrap();
    assert_eq!((seen.len(), id(&seen, 0), rig.budget.held()), (body.len() + 5, 7, 0));
    let (same, hint) = seen[5..].split_at(body.len() - 30);
    assert!(same == &body[..same.len()]);
    assert_eq!(hint[..2], [127, 28]);
    assert!(hint[2..].iter().all(|byte| *byte == 0));
    drop(rig.client);
    rig.running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_before_a_malformed_response_is_with_the_client_when_the_connection_ends() {
    let mut rig = fetching(&[7, 8, 9]).await;
    // No topics, and no tags.
    let good = response(0, &[&[0; 11][..], &[1, 0]].concat());
    let mut body = fetched(100_000);
    // More records than there can be.
    body[66] = 0x7f;
    let bad = response(1, &[&[0][..], &body].concat());
    let both = [good.clone(), bad[..5_000].to_vec()].concat();
    rig.broker.write_all(&both).await.unwrap();
    let seen = read(&mut rig.client).await.unwrap();
    assert_eq!((id(&seen, 0), &seen[4..]), (7, &good[8..]));
    // Nobody waits for the answer to the third, which could not be written behind the beginning of that.
    let (_, _broker, outcome) = timeout(SECOND, rig.outcome()).await.unwrap();
    assert!(matches!(outcome, Err(Over::Backend { .. })), "{outcome:?}");
}
