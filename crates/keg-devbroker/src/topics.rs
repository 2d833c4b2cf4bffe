//! Topics and their partitions: names, ids, replicas, configuration, logs.

mod config;

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::ResponseError;
use uuid::Uuid;

use crate::log::Log;

pub(crate) use config::{MAX_MESSAGE_BYTES, TOPIC_CONFIGS, TopicConfig, TopicConfigs};

/// More partitions than any laptop wants: a request can't make the broker allocate without end.
const MAX_PARTITIONS: i32 = 10_000;
const MAX_NAME_LENGTH: usize = 249;

/// All topics of the cluster.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    by_name: BTreeMap<String, Topic>,
    names: HashMap<Uuid, String>,
    created: usize,
}

#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) id: Uuid,
    pub(crate) configs: TopicConfigs,
    pub(crate) partitions: Vec<Partition>,
}

#[derive(Debug)]
pub(crate) struct Partition {
    /// Node ids; the first is the leader, and stays it.
    pub(crate) replicas: Vec<i32>,
    pub(crate) log: Log,
}

/// Where the partitions of a new topic, or new partitions of an old one, go.
#[derive(Debug)]
pub(crate) enum Placement {
    /// So many partitions with so many replicas, spread over the nodes.
    Spread { partitions: i32, replicas: i16 },
    /// The replicas of each partition, as the client wants them.
    Manual(Vec<Vec<i32>>),
}

/// Why a topic can't be created or changed: the error code, and a sentence for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) error: ResponseError,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(error: ResponseError, message: impl Into<String>) -> Self {
        Self {
            error,
            message: message.into(),
        }
    }
}

impl Topics {
    /// Checks a new topic, and creates it unless `dry_run`; gives its id.
    pub(crate) fn create(
        &mut self,
        name: &str,
        id: Uuid,
        placement: Placement,
        configs: TopicConfigs,
        nodes: &[i32],
        dry_run: bool,
    ) -> Result<(), Refused> {
        check_name(name)?;
        if self.by_name.contains_key(name) {
            let message = format!("Topic '{name}' already exists.");
            return Err(Refused::new(ResponseError::TopicAlreadyExists, message));
        }
        let partitions = place(placement, nodes, self.created)?;
        if !dry_run {
            self.created = self.created.wrapping_add(1);
            self.names.insert(id, name.to_owned());
            self.by_name.insert(
                name.to_owned(),
                Topic {
                    id,
                    configs,
                    partitions,
                },
            );
        }
        Ok(())
    }

    /// Removes a topic with everything in it.
    pub(crate) fn delete(&mut self, name: &str) -> Result<Topic, ResponseError> {
        let topic = self
            .by_name
            .remove(name)
            .ok_or(ResponseError::UnknownTopicOrPartition)?;
        self.names.remove(&topic.id);
        Ok(topic)
    }

