//! A tenant: what its objects are called, and where they are.

use super::definitions::Definitions;
use super::encode::hex;
use super::means::base64;
use super::wire::Kafka;
use serde_json::json;

/// How many partitions the topics of coordinators have, by the properties of the test's nodes.
const COORDINATOR_PARTITIONS: i32 = 6;

/// A tenant with the objects that it has on the backend, all of them on one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tenant {
    /// What its names begin with on the backend.
    pub(crate) prefix: String,
    /// Whether its clients write the prefix.
    pub(crate) sees_prefix: bool,
    /// In all names that are its own, and in nobody else's.
    pub(crate) marker: String,
    /// With records, in two partitions.
    pub(crate) orders: Topic,
    /// Not named by anything but deletions.
    pub(crate) victim: Topic,
    /// Has offsets, and no members.
    pub(crate) simple: Group,
    pub(crate) classic: Group,
    pub(crate) consumer: Group,
    pub(crate) share: Group,
    pub(crate) streams: Group,
    /// Nobody is in it before somebody is probing.
    pub(crate) joins: String,
    pub(crate) transaction: Transaction,
    /// Full fetches that were answered with a session to go on with: by name, and by topic id.
    pub(crate) sessions: [Vec<i64>; 2],
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) member: String,
    /// The generation or the member's epoch.
    pub(crate) epoch: i64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) id: String,
    pub(crate) producer: i64,
    pub(crate) epoch: i64,
}

/// Who leads the partitions of the topics of coordinators.
#[derive(Debug)]
pub(crate) struct Coordinators {
    groups: Vec<i64>,
    transactions: Vec<i64>,
}

impl Tenant {
    pub(crate) fn new(prefix: String, sees_prefix: bool, marker: &str) -> Self {
        Self {
            prefix,
            sees_prefix,
            marker: marker.to_owned(),
            ..Self::default()
        }
    }

    /// A name on the backend, as the tenant's clients write it.
    pub(crate) fn as_client<'a>(&self, name: &'a str) -> &'a str {
        if self.sees_prefix {
            name
        } else {
            self.without_prefix(name)
        }
    }

    /// Somebody who has none of it: names that nothing has, of which the same nodes are in charge, as
    /// `own` writes them.
    pub(crate) fn absent(&self, own: &Self, marker: &str) -> Self {
        let mut absent = Self {
            marker: marker.to_owned(),
            ..self.clone()
        };
        let added = if own.sees_prefix { "" } else { &own.prefix };
        let forms = |name: &str| [name, self.without_prefix(name)].map(|it| partition(&format!("{added}{it}")));
        for name in absent.names_mut() {
            let stem = self.without_prefix(name).split('-').next().unwrap().to_owned();
            let mut candidates = (0..).map(|number| format!("{}{stem}{number}-{marker}", self.prefix));
            *name = candidates.find(|candidate| forms(candidate) == forms(name)).unwrap();
        }
        for id in absent.ids_mut() {
            *id = id.chars().rev().collect();
        }
        for member in [
            &mut absent.classic.member,
            &mut absent.consumer.member,
            &mut absent.streams.member,
        ] {
            *member = member.replace(&self.marker, marker);
        }
        absent.share.member = share_member(marker);
        absent.transaction.producer += 1_000_000;
        for session in absent.sessions.iter_mut().flatten() {
            *session ^= 0x5555;
        }
        absent
    }

    /// The names of everything on the backend.
    pub(crate) fn names(&self) -> [&String; 9] {
        [
            &self.orders.name,
            &self.victim.name,
            &self.simple.name,
            &self.classic.name,
            &self.consumer.name,
            &self.share.name,
            &self.streams.name,
            &self.joins,
            &self.transaction.id,
        ]
    }

    fn names_mut(&mut self) -> [&mut String; 9] {
        [
            &mut self.orders.name,
            &mut self.victim.name,
            &mut self.simple.name,
            &mut self.classic.name,
            &mut self.consumer.name,
            &mut self.share.name,
            &mut self.streams.name,
            &mut self.joins,
            &mut self.transaction.id,
        ]
    }

    /// The ids of the topics.
    pub(crate) fn ids(&self) -> [&String; 2] {
        [&self.orders.id, &self.victim.id]
    }

    fn ids_mut(&mut self) -> [&mut String; 2] {
        [&mut self.orders.id, &mut self.victim.id]
    }

    pub(crate) fn without_prefix<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(&self.prefix).unwrap()
    }

    /// A name on the backend.
    pub(crate) fn name(&self, stem: &str) -> String {
        format!("{}{stem}-{}", self.prefix, self.marker)
    }

    /// As [`name`](Self::name), with a number that makes a node the coordinator of the group.
    pub(crate) fn group(&self, stem: &str, coordinators: &Coordinators, node: i64) -> String {
        self.placed(stem, &coordinators.groups, node)
    }

    /// As [`name`](Self::name), with a number that makes a node the coordinator of the transactional id.
    pub(crate) fn transactional_id(&self, stem: &str, coordinators: &Coordinators, node: i64) -> String {
        self.placed(stem, &coordinators.transactions, node)
    }

    fn placed(&self, stem: &str, leaders: &[i64], node: i64) -> String {
        let mut names = (0..1000).map(|number| self.name(&format!("{stem}{number}")));
        names.find(|name| leaders[partition(name)] == node).unwrap()
    }

    pub(crate) fn groups(&self) -> [&Group; 5] {
        [&self.simple, &self.classic, &self.consumer, &self.share, &self.streams]
    }

    /// The user that quotas, credentials and access control lists are about.
    pub(crate) fn user(&self) -> String {
        format!("ann-{}", self.marker)
    }
}

impl Coordinators {
    /// Has the topics made, and looks where they are.
    pub(crate) fn find(definitions: &Definitions, address: &str) -> Self {
        let mut kafka = Kafka::connect(definitions, address, "prober");
        for (kind, key) in [(0, "any"), (1, "any"), (2, "any:AAAAAAAAAAAAAAAAAAAAAQ:0")] {
            kafka.settle(
                "FindCoordinator",
                6,
                &json!({"KeyType": kind, "CoordinatorKeys": [key]}),
            );
        }
        let mut leaders = |topic: &str| -> Vec<i64> {
            let metadata = kafka.settle("Metadata", 9, &json!({"Topics": [{"Name": topic}]}));
            let partitions = metadata["Topics"][0]["Partitions"].as_array().unwrap();
            let leader = |index: i32| {
                let partition = partitions.iter().find(|it| it["PartitionIndex"] == index).unwrap();
                partition["LeaderId"].as_i64().unwrap()
            };
            (0..COORDINATOR_PARTITIONS).map(leader).collect()
        };
        Self {
            groups: leaders("__consumer_offsets"),
            transactions: leaders("__transaction_state"),
        }
    }
}

/// The member of a share group: an id, as text.
pub(crate) fn share_member(marker: &str) -> String {
    base64(&hex(format!("{marker}-in-a-group-").as_bytes()))
}

/// The partition of a coordinator's topic that a key belongs to: the hash is that of Java's strings.
pub(crate) fn partition(key: &str) -> usize {
    let hash = key
        .bytes()
        .fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    usize::try_from(hash.wrapping_abs().max(0) % COORDINATOR_PARTITIONS).unwrap()
}

#[test]
fn a_key_belongs_to_the_partition_that_kafka_takes() {
    // "prober".hashCode() is XX in Java.
    assert_eq!(
        partition("prober"),
        usize::try_from(979_816_766 % COORDINATOR_PARTITIONS).unwrap()
    );
}
