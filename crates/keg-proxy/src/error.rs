//! Why connections end.

use std::fmt;
use std::io;
use std::time::Duration;

use keg_codec::frame::FrameError;
use keg_codec::header::HeaderError;
use keg_policy::layer::Closed;

/// Why a connection is over, other than that the client is done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Over {
    /// The client's socket broke.
    #[error("the client's connection broke: {0}")]
    ClientIo(io::Error),
    /// The client sent something that is not a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The client sent a frame that there is no memory for.
    #[error(
        "a frame of {length} bytes is above {limit}, which is half of the buffer budget: raise `runtime.buffer_budget`"
    )]
    AboveBudget {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The client sent a frame that is not a request that keg knows.
    #[error("{0}: use a Kafka client that is no newer than this gateway, or update the gateway")]
    Header(#[from] HeaderError),
    /// The client sent nothing.
    #[error("the client sent no request within {waited:?}")]
    Idle {
        /// How long it had.
        waited: Duration,
    },
    /// The client began a frame, and sent no more of it.
    #[error(
        "the client sent {received} bytes of a frame, and then nothing for {waited:?}: is it a Kafka client, and its network sound?"
    )]
    Stalled {
        /// How much of the frame is there.
        received: usize,
        /// How long nothing came.
        waited: Duration,
    },
    /// The client sends a large frame slowly, and others wait for the memory that it needs.
    #[error(
        "the client sent only {received} bytes of a large frame in {waited:?}, while others waited for the buffer budget: raise `runtime.buffer_budget` if this is a sound client on a slow network"
    )]
    Hogged {
        /// How much of the frame is there.
        received: usize,
        /// How long the frame has had its place in the budget.
        waited: Duration,
    },
    /// The broker sends a large response slowly, and others wait for the memory that it needs.
    #[error(
        "the broker sent only {received} bytes of a large response in {waited:?}, while others waited for the buffer budget: raise `runtime.buffer_budget`, or see what is wrong with its network"
    )]
    ResponseHogged {
        /// How much of the response is there.
        received: usize,
        /// How long the response has had its place in the budget.
        waited: Duration,
    },
    /// The client closed its connection in the middle of a frame.
    #[error("the client closed the connection after {received} bytes of a frame: is it a Kafka client?")]
    Cut {
        /// How much of the frame is there.
        received: usize,
    },
    /// The client is not who it says, or says it wrongly.
    #[error("the client is not authenticated: {reason}")]
    Authentication {
        /// What is wrong.
        reason: String,
    },
    /// The client's session is over, and it hasn't authenticated again (KIP-368).
    #[error("the session of {principal} is over, and the client did not authenticate again: does it know KIP-368?")]
    SessionExpired {
        /// Whose session it was.
        principal: String,
    },
    /// The client could not come in any more.
    #[error("{principal} could not come in any more: {reason}")]
    NotAdmitted {
        /// Who it is.
        principal: String,
        /// Why not.
        reason: String,
    },
    /// The client could not come in any more with the certificate that it has shown, or would be somebody else.
    #[error("the listener does not let {principal} in any more: {reason}")]
    Certificate {
        /// Who it is.
        principal: String,
        /// Why not.
        reason: String,
    },
    /// The client doesn't take its responses.
    #[error("the client has taken nothing of its responses for {waited:?}: does it still run?")]
    Unread {
        /// How long.
        waited: Duration,
    },
    /// The client sent no more, and did not wait for its responses as far as can be told.
    #[error("the client closed its side, and the broker had not answered everything when the drain time was over")]
    ClientGone,
    /// A policy ended the connection.
    #[error("{}", .0.reason)]
    Policy(#[from] Closed),
    /// The broker's socket broke.
    #[error("the connection to the broker broke, with {unanswered}: {error}")]
    BackendIo {
        /// What the operating system says.
        error: io::Error,
        /// What will not be answered.
        unanswered: Unanswered,
    },
    /// The broker closed the connection.
    #[error("the broker closed the connection, with {unanswered}: its log says why")]
    BackendClosed {
        /// What will not be answered.
        unanswered: Unanswered,
    },
    /// The broker does not take the gateway's credentials again, or its certificate.
    #[error(
        "the broker does not authenticate the gateway: {reason}; see `authentication` and `tls` of the backend cluster"
    )]
    BackendAuthentication {
        /// What it says.
        reason: String,
    },
    /// The broker sent something that makes no sense.
    #[error("the broker sent nonsense: {0}")]
    Backend(String),
    /// The broker sent a response that there is no memory for.
    #[error(
        "the broker sent a response of {length} bytes, above the limit of {limit}: raise `runtime.buffer_budget`, of which responses have half, or lower `fetch.max.bytes` of the client"
    )]
    ResponseTooLarge {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// A request waited too long for its response.
    #[error("the broker has not answered for {waited:?}: does it still run?")]
    Unanswered {
        /// How long.
        waited: Duration,
    },
}

