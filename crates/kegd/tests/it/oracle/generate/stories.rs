//! What clients do that know what they want: random requests seldom get so far.

use keg_codec::{Api, ApiKey};

use crate::oracle::case::{Kind, Name};
use crate::oracle::term::{Batch, Epoch, Member, Operation, Session, Term, TopicId};

type Fields = Vec<(&'static str, Term)>;

/// The topic that stories are about.
pub(super) const ONE: [Name; 1] = [Name::Own(0)];

pub(super) fn all() -> Vec<Vec<Operation>> {
    vec![
        records(),
        transaction(),
        classic_group(),
        consumer_group(),
        share_group(),
        streams_group(),
        administration(),
    ]
}

fn records() -> Vec<Operation> {
    vec![
        creation(),
        production(false),
        fetch(Session::New, &ONE),
        production(false),
        fetch(Session::Next, &ONE),
    ]
}

fn transaction() -> Vec<Operation> {
    let topics = vec![("Name", topic()), ("Partitions", Term::Array(vec![Term::Integer(0)]))];
    let topics = || Term::Array(vec![Term::Fields(topics.clone())]);
    let partitions = vec![
        (
            "Transactions",
            Term::Array(vec![Term::Fields(of_producer(vec![("Topics", topics())]))]),
        ),
        ("V3AndBelowTransactionalId", Term::Name(Kind::Transaction, Name::Own(0))),
        ("V3AndBelowProducerId", Term::Producer),
        ("V3AndBelowProducerEpoch", Term::ProducerEpoch(0)),
        ("V3AndBelowTopics", topics()),
    ];
    vec![
        creation(),
        producer(),
        op(ApiKey::ADD_PARTITIONS_TO_TXN, partitions),
        production(true),
        offsets_in_transaction(),
        commit_in_transaction(&ONE),
        op(ApiKey::END_TXN, of_producer(vec![("Committed", Term::Integer(1))])),
    ]
}

pub(super) fn producer() -> Operation {
    let fields = vec![
        ("TransactionalId", Term::Name(Kind::Transaction, Name::Own(0))),
        ("TransactionTimeoutMs", Term::Integer(60_000)),
    ];
    op(ApiKey::INIT_PRODUCER_ID, fields)
}

pub(super) fn offsets_in_transaction() -> Operation {
    op(ApiKey::ADD_OFFSETS_TO_TXN, of_producer(vec![("GroupId", group())]))
}

pub(super) fn commit_in_transaction(names: &[Name]) -> Operation {
    let fields = of_producer(vec![("GroupId", group()), ("Topics", commits(names))]);
    op(ApiKey::TXN_OFFSET_COMMIT, fields)
}

fn of_producer(more: Fields) -> Fields {
    let mut fields = vec![
        ("TransactionalId", Term::Name(Kind::Transaction, Name::Own(0))),
        ("ProducerId", Term::Producer),
        ("ProducerEpoch", Term::ProducerEpoch(0)),
    ];
    fields.extend(more);
    fields
}

fn classic_group() -> Vec<Operation> {
    let member = ("MemberId", Term::Member(Member::Known(0)));
    let generation = ("GenerationId", Term::Epoch(Epoch::Current));
    let protocol = vec![
        ("Name", Term::Text("range")),
        ("Metadata", Term::Subscription(vec![Name::Own(0), Name::Own(1)])),
    ];
    let join = vec![
        ("GroupId", group()),
        ("SessionTimeoutMs", Term::SessionTimeout),
        ("RebalanceTimeoutMs", Term::Integer(2_000)),
        member.clone(),
        ("ProtocolType", Term::Text("consumer")),
        ("Protocols", Term::Array(vec![Term::Fields(protocol)])),
    ];
    let assignment = Term::Fields(vec![
        member.clone(),
        ("Assignment", Term::Assignment(vec![Name::Own(0), Name::Own(1)])),
    ]);
    let sync = vec![
        ("GroupId", group()),
        generation.clone(),
        member.clone(),
        ("ProtocolType", Term::Text("consumer")),
        ("ProtocolName", Term::Text("range")),
        ("Assignments", Term::Array(vec![assignment])),
    ];
    vec![
        creation(),
        op(ApiKey::JOIN_GROUP, join.clone()),
        op(ApiKey::JOIN_GROUP, join),
        op(ApiKey::SYNC_GROUP, sync),
        op(
            ApiKey::HEARTBEAT,
            vec![("GroupId", group()), generation, member.clone()],
        ),
        commit(),
        op(
            ApiKey::OFFSET_DELETE,
            vec![("GroupId", group()), ("Topics", with_partition(Name::Own(2)))],
        ),
    ]
}

fn consumer_group() -> Vec<Operation> {
    vec![
        creation(),
        heartbeat(ApiKey::CONSUMER_GROUP_HEARTBEAT, Epoch::Is(0), subscription()),
        heartbeat(ApiKey::CONSUMER_GROUP_HEARTBEAT, Epoch::Current, Vec::new()),
        commit(),
    ]
}

fn share_group() -> Vec<Operation> {
    vec![
        creation(),
        heartbeat(ApiKey::SHARE_GROUP_HEARTBEAT, Epoch::Is(0), subscription()),
        heartbeat(ApiKey::SHARE_GROUP_HEARTBEAT, Epoch::Current, Vec::new()),
        share_fetch(Session::New, &ONE),
        production(false),
        share_fetch(Session::Next, &ONE),
        acknowledgement(&ONE),
        heartbeat(ApiKey::SHARE_GROUP_HEARTBEAT, Epoch::Is(-1), Vec::new()),
        share_offsets_deletion(&ONE),
    ]
}

pub(super) fn share_offsets_deletion(names: &[Name]) -> Operation {
    let topics = each(names, |name| vec![("TopicName", Term::Name(Kind::Topic, name))]);
    op(
        ApiKey::DELETE_SHARE_GROUP_OFFSETS,
        vec![("GroupId", group()), ("Topics", topics)],
    )
}

/// A partition of each of the topics, which are named by their ids.
fn by_id(names: &[Name], partition: &Term) -> Term {
    each(names, |name| {
        vec![
            ("TopicId", Term::TopicId(TopicId::Of(name))),
            ("Partitions", Term::Array(vec![partition.clone()])),
        ]
    })
}

pub(super) fn share_fetch(session: Session, names: &[Name]) -> Operation {
    let partition = Term::Fields(vec![("PartitionIndex", Term::Integer(0))]);
    let fields = vec![
        ("GroupId", group()),
        ("MemberId", Term::Member(Member::Known(0))),
        ("ShareSessionEpoch", Term::ShareEpoch(session)),
        ("MaxWaitMs", Term::Integer(300)),
        ("MaxBytes", Term::Integer(1_000_000)),
        ("MaxRecords", Term::Integer(10)),
        ("BatchSize", Term::Integer(10)),
        ("Topics", by_id(names, &partition)),
    ];
    op(ApiKey::SHARE_FETCH, fields)
}

/// Both records are taken.
pub(super) fn acknowledgement(names: &[Name]) -> Operation {
    let batch = Term::Fields(vec![
        ("FirstOffset", Term::Integer(0)),
        ("LastOffset", Term::Integer(1)),
        ("AcknowledgeTypes", Term::Array(vec![Term::Integer(1)])),
    ]);
    let partition = Term::Fields(vec![
        ("PartitionIndex", Term::Integer(0)),
        ("AcknowledgementBatches", Term::Array(vec![batch])),
    ]);
    let fields = vec![
        ("GroupId", group()),
        ("MemberId", Term::Member(Member::Known(0))),
        ("ShareSessionEpoch", Term::ShareEpoch(Session::Next)),
        ("Topics", by_id(names, &partition)),
    ];
    op(ApiKey::SHARE_ACKNOWLEDGE, fields)
}

fn streams_group() -> Vec<Operation> {
    let subtopology = vec![
        ("SubtopologyId", Term::Text("0")),
        ("SourceTopics", Term::Array(vec![topic()])),
    ];
    let topology = vec![
        ("Epoch", Term::Integer(0)),
        ("Subtopologies", Term::Array(vec![Term::Fields(subtopology)])),
    ];
    let tasks = || Term::Array(Vec::new());
    let first = vec![
        ("RebalanceTimeoutMs", Term::Integer(2_000)),
        ("Topology", Term::Fields(topology)),
        ("ActiveTasks", tasks()),
        ("StandbyTasks", tasks()),
        ("WarmupTasks", tasks()),
        ("ProcessId", Term::Text("process")),
    ];
    vec![
        creation(),
        heartbeat(ApiKey::STREAMS_GROUP_HEARTBEAT, Epoch::Is(0), first),
        heartbeat(ApiKey::STREAMS_GROUP_HEARTBEAT, Epoch::Current, Vec::new()),
    ]
}

/// What an operator does with a tenant's topics and groups.
fn administration() -> Vec<Operation> {
    vec![
        creation(),
        commit(),
        op(
            ApiKey::OFFSET_DELETE,
            vec![("GroupId", group()), ("Topics", with_partition(Name::Own(0)))],
        ),
        op(ApiKey::DELETE_GROUPS, vec![("GroupsNames", Term::Array(vec![group()]))]),
    ]
}

pub(super) fn creation() -> Operation {
    let topics = [(0, 2), (1, 1)].map(|(index, partitions)| {
        Term::Fields(vec![
            ("Name", Term::Name(Kind::Topic, Name::Own(index))),
            ("NumPartitions", Term::Integer(partitions)),
            ("ReplicationFactor", Term::Integer(1)),
        ])
    });
    op(
        ApiKey::CREATE_TOPICS,
        vec![
            ("Topics", Term::Array(topics.to_vec())),
            ("timeoutMs", Term::Integer(10_000)),
        ],
    )
}

pub(super) fn production(in_transaction: bool) -> Operation {
    let batch = Batch {
        count: 2,
        idempotent: false,
        sequence: 0,
        corrupt: false,
    };
    let partition = Term::Fields(vec![("Index", Term::Integer(0)), ("Records", Term::Records(batch))]);
    let topic = Term::Fields(vec![
        ("Name", topic()),
        ("TopicId", Term::TopicId(TopicId::Of(Name::Own(0)))),
        ("PartitionData", Term::Array(vec![partition])),
    ]);
    let transaction = if in_transaction {
        Term::Name(Kind::Transaction, Name::Own(0))
    } else {
        Term::Null
    };
    let fields = vec![
        ("TransactionalId", transaction),
        ("Acks", Term::Integer(-1)),
        ("TimeoutMs", Term::Integer(10_000)),
        ("TopicData", Term::Array(vec![topic])),
    ];
    op(ApiKey::PRODUCE, fields)
}

pub(super) fn fetch(session: Session, names: &[Name]) -> Operation {
    let partition = Term::Fields(vec![("PartitionMaxBytes", Term::Integer(1_000_000))]);
    let topics = each(names, |name| {
        vec![
            ("Topic", Term::Name(Kind::Topic, name)),
            ("TopicId", Term::TopicId(TopicId::Of(name))),
            ("Partitions", Term::Array(vec![partition.clone()])),
        ]
    });
    let fields = vec![
        ("SessionId", Term::SessionId(session)),
        ("SessionEpoch", Term::SessionEpoch(session)),
        ("Topics", topics),
    ];
    op(ApiKey::FETCH, fields)
}

fn commit() -> Operation {
    let fields = vec![
        ("GroupId", group()),
        ("GenerationIdOrMemberEpoch", Term::Epoch(Epoch::Current)),
        ("MemberId", Term::Member(Member::Known(0))),
        ("Topics", commits(&ONE)),
    ];
    op(ApiKey::OFFSET_COMMIT, fields)
}

fn commits(names: &[Name]) -> Term {
    let partition = Term::Fields(vec![("CommittedOffset", Term::Integer(1))]);
    each(names, |name| {
        vec![
            ("Name", Term::Name(Kind::Topic, name)),
            ("TopicId", Term::TopicId(TopicId::Of(name))),
            ("Partitions", Term::Array(vec![partition.clone()])),
        ]
    })
}

fn each(names: &[Name], fields: impl Fn(Name) -> Fields) -> Term {
    Term::Array(names.iter().map(|name| Term::Fields(fields(*name))).collect())
}

fn with_partition(name: Name) -> Term {
    let partition = Term::Fields(vec![("PartitionIndex", Term::Integer(0))]);
    Term::Array(vec![Term::Fields(vec![
        ("Name", Term::Name(Kind::Topic, name)),
        ("Partitions", Term::Array(vec![partition])),
    ])])
}

pub(super) fn subscription() -> Fields {
    let topics = [0, 1].map(|index| Term::Name(Kind::Topic, Name::Own(index)));
    vec![("SubscribedTopicNames", Term::Array(topics.to_vec()))]
}

pub(super) fn heartbeat(key: ApiKey, epoch: Epoch, more: Fields) -> Operation {
    let mut fields = vec![
        ("GroupId", group()),
        ("MemberId", Term::Member(Member::Known(0))),
        ("MemberEpoch", Term::Epoch(epoch)),
    ];
    if key == ApiKey::CONSUMER_GROUP_HEARTBEAT && matches!(epoch, Epoch::Is(_)) {
        fields.push(("RebalanceTimeoutMs", Term::Integer(2_000)));
        fields.push(("TopicPartitions", Term::Array(Vec::new())));
    }
    fields.extend(more);
    op(key, fields)
}

fn topic() -> Term {
    Term::Name(Kind::Topic, Name::Own(0))
}

fn group() -> Term {
    Term::Name(Kind::Group, Name::Own(0))
}

pub(super) fn op(key: ApiKey, fields: Fields) -> Operation {
    Operation {
        api: Api::of(key).unwrap(),
        version: 0,
        fields,
    }
}
