use keg_auth::scram::{self, Hash};
use keg_auth::{Secret, plain};
use proptest::prelude::*;

use crate::support::{nonce, password, plain as plain_principals, scram as scram_principals};

/// Names and passwords of any characters but NUL, more often than not with those that have a meaning.
fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[^\0]{1,12}", "[,=a2CD3]{1,8}"]
}

fn hash() -> impl Strategy<Value = Hash> {
    prop_oneof![Just(Hash::Sha256), Just(Hash::Sha512)]
}

fn scram_attempt(hash: Hash, user: &str, kept: &str, tried: &str, client_nonce: &str) -> Result<String, ()> {
    let principals = scram_principals(hash, &[(user, password(kept))]);
    let client = scram::Client::new(hash, user, Secret::new(tried), nonce(client_nonce)).unwrap();
    let (token, client) = client.begin();
    let (token, server) = scram::Server::new(principals, nonce("server"))
        .respond(&token)
        .map_err(drop)?;
    let (token, client) = client.respond(&token).unwrap();
    let authenticated = server.respond(&token).map_err(drop)?;
    client.finish(&authenticated.message).unwrap();
    Ok(authenticated.username)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_sides_of_scram_agree(
        hash in hash(), user in word(), password in word(), client_nonce in "[!-+\\--~]{1,40}",
    ) {
        prop_assert_eq!(scram_attempt(hash, &user, &password, &password, &client_nonce), Ok(user));
    }

    #[test]
    fn a_wrong_password_never_authenticates_with_scram(
        hash in hash(), user in word(), kept in word(), tried in word(),
    ) {
        // HMAC fills short keys up with NUL, and no password has one.
        prop_assume!(kept != tried);
        prop_assert_eq!(scram_attempt(hash, &user, &kept, &tried, "client"), Err(()));
    }

    #[test]
    fn both_sides_of_plain_agree_and_a_wrong_password_never_authenticates(
        user in word(), kept in word(), tried in word(),
    ) {
        let principals = plain_principals(&[(&*user, password(&kept))]);
        for tried in [&kept, &tried] {
            let token = plain::Client::new(&*user, Secret::new(&**tried)).unwrap().message();
            let responded = plain::Server::new(principals.clone()).respond(&token);
            prop_assert_eq!(responded.ok(), (*tried == kept).then(|| user.clone()));
        }
    }

    #[test]
    fn a_credential_survives_its_text(hash in hash(), password in word(), salt in prop::collection::vec(any::<u8>(), 1..64)) {
        let credential = scram::Credential::derive(hash, &password, &salt, 4096).unwrap();
        prop_assert_eq!(credential.to_text().parse(), Ok(credential));
    }
}
