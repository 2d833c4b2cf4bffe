//! Clients that are known by their certificates.

use std::sync::Arc;

use kafka_protocol::messages::MetadataRequest;
use keg_auth::{Authentication, Method};
use keg_policy::{BlockApis, BrokerAddresses, Chain, Condition, Connection};
use keg_proxy::{
    CertificateMapping, CertificateName, Change, Destination, Gateway, Limits, ListenerTls, Snapshot, VirtualCluster,
};
use keg_router::Sni;
use keg_tls::{ClientAuth, Live, ServerTls};
use rcgen::{DistinguishedName, SanType};

use crate::support::authority::Authority;
use crate::support::client::Client;
use crate::support::gateway::{Listening, backend, broker, local, ports, snapshot, start_anywhere};
use crate::support::logs::Logs;
use crate::support::until;

const METADATA: i16 = 12;
const NAME: &str = "bootstrap.team.keg.test";

fn listening(cluster: &Arc<VirtualCluster>, server: &ServerTls) -> (Gateway, u16) {
    mapping_by(cluster, server, &Arc::default())
}

fn mapping_by(cluster: &Arc<VirtualCluster>, server: &ServerTls, mapping: &Arc<CertificateMapping>) -> (Gateway, u16) {
    start_anywhere(|port| asking(port, cluster, server, mapping))
}

/// A listener that routes one port by SNI.
fn asking(port: u16, cluster: &Arc<VirtualCluster>, server: &ServerTls, mapping: &Arc<CertificateMapping>) -> Snapshot {
    let rule = Sni::new(".keg.test").destination(Destination::VirtualCluster(Arc::clone(cluster)), "team");
    let tls = ListenerTls {
        config: Arc::new(Live::new(server.clone()).unwrap()),
        allow_plaintext: false,
        mapping: Arc::clone(mapping),
    };
    let listening = Listening::new("tls", ports(port, port), rule).tls(tls);
    snapshot(vec![listening], &[cluster], Limits::default())
}

#[tokio::test]
async fn a_client_is_who_its_certificate_is_for_as_long_as_that_counts() {
    let logs = Logs::capture();
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let broker = broker().start().await.unwrap();
    let authentication = || Authentication::new(vec![Method::ClientCertificate]);
    let chain = Arc::new(Chain::new(vec![Arc::new(BrokerAddresses)]));
    let backend = backend(broker.addresses());
    let cluster = Arc::new(VirtualCluster::new("team", backend, authentication(), chain));
    let server = ServerTls::new(servers.identity("*.team.keg.test"));
    let server = server.client_auth(ClientAuth::Requested(clients.trust()));
    let (gateway, port) = listening(&cluster, &server);

    let trusting = servers.settings();
    let ann = Live::new(trusting.clone().identity(clients.identity("ann"))).unwrap();
    let mut client = Client::tls(local(port), &ann, NAME).await;
    let metadata = client.call(METADATA, MetadataRequest::default()).await;
    assert_eq!(metadata.brokers.len(), 3);

    // Nobody's certificate is nobody.
    let nobody = Live::new(trusting).unwrap();
    let mut stranger = Client::tls(local(port), &nobody, NAME).await;
    let request = stranger.frame_of(METADATA, &MetadataRequest::default());
    stranger.write(&request).await;
    assert_eq!(stranger.frame().await, None);

    // The same again is no change, and another method is.
    cluster.replace_authentication(authentication());
    let metadata = client.call(METADATA, MetadataRequest::default()).await;
    assert_eq!(metadata.brokers.len(), 3);
    cluster.replace_authentication(Authentication::new(vec![Method::Anonymous]));
    client.write(&request).await;
    assert_eq!(client.frame().await, None);
    until("all connections end", || gateway.open_connections() == 0).await;
    let lines = logs.take().join("\n");
    assert!(
        lines.contains("not_admitted") && lines.contains("User:CN=ann"),
        "{lines}"
    );
}

