//! Produce requests that go on while they arrive become what they would have become whole.

#![no_main]

mod namespace;
mod pieces;
mod support;

use std::sync::LazyLock;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::Mode;
use libfuzzer_sys::fuzz_target;
use namespace::{Tenant, api};
use support::{Case, Choices, any_body};

static TENANTS: LazyLock<Vec<(Mode, String, Tenant)>> = LazyLock::new(|| Tenant::all(&["a", "team-"]));

fuzz_target!(|data: &[u8]| {
    let choices = &mut Choices::new(data);
    let (mode, prefix, tenant) = &TENANTS[choices.below(TENANTS.len())];
    let message = &api(ApiKey::PRODUCE).request;
    // Ids would have to be learned first.
    let versions = message.versions.first..=message.versions.last.min(12);
    let version = versions
        .clone()
        .nth(choices.below(versions.count()))
        .expect("it is below the count");
    let case = Case {
        message,
        version,
        used: None,
    };
    let mut body = any_body(case, choices);
    if let Ok(mut request) = Struct::read(message, version, &body)
        && choices.one_in(2)
    {
        // Most that are made up have no topic, or several, or one that isn't the client's.
        one_topic(&mut request, version, *mode, prefix);
        body = request.write(message, version).expect("what was read can be written");
    }
    let pieces: Vec<usize> = (0..8).map(|_| 1 + choices.below(40)).collect();
    match tenant.pass(ApiKey::PRODUCE, version, &body, &pieces) {
        // Then it is asked for whole, or ends with its connection.
        None | Some(None) => {}
        Some(passed) => assert_eq!(passed, tenant.send(ApiKey::PRODUCE, version, &body)),
    }
});

/// Leaves one topic, whose name the client may use.
fn one_topic(request: &mut Struct, version: i16, mode: Mode, prefix: &str) {
    let Some(Value::Array(topics)) = request.get("TopicData") else {
        return;
    };
    let first = topics.first().cloned();
    let Some(Value::Struct(mut topic)) = first.or_else(|| request.nested("TopicData", version).map(Value::Struct))
    else {
        return;
    };
    let name = match mode {
        Mode::HidePrefix => "orders".to_owned(),
        Mode::EnforcePrefix => format!("{prefix}orders"),
    };
    topic.set("Name", Value::text(&name));
    request.set("TopicData", Value::Array(vec![Value::Struct(topic)]));
}
