//! Fetch sessions (KIP-227), which hold topics that later requests don't name.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use crate::support::message::{count, ints, texts};
use crate::support::names::{Owner, topic_id, topics};
use crate::support::{Fate, Gateway, answering, asking, int, text};

const KEY: ApiKey = ApiKey::FETCH;

/// A request of a session, for a topic of the client's own.
fn fetch(session: i64, epoch: i64) -> Struct {
    asking(
        KEY,
        12,
        &[
            ("ReplicaId", int(-1)),
            ("SessionId", int(session)),
            ("SessionEpoch", int(epoch)),
            ("Topics.0.Topic", text("team-a.x")),
        ],
    )
}

/// Has the broker begin a session.
fn begin(gateway: &Gateway, session: i64) {
    let given = answering(KEY, 12, &[("SessionId", int(session))]);
    let seen = gateway.exchange(KEY, 12, &fetch(0, 0), &given);
    assert_eq!(ints(&seen, "SessionId"), [session]);
}

#[test]
fn only_sessions_that_were_given_on_the_connection_go_on() {
    let gateway = Gateway::enforcing();
    begin(&gateway, 9);
    let (sent, _) = gateway.forward(KEY, 12, &fetch(9, 3));
    assert_eq!(
        (ints(&sent, "SessionId"), ints(&sent, "SessionEpoch")),
        (vec![9], vec![3])
    );
    // Anybody's: its topics would be in the response.
    let refused = gateway.local(KEY, 12, &fetch(8, 3));
    assert_eq!(ints(&refused, "ErrorCode"), [70]);
    // To close it, and to have a new one or none.
    for epoch in [0, -1] {
        let (sent, _) = gateway.forward(KEY, 12, &fetch(8, epoch));
        assert_eq!(
            (ints(&sent, "SessionId"), ints(&sent, "SessionEpoch")),
            (vec![0], vec![epoch])
        );
        let (sent, _) = gateway.forward(KEY, 12, &fetch(9, epoch));
        assert_eq!(ints(&sent, "SessionId"), [9]);
    }
}

#[test]
fn no_session_begins_without_topics_of_which_the_client_thinks_that_they_are_in_it() {
    let gateway = Gateway::enforcing();
    let mut asked = fetch(0, 0);
    let own = asked.get("Topics").and_then(Value::as_array).unwrap()[0].clone();
    let mut foreign = own.as_struct().unwrap().clone();
    foreign.set("Topic", text("team-b.x"));
    asked.set("Topics", Value::Array(vec![Value::Struct(foreign), own]));
    let (sent, pending) = gateway.forward(KEY, 12, &asked);
    assert_eq!(texts(&sent, "Topics.*.Topic"), ["team-a.x"]);
    assert_eq!(ints(&sent, "SessionEpoch"), [-1]);
    let answer = answering(KEY, 12, &[("Responses.0.Topic", text("team-a.x"))]);
    let seen = gateway.answer(KEY, 12, pending, &answer);
    assert_eq!(texts(&seen, "Responses.*.Topic"), ["team-a.x", "team-b.x"]);
}

#[test]
fn a_session_ends_for_the_client_when_it_adds_what_is_denied() {
    let gateway = Gateway::enforcing();
    begin(&gateway, 9);
    let asked = asking(
        KEY,
        12,
        &[
            ("ReplicaId", int(-1)),
            ("SessionId", int(9)),
            ("SessionEpoch", int(3)),
            ("Topics.0.Topic", text("team-b.x")),
            ("Topics.0.Partitions.0.Partition", int(2)),
            ("ForgottenTopicsData.0.Topic", text("team-b.y")),
            ("ForgottenTopicsData.1.Topic", text("team-a.y")),
        ],
    );
    let (sent, pending) = gateway.forward(KEY, 12, &asked);
    assert_eq!(count(&sent, "Topics"), 0);
    assert_eq!(ints(&sent, "SessionEpoch"), [3]);
    assert_eq!(texts(&sent, "ForgottenTopicsData.*.Topic"), ["team-a.y"]);
    let answer = answering(
        KEY,
        12,
        &[
            ("SessionId", int(9)),
            ("Responses.0.Topic", text("team-a.x")),
            ("Responses.0.Partitions.0.HighWatermark", int(5)),
        ],
    );
    let seen = gateway.answer(KEY, 12, pending, &answer);
    assert_eq!(ints(&seen, "ErrorCode"), [0]);
    assert_eq!(ints(&seen, "SessionId"), [0], "the client begins anew");
    assert_eq!(texts(&seen, "Responses.*.Topic"), ["team-a.x", "team-b.x"]);
    assert_eq!(ints(&seen, "Responses.1.Partitions.*.PartitionIndex"), [2]);
    assert_eq!(ints(&seen, "Responses.1.Partitions.*.ErrorCode"), [29]);
}

#[test]
fn foreign_ids_are_forgotten_without_a_word() {
    let gateway = Gateway::hiding();
    begin(&Gateway::hiding(), 9);
    let asked = asking(
        KEY,
        13,
        &[
            ("ReplicaId", int(-1)),
            ("ForgottenTopicsData.0.TopicId", topic_id(Owner::OtherTenant)),
            ("ForgottenTopicsData.1.TopicId", topic_id(Owner::Client)),
        ],
    );
    let Fate::Forwarded(sent, _) = gateway.ask_one_with(&topics(), KEY, 13, &asked) else {
        panic!("it goes on")
    };
    assert_eq!(count(&sent, "ForgottenTopicsData"), 1);
}
