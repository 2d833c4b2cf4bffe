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
    /// The client sent a frame that is not a request.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The client began a frame, and sent no more of it.
    #[error("the client sent {received} bytes of a frame, and then nothing for {waited:?}")]
    Stalled {
        /// How much of the frame is there.
        received: usize,
        /// How long nothing came.
        waited: Duration,
    },
    /// The client closed its connection in the middle of a frame.
    #[error("the client closed the connection after {received} bytes of a frame")]
    Cut {
        /// How much of the frame is there.
        received: usize,
    },
    /// The client sent no more, and did not wait for its responses as far as can be told.
    #[error("the client closed its side, and the broker had not answered everything when the drain time was over")]
    ClientGone,
    /// A policy ended the connection.
    #[error("{}", .0.reason)]
    Policy(#[from] Closed),
    /// The broker's socket broke.
    #[error("the connection to the broker broke: {0}")]
    BackendIo(io::Error),
    /// The broker closed the connection.
    #[error("the broker closed the connection")]
    BackendClosed,
    /// The broker sent something that makes no sense.
    #[error("the broker sent nonsense: {0}")]
    Backend(String),
    /// A request waited too long for its response.
    #[error("the broker has not answered for {waited:?}")]
    Unanswered {
        /// How long.
        waited: Duration,
    },
}

impl Over {
    pub(crate) fn backend(error: &impl fmt::Display) -> Self {
        Self::Backend(error.to_string())
    }

    /// A short name of the kind, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ClientIo(_) => "client_io",
            Self::Frame(FrameError::Tls) => "tls_on_plaintext",
            Self::Frame(FrameError::Http) => "http",
            Self::Frame(_) => "frame",
            Self::Header(_) => "header",
            Self::Stalled { .. } => "stalled",
            Self::Cut { .. } => "cut",
            Self::ClientGone => "client_gone",
            Self::Policy(_) => "policy",
            Self::BackendIo(_) => "backend_io",
            Self::BackendClosed => "backend_closed",
            Self::Backend(_) => "backend",
            Self::Unanswered { .. } => "unanswered",
        }
    }

    /// Whether it is no more than the end of a connection: a peer that went away without a word.
    pub fn is_ordinary(&self) -> bool {
        matches!(
            self,
            Self::ClientIo(_) | Self::ClientGone | Self::BackendIo(_) | Self::BackendClosed
        )
    }
}
