//! Brokers that want a certificate of the gateway.

use std::sync::Arc;

use keg_devbroker::DevBroker;
use keg_proxy::{Backend, Limits};
use keg_tls::{ClientAuth, ClientTls, Live, ServerTls, TlsVersion, Versions};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::support::authority::Authority;
use crate::support::client::Client;
use crate::support::forwarder::Forwarder;
use crate::support::gateway::{Team, cluster, host_port, settings};
use crate::support::logs::Logs;
use crate::support::samples::{PRODUCE, produce, produce_error};
use crate::support::{PATIENCE, until};

/// What the gateway is to the brokers, and what is said of it; nothing if it is taken.
type Case = (ClientTls, Option<&'static str>);

async fn check(version: TlsVersion) {
    let logs = Logs::capture();
    let (brokers, gateways, others) = (
        Authority::new("brokers"),
        Authority::new("gateways"),
        Authority::new("others"),
    );
    let broker = DevBroker::builder().nodes(1).topic("orders", 1).start().await.unwrap();
    let wants = ServerTls::new(brokers.identity("localhost"))
        .client_auth(ClientAuth::Required(gateways.trust()))
        .versions(Versions::between(version, version).unwrap());
    let forwarder = Forwarder::start(Live::new(wants).unwrap(), broker.addresses()[0]).await;
    let trusting = brokers.settings();
    let shows = |identity| trusting.clone().identity(identity);
    let good = shows(gateways.identity("keg"));
    let cases: [Case; 4] = [
        (good.clone(), None),
        (trusting.clone(), Some("which has none (")),
        (shows(others.identity("foreign")), Some("is that of \"CN=foreign\" (")),
        (
            shows(gateways.identity_until("old", 2020)),
            Some("is that of \"CN=old\", which has expired ("),
        ),
    ];
    for (tls, words) in cases {
        let mut settings = settings(&[], Some(Live::new(tls).unwrap()));
        let mut address = host_port(forwarder.address);
        address.host = "localhost".to_owned();
        settings.bootstrap_servers = vec![address.clone()];
        settings.node_addresses.insert(0, address);
        let backend = Arc::new(Backend::new(settings));
        backend.require_authentication(true);
        let asked = backend.refresh().await;
        assert_eq!(
            asked.as_ref().err().map(|error| error.is_refusal()),
            words.map(|_| true),
            "{asked:?}"
        );
        assert_eq!(
            (backend.refuses_credentials(), backend.is_ready()),
            (words.is_some(), words.is_none())
        );
        assert!(backend.is_reachable(), "who refuses has answered");
        let lines = logs.take().join("\n");
        assert!(
            words.is_none_or(|words| lines.contains(words) && lines.contains("tls.client_identity")),
            "{lines}"
        );
        if words.is_some() {
            // Nothing but a reload helps.
            let tls = backend.settings().tls.as_ref().unwrap();
            tls.replace(good.clone()).unwrap();
            let taken = async {
                // For a moment it is the answer of before.
                while backend.refresh().await.is_err() {
                    yield_now().await;
                }
            };
            timeout(PATIENCE, taken).await.unwrap();
            assert!(backend.is_ready());
            logs.take();
        }
    }

    // A certificate that isn't taken any more when the nodes are known, as a client finds out.
    let mut settings = settings(&[], Some(Live::new(good).unwrap()));
    let mut address = host_port(forwarder.address);
    address.host = "localhost".to_owned();
    settings.bootstrap_servers = vec![address.clone()];
    settings.node_addresses.insert(0, address);
    let team = Team::new(
        &cluster("team", &Arc::new(Backend::new(settings)), Vec::new()),
        &Limits::default(),
    );
    let backend = team.cluster.backend();
    backend.refresh().await.unwrap();
    let mut before = Client::plain(team.node(0)).await;
    assert_eq!(produce_error(&before.call(PRODUCE, produce(0, "one")).await), 0);
    backend
        .settings()
        .tls
        .as_ref()
        .unwrap()
        .replace(shows(others.identity("foreign")))
        .unwrap();
    let mut after = Client::plain(team.node(0)).await;
    after.send(PRODUCE, &produce(0, "two")).await;
    assert_eq!(after.rest().await, b"", "a client whose connection closes tries again");
    until("it is known", || backend.refuses_credentials()).await;
    assert_eq!(
        produce_error(&before.call(PRODUCE, produce(0, "three")).await),
        0,
        "who is there stays"
    );
    let lines = logs.take().join("\n");
    assert!(lines.contains("CN=foreign"), "{lines}");
}

#[tokio::test]
async fn with_tls_1_2_a_certificate_is_refused_in_the_handshake() {
    check(TlsVersion::Tls12).await;
}

#[tokio::test]
async fn with_tls_1_3_a_certificate_is_refused_behind_the_handshake() {
    check(TlsVersion::Tls13).await;
}
