//! The choice of a certificate by SNI.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::Identity;

/// Certificates by the DNS names they hold, each list in the order of configuration.
pub(super) struct BySni {
    first: Option<Arc<CertifiedKey>>,
    names: HashMap<String, Vec<Arc<CertifiedKey>>>,
}

impl BySni {
    pub(super) fn new(certificates: &[Identity]) -> Self {
        let mut names: HashMap<String, Vec<_>> = HashMap::new();
        for certificate in certificates {
            for name in &certificate.info().dns_names {
                names
                    .entry(name.clone())
                    .or_default()
                    .push(Arc::clone(certificate.certified()));
            }
        }
        Self {
            first: certificates
                .first()
                .map(|certificate| Arc::clone(certificate.certified())),
            names,
        }
    }

    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let named = name.and_then(|name| {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            self.names.get(&name).or_else(|| {
                let (_, parent) = name.split_once('.')?;
                self.names.get(&format!("*.{parent}"))
            })
        });
        let usable = |certified: &&Arc<CertifiedKey>| certified.key.choose_scheme(schemes).is_some();
        let chosen = named.and_then(|list| list.iter().find(usable).or_else(|| list.first()));
        chosen.or(self.first.as_ref()).cloned()
    }
}

impl ResolvesServerCert for BySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}

impl fmt::Debug for BySni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BySni")
            .field("names", &self.names.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};

    use super::*;

    fn identity(names: &[&str], algorithm: &'static rcgen::SignatureAlgorithm) -> Identity {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Identity::from_pem(
            CertificateParams::new(names).unwrap().self_signed(&key).unwrap().pem(),
            key.serialize_pem(),
        )
        .unwrap()
    }

    #[test]
    fn exact_names_go_before_wildcards_and_those_before_the_default() {
        let certificates = [
            identity(&["gateway.example"], &PKCS_ECDSA_P256_SHA256),
            identity(&["*.a.example"], &PKCS_ECDSA_P256_SHA256),
            identity(&["Bootstrap.a.example", "b.example"], &PKCS_ECDSA_P256_SHA256),
        ];
        let by_sni = BySni::new(&certificates);
        let check = |name: Option<&str>, expect: usize| {
            let chosen = by_sni.choose(name, &[SignatureScheme::ECDSA_NISTP256_SHA256]).unwrap();
            let found = certificates
                .iter()
                .position(|certificate| Arc::ptr_eq(certificate.certified(), &chosen));
            assert_eq!(found, Some(expect), "for {name:?}");
        };
        check(None, 0);
        check(Some("gateway.example"), 0);
        check(Some("unknown.example"), 0);
        check(Some("broker-1.a.example"), 1);
        check(Some("BROKER-1.a.example."), 1);
        check(Some("bootstrap.a.example"), 2);
        check(Some("b.example"), 2);
        // A wildcard is one label: not none, and not two.
        check(Some("a.example"), 0);
        check(Some("x.broker-1.a.example"), 0);
        check(Some("example"), 0);
    }

    #[test]
    fn of_two_certificates_for_a_name_the_client_gets_one_it_can_verify() {
        let certificates = [
            identity(&["other.example"], &PKCS_ECDSA_P256_SHA256),
            identity(&["a.example"], &PKCS_ED25519),
            identity(&["a.example"], &PKCS_ECDSA_P256_SHA256),
        ];
        let by_sni = BySni::new(&certificates);
        let check = |scheme, expect: usize| {
            let chosen = by_sni.choose(Some("a.example"), &[scheme]).unwrap();
            assert!(Arc::ptr_eq(certificates[expect].certified(), &chosen), "for {scheme:?}");
        };
        check(SignatureScheme::ED25519, 1);
        check(SignatureScheme::ECDSA_NISTP256_SHA256, 2);
        check(SignatureScheme::RSA_PSS_SHA256, 1);
    }
}
