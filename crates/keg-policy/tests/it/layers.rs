//! Policies in a tower stack.

mod questions;

use std::future::{Future, Ready, poll_fn, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::task::noop_waker_ref;
use keg_codec::message::Struct;
use keg_codec::{ApiKey, ErrorCode};
use keg_policy::layer::{ChainSource, Closed};
use keg_policy::{
    BlockApis, BrokerAddresses, Chain, Connection, Interest, Mode, Namespace, PolicyLayer, Reply, Request, Response,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::support::message::{ints, texts};
use crate::support::tracer::{Does, Log, Tracer};
use crate::support::{Book, answering, api, asking, int, request, text};

const KEY: ApiKey = ApiKey::METADATA;

#[derive(Debug, thiserror::Error)]
enum Over {
    #[error(transparent)]
    Policy(#[from] Closed),
    #[error("the broker is gone")]
    Broker,
}

fn connection() -> Arc<Connection> {
    Arc::new(Connection::new("orders", "User:ann", Arc::new(Book::default())))
}

fn metadata(topic: &str) -> Request {
    let body = asking(KEY, 9, &[("Topics.0.Name", text(topic))]);
    request(KEY, 9, body.write(&api(KEY).request, 9).unwrap())
}

/// A broker that has every topic that it is asked for.
fn broker(mut request: Request) -> Ready<Result<Reply, Over>> {
    let asked = Struct::read(&request.api.request, request.version, &request.body_bytes()).unwrap();
    let answer = answering(
        KEY,
        9,
        &[
            ("Brokers.0.NodeId", int(1)),
            ("Brokers.0.Host", text("backend.internal")),
            ("Topics.0.Name", text(&texts(&asked, "Topics.0.Name")[0])),
            ("Topics.1.Name", text("team-b.secret")),
        ],
    );
    let body = answer.write(&api(KEY).response, 9).unwrap();
    ready(Ok(Reply::Response(Response::local(api(KEY), 9, body))))
}

fn read(reply: Reply) -> Struct {
    let Reply::Response(mut response) = reply else {
        panic!("it is not silent")
    };
    Struct::read(&api(KEY).response, 9, &response.body_bytes()).unwrap()
}

#[test]
fn single_policies_stack_up_in_a_service_builder() {
    let connection = connection();
    let layer = |policy| PolicyLayer::new(Arc::new(Chain::new(vec![policy])), Arc::clone(&connection));
    let stack = ServiceBuilder::new()
        .layer(PolicyLayer::of(
            BlockApis::new("read-only", vec![ApiKey::CREATE_TOPICS]),
            Arc::clone(&connection),
        ))
        .layer(layer(Arc::new(Namespace::new(Mode::HidePrefix, "team-a."))))
        .layer(PolicyLayer::of(BrokerAddresses, Arc::clone(&connection)))
        .service(service_fn(broker));
    let reply = stack
        .clone()
        .oneshot(metadata("orders"))
        .now_or_never()
        .unwrap()
        .unwrap();
    let seen = read(reply);
    assert_eq!(texts(&seen, "Topics.*.Name"), ["orders"]);
    assert_eq!(texts(&seen, "Brokers.*.Host"), ["gateway.example"]);

    let create = asking(ApiKey::CREATE_TOPICS, 7, &[("Topics.0.Name", text("orders"))]);
    let create = request(
        ApiKey::CREATE_TOPICS,
        7,
        create.write(&api(ApiKey::CREATE_TOPICS).request, 7).unwrap(),
    );
    let Reply::Response(mut refused) = stack.oneshot(create).now_or_never().unwrap().unwrap() else {
        panic!("it is refused")
    };
    let refused = Struct::read(&api(ApiKey::CREATE_TOPICS).response, 7, &refused.body_bytes()).unwrap();
    assert_eq!(
        ints(&refused, "Topics.*.ErrorCode"),
        [ErrorCode::POLICY_VIOLATION.0.into()]
    );
}

/// Gives the chain that is in force.
#[derive(Debug, Clone)]
struct InForce(Arc<Mutex<Arc<Chain>>>);

impl ChainSource for InForce {
    fn chain(&mut self) -> Arc<Chain> {
        Arc::clone(&self.0.lock().unwrap())
    }
}

type Answered = Result<Reply, Over>;

/// A broker that answers when it is told to.
#[derive(Debug, Clone)]
struct Slow {
    log: Log,
    /// What it answers, in the order of the requests.
    answers: Arc<Mutex<Vec<Option<Answered>>>>,
    ready: Arc<AtomicBool>,
}

impl Slow {
    fn new(log: &Log) -> Self {
        Self {
            log: log.clone(),
            answers: Arc::default(),
            ready: Arc::new(AtomicBool::new(true)),
        }
    }

    fn answer(&self, index: usize, answer: Result<Reply, Over>) {
        self.answers.lock().unwrap()[index] = Some(answer);
    }
}

impl Service<Request> for Slow {
    type Response = Reply;
    type Error = Over;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, Over>>>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        if self.ready.load(Ordering::Relaxed) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let asked = Struct::read(&request.api.request, request.version, &request.body_bytes()).unwrap();
        let what = match request.api.key {
            KEY => texts(&asked, "Topics.0.Name").remove(0),
            _ => request.api.name.to_owned(),
        };
        self.log.push(format!("broker {what}"));
        let mut answers = self.answers.lock().unwrap();
        let index = answers.len();
        answers.push(None);
        let answers = Arc::clone(&self.answers);
        Box::pin(poll_fn(move |_| {
            let answer = answers.lock().unwrap()[index].take();
            answer.map_or(Poll::Pending, Poll::Ready)
        }))
    }
}

fn answered(topic: &str) -> Result<Reply, Over> {
    let answer = answering(KEY, 9, &[("Topics.0.Name", text(topic))]);
    let body = answer.write(&api(KEY).response, 9).unwrap();
    Ok(Reply::Response(Response::local(api(KEY), 9, body)))
}

fn traced(name: &str, does: Does, log: &Log) -> Arc<Chain> {
    Arc::new(Chain::new(vec![Arc::new(Tracer::new(name, Interest::Both, does, log))]))
}

#[test]
fn a_reply_goes_back_through_the_chain_that_its_request_went_through() {
    let log = Log::default();
    let in_force = InForce(Arc::new(Mutex::new(traced("old", Does::Nothing, &log))));
    let broker = Slow::new(&log);
    let mut stack = PolicyLayer::new(in_force.clone(), connection()).layer(broker.clone());
    let mut first = Box::pin(stack.call(metadata("one")));
    *in_force.0.lock().unwrap() = traced("new", Does::Nothing, &log);
    let mut second = Box::pin(stack.call(metadata("two")));
    // All that is done to requests is done by now, in their order.
    assert_eq!(log.take(), ["old>", "broker one", "new>", "broker two"]);
    assert!(first.as_mut().now_or_never().is_none());
    *in_force.0.lock().unwrap() = traced("newest", Does::Answers, &log);
    broker.answer(1, answered("two"));
    broker.answer(0, answered("one"));
    assert_eq!(log.take(), [] as [&str; 0]);
    let seen = read(first.as_mut().now_or_never().unwrap().unwrap());
    assert_eq!(texts(&seen, "Topics.*.Name"), ["one"]);
    assert_eq!(log.take(), ["<old noted by old"]);
    second.as_mut().now_or_never().unwrap().unwrap();
    assert_eq!(log.take(), ["<new noted by new"]);
}

#[test]
fn a_request_that_is_answered_here_does_not_reach_the_broker() {
    let log = Log::default();
    let mut stack = PolicyLayer::new(traced("a", Does::Answers, &log), connection()).layer(Slow::new(&log));
    let seen = read(stack.call(metadata("one")).now_or_never().unwrap().unwrap());
    assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [44]);
    assert_eq!(log.take(), ["a>"]);
}

#[test]
fn the_end_of_a_connection_is_an_error_of_the_service() {
    let log = Log::default();
    let mut stack = PolicyLayer::new(traced("a", Does::Closes, &log), connection()).layer(Slow::new(&log));
    let over = stack.call(metadata("one")).now_or_never().unwrap().unwrap_err();
    assert!(
        matches!(&over, Over::Policy(Closed { reason }) if reason == "a closes"),
        "{over}"
    );

    let broker = Slow::new(&log);
    let mut stack = PolicyLayer::new(traced("a", Does::Nothing, &log), connection()).layer(broker.clone());
    let mut reply = Box::pin(stack.call(metadata("one")));
    broker.answer(0, Err(Over::Broker));
    let over = reply.as_mut().now_or_never().unwrap().unwrap_err();
    assert!(matches!(over, Over::Broker), "{over}");

    let mut stack =
        PolicyLayer::new(traced("a", Does::Withholds, &log), connection()).layer(service_fn(broker_of_produce));
    let produce = asking(ApiKey::PRODUCE, 9, &[("Acks", int(1))]);
    let produce = request(
        ApiKey::PRODUCE,
        9,
        produce.write(&api(ApiKey::PRODUCE).request, 9).unwrap(),
    );
    let over = stack.call(produce).now_or_never().unwrap().unwrap_err();
    assert!(
        matches!(&over, Over::Policy(Closed { reason }) if reason == "a withholds"),
        "{over}"
    );
}

fn broker_of_produce(_request: Request) -> Ready<Result<Reply, Over>> {
    ready(Ok(Reply::Response(Response::local(
        api(ApiKey::PRODUCE),
        9,
        vec![1, 0, 0, 0, 0, 0],
    ))))
}

#[test]
fn backpressure_of_the_inner_service_is_passed_on() {
    let log = Log::default();
    let chain = traced("a", Does::Nothing, &log);
    for is_ready in [true, false] {
        let broker = Slow::new(&log);
        broker.ready.store(is_ready, Ordering::Relaxed);
        let mut stack = PolicyLayer::new(Arc::clone(&chain), connection()).layer(broker);
        let poll = Service::poll_ready(&mut stack, &mut Context::from_waker(noop_waker_ref()));
        assert_eq!(poll.is_ready(), is_ready);
    }
}
