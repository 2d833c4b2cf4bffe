//! No messages authenticate with SCRAM without the password, and a user who doesn't exist fails as one who does.

#![no_main]

use std::sync::{Arc, LazyLock};

use keg_auth::scram::{Client, Hash, Nonce, Principals, Server};
use keg_auth::{Credential, Secret, ServerSecret};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    first: First,
    last: Last,
    /// What the client is told.
    challenge: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
enum First {
    Raw(Vec<u8>),
    /// A message with this before the username, as the username, and behind the nonce.
    Of(String, String, String),
    Plain,
}

#[derive(Debug, Arbitrary)]
enum Last {
    Raw(Vec<u8>),
    /// A message of this exchange with another part behind the nonce and another proof.
    Of(String, Vec<u8>),
}

static PRINCIPALS: LazyLock<Arc<Principals>> = LazyLock::new(|| {
    let password = Credential::Password("right".into());
    let secret = ServerSecret::from_bytes(b"fuzz");
    Arc::new(Principals::new(Hash::Sha256, secret, [("ann", password)]).expect("a user"))
});

fn attempt(first: &[u8], last: &Last) -> Result<String, String> {
    let nonce = Nonce::new("server").expect("a nonce");
    let server = Server::new(PRINCIPALS.clone(), nonce);
    let (challenge, waiting) = server.respond(first).map_err(|failure| failure.message().to_owned())?;
    let challenge = String::from_utf8(challenge).expect("a challenge is text");
    let (nonce, rest) = challenge.split_once(",s=").expect("a challenge has a salt");
    assert!(nonce.starts_with("r=") && nonce.ends_with("server") && rest.ends_with("==,i=4096"));
    let last = match last {
        Last::Raw(bytes) => bytes.clone(),
        Last::Of(extension, proof) => {
            let proof = data_encoding::BASE64.encode(proof);
            format!("c=biws,{nonce}{extension},p={proof}").into_bytes()
        }
    };
    waiting.respond(&last).map(|done| done.username).map_err(|failure| {
        assert!(failure.reason().to_string().len() < 8 * 1024);
        failure.message().to_owned()
    })
}

fuzz_target!(|input: Input| {
    let of = |user: &str| match &input.first {
        First::Raw(bytes) => bytes.clone(),
        First::Of(before, name, behind) => format!("n,{before},n={name},r=abc{behind}").into_bytes(),
        First::Plain => format!("n,,n={user},r=abc").into_bytes(),
    };
    let known = attempt(&of("ann"), &input.last).expect_err("nobody has the password");
    assert_eq!(Err(known), attempt(&of("eve"), &input.last));

    // The client, towards a server that says anything. What it is told of iterations it would compute.
    let nonce = Nonce::new("client").expect("a nonce");
    let client = Client::new(Hash::Sha512, "ann", Secret::new("right"), nonce).expect("a client");
    if let Ok((_, waiting)) = client.begin().1.respond(&input.challenge) {
        waiting
            .finish(&input.challenge)
            .expect_err("nobody else has the password");
    }
});
