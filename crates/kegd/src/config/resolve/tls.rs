//! TLS on both legs.

use super::super::decode::NonEmpty;
use super::super::model::{
    CertificateMapping, ClientAuthentication, Identity, TlsServer, TlsVersion, TlsVersions, TrustBundle,
};
use super::super::problem::{Problem, Report};
use super::super::raw;
use super::TrustBundles;

pub(super) fn trust_bundle(raw: &raw::TrustBundle) -> Option<TrustBundle> {
    Some(TrustBundle {
        name: raw.name.as_ref()?.value.0.clone(),
        trusted_ca: raw.config.as_ref()?.trusted_ca.as_ref()?.0.clone(),
    })
}

pub(super) fn identity(raw: &raw::Identity) -> Option<Identity> {
    Some(Identity {
        certificate: raw.certificate.as_ref()?.0.clone(),
        key: raw.key.as_ref()?.0.clone(),
    })
}

/// The range that a list of versions spans. There are two versions, so that every list is a range.
pub(super) fn version_range(NonEmpty(versions): &NonEmpty<TlsVersion>) -> Option<TlsVersions> {
    Some(TlsVersions {
        min: versions.iter().copied().min()?,
        max: versions.iter().copied().max()?,
    })
}

pub(super) fn tls_server(raw: &raw::TlsServer, trust_bundles: &TrustBundles<'_>, report: &Report) -> Option<TlsServer> {
    let versions = raw
        .versions
        .as_ref()
        .and_then(|versions| server_versions(versions, report));
    let client_authentication = match raw.client_authentication.as_ref()? {
        Some(raw) => client_authentication(raw, trust_bundles, report).map(Some),
        None => Some(None),
    };
    let certificates = raw.certificates.as_ref()?;
    Some(TlsServer {
        certificates: certificates.0.iter().map(identity).collect::<Option<_>>()?,
        versions: versions?,
        allow_plaintext: raw.allow_plaintext.as_ref()?.value,
        client_authentication: client_authentication?,
    })
}

fn server_versions(raw: &raw::Versions, report: &Report) -> Option<TlsVersions> {
    let (min, max) = (raw.min.as_ref()?, raw.max?);
    let versions = TlsVersions {
        min: min.value.into(),
        max: max.into(),
    };
    if versions.min > versions.max {
        let problem = Problem::new(min.place.clone(), "min is above max: no version is left");
        report.add(problem);
    }
    Some(versions)
}

fn client_authentication(
    raw: &raw::ClientAuthentication,
    trust_bundles: &TrustBundles<'_>,
    report: &Report,
) -> Option<ClientAuthentication> {
    let NonEmpty(references) = raw.tls_trust_bundles.as_ref()?;
    // Every reference is looked up before the first failure counts, so that all are reported.
    let found: Vec<_> = references
        .iter()
        .map(|reference| trust_bundles.find(reference, report))
        .collect();
    let bundles = found.into_iter().map(|found| found?.1);
    Some(ClientAuthentication {
        mode: raw.mode?,
        trust_bundles: bundles.collect::<Option<_>>()?,
        mapping: CertificateMapping::new(raw.principal_source?, raw.principal_mapping.as_ref()?.0.clone()),
    })
}
