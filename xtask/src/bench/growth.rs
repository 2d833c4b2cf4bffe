//! How the cost grows: each table changes one number, before a broker in memory, as only the gateway is measured.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::Outcome;
use super::broker::Broker;
use super::child::Program;
use super::kafka::free_ports;
use super::options::Options;
use super::page::{GROWTH, show};
use super::peers::{PREFIX, before_virtual_clusters, wait};
use super::programs::Programs;
use super::report::{Report, load, value};
use super::rows::{resident, storm_size};
use super::samples::Spread;

/// Records of a value size, so many in a batch, batches of so many partitions in a request.
const FRAMES: [[usize; 3]; 7] = [
    [10, 1, 1],
    [900, 1, 1],
    [1024, 10, 1],
    [1024, 100, 1],
    [1024, 1000, 1],
    [1024, 1000, 10],
    [1024, 1000, 50],
];

/// A gateway before a broker in memory.
pub(super) struct Setting {
    keg: Program,
    _broker: Broker,
    target: String,
    start: Duration,
}

struct Table {
    title: &'static str,
    columns: Vec<&'static str>,
    /// What is changed, and the values of the columns in each round.
    rows: Vec<(String, Vec<Vec<f64>>)>,
}

pub(super) struct Growth<'a> {
    pub(super) programs: &'a Programs,
    pub(super) dir: &'a Path,
    pub(super) rounds: usize,
}

pub(super) fn measure(options: &Options, programs: &Programs, dir: &Path) -> Outcome<String> {
    let growth = Growth {
        programs,
        dir,
        rounds: options.rounds.min(3),
    };
    let mut text = format!(
        "{GROWTH}
How the cost of the gateway with `hide_prefix` grows, of the same build, measured by `cargo xtask bench --growth` before keg's broker in
memory: medians of {} rounds, and in brackets the least and the most. Each round is a new process. Growth is linear where what one
of them takes stays the same, and better where that falls.
",
        growth.rounds
    );
    for table in [
        growth.connections()?,
        growth.topics()?,
        growth.virtual_clusters()?,
        growth.rules()?,
        growth.frames("Size of a Produce request, bytes", "produce")?,
        growth.frames("Size of a Fetch response, bytes", "fetch")?,
    ] {
        table.write(&mut text)?;
    }
    Ok(text)
}

impl Table {
    fn write(&self, text: &mut String) -> Outcome {
        let columns = self.columns.join(" | ");
        let line = "---|".repeat(self.columns.len() + 1);
        writeln!(text, "\n### {}\n\n| | {columns} |\n|{line}", self.title)?;
        for (what, rounds) in &self.rows {
            write!(text, "| {what} |")?;
            for column in 0..self.columns.len() {
                let spread = Spread::of(rounds.iter().filter_map(|values| values.get(column).copied()));
                write!(text, " {} |", show(spread.ok_or("a column without values")?, 2))?;
            }
            text.push('\n');
        }
        Ok(())
    }
}

