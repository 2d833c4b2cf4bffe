//! ShareFetch and ShareAcknowledge.

use keg_codec::ApiKey;
use keg_codec::message::Value;
use keg_policy::{Operation, ResourceType};

use super::{allow, gateway};
use crate::support::message::{ints, values};
use crate::support::{Fate, answering, asking, int, text};

#[test]
fn what_ends_a_share_session_is_answered_only_for_what_it_acknowledges() {
    let topics = [(Value::Uuid([7; 16]), "secret"), (Value::Uuid([8; 16]), "orders")];
    // Of three partitions, one of the topic that may be read, the last acknowledges something in the second case.
    let fetch = |epoch: i64, acknowledges: bool, renews: bool| {
        let mut fields = vec![
            ("GroupId", text("g")),
            ("MemberId", text("member")),
            ("ShareSessionEpoch", int(epoch)),
            ("IsRenewAck", int(renews.into())),
            ("Topics.0.TopicId", topics[1].0.clone()),
            ("Topics.0.Partitions.0.PartitionIndex", int(0)),
            ("Topics.1.TopicId", topics[0].0.clone()),
            ("Topics.1.Partitions.0.PartitionIndex", int(3)),
            ("Topics.1.Partitions.1.PartitionIndex", int(4)),
        ];
        if acknowledges {
            let batch = "Topics.1.Partitions.1.AcknowledgementBatches.0.AcknowledgeTypes.0";
            fields.push((batch, int(1)));
        }
        asking(ApiKey::SHARE_FETCH, 2, &fields)
    };
    let none: [i64; 0] = [];
    for (asked, errors, acknowledged) in [
        (fetch(-1, false, false), &none[..], &none[..]),
        (fetch(-1, true, false), &[0, 0], &[29, 29]),
        (fetch(0, false, true), &none, &none),
        (fetch(0, false, false), &[29, 29], &[0, 0]),
    ] {
        let gateway = gateway(vec![
            allow(ResourceType::Group, &[Operation::Read], "g"),
            allow(ResourceType::Topic, &[Operation::Read], "orders"),
        ]);
        let Fate::Forwarded(sent, pending) = gateway.ask_one_with(&topics, ApiKey::SHARE_FETCH, 2, &asked) else {
            panic!("the session goes on")
        };
        assert_eq!(values(&sent, "Topics.*.TopicId"), [&topics[1].0]);
        let seen = gateway.answer(ApiKey::SHARE_FETCH, 2, pending, &answering(ApiKey::SHARE_FETCH, 2, &[]));
        assert_eq!(ints(&seen, "Responses.*.Partitions.*.ErrorCode"), errors);
        assert_eq!(
            ints(&seen, "Responses.*.Partitions.*.AcknowledgeErrorCode"),
            acknowledged
        );
    }
}

#[test]
fn acknowledgements_that_cannot_be_are_invalid_whosever_the_topic_is() {
    let topic = Value::Uuid([7; 16]);
    // First and last offsets, and types.
    type Batches<'a> = &'a [(i64, i64, &'a [i64])];
    let cases: [(Batches<'_>, i16, i64); 11] = [
        (&[(0, 4, &[1])], 1, 29),
        (&[(0, 1, &[1, 2])], 1, 29),
        (&[(0, 4, &[1, 2])], 1, 42),
        (&[(4, 0, &[1])], 1, 42),
        (&[(0, 4, &[])], 1, 42),
        (&[(0, 4, &[9])], 1, 42),
        (&[(0, 4, &[-1])], 1, 42),
        (&[(0, 4, &[4])], 2, 42),
        (&[(0, 4, &[1]), (4, 5, &[3])], 1, 29),
        (&[(0, 4, &[1]), (3, 5, &[3])], 1, 42),
        (&[(i64::MIN, i64::MAX, &[1, 1])], 1, 42),
    ];
    for (key, field) in [
        (ApiKey::SHARE_ACKNOWLEDGE, "ErrorCode"),
        (ApiKey::SHARE_FETCH, "AcknowledgeErrorCode"),
    ] {
        for (batches, version, expected) in cases {
            let mut fields = vec![
                ("GroupId".to_owned(), text("g")),
                ("MemberId".to_owned(), text("member")),
                ("ShareSessionEpoch".to_owned(), int(-1)),
                ("Topics.0.TopicId".to_owned(), topic.clone()),
            ];
            for (index, (first, last, types)) in batches.iter().enumerate() {
                let batch = format!("Topics.0.Partitions.0.AcknowledgementBatches.{index}");
                fields.push((format!("{batch}.FirstOffset"), int(*first)));
                fields.push((format!("{batch}.LastOffset"), int(*last)));
                for (index, kind) in types.iter().enumerate() {
                    fields.push((format!("{batch}.AcknowledgeTypes.{index}"), int(*kind)));
                }
            }
            let fields: Vec<_> = fields.iter().map(|(path, value)| (&**path, value.clone())).collect();
            let asked = asking(key, version, &fields);
            let gateway = gateway(vec![allow(ResourceType::Group, &[Operation::Read], "g")]);
            let fate = gateway.ask_one_with(&[(topic.clone(), "secret")], key, version, &asked);
            let Fate::Forwarded(_, pending) = fate else {
                panic!("the session goes on")
            };
            let seen = gateway.answer(key, version, pending, &answering(key, version, &[]));
            let told = ints(&seen, &format!("Responses.*.Partitions.*.{field}"));
            assert_eq!(told, [expected], "{key:?} {batches:?}");
        }
    }
}