    /// Adds partitions until there are `count`.
    pub(crate) fn grow(
        &mut self,
        name: &str,
        count: i32,
        manual: Option<Vec<Vec<i32>>>,
        nodes: &[i32],
        dry_run: bool,
    ) -> Result<(), Refused> {
        let topic = self.by_name.get_mut(name).ok_or_else(|| {
            Refused::new(
                ResponseError::UnknownTopicOrPartition,
                format!("The topic '{name}' does not exist."),
            )
        })?;
        let existing = topic.partitions.len();
        let added = i64::from(count) - existing as i64;
        if added <= 0 || count > MAX_PARTITIONS {
            let message = format!(
                "The topic has {existing} partition(s): the new number must be larger, and at most {MAX_PARTITIONS}, but is {count}."
            );
            return Err(Refused::new(ResponseError::InvalidPartitions, message));
        }
        let placement = match manual {
            Some(assignments) if assignments.len() as i64 == added => Placement::Manual(assignments),
            Some(assignments) => {
                let message = format!("{added} partition(s) are added, but {} assigned.", assignments.len());
                return Err(Refused::new(ResponseError::InvalidReplicaAssignment, message));
            }
            None => Placement::Spread {
                partitions: added as i32,
                replicas: topic.partitions.first().map_or(1, |first| first.replicas.len() as i16),
            },
        };
        let leader = topic.partitions.first().and_then(|first| first.replicas.first());
        let first = leader
            .and_then(|leader| nodes.iter().position(|node| node == leader))
            .unwrap_or(0);
        let partitions = place(placement, nodes, first + existing)?;
        if !dry_run {
            topic.partitions.extend(partitions);
        }
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Topic> {
        self.by_name.get(name)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Topic> {
        self.by_name.get_mut(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Topic)> {
        self.by_name.iter().map(|(name, topic)| (name.as_str(), topic))
    }

    pub(crate) fn name_of(&self, id: Uuid) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// A partition, if `node` leads it.
    pub(crate) fn led_by(&mut self, node: i32, name: &str, partition: i32) -> Result<Led<'_>, ResponseError> {
        let topic = self.by_name.get_mut(name);
        let Some(Topic {
            configs, partitions, ..
        }) = topic
        else {
            return Err(ResponseError::UnknownTopicOrPartition);
        };
        let partition = usize::try_from(partition)
            .ok()
            .and_then(|partition| partitions.get_mut(partition))
            .ok_or(ResponseError::UnknownTopicOrPartition)?;
        if partition.leader() != node {
            return Err(ResponseError::NotLeaderOrFollower);
        }
        Ok(Led {
            configs,
            log: &mut partition.log,
        })
    }

    pub(crate) fn has_partition(&self, name: &str, partition: i32) -> bool {
        self.leader_of(name, partition).is_some()
    }

    pub(crate) fn leader_of(&self, name: &str, partition: i32) -> Option<i32> {
        let partition = usize::try_from(partition).ok()?;
        Some(self.get(name)?.partitions.get(partition)?.leader())
    }
}

/// A partition at its leader.
#[derive(Debug)]
pub(crate) struct Led<'a> {
    pub(crate) configs: &'a TopicConfigs,
    pub(crate) log: &'a mut Log,
}

impl Partition {
    pub(crate) fn leader(&self) -> i32 {
        self.replicas.first().copied().unwrap_or(-1)
    }
}

fn place(placement: Placement, nodes: &[i32], first: usize) -> Result<Vec<Partition>, Refused> {
    let assignments = match placement {
        Placement::Manual(assignments) => {
            assignments
                .iter()
                .try_for_each(|replicas| check_replicas(replicas, nodes))?;
            assignments
        }
        Placement::Spread { partitions, replicas } => {
            if !(1..=MAX_PARTITIONS).contains(&partitions) {
                let message =
                    format!("The number of partitions must be from 1 to {MAX_PARTITIONS}, but is {partitions}.");
                return Err(Refused::new(ResponseError::InvalidPartitions, message));
            }
            let factor = usize::try_from(replicas).unwrap_or(0);
            if factor == 0 || factor > nodes.len() {
                let message = format!(
                    "The replication factor must be from 1 to {}, but is {replicas}.",
                    nodes.len()
                );
                return Err(Refused::new(ResponseError::InvalidReplicationFactor, message));
            }
            let count = partitions as usize;
            let spread = |partition: usize| {
                nodes
                    .iter()
                    .copied()
                    .cycle()
                    .skip((first + partition) % nodes.len())
                    .take(factor)
                    .collect()
            };
            (0..count).map(spread).collect()
        }
    };
    Ok(assignments
        .into_iter()
        .map(|replicas| Partition {
            replicas,
            log: Log::default(),
        })
        .collect())
}

fn check_replicas(replicas: &[i32], nodes: &[i32]) -> Result<(), Refused> {
    let known = replicas.iter().all(|replica| nodes.contains(replica));
    let mut distinct = replicas.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    if replicas.is_empty() || !known || distinct.len() != replicas.len() {
        let message = format!("The replicas must be distinct nodes of {nodes:?}, but are {replicas:?}.");
        return Err(Refused::new(ResponseError::InvalidReplicaAssignment, message));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Refused> {
    let legal = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if name.is_empty() || name == "." || name == ".." || name.len() > MAX_NAME_LENGTH || !legal {
        let message = format!(
            "A topic name has 1 to {MAX_NAME_LENGTH} characters of a-z, A-Z, 0-9, '.', '_' and '-', and is neither '.' nor '..'."
        );
        return Err(Refused::new(ResponseError::InvalidTopicException, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: [i32; 3] = [1, 2, 3];

    fn create(topics: &mut Topics, name: &str, placement: Placement) -> Result<(), ResponseError> {
        let id = Uuid::from_u128(topics.created as u128 + 1);
        topics
            .create(name, id, placement, TopicConfigs::default(), &NODES, false)
            .map_err(|refused| refused.error)
    }

    fn replicas(topics: &Topics, name: &str) -> Vec<Vec<i32>> {
        let partitions = &topics.get(name).unwrap().partitions;
        partitions.iter().map(|partition| partition.replicas.clone()).collect()
    }

    #[test]
    fn leaders_are_spread_and_topics_start_at_different_nodes() {
        let mut topics = Topics::default();
        create(
            &mut topics,
            "a",
            Placement::Spread {
                partitions: 4,
                replicas: 2,
            },
        )
        .unwrap();
        create(
            &mut topics,
            "b",
            Placement::Spread {
                partitions: 1,
                replicas: 1,
            },
        )
        .unwrap();
        assert_eq!(replicas(&topics, "a"), [[1, 2], [2, 3], [3, 1], [1, 2]]);
        assert_eq!(replicas(&topics, "b"), [[2]]);
        topics.grow("a", 6, None, &NODES, false).unwrap();
        assert_eq!(replicas(&topics, "a")[4..], [[2, 3], [3, 1]]);
    }

    #[test]
    fn only_the_leader_serves_a_partition() {
        let mut topics = Topics::default();
        create(&mut topics, "a", Placement::Manual(vec![vec![3, 1]])).unwrap();
        assert!(topics.led_by(3, "a", 0).is_ok());
        let error = |topics: &mut Topics, node, name, partition| topics.led_by(node, name, partition).unwrap_err();
        assert_eq!(error(&mut topics, 1, "a", 0), ResponseError::NotLeaderOrFollower);
        assert_eq!(error(&mut topics, 3, "a", 1), ResponseError::UnknownTopicOrPartition);
        assert_eq!(error(&mut topics, 3, "a", -1), ResponseError::UnknownTopicOrPartition);
        assert_eq!(error(&mut topics, 3, "b", 0), ResponseError::UnknownTopicOrPartition);
    }

    #[test]
    fn what_kafka_refuses_is_refused() {
        let mut topics = Topics::default();
        let one = || Placement::Spread {
            partitions: 1,
            replicas: 1,
        };
        create(&mut topics, "taken", one()).unwrap();
        let mut check = |name: &str, placement, expected| {
            assert_eq!(create(&mut topics, name, placement), Err(expected), "{name}");
        };
        check("taken", one(), ResponseError::TopicAlreadyExists);
        for name in ["", ".", "..", "a b", "ü", &"x".repeat(250)] {
            check(name, one(), ResponseError::InvalidTopicException);
        }
        let spread = |partitions, replicas| Placement::Spread { partitions, replicas };
        check("a", spread(0, 1), ResponseError::InvalidPartitions);
        check("a", spread(i32::MAX, 1), ResponseError::InvalidPartitions);
        check("a", spread(1, 4), ResponseError::InvalidReplicationFactor);
        check("a", spread(1, 0), ResponseError::InvalidReplicationFactor);
        for replicas in [vec![], vec![9], vec![1, 1]] {
            check(
                "a",
                Placement::Manual(vec![replicas]),
                ResponseError::InvalidReplicaAssignment,
            );
        }
        let refused = topics.grow("taken", 1, None, &NODES, false).unwrap_err();
        assert_eq!(refused.error, ResponseError::InvalidPartitions);
    }

    #[test]
    fn a_deleted_topic_loses_its_name_and_id() {
        let mut topics = Topics::default();
        create(
            &mut topics,
            "a",
            Placement::Spread {
                partitions: 1,
                replicas: 1,
            },
        )
        .unwrap();
        let id = topics.get("a").unwrap().id;
        assert_eq!(topics.name_of(id), Some("a"));
        topics.delete("a").unwrap();
        assert_eq!(topics.name_of(id), None);
        assert!(topics.delete("a").is_err());
    }
}
