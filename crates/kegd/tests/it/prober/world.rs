//! The cluster that is probed.

use std::thread;

use serde_json::json;

use super::definitions::Definitions;
use super::means::{Beside, INTERNAL};
use super::objects;
use super::state::State;
use super::tenant::{Coordinators, Tenant};
use super::wire::Kafka;
use crate::backend::Backend;
use crate::setup::Setup;

/// No member of a group has to say again that it lives, and a member that the prober makes is soon forgotten. Nothing
/// moves to another node by itself, however busy the machine is.
const NODES: &str = "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
group.min.session.timeout.ms=50
group.consumer.max.session.timeout.ms=3600000
group.consumer.session.timeout.ms=3600000
group.share.max.session.timeout.ms=3600000
group.share.session.timeout.ms=3600000
group.streams.max.session.timeout.ms=3600000
group.streams.session.timeout.ms=3600000
group.streams.initial.rebalance.delay.ms=0
broker.session.timeout.ms=120000
controller.quorum.fetch.timeout.ms=20000
auto.leader.rebalance.enable=false
";

/// A cluster of the test's own: what the probes would do to it without a gateway, they do in the end.
pub(crate) struct World<'a> {
    pub(crate) setup: &'static Setup,
    pub(crate) definitions: &'a Definitions,
    pub(crate) backend: Backend,
    /// Of the nodes.
    addresses: Vec<String>,
    /// Kafka's own topics.
    pub(crate) internal: Beside,
}

impl<'a> World<'a> {
    pub(crate) fn new(setup: &'static Setup, definitions: &'a Definitions) -> Self {
        let backend = Backend::own(setup, "prober", NODES);
        let addresses: Vec<String> = backend.bootstrap().split(',').map(str::to_owned).collect();
        // It has these topics made.
        Coordinators::find(definitions, &addresses[0]);
        let mut kafka = Kafka::connect(definitions, &addresses[0], "looking");
        let names = INTERNAL.map(str::to_owned).to_vec();
        let topics: Vec<_> = names.iter().map(|name| json!({"Name": name})).collect();
        let metadata = kafka.settle("Metadata", 12, &json!({"Topics": topics}));
        let topics = metadata["Topics"].as_array().unwrap().iter();
        let ids = topics.map(|it| it["TopicId"].as_str().unwrap().to_owned()).collect();
        Self {
            setup,
            definitions,
            backend,
            addresses,
            internal: Beside { names, ids },
        }
    }

    pub(crate) fn address(&self, node: i64) -> &str {
        &self.addresses[usize::try_from(node - 1).unwrap()]
    }

    /// Those that no client must hear of.
    pub(crate) fn ports(&self) -> Vec<u16> {
        [self.backend.ports(), vec![self.backend.advertised().1]].concat()
    }

    pub(crate) fn make(&self, node: i64, tenant: Tenant) -> Tenant {
        let coordinators = Coordinators::find(self.definitions, self.address(node));
        objects::make(self.definitions, self.address(node), node, &coordinators, tenant)
    }

    pub(crate) fn state(&self, node: i64, tenant: &Tenant, closing: bool) -> State {
        State::of(self.definitions, self.address(node), tenant, closing)
    }
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.setup.keep_files();
        }
    }
}
