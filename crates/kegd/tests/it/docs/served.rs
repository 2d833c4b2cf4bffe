//! What a namespace serves, as the policies themselves say it.

use std::fmt::Write as _;
use std::sync::Arc;

use keg_codec::schema::Versions;
use keg_codec::{Api, ApiKey};
use keg_policy::{BrokerAddresses, Chain, Mode, Namespace, Served};

use super::pages::check_generated;

#[test]
fn the_apis_of_a_namespace_are_those_of_the_page() {
    let open = Chain::new(vec![Arc::new(BrokerAddresses)]);
    let namespace = Namespace::new(Mode::HidePrefix, "team-a-");
    let isolated = Chain::new(vec![Arc::new(namespace), Arc::new(BrokerAddresses)]);
    let text = format!(
        "Kafka {} defines the versions. {}\n\n{}",
        keg_codec::schema::KAFKA_VERSION,
        narrowed(open.served(), isolated.served()),
        refused(open.served(), isolated.served()),
    );
    check_generated("docs/virtual-clusters.md", "served", &text);
}

/// APIs of which some versions are served.
fn narrowed(open: &Served, isolated: &Served) -> String {
    let mut rows = String::new();
    for api in Api::all() {
        let (all, some) = (open.versions(api.key), isolated.versions(api.key));
        if !some.is_empty() && all != some {
            let _ = write!(rows, "\n| {} | {} | {} |", api.name, range(all), range(some));
        }
    }
    if rows.is_empty() {
        return "A namespace serves an API in all of them or not at all.".to_owned();
    }
    format!(
        "Where two columns are the same, the API is not listed.\n\n\
         | API | without a namespace | in a namespace |\n|---|---|---|{rows}"
    )
}

/// APIs that are not served at all.
fn refused(open: &Served, isolated: &Served) -> String {
    let names = |is_refused: &dyn Fn(ApiKey) -> bool| {
        let apis = Api::all().iter().filter(|api| api.broker && is_refused(api.key));
        apis.map(|api| api.name).collect::<Vec<_>>().join(", ")
    };
    format!(
        "Not served in a namespace: {}.\n\nNot served by any virtual cluster: {}.",
        names(&|key| !open.versions(key).is_empty() && isolated.versions(key).is_empty()),
        names(&|key| open.versions(key).is_empty()),
    )
}

fn range(versions: Versions) -> String {
    if versions.first == versions.last {
        versions.first.to_string()
    } else {
        format!("{} to {}", versions.first, versions.last)
    }
}
