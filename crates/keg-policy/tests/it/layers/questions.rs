//! Requests that wait while a policy asks the broker something.

use std::sync::atomic::AtomicUsize;
use std::task::{Wake, Waker};

use super::*;
use crate::support::asker::Asker;

fn chain(policies: Vec<Arc<dyn keg_policy::Policy>>) -> Arc<Chain> {
    Arc::new(Chain::new(policies))
}

/// Counts how often it is woken.
#[derive(Debug, Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(noop_waker_ref()))
}

fn is_ready<S: Service<Request, Error = Over>>(stack: &mut S) -> bool {
    matches!(
        stack.poll_ready(&mut Context::from_waker(noop_waker_ref())),
        Poll::Ready(Ok(()))
    )
}

#[test]
fn the_order_of_the_wire_is_the_question_the_request_and_what_came_behind() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let mut stack = PolicyLayer::new(chain(vec![Arc::new(Asker::new("a", &log))]), connection()).layer(broker.clone());
    assert!(is_ready(&mut stack));
    let mut first = Box::pin(stack.call(metadata("one")));
    assert_eq!(log.take(), ["a>", "broker a?"]);
    assert!(!is_ready(&mut stack), "what comes behind waits");
    assert!(poll(&mut first).is_pending());
    assert_eq!(log.take(), [] as [&str; 0]);

    broker.answer(0, answered("a?"));
    assert!(poll(&mut first).is_pending());
    assert_eq!(log.take(), ["a learns a?", "broker one"]);
    assert!(is_ready(&mut stack), "as soon as the request was sent");
    let mut second = Box::pin(stack.call(metadata("two")));
    assert_eq!(log.take(), ["a>", "broker a?"]);

    broker.answer(1, answered("one"));
    broker.answer(2, answered("a?"));
    let seen = read(first.as_mut().now_or_never().unwrap().unwrap());
    assert_eq!(texts(&seen, "Topics.*.Name"), ["one"]);
    assert!(poll(&mut second).is_pending());
    assert_eq!(log.take(), ["<a", "a learns a?", "broker two"]);
}

#[test]
fn a_policy_may_ask_again_and_what_comes_behind_still_waits() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let asker = Asker::new("a", &log).times(3);
    let mut stack = PolicyLayer::new(chain(vec![Arc::new(asker)]), connection()).layer(broker.clone());
    let mut reply = Box::pin(stack.call(metadata("one")));
    for asked in 0..3 {
        assert!(!is_ready(&mut stack));
        broker.answer(asked, answered("a?"));
        assert!(poll(&mut reply).is_pending());
    }
    assert!(is_ready(&mut stack));
    let mut expected = vec!["a>", "broker a?"];
    expected.extend(["a learns a?", "broker a?"].repeat(2));
    expected.extend(["a learns a?", "broker one"]);
    assert_eq!(log.take(), expected);
}

#[test]
fn whoever_waits_behind_a_request_is_woken_when_it_was_sent() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let mut stack = PolicyLayer::new(chain(vec![Arc::new(Asker::new("a", &log))]), connection()).layer(broker.clone());
    let mut reply = Box::pin(stack.call(metadata("one")));
    // Clones are of the same connection, whenever they were made.
    let mut others = [stack.clone(), stack.clone()];
    let woken = [(); 2].map(|()| Arc::new(Woken::default()));
    let wakers = woken.clone().map(Waker::from);
    for (other, waker) in others.iter_mut().zip(&wakers) {
        for _ in 0..3 {
            assert!(
                Service::poll_ready(other, &mut Context::from_waker(waker)).is_pending(),
                "a clone overtakes"
            );
        }
    }
    broker.answer(0, answered("a?"));
    assert!(poll(&mut reply).is_pending());
    for woken in woken {
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    }
    assert!(others.iter_mut().all(is_ready));
}

#[test]
fn a_request_that_is_given_up_holds_nothing_back() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let mut stack = PolicyLayer::new(chain(vec![Arc::new(Asker::new("a", &log))]), connection()).layer(broker.clone());
    let given_up = stack.call(metadata("one"));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert!(Service::poll_ready(&mut stack, &mut Context::from_waker(&waker)).is_pending());
    drop(given_up);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(is_ready(&mut stack));
    assert_eq!(log.take(), ["a>", "broker a?"], "it is never sent");
}

