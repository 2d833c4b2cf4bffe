//! Who the holder of a client's certificate is.

use keg_auth::certificate::Mapping;
use keg_tls::CertificateInfo;

/// Which of a certificate's names says who its holder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CertificateName {
    /// The subject, such as `CN=ann,O=Example`.
    #[default]
    Subject,
    /// DNS names of the subject alternative name, in lower case.
    Dns,
    /// URIs of the subject alternative name, such as `spiffe://example/ann`.
    Uri,
    /// E-mail addresses of the subject alternative name.
    Email,
}

/// From a client's certificate to the name of its principal.
///
/// A certificate may have several names of a kind. They are tried in its order, and the first counts that one of the rules
/// makes something of. One without a name of the kind gives none, and neither does a rule that leaves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateMapping {
    name: CertificateName,
    rules: Mapping,
}

impl CertificateMapping {
    /// By these rules for names of this kind. Without them, it is the subject as it is.
    pub fn new(name: CertificateName, rules: Mapping) -> Self {
        Self { name, rules }
    }

    /// The principal's name, or `None` if the certificate gives none.
    pub fn principal(&self, certificate: &CertificateInfo) -> Option<String> {
        let names = match self.name {
            CertificateName::Subject => std::slice::from_ref(&certificate.subject),
            CertificateName::Dns => &certificate.dns_names,
            CertificateName::Uri => &certificate.uris,
            CertificateName::Email => &certificate.emails,
        };
        let names = names.iter().filter(|name| !name.is_empty());
        let mut mapped = names.filter_map(|name| self.rules.apply(name));
        mapped.find(|principal| !principal.is_empty())
    }
}
