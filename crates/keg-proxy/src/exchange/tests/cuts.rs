//! Peers that go in the middle of anything.

use tokio::time::Instant;

use super::large::{SECOND, body, limits};
use super::order::Dice;
use super::*;

/// Frames in a row, of which so many are whole before the place at which they are cut.
struct Cut {
    bytes: Vec<u8>,
    whole: usize,
}

/// Cuts frames anywhere, a few bytes from the beginning or the end of one more often than not.
fn cut(frames: &[Vec<u8>], dice: &mut Dice) -> Cut {
    let all = frames.concat();
    let mut place = dice.below(all.len() + 1);
    if dice.below(3) > 0 {
        let before = dice.below(frames.len() + 1);
        let edge: usize = frames[..before].iter().map(Vec::len).sum();
        place = (edge + dice.below(60)).saturating_sub(30).min(all.len());
    }
    let mut end = 0;
    let ends = frames.iter().map(|frame| {
        end += frame.len();
        end
    });
    Cut {
        whole: ends.filter(|end| *end <= place).count(),
        bytes: all[..place].to_vec(),
    }
}

/// A body that is large enough to be passed on as often as not.
fn any_body(dice: &mut Dice) -> Vec<u8> {
    let length = match dice.below(2) {
        0 => dice.size(),
        _ => 60_000 + dice.below(200_000),
    };
    body(length)
}

/// Reads to the end, in pieces of any size with pauses between them.
async fn read_slowly(stream: &mut DuplexStream, dice: &mut Dice) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let mut piece = vec![0; 1 + dice.below(60_000)];
        match stream.read(&mut piece).await.unwrap() {
            0 => return all,
            read => all.extend_from_slice(&piece[..read]),
        }
        dice.pause().await;
    }
}

#[tokio::test(start_paused = true)]
async fn wherever_a_broker_goes_its_whole_responses_are_the_clients_and_the_others_are_counted() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut rig = marked_rig(&limits(), 100 + dice.below(100_000), seed % 4 > 0);
        let count = 1 + dice.below(6);
        let bodies: Vec<Vec<u8>> = (0..count).map(|_| any_body(&mut dice)).collect();
        for number in (0_i32..).take(count) {
            rig.client.write_all(&request(100 + number, b"")).await.unwrap();
            read(&mut rig.broker).await.unwrap();
        }
        let frames = |from| -> Vec<Vec<u8>> { (from..).zip(&bodies).map(|(id, body)| response(id, body)).collect() };
        let said = cut(&frames(0), &mut dice);
        let expected = frames(100).concat();
        let whole: usize = frames(0)[..said.whole].iter().map(Vec::len).sum();
        let began = Instant::now();
        let serve = async {
            rig.broker.write_all(&said.bytes).await.unwrap();
            rig.broker.shutdown().await.unwrap();
        };
        let (seen, ()) = tokio::join!(read_slowly(&mut rig.client, &mut dice), serve);
        assert!((whole..=said.bytes.len()).contains(&seen.len()), "seed {seed}");
        assert!(seen == expected[..seen.len()], "seed {seed}");
        assert!(began.elapsed() < SECOND, "seed {seed}: {:?}", began.elapsed());
        let budget = rig.budget.clone();
        let (_, _, outcome) = rig.outcome().await;
        assert!(
            matches!(outcome, Err(Over::BackendClosed { unanswered }) if unanswered.requests == count - said.whole),
            "seed {seed}, {} of {count}: {outcome:?}",
            said.whole
        );
        assert_eq!(budget.held(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn wherever_a_client_goes_its_whole_requests_are_answered_and_no_others() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut rig = marked_rig(&limits(), 100 + dice.below(100_000), seed % 4 > 0);
        let count = 1 + dice.below(6);
        let frames: Vec<Vec<u8>> = (0..).map(|id| request(id, &any_body(&mut dice))).take(count).collect();
        let said = cut(&frames, &mut dice);
        let whole: usize = frames[..said.whole].iter().map(Vec::len).sum();
        let began = Instant::now();
        let (mut reader, mut writer) = tokio::io::split(rig.client);
        let ask = async {
            writer.write_all(&said.bytes).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let serve = async {
            let mut number = 0;
            while let Some(request) = read(&mut rig.broker).await {
                assert!(request == frames[number][4..], "seed {seed}");
                number += 1;
                dice.pause().await;
                let answer = response(id(&request, 4), &request[10..]);
                rig.broker.write_all(&answer).await.unwrap();
            }
            number
        };
        let receive = async {
            let mut number = 0;
            while let Some(answer) = read(&mut reader).await {
                assert!(answer[4..] == frames[number][14..], "seed {seed}");
                number += 1;
            }
            number
        };
        let ((), served, received) = tokio::join!(ask, serve, receive);
        assert_eq!((served, received), (said.whole, said.whole), "seed {seed}");
        assert!(began.elapsed() < SECOND, "seed {seed}: {:?}", began.elapsed());
        let outcome = rig.running.await.unwrap();
        match said.bytes.len() - whole {
            0 => assert!(outcome.is_ok(), "seed {seed}: {outcome:?}"),
            _ => assert!(matches!(outcome, Err(Over::Cut { .. })), "seed {seed}: {outcome:?}"),
        }
        assert_eq!(rig.budget.held(), 0);
    }
}
