//! The gateway's configuration.

mod yaml;

use std::path::{Path, PathBuf};

use crate::backend::Backend;
use crate::certs::Identity;
use crate::ports::{free_port, free_range};
use yaml::identity_yaml;

/// The names of the two virtual clusters.
pub(crate) const VIRTUAL_CLUSTERS: [&str; 2] = ["team-a", "team-b"];

const ANONYMOUS: &str = "{ type: anonymous }";

/// A configuration with two virtual clusters.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    bootstrap_servers: String,
    /// The authority of the backend's certificates; none for plaintext to the backend.
    backend_ca: Option<PathBuf>,
    /// The certificate of the gateway towards the backend.
    backend_identity: Option<Identity>,
    /// Where the nodes are, if they don't say it themselves.
    node_addresses: Vec<String>,
    /// Makes the names of one test differ from those of every other test on the same backend.
    stem: String,
    entry: Entry,
    /// The listeners' TLS where virtual clusters are reached by ports, in YAML's flow style; none for plaintext.
    tls: Option<String>,
    trust_bundles: String,
    passthrough: Option<Passthrough>,
    nodes: u16,
    min_broker_id: u16,
    health_port: u16,
    cluster_policies: String,
    /// The namespaces' modes.
    modes: [&'static str; 2],
    /// What they show beside their namespaces.
    additional: [String; 2],
    /// The virtual clusters' topic aliases.
    topic_aliases: [String; 2],
    /// How the gateway authenticates to the backend.
    backend_authentication: String,
    /// How clients authenticate.
    authentication: String,
    /// How long they may go on without authenticating again.
    session_lifetime: Option<&'static str>,
    acl_mode: &'static str,
}

/// A listener that terminates nothing, and where the nodes are that advertise it as theirs.
#[derive(Clone, Debug)]
struct Passthrough {
    port: u16,
    nodes: Vec<String>,
}

/// How clients reach the virtual clusters.
#[derive(Clone, Debug)]
enum Entry {
    /// For each virtual cluster, the bootstrap port and one port for each node after it.
    Ports(Vec<u16>),
    /// One port for all, and a certificate for each virtual cluster.
    Sni { port: u16, certificates: Vec<Identity> },
}

impl Entry {
    fn some_ports(nodes: u16) -> Self {
        // One more than it takes, for nodes that are shifted.
        Self::Ports(VIRTUAL_CLUSTERS.iter().map(|_| free_range(nodes + 2)).collect())
    }
}

impl Config {
    /// Plaintext on both sides, virtual clusters by port.
    pub(crate) fn new(backend: &Backend, stem: &str) -> Self {
        let nodes = u16::try_from(backend.nodes()).unwrap();
        Self {
            bootstrap_servers: backend.bootstrap(),
            backend_ca: None,
            backend_identity: None,
            node_addresses: Vec::new(),
            stem: stem.to_owned(),
            entry: Entry::some_ports(nodes),
            tls: None,
            trust_bundles: String::new(),
            passthrough: None,
            nodes,
            min_broker_id: 1,
            health_port: free_port(),
            cluster_policies: "[]".to_owned(),
            modes: ["hide_prefix"; 2],
            additional: ["{}"; 2].map(str::to_owned),
            topic_aliases: [const { String::new() }; 2],
            backend_authentication: ANONYMOUS.to_owned(),
            authentication: ANONYMOUS.to_owned(),
            session_lifetime: None,
            acl_mode: "passthrough",
        }
    }

    /// Another cluster behind the same virtual clusters.
    pub(crate) fn with_backend(mut self, backend: &Backend) -> Self {
        self.bootstrap_servers = backend.bootstrap();
        self
    }

    /// TLS to the backend, at these addresses.
    pub(crate) fn with_backend_tls(mut self, bootstrap_servers: String, ca: PathBuf) -> Self {
        self.bootstrap_servers = bootstrap_servers;
        self.backend_ca = Some(ca);
        self
    }

    /// Who the gateway is to the backend by its certificate.
    pub(crate) fn with_backend_identity(mut self, identity: &Identity) -> Self {
        self.backend_identity = Some(identity.clone());
        self
    }

    /// Where the nodes are, in the order of their ids, if they don't say it themselves.
    pub(crate) fn with_node_addresses(mut self, addresses: Vec<String>) -> Self {
        self.node_addresses = addresses;
        self
    }

    /// TLS from the clients, virtual clusters and nodes by SNI on one port.
    pub(crate) fn with_sni(mut self, certificates: Vec<Identity>) -> Self {
        let port = free_port();
        self.entry = Entry::Sni { port, certificates };
        self
    }

