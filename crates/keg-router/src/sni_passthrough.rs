//! A name for each node, and the TLS connection goes on to the backend as it is.

use crate::{
    advertise::Hosts,
    name::{NameError, NodeName, check_host},
};

/// Sends TLS connections on by the name in their hello, without terminating TLS.
///
/// The names are the ones that the backend itself advertises, since its answers can't be rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SniPassthrough<D> {
    pub(crate) destination: D,
    pub(crate) bootstrap_host: String,
    pub(crate) broker_host: String,
    pub(crate) advertised_port: Option<u16>,
}

impl<D> SniPassthrough<D> {
    /// The backend's bootstrap name, and the names of its nodes with `{node_id}` where the id stands:
    /// `broker-{node_id}.kafka.example.com`.
    #[must_use]
    pub fn new(destination: D, bootstrap_host: impl Into<String>, broker_host: impl Into<String>) -> Self {
        Self {
            destination,
            bootstrap_host: bootstrap_host.into(),
            broker_host: broker_host.into(),
            advertised_port: None,
        }
    }

    /// The port that clients connect to; needed unless the listener has one port.
    #[must_use]
    pub const fn advertised_port(mut self, port: u16) -> Self {
        self.advertised_port = Some(port);
        self
    }
}

/// Which field is wrong, and why.
pub(crate) type WrongField = (&'static str, String, NameError);

impl<D> SniPassthrough<D> {
    pub(crate) fn hosts(&self, advertised_port: u16) -> Result<Hosts, Vec<WrongField>> {
        let bootstrap = self.bootstrap_host.to_ascii_lowercase();
        let checked = check_host(&bootstrap);
        match (checked, NodeName::parse(&self.broker_host)) {
            (Ok(()), Ok(node)) => Ok(Hosts::ByName {
                bootstrap,
                node,
                advertised_port,
            }),
            (checked, node) => {
                let bootstrap = checked
                    .err()
                    .map(|why| ("bootstrap_host", self.bootstrap_host.clone(), why));
                let node = node.err().map(|why| ("broker_host", self.broker_host.clone(), why));
                Err(bootstrap.into_iter().chain(node).collect())
            }
        }
    }
}
