//! Real Kafka clusters, started when the first test asks for them.

mod node;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use node::{Node, NodeFiles, Ports, external_host};

use crate::certs::Authority;
use crate::issuer::{self, Issuer};
use crate::ports::unmistakable_port;
use crate::setup::{CURRENT, OLDER, Setup};
use crate::signers;

/// How long a cluster may take until it serves; on two busy cores a start takes 10 to 20 s.
const START: Duration = Duration::from_secs(120);

/// The host names of every broker certificate.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "*.kafka.test"];

type Started = OnceLock<Option<Backend>>;

/// What members of groups are assigned doesn't depend on how much time is between their requests, nor what is in a
/// transaction on the hashes of their groups' names.
macro_rules! twins_settings {
    () => {
        "offsets.topic.num.partitions=1
group.consumer.assignment.interval.ms=0
group.consumer.assignor.offload.enable=false
group.share.assignment.interval.ms=0
group.share.assignor.offload.enable=false
group.streams.assignment.interval.ms=0
group.streams.assignor.offload.enable=false
"
    };
}

/// A running Kafka cluster in KRaft mode; every node is broker and controller.
#[derive(Debug)]
pub(crate) struct Backend {
    nodes: Vec<Mutex<Node>>,
    authority: Authority,
    advertised_port: u16,
}

