//! Fields whose values only make sense together.

use keg_codec::schema::{Entity, Field, Type};
use keg_codec::{Api, ApiKey};
use proptest::collection::vec;
use proptest::prelude::*;

use super::hints;
use crate::oracle::case::{Kind, Name};
use crate::oracle::term::{Session, Term, TopicId};

type Fields = Vec<(&'static str, Term)>;

/// The elements of an array of structures.
pub(super) fn element(api: &Api, field: &'static Field, fields: BoxedStrategy<Fields>) -> BoxedStrategy<Fields> {
    let Type::Struct(nested) = field.ty else { return fields };
    let of = |entity| nested.iter().find(|it| it.entity == entity && !it.array);
    match (
        of(Entity::TopicName),
        of(Entity::TopicId),
        of(Entity::ConfigResourceName),
    ) {
        // On the data path brokers themselves fail at an id that is zero.
        (Some(name), Some(id), _) if name.nullable.is_empty() => (fields, topic_of(api), ids(false))
            .prop_map(|(mut fields, topic, other)| {
                set(&mut fields, name.name, Term::Name(Kind::Topic, topic));
                set(&mut fields, id.name, Term::TopicId(other.unwrap_or(TopicId::Of(topic))));
                fields
            })
            .boxed(),
        (Some(name), Some(id), _) => (fields, named(api.key == ApiKey::DELETE_TOPICS))
            .prop_map(|(mut fields, (topic, topic_id))| {
                set(&mut fields, name.name, topic);
                set(&mut fields, id.name, topic_id);
                fields
            })
            .boxed(),
        (_, _, Some(name)) => (fields, hints::topic(), hints::group(), prop::bool::weighted(0.6))
            .prop_map(|(mut fields, topic, group, is_topic)| {
                let (number, kind, it) = if is_topic {
                    (2, Kind::Topic, topic)
                } else {
                    (32, Kind::Group, group)
                };
                set(&mut fields, "ResourceType", Term::Integer(number));
                set(&mut fields, name.name, Term::Name(kind, it));
                fields
            })
            .boxed(),
        _ => fields,
    }
}

/// Later requests of a fetch session don't ask for the empty name again, and the gateway leaves it out of their answers.
fn topic_of(api: &Api) -> BoxedStrategy<Name> {
    if api.key == ApiKey::FETCH {
        hints::named_topic()
    } else {
        hints::topic()
    }
}

/// Ids that aren't of the topic that is named beside them.
fn ids(may_be_zero: bool) -> BoxedStrategy<Option<TopicId>> {
    prop_oneof![
        14 => Just(None),
        1 => Just(Some(TopicId::Foreign)),
        1 => Just(Some(TopicId::Unknown)),
        u32::from(may_be_zero) => Just(Some(TopicId::Zero)),
    ]
    .boxed()
}

/// Topics that are named, or told by their ids, where the version has these; or by neither.
fn named(may_be_neither: bool) -> BoxedStrategy<(Term, Term)> {
    let by_name = hints::topic().prop_map(|it| (Term::Name(Kind::Topic, it), Term::TopicId(TopicId::Zero)));
    let by_id = (hints::topic(), ids(may_be_neither))
        .prop_map(|(it, id)| (Term::NameUnlessId(it), Term::TopicId(id.unwrap_or(TopicId::Of(it)))));
    let by_both = hints::topic().prop_map(|it| (Term::Name(Kind::Topic, it), Term::TopicId(TopicId::Of(it))));
    prop_oneof![8 => by_name, 6 => by_id, 1 => by_both].boxed()
}

/// The fields of a whole request.
pub(super) fn whole(api: &'static Api, fields: BoxedStrategy<Fields>) -> BoxedStrategy<Fields> {
    match api.key {
        ApiKey::FETCH => with(fields, fetch_session()),
        ApiKey::FIND_COORDINATOR => with(fields, coordinators()),
        ApiKey::DESCRIBE_TOPIC_PARTITIONS => with(fields, pages()),
        ApiKey::DESCRIBE_CONFIGS | ApiKey::ALTER_CONFIGS | ApiKey::INCREMENTAL_ALTER_CONFIGS => {
            with(fields, operators_resources())
        }
        ApiKey::JOIN_GROUP => fields.prop_map(consumers_subscribe).boxed(),
        // Brokers never answer one of no transactions.
        ApiKey::ADD_PARTITIONS_TO_TXN => fields
            .prop_filter("no transactions", |fields| {
                let none =
                    |it: &(_, Term)| it.0 == "Transactions" && matches!(&it.1, Term::Array(all) if all.is_empty());
                !fields.iter().any(none)
            })
            .boxed(),
        ApiKey::CREATE_TOPICS => with(fields, assigned_topics()),
        _ => fields,
    }
}

fn with(fields: BoxedStrategy<Fields>, together: BoxedStrategy<Fields>) -> BoxedStrategy<Fields> {
    (fields, together)
        .prop_map(|(mut fields, together)| {
            for (name, term) in together {
                set(&mut fields, name, term);
            }
            fields
        })
        .boxed()
}

/// Brokers never answer a consumer whose subscription is none.
fn consumers_subscribe(mut fields: Fields) -> Fields {
    let is_consumer = |it: &(_, Term)| it.0 == "ProtocolType" && matches!(it.1, Term::Text("consumer"));
    if fields.iter().any(is_consumer)
        && let Some((_, Term::Array(protocols))) = fields.iter_mut().find(|it| it.0 == "Protocols")
    {
        for protocol in protocols {
            if let Term::Fields(fields) = protocol
                && fields.iter().any(|it| matches!(it, ("Metadata", Term::Text(_))))
            {
                set(fields, "Metadata", Term::Subscription(Vec::new()));
            }
        }
    }
    fields
}

fn fetch_session() -> BoxedStrategy<Fields> {
    let session = prop_oneof![
        5 => Just(Session::None),
        4 => Just(Session::New),
        4 => Just(Session::Next),
        1 => Just(Session::Wrong),
    ];
    session
        .prop_map(|it| {
            vec![
                ("SessionId", Term::SessionId(it)),
                ("SessionEpoch", Term::SessionEpoch(it)),
            ]
        })
        .boxed()
}

fn coordinators() -> BoxedStrategy<Fields> {
    let transaction = || (0..2_u8).prop_map(|it| Term::Name(Kind::Transaction, Name::Own(it)));
    let group = || hints::group().prop_map(|it| Term::Name(Kind::Group, it));
    let share = || (hints::group(), hints::topic()).prop_map(|(group, topic)| Term::ShareKey(group, topic));
    prop_oneof![
        4 => keys(0, group().boxed()),
        3 => keys(1, transaction().boxed()),
        1 => keys(2, share().boxed()),
        1 => keys(2, group().boxed()),
        1 => keys(9, group().boxed()),
    ]
    .boxed()
}

fn keys(kind: i64, key: BoxedStrategy<Term>) -> BoxedStrategy<Fields> {
    (key.clone(), vec(key, 0..=2))
        .prop_map(move |(key, keys)| {
            vec![
                ("KeyType", Term::Integer(kind)),
                ("Key", key),
                ("CoordinatorKeys", Term::Array(keys)),
            ]
        })
        .boxed()
}

/// Pages of what is named. All topics are asked for in one page: what else is on a page depends on what other topics
/// the cluster has.
fn pages() -> BoxedStrategy<Fields> {
    let topics = vec(hints::topic(), 1..=3);
    let cursor = (hints::topic(), 0..3_i64).prop_map(|(topic, partition)| {
        Term::Fields(vec![
            ("TopicName", Term::Name(Kind::Topic, topic)),
            ("PartitionIndex", Term::Integer(partition)),
        ])
    });
    let cursor = prop_oneof![3 => Just(Term::Null), 1 => cursor];
    let some = (topics, 1..4_i64, cursor).prop_map(|(topics, limit, cursor)| {
        let topics = topics
            .into_iter()
            .map(|topic| Term::Fields(vec![("Name", Term::Name(Kind::Topic, topic))]));
        vec![
            ("Topics", Term::Array(topics.collect())),
            ("ResponsePartitionLimit", Term::Integer(limit)),
            ("Cursor", cursor),
        ]
    });
    let all = vec![
        ("Topics", Term::Array(Vec::new())),
        ("ResponsePartitionLimit", Term::Integer(2_000)),
        ("Cursor", Term::Null),
    ];
    prop_oneof![4 => some, 1 => Just(all)].boxed()
}

/// Now and then, instead of what the tenant has: what the operator has.
fn operators_resources() -> BoxedStrategy<Fields> {
    let resource = prop_oneof![
        2 => Just((4, "1")),
        1 => Just((8, "1")),
        1 => Just((16, "metrics")),
    ]
    .prop_map(|(kind, name)| {
        let resource = vec![
            ("ResourceType", Term::Integer(kind)),
            ("ResourceName", Term::Text(name)),
        ];
        vec![("Resources", Term::Array(vec![Term::Fields(resource)]))]
    });
    prop_oneof![12 => Just(Vec::new()), 1 => resource].boxed()
}

/// Now and then, topics whose replicas are placed by hand.
fn assigned_topics() -> BoxedStrategy<Fields> {
    let topic = (hints::topic(), vec(prop_oneof![6 => Just(1), 1 => Just(2)], 1..=2)).prop_map(|(topic, nodes)| {
        let assignments = nodes.into_iter().zip(0..).map(|(node, partition)| {
            Term::Fields(vec![
                ("PartitionIndex", Term::Integer(partition)),
                ("BrokerIds", Term::Array(vec![Term::Integer(node)])),
            ])
        });
        Term::Fields(vec![
            ("Name", Term::Name(Kind::Topic, topic)),
            ("NumPartitions", Term::Integer(-1)),
            ("ReplicationFactor", Term::Integer(-1)),
            ("Assignments", Term::Array(assignments.collect())),
        ])
    });
    let topics = vec(topic, 1..=2).prop_map(|topics| vec![("Topics", Term::Array(topics))]);
    prop_oneof![8 => Just(Vec::new()), 1 => topics].boxed()
}

fn set(fields: &mut Fields, name: &'static str, term: Term) {
    match fields.iter_mut().find(|(known, _)| *known == name) {
        Some((_, place)) => *place = term,
        None => fields.push((name, term)),
    }
}
