use std::future::Future;
use std::pin::Pin;
use std::task::Waker;

use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::budget::Budget;

const MIB: usize = 1024 * 1024;

fn incoming(limit: usize, budget: usize) -> Incoming {
    Incoming::new(limit, Budget::new(2 * budget).requests)
}

fn poll(incoming: &mut Incoming, stream: &mut DuplexStream) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    let mut any = false;
    incoming.wake();
    while incoming.poll_read(stream, &mut context).unwrap() {
        any = true;
    }
    any
}

fn framed(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes()[..], body].concat()
}

#[tokio::test]
async fn frames_of_any_size_come_whole_and_in_order_in_pieces_of_any_size() {
    let sizes = [
        0,
        1,
        100,
        COPY_BELOW - 1,
        COPY_BELOW,
        READ - 4,
        READ,
        READ + 1,
        0,
        300_000,
        5,
        3 * MIB,
        READ,
        7,
    ];
    let bodies: Vec<Vec<u8>> = (0_u8..).zip(sizes).map(|(n, size)| vec![n; size]).collect();
    let sent: Vec<u8> = bodies.iter().flat_map(|body| framed(body)).collect();
    for capacity in [1_000, READ, 10 * MIB] {
        let (mut stream, mut peer) = duplex(capacity);
        let sent = sent.clone();
        tokio::spawn(async move { peer.write_all(&sent).await });
        let mut incoming = incoming(4 * MIB, 4 * MIB);
        let mut received = Vec::new();
        while !incoming.is_closed() {
            incoming.read(&mut stream).await.unwrap();
            while incoming.has_frame() {
                received.push(incoming.frame().unwrap().expect("a whole frame"));
            }
            assert_eq!(incoming.frame(), Ok(None));
        }
        assert!(received == bodies);
        assert_eq!((incoming.pending(), incoming.pool.is_contended()), (0, false));
    }
}

#[tokio::test]
async fn nothing_is_held_while_nothing_comes_and_little_for_a_frame_that_has_begun() {
    let (mut stream, mut peer) = duplex(MIB);
    let mut incoming = incoming(MIB, MIB);
    assert!(!poll(&mut incoming, &mut stream));
    assert_eq!(incoming.buffer.capacity(), 0);

    peer.write_all(&framed(&[7; 1_000])).await.unwrap();
    peer.write_all(&[0, 0]).await.unwrap();
    assert!(poll(&mut incoming, &mut stream));
    assert!(incoming.frame().unwrap().is_some());
    assert!(!poll(&mut incoming, &mut stream));
    assert_eq!(incoming.pending(), 2);
    assert!(incoming.buffer.capacity() < 100);

    peer.write_all(&[0, 2, 8, 8]).await.unwrap();
    assert!(poll(&mut incoming, &mut stream));
    assert_eq!(incoming.frame().unwrap().unwrap(), [8, 8][..]);
    assert!(!poll(&mut incoming, &mut stream));
    assert_eq!(incoming.buffer.capacity(), 0);
}

#[tokio::test]
async fn small_frames_do_not_keep_the_buffer_that_they_came_in() {
    for length in [1_000, COPY_BELOW - 1] {
        let (mut stream, mut peer) = duplex(MIB);
        let mut incoming = incoming(MIB, MIB);
        peer.write_all(&framed(&vec![7; length])).await.unwrap();
        peer.write_all(&framed(&[8; READ / 2])).await.unwrap();
        assert!(poll(&mut incoming, &mut stream));
        let frame = incoming.frame().unwrap().unwrap();
        assert_eq!(frame.try_into_mut().unwrap().capacity(), length);
    }
}

#[tokio::test]
async fn the_memory_that_a_frame_is_passed_on_by_is_that_of_the_next_connection_as_soon_as_it_is_written() {
    let mut context = Context::from_waker(Waker::noop());
    let mut places = Vec::new();
    for _ in 0..2 {
        let (mut stream, mut peer) = duplex(MIB);
        let mut incoming = incoming(MIB, MIB).passing_on(Passes::Requests);
        peer.write_all(&framed(&[7; 200_000])).await.unwrap();
        assert!(incoming.poll_read(&mut stream, &mut context).unwrap());
        incoming.pass_on(100);
        places.push(incoming.passable().as_ptr());
        while incoming.passing() > 0 {
            let there = incoming.passable().len();
            incoming.passed(there);
            assert_eq!(incoming.buffer.capacity(), 0);
            let _ = incoming.poll_read(&mut stream, &mut context).unwrap();
        }
    }
    assert_eq!(places[0], places[1]);
}

