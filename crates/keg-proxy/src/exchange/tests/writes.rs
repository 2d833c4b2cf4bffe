//! What is passed on is written in few pieces, each of which wakes a peer.

use std::io::{self, IoSlice};
use std::sync::Mutex;

use tokio::io::AsyncWrite;

use super::*;

/// How many bytes were written at a time.
type Sizes = Arc<Mutex<Vec<usize>>>;

/// An end that notes how it is written to.
struct Noting {
    stream: DuplexStream,
    sizes: Sizes,
}

impl Transport for Noting {}

impl AsyncRead for Noting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Noting {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(written)) = written {
            self.sizes.lock().unwrap().push(written);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// An end that notes, and the other end.
fn noting() -> (DuplexStream, Noting, Sizes) {
    let (far, stream) = duplex(4_000_000);
    let sizes = Sizes::default();
    let noted = Noting {
        stream,
        sizes: Arc::clone(&sizes),
    };
    (far, noted, sizes)
}

fn body(fill: u8) -> Vec<u8> {
    vec![fill; 200_000]
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_passed_on_are_written_as_they_were_read_heads_and_ends_included() {
    let (mut client, near) = duplex(4_000_000);
    let (mut broker, far, sizes) = noting();
    let budget = Budget::new(1_000_000);
    let (streams, sent) = (true, [request(1, &body(1)), request(2, &body(2))].concat());
    client.write_all(&sent).await.unwrap();
    let exchange = exchange_with(near, far, &Limits::default(), &budget, |inner| Marked {
        inner,
        streams,
    });
    let running = tokio::spawn(exchange);
    for (number, fill) in [(0, 1), (1, 2)] {
        let request = read(&mut broker).await.unwrap();
        assert_eq!((id(&request, 4), &request[10..]), (number, &body(fill)[..]));
    }
    // The second of them has the end of a request and the beginning of the next.
    let expected = [65_536, 262_144, sent.len() - 65_536 - 262_144];
    assert_eq!(*sizes.lock().unwrap(), expected);
    drop((client, broker));
    let _ = running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_response_that_is_passed_on_is_written_with_what_has_come_of_it() {
    let (mut client, near, sizes) = noting();
    let (mut broker, far) = duplex(4_000_000);
    let budget = Budget::new(1_000_000);
    let exchange = exchange_with(near, far, &Limits::default(), &budget, |inner| Marked {
        inner,
        streams: true,
    });
    let running = tokio::spawn(exchange);
    client.write_all(&request(1, b"")).await.unwrap();
    let asked = read(&mut broker).await.unwrap();
    let reply = response(id(&asked, 4), &body(7));
    broker.write_all(&reply).await.unwrap();
    assert_eq!(read(&mut client).await.unwrap()[4..], body(7));
    assert_eq!(*sizes.lock().unwrap(), [65_536, reply.len() - 65_536]);
    drop((client, broker));
    let _ = running.await.unwrap();
}
