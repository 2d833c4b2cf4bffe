use std::fmt::Debug;
use std::sync::Arc;

use keg_auth::jwt::{KeyStore, Validator};
use keg_auth::oauthbearer::{self, Outcome};
use keg_auth::scram::{self, Hash};
use keg_auth::{Authentication, Client, Method, Secret, ServerSecret, plain};

use crate::support::{nonce, now, password, plain as plain_principals, scram as scram_principals};

const SECRET: &str = "q7Zk-in-no-message-XJ2";

/// Fails for anything that prints the secret, as text or as a list of bytes, or the keys that are made of it.
fn check(what: &str, value: &dyn Debug) {
    let credential = credential();
    let text = credential.to_text();
    let (_, keys) = text.rsplit_once('$').unwrap();
    let bytes = |bytes: &[u8]| format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
    let mut forbidden = vec![SECRET.to_owned(), bytes(&SECRET.as_bytes()[..8])];
    for key in keys.split(':') {
        forbidden.push(key.to_owned());
        forbidden.push(bytes(&data_encoding::BASE64.decode(key.as_bytes()).unwrap()[..4]));
    }
    for printed in [format!("{value:?}"), format!("{value:#?}").replace([' ', '\n'], "")] {
        for secret in forbidden
            .iter()
            .flat_map(|secret| [secret.clone(), secret.replace(' ', "")])
        {
            assert!(!printed.contains(&secret), "{what}: {printed}");
        }
    }
}

fn credential() -> scram::Credential {
    scram::Credential::derive(Hash::Sha256, SECRET, b"salt", 4096).unwrap()
}

#[test]
fn nothing_prints_a_secret() {
    check("Secret", &Secret::new(SECRET));
    check("ServerSecret", &ServerSecret::from_bytes(SECRET.as_bytes()));
    check("Credential::Password", &password(SECRET));
    check("Credential::Salted", &keg_auth::Credential::Salted(credential()));
    check("scram::Credential", &credential());

    let users = [
        ("ann", password(SECRET)),
        ("bob", keg_auth::Credential::Salted(credential())),
    ];
    let (plain_users, scram_users) = (plain_principals(&users), scram_principals(Hash::Sha256, &users));
    check("plain::Principals", &plain_users);
    check("scram::Principals", &scram_users);
    let authentication = Authentication::new(vec![
        Method::Plain(plain_users.clone()),
        Method::Scram(scram_users.clone()),
    ]);
    check("Authentication", &authentication);

    check("plain::Server", &plain::Server::new(plain_users.clone()));
    check(
        "plain::Client",
        &plain::Client::new("ann", Secret::new(SECRET)).unwrap(),
    );
    let wrong = format!("\0eve\0{SECRET}");
    check(
        "Failure",
        &plain::Server::new(plain_users).respond(wrong.as_bytes()).unwrap_err(),
    );

    let client = scram::Client::new(Hash::Sha256, "bob", Secret::new(SECRET), nonce("client")).unwrap();
    check("scram::Client", &client);
    let server = scram::Server::new(scram_users, nonce("server"));
    check("scram::Server", &server);
    let (token, client) = client.begin();
    check("scram::AwaitingChallenge", &client);
    let (token, server) = server.respond(&token).unwrap();
    check("scram::AwaitingProof", &server);
    let (_, client) = client.respond(&token).unwrap();
    check("scram::AwaitingSignature", &client);

    let client = oauthbearer::Client::new(Secret::new(SECRET)).unwrap();
    check("oauthbearer::Client", &client);
    let (token, waiting) = Client::OAuthBearer(client).begin();
    check("Waiting", &waiting);
    let server = oauthbearer::Server::new(Arc::new(Validator::new(KeyStore::default())));
    check("oauthbearer::Outcome", &server.respond(&token, now()).unwrap());
}

#[test]
fn a_token_that_waits_for_keys_is_not_printed() {
    let token = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.e30.AAAA";
    let message = oauthbearer::Client::new(Secret::new(token)).unwrap().message();
    let server = oauthbearer::Server::new(Arc::new(Validator::new(KeyStore::default())));
    let Ok(outcome @ Outcome::UnknownKey(_)) = server.respond(&message, now()) else {
        panic!("there are no keys");
    };
    assert!(!format!("{outcome:?}").contains("e30"));
}