#[tokio::test]
async fn the_end_of_a_frame_is_taken_only_with_enough_of_the_next_to_begin_it() {
    let (mut stream, mut peer) = duplex(MIB);
    let mut incoming = incoming(MIB, MIB).passing_on(Passes::Requests);
    peer.write_all(&framed(&[7; READ + 1])).await.unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(incoming.poll_read(&mut stream, &mut context).unwrap());
    incoming.pass_on(0);
    poll(&mut incoming, &mut stream);
    assert_eq!(incoming.take_passing(), None);
    peer.write_all(&framed(&[8; READ + 1])[..1_000]).await.unwrap();
    poll(&mut incoming, &mut stream);
    assert_eq!(incoming.take_passing(), None);
    peer.write_all(&[8; 1_000]).await.unwrap();
    poll(&mut incoming, &mut stream);
    assert_eq!(incoming.take_passing().unwrap(), [7; READ + 1][..]);
    assert_eq!((incoming.passing(), incoming.pending()), (0, 2_000));
    assert_eq!(incoming.begun().unwrap().1, READ + 1);
}

/// What has read the end of a frame that was passed on, and two frames whole: one of so many bytes, and a small one.
async fn behind_passed(length: usize) -> (Incoming, DuplexStream, DuplexStream) {
    let (mut stream, mut peer) = duplex(MIB);
    let mut incoming = incoming(MIB, MIB).passing_on(Passes::Requests);
    let sent = [framed(&[7; 2 * READ]), framed(&vec![8; length]), framed(&[9; 10])].concat();
    peer.write_all(&sent).await.unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(incoming.poll_read(&mut stream, &mut context).unwrap());
    incoming.pass_on(100);
    assert!(incoming.poll_read(&mut stream, &mut context).unwrap());
    assert_eq!(incoming.pending(), sent.len() - 104);
    incoming.passed(2 * READ - 100);
    (incoming, stream, peer)
}

#[tokio::test]
async fn a_large_frame_that_comes_whole_behind_one_that_was_passed_on_is_passed_on_or_has_its_place() {
    let (mut incoming, mut stream, _peer) = behind_passed(100_000).await;
    let pool = Arc::clone(&incoming.pool);
    let free = || pool.reserve(MIB - 100_000 + 1).now_or_never().is_some();
    let (beginning, length) = incoming.begun().expect("one to pass on");
    assert_eq!((beginning[0], length), (8, 100_000));
    incoming.hold();
    assert!(!incoming.has_frame() && free());
    assert_eq!(incoming.frame(), Ok(None));
    let others = pool.reserve(MIB).await;
    assert!(!poll(&mut incoming, &mut stream));
    assert!(incoming.waits_for_budget());
    drop(others);
    assert!(poll(&mut incoming, &mut stream));
    assert!(!free());
    let frame = incoming.frame().unwrap().unwrap();
    assert_eq!(frame, [8; 100_000][..]);
    assert_eq!(incoming.frame().unwrap().unwrap(), [9; 10][..]);
    assert!(!free(), "the frame is still charged");
    drop(frame);
    assert!(free());
}

