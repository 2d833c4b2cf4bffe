//! Topic ids of aliases.
//!
//! Clients keep topics by name and by id, one for one: the Java client fails at two names of one id. So an alias has an id
//! of its own. It follows from the alias and the topic's id, so that it is the same at every gateway and after a restart,
//! and another one when the alias leads to another topic, or the topic was made again.

use std::sync::Arc;

use super::AliasMemory;
use super::fingerprint::fingerprint;
use super::set::{Handle, Set};
use crate::connection::Connection;
use crate::namespace::topic_ids::NO_TOPIC_ID;

/// A topic id as on the wire.
pub(super) type Id = [u8; 16];

/// The byte of a UUID that says its version in its upper half.
const VERSION: usize = 6;

/// The byte that says its variant in its upper two bits.
const VARIANT: usize = 8;

/// What is known of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is of the topic with this name.
    Topic(Arc<[u8]>),
    /// It is of an alias of a topic.
    Alias { alias: Arc<[u8]>, topic: Arc<[u8]>, id: Id },
}

/// What an id in a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// One of the topics, which has this id.
    Known(Handle, Id),
    /// Perhaps an alias': that can be looked up.
    Unknown,
    /// Nothing of ours.
    Other,
}

/// The id of an alias of the topic that has this id; and the other way round.
///
/// Kafka's ids are random UUIDs (version 4), and an alias' says that it is of version 8, which is for whatever one likes
/// (RFC 9562): that tells apart at once what may be an alias'.
pub(super) fn exchange(alias: &[u8], id: &Id) -> Id {
    if *id == NO_TOPIC_ID {
        return *id;
    }
    let mut exchanged = *id;
    for (byte, difference) in exchanged.iter_mut().zip(fingerprint(alias).to_be_bytes()) {
        *byte ^= difference;
    }
    let (old, new) = (id, &mut exchanged);
    if let (Some(old), Some(new)) = (old.get(VERSION), new.get_mut(VERSION)) {
        *new = *new & 0x0f | (*old ^ 0xc0) & 0xf0;
    }
    if let (Some(old), Some(new)) = (old.get(VARIANT), new.get_mut(VARIANT)) {
        *new = *new & 0x3f | *old & 0xc0;
    }
    exchanged
}

fn may_be_of_alias(id: &Id) -> bool {
    id.get(VERSION).is_some_and(|byte| byte & 0xf0 == 0x80)
}

impl AliasMemory {
    /// Learns that a topic has this id.
    pub(super) fn learn(&self, set: &Set, name: &[u8], id: &Id) {
        if *id == NO_TOPIC_ID {
            return;
        }
        let Some(topic) = set.topic_named(name).and_then(|topic| set.topic(topic)) else {
            // It has no alias, but may get one while this is remembered.
            if !self.is_of_topic(id, name) {
                self.set_meaning(*id, Meaning::Topic(name.into()));
            }
            return;
        };
        self.set_meaning(*id, Meaning::Topic(Arc::clone(&topic.name)));
        for alias in topic.aliases.iter().filter_map(|alias| set.alias(*alias)) {
            let meaning = Meaning::Alias {
                alias: Arc::clone(&alias.name),
                topic: Arc::clone(&topic.name),
                id: *id,
            };
            self.set_meaning(exchange(&alias.name, id), meaning);
        }
    }

    /// What an id in a client's request is.
    pub(super) fn named(&self, set: &Set, connection: &Connection, id: &Id) -> Named {
        match self.meaning(id) {
            Some(Meaning::Topic(name)) => match set.topic_named(&name) {
                Some(topic) => Named::Known(Handle::Direct(topic), *id),
                None => Named::Other,
            },
            Some(Meaning::Alias { alias, topic, id }) => {
                // One that leads somewhere else by now has another id, which the client is to find out.
                let found = set.find(connection, &alias);
                let leads_there = |alias: &usize| set.topic_of(*alias).is_some_and(|it| it.name == topic);
                match found.filter(leads_there) {
                    Some(alias) => Named::Known(Handle::Alias(alias), id),
                    None => Named::Other,
                }
            }
            None if may_be_of_alias(id) => Named::Unknown,
            None => Named::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_alias_has_an_id_that_says_so_and_leads_back(bytes: u128, alias in "[a-z.-]{1,20}", other in "[a-z.-]{1,20}") {
            let mut id = bytes.to_be_bytes();
            id[VERSION] = id[VERSION] & 0x0f | 0x40;
            let of_alias = exchange(alias.as_bytes(), &id);
            prop_assert!(may_be_of_alias(&of_alias) && !may_be_of_alias(&id));
            prop_assert_eq!(of_alias[VARIANT] & 0xc0, id[VARIANT] & 0xc0);
            prop_assert_eq!(exchange(alias.as_bytes(), &of_alias), id);
            prop_assert_eq!(of_alias == exchange(other.as_bytes(), &id), alias == other);
        }
    }

    #[test]
    fn ids_stay_what_they_are_in_the_next_release() {
        let id = 0x0123_4567_89ab_4def_8123_4567_89ab_cdef_u128.to_be_bytes();
        let expected = 0x176a_1c5d_a797_8950_afcd_c6c6_a8c2_659b_u128.to_be_bytes();
        assert_eq!(exchange(b"orders", &id), expected);
        assert_eq!(exchange(b"orders", &NO_TOPIC_ID), NO_TOPIC_ID);
    }
}
