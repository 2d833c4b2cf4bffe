//! Certificates made on the spot.

use keg_tls::{CertificateInfo, ClientTls, Identity, Live, ServerTls, TrustBundle};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};

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

    /// A certificate for this name, which is its common name too.
    pub(crate) fn identity(&self, name: &str) -> Identity {
        self.identity_until(name, 2100)
    }

    /// The same, good until this year begins.
    pub(crate) fn identity_until(&self, name: &str, year: i32) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = Self::params(name);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Identity::from_pem(leaf.pem(), key.serialize_pem()).unwrap()
    }

    fn params(name: &str) -> CertificateParams {
        let names = [name].into_iter().filter(|name| !name.is_empty());
        let mut params = CertificateParams::new(names.map(str::to_owned).collect::<Vec<_>>()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    }

    /// What is known of a certificate for this name, and for more.
    pub(crate) fn info(&self, name: &str, more: impl FnOnce(&mut CertificateParams)) -> CertificateInfo {
        let mut params = Self::params(name);
        more(&mut params);
        let leaf = params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap();
        CertificateInfo::from_der(leaf.der()).unwrap()
    }

    pub(crate) fn trust(&self) -> TrustBundle {
        TrustBundle::from_pem(&self.pem).unwrap()
    }

    /// Settings of a client that trusts this authority alone.
    pub(crate) fn settings(&self) -> ClientTls {
        ClientTls::new().trust(self.trust())
    }

    pub(crate) fn client(&self) -> Live<ClientTls> {
        Live::new(self.settings()).unwrap()
    }
}
