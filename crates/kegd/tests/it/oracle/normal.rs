//! What is made the same of both sides' responses before they are compared, and why.
//!
//! | what | becomes | because |
//! |---|---|---|
//! | ids of topics, members, producers and sessions | numbers, in the order in which a side first tells them | each side makes up its own |
//! | the host and port of the side's own node | a symbol | they are where the side is; any other address stays, and is a difference |
//! | times of this decade | a symbol | they are when a side did something; records have times of their own |
//! | the cluster's id, and the hosts of group members | symbols | a virtual cluster has the id of its backend, and the gateway shows no client's host |
//! | topics of a Fetch response that come twice | one | brokers begin a topic anew where an error stands between its partitions |
//! | paths of log directories, sizes of disks | a symbol | they are the machine's |
//! | names of topics, and elements with a name, an id or an index, in pages those that are denied | sorted | clients find them by it, and Kafka has them in the order of hashes of names |
//! | what is listed of other cases, and Kafka's internal topics | left out | a cluster of one's own has them, too |
//! | texts from ` collides with existing topic` on | cut off | what the gateway leaves out, since it is cut from another's name |
//! | groups of regular expressions, which don't capture | groups | the gateway writes an expression anew |
//! | what one of a group's several members is assigned of the client's topics | a symbol | it goes by the hashes of ids |
//! | the request in what brokers say of an operation on the cluster that is denied | what the error code says | it is told with its connection and its buffers |
//! | checksums of records | left out | they are over the id of the producer |
//!
//! Nothing else is, error messages included.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Field, Type};
use keg_codec::{Api, ApiKey};

use super::batch;
use super::case::Case;
use super::meant::TOPIC_AUTHORIZATION_FAILED;
use super::shown::Shown;
use super::symbols::Symbols;

/// The first millisecond that can't be one of a record of the sequences.
const THIS_DECADE: std::ops::Range<i64> = 1_735_689_600_000..100_000_000_000_000;

const COLLISION: &str = " collides with existing topic";

/// Which side it is whose responses are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Virtual,
    Own,
}

/// Shows the responses of a side.
#[derive(Debug)]
pub(super) struct Normaliser<'a> {
    pub(super) which: Which,
    pub(super) case: &'a Case<'a>,
    /// Where clients of this side find its node.
    pub(super) node: &'a (String, i64),
    /// Whether a group that may be shown has several members.
    pub(super) several_members: bool,
    pub(super) symbols: &'a mut Symbols,
}

