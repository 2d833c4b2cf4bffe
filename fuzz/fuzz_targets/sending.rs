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

/// What names begin with that stand for others, which no topic's does.
const STANDS_FOR: &[u8] = b"!#$%&+,:;<=>?@~";

/// Names of which most are none, or others'.
const NAMES: [&str; 6] = ["", ".", "!!", "audit", "team-a/", "__consumer_offsets"];

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
        // Most that are made up have no topic, or one that isn't the client's.
        match has_names {
            true => set_names(&mut request, || match choices.below(4) {
                0 => NAMES[choices.below(NAMES.len())].into(),
                _ => own(*mode, prefix),
            }),
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
    // The first of several topics with ids comes whole.
    let Some(Some(passed)) = pass().or_else(pass) else {
        // Then it is asked for whole, or ends with its connection.
        return;
    };
    let read = |body: &[u8]| Struct::read(message, version, body).expect("what passes can be read");
    let (mut asked, mut sent) = (read(&body), read(&passed));
    if has_names {
        assert_eq!(names(&asked).len(), names(&sent).len());
        for (at, (asked, sent)) in names(&asked).iter().zip(names(&sent)).enumerate() {
            match backend_name(*mode, prefix, asked) {
                Some(backend_name) => assert_eq!(backend_name, sent),
                // Of what no topic is called, brokers say so themselves.
                None => assert!(at == 0 || STANDS_FOR.contains(&sent[0]), "{asked:?} became {sent:?}"),
            }
        }
        // But for the names, it is the same.
        set_names(&mut sent, || own(*mode, prefix));
        set_names(&mut asked, || own(*mode, prefix));
    } else {
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
    }
    let asked = asked.write(message, version).expect("what was read can be written");
    let whole = tenant.send(ApiKey::PRODUCE, version, &asked);
    let mut whole = whole.map(|whole| read(&whole));
    if let Some(whole) = &mut whole
        && has_names
    {
        set_names(whole, || own(*mode, prefix));
    }
    assert_eq!(whole, Some(sent));
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

fn names(request: &Struct) -> Vec<Vec<u8>> {
    let name = |topic: &Struct| match topic.get("Name") {
        Some(Value::Bytes(name)) => name.clone(),
        other => panic!("{other:?} is no name"),
    };
    request.elements("TopicData").map(name).collect()
}

fn set_names(request: &mut Struct, mut name: impl FnMut() -> Vec<u8>) {
    for topic in request.elements_mut("TopicData") {
        topic.set("Name", Value::Bytes(name()));
    }
}

/// What the client calls one of its topics.
fn own(mode: Mode, prefix: &str) -> Vec<u8> {
    match mode {
        Mode::HidePrefix => "orders".into(),
        Mode::EnforcePrefix => format!("{prefix}orders").into(),
    }
}

/// What the backend calls a topic of the client's, if it can be called so.
fn backend_name(mode: Mode, prefix: &str, name: &[u8]) -> Option<Vec<u8>> {
    let backend_name = match mode {
        Mode::HidePrefix if matches!(name, b"" | b"." | b"..") => return None,
        Mode::HidePrefix => [prefix.as_bytes(), name].concat(),
        Mode::EnforcePrefix if !name.starts_with(prefix.as_bytes()) => return None,
        Mode::EnforcePrefix => name.to_vec(),
    };
    let is_legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (backend_name.len() <= 249 && backend_name.iter().all(is_legal)).then_some(backend_name)
}
