//! Connections that could go on for ever give way to others.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use tokio::io::{AsyncWrite, ReadBuf};

use super::*;
use crate::testing::{Counted, Read};

/// A service that is not always ready.
struct Gated {
    inner: LinkService,
    open: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Service<Request> for Gated {
    type Response = Reply;
    type Error = Over;
    type Future = LinkFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        self.open.as_mut().poll(context).map(Ok)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.open = Box::pin(std::future::pending());
        self.inner.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_read_waits_until_the_stack_is_ready_even_in_a_drain() {
    let (mut client, near) = duplex(1_000);
    let (far, mut broker) = duplex(1_000);
    let budget = Budget::new(1_000_000);
    let later = Duration::from_secs(2);
    let mut exchange = exchange_with(near, far, &Limits::default(), &budget, |inner| Gated {
        inner,
        open: Box::pin(tokio::time::sleep(later)),
    });
    client.write_all(&request(1, b"")).await.unwrap();
    let began = tokio::time::Instant::now();
    assert!(timeout(later / 2, &mut exchange).await.is_err());
    exchange.stop_reading();
    let running = tokio::spawn(exchange);
    answer_one(&mut broker).await;
    assert_eq!(began.elapsed(), later);
    assert_eq!(id(&read(&mut client).await.unwrap(), 0), 1);
    assert!(running.await.unwrap().is_ok());
}

/// A peer that always has something to say, and takes whatever it is given.
struct Chatterbox {
    frame: Vec<u8>,
    said: usize,
}

impl Transport for Chatterbox {}

impl AsyncRead for Chatterbox {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while buffer.remaining() >= this.frame.len() {
            buffer.put_slice(&this.frame);
            this.said += 1;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Chatterbox {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_client_that_never_stops_is_left_for_others_and_returned_to() {
    let chatterbox = Chatterbox {
        frame: local_request(1),
        said: 0,
    };
    let (far, _broker) = duplex(1_000);
    let budget = Budget::new(1_000_000);
    let mut exchange = exchange(chatterbox, far, &Limits::default(), &budget);
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    for turn in 1..=3 {
        let said = exchange.client.stream.said;
        assert!(
            Pin::new(&mut exchange)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        assert_eq!(count.0.load(Ordering::Relaxed), turn, "it asks for another turn");
        assert!(exchange.client.stream.said > said, "and uses it");
        let read_ahead = exchange.client.incoming.pending();
        assert!(read_ahead < 200_000, "{read_ahead} bytes");
    }
}

#[tokio::test]
async fn what_waits_for_a_slow_client_is_bounded_whoever_answers() {
    let limits = Limits {
        max_queued: 10_000,
        ..Limits::default()
    };
    // The client takes nothing after its socket is full.
    let (mut client, near) = duplex(1_000);
    let (far, _broker) = duplex(1_000);
    let budget = Budget::new(1_000_000);
    let mut exchange = exchange(near, far, &limits, &budget);
    let requests: Vec<u8> = (0..10_000).flat_map(local_request).collect();
    let flood = async {
        let _ = timeout(Duration::from_millis(200), client.write_all(&requests)).await;
    };
    tokio::select! {
        _ = &mut exchange => panic!("it ended"),
        () = flood => {}
    }
    assert!(
        exchange.to_client.len() < 2 * limits.max_queued,
        "{} bytes",
        exchange.to_client.len()
    );
    assert!(exchange.to_client.len() >= limits.max_queued);
}

fn counted() -> (DuplexStream, Counted<DuplexStream>, Arc<Read>) {
    let (far, stream) = duplex(1_000);
    let reads = Arc::<Read>::default();
    let counted = Counted {
        stream,
        read: Arc::clone(&reads),
    };
    (far, counted, reads)
}

#[tokio::test]
async fn a_peer_is_read_when_it_has_sent_something_and_once_more_and_not_when_the_other_has() {
    let (mut client, near, of_client) = counted();
    let (mut broker, far, of_broker) = counted();
    let budget = Budget::new(1_000_000);
    let running = tokio::spawn(exchange(near, far, &Limits::default(), &budget));
    tokio::task::yield_now().await;
    let reads = || (of_client.asked(), of_broker.asked());
    assert_eq!(reads(), (1, 1));
    for n in 1..=3 {
        client.write_all(&request(1, b"")).await.unwrap();
        let asked = read(&mut broker).await.unwrap();
        tokio::task::yield_now().await;
        assert_eq!(reads(), (2 * n + 1, 2 * n - 1), "the request and its end");
        broker.write_all(&response(id(&asked, 4), b"")).await.unwrap();
        read(&mut client).await.unwrap();
        tokio::task::yield_now().await;
        assert_eq!(reads(), (2 * n + 1, 2 * n + 1), "the response and its end");
    }
    drop(client);
    assert!(running.await.unwrap().is_ok());
}
