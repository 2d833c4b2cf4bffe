//! Sessions of tokens that are judged again, under other rules and by other keys.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use keg_auth::jwt::{Algorithm, KeyStore, Keys, TokenError, Validator};
use keg_auth::{Authentication, Chosen, Method, Next, Peer, Revoked, Secret, Session, Step, oauthbearer};

use crate::issuer::{Issuer, keys};
use crate::support::now;

const CLAIMS: &str = r#"{"sub":"ann","exp":1800000060,"iss":"https://issuer","aud":["kafka","web"],"name":"Ann",
    "same":"ann","scope":"read write","rights":["read"],"nbf":1800000020}"#;

fn methods(validator: Validator, forward: bool) -> Authentication {
    let validator = Arc::new(validator);
    Authentication::new(vec![Method::OAuthBearer { validator, forward }])
}

/// Who shows this token to the validator.
fn session(authentication: &Authentication, token: String) -> Session {
    let Step::Handshake(handshake) = authentication.begin(&Peer::default()) else {
        panic!("a token is needed");
    };
    let Chosen::Exchange(exchange) = handshake.choose("OAUTHBEARER").unwrap() else {
        panic!("it ends here");
    };
    let client = oauthbearer::Client::new(Secret::new(token)).unwrap();
    let (message, _) = keg_auth::Client::OAuthBearer(client).begin();
    match exchange.token(&message, now()).unwrap() {
        Next::Authenticated(_, session) => session,
        next => panic!("{next:?}"),
    }
}

