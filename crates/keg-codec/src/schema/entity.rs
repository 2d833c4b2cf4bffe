//! What a field names.

/// What the value of a field names, from Kafka's `entityType` annotations and keg's own review of the rest.
///
/// `Plain` fields were reviewed and name nothing that belongs to a tenant.
///
/// Exhaustive, so that whoever decides on each kind finds out at compile time that there is a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Entity {
    /// Nothing that belongs to anybody.
    Plain,
    /// The acks of a Produce request: 0 means that there is no response.
    Acks,
    /// How an ACL's resource name is to be read: literal, prefixed, any, match.
    AclPatternType,
    /// A name whose kind is told by a sibling [`Entity::AclResourceType`].
    AclResourceName,
    /// The kind of an ACL's resource.
    AclResourceType,
    /// The host name of a broker.
    BrokerHost,
    /// A node id.
    BrokerId,
    /// The port of a broker.
    BrokerPort,
    /// The rack of a broker.
    BrokerRack,
    /// The host of a client's own endpoint, which other clients connect to (Kafka Streams).
    ClientEndpointHost,
    /// The port of a client's own endpoint.
    ClientEndpointPort,
    /// The address of a client as the broker sees it.
    ClientHost,
    /// The id of the cluster.
    ClusterId,
    /// A name whose kind is told by a sibling [`Entity::ConfigResourceType`].
    ConfigResourceName,
    /// The kind of a configured resource: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    ConfigResourceType,
    /// The value of a configuration, which may hold addresses.
    ConfigValue,
    /// An embedded `ConsumerProtocolAssignment`, when the sibling protocol type is `consumer`.
    ConsumerAssignment,
    /// An embedded `ConsumerProtocolSubscription`, when the sibling protocol type is `consumer`.
    ConsumerSubscription,
    /// A name whose kind is told by a sibling [`Entity::CoordinatorKeyType`].
    CoordinatorKey,
    /// The kind of a coordinator: 0 group, 1 transaction, 2 share.
    CoordinatorKeyType,
    /// A request or response of another connection, sent between brokers and controllers.
    Envelope,
    /// One of Kafka's error codes.
    ErrorCode,
    /// How far a fetch session has come, as the client counts it: 0 to begin one, -1 for none (KIP-227).
    FetchSessionEpoch,
    /// A fetch session on a node, which holds topics that its later requests don't name (KIP-227).
    FetchSessionId,
    /// A text for people, which may quote names.
    FreeText,
    /// A group.
    GroupId,
    /// The index of a partition.
    PartitionIndex,
    /// A principal, or the entity of a quota.
    Principal,
    /// The id of a producer.
    ProducerId,
    /// The type of a classic group: `consumer`, `connect`, ...
    ProtocolType,
    /// Record batches.
    Records,
    /// The id of a topic.
    TopicId,
    /// A topic.
    TopicName,
    /// A regular expression over topic names.
    TopicNameRegex,
    /// A transactional id.
    TransactionalId,
    /// A regular expression over transactional ids.
    TransactionalIdRegex,
}

/// A set of [`Entity`] kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EntitySet(u64);

impl EntitySet {
    /// No entity.
    pub const EMPTY: Self = Self(0);

    /// The set of the given kinds.
    pub const fn of(entities: &[Entity]) -> Self {
        let mut bits = 0;
        let mut rest = entities;
        while let [entity, tail @ ..] = rest {
            bits |= 1 << *entity as u8;
            rest = tail;
        }
        Self(bits)
    }

    /// Whether the kind is in the set.
    pub const fn contains(self, entity: Entity) -> bool {
        self.0 & (1 << entity as u8) != 0
    }

    /// Whether the sets share a kind.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the set holds nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
