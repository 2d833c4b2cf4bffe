//! A request of a sequence as one side is asked it.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Field, Type};

use super::batch;
use super::case::{Case, Kind, Name};
use super::memory::{Memory, NOBODY, Subject};
use super::settle::elements;
use super::symbols::{NO_ID, base64};
use super::term::{Epoch, Member, Operation, Session, Term, TopicId};

/// The first bytes of ids that no topic has.
const UNKNOWN_ID: [u8; 15] = [0xab; 15];

/// In these an element may come twice, and brokers say what they think of it. In others it is not told what becomes of it.
const MAY_REPEAT: [ApiKey; 3] = [ApiKey::CREATE_TOPICS, ApiKey::CREATE_PARTITIONS, ApiKey::METADATA];

/// What the members of groups in which members choose their own ids are called.
const OWN_MEMBER_IDS: [&str; 2] = ["bWVtYmVyLTAtb2Yta2VnMA", "bWVtYmVyLTEtb2Yta2VnMQ"];

/// Resolves the terms of one request for one side.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) memory: &'a Memory,
    /// The id of the other tenant's topic.
    pub(super) foreign_id: [u8; 16],
    operation: &'a Operation,
    version: i16,
    subject: Subject,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        case: &'a Case<'a>,
        memory: &'a Memory,
        foreign_id: [u8; 16],
        operation: &'a Operation,
        version: i16,
    ) -> Self {
        Self {
            case,
            memory,
            foreign_id,
            operation,
            version,
            // Generations stand before the members whose they are.
            subject: Subject {
                member: first_member(&operation.fields).unwrap_or_default(),
                ..Subject::default()
            },
        }
    }

    /// The request, and what its answer will be about.
    pub(super) fn request(mut self) -> (Struct, Subject) {
        let operation = self.operation;
        let mut request = self.fields(operation.api.request.fields, &operation.fields);
        match operation.api.key {
            // A broker keeps topics in a session whose ids it doesn't know; the gateway doesn't let them in.
            ApiKey::FETCH if self.subject.session_epoch > 0 => self.leave_unknown_ids_out(&mut request, "Topics"),
            ApiKey::SHARE_FETCH | ApiKey::SHARE_ACKNOWLEDGE => {
                self.leave_unknown_ids_out(&mut request, "Topics");
                forget_nothing_that_is_asked_for(&mut request);
            }
            // Where nothing can be answered, the gateway disconnects the client for what it denies; a broker takes the
            // rest before it does so.
            ApiKey::PRODUCE if request.get("Acks") == Some(&Value::Integer(0)) => {
                self.leave_unknown_ids_out(&mut request, "TopicData");
            }
            _ => {}
        }
        (request, self.subject)
    }

    fn leave_unknown_ids_out(&self, request: &mut Struct, array: &str) {
        if let Some(Value::Array(topics)) = request.get_mut(array) {
            topics.retain(|topic| match topic.as_struct().and_then(|it| it.get("TopicId")) {
                Some(Value::Uuid(id)) if *id != NO_ID => self.memory.knows(id),
                _ => true,
            });
        }
    }

    fn fields(&mut self, table: &'static [Field], terms: &[(&'static str, Term)]) -> Struct {
        let mut fields = Struct::new(table, self.version);
        for (name, term) in terms {
            let field = table.iter().find(|field| field.name == *name).unwrap();
            // What this version doesn't have may still say what the rest is about.
            if let Some(value) = self.value(field, term)
                && field.versions.contains(self.version)
            {
                fields.set(name, value);
            }
        }
        fields
    }

    /// The value, unless it is the default.
    fn value(&mut self, field: &'static Field, term: &Term) -> Option<Value> {
        let nullable = field.nullable.contains(self.version);
        Some(match term {
            Term::Default => return None,
            Term::Null if !nullable => return None,
            Term::Null => Value::Null,
            Term::Integer(number) => Value::Integer(*number),
            Term::Text(text) => Value::text(text),
            Term::Name(kind, name) => self.name(*kind, *name),
            Term::NameUnlessId(_) if nullable => Value::Null,
            Term::NameUnlessId(name) => self.name(Kind::Topic, *name),
            Term::TopicId(id) => Value::Uuid(self.topic_id(*id)),
            Term::ShareKey(group, topic) => Value::text(&self.share_key(*group, *topic)),
            Term::Pattern(stem) => Value::text(&self.case.pattern(stem)),
            Term::Member(member) => Value::text(&self.member(*member)),
            Term::Epoch(Epoch::Is(number)) => Value::Integer(*number),
            Term::Epoch(Epoch::Current) => Value::Integer(self.epoch(field)),
            Term::SessionTimeout => Value::Integer(if self.version == 0 { 3_000 } else { 30_000 }),
            Term::Producer => Value::Integer(self.producer().0),
            Term::ProducerOf(name) => {
                let transaction = self.case.name(Kind::Transaction, *name);
                Value::Integer(self.memory.producer(Some(&transaction)).0)
            }
            Term::ProducerEpoch(more) => Value::Integer(self.producer().1 + more),
            Term::SessionId(session) => Value::Integer(match session {
                Session::None | Session::New => 0,
                Session::Next => self.memory.session().0,
                Session::Wrong => 12_345,
            }),
            Term::SessionEpoch(session) => {
                self.subject.session_epoch = session_epoch(*session, self.memory.session().1);
                Value::Integer(self.subject.session_epoch)
            }
            Term::ShareEpoch(session) => {
                let next = self.known_member().map_or(0, |it| it.share_epoch);
                self.subject.session_epoch = session_epoch(*session, next);
                Value::Integer(self.subject.session_epoch)
            }
            Term::Records(batch) => {
                let (id, epoch) = self.producer();
                let producer = batch::Producer {
                    id,
                    epoch,
                    transactional: self.subject.transaction.is_some(),
                };
                let producer = Some(producer).filter(|it| batch.idempotent || it.transactional);
                Value::Bytes(batch::bytes(*batch, producer))
            }
            Term::Subscription(topics) => Value::Bytes(self.subscription(topics)),
            Term::Assignment(topics) => Value::Bytes(self.assignment(topics)),
            Term::Array(elements) => {
                let mut values: Vec<_> = elements.iter().filter_map(|it| self.element(field, it)).collect();
                if !MAY_REPEAT.contains(&self.operation.api.key) {
                    let mut seen = Vec::new();
                    values.retain(|value| {
                        let key = key(value, self.version);
                        let is_new = !seen.contains(&key);
                        seen.push(key);
                        is_new
                    });
                }
                Value::Array(values)
            }
            Term::Fields(_) => return self.element(field, term),
        })
    }

    fn element(&mut self, field: &'static Field, term: &Term) -> Option<Value> {
        match (field.ty, term) {
            (Type::Struct(nested), Term::Fields(terms)) => Some(Value::Struct(self.fields(nested, terms))),
            _ => self.value(field, term),
        }
    }

    fn name(&mut self, kind: Kind, name: Name) -> Value {
        let name = self.case.name(kind, name);
        match kind {
            Kind::Topic => {}
            Kind::Group => self.subject.group.clone_from(&name),
            Kind::Transaction => self.subject.transaction = Some(name.clone()),
        }
        Value::text(&name)
    }

    fn topic_id(&self, id: TopicId) -> [u8; 16] {
        match id {
            TopicId::Of(name) => self
                .memory
                .topic_id(&self.case.name(Kind::Topic, name))
                .unwrap_or_else(|| {
                    unknown_id(match name {
                        Name::Own(index) => index,
                        Name::Odd(odd) => 0x40 + u8::try_from(odd.len().min(9)).unwrap(),
                        Name::Foreign(index) => 0x80 + index,
                        Name::Empty => 0xfe,
                    })
                }),
            TopicId::Foreign => self.foreign_id,
            TopicId::Unknown => unknown_id(0xff),
            TopicId::Zero => NO_ID,
        }
    }

    fn share_key(&self, group: Name, topic: Name) -> String {
        let id = base64(self.topic_id(TopicId::Of(topic)));
        format!("{}:{id}:0", self.case.name(Kind::Group, group))
    }

    fn member(&mut self, member: Member) -> String {
        let place = match member {
            Member::Known(place) => place,
            Member::New => 0,
            Member::Unknown => {
                self.subject.member = NOBODY;
                return "nobody".to_owned();
            }
        };
        self.subject.member = place;
        let chooses = self.operation.api.name.ends_with("GroupHeartbeat")
            && (self.operation.api.name != "ConsumerGroupHeartbeat" || self.version > 0);
        match (member, self.known_member()) {
            (Member::Known(_), Some(known)) => known.id.clone(),
            _ if chooses => OWN_MEMBER_IDS[usize::from(place) % OWN_MEMBER_IDS.len()].to_owned(),
            _ => String::new(),
        }
    }

    /// Of a member that isn't one: no generation, or the epoch of joining.
    fn epoch(&self, field: &Field) -> i64 {
        let unknown = if field.name == "MemberEpoch" && self.operation.api.name.ends_with("Heartbeat") {
            0
        } else {
            -1
        };
        // Who isn't a member says the epoch of one that is.
        let member = match self.subject.member {
            NOBODY => self.memory.member(&self.subject.group, 0),
            _ => self.known_member(),
        };
        member.map_or(unknown, |it| it.epoch)
    }

    fn known_member(&self) -> Option<&super::memory::Member> {
        self.memory.member(&self.subject.group, self.subject.member)
    }

    fn producer(&self) -> (i64, i64) {
        self.memory.producer(self.subject.transaction.as_deref())
    }

    /// A subscription of the consumer protocol, version 1: topics, user data, owned partitions.
    fn subscription(&self, topics: &[Name]) -> Vec<u8> {
        let mut out = vec![0, 1];
        self.put_names(&mut out, topics, false);
        out.extend([0, 0, 0, 4]);
        out.extend(b"data");
        self.put_names(&mut out, topics, true);
        out
    }

    /// An assignment of the consumer protocol, version 0: partitions, user data.
    fn assignment(&self, topics: &[Name]) -> Vec<u8> {
        let mut out = vec![0, 0];
        self.put_names(&mut out, topics, true);
        out.extend([0xff; 4]);
        out
    }

    /// Topics, each with one partition if they have any.
    fn put_names(&self, out: &mut Vec<u8>, topics: &[Name], with_partition: bool) {
        out.extend(i32::try_from(topics.len()).unwrap().to_be_bytes());
        for topic in topics {
            let name = self.case.name(Kind::Topic, *topic);
            out.extend(i16::try_from(name.len()).unwrap().to_be_bytes());
            out.extend(name.as_bytes());
            if with_partition {
                out.extend([0, 0, 0, 1, 0, 0, 0, 0]);
            }
        }
    }
}

