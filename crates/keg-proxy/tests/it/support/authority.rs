//! Certificates made on the spot.

use keg_tls::{ClientTls, Identity, Live, ServerTls, TrustBundle};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Server settings with a certificate for these names.
    pub(crate) fn server(&self, names: &[&str]) -> Live<ServerTls> {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let leaf = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &self.issuer)
            .unwrap();
        let identity = Identity::from_pem(leaf.pem(), key.serialize_pem()).unwrap();
        Live::new(ServerTls::new(identity)).unwrap()
    }

    /// Settings of a client that trusts this authority alone.
    pub(crate) fn client(&self) -> Live<ClientTls> {
        Live::new(ClientTls::new().trust(TrustBundle::from_pem(&self.pem).unwrap())).unwrap()
    }
}
