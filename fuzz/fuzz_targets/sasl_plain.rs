//! Nothing but the right password of a user authenticates with PLAIN, and no failure tells who exists.

#![no_main]

use std::sync::{Arc, LazyLock};

use keg_auth::plain::{Principals, Server};
use keg_auth::{Credential, Reason, ServerSecret};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Input {
    Raw(Vec<u8>),
    /// A message of these parts.
    Parts(Part, Part, Part),
}

#[derive(Debug, Arbitrary)]
enum Part {
    Nothing,
    User,
    Password,
    Other(String),
}

impl Part {
    fn text(&self) -> &str {
        match self {
            Self::Nothing => "",
            Self::User => "ann",
            Self::Password => "q7Zk-in-no-message-XJ2",
            Self::Other(text) => text,
        }
    }
}

static PRINCIPALS: LazyLock<Arc<Principals>> = LazyLock::new(|| {
    let password = Credential::Password(Part::Password.text().into());
    Arc::new(Principals::new(ServerSecret::from_bytes(b"fuzz"), [("ann", password)]).expect("a user"))
});

fuzz_target!(|input: Input| {
    let message = match &input {
        Input::Raw(bytes) => bytes.clone(),
        Input::Parts(id, user, password) => [id, user, password].map(Part::text).join("\0").into_bytes(),
    };
    let password = Part::Password.text();
    match Server::new(PRINCIPALS.clone()).respond(&message) {
        Ok(user) => {
            let right = ["", "ann"].map(|id| format!("{id}\0ann\0{password}").into_bytes());
            assert!(user == "ann" && right.contains(&message));
        }
        Err(failure) => {
            let reason = failure.reason().to_string();
            assert!(reason.len() < 8 * 1024 && !reason.contains('\n'));
            if matches!(failure.reason(), Reason::UnknownUser(_) | Reason::WrongPassword(_)) {
                assert_eq!(failure.message(), "Authentication failed: Invalid username or password");
            }
            // A client that confuses the fields puts its password where names are; that one is logged.
            if let Input::Parts(id, user, Part::Password) = &input
                && ![id, user].iter().any(|part| part.text().contains(password))
            {
                assert!(!reason.contains(password) && !format!("{failure:?}").contains(password));
            }
        }
    }
});
