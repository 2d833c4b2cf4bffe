//! A pipe that makes a runtime look at its sockets.

use std::future::Future;
use std::io::{self, PipeWriter, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe::Receiver;
use tokio::task::unconstrained;

/// A pipe with at most a few bytes in it, so that writing never waits.
#[derive(Debug)]
pub(super) struct Bell {
    rings: PipeWriter,
    rung: Receiver,
}

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let (rung, rings) = io::pipe()?;
        let rung = Receiver::from_owned_fd(rung.into())?;
        Ok(Self { rings, rung })
    }

    /// Makes the runtime that it was made in wake whoever listens, if it isn't about to.
    pub(super) fn ring(&self) {
        let _ = (&self.rings).write(&[0]);
    }

    /// Takes off what was rung, and has the waker woken for the next. Whether it will be: not if the runtime ends.
    pub(super) fn listen(&mut self, waker: &Waker) -> bool {
        let rung = &mut self.rung;
        let taken = std::future::poll_fn(|context| {
            loop {
                let mut bytes = [0; 64];
                match Pin::new(&mut *rung).poll_read(context, &mut ReadBuf::new(&mut bytes)) {
                    Poll::Ready(Ok(())) => {}
                    other => return other,
                }
            }
        });
        // Else a task that has used up its budget would be told to come again.
        pin!(unconstrained(taken))
            .poll(&mut Context::from_waker(waker))
            .is_pending()
    }
}