impl Backend {
    /// Three nodes that all tests share; none of them ever stops.
    pub(crate) fn shared(setup: &'static Setup) -> &'static Self {
        static SHARED: Started = Started::new();
        Self::once(&SHARED, || Self::start(setup, "shared", CURRENT, 3))
    }

    /// Three more nodes, for one test at a time: to stop some of them, or to have a cluster of one's own.
    pub(crate) fn exclusive(setup: &'static Setup) -> (&'static Self, MutexGuard<'static, ()>) {
        static EXCLUSIVE: Started = Started::new();
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let backend = Self::once(&EXCLUSIVE, || Self::start(setup, "exclusive", CURRENT, 3));
        backend.start_stopped_nodes();
        (backend, turn)
    }

    /// One node of the older Kafka.
    pub(crate) fn older(setup: &'static Setup) -> &'static Self {
        static OLD: Started = Started::new();
        Self::once(&OLD, || Self::start(setup, "older", OLDER, 1))
    }

    /// Three nodes of the caller's own, which end with what is returned.
    pub(crate) fn own(setup: &'static Setup, name: &str, more: &str) -> Self {
        Self::start_with(setup, name, CURRENT, 3, more)
    }

    /// One node with Kafka's own authorizer, for which everybody is a super user, for the ACL tests.
    pub(crate) fn authorizing(setup: &'static Setup) -> &'static Self {
        static AUTHORIZING: Started = Started::new();
        let more = "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
";
        Self::once(&AUTHORIZING, || {
            Self::start_with(setup, "authorizing", CURRENT, 1, more)
        })
    }

    /// One node that wants SASL on its TLS listener, with a user `keg` for PLAIN; users for SCRAM are to be made.
    pub(crate) fn authenticating(setup: &'static Setup) -> &'static Self {
        static AUTHENTICATING: Started = Started::new();
        let more = "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SASL_SSL,EXTERNAL:SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_keg=\"gateway's\";
listener.name.ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
";
        Self::once(&AUTHENTICATING, || {
            Self::start_with(setup, "authenticating", CURRENT, 1, more)
        })
    }

    /// One node more like that, which ends sessions after three seconds, and takes the tokens of [`Issuer::of_brokers`]. Its
    /// external listener wants certificates.
    pub(crate) fn with_short_sessions(setup: &'static Setup) -> &'static Self {
        static SHORT: Started = Started::new();
        Self::once(&SHORT, || {
            let issuer = Issuer::of_brokers();
            let ca = setup.dir("short-sessions").join("issuer-ca.pem");
            fs::write(&ca, issuer.ca()).unwrap();
            let more = format!(
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SASL_SSL,EXTERNAL:SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
connections.max.reauth.ms=3000
listener.name.external.ssl.client.auth=required
listener.name.ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_keg=\"gateway's\";
listener.name.ssl.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler
listener.name.ssl.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\" ssl.truststore.type=\"PEM\" ssl.truststore.location=\"{ca}\";
sasl.oauthbearer.jwks.endpoint.url={keys}
sasl.oauthbearer.expected.issuer={issuer}
sasl.oauthbearer.expected.audience={audience}
sasl.oauthbearer.clock.skew.seconds=0
listener.name.ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
",
                ca = ca.display(),
                keys = issuer.url(),
                issuer = signers::ISSUER,
                audience = issuer::AUDIENCE,
            );
            Self::start_with(setup, "short-sessions", CURRENT, 1, &more)
        })
    }

    /// Two clusters of one node each, with the same settings and the same ids: one to share, and one to have alone.
    pub(crate) fn twins(setup: &'static Setup) -> [&'static Self; 2] {
        static TWINS: [Started; 2] = [const { Started::new() }; 2];
        let names = ["shared-twin", "lone-twin"];
        let start = |twin: usize| Self::start_with(setup, names[twin], CURRENT, 1, twins_settings!());
        [0, 1].map(|twin| Self::once(&TWINS[twin], || start(twin)))
    }

    /// One more twin, with Kafka's own authorizer: who comes in by the port for TLS, in plaintext, is `User:client`, and all
    /// others are super users.
    pub(crate) fn authorizing_twin(setup: &'static Setup) -> &'static Self {
        static TWIN: Started = Started::new();
        let more = concat!(
            twins_settings!(),
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:PLAINTEXT,EXTERNAL:SSL,CONTROLLER:PLAINTEXT
principal.builder.class=keg.PrincipalByListener
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"
        );
        Self::once(&TWIN, || Self::start_with(setup, "acl-twin", CURRENT, 1, more))
    }

    /// The plaintext addresses, as a client's `bootstrap.servers`.
    pub(crate) fn bootstrap(&self) -> String {
        self.addresses(|ports| ports.plaintext).join(",")
    }

    /// The TLS addresses.
    pub(crate) fn tls_bootstrap(&self) -> String {
        self.addresses(|ports| ports.tls).join(",")
    }

    /// The certificate of what signed the brokers'.
    pub(crate) fn ca(&self) -> &Path {
        self.authority.file()
    }

    /// What signs the brokers' certificates, and what they trust clients by.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The addresses of the external listeners, in the order of the nodes' ids.
    pub(crate) fn external_addresses(&self) -> Vec<String> {
        self.addresses(|ports| ports.external)
    }

    /// What the external listeners are advertised as: other names, and one port for all, where a gateway may listen.
    pub(crate) fn advertised(&self) -> (Vec<String>, u16) {
        let hosts = (1..=self.nodes.len()).map(external_host).collect();
        (hosts, self.advertised_port)
    }

    /// The ports of all listeners of all nodes.
    pub(crate) fn ports(&self) -> Vec<u16> {
        let nodes = (1..=self.nodes.len()).map(|id| self.node(id).ports());
        nodes
            .flat_map(|ports| [ports.plaintext, ports.tls, ports.external, ports.controller])
            .collect()
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Stops a node in an orderly way: its partitions get other leaders first.
    pub(crate) fn stop_node(&self, id: usize) {
        self.node(id).stop();
    }

    /// Starts a stopped node again, and waits until it serves.
    pub(crate) fn start_node(&self, id: usize) {
        let mut node = self.node(id);
        node.start();
        node.wait_until_serving(START);
    }

    /// What clients have pushed to the nodes, a line for each push.
    pub(crate) fn telemetry(&self) -> String {
        (1..=self.nodes.len()).map(|id| self.node(id).telemetry()).collect()
    }

    /// The ends of the nodes' logs.
    pub(crate) fn log_tails(&self) -> String {
        let tails: Vec<String> = (1..=self.nodes.len()).map(|id| self.node(id).log_tail()).collect();
        tails.join("\n")
    }

    /// A test that failed may have left some.
    fn start_stopped_nodes(&self) {
        for id in 1..=self.nodes.len() {
            if !self.node(id).is_started() {
                self.start_node(id);
            }
        }
    }

    fn node(&self, id: usize) -> MutexGuard<'_, Node> {
        self.nodes[id - 1].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn addresses(&self, port: impl Fn(Ports) -> u16) -> Vec<String> {
        let nodes = 1..=self.nodes.len();
        nodes
            .map(|id| format!("127.0.0.1:{}", port(self.node(id).ports())))
            .collect()
    }

    /// Starts at the first call; a start that failed is not tried again for every test.
    fn once(started: &'static Started, start: impl FnOnce() -> Self) -> &'static Self {
        let outcome = started.get_or_init(|| catch_unwind(AssertUnwindSafe(start)).ok());
        outcome
            .as_ref()
            .expect("a Kafka cluster that starts; the first test that needed it says why it did not")
    }

    fn start(setup: &'static Setup, name: &str, version: &'static str, count: usize) -> Self {
        Self::start_with(setup, name, version, count, "")
    }

    /// Starts nodes whose properties have these lines more.
    fn start_with(setup: &'static Setup, name: &str, version: &'static str, count: usize, more: &str) -> Self {
        let dir = setup.dir(name);
        let authority = Authority::new("backend-ca", &dir);
        let identity = authority.identity("broker", &HOSTS);
        let voters: Vec<(usize, u16)> = (1..=count).map(|id| (id, unmistakable_port())).collect();
        let advertised_port = unmistakable_port();
        let files = NodeFiles {
            setup,
            version,
            // A UUID in base64. No two clusters have the same.
            cluster_id: format!("keg-test-{name:A<13}"),
            key_store: identity.both,
            trust_store: authority.file().to_owned(),
            advertised_port,
            dir,
            more: more.to_owned(),
        };
        let nodes: Vec<Mutex<Node>> = (1..=count)
            .map(|id| Mutex::new(Node::new(&files, id, &voters)))
            .collect();
        let backend = Self {
            nodes,
            authority,
            advertised_port,
        };
        for id in 1..=count {
            backend.node(id).start();
        }
        for id in 1..=count {
            backend.node(id).wait_until_serving(START);
        }
        backend
    }
}
