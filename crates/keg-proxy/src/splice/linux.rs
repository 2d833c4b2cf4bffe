//! Pipes, and `splice(2)`.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread, write};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::PIPES;

/// How many bytes a pipe takes at once. They are the kernel's, and no socket is charged for them.
const ROOM: usize = 256 * 1024;

/// With how little room a pipe is worth it. It is never full of what was [put](Pipe::put) there.
const LEAST_ROOM: usize = 64 * 1024;

/// Pipes that are of no use have been had: it isn't tried again.
static UNFIT: AtomicBool = AtomicBool::new(false);

/// Empty ones, for the next who move bytes.
static SPARE: Mutex<Vec<Ends>> = Mutex::new(Vec::new());

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// What bytes are in on their way from one socket to the other.
#[derive(Debug)]
pub(crate) struct Pipe {
    ends: Ends,
    held: usize,
}

#[derive(Debug)]
struct Ends {
    way_in: OwnedFd,
    way_out: OwnedFd,
    _counted: Counted,
}

/// The place of a pipe among those that there may be.
#[derive(Debug)]
struct Counted;

impl Pipe {
    /// An empty one. `None` where there are many already, or the operating system gives none.
    pub(crate) fn take() -> Option<Self> {
        let spare = spare().pop();
        let ends = spare.or_else(Ends::new)?;
        Some(Self { ends, held: 0 })
    }

    /// Keeps it for the next, if it is empty.
    pub(crate) fn give_back(self) {
        if self.held == 0 {
            spare().push(self.ends);
        }
    }

    /// How many bytes are in it.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Puts bytes in front of those that come of a socket. Says how many it took: all, up to the 4,096 of `PIPE_BUF`, or none,
    /// where it has no room for them, above all.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> usize {
        let count = write(&self.ends.way_in, bytes).unwrap_or(0);
        self.held += count;
        count
    }

    /// Takes what a socket has, at most so much. Nothing comes where the peer has closed its side, and `None` is that the pipe has
    /// no room: sockets may have more than it takes.
    pub(crate) fn poll_fill(
        &mut self,
        socket: &TcpStream,
        most: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Option<usize>>> {
        loop {
            ready!(socket.poll_read_ready(context))?;
            let moved = socket.try_io(Interest::READABLE, || {
                let most = most.min(ROOM);
                match splice(socket, None, &self.ends.way_in, None, most, SpliceFlags::NONBLOCK) {
                    // The socket is still ready.
                    Err(Errno::AGAIN) if self.is_full() => Ok(None),
                    moved => Ok(Some(moved?)),
                }
            });
            if let Some(moved) = settled(moved)? {
                self.held += moved.unwrap_or(0);
                return Poll::Ready(Ok(moved));
            }
        }
    }

    /// Whether there is no room for anything, or it can't be told: then it is tried again when it is empty, which is known.
    fn is_full(&self) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut way_in = [PollFd::new(&self.ends.way_in, PollFlags::OUT)];
        self.held > 0 && !poll(&mut way_in, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    /// Gives a socket what it takes.
    pub(crate) fn poll_empty(&mut self, socket: &TcpStream, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            ready!(socket.poll_write_ready(context))?;
            let moved = socket.try_io(Interest::WRITABLE, || {
                Ok(splice(
                    &self.ends.way_out,
                    None,
                    socket,
                    None,
                    self.held,
                    SpliceFlags::NONBLOCK,
                )?)
            });
            if let Some(moved) = settled(moved)? {
                self.held -= moved;
                return Poll::Ready(Ok(moved));
            }
        }
    }
}

#[cfg(test)]
impl Pipe {
    /// One that has room for so many bytes, which is so many pages, or pieces of whatever size.
    pub(crate) fn small(room: usize) -> Self {
        let ends = Ends::new().expect("there are pipes");
        fcntl_setpipe_size(&ends.way_in, room).unwrap();
        Self { ends, held: 0 }
    }
}

/// How many bytes can be read of a socket.
pub(crate) fn waiting(socket: &TcpStream) -> usize {
    ioctl_fionread(socket).map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// What came of it, unless it is to be tried again when the socket is ready.
fn settled<T>(moved: io::Result<T>) -> io::Result<Option<T>> {
    match moved {
        Ok(moved) => Ok(Some(moved)),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
        Err(error) => Err(error),
    }
}

fn spare() -> MutexGuard<'static, Vec<Ends>> {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ends {
    fn new() -> Option<Self> {
        if UNFIT.load(Ordering::Relaxed) {
            return None;
        }
        let counted = Counted::new()?;
        let (way_out, way_in) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        // Whoever isn't allowed that much has what pipes have else, or next to nothing, where a user has many of them.
        let size = fcntl_setpipe_size(&way_in, ROOM).or_else(|_| fcntl_getpipe_size(&way_in));
        let has_room = size.is_ok_and(|size| size >= LEAST_ROOM);
        // Sandboxes may refuse the call.
        let may_splice = splice(&way_out, None, &way_in, None, 0, SpliceFlags::NONBLOCK).is_ok();
        if !(has_room && may_splice) {
            UNFIT.store(true, Ordering::Relaxed);
            return None;
        }
        Some(Self {
            way_in,
            way_out,
            _counted: counted,
        })
    }
}

impl Counted {
    fn new() -> Option<Self> {
        let more = |count: usize| (count < PIPES).then_some(count + 1);
        let counted = COUNT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        counted.ok().map(|_| Self)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}