impl Growth<'_> {
    fn table(
        &self,
        title: &'static str,
        columns: &[&'static str],
        steps: &[usize],
        measure: impl Fn(usize) -> Outcome<Vec<f64>>,
    ) -> Outcome<Table> {
        eprintln!("growth: {title}");
        let mut rows: Vec<(String, Vec<Vec<f64>>)> = steps.iter().map(|step| (step.to_string(), Vec::new())).collect();
        for _ in 0..self.rounds {
            for (step, (_, rounds)) in steps.iter().zip(&mut rows) {
                rounds.push(measure(*step)?);
            }
        }
        Ok(Table {
            title,
            columns: columns.to_vec(),
            rows,
        })
    }

    fn connections(&self) -> Outcome<Table> {
        let columns = ["memory, KiB per connection", "CPU to connect, us per connection"];
        let steps = [10, 100, 1000, storm_size()?];
        self.table("Connections", &columns, &steps, |connections| {
            let setting = self.start(1, 0, 0)?;
            let report = setting.load(self, &["idle", "--connections", &connections.to_string()])?;
            let grown = value(&report, "after")? - value(&report, "before")?;
            let each = |all: f64| all / connections as f64;
            Ok(vec![each(grown), each(value(&report, "cpu")? * 1e6)])
        })
    }

    fn topics(&self) -> Outcome<Table> {
        let columns = ["CPU, us per request", "CPU, us per topic"];
        self.table(
            "Topics in Metadata",
            &columns,
            &[10, 100, 1000, 10_000, 100_000],
            |topics| {
                let setting = self.start(1, 0, topics)?;
                let requests = (1_000_000 / topics).clamp(20, 20_000).to_string();
                let report = setting.load(self, &["metadata", "--connections", "2", "--requests", &requests])?;
                let each = value(&report, "cpu")? * 1e6 / value(&report, "requests")?;
                Ok(vec![each, each / topics as f64])
            },
        )
    }

    fn virtual_clusters(&self) -> Outcome<Table> {
        let columns = [
            "start, ms",
            "memory, MiB",
            "single-record produce: CPU s per 100,000 requests",
        ];
        self.table("Virtual clusters", &columns, &[1, 10, 100, 1000], |clusters| {
            self.start(clusters, 0, 0)?.single(self)
        })
    }

    fn rules(&self) -> Outcome<Table> {
        let columns = [
            "start, ms",
            "memory, MiB",
            "single-record produce: CPU s per 100,000 requests",
        ];
        self.table("ACL rules", &columns, &[0, 10, 100, 1000, 10_000], |rules| {
            self.start(1, rules, 0)?.single(self)
        })
    }

    /// What large messages of an API cost: requests, or responses to requests that are always the same.
    fn frames(&self, title: &'static str, api: &str) -> Outcome<Table> {
        let columns = ["CPU, us per request", "CPU, s/GB"];
        let steps: Vec<usize> = (0..FRAMES.len()).collect();
        let sizes = std::cell::RefCell::new(vec![0.0; FRAMES.len()]);
        let mut table = self.table(title, &columns, &steps, |step| {
            let frame @ [_, _, partitions] = *FRAMES.get(step).ok_or("no such frame")?;
            let setting = self.start(1, 0, 0)?;
            let requests = (500_000_000 / (frame.iter().product::<usize>() + 100)).clamp(40, 50_000);
            let report = match api {
                "fetch" => {
                    let written = setting.frames(self, "produce", frame, 1, &["--connections", "1"])?;
                    // All that was written to a partition.
                    let most = value(&written, "bytes")? / partitions as f64;
                    let most = (most.ceil() as usize).to_string();
                    setting.frames(self, api, frame, requests, &["--partition-max-bytes", &most])?
                }
                _ => setting.frames(self, api, frame, requests, &[])?,
            };
            let (cpu, requests) = (value(&report, "cpu")?, value(&report, "requests")?);
            let bytes = value(&report, "bytes")?;
            if let Some(place) = sizes.borrow_mut().get_mut(step) {
                *place = bytes / requests;
            }
            Ok(vec![cpu * 1e6 / requests, cpu * 1e9 / bytes])
        })?;
        for ((what, _), size) in table.rows.iter_mut().zip(sizes.into_inner()) {
            *what = format!("{size:.0}");
        }
        Ok(table)
    }

    pub(super) fn start(&self, clusters: usize, rules: usize, topics: usize) -> Outcome<Setting> {
        let (first, health) = (free_ports()?, free_ports()?);
        let broker = Broker::start(&self.programs.load, self.dir, topics)?;
        let file = self.dir.join("growth.yaml");
        fs::write(&file, config(broker.port(), first, health, clusters, rules)?)?;
        let log = self.dir.join("growth.log");
        let mut command = Command::new(&self.programs.kegd);
        let start = Instant::now();
        let mut keg = Program::start(command.args(["run", "--config"]).arg(&file), &log)?;
        let address = format!("127.1.0.0:{}", first + 1);
        let start = wait(&mut keg, &address, false, start)?;
        Ok(Setting {
            keg,
            _broker: broker,
            target: format!("address={address},topic=produce"),
            start,
        })
    }
}

