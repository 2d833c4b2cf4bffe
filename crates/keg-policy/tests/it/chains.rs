//! Who sees a request and its reply, in which order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keg_codec::ApiKey;
use keg_codec::message::Struct;
use keg_policy::{
    Answer, BlockApis, Chain, Connection, Decision, Interest, Note, Outcome, Policy, Reply, Request, Response, Withheld,
};

use crate::support::message::{ints, texts};
use crate::support::tracer::{Does, Log, Tracer};
use crate::support::{Fate, Gateway, answering, api, asking, int, request, text};

const KEY: ApiKey = ApiKey::DESCRIBE_GROUPS;

fn asked() -> Struct {
    asking(KEY, 5, &[("Groups.0", text("workers"))])
}

fn answer() -> Struct {
    answering(KEY, 5, &[("Groups.0.GroupId", text("workers"))])
}

/// A chain of tracers, the client's side first.
fn traced(log: &Log, policies: &[(&str, Interest, Does)]) -> Gateway {
    let tracer = |(name, interest, does): &(&str, Interest, Does)| {
        Arc::new(Tracer::new(name, *interest, *does, log)) as Arc<dyn Policy>
    };
    Gateway::of(policies.iter().map(tracer).collect())
}

#[test]
fn replies_go_back_in_reverse_through_those_that_want_them() {
    let log = Log::default();
    let gateway = traced(
        &log,
        &[
            ("a", Interest::Both, Does::Nothing),
            ("b", Interest::Request, Does::Nothing),
            ("c", Interest::None, Does::Nothing),
            ("d", Interest::Response, Does::Nothing),
            ("e", Interest::Both, Does::Nothing),
        ],
    );
    let (sent, pending) = gateway.forward(KEY, 5, &asked());
    assert_eq!(sent, asked());
    assert_eq!(log.take(), ["a>", "b>", "e>"]);
    assert_eq!(gateway.answer(KEY, 5, pending, &answer()), answer());
    assert_eq!(log.take(), ["<e noted by e", "<d ", "<a noted by a"]);
}

#[test]
fn a_local_answer_goes_back_through_the_outer_policies_only() {
    let log = Log::default();
    let gateway = traced(
        &log,
        &[
            ("a", Interest::Both, Does::Nothing),
            ("b", Interest::Response, Does::Nothing),
            ("c", Interest::Both, Does::Answers),
            ("d", Interest::Both, Does::Nothing),
        ],
    );
    let seen = gateway.local(KEY, 5, &asked());
    assert_eq!(ints(&seen, "Groups.*.ErrorCode"), [44]);
    assert_eq!(log.take(), ["a>", "c>", "<b ", "<a noted by a"]);
}

#[test]
fn a_policy_that_closes_is_the_last_to_see_anything() {
    let log = Log::default();
    let gateway = traced(
        &log,
        &[
            ("a", Interest::Both, Does::Nothing),
            ("b", Interest::Request, Does::Closes),
            ("c", Interest::Both, Does::Nothing),
        ],
    );
    let fate = gateway.ask(KEY, 5, &asked());
    assert!(
        matches!(&fate, Fate::Closed(reason) if reason == "b closes"),
        "{fate:?}"
    );
    assert_eq!(log.take(), ["a>", "b>"]);
}

#[test]
fn a_withheld_response_is_an_error_to_the_client_and_to_the_outer_policies() {
    let log = Log::default();
    let gateway = traced(
        &log,
        &[
            ("a", Interest::Both, Does::Nothing),
            ("b", Interest::Both, Does::Withholds),
            ("c", Interest::Both, Does::Nothing),
        ],
    );
    let seen = gateway.exchange(KEY, 5, &asked(), &answer());
    assert_eq!(texts(&seen, "Groups.*.GroupId"), ["workers"]);
    assert_eq!(ints(&seen, "Groups.*.ErrorCode"), [-1]);
    assert_eq!(
        log.take(),
        ["a>", "b>", "c>", "<c noted by c", "<b noted by b", "<a noted by a"]
    );
}

