//! Subscriptions by regular expression, as brokers match them.

mod corpus;

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};
use keg_policy::{AddressBook, Connection, Decision, Mode, Namespace, Policy, Request, Streams};

use crate::java::{Java, expect_checks_to_pass};
use crate::scenario::{Scenario, setup_or_skip};
use crate::setup::CURRENT;

/// Those that end in a word, and those that don't.
const PREFIXES: [&str; 4] = ["a", "b1", "a.", "K-"];
/// How many of each kind of expression.
const EXPRESSIONS: usize = 10_000;

#[test]
fn a_subscription_by_pattern_gets_the_own_topics_and_no_others() {
    let Some(scenario) = Scenario::new("patterns") else {
        return;
    };
    scenario.java("keg.Patterns", Duration::from_secs(240));
}

/// What expressions are about.
#[derive(Debug, Clone, Copy)]
enum Over {
    Topics,
    TransactionalIds,
}

#[test]
fn re2j_matches_confined_expressions_as_the_clients_and_nothing_else() {
    compare("expressions", Over::Topics, "ab.-K1");
}

#[test]
fn re2j_matches_confined_expressions_over_transactional_ids_likewise() {
    compare("expressions-over-ids", Over::TransactionalIds, "a.éK \\n");
}

/// Compares the gateway's expressions with the clients' over names of these characters.
fn compare(name: &'static str, over: Over, characters: &str) {
    let Some(setup) = setup_or_skip(name) else {
        return;
    };
    let dir = setup.dir(name);
    let mut lines = String::new();
    let mut refused = 0;
    for (index, regex) in corpus::expressions(EXPRESSIONS).iter().enumerate() {
        let prefix = PREFIXES[index % PREFIXES.len()];
        let [hidden, enforced] =
            [Mode::HidePrefix, Mode::EnforcePrefix].map(|mode| confined(over, mode, prefix, regex));
        refused += usize::from(hidden.is_none());
        let field = |bytes: Option<Vec<u8>>| bytes.map_or_else(|| "-".to_owned(), |bytes| hex(&bytes));
        writeln!(
            lines,
            "{} {} {} {}",
            hex(prefix.as_bytes()),
            hex(regex),
            field(hidden),
            field(enforced)
        )
        .unwrap();
    }
    let total = lines.lines().count();
    assert!(
        refused > total / 20 && refused < total / 2,
        "{refused} of {total} refused"
    );
    let file = dir.join("expressions.txt");
    fs::write(&file, lines).unwrap();
    let log = dir.join("expressions.log");
    let args = [&file.display().to_string(), characters];
    let mut java = Java::new(setup, CURRENT).start("expressions", &log, "keg.Expressions", &args);
    expect_checks_to_pass(&mut java, Duration::from_secs(240));
}

/// What a broker gets of an expression; none if it is refused.
fn confined(over: Over, mode: Mode, prefix: &str, regex: &[u8]) -> Option<Vec<u8>> {
    let (key, version, field) = match over {
        Over::Topics => (ApiKey::CONSUMER_GROUP_HEARTBEAT, 1, "SubscribedTopicRegex"),
        Over::TransactionalIds => (ApiKey::LIST_TRANSACTIONS, 2, "TransactionalIdPattern"),
    };
    let api = Api::of(key).unwrap();
    let mut asked = Struct::new(api.request.fields, version);
    asked.set("GroupId", Value::text(&format!("{prefix}group")));
    asked.set(field, Value::Bytes(regex.to_vec()));
    let mut request = Request {
        api,
        version,
        correlation_id: 1,
        head: Bytes::new(),
        body: Bytes::from(asked.write(&api.request, version).unwrap()).into(),
        rest: None,
        streams: Streams::No,
    };
    let connection = Connection::new("virtual", "User:ANONYMOUS", Arc::new(NoAddresses));
    match Namespace::new(mode, prefix).request(&connection, &mut request) {
        Decision::Forward(_) => {
            let sent = Struct::read(&api.request, version, &request.body_bytes()).unwrap();
            match sent.get(field) {
                Some(Value::Bytes(confined)) => Some(confined.clone()),
                other => panic!("{other:?}"),
            }
        }
        Decision::Answer(mut response) => {
            let answer = Struct::read(&api.response, version, &response.body_bytes()).unwrap();
            assert_eq!(answer.get("ErrorCode"), Some(&Value::Integer(128)));
            None
        }
        other => panic!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[derive(Debug)]
struct NoAddresses;

impl AddressBook for NoAddresses {
    fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String> {
        Err(format!("node {node_id} is not asked for"))
    }

    fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
}
