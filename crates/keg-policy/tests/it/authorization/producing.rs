//! Produce requests of which a part is denied.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{Operation, Outcome, Reply, ResourceType, Response};

use super::{allow, gateway};
use crate::support::message::{ints, texts};
use crate::support::{Fate, Gateway, answering, api, asking, int, text};

fn orders_alone() -> Gateway {
    gateway(vec![allow(ResourceType::Topic, &[Operation::Write], "orders")])
}

fn produce(acks: i64, topics: [&str; 2], records: &[u8]) -> Struct {
    asking(
        ApiKey::PRODUCE,
        9,
        &[
            ("TransactionalId", text("tx")),
            ("Acks", int(acks)),
            ("TopicData.0.Name", text(topics[0])),
            ("TopicData.0.PartitionData.0.Records", Value::Bytes(vec![1; 40])),
            ("TopicData.1.Name", text(topics[1])),
            ("TopicData.1.PartitionData.0.Records", Value::Bytes(records.to_vec())),
        ],
    )
}

/// The head of a batch with these attributes.
fn batch(attributes: u8) -> Vec<u8> {
    let mut records = vec![0; 61];
    records[16] = 2;
    records[22] = attributes;
    records
}

#[test]
fn what_may_be_written_without_acks_is_written_before_a_disconnect_tells_of_what_may_not() {
    let gateway = orders_alone();
    let (sent, pending) = gateway.forward(ApiKey::PRODUCE, 9, &produce(0, ["orders", "secret"], &batch(0)));
    assert_eq!(texts(&sent, "TopicData.*.Name"), ["orders"]);
    assert_eq!(ints(&sent, "Acks"), [1]);
    let response = answering(ApiKey::PRODUCE, 9, &[("Responses.0.Name", text("orders"))]);
    let body = response.write(&api(ApiKey::PRODUCE).response, 9).unwrap();
    let response = Response::local(api(ApiKey::PRODUCE), 9, body);
    let outcome = gateway
        .chain
        .response(&gateway.connection, pending, Reply::Response(response));
    assert!(
        matches!(&outcome, Outcome::Close(reason) if reason.contains("acks=0")),
        "{outcome:?}"
    );
}

#[test]
fn where_nothing_may_be_written_without_acks_the_connection_ends_at_once() {
    let fate = orders_alone().ask(ApiKey::PRODUCE, 9, &produce(0, ["hidden", "secret"], &batch(0)));
    assert!(
        matches!(&fate, Fate::Closed(reason) if reason.contains("acks=0")),
        "{fate:?}"
    );
}

#[test]
fn records_of_a_transaction_that_is_not_the_clients_are_refused_though_their_topic_is_denied_too() {
    const TRANSACTIONAL: u8 = 0x10;
    let gateway = orders_alone();
    let asked = produce(1, ["orders", "secret"], &batch(TRANSACTIONAL));
    let seen = gateway.local(ApiKey::PRODUCE, 9, &asked);
    let codes = "Responses.*.PartitionResponses.*.ErrorCode";
    assert_eq!(ints(&seen, codes), [53, 53]);
    let (sent, _) = gateway.forward(ApiKey::PRODUCE, 9, &produce(1, ["orders", "secret"], &batch(0)));
    assert_eq!(texts(&sent, "TopicData.*.Name"), ["orders"]);
}
