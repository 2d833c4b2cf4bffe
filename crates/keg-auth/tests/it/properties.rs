use std::sync::Arc;

use keg_auth::jwt::{KeyStore, Validator};
use keg_auth::scram::{self, Hash};
use keg_auth::{Authentication, Chosen, Client, ClientStep, Method, Next, Peer, Secret, Step, plain};
use proptest::prelude::*;

use crate::support::{nonce, now, password, plain as plain_principals, scram as scram_principals};

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

    #[test]
    fn whatever_is_sent_is_answered_or_refused_by_every_server_and_client(
        mechanism in prop::sample::select(keg_auth::Mechanism::ALL.to_vec()),
        tokens in prop::collection::vec(token(), 1..4),
    ) {
        let methods = vec![
            Method::Plain(plain_principals(&[("ann", password("right"))])),
            Method::Scram(scram_principals(Hash::Sha256, &[("ann", password("right"))])),
            Method::Scram(scram_principals(Hash::Sha512, &[("ann", password("right"))])),
            Method::OAuthBearer { validator: Arc::new(Validator::new(KeyStore::default())), forward: false },
        ];
        let Step::Handshake(handshake) = Authentication::new(methods).begin(&Peer::default()) else { panic!() };
        let Chosen::Exchange(mut exchange) = handshake.choose(mechanism.name()).unwrap() else { panic!() };
        for token in &tokens {
            match exchange.token(token, now()) {
                Ok(Next::Challenge(_, next)) => exchange = next,
                Ok(Next::UnknownKey(waiting)) => {
                    let next = waiting.resume(now());
                    prop_assert!(matches!(next, Ok(Next::Challenge(..)) | Err(_)));
                    break;
                }
                Ok(Next::Authenticated(_, session)) => {
                    // Which can only be by PLAIN, since nobody else says the password by chance.
                    prop_assert_eq!(session.proof(), keg_auth::Proof::Sasl(keg_auth::Mechanism::Plain));
                    prop_assert!(token.ends_with(b"ann\0right"));
                    break;
                }
                Err(failure) => {
                    prop_assert!(!failure.message().is_empty() && failure.message().len() < 200);
                    break;
                }
            }
        }

        let nonce = nonce("client");
        let client = match mechanism {
            keg_auth::Mechanism::Plain => Client::Plain(plain::Client::new("ann", Secret::new("right")).unwrap()),
            keg_auth::Mechanism::OAuthBearer => {
                Client::OAuthBearer(keg_auth::oauthbearer::Client::new(Secret::new("token")).unwrap())
            }
            _ => Client::Scram(scram::Client::new(Hash::Sha256, "ann", Secret::new("right"), nonce).unwrap()),
        };
        let (_, mut waiting) = client.begin();
        for token in &tokens {
            match waiting.respond(token) {
                Ok(ClientStep::Send(_, next)) => waiting = next,
                Ok(ClientStep::Done) => {
                    prop_assert!(token.is_empty());
                    break;
                }
                Ok(ClientStep::Refused(..)) | Err(_) => break,
            }
        }
    }
}

/// Bytes, more often than not with what the mechanisms look for.
fn token() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "n,,",
            "y,",
            "a=ann",
            ",",
            "n=ann",
            "n=eve",
            "r=client",
            "r=",
            "server",
            "c=biws",
            "s=AAAA",
            "i=4096",
            "p=AAAA",
            "v=AAAA",
            "e=x",
            "m=x",
            "=2C",
            "=",
            "\0",
            "ann",
            "right",
            "\x01",
            "auth=Bearer ",
            "e30",
            ".",
            "{\"status\":\"x\"}",
        ])
        .prop_map(|part| part.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop_oneof![
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat()),
        Just(b"\0ann\0right".to_vec()),
        Just(b"n,,n=ann,r=abc".to_vec()),
        Just(b"n,,\x01auth=Bearer eyJhbGciOiJSUzI1NiJ9.e30.AAAA\x01\x01".to_vec()),
        Just(b"r=clientserver,s=AAAA,i=4096".to_vec()),
    ]
}
