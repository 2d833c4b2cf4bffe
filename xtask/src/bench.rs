//! `cargo xtask bench`: what the gateway costs, beside a plain TCP proxy and a bare relay, before a real Kafka.
//!
//! Machines are noisy. So every configuration is measured in every round, one after the other, and ratios are taken within
//! a round.

mod child;
mod flame;
mod growth;
mod kafka;
mod options;
mod page;
mod peers;
mod rows;
mod samples;

use std::fs;
use std::process::Command;

use crate::test::{self, Outcome, Places};
use crate::{apt, println_out};
use kafka::Kafka;
use options::{Options, USAGE};
use peers::Peer;
use rows::Bench;
use samples::Samples;

/// Measures, prints, and writes `docs/performance.md` unless the run was a quick or a partial one.
pub(crate) fn run(args: &[&str]) -> Outcome {
    if args.contains(&"--help") {
        println_out(USAGE);
        return Ok(());
    }
    let options = Options::parse(args)?;
    test::setup()?;
    let places = Places::find()?;
    let target = places.kafka.parent().ok_or("no target directory")?.to_owned();
    let built = Command::new(test::cargo())
        .current_dir(&places.workspace)
        .args(["build", "--release", "--quiet", "-p", "kegd", "-p", "keg-load"])
        .status()?;
    if !built.success() {
        return Err("the release build failed".into());
    }
    let dir = target.join("bench");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    let page_file = places.workspace.join("docs/performance.md");
    if options.flame {
        let picture = flame::draw(&options, &target.join("release"), &dir)?;
        return Ok(fs::write(places.workspace.join("docs/flame-graph.svg"), picture)?);
    }
    if options.growth {
        let tables = growth::measure(&options, &target.join("release"), &dir)?;
        println_out(&tables);
        if !options.quick {
            let page = fs::read_to_string(&page_file)?;
            fs::write(&page_file, format!("{}{tables}", page::without_growth(&page)))?;
        }
        return Ok(());
    }
    if !apt::provide("haproxy", &["-v"], "haproxy")? {
        return Err("there is no haproxy, and it can't be installed here: `apt-get install haproxy`".into());
    }
    let kafka = Kafka::start(&places, &dir)?;
    let peers = Peer::all(&target.join("release"), &dir, kafka.port())?;
    let bench = Bench::new(options, target.join("release"), peers);
    let mut samples = Samples::default();
    let outcome = bench.run(&mut samples);
    drop(kafka);
    let page = page::page(&samples, &bench, &dir)?;
    println_out(&page);
    fs::write(dir.join("performance.md"), &page)?;
    outcome?;
    if bench.options().is_whole() {
        let before = fs::read_to_string(&page_file).unwrap_or_default();
        let growth = before.get(page::without_growth(&before).len()..).unwrap_or_default();
        fs::write(page_file, format!("{page}{growth}"))?;
    }
    // Only logs and configurations are worth keeping.
    fs::remove_dir_all(dir.join("data"))?;
    Ok(())
}
