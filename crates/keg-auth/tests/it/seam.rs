use std::sync::Arc;
use std::time::Duration;

use keg_auth::scram::Hash;
use keg_auth::{
    Authentication, Chosen, Client, ClientStep, Exchange, Failure, Handshake, Mechanism, Method, Next, Peer,
    PeerCertificate, Proof, Secret, Session, Step,
};

use crate::support::{now, password, plain, salted, scram, scram_client};

fn users() -> Vec<Method> {
    vec![
        Method::Plain(plain(&[("ann", password("right"))])),
        Method::Scram(scram(Hash::Sha512, &[("ann", salted(Hash::Sha512, "right"))])),
    ]
}

fn handshake(authentication: &Authentication) -> Handshake {
    match authentication.begin(&Peer::default()) {
        Step::Handshake(handshake) => handshake,
        Step::Authenticated(session) => panic!("{session:?}"),
    }
}

fn exchange(handshake: Handshake, mechanism: Mechanism) -> Exchange {
    match handshake.choose(mechanism.name()).unwrap() {
        Chosen::Exchange(exchange) => exchange,
        Chosen::Passthrough(passthrough) => panic!("{passthrough:?}"),
    }
}

fn client(mechanism: Mechanism, password: &str) -> Client {
    match mechanism {
        Mechanism::Plain => Client::Plain(keg_auth::plain::Client::new("ann", Secret::new(password)).unwrap()),
        Mechanism::ScramSha256 => Client::Scram(scram_client(Hash::Sha256, "ann", password)),
        Mechanism::ScramSha512 => Client::Scram(scram_client(Hash::Sha512, "ann", password)),
        Mechanism::OAuthBearer => panic!("no bearer token here"),
    }
}

/// Carries tokens from one side to the other until the server has decided.
fn play(handshake: Handshake, client: Client) -> Result<Session, Failure> {
    let mut exchange = exchange(handshake, client.mechanism());
    let mut left = client.mechanism().tokens();
    let (mut token, mut waiting) = client.begin();
    loop {
        left -= 1;
        match exchange.token(&token, now())? {
            Next::Challenge(challenge, next) => match waiting.respond(&challenge).unwrap() {
                ClientStep::Send(next_token, next_waiting) => {
                    (exchange, token, waiting) = (next, next_token, next_waiting);
                }
                step => panic!("{step:?}"),
            },
            Next::Authenticated(last, session) => {
                assert!(matches!(waiting.respond(&last).unwrap(), ClientStep::Done));
                assert_eq!(left, 0, "as many tokens as the client says");
                return Ok(session);
            }
            Next::UnknownKey(waiting) => panic!("{waiting:?}"),
        }
    }
}

#[test]
fn without_methods_clients_are_anonymous() {
    for methods in [vec![], vec![Method::Anonymous]] {
        let authentication = Authentication::new(methods);
        let Step::Authenticated(session) = authentication.begin(&Peer::default()) else {
            panic!("nothing to wait for");
        };
        assert_eq!(session.principal().to_string(), "User:ANONYMOUS");
        assert_eq!((session.proof(), session.mechanism()), (Proof::Nothing, None));
        assert_eq!(authentication.review(&session, now()), Ok(None));
    }
}

#[test]
fn clients_authenticate_with_each_mechanism_that_is_offered() {
    let authentication = Authentication::new(users());
    let offered: Vec<_> = handshake(&authentication).mechanisms().collect();
    assert_eq!(offered, [Mechanism::Plain, Mechanism::ScramSha512]);
    for mechanism in offered {
        let session = play(handshake(&authentication), client(mechanism, "right")).unwrap();
        assert_eq!(session.principal().name(), "ann");
        assert_eq!(session.proof(), Proof::Sasl(mechanism));
        assert_eq!((session.lifetime(now()), session.lifetime_ms(now())), (None, 0));
        assert_eq!(authentication.review(&session, now()), Ok(None));
        play(handshake(&authentication), client(mechanism, "wrong")).unwrap_err();
    }
}

