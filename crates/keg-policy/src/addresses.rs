//! Broker addresses: clients see the gateway's in the place of the backend's.

mod configs;
mod rewrite;
mod texts;

use std::fmt;
use std::sync::Arc;

use keg_codec::schema::{Entity, EntitySet};
use keg_codec::walk::{says_nothing_of, walk};
use keg_codec::{Api, ApiKey};

use crate::chain::StreamedNames;
use crate::connection::Connection;
use crate::policy::{Answer, Interest, Note, Policy, Withheld};
use configs::Configs;
use rewrite::Rewrite;

/// Tells where clients reach a node through the gateway, and learns where the gateway reaches it.
pub trait AddressBook: fmt::Debug + Send + Sync {
    /// The host and port for clients to reach a node. Node ids are not negative.
    ///
    /// # Errors
    /// When the node has no address at the gateway: which node, and what to configure.
    fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String>;

    /// A node's own address, as the backend gives it to clients. Called for every response that has it.
    fn learn(&self, node_id: i32, host: &str, port: u16);
}

/// Replaces every broker address in responses by what the connection's [`AddressBook`] says.
///
/// - Metadata, FindCoordinator, DescribeCluster: a response with a node that the book doesn't know is withheld.
/// - The hints of KIP-951 (`NodeEndpoints` of Produce, Fetch and their share group kin): one that can't be followed is
///   left out, and the client asks for metadata instead.
/// - DescribeQuorum: the listeners of controllers are left out; clients can't reach them.
/// - DescribeConfigs of a broker: settings that hold addresses are null.
/// - Error messages in which a broker writes down the connection of a request that it refuses lose that.
/// - The hosts of group members, as brokers see them: those of members behind a gateway are the gateway's own, in the
///   operator's network, and which members are behind one nobody knows. None is shown.
///
/// Tagged fields that keg doesn't know are left out of all of these.
#[derive(Debug, Clone, Copy, Default)]
pub struct BrokerAddresses;

impl Policy for BrokerAddresses {
    fn name(&self) -> &str {
        "broker_addresses"
    }

    fn interest(&self, api: &Api, version: i16) -> Interest {
        const HOSTS: EntitySet = EntitySet::of(&[
            Entity::BrokerHost,
            Entity::ClientHost,
            Entity::ConfigValue,
            Entity::FreeText,
        ]);
        Interest::of(false, api.response.entities(version).intersects(HOSTS))
    }

    fn looks_for(&self, api: &Api, _version: i16) -> Option<EntitySet> {
        (api.key != ApiKey::DESCRIBE_CONFIGS).then_some(rewrite::ADDRESSES)
    }

    fn streams(&self, _api: &Api, _version: i16, _note: &Note) -> bool {
        true
    }

    fn streamed_names(&self, _connection: &Connection, _note: &Note) -> Option<StreamedNames> {
        Some(StreamedNames::Kept)
    }

    fn response(&self, connection: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
        let (api, version, body) = (answer.api, answer.version, answer.response.body_bytes());
        let edits = if api.key == ApiKey::DESCRIBE_CONFIGS {
            walk(&api.response, version, &body, &mut Configs::default()).map_err(Withheld::new)?
        } else if says_nothing_of(rewrite::ADDRESSES, &api.response, version, &body) {
            return Ok(());
        } else {
            let mut rewrite = Rewrite::new(&*connection.addresses, api.key);
            walk(&api.response, version, &body, &mut rewrite).map_err(|error| match rewrite.problem {
                Some(problem) => Withheld::new(problem),
                None => Withheld::new(error),
            })?
        };
        answer.response.body = edits.apply(&body);
        Ok(())
    }
}