#[test]
fn a_withheld_response_to_a_produce_request_closes() {
    // Whether the records were written is not known, and nothing of the request is kept.
    let log = Log::default();
    let gateway = traced(&log, &[("a", Interest::Response, Does::Withholds)]);
    let (_, pending) = gateway.forward(ApiKey::PRODUCE, 9, &asking(ApiKey::PRODUCE, 9, &[("Acks", int(1))]));
    let response = Response::local(api(ApiKey::PRODUCE), 9, vec![1, 0, 0, 0, 0, 0]);
    let outcome = gateway
        .chain
        .response(&gateway.connection, pending, Reply::Response(response));
    assert!(
        matches!(&outcome, Outcome::Close(reason) if reason == "a withholds"),
        "{outcome:?}"
    );
}

#[test]
fn silence_is_for_nobody_to_see() {
    let log = Log::default();
    let gateway = traced(&log, &[("a", Interest::Both, Does::Withholds)]);
    let (_, pending) = gateway.forward(ApiKey::PRODUCE, 9, &asking(ApiKey::PRODUCE, 9, &[("Acks", int(0))]));
    let outcome = gateway.chain.response(&gateway.connection, pending, Reply::Silent);
    assert!(matches!(outcome, Outcome::Reply(Reply::Silent)), "{outcome:?}");
    assert_eq!(log.take(), ["a>"]);
}

#[test]
fn a_refused_request_without_acks_closes() {
    let log = Log::default();
    let gateway = traced(
        &log,
        &[
            ("a", Interest::Both, Does::Nothing),
            ("b", Interest::Request, Does::Answers),
        ],
    );
    let fate = gateway.ask(ApiKey::PRODUCE, 9, &asking(ApiKey::PRODUCE, 9, &[("Acks", int(0))]));
    assert!(
        matches!(&fate, Fate::Closed(reason) if reason.contains("refused by b")),
        "{fate:?}"
    );
    let fate = gateway.ask(ApiKey::PRODUCE, 9, &asking(ApiKey::PRODUCE, 9, &[("Acks", int(1))]));
    assert!(matches!(fate, Fate::Answered(_)), "{fate:?}");
}

/// Puts the head of the body into a piece of its own, as an edit of the transactional id does.
#[derive(Debug)]
struct Splits;

impl Policy for Splits {
    fn name(&self) -> &str {
        "splits"
    }

    fn interest(&self, _api: &keg_codec::Api, _version: i16) -> Interest {
        Interest::Request
    }

    fn request(&self, _connection: &Connection, request: &mut Request) -> Decision {
        let body = request.body_bytes();
        request.body = [body.slice(..1), body.slice(1..)].into_iter().collect();
        Decision::Forward(Note::default())
    }
}

#[test]
fn the_acks_are_found_wherever_policies_leave_them() {
    let refuses = BlockApis::new("no-produce", vec![ApiKey::PRODUCE]);
    let gateway = Gateway::of(vec![Arc::new(Splits), Arc::new(refuses)]);
    for (acks, closes) in [(0, true), (1, false), (-1, false)] {
        let body = asking(
            ApiKey::PRODUCE,
            9,
            &[("TransactionalId", text("tx")), ("Acks", int(acks))],
        );
        let fate = gateway.ask(ApiKey::PRODUCE, 9, &body);
        let is_closed = matches!(&fate, Fate::Closed(reason) if reason.contains("refused by no-produce"));
        assert_eq!(is_closed, closes, "{fate:?}");
    }
}

/// Has other names inside than outside, and withholds every response.
#[derive(Debug)]
struct Renames {
    withholds: bool,
}

impl Policy for Renames {
    fn name(&self) -> &str {
        "renames"
    }

    fn interest(&self, _api: &keg_codec::Api, _version: i16) -> Interest {
        Interest::Both
    }

    fn request(&self, _connection: &Connection, request: &mut Request) -> Decision {
        let mut fields = Struct::read(&request.api.request, request.version, &request.body_bytes()).unwrap();
        let renamed: Vec<_> = texts(&fields, "Groups.*")
            .iter()
            .map(|group| text(&format!("inner-{group}")))
            .collect();
        fields.set("Groups", keg_codec::message::Value::Array(renamed));
        let body = fields.write(&request.api.request, request.version).unwrap();
        request.body = bytes::Bytes::from(body).into();
        Decision::Forward(Note::default())
    }

