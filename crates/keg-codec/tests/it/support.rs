//! Random messages from the schema tables.

pub(crate) mod case;
pub(crate) mod choices;
pub(crate) mod generate;
pub(crate) mod mutate;
pub(crate) mod plan;
pub(crate) mod theirs;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, TestRunner};

pub(crate) use case::{Case, every_message};
pub(crate) use choices::Choices;

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
