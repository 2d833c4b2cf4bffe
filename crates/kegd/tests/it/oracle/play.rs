//! Plays a sequence on both sides, and compares what they say.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Mutex;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Versions;
use keg_codec::{Api, ApiKey};

use super::case::{self, Case};
use super::memory::{Memory, Subject};
use super::normal::{Normaliser, Which};
use super::probe::{known_topics, until_share_group_is_initialised};
use super::resolve::Resolver;
use super::settle::{elements, is_retriable, patiently, settle};
use super::shown::{Shown, brief};
use super::side::{Outcome, Side};
use super::symbols::Symbols;
use super::term::Operation;
use super::warm_up::warm_up;
use super::{acls, meant, tally::Tally};

/// Where everything is.
#[derive(Debug)]
pub(super) struct Places {
    /// What the sides are for clients.
    pub(super) clients: [String; 2],
    /// Where somebody who may do anything sees the same as the clients.
    pub(super) observers: [String; 2],
    /// The Kafkas behind them.
    pub(super) backends: [String; 2],
    /// Where the other tenant is, on the same backend as the virtual cluster.
    pub(super) other_tenant: Option<String>,
}

/// Where the sides are, and what both of them serve.
#[derive(Debug)]
pub(super) struct Arena {
    addresses: [String; 2],
    observers: [String; 2],
    /// The Kafkas behind them, and what the case's names begin with there.
    backends: [(String, String); 2],
    /// Where the other tenant is, on the same backend as the virtual cluster.
    pub(super) other_tenant: Option<String>,
    pub(super) nodes: [(String, i64); 2],
    pub(super) served: BTreeMap<i16, Versions>,
    /// What the client puts before its names.
    pub(super) shown_prefix: String,
    pub(super) foreign_prefix: String,
    /// What the other tenant puts before its names.
    pub(super) others_prefix: String,
    /// Whether the clients are told apart from those who may do anything.
    pub(super) has_acls: bool,
    /// The numbers of the next cases, where they are to be known before.
    numbers: Mutex<Range<u64>>,
}

/// What no sequence has: the versions that are told here; telemetry, whose subscriptions are made up by the broker; and
/// ACLs, which have a test like this one of their own.
const NOT_PLAYED: [ApiKey; 6] = [
    ApiKey::API_VERSIONS,
    ApiKey::DESCRIBE_ACLS,
    ApiKey::CREATE_ACLS,
    ApiKey::DELETE_ACLS,
    ApiKey::GET_TELEMETRY_SUBSCRIPTIONS,
    ApiKey::PUSH_TELEMETRY,
];

fn served(address: &str) -> BTreeMap<i16, Versions> {
    let response = Side::connect(address).ask(ApiKey::API_VERSIONS, 0, |_| {});
    let apis = elements(&response, "ApiKeys").map(|it| {
        let number = |name| i16::try_from(it.get(name).and_then(Value::as_integer).unwrap()).unwrap();
        let versions = Versions {
            first: number("MinVersion"),
            last: number("MaxVersion"),
        };
        (number("ApiKey"), versions)
    });
    apis.collect()
}

/// One side, as it is in one case.
#[derive(Debug)]
pub(super) struct Player {
    which: Which,
    node: (String, i64),
    side: Side,
    pub(super) observer: Side,
    backend: Side,
    prefix: String,
    pub(super) memory: Memory,
    symbols: Symbols,
}

