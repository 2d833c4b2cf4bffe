//! A certificate authority for one quickstart, and the gateway's certificate.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// Long enough to go on with a written configuration, short enough that nobody forgets what it is.
const VALIDITY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Clocks of other machines and containers may be behind.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// PEM texts. The authority's key is gone: nothing else can be signed with it.
pub(super) struct Certificates {
    pub(super) ca: String,
    pub(super) certificate: String,
    pub(super) key: String,
}

/// A new authority, and a server certificate of it for the names.
pub(super) fn make(names: Vec<String>) -> Result<Certificates, rcgen::Error> {
    let mut authority = parameters(Vec::new(), "keg quickstart CA")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let ca = authority.self_signed(&authority_key)?.pem();

    let mut server = parameters(names, "keg quickstart")?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key))?.pem();
    Ok(Certificates {
        ca,
        certificate,
        key: key.serialize_pem(),
    })
}

fn parameters(names: Vec<String>, common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    parameters.not_before = (now - GRACE).into();
    parameters.not_after = (now + VALIDITY).into();
    Ok(parameters)
}
