//! Requests that wait while a policy asks the broker something.

use keg_codec::Api;
use keg_policy::{AddressBook, Connection, Decision, Interest, Note, Policy, PolicyLayer, Question};
use tokio::time::{Instant, sleep};
use tower_layer::Layer;

use super::*;

/// Asks the broker something before a request goes on whose body begins with an odd byte: so often as the byte says,
/// three times at most.
#[derive(Debug)]
struct AsksOften;

impl AsksOften {
    fn ask(request: &Request, left: u8) -> Decision {
        let mut question = request.clone();
        question.body = bytes::Bytes::from(vec![0xff, left]).into();
        Decision::Ask(Question {
            request: question,
            note: Note::new(left),
        })
    }
}

impl Policy for AsksOften {
    fn name(&self) -> &str {
        "asks-often"
    }

    fn interest(&self, _api: &Api, _version: i16) -> Interest {
        Interest::Request
    }

    fn request(&self, _connection: &Connection, request: &mut Request) -> Decision {
        match request.body_bytes().first() {
            Some(first) if first % 2 == 1 => Self::ask(request, first % 4),
            _ => Decision::Forward(Note::default()),
        }
    }

    fn resume(&self, _connection: &Connection, request: &mut Request, note: Note, reply: Reply) -> Decision {
        let left: u8 = note.take().unwrap();
        let Reply::Response(mut reply) = reply else {
            return Decision::Close("a question has a reply".to_owned());
        };
        assert_eq!(reply.body_bytes()[..], [0xff, left], "the reply to the question");
        match left - 1 {
            0 => Decision::Forward(Note::default()),
            left => Self::ask(request, left),
        }
    }
}

#[derive(Debug)]
struct NoBook;

impl AddressBook for NoBook {
    fn advertise(&self, _: i32) -> Result<(Arc<str>, u16), String> {
        Err("nobody is anywhere".to_owned())
    }

    fn learn(&self, _: i32, _: &str, _: u16) {}
}

fn asking(inner: LinkService) -> impl Service<Request, Response = Reply, Error = Over, Future: Send + Unpin> + Unpin {
    let connection = Connection::new("team", "User:ANONYMOUS", Arc::new(NoBook));
    PolicyLayer::of(AsksOften, Arc::new(connection)).layer(inner)
}

#[tokio::test]
async fn requests_with_and_without_questions_keep_their_order_however_the_bytes_come() {
    const REQUESTS: u8 = 120;
    for seed in 0..20 {
        let mut dice = order::Dice(seed);
        let limits = Limits {
            max_in_flight: 1 + dice.below(20),
            max_queued: 1 + dice.below(10_000),
            ..Limits::default()
        };
        let capacity = 1 + dice.below(10_000);
        let ((client, near), (far, mut broker)) = (duplex(capacity), duplex(capacity));
        let budget = Budget::new(limits.buffer_budget);
        let exchange = exchange_with(near, far, &limits, &budget, asking);
        let (mut reader, mut writer) = tokio::io::split(client);
        let sizes: Vec<usize> = (0..REQUESTS).map(|_| 1 + dice.size() % 5_000).collect();
        let write = async {
            for (n, size) in (0..REQUESTS).zip(&sizes) {
                writer.write_all(&request(n.into(), &vec![n; *size])).await.unwrap();
            }
            writer.shutdown().await.unwrap();
        };
        let mut dice = order::Dice(seed + 1_000);
        let serve = async {
            let mut seen = Vec::new();
            while let Some(request) = read(&mut broker).await {
                let body = &request[10..];
                seen.push(if body[0] == 0xff { None } else { Some(body[0]) });
                dice.pause().await;
                broker.write_all(&response(id(&request, 4), body)).await.unwrap();
            }
            // The questions about a request stand right before it.
            let expected = (0..REQUESTS).flat_map(|n| {
                let questions = if n % 2 == 1 { n % 4 } else { 0 };
                (0..questions).map(|_| None).chain([Some(n)])
            });
            assert!(seen.into_iter().eq(expected), "seed {seed}");
        };
        let receive = async {
            for (n, size) in (0..REQUESTS).zip(&sizes) {
                let reply = read(&mut reader).await.unwrap();
                assert_eq!(id(&reply, 0), i32::from(n), "seed {seed}");
                assert!(reply[4..] == vec![n; *size], "seed {seed}, reply {n}");
            }
            assert_eq!(read(&mut reader).await, None);
        };
        let all = async {
            let (ended, (), (), ()) = tokio::join!(exchange, write, serve, receive);
            assert!(ended.is_ok());
        };
        timeout(Duration::from_secs(60), all)
            .await
            .unwrap_or_else(|_| panic!("a wake-up was lost, seed {seed}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_is_part_of_the_time_that_a_request_may_take() {
    let limits = Limits {
        max_response_wait: Duration::from_secs(100),
        ..Limits::default()
    };
    let ((mut client, near), (far, mut broker)) = (duplex(1_000), duplex(1_000));
    let budget = Budget::new(limits.buffer_budget);
    let mut exchange = exchange_with(near, far, &limits, &budget, asking);
    let began = Instant::now();
    let play = async {
        client.write_all(&request(1, &[1])).await.unwrap();
        sleep(Duration::from_secs(60)).await;
        answer_one(&mut broker).await;
        // The request itself comes, and is never answered.
        let sent = read(&mut broker).await.unwrap();
        assert_eq!(sent[10..], [1]);
        std::future::pending().await
    };
    tokio::select! {
        ended = &mut exchange => assert_eq!(ended.unwrap_err().kind(), "unanswered"),
        () = play => {}
    }
    assert_eq!(began.elapsed().as_secs(), 100);
}
