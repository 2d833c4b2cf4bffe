//! What responses list, by the rules that are in force when they come.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::{AclCondition, AclPolicy, Acls, Connection, ExpressionFailed, Operation, ResourceType};

use super::{allow, gateway};
use crate::support::{Gateway, answering, asking, null, text};

const KEY: ApiKey = ApiKey::METADATA;
const VERSION: i16 = 12;

/// Holds of clients that call themselves a tool.
#[derive(Debug)]
struct IsTool;

impl AclCondition for IsTool {
    fn holds(&self, connection: &Connection) -> Result<bool, ExpressionFailed> {
        Ok(&*connection.client_id() == "tool")
    }
}

fn topics(response: &Struct) -> Vec<String> {
    let topics = response.elements("Topics");
    topics
        .map(|topic| String::from_utf8_lossy(topic.bytes("Name")).into_owned())
        .collect()
}

#[test]
fn what_a_client_may_not_see_any_more_is_left_out_of_the_response_to_what_it_asked_before() {
    let acls = Acls::new(vec![AclPolicy {
        name: "tools".into(),
        condition: Some(Arc::new(IsTool)),
        rules: vec![allow(ResourceType::Topic, &[Operation::Describe], "*")],
    }]);
    let gateway = Gateway::of(vec![Arc::new(acls)]);
    let asked = asking(KEY, VERSION, &[("Topics.0.Name", text("orders"))]);
    let response = answering(KEY, VERSION, &[("Topics.0.Name", text("orders"))]);
    for (then, seen) in [("tool", vec!["orders".to_owned()]), ("app", Vec::new())] {
        gateway.connection.call(b"tool");
        let (_, pending) = gateway.forward(KEY, VERSION, &asked);
        gateway.connection.call(then.as_bytes());
        assert_eq!(
            topics(&gateway.answer(KEY, VERSION, pending, &response)),
            seen,
            "{then}"
        );
    }
}

#[test]
fn a_topic_that_is_asked_for_by_its_id_is_judged_by_the_name_that_comes_back() {
    let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::Describe], "orders")]);
    let id = Value::Uuid([7; 16]);
    let named = |name| {
        let fields = [("Topics.0.Name", text(name)), ("Topics.0.TopicId", id.clone())];
        answering(KEY, VERSION, &fields)
    };
    let by_name = asking(KEY, VERSION, &[("Topics.0.Name", text("orders"))]);
    gateway.exchange(KEY, VERSION, &by_name, &named("orders"));
    let by_id = asking(
        KEY,
        VERSION,
        &[("Topics.0.Name", null()), ("Topics.0.TopicId", id.clone())],
    );
    for (name, seen) in [("orders", vec!["orders".to_owned()]), ("secret", Vec::new())] {
        assert_eq!(
            topics(&gateway.exchange(KEY, VERSION, &by_id, &named(name))),
            seen,
            "{name}"
        );
    }
}

#[test]
fn where_all_topics_are_asked_for_those_are_listed_that_may_be_described() {
    let gateway = gateway(vec![allow(ResourceType::Topic, &[Operation::Describe], "orders*")]);
    let asked = asking(KEY, VERSION, &[("Topics", null())]);
    let names = ["orders", "secret", "orders-new"];
    let fields = names.map(text);
    let response = answering(
        KEY,
        VERSION,
        &[
            ("Topics.0.Name", fields[0].clone()),
            ("Topics.1.Name", fields[1].clone()),
            ("Topics.2.Name", fields[2].clone()),
        ],
    );
    let (_, pending) = gateway.forward(KEY, VERSION, &asked);
    assert_eq!(
        topics(&gateway.answer(KEY, VERSION, pending, &response)),
        ["orders", "orders-new"]
    );
}
