//! TLS settings from the model's PEM.

use keg_tls::{ClientAuth, ClientTls, Identity, ServerTls, TlsVersion, TrustBundle, Versions};

use crate::config::model::{self, ClientAuthenticationMode};

/// TLS towards clients.
pub(super) fn server(tls: &model::TlsServer) -> Result<ServerTls, String> {
    let mut identities =
        tls.certificates.iter().enumerate().map(|(index, identity)| {
            self::identity(identity).map_err(|error| format!("certificates[{index}]: {error}"))
        });
    let first = identities.next().ok_or("certificates: there is none")??;
    let mut server = ServerTls::new(first).versions(versions(tls.versions)?);
    for identity in identities {
        server = server.certificate(identity?);
    }
    if let Some(authentication) = &tls.client_authentication {
        let mut roots: Option<TrustBundle> = None;
        for bundle in &authentication.trust_bundles {
            let parsed = TrustBundle::from_pem(&bundle.trusted_ca)
                .map_err(|error| format!("tls_trust_bundles {:?}: {error}", bundle.name))?;
            roots = Some(match roots {
                Some(roots) => roots.and(&parsed),
                None => parsed,
            });
        }
        let roots = roots.ok_or("client_authentication: there is no trust bundle")?;
        server = server.client_auth(match authentication.mode {
            ClientAuthenticationMode::Required => ClientAuth::Required(roots),
            ClientAuthenticationMode::Requested => ClientAuth::Requested(roots),
        });
    }
    server.build().map_err(|error| error.to_string())?;
    Ok(server)
}

/// TLS towards a backend cluster.
pub(super) fn client(tls: &model::BackendTls) -> Result<ClientTls, String> {
    let mut client = ClientTls::new()
        .versions(versions(tls.versions)?)
        .insecure_skip_verify(tls.insecure_skip_verify);
    if let Some(pem) = &tls.ca_bundle {
        client = client.trust(TrustBundle::from_pem(pem).map_err(|error| format!("ca_bundle: {error}"))?);
    }
    if let Some(identity) = &tls.client_identity {
        client = client.identity(self::identity(identity).map_err(|error| format!("client_identity: {error}"))?);
    }
    client.build().map_err(|error| error.to_string())?;
    Ok(client)
}

fn identity(identity: &model::Identity) -> Result<Identity, String> {
    Identity::from_pem(&identity.certificate, identity.key.expose()).map_err(|error| error.to_string())
}

fn versions(versions: model::TlsVersions) -> Result<Versions, String> {
    let version = |it| match it {
        model::TlsVersion::Tls12 => TlsVersion::Tls12,
        model::TlsVersion::Tls13 => TlsVersion::Tls13,
    };
    Versions::between(version(versions.min), version(versions.max)).map_err(|error| error.to_string())
}
