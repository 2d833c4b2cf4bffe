//! The measuring.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Outcome;
use super::options::Options;
use super::peers::{Kind, PREFIX, Peer, Running};
use super::programs::Programs;
use super::report::{Report, load, value};
use super::samples::Samples;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Produce,
    Fetch,
    Single,
    Latency,
    Idle,
    Large,
    Storm,
}

impl Row {
    pub(super) const ALL: [Self; 7] = [
        Self::Produce,
        Self::Fetch,
        Self::Single,
        Self::Latency,
        Self::Idle,
        Self::Large,
        Self::Storm,
    ];

    pub(super) fn from_name(name: &str) -> Outcome<Self> {
        let found = Self::ALL
            .into_iter()
            .find(|row| format!("{row:?}").eq_ignore_ascii_case(name));
        found.ok_or_else(|| format!("there is no row `{name}`").into())
    }
}

/// Those whose connections and memory are measured.
const HOLDERS: [Kind; 5] = [
    Kind::Haproxy,
    Kind::KegPrefix,
    Kind::KegAcls,
    Kind::HaproxyTls,
    Kind::KegTls,
];

/// How many idle connections are asked for in the storm, and how many each takes file descriptors of a proxy.
const STORM: usize = 10_000;

pub(super) struct Bench {
    options: Options,
    programs: Programs,
    peers: Vec<Peer>,
}

