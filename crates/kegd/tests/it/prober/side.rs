//! One prober, and what it must not see.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::doors::Doors;
use super::expressions::{self, Subscribed};
use super::probes::{self, Cast, Phase, Probe, Reach};
use super::report::Report;
use super::run::{Reply, run};
use super::scan::{Detector, Needles};
use super::state::{Damage, State};
use super::tenant::Tenant;
use super::told::Twins;
use super::wire::Kafka;
use super::world::World;
use crate::gateway::{Config, Gateway, VIRTUAL_CLUSTERS};

/// How the prober's virtual cluster and the other one see their names, and what both prefixes begin with.
pub(crate) const MODES: [Combination; 4] = [
    Combination::of("zqhide", ["hide_prefix", "hide_prefix"]),
    Combination::of("zqforce", ["enforce_prefix", "enforce_prefix"]),
    Combination::with_doors("zqmixed", ["enforce_prefix", "hide_prefix"]),
    Combination::with_doors("zqdoors", ["hide_prefix", "hide_prefix"]),
];
/// How often a difference between answers must be there once more; without a gateway most will be.
const AGAIN: usize = 3;

/// Where the prober talks to the backend itself.
const DIRECT: &str = "zqdirect";

const OWN: &str = "zqxa";
const THEIRS: &str = "zqxb";
/// Of what isn't there.
const NOBODYS: &str = "zqxn";

/// One way for two virtual clusters to be on one backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Combination {
    stem: &'static str,
    modes: [&'static str; 2],
    /// Whether the prober's has additional names and aliases.
    has_doors: bool,
}

/// One prober and what it must not see.
pub(crate) struct Side {
    pub(crate) stem: &'static str,
    node: i64,
    /// Where the prober connects to.
    address: String,
    own: Tenant,
    them: Tenant,
    needles: Needles,
    pub(crate) probes: Vec<Probe>,
    /// The same about what isn't there.
    absent: Vec<Probe>,
    twins: Twins,
    before: Option<State>,
    pub(crate) doors: Option<Doors>,
}

/// What a side's probes have come to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) report: Report,
    /// In the order of the probes.
    pub(crate) replies: Vec<Reply>,
    /// In the order of the doors' probes.
    pub(crate) more: Vec<Reply>,
    /// The versions that are said to be served.
    pub(crate) advertised: BTreeSet<(i16, i16)>,
}

impl Combination {
    const fn of(stem: &'static str, modes: [&'static str; 2]) -> Self {
        Self {
            stem,
            modes,
            has_doors: false,
        }
    }

    const fn with_doors(stem: &'static str, modes: [&'static str; 2]) -> Self {
        Self {
            has_doors: true,
            ..Self::of(stem, modes)
        }
    }
}

impl Side {
    /// A gateway with two virtual clusters, and a tenant with everything in each.
    pub(crate) fn behind_gateway(world: &World<'_>, node: i64, combination: Combination) -> (Self, Gateway) {
        let Combination { stem, modes, has_doors } = combination;
        let mut config = Config::new(&world.backend, stem).with_modes(modes);
        let sees = modes.map(|mode| mode == "enforce_prefix");
        let tenant =
            |index: usize, marker: &str| Tenant::new(config.prefix(VIRTUAL_CLUSTERS[index]), sees[index], marker);
        let own = world.make(node, tenant(0, OWN));
        let them = world.make(node, tenant(1, THEIRS));
        let nobody = them.absent(&own, NOBODYS);
        let mut doors = has_doors.then(|| Doors::make(world, node, &own, &them, &nobody));
        if let Some(doors) = &doors {
            config = config
                .with_additional_of(0, doors.additional())
                .with_topic_aliases([doors.topic_aliases(), String::new()]);
        }
        let gateway = Gateway::start(&config, &world.setup.dir(stem));

        // The gateway gets to know the other's ids, as it does from the other's clients.
        let address = |index: usize| format!("localhost:{}", config.node_port(index, u16::try_from(node).unwrap()));
        let mut client = Kafka::connect(world.definitions, &address(1), "theirs");
        let metadata = client.settle("Metadata", 12, &json!({"Topics": null}));
        let seen: Vec<_> = metadata["Topics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["Name"].as_str().unwrap())
            .collect();
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen.contains(&them.as_client(&them.orders.name)), "{seen:?}");

        if let Some(doors) = &mut doors {
            doors.open(world, &address(0));
        }

        let is_hidden = !own.sees_prefix;
        let tenants = [own, them, nobody];
        (
            Self::new(world, node, stem, address(0), tenants, doors, is_hidden),
            gateway,
        )
    }

    /// With the backend in the place of a virtual cluster: what is shown and what is touched must be noticed.
    pub(crate) fn of_backend(world: &World<'_>) -> Self {
        let prefix = |name: &str| format!("{DIRECT}-{name}-");
        let own = world.make(1, Tenant::new(prefix(VIRTUAL_CLUSTERS[0]), true, OWN));
        let them = world.make(1, Tenant::new(prefix(VIRTUAL_CLUSTERS[1]), false, THEIRS));
        let nobody = them.absent(&own, NOBODYS);
        let doors = Doors::make(world, 1, &own, &them, &nobody);
        let address = world.address(1).to_owned();
        Self::new(world, 1, DIRECT, address, [own, them, nobody], Some(doors), true)
    }

