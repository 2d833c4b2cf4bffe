//! Which name is an alias, and of what.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::fingerprint::fingerprint;
use crate::connection::Connection;
use crate::namespace::OnConflict;

/// Another name under which clients reach a topic.
#[derive(Debug, Clone)]
pub struct TopicAlias {
    /// The name.
    pub alias: String,
    /// The topic, by the name under which clients reach it without the alias. One that is an alias itself is not followed.
    pub topic: String,
    /// Whether it is told when there is a topic of the alias' name, which clients don't see for that.
    pub conflict: OnConflict,
    /// Who has the alias; none for all.
    pub condition: Option<Arc<dyn Condition>>,
}

/// Decides who has an alias, or whom a policy is about.
pub trait Condition: fmt::Debug + Send + Sync {
    /// Whether that is the client of this connection: the same for as long as [`Connection::renewals`] is.
    fn holds(&self, connection: &Connection) -> bool;

    /// What tells it from conditions that hold of others.
    fn identity(&self) -> &str;
}

/// The aliases, and their topics, by number.
#[derive(Debug)]
pub(super) struct Set {
    aliases: Vec<Alias>,
    by_name: HashMap<Arc<[u8]>, usize>,
    topics: Vec<Topic>,
    by_topic: HashMap<Arc<[u8]>, usize>,
    /// The same for all sets of the same aliases.
    pub(super) fingerprint: u128,
}

#[derive(Debug)]
pub(super) struct Alias {
    pub(super) name: Arc<[u8]>,
    /// The number of its topic.
    pub(super) topic: usize,
    pub(super) conflict: OnConflict,
    condition: Option<Arc<dyn Condition>>,
}

#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: Arc<[u8]>,
    /// The numbers of its aliases.
    pub(super) aliases: Vec<usize>,
}

/// How a client names one of the topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Handle {
    /// By its own name.
    Direct(usize),
    /// By this alias.
    Alias(usize),
}

impl Set {
    pub(super) fn new(aliases: impl IntoIterator<Item = TopicAlias>) -> Self {
        let mut set = Self {
            aliases: Vec::new(),
            by_name: HashMap::new(),
            topics: Vec::new(),
            by_topic: HashMap::new(),
            fingerprint: 0,
        };
        for alias in aliases {
            set.add(alias);
        }
        set
    }

    fn add(&mut self, alias: TopicAlias) {
        let name: Arc<[u8]> = alias.alias.as_bytes().into();
        if self.by_name.contains_key(&name) {
            return;
        }
        let topic_name: Arc<[u8]> = alias.topic.as_bytes().into();
        let number = self.aliases.len();
        let topics = &mut self.topics;
        let topic = *self.by_topic.entry(Arc::clone(&topic_name)).or_insert_with(|| {
            topics.push(Topic {
                name: topic_name,
                aliases: Vec::new(),
            });
            topics.len() - 1
        });
        if let Some(topic) = self.topics.get_mut(topic) {
            topic.aliases.push(number);
        }
        let condition = alias.condition.as_ref().map_or("", |condition| condition.identity());
        // No name has a byte of zero.
        self.fingerprint ^= fingerprint(&[&name, alias.topic.as_bytes(), condition.as_bytes()].join(&0));
        self.by_name.insert(Arc::clone(&name), number);
        self.aliases.push(Alias {
            name,
            topic,
            conflict: alias.conflict,
            condition: alias.condition,
        });
    }

    /// The alias of this name, if the client has it.
    pub(super) fn find(&self, connection: &Connection, name: &[u8]) -> Option<usize> {
        let number = *self.by_name.get(name)?;
        self.is_active(connection, number).then_some(number)
    }

    /// How a client that says this name names one of the topics, if it does.
    pub(super) fn handle(&self, connection: &Connection, name: &[u8]) -> Option<Handle> {
        match self.find(connection, name) {
            Some(alias) => Some(Handle::Alias(alias)),
            None => self.topic_named(name).map(Handle::Direct),
        }
    }

    pub(super) fn topic_named(&self, name: &[u8]) -> Option<usize> {
        self.by_topic.get(name).copied()
    }

    pub(super) fn alias(&self, number: usize) -> Option<&Alias> {
        self.aliases.get(number)
    }

    pub(super) fn topic(&self, number: usize) -> Option<&Topic> {
        self.topics.get(number)
    }

    /// The topic of an alias.
    pub(super) fn topic_of(&self, alias: usize) -> Option<&Topic> {
        self.topic(self.alias(alias)?.topic)
    }

    /// The number of the topic that is named.
    pub(super) fn target(&self, handle: Handle) -> Option<usize> {
        match handle {
            Handle::Direct(topic) => Some(topic),
            Handle::Alias(alias) => Some(self.alias(alias)?.topic),
        }
    }

    /// What the client says.
    pub(super) fn name(&self, handle: Handle) -> Option<&Arc<[u8]>> {
        match handle {
            Handle::Direct(topic) => Some(&self.topic(topic)?.name),
            Handle::Alias(alias) => Some(&self.alias(alias)?.name),
        }
    }

    /// The topics that the client has aliases of, with these.
    pub(super) fn active<'a>(&'a self, connection: &Connection) -> Vec<(&'a Topic, Vec<usize>)> {
        let active = |topic: &'a Topic| {
            let aliases = topic.aliases.iter().copied();
            let active: Vec<_> = aliases.filter(|it| self.is_active(connection, *it)).collect();
            (!active.is_empty()).then_some((topic, active))
        };
        self.topics.iter().filter_map(active).collect()
    }

    fn is_active(&self, connection: &Connection, alias: usize) -> bool {
        self.alias(alias).is_some_and(|alias| {
            let condition = alias.condition.as_ref();
            condition.is_none_or(|condition| condition.holds(connection))
        })
    }
}
