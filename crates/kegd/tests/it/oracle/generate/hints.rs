//! What values a field is given.

use keg_codec::schema::{Entity, Field, Type};
use keg_codec::{Api, ApiKey};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::oracle::batch::TIMESTAMP;
use crate::oracle::case::{Kind, Name, ODD, TOPICS};
use crate::oracle::term::{Batch, Epoch, Member, Session, Term, TopicId};

/// The values of a field with special ones, whether or not it is an array.
pub(super) fn of(api: &Api, field: &'static Field) -> Option<BoxedStrategy<Term>> {
    let name = (api.key, field.name);
    Some(match name {
        // Of the cluster, of other brokers, and of what is told by other fields.
        (_, "ClusterId" | "RackId" | "ReplicaState" | "ReplicaDirectoryId" | "HighWatermark" | "RetentionTimeMs") => {
            Just(Term::Default).boxed()
        }
        (ApiKey::CREATE_TOPICS, "Assignments") => Just(Term::Default).boxed(),
        // None at all: an empty list is fewer than the partitions.
        (ApiKey::CREATE_PARTITIONS, "Assignments") => {
            prop_oneof![8 => Just(Term::Null), 1 => Just(Term::Default)].boxed()
        }
        (_, "Configs") => configs(api.key),
        (_, "Protocols") => protocols(),
        (ApiKey::SYNC_GROUP, "Assignments") => assignments(),
        (ApiKey::CONSUMER_GROUP_HEARTBEAT, "TopicPartitions") => {
            prop_oneof![3 => Just(Term::Null), 3 => Just(Term::Array(Vec::new()))].boxed()
        }
        (ApiKey::STREAMS_GROUP_HEARTBEAT, "ActiveTasks" | "StandbyTasks" | "WarmupTasks") => {
            prop_oneof![6 => Just(Term::Array(Vec::new())), 2 => Just(Term::Null)].boxed()
        }
        (ApiKey::STREAMS_GROUP_HEARTBEAT, "TaskOffsets" | "TaskEndOffsets" | "ClientTags" | "UserEndpoint") => {
            Just(Term::Default).boxed()
        }
        (ApiKey::STREAMS_GROUP_HEARTBEAT, "Topology") => topology(),
        (ApiKey::SHARE_GROUP_HEARTBEAT, "SubscribedTopicNames") => subscribed_topics(),
        (ApiKey::SHARE_FETCH, "MaxWaitMs") => Just(Term::Integer(300)).boxed(),
        (_, "AcknowledgementBatches") => acknowledgements(),
        _ => return None,
    })
}

/// The values of a field that is no structure, or of its elements.
pub(super) fn of_element(api: &Api, field: &'static Field) -> BoxedStrategy<Term> {
    match field.entity {
        Entity::TopicName => topic().prop_map(|name| Term::Name(Kind::Topic, name)).boxed(),
        Entity::TopicId => topic_id(),
        Entity::GroupId if has_no_empty_group(api.key) => a_group(),
        Entity::GroupId => prop_oneof![20 => a_group(), 1 => Just(Term::Name(Kind::Group, Name::Empty))].boxed(),
        Entity::TransactionalId if field.nullable.is_empty() => transaction(),
        Entity::TransactionalId => prop_oneof![4 => Just(Term::Null), 3 => transaction()].boxed(),
        // Brokers never answer for a partition that a topic doesn't have.
        Entity::PartitionIndex if api.key == ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS => Just(Term::Integer(0)).boxed(),
        // Of several that no topic can have, brokers name the one that comes first by the hashes of ids.
        Entity::PartitionIndex if api.key == ApiKey::ALTER_SHARE_GROUP_OFFSETS => {
            weighted(&[(8, 0), (3, 1), (1, 2), (1, 7)])
        }
        Entity::PartitionIndex => weighted(&[(8, 0), (3, 1), (1, 2), (1, 7), (1, -1)]),
        Entity::ProducerId if field.array => {
            let own = (0..2_u8).prop_map(|index| Term::ProducerOf(Name::Own(index)));
            prop_oneof![3 => own, 1 => Just(Term::Integer(987_654))].boxed()
        }
        Entity::ProducerId => prop_oneof![9 => Just(Term::Producer), 1 => Just(Term::Integer(987_654))].boxed(),
        Entity::Records => records(),
        Entity::TopicNameRegex => pattern(),
        Entity::TransactionalIdRegex => {
            prop_oneof![3 => Just(Term::Null), 2 => Just(Term::Pattern("x.")), 1 => Just(Term::Pattern("x[1-9]"))]
                .boxed()
        }
        _ => plain(api.key, field),
    }
}

