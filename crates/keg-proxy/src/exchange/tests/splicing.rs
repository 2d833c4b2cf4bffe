//! What is passed on without being read, between sockets, in real time.
#![cfg(target_os = "linux")]

use keg_policy::Policy;
use tokio::net::TcpStream;
use tokio::sync::RwLockReadGuard;
use tokio::time::sleep;
use tower_layer::Layer;

use super::large::{LENGTH, SECOND, body, layer, limits};
use super::*;
use crate::splice::{PIPES, Pipe};
use crate::testing::{Counted, Read, all_pipes, pair, send_pieces, some_pipes};

/// An exchange between sockets that passes on what it may, and its two ends.
pub(super) struct Sockets {
    pub(super) client: TcpStream,
    pub(super) broker: TcpStream,
    /// What was read, of both.
    read: Arc<Read>,
    _pipes: Option<RwLockReadGuard<'static, ()>>,
    running: JoinHandle<Result<(), Over>>,
}

impl Sockets {
    async fn new(limits: &Limits) -> Self {
        let pipes = some_pipes().await;
        Self::with(limits, Some(pipes), streaming).await
    }

    /// The same behind policies.
    pub(super) async fn behind(policies: Vec<Arc<dyn Policy>>) -> Self {
        let pipes = some_pipes().await;
        Self::with(&limits(), Some(pipes), |link| layer(policies).layer(link)).await
    }

    /// The same, where the test has all pipes.
    pub(super) async fn alone_behind(policies: Vec<Arc<dyn Policy>>) -> Self {
        Self::with(&limits(), None, |link| layer(policies).layer(link)).await
    }

    async fn with<S>(
        limits: &Limits,
        pipes: Option<RwLockReadGuard<'static, ()>>,
        service: impl FnOnce(LinkService) -> S,
    ) -> Self
    where
        S: Answers + Send + Unpin + 'static,
        S::Future: Send,
    {
        let ((client, near), (far, broker)) = tokio::join!(pair(), pair());
        let read = Arc::new(Read::default());
        let counted = |stream| Counted {
            stream,
            read: Arc::clone(&read),
        };
        let budget = Budget::new(limits.buffer_budget);
        let exchange = exchange_with(counted(near), counted(far), limits, &budget, service);
        Self {
            client,
            broker,
            read,
            _pipes: pipes,
            running: tokio::spawn(exchange),
        }
    }

    /// One for whose first request there is a response of [`LENGTH`] bytes, and its frame.
    async fn asked(limits: &Limits) -> (Self, Vec<u8>) {
        let mut sockets = Self::new(limits).await;
        sockets.client.write_all(&request(1, b"")).await.unwrap();
        let request = read(&mut sockets.broker).await.unwrap();
        let reply = response(id(&request, 4), &body(LENGTH));
        (sockets, reply)
    }

    pub(super) fn was_read(&self) -> usize {
        self.read.bytes()
    }

    pub(super) async fn outcome(self) -> Result<(), Over> {
        timeout(20 * SECOND, self.running).await.expect("it ends").unwrap()
    }
}

fn impatient() -> Limits {
    Limits {
        max_response_wait: 4 * SECOND,
        stall_timeout: SECOND,
        ..limits()
    }
}

/// Lets requests and responses be passed on while they still arrive.
fn streaming(inner: LinkService) -> Marked {
    Marked { inner, streams: true }
}

async fn goes_on(from: &mut TcpStream, to: &mut TcpStream, bytes: &[u8]) {
    becomes(from, to, bytes, bytes, &[bytes.len()]).await;
}

/// What one end sends in pieces of these sizes is at the other.
pub(super) async fn becomes(from: &mut TcpStream, to: &mut TcpStream, sent: &[u8], expected: &[u8], sizes: &[usize]) {
    let mut seen = vec![0; expected.len()];
    let both = async { tokio::join!(send_pieces(from, sent, sizes), to.read_exact(&mut seen)) };
    let ((), received) = timeout(10 * SECOND, both).await.expect("what came is passed on");
    received.unwrap();
    assert!(seen == expected, "{} bytes are others", sent.len());
}

/// Writes until nothing more is taken, and says how much was.
async fn fill(stream: &mut TcpStream, bytes: &[u8]) -> usize {
    let mut sent = 0;
    while let Ok(part) = timeout(SECOND / 4, stream.write(&bytes[sent..])).await {
        sent += part.unwrap();
    }
    assert!(sent < bytes.len(), "all of it was taken");
    sent
}

