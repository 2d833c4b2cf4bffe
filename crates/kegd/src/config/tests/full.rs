//! Everything that this version of keg supports, in one file.

use std::time::Duration;

use keg_policy::{Glob, Operation};

use super::super::model::{
    AclAction, AclMode, AclResourceNames, AclRule, Additional, AdditionalTopics, BackendAuthentication, BootstrapPort,
    BrokerHostFormat, CertificateMapping, CertificateName, ClientAuthenticationMode, ClusterPolicyKind, Condition,
    Forward, LogFormat, NamePattern, NameSet, Names, NamespaceMode, OnConflict, Operations, PortRange, ResourceType,
    TlsVersion, TlsVersions, TopicAlias, VirtualClusterAuthentication,
};
use super::{CERTIFICATE, FULL, SCRAM_SECRET, config};

const ANY_TLS: TlsVersions = TlsVersions {
    min: TlsVersion::Tls12,
    max: TlsVersion::Tls13,
};

fn range(first: u16, last: u16) -> PortRange {
    PortRange::new(first, last).unwrap()
}

#[test]
fn runtime_and_observability_are_what_was_written() {
    let config = config(FULL);
    let runtime = &config.runtime;
    assert_eq!(runtime.health_listeners, ["127.0.0.1:8080".parse().unwrap()]);
    assert_eq!(runtime.drain_duration, Duration::from_secs(5));
    assert_eq!(runtime.shutdown_timeout, Duration::from_secs(10));
    assert_eq!(runtime.max_frame_size, 100 << 20);
    assert_eq!(runtime.buffer_budget, 256 << 20);
    assert_eq!(runtime.max_connections, 10_000);
    assert_eq!(runtime.busy_poll, Duration::from_millis(10));
    assert_eq!(runtime.scram_secret.as_ref().unwrap().expose(), SCRAM_SECRET);
    assert_eq!(config.observability.log_flags, "info,keg=debug");
    assert_eq!(config.observability.log_format, LogFormat::Json);
}

#[test]
fn backend_clusters_are_what_was_written() {
    let config = config(FULL);
    let backend = &config.backend_clusters[0];
    assert_eq!(backend.name, "main");
    let servers: Vec<_> = backend.bootstrap_servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["kafka1:9092", "kafka2:9092"]);
    assert_eq!(backend.authentication, BackendAuthentication::Anonymous);
    assert!(backend.allow_anonymous_virtual_clusters);
    assert!(backend.readiness_requires_authentication);
    assert_eq!(backend.metadata_update_interval, Duration::from_secs(30));
    let tls = backend.tls.as_ref().unwrap();
    assert!(!tls.insecure_skip_verify);
    assert_eq!(tls.ca_bundle.as_deref(), Some(CERTIFICATE.trim_end()));
    assert_eq!(tls.versions.min, TlsVersion::Tls13);
    let identity = tls.client_identity.as_ref().unwrap();
    assert!(identity.key.expose().contains("hunter2"));
}