impl Bench {
    pub(super) fn new(options: Options, programs: Programs, peers: Vec<Peer>) -> Self {
        Self {
            options,
            programs,
            peers,
        }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn programs(&self) -> &Programs {
        &self.programs
    }

    pub(super) fn run(&self, samples: &mut Samples) -> Outcome {
        self.prepare()?;
        for round in 0..self.options.rounds {
            eprintln!("round {} of {}", round + 1, self.options.rounds);
            for peer in in_order(&self.peers, round).filter(|peer| !peer.kind.is_polling()) {
                self.bulk(peer, round, samples)?;
            }
            if self.options.has(Row::Latency) {
                let beside = |kind: Kind| !matches!(kind, Kind::KegPlain | Kind::KegNames) && !kind.is_polling();
                self.latency(beside, ["p50", "p99", "latency cpu"], round, samples)?;
                let compared = |kind: Kind| matches!(kind, Kind::Direct | Kind::Haproxy) || kind.is_polling();
                self.latency(compared, ["polling p50", "polling p99", "polling cpu"], round, samples)?;
            }
            for peer in in_order(&self.peers, round).filter(|peer| HOLDERS.contains(&peer.kind)) {
                self.memory(peer, round, samples)?;
            }
        }
        Ok(())
    }

    fn prepare(&self) -> Outcome {
        let direct = self.peers.first().ok_or("no peers")?;
        let small = [
            "--config",
            "retention.bytes=67108864",
            "--config",
            "segment.bytes=16777216",
        ];
        let target = direct.target(&format!("{PREFIX}produce"));
        let mut args = vec!["prepare", "--target", &target];
        args.extend(small);
        self.load(&args)?;
        self.prepare_fetch(direct)
    }

    fn prepare_fetch(&self, peer: &Peer) -> Outcome {
        let target = peer.target(&format!("{PREFIX}fetch"));
        let bytes = (self.options.fetched << 20).to_string();
        self.load(&["prepare", "--target", &target, "--bytes-per-partition", &bytes])?;
        Ok(())
    }

    fn bulk(&self, peer: &Peer, round: usize, samples: &mut Samples) -> Outcome {
        let running = peer.start()?;
        if let Some(program) = &running.program {
            samples.add("start", peer.kind, round, running.start.as_secs_f64() * 1000.0);
            samples.add("idle", peer.kind, round, resident(program.id())? / 1024.0);
        }
        self.loads(peer, running.id(), round, samples)
    }

    /// What a profile is taken of: all loads on each configuration, each process of which ends in order.
    pub(super) fn train(&self) -> Outcome {
        let direct = self.peers.first().ok_or("no peers")?;
        self.prepare_fetch(direct)?;
        for peer in self.peers.iter().filter(|peer| peer.kind.is_trained()) {
            let running = peer.start()?;
            self.loads(peer, None, 0, &mut Samples::default())?;
            let produce = peer.target(&format!("{PREFIX}produce"));
            let args = [
                "metadata",
                "--connections",
                "2",
                "--requests",
                "500",
                "--target",
                &produce,
            ];
            self.load(&args)?;
            if let Some(program) = running.program {
                program.end()?;
            }
        }
        Ok(())
    }

    fn loads(&self, peer: &Peer, pid: Option<u32>, round: usize, samples: &mut Samples) -> Outcome {
        let kind = peer.kind;
        let produce = peer.target(&format!("{PREFIX}produce"));
        let fetch = peer.target(&format!("{PREFIX}fetch"));
        if self.options.has(Row::Produce) {
            let requests = self.options.load(2000);
            let args = [
                "produce",
                "--in-flight",
                "5",
                "--requests",
                &requests,
                "--target",
                &produce,
            ];
            let report = self.load_on(pid, &args)?;
            per_gigabyte(
                &report,
                ["produce", "produce MB/s", "produce peak"],
                kind,
                round,
                samples,
            )?;
        }
        if self.options.has(Row::Fetch) {
            let requests = self.options.load(240);
            let offsets = (self.options.fetched / 2).to_string();
            let args = [
                "fetch",
                "--offsets",
                &offsets,
                "--requests",
                &requests,
                "--target",
                &fetch,
            ];
            let report = self.load_on(pid, &args)?;
            per_gigabyte(&report, ["fetch", "fetch MB/s", "fetch peak"], kind, round, samples)?;
        }
        if self.options.has(Row::Single) {
            let requests = self.options.load(60_000);
            let mut args = vec!["produce", "--connections", "16", "--record-size", "128", "--batch", "1"];
            args.extend(["--partitions", "1", "--requests", &requests, "--target", &produce]);
            let report = self.load_on(pid, &args)?;
            let requests = value(&report, "requests")?;
            samples.add("requests/s", kind, round, requests / value(&report, "seconds")?);
            if let Some(cpu) = report.get("cpu") {
                samples.add("single", kind, round, cpu / requests * 100_000.0);
            }
        }
        Ok(())
    }

    /// Some configurations in turns with each other.
    fn latency(
        &self,
        compared: fn(Kind) -> bool,
        figures: [&'static str; 3],
        round: usize,
        samples: &mut Samples,
    ) -> Outcome {
        let peers: Vec<&Peer> = in_order(&self.peers, round)
            .filter(|peer| compared(peer.kind))
            .collect();
        let running: Vec<Running> = peers.iter().map(|peer| peer.start()).collect::<Outcome<_>>()?;
        let targets = peers.iter().zip(&running).map(|(peer, running)| {
            let target = peer.target(&format!("{PREFIX}produce"));
            match running.id() {
                Some(pid) => format!("{target},pid={pid}"),
                None => target,
            }
        });
        let targets: Vec<String> = targets.collect();
        let blocks = if self.options.quick { "8" } else { "30" };
        let mut args = vec!["latency", "--blocks", blocks];
        args.extend(targets.iter().flat_map(|target| ["--target", target]));
        let report = self.load(&args)?;
        let [p50, p99, cpu] = figures;
        for peer in peers {
            let said = |what| format!("{:?}.{what}", peer.kind);
            samples.add(p50, peer.kind, round, value(&report, &said("p50"))?);
            samples.add(p99, peer.kind, round, value(&report, &said("p99"))?);
            if let Some(share) = report.get(&said("cpu")) {
                samples.add(cpu, peer.kind, round, share * 100.0);
            }
        }
        drop(running);
        Ok(())
    }

    fn memory(&self, peer: &Peer, round: usize, samples: &mut Samples) -> Outcome {
        let kind = peer.kind;
        let fetch = peer.target(&format!("{PREFIX}fetch"));
        if self.options.has(Row::Idle) {
            let running = peer.start()?;
            let report = self.load_on(running.id(), &["idle", "--connections", "5000", "--target", &fetch])?;
            let grown = value(&report, "after")? - value(&report, "before")?;
            samples.add("per connection", kind, round, grown / value(&report, "connections")?);
        }
        if self.options.has(Row::Large) {
            let running = peer.start()?;
            let mut args = vec!["fetch", "--connections", "64", "--requests", "64"];
            args.extend(["--partition-max-bytes", "6553600", "--target", &fetch]);
            let report = self.load_on(running.id(), &args)?;
            samples.add("large", kind, round, value(&report, "peak")? / 1024.0);
            samples.add("large s", kind, round, value(&report, "seconds")?);
        }
        if self.options.has(Row::Storm) {
            let running = peer.start()?;
            let connections = storm_size()?.to_string();
            let report = self.load_on(
                running.id(),
                &["idle", "--storm", "--connections", &connections, "--target", &fetch],
            )?;
            samples.add("storm connections", kind, round, value(&report, "storm_connections")?);
            samples.add("storm s", kind, round, value(&report, "storm_seconds")?);
            let failed = value(&report, "failed")? + value(&report, "storm_failed")?;
            samples.add("storm failed", kind, round, failed);
        }
        Ok(())
    }

    /// Also tells what a process costs.
    fn load_on(&self, pid: Option<u32>, args: &[&str]) -> Outcome<Report> {
        match pid {
            Some(pid) => self.load(&[args, &["--pid", &pid.to_string()]].concat()),
            None => self.load(args),
        }
    }

    fn load(&self, args: &[&str]) -> Outcome<Report> {
        load(&self.programs.load, args)
    }
}

/// All, in another order in each round, so that nobody always follows the same one.
fn in_order(peers: &[Peer], round: usize) -> impl Iterator<Item = &Peer> {
    let mut peers: Vec<&Peer> = peers.iter().collect();
    peers.sort_by_key(|peer| place(peer.kind, round));
    peers.into_iter()
}

fn place(kind: Kind, round: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    (round, kind).hash(&mut hasher);
    hasher.finish()
}

fn per_gigabyte(
    report: &Report,
    [cpu, throughput, peak]: [&'static str; 3],
    kind: Kind,
    round: usize,
    samples: &mut Samples,
) -> Outcome {
    let bytes = value(report, "bytes")?;
    samples.add(throughput, kind, round, bytes / 1e6 / value(report, "seconds")?);
    if let Some(seconds) = report.get("cpu") {
        samples.add(cpu, kind, round, seconds / (bytes / 1e9));
        samples.add(peak, kind, round, value(report, "peak")? / 1024.0);
    }
    Ok(())
}

pub(super) fn resident(pid: u32) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("a process without memory")?;
    Ok(number.parse()?)
}

/// A proxy takes two file descriptors for each connection, and the machine may not allow so many: 10,000 need a hard limit of
/// 20,200. Each program raises its own soft limit.
pub(super) fn storm_size() -> Outcome<usize> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let hard = hard_limit(&limits).ok_or("/proc/self/limits has no limit of open files")?;
    Ok(STORM.min(hard.saturating_sub(200) / 2))
}

fn hard_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().nth(1)? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hard_limit_of_open_files_is_the_second_number() {
        let text = "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 20000                files\n";
        assert_eq!(hard_limit(text), Some(20_000));
        assert_eq!(hard_limit(&text.replace("20000", "unlimited")), Some(usize::MAX));
        assert_eq!(hard_limit(""), None);
    }

    #[test]
    fn nobody_follows_the_same_one_in_every_round() {
        let mut before: Vec<Option<Kind>> = Vec::new();
        for round in 0..5 {
            let mut kinds = Kind::ALL;
            kinds.sort_by_key(|kind| place(*kind, round));
            let haproxy = kinds.iter().position(|kind| *kind == Kind::Haproxy).unwrap();
            before.push(haproxy.checked_sub(1).and_then(|place| kinds.get(place).copied()));
        }
        before.sort_unstable();
        before.dedup();
        assert!(before.len() > 2, "{before:?}");
    }
}
