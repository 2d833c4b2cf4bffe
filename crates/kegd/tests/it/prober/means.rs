//! The means by which another tenant's objects can be named.

use serde_json::{Value, json};

use super::build::Builder;
use super::embedded;
use super::slots::{Kind, Slot};
use super::tenant::Tenant;

/// Topics that are Kafka's own.
pub(crate) const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// Numbers that mean something somewhere, and some that mean nothing.
const CHOICES: [i64; 13] = [-1, 0, 1, 2, 3, 4, 5, 6, 8, 16, 32, 64, 127];

/// What a client finds out who looks for more than its own.
pub(crate) const EXPRESSIONS: [&str; 12] = [
    ".*",
    "zq.*",
    "a)|(.*",
    "\\Q",
    "\\E.*",
    "x|.*",
    ".*|x",
    "(",
    "^.*$",
    "(?i)ZQ.*",
    ".*zqx.*",
    "\\Qx\\E|.*",
];

/// What is put into a slot, and what it is called in a report.
#[derive(Clone, Debug)]
pub(crate) struct Mean {
    pub(crate) label: String,
    pub(crate) value: Value,
}

/// Topics that are named beside the other's.
#[derive(Clone, Debug)]
pub(crate) struct Beside {
    pub(crate) names: Vec<String>,
    pub(crate) ids: Vec<String>,
}

/// How another's things are written when one name for each kind is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As its own clients do.
    Client,
    /// As they are on the backend.
    Whole,
}

impl Manner {
    /// A name on the backend, written so.
    pub(crate) fn write(self, tenant: &Tenant, name: &str) -> String {
        match self {
            Self::Client => tenant.as_client(name).to_owned(),
            Self::Whole => name.to_owned(),
        }
    }
}

/// The other's thing for a slot, or nothing where the slot names no such thing.
pub(crate) fn other(builder: &Builder<'_>, other: &Tenant, manner: Manner, kind: Kind) -> Option<Value> {
    let write = |name: &str| json!(manner.write(other, name));
    let api = builder.message.api.as_str();
    let group = group_of(api, other);
    Some(match kind {
        Kind::Topic | Kind::Resource => match api {
            "DeleteTopics" | "DeleteRecords" => write(&other.victim.name),
            _ => write(&other.orders.name),
        },
        Kind::Group => write(&group.name),
        Kind::Key => write(&other.classic.name),
        Kind::Transaction => write(&other.transaction.id),
        Kind::TopicId => match api {
            "DeleteTopics" => json!(other.victim.id),
            _ => json!(other.orders.id),
        },
        Kind::Expression | Kind::Text => write(&other.orders.name),
        Kind::Member => json!(group.member),
        Kind::Instance => json!(format!("instance-{}", other.marker)),
        Kind::User if api.contains("Acl") => json!(format!("User:{}", other.user())),
        Kind::User => json!(other.user()),
        Kind::Producer => json!(other.transaction.producer),
        Kind::Subscription => json!(embedded::subscription(
            builder.definitions,
            write(&other.orders.name).as_str()?
        )),
        Kind::Assignment => json!(embedded::assignment(
            builder.definitions,
            write(&other.orders.name).as_str()?
        )),
        Kind::OtherId => json!(other.orders.id),
        Kind::Host | Kind::Broker | Kind::Choice => return None,
    })
}

/// The group of the kind that a request is about.
pub(crate) fn group_of<'a>(api: &str, tenant: &'a Tenant) -> &'a super::tenant::Group {
    match api {
        "OffsetDelete" | "DeleteGroups" => &tenant.simple,
        _ if api.contains("Share") => &tenant.share,
        _ if api.contains("Streams") => &tenant.streams,
        _ if api.contains("Consumer") => &tenant.consumer,
        _ => &tenant.classic,
    }
}

/// Every means for one slot.
pub(crate) fn all(builder: &Builder<'_>, them: &Tenant, beside: &Beside, slot: &Slot) -> Vec<Mean> {
    let mut means = Vec::new();
    let mut add = |label: &str, value: Value| {
        let value = if slot.list { json!([value]) } else { value };
        means.push(Mean {
            label: label.to_owned(),
            value,
        });
    };
    for (label, manner) in [("client name", Manner::Client), ("whole name", Manner::Whole)] {
        if let Some(value) = other(builder, them, manner, slot.kind) {
            add(label, value);
        }
    }
    let prefix = them.prefix.as_str();
    match slot.kind {
        Kind::Topic => {
            let names = beside.names.iter().map(String::as_str);
            for name in names.chain([prefix, "", ".*", "*", "zq.*"]) {
                add(name, json!(name));
            }
        }
        Kind::Group => {
            for group in them.groups() {
                add("group", json!(group.name));
                add("group by client name", json!(them.as_client(&group.name)));
            }
            for name in [prefix, "", ".*", "*"] {
                add(name, json!(name));
            }
        }
        Kind::Transaction => [prefix, "", ".*", "*"]
            .into_iter()
            .for_each(|name| add(name, json!(name))),
        Kind::TopicId => {
            add("victim's id", json!(them.victim.id));
            add("no id", json!("0".repeat(32)));
            beside.ids.iter().for_each(|id| add("id of what is beside", json!(id)));
        }
        Kind::Key => {
            let share = format!("{}:{}:0", them.share.name, base64(&them.orders.id));
            for key in [
                &share,
                &them.transaction.id,
                &them.as_client(&them.transaction.id).to_owned(),
            ] {
                add("key", json!(key));
            }
            add("share key by client name", json!(them.as_client(&share)));
        }
        Kind::Resource => {
            for name in [
                them.classic.name.as_str(),
                &them.consumer.name,
                &them.transaction.id,
                prefix,
                "*",
                "",
                "1",
                "kafka-cluster",
            ] {
                add(name, json!(name));
            }
            add("metrics", json!(format!("metrics-{}", them.marker)));
            beside.names.iter().for_each(|name| add(name, json!(name)));
        }
        Kind::Expression => EXPRESSIONS.iter().for_each(|it| add(it, json!(it))),
        Kind::Host => ["127.0.0.1", "*", ""].into_iter().for_each(|it| add(it, json!(it))),
        Kind::User => ["User:*", "*", ""].into_iter().for_each(|it| add(it, json!(it))),
        Kind::Broker => [-2, -1, 1, 2, 3, 77].into_iter().for_each(|it| add("node", json!(it))),
        Kind::Choice => CHOICES.into_iter().for_each(|it| add(&it.to_string(), json!(it))),
        Kind::Text => add(".*", json!(".*")),
        _ => {}
    }
    if slot.nullable {
        let value = Value::Null;
        means.push(Mean {
            label: "null".to_owned(),
            value,
        });
    }
    means
}

/// An id as Kafka writes it in text.
pub(crate) fn base64(id: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bytes = super::encode::from_hex(id);
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let digit = |start: usize| {
        let bits = format!("{:0<6}", &bits[start..bits.len().min(start + 6)]);
        char::from(DIGITS[usize::from_str_radix(&bits, 2).unwrap()])
    };
    (0..bits.len()).step_by(6).map(digit).collect()
}
