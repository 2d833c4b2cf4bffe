use std::sync::Arc;
use std::time::Duration;

use keg_auth::jwt::{KeyStore, Validator};
use keg_auth::oauthbearer::{ACKNOWLEDGEMENT, Accepted, Client, Outcome, Server};
use keg_auth::{Authentication, Chosen, ClientError, ClientStep, Exchange, Failure, Method, Next, Peer, Secret, Step};

use crate::issuer::{Issuer, keys};
use crate::support::{now, text};

const CLAIMS: &str = r#"{"sub":"ann","exp":1800000060}"#;

fn respond(issuer: &Issuer, message: &str) -> Result<Outcome, Failure> {
    let validator = Validator::new(KeyStore::new(keys(&[issuer])));
    Server::new(Arc::new(validator)).respond(message.as_bytes(), now())
}

fn accepted(outcome: Result<Outcome, Failure>) -> Accepted {
    match outcome.unwrap() {
        Outcome::Accepted(accepted) => accepted,
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn a_message_as_in_the_rfc_is_read() {
    // RFC 7628, section 4.1, with a token that is a JWT.
    let issuer = Issuer::p256("k");
    let token = issuer.sign("ES256", &CLAIMS.replace("ann", "user@example.com"));
    let message =
        format!("n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer {token}\x01\x01");
    let accepted = accepted(respond(&issuer, &message));
    assert_eq!(accepted.token.principal, "user@example.com");
    let extension = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        accepted.extensions,
        [extension("host", "server.example.com"), extension("port", "143")]
    );
}

#[test]
fn the_token_of_the_rfc_is_read_and_refused_as_the_rfc_says() {
    // Sections 4.1 and 4.3: the token is no JWT, and the client acknowledges the error with 0x01.
    let message = "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
                   auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
    let Ok(Outcome::Rejected(json, waiting)) = respond(&Issuer::p256("k"), message) else {
        panic!("the token is no JWT");
    };
    assert_eq!(text(&json), r#"{"status":"invalid_request"}"#);
    assert_eq!(
        waiting.respond(ACKNOWLEDGEMENT).message(),
        r#"{"status":"invalid_request"}"#
    );
}

#[test]
fn the_error_of_the_rfc_is_read_by_the_client() {
    let error = br#"{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known/openid-configuration"}"#;
    let Some(ClientError::Rejected { message, .. }) = Client::refusal(error) else {
        panic!("an error is a refusal");
    };
    assert_eq!(message, "invalid_token");
    assert!(Client::refusal(b"").is_none());
    let Some(ClientError::Rejected { message, .. }) = Client::refusal(b"what\xff") else {
        panic!("anything else but nothing is one, too");
    };
    assert_eq!(message, "what\u{fffd}");
}

#[test]
fn messages_are_read_as_the_grammar_says() {
    let issuer = Issuer::p256("k");
    let token = issuer.sign("ES256", CLAIMS);
    for good in [
        "n,,\x01auth=Bearer T\x01\x01",
        "y,,\x01auth=BEARER   T\x01\x01",
        "n,a=ann,\x01x=\x01auth=bearer T\x01\x01",
    ] {
        let accepted = accepted(respond(&issuer, &good.replace('T', &token)));
        assert_eq!(accepted.token.principal, "ann", "{good:?}");
    }
    for (bad, expected) in [
        ("", "no separator (0x01) behind the GS2 header"),
        ("\x01", "no GS2 header"),
        ("n,,", "no separator (0x01) behind the GS2 header"),
        ("n,\x01auth=Bearer T\x01\x01", "no GS2 header"),
        ("n,ann,\x01auth=Bearer T\x01\x01", "no authorization id"),
        ("n,a==,\x01auth=Bearer T\x01\x01", "neither =2C nor =3D"),
        ("p=x,,\x01auth=Bearer T\x01\x01", "channel binding"),
        ("n,,\x01auth=Bearer T", "no separator (0x01) at the end"),
        ("n,,\x01auth=Bearer T\x01", "without its separator"),
        ("n,,\x01\x01", "without its separator"),
        ("n,,\x01host=x\x01\x01", "no auth"),
        ("n,,\x01auth=Bearer T\x01auth=Bearer T\x01\x01", "a second auth"),
        ("n,,\x01auth=Bearer T\x01a=1\x01a=2\x01\x01", "a key twice"),
        ("n,,\x01auth=Basic T\x01\x01", "a scheme that is not Bearer"),
        ("n,,\x01auth=T\x01\x01", "no scheme"),
        ("n,,\x01auth=Bearer \x01\x01", "no token"),
        ("n,,\x01auth=Bearer T T\x01\x01", "no token, or one with characters"),
        ("n,,\x01auth=Bearer T\x01a1=x\x01\x01", "a key that is not letters"),
        ("n,,\x01auth=Bearer T\x01a=\x02\x01\x01", "control characters"),
        ("n,,\x01auth=Bearer T\x01a\x01\x01", "not key=value"),
        ("n,,\x01auth=Bearer T\x01\x01\x01", "not key=value"),
    ] {
        let failure = respond(&issuer, &bad.replace('T', &token)).unwrap_err();
        let reason = failure.reason().to_string();
        assert!(reason.contains(expected), "{bad:?}: {reason}");
        assert_eq!(failure.reason().label(), "malformed");
    }
    let many: String = (0..65u8)
        .map(|i| format!("{}=x\x01", "k".repeat(usize::from(i) + 1)))
        .collect();
    assert!(respond(&issuer, &format!("n,,\x01auth=Bearer x\x01{many}\x01")).is_err());
}

#[test]
fn acting_for_another_is_refused() {
    let issuer = Issuer::p256("k");
    let message = format!("n,a=bob,\x01auth=Bearer {}\x01\x01", issuer.sign("ES256", CLAIMS));
    let failure = respond(&issuer, &message).unwrap_err();
    assert_eq!(failure.reason().to_string(), r#""ann" asks to act as "bob""#);
}

#[test]
fn a_message_that_is_too_long_is_not_even_read() {
    let validator = Validator::new(KeyStore::default()).max_size(1000);
    let message = vec![b'n'; 2001];
    let failure = Server::new(Arc::new(validator)).respond(&message, now()).unwrap_err();
    assert_eq!(
        failure.reason().to_string(),
        "not a message of OAUTHBEARER: longer than tokens may be"
    );
}

fn authentication(store: &KeyStore) -> Authentication {
    Authentication::new(vec![Method::OAuthBearer {
        validator: Arc::new(Validator::new(store.clone()).clock_skew(Duration::ZERO)),
        forward: true,
    }])
}

fn exchange(authentication: &Authentication) -> Exchange {
    let Step::Handshake(handshake) = authentication.begin(&Peer::default()) else {
        panic!("a token is needed");
    };
    match handshake.choose("OAUTHBEARER").unwrap() {
        Chosen::Exchange(exchange) => exchange,
        Chosen::Passthrough(passthrough) => panic!("{passthrough:?}"),
    }
}

#[test]
fn a_session_has_the_claims_and_the_end_of_its_token() {
    let issuer = Issuer::p256("k");
    let authentication = authentication(&KeyStore::new(keys(&[&issuer])));
    let authentication = authentication.with_session_lifetime(Duration::from_secs(3600));
    assert!(exchange(&authentication).forwards());
    let client = Client::new(Secret::new(issuer.sign("ES256", CLAIMS))).unwrap();
    let (message, waiting) = keg_auth::Client::OAuthBearer(client.extension("traceId", "7").unwrap()).begin();
    let Next::Authenticated(last, session) = exchange(&authentication).token(&message, now()).unwrap() else {
        panic!("the token is valid");
    };
    assert!(matches!(waiting.respond(&last).unwrap(), ClientStep::Done));
    assert_eq!(session.principal().name(), "ann");
    assert_eq!(session.lifetime(now()), Some(Duration::from_secs(60)));
    assert_eq!(session.claims()["sub"].as_text(), Some("ann"));
    assert_eq!(authentication.review(&session, now()), Ok(None));

    let shorter = authentication.with_session_lifetime(Duration::from_secs(5));
    let Next::Authenticated(_, session) = exchange(&shorter).token(&message, now()).unwrap() else {
        panic!("the token is valid");
    };
    assert_eq!(session.lifetime(now()), Some(Duration::from_secs(5)));
}

#[test]
fn an_invalid_token_is_told_in_json_acknowledged_and_fails() {
    let issuer = Issuer::p256("k");
    let authentication = authentication(&KeyStore::new(keys(&[&issuer])));
    let client = Client::new(Secret::new(issuer.sign("ES256", CLAIMS))).unwrap();
    let (message, waiting) = keg_auth::Client::OAuthBearer(client).begin();
    let late = now() + Duration::from_secs(61);
    let Next::Challenge(json, exchange) = exchange(&authentication).token(&message, late).unwrap() else {
        panic!("the token has expired");
    };
    assert_eq!(text(&json), r#"{"status":"invalid_token"}"#);
    let ClientStep::Refused(acknowledgement, error) = waiting.respond(&json).unwrap() else {
        panic!("the server refuses");
    };
    assert_eq!(
        error.to_string(),
        "the server refuses the credential (OAUTHBEARER): \"invalid_token\""
    );
    assert_eq!(acknowledgement, ACKNOWLEDGEMENT);
    let failure = exchange.token(&acknowledgement, late).unwrap_err();
    assert_eq!(failure.message(), r#"{"status":"invalid_token"}"#);
    assert_eq!(
        failure.reason().to_string(),
        "invalid bearer token: expired 1 s ago, beyond the clock skew"
    );
}

#[test]
fn after_an_error_no_other_token_gets_another_chance() {
    let issuer = Issuer::p256("k");
    let authentication = authentication(&KeyStore::new(keys(&[&issuer])));
    let good = Client::new(Secret::new(issuer.sign("ES256", CLAIMS)))
        .unwrap()
        .message();
    let bad = Client::new(Secret::new("opaque")).unwrap().message();
    let Next::Challenge(_, exchange) = exchange(&authentication).token(&bad, now()).unwrap() else {
        panic!("the token is none");
    };
    exchange.token(&good, now()).unwrap_err();
}

#[test]
fn an_exchange_waits_for_keys_once() {
    let (old, new) = (Issuer::p256("old"), Issuer::p256("new"));
    let store = KeyStore::new(keys(&[&old]));
    let authentication = authentication(&store);
    let message = Client::new(Secret::new(new.sign("ES256", CLAIMS))).unwrap().message();
    let wait = || match exchange(&authentication).token(&message, now()).unwrap() {
        Next::UnknownKey(waiting) => waiting,
        next => panic!("{next:?}"),
    };
    // Nothing new could be had.
    let Next::Challenge(json, exchange) = wait().resume(now()).unwrap() else {
        panic!("the key is still unknown");
    };
    assert_eq!(text(&json), r#"{"status":"invalid_token"}"#);
    let reason = exchange.token(b"\x01", now()).unwrap_err().reason().to_string();
    assert_eq!(
        reason,
        r#"invalid bearer token: signed with a key that is not known (kid "new")"#
    );
    let waiting = wait();
    store.replace(keys(&[&new]));
    assert!(matches!(waiting.resume(now()).unwrap(), Next::Authenticated(..)));
}

#[test]
fn the_client_s_message_is_that_of_kafka_s_client() {
    let client = Client::new(Secret::new("a.b.c")).unwrap();
    assert_eq!(text(&client.message()), "n,,\x01auth=Bearer a.b.c\x01\x01");
    let client = client.extension("logicalCluster", "lkc-1").unwrap();
    assert_eq!(
        text(&client.message()),
        "n,,\x01auth=Bearer a.b.c\x01logicalCluster=lkc-1\x01\x01"
    );
    for bad in ["", "a b", "a\x01", "==", "ä"] {
        Client::new(Secret::new(bad)).unwrap_err();
    }
    for (key, value) in [("auth", "x"), ("", "x"), ("a1", "x"), ("a", ""), ("a", "\x01")] {
        Client::new(Secret::new("a.b.c"))
            .unwrap()
            .extension(key, value)
            .unwrap_err();
    }
}
