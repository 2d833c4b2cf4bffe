use keg_auth::plain::{Client, Server};
use keg_auth::scram::Hash;
use keg_auth::{Failure, PrincipalsError, Secret};

use crate::support::{MALFORMED_PLAIN, password, plain, salted, secret};

fn respond(token: &[u8]) -> Result<String, Failure> {
    let principals = plain(&[
        ("tim", password("tanstaaftanstaaf")),
        ("Kurt", password("xipj3plmq")),
        ("ann", salted(Hash::Sha256, "right")),
        ("bob", salted(Hash::Sha512, "right")),
    ]);
    Server::new(principals).respond(token)
}

#[test]
fn the_examples_of_the_rfc_authenticate() {
    // RFC 4616, section 4. In the second the client asks to act as another, which Kafka doesn't have.
    assert_eq!(respond(b"\0tim\0tanstaaftanstaaf").unwrap(), "tim");
    let failure = respond(b"Ursel\0Kurt\0xipj3plmq").unwrap_err();
    assert_eq!(failure.reason().to_string(), r#""Kurt" asks to act as "Ursel""#);
    assert_eq!(respond(b"Kurt\0Kurt\0xipj3plmq").unwrap(), "Kurt");
}

#[test]
fn passwords_are_checked_against_what_is_kept_of_them() {
    for user in ["ann", "bob"] {
        assert_eq!(respond(format!("\0{user}\0right").as_bytes()).unwrap(), user);
        let failure = respond(format!("\0{user}\0wrong").as_bytes()).unwrap_err();
        assert_eq!(failure.reason().label(), "wrong_password");
    }
}

#[test]
fn an_unknown_user_and_a_wrong_password_look_alike() {
    let wrong = respond(b"\0ann\0wrong").unwrap_err();
    let unknown = respond(b"\0eve\0wrong").unwrap_err();
    assert_eq!(wrong.message(), "Authentication failed: Invalid username or password");
    assert_eq!(wrong.message(), unknown.message());
    assert_eq!(wrong.reason().to_string(), r#"wrong password of the user "ann""#);
    assert_eq!(unknown.reason().to_string(), r#"there is no user "eve""#);
}

#[test]
fn asking_to_act_for_another_reveals_nothing_without_the_password() {
    let failure = respond(b"bob\0ann\0wrong").unwrap_err();
    assert_eq!(failure.message(), respond(b"\0eve\0wrong").unwrap_err().message());
}

#[test]
fn other_messages_are_refused() {
    for bad in [
        &b""[..],
        b"ann",
        b"ann\0right",
        b"\0ann\0",
        b"\0\0right",
        b"\0ann\0right\0",
        b"\0ann\0right\0more",
        b"\0ann\0\xff",
    ] {
        let failure = respond(bad).unwrap_err();
        assert_eq!(failure.reason().label(), "malformed", "{bad:?}");
        assert_eq!(failure.message(), MALFORMED_PLAIN);
    }
}

#[test]
fn names_in_the_log_are_escaped_and_cut_off() {
    let name = format!("line\nbreak{}", "x".repeat(10_000));
    let failure = respond(format!("\0{name}\0pw").as_bytes()).unwrap_err();
    let reason = failure.reason().to_string();
    assert!(reason.starts_with(r#"there is no user "line\nbreakxxx"#), "{reason}");
    assert!(reason.len() < 200, "{}", reason.len());
}

#[test]
fn the_client_s_message_is_that_of_the_rfc() {
    let client = Client::new("tim", Secret::new("tanstaaftanstaaf")).unwrap();
    assert_eq!(client.message(), b"\0tim\0tanstaaftanstaaf");
    for (username, password) in [("", "x"), ("x", ""), ("a\0b", "x"), ("x", "a\0b")] {
        Client::new(username, Secret::new(password)).unwrap_err();
    }
}

#[test]
fn principals_are_refused_that_plain_can_not_have() {
    let make =
        |users: Vec<(&str, keg_auth::Credential)>| keg_auth::plain::Principals::new(secret(), users).unwrap_err();
    assert_eq!(make(vec![("", password("x"))]), PrincipalsError::EmptyUsername);
    assert!(matches!(
        make(vec![("ann", password(""))]),
        PrincipalsError::Credential { .. }
    ));
    assert!(matches!(
        make(vec![("a\0b", password("x"))]),
        PrincipalsError::Nul { .. }
    ));
    assert!(matches!(
        make(vec![("ann", password("x\0"))]),
        PrincipalsError::Nul { .. }
    ));
    assert!(matches!(
        make(vec![("ann", password("x")), ("ann", salted(Hash::Sha256, "x"))]),
        PrincipalsError::Duplicate { .. }
    ));
}
