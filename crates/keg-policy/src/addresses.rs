//! Broker addresses: clients see the gateway's in the place of the backend's.

use std::fmt;
use std::sync::Arc;

use keg_codec::Api;
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, Verdict, Visitor, walk};

use crate::connection::Connection;
use crate::policy::{Answer, Interest, Policy, Withheld};

/// Tells where clients reach a node through the gateway, and learns where the gateway reaches it.
pub trait AddressBook: fmt::Debug + Send + Sync {
    /// The host and port for clients to reach a node.
    ///
    /// # Errors
    /// When the node has no address at the gateway: which node, and what to configure.
    fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String>;

    /// A node's own address, as the backend gives it.
    fn learn(&self, node_id: i32, host: &str, port: u16);
}

/// Replaces every broker address in responses by what the connection's [`AddressBook`] says.
#[derive(Debug, Clone, Copy, Default)]
pub struct BrokerAddresses;

impl Policy for BrokerAddresses {
    fn name(&self) -> &str {
        "broker_addresses"
    }

    fn interest(&self, api: &Api, version: i16) -> Interest {
        Interest::of(false, api.response.entities(version).contains(Entity::BrokerHost))
    }

    fn response(&self, connection: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
        let body = answer.response.body_bytes();
        let mut rewrite = Rewrite {
            book: &*connection.addresses,
            node: -1,
            host: None,
            address: None,
            endpoints: false,
            problem: None,
        };
        match walk(&answer.api.response, answer.version, &body, &mut rewrite) {
            Ok(edits) => {
                answer.response.body = edits.apply(&body);
                Ok(())
            }
            Err(error) => Err(rewrite.problem.map_or_else(|| Withheld::new(error), Withheld::new)),
        }
    }
}

/// One response. Node id, host and port follow each other in every message that has them.
struct Rewrite<'a> {
    book: &'a dyn AddressBook,
    node: i32,
    host: Option<String>,
    address: Option<(Arc<str>, u16)>,
    /// Inside KIP-951's hints: one that can't be followed is left out, and the client asks for metadata instead.
    endpoints: bool,
    problem: Option<String>,
}

impl Visitor for Rewrite<'_> {
    fn interest(&self) -> EntitySet {
        const { EntitySet::of(&[Entity::BrokerId, Entity::BrokerHost, Entity::BrokerPort]) }
    }

    fn enter(&mut self, field: &'static Field) {
        self.endpoints = field.name == "NodeEndpoints";
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        if field.entity != Entity::BrokerHost {
            return Edit::Keep;
        }
        self.address = None;
        let host = value.map(String::from_utf8_lossy).unwrap_or_default();
        // "Nobody": a coordinator that isn't available, for example.
        if host.is_empty() || self.node < 0 {
            self.host = None;
            return if host.is_empty() {
                Edit::Keep
            } else {
                Edit::Replace(Vec::new().into())
            };
        }
        self.host = Some(host.into_owned());
        match self.book.advertise(self.node) {
            Ok(address) => {
                let (host, _) = self.address.insert(address);
                Edit::Replace(host.as_bytes().into())
            }
            Err(_) if self.endpoints => Edit::Drop,
            Err(problem) => {
                self.problem = Some(problem);
                Edit::Refuse
            }
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        match field.entity {
            Entity::BrokerId => self.node = i32::try_from(value).unwrap_or(-1),
            Entity::BrokerPort => {
                if let (Some(host), Ok(port)) = (&self.host, u16::try_from(value)) {
                    self.book.learn(self.node, host, port);
                }
                // Never the backend's, whatever came before it.
                let port = self.address.take().map_or(-1, |(_, port)| i64::from(port));
                return if self.host.is_some() || value > 0 {
                    IntegerEdit::Set(port)
                } else {
                    IntegerEdit::Keep
                };
            }
            _ => {}
        }
        IntegerEdit::Keep
    }

    fn leave(&mut self, _field: &'static Field) -> Verdict {
        self.node = -1;
        Verdict::Keep
    }
}