    fn new(
        world: &World<'_>,
        node: i64,
        stem: &'static str,
        address: String,
        tenants: [Tenant; 3],
        mut doors: Option<Doors>,
        is_hidden: bool,
    ) -> Self {
        let [own, them, nobody] = tenants;
        let mut needles = Needles::new(&world.ports());
        needles.text(Detector::Name, THEIRS);
        needles.text(Detector::Prefix, &them.prefix);
        let others = MODES.iter().map(|other| other.stem).filter(|other| *other != stem);
        others.for_each(|other| needles.text(Detector::Prefix, other));
        if is_hidden {
            needles.text(Detector::OwnPrefix, &own.prefix);
        }
        [&them.classic.member, &them.share.member]
            .into_iter()
            .for_each(|member| needles.given(member));
        them.ids()
            .into_iter()
            .chain(&world.internal.ids)
            .for_each(|id| needles.topic_id(id));
        let cast = |them| Cast {
            definitions: world.definitions,
            own: &own,
            them,
            beside: &world.internal,
            node,
            reach: Reach::All,
        };
        let probes = probes::all(&cast(&them));
        let absent = probes::all(&cast(&nobody));
        let mut twins = Twins::new(&them, &nobody);
        if let Some(doors) = &mut doors {
            doors.prepare(&cast(&them));
            doors.tell(&mut needles);
            twins = doors.tell_twins(twins);
        }
        Self {
            stem,
            node,
            address,
            own,
            them,
            needles,
            probes,
            absent,
            twins,
            before: None,
            doors,
        }
    }

    /// To be called when all tenants are there.
    pub(crate) fn look_before(&mut self, world: &World<'_>) {
        self.before = Some(world.state(self.node, &self.them, false));
        if let Some(doors) = &mut self.doors {
            doors.look_before(world);
        }
    }

    /// Sends everything.
    pub(crate) fn probe(&self, world: &World<'_>) -> Outcome {
        let advertised = self.advertised(world);
        let mut replies = Vec::new();
        let mut more = Vec::new();
        let mut damage = Vec::new();
        let mut told = Vec::new();
        let mut subscribed = Subscribed::default();
        for phase in Phase::ALL {
            // A backend may not be there to be looked at behind the last one.
            if phase == Phase::Operate && self.stem == DIRECT {
                damage = self.damage(world);
            }
            let of_phase = |probes: &[Probe]| -> Vec<Probe> {
                probes.iter().filter(|probe| probe.phase == phase).cloned().collect()
            };
            let (probes, twins) = (of_phase(&self.probes), of_phase(&self.absent));
            let answers = run(&self.address, &probes);
            if phase != Phase::Operate {
                let again = if self.stem == DIRECT { 1 } else { AGAIN };
                let both = (&*probes, &*twins);
                told.extend(self.twins.told(world.definitions, &self.address, both, &answers, again));
            }
            if phase == Phase::Make {
                let addresses = [self.address.as_str(), world.address(self.node)];
                let additional = self.doors.as_ref().map_or_else(Vec::new, Doors::additional_topics);
                let tenants = [&self.own, &self.them];
                subscribed = expressions::subscribe(world.definitions, addresses, self.node, tenants, &additional);
            }
            replies.extend(answers);
            more.extend(run(&self.address, &of_phase(self.more())));
        }
        if self.stem != DIRECT {
            damage = self.damage(world);
            // What is damaged may be gone.
            if damage.is_empty() {
                self.doors.iter().for_each(|doors| doors.check_use(world));
            }
        }
        assert!(
            subscribed.assigned > 0,
            "{}: no expression has matched the own",
            self.stem
        );
        damage.extend(subscribed.damage);
        let (probes, subscriptions): (Vec<Probe>, Vec<Reply>) = subscribed.asked.into_iter().unzip();
        let asked = self.probes.iter().zip(&replies).chain(self.more().iter().zip(&more));
        let asked = asked.chain(probes.iter().zip(&subscriptions));
        let mut report = Report::of(self.stem, world.definitions, &self.needles, asked, &self.absent);
        report.damage = damage;
        told.into_iter().for_each(|(probe, what)| report.told(&probe, what));
        Outcome {
            report,
            replies,
            more,
            advertised,
        }
    }

    /// What is asked beside what every side asks.
    pub(crate) fn more(&self) -> &[Probe] {
        self.doors.as_ref().map_or(&[], |doors| &doors.probes)
    }

    /// Of what is looked at for damage.
    pub(crate) fn facets(&self) -> impl Iterator<Item = &'static str> {
        let more = self.doors.iter().flat_map(Doors::facets);
        self.before
            .as_ref()
            .unwrap()
            .facets()
            .chain([expressions::FACET])
            .chain(more)
    }

    fn damage(&self, world: &World<'_>) -> Vec<Damage> {
        let more = self.doors.iter().flat_map(|doors| doors.damage(world));
        let before = self.before.as_ref().unwrap();
        let theirs = before.damage(&world.state(self.node, &self.them, true));
        theirs.into_iter().chain(more).collect()
    }

    fn advertised(&self, world: &World<'_>) -> BTreeSet<(i16, i16)> {
        let mut kafka = Kafka::connect(world.definitions, &self.address, "probing");
        let served = kafka.call(
            "ApiVersions",
            4,
            &json!({"ClientSoftwareName": "prober", "ClientSoftwareVersion": "1"}),
        );
        let number = |value: &Value| i16::try_from(value.as_i64().unwrap()).unwrap();
        let versions = served["ApiKeys"].as_array().unwrap().iter().flat_map(|it| {
            let key = number(&it["ApiKey"]);
            (number(&it["MinVersion"])..=number(&it["MaxVersion"])).map(move |version| (key, version))
        });
        // Kafka says of some that it serves them, and doesn't: what it defines counts.
        versions
            .filter(|it| {
                self.probes
                    .iter()
                    .any(|probe| probe.is_defined && (probe.key, probe.version) == *it)
            })
            .collect()
    }
}
