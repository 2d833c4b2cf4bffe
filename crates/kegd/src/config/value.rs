//! The scalars of a configuration: each type holds only what is legal.

mod address;
mod api;
mod credential;
mod duration;
mod expression;
mod host;
mod kafka;
mod mapping;
mod name;
mod pem;
mod size;
mod token;

pub(crate) use api::ApiName;
pub(crate) use credential::{CredentialHash, LongSecret, Password, Username};
pub(crate) use duration::BusyPoll;
pub(crate) use host::{BrokerHost, HostName, MAX_HOST, MAX_LABEL, SniSuffix};
pub(crate) use kafka::{GroupName, NameGlob, ResourceName, TopicName};
pub(crate) use mapping::PrincipalRules;
pub(crate) use name::{Description, DnsLabel, LogFlags, Name, Prefix};
pub(crate) use pem::{Pem, SecretPem};
pub(crate) use size::{FrameSize, Size};
pub(crate) use token::{KeySet, TokenAlgorithm, TokenText};

/// Checks each text against whether `T` takes it.
#[cfg(test)]
fn check<T: super::decode::FromText>(cases: &[(&str, bool)]) {
    for (text, accepted) in cases {
        assert_eq!(T::from_text(text).is_some(), *accepted, "{text:?}");
    }
}
