//! The page of the figures.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::peers::Kind;
use super::rows::Bench;
use super::samples::{Samples, Spread};
use super::{Outcome, loopback};
use crate::test::finish;

/// The figures in the order of the page, with decimals.
const FIGURES: [(&str, &str, usize); 21] = [
    ("produce", "produce: CPU s/GB", 3),
    ("produce MB/s", "produce: MB/s", 0),
    ("produce peak", "produce: peak memory, MiB", 1),
    ("fetch", "fetch: CPU s/GB", 3),
    ("fetch MB/s", "fetch: MB/s", 0),
    ("fetch peak", "fetch: peak memory, MiB", 1),
    ("single", "single-record produce: CPU s per 100,000 requests", 2),
    ("requests/s", "single-record produce: requests/s", 0),
    ("p50", "500 requests/s, one in flight: p50, us", 0),
    ("p99", "500 requests/s, one in flight: p99, us", 0),
    ("latency cpu", "500 requests/s, one in flight: CPU, % of a core", 1),
    (
        "polling p50",
        "500 requests/s, one in flight, in turns with busy polling: p50, us",
        0,
    ),
    (
        "polling p99",
        "500 requests/s, one in flight, in turns with busy polling: p99, us",
        0,
    ),
    (
        "polling cpu",
        "500 requests/s, one in flight, in turns with busy polling: CPU, % of a core",
        1,
    ),
    ("idle", "memory of the idle process, MiB", 1),
    ("per connection", "memory of each of 5,000 idle connections, KiB", 1),
    ("large", "64 connections fetch 50 MB at once: peak memory, MiB", 1),
    ("large s", "64 connections fetch 50 MB at once: seconds", 1),
    ("storm s", "reconnect storm: all back after, s", 2),
    ("storm failed", "reconnect storm: attempts that failed", 0),
    ("start", "start to the first answer, ms", 0),
];

