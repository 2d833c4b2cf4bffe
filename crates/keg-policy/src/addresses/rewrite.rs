//! Node ids, hosts and ports, which follow each other in every message that has them.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, Verdict, Visitor};

use super::AddressBook;
use super::texts::without_request;

/// What stands in the place of a group member's host. It is written as brokers write addresses, for tools that read it.
const SOMEWHERE: &[u8] = b"/0.0.0.0";

/// The visitor of a response.
#[derive(Debug)]
pub(super) struct Rewrite<'a> {
    book: &'a dyn AddressBook,
    /// Whether the addresses are those by which clients reach brokers.
    teaches: bool,
    /// The node of the element at hand.
    node: Option<i32>,
    /// The host that the backend gave.
    host: Option<String>,
    /// What takes its place.
    address: Option<(Arc<str>, u16)>,
    /// Inside KIP-951's hints, which may be left out.
    hints: bool,
    /// Why the response was refused.
    pub(super) problem: Option<String>,
}

impl<'a> Rewrite<'a> {
    pub(super) fn new(book: &'a dyn AddressBook, key: ApiKey) -> Self {
        Self {
            book,
            // DescribeCluster may be about controllers, and DescribeQuorum is.
            teaches: !matches!(key, ApiKey::DESCRIBE_CLUSTER | ApiKey::DESCRIBE_QUORUM),
            node: None,
            host: None,
            address: None,
            hints: false,
            problem: None,
        }
    }
}

/// What may have to change.
pub(super) const ADDRESSES: EntitySet = EntitySet::of(&[
    Entity::BrokerHost,
    Entity::BrokerPort,
    Entity::ClientHost,
    Entity::FreeText,
]);

impl Visitor for Rewrite<'_> {
    fn interest(&self) -> EntitySet {
        const { ADDRESSES.union(EntitySet::of(&[Entity::BrokerId])) }
    }

    fn passes_by(&self, field: &'static Field) -> bool {
        // Nodes without addresses, such as the replicas of partitions: most of what a Metadata response has.
        !field.entities().intersects(ADDRESSES)
    }

    fn enter(&mut self, field: &'static Field) {
        self.node = None;
        self.hints = field.name == "NodeEndpoints";
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        match field.entity {
            Entity::BrokerHost => {}
            Entity::ClientHost => return Edit::Replace(SOMEWHERE.into()),
            Entity::FreeText => return value.map_or(Edit::Keep, without_request),
            _ => return Edit::Keep,
        }
        self.address = None;
        self.host = value
            .filter(|host| !host.is_empty())
            .map(|host| String::from_utf8_lossy(host).into_owned());
        match self.node {
            // "Nobody": a coordinator that isn't available, for example.
            _ if self.host.is_none() => Edit::Keep,
            Some(node) if node < 0 => Edit::Replace(Vec::new().into()),
            Some(node) => match self.book.advertise(node) {
                Ok(address) => {
                    let (host, _) = self.address.insert(address);
                    Edit::Replace(host.as_bytes().into())
                }
                Err(_) if self.hints => Edit::Drop,
                Err(problem) => {
                    self.problem = Some(problem);
                    Edit::Refuse
                }
            },
            // An address that isn't a node's, such as a controller's listener.
            None => Edit::Drop,
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        match field.entity {
            Entity::BrokerId => {
                self.node = i32::try_from(value).ok();
                IntegerEdit::Keep
            }
            Entity::BrokerPort => {
                let host = self.host.take();
                if let (Some(host), Some(node @ 0..), Ok(port), true) =
                    (&host, self.node, u16::try_from(value), self.teaches)
                {
                    self.book.learn(node, host, port);
                }
                // Never the backend's, whatever came before it.
                match self.address.take() {
                    Some((_, port)) => IntegerEdit::Set(port.into()),
                    None if value > 0 => IntegerEdit::Set(-1),
                    None => IntegerEdit::Keep,
                }
            }
            _ => IntegerEdit::Keep,
        }
    }

    fn leave(&mut self, _field: &'static Field) -> Verdict {
        self.node = None;
        Verdict::Keep
    }

    fn unknown_tag(&mut self, _tag: u32) -> Verdict {
        // It may hold an address, as KIP-951's hints did in their time.
        Verdict::Drop
    }
}
