//! What a certificate says about its holder.

mod name;

use std::time::{Duration, SystemTime};

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// What keg wants to know of a certificate: one of its own, or a client's that the handshake has verified.
///
/// ```no_run
/// # fn of(stream: &keg_tls::ServerStream<tokio::net::TcpStream>) -> Option<keg_tls::CertificateInfo> {
/// let leaf = stream.get_ref().1.peer_certificates()?.first()?;
/// keg_tls::CertificateInfo::from_der(leaf).ok()
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateInfo {
    /// The subject as Kafka's brokers name it in principals: RFC 2253, the most specific part first, such as
    /// `CN=ann,OU=Payments,O=Example`.
    pub subject: String,
    /// DNS names of the subject alternative name, in lower case; a wildcard is its first label `*`.
    pub dns_names: Vec<String>,
    /// URIs of the subject alternative name, such as a SPIFFE id.
    pub uris: Vec<String>,
    /// E-mail addresses of the subject alternative name.
    pub emails: Vec<String>,
    /// Not valid before this time.
    pub not_before: SystemTime,
    /// Not valid after this time.
    pub not_after: SystemTime,
}

impl CertificateInfo {
    /// Reads a DER-encoded X.509 certificate. No signature is checked.
    ///
    /// # Errors
    /// When it is not an X.509 certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let mut info = Self {
            subject: name::rfc2253(certificate.subject()),
            dns_names: Vec::new(),
            uris: Vec::new(),
            emails: Vec::new(),
            not_before: system_time(certificate.validity().not_before),
            not_after: system_time(certificate.validity().not_after),
        };
        let names = certificate
            .subject_alternative_name()
            .map_err(|_| CertificateError::AlternativeNames)?;
        for name in names.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => info.dns_names.push(name.to_ascii_lowercase()),
                GeneralName::URI(uri) => info.uris.push((*uri).to_owned()),
                GeneralName::RFC822Name(email) => info.emails.push((*email).to_owned()),
                _ => {}
            }
        }
        Ok(info)
    }
}

fn system_time(time: ASN1Time) -> SystemTime {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    // X.509 years have four digits; only a platform with a narrower clock gets here.
    moved.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Why a certificate can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It is no X.509 certificate.
    #[error("expected an X.509 certificate, found something else")]
    Malformed,
    /// Its subject alternative name is there more than once.
    #[error("expected one subject alternative name extension, found several")]
    AlternativeNames,
    /// It isn't valid yet, or isn't any more.
    #[error("the certificate is not valid at this time")]
    NotValidNow,
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType, date_time_ymd};

    use super::*;

    fn certificate(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["A.Example".to_owned(), "*.b.example".to_owned()]).unwrap();
        change(&mut params);
        params
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap()
            .der()
            .to_vec()
    }

    #[test]
    fn names_and_validity_are_read() {
        let der = certificate(|params| {
            params.not_before = date_time_ymd(1965, 1, 1);
            params.not_after = date_time_ymd(2100, 1, 1);
            params
                .subject_alt_names
                .push(SanType::URI("spiffe://example/ann".try_into().unwrap()));
            params
                .subject_alt_names
                .push(SanType::Rfc822Name("ann@example.com".try_into().unwrap()));
        });
        let info = CertificateInfo::from_der(&der).unwrap();
        assert_eq!(info.dns_names, ["a.example", "*.b.example"]);
        assert_eq!(info.uris, ["spiffe://example/ann"]);
        assert_eq!(info.emails, ["ann@example.com"]);
        assert_eq!(
            info.not_before,
            SystemTime::UNIX_EPOCH - Duration::from_secs(157_766_400)
        );
        assert_eq!(
            info.not_after,
            SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800)
        );
    }

    #[test]
    fn the_subject_is_written_as_kafka_writes_it() {
        let check = |parts: &[(DnType, &str)], expect: &str| {
            let der = certificate(|params| {
                params.distinguished_name = DistinguishedName::new();
                parts
                    .iter()
                    .for_each(|(kind, value)| params.distinguished_name.push(kind.clone(), *value));
            });
            assert_eq!(CertificateInfo::from_der(&der).unwrap().subject, expect);
        };
        let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
        check(&[], "");
        check(
            &[
                (DnType::CountryName, "DE"),
                (DnType::OrganizationName, "Example"),
                (DnType::CommonName, "ann"),
            ],
            "CN=ann,O=Example,C=DE",
        );
        check(
            &[
                (DnType::CommonName, " a,b+c=\"d\"\\ "),
                (DnType::StateOrProvinceName, "é"),
            ],
            "ST=é,CN=\\ a\\,b\\+c\\=\\\"d\\\"\\\\\\ ",
        );
        check(
            &[(DnType::CommonName, "ann"), (email, "a@b")],
            "1.2.840.113549.1.9.1=#0c03614062,CN=ann",
        );
    }

    #[test]
    fn a_name_in_an_older_encoding_is_text_only_where_it_is_utf8() {
        let check = |value: DnValue, expect: &str| {
            let der = certificate(|params| {
                params.distinguished_name = DistinguishedName::new();
                params.distinguished_name.push(DnType::CommonName, value);
            });
            assert_eq!(CertificateInfo::from_der(&der).unwrap().subject, expect);
        };
        check(DnValue::TeletexString("ann".try_into().unwrap()), "CN=ann");
        // Java makes `CN=NA` of it.
        check(DnValue::BmpString("\u{4e41}".try_into().unwrap()), "CN=#1e024e41");
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let mut der = certificate(|_| ());
        der.truncate(100);
        assert_eq!(CertificateInfo::from_der(&der), Err(CertificateError::Malformed));
    }
}
