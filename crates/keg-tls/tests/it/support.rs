//! Certificates made on the spot, and both sides of a handshake.

use std::sync::Arc;
use std::time::Duration;

use keg_tls::{
    CertificateInfo, ClientConfig, ClientStream, ClientTls, HandshakeError, Identity, ServerConfig, ServerName,
    ServerStream, TrustBundle, accept, connect,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        // Authorities of one name would be told apart by a bad signature only.
        params.distinguished_name.push(
            DnType::CommonName,
            format!("authority {:?}", &key.public_key_raw()[1..9]),
        );
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn trust(&self) -> TrustBundle {
        TrustBundle::from_pem(&self.pem).unwrap()
    }

    /// A certificate for these names; the first is its common name too.
    pub(crate) fn identity(&self, names: &[&str]) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, names[0]);
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Identity::from_pem(leaf.pem(), key.serialize_pem()).unwrap()
    }

    pub(crate) fn client(&self) -> ClientTls {
        ClientTls::new().trust(self.trust())
    }
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

pub(crate) fn name(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).unwrap()
}

pub(crate) type Sides = (
    Result<ServerStream<DuplexStream>, HandshakeError>,
    Result<ClientStream<DuplexStream>, HandshakeError>,
);

pub(crate) async fn handshake(server: Arc<ServerConfig>, client: Arc<ClientConfig>, to: &str) -> Sides {
    let (near, far) = duplex(64 * 1024);
    tokio::join!(accept(far, server, soon()), connect(near, client, name(to), soon()))
}

/// Sends a word each way.
pub(crate) async fn talk(server: &mut ServerStream<DuplexStream>, client: &mut ClientStream<DuplexStream>) {
    let mut word = [0; 4];
    client.write_all(b"ping").await.unwrap();
    client.flush().await.unwrap();
    server.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"ping");
    server.write_all(b"pong").await.unwrap();
    server.flush().await.unwrap();
    client.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"pong");
}

/// The subject of the certificate that the server showed.
pub(crate) fn shown(client: &ClientStream<DuplexStream>) -> String {
    CertificateInfo::from_der(&client.get_ref().1.peer_certificates().unwrap()[0])
        .unwrap()
        .subject
}