impl Arena {
    /// The sides at these places. The prefixes are the tenant's and the other one's.
    pub(super) fn new(places: Places, prefix_is_shown: bool, prefixes: [String; 2]) -> Self {
        let Places {
            clients: addresses,
            observers,
            backends,
            other_tenant,
        } = places;
        for (observer, backend) in observers.iter().zip(&backends) {
            warm_up(observer, backend, &prefixes[0]);
        }
        let served = addresses.each_ref().map(|address| served(address));
        // A gateway has the nodes' ports behind the one for bootstrapping.
        let behind = [i64::from(other_tenant.is_some()), 0];
        let nodes = [0, 1].map(|it| {
            let (host, port) = addresses[it].split_once(':').unwrap();
            (host.to_owned(), port.parse::<i64>().unwrap() + behind[it])
        });
        let [prefix, others_prefix] = prefixes;
        let mut both = BTreeMap::new();
        for (key, versions) in &served[0] {
            let Some(api) = Api::of(ApiKey(*key)).filter(|api| !NOT_PLAYED.contains(&api.key)) else {
                continue;
            };
            let others = served[1].get(key).copied().unwrap_or(Versions::NONE);
            let versions = versions.intersection(others).intersection(api.versions());
            if !versions.is_empty() {
                both.insert(*key, versions);
            }
        }
        let [backend, own] = backends;
        let hidden = if prefix_is_shown || other_tenant.is_none() {
            String::new()
        } else {
            prefix.clone()
        };
        Self {
            has_acls: addresses != observers,
            numbers: Mutex::default(),
            addresses,
            observers,
            backends: [(backend, hidden), (own, String::new())],
            other_tenant,
            nodes,
            served: both,
            shown_prefix: if prefix_is_shown { prefix } else { String::new() },
            foreign_prefix: others_prefix.clone(),
            others_prefix: if prefix_is_shown { others_prefix } else { String::new() },
        }
    }

    /// The same, whose first cases have these numbers.
    pub(super) fn with_numbers(self, numbers: Range<u64>) -> Self {
        Self {
            numbers: Mutex::new(numbers),
            ..self
        }
    }

    fn number(&self) -> u64 {
        let first = self.numbers.lock().unwrap().next();
        first.unwrap_or_else(|| case::numbers(1).start)
    }

    /// What both sides serve.
    pub(super) fn apis(&self) -> Vec<&'static Api> {
        self.served.keys().filter_map(|key| Api::of(ApiKey(*key))).collect()
    }

    /// Plays a sequence under new names. The error says what came before the difference, and what it is.
    pub(super) fn play(&self, operations: &[Operation], tally: &mut Tally) -> Result<(), String> {
        let case = Case::new(&self.shown_prefix, &self.foreign_prefix, self.number());
        let foreign_id = self.others_objects(&case);
        let mut players = [Which::Virtual, Which::Own].map(|which| Player::new(which, self));
        if self.has_acls {
            acls::make_what_there_is(&case, operations, &mut players);
        }
        let played = self.steps(&case, foreign_id, operations, &mut players, tally);
        for player in &mut players {
            player.clean_up(&case);
        }
        self.delete_others_topics(&case);
        played
    }

    fn steps(
        &self,
        case: &Case<'_>,
        foreign_id: [u8; 16],
        operations: &[Operation],
        players: &mut [Player; 2],
        tally: &mut Tally,
    ) -> Result<(), String> {
        let mut joined = HashSet::new();
        let mut story = String::new();
        for operation in operations {
            let versions = self.served[&operation.api.key.0];
            let count = versions.last - versions.first + 1;
            let step = Step {
                has_acls: self.has_acls,
                case,
                foreign_id,
                operation,
                version: versions.last - i16::from(operation.version) % count,
            };
            if let Err(difference) = step.play(players, &mut joined, &mut story, tally) {
                return Err(format!("{story}{difference}"));
            }
        }
        Ok(())
    }
}

/// One request of a sequence.
#[derive(Debug)]
struct Step<'a> {
    has_acls: bool,
    case: &'a Case<'a>,
    foreign_id: [u8; 16],
    operation: &'a Operation,
    version: i16,
}