#[test]
fn virtual_clusters_hold_their_backend_and_enabled_policies() {
    let config = config(FULL);
    let [team_a, team_b] = &config.virtual_clusters[..] else {
        panic!("expected two virtual clusters");
    };
    assert_eq!(team_a.name, "team-a");
    assert_eq!(team_a.backend, config.backend_clusters[0]);
    assert_eq!(team_a.dns_label.as_deref(), Some("team-a"));
    assert_eq!(team_a.authentication, [VirtualClusterAuthentication::Anonymous]);
    assert_eq!(team_a.acl_mode, AclMode::EnforceOnGateway);
    let namespace = team_a.namespace.as_ref().unwrap();
    assert_eq!(namespace.mode, NamespaceMode::HidePrefix);
    assert_eq!(namespace.prefix, "team-a-");
    let glob = |pattern| NameSet::Glob(Glob::new(pattern).unwrap());
    let exact = |names: &[&str]| NameSet::Exact(names.iter().map(|it| (*it).to_owned()).collect());
    let topics = |names, conflict| AdditionalTopics { names, conflict };
    assert_eq!(
        namespace.additional,
        Additional {
            topics: vec![
                topics(glob("shared-*"), OnConflict::Ignore),
                topics(exact(&["legacy", "older"]), OnConflict::Warn),
            ],
            groups: vec![glob("app-?"), exact(&["old group"])],
        }
    );
    let condition = |text| Some(Condition::new(text).unwrap());
    let alias = |alias: &str, topic: &str, conflict, condition| TopicAlias {
        alias: alias.to_owned(),
        topic: topic.to_owned(),
        conflict,
        condition,
    };
    assert_eq!(
        team_a.topic_aliases,
        [
            alias("orders", "legacy", OnConflict::Warn, None),
            alias(
                "prices",
                "shared-prices",
                OnConflict::Ignore,
                condition("context.listener.name == 'local'")
            ),
        ]
    );
    let [no_topics, readers] = &team_a.cluster_policies[..] else {
        panic!("expected the enabled policies only");
    };
    assert_eq!(no_topics.name.as_deref(), Some("no-topics"));
    let apis = vec!["create_topics".to_owned(), "20".to_owned()];
    assert_eq!(no_topics.kind, ClusterPolicyKind::BlockApis { apis });
    assert_eq!(readers.name.as_deref(), Some("readers"));
    assert_eq!(no_topics.condition, condition("context.source.address != '127.0.0.1'"));
    assert_eq!(
        readers.condition,
        condition("context.auth.principal.name in ['ann', 'bob']")
    );
    let patterns = AclResourceNames::Patterns;
    let rules = vec![
        AclRule {
            resource_type: ResourceType::Topic,
            action: AclAction::Allow,
            operations: Operations::of(&[Operation::Read, Operation::Describe]),
            resource_names: patterns(vec![NamePattern::new("orders*").unwrap(), NamePattern::literal("a*")]),
        },
        AclRule {
            resource_type: ResourceType::Cluster,
            action: AclAction::Deny,
            operations: Operations::ALL,
            resource_names: patterns(vec![NamePattern::literal("kafka-cluster")]),
        },
        AclRule {
            resource_type: ResourceType::Group,
            action: AclAction::Allow,
            operations: Operations::ALL,
            resource_names: AclResourceNames::Expression(Names::new("[context.auth.principal.name + '-*']").unwrap()),
        },
    ];
    assert_eq!(readers.kind, ClusterPolicyKind::Acls { rules });
    let namespace = team_b.namespace.as_ref().unwrap();
    assert_eq!(namespace.mode, NamespaceMode::EnforcePrefix);
    assert_eq!(namespace.additional, Additional::default());
    assert!(team_b.topic_aliases.is_empty() && team_b.cluster_policies.is_empty());
}

#[test]
fn listeners_hold_their_rules_in_order() {
    let config = config(FULL);
    let listener = &config.listeners[0];
    let addresses: Vec<_> = listener.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["127.0.0.1", "::1"]);
    assert_eq!(
        listener.ports,
        [range(19092, 19095), range(19096, 19096), range(19097, 19097)]
    );
    let tls = listener.tls.as_ref().unwrap();
    assert_eq!(tls.certificates.len(), 1);
    assert_eq!(tls.versions, ANY_TLS);
    let clients = tls.client_authentication.as_ref().unwrap();
    assert_eq!(clients.mode, ClientAuthenticationMode::Required);
    assert_eq!(clients.trust_bundles, config.trust_bundles);
    let rules = r"RULE:^spiffe:\/\/example\/(.*)$/$1/L, DEFAULT".parse().unwrap();
    assert_eq!(clients.mapping, CertificateMapping::new(CertificateName::Uri, rules));
    let [
        Forward::Sni(sni),
        Forward::PortMapping(team_a),
        Forward::PortMapping(team_b),
        Forward::SniPassthrough(passthrough),
    ] = &listener.forwards[..]
    else {
        panic!("expected four rules, found {:#?}", listener.forwards);
    };
    assert_eq!(sni.suffix, ".keg.example.com");
    assert_eq!(sni.advertised_port, 9092);
    assert_eq!(sni.broker_host_format, BrokerHostFormat::SharedSuffix);
    assert_eq!(team_a.virtual_cluster, config.virtual_clusters[0]);
    assert_eq!(team_a.advertised_host, "localhost");
    assert_eq!(team_a.ports, [range(19092, 19095)]);
    assert_eq!(team_a.bootstrap_port, BootstrapPort::AtStart);
    assert_eq!(team_a.min_broker_id, 1);
    assert_eq!(team_b.ports, [range(19096, 19097)]);
    assert_eq!(passthrough.backend, config.backend_clusters[0]);
    assert_eq!(passthrough.bootstrap_host, "bootstrap.kafka.example.com");
    assert_eq!(passthrough.broker_host, "broker-{node_id}.kafka.example.com");
}

