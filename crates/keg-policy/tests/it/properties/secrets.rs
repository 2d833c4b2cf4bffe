//! No response shows the hidden prefix, however names lie around it.
//!
//! Clients may have names in which the prefix stands, such as `x-team-a.y` on the backend's `team-a.x-team-a.y`. So the
//! prefix may stand in names that are, with one more prefix before them, names of the client's own; and nowhere else.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use keg_codec::Direction;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION, Entity, Field};

use super::{WORDS, own, receive, send, served};
use crate::support::bytes::contains;
use crate::support::fill::Filler;
use crate::support::names::{OWN, OWNERS, is_name};
use crate::support::random::{Choices, Randomizer, hold};
use crate::support::{Gateway, PREFIX};

/// What names and texts are made of: the prefix whole, in parts that may meet, and twice in one another.
const PARTS: [&str; 10] = [
    "team-a.",
    "team-",
    "a.",
    "team-a",
    "am-a.",
    "teteam-a.am-a.",
    "t",
    ".",
    "team-b.",
    "ö",
];

/// What brokers say before they quote another topic.
const COLLISION: &str = " collides with existing topic: team-b.secret";

/// What a client is shown.
#[derive(Debug, Default)]
struct Shown {
    names: Vec<Vec<u8>>,
    /// Texts for people.
    texts: Vec<Vec<u8>>,
    /// What has nothing to do with names.
    others: Vec<Vec<u8>>,
}

impl Shown {
    fn collect(&mut self, message: &Struct, version: i16) {
        for (field, value) in message.iter().filter(|(field, _)| field.versions.contains(version)) {
            match value {
                Value::Struct(nested) => self.collect(nested, version),
                Value::Array(elements) => {
                    for element in elements {
                        match element {
                            Value::Struct(nested) => self.collect(nested, version),
                            Value::Bytes(bytes) => self.bytes(field, bytes),
                            _ => {}
                        }
                    }
                }
                Value::Bytes(bytes) => self.bytes(field, bytes),
                _ => {}
            }
        }
    }

    fn bytes(&mut self, field: &'static Field, bytes: &[u8]) {
        match field.entity {
            entity if is_name(entity) => self.names.push(bytes.to_vec()),
            Entity::FreeText => self.texts.push(bytes.to_vec()),
            Entity::ConsumerAssignment | Entity::ConsumerSubscription => self.embedded(field.entity, bytes),
            // What members of a group keep for themselves; the prefix was put there by them.
            _ if field.name == "UserData" => {}
            _ => self.others.push(bytes.to_vec()),
        }
    }

    fn embedded(&mut self, kind: Entity, bytes: &[u8]) {
        let message = match kind {
            Entity::ConsumerAssignment => CONSUMER_PROTOCOL_ASSIGNMENT,
            _ => CONSUMER_PROTOCOL_SUBSCRIPTION,
        };
        let (version, rest) = bytes.split_first_chunk().unwrap();
        let version = i16::from_be_bytes(*version);
        let message = Struct::read(message, version, rest).unwrap();
        self.collect(&message, version);
    }
}

/// A text without the prefixes that its words have, each once, and without another's topic.
fn as_shown(text: &str) -> String {
    let text = text.replace(": team-b.secret", "");
    let words = text.split('\'').map(|word| word.strip_prefix(PREFIX).unwrap_or(word));
    words.collect::<Vec<_>>().join("'")
}

#[test]
fn the_hidden_prefix_is_shown_in_no_response_but_where_a_name_of_the_clients_has_it_itself() {
    let gateway = Gateway::hiding();
    let (names_seen, texts_seen) = (Cell::new(0), Cell::new(0));
    for (api, version) in served(&gateway) {
        hold(&format!("{} v{version}", api.name), |choices| {
            let asked = own(api, version, Direction::Request, false, &mut Choices::none());
            let (_, pending) = send(&gateway, api, version, &asked);
            let (on_backend, texts) = (RefCell::new(BTreeSet::new()), RefCell::new(Vec::new()));
            let direction = Direction::Response;
            let mut answer = Filler {
                api,
                version,
                direction,
                prefixed: true,
                owners: &OWNERS,
            }
            .message();
            Randomizer {
                version,
                choices,
                name: &mut |_, choices| {
                    // Half of them the client's, so that something is left.
                    let prefix = ["", PREFIX][choices.below(2)];
                    let name = format!("{prefix}{}", choices.some(&PARTS));
                    on_backend.borrow_mut().insert(name.clone().into_bytes());
                    name
                },
                text: &mut |choices| {
                    let words = [(); 2].map(|()| choices.some(&WORDS));
                    let text = format!("'{}' and '{}'{}", words[0], words[1], ["", COLLISION][choices.below(2)]);
                    texts.borrow_mut().push(text.clone());
                    text
                },
            }
            .randomize(&mut answer);
            let body = receive(
                &gateway,
                api,
                version,
                pending,
                answer.write(&api.response, version).unwrap(),
            );

            let mut shown = Shown::default();
            shown.collect(&Struct::read(&api.response, version, &body).unwrap(), version);
            let on_backend = on_backend.into_inner();
            for name in &shown.names {
                let is_own = on_backend.contains(&[PREFIX.as_bytes(), name].concat());
                // An error in the place of a response that is withheld has the names of the request; a word for a place
                // among the pages of topics is no name.
                let is_asked = OWN.iter().any(|own| own.as_bytes() == name) || name == b"t";
                let is_word = name.starts_with(b"/");
                // No topic can be called so.
                let is_nobodys = matches!(&name[..], b"." | b"..");
                assert!(
                    is_own || is_asked || is_word || is_nobodys,
                    "{:?}",
                    String::from_utf8_lossy(name)
                );
            }
            let texts: BTreeSet<_> = texts.into_inner().iter().map(|text| as_shown(text)).collect();
            for text in &shown.texts {
                let text = String::from_utf8_lossy(text);
                assert!(texts.contains(&*text) || text.is_empty(), "{text} of {texts:?}");
            }
            for other in &shown.others {
                assert!(!contains(other, PREFIX), "{other:?}");
            }
            names_seen.set(names_seen.get() + shown.names.len());
            texts_seen.set(texts_seen.get() + shown.texts.len());
        });
    }
    assert!(
        names_seen.get() > 500 && texts_seen.get() > 200,
        "{names_seen:?} {texts_seen:?}"
    );
}