impl Setting {
    /// The gateway's process.
    pub(super) fn process(&self) -> u32 {
        self.keg.id()
    }

    /// What a load generator is to be pointed at.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    fn load(&self, growth: &Growth, args: &[&str]) -> Outcome<Report> {
        let id = self.process().to_string();
        load(
            &growth.programs.load,
            &[args, &["--target", &self.target, "--pid", &id]].concat(),
        )
    }

    /// A load of so many requests with these frames.
    fn frames(&self, growth: &Growth, api: &str, frame: [usize; 3], requests: usize, more: &[&str]) -> Outcome<Report> {
        let [requests, size, records, partitions] = [requests, frame[0], frame[1], frame[2]].map(|it| it.to_string());
        let args = ["--requests", &requests, "--record-size", &size, "--batch", &records];
        let args = [&[api], &args[..], &["--partitions", &partitions], more].concat();
        self.load(growth, &args)
    }

    fn single(&self, growth: &Growth) -> Outcome<Vec<f64>> {
        let memory = resident(self.keg.id())? / 1024.0;
        let mut args = vec!["produce", "--connections", "16", "--record-size", "128", "--batch", "1"];
        args.extend(["--partitions", "1", "--requests", "40000"]);
        let report = self.load(growth, &args)?;
        let cpu = value(&report, "cpu")? / value(&report, "requests")? * 100_000.0;
        Ok(vec![self.start.as_secs_f64() * 1000.0, memory, cpu])
    }
}

/// Virtual clusters with a loopback address each, and rules of which the first is for what is produced to.
fn config(kafka: u16, first: u16, health: u16, clusters: usize, rules: usize) -> Outcome<String> {
    let mut yaml = before_virtual_clusters(kafka, health, "");
    for cluster in 0..clusters {
        let prefix = if cluster == 0 {
            PREFIX.to_owned()
        } else {
            format!("other-{cluster}-")
        };
        writeln!(
            yaml,
            "  - name: cluster-{cluster}
    destination: {{ name: main }}
    authentication: [{{ type: anonymous }}]
    namespace: {{ mode: hide_prefix, prefix: {prefix} }}"
        )?;
        if rules > 0 {
            yaml.push_str("    acl_mode: enforce_on_gateway\n    cluster_policies:\n      - type: acls\n        name: rules\n        config:\n          rules:\n");
        }
        for rule in 0..rules {
            let name = if rule == 0 {
                "produce".to_owned()
            } else {
                format!("orders-{rule}")
            };
            writeln!(
                yaml,
                "            - {{ resource_type: topic, action: allow, operations: [{{ name: all }}], resource_names: [{{ match: {name} }}] }}"
            )?;
        }
    }
    yaml.push_str("listeners:\n");
    for cluster in 0..clusters {
        let address = format!("127.1.{}.{}", cluster / 250, cluster % 250);
        writeln!(
            yaml,
            "  - name: listener-{cluster}
    addresses: [{address}]
    ports: [{first}-{last}]
    policies:
      - type: forward_to_virtual_cluster
        config: {{ type: port_mapping, destination: {{ name: cluster-{cluster} }}, advertised_host: {address}, min_broker_id: 1 }}",
            last = first + 1
        )?;
    }
    Ok(yaml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_has_as_many_clusters_and_rules_as_are_asked_for() {
        for (clusters, rules) in [(1, 0), (3, 0), (1, 5)] {
            let yaml = config(1, 2, 3, clusters, rules).unwrap();
            assert_eq!(yaml.matches("advertised_host").count(), clusters);
            assert_eq!(yaml.matches("resource_type").count(), rules);
        }
    }

    #[test]
    fn a_table_has_a_line_for_each_step() {
        let rows = vec![("10".to_owned(), vec![vec![1.0], vec![2.0], vec![4.0]])];
        let table = Table {
            title: "T",
            columns: vec!["cost"],
            rows,
        };
        let mut text = String::new();
        table.write(&mut text).unwrap();
        assert_eq!(text, "\n### T\n\n| | cost |\n|---|---|\n| 10 | 2.00 (1.00-4.00) |\n");
    }
}
