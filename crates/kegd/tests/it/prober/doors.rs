//! What a virtual cluster shows beside its namespace, and by other names: ways through its walls, each of them for
//! something.

use serde_json::json;

use super::means::Beside;
use super::probes::{self, Cast, Probe, Reach};
use super::scan::{Detector, Needles};
use super::state::{Damage, State};
use super::tenant::{Tenant, Topic};
use super::told::Twins;
use super::wire::Kafka;
use super::world::World;

/// Of what is additional.
const SHARED: &str = "zqxs";
/// Of what has aliases.
const TARGET: &str = "zqxt";
/// Of what looks as if it were additional.
const HIDDEN: &str = "zqxh";

/// The additional things and aliases of the prober, and what is asked by them.
#[derive(Debug)]
pub(crate) struct Doors {
    node: i64,
    /// Its topics and groups are additional, and nothing else.
    shared: Tenant,
    /// The prober's, reached by aliases.
    target: Tenant,
    /// Beside what is additional.
    hidden: Vec<Topic>,
    aliases: Vec<Alias>,
    /// Whether there is a gateway that knows of all this.
    is_known: bool,
    pub(crate) probes: Vec<Probe>,
    before: Vec<State>,
    /// Where the topics ended.
    ends: Vec<i64>,
}

/// An alias, and its topic as clients say it and as the backend does.
#[derive(Debug)]
struct Alias {
    name: String,
    topic: String,
    whole: String,
    /// None of what isn't there.
    id: Option<String>,
}

impl Alias {
    fn new(name: &str, topic: &str, whole: &str) -> Self {
        Self {
            name: name.to_owned(),
            topic: topic.to_owned(),
            whole: whole.to_owned(),
            id: None,
        }
    }
}