impl Step<'_> {
    fn play(
        &self,
        players: &mut [Player; 2],
        joined: &mut HashSet<String>,
        story: &mut String,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let (api, version) = (self.operation.api, self.version);
        let requests = [0, 1].map(|it| self.resolve(&players[it]));
        if self.has_acls && acls::is_not_played(api, &requests[0].0) {
            return Ok(());
        }
        story.push_str(&format!("{} v{version} {}\n", api.name, brief(&requests[0].0, version)));
        for (player, (request, _)) in players.iter_mut().zip(&requests) {
            player.symbols.of_request(request);
        }
        let lists = [meant::MEANT, if self.has_acls { acls::MEANT } else { &[] }];
        let meant = meant::refusals(lists, api, version, &requests[0].0, joined);
        let mut outcomes = if !meant.is_empty() {
            let first = players[0].exchange(api, version, &requests[0]);
            if matches!(&first, Outcome::Response(response) if meant::is_refused(api, version, response, &meant)) {
                tally.count_meant();
                // As a client that is told so.
                for (player, (_, subject)) in players.iter_mut().zip(&requests) {
                    match api.key {
                        ApiKey::FETCH => player.memory.forget_session(),
                        ApiKey::SHARE_FETCH => player.memory.forget_share_session(subject),
                        _ => {}
                    }
                }
                return Ok(());
            }
            [first, players[1].exchange(api, version, &requests[1])]
        } else {
            let asked = [0, 1].map(|it| players[it].side.send(api, version, &requests[it].0));
            [0, 1].map(|it| players[it].side.receive(asked[it]))
        };
        meant::same_session(api, &requests[0].1, &mut outcomes);
        if self.has_acls {
            acls::same_failure(api, &mut outcomes);
        }
        let repeatable = is_repeatable(api.key, &requests[0].0);
        let mut is_first = true;
        let shown = patiently(
            || {
                let again = !std::mem::take(&mut is_first);
                [0, 1].map(|it| {
                    let (player, outcome) = (&mut players[it], &mut outcomes[it]);
                    if again || matches!(outcome, Outcome::Response(response) if is_retriable(response)) {
                        *outcome = player.retry(api, version, &requests[it]);
                    }
                    player.show(self, outcome, &requests[it].1)
                })
            },
            |shown: &[(Shown, Symbols); 2]| !repeatable || shown[0].0 == shown[1].0,
        );
        if matches!(outcomes[0], Outcome::Closed | Outcome::Silence) {
            joined.clear();
            players.iter_mut().for_each(|player| player.memory.forget_session());
        }
        let [(one, first_symbols), (other, second_symbols)] = shown;
        if one != other {
            let differences = one.differences(&other).join("\n  ");
            return Err(format!(
                "  {differences}\n  the virtual cluster: {one:?}\n  a Kafka of its own:  {other:?}"
            ));
        }
        if api.key == ApiKey::JOIN_GROUP && has_no_error(&outcomes[0]) {
            joined.insert(requests[0].1.group.clone());
        }
        tally.count(api, version, &outcomes[1]);
        for ((player, symbols), (outcome, request)) in players
            .iter_mut()
            .zip([first_symbols, second_symbols])
            .zip(outcomes.iter().zip(&requests))
        {
            player.symbols = symbols;
            player.take_in(self.case, api, outcome, request);
        }
        Ok(())
    }

    fn resolve(&self, player: &Player) -> (Struct, Subject) {
        Resolver::new(self.case, &player.memory, self.foreign_id, self.operation, self.version).request()
    }
}

impl Player {
    fn new(which: Which, arena: &Arena) -> Self {
        let address = &arena.addresses[which as usize];
        let (backend, prefix) = &arena.backends[which as usize];
        Self {
            backend: Side::connect(backend),
            prefix: prefix.clone(),
            which,
            node: arena.nodes[which as usize].clone(),
            side: Side::connect(address),
            observer: Side::connect(&arena.observers[which as usize]),
            memory: Memory::default(),
            symbols: Symbols::default(),
        }
    }

    fn exchange(&mut self, api: &'static Api, version: i16, (request, _): &(Struct, Subject)) -> Outcome {
        let asked = self.side.send(api, version, request);
        self.side.receive(asked)
    }

    fn retry(&mut self, api: &'static Api, version: i16, request: &(Struct, Subject)) -> Outcome {
        patiently(
            || self.exchange(api, version, request),
            |outcome| !matches!(outcome, Outcome::Response(response) if is_retriable(response)),
        )
    }