#[test]
fn the_name_of_a_kind_that_a_rule_is_for_says_who_the_holder_is() {
    let clients = Authority::new("clients");
    let info = clients.info("ann", |params| {
        for name in ["*.Example", "orders.example"] {
            params
                .subject_alt_names
                .push(SanType::DnsName(name.try_into().unwrap()));
        }
        for name in ["https://ann.example", "spiffe://example/ann"] {
            params.subject_alt_names.push(SanType::URI(name.try_into().unwrap()));
        }
        let email = "ann@example".try_into().unwrap();
        params.subject_alt_names.push(SanType::Rfc822Name(email));
    });
    let nameless = clients.info("", |params| params.distinguished_name = DistinguishedName::new());
    assert_eq!(nameless.subject, "");
    use CertificateName::{Dns, Email, Subject, Uri};
    for (kind, rules, expected) in [
        (Subject, "DEFAULT", Some("CN=ann")),
        (Subject, "RULE:^CN=(.*)$/$1/U", Some("ANN")),
        (Subject, "RULE:^ann$/x/", None),
        (Subject, "RULE:^CN=ann$//, DEFAULT", None),
        (Dns, "DEFAULT", Some("ann")),
        (Dns, r"RULE:^([a-z]+)\.example$/$1/", Some("orders")),
        (Uri, "DEFAULT", Some("https://ann.example")),
        (Uri, r"RULE:^spiffe:\/\/example\/(.*)$/$1/", Some("ann")),
        (Email, "RULE:^(.*)@example$/$1/", Some("ann")),
    ] {
        let mapping = CertificateMapping::new(kind, rules.parse().unwrap());
        assert_eq!(mapping.principal(&info).as_deref(), expected, "{kind:?} {rules}");
        assert_eq!(mapping.principal(&nameless), None, "{kind:?} {rules}");
    }
}

#[tokio::test]
async fn a_certificate_that_no_rule_maps_is_refused_and_the_log_says_which() {
    let logs = Logs::capture();
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let broker = broker().start().await.unwrap();
    let authentication = Authentication::new(vec![Method::ClientCertificate, Method::Anonymous]);
    let chain = Arc::new(Chain::new(vec![Arc::new(BrokerAddresses)]));
    let backend = backend(broker.addresses());
    let cluster = Arc::new(VirtualCluster::new("team", backend, authentication, chain));
    let server = ServerTls::new(servers.identity("*.team.keg.test"));
    let server = server.client_auth(ClientAuth::Requested(clients.trust()));
    let rules = "RULE:^CN=(a.*)$/$1/".parse().unwrap();
    let mapping = Arc::new(CertificateMapping::new(CertificateName::Subject, rules));
    let (_gateway, port) = mapping_by(&cluster, &server, &mapping);
    let trusting = servers.settings();
    for (settings, is_let_in) in [
        (trusting.clone().identity(clients.identity("ann")), true),
        (trusting.clone().identity(clients.identity("bob")), false),
        (trusting, true),
    ] {
        let live = Live::new(settings).unwrap();
        let mut client = Client::tls(local(port), &live, NAME).await;
        if is_let_in {
            let metadata = client.call(METADATA, MetadataRequest::default()).await;
            assert_eq!(metadata.brokers.len(), 3);
        } else {
            let request = client.frame_of(METADATA, &MetadataRequest::default());
            client.write(&request).await;
            assert_eq!(client.frame().await, None);
        }
    }
    let mut lines = String::new();
    until("the reason is logged", || {
        lines.push_str(&logs.take().join("\n"));
        lines
            .contains("no rule of the principal mapping gives the holder of the certificate \"CN=bob; DNS bob\" a name")
    })
    .await;
}

