use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
const WINDOW: Duration = Duration::from_millis(50);

impl BusyPoll {
    /// One that would have to be woken, if anybody ran it.
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

    pub(crate) fn turns(&self) -> u64 {
        self.0.turns.load(Ordering::Relaxed)
    }

    /// Runs as a task, for as long as the test.
    fn running() -> Self {
        let polling = Self::new();
        let run = polling.clone();
        tokio::spawn(async move { run.run().await });
        polling
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

#[tokio::test]
async fn sockets_are_polled_for_as_long_as_it_says() {
    let polling = BusyPoll::running();
    polling.touch();
    echoes(3).await;
    assert_eq!(polling.turns(), 0, "it is off at first");

    polling.set_window(WINDOW);
    echoes(3).await;
    assert_eq!(polling.turns(), 0, "nothing was touched yet");
    for _ in 0..3 {
        let (before, start) = (polling.turns(), Instant::now());
        polling.touch();
        // A busy machine may leave it few turns.
        until("the end of it", || polling.turns() > before + 1 && polling.is_asleep()).await;
        assert!(start.elapsed() >= WINDOW);
        let turned = polling.turns();
        echoes(3).await;
        assert_eq!(polling.turns(), turned, "it sleeps, whatever else is awake");
    }

    polling.set_window(PATIENCE * 10);
    polling.touch();
    let before = polling.turns();
    until("polling", || polling.turns() > before + 100).await;
    polling.set_window(Duration::ZERO);
    echoes(3).await;
    let turned = polling.turns();
    polling.touch();
    echoes(3).await;
    assert_eq!(polling.turns(), turned, "it is off in the midst of it");

    polling.set_window(WINDOW);
    polling.touch();
    until("the end of it", || polling.turns() > turned + 1 && polling.is_asleep()).await;
}

#[tokio::test]
async fn a_window_that_becomes_shorter_ends_the_polling_under_way() {
    let polling = BusyPoll::running();
    polling.set_window(PATIENCE * 10);
    polling.touch();
    until("polling", || polling.turns() > 100).await;
    polling.set_window(Duration::from_millis(1));
    until("the end of it", || polling.is_asleep()).await;
}

#[tokio::test]
async fn each_turn_looks_at_the_sockets() {
    let polling = BusyPoll::running();
    polling.set_window(PATIENCE * 10);
    polling.touch();
    until("polling", || polling.turns() > 0).await;
    let mut turns = Vec::new();
    for _ in 0..101 {
        let before = polling.turns();
        // New sockets aren't asked for anything before the runtime has heard of them.
        echoes(1).await;
        turns.push(polling.turns() - before);
    }
    turns.sort_unstable();
    // A runtime looks at them after 61 tasks at the latest, whatever there is to be done.
    assert!((1..15).contains(&turns[50]), "{turns:?}");
}

#[test]
fn traffic_keeps_the_sockets_polled() {
    let polling = BusyPoll::new();
    polling.set_window(WINDOW);
    let long_ago = || Instant::now().checked_sub(2 * WINDOW).unwrap();
    let mut moved = long_ago();
    assert!(!polling.0.goes_on(&mut moved), "nothing was touched");
    polling.touch();
    assert!(polling.is_touched());
    assert!(polling.0.goes_on(&mut moved));
    assert!(moved > long_ago(), "the window begins anew");
    moved = Instant::now() + WINDOW;
    assert!(polling.0.goes_on(&mut moved), "it isn't over");
    polling.touch();
    moved = long_ago();
    assert!(polling.0.goes_on(&mut moved), "it was touched meanwhile");
    moved = long_ago();
    assert!(!polling.0.goes_on(&mut moved));
    assert!(polling.is_asleep());
}

#[tokio::test]
async fn what_is_touched_from_everywhere_at_the_moment_it_falls_asleep_is_polled_again() {
    let polling = BusyPoll::running();
    polling.set_window(Duration::from_micros(1));
    for _ in 0..500 {
        let before = polling.turns();
        let touching = [polling.clone(), polling.clone()].map(|it| std::thread::spawn(move || it.touch()));
        for thread in touching {
            thread.join().unwrap();
        }
        until("polling", || polling.turns() > before).await;
    }
}
