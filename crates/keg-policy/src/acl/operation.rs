//! What may be done, and to what: the words of Kafka's ACLs.

use std::fmt;
use std::str::FromStr;

/// The kinds of resources (`org.apache.kafka.common.resource.ResourceType`) that rules are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceType {
    /// Topics, by name.
    Topic,
    /// Groups of all protocols, by id.
    Group,
    /// The cluster, whose name is [`CLUSTER_NAME`].
    Cluster,
    /// Transactional ids.
    TransactionalId,
}

/// The name of the one resource of [`ResourceType::Cluster`].
pub const CLUSTER_NAME: &str = "kafka-cluster";

impl ResourceType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Topic, Self::Group, Self::Cluster, Self::TransactionalId];

    /// The word for it in configuration, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Group => "group",
            Self::Cluster => "cluster",
            Self::TransactionalId => "transactional_id",
        }
    }

    /// The operations that mean something for such resources (`org.apache.kafka.security.authorizer.AclEntry`).
    pub const fn operations(self) -> Operations {
        use Operation::{
            Alter, AlterConfigs, ClusterAction, Create, Delete, Describe, DescribeConfigs, IdempotentWrite, Read,
            TwoPhaseCommit, Write,
        };
        match self {
            Self::Topic => Operations::of(&[
                Read,
                Write,
                Create,
                Describe,
                Delete,
                Alter,
                DescribeConfigs,
                AlterConfigs,
            ]),
            Self::Group => Operations::of(&[Read, Describe, Delete, DescribeConfigs, AlterConfigs]),
            Self::Cluster => Operations::of(&[
                Create,
                ClusterAction,
                DescribeConfigs,
                AlterConfigs,
                IdempotentWrite,
                Alter,
                Describe,
            ]),
            Self::TransactionalId => Operations::of(&[Describe, Write, TwoPhaseCommit]),
        }
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ResourceType {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == word);
        found.ok_or_else(|| UnknownWord::new("resource type", word, Self::ALL.map(Self::as_str)))
    }
}

/// An operation (`org.apache.kafka.common.acl.AclOperation`), by its code on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Operation {
    /// READ.
    Read = 3,
    /// WRITE.
    Write = 4,
    /// CREATE.
    Create = 5,
    /// DELETE.
    Delete = 6,
    /// ALTER.
    Alter = 7,
    /// DESCRIBE.
    Describe = 8,
    /// CLUSTER_ACTION: what brokers do with each other.
    ClusterAction = 9,
    /// DESCRIBE_CONFIGS.
    DescribeConfigs = 10,
    /// ALTER_CONFIGS.
    AlterConfigs = 11,
    /// IDEMPOTENT_WRITE.
    IdempotentWrite = 12,
    /// TWO_PHASE_COMMIT (KIP-939).
    TwoPhaseCommit = 15,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Write,
        Self::Create,
        Self::Delete,
        Self::Alter,
        Self::Describe,
        Self::ClusterAction,
        Self::DescribeConfigs,
        Self::AlterConfigs,
        Self::IdempotentWrite,
        Self::TwoPhaseCommit,
    ];

    /// The word for it in configuration and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Alter => "alter",
            Self::Describe => "describe",
            Self::ClusterAction => "cluster_action",
            Self::DescribeConfigs => "describe_configs",
            Self::AlterConfigs => "alter_configs",
            Self::IdempotentWrite => "idempotent_write",
            Self::TwoPhaseCommit => "two_phase_commit",
        }
    }

    /// What allows this operation: itself, and for the two kinds of describing what can't be done without (the rule of
    /// Kafka's `StandardAuthorizer`). It is no rule of denials.
    pub(crate) const fn implied_by(self) -> Operations {
        match self {
            Self::Describe => Operations::of(&[Self::Describe, Self::Read, Self::Write, Self::Delete, Self::Alter]),
            Self::DescribeConfigs => Operations::of(&[Self::DescribeConfigs, Self::AlterConfigs]),
            other => Operations::of(&[other]),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Operation {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == word);
        found.ok_or_else(|| UnknownWord::new("operation", word, Self::ALL.map(Self::as_str)))
    }
}

/// A set of operations: a bit for each code, as in Kafka's `authorizedOperations` fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Operations(u32);

impl Operations {
    /// None.
    pub const NONE: Self = Self(0);

    /// All of them: Kafka's ALL.
    pub const ALL: Self = Self::of(&Operation::ALL);

    /// These.
    pub const fn of(operations: &[Operation]) -> Self {
        let mut bits = 0;
        let mut rest = operations;
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u8;
            rest = others;
        }
        Self(bits)
    }

    /// Whether the operation is among them.
    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & (1 << operation as u8) != 0
    }

    /// Those of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the two have one in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What a response says of them: a bit for each operation's code.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// One by one.
    pub fn iter(self) -> impl Iterator<Item = Operation> {
        Operation::ALL.into_iter().filter(move |it| self.contains(*it))
    }
}

impl FromIterator<Operation> for Operations {
    fn from_iter<I: IntoIterator<Item = Operation>>(operations: I) -> Self {
        Self(operations.into_iter().fold(0, |bits, it| bits | 1 << it as u8))
    }
}

/// A word that isn't one of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} `{found}`; there are {known}")]
pub struct UnknownWord {
    kind: &'static str,
    found: String,
    known: String,
}

impl UnknownWord {
    fn new<const N: usize>(kind: &'static str, found: &str, known: [&str; N]) -> Self {
        Self {
            kind,
            found: found.to_owned(),
            known: known.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for operation in Operation::ALL {
            assert_eq!(operation.as_str().parse(), Ok(operation));
        }
        for resource in ResourceType::ALL {
            assert_eq!(resource.as_str().parse(), Ok(resource));
        }
        assert_eq!(
            "users".parse::<ResourceType>().unwrap_err().to_string(),
            "unknown resource type `users`; there are topic, group, cluster, transactional_id"
        );
    }

    #[test]
    fn the_bits_are_those_of_kafka() {
        // As a broker without an authorizer says them of a topic, a group and the cluster.
        assert_eq!(ResourceType::Topic.operations().bits(), 3576);
        assert_eq!(ResourceType::Cluster.operations().bits(), 8096);
    }
}