fn plain(key: ApiKey, field: &'static Field) -> BoxedStrategy<Term> {
    let numbers = match field.name {
        "TimeoutMs" | "timeoutMs" => &[(1, 10_000)][..],
        "Acks" => &[(6, 1), (3, -1), (1, 0), (1, 5)],
        "ReplicaId" => &[(20, -1), (1, -2)],
        "MaxWaitMs" => &[(1, 0)],
        "MinBytes" => &[(1, 0), (1, 1)],
        "MaxBytes" => &[(4, 0x7fff_ffff), (1, 1), (1, 200)],
        "PartitionMaxBytes" => &[(4, 1_000_000), (1, 1), (1, 100)],
        "IsolationLevel" | "ElectionType" => &[(3, 0), (3, 1)],
        "CurrentLeaderEpoch" => &[(8, -1), (2, 0), (1, 5)],
        "LeaderEpoch" => &[(3, 0), (1, -1), (1, 3)],
        "LastFetchedEpoch" => &[(6, -1), (1, 0), (1, 3)],
        "LogStartOffset" | "DurationFilter" => &[(4, -1), (1, 0)],
        "FetchOffset" => &[(6, 0), (3, 1), (2, 2), (1, 100), (1, -1)],
        "Timestamp" => &[
            (3, -1),
            (3, -2),
            (2, -3),
            (1, -4),
            (1, -5),
            (1, -6),
            (3, TIMESTAMP),
            (2, TIMESTAMP + 1),
            (1, 0),
        ],
        "NumPartitions" => &[(5, 1), (5, 2), (2, 3), (2, -1), (1, 0)],
        "ReplicationFactor" => &[(8, 1), (4, -1), (1, 2), (1, 0)],
        "BrokerIds" | "Replicas" => &[(6, 1), (1, 2)],
        "ResourceType" => &[(5, 2), (3, 32)],
        "ResourceTypes" => &[(3, 2), (3, 32), (1, 4), (1, 16), (1, 99)],
        "Count" => &[(3, 2), (3, 3), (1, 1), (1, 0)],
        "CommittedOffset" | "StartOffset" => &[(3, 0), (3, 1), (3, 7), (1, -1)],
        "Offset" => &[(3, 0), (3, 1), (1, -1), (1, 100)],
        "CommittedLeaderEpoch" => &[(3, -1), (1, 0)],
        "SessionTimeoutMs" => {
            return prop_oneof![12 => Just(Term::SessionTimeout), 1 => Just(Term::Integer(1))].boxed();
        }
        "RebalanceTimeoutMs" => &[(1, 2_000)],
        "TransactionTimeoutMs" => &[(10, 60_000), (1, 0), (1, -1), (1, 2_000_000)],
        "ResponsePartitionLimit" => &[(1, 2_000)],
        "EndpointType" => &[(6, 1), (1, 2)],
        "MaxRecords" | "BatchSize" => &[(1, 10)],
        "ShareAcquireMode" => &[(3, 0), (1, 1)],
        _ => return special(key, field),
    };
    weighted(numbers)
}

