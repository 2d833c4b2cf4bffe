use keg_tls::{ClientTls, HandshakeError, Identity, ServerTls, TlsVersion, Versions};
use rustls::{AlertDescription, CertificateError, Error};

use crate::support::{Authority, handshake, talk};

#[tokio::test]
async fn a_server_of_the_trusted_authority_is_accepted_under_its_name_only() {
    let ca = Authority::new();
    let server = ServerTls::new(ca.identity(&["a.example", "127.0.0.1"]))
        .build()
        .unwrap();
    let client = ca.client().build().unwrap();
    for (to, expect) in [
        ("a.example", true),
        ("127.0.0.1", true),
        ("b.example", false),
        ("127.0.0.2", false),
    ] {
        let (accepted, connected) = handshake(server.clone(), client.clone(), to).await;
        assert_eq!(connected.is_ok(), expect, "to {to}");
        if let Err(error) = connected {
            assert_eq!(error.kind(), "certificate");
            assert!(matches!(
                error,
                HandshakeError::Certificate(Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
                ))
            ));
            drop(accepted);
        }
    }
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let (ca, other) = (Authority::new(), Authority::new());
    let server = ServerTls::new(ca.identity(&["a.example"])).build().unwrap();
    for client in [other.client(), ClientTls::new()] {
        let versions = Versions::of(&[TlsVersion::Tls12]).unwrap();
        let (accepted, connected) =
            handshake(server.clone(), client.versions(versions).build().unwrap(), "a.example").await;
        assert_eq!(connected.unwrap_err().kind(), "certificate");
        let refused = accepted.unwrap_err();
        assert!(
            matches!(refused, HandshakeError::Refused(AlertDescription::UnknownCA)),
            "{refused:?}"
        );
    }
    let both = ClientTls::new().trust(other.trust().and(&ca.trust())).build().unwrap();
    handshake(server, both, "a.example").await.1.unwrap();
}

#[tokio::test]
async fn a_bundle_of_several_authorities_trusts_each() {
    let (one, two) = (Authority::new(), Authority::new());
    let bundle = keg_tls::TrustBundle::from_pem(format!("{}{}", one.pem(), two.pem())).unwrap();
    let client = ClientTls::new().trust(bundle).build().unwrap();
    for ca in [one, two] {
        let server = ServerTls::new(ca.identity(&["a.example"])).build().unwrap();
        handshake(server, client.clone(), "a.example").await.1.unwrap();
    }
}

#[tokio::test]
async fn skipping_verification_accepts_any_name_and_authority_in_both_versions() {
    let ca = Authority::new();
    let server = ServerTls::new(ca.identity(&["a.example"])).build().unwrap();
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let client = ClientTls::new()
            .insecure_skip_verify(true)
            .versions(Versions::of(&[version]).unwrap());
        let (accepted, connected) = handshake(server.clone(), client.build().unwrap(), "other.example").await;
        talk(&mut accepted.unwrap(), &mut connected.unwrap()).await;
    }
}

/// A server with somebody else's certificate: it can show it, and can't sign for it.
#[tokio::test]
async fn skipping_verification_still_asks_for_the_certificates_key() {
    use rustls::sign::{CertifiedKey, SingleCertAndKey};
    use std::sync::Arc;

    let made = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let thief = rcgen::KeyPair::generate().unwrap();
    let key = keg_tls::private_key(thief.serialize_pem()).unwrap();
    let key = keg_tls::provider().key_provider.load_private_key(key).unwrap();
    let stolen = CertifiedKey::new(keg_tls::certificates(made.cert.pem()).unwrap(), key);
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let server = rustls::ServerConfig::builder_with_provider(keg_tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(stolen.clone())));
        let client = ClientTls::new()
            .insecure_skip_verify(true)
            .versions(Versions::of(&[version]).unwrap());
        let (_, connected) = handshake(Arc::new(server), client.build().unwrap(), "a.example").await;
        let error = connected.unwrap_err();
        assert!(
            matches!(
                error,
                HandshakeError::Certificate(Error::InvalidCertificate(CertificateError::BadSignature))
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_self_signed_certificate_can_be_trusted_itself() {
    let made = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let identity = Identity::from_pem(made.cert.pem(), made.signing_key.serialize_pem()).unwrap();
    let client = ClientTls::new().trust(keg_tls::TrustBundle::from_pem(made.cert.pem()).unwrap());
    let server = ServerTls::new(identity).build().unwrap();
    handshake(server, client.build().unwrap(), "a.example").await.1.unwrap();
}
