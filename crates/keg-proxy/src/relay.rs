//! Bytes that are moved as they are.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, Sleep, sleep, timeout_at};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::busy_poll::BusyPoll;
use crate::splice::{ENOUGH, Pipe};
use crate::stream::Transport;

/// How much is read at once.
const READ: usize = 64 * 1024;

/// How often both directions are moved before other connections get their turn.
const ROUNDS: usize = 16;

/// How long nothing must have moved for a peer to be taken as done with what it was at.
const QUIET: Duration = Duration::from_millis(100);

/// Moves bytes both ways until both peers are done. One that has closed its side can still receive.
pub(crate) struct Relay<A, B> {
    one: A,
    other: B,
    to_other: Way,
    to_one: Way,
    moved: bool,
    patience: Duration,
    busy_poll: BusyPoll,
    /// Runs while one of the peers has closed its side, and nothing moves.
    leaving: Option<Pin<Box<Sleep>>>,
}

/// One direction. It holds a buffer, or a pipe, only while there is something in it.
#[derive(Debug, Default)]
struct Way {
    buffer: BytesMut,
    pipe: Option<Pipe>,
    /// [Enough](ENOUGH) has come at once for what follows not to be read.
    in_bulk: bool,
    unflushed: bool,
    ended: bool,
    shut: bool,
}

impl<A, B> Relay<A, B>
where
    A: Transport,
    B: Transport,
{
    /// Between two peers, beginning with what was read of the one. When a peer has closed its side, the other has
    /// `patience` to send something.
    pub(crate) fn new(one: A, first: &Bytes, other: B, patience: Duration, busy_poll: BusyPoll) -> Self {
        Self {
            one,
            other,
            to_other: Way {
                buffer: BytesMut::from(&**first),
                ..Way::default()
            },
            to_one: Way::default(),
            moved: false,
            patience,
            busy_poll,
            leaving: None,
        }
    }

    /// Goes on until nothing has moved for a moment, and not longer than `limit`.
    pub(crate) async fn drain(mut self, limit: Duration) -> io::Result<()> {
        let end = Instant::now() + limit;
        loop {
            let pause = Instant::now() + QUIET;
            match timeout_at(pause.min(end), &mut self).await {
                Ok(ended) => return ended,
                Err(_) if std::mem::take(&mut self.moved) && Instant::now() < end => {}
                Err(_) => return Ok(()),
            }
        }
    }

    fn poll_move(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        for _ in 0..ROUNDS {
            let Self {
                one,
                other,
                to_one,
                to_other,
                ..
            } = self;
            let progress = to_other.poll_move(one, other, context)? | to_one.poll_move(other, one, context)?;
            if !progress {
                return Ok(());
            }
            self.moved = true;
            self.busy_poll.touch();
            self.leaving = None;
        }
        context.waker().wake_by_ref();
        Ok(())
    }
}

