//! A connection's address book: what its route advertises, over what its backend has.

use std::sync::Arc;

use keg_policy::AddressBook;
use keg_router::Addresses;

use crate::backend::Backend;

/// Tells clients the addresses of the rule by which they came, and the backend those of its nodes.
#[derive(Debug)]
pub(super) struct RouteAddresses {
    pub(super) addresses: Addresses,
    pub(super) backend: Arc<Backend>,
}

impl AddressBook for RouteAddresses {
    fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String> {
        let advertised = self.addresses.node(node_id).map_err(|error| error.to_string())?;
        Ok((advertised.host.into(), advertised.port))
    }

    fn learn(&self, node_id: i32, host: &str, port: u16) {
        self.backend.learn(node_id, host, port);
    }
}
