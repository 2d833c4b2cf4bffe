//! `cargo xtask bench`: what the gateway costs, beside a plain TCP proxy and a bare relay, before a real Kafka.
//!
//! Machines are noisy. So every configuration is measured in every round, one after the other, and ratios are taken within
//! a round. Each round has another order.

mod broker;
mod child;
mod flame;
mod growth;
mod kafka;
mod loopback;
mod options;
mod page;
mod peers;
mod programs;
mod report;
mod rows;
mod samples;
mod training;

use std::path::Path;
use std::{env, fs};

use crate::test::{self, Outcome, Places};
use crate::{apt, println_out};
use kafka::Kafka;
use options::{Options, USAGE};
use peers::Peer;
pub(crate) use programs::Programs;
use rows::Bench;
use samples::Samples;
pub(crate) use training::train;

/// Measures, prints, and writes `docs/performance.md` unless the run was a quick or a partial one.
pub(crate) fn run(args: &[&str]) -> Outcome {
    if args.contains(&"--help") {
        println_out(USAGE);
        return Ok(());
    }
    let options = Options::parse(args)?;
    // Later, another may have been built in its place.
    let program = env::current_exe()?;
    test::setup()?;
    let places = Places::find()?;
    let programs = Programs::build(&places, &options)?;
    let dir = places.target()?.join("bench");
    provide(&options, &dir)?;
    // All that has to be fetched is here now.
    if loopback::run_inside(&program, &options, args)? {
        return Ok(());
    }
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    let copies = dir.join("programs");
    let programs = programs.copied(&copies)?;
    let page_file = places.workspace.join("docs/performance.md");
    let is_usual = loopback::is_usual()?;
    if options.flame {
        let picture = flame::draw(&options, &programs, &dir)?;
        let drawn = match options.is_fit() && is_usual {
            true => places.workspace.join("docs/flame-graph.svg"),
            false => dir.join("flame-graph.svg"),
        };
        return Ok(fs::write(drawn, picture)?);
    }
    if options.growth {
        let tables = growth::measure(&options, &programs, &dir)?;
        println_out(&tables);
        if options.is_fit() && is_usual {
            let page = fs::read_to_string(&page_file)?;
            fs::write(&page_file, format!("{}{tables}", page::without_growth(&page)))?;
        }
        return Ok(());
    }
    let kafka = Kafka::start(&places, &dir)?;
    let peers = Peer::all(&programs, &dir, kafka.port())?;
    let bench = Bench::new(options, programs, peers);
    let mut samples = Samples::default();
    let outcome = bench.run(&mut samples);
    drop(kafka);
    let page = page::page(&samples, &bench, &dir)?;
    println_out(&page);
    fs::write(dir.join("performance.md"), &page)?;
    outcome?;
    if bench.options().is_whole() && is_usual {
        let before = fs::read_to_string(&page_file).unwrap_or_default();
        let growth = before.get(page::without_growth(&before).len()..).unwrap_or_default();
        fs::write(page_file, format!("{page}{growth}"))?;
    }
    // Only logs and configurations are worth keeping.
    fs::remove_dir_all(dir.join("data"))?;
    fs::remove_dir_all(copies)?;
    Ok(())
}

/// Installs what is missing of other people's programs.
fn provide(options: &Options, dir: &Path) -> Outcome {
    if options.flame {
        flame::provide(dir)?;
    }
    if options.is_beside_haproxy() && !apt::provide("haproxy", &["-v"], "haproxy")? {
        return Err("there is no haproxy, and it can't be installed here: `apt-get install haproxy`".into());
    }
    Ok(())
}