impl Doors {
    /// Makes everything on the backend. `nobody` is to the other tenant what it is in the comparisons of answers.
    pub(crate) fn make(world: &World<'_>, node: i64, own: &Tenant, them: &Tenant, nobody: &Tenant) -> Self {
        // What is additional begins as the other's names do, but for the last character.
        let stem = them.prefix.trim_end_matches('-');
        let shared = world.make(node, Tenant::new(format!("{stem}."), true, SHARED));
        let target = world.make(node, Tenant::new(own.prefix.clone(), own.sees_prefix, TARGET));
        let hidden = [
            stem.to_owned(),
            format!("{stem}{HIDDEN}"),
            format!("{HIDDEN}-{}", shared.orders.name),
            format!("{}-{HIDDEN}", shared.victim.name),
            format!("{}orders", shared.prefix),
        ];
        let hidden = make_topics(world, node, &hidden);

        let to = |name: &str, topic: &Topic, of: &Tenant| Alias::new(name, of.as_client(&topic.name), &topic.name);
        let nowhere = format!("{}{}", own.prefix, them.orders.name);
        let aliases = vec![
            to("zqxa-shared-orders", &shared.orders, &shared),
            to("zqxa-shared-victim", &shared.victim, &shared),
            // Names of the other's, as it says them and as they are; and the same of nobody's, for the comparison.
            to(them.as_client(&them.orders.name), &target.orders, &target),
            to(nobody.as_client(&nobody.orders.name), &target.orders, &target),
            to(&them.victim.name, &target.victim, &target),
            to(&nobody.victim.name, &target.victim, &target),
            // It must not lead to the other's.
            Alias::new("zqxa-nowhere", own.as_client(&nowhere), &nowhere),
        ];
        Self {
            node,
            shared,
            target,
            hidden,
            aliases,
            is_known: false,
            probes: Vec::new(),
            before: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// What is additional, in YAML's flow style: all kinds of rules, and one for topics that never show.
    pub(crate) fn additional(&self) -> String {
        let groups = self.shared.groups().map(|it| format!("{{ value: {} }}", it.name));
        format!(
            "{{ topics: [{{ type: glob, glob: \"{prefix}orders-*\" }}, {{ type: glob, glob: \"__*\" }}, \
             {{ type: exact_list, exact_list: [{{ backend: {victim} }}] }}], \
             consumer_groups: [{{ type: exact_list, exact_list: [{groups}] }}] }}",
            prefix = self.shared.prefix,
            victim = self.shared.victim.name,
            groups = groups.join(", "),
        )
    }

    /// The aliases, in YAML's flow style.
    pub(crate) fn topic_aliases(&self) -> String {
        let aliases = self.aliases.iter();
        let aliases: Vec<_> = aliases
            .map(|Alias { name, topic, .. }| format!("{{ alias: {name}, topic: {topic} }}"))
            .collect();
        aliases.join(", ")
    }

    /// A gateway has been told of it: the aliases are there.
    pub(crate) fn open(&mut self, world: &World<'_>, address: &str) {
        self.is_known = true;
        let mut kafka = Kafka::connect(world.definitions, address, "looking");
        for alias in &mut self.aliases {
            let metadata = kafka.call("Metadata", 12, &json!({"Topics": [{"Name": alias.name}]}));
            let topic = &metadata["Topics"][0];
            assert_eq!(topic["Name"], alias.name.as_str());
            let is_there = topic["ErrorCode"] == 0;
            assert_eq!(is_there, alias.name != "zqxa-nowhere", "{topic}");
            alias.id = is_there.then(|| topic["TopicId"].as_str().unwrap().to_owned());
        }
    }

    /// What may be seen of it, and what not.
    pub(crate) fn tell(&self, needles: &mut Needles) {
        let Self { shared, .. } = self;
        needles.text(Detector::Name, HIDDEN);
        self.hidden.iter().for_each(|topic| needles.topic_id(&topic.id));
        for hidden in [&shared.transaction.id, &shared.user(), &format!("metrics-{SHARED}")] {
            needles.text(Detector::Name, hidden);
        }
        if self.is_known {
            self.aliases.iter().for_each(|alias| needles.show(&alias.name));
        }
    }

    /// The same aliases have other ids under other names.
    pub(crate) fn tell_twins(&self, mut twins: Twins) -> Twins {
        if self.is_known {
            let ids: Vec<&String> = self.aliases.iter().filter_map(|alias| alias.id.as_ref()).collect();
            for pair in ids[2..].chunks(2) {
                twins = twins.with_ids(pair[1], pair[0]);
            }
        }
        twins
    }

    /// The names of the additional topics, for those who may have them.
    pub(crate) fn additional_topics(&self) -> Vec<&str> {
        match self.is_known {
            true => vec![&self.shared.orders.name, &self.shared.victim.name],
            false => Vec::new(),
        }
    }

    /// Makes the probes: of what is additional by its own names, with what stands beside it; and of what has aliases by
    /// these, with the additional groups.
    pub(crate) fn prepare(&mut self, cast: &Cast<'_>) {
        let names = self.hidden.iter().map(|topic| topic.name.clone());
        let ids = self.hidden.iter().map(|topic| topic.id.clone());
        let beside = Beside {
            names: cast.beside.names.iter().cloned().chain(names).collect(),
            ids: cast.beside.ids.iter().cloned().chain(ids).collect(),
        };
        let additional = probes::all(&Cast {
            them: &self.shared,
            beside: &beside,
            reach: Reach::Names,
            ..*cast
        });
        let (by_alias, beside) = self.by_alias();
        let aliased = probes::all(&Cast {
            them: &by_alias,
            beside: &beside,
            reach: Reach::Names,
            ..*cast
        });
        self.probes = [additional, aliased].concat();
        self.probes
            .sort_by_key(|probe| (probe.phase, probes::is_internal(probe)));
    }

    /// Somebody whose topics are aliases; and more of them. Without a gateway, what these lead to.
    fn by_alias(&self) -> (Tenant, Beside) {
        let said = |alias: &Alias| match self.is_known {
            true => alias.name.clone(),
            false => alias.whole.clone(),
        };
        let (first, others) = self.aliases.split_at(2);
        let ids = [
            &self.shared.orders.id,
            &self.shared.victim.id,
            &self.target.orders.id,
            &self.target.victim.id,
        ];
        let ids: Vec<String> = match self.is_known {
            true => self.aliases.iter().filter_map(|alias| alias.id.clone()).collect(),
            false => ids
                .into_iter()
                .chain([&self.target.orders.id, &self.target.victim.id])
                .cloned()
                .collect(),
        };
        let topic = |index: usize| Topic {
            name: said(&first[index]),
            id: ids[index].clone(),
        };
        let tenant = Tenant {
            orders: topic(0),
            victim: topic(1),
            ..self.shared.clone()
        };
        let beside = Beside {
            names: others.iter().map(said).collect(),
            ids: ids[2..].to_vec(),
        };
        (tenant, beside)
    }

    /// To be called when all tenants are there.
    pub(crate) fn look_before(&mut self, world: &World<'_>) {
        self.before = self.look(world, false);
        self.ends = self.look_at_ends(world);
    }

    /// Doors that nothing goes through would show nothing.
    pub(crate) fn check_use(&self, world: &World<'_>) {
        let (before, after) = (&self.ends, self.look_at_ends(world));
        let is_used = before.iter().zip(&after).all(|(before, after)| before < after);
        assert!(is_used, "the topics ended at {before:?}, and do at {after:?}");
    }

    /// Of the additional topic, and of the one that has an alias.
    fn look_at_ends(&self, world: &World<'_>) -> Vec<i64> {
        let mut kafka = Kafka::connect(world.definitions, world.address(self.node), "looking");
        let topics = [&self.shared.orders.name, &self.target.orders.name];
        let mut end = |topic: &String| {
            let asked = json!([{"PartitionIndex": 0, "Timestamp": -1}]);
            let request = json!({"ReplicaId": -1, "Topics": [{"Name": topic, "Partitions": asked}]});
            let listed = kafka.settle("ListOffsets", 7, &request);
            listed["Topics"][0]["Partitions"][0]["Offset"].as_i64().unwrap()
        };
        topics.map(&mut end).to_vec()
    }

    pub(crate) fn damage(&self, world: &World<'_>) -> Vec<Damage> {
        let after = self.look(world, true);
        let both = self.before.iter().zip(&after);
        both.flat_map(|(before, after)| before.damage(after)).collect()
    }

    pub(crate) fn facets(&self) -> impl Iterator<Item = &'static str> {
        self.before.iter().flat_map(State::facets)
    }

    fn look(&self, world: &World<'_>, closing: bool) -> Vec<State> {
        let address = world.address(self.node);
        let hidden: Vec<&str> = self.hidden.iter().map(|topic| topic.name.as_str()).collect();
        // What would be there, if an alias were taken for a name.
        let own_prefix = &self.target.prefix;
        let instead: Vec<String> = self
            .aliases
            .iter()
            .map(|alias| format!("{own_prefix}{}", alias.name))
            .collect();
        vec![
            State::of_additional(world.definitions, address, &self.shared, &hidden, closing),
            State::of_aliased(world.definitions, address, &self.target, &instead, closing),
        ]
    }
}

fn make_topics(world: &World<'_>, node: i64, names: &[String]) -> Vec<Topic> {
    let mut kafka = Kafka::connect(world.definitions, world.address(node), "looking");
    let topics: Vec<_> = names
        .iter()
        .map(|name| json!({"Name": name, "NumPartitions": 1, "ReplicationFactor": 1}))
        .collect();
    let created = kafka.settle("CreateTopics", 7, &json!({"Topics": topics, "timeoutMs": 20_000}));
    let created = created["Topics"].as_array().unwrap().iter();
    created
        .map(|it| Topic {
            name: it["Name"].as_str().unwrap().to_owned(),
            id: it["TopicId"].as_str().unwrap().to_owned(),
        })
        .collect()
}
