//! How often memory is asked for while messages pass that nobody looks at.

use allocation_counter::measure;
use tokio::runtime::{Builder, Runtime};

use super::large::{body, limits};
use super::*;

const TIMES: u64 = 500;

/// An exchange with nothing between, on this thread.
struct Passing {
    runtime: Runtime,
    rig: Rig,
}

impl Passing {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let rig = runtime.block_on(async { marked_rig(&limits(), 1 << 16, true) });
        Self { runtime, rig }
    }

    /// Sends so many requests at once, and then their responses, over and over, and says how often memory was asked for
    /// in that. What a thread and a connection keep is there before it is counted.
    fn count(&mut self, at_once: usize, request: &[u8], response: &[u8]) -> u64 {
        let (requests, mut responses) = (request.repeat(at_once), response.repeat(at_once));
        let mut seen = vec![0; requests.len().max(responses.len())];
        let Rig { client, broker, .. } = &mut self.rig;
        let runtime = &self.runtime;
        let mut pass = |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    let asked = &mut seen[..requests.len()];
                    let (sent, received) = tokio::join!(client.write_all(&requests), broker.read_exact(asked));
                    sent.and(received.map(drop)).unwrap();
                    // Behind the lengths, and the keys and versions of the requests.
                    let ids = seen.chunks_exact(request.len()).map(|frame| &frame[8..12]);
                    for (response, id) in responses.chunks_mut(response.len()).zip(ids) {
                        response[4..8].copy_from_slice(id);
                    }
                    let answered = &mut seen[..responses.len()];
                    let (sent, received) = tokio::join!(broker.write_all(&responses), client.read_exact(answered));
                    sent.and(received.map(drop)).unwrap();
                }
            });
        };
        pass(2);
        measure(|| pass(TIMES)).count_total
    }
}

#[test]
fn small_messages_take_none() {
    let count = Passing::new().count(1, &request(0, &[7; 200]), &response(0, &[8; 300]));
    assert_eq!(count, 0, "{TIMES} times");
}

#[test]
fn small_messages_that_come_together_share_what_they_take() {
    let mut passing = Passing::new();
    // All of the last don't fit into what is read at once and kept.
    for at_once in [40, 200] {
        let count = passing.count(at_once, &request(0, &[7; 200]), &response(0, &[8; 300]));
        let messages = 2 * TIMES * u64::try_from(at_once).unwrap();
        assert!(count < messages / 2, "{count} for {messages} messages");
    }
}

#[test]
fn large_messages_take_a_few_whatever_their_length() {
    let mut passing = Passing::new();
    for length in [100_000, 1_000_000] {
        for (request, response) in [
            (request(0, &body(length)), response(0, &[8; 300])),
            (request(0, &[7; 200]), response(0, &body(length))),
        ] {
            let count = passing.count(1, &request, &response);
            let (sent, received) = (request.len(), response.len());
            assert!(
                count < 6 * TIMES,
                "{count} for {sent} and {received} bytes, {TIMES} times"
            );
        }
    }
}
