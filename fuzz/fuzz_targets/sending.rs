//! Produce requests that go on while they arrive become what they would have become whole.

#![no_main]

mod namespace;
mod pieces;
mod support;

use std::sync::LazyLock;

use keg_codec::message::{Struct, Value};
use keg_codec::{ApiKey, ProduceHead};
use keg_policy::Mode;
use libfuzzer_sys::fuzz_target;
use namespace::{Tenant, api};
use support::{Case, Choices, any_body};

/// The ids of the client's topics.
const OWN: [[u8; 16]; 2] = [[1; 16], [2; 16]];

/// What ids begin with that stand for others.
const STANDS_IN: [u8; 8] = [0xff; 8];

static TENANTS: LazyLock<Vec<(Mode, String, Tenant)>> = LazyLock::new(|| {
    let tenants = Tenant::all(&["a", "team-"]).into_iter();
    tenants
        .map(|(mode, prefix, tenant)| (mode, prefix.clone(), tenant.knowing(&prefix, &OWN)))
        .collect()
});

fuzz_target!(|data: &[u8]| {
    let choices = &mut Choices::new(data);
    let (mode, prefix, tenant) = &TENANTS[choices.below(TENANTS.len())];
    let message = &api(ApiKey::PRODUCE).request;
    let versions = message.versions.first..=message.versions.last;
    let version = versions
        .clone()
        .nth(choices.below(versions.count()))
        .expect("it is below the count");
    let case = Case {
        message,
        version,
        used: None,
    };
    let has_names = ProduceHead::has_names(version);
    let mut body = any_body(case, choices);
    if let Ok(mut request) = Struct::read(message, version, &body)
        && choices.one_in(2)
    {
        // Most that are made up have no topic, or several, or one that isn't the client's.
        match has_names {
            true => one_topic(&mut request, version, *mode, prefix),
            false => set_ids(&mut request, || match choices.below(4) {
                0 => [choices.below(256) as u8; 16],
                known => OWN[known % 2],
            }),
        }
        body = request.write(message, version).expect("what was read can be written");
    }
    let pieces: Vec<usize> = (0..8).map(|_| 1 + choices.below(40)).collect();
    let pass = || tenant.pass(ApiKey::PRODUCE, version, &body, &pieces);
    tenant.reconnect();
    // The first of several topics comes whole.
    let Some(Some(passed)) = pass().or_else(pass) else {
        // Then it is asked for whole, or ends with its connection.
        return;
    };
    if has_names {
        assert_eq!(Some(passed), tenant.send(ApiKey::PRODUCE, version, &body));
        return;
    }
    let read = |body: &[u8]| Struct::read(message, version, body).expect("what passes can be read");
    let (mut asked, mut sent) = (read(&body), read(&passed));
    assert_eq!(ids(&asked).count(), ids(&sent).count());
    for (at, (asked, sent)) in ids(&asked).zip(ids(&sent)).enumerate() {
        // Of the id that is none, brokers say so themselves.
        match OWN.contains(&asked) || at == 0 && asked == [0; 16] {
            true => assert_eq!(asked, sent),
            false => assert!(
                sent != asked && sent.starts_with(&STANDS_IN),
                "{asked:?} became {sent:?}"
            ),
        }
    }
    // But for the ids, it is the same.
    set_ids(&mut asked, || OWN[0]);
    set_ids(&mut sent, || OWN[0]);
    let asked = asked.write(message, version).expect("what was read can be written");
    let whole = tenant.send(ApiKey::PRODUCE, version, &asked);
    assert_eq!(whole.map(|whole| read(&whole)), Some(sent));
});

fn ids(request: &Struct) -> impl Iterator<Item = [u8; 16]> {
    request.elements("TopicData").map(|topic| match topic.get("TopicId") {
        Some(Value::Uuid(id)) => *id,
        other => panic!("{other:?} is no id"),
    })
}

fn set_ids(request: &mut Struct, mut id: impl FnMut() -> [u8; 16]) {
    for topic in request.elements_mut("TopicData") {
        topic.set("TopicId", Value::Uuid(id()));
    }
}

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
