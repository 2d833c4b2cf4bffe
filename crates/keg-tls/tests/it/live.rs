use std::sync::Arc;

use keg_tls::{ClientAuth, Live, ServerTls};

use crate::support::{Authority, handshake, shown, talk};

#[tokio::test]
async fn the_next_handshake_has_the_new_certificate_and_open_connections_live_on() {
    let ca = Authority::new();
    let live = Live::new(ServerTls::new(ca.identity(&["old", "a.example"]))).unwrap();
    let client = ca.client().build().unwrap();

    let (accepted, connected) = handshake(live.config(), client.clone(), "a.example").await;
    let (mut accepted, mut connected) = (accepted.unwrap(), connected.unwrap());
    assert_eq!(shown(&connected), "CN=old");

    assert!(
        live.replace(ServerTls::new(ca.identity(&["new", "a.example"])))
            .unwrap()
    );
    // The same client, with the session that it could resume under the old configuration.
    let (next_accepted, next_connected) = handshake(live.config(), client, "a.example").await;
    let (mut next_accepted, mut next_connected) = (next_accepted.unwrap(), next_connected.unwrap());
    assert_eq!(shown(&next_connected), "CN=new");
    talk(&mut next_accepted, &mut next_connected).await;
    talk(&mut accepted, &mut connected).await;
}

#[tokio::test]
async fn unchanged_content_makes_no_new_configuration() {
    let (ca, clients) = (Authority::new(), Authority::new());
    let identity = ca.identity(&["a.example"]);
    let settings = || ServerTls::new(identity.clone()).client_auth(ClientAuth::Required(clients.trust()));
    let live = Live::new(settings()).unwrap();
    let before = live.config();
    assert!(!live.replace(settings()).unwrap());
    assert!(Arc::ptr_eq(&before, &live.config()));
    assert!(live.replace(ServerTls::new(identity.clone())).unwrap());
    assert!(!Arc::ptr_eq(&before, &live.config()));
    assert_eq!(live.settings().certificates(), [identity]);
}

#[tokio::test]
async fn a_client_that_is_no_longer_trusted_can_not_resume() {
    let (ca, old, new) = (Authority::new(), Authority::new(), Authority::new());
    let own = ca.identity(&["a.example"]);
    let server = |trust| ServerTls::new(own.clone()).client_auth(ClientAuth::Required(trust));
    let live = Live::new(server(old.trust())).unwrap();
    let client = ca.client().identity(old.identity(&["ann"])).build().unwrap();
    let (accepted, connected) = handshake(live.config(), client.clone(), "a.example").await;
    talk(&mut accepted.unwrap(), &mut connected.unwrap()).await;
    let (accepted, connected) = handshake(live.config(), client.clone(), "a.example").await;
    let mut accepted = accepted.unwrap();
    assert_eq!(
        accepted.get_ref().1.handshake_kind(),
        Some(rustls::HandshakeKind::Resumed)
    );
    talk(&mut accepted, &mut connected.unwrap()).await;

    live.replace(server(new.trust())).unwrap();
    let (accepted, _) = handshake(live.config(), client, "a.example").await;
    assert_eq!(accepted.unwrap_err().kind(), "certificate");
}
