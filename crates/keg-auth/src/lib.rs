//! Who a client of a Kafka proxy is.
//!
//! A [`Session`] exists only after authentication, so that nothing behind it handles a client that might be anybody.
//!
//! ```
//! use keg_auth::{Authentication, Method, Step};
//!
//! let authentication = Authentication::new(vec![Method::Anonymous]);
//! let Step::Authenticated(session) = authentication.begin();
//! assert_eq!(session.principal().to_string(), "User:ANONYMOUS");
//! ```

#![warn(missing_docs)]

mod principal;
mod session;

pub use principal::Principal;
pub use session::Session;

/// How clients may authenticate, tried in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    methods: Vec<Method>,
}

/// One way to authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Not at all: every client is [`Principal::anonymous`].
    Anonymous,
}

/// What comes next on a connection.
#[derive(Debug)]
pub enum Step {
    /// The client is who the session says.
    Authenticated(Session),
}

impl Authentication {
    /// Authentication by the first of the methods that fits the client. Without any, clients are anonymous.
    pub fn new(methods: Vec<Method>) -> Self {
        Self { methods }
    }

    /// The methods.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The first step of a connection that has just been routed.
    pub fn begin(&self) -> Step {
        Step::Authenticated(Session::new(Principal::anonymous()))
    }
}