impl<A, B> Future for Relay<A, B>
where
    A: Transport,
    B: Transport,
{
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.poll_move(context)?;
        match (this.to_one.shut, this.to_other.shut) {
            (true, true) => Poll::Ready(Ok(())),
            (false, false) => Poll::Pending,
            _ => {
                let patience = this.patience;
                let leaving = this.leaving.get_or_insert_with(|| Box::pin(sleep(patience)));
                ready!(leaving.as_mut().poll(context));
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl Way {
    /// Moves what can be moved, and says whether anything was.
    fn poll_move<A, B>(&mut self, from: &mut A, to: &mut B, context: &mut Context<'_>) -> io::Result<bool>
    where
        A: Transport,
        B: Transport,
    {
        let mut progress = false;
        if self.is_empty() && !self.ended {
            let came = match self.poll_fill(from, to, context)? {
                Some(came) => came,
                None => self.poll_read(from, context)?,
            };
            if let Poll::Ready(count) = came {
                self.in_bulk = count >= ENOUGH;
                self.ended = count == 0;
                progress = true;
            }
        }
        progress |= self.poll_empty(to, context)?;
        self.unflushed |= progress;
        if self.unflushed {
            self.unflushed = Pin::new(&mut *to).poll_flush(context)?.is_pending();
        }
        if self.ended && self.is_empty() && !self.unflushed && !self.shut {
            self.shut = Pin::new(to).poll_shutdown(context)?.is_ready();
            progress |= self.shut;
        }
        Ok(progress)
    }

    fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.pipe.is_none()
    }

    fn poll_read<A: Transport>(&mut self, from: &mut A, context: &mut Context<'_>) -> io::Result<Poll<usize>> {
        self.buffer.reserve(READ);
        let read = poll_read_buf(Pin::new(from), context, &mut self.buffer)?;
        if read.is_pending() {
            self.buffer = BytesMut::new();
        }
        Ok(read)
    }

    /// Lets a pipe have what has come. `None` if it is to be read.
    fn poll_fill<A, B>(&mut self, from: &A, to: &B, context: &mut Context<'_>) -> io::Result<Option<Poll<usize>>>
    where
        A: Transport,
        B: Transport,
    {
        let (true, Some(socket), Some(_)) = (self.in_bulk, from.socket(), to.socket()) else {
            return Ok(None);
        };
        let Some(mut pipe) = Pipe::take() else {
            return Ok(None);
        };
        self.buffer = BytesMut::new();
        // An empty one has room.
        let filled = pipe.poll_fill(socket, usize::MAX, context)?;
        let filled = filled.map(Option::unwrap_or_default);
        if pipe.held() > 0 {
            self.pipe = Some(pipe);
        } else {
            pipe.give_back();
        }
        Ok(Some(filled))
    }

    /// Lets a peer have what it takes.
    fn poll_empty<B: Transport>(&mut self, to: &mut B, context: &mut Context<'_>) -> io::Result<bool> {
        let mut any = false;
        while !self.is_empty() {
            let written = match (&mut self.pipe, to.socket()) {
                (Some(pipe), Some(socket)) => pipe.poll_empty(socket, context)?,
                _ => poll_write_buf(Pin::new(&mut *to), context, &mut self.buffer)?,
            };
            match written {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(_) => any = true,
                Poll::Pending => break,
            }
            if let Some(emptied) = self.pipe.take_if(|pipe| pipe.held() == 0) {
                emptied.give_back();
            }
        }
        Ok(any)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::testing::{Counted, Read, pair, send_pieces, some_pipes};

    const PATIENCE: Duration = Duration::from_secs(5);

    fn relay(first: &'static [u8]) -> (DuplexStream, DuplexStream, Relay<DuplexStream, DuplexStream>) {
        let ((client, near), (far, node)) = (duplex(1000), duplex(7));
        let relay = Relay::new(near, &Bytes::from_static(first), far, PATIENCE, BusyPoll::new());
        (client, node, relay)
    }

    #[tokio::test]
    async fn every_byte_arrives_both_ways_and_a_closed_side_still_receives() {
        let (mut client, mut node, relay) = relay(b"first");
        let sent: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let relayed = tokio::spawn(relay);
        let expected = [b"first", &*sent].concat();
        let serve = async move {
            let mut received = Vec::new();
            node.read_to_end(&mut received).await.unwrap();
            assert!(received == expected);
            node.write_all(&received).await.unwrap();
            received.len()
        };
        let ask = async {
            client.write_all(&sent).await.unwrap();
            client.shutdown().await.unwrap();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            answer.len()
        };
        assert_eq!(tokio::join!(serve, ask), (200_005, 200_005));
        relayed.await.unwrap().unwrap();
    }

    /// Sends all in pieces of these sizes, and then no more.
    async fn send(mut to: impl AsyncWrite + Unpin, bytes: &[u8], sizes: &[usize]) {
        send_pieces(&mut to, bytes, sizes).await;
        to.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn what_comes_in_bulk_goes_from_socket_to_socket() {
        let _pipes = some_pipes().await;
        let sent: Vec<u8> = (0..8_000_000_u32).map(|n| (n % 251) as u8).collect();
        for sizes in [&[8_000_000][..], &[100_000, 3, 40_000, 20_000, 1_000, 7]] {
            let ((client, near), (far, node)) = tokio::join!(pair(), pair());
            let read = Arc::new(Read::default());
            let [near, far] = [near, far].map(|stream| Counted {
                stream,
                read: Arc::clone(&read),
            });
            let relayed = tokio::spawn(Relay::new(near, &Bytes::new(), far, PATIENCE, BusyPoll::new()));
            let [mut up, mut down] = [Vec::new(), Vec::new()];
            let ((from_client, to_client), (from_node, to_node)) = (client.into_split(), node.into_split());
            let (mut from_client, mut from_node) = (from_client, from_node);
            tokio::join!(
                send(to_client, &sent, sizes),
                send(to_node, &sent, sizes),
                async {
                    // Meanwhile, the one who sends has to wait.
                    sleep(QUIET).await;
                    from_node.read_to_end(&mut up).await.unwrap();
                },
                async { from_client.read_to_end(&mut down).await.unwrap() },
            );
            assert!(up == sent && down == sent);
            relayed.await.unwrap().unwrap();
            if cfg!(target_os = "linux") && sizes.len() == 1 {
                assert!(read.bytes() < sent.len() / 4, "{} bytes were read", read.bytes());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_moves_keeps_sockets_polled_and_what_waits_does_not() {
        let (mut client, _node, mut relay) = relay(b"");
        let polling = BusyPoll::asleep();
        relay.busy_poll = polling.clone();
        for moves in [false, true, false] {
            if moves {
                client.write_all(b"x").await.unwrap();
            }
            assert!(timeout_at(Instant::now() + PATIENCE, &mut relay).await.is_err());
            assert_eq!(polling.is_touched(), moves);
            polling.fall_asleep();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_neither_sends_nor_closes_is_left_after_a_while() {
        let (mut client, _node, relay) = relay(b"");
        client.shutdown().await.unwrap();
        let began = Instant::now();
        relay.await.unwrap();
        assert_eq!(began.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_waits_for_a_quiet_moment_and_no_longer_than_it_may() {
        let (_client, _node, quiet) = relay(b"");
        let began = Instant::now();
        quiet.drain(PATIENCE).await.unwrap();
        assert_eq!(began.elapsed(), QUIET);

        let (mut client, mut node, busy) = relay(b"");
        let talk = tokio::spawn(async move {
            loop {
                client.write_all(b"x").await?;
                node.read_u8().await?;
                sleep(QUIET / 2).await;
            }
            #[allow(unreachable_code)]
            Ok::<_, io::Error>(())
        });
        let began = Instant::now();
        busy.drain(PATIENCE).await.unwrap();
        assert_eq!(began.elapsed(), PATIENCE);
        assert!(talk.await.unwrap().is_err(), "the connection was closed");
    }
}
