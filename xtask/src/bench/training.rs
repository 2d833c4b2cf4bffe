//! What a profile of the gateway is taken of: the configurations and loads that are measured, before a broker in memory.

use std::fs;
use std::path::Path;

use super::Outcome;
use super::broker::Broker;
use super::options::Options;
use super::peers::Peer;
use super::programs::Programs;
use super::rows::Bench;

/// How many topics there are for Metadata.
const TOPICS: usize = 1000;

/// What is fetched from a partition, in MiB: less than the broker keeps of it.
const FETCHED: usize = 2;

/// Puts a gateway under load, in a directory for what it takes. Each of its processes ends in order.
pub(crate) fn train(programs: Programs, dir: &Path) -> Outcome {
    fs::create_dir_all(dir)?;
    let broker = Broker::start(&programs.load, dir, TOPICS)?;
    let peers = Peer::all(&programs, dir, broker.port())?;
    Bench::new(options()?, programs, peers).train()
}

fn options() -> Outcome<Options> {
    Ok(Options {
        fetched: FETCHED,
        ..Options::parse(&["--quick", "--rows", "produce,fetch,single"])?
    })
}

#[cfg(test)]
mod tests {
    use super::super::rows::Row;
    use super::*;

    #[test]
    fn the_loads_are_those_that_move_bytes_and_requests() {
        let options = options().unwrap();
        assert_eq!(options.rows, [Row::Produce, Row::Fetch, Row::Single]);
    }
}
