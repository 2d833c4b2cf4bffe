use keg_auth::scram::{AwaitingProof, Credential, Hash, Nonce, Server};
use keg_auth::{ClientError, Credential as Kept, Failure, PrincipalsError, Reason, Secret};

use crate::support::{nonce, password, salted, scram, scram_client, text};

/// Salt, iterations and nonces are those of RFC 7677, section 3; the credential is in PostgreSQL's form.
struct Vector {
    hash: Hash,
    credential: &'static str,
    proof: &'static str,
    signature: &'static str,
}

/// SHA-256 as in RFC 7677; SHA-512, for which no RFC has figures, as Python's hashlib computes it from the same.
const VECTORS: [Vector; 2] = [
    Vector {
        hash: Hash::Sha256,
        credential: "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                     wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    },
    Vector {
        hash: Hash::Sha512,
        credential: "SCRAM-SHA-512$4096:W22ZaJ0SNY7soEsUEjb6gQ==$6AAub3065EYRmyFpM2RNwqK+eGnrkYuEWbXn19LsEmBqzu8QaCX\
                     Nc1FwpnX9NhH2hK/60dzj9DoO5DvVkOHbvg==:jZHbYjC1aHh0/hKbxyBuGFjDrgjgKTT1esA7awWiKcRZ0o/0b1yWEebB\
                     eSVkkCFewf91nLDfKF24mvD5nmE6rA==",
        proof: "gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
        signature: "ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==",
    },
];

const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

fn challenge() -> String {
    format!("r={CLIENT_NONCE}{SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
}

#[test]
fn the_server_says_what_the_rfc_says() {
    for vector in VECTORS {
        let credential: Credential = vector.credential.parse().unwrap();
        let principals = scram(vector.hash, &[("user", Kept::Salted(credential))]);
        let server = Server::new(principals, nonce(SERVER_NONCE));
        let (first, waiting) = server
            .respond(format!("n,,n=user,r={CLIENT_NONCE}").as_bytes())
            .unwrap();
        assert_eq!(text(&first), challenge());
        let last = format!("c=biws,r={CLIENT_NONCE}{SERVER_NONCE},p={}", vector.proof);
        let authenticated = waiting.respond(last.as_bytes()).unwrap();
        assert_eq!(authenticated.username, "user");
        assert_eq!(text(&authenticated.message), format!("v={}", vector.signature));
    }
}

#[test]
fn the_client_says_what_the_rfc_says() {
    for vector in VECTORS {
        let client =
            keg_auth::scram::Client::new(vector.hash, "user", Secret::new("pencil"), nonce(CLIENT_NONCE)).unwrap();
        let (first, waiting) = client.begin();
        assert_eq!(text(&first), format!("n,,n=user,r={CLIENT_NONCE}"));
        let (last, waiting) = waiting.respond(challenge().as_bytes()).unwrap();
        assert_eq!(
            text(&last),
            format!("c=biws,r={CLIENT_NONCE}{SERVER_NONCE},p={}", vector.proof)
        );
        waiting.finish(format!("v={}", vector.signature).as_bytes()).unwrap();
    }
}

#[test]
fn a_credential_is_the_same_from_a_password_and_from_its_text() {
    for vector in VECTORS {
        let parsed: Credential = vector.credential.parse().unwrap();
        let derived = Credential::derive(vector.hash, "pencil", parsed.salt(), 4096).unwrap();
        assert_eq!(derived, parsed);
        assert_eq!(derived.to_text(), vector.credential);
        assert!(parsed.verify("pencil"));
        assert!(!parsed.verify("pencils"));
    }
}

#[test]
fn generated_credentials_of_one_password_differ() {
    let one = Credential::generate(Hash::Sha256, "pencil", 4096).unwrap();
    let other = Credential::generate(Hash::Sha256, "pencil", 4096).unwrap();
    assert_ne!(one.salt(), other.salt());
    assert_ne!(one.to_text(), other.to_text());
}

#[test]
fn what_is_no_credential_is_refused_with_what_is_wrong() {
    let good = VECTORS[0].credential;
    let cases = [
        (
            "pencil".to_owned(),
            "expected SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey",
        ),
        (good.replace("SHA-256", "SHA-1"), "expected SCRAM-SHA-256$"),
        (
            good.replace("SHA-256", "SHA-512"),
            "the StoredKey has 32 bytes, expected 64",
        ),
        (
            good.replace("$4096", "$4095"),
            "expected 4096 to 1000000 iterations, found 4095",
        ),
        (
            good.replace("$4096", "$4000000000"),
            "expected 4096 to 1000000 iterations, found 4000000000",
        ),
        (good.replace("$4096", "$many"), "expected SCRAM-SHA-256$"),
        (good.replace("W22Z", "W22"), "the salt is not Base64"),
        (
            good.replace("W22ZaJ0SNY7soEsUEjb6gQ==", ""),
            "expected a salt of 1 to 64 bytes, found 0",
        ),
        (good.replace("wfPL", "wf?L"), "the ServerKey is not Base64"),
        (format!("{good}$"), "expected SCRAM-SHA-256$"),
    ];
    for (text, expected) in cases {
        let error = text.parse::<Credential>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

/// The client's messages are made with the password; the server's first message and the failure are given back.
fn attempt(users: &[(&str, Kept)], hash: Hash, username: &str, password: &str) -> (String, Failure) {
    let (first, client) = scram_client(hash, username, password).begin();
    let server = Server::new(scram(hash, users), nonce("server"));
    let (challenge, waiting) = server.respond(&first).unwrap();
    let (last, _) = client.respond(&challenge).unwrap();
    let challenge = text(&challenge).to_owned();
    (challenge, waiting.respond(&last).unwrap_err())
}

#[test]
fn an_unknown_user_and_a_wrong_password_look_alike() {
    for hash in [Hash::Sha256, Hash::Sha512] {
        let users = [("ann", password("right")), ("bob", salted(hash, "right"))];
        let (of_ann, wrong) = attempt(&users, hash, "ann", "wrong");
        let (of_eve, unknown) = attempt(&users, hash, "eve", "wrong");
        assert_eq!(wrong.message(), unknown.message());
        assert_eq!(
            wrong.message(),
            format!(
                "Authentication failed during authentication due to invalid credentials with SASL mechanism {}",
                hash.mechanism()
            )
        );
        assert_eq!(wrong.reason().to_string(), r#"wrong password of the user "ann""#);
        assert_eq!(unknown.reason().to_string(), r#"there is no user "eve""#);

        // The salts are different ones of one length, and the same each time.
        assert_ne!(of_ann, of_eve);
        assert_eq!(of_ann.len(), of_eve.len());
        assert!(of_ann.ends_with(",i=4096") && of_eve.ends_with(",i=4096"));
        assert_eq!(attempt(&users, hash, "eve", "another").0, of_eve);
        // Also when the user is added, with a password: who looked before sees no difference.
        let (added, _) = attempt(&[("eve", password("right"))], hash, "eve", "wrong");
        assert_eq!(added, of_eve);
    }
}

#[test]
fn an_unknown_user_has_the_iterations_and_salt_size_of_most_users() {
    let credential =
        |salt: &[u8], iterations| Kept::Salted(Credential::derive(Hash::Sha256, "right", salt, iterations).unwrap());
    let users = [
        ("ann", credential(b"twenty-bytes-of-salt", 5000)),
        ("bob", credential(b"twenty.bytes.of.salt", 5000)),
        ("cid", credential(b"short", 4096)),
    ];
    let shape = |challenge: &str| {
        let (_, rest) = challenge.split_once(",s=").unwrap();
        let (salt, iterations) = rest.split_once(",i=").unwrap();
        (salt.len(), iterations.to_owned())
    };
    let of = |name| shape(&attempt(&users, Hash::Sha256, name, "wrong").0);
    assert_eq!(of("eve"), of("ann"));
    assert_ne!(of("eve"), of("cid"));
}

#[test]
fn nobody_authenticates_as_a_user_who_does_not_exist() {
    // Whatever the password: there is none.
    for guess in ["", " ", "right", "eve"].iter().filter(|guess| !guess.is_empty()) {
        let (_, failure) = attempt(&[("ann", password("right"))], Hash::Sha256, "eve", guess);
        assert!(matches!(failure.reason(), Reason::UnknownUser(_)));
    }
}

fn first_message(message: &str) -> Result<AwaitingProof, Failure> {
    let principals = scram(
        Hash::Sha256,
        &[("ann", password("right")), ("a,b=c", password("right"))],
    );
    let server = Server::new(principals, nonce("server"));
    server.respond(message.as_bytes()).map(|(_, waiting)| waiting)
}

#[test]
fn first_messages_are_read_as_the_grammar_says() {
    for good in [
        "n,,n=ann,r=abc",
        "y,,n=ann,r=abc",
        "n,a=ann,n=ann,r=abc",
        "n,,n=ann,r=abc,ext=value,other=a=b",
        "n,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=abc",
        "n,,n=ann,r=abc,tokenauth=false",
        "n,,n=jürgen,r=abc",
    ] {
        first_message(good).unwrap_or_else(|failure| panic!("{good}: {}", failure.reason()));
    }
    for (bad, expected) in [
        ("", "no GS2 header"),
        ("n", "no GS2 header"),
        ("n,", "no GS2 header"),
        ("n,,", "no username"),
        ("x,,n=ann,r=abc", "no GS2 header"),
        ("p=tls-unique,,n=ann,r=abc", "channel binding"),
        ("n,ann,n=ann,r=abc", "no authorization id"),
        ("n,a=,n=ann,r=abc", "an empty name"),
        ("n,,n=,r=abc", "an empty name"),
        ("n,,n=a=b,r=abc", "neither =2C nor =3D"),
        ("n,,n=a=2c,r=abc", "neither =2C nor =3D"),
        ("n,,n=a\0b,r=abc", "a name with NUL"),
        ("n,,n=ann", "no nonce"),
        ("n,,n=ann,r=", "no nonce"),
        ("n,,n=ann,r=a c", "not printable"),
        ("n,,n=ann,r=abc,", "an extension that is not name=value"),
        ("n,,n=ann,r=abc,e1=x", "an extension that is not name=value"),
        ("n,,m=x,n=ann,r=abc", "a mandatory extension"),
        ("n,,n=ann,r=abc,m=x", "a mandatory extension"),
    ] {
        let failure = first_message(bad).unwrap_err();
        let reason = failure.reason().to_string();
        assert!(reason.contains(expected), "{bad}: {reason}");
        assert_eq!(
            failure.message(),
            "Authentication failed: the message is not one of the SASL mechanism SCRAM-SHA-256"
        );
    }
}

#[test]
fn delegation_tokens_are_refused_with_a_reason() {
    for value in ["true", "TRUE"] {
        let failure = first_message(&format!("n,,n=ann,r=abc,tokenauth={value}")).unwrap_err();
        assert_eq!(
            failure.message(),
            "Authentication failed: delegation tokens are not supported"
        );
        assert_eq!(failure.reason().label(), "delegation_token");
    }
}

#[test]
fn acting_for_another_user_is_refused_whether_the_user_exists_or_not() {
    let of_ann = first_message("n,a=bob,n=ann,r=abc").unwrap_err();
    let of_eve = first_message("n,a=bob,n=eve,r=abc").unwrap_err();
    assert_eq!(of_ann.message(), of_eve.message());
    assert_eq!(of_ann.reason().to_string(), r#""ann" asks to act as "bob""#);
}

#[test]
fn last_messages_of_another_exchange_or_shape_are_refused() {
    let proof = "A".repeat(43) + "=";
    for (bad, expected) in [
        (format!("c=biws,r=abcother,p={proof}"), "the nonce of another exchange"),
        (format!("c=biws,r=abc,p={proof}"), "the nonce of another exchange"),
        (format!("c=eSws,r=abcserver,p={proof}"), "not its GS2 header"),
        (format!("c=,r=abcserver,p={proof}"), "not its GS2 header"),
        ("c=biws,r=abcserver,p=AAAA".to_owned(), "not as long as the hash"),
        ("c=biws,r=abcserver".to_owned(), "no nonce"),
        (format!("c=biws,r=abcserver,m=x,p={proof}"), "a mandatory extension"),
        (format!("r=abcserver,c=biws,p={proof}"), "no channel binding"),
        (format!("c=biws,r=abcserver,p={proof},x=y"), "not name=value"),
        (format!("c=biws,r=abcserver,p=?{proof}"), "not Base64"),
    ] {
        let waiting = first_message("n,,n=ann,r=abc").unwrap();
        let reason = waiting.respond(bad.as_bytes()).unwrap_err().reason().to_string();
        assert!(reason.starts_with("not a message of SCRAM-SHA-256"), "{bad}: {reason}");
        // An attribute after the proof is taken for the proof.
        assert!(
            reason.contains(expected) || reason.contains("no proof"),
            "{bad}: {reason}"
        );
    }
}

#[test]
fn a_client_does_not_take_a_server_that_is_not_the_one() {
    let respond = |challenge: &str| {
        let (_, waiting) = scram_client(Hash::Sha256, "ann", "right").begin();
        waiting.respond(challenge.as_bytes())
    };
    for (bad, expected) in [
        ("r=another,s=AAAA,i=4096", "the nonce of another exchange"),
        ("r=client,s=AAAA,i=4096", "a nonce without the server's part"),
        ("r=clientserver,s=AAAA,i=4095", "fewer than 4096 iterations"),
        ("r=clientserver,s=AAAA,i=0", "no iterations"),
        ("r=clientserver,s=AAAA,i=2000000", "more than any server should ask for"),
        (
            "r=clientserver,s=AAAA,i=99999999999",
            "more than any server should ask for",
        ),
        ("r=clientserver,s=A,i=4096", "not Base64"),
        ("m=x,r=clientserver,s=AAAA,i=4096", "no nonce"),
        ("e=other-error", "no nonce"),
        ("", "no nonce"),
    ] {
        let error = respond(bad).unwrap_err().to_string();
        assert!(error.contains(expected), "{bad}: {error}");
    }
    let finish = |last: &str| {
        let (_, waiting) = respond("r=clientserver,s=AAAA,i=4096").unwrap();
        waiting.finish(last.as_bytes()).unwrap_err()
    };
    assert!(matches!(finish("v=AAAA"), ClientError::ServerSignature { .. }));
    assert!(matches!(
        finish(&format!("v={}=", "A".repeat(43))),
        ClientError::ServerSignature { .. }
    ));
    assert_eq!(
        finish("e=invalid-proof").to_string(),
        "the server refuses the credential (SCRAM-SHA-256): \"invalid-proof\""
    );
    assert!(matches!(finish(""), ClientError::Malformed { .. }));
}

#[test]
fn principals_are_refused_that_scram_can_not_have() {
    let make = |users: Vec<(&str, Kept)>| {
        keg_auth::scram::Principals::new(Hash::Sha256, crate::support::secret(), users).unwrap_err()
    };
    assert_eq!(make(vec![("", password("x"))]), PrincipalsError::EmptyUsername);
    assert!(matches!(
        make(vec![("ann", password("x")), ("ann", password("y"))]),
        PrincipalsError::Duplicate { .. }
    ));
    assert_eq!(
        make(vec![("ann", salted(Hash::Sha512, "x"))]).to_string(),
        "the salted hash of \"ann\" is one of SCRAM-SHA-512, which SCRAM-SHA-256 can't use"
    );
    assert_eq!(
        make(vec![("ann", password(""))]).to_string(),
        "the credential of \"ann\": the password is empty"
    );
}

#[test]
fn nonces_are_random_and_printable() {
    let one = Nonce::random().unwrap();
    assert_ne!(one, Nonce::random().unwrap());
    for bad in ["", "a,b", "a b", "ä"] {
        assert!(Nonce::new(bad).is_none());
    }
}
