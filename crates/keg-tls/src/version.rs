//! Which TLS versions a side speaks.

use std::fmt;

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

/// A TLS version that keg can speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// A set of TLS versions that is never empty. The default is both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    min: TlsVersion,
    max: TlsVersion,
}

impl Versions {
    /// From a lowest to a highest version, both included.
    ///
    /// # Errors
    /// When the lowest is above the highest.
    pub fn between(min: TlsVersion, max: TlsVersion) -> Result<Self, VersionsError> {
        if min > max {
            return Err(VersionsError::Crossed { min, max });
        }
        Ok(Self { min, max })
    }

    /// Those of a list; order and repetition mean nothing.
    ///
    /// # Errors
    /// When the list is empty.
    pub fn of(list: &[TlsVersion]) -> Result<Self, VersionsError> {
        // With two versions that are neighbours, a set is the same thing as its lowest and highest.
        match (list.iter().min(), list.iter().max()) {
            (Some(&min), Some(&max)) => Ok(Self { min, max }),
            _ => Err(VersionsError::Empty),
        }
    }

    pub(crate) fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        static ONLY_12: [&SupportedProtocolVersion; 1] = [&TLS12];
        static ONLY_13: [&SupportedProtocolVersion; 1] = [&TLS13];
        match (self.min, self.max) {
            (TlsVersion::Tls12, TlsVersion::Tls13) => &BOTH,
            (TlsVersion::Tls12, TlsVersion::Tls12) => &ONLY_12,
            (TlsVersion::Tls13, _) => &ONLY_13,
        }
    }
}

impl Default for Versions {
    fn default() -> Self {
        Self {
            min: TlsVersion::Tls12,
            max: TlsVersion::Tls13,
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        })
    }
}

/// Why versions make no set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionsError {
    /// The lowest version is above the highest.
    #[error("the lowest TLS version, {min}, is above the highest, {max}")]
    Crossed {
        /// The lowest that was asked for.
        min: TlsVersion,
        /// The highest that was asked for.
        max: TlsVersion,
    },
    /// No version at all.
    #[error("expected at least one TLS version, found an empty list")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::TlsVersion::{Tls12, Tls13};
    use super::*;

    #[test]
    fn a_range_and_a_list_say_the_same() {
        assert_eq!(Versions::between(Tls12, Tls13), Versions::of(&[Tls13, Tls12, Tls13]));
        assert_eq!(Versions::between(Tls13, Tls13), Versions::of(&[Tls13]));
        assert_eq!(Versions::default(), Versions::of(&[Tls12, Tls13]).unwrap());
    }

    #[test]
    fn nothing_is_no_set_of_versions() {
        assert_eq!(Versions::of(&[]), Err(VersionsError::Empty));
        let crossed = Versions::between(Tls13, Tls12).unwrap_err();
        assert_eq!(
            crossed.to_string(),
            "the lowest TLS version, TLSv1.3, is above the highest, TLSv1.2"
        );
    }

    #[test]
    fn each_set_holds_exactly_its_versions() {
        assert_eq!(Versions::of(&[Tls12]).unwrap().supported(), [&TLS12]);
        assert_eq!(Versions::of(&[Tls13]).unwrap().supported(), [&TLS13]);
        assert_eq!(Versions::default().supported(), [&TLS13, &TLS12]);
    }
}
