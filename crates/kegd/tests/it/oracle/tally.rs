//! What was played.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Field, Versions};
use keg_codec::{Api, ApiKey};

use super::coverage::{Coverage, DENIALS, Seen};
use super::settle::errors;
use super::side::Outcome;

/// Counts over many sequences.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Sequences that were the same on both sides.
    pub(super) sequences: u64,
    /// Requests by API and version.
    asked: BTreeMap<(i16, i16), usize>,
    /// Of these, those without any error.
    succeeded: BTreeMap<(i16, i16), usize>,
    errors: BTreeSet<i64>,
    coverage: Coverage,
    /// Of these, those of which something was denied.
    denied: BTreeMap<(i16, i16), usize>,
    /// How often an API said what the client may do, as `authorizedOperations`.
    operations: BTreeMap<i16, usize>,
    /// Requests that the gateway refused on purpose.
    meant: usize,
    /// What differed once and not again.
    pub(super) unsteady: Vec<String>,
    /// What differed, again and again.
    pub(super) differences: Vec<String>,
}

impl Tally {
    pub(super) fn count(&mut self, api: &Api, version: i16, outcome: &Outcome) {
        *self.asked.entry((api.key.0, version)).or_default() += 1;
        if let Outcome::Response(response) = outcome {
            self.coverage.count(api, version, response);
            let errors = errors(response);
            if errors.iter().all(|code| *code == 0) {
                *self.succeeded.entry((api.key.0, version)).or_default() += 1;
            }
            if errors.iter().any(|code| DENIALS.contains(code)) {
                *self.denied.entry((api.key.0, version)).or_default() += 1;
            }
            self.errors.extend(errors);
            let told = operations(response);
            if told > 0 {
                *self.operations.entry(api.key.0).or_default() += told;
            }
        }
    }

    /// Whether more is worth being played.
    pub(super) fn goes_on(&self) -> bool {
        self.differences.len() < ENOUGH
    }

    pub(super) fn expect_no_difference(&self) {
        assert!(
            self.differences.is_empty(),
            "{} differences: {}",
            self.differences.len(),
            self.differences.join("\n")
        );
    }

    pub(super) fn count_meant(&mut self) {
        self.meant += 1;
    }

    /// Fails for versions of APIs of which something was never allowed, never denied, or never both at once, and can be.
    pub(super) fn expect_to_have_seen_everything(&self, served: &BTreeMap<i16, Versions>) {
        let surprises = self.coverage.surprises(served);
        assert!(surprises.is_empty(), "{} sequences: {surprises:#?}", self.sequences);
    }

    /// Fails where fewer versions of APIs than these were asked for, allowed, denied, and both at once.
    pub(super) fn expect_to_have_seen(&self, least: [usize; 4]) {
        let of = |seen| self.coverage.versions(seen);
        let seen = [self.asked.len(), of(Seen::Allowed), of(Seen::Denied), of(Seen::Mixed)];
        let enough = seen.iter().zip(&least).all(|(seen, least)| seen >= least);
        assert!(
            enough,
            "{seen:?} versions were asked for, allowed, denied, and both; at least {least:?} are to be"
        );
    }

    pub(super) fn add(&mut self, other: Self) {
        self.sequences += other.sequences;
        self.meant += other.meant;
        for (key, count) in other.asked {
            *self.asked.entry(key).or_default() += count;
        }
        for (key, count) in other.succeeded {
            *self.succeeded.entry(key).or_default() += count;
        }
        for (key, count) in other.denied {
            *self.denied.entry(key).or_default() += count;
        }
        for (key, count) in other.operations {
            *self.operations.entry(key).or_default() += count;
        }
        self.coverage.add(other.coverage);
        self.errors.extend(other.errors);
        self.unsteady.extend(other.unsteady);
        self.differences.extend(other.differences);
    }