#[tokio::test]
async fn large_messages_go_on_without_being_read() {
    let mut sockets = Sockets::new(&limits()).await;
    let (count, few) = (5, 100_000);
    // The ids are the same on both sides here.
    let requests: Vec<u8> = (0..count)
        .flat_map(|n| request(n, &body(LENGTH + n as usize)))
        .collect();
    let replies: Vec<u8> = (0..count)
        .flat_map(|n| response(n, &body(LENGTH - n as usize)))
        .collect();
    let Sockets { client, broker, .. } = &mut sockets;
    goes_on(client, broker, &requests).await;
    goes_on(broker, client, &replies).await;
    assert!(
        sockets.was_read() < 2 * count as usize * few,
        "{} bytes were read",
        sockets.was_read()
    );
}

#[tokio::test]
async fn whatever_has_come_of_a_message_goes_on() {
    let mut sockets = Sockets::new(&limits()).await;
    let Sockets { client, broker, .. } = &mut sockets;
    for (mut frame, is_request) in [(request(0, &body(LENGTH)), true), (response(0, &body(LENGTH)), false)] {
        frame.extend_from_within(..);
        // What is behind the first has the next id.
        let second = frame.len() / 2 + if is_request { 8 } else { 4 };
        frame[second..second + 4].copy_from_slice(&1i32.to_be_bytes());
        let mut rest = &frame[..];
        for size in [2_000, 1, 70_000, 5, 40_000, 300_000, 33_000, 2, 1_000_000]
            .into_iter()
            .cycle()
        {
            let (part, behind) = rest.split_at(size.min(rest.len()));
            // Of a head, there must be all.
            let (part, behind) = if behind.len() < 5_000 {
                (rest, &rest[rest.len()..])
            } else {
                (part, behind)
            };
            match is_request {
                true => goes_on(client, broker, part).await,
                false => goes_on(broker, client, part).await,
            }
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn what_comes_in_tiny_pieces_is_read() {
    let mut sockets = Sockets::new(&limits()).await;
    let frame = request(0, &body(LENGTH));
    let (head, rest) = frame.split_at(200_000);
    let Sockets { client, broker, .. } = &mut sockets;
    goes_on(client, broker, head).await;
    let mut seen = vec![0; rest.len()];
    let send = async {
        for (number, piece) in rest.chunks(100).enumerate() {
            // Many come before the exchange has its turn.
            let written = client.try_write(piece).unwrap_or(0);
            client.write_all(&piece[written..]).await.unwrap();
            if number % 400 == 399 {
                sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let ((), received) = tokio::join!(send, broker.read_exact(&mut seen));
    received.unwrap();
    assert!(seen == rest);
    assert!(
        sockets.was_read() > LENGTH / 2,
        "{} bytes were read",
        sockets.was_read()
    );
}

#[tokio::test]
async fn whoever_sends_is_not_to_blame_for_whom_is_slow_to_take_it() {
    let mut sockets = Sockets::new(&impatient()).await;
    let frame = request(0, &body(4 * LENGTH));
    let mut seen = vec![0; frame.len()];
    let slow = async {
        for part in seen.chunks_mut(LENGTH) {
            // Longer than a client may stall.
            sleep(3 * SECOND / 2).await;
            sockets.broker.read_exact(part).await.unwrap();
        }
    };
    let (written, ()) = tokio::join!(sockets.client.write_all(&frame), slow);
    written.unwrap();
    assert!(seen == frame);
}

#[tokio::test]
async fn whoever_takes_nothing_is_left() {
    let mut sockets = Sockets::new(&impatient()).await;
    let written = timeout(SECOND, sockets.client.write_all(&request(0, &body(8 * LENGTH)))).await;
    assert!(written.is_err(), "all of it was taken");
    let outcome = sockets.outcome().await;
    assert!(matches!(outcome, Err(Over::Unanswered { .. })), "{outcome:?}");

    let (mut sockets, _) = Sockets::asked(&impatient()).await;
    let written = timeout(SECOND, sockets.broker.write_all(&response(0, &body(8 * LENGTH)))).await;
    assert!(written.is_err(), "all of it was taken");
    let outcome = sockets.outcome().await;
    assert!(matches!(outcome, Err(Over::Unread { .. })), "{outcome:?}");
}

#[tokio::test]
async fn whoever_stalls_is_left() {
    let mut sockets = Sockets::new(&impatient()).await;
    let frame = request(0, &body(LENGTH));
    let Sockets { client, broker, .. } = &mut sockets;
    goes_on(client, broker, &frame[..LENGTH / 2]).await;
    let outcome = sockets.outcome().await;
    assert!(matches!(outcome, Err(Over::Stalled { .. })), "{outcome:?}");

    let (mut sockets, reply) = Sockets::asked(&impatient()).await;
    let Sockets { client, broker, .. } = &mut sockets;
    broker.write_all(&reply[..LENGTH / 2]).await.unwrap();
    client.read_exact(&mut vec![0; LENGTH / 2]).await.unwrap();
    let outcome = sockets.outcome().await;
    assert!(matches!(outcome, Err(Over::Unanswered { .. })), "{outcome:?}");
}

#[tokio::test]
async fn whoever_stalls_when_what_was_sent_has_been_taken_late_is_left() {
    let mut sockets = Sockets::new(&impatient()).await;
    let frame = request(0, &body(8 * LENGTH));
    let Sockets { client, broker, .. } = &mut sockets;
    let sent = fill(client, &frame).await;
    broker.read_exact(&mut vec![0; sent]).await.unwrap();
    let outcome = sockets.outcome().await;
    assert!(matches!(outcome, Err(Over::Stalled { .. })), "{outcome:?}");
}

#[tokio::test]
async fn what_a_broker_sent_before_it_went_reaches_a_slow_client_in_its_order() {
    let (mut sockets, _) = Sockets::asked(&limits()).await;
    let frame = response(0, &body(8 * LENGTH));
    let Sockets { client, broker, .. } = &mut sockets;
    fill(broker, &frame).await;
    // Closed with something unread, the broker's socket is reset, and the next request can't be written.
    client.write_all(&request(2, b"")).await.unwrap();
    sleep(SECOND / 4).await;
    drop(std::mem::replace(broker, pair().await.0));
    client.write_all(&request(3, b"")).await.unwrap();
    sleep(SECOND / 4).await;
    let mut seen = Vec::new();
    timeout(10 * SECOND, client.read_to_end(&mut seen))
        .await
        .unwrap()
        .unwrap();
    assert!(seen.len() > LENGTH / 2, "{} bytes came", seen.len());
    assert!(seen[8..] == frame[8..seen.len()]);
    let outcome = sockets.outcome().await;
    let has_gone = matches!(outcome, Err(Over::BackendIo { .. } | Over::BackendClosed { .. }));
    assert!(has_gone, "{outcome:?}");
}

#[tokio::test]
async fn what_is_cut_ends_the_connection() {
    for waits in [true, false] {
        let mut sockets = Sockets::new(&limits()).await;
        let Sockets { client, broker, .. } = &mut sockets;
        let half = &request(0, &body(LENGTH))[..LENGTH / 2];
        match waits {
            true => goes_on(client, broker, half).await,
            // The end comes with what is before it.
            false => {
                let mut seen = [0; 50_000];
                let (written, received) =
                    tokio::join!(client.write_all(&half[..100_000]), broker.read_exact(&mut seen));
                written.unwrap();
                received.unwrap();
            }
        }
        client.shutdown().await.unwrap();
        let outcome = sockets.outcome().await;
        assert!(matches!(outcome, Err(Over::Cut { .. })), "{outcome:?}");

        let (mut sockets, reply) = Sockets::asked(&limits()).await;
        let (half, mut seen) = (&reply[..LENGTH / 2], vec![0; LENGTH / 2]);
        sockets.broker.write_all(&half[..1_000]).await.unwrap();
        if waits {
            sockets.client.read_exact(&mut seen[..1_000]).await.unwrap();
        }
        let Sockets { client, broker, .. } = &mut sockets;
        let from = if waits { 1_000 } else { 0 };
        let (written, received) = tokio::join!(broker.write_all(&half[1_000..]), client.read_exact(&mut seen[from..]));
        written.unwrap();
        received.unwrap();
        assert!(seen[8..] == half[8..]);
        broker.shutdown().await.unwrap();
        let outcome = sockets.outcome().await;
        assert!(matches!(outcome, Err(Over::BackendClosed { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn without_a_pipe_large_messages_are_read_in_large_parts() {
    let _pipes = all_pipes().await;
    let all: Vec<Pipe> = std::iter::from_fn(Pipe::take).collect();
    let count = all.len();
    assert!(count <= PIPES);
    let mut sockets = Sockets::with(&limits(), None, streaming).await;
    let frame = request(0, &body(LENGTH));
    let Sockets { client, broker, .. } = &mut sockets;
    goes_on(client, broker, &frame).await;
    assert!(
        sockets.was_read() >= frame.len(),
        "{} bytes, {} pipes",
        sockets.was_read(),
        count
    );
    let times = sockets.read.times();
    assert!(times < frame.len() / 16_000, "{times} times");
    all.into_iter().for_each(Pipe::give_back);
    assert!(Pipe::take().is_some());
}
