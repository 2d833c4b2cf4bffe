//! What clients do that know what they want: random requests seldom get so far.

use keg_codec::{Api, ApiKey};

use crate::oracle::case::{Kind, Name};
use crate::oracle::term::{Batch, Epoch, Member, Operation, Session, Term, TopicId};

type Fields = Vec<(&'static str, Term)>;

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
        op(ApiKey::FETCH, fetch(Session::New)),
        production(false),
        op(ApiKey::FETCH, fetch(Session::Next)),
    ]
}

fn transaction() -> Vec<Operation> {
    let of_producer = |more: Fields| {
        let mut fields = vec![
            ("TransactionalId", Term::Name(Kind::Transaction, Name::Own(0))),
            ("ProducerId", Term::Producer),
            ("ProducerEpoch", Term::ProducerEpoch(0)),
        ];
        fields.extend(more);
        fields
    };
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
    let producer = vec![
        ("TransactionalId", Term::Name(Kind::Transaction, Name::Own(0))),
        ("TransactionTimeoutMs", Term::Integer(60_000)),
    ];
    vec![
        creation(),
        op(ApiKey::INIT_PRODUCER_ID, producer),
        op(ApiKey::ADD_PARTITIONS_TO_TXN, partitions),
        production(true),
        op(ApiKey::ADD_OFFSETS_TO_TXN, of_producer(vec![("GroupId", group())])),
        op(
            ApiKey::TXN_OFFSET_COMMIT,
            of_producer(vec![("GroupId", group()), ("Topics", commits())]),
        ),
        op(ApiKey::END_TXN, of_producer(vec![("Committed", Term::Integer(1))])),
    ]
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
    let fetch = |session| {
        let partition = Term::Fields(vec![("PartitionIndex", Term::Integer(0))]);
        let topic = Term::Fields(vec![
            ("TopicId", Term::TopicId(TopicId::Of(Name::Own(0)))),
            ("Partitions", Term::Array(vec![partition])),
        ]);
        let fields = vec![
            ("GroupId", group()),
            ("MemberId", Term::Member(Member::Known(0))),
            ("ShareSessionEpoch", Term::ShareEpoch(session)),
            ("MaxWaitMs", Term::Integer(300)),
            ("MaxBytes", Term::Integer(1_000_000)),
            ("MaxRecords", Term::Integer(10)),
            ("BatchSize", Term::Integer(10)),
            ("Topics", Term::Array(vec![topic])),
        ];
        op(ApiKey::SHARE_FETCH, fields)
    };
    vec![
        creation(),
        heartbeat(ApiKey::SHARE_GROUP_HEARTBEAT, Epoch::Is(0), subscription()),
        heartbeat(ApiKey::SHARE_GROUP_HEARTBEAT, Epoch::Current, Vec::new()),
        fetch(Session::New),
        production(false),
        fetch(Session::Next),
        op(ApiKey::SHARE_ACKNOWLEDGE, acknowledgement()),
        heartbeat(ApiKey::SHARE_GROUP_HEARTBEAT, Epoch::Is(-1), Vec::new()),
        op(
            ApiKey::DELETE_SHARE_GROUP_OFFSETS,
            vec![
                ("GroupId", group()),
                ("Topics", Term::Array(vec![Term::Fields(vec![("TopicName", topic())])])),
            ],
        ),
    ]
}

/// Both records are taken.
fn acknowledgement() -> Fields {
    let batch = Term::Fields(vec![
        ("FirstOffset", Term::Integer(0)),
        ("LastOffset", Term::Integer(1)),
        ("AcknowledgeTypes", Term::Array(vec![Term::Integer(1)])),
    ]);
    let partition = Term::Fields(vec![
        ("PartitionIndex", Term::Integer(0)),
        ("AcknowledgementBatches", Term::Array(vec![batch])),
    ]);
    let topic = Term::Fields(vec![
        ("TopicId", Term::TopicId(TopicId::Of(Name::Own(0)))),
        ("Partitions", Term::Array(vec![partition])),
    ]);
    vec![
        ("GroupId", group()),
        ("MemberId", Term::Member(Member::Known(0))),
        ("ShareSessionEpoch", Term::ShareEpoch(Session::Next)),
        ("Topics", Term::Array(vec![topic])),
    ]
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

fn creation() -> Operation {
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

fn production(in_transaction: bool) -> Operation {
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

fn fetch(session: Session) -> Fields {
    let partition = Term::Fields(vec![("PartitionMaxBytes", Term::Integer(1_000_000))]);
    let topic = Term::Fields(vec![
        ("Topic", topic()),
        ("TopicId", Term::TopicId(TopicId::Of(Name::Own(0)))),
        ("Partitions", Term::Array(vec![partition])),
    ]);
    vec![
        ("SessionId", Term::SessionId(session)),
        ("SessionEpoch", Term::SessionEpoch(session)),
        ("Topics", Term::Array(vec![topic])),
    ]
}

fn commit() -> Operation {
    let fields = vec![
        ("GroupId", group()),
        ("GenerationIdOrMemberEpoch", Term::Epoch(Epoch::Current)),
        ("MemberId", Term::Member(Member::Known(0))),
        ("Topics", commits()),
    ];
    op(ApiKey::OFFSET_COMMIT, fields)
}

fn commits() -> Term {
    let partition = Term::Fields(vec![("CommittedOffset", Term::Integer(1))]);
    Term::Array(vec![Term::Fields(vec![
        ("Name", topic()),
        ("TopicId", Term::TopicId(TopicId::Of(Name::Own(0)))),
        ("Partitions", Term::Array(vec![partition])),
    ])])
}

fn with_partition(name: Name) -> Term {
    let partition = Term::Fields(vec![("PartitionIndex", Term::Integer(0))]);
    Term::Array(vec![Term::Fields(vec![
        ("Name", Term::Name(Kind::Topic, name)),
        ("Partitions", Term::Array(vec![partition])),
    ])])
}

fn subscription() -> Fields {
    let topics = [0, 1].map(|index| Term::Name(Kind::Topic, Name::Own(index)));
    vec![("SubscribedTopicNames", Term::Array(topics.to_vec()))]
}

fn heartbeat(key: ApiKey, epoch: Epoch, more: Fields) -> Operation {
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

fn op(key: ApiKey, fields: Fields) -> Operation {
    Operation {
        api: Api::of(key).unwrap(),
        version: 0,
        fields,
    }
}
