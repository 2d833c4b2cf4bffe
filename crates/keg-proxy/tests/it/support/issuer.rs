//! Bearer tokens.

use std::time::SystemTime;

use data_encoding::BASE64URL_NOPAD;
use keg_auth::jwt::Keys;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData, SigningKey};

/// Whoever gives out tokens.
pub(crate) struct Issuer(KeyPair);

impl Issuer {
    pub(crate) fn new() -> Self {
        Self(KeyPair::generate_for(&PKCS_ED25519).unwrap())
    }

    pub(crate) fn keys(&self) -> Keys {
        let x = BASE64URL_NOPAD.encode(self.0.der_bytes());
        let keys = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","use":"sig","kid":"key","x":"{x}"}}]}}"#);
        Keys::from_jwks(keys.as_bytes()).unwrap()
    }

    /// A token of ann's for an hour, with these claims too.
    pub(crate) fn token(&self, claims: &str) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let claims = format!(r#"{{"sub":"ann","exp":{},{claims}}}"#, now.as_secs() + 3600);
        let header = r#"{"alg":"EdDSA","kid":"key"}"#;
        let message = [header, &claims]
            .map(|part| BASE64URL_NOPAD.encode(part.as_bytes()))
            .join(".");
        let signature = self.0.sign(message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}
