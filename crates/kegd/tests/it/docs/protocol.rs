//! What becomes of every version of every API, as the policies themselves say and do it.

mod beside;
mod fate;
pub(crate) mod sample;
pub(crate) mod tested;

use std::fmt::Write as _;
use std::sync::Arc;

use keg_codec::Api;
use keg_codec::schema::Versions;
use keg_policy::{BrokerAddresses, Chain, Mode, Namespace};

use super::pages::check_generated;
use fate::Fates;
use sample::PREFIX;
use tested::Tested;

/// A row of the table: versions of which the same is said.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: &'static str,
    key: i16,
    versions: Versions,
    /// Whether the Kafka that the tests run has the versions.
    is_tested: bool,
    /// Without a namespace, with a hidden prefix, with an enforced one.
    fates: [String; 3],
}

#[test]
fn what_becomes_of_every_version_of_every_api_is_on_the_page() {
    let rows = rows();
    let apis = Api::all().iter().map(|api| (api.key.0, api.broker));
    let of_brokers: Vec<i16> = apis.filter(|(_, broker)| *broker).map(|(key, _)| key).collect();
    let (listed, internal): (Vec<_>, Vec<_>) = rows.iter().partition(|row| of_brokers.contains(&row.key));
    let mut text = format!(
        "Kafka {} defines the versions.\n\n\
         | API | versions | run on | without a namespace | `hide_prefix` | `enforce_prefix` |\n|---|---|---|---|---|---|",
        keg_codec::schema::KAFKA_VERSION
    );
    for row in &listed {
        let [open, hiding, enforcing] = &row.fates;
        let _ = write!(
            text,
            "\n| {} ({}) | {} | {} | {open} | {hiding} | {enforcing} |",
            row.name,
            row.key,
            row.versions,
            if row.is_tested { Tested::KAFKA } else { "definitions" },
        );
    }
    for row in &internal {
        assert!(
            row.fates.iter().all(|it| it == "refused: UNSUPPORTED_VERSION"),
            "{row:?}"
        );
    }
    let mut internal: Vec<_> = internal
        .iter()
        .map(|row| format!("{} ({})", row.name, row.key))
        .collect();
    internal.dedup();
    let _ = write!(
        text,
        "\n\nBrokers and controllers speak these with each other. They are refused with UNSUPPORTED_VERSION everywhere: {}.",
        internal.join(", ")
    );
    check_generated("docs/protocol.md", "protocol", &text);
}

fn rows() -> Vec<Row> {
    let tested = Tested::read();
    let addresses = || Arc::new(BrokerAddresses);
    let isolated = |mode| {
        Fates::of(
            Chain::new(vec![Arc::new(Namespace::new(mode, PREFIX)), addresses()]),
            mode,
        )
    };
    let chains = [
        Fates::of(Chain::new(vec![addresses()]), None),
        isolated(Mode::HidePrefix),
        isolated(Mode::EnforcePrefix),
    ];
    let mut rows: Vec<Row> = Vec::new();
    for api in Api::all() {
        let all = api.versions();
        for version in all.first..=all.last {
            let row = Row {
                name: api.name,
                key: api.key.0,
                versions: Versions {
                    first: version,
                    last: version,
                },
                is_tested: tested.has(api.key, version),
                fates: chains.each_ref().map(|chain| chain.of_version(api, version)),
            };
            match rows.last_mut() {
                Some(last) if last.says_the_same(&row) => last.versions.last = version,
                _ => rows.push(row),
            }
        }
    }
    rows
}

impl Row {
    fn says_the_same(&self, other: &Self) -> bool {
        let of = |row: &Self| (row.key, row.is_tested);
        of(self) == of(other) && self.fates == other.fates
    }
}
