//! Random messages from the schema tables.

pub(crate) mod choices;
pub(crate) mod generate;
pub(crate) mod mutate;
pub(crate) mod plan;

use std::fmt;

use bytes::Bytes;
use keg_codec::schema::{CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION, EntitySet, Message};
use keg_codec::{Api, ApiKey, Direction};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, TestRunner};

pub(crate) use choices::Choices;

/// A message of one version.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) message: &'static Message,
    pub(crate) version: i16,
    /// Where it is used; what is embedded in other messages has no api key.
    pub(crate) used: Option<(ApiKey, Direction)>,
}

impl Case {
    /// Interest in all fields.
    pub(crate) fn everything(self) -> EntitySet {
        self.message.entities(self.version)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.message.name, self.version)
    }
}

/// Every version of every message.
pub(crate) fn every_message() -> impl Iterator<Item = Case> {
    let used = Api::all().iter().flat_map(|api| {
        [Direction::Request, Direction::Response].map(|direction| (api.message(direction), Some((api.key, direction))))
    });
    let embedded = [CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION].map(|message| (message, None));
    used.chain(embedded).flat_map(|(message, used)| {
        (message.versions.first..=message.versions.last).map(move |version| Case { message, version, used })
    })
}

/// Holds the property for every version of every message with a few random choices each.
///
/// `PROPTEST_CASES` scales how many.
pub(crate) fn for_every_message(property: impl Fn(Case, &mut Choices<'_>)) {
    for_messages(every_message(), property);
}

pub(crate) fn for_messages(cases: impl Iterator<Item = Case>, property: impl Fn(Case, &mut Choices<'_>)) {
    let config = Config {
        cases: Config::default().cases.div_ceil(64),
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..Config::default()
    };
    for case in cases {
        // A runner counts its cases over all its runs, so that each message needs its own.
        let mut runner = TestRunner::new(config.clone());
        // As `Bytes`, whose debug output is short.
        let bytes = vec(any::<u8>(), 0..768).prop_map(Bytes::from);
        let outcome = runner.run(&bytes, |bytes| {
            property(case, &mut Choices::new(&bytes));
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{case:?}: {failure}");
        }
    }
}
