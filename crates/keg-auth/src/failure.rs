use std::borrow::Cow;
use std::fmt;

use crate::Mechanism;

/// Why somebody is not authenticated: once for the client, and once for the operator.
///
/// Kafka answers it with error 58 (SASL_AUTHENTICATION_FAILED) and the message, or error 33 where the mechanism is not
/// supported. `Display` is the message: what goes to the wrong place by accident reveals nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    message: Cow<'static, str>,
    reason: Reason,
}

/// The reason of a [`Failure`], for the operator's log. It holds no secret, and of what a client sent only names, which
/// are cut off and escaped.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The client asks for a mechanism that isn't offered.
    #[error("the mechanism {0} is not offered")]
    UnsupportedMechanism(Name),
    /// Clients have to authenticate, and this one went on without.
    #[error("the client didn't authenticate: neither a client certificate nor SASL")]
    NotAuthenticated,
    /// The client has a certificate, and no rule says who its holder is.
    #[error("no rule of the principal mapping gives the holder of the certificate {0} a name")]
    UnmappedCertificate(Name),
    /// A message that is none of the mechanism.
    #[error("not a message of {mechanism}: {problem}")]
    Malformed {
        /// The mechanism.
        mechanism: Mechanism,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Nobody of this name.
    #[error("there is no user {0}")]
    UnknownUser(Name),
    /// The user exists, and this isn't the password.
    #[error("wrong password of the user {0}")]
    WrongPassword(Name),
    /// The client wants to act for another than it authenticates as.
    #[error("{authentication} asks to act as {authorization}")]
    AuthorizationId {
        /// Who it authenticates as.
        authentication: Name,
        /// Who it wants to be.
        authorization: Name,
    },
    /// A delegation token, which only the broker that gave it out can check.
    #[error("{0} is a delegation token, which only brokers can check")]
    DelegationToken(Name),
    /// The bearer token isn't valid.
    #[error("invalid bearer token: {0}")]
    Token(#[from] crate::jwt::TokenError),
    /// Re-authentication as somebody else.
    #[error("re-authentication as {now} of a connection of {before}")]
    PrincipalChanged {
        /// Who authenticated the connection.
        before: Name,
        /// Who wants it now.
        now: Name,
    },
    /// Re-authentication with another mechanism.
    #[error("re-authentication with {now} of a connection that was authenticated with {before}")]
    MechanismChanged {
        /// The mechanism of the connection.
        before: &'static str,
        /// The mechanism that was asked for.
        now: Mechanism,
    },
    /// The system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] crate::RandomnessError),
}

/// A name that a client sent: escaped, and cut off where it is too long for a line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Box<str>);

impl Failure {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>, reason: Reason) -> Self {
        Self {
            message: message.into(),
            reason,
        }
    }

    /// What doesn't follow the mechanism's grammar.
    pub(crate) fn malformed(mechanism: Mechanism, problem: &'static str) -> Self {
        Self::new(
            format!("Authentication failed: the message is not one of the SASL mechanism {mechanism}"),
            Reason::Malformed { mechanism, problem },
        )
    }

    /// The message of Kafka's brokers for whatever is wrong with a user or password, so that nobody can tell which.
    pub(crate) fn credentials(mechanism: Mechanism, reason: Reason) -> Self {
        match mechanism {
            Mechanism::Plain => Self::new("Authentication failed: Invalid username or password", reason),
            _ => Self::new(
                format!(
                    "Authentication failed during authentication due to invalid credentials with SASL mechanism {mechanism}"
                ),
                reason,
            ),
        }
    }

    /// An authorization id that isn't the authenticated one.
    pub(crate) fn authorization_id(authentication: &str, authorization: &str) -> Self {
        Self::new(
            "Authentication failed: Client requested an authorization id that is different from username",
            Reason::AuthorizationId {
                authentication: Name::new(authentication),
                authorization: Name::new(authorization),
            },
        )
    }

    /// What the client is told. It doesn't say whether a user exists.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the operator is told.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<crate::RandomnessError> for Failure {
    fn from(error: crate::RandomnessError) -> Self {
        Self::new(
            "Authentication could not be performed due to an internal error on the server",
            error.into(),
        )
    }
}

impl Reason {
    /// One word of few, for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::UnsupportedMechanism(_) => "unsupported_mechanism",
            Self::NotAuthenticated => "not_authenticated",
            Self::UnmappedCertificate(_) => "unmapped_certificate",
            Self::Malformed { .. } => "malformed",
            Self::UnknownUser(_) => "unknown_user",
            Self::WrongPassword(_) => "wrong_password",
            Self::AuthorizationId { .. } => "authorization_id",
            Self::DelegationToken(_) => "delegation_token",
            Self::Token(_) => "invalid_token",
            Self::PrincipalChanged { .. } => "principal_changed",
            Self::MechanismChanged { .. } => "mechanism_changed",
            Self::Randomness(_) => "internal",
        }
    }
}

impl Name {
    const MAX_CHARS: usize = 128;

    pub(crate) fn new(name: &str) -> Self {
        let mut shown: String = name
            .chars()
            .take(Self::MAX_CHARS)
            .flat_map(char::escape_debug)
            .collect();
        if name.chars().nth(Self::MAX_CHARS).is_some() {
            shown.push('…');
        }
        Self(shown.into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}