    fn response(&self, _connection: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
        if self.withholds {
            return Err(Withheld::new("never mind"));
        }
        let body = answer.response.body_bytes();
        let group = texts(
            &Struct::read(&answer.api.response, answer.version, &body).unwrap(),
            "Groups.*.GroupId",
        );
        let outer: Vec<_> = group
            .iter()
            .map(|group| group.strip_prefix("inner-").unwrap())
            .collect();
        let answered = asking(KEY, 5, &[("Groups.0", text(outer[0]))])
            .write(&answer.api.request, 5)
            .unwrap();
        *answer.response = Response::error(answer.api, 5, &answered, keg_codec::ErrorCode::NONE, None).unwrap();
        Ok(())
    }
}

#[test]
fn an_error_in_the_place_of_a_withheld_response_has_the_names_of_its_place() {
    // Each policy between the one that withholds and the client translates back.
    let gateway = Gateway::of(vec![
        Arc::new(Renames { withholds: false }),
        Arc::new(Renames { withholds: true }),
        Arc::new(Renames { withholds: false }),
    ]);
    let (sent, pending) = gateway.forward(KEY, 5, &asked());
    assert_eq!(texts(&sent, "Groups.*"), ["inner-inner-inner-workers"]);
    let answer = answering(KEY, 5, &[("Groups.0.GroupId", text("inner-inner-inner-workers"))]);
    let seen = gateway.answer(KEY, 5, pending, &answer);
    assert_eq!(texts(&seen, "Groups.*.GroupId"), ["workers"]);
}

#[test]
fn blocked_apis_are_refused_by_the_policys_name() {
    let gateway = Gateway::of(vec![Arc::new(BlockApis::new(
        "no-topics",
        vec![ApiKey::CREATE_TOPICS, ApiKey::DELETE_TOPICS],
    ))]);
    let asked = asking(ApiKey::CREATE_TOPICS, 7, &[("Topics.0.Name", text("orders"))]);
    let seen = gateway.local(ApiKey::CREATE_TOPICS, 7, &asked);
    assert_eq!(texts(&seen, "Topics.*.Name"), ["orders"]);
    assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [44]);
    assert_eq!(
        texts(&seen, "Topics.*.ErrorMessage"),
        ["refused by the gateway's policy `no-topics`"]
    );
    gateway.forward(ApiKey::METADATA, 9, &asking(ApiKey::METADATA, 9, &[]));
    let fate = gateway.ask_bytes(ApiKey::CREATE_TOPICS, 7, vec![0xff; 3]);
    assert!(
        matches!(&fate, Fate::Closed(reason) if reason.contains("CreateTopics")),
        "{fate:?}"
    );
}

#[test]
fn an_unseen_message_is_not_touched() {
    // Not even looked at: these bytes are of no request or response.
    let log = Log::default();
    let chain = Chain::new(vec![Arc::new(Tracer::new("a", Interest::None, Does::Answers, &log))]);
    let gateway = Gateway::of(Vec::new());
    for key in [ApiKey::METADATA, ApiKey::PRODUCE, ApiKey::FETCH] {
        let mut asked = request(key, 9, b"anything".to_vec());
        let Outcome::Forward(pending) = chain.request(&gateway.connection, &mut asked) else {
            panic!("{key:?} is not forwarded")
        };
        assert_eq!(&asked.body_bytes()[..], b"anything");
        let response = Response::local(api(key), 9, b"whatever".to_vec());
        let outcome = chain.response(&gateway.connection, pending, Reply::Response(response.clone()));
        assert!(matches!(outcome, Outcome::Reply(Reply::Response(seen)) if seen == response));
    }
    assert_eq!(log.take(), [] as [&str; 0]);
}

/// Counts how often it is asked for its interest.
#[derive(Debug, Default)]
struct Asked(AtomicUsize);

impl Policy for Asked {
    fn name(&self) -> &str {
        "asked"
    }

    fn interest(&self, _api: &keg_codec::Api, _version: i16) -> Interest {
        self.0.fetch_add(1, Ordering::Relaxed);
        Interest::None
    }
}

#[test]
fn no_policy_is_asked_for_its_interest_while_requests_go_by() {
    let policy = Arc::new(Asked::default());
    let gateway = Gateway::of(vec![Arc::clone(&policy) as _]);
    let before = policy.0.load(Ordering::Relaxed);
    gateway.exchange(KEY, 5, &asked(), &answer());
    assert!(before > 0);
    assert_eq!(policy.0.load(Ordering::Relaxed), before);
}