#[test]
fn a_single_request_needs_no_service_once_it_was_called() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let stack = PolicyLayer::new(chain(vec![Arc::new(Asker::new("a", &log))]), connection()).layer(broker.clone());
    // Oneshot drops the service after the call.
    let mut reply = Box::pin(stack.oneshot(metadata("one")));
    assert!(poll(&mut reply).is_pending());
    broker.answer(0, answered("a?"));
    assert!(poll(&mut reply).is_pending());
    broker.answer(1, answered("one"));
    let seen = read(reply.as_mut().now_or_never().unwrap().unwrap());
    assert_eq!(texts(&seen, "Topics.*.Name"), ["one"]);
    assert_eq!(log.take(), ["a>", "broker a?", "a learns a?", "broker one", "<a"]);
}

#[test]
fn policies_behind_may_have_questions_about_a_question() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let policies: Vec<Arc<dyn keg_policy::Policy>> =
        vec![Arc::new(Asker::new("a", &log)), Arc::new(Asker::new("b", &log))];
    let mut stack = PolicyLayer::new(chain(policies), connection()).layer(broker.clone());
    let mut reply = Box::pin(stack.call(metadata("one")));
    for (asked, topic) in ["b?", "a?", "b?"].into_iter().enumerate() {
        assert!(!is_ready(&mut stack), "{topic} is not answered");
        broker.answer(asked, answered(topic));
        assert!(poll(&mut reply).is_pending());
    }
    assert!(is_ready(&mut stack));
    broker.answer(3, answered("one"));
    let seen = read(reply.as_mut().now_or_never().unwrap().unwrap());
    assert_eq!(texts(&seen, "Topics.*.Name"), ["one"]);
    assert_eq!(
        log.take(),
        [
            // About the question of a's.
            "a>",
            "b>",
            "broker b?",
            "b learns b?",
            "broker a?",
            "<b",
            "a learns a?",
            // About the request.
            "b>",
            "broker b?",
            "b learns b?",
            "broker one",
            "<b",
            "<a",
        ]
    );
}

#[test]
fn questions_of_stacked_layers_keep_the_order_too() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let connection = connection();
    let mut stack = ServiceBuilder::new()
        .layer(PolicyLayer::of(Asker::new("a", &log), Arc::clone(&connection)))
        .layer(PolicyLayer::of(Asker::new("b", &log), Arc::clone(&connection)))
        .service(broker.clone());
    let mut reply = Box::pin(stack.call(metadata("one")));
    for (asked, topic) in ["b?", "a?", "b?"].into_iter().enumerate() {
        assert!(!is_ready(&mut stack), "before {topic} is answered");
        broker.answer(asked, answered(topic));
        assert!(poll(&mut reply).is_pending());
    }
    // Only now is the request with the broker.
    assert!(
        log.take()
            .ends_with(&["b learns b?".to_owned(), "broker one".to_owned()])
    );
    assert!(is_ready(&mut stack));
}

#[test]
fn a_question_that_is_answered_here_makes_nobody_wait() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let policies: Vec<Arc<dyn keg_policy::Policy>> = vec![
        Arc::new(Asker::new("a", &log).about(ApiKey::DESCRIBE_GROUPS)),
        Arc::new(AnswersMetadata),
    ];
    let connection = connection();
    let mut stack = PolicyLayer::new(chain(policies), connection).layer(broker);
    let asked = asking(ApiKey::DESCRIBE_GROUPS, 5, &[("Groups.0", text("workers"))]);
    let body = asked.write(&api(ApiKey::DESCRIBE_GROUPS).request, 5).unwrap();
    let mut reply = Box::pin(stack.call(request(ApiKey::DESCRIBE_GROUPS, 5, body)));
    assert!(is_ready(&mut stack));
    assert!(poll(&mut reply).is_pending());
    assert_eq!(log.take(), ["a>", "a learns a?", "broker DescribeGroups"]);
}

/// Answers all Metadata requests by itself.
#[derive(Debug)]
struct AnswersMetadata;

impl keg_policy::Policy for AnswersMetadata {
    fn name(&self) -> &str {
        "answers"
    }

    fn interest(&self, api: &keg_codec::Api, _version: i16) -> Interest {
        Interest::of(api.key == ApiKey::METADATA, false)
    }

    fn request(&self, _connection: &Connection, request: &mut Request) -> keg_policy::Decision {
        let (api, version, body) = (request.api, request.version, request.body_bytes());
        let error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        keg_policy::Decision::Answer(Response::error(api, version, &body, error, None).unwrap())
    }
}