#[test]
fn what_is_not_written_has_its_default() {
    let config = config(
        "
        backend_clusters:
          - name: main
            bootstrap_servers: [kafka:9092]
            authentication: { type: anonymous }
            insecure_allow_anonymous_virtual_cluster_auth: true
        virtual_clusters:
          - { name: a, destination: { name: main }, authentication: [{ type: anonymous }], dns_label: a }
        listeners:
          - name: l
            addresses: [0.0.0.0]
            ports: [9092, 9093]
            policies:
              - type: tls_server
                config: { certificates: [{ certificate: \"${file['tls.crt']}\", key: \"${file['tls.key']}\" }] }
              - { type: forward_to_virtual_cluster, config: { type: sni } }
              - { type: forward_to_virtual_cluster, config: { type: port_mapping, destination: { name: a }, advertised_host: h } }
        ",
    );
    assert_eq!(config.runtime.health_listeners, ["127.0.0.1:8080".parse().unwrap()]);
    assert_eq!(config.runtime.drain_duration, Duration::from_secs(5));
    assert_eq!(config.runtime.shutdown_timeout, Duration::from_secs(10));
    assert_eq!(config.runtime.max_frame_size, 100 << 20);
    assert_eq!(config.runtime.buffer_budget, 256 << 20);
    assert_eq!(config.runtime.max_connections, 10_000);
    assert_eq!(config.runtime.busy_poll, Duration::ZERO);
    assert_eq!(config.observability.log_flags, "info");
    assert_eq!(config.observability.log_format, LogFormat::Logfmt);
    let backend = &config.backend_clusters[0];
    assert_eq!(backend.tls, None);
    assert!(!backend.readiness_requires_authentication);
    assert_eq!(backend.metadata_update_interval, Duration::from_secs(60));
    let virtual_cluster = &config.virtual_clusters[0];
    assert_eq!(virtual_cluster.acl_mode, AclMode::Passthrough);
    assert_eq!(virtual_cluster.namespace, None);
    let listener = &config.listeners[0];
    let tls = listener.tls.as_ref().unwrap();
    assert_eq!(tls.versions, ANY_TLS);
    assert!(!tls.allow_plaintext);
    assert_eq!(tls.client_authentication, None);
    let [Forward::Sni(sni), Forward::PortMapping(ports)] = &listener.forwards[..] else {
        panic!("expected two rules, found {:#?}", listener.forwards);
    };
    assert_eq!(sni.suffix, "");
    assert_eq!(sni.advertised_port, 9092);
    assert_eq!(sni.broker_host_format, BrokerHostFormat::PerClusterSuffix);
    assert_eq!(ports.ports, listener.ports);
    assert_eq!(ports.bootstrap_port, BootstrapPort::AtStart);
    assert_eq!(ports.min_broker_id, 0);
}

#[test]
fn nothing_is_a_configuration_too() {
    for text in ["", "---\n", "# only a comment\n", "{}", "\u{feff}{}"] {
        assert!(config(text).listeners.is_empty(), "{text:?}");
    }
}
