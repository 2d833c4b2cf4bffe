//! Responses: the topics' names become those that the request used.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, UuidEdit, Visitor, WalkError, walk};
use keg_codec::{Api, ApiKey};

use super::coverage::ANSWERED;
use super::ids::{Id, exchange};
use super::{TopicAliases, pages};
use crate::connection::Connection;
use crate::message::Response;
use crate::namespace::metadata::{Picked, pick};

/// How the client names the topics of a request, or of a part of it.
#[derive(Debug, Default)]
pub(super) struct Naming {
    /// By topic, the alias that it is named by.
    pub(super) aliases: BTreeMap<usize, usize>,
    /// The ids of their topics, where the aliases were named by id.
    pub(super) ids: Vec<(Id, usize)>,
    /// Metadata: all topics are asked for, to pick these out of them.
    pub(super) picked: Option<Picked>,
    /// Whether the client asked for all topics, so that those that aren't there aren't shown.
    pub(super) lists: bool,
}

impl Naming {
    /// Whether no alias is used.
    pub(super) fn is_direct(&self) -> bool {
        self.aliases.is_empty() && self.ids.is_empty()
    }

    /// Gives a response the client's names.
    pub(super) fn apply(
        &self,
        policy: &TopicAliases,
        connection: &Connection,
        api: &'static Api,
        version: i16,
        response: &mut Response,
    ) -> Result<(), WalkError> {
        let mut body = response.body_bytes();
        if let Some(picked) = &self.picked {
            body = pick(picked, api, version, &body)?;
        }
        if self.lists {
            body = existing(api, version, &body)?;
        }
        let mut visitor = Outbound {
            naming: self,
            policy,
            connection,
            api,
            config_type: 0,
            name: Vec::new(),
            alias: None,
        };
        response.body = walk(&api.response, version, &body, &mut visitor)?.apply(&body);
        Ok(())
    }
}

/// Leaves of topics that were asked for by their names those that a broker would list.
fn existing(api: &'static Api, version: i16, body: &Bytes) -> Result<Bytes, WalkError> {
    /// LEADER_NOT_AVAILABLE: the topic was made just now.
    const NO_LEADER: i64 = 5;
    let mut response = Struct::read(&api.response, version, body)?;
    if let Some(Value::Array(topics)) = response.get_mut("Topics") {
        topics.retain(|topic| {
            let code = topic.as_struct().and_then(|topic| topic.get("ErrorCode")?.as_integer());
            matches!(code, Some(0 | NO_LEADER))
        });
    }
    response.write(&api.response, version).map(Bytes::from)
}

/// The visitor of a response.
#[derive(Debug)]
struct Outbound<'a> {
    naming: &'a Naming,
    policy: &'a TopicAliases,
    connection: &'a Connection,
    api: &'static Api,
    config_type: i64,
    /// The topic at hand, by its own name.
    name: Vec<u8>,
    /// The alias that it gets.
    alias: Option<usize>,
}

impl<'a> Outbound<'a> {
    fn topic(&mut self, field: &'static Field, name: &[u8]) -> Edit<'a> {
        let policy: &'a TopicAliases = self.policy;
        let topic = policy.set.topic_named(name);
        self.alias = topic.and_then(|topic| self.naming.aliases.get(&topic).copied());
        // The place of the next page may stand before a topic that isn't shown.
        let is_place = self.api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS && field.name != "Name";
        if let Some(alias) = self.alias.and_then(|alias| policy.set.alias(alias)) {
            return Edit::Replace(match is_place && self.naming.lists {
                true => Cow::Owned(pages::mark(&alias.name)),
                false => Cow::Borrowed(&alias.name),
            });
        }
        match policy.set.find(self.connection, name) {
            Some(alias) if !is_place => {
                policy.shadowed(alias, name);
                Edit::Drop
            }
            _ => Edit::Keep,
        }
    }

    /// Makes a text for people say what the client knows.
    fn text(&self, text: &[u8]) -> Edit<'a> {
        let mut renamed = Cow::Borrowed(text);
        for alias in self.naming.aliases.values() {
            if let (Some(alias), Some(topic)) = (self.policy.set.alias(*alias), self.policy.set.topic_of(*alias)) {
                renamed = Cow::Owned(replace(&renamed, &topic.name, &alias.name));
            }
        }
        if *renamed == *text {
            Edit::Keep
        } else {
            Edit::Replace(Cow::Owned(renamed.into_owned()))
        }
    }
}

/// Replaces a name where it stands by itself.
pub(super) fn replace(text: &[u8], name: &[u8], by: &[u8]) -> Vec<u8> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, tail)) = rest.split_first() {
        let begins = !out.last().is_some_and(|byte| is_of_name(byte) || *byte == b'.');
        match rest.strip_prefix(name).filter(|_| begins && !name.is_empty()) {
            // A dot may be that of a sentence.
            Some(after)
                if !matches!(after, [b'.', next, ..] if is_of_name(next)) && !after.first().is_some_and(is_of_name) =>
            {
                out.extend_from_slice(by);
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

impl Visitor for Outbound<'_> {
    fn interest(&self) -> EntitySet {
        ANSWERED
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let Some(text) = value else {
            return Edit::Keep;
        };
        match field.entity {
            Entity::TopicName => {
                self.name = text.to_vec();
                self.topic(field, text)
            }
            Entity::ConfigResourceName if self.config_type == 2 => self.topic(field, text),
            Entity::FreeText => self.text(text),
            _ => Edit::Keep,
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        if field.entity == Entity::ConfigResourceType {
            self.config_type = value;
        }
        IntegerEdit::Keep
    }

    fn enter(&mut self, _field: &'static Field) {
        self.name.clear();
        self.alias = None;
    }

    fn uuid(&mut self, _field: &'static Field, id: &Id) -> UuidEdit {
        let tells = matches!(self.api.key, ApiKey::METADATA | ApiKey::DESCRIBE_TOPIC_PARTITIONS);
        if tells && !self.name.is_empty() {
            self.policy.memory.learn(&self.policy.set, &self.name, id);
        }
        let by_id = || {
            self.naming
                .ids
                .iter()
                .find(|(own, _)| own == id)
                .map(|(_, alias)| *alias)
        };
        match self.alias.or_else(by_id).and_then(|alias| self.policy.set.alias(alias)) {
            Some(alias) => UuidEdit::Set(exchange(&alias.name, id)),
            None => UuidEdit::Keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_in_texts_where_they_stand_by_themselves() {
        let check = |text: &str, expected: &str| {
            let replaced = replace(text.as_bytes(), b"orders.v2", b"orders");
            assert_eq!(String::from_utf8(replaced).unwrap(), expected);
        };
        check("Topic 'orders.v2' is full", "Topic 'orders' is full");
        check("There is no orders.v2.", "There is no orders.");
        check(
            "orders.v2-0, orders.v2.x and x.orders.v2",
            "orders.v2-0, orders.v2.x and x.orders.v2",
        );
        check("orders.v2", "orders");
        check("", "");
    }
}