#[test]
fn a_mechanism_that_is_not_offered_is_refused() {
    for mechanism in ["SCRAM-SHA-256", "GSSAPI", "plain", ""] {
        let failure = handshake(&Authentication::new(users())).choose(mechanism).unwrap_err();
        assert_eq!(failure.message(), "Unsupported SASL mechanism");
        assert_eq!(failure.reason().label(), "unsupported_mechanism");
    }
}

#[test]
fn a_client_without_sasl_is_anonymous_only_where_that_is_a_method() {
    let failure = handshake(&Authentication::new(users())).without_sasl().unwrap_err();
    assert_eq!(failure.reason().label(), "not_authenticated");
    let mut methods = users();
    methods.push(Method::Anonymous);
    let session = handshake(&Authentication::new(methods)).without_sasl().unwrap();
    assert_eq!(session.principal().name(), "ANONYMOUS");
}

#[test]
fn of_a_certificate_and_nothing_the_first_method_that_fits_decides() {
    let with = Peer {
        certificate: Some(PeerCertificate::Named("CN=ann".into())),
    };
    let name = |methods: Vec<Method>, peer: &Peer| match Authentication::new(methods).begin(peer) {
        Step::Authenticated(session) => Some(session.principal().name().to_owned()),
        Step::Handshake(handshake) => handshake.without_sasl().ok().map(|s| s.principal().name().to_owned()),
    };
    let both = vec![Method::ClientCertificate, Method::Anonymous];
    assert_eq!(name(both.clone(), &with).as_deref(), Some("CN=ann"));
    assert_eq!(name(both, &Peer::default()).as_deref(), Some("ANONYMOUS"));
    let both = vec![Method::Anonymous, Method::ClientCertificate];
    assert_eq!(name(both, &with).as_deref(), Some("ANONYMOUS"));
    assert_eq!(name(vec![Method::ClientCertificate], &Peer::default()), None);
}

#[test]
fn a_certificate_without_a_name_is_refused_and_not_taken_for_none() {
    let peer = Peer {
        certificate: Some(PeerCertificate::Unmapped("CN=ann\n".into())),
    };
    let refused = |methods: Vec<Method>| match Authentication::new(methods).begin(&peer) {
        Step::Authenticated(session) => panic!("{session:?}"),
        Step::Handshake(handshake) => handshake.without_sasl().unwrap_err(),
    };
    for methods in [
        vec![Method::ClientCertificate],
        vec![Method::ClientCertificate, Method::Anonymous],
    ] {
        let failure = refused(methods);
        assert_eq!(failure.reason().label(), "unmapped_certificate");
        assert!(failure.reason().to_string().contains("\"CN=ann\\n\""));
        assert_eq!(failure.message(), "Authentication is required");
    }
    // Who uses SASL is whoever that says.
    let mut methods = users();
    methods.insert(0, Method::ClientCertificate);
    let Step::Handshake(handshake) = Authentication::new(methods).begin(&peer) else {
        panic!("a session");
    };
    let session = play(handshake, client(Mechanism::Plain, "right")).unwrap();
    assert_eq!(
        (session.principal().name(), session.proof()),
        ("ann", Proof::Sasl(Mechanism::Plain))
    );
}

#[test]
fn the_first_method_of_a_mechanism_decides() {
    let methods = vec![
        Method::Plain(plain(&[("ann", password("first"))])),
        Method::Plain(plain(&[("ann", password("second"))])),
        Method::Passthrough {
            mechanism: Mechanism::Plain,
        },
    ];
    let authentication = Authentication::new(methods);
    assert_eq!(handshake(&authentication).mechanisms().count(), 1);
    play(handshake(&authentication), client(Mechanism::Plain, "first")).unwrap();
    play(handshake(&authentication), client(Mechanism::Plain, "second")).unwrap_err();
}

