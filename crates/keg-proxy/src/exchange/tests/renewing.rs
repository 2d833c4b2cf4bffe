//! Large requests while the gateway authenticates again.

use std::sync::atomic::{AtomicUsize, Ordering};

use keg_auth::Mechanism;
use tokio::sync::oneshot;

use super::large::{LENGTH, SECOND, body, limits};
use super::*;
use crate::backend::{Broker, Question};
use crate::decided::Later;

/// Counts the requests that it sees.
#[derive(Debug)]
struct Counting {
    inner: LinkService,
    seen: Arc<AtomicUsize>,
}

impl Service<Request> for Counting {
    type Response = Reply;
    type Error = Over;
    type Future = LinkFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> LinkFuture {
        self.seen.fetch_add(1, Ordering::Relaxed);
        self.inner.call(request)
    }
}

/// An exchange without policies, what authenticates on its link, and how many requests were seen.
fn renewing() -> (Rig, Arc<Link>, Arc<AtomicUsize>) {
    let (mut link, seen) = (None, Arc::<AtomicUsize>::default());
    let rig = rig_with(&limits(), 100_000, |inner| {
        link = Some(Arc::clone(&inner.0));
        let seen = Arc::clone(&seen);
        Counting { inner, seen }
    });
    (rig, link.unwrap(), seen)
}

#[tokio::test(start_paused = true)]
async fn authenticating_again_waits_for_the_end_of_a_request_that_is_on_its_way() {
    let (mut rig, link, _) = renewing();
    let bytes = request(1, &body(LENGTH));
    let (beginning, rest) = bytes.split_at(90_000);
    rig.client.write_all(beginning).await.unwrap();
    let mut seen = vec![0; 80_000];
    rig.broker.read_exact(&mut seen).await.unwrap();
    let mut questions = link.authenticate(Mechanism::Plain).unwrap();
    let renewal = tokio::spawn(async move {
        questions
            .ask(Question::mechanism(Mechanism::Plain).unwrap())
            .await
            .unwrap();
        questions
    });
    let behind = request(2, b"behind");
    let ask = async {
        rig.client.write_all(rest).await.unwrap();
        rig.client.write_all(&behind).await.unwrap();
    };
    let serve = async {
        let mut end = vec![0; bytes.len() - seen.len()];
        rig.broker.read_exact(&mut end).await.unwrap();
        assert!(end == bytes[seen.len()..], "something was written in between");
        let question = read(&mut rig.broker).await.unwrap();
        // SaslHandshake, and nothing of the client's before it is finished.
        assert_eq!((&question[..2], id(&question, 4)), (&[0, 17][..], 1));
        assert!(timeout(SECOND, rig.broker.read_u8()).await.is_err());
        rig.broker.write_all(&response(0, b"")).await.unwrap();
        rig.broker.write_all(&response(1, &[0; 6])).await.unwrap();
    };
    tokio::join!(ask, serve);
    drop(renewal.await.unwrap());
    assert_eq!(id(&read(&mut rig.client).await.unwrap(), 0), 1);
}

#[tokio::test(start_paused = true)]
async fn a_large_request_that_comes_while_the_gateway_authenticates_is_held_until_then_and_seen_once() {
    let (mut rig, link, calls) = renewing();
    let mut questions = link.authenticate(Mechanism::Plain).unwrap();
    let bytes = request(1, &body(LENGTH));
    let renewal = async {
        for (question, number) in [
            (Question::mechanism(Mechanism::Plain).unwrap(), 0),
            (Question::token(b"token".to_vec()).unwrap(), 1),
        ] {
            let (answer, ()) = tokio::join!(questions.ask(question), async {
                let question = read(&mut rig.broker).await.unwrap();
                assert_eq!(id(&question, 4), number);
                tokio::time::sleep(SECOND).await;
                rig.broker.write_all(&response(number, &[0; 20])).await.unwrap();
            });
            answer.unwrap();
        }
        questions.finish().unwrap();
        read(&mut rig.broker).await.unwrap()
    };
    let (seen, written) = tokio::join!(renewal, rig.client.write_all(&bytes));
    written.unwrap();
    assert_eq!(id(&seen, 4), 2);
    assert!(seen[8..] == bytes[12..]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// Authenticates on its link when it is let to, before it answers.
struct Authenticates {
    link: Arc<Link>,
    begin: Option<oneshot::Receiver<()>>,
}

impl Service<Request> for Authenticates {
    type Response = Reply;
    type Error = Over;
    type Future = Later;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Over>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Later {
        let (link, begin) = (Arc::clone(&self.link), self.begin.take().unwrap());
        Box::pin(async move {
            begin.await.unwrap();
            let mut questions = link.authenticate(Mechanism::Plain).unwrap();
            let question = Question::mechanism(Mechanism::Plain).unwrap();
            questions.ask(question).await.unwrap();
            Ok(Reply::Silent)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_reply_asks_the_broker_first_is_written_at_once_whoever_has_woken_it() {
    let (begin, begins) = oneshot::channel();
    let mut rig = rig_with(&limits(), 100_000, |inner| Authenticates {
        link: inner.0,
        begin: Some(begins),
    });
    let began = tokio::time::Instant::now();
    rig.client.write_all(&request(1, b"")).await.unwrap();
    // The exchange has taken the request, and nothing else is to be done.
    tokio::task::yield_now().await;
    begin.send(()).unwrap();
    let question = read(&mut rig.broker).await.unwrap();
    assert_eq!(question[..2], [0, 17]);
    assert_eq!(began.elapsed(), Duration::ZERO);
}