#[test]
fn a_request_is_sent_when_the_inner_service_is_ready_for_it() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let mut stack = PolicyLayer::new(chain(vec![Arc::new(Asker::new("a", &log))]), connection()).layer(broker.clone());
    let mut reply = Box::pin(stack.call(metadata("one")));
    broker.answer(0, answered("a?"));
    broker.ready.store(false, Ordering::Relaxed);
    for _ in 0..2 {
        assert!(poll(&mut reply).is_pending());
    }
    assert_eq!(log.take(), ["a>", "broker a?", "a learns a?"]);
    assert!(!is_ready(&mut stack));
    broker.ready.store(true, Ordering::Relaxed);
    assert!(!is_ready(&mut stack), "the one that waits is first");
    assert!(poll(&mut reply).is_pending());
    assert_eq!(log.take(), ["broker one"]);
    assert!(is_ready(&mut stack));
}

#[test]
fn a_request_goes_on_through_the_chain_that_asked() {
    let log = Log::default();
    let in_force = InForce(Arc::new(Mutex::new(chain(vec![
        Arc::new(Asker::new("old", &log)),
        Arc::new(Tracer::new("older", Interest::Both, Does::Nothing, &log)),
    ]))));
    let broker = Slow::new(&log);
    let mut stack = PolicyLayer::new(in_force.clone(), connection()).layer(broker.clone());
    let mut first = Box::pin(stack.call(metadata("one")));
    *in_force.0.lock().unwrap() = traced("new", Does::Nothing, &log);
    broker.answer(0, answered("old?"));
    assert!(poll(&mut first).is_pending());
    let mut second = Box::pin(stack.call(metadata("two")));
    broker.answer(1, answered("one"));
    broker.answer(2, answered("two"));
    assert!(poll(&mut first).is_ready() && poll(&mut second).is_ready());
    assert_eq!(
        log.take(),
        [
            "old>",
            "older>",
            "broker old?",
            "<older noted by older",
            "old learns old?",
            "older>",
            "broker one",
            "new>",
            "broker two",
            "<older noted by older",
            "<old",
            "<new noted by new",
        ]
    );
}

#[test]
fn a_question_that_fails_ends_the_connection() {
    let log = Log::default();
    let broker = Slow::new(&log);
    let mut stack = PolicyLayer::new(chain(vec![Arc::new(Asker::new("a", &log))]), connection()).layer(broker.clone());
    let mut reply = Box::pin(stack.call(metadata("one")));
    broker.answer(0, Err(Over::Broker));
    let over = reply.as_mut().now_or_never().unwrap().unwrap_err();
    assert!(matches!(over, Over::Broker), "{over}");

    let refuses = Tracer::new("b", Interest::Both, Does::Closes, &log);
    let policies: Vec<Arc<dyn keg_policy::Policy>> = vec![Arc::new(Asker::new("a", &log)), Arc::new(refuses)];
    let mut stack = PolicyLayer::new(chain(policies), connection()).layer(Slow::new(&log));
    let over = stack.call(metadata("one")).now_or_never().unwrap().unwrap_err();
    assert!(
        matches!(&over, Over::Policy(Closed { reason }) if reason == "b closes"),
        "{over}"
    );
    assert!(is_ready(&mut stack), "nothing waits");
}

#[test]
fn a_question_that_another_policy_does_not_serve_ends_the_connection_with_both_names() {
    #[derive(Debug)]
    struct NoMetadata;
    impl keg_policy::Policy for NoMetadata {
        fn name(&self) -> &str {
            "no-metadata"
        }

        fn interest(&self, api: &keg_codec::Api, _version: i16) -> Interest {
            match api.key {
                ApiKey::METADATA => Interest::Unsupported,
                _ => Interest::None,
            }
        }
    }
    let log = Log::default();
    let asker = Asker::new("a", &log).about(ApiKey::DESCRIBE_GROUPS);
    let mut stack =
        PolicyLayer::new(chain(vec![Arc::new(asker), Arc::new(NoMetadata)]), connection()).layer(Slow::new(&log));
    let asked = asking(ApiKey::DESCRIBE_GROUPS, 5, &[("Groups.0", text("workers"))]);
    let body = asked.write(&api(ApiKey::DESCRIBE_GROUPS).request, 5).unwrap();
    let reply = stack.call(request(ApiKey::DESCRIBE_GROUPS, 5, body));
    let over = reply.now_or_never().unwrap().unwrap_err();
    assert!(
        matches!(&over, Over::Policy(Closed { reason }) if reason.contains("the policy a asks Metadata version 9")),
        "{over}"
    );
    assert_eq!(log.take(), ["a>"]);
}