#[test]
fn a_session_lasts_as_long_as_is_configured_and_begins_anew_with_the_same_user_and_mechanism() {
    let lifetime = Duration::from_secs(60);
    let methods = vec![
        Method::Plain(plain(&[("ann", password("right")), ("bob", password("right"))])),
        users().remove(1),
    ];
    let authentication = Authentication::new(methods).with_session_lifetime(lifetime);
    let session = play(handshake(&authentication), client(Mechanism::Plain, "right")).unwrap();
    assert_eq!(session.lifetime(now()), Some(lifetime));
    assert_eq!(session.lifetime(now() + Duration::from_secs(61)), Some(Duration::ZERO));
    // Nothing left is not what Kafka's 0 means, which is no end.
    assert_eq!(session.lifetime_ms(now()), 60_000);
    assert_eq!(session.lifetime_ms(now() + Duration::from_secs(61)), 1);
    let ages = authentication
        .clone()
        .with_session_lifetime(Duration::from_secs(u64::MAX >> 5));
    let session_of_ages = play(handshake(&ages), client(Mechanism::Plain, "right")).unwrap();
    assert_eq!(session_of_ages.lifetime_ms(now()), 315_360_000_000);

    let again = play(authentication.begin_again(&session), client(Mechanism::Plain, "right")).unwrap();
    assert_eq!(again, session);
    let bob = Client::Plain(keg_auth::plain::Client::new("bob", Secret::new("right")).unwrap());
    let failure = play(authentication.begin_again(&session), bob).unwrap_err();
    assert_eq!(failure.reason().label(), "principal_changed");
    let failure = play(
        authentication.begin_again(&session),
        client(Mechanism::ScramSha512, "right"),
    )
    .unwrap_err();
    assert_eq!(
        failure.message(),
        "SASL mechanism 'SCRAM-SHA-512' requested by client is not supported for re-authentication of mechanism 'PLAIN'"
    );
}

#[test]
fn a_user_who_is_removed_could_not_begin_any_more() {
    let session = play(
        handshake(&Authentication::new(users())),
        client(Mechanism::Plain, "right"),
    )
    .unwrap();
    let with = |methods| Authentication::new(methods).review(&session, now()).is_ok();
    assert!(with(vec![Method::Plain(plain(&[("ann", password("changed"))]))]));
    assert!(!with(vec![Method::Plain(plain(&[("bob", password("right"))]))]));
    assert!(!with(vec![Method::Anonymous]));
    assert!(!with(vec![users().remove(1)]));
}

#[test]
fn a_passthrough_reads_who_the_client_says_it_is() {
    let passthrough = |mechanism: Mechanism| {
        let authentication = Authentication::new(vec![Method::Passthrough { mechanism }]);
        let Ok(Chosen::Passthrough(passthrough)) = handshake(&authentication).choose(mechanism.name()) else {
            panic!("{mechanism} is passed through");
        };
        assert_eq!(passthrough.mechanism(), mechanism);
        (authentication, passthrough)
    };
    for (mechanism, token, expected) in [
        (Mechanism::Plain, &b"\0ann\0secret"[..], "ann"),
        (Mechanism::ScramSha256, b"n,,n=a=2Cnn,r=abc", "a,nn"),
        (
            Mechanism::ScramSha512,
            b"n,,n=a-token,r=abc,tokenauth=true",
            "ANONYMOUS",
        ),
        // {"sub":"ann"} as the payload of a JWT whose signature only the broker can check.
        (
            Mechanism::OAuthBearer,
            b"n,,\x01auth=Bearer e30.eyJzdWIiOiJhbm4ifQ.AAAA\x01\x01",
            "ann",
        ),
        (
            Mechanism::OAuthBearer,
            b"n,,\x01auth=Bearer opaque\x01\x01",
            "ANONYMOUS",
        ),
    ] {
        let (authentication, mut passthrough) = passthrough(mechanism);
        passthrough.token(token).unwrap();
        // Only the first token names somebody.
        passthrough.token(b"\0eve\0secret").unwrap();
        let end = now() + Duration::from_secs(5);
        let session = passthrough.accepted(Some(end)).unwrap();
        assert_eq!(session.principal().name(), expected);
        assert_eq!(session.proof(), Proof::Passthrough(mechanism));
        assert_eq!(session.expires_at(), Some(end));
        assert_eq!(authentication.review(&session, now()), Ok(None));

        let Ok(Chosen::Passthrough(mut again)) = authentication.begin_again(&session).choose(mechanism.name()) else {
            panic!("{mechanism} is passed through again");
        };
        // Which names somebody else for PLAIN, and can't be read for the others.
        let again = again.token(b"\0eve\0secret").and_then(|()| again.accepted(None));
        assert!(again.is_err(), "{again:?}");
    }
}

