//! Bytes that are moved as they are.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep, timeout_at};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::busy_poll::BusyPoll;

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
    to_other: Pipe,
    to_one: Pipe,
    moved: bool,
    patience: Duration,
    busy_poll: BusyPoll,
    /// Runs while one of the peers has closed its side, and nothing moves.
    leaving: Option<Pin<Box<Sleep>>>,
}

/// One direction. It holds a buffer only while there is something in it.
#[derive(Debug, Default)]
struct Pipe {
    buffer: BytesMut,
    unflushed: bool,
    ended: bool,
    shut: bool,
}

impl<A, B> Relay<A, B>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    /// Between two peers, beginning with what was read of the one. When a peer has closed its side, the other has
    /// `patience` to send something.
    pub(crate) fn new(one: A, first: &Bytes, other: B, patience: Duration, busy_poll: BusyPoll) -> Self {
        Self {
            one,
            other,
            to_other: Pipe {
                buffer: BytesMut::from(&**first),
                ..Pipe::default()
            },
            to_one: Pipe::default(),
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
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
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

impl Pipe {
    /// Moves what can be moved, and says whether anything was.
    fn poll_move<A, B>(&mut self, from: &mut A, to: &mut B, context: &mut Context<'_>) -> io::Result<bool>
    where
        A: AsyncRead + Unpin,
        B: AsyncWrite + Unpin,
    {
        let mut progress = false;
        if self.buffer.is_empty() && !self.ended {
            self.buffer.reserve(READ);
            match poll_read_buf(Pin::new(from), context, &mut self.buffer)? {
                Poll::Ready(read) => {
                    self.ended = read == 0;
                    progress = true;
                }
                Poll::Pending => self.buffer = BytesMut::new(),
            }
        }
        while !self.buffer.is_empty() {
            match poll_write_buf(Pin::new(&mut *to), context, &mut self.buffer)? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(_) => progress = true,
                Poll::Pending => break,
            }
        }
        self.unflushed |= progress;
        if self.unflushed {
            self.unflushed = Pin::new(&mut *to).poll_flush(context)?.is_pending();
        }
        if self.ended && self.buffer.is_empty() && !self.unflushed && !self.shut {
            self.shut = Pin::new(to).poll_shutdown(context)?.is_ready();
            progress |= self.shut;
        }
        Ok(progress)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

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