    /// Fails where the sequences were too few, or too strange, to show anything.
    pub(super) fn expect_to_prove_something(&self, apis: &[&'static Api], has_acls: bool, never_denied: &[ApiKey]) {
        let asked: usize = self.asked.values().sum();
        let succeeded: usize = self.succeeded.values().sum();
        let denied: usize = self.denied.values().sum();
        // Of what is asked for with ACLs, much is denied in part.
        let least = if has_acls { 20 } else { 5 };
        assert!(
            asked > 0 && succeeded * least > asked && (!has_acls || denied * least > asked),
            "{succeeded} of {asked} requests succeeded, and {denied} were denied in part"
        );
        let unsteady = u64::try_from(self.unsteady.len()).unwrap();
        assert!(
            unsteady * 20 <= self.sequences.max(FEW),
            "{unsteady} sequences differed once: {self}"
        );
        if self.sequences < MANY {
            return;
        }
        let is_asked = |api: &Api| self.asked.keys().any(|(key, _)| *key == api.key.0);
        let has_succeeded = |api: &Api| self.succeeded.keys().any(|(key, _)| *key == api.key.0);
        let never = |was: &dyn Fn(&Api) -> bool| -> Vec<_> {
            apis.iter().filter(|api| !was(api)).map(|api| api.name).collect()
        };
        assert!(never(&is_asked).is_empty(), "never asked: {:?}", never(&is_asked));
        if has_acls {
            let is_denied = |api: &Api| self.denied.keys().any(|(key, _)| *key == api.key.0);
            let allowed = never(&|api| is_denied(api) || never_denied.contains(&api.key));
            assert!(allowed.is_empty(), "never denied: {allowed:?}");
            let silent: Vec<_> = TELL_OPERATIONS
                .iter()
                .filter(|key| !self.operations.contains_key(&key.0))
                .collect();
            assert!(silent.is_empty(), "never told what the client may do: {silent:?}");
            return;
        }
        let failed = never(&has_succeeded);
        assert!(
            failed.iter().all(|api| MAY_FAIL.contains(api)),
            "only ever failed: {failed:?}"
        );
    }
}

/// A machine that is busy with something else plays fewer, and may be late in some of them.
const FEW: u64 = 60;

/// From so many sequences on every API is expected to have come, and to have succeeded.
const MANY: u64 = 500;

/// So many differences are enough for one run.
const ENOUGH: usize = 10;

/// What tells what a client may do.
const TELL_OPERATIONS: [ApiKey; 4] = [
    ApiKey::METADATA,
    ApiKey::DESCRIBE_CLUSTER,
    ApiKey::DESCRIBE_GROUPS,
    ApiKey::DESCRIBE_TOPIC_PARTITIONS,
];

/// How many fields say what the client may do, where it has asked.
fn operations(fields: &Struct) -> usize {
    let of_value = |(field, value): (&'static Field, &Value)| match value {
        Value::Integer(bits) => {
            let is_told = field.name.ends_with("AuthorizedOperations") && *bits != i64::from(i32::MIN);
            usize::from(is_told)
        }
        Value::Struct(nested) => operations(nested),
        Value::Array(elements) => elements.iter().filter_map(Value::as_struct).map(operations).sum(),
        _ => 0,
    };
    fields.iter().map(of_value).sum()
}

/// What is rarely more than refused.
const MAY_FAIL: [&str; 0] = [];

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apis: BTreeSet<i16> = self.asked.keys().map(|(key, _)| *key).collect();
        write!(
            f,
            "{} sequences alike, {} not, of {} requests ({} APIs in {} versions, {} of the requests without an error, {} denied in part, \
             {} versions allowed, {} denied, {} both at once, {} times said what may be done, {} error codes; {} more refused on purpose); {} unsteady",
            self.sequences,
            self.differences.len(),
            self.asked.values().sum::<usize>(),
            apis.len(),
            self.asked.len(),
            self.succeeded.values().sum::<usize>(),
            self.denied.values().sum::<usize>(),
            self.coverage.versions(Seen::Allowed),
            self.coverage.versions(Seen::Denied),
            self.coverage.versions(Seen::Mixed),
            self.operations.values().sum::<usize>(),
            self.errors.len(),
            self.meant,
            self.unsteady.len(),
        )
    }
}
