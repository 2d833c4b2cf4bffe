//! Brokers that can't be written to any more.

use std::io;

use tokio::io::{AsyncWrite, Join, ReadBuf, join};
use tokio::time::Instant;

use super::large::{LENGTH, SECOND, body, limits};
use super::*;

#[track_caller]
fn assert_broken(outcome: &Result<(), Over>, requests: usize) {
    let Err(Over::BackendIo { unanswered, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(unanswered.requests, requests);
}

impl Transport for Join<DuplexStream, DuplexStream> {}

/// An exchange whose broker can be read from and written to apart.
struct Apart {
    client: DuplexStream,
    says: DuplexStream,
    hears: DuplexStream,
    budget: Budget,
    running: JoinHandle<Result<(), Over>>,
}

/// One in which so many requests wait for their responses, which may be passed on while they still arrive, or not.
async fn apart(capacity: usize, requests: i32, streams: bool) -> Apart {
    let (mut client, near) = duplex(capacity);
    let ((says, reader), (mut hears, writer)) = (duplex(2 * LENGTH), duplex(capacity));
    let budget = Budget::new(1_000_000);
    let far = join(reader, writer);
    let exchange = exchange_with(near, far, &limits(), &budget, |inner| Marked { inner, streams });
    let running = tokio::spawn(exchange);
    for id in 1..=requests {
        client.write_all(&request(id, b"")).await.unwrap();
        read(&mut hears).await.unwrap();
    }
    Apart {
        client,
        says,
        hears,
        budget,
        running,
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_behind_a_response_whose_broker_can_not_be_written_to_any_more() {
    let mut rig = apart(1_000_000, 2, true).await;
    let reply = response(0, &body(LENGTH));
    rig.says.write_all(&reply[..500_000]).await.unwrap();
    let mut seen = vec![0; 500_000];
    rig.client.read_exact(&mut seen).await.unwrap();
    drop(rig.hears);
    let broke = Instant::now();
    rig.client.write_all(&request(3, b"")).await.unwrap();
    assert_eq!(read(&mut rig.client).await, None);
    assert!(broke.elapsed() < SECOND, "{:?}", broke.elapsed());
    assert_broken(&rig.running.await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_came_whole_before_its_broker_could_not_be_written_to_reaches_the_client() {
    let mut rig = apart(1_000, 2, true).await;
    let reply = response(0, &body(LENGTH));
    let both = [&reply[..], &response(1, b"next")].concat();
    rig.says.write_all(&both).await.unwrap();
    drop(rig.hears);
    // The first of them breaks it, and the second isn't taken for it.
    for id in [3, 4] {
        rig.client.write_all(&request(id, b"")).await.unwrap();
        assert!(timeout(SECOND, &mut rig.running).await.is_err());
    }
    assert!(read(&mut rig.client).await.unwrap()[4..] == reply[8..]);
    assert_eq!(read(&mut rig.client).await.unwrap(), response(2, b"next")[4..]);
    assert_eq!(read(&mut rig.client).await, None);
    assert_broken(&rig.running.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_waits_for_the_budget_when_its_broker_breaks_is_read_when_there_is_room() {
    let mut rig = apart(1_000_000, 2, false).await;
    let pool = &rig.budget.responses;
    let others = pool.reserve(pool.size()).await;
    let reply = response(0, &body(200_000));
    rig.says.write_all(&reply).await.unwrap();
    drop(rig.hears);
    rig.client.write_all(&request(3, b"")).await.unwrap();
    assert!(timeout(SECOND, &mut rig.running).await.is_err());
    drop(others);
    assert!(read(&mut rig.client).await.unwrap()[4..] == reply[8..]);
    assert_eq!(read(&mut rig.client).await, None);
    assert_broken(&rig.running.await.unwrap(), 2);
}

/// A broker that answers a request at the moment at which the next can't be written to it any more.
#[derive(Default)]
struct Breaking {
    requests: usize,
    answer: Vec<u8>,
}

impl Transport for Breaking {}

impl AsyncRead for Breaking {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.answer.is_empty() {
            return Poll::Pending;
        }
        buffer.put_slice(&std::mem::take(&mut self.answer));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Breaking {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.requests += 1;
        if self.requests == 1 {
            return Poll::Ready(Ok(bytes.len()));
        }
        self.answer = response(0, b"first");
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_broker_has_answered_by_the_moment_at_which_it_breaks_reaches_the_client() {
    let (mut client, near) = duplex(1_000);
    let budget = Budget::new(1_000_000);
    let running = tokio::spawn(exchange(near, Breaking::default(), &limits(), &budget));
    client.write_all(&request(1, b"")).await.unwrap();
    // The first is with the broker before the second comes.
    assert!(timeout(SECOND, client.read_u8()).await.is_err());
    client.write_all(&request(2, b"")).await.unwrap();
    assert_eq!(read(&mut client).await.unwrap(), response(1, b"first")[4..]);
    assert_eq!(read(&mut client).await, None);
    assert_broken(&running.await.unwrap(), 1);
}
