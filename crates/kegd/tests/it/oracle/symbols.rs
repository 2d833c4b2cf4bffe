//! Names for what a side makes up, in the order in which it is first told: these are the same on both sides.

use std::collections::HashMap;
use std::hash::Hash;

use keg_codec::message::{Struct, Value};

use super::shown::Shown;

pub(super) const NO_ID: [u8; 16] = [0; 16];

/// What one side has made up in a case.
#[derive(Clone, Debug, Default)]
pub(super) struct Symbols {
    topic_ids: Numbers<[u8; 16]>,
    members: Numbers<Vec<u8>>,
    producers: Numbers<i64>,
    sessions: Numbers<i64>,
    /// The client's own topics, as it calls them.
    own_topics: HashMap<[u8; 16], String>,
}

impl Symbols {
    /// What is asked for has its place before it is answered in whatever order.
    pub(super) fn of_request(&mut self, request: &Struct) {
        for (_, value) in request.iter() {
            match value {
                Value::Uuid(id) => drop(self.topic_id(*id)),
                Value::Struct(nested) => self.of_request(nested),
                Value::Array(elements) => elements
                    .iter()
                    .filter_map(Value::as_struct)
                    .for_each(|nested| self.of_request(nested)),
                _ => {}
            }
        }
    }

    pub(super) fn topic_id(&mut self, id: [u8; 16]) -> Shown {
        if id == NO_ID {
            return Shown::Symbol("no topic id".to_owned());
        }
        Shown::Symbol(format!("topic id {}", self.topic_ids.of(id)))
    }

    /// Says that an id is of a topic of the client's, which it calls so.
    pub(super) fn own_topic(&mut self, id: [u8; 16], name: &str) {
        self.topic_id(id);
        self.own_topics.insert(id, name.to_owned());
    }

    pub(super) fn own_name(&self, id: &[u8; 16]) -> Option<&str> {
        self.own_topics.get(id).map(String::as_str)
    }

    pub(super) fn member(&mut self, member: &[u8]) -> Shown {
        if member.is_empty() {
            return Shown::Text(String::new());
        }
        Shown::Symbol(format!("member {}", self.members.of(member.to_vec())))
    }

    /// Other ids say that there is none, and how.
    pub(super) fn producer(&mut self, id: i64) -> Shown {
        if id <= 0 {
            return Shown::Integer(id);
        }
        Shown::Symbol(format!("producer {}", self.producers.of(id)))
    }

    pub(super) fn session(&mut self, id: i64) -> Shown {
        if id == 0 {
            return Shown::Integer(0);
        }
        Shown::Symbol(format!("session {}", self.sessions.of(id)))
    }

    /// What a topic id is known as, to put elements into an order that both sides have.
    pub(super) fn place_of_topic_id(&self, id: [u8; 16]) -> usize {
        self.topic_ids.0.get(&id).copied().unwrap_or(usize::MAX)
    }

    pub(super) fn place_of_member(&self, member: &[u8]) -> usize {
        self.members.0.get(member).copied().unwrap_or(usize::MAX)
    }

    pub(super) fn place_of_producer(&self, id: i64) -> usize {
        self.producers.0.get(&id).copied().unwrap_or(usize::MAX)
    }

    /// A text for people with symbols in the place of what it quotes.
    pub(super) fn in_text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (member, number) in &self.members.0 {
            let member = String::from_utf8_lossy(member);
            text = text.replace(&*member, &format!("<member {number}>"));
        }
        for (id, number) in &self.topic_ids.0 {
            text = text.replace(&base64(*id), &format!("<topic id {number}>"));
        }
        // An id that was told in no other way.
        let words: Vec<_> = text
            .split(' ')
            .map(|word| if is_id(word) { "<some id>" } else { word })
            .collect();
        text = words.join(" ");
        for (id, number) in self.producers.0.iter().filter(|(id, _)| **id >= 100) {
            text = replace_number(&text, &id.to_string(), &format!("<producer {number}>"));
        }
        text
    }
}

/// Puts something in the place of a number where it isn't the end of a name: those of sequences end in digits.
fn replace_number(text: &str, number: &str, by: &str) -> String {
    let mut replaced = String::new();
    let mut rest = 0;
    for (at, _) in text.match_indices(number) {
        let end = at + number.len();
        let is_apart = !text[..at].ends_with(char::is_alphanumeric) && !text[end..].starts_with(char::is_alphanumeric);
        if is_apart {
            replaced.push_str(&text[rest..at]);
            replaced.push_str(by);
            rest = end;
        }
    }
    replaced + &text[rest..]
}

/// Whether a word is an id as Kafka writes it; the names of sequences end in a digit.
fn is_id(word: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    word.len() == 22 && word.bytes().all(is_digit) && word.ends_with(['A', 'Q', 'g', 'w'])
}

/// As Kafka writes ids in texts: base64 of URLs, without padding.
pub(super) fn base64(id: [u8; 16]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let number = u128::from_be_bytes(id);
    (0..22)
        .map(|digit| {
            let shifted = if digit < 21 {
                number >> (122 - 6 * digit)
            } else {
                number << 4
            };
            char::from(DIGITS[usize::try_from(shifted & 63).unwrap()])
        })
        .collect()
}

#[derive(Clone, Debug)]
struct Numbers<T>(HashMap<T, usize>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Hash + Eq> Numbers<T> {
    fn of(&mut self, it: T) -> usize {
        let next = self.0.len();
        *self.0.entry(it).or_insert(next)
    }
}