    /// The outcome as it is compared, and the symbols with what is new in it.
    fn show(&self, step: &Step<'_>, outcome: &Outcome, subject: &Subject) -> (Shown, Symbols) {
        let mut symbols = self.symbols.clone();
        let shown = match outcome {
            Outcome::Response(response) => Normaliser {
                which: self.which,
                case: step.case,
                node: &self.node,
                several_members: self.memory.has_several_members(subject),
                symbols: &mut symbols,
            }
            .show(step.operation.api, step.version, response),
            Outcome::Closed => Shown::Symbol("the connection is closed".to_owned()),
            Outcome::Nothing => Shown::Symbol("no response is due".to_owned()),
            Outcome::Silence => Shown::Symbol("no response came".to_owned()),
        };
        (shown, symbols)
    }

    /// Remembers what an answer tells, and waits for what it has begun.
    fn take_in(
        &mut self,
        case: &Case<'_>,
        api: &'static Api,
        outcome: &Outcome,
        (request, subject): &(Struct, Subject),
    ) {
        if let Outcome::Response(response) = outcome {
            self.memory.learn(api, subject, response);
            settle(
                &mut self.observer,
                api,
                (request, response),
                subject.transaction.as_deref(),
            );
            let changes_topics = matches!(
                api.key,
                ApiKey::CREATE_TOPICS | ApiKey::DELETE_TOPICS | ApiKey::CREATE_PARTITIONS
            );
            if changes_topics {
                self.number_topics(case);
            }
            if api.key == ApiKey::SHARE_GROUP_HEARTBEAT && has_no_error(outcome) {
                let group = format!("{}{}", self.prefix, subject.group);
                until_share_group_is_initialised(&mut self.backend, &group);
            }
        }
    }

    /// Gives ids their numbers in the order of the topics' names: clients may be told them in any order.
    pub(super) fn number_topics(&mut self, case: &Case<'_>) {
        for (name, id) in self.topics(case) {
            self.symbols.own_topic(id, &name);
        }
    }

    /// The topics that there are, by their names for the client.
    pub(super) fn topics(&mut self, case: &Case<'_>) -> Vec<(String, [u8; 16])> {
        let names = case.topics();
        let names: Vec<_> = names.iter().map(|name| format!("{}{name}", self.prefix)).collect();
        let topics = known_topics(&mut self.backend, &names).into_iter();
        let topics = topics.map(|(name, id)| (name.strip_prefix(&self.prefix).unwrap_or(&name).to_owned(), id));
        topics.collect()
    }

    fn clean_up(&mut self, case: &Case<'_>) {
        let topics = case.topics().iter().map(|topic| Value::text(topic)).collect();
        self.observer.ask(ApiKey::DELETE_TOPICS, 5, |request| {
            request.set("TopicNames", Value::Array(topics));
            request.set("TimeoutMs", Value::Integer(10_000));
        });
    }
}

fn has_no_error(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Response(response) if response.get("ErrorCode") == Some(&Value::Integer(0)))
}

/// Whether asking again changes nothing. What differs because one side is still at work is the same soon.
fn is_repeatable(key: ApiKey, request: &Struct) -> bool {
    match key {
        ApiKey::FETCH => request.get("SessionEpoch") == Some(&Value::Integer(-1)),
        ApiKey::METADATA
        | ApiKey::LIST_OFFSETS
        | ApiKey::OFFSET_FOR_LEADER_EPOCH
        | ApiKey::OFFSET_FETCH
        | ApiKey::FIND_COORDINATOR
        | ApiKey::DESCRIBE_GROUPS
        | ApiKey::LIST_GROUPS
        | ApiKey::DESCRIBE_CONFIGS
        | ApiKey::DESCRIBE_LOG_DIRS
        | ApiKey::DESCRIBE_CLUSTER
        | ApiKey::DESCRIBE_PRODUCERS
        | ApiKey::DESCRIBE_TRANSACTIONS
        | ApiKey::LIST_TRANSACTIONS
        | ApiKey::LIST_PARTITION_REASSIGNMENTS
        | ApiKey::LIST_CONFIG_RESOURCES
        | ApiKey::DESCRIBE_TOPIC_PARTITIONS
        | ApiKey::CONSUMER_GROUP_DESCRIBE
        | ApiKey::SHARE_GROUP_DESCRIBE
        | ApiKey::STREAMS_GROUP_DESCRIBE
        | ApiKey::DESCRIBE_SHARE_GROUP_OFFSETS => true,
        _ => false,
    }
}
