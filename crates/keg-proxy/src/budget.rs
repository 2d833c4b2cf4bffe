//! What all connections together may hold of large frames.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use metrics::{Gauge, gauge};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What clients that nobody knows yet may hold together, beside the budget. Few of their frames are large enough to count.
const STRANGERS: usize = 16 * 1024 * 1024;

/// The budget of a gateway.
///
/// Requests and responses have a pool each. A request waits in its pool until a broker takes it, a broker may take
/// nothing before its response is read, and a response waits until its client takes it: with one pool, requests could
/// keep out the very responses that they wait for.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    bytes: usize,
    pub(crate) requests: Arc<Pool>,
    pub(crate) responses: Arc<Pool>,
    /// For clients of which nobody knows who they are: they don't take the memory of those who are known.
    pub(crate) strangers: Arc<Pool>,
}

/// Bytes that frames reserve, first come, first served.
#[derive(Debug)]
pub(crate) struct Pool {
    size: usize,
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    held: Gauge,
}

/// Bytes of a [`Pool`], given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    bytes: usize,
    pool: Arc<Pool>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// The wait for a [`Reservation`]. Dropping it gives up the place in the queue.
pub(crate) struct Reserving(Pin<Box<dyn Future<Output = Reservation> + Send>>);

/// A frame, and what it has reserved.
struct Charged {
    frame: Vec<u8>,
    _reservation: Reservation,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            bytes,
            requests: Arc::new(Pool::new(bytes / 2, "requests")),
            responses: Arc::new(Pool::new(bytes - bytes / 2, "responses")),
            strangers: Arc::new(Pool::new(STRANGERS, "strangers")),
        }
    }

    /// This budget, if it has that size, or a new one.
    pub(crate) fn resized(&self, bytes: usize) -> Self {
        if self.bytes == bytes {
            self.clone()
        } else {
            Self::new(bytes)
        }
    }

    /// How many bytes are reserved.
    pub(crate) fn held(&self) -> usize {
        self.requests.held() + self.responses.held() + self.strangers.held()
    }
}

impl Pool {
    fn new(size: usize, direction: &'static str) -> Self {
        let size = size.min(Semaphore::MAX_PERMITS);
        Self {
            size,
            free: Arc::new(Semaphore::new(size)),
            waiting: AtomicUsize::new(0),
            held: gauge!("keg_buffered_bytes", "direction" => direction),
        }
    }

    /// The longest frame that it can ever hold.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    fn held(&self) -> usize {
        self.size.saturating_sub(self.free.available_permits())
    }

    /// Whether a frame waits until others are gone.
    pub(crate) fn is_contended(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Queues for so many bytes.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize) -> Reserving {
        let pool = Arc::clone(self);
        let bytes = bytes.min(self.size);
        Reserving(Box::pin(async move {
            let waiting = Waiting::new(&pool.waiting);
            let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
            // The semaphore is never closed.
            let permit = Arc::clone(&pool.free).acquire_many_owned(permits).await.ok();
            drop(waiting);
            pool.held.increment(bytes as f64);
            Reservation {
                bytes,
                pool,
                _permit: permit,
            }
        }))
    }
}

impl Reservation {
    /// Keeps the reservation for as long as anything of the frame is.
    pub(crate) fn charge(self, frame: Vec<u8>) -> Bytes {
        Bytes::from_owner(Charged {
            frame,
            _reservation: self,
        })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.pool.held.decrement(self.bytes as f64);
    }
}

impl Future for Reserving {
    type Output = Reservation;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Reservation> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Reserving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reserving")
    }
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.frame
    }
}

/// Counts a waiting frame, however its wait ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll(reserving: &mut Reserving) -> Poll<Reservation> {
        Pin::new(reserving).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn a_frame_waits_until_there_is_room_and_nobody_overtakes_it() {
        let pool = Budget::new(200).requests;
        let first = pool.reserve(60).await;
        let (mut large, mut small) = (pool.reserve(50), pool.reserve(10));
        assert!(poll(&mut large).is_pending());
        assert!(poll(&mut small).is_pending(), "there would be room, but not its turn");
        assert!(pool.is_contended());
        drop(first);
        let (large, small) = (large.await, small.await);
        assert_eq!((pool.held(), pool.is_contended()), (60, false));
        drop((large, small));
        assert_eq!(pool.held(), 0);
    }

    #[tokio::test]
    async fn a_frame_that_gives_up_makes_way() {
        let pool = Budget::new(200).responses;
        let first = pool.reserve(60).await;
        let (mut large, mut small) = (pool.reserve(50), pool.reserve(10));
        assert!(poll(&mut large).is_pending() && poll(&mut small).is_pending());
        drop(large);
        assert!(poll(&mut small).is_ready());
        assert!(!pool.is_contended());
        drop(first);
    }

    #[tokio::test]
    async fn a_frame_is_charged_for_as_long_as_a_slice_of_it_lives() {
        let budget = Budget::new(200);
        let frame = budget.requests.reserve(100).await.charge(vec![7; 100]);
        let slice = frame.slice(10..20);
        drop(frame);
        assert_eq!((budget.held(), &*slice), (100, &[7; 10][..]));
        drop(slice);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn a_budget_of_the_same_size_goes_on() {
        let budget = Budget::new(200);
        assert!(Arc::ptr_eq(&budget.resized(200).requests, &budget.requests));
        assert!(!Arc::ptr_eq(&budget.resized(300).requests, &budget.requests));
    }
}