    /// TLS from the clients on all ports, and what is asked of them, if anything, in YAML's flow style without its braces.
    pub(crate) fn with_tls(mut self, identity: &Identity, client_authentication: &str) -> Self {
        let asked = match client_authentication {
            "" => String::new(),
            asked => format!(", client_authentication: {{ {asked} }}"),
        };
        self.tls = Some(format!("{{ certificates: [{}]{asked} }}", identity_yaml(identity)));
        self
    }

    /// Authorities of clients, each a bundle of its own.
    pub(crate) fn with_trust_bundles(mut self, bundles: &[(&str, &Path)]) -> Self {
        let bundles = bundles.iter().map(|(name, file)| {
            format!(
                "{{ name: {name}, config: {{ trusted_ca: \"${{file['{}']}}\" }} }}",
                file.display()
            )
        });
        self.trust_bundles = bundles.collect::<Vec<_>>().join(", ");
        self
    }

    /// One more listener that hands TLS connections on to the backend as they are.
    pub(crate) fn with_passthrough(mut self, port: u16, nodes: Vec<String>) -> Self {
        self.passthrough = Some(Passthrough { port, nodes });
        self
    }

    /// Policies for both virtual clusters, in YAML's flow style.
    pub(crate) fn with_cluster_policies(mut self, policies: &str) -> Self {
        self.cluster_policies = policies.to_owned();
        self
    }

    /// The modes of the virtual clusters' namespaces.
    pub(crate) fn with_modes(mut self, modes: [&'static str; 2]) -> Self {
        self.modes = modes;
        self
    }

    /// What both virtual clusters show beside their namespaces, in YAML's flow style.
    pub(crate) fn with_additional(mut self, additional: &str) -> Self {
        self.additional = [additional; 2].map(str::to_owned);
        self
    }

    /// What one of them shows, and the other doesn't.
    pub(crate) fn with_additional_of(mut self, virtual_cluster: usize, additional: String) -> Self {
        self.additional[virtual_cluster] = additional;
        self
    }

    /// Other ports, for everything that clients connect to.
    pub(crate) fn with_other_ports(mut self) -> Self {
        self.entry = Entry::some_ports(self.nodes);
        self
    }

    /// Another gateway, with the same virtual clusters: ports of its own for what clients and operators connect to.
    pub(crate) fn of_another_gateway(self) -> Self {
        Self {
            health_port: free_port(),
            ..self.with_other_ports()
        }
    }

    /// Each node at the port of its neighbour.
    pub(crate) fn with_shifted_nodes(mut self) -> Self {
        self.min_broker_id = 0;
        self
    }

    /// The virtual clusters' topic aliases, in YAML's flow style without its brackets.
    pub(crate) fn with_topic_aliases(mut self, aliases: [String; 2]) -> Self {
        self.topic_aliases = aliases;
        self
    }

    /// How the gateway authenticates to the backend, in YAML's flow style.
    pub(crate) fn with_backend_authentication(mut self, authentication: &str) -> Self {
        self.backend_authentication = authentication.to_owned();
        self
    }

    /// How clients authenticate, in YAML's flow style without the brackets of the list.
    pub(crate) fn with_authentication(mut self, methods: &str) -> Self {
        self.authentication = methods.to_owned();
        self
    }

    /// How long sessions of clients last.
    pub(crate) fn with_session_lifetime(mut self, lifetime: &'static str) -> Self {
        self.session_lifetime = Some(lifetime);
        self
    }

    /// ACLs for both virtual clusters, in YAML's flow style without the brackets of the list.
    pub(crate) fn with_acls(mut self, rules: &str) -> Self {
        self.acl_mode = "enforce_on_gateway";
        self.cluster_policies = format!("[{{ type: acls, name: rules, config: {{ rules: [{rules}] }} }}]");
        self
    }

    /// What the names of a virtual cluster begin with on the backend.
    pub(crate) fn prefix(&self, virtual_cluster: &str) -> String {
        format!("{}-{virtual_cluster}-", self.stem)
    }

    /// A virtual cluster's address, by its place in `VIRTUAL_CLUSTERS`.
    pub(crate) fn bootstrap(&self, virtual_cluster: usize) -> String {
        match &self.entry {
            Entry::Ports(first_ports) => format!("localhost:{}", first_ports[virtual_cluster]),
            Entry::Sni { port, .. } => format!("bootstrap.{}.keg.test:{port}", VIRTUAL_CLUSTERS[virtual_cluster]),
        }
    }

    /// A node's port as a virtual cluster's clients see it.
    pub(crate) fn node_port(&self, virtual_cluster: usize, node: u16) -> u16 {
        match &self.entry {
            Entry::Ports(first_ports) => first_ports[virtual_cluster] + 1 + node - self.min_broker_id,
            Entry::Sni { port, .. } => *port,
        }
    }

    pub(crate) fn health_port(&self) -> u16 {
        self.health_port
    }
}
