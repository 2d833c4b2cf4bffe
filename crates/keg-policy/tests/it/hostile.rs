//! Bodies that no client sends that means well, and some that do.

use keg_codec::ApiKey;
use keg_codec::message::Struct;
use keg_policy::{Outcome, Reply, Response};

use crate::support::message::{count, ints, texts};
use crate::support::{Fate, Gateway, answering, api, asking, null, request, text};

#[test]
fn malformed_requests_close() {
    let gateway = Gateway::hiding();
    for (served, version) in gateway.served() {
        let interested = served.request.entities(version);
        let body = vec![0x7f; 11];
        let fate = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut asked = request(served.key, version, body.clone());
            match gateway.chain.request(&gateway.connection, &mut asked) {
                Outcome::Close(reason) => Some(reason),
                _ => None,
            }
        }));
        let reason = fate.unwrap_or_else(|_| panic!("{} v{version} panics", served.name));
        // The rest is not looked at, and the broker's to refuse.
        let names = [keg_codec::Entity::TopicName, keg_codec::Entity::GroupId];
        if names.into_iter().any(|entity| interested.contains(entity)) {
            let reason = reason.unwrap_or_else(|| panic!("{} v{version} goes on", served.name));
            assert!(
                reason.contains(served.name) && reason.contains(&version.to_string()),
                "{reason}"
            );
        }
    }
}

#[test]
fn counts_beyond_the_message_close_before_anything_is_allocated() {
    let gateway = Gateway::hiding();
    let fate = gateway.ask_bytes(ApiKey::METADATA, 1, vec![0x7f, 0xff, 0xff, 0xff]);
    assert!(
        matches!(&fate, Fate::Closed(reason) if reason.contains("2147483647")),
        "{fate:?}"
    );
}

#[test]
fn malformed_responses_are_withheld() {
    let gateway = Gateway::hiding();
    let asked = asking(ApiKey::METADATA, 9, &[("Topics.0.Name", text("orders"))]);
    let answer = answering(ApiKey::METADATA, 9, &[("Topics.0.Name", text("team-a.orders"))]);
    let answer = answer.write(&api(ApiKey::METADATA).response, 9).unwrap();
    let mut longer = answer.clone();
    longer.push(0);
    for body in [&answer[..answer.len() - 1], &longer[..], &[], &[0xff; 40]] {
        let (_, pending) = gateway.forward(ApiKey::METADATA, 9, &asked);
        let seen = gateway.answer_bytes(ApiKey::METADATA, 9, pending, body.to_vec());
        assert_eq!(texts(&seen, "Topics.*.Name"), ["orders"]);
        assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [-1]);
    }
}

#[test]
fn names_outside_of_lists_fail_closed_when_they_are_foreign() {
    let gateway = Gateway::hiding();
    let key = ApiKey::DESCRIBE_TOPIC_PARTITIONS;
    let asked = asking(key, 0, &[("Topics.0.Name", text("orders"))]);
    // Not even null would be right here: the walk over all topics ends at others, a list of own ones can't.
    let answer = answering(
        key,
        0,
        &[
            ("Topics.0.Name", null()),
            ("NextCursor.TopicName", text("team-b.secret")),
        ],
    );
    let seen = gateway.exchange(key, 0, &asked, &answer);
    assert_eq!(
        count(&seen, "Topics"),
        0,
        "a topic without a name is not known to be the client's"
    );
    assert_eq!(seen.get("NextCursor"), Some(&keg_codec::message::Value::Null));
}

/// The request with a tagged field of this number, which the tables don't know, behind it.
fn with_tag(mut body: Vec<u8>, tag: u8) -> Vec<u8> {
    assert_eq!(body.pop(), Some(0), "the last section of tagged fields is empty");
    body.extend([1, tag, 2, b'h', b'i']);
    body
}