#[tokio::test]
async fn what_is_there_when_no_more_is_read_needs_no_place() {
    for waits in [false, true] {
        let (mut incoming, mut stream, _peer) = behind_passed(100_000).await;
        let pool = Arc::clone(&incoming.pool);
        let _others = pool.reserve(MIB).await;
        if waits {
            incoming.hold();
            assert!(!poll(&mut incoming, &mut stream) && pool.is_contended());
        }
        incoming.close();
        assert!(incoming.has_frame() && !pool.is_contended());
        assert_eq!(incoming.frame().unwrap().unwrap(), [8; 100_000][..]);
        assert_eq!(incoming.frame().unwrap().unwrap(), [9; 10][..]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_frame_is_read_on_only_when_it_has_its_place() {
    let mut waiting = incoming(MIB, MIB);
    let held = waiting.pool.reserve(MIB / 2).await;
    let (mut stream, mut peer) = duplex(4 * MIB);
    peer.write_all(&framed(&vec![7; MIB])).await.unwrap();
    assert!(poll(&mut waiting, &mut stream));
    assert!(waiting.pending() <= 2 * READ, "{} bytes", waiting.pending());
    assert!(waiting.is_contended() && !waiting.is_charged());
    let later = Instant::now() + Duration::from_secs(60);
    assert_eq!(waiting.waited(later), None, "the peer is not to blame");

    // A frame that is small needs none.
    let mut other = Incoming::new(MIB, Arc::clone(&waiting.pool));
    let (mut small, mut sender) = duplex(MIB);
    sender.write_all(&framed(&[7; READ])).await.unwrap();
    assert!(poll(&mut other, &mut small));
    assert!(other.frame().unwrap().is_some());

    drop(held);
    assert!(poll(&mut waiting, &mut stream));
    let frame = waiting.frame().unwrap().unwrap();
    assert_eq!(frame.len(), MIB);
    assert!(
        waiting.pool.reserve(1).now_or_never().is_none(),
        "the frame is still charged"
    );
    drop(frame);
    assert!(waiting.pool.reserve(MIB).now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_large_frame_takes_memory_as_it_comes_and_tells_how_long_it_takes() {
    let mut incoming = incoming(100 * MIB, 100 * MIB);
    let (mut stream, mut peer) = duplex(MIB);
    let began = Instant::now();
    peer.write_all(&(100 * MIB as u32).to_be_bytes()).await.unwrap();
    let mut sent = 0;
    for step in [70_000, 1, 100_000, 500_000, 1_000_000, 1_000_000, 1_000_000] {
        peer.write_all(&vec![7; step]).await.unwrap();
        sent += step;
        assert!(poll(&mut incoming, &mut stream));
        assert_eq!(incoming.frame(), Ok(None));
        let Some(large) = &incoming.large else {
            panic!("a large frame")
        };
        assert_eq!(large.received(), sent);
        assert!(
            large.capacity() <= 2 * sent + 256 * 1024,
            "{} for {sent}",
            large.capacity()
        );
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(incoming.waited(Instant::now()), Some(Duration::from_secs(1)));
    assert_eq!(incoming.hogged(Instant::now()), None, "nobody else wants it");
    let mut other = incoming.pool.reserve(1);
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut other).poll(&mut context).is_pending());
    assert_eq!(incoming.hogged(Instant::now()), Some(began.elapsed()));
}

#[tokio::test]
async fn a_length_that_can_not_be_is_a_frame_that_fails() {
    for prefix in [
        [0xff, 0xff, 0xff, 0xff],
        [0, 0, 4, 1],
        [0x7f, 0xff, 0xff, 0xff],
        *b"GET ",
    ] {
        let mut incoming = incoming(1024, MIB);
        let (mut stream, mut peer) = duplex(MIB);
        peer.write_all(&prefix).await.unwrap();
        assert!(!incoming.has_frame());
        assert!(poll(&mut incoming, &mut stream));
        assert!(incoming.has_frame());
        assert!(incoming.frame().is_err());
    }
}

#[tokio::test]
async fn no_frame_is_longer_than_what_the_pool_can_hold() {
    let mut incoming = incoming(100 * MIB, MIB);
    let (mut stream, mut peer) = duplex(MIB);
    peer.write_all(&(MIB as u32 + 1).to_be_bytes()).await.unwrap();
    assert!(poll(&mut incoming, &mut stream));
    assert_eq!(
        incoming.frame(),
        Err(FrameError::TooLarge {
            length: MIB + 1,
            limit: MIB
        })
    );
}

trait NowOrNever: Future + Sized + Unpin {
    fn now_or_never(mut self) -> Option<Self::Output> {
        match Pin::new(&mut self).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}

impl<F: Future + Unpin> NowOrNever for F {}
