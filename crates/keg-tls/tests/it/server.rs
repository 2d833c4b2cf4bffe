use std::time::{Duration, SystemTime};

use keg_tls::{
    CertificateError, ClientAuth, HandshakeError, PeerChain, ServerTls, TlsVersion, Versions, client_certificate,
    fatal_alert,
};
use rustls::{AlertDescription, Error, HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::support::{Authority, handshake, name, shown, soon, talk};

#[tokio::test]
async fn the_certificate_follows_the_server_name() {
    let ca = Authority::new();
    let server = ServerTls::new(ca.identity(&["gateway.example"]))
        .certificate(ca.identity(&["*.a.example"]))
        .certificate(ca.identity(&["bootstrap.a.example", "b.example"]))
        .build()
        .unwrap();
    let client = ca.client().insecure_skip_verify(true).build().unwrap();
    for (to, expect) in [
        ("gateway.example", "CN=gateway.example"),
        ("Broker-7.A.example", "CN=*.a.example"),
        ("bootstrap.a.example", "CN=bootstrap.a.example"),
        ("B.example", "CN=bootstrap.a.example"),
        ("deep.broker-7.a.example", "CN=gateway.example"),
        ("unknown.example", "CN=gateway.example"),
        ("127.0.0.1", "CN=gateway.example"),
    ] {
        let (server, client) = handshake(server.clone(), client.clone(), to).await;
        let (mut server, mut client) = (server.unwrap(), client.unwrap());
        assert_eq!(shown(&client), expect, "for {to}");
        talk(&mut server, &mut client).await;
    }
}

#[tokio::test]
async fn versions_outside_the_bounds_are_refused() {
    use TlsVersion::{Tls12, Tls13};
    let ca = Authority::new();
    let ok = |version| Ok(version);
    for (of_server, of_client, expect) in [
        (vec![Tls12, Tls13], vec![Tls12, Tls13], ok(ProtocolVersion::TLSv1_3)),
        (vec![Tls12], vec![Tls12, Tls13], ok(ProtocolVersion::TLSv1_2)),
        (vec![Tls12, Tls13], vec![Tls12], ok(ProtocolVersion::TLSv1_2)),
        (vec![Tls13], vec![Tls12], Err(AlertDescription::ProtocolVersion)),
        (vec![Tls12], vec![Tls13], Err(AlertDescription::ProtocolVersion)),
    ] {
        let server = ServerTls::new(ca.identity(&["a.example"])).versions(Versions::of(&of_server).unwrap());
        let client = ca.client().versions(Versions::of(&of_client).unwrap());
        let (server, client) = handshake(server.build().unwrap(), client.build().unwrap(), "a.example").await;
        match expect {
            Ok(version) => assert_eq!(server.unwrap().get_ref().1.protocol_version(), Some(version)),
            Err(alert) => {
                let refused = server.unwrap_err();
                assert!(
                    matches!(refused, HandshakeError::Tls(Error::PeerIncompatible(_))),
                    "{refused:?}"
                );
                assert_eq!(refused.kind(), "tls");
                assert!(matches!(client.unwrap_err(), HandshakeError::Refused(found) if found == alert));
            }
        }
    }
}

#[tokio::test]
async fn a_client_certificate_is_asked_for_as_configured() {
    let (ca, clients, stranger) = (Authority::new(), Authority::new(), Authority::new());
    let own = ca.identity(&["a.example"]);
    let requested = || ClientAuth::Requested(clients.trust());
    let required = || ClientAuth::Required(clients.trust());
    let (ann, mallory) = (Some(clients.identity(&["ann"])), Some(stranger.identity(&["mallory"])));
    for (mode, identity, expect) in [
        (ClientAuth::None, ann.clone(), Ok(None)),
        (requested(), None, Ok(None)),
        (requested(), ann.clone(), Ok(Some("CN=ann"))),
        (requested(), mallory.clone(), Err("certificate")),
        (required(), None, Err("certificate")),
        (required(), ann.clone(), Ok(Some("CN=ann"))),
        (required(), mallory.clone(), Err("certificate")),
        (
            ClientAuth::Required(stranger.trust().and(&clients.trust())),
            mallory,
            Ok(Some("CN=mallory")),
        ),
    ] {
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let versions = Versions::of(&[version]).unwrap();
            let server = ServerTls::new(own.clone()).client_auth(mode.clone()).versions(versions);
            let client = match &identity {
                Some(identity) => ca.client().identity(identity.clone()),
                None => ca.client(),
            };
            let (accepted, client) = handshake(server.build().unwrap(), client.build().unwrap(), "a.example").await;
            match expect {
                Ok(principal) => {
                    let accepted = accepted.unwrap();
                    let shown = client_certificate(&accepted, SystemTime::now()).unwrap();
                    let subject = shown.map(|shown| shown.subject);
                    assert_eq!(subject.as_deref(), principal, "{mode:?} {version}");
                }
                Err(kind) => {
                    assert_eq!(accepted.unwrap_err().kind(), kind, "{mode:?} {version}");
                    // A TLS 1.3 client learns of it only when it reads.
                    if let Ok(mut client) = client {
                        assert!(client.read_u8().await.is_err());
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn what_was_shown_can_be_judged_by_other_settings_later() {
    let (ca, clients, others) = (Authority::new(), Authority::new(), Authority::new());
    let by = |mode: ClientAuth| ServerTls::new(ca.identity(&["a.example"])).client_auth(mode);
    let server = by(ClientAuth::Requested(clients.trust())).build().unwrap();
    let now = SystemTime::now();
    for identity in [Some(clients.identity(&["ann"])), None] {
        let client = match &identity {
            Some(identity) => ca.client().identity(identity.clone()),
            None => ca.client(),
        };
        let (accepted, _connected) = handshake(server.clone(), client.build().unwrap(), "a.example").await;
        let shown = PeerChain::of(&accepted.unwrap());
        assert_eq!(shown.is_some(), identity.is_some());
        let has = identity.is_some();
        for (mode, expected) in [
            (ClientAuth::None, true),
            (ClientAuth::Requested(clients.trust()), true),
            (ClientAuth::Requested(others.trust()), !has),
            (ClientAuth::Required(clients.trust()), has),
            (ClientAuth::Required(others.trust()), false),
            (ClientAuth::Required(others.trust().and(&clients.trust())), has),
        ] {
            let admitted = by(mode.clone()).admits(shown.as_ref(), now);
            assert_eq!(admitted.is_ok(), expected, "{mode:?} {shown:?}: {admitted:?}");
            assert!(admitted.err().is_none_or(|error| error.kind() == "certificate"));
        }
        // The certificates of these tests end in the year 4096.
        let later = now + Duration::from_secs(3000 * 365 * 24 * 60 * 60);
        assert_eq!(
            by(ClientAuth::Requested(clients.trust()))
                .admits(shown.as_ref(), later)
                .is_ok(),
            !has
        );
    }
}

#[tokio::test]
async fn a_certificate_that_is_over_when_a_session_is_resumed_names_nobody() {
    let (ca, clients) = (Authority::new(), Authority::new());
    let own = ca.identity(&["a.example"]);
    let server = ServerTls::new(own).client_auth(ClientAuth::Requested(clients.trust()));
    let server = server.build().unwrap();
    let client = ca.client().identity(clients.identity(&["ann"])).build().unwrap();
    // The certificates of these tests end in the year 4096.
    let (now, later) = (
        SystemTime::now(),
        SystemTime::now() + Duration::from_secs(3000 * 365 * 24 * 60 * 60),
    );
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let (accepted, connected) = handshake(server.clone(), client.clone(), "a.example").await;
        let (mut accepted, mut connected) = (accepted.unwrap(), connected.unwrap());
        talk(&mut accepted, &mut connected).await;
        assert_eq!(accepted.get_ref().1.handshake_kind(), Some(kind));
        let shown = client_certificate(&accepted, now).unwrap().unwrap();
        assert_eq!(
            (&*shown.subject, &shown.dns_names[..]),
            ("CN=ann", &["ann".to_owned()][..])
        );
        assert_eq!(client_certificate(&accepted, later), Err(CertificateError::NotValidNow));
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1_000_000_000);
        assert_eq!(
            client_certificate(&accepted, before),
            Err(CertificateError::NotValidNow)
        );
    }
}

#[tokio::test]
async fn neither_settings_nor_configuration_show_a_key() {
    let ca = Authority::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec!["a.example".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let identity = keg_tls::Identity::from_pem(made.pem(), key.serialize_pem()).unwrap();
    let server = ServerTls::new(identity.clone()).client_auth(ClientAuth::Required(ca.trust()));
    let client = ca.client().identity(identity);
    let live = keg_tls::Live::new(server.clone()).unwrap();
    let shown = format!(
        "{server:?}{:?}{client:?}{:?}{live:?}",
        server.build().unwrap(),
        client.build().unwrap()
    );
    assert!(shown.contains("a.example"));
    let bytes = key.serialize_der();
    let secret = &bytes[bytes.len() / 3..][..8];
    let decimal = secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!shown.contains(&decimal) && !shown.contains(&hex) && !shown.contains("BEGIN"));
}

#[tokio::test]
async fn a_client_that_goes_nowhere_is_told_so() {
    let ca = Authority::new();
    let (near, mut far) = duplex(4096);
    let turn_away = async {
        far.read_u8().await.unwrap();
        far.write_all(&fatal_alert(AlertDescription::UnrecognisedName))
            .await
            .unwrap();
    };
    let client = ca.client().build().unwrap();
    let (_, client) = tokio::join!(
        turn_away,
        keg_tls::connect(near, client, name("nowhere.example"), soon())
    );
    let error = client.unwrap_err();
    assert!(
        matches!(error, HandshakeError::Refused(AlertDescription::UnrecognisedName)),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_ends_at_the_deadline() {
    let ca = Authority::new();
    let (_silent, far) = duplex(4096);
    let deadline = soon();
    let server = ServerTls::new(ca.identity(&["a.example"])).build().unwrap();
    let error = keg_tls::accept(far, server, deadline).await.unwrap_err();
    assert!(matches!(error, HandshakeError::Deadline));
    assert!(tokio::time::Instant::now() >= deadline);
}

#[tokio::test]
async fn a_peer_that_leaves_is_no_tls_error() {
    let ca = Authority::new();
    let (gone, far) = duplex(4096);
    drop(gone);
    let server = ServerTls::new(ca.identity(&["a.example"])).build().unwrap();
    let error = keg_tls::accept(far, server, soon()).await.unwrap_err();
    assert!(matches!(error, HandshakeError::Closed), "{error:?}");
}