impl Normaliser<'_> {
    pub(super) fn show(&mut self, api: &'static Api, version: i16, response: &Struct) -> Shown {
        self.fields(api, version, response)
    }

    fn fields(&mut self, api: &'static Api, version: i16, fields: &Struct) -> Shown {
        let mut shown = Vec::new();
        for (field, value) in fields.iter().filter(|(field, _)| field.versions.contains(version)) {
            shown.push((field.name, self.value(api, version, field, value)));
        }
        Shown::Fields(shown)
    }

    fn value(&mut self, api: &'static Api, version: i16, field: &'static Field, value: &Value) -> Shown {
        match value {
            Value::Array(elements) if self.is_a_share(field, elements) => Shown::Symbol("a share".to_owned()),
            Value::Array(elements) => {
                let mut elements: Vec<&Value> = elements.iter().filter(|it| self.is_of_this_case(it)).collect();
                if field.entity == Entity::TopicName {
                    elements.sort_by_key(|name| name.as_text());
                }
                // The pages of these go by the names' order, but for what is denied, which comes last.
                let in_pages = api.key == ApiKey::DESCRIBE_TOPIC_PARTITIONS && field.name == "Topics";
                let is_denied = |it: &&Value| {
                    let code = it.as_struct().and_then(|it| it.get("ErrorCode"));
                    code == Some(&Value::Integer(TOPIC_AUTHORIZATION_FAILED))
                };
                let sorted_from = match in_pages {
                    true => elements.iter().position(is_denied).unwrap_or(elements.len()),
                    false => 0,
                };
                // Kafka's controller shuffles what it says of topics, one of which it may say two things of.
                let code_of_deletion = |it: &&Value| match api.key {
                    ApiKey::DELETE_TOPICS => it.as_struct().and_then(|it| it.get("ErrorCode")?.as_integer()),
                    _ => None,
                };
                elements[sorted_from..].sort_by_cached_key(|element| (self.place(element), code_of_deletion(element)));
                let shown = elements
                    .into_iter()
                    .map(|element| self.value(api, version, field, element))
                    .collect();
                match (api.key, field.name) {
                    (ApiKey::FETCH | ApiKey::SHARE_FETCH, "Responses") => Shown::List(one_of_each_topic(shown)),
                    _ => Shown::List(shown),
                }
            }
            Value::Struct(nested) => self.fields(api, version, nested),
            _ => self.scalar(field, value),
        }
    }

    fn scalar(&mut self, field: &'static Field, value: &Value) -> Shown {
        let symbol = |name: &str| Shown::Symbol(name.to_owned());
        match (value, field.entity, field.name) {
            (Value::Uuid(id), ..) => self.symbols.topic_id(*id),
            (Value::Integer(port), Entity::BrokerPort, _) if *port == self.node.1 => symbol("own port"),
            (Value::Bytes(host), Entity::BrokerHost, _) if *host == self.node.0.as_bytes() => symbol("own host"),
            (Value::Bytes(_), Entity::ClusterId, _) => symbol("cluster id"),
            (Value::Bytes(_), Entity::ClientHost, _) => symbol("client"),
            (Value::Integer(id), Entity::ProducerId, _) => self.symbols.producer(*id),
            (Value::Integer(id), _, "SessionId") => self.symbols.session(*id),
            (Value::Integer(_), _, "TotalBytes" | "UsableBytes") => symbol("disk"),
            (Value::Integer(time), ..) if THIS_DECADE.contains(time) => symbol("now"),
            (Value::Bytes(path), _, "LogDir") if !path.is_empty() => symbol("path"),
            (Value::Bytes(member), _, "MemberId" | "Leader") => self.symbols.member(member),
            (Value::Bytes(records), Entity::Records, _) => batch::show(records, self.symbols),
            (Value::Bytes(regex), Entity::TopicNameRegex, _) => {
                Shown::Text(String::from_utf8_lossy(regex).replace("(?:", "("))
            }
            // Keys of share groups have ids in them.
            (Value::Bytes(text), Entity::FreeText | Entity::CoordinatorKey, _) => {
                let text = self.symbols.in_text(&String::from_utf8_lossy(text));
                if text.starts_with("Request Request(")
                    && (text.ends_with(" is not authorized.") || text.ends_with(" permission."))
                {
                    return Shown::Text("Cluster authorization failed.".to_owned());
                }
                let end = text.find(COLLISION).map_or(text.len(), |at| at + COLLISION.len());
                Shown::Text(text[..end].to_owned())
            }
            (Value::Bytes(bytes), ..) if matches!(field.ty, Type::String) => {
                Shown::Text(String::from_utf8_lossy(bytes).into_owned())
            }
            (Value::Bytes(bytes), ..) => Shown::Bytes(bytes.clone()),
            (Value::Integer(number), ..) => Shown::Integer(*number),
            (Value::Float(number), ..) => Shown::Text(number.to_string()),
            _ => Shown::Null,
        }
    }

    /// Whether an array is what one of several members is assigned, and all of it is of the client's topics.
    fn is_a_share(&self, field: &Field, elements: &[Value]) -> bool {
        let is_own = |topic: &Value| {
            let Some(topic) = topic.as_struct() else { return false };
            let Some(Value::Uuid(id)) = topic.get("TopicId") else {
                return false;
            };
            let name = self.symbols.own_name(id);
            name.is_some() && topic.get("TopicName").is_none_or(|it| it.as_text() == name)
        };
        self.several_members && field.name == "TopicPartitions" && elements.iter().all(is_own)
    }

    /// Whether an element has no name, or one that isn't there because of another case.
    fn is_of_this_case(&self, element: &Value) -> bool {
        let Some(name) = element.as_struct().and_then(name) else {
            return true;
        };
        match self.which {
            // Everything else that is not the tenant's has no business here, and shows as a difference.
            Which::Virtual => !self.case.is_of_another_case(&name),
            Which::Own => !self.case.ends_as_another_case(&name) && !name.starts_with("__"),
        }
    }

    /// What an element of an array is found by.
    fn place(&self, element: &Value) -> Vec<Place> {
        let Some(fields) = element.as_struct() else {
            return Vec::new();
        };
        let mut place = Vec::new();
        for (field, value) in fields.iter() {
            place.push(match (value, field.entity, field.name) {
                (Value::Uuid(id), ..) => Place::Number(self.symbols.place_of_topic_id(*id)),
                (Value::Bytes(member), _, "MemberId") => Place::Number(self.symbols.place_of_member(member)),
                (Value::Integer(id), Entity::ProducerId, _) => Place::Number(self.symbols.place_of_producer(*id)),
                (
                    Value::Bytes(name),
                    Entity::TopicName | Entity::GroupId | Entity::TransactionalId | Entity::ConfigResourceName,
                    _,
                )
                | (Value::Bytes(name), Entity::Plain, "Name") => Place::Name(name.clone()),
                (Value::Bytes(key), Entity::CoordinatorKey, _) => {
                    Place::Name(self.symbols.in_text(&String::from_utf8_lossy(key)).into_bytes())
                }
                (Value::Integer(number), Entity::PartitionIndex | Entity::ConfigResourceType, _) => {
                    Place::Index(*number)
                }
                _ => continue,
            });
        }
        place
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Name(Vec<u8>),
    Index(i64),
    Number(usize),
}

/// The name of what an element is about.
fn name(element: &Struct) -> Option<String> {
    element.iter().find_map(|(field, value)| match (field.entity, value) {
        (
            Entity::TopicName | Entity::GroupId | Entity::TransactionalId | Entity::ConfigResourceName,
            Value::Bytes(name),
        ) if !field.array => Some(String::from_utf8_lossy(name).into_owned()),
        _ => None,
    })
}

/// Puts the partitions of a topic together where it comes more than once.
fn one_of_each_topic(topics: Vec<Shown>) -> Vec<Shown> {
    let mut merged: Vec<Vec<(&'static str, Shown)>> = Vec::new();
    for topic in topics {
        let Shown::Fields(topic) = topic else { continue };
        let is_same = |known: &[(&str, Shown)]| {
            known
                .iter()
                .zip(&topic)
                .all(|(one, other)| one.0 == "Partitions" || one == other)
        };
        match merged.iter_mut().find(|known| is_same(known)) {
            Some(known) => {
                for (into, from) in known.iter_mut().zip(topic) {
                    if let (Shown::List(into), Shown::List(from)) = (&mut into.1, from.1) {
                        into.extend(from);
                        into.sort();
                    }
                }
            }
            None => merged.push(topic),
        }
    }
    merged.into_iter().map(Shown::Fields).collect()
}
