//! What a run has found, in lines.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use super::decode::decode_reply;
use super::definitions::Definitions;
use super::probes::{Phase, Probe};
use super::run::Reply;
use super::scan::{Detector, Leak, Needles, said};
use super::state::Damage;
use super::wire::error_codes;

/// Errors of a request that was not understood, or not even looked at.
const MEANINGLESS: [i64; 4] = [-1, 35, 42, 87];

/// How much of the same kind is shown.
const SHOWN: usize = 6;

/// What one mode's probes have found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) name: String,
    pub(crate) leaks: Vec<Found>,
    pub(crate) damage: Vec<Damage>,
    apis: BTreeSet<i16>,
    versions: BTreeSet<(i16, i16)>,
    probes: usize,
    answered: usize,
    /// Answered with something else than that the request is not understood.
    semantic: usize,
    closed: usize,
    silent: usize,
    /// Answers that are not what the definitions say.
    pub(crate) garbled: Vec<String>,
    /// The versions of which a request was understood.
    pub(crate) understood: BTreeSet<(i16, i16)>,
    /// The versions of which a request about the prober's own was fulfilled without any error.
    pub(crate) fulfilled: BTreeSet<(i16, i16)>,
}

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) leak: Leak,
    api: String,
    version: i16,
    means: String,
}

impl Report {
    /// Of what was asked and answered; `twins` was asked beside it.
    pub(crate) fn of<'a>(
        name: &str,
        definitions: &Definitions,
        needles: &Needles,
        asked: impl Iterator<Item = (&'a Probe, &'a Reply)> + Clone,
        twins: &[Probe],
    ) -> Self {
        let mut report = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        let making = asked.clone().map(|(probe, _)| probe).chain(twins);
        let made = making
            .filter(|probe| probe.phase == Phase::Make)
            .flat_map(said)
            .collect();
        let nothing = HashSet::new();
        for (probe, reply) in asked {
            report.count(probe, reply);
            if let Some(frame) = reply.frame() {
                let made = if probe.phase >= Phase::Make { &made } else { &nothing };
                report.look(definitions, needles, probe, frame, made);
            }
        }
        report
    }

    fn count(&mut self, probe: &Probe, reply: &Reply) {
        self.apis.insert(probe.key);
        self.versions.insert((probe.key, probe.version));
        self.probes += 1;
        match reply {
            Reply::Frame(_) => self.answered += 1,
            Reply::Closed => self.closed += 1,
            Reply::Silent => self.silent += 1,
        }
    }

    fn look(
        &mut self,
        definitions: &Definitions,
        needles: &Needles,
        probe: &Probe,
        frame: &[u8],
        made: &HashSet<Vec<u8>>,
    ) {
        let fields = match decode_reply(definitions, probe, frame) {
            Some(Ok(fields)) => Some(fields),
            Some(Err(error)) => {
                self.garbled
                    .push(format!("{} {} ({}): {error}", probe.api, probe.version, probe.means));
                None
            }
            None => None,
        };
        if let Some(fields) = &fields {
            let codes = error_codes(fields);
            if codes.iter().all(|code| !MEANINGLESS.contains(code)) {
                self.semantic += 1;
                self.understood.insert((probe.key, probe.version));
            }
            if probe.own && codes.iter().all(|code| *code == 0) {
                self.fulfilled.insert((probe.key, probe.version));
            }
        }
        let leaks = needles.find(probe, frame, fields.as_ref(), made);
        self.leaks.extend(leaks.into_iter().map(|leak| Found {
            leak,
            api: probe.api.clone(),
            version: probe.version,
            means: probe.means.clone(),
        }));
    }

    /// Takes down what a comparison of answers has told.
    pub(crate) fn told(&mut self, probe: &Probe, what: String) {
        self.leaks.push(Found {
            leak: Leak {
                detector: Detector::Told,
                what,
            },
            api: probe.api.clone(),
            version: probe.version,
            means: probe.means.clone(),
        });
    }

    /// How many leaks a detector has found.
    pub(crate) fn leaks_of(&self, detector: Detector) -> usize {
        self.leaks
            .iter()
            .filter(|found| found.leak.detector == detector)
            .count()
    }

    /// How much damage there is to a facet of what somebody has.
    pub(crate) fn damage_of(&self, facet: &str) -> usize {
        self.damage.iter().filter(|damage| damage.facet == facet).count()
    }

    /// One line.
    pub(crate) fn counts(&self) -> String {
        format!(
            "{}: {} api keys, {} versions, {} probes, {} answered ({} with sense, of {} versions; of {} versions \
             fulfilled; {} garbled), \
             {} disconnects, {} silent, {} leaks, {} damages",
            self.name,
            self.apis.len(),
            self.versions.len(),
            self.probes,
            self.answered,
            self.semantic,
            self.understood.len(),
            self.fulfilled.len(),
            self.garbled.len(),
            self.closed,
            self.silent,
            self.leaks.len(),
            self.damage.len(),
        )
    }
}

/// Every kind of leak once, with an example; some of all damage, and of what is not as the definitions say.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: BTreeMap<(&str, Detector), Vec<&Found>> = BTreeMap::new();
        for found in &self.leaks {
            kinds.entry((&found.api, found.leak.detector)).or_default().push(found);
        }
        for ((api, detector), found) in kinds {
            let Found {
                leak, version, means, ..
            } = found[0];
            writeln!(
                f,
                "{}: {api} {version}, {means}: {detector:?}: {} (and {} more)",
                self.name,
                leak.what,
                found.len() - 1
            )?;
        }
        let mut facets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Damage { facet, what } in &self.damage {
            facets.entry(facet).or_default().push(what);
        }
        for (facet, damage) in facets {
            for what in damage.iter().take(SHOWN) {
                writeln!(f, "{}: damage to {facet}: {what}", self.name)?;
            }
            writeln!(f, "{}: damage to {facet}: {} in all", self.name, damage.len())?;
        }
        for garbled in self.garbled.iter().take(SHOWN) {
            writeln!(f, "{}: garbled: {garbled}", self.name)?;
        }
        Ok(())
    }
}
