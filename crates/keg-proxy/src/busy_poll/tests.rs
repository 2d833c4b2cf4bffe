use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
const WINDOW: Duration = Duration::from_millis(50);

impl BusyPoll {
    /// One that would have to be rung, but for its bell.
    pub(crate) fn asleep() -> Self {
        let polling = Self::new();
        polling.fall_asleep();
        polling
    }

    /// As it is when nothing has moved for long.
    pub(crate) fn fall_asleep(&self) {
        self.0.state.store(ASLEEP, Ordering::Relaxed);
    }

    pub(crate) fn is_touched(&self) -> bool {
        self.0.state.load(Ordering::Relaxed) == TOUCHED
    }

    fn is_asleep(&self) -> bool {
        self.0.state.load(Ordering::Relaxed) == ASLEEP
    }

    fn turns(&self) -> u64 {
        self.0.turning().as_ref().map_or(0, |it| it.turns)
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A connection on loopback, of which each round trip makes the runtime look at its sockets.
async fn echoes(times: usize) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (mut near, (mut far, _)) = {
        let near = TcpStream::connect(listener.local_addr().unwrap());
        let (near, far) = tokio::join!(near, listener.accept());
        (near.unwrap(), far.unwrap())
    };
    for _ in 0..times {
        near.write_u8(1).await.unwrap();
        far.read_u8().await.unwrap();
    }
}

async fn sockets_are_polled_for_as_long_as_it_says() {
    let polling = BusyPoll::new();
    polling.touch();
    assert_eq!(polling.turns(), 0, "it is off at first");

    polling.set_window(WINDOW).unwrap();
    echoes(3).await;
    assert_eq!(polling.turns(), 0, "nothing was touched yet");
    for _ in 0..3 {
        let (before, start) = (polling.turns(), Instant::now());
        polling.touch();
        until("polling", || polling.turns() > before + 100).await;
        until("the end of it", || polling.is_asleep()).await;
        assert!(start.elapsed() >= WINDOW);
        let turned = polling.turns();
        echoes(3).await;
        assert_eq!(polling.turns(), turned, "it sleeps, whatever else is awake");
    }

    polling.set_window(PATIENCE * 10).unwrap();
    polling.touch();
    let before = polling.turns();
    until("polling", || polling.turns() > before + 100).await;
    echoes(3).await;
    polling.set_window(Duration::ZERO).unwrap();
    polling.touch();
    echoes(3).await;
    assert_eq!(polling.turns(), 0, "it is off in the midst of it");

    polling.set_window(WINDOW).unwrap();
    polling.touch();
    until("polling again", || polling.turns() > 100).await;
    until("the end of it", || polling.is_asleep()).await;
}

#[tokio::test]
async fn one_thread_polls_its_sockets_for_as_long_as_it_is_told() {
    sockets_are_polled_for_as_long_as_it_says().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn several_threads_poll_their_sockets_for_as_long_as_they_are_told() {
    sockets_are_polled_for_as_long_as_it_says().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn polling_wakes_no_other_thread() {
    let polling = BusyPoll::new();
    polling.set_window(PATIENCE).unwrap();
    let metrics = tokio::runtime::Handle::current().metrics();
    let parked = || -> Vec<u64> { (0..3).map(|it| metrics.worker_park_count(it)).collect() };
    let before = parked();
    polling.touch();
    until("polling", || polling.turns() > 10_000).await;
    polling.set_window(Duration::ZERO).unwrap();
    let mut grown: Vec<u64> = parked()
        .iter()
        .zip(before)
        .map(|(after, before)| after - before)
        .collect();
    grown.sort_unstable();
    assert!(grown[2] > 9_000 && grown[0] + grown[1] < 1_000, "{grown:?}");
}

#[tokio::test]
async fn traffic_keeps_the_sockets_polled() {
    let polling = BusyPoll::new();
    polling.set_window(PATIENCE).unwrap();
    polling.touch();
    let first = polling.0.turning().as_ref().unwrap().moved;
    until("polling", || !polling.is_touched()).await;
    polling.touch();
    assert!(polling.is_touched());
    until("a turn that has seen it", || {
        polling.0.turning().as_ref().unwrap().moved > first && !polling.is_touched()
    })
    .await;
}

#[tokio::test]
async fn what_is_touched_from_everywhere_at_the_moment_it_falls_asleep_is_polled_again() {
    let polling = BusyPoll::new();
    polling.set_window(Duration::from_micros(1)).unwrap();
    for _ in 0..500 {
        let before = polling.turns();
        let touching = [polling.clone(), polling.clone()].map(|it| std::thread::spawn(move || it.touch()));
        for thread in touching {
            thread.join().unwrap();
        }
        until("polling", || polling.turns() > before).await;
    }
}

#[tokio::test]
async fn a_bell_is_heard_by_a_task_that_has_used_up_its_budget() {
    let spent = std::future::poll_fn(|context| {
        while tokio::task::coop::has_budget_remaining() {
            let mut taken = pin!(tokio::task::coop::consume_budget());
            let _ = taken.as_mut().poll(context);
        }
        let polling = BusyPoll::new();
        polling.set_window(WINDOW).unwrap();
        Poll::Ready(polling)
    });
    let polling = spent.await;
    polling.touch();
    until("polling", || polling.turns() > 10).await;
}

#[test]
fn nothing_is_left_when_a_runtime_ends_while_it_polls() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let polling = BusyPoll::new();
    runtime.block_on(async {
        polling.set_window(PATIENCE).unwrap();
        polling.touch();
        until("polling", || polling.turns() > 10).await;
    });
    drop(runtime);
    let turned = polling.turns();
    polling.touch();
    assert_eq!(polling.turns(), turned);
    let shared = Arc::downgrade(&polling.0);
    drop(polling);
    assert!(shared.upgrade().is_none());
}

#[tokio::test]
async fn whoever_polls_is_let_go_with_its_last_connection() {
    let polling = BusyPoll::new();
    polling.set_window(PATIENCE).unwrap();
    polling.touch();
    until("polling", || polling.turns() > 10).await;
    let shared = Arc::downgrade(&polling.0);
    drop(polling);
    until("the end", || shared.strong_count() == 0).await;
}
