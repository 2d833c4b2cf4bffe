//! Whether the answer about another's things tells that they are there: it must be the answer about what isn't.

use serde_json::Value;

use super::decode::decode_reply;
use super::definitions::Definitions;
use super::encode::hex;
use super::means::base64;
use super::probes::{Phase, Probe};
use super::run::{Reply, run};
use super::state::{calm, differ};
use super::tenant::Tenant;

/// What differs between two answers to the same question: what is counted or measured, who coordinates what, and what
/// the prober's own requests have changed in between.
const VOLATILE: [&str; 22] = [
    "BaseOffset",
    "ClientInstanceId",
    "ControllerId",
    "FinalizedFeaturesEpoch",
    "GenerationId",
    "HighWatermark",
    "Host",
    "LastStableOffset",
    "Leader",
    "MemberId",
    "NodeId",
    "Offset",
    "PartitionSize",
    "Port",
    "ProducerEpoch",
    "ProducerId",
    "Records",
    "SessionId",
    "SubscriptionId",
    "ThrottleTimeMs",
    "TotalBytes",
    "UsableBytes",
];

/// A question about what is there, and the same about what isn't.
type Pair = (Probe, Probe);

/// Two tenants, one of whom has nothing.
#[derive(Debug)]
pub(crate) struct Twins {
    /// What the absent one's requests say, and what the other's say in the same place.
    pairs: Vec<(String, String)>,
}

impl Twins {
    pub(crate) fn new(them: &Tenant, absent: &Tenant) -> Self {
        let mut pairs = Vec::new();
        for (name, other) in absent.names().into_iter().zip(them.names()) {
            // The prefix is the same in both.
            let pair = (absent.without_prefix(name), them.without_prefix(other));
            pairs.push((hex(pair.0.as_bytes()), hex(pair.1.as_bytes())));
            pairs.push((pair.0.to_owned(), pair.1.to_owned()));
        }
        for (id, other) in absent.ids().into_iter().zip(them.ids()) {
            pairs.push((base64(id), base64(other)));
            pairs.push((id.clone(), other.clone()));
        }
        pairs.push((absent.marker.clone(), them.marker.clone()));
        Self { pairs }
    }

    /// The same with two ids more: the absent one's, and the other's.
    pub(crate) fn with_ids(mut self, absent: &str, other: &str) -> Self {
        self.pairs.push((base64(absent), base64(other)));
        self.pairs.push((absent.to_owned(), other.to_owned()));
        self
    }

    /// What is told by the answers of `address` to questions, asked about what is there and about what isn't. A difference
    /// that is gone when both are asked again, so many times, was one of time.
    pub(crate) fn told(
        &self,
        definitions: &Definitions,
        address: &str,
        (probes, twins): (&[Probe], &[Probe]),
        answers: &[Reply],
        again: usize,
    ) -> Vec<(Probe, String)> {
        let differ = |(pair, replies): (Pair, (&Reply, &Reply))| {
            let what = self.difference(definitions, (&pair.0, replies.0), (&pair.1, replies.1))?;
            Some((pair, what))
        };
        let pairs = probes.iter().cloned().zip(twins.iter().cloned());
        let others = run(address, twins);
        let mut told: Vec<(Pair, String)> = pairs.zip(answers.iter().zip(&others)).filter_map(differ).collect();
        for _ in 0..again {
            let (probes, twins): (Vec<Probe>, Vec<Probe>) = told.into_iter().map(|(pair, _)| pair).unzip();
            let (answers, others) = (run(address, &probes), run(address, &twins));
            let pairs = probes.into_iter().zip(twins);
            told = pairs.zip(answers.iter().zip(&others)).filter_map(differ).collect();
        }
        told.into_iter().map(|((probe, _), what)| (probe, what)).collect()
    }

    /// How the answers to a question about what is there and to the same about what isn't differ.
    fn difference(
        &self,
        definitions: &Definitions,
        (probe, there): (&Probe, &Reply),
        (twin, absent): (&Probe, &Reply),
    ) -> Option<String> {
        assert_eq!(
            (&probe.api, probe.version),
            (&twin.api, twin.version),
            "twins in the same order"
        );
        if !are_alike(probe, twin) {
            return None;
        }
        let (there, absent) = match (there, absent) {
            (Reply::Frame(there), Reply::Frame(absent)) => (there, absent),
            _ if there.kind() == absent.kind() => return None,
            _ => return Some(format!("{} where nothing is: {}", there.kind(), absent.kind())),
        };
        let read = |frame: &[u8]| decode_reply(definitions, probe, frame)?.ok();
        let (mut there, absent) = (read(there)?, read(absent)?);
        let mut text = absent.to_string();
        for (from, to) in &self.pairs {
            text = text.replace(from, to);
        }
        let mut absent: Value = serde_json::from_str(&text).unwrap();
        // Kafka's order of topics is that of their hashes.
        for answer in [&mut there, &mut absent] {
            calm(answer, &VOLATILE);
            sort(answer);
        }
        let mut differences = Vec::new();
        differ("", &there, &absent, &mut differences);
        differences.into_iter().next()
    }
}

/// Whether the answers to two requests can be compared.
fn are_alike(probe: &Probe, twin: &Probe) -> bool {
    let names_somebody = probe.body != twin.body;
    // Later on, names are free to be taken by the prober itself; ids aren't.
    let is_somebodys = probe.phase == Phase::Look || probe.means.contains("TopicId = ");
    // A client's metrics are nobody else's, and a member's answer depends on what it has heard before.
    let is_about_itself = probe.api.contains("Telemetry") || probe.api.ends_with("Heartbeat");
    names_somebody && is_somebodys && !is_about_itself
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(sort),
        Value::Array(elements) => {
            elements.iter_mut().for_each(sort);
            elements.sort_by_key(Value::to_string);
        }
        _ => {}
    }
}