#[test]
fn unknown_tagged_fields_pass_in_neither_direction() {
    // Requests with them are refused, and responses lose them.
    let gateway = Gateway::hiding();
    let asked = asking(ApiKey::METADATA, 9, &[("Topics.0.Name", text("orders"))]);
    let body = asked.write(&api(ApiKey::METADATA).request, 9).unwrap();
    let Fate::Answered(seen) = gateway.ask_bytes(ApiKey::METADATA, 9, with_tag(body, 99)) else {
        panic!("it is refused")
    };
    assert_eq!(ints(&seen, "Topics.*.ErrorCode"), [42]);

    let (_, pending) = gateway.forward(ApiKey::METADATA, 9, &asked);
    let answer = answering(ApiKey::METADATA, 9, &[("Topics.0.Name", text("team-a.orders"))]);
    let body = with_tag(answer.write(&api(ApiKey::METADATA).response, 9).unwrap(), 99);
    let seen = gateway.answer_raw(ApiKey::METADATA, 9, pending, body);
    let expected = answering(ApiKey::METADATA, 9, &[("Topics.0.Name", text("orders"))]);
    assert_eq!(seen[..], expected.write(&api(ApiKey::METADATA).response, 9).unwrap());
}

#[test]
fn bytes_behind_the_last_field_are_cut_off() {
    // librdkafka 2.0.2 sends three when it asks for all topics.
    let gateway = Gateway::hiding();
    let all = asking(ApiKey::METADATA, 9, &[("Topics", null())]);
    let one = asking(ApiKey::METADATA, 9, &[("Topics.0.Name", text("orders"))]);
    for (asked, topics) in [(all, 0), (one, 1)] {
        let clean = asked.write(&api(ApiKey::METADATA).request, 9).unwrap();
        let mut body = clean.clone();
        body.extend([0, 1, 0]);
        let Fate::Forwarded(sent, pending) = gateway.ask_bytes(ApiKey::METADATA, 9, body) else {
            panic!("it goes on")
        };
        assert_eq!(
            sent.get("Topics")
                .and_then(|topics| topics.as_array())
                .map_or(0, <[_]>::len),
            topics
        );
        // An error that takes the place of the response is made of what was asked.
        let seen = gateway.answer_bytes(ApiKey::METADATA, 9, pending, vec![0xff]);
        assert_eq!(count(&seen, "Topics"), topics);
    }
    // Refusals as well.
    let refused = asking(ApiKey::HEARTBEAT, 3, &[("GroupId", text("team-b.workers"))]);
    let gateway = Gateway::enforcing();
    let mut body = refused.write(&api(ApiKey::HEARTBEAT).request, 3).unwrap();
    body.extend([9, 9]);
    let Fate::Answered(seen) = gateway.ask_bytes(ApiKey::HEARTBEAT, 3, body) else {
        panic!("it is refused")
    };
    assert_eq!(ints(&seen, "ErrorCode"), [30]);
}

#[test]
fn records_are_neither_read_nor_copied() {
    let gateway = Gateway::hiding();
    let records = vec![0xab; 100_000];
    let asked = asking(
        ApiKey::PRODUCE,
        9,
        &[
            ("TransactionalId", text("tx")),
            ("TopicData.0.Name", text("orders")),
            (
                "TopicData.0.PartitionData.0.Records",
                keg_codec::message::Value::Bytes(records.clone()),
            ),
        ],
    );
    let body = asked.write(&api(ApiKey::PRODUCE).request, 9).unwrap();
    let mut sent = request(ApiKey::PRODUCE, 9, body);
    let whole = sent.body_bytes();
    let inside = whole.as_ptr_range();
    let Outcome::Forward(pending) = gateway.chain.request(&gateway.connection, &mut sent) else {
        panic!("it goes on")
    };
    let shared = |piece: &bytes::Bytes| piece.len() >= records.len() && inside.contains(&piece.as_ptr());
    assert!(sent.body.pieces().iter().any(shared), "{:?}", sent.body.pieces().len());
    let sent = Struct::read(&api(ApiKey::PRODUCE).request, 9, &sent.body_bytes()).unwrap();
    assert_eq!(texts(&sent, "TransactionalId"), ["team-a.tx"]);
    assert_eq!(texts(&sent, "TopicData.*.Name"), ["team-a.orders"]);
    let response = Response::local(api(ApiKey::PRODUCE), 9, vec![1, 0, 0, 0, 0, 0]);
    let outcome = gateway
        .chain
        .response(&gateway.connection, pending, Reply::Response(response));
    assert!(matches!(outcome, Outcome::Reply(Reply::Response(_))), "{outcome:?}");
}