/// Requests that a broker had not answered when its connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Unanswered {
    /// How many there are.
    pub requests: usize,
    /// The API and version of the oldest.
    pub oldest: Option<(&'static str, i16)>,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests unanswered", self.requests)?;
        match self.oldest {
            Some((name, version)) => write!(f, ", first {name} version {version}"),
            None => Ok(()),
        }
    }
}

impl Over {
    pub(crate) fn backend(error: &impl fmt::Display) -> Self {
        Self::Backend(error.to_string())
    }

    /// What is wrong with the frame of a request.
    pub(crate) fn request(error: FrameError, max_frame_size: usize) -> Self {
        match error {
            FrameError::TooLarge { length, limit } if limit < max_frame_size && length <= max_frame_size => {
                Self::AboveBudget { length, limit }
            }
            error => Self::Frame(error),
        }
    }

    /// What is wrong with the frame of a response.
    pub(crate) fn response(error: FrameError) -> Self {
        match error {
            // The length is the beginning of an alert, or of a handshake.
            FrameError::TooLarge { length, .. } if length >> 16 == 0x1503 => Self::backend_speaks_tls(),
            FrameError::Tls => Self::backend_speaks_tls(),
            FrameError::TooLarge { length, limit } => Self::ResponseTooLarge { length, limit },
            error => Self::backend(&error),
        }
    }

    fn backend_speaks_tls() -> Self {
        Self::Backend("its listener is for TLS: set `tls.enabled: true` for the backend cluster".to_owned())
    }

    /// A short name of the kind, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ClientIo(_) => "client_io",
            Self::Frame(FrameError::Tls) => "tls_on_plaintext",
            Self::Frame(FrameError::Http) => "http",
            Self::Frame(_) | Self::AboveBudget { .. } => "frame",
            Self::Header(_) => "header",
            Self::Idle { .. } => "idle",
            Self::Stalled { .. } => "stalled",
            Self::Hogged { .. } => "hogged",
            Self::ResponseHogged { .. } => "response_hogged",
            Self::Cut { .. } => "cut",
            Self::Authentication { .. } => "authentication",
            Self::SessionExpired { .. } => "session_expired",
            Self::NotAdmitted { .. } | Self::Certificate { .. } => "not_admitted",
            Self::Unread { .. } => "unread",
            Self::ClientGone => "client_gone",
            Self::Policy(_) => "policy",
            Self::BackendIo { .. } => "backend_io",
            Self::BackendClosed { .. } => "backend_closed",
            Self::BackendAuthentication { .. } => "backend_authentication",
            Self::Backend(_) => "backend",
            Self::ResponseTooLarge { .. } => "response_too_large",
            Self::Unanswered { .. } => "unanswered",
        }
    }

    /// Whether it is no more than the end of a connection: a peer that went away without a word, and was owed nothing.
    pub fn is_ordinary(&self) -> bool {
        matches!(
            self,
            Self::ClientIo(_)
                | Self::ClientGone
                | Self::Idle { .. }
                | Self::BackendIo {
                    unanswered: Unanswered { requests: 0, .. },
                    ..
                }
                | Self::BackendClosed {
                    unanswered: Unanswered { requests: 0, .. }
                }
        )
    }
}