/// A broker says nothing of a topic that is deleted meanwhile where it is forgotten as well; the gateway says that it isn't
/// there.
fn forget_nothing_that_is_asked_for(request: &mut Struct) {
    let asked_for: Vec<Value> = elements(request, "Topics")
        .filter_map(|topic| topic.get("TopicId").cloned())
        .collect();
    if let Some(Value::Array(forgotten)) = request.get_mut("ForgottenTopicsData") {
        forgotten.retain(|topic| {
            let id = topic.as_struct().and_then(|it| it.get("TopicId"));
            id.is_none_or(|id| !asked_for.contains(id))
        });
    }
}

fn unknown_id(last: u8) -> [u8; 16] {
    let mut id = [last; 16];
    id[..15].copy_from_slice(&UNKNOWN_ID);
    id
}

/// What tells an element of an array from the others.
fn key(element: &Value, version: i16) -> Vec<Value> {
    let Value::Struct(fields) = element else {
        return vec![element.clone()];
    };
    let of_group = fields.iter().any(|(field, _)| field.entity == Entity::GroupId);
    let is_key = |field: &Field| {
        let names = matches!(
            field.entity,
            Entity::TopicName
                | Entity::TopicId
                | Entity::GroupId
                | Entity::TransactionalId
                | Entity::PartitionIndex
                | Entity::ConfigResourceType
                | Entity::ConfigResourceName
        );
        let is_one = names || matches!(field.name, "Name" | "FirstOffset") || field.name == "MemberId" && !of_group;
        is_one && field.versions.contains(version)
    };
    let keys = fields.iter().filter(|(field, _)| is_key(field) && !field.array);
    keys.map(|(_, value)| value.clone()).collect()
}

fn first_member(fields: &[(&'static str, Term)]) -> Option<u8> {
    fields.iter().find_map(|(_, term)| match term {
        Term::Member(Member::Known(place)) => Some(*place),
        Term::Fields(nested) => first_member(nested),
        _ => None,
    })
}

fn session_epoch(session: Session, next: i64) -> i64 {
    match session {
        Session::None => -1,
        Session::New => 0,
        Session::Next => next,
        Session::Wrong => 77,
    }
}
