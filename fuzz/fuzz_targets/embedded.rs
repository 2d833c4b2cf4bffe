//! The consumer protocol's bytes inside of group messages: rewritten on the way in, and back on the way out.

#![no_main]

mod namespace;
mod pieces;
mod support;

use std::sync::LazyLock;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION, Message};
use keg_policy::Mode;
use libfuzzer_sys::fuzz_target;
use namespace::{Tenant, api, bytes, with};
use support::{Case, Choices, any_body};

const PREFIXES: [&str; 3] = ["a", "a.", "ö-"];

static TENANTS: LazyLock<Vec<(Mode, String, Tenant)>> = LazyLock::new(|| Tenant::all(&PREFIXES));

/// Where the bytes are.
struct Exchange {
    message: &'static Message,
    key: ApiKey,
    version: i16,
    asked: &'static [&'static str],
    answered: &'static [&'static str],
}

const EXCHANGES: [Exchange; 2] = [
    Exchange {
        message: CONSUMER_PROTOCOL_SUBSCRIPTION,
        key: ApiKey::JOIN_GROUP,
        version: 9,
        asked: &["Protocols", "Metadata"],
        answered: &["Members", "Metadata"],
    },
    Exchange {
        message: CONSUMER_PROTOCOL_ASSIGNMENT,
        key: ApiKey::SYNC_GROUP,
        version: 5,
        asked: &["Assignments", "Assignment"],
        answered: &["Assignment"],
    },
];

fuzz_target!(|data: &[u8]| {
    let choices = &mut Choices::new(data);
    let exchange = &EXCHANGES[choices.below(2)];
    let (mode, prefix, tenant) = &TENANTS[choices.below(TENANTS.len())];
    let mode = *mode;
    let group = if mode == Mode::HidePrefix {
        "group".to_owned()
    } else {
        format!("{prefix}group")
    };
    let own = embedded(exchange.message, choices);

    let mut asked = with(
        Struct::new(api(exchange.key).request.fields, exchange.version),
        exchange.version,
        exchange.asked,
        Value::Bytes(own.clone()),
    );
    asked.set("GroupId", Value::text(&group));
    asked.set("ProtocolType", Value::text("consumer"));
    let Ok((sent, pending)) = tenant.ask(exchange.key, exchange.version, &asked) else {
        // Some topic isn't the client's to name. What stands before it is read even if the rest is malformed.
        let admitted = |name: &Vec<u8>| match mode {
            Mode::HidePrefix => true,
            Mode::EnforcePrefix => name.starts_with(prefix.as_bytes()),
        };
        assert!(topics(exchange.message, &own).is_none_or(|names| !names.iter().all(admitted)));
        return;
    };
    let on_backend = bytes(&sent, exchange.asked);
    let names = topics(exchange.message, &own);
    match (mode, &names) {
        (Mode::HidePrefix, Some(names)) => {
            let named: Vec<_> = names.iter().filter(|name| !is_nobodys(name)).collect();
            assert_eq!(on_backend.len(), own.len() + named.len() * prefix.len());
            let prefixed = names.iter().map(|name| match is_nobodys(name) {
                true => name.clone(),
                false => [prefix.as_bytes(), name].concat(),
            });
            assert_eq!(topics(exchange.message, &on_backend), Some(prefixed.collect()));
        }
        (Mode::EnforcePrefix, Some(names)) => {
            assert_eq!(on_backend, own);
            assert!(names.iter().all(|name| name.starts_with(prefix.as_bytes())));
        }
        (_, None) => assert_eq!(on_backend, own),
    }

    // Either what was sent comes back, or what another member has made beside the gateway.
    let back = choices.is_empty() || choices.one_in(2);
    let theirs = if back {
        on_backend
    } else {
        embedded(exchange.message, choices)
    };
    let response = with(
        Struct::new(api(exchange.key).response.fields, exchange.version),
        exchange.version,
        exchange.answered,
        Value::Bytes(theirs.clone()),
    );
    let seen = tenant
        .answer(exchange.key, exchange.version, pending, &response)
        .expect("no response is withheld");
    let seen = bytes(&seen, exchange.answered);
    assert!(seen.len() <= theirs.len());
    if back && names.is_none_or(|names| !names.contains(&Vec::new())) {
        assert_eq!(seen, own);
    }
    match topics(exchange.message, &theirs) {
        Some(names) => {
            let own = names.iter().filter_map(|name| {
                // The empty one says nothing to anybody.
                if mode == Mode::HidePrefix && is_nobodys(name) {
                    return (!name.is_empty()).then(|| name.clone());
                }
                let rest = name.strip_prefix(prefix.as_bytes())?;
                Some(if mode == Mode::HidePrefix {
                    rest.to_vec()
                } else {
                    name.clone()
                })
            });
            assert_eq!(topics(exchange.message, &seen), Some(own.collect()));
        }
        None => assert_eq!(seen, theirs),
    }
});

/// Whether no topic can be called so: the broker is asked for it as it is.
fn is_nobodys(name: &[u8]) -> bool {
    matches!(name, b"" | b"." | b"..")
}

/// A version, and what is of it, or isn't.
fn embedded(message: &'static Message, choices: &mut Choices<'_>) -> Vec<u8> {
    // The newest version that there is not yet is read as the newest that there is.
    let version = choices.below(6) as i16 - 1;
    let case = Case {
        message,
        version: version.clamp(message.versions.first, message.versions.last),
        used: None,
    };
    let mut made = version.to_be_bytes().to_vec();
    made.extend(any_body(case, choices));
    if choices.one_in(4) {
        made.extend_from_slice(b"a field of a newer version");
    }
    made
}

/// The topics that are named, in order; none if it can't be read.
fn topics(message: &'static Message, bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (version, mut body) = bytes.split_first_chunk::<2>()?;
    let version = i16::from_be_bytes(*version).min(message.versions.last);
    if version < 0 {
        return None;
    }
    // What follows is of a newer version.
    let read = loop {
        match Struct::read(message, version, body) {
            Ok(read) => break read,
            Err(keg_codec::walk::WalkError::TrailingBytes { count }) => body = &body[..body.len() - count],
            Err(_) => return None,
        }
    };
    let mut names = Vec::new();
    for (field, value) in read.iter() {
        let Value::Array(elements) = value else { continue };
        for element in elements {
            match element {
                Value::Bytes(name) if field.name == "Topics" => names.push(name.clone()),
                Value::Struct(of_topic) => match of_topic.get("Topic") {
                    Some(Value::Bytes(name)) => names.push(name.clone()),
                    _ => continue,
                },
                _ => continue,
            }
        }
    }
    Some(names)
}
