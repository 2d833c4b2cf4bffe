//! A certificate authority for one test run.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// A certificate authority and the file that clients trust.
#[derive(Debug)]
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    file: PathBuf,
    dir: PathBuf,
}

/// The files of a server's identity.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Key and certificates in one file, as Kafka wants a PEM key store.
    pub(crate) both: PathBuf,
}

impl Authority {
    pub(crate) fn new(name: &str, dir: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let file = dir.join(format!("{name}.pem"));
        fs::write(&file, &pem).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            pem,
            file,
            dir: dir.to_owned(),
        }
    }

    /// The file of the authority's own certificate, for clients to trust.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// A server certificate for the given host names and addresses.
    pub(crate) fn identity(&self, name: &str, hosts: &[&str]) -> Identity {
        self.identity_until(name, hosts, 2100)
    }

    /// A certificate that is good until this year begins.
    pub(crate) fn identity_until(&self, name: &str, hosts: &[&str], year: i32) -> Identity {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        params.distinguished_name.push(DnType::CommonName, name);
        self.signed(name, params)
    }

    /// A certificate for a client of this subject, the least specific part first, with files of this name.
    pub(crate) fn client(
        &self,
        file: &str,
        subject: &[(DnType, &str)],
        more: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (part, value) in subject {
            params.distinguished_name.push(part.clone(), *value);
        }
        more(&mut params);
        self.signed(file, params)
    }

    fn signed(&self, name: &str, mut params: CertificateParams) -> Identity {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        let write = |suffix: &str, text: &str| {
            let path = self.dir.join(format!("{name}{suffix}"));
            fs::write(&path, text).unwrap();
            path
        };
        Identity {
            certificate: write(".crt", &certificate),
            key: write(".key", &key.serialize_pem()),
            both: write(
                ".both.pem",
                &format!("{}{certificate}{}", key.serialize_pem(), self.pem),
            ),
        }
    }
}