fn special(key: ApiKey, field: &'static Field) -> BoxedStrategy<Term> {
    let heartbeat = matches!(
        key,
        ApiKey::CONSUMER_GROUP_HEARTBEAT | ApiKey::SHARE_GROUP_HEARTBEAT | ApiKey::STREAMS_GROUP_HEARTBEAT
    );
    let texts: &[(u32, Option<&'static str>)] = match field.name {
        "MemberId" if key == ApiKey::OFFSET_FETCH => return prop_oneof![4 => Just(Term::Null), 1 => member()].boxed(),
        "MemberId" => return member(),
        "MemberEpoch" if key == ApiKey::OFFSET_FETCH => return weighted(&[(4, -1), (1, 0), (1, 99)]),
        "MemberEpoch" if heartbeat => {
            return epoch(&[(6, None), (3, Some(0)), (2, Some(-1)), (1, Some(-2)), (1, Some(77))]);
        }
        "MemberEpoch" | "GenerationId" | "GenerationIdOrMemberEpoch" => {
            return epoch(&[(8, None), (1, Some(-1)), (1, Some(0)), (1, Some(77))]);
        }
        "ProducerEpoch" | "V3AndBelowProducerEpoch" => {
            return prop_oneof![8 => Just(Term::ProducerEpoch(0)), 1 => Just(Term::ProducerEpoch(1)), 1 => Just(Term::Integer(0))].boxed();
        }
        "SessionId" => return Just(Term::SessionId(Session::None)).boxed(),
        "SessionEpoch" => return Just(Term::SessionEpoch(Session::None)).boxed(),
        "ShareSessionEpoch" => {
            return prop_oneof![
                4 => Just(Term::ShareEpoch(Session::Next)),
                2 => Just(Term::ShareEpoch(Session::New)),
                1 => Just(Term::ShareEpoch(Session::None)),
                1 => Just(Term::ShareEpoch(Session::Wrong))
            ]
            .boxed();
        }
        "GroupInstanceId" | "InstanceId" => &[(12, None), (1, Some("i0"))],
        "ProtocolType" if key == ApiKey::SYNC_GROUP => &[(4, Some("consumer")), (1, Some("connect")), (1, None)],
        "ProtocolType" => &[(6, Some("consumer")), (2, Some("connect")), (1, Some(""))],
        "ProtocolName" => &[(3, Some("range")), (1, None), (1, Some("other"))],
        "Reason" => &[(2, None), (1, Some("because"))],
        "CommittedMetadata" => &[(3, Some("")), (2, Some("said")), (1, None)],
        "StatesFilter" => &[
            (2, Some("Stable")),
            (2, Some("Empty")),
            (1, Some("Dead")),
            (1, Some("Bogus")),
        ],
        "TypesFilter" => &[
            (3, Some("classic")),
            (3, Some("consumer")),
            (1, Some("share")),
            (1, Some("streams")),
            (1, Some("bogus")),
        ],
        "StateFilters" => &[
            (3, Some("Ongoing")),
            (2, Some("Empty")),
            (2, Some("CompleteCommit")),
            (1, Some("Bogus")),
        ],
        "ConfigurationKeys" => &[
            (3, Some("retention.ms")),
            (1, Some("cleanup.policy")),
            (1, Some("no.such.config")),
        ],
        "ProcessId" => &[(1, Some("process"))],
        "ServerAssignor" => &[(4, None), (2, Some("uniform")), (2, Some("range")), (1, Some("bogus"))],
        _ => return by_type(field),
    };
    let texts = texts.iter().map(|(weight, text)| {
        let term = text.map_or(Term::Null, Term::Text);
        (*weight, Just(term).boxed())
    });
    Union::new_weighted(texts.collect()).boxed()
}

fn by_type(field: &'static Field) -> BoxedStrategy<Term> {
    match field.ty {
        Type::Bool => select(&[0, 1][..]).prop_map(Term::Integer).boxed(),
        _ => Just(Term::Default).boxed(),
    }
}

fn weighted(numbers: &[(u32, i64)]) -> BoxedStrategy<Term> {
    let numbers = numbers
        .iter()
        .map(|(weight, number)| (*weight, Just(Term::Integer(*number)).boxed()));
    Union::new_weighted(numbers.collect()).boxed()
}

fn epoch(epochs: &[(u32, Option<i64>)]) -> BoxedStrategy<Term> {
    let epochs = epochs.iter().map(|(weight, epoch)| {
        let term = Term::Epoch(epoch.map_or(Epoch::Current, Epoch::Is));
        (*weight, Just(term).boxed())
    });
    Union::new_weighted(epochs.collect()).boxed()
}

pub(super) fn topic() -> BoxedStrategy<Name> {
    prop_oneof![
        12 => prop_oneof![3 => Just(0), 2 => Just(1), 1 => Just(2_u8)].prop_map(Name::Own),
        2 => (3..TOPICS.len() as u8).prop_map(Name::Own),
        1 => select(&ODD[..]).prop_map(Name::Odd),
        1 => (0..2_u8).prop_map(Name::Foreign),
    ]
    .boxed()
}

pub(super) fn group() -> BoxedStrategy<Name> {
    prop_oneof![
        14 => prop_oneof![4 => Just(0), 2 => Just(1), 1 => Just(2_u8)].prop_map(Name::Own),
        1 => select(&ODD[..5]).prop_map(Name::Odd),
        1 => (0..2_u8).prop_map(Name::Foreign),
    ]
    .boxed()
}

fn a_group() -> BoxedStrategy<Term> {
    group().prop_map(|name| Term::Name(Kind::Group, name)).boxed()
}

/// Where the group of the empty name isn't asked for.
fn has_no_empty_group(key: ApiKey) -> bool {
    matches!(
        key,
        // It would be made, and all cases would have it in common.
        ApiKey::OFFSET_COMMIT
            | ApiKey::TXN_OFFSET_COMMIT
            | ApiKey::ADD_OFFSETS_TO_TXN
            | ApiKey::ALTER_SHARE_GROUP_OFFSETS
            // Brokers themselves fail at it.
            | ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS
            // The gateway refuses it before a broker would have found something else.
            | ApiKey::SYNC_GROUP
            | ApiKey::CONSUMER_GROUP_HEARTBEAT
            | ApiKey::SHARE_GROUP_HEARTBEAT
            | ApiKey::STREAMS_GROUP_HEARTBEAT
    )
}

fn transaction() -> BoxedStrategy<Term> {
    let named = prop_oneof![
        14 => prop_oneof![3 => Just(0), 1 => Just(1_u8)].prop_map(Name::Own),
        1 => select(&ODD[..5]).prop_map(Name::Odd),
        1 => (0..2_u8).prop_map(Name::Foreign),
    ]
    .prop_map(|name| Term::Name(Kind::Transaction, name));
    prop_oneof![20 => named, 1 => Just(Term::Name(Kind::Transaction, Name::Empty))].boxed()
}

fn topic_id() -> BoxedStrategy<Term> {
    prop_oneof![
        10 => topic().prop_map(TopicId::Of),
        1 => Just(TopicId::Foreign),
        1 => Just(TopicId::Unknown),
        1 => Just(TopicId::Zero),
    ]
    .prop_map(Term::TopicId)
    .boxed()
}

fn member() -> BoxedStrategy<Term> {
    prop_oneof![
        12 => Just(Term::Member(Member::Known(0))),
        2 => Just(Term::Member(Member::Known(1))),
        1 => Just(Term::Member(Member::New)),
        1 => Just(Term::Member(Member::Unknown)),
    ]
    .boxed()
}

/// Regular expressions over this case's topics; most members have none.
fn pattern() -> BoxedStrategy<Term> {
    prop_oneof![
        12 => Just(Term::Null),
        2 => Just(Term::Pattern("t.")),
        1 => Just(Term::Pattern("t[01]")),
        1 => Just(Term::Pattern("(t0|t1)")),
        1 => Just(Term::Pattern("t[")),
        1 => Just(Term::Text("")),
    ]
    .boxed()
}

fn records() -> BoxedStrategy<Term> {
    let sequence = prop_oneof![5 => Just(0), 2 => Just(1), 1 => Just(2)];
    (
        1..=3_u8,
        prop::bool::weighted(0.4),
        sequence,
        prop::bool::weighted(0.05),
    )
        .prop_map(|(count, idempotent, sequence, corrupt)| {
            Term::Records(Batch {
                count,
                idempotent,
                sequence,
                corrupt,
            })
        })
        .boxed()
}

/// Settings that change nothing that a test would see only after a while.
fn configs(key: ApiKey) -> BoxedStrategy<Term> {
    let pair = select(
        &[
            ("retention.ms", "86400000"),
            ("cleanup.policy", "compact"),
            ("max.message.bytes", "200000"),
            ("consumer.session.timeout.ms", "46000"),
            ("share.auto.offset.reset", "earliest"),
            ("retention.ms", "many"),
            ("no.such.config", "1"),
        ][..],
    );
    let operation = weighted(&[(5, 0), (2, 1), (1, 2), (1, 3), (1, 9)]);
    let config = (pair, operation, prop::bool::weighted(0.1)).prop_map(move |((name, value), operation, is_null)| {
        let value = if is_null { Term::Null } else { Term::Text(value) };
        let mut fields = vec![("Name", Term::Text(name)), ("Value", value)];
        if key == ApiKey::INCREMENTAL_ALTER_CONFIGS {
            fields.push(("ConfigOperation", operation));
        }
        Term::Fields(fields)
    });
    prop_oneof![2 => Just(Vec::new()), 3 => vec(config, 0..=2)]
        .prop_map(Term::Array)
        .boxed()
}

/// The topics of a member of a share group, in which brokers let the empty name be one.
fn subscribed_topics() -> BoxedStrategy<Term> {
    let some = vec(named_topic(), 0..=3)
        .prop_map(|names| Term::Array(names.into_iter().map(|it| Term::Name(Kind::Topic, it)).collect()));
    prop_oneof![6 => some, 1 => Just(Term::Null)].boxed()
}

/// What members of a group tell each other of. The gateway leaves the empty name out of it.
pub(super) fn named_topic() -> BoxedStrategy<Name> {
    topic()
        .prop_filter("the empty name", |name| !matches!(name, Name::Odd("")))
        .boxed()
}

/// The protocols that a member of a classic group offers.
fn protocols() -> BoxedStrategy<Term> {
    let subscription = vec(named_topic(), 0..=2).prop_map(Term::Subscription);
    let metadata = prop_oneof![6 => subscription, 1 => Just(Term::Text("not a subscription"))];
    let protocol = (select(&["range", "other"][..]), metadata)
        .prop_map(|(name, metadata)| Term::Fields(vec![("Name", Term::Text(name)), ("Metadata", metadata)]));
    prop_oneof![8 => vec(protocol.clone(), 1), 1 => vec(protocol, 2), 1 => Just(Vec::new())]
        .prop_map(Term::Array)
        .boxed()
}

/// What the leader of a classic group gives its members.
fn assignments() -> BoxedStrategy<Term> {
    let assignment = vec(named_topic(), 0..=2).prop_map(Term::Assignment);
    let assignment = prop_oneof![6 => assignment, 1 => Just(Term::Text("not an assignment"))];
    let member = (member(), assignment)
        .prop_map(|(member, assignment)| Term::Fields(vec![("MemberId", member), ("Assignment", assignment)]));
    vec(member, 0..=2).prop_map(Term::Array).boxed()
}

/// A topology of one subtopology; the first heartbeat of a member has one.
fn topology() -> BoxedStrategy<Term> {
    let names = || {
        vec(named_topic(), 0..=2)
            .prop_map(|names| Term::Array(names.into_iter().map(|it| Term::Name(Kind::Topic, it)).collect()))
    };
    let regexes = vec(select(&["t[01]", "t."][..]).prop_map(Term::Pattern), 0..=1).prop_map(Term::Array);
    let inner = prop_oneof![3 => Just(Vec::new()), 1 => vec(inner_topic(), 1)].prop_map(Term::Array);
    let topology = (names(), regexes, names(), inner.clone(), inner).prop_map(
        |(sources, regexes, sinks, changelogs, repartitions)| {
            let subtopology = Term::Fields(vec![
                ("SubtopologyId", Term::Text("0")),
                ("SourceTopics", sources),
                ("SourceTopicRegex", regexes),
                ("StateChangelogTopics", changelogs),
                ("RepartitionSinkTopics", sinks),
                ("RepartitionSourceTopics", repartitions),
            ]);
            Term::Fields(vec![
                ("Epoch", Term::Integer(0)),
                ("Subtopologies", Term::Array(vec![subtopology])),
            ])
        },
    );
    prop_oneof![4 => topology, 3 => Just(Term::Null)].boxed()
}

/// A topic that the broker makes for an application.
fn inner_topic() -> BoxedStrategy<Term> {
    (named_topic(), 0..3_i64)
        .prop_map(|(topic, partitions)| {
            Term::Fields(vec![
                ("Name", Term::Name(Kind::Topic, topic)),
                ("Partitions", Term::Integer(partitions)),
            ])
        })
        .boxed()
}

fn acknowledgements() -> BoxedStrategy<Term> {
    let first = weighted(&[(4, 0), (1, 1), (1, 50)]);
    let batch = (first, select(&[1, 2, 3, 9][..])).prop_map(|(first, kind)| {
        Term::Fields(vec![
            ("FirstOffset", first.clone()),
            ("LastOffset", first),
            ("AcknowledgeTypes", Term::Array(vec![Term::Integer(kind)])),
        ])
    });
    prop_oneof![4 => Just(Vec::new()), 2 => vec(batch, 1)]
        .prop_map(Term::Array)
        .boxed()
}
