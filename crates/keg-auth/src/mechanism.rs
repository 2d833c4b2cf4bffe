use std::fmt;
use std::str::FromStr;

/// A SASL mechanism of Kafka's. GSSAPI is none of keg's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// RFC 5802 and RFC 7677.
    ScramSha256,
    /// RFC 5802 with SHA-512, as Kafka has it.
    ScramSha512,
    /// RFC 7628.
    OAuthBearer,
}

/// A name that is no mechanism of Kafka's, or of one that keg doesn't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, found {name:?}")]
pub struct UnknownMechanism {
    name: String,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::ScramSha256, Self::ScramSha512, Self::OAuthBearer];

    /// The name on the wire, as IANA registers it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OAuthBearer => "OAUTHBEARER",
        }
    }

    /// How many tokens a client sends until it is authenticated.
    pub fn tokens(self) -> usize {
        match self {
            Self::Plain | Self::OAuthBearer => 1,
            Self::ScramSha256 | Self::ScramSha512 => 2,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mechanism {
    type Err = UnknownMechanism;

    /// By the exact name: Kafka compares it so, too.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|mechanism| mechanism.name() == name)
            .ok_or_else(|| UnknownMechanism {
                name: name.chars().take(64).collect(),
            })
    }
}
