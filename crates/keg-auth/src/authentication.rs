mod exchange;
mod handshake;
mod passthrough;
mod review;

use std::sync::Arc;
use std::time::Duration;

pub use exchange::{AwaitingKeys, Exchange, Next};
pub use handshake::{Chosen, Handshake};
pub use passthrough::Passthrough;
pub use review::Revoked;

use crate::failure::{Failure, Name, Reason};
use crate::session::Proof;
use crate::{Mechanism, Principal, Session, jwt, plain, scram};

/// How clients may authenticate: methods in order, of which the first that fits the client decides.
#[derive(Debug, Clone)]
pub struct Authentication {
    methods: Arc<[Method]>,
    session_lifetime: Option<Duration>,
}

/// One way to authenticate.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Method {
    /// Not at all: a client that doesn't use SASL is [`Principal::anonymous`].
    Anonymous,
    /// By the certificate of a client that has one and doesn't use SASL. One whose certificate gives no name is refused,
    /// and not taken for somebody without a certificate.
    ClientCertificate,
    /// PLAIN, with these principals.
    Plain(Arc<plain::Principals>),
    /// SCRAM-SHA-256 or SCRAM-SHA-512, with these principals.
    Scram(Arc<scram::Principals>),
    /// OAUTHBEARER, with a token that the validator takes.
    OAuthBearer {
        /// What the token has to be.
        validator: Arc<jwt::Validator>,
        /// If the broker gets the token, too.
        forward: bool,
    },
    /// Whatever the broker says to this mechanism.
    Passthrough {
        /// The mechanism.
        mechanism: Mechanism,
    },
}

/// What is known of a client before it sends anything.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// What its certificate says of it, if it has shown one that was verified.
    pub certificate: Option<PeerCertificate>,
}

/// What a verified certificate says of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerCertificate {
    /// Its name, after the listener's mapping, such as that of [`certificate::Mapping`](crate::certificate::Mapping).
    Named(Arc<str>),
    /// Nothing: no rule of the mapping gives it a name. This is what the certificate says, for the operator.
    Unmapped(Arc<str>),
}

/// What comes next on a connection.
#[derive(Debug)]
pub enum Step {
    /// The client is who the session says, whatever it sends.
    Authenticated(Session),
    /// The client's first requests decide: SaslHandshake, or anything else but ApiVersions.
    Handshake(Handshake),
}

impl Authentication {
    /// Authentication by the first of the methods that fits the client. Without any, clients are anonymous.
    pub fn new(methods: Vec<Method>) -> Self {
        Self {
            methods: methods.into(),
            session_lifetime: None,
        }
    }

    /// The methods.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Lets sessions of SASL end after this time at the latest, as `connections.max.reauth.ms` of Kafka's brokers; `None`
    /// lets them last. Sessions that have begun keep their end.
    #[must_use]
    pub fn with_session_lifetime(mut self, lifetime: impl Into<Option<Duration>>) -> Self {
        self.session_lifetime = lifetime.into();
        self
    }

    /// The first step of a connection that has just been routed.
    pub fn begin(&self, peer: &Peer) -> Step {
        let handshake = Handshake::new(self.clone(), peer.clone());
        if handshake.mechanisms().next().is_some() {
            return Step::Handshake(handshake);
        }
        match self.without_sasl(peer) {
            Ok(session) => Step::Authenticated(session),
            // Who has no certificate is told so once there is a request to answer.
            Err(_) => Step::Handshake(handshake),
        }
    }

    /// Authentication of a connection that is authenticated already (KIP-368): with the same mechanism, and as the same
    /// principal.
    pub fn begin_again(&self, session: &Session) -> Handshake {
        Handshake::again(self.clone(), session.clone())
    }

    /// The first method that a mechanism fits.
    fn method(&self, mechanism: Mechanism) -> Option<&Method> {
        self.methods.iter().find(|method| method.mechanism() == Some(mechanism))
    }

    fn without_sasl(&self, peer: &Peer) -> Result<Session, Failure> {
        if self.methods.is_empty() {
            return Ok(Session::new(Principal::anonymous(), Proof::Nothing));
        }
        let session = self
            .methods
            .iter()
            .find_map(|method| match (method, &peer.certificate) {
                (Method::Anonymous, _) => Some(Ok(Session::new(Principal::anonymous(), Proof::Nothing))),
                (Method::ClientCertificate, Some(PeerCertificate::Named(name))) => {
                    Some(Ok(Session::new(Principal::user(name.clone()), Proof::Certificate)))
                }
                (Method::ClientCertificate, Some(PeerCertificate::Unmapped(certificate))) => {
                    Some(Err(Reason::UnmappedCertificate(Name::new(certificate))))
                }
                _ => None,
            });
        let session = session.unwrap_or(Err(Reason::NotAuthenticated));
        session.map_err(|reason| Failure::new("Authentication is required", reason))
    }
}

impl Method {
    /// The SASL mechanism that it fits, if any.
    pub fn mechanism(&self) -> Option<Mechanism> {
        match self {
            Self::Anonymous | Self::ClientCertificate => None,
            Self::Plain(_) => Some(Mechanism::Plain),
            Self::Scram(principals) => Some(principals.hash().mechanism()),
            Self::OAuthBearer { .. } => Some(Mechanism::OAuthBearer),
            Self::Passthrough { mechanism } => Some(*mechanism),
        }
    }
}