/// What is said of the targets that are met by other means than the rest.
const POLLING: &str = "
Rows with `busy_poll` are of a gateway that polls its sockets for 10 ms after the last traffic instead of sleeping
([`runtime.busy_poll`](operations.md#busy-polling)), at the price of a core as long as there is traffic. It is off by default,
and in all other rows. On a machine where load, proxy and broker share few cores it takes one of theirs. What it adds to the median may
be less than nothing there: a core that doesn't sleep is awake for the broker, too.
";

struct Target {
    what: &'static str,
    target: &'static str,
    found: Option<Spread>,
    decimals: usize,
    met: fn(f64) -> bool,
}

/// Where the part of the page begins that `--growth` measures.
pub(super) const GROWTH: &str = "\n## Growth\n";

/// The page up to that part.
pub(super) fn without_growth(page: &str) -> &str {
    page.split(GROWTH).next().unwrap_or_default()
}

pub(super) fn page(samples: &Samples, bench: &Bench, dir: &Path) -> Outcome<String> {
    let mut page = String::from(
        "# Performance

What the gateway costs, beside a plain TCP proxy and a bare relay: medians, and in brackets the least and the most of all
rounds. `cargo xtask bench` measures all of it in one run and writes this page. Ratios are taken within a round, so that
what else the machine does touches both sides; they, and the CPU time of the proxy's process, are what can be compared
between machines. Throughput and latency are those of a machine on which load, proxy and broker share the cores.

",
    );
    conditions(&mut page, bench)?;
    page.push_str("\n## Targets\n\n| figure | target | measured | |\n|---|---|---|---|\n");
    for target in targets(samples, &bench.programs().kegd, dir)? {
        let Some(found) = target.found else { continue };
        let verdict = if (target.met)(found.median) {
            "met"
        } else {
            "**missed**"
        };
        let found = show(found, target.decimals);
        writeln!(page, "| {} | {} | {found} | {verdict} |", target.what, target.target)?;
    }
    if samples.spread("polling p50", Kind::KegBusy).is_some() {
        page.push_str(POLLING);
    }
    page.push_str("\n## Figures\n");
    for (figure, title, decimals) in FIGURES {
        let rows: Vec<(Kind, Spread)> = Kind::ALL
            .into_iter()
            .filter_map(|kind| Some((kind, samples.spread(figure, kind)?)))
            .collect();
        if rows.is_empty() {
            continue;
        }
        writeln!(
            page,
            "\n### {title}\n\n| | median (range) | ratio to HAProxy in the same round |\n|---|---|---|"
        )?;
        for (kind, spread) in rows {
            let base = if kind.is_tls() { Kind::HaproxyTls } else { Kind::Haproxy };
            let ratio = samples.paired(figure, kind, base, |value, base| value / base);
            let ratio = ratio.filter(|ratio| ratio.most.is_finite());
            let ratio = ratio.map_or_else(String::new, |ratio| show(ratio, 2));
            writeln!(page, "| {} | {} | {ratio} |", kind.name(), show(spread, decimals))?;
        }
    }
    Ok(page)
}

fn targets(samples: &Samples, binary: &Path, dir: &Path) -> Outcome<Vec<Target>> {
    let ratio = |figure, kind, base| samples.paired(figure, kind, base, |value, base| value / base);
    let mut targets = Vec::new();
    let mut add = |what, target, found, decimals, met| {
        targets.push(Target {
            what,
            target,
            found,
            decimals,
            met,
        });
    };
    let prefix = Kind::KegPrefix;
    add(
        "CPU per GB, produce, `hide_prefix`",
        "at most 0.8 x HAProxy",
        ratio("produce", prefix, Kind::Haproxy),
        2,
        |it| it <= 0.8,
    );
    add(
        "CPU per GB, produce, `hide_prefix`",
        "at most 1.2 x a bare relay",
        ratio("produce", prefix, Kind::Relay),
        2,
        |it| it <= 1.2,
    );
    add(
        "CPU per GB, fetch, `hide_prefix`",
        "at most 0.8 x HAProxy",
        ratio("fetch", prefix, Kind::Haproxy),
        2,
        |it| it <= 0.8,
    );
    add(
        "CPU per GB, fetch, `hide_prefix`",
        "at most 1.2 x a bare relay",
        ratio("fetch", prefix, Kind::Relay),
        2,
        |it| it <= 1.2,
    );
    add(
        "CPU per 100,000 requests, single-record produce, `hide_prefix`, ACLs, SASL",
        "at most 1.1 x HAProxy",
        ratio("single", Kind::KegAcls, Kind::Haproxy),
        2,
        |it| it <= 1.1,
    );
    add(
        "CPU per GB, produce, TLS, `hide_prefix`",
        "at most 0.9 x HAProxy with TLS",
        ratio("produce", Kind::KegTls, Kind::HaproxyTls),
        2,
        |it| it <= 0.9,
    );
    add(
        "CPU per GB, fetch, TLS, `hide_prefix`",
        "at most 0.9 x HAProxy with TLS",
        ratio("fetch", Kind::KegTls, Kind::HaproxyTls),
        2,
        |it| it <= 0.9,
    );
    add(
        "throughput, produce, `hide_prefix`",
        "at least HAProxy's",
        ratio("produce MB/s", prefix, Kind::Haproxy),
        2,
        |it| it >= 1.0,
    );
    add(
        "throughput, fetch, `hide_prefix`",
        "at least HAProxy's",
        ratio("fetch MB/s", prefix, Kind::Haproxy),
        2,
        |it| it >= 1.0,
    );
    for (p50, p99, kind, [median, slowest]) in [
        (
            "added latency, p50, us, `hide_prefix`",
            "latency, p99, `hide_prefix`",
            prefix,
            ["p50", "p99"],
        ),
        (
            "added latency, p50, us, `hide_prefix`, `busy_poll`",
            "latency, p99, `hide_prefix`, `busy_poll`",
            Kind::KegBusy,
            ["polling p50", "polling p99"],
        ),
    ] {
        let added = samples.paired(median, kind, Kind::Direct, |value, base| value - base);
        add(p50, "under 35 over direct", added, 0, |it| it < 35.0);
        let slowest = ratio(slowest, kind, Kind::Haproxy);
        add(p99, "at most HAProxy's", slowest, 2, |it| it <= 1.0);
    }
    add(
        "memory of the idle process, MiB",
        "at most 15",
        samples.spread("idle", prefix),
        1,
        |it| it <= 15.0,
    );
    add(
        "memory of an idle plaintext connection, KiB",
        "at most 8",
        samples.spread("per connection", prefix),
        1,
        |it| it <= 8.0,
    );
    add(
        "memory of an idle TLS connection, KiB",
        "at most 24",
        samples.spread("per connection", Kind::KegTls),
        1,
        |it| it <= 24.0,
    );
    add(
        "memory, 64 connections fetch 50 MB at once, MiB",
        "under 128",
        samples.spread("large", prefix),
        1,
        |it| it < 128.0,
    );
    add(
        "connections held, and back after a storm, plaintext",
        "10,000",
        samples.spread("storm connections", prefix),
        0,
        |it| it >= 10_000.0,
    );
    add(
        "reconnect storm, plaintext, s",
        "at most 15",
        samples.spread("storm s", prefix),
        2,
        |it| it <= 15.0,
    );
    add(
        "reconnect storm, plaintext, attempts that failed",
        "0",
        samples.spread("storm failed", prefix),
        0,
        |it| it <= 0.0,
    );
    add(
        "reconnect storm, TLS, s",
        "at most 15",
        samples.spread("storm s", Kind::KegTls),
        2,
        |it| it <= 15.0,
    );
    add(
        "start to the first answer, ms",
        "at most 100",
        samples.spread("start", prefix),
        0,
        |it| it <= 100.0,
    );
    let size = stripped(binary, dir)?;
    let size = Spread {
        median: size,
        least: size,
        most: size,
    };
    add("binary, stripped, MiB", "at most 20", Some(size), 1, |it| it <= 20.0);
    Ok(targets)
}

fn conditions(page: &mut String, bench: &Bench) -> Outcome {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown", |(_, model)| model);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let haproxy = said("haproxy", &["-v"])?;
    let java = said("java", &["-version"])?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let options = bench.options();
    writeln!(
        page,
        "## Conditions

- {cores} logical CPUs ({model}), Linux {kernel}; {loopback}, TCP with {congestion_control}; load average at the end {load}.
- Kafka 4.3.1, one node with one replica, {java}, heap of 1 GiB; topics with 8 partitions, read from the page cache.
- {haproxy}, TCP mode, default buffers of 16 KiB; the relay is tokio's multi-thread runtime with reads of 256 KiB, as keg's of what it passes on.
- keg is {build}.
- {rounds} rounds{quick}, each in another order; every configuration is a new process in every round, and runs alone except for latency.
- Produce 13 and Fetch 17, which name topics by id; *topics by name* is Produce 12 and Fetch 12.
- Produce: 4 connections, 5 requests in flight on each, acks=all, 8 batches of 64 records of 1 KiB in a request. Fetch: 4
  connections, one request in flight, 1 MiB of each of 8 partitions. Single-record produce: 16 connections, one request in
  flight, 128 bytes. Latency: requests with 1 KiB, 60 to each configuration in turns, of which the first 10 aren't counted;
  turns are short so that a busy moment of the machine meets all configurations, and each goes through them in another order.
- Busy polling is measured for its latency alone, in turns with direct and HAProxy only, since it takes a core of what the others
  are measured on; its ratios, and what it adds to direct, are those of these turns.
- CPU is user and system time of the proxy's process, from `/proc/PID/task/*/schedstat`; GB are 10^9 bytes of requests or
  of responses. Memory is `VmRSS` and `VmHWM`. The storm is closed connections that all come back, 256 at the same time;
  each has its ApiVersions answered, and the number is what the hard limit of open files allows to a proxy with two for each, up to 10,000. The start is
  from the process's to the answer of a first request, for TLS to the first connection that is accepted.",
        cores = std::thread::available_parallelism()?,
        kernel = kernel.trim(),
        loopback = if loopback::is_own() {
            "the loopback of a network namespace of its own"
        } else {
            "loopback"
        },
        congestion_control = loopback::in_force()?,
        load = load.split(' ').next().unwrap_or_default(),
        build = if options.plain {
            "the build of `cargo build --release`"
        } else {
            "the build of `cargo xtask release`, by a profile; *built without a profile* is that of `cargo build --release`"
        },
        rounds = options.rounds,
        quick = if options.quick { " with a quarter of the load" } else { "" },
    )?;
    Ok(())
}

/// The first line that a program says of itself.
fn said(program: &str, args: &[&str]) -> Outcome<String> {
    let output = Command::new(program).args(args).output()?;
    let text = if output.stdout.is_empty() {
        output.stderr
    } else {
        output.stdout
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().next().unwrap_or_default();
    Ok(line.split(" - ").next().unwrap_or_default().to_owned())
}

/// The size of the binary without symbols, in MiB.
fn stripped(binary: &Path, dir: &Path) -> Outcome<f64> {
    let copy = dir.join("kegd-stripped");
    finish(Command::new("strip").arg("-o").arg(&copy).arg(binary))?;
    Ok(fs::metadata(copy)?.len() as f64 / f64::from(1 << 20))
}

pub(super) fn show(spread: Spread, decimals: usize) -> String {
    let Spread { median, least, most } = spread;
    if (most - least).abs() < f64::EPSILON {
        return format!("{median:.decimals$}");
    }
    format!("{median:.decimals$} ({least:.decimals$}-{most:.decimals$})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_before_growth_is_what_the_other_run_measures() {
        assert_eq!(without_growth(&format!("a\n{GROWTH}b\n")), "a\n");
        assert_eq!(without_growth("a\n"), "a\n");
    }

    #[test]
    fn a_range_is_shown_where_there_is_one() {
        let spread = |least, median, most| Spread { median, least, most };
        assert_eq!(show(spread(1.0, 1.25, 2.0), 2), "1.25 (1.00-2.00)");
        assert_eq!(show(spread(3.0, 3.0, 3.0), 0), "3");
    }
}