#[tokio::test]
async fn a_change_ends_the_connections_that_could_not_come_in_any_more_and_no_others() {
    use ClientAuth::{Requested, Required};
    let logs = Logs::capture();
    let (servers, ours, theirs) = (
        Authority::new("servers"),
        Authority::new("ours"),
        Authority::new("theirs"),
    );
    let broker = broker().start().await.unwrap();
    let authentication = Authentication::new(vec![Method::ClientCertificate, Method::Anonymous]);
    let chain = Arc::new(Chain::new(vec![Arc::new(BrokerAddresses)]));
    let backend = backend(broker.addresses());
    let cluster = Arc::new(VirtualCluster::new("team", backend, authentication, chain));
    let server = |mode| ServerTls::new(servers.identity("*.team.keg.test")).client_auth(mode);
    let both = || ours.trust().and(&theirs.trust());
    let default = Arc::default();
    let (gateway, port) = mapping_by(&cluster, &server(Requested(both())), &default);
    let trusting = servers.settings();
    let mut clients = Vec::new();
    for (name, settings) in [
        ("ann", trusting.clone().identity(ours.identity("ann"))),
        ("bob", trusting.clone().identity(ours.identity("bob"))),
        ("eve", trusting.clone().identity(ours.identity("eve"))),
        ("zoe", trusting.clone().identity(theirs.identity("zoe"))),
        ("nobody", trusting.clone()),
    ] {
        let client = Client::tls(local(port), &Live::new(settings).unwrap(), NAME).await;
        clients.push((name, client));
    }
    let rules = "RULE:^CN=bob$/robert/, RULE:^CN=[az].*$/$0/";
    let mapping = Arc::new(CertificateMapping::new(
        CertificateName::Subject,
        rules.parse().unwrap(),
    ));
    for (mode, mapping, ended) in [
        (Requested(both()), &default, None),
        (Requested(both()), &mapping, Some(["bob", "eve"].as_slice())),
        (Requested(ours.trust()), &mapping, Some(&["zoe"])),
        (Required(ours.trust()), &mapping, Some(&["nobody"])),
        (Required(both()), &default, None),
        (ClientAuth::None, &default, Some(&["ann"])),
    ] {
        let snapshot = asking(port, &cluster, &server(mode.clone()), mapping);
        gateway
            .change(Change {
                snapshot,
                chains: Vec::new(),
            })
            .unwrap();
        for (name, mut client) in std::mem::take(&mut clients) {
            if ended.is_some_and(|ended| ended.contains(&name)) {
                let request = client.frame_of(METADATA, &MetadataRequest::default());
                client.write(&request).await;
                assert_eq!(client.frame().await, None, "{name} under {mode:?}");
            } else {
                let metadata = client.call(METADATA, MetadataRequest::default()).await;
                assert_eq!(metadata.brokers.len(), 3, "{name} under {mode:?}");
                clients.push((name, client));
            }
        }
    }
    assert!(clients.is_empty());
    let mut lines = String::new();
    for reason in [
        "let User:CN=bob in any more: it is the certificate of \"robert\" now",
        "let User:CN=eve in any more: no rule of the principal mapping gives its holder a name any more",
        "let User:CN=zoe in any more: the peer's certificate was refused: invalid peer certificate: UnknownIssuer",
        "let User:ANONYMOUS in any more: the peer's certificate was refused: peer sent no certificates",
        "let User:CN=ann in any more: the listener does not ask for certificates any more",
    ] {
        until(reason, || {
            lines.push_str(&logs.take().join("\n"));
            lines.contains(reason)
        })
        .await;
    }
    assert_eq!(lines.matches("not_admitted").count(), 5, "{lines}");
}

/// Holds of clients that have shown ann's certificate.
#[derive(Debug)]
struct Ann;

impl Condition for Ann {
    fn holds(&self, connection: &Connection) -> bool {
        assert_eq!(&*connection.principal, "User:ANONYMOUS");
        &*connection.certificate_subject == "CN=ann"
    }

    fn identity(&self) -> &str {
        "ann"
    }
}

#[tokio::test]
async fn conditions_see_the_subject_of_a_certificate_that_gives_no_name() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let broker = broker().start().await.unwrap();
    let blocks = BlockApis::new("not-ann", vec![keg_codec::ApiKey::METADATA]).with_condition(Arc::new(Ann));
    let chain = Arc::new(Chain::new(vec![Arc::new(blocks), Arc::new(BrokerAddresses)]));
    let authentication = Authentication::new(vec![Method::Anonymous]);
    let cluster = Arc::new(VirtualCluster::new(
        "team",
        backend(broker.addresses()),
        authentication,
        chain,
    ));
    let server = ServerTls::new(servers.identity("*.team.keg.test"));
    let server = server.client_auth(ClientAuth::Requested(clients.trust()));
    let (_gateway, port) = listening(&cluster, &server);
    let trusting = servers.settings();
    for (settings, brokers) in [
        (trusting.clone().identity(clients.identity("ann")), 0),
        (trusting.clone().identity(clients.identity("bob")), 3),
        (trusting, 3),
    ] {
        let live = Live::new(settings).unwrap();
        let mut client = Client::tls(local(port), &live, NAME).await;
        let metadata = client.call(METADATA, MetadataRequest::default()).await;
        assert_eq!(metadata.brokers.len(), brokers);
    }
}