#[test]
fn a_token_that_can_not_be_read_is_not_passed_on() {
    for (mechanism, token) in [
        (Mechanism::Plain, &b"what"[..]),
        // Kafka's brokers read over what is mandatory to know.
        (Mechanism::ScramSha256, b"n,,m=x,n=eve,r=abc"),
        // And take the last of several.
        (
            Mechanism::OAuthBearer,
            b"n,,\x01auth=Bearer e30.eyJzdWIiOiJhbm4ifQ.AAAA\x01auth=Bearer eve\x01\x01",
        ),
        (
            Mechanism::OAuthBearer,
            b"n,,\x01auth=Bearer e30.eyJzdWIiOiJhbm4ifQ.AAAA\x01a=1\x01a=2\x01\x01",
        ),
    ] {
        let authentication = Authentication::new(vec![Method::Passthrough { mechanism }]);
        let Ok(Chosen::Passthrough(mut passthrough)) = handshake(&authentication).choose(mechanism.name()) else {
            panic!("{mechanism} is passed through");
        };
        let failure = passthrough.token(token).unwrap_err();
        assert_eq!(failure.reason().label(), "malformed");
    }
}

#[test]
fn the_broker_has_said_yes_when_the_mechanism_has_no_more_tokens() {
    let answers = |mechanism: Mechanism, answers: &[&[u8]]| {
        let token: &[u8] = match mechanism {
            Mechanism::Plain => b"\0ann\0secret",
            Mechanism::ScramSha256 | Mechanism::ScramSha512 => b"n,,n=ann,r=abc",
            Mechanism::OAuthBearer => b"n,,\x01auth=Bearer opaque\x01\x01",
        };
        let authentication = Authentication::new(vec![Method::Passthrough { mechanism }]);
        let Ok(Chosen::Passthrough(mut passthrough)) = handshake(&authentication).choose(mechanism.name()) else {
            panic!("{mechanism} is passed through");
        };
        let accepted = answers.iter().map(|answer| {
            passthrough.token(token).unwrap();
            passthrough.is_accepted_by(answer)
        });
        accepted.collect::<Vec<_>>()
    };
    assert_eq!(answers(Mechanism::Plain, &[b""]), [true]);
    assert_eq!(
        answers(Mechanism::ScramSha256, &[b"r=1,s=,i=4096", b"v=1"]),
        [false, true]
    );
    assert_eq!(
        answers(Mechanism::ScramSha512, &[b"r=1,s=,i=4096", b"v=1"]),
        [false, true]
    );
    assert_eq!(answers(Mechanism::OAuthBearer, &[b""]), [true]);
    assert_eq!(
        answers(Mechanism::OAuthBearer, &[b"{\"status\":\"invalid_token\"}"]),
        [false]
    );
}

#[test]
fn what_authenticates_clients_is_shared_by_connections() {
    fn check<T: Send + Sync + Clone + 'static>(_: &T) {}
    check(&Authentication::new(users()));
    check(&Arc::new(users()));
}