fn revoked(reviewed: Result<Option<Session>, Revoked>) -> TokenError {
    match reviewed.unwrap_err() {
        Revoked::Token(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_is_judged_again_by_all_that_is_asked_of_a_new_one() {
    let issuer = Issuer::rsa("k");
    let store = KeyStore::new(keys(&[&issuer]));
    let any = || Validator::new(store.clone());
    for forward in [false, true] {
        let before = session(&methods(any(), forward), issuer.sign("RS256", CLAIMS));
        let review = |validator| methods(validator, forward).review(&before, now());
        for same in [
            any(),
            any().issuer("https://issuer"),
            any().audiences(["elsewhere", "web"]),
            any().algorithms([Algorithm::Es256, Algorithm::Rs256]),
            any().principal_claim("same"),
        ] {
            assert_eq!(review(same), Ok(None));
        }
        let error = |validator| revoked(review(validator));
        assert!(matches!(
            error(any().issuer("https://issuer/")),
            TokenError::Issuer { .. }
        ));
        assert!(matches!(
            error(any().audiences(["elsewhere"])),
            TokenError::Audience { .. }
        ));
        // The key could, and isn't meant to.
        assert!(matches!(
            error(any().algorithms([Algorithm::Ps256])),
            TokenError::Algorithm(_)
        ));
        assert!(matches!(error(any().max_size(300)), TokenError::TooLong { .. }));
        assert!(matches!(
            error(any().principal_claim("nickname")),
            TokenError::Claim { .. }
        ));
        let renamed = review(any().principal_claim("name")).unwrap_err();
        assert_eq!(renamed.to_string(), "the bearer token is that of \"Ann\" by now");
        let other_way = methods(any(), !forward).review(&before, now());
        assert_eq!(other_way, Err(Revoked::Removed));
    }
}

#[test]
fn other_scopes_and_another_end_are_taken_over() {
    let issuer = Issuer::p256("k");
    let any = || Validator::new(KeyStore::new(keys(&[&issuer])));
    let longest = Duration::from_secs(80);
    let lasting = |validator| methods(validator, false).with_session_lifetime(longest);
    let before = session(&lasting(any()), issuer.sign("ES256", CLAIMS));
    assert_eq!(before.scopes(), ["read", "write"]);
    assert_eq!(before.lifetime(now()), Some(longest));

    let review = |validator| lasting(validator).review(&before, now());
    let other = review(any().scope_claim("rights")).unwrap().unwrap();
    assert_eq!(other.scopes(), ["read"]);
    assert_eq!(
        (other.principal(), other.claims()),
        (before.principal(), before.claims())
    );
    assert_eq!(other.lifetime(now()), Some(longest));
    let shorter = review(any().clock_skew(Duration::from_secs(10))).unwrap_err();
    assert_eq!(shorter, Revoked::Token(TokenError::NotYetValid { seconds: 20 }));
    let shorter = methods(any().clock_skew(Duration::ZERO), false).review(&before, now() + Duration::from_secs(20));
    let shorter = shorter.unwrap().unwrap();
    assert_eq!(shorter.lifetime(now()), Some(Duration::from_secs(60)));
    // What the session itself was limited to stays.
    let longer = review(any().clock_skew(Duration::from_secs(300))).unwrap().unwrap();
    assert_eq!(longer.lifetime(now()), Some(longest));
    let late = now() + Duration::from_secs(60);
    let ended = methods(any().clock_skew(Duration::ZERO), false).review(&before, late);
    assert_eq!(ended, Err(Revoked::Token(TokenError::Expired { seconds: 0 })));
}

#[test]
fn a_key_that_is_not_in_the_store_any_more_ends_the_sessions_that_began_by_it() {
    let issuers = [Issuer::p256("one"), Issuer::rsa("two"), Issuer::ed25519("three")];
    for (issuer, algorithm) in issuers.iter().zip(["ES256", "PS512", "EdDSA"]) {
        let others: Vec<_> = issuers.iter().filter(|it| !std::ptr::eq(*it, issuer)).collect();
        let store = KeyStore::new(keys(&[&issuers[0], &issuers[1], &issuers[2]]));
        let authentication = methods(Validator::new(store.clone()), false);
        let before = session(&authentication, issuer.sign(algorithm, CLAIMS));
        let review = || authentication.review(&before, now());
        store.replace(keys(&[others[1], issuer]));
        assert_eq!(review(), Ok(None), "other keys are of no matter");
        store.replace(keys(&others));
        assert!(matches!(revoked(review()), TokenError::UnknownKey { kid: Some(_) }));
        store.replace(keys(&[issuer]));
        assert_eq!(review(), Ok(None));
    }
}

#[test]
fn another_key_of_the_same_name_is_not_the_one() {
    let (issuer, other) = (Issuer::p256("k"), Issuer::p256("k"));
    let store = KeyStore::new(keys(&[&issuer]));
    let authentication = methods(Validator::new(store.clone()), false);
    let before = session(&authentication, issuer.sign("ES256", CLAIMS));
    store.replace(keys(&[&other]));
    assert_eq!(revoked(authentication.review(&before, now())), TokenError::Signature);
    // Under another name it wouldn't be found for the token, which says that name.
    let renamed = issuer.jwk().replace("\"k\"", "\"renamed\"");
    let renamed = Keys::from_jwks(format!(r#"{{"keys":[{renamed}]}}"#).as_bytes()).unwrap();
    store.replace(renamed.clone());
    assert!(matches!(
        revoked(authentication.review(&before, now())),
        TokenError::UnknownKey { .. }
    ));
    // A token without a name is for any key.
    store.replace(keys(&[&issuer]));
    let nameless = issuer.sign_with_header(r#"{"alg":"ES256"}"#, "ES256", CLAIMS);
    let nameless = session(&authentication, nameless);
    store.replace(renamed);
    assert_eq!(authentication.review(&nameless, now()), Ok(None));
    store.replace(keys(&[&other]));
    assert!(matches!(
        revoked(authentication.review(&nameless, now())),
        TokenError::UnknownKey { kid: None }
    ));
}

#[test]
fn sessions_wait_for_the_first_keys_of_another_store_and_not_for_anything_else() {
    let (issuer, other) = (Issuer::p256("k"), Issuer::p256("k"));
    let before = session(
        &methods(Validator::new(KeyStore::new(keys(&[&issuer]))), false),
        issuer.sign("ES256", CLAIMS),
    );
    let store = KeyStore::default();
    let to_come = methods(Validator::new(store.clone()), false);
    assert_eq!(to_come.review(&before, now()), Ok(None));
    let elsewhere = methods(Validator::new(store.clone()).issuer("https://elsewhere"), false);
    assert!(matches!(
        revoked(elsewhere.review(&before, now())),
        TokenError::Issuer { .. }
    ));
    let seen = to_come.keys_of(&before).unwrap().generation();
    store.replace(keys(&[&other]));
    assert_ne!(to_come.keys_of(&before).unwrap().generation(), seen);
    assert_eq!(revoked(to_come.review(&before, now())), TokenError::Signature);
}

#[test]
fn the_same_keys_once_more_are_no_other_generation() {
    let (one, two) = (Issuer::p256("one"), Issuer::rsa("two"));
    let store = KeyStore::new(keys(&[&one, &two]));
    let mut seen = store.generation();
    let mut grows = |keys| {
        store.replace(keys);
        let before = std::mem::replace(&mut seen, store.generation());
        before != seen
    };
    assert!(!grows(keys(&[&one, &two])));
    assert!(grows(keys(&[&one])));
    assert!(!grows(keys(&[&one])));
    assert!(grows(keys(&[&Issuer::p256("one")])));
    assert!(grows(keys(&[&one, &two])));
}

/// One of many validators.
fn validator(keys: &[Keys], drawn: (usize, usize, usize, usize, u64, usize)) -> Validator {
    let (keys_of, issuer, audiences, algorithms, skew, claim) = drawn;
    let validator = Validator::new(KeyStore::new(keys[keys_of].clone()))
        .audiences([vec![], vec!["kafka"], vec!["web", "more"]][audiences].clone())
        .algorithms(
            [
                Algorithm::ALL.to_vec(),
                vec![Algorithm::Rs256],
                vec![Algorithm::Ps256, Algorithm::Es256],
            ][algorithms]
                .clone(),
        )
        .clock_skew(Duration::from_secs(skew))
        .principal_claim(["sub", "name", "missing"][claim])
        .scope_claim(["scope", "rights", "missing"][claim]);
    match issuer {
        0 => validator,
        _ => validator.issuer(["https://issuer", "https://other"][issuer - 1]),
    }
}

#[test]
fn what_is_left_of_a_token_is_judged_as_the_token_itself_would_be() {
    let (rsa, elliptic, others) = (
        Issuer::rsa("k"),
        Issuer::p256("e"),
        [Issuer::rsa("k"), Issuer::p256("n")],
    );
    let keys = [
        keys(&[&rsa, &elliptic]),
        keys(&[&elliptic]),
        keys(&[&rsa]),
        keys(&[&others[0], &others[1]]),
        keys(&[&others[1], &elliptic, &rsa]),
    ];
    let tokens: Vec<String> = [CLAIMS, r#"{"sub":"ann","exp":1800000010,"name":7,"aud":"more"}"#]
        .iter()
        .flat_map(|claims| {
            let nameless = |issuer: &Issuer, algorithm: &str| {
                issuer.sign_with_header(&format!(r#"{{"alg":"{algorithm}"}}"#), algorithm, claims)
            };
            [
                rsa.sign("RS256", claims),
                rsa.sign("PS256", claims),
                elliptic.sign("ES256", claims),
                nameless(&rsa, "PS256"),
                nameless(&elliptic, "ES256"),
            ]
        })
        .collect();
    let any = Validator::new(KeyStore::new(keys[0].clone()));
    let [same, changed, refused] = [const { Cell::new(0) }; 3];
    let drawn = (0..keys.len(), 0..3_usize, 0..3_usize, 0..3_usize, 0..3_u64, 0..3_usize);
    let config = proptest::test_runner::Config::with_cases(2_000);
    proptest::test_runner::TestRunner::new(config)
        .run(&(drawn, 0..tokens.len(), 0..80_u64), |(drawn, token, later)| {
            let (now, token) = (now() + Duration::from_secs(later), &tokens[token]);
            let validator = validator(&keys, (drawn.0, drawn.1, drawn.2, drawn.3, drawn.4 * 15, drawn.5));
            let before = any.validate(token, crate::support::now()).unwrap();
            let anew = validator.validate(token, now);
            match validator.validate_again(&before, now) {
                Ok(again) => {
                    let count = if again.is_some() { &changed } else { &same };
                    count.update(|count| count + 1);
                    proptest::prop_assert_eq!(Ok(again.unwrap_or(before)), anew);
                }
                Err(error) => {
                    refused.update(|count| count + 1);
                    proptest::prop_assert_eq!(Err(error), anew);
                }
            }
            Ok(())
        })
        .unwrap();
    let counts = [same, changed, refused].map(Cell::into_inner);
    assert!(counts[0] > 5 && counts[1] > 20 && counts[2] > 500, "{counts:?}");
}
