//! What a run measures.

use super::Outcome;
use super::loopback::CUBIC;
use super::rows::Row;

pub(super) const USAGE: &str = "usage: cargo xtask bench [OPTIONS]

  --rounds N        how often everything is measured; 5 unless said
  --quick           2 rounds with a quarter of the load
  --rows A,B        only these: produce, fetch, single, latency, idle, large, storm
  --plain           of what `cargo build --release` builds, without the profile that `cargo xtask release` takes
  --flame           instead, draw docs/flame-graph.svg: where the time of small requests goes, by perf
  --growth          instead, how the cost grows with connections, topics, virtual clusters, rules and frame size
  --congestion-control NAME
                    how TCP sends, in a network namespace with a loopback of its own; cubic unless said

A run with the default options writes docs/performance.md, and any run target/bench/performance.md. --growth replaces the part of that
page that it measures. With --quick or --plain, or fewer rounds than 3, --growth only prints it, and --flame draws to target/bench. So does
a run with another congestion control than cubic.";

#[derive(Debug)]
pub(super) struct Options {
    pub(super) rounds: usize,
    pub(super) quick: bool,
    pub(super) plain: bool,
    pub(super) growth: bool,
    pub(super) flame: bool,
    pub(super) rows: Vec<Row>,
    pub(super) congestion_control: String,
    /// What is in each partition that is fetched from, in MiB. Not all of it is fetched.
    pub(super) fetched: usize,
}

impl Options {
    pub(super) fn parse(args: &[&str]) -> Outcome<Self> {
        let mut options = Self {
            rounds: 5,
            quick: false,
            plain: false,
            growth: false,
            flame: false,
            rows: Row::ALL.to_vec(),
            congestion_control: CUBIC.to_owned(),
            fetched: 64,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match *arg {
                "--quick" => (options.quick, options.rounds) = (true, 2),
                "--plain" => options.plain = true,
                "--growth" => options.growth = true,
                "--flame" => options.flame = true,
                "--rounds" => options.rounds = args.next().ok_or("--rounds needs a number")?.parse()?,
                "--rows" => {
                    let names = args.next().ok_or("--rows needs names")?.split(',');
                    options.rows = names.map(Row::from_name).collect::<Outcome<_>>()?;
                }
                "--congestion-control" => {
                    let name = args.next().ok_or("--congestion-control needs a name")?;
                    options.congestion_control = (*name).to_owned();
                }
                other => return Err(format!("unknown option `{other}`\n\n{USAGE}").into()),
            }
        }
        Ok(options)
    }

    /// Whether the figures are fit for the page.
    pub(super) fn is_whole(&self) -> bool {
        self.is_usual() && self.rounds >= 5 && self.rows.len() == Row::ALL.len()
    }

    fn is_usual(&self) -> bool {
        !self.quick && !self.plain
    }

    /// Whether it is all measured beside HAProxy.
    pub(super) fn is_beside_haproxy(&self) -> bool {
        !self.growth && !self.flame
    }

    /// Whether the plain build is measured beside the other one.
    pub(super) fn is_beside_plain(&self) -> bool {
        !self.plain && self.is_beside_haproxy()
    }

    /// Whether what is measured instead is fit for the documents.
    pub(super) fn is_fit(&self) -> bool {
        self.is_usual() && self.rounds >= 3
    }

    pub(super) fn has(&self, row: Row) -> bool {
        self.rows.contains(&row)
    }

    /// A number of requests, or less of them.
    pub(super) fn load(&self, requests: usize) -> String {
        (if self.quick { requests / 4 } else { requests }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_runs_are_fit_for_the_page() {
        for (args, whole) in [
            (&[][..], true),
            (&["--rounds", "7"], true),
            (&["--rounds", "3"], false),
            (&["--quick"], false),
            (&["--plain"], false),
            (&["--rows", "produce,storm"], false),
        ] {
            assert_eq!(Options::parse(args).unwrap().is_whole(), whole, "{args:?}");
        }
    }

    #[test]
    fn few_rounds_and_less_of_the_load_are_not_fit_for_the_documents() {
        for (args, fit) in [
            (&["--growth"][..], true),
            (&["--growth", "--rounds", "3"], true),
            (&["--growth", "--rounds", "2"], false),
            (&["--flame", "--plain"], false),
            (&["--flame", "--quick"], false),
        ] {
            assert_eq!(Options::parse(args).unwrap().is_fit(), fit, "{args:?}");
        }
    }

    #[test]
    fn unknown_options_and_rows_are_refused() {
        for args in [
            &["--fast"][..],
            &["--rows", "speed"],
            &["--rounds"],
            &["--rounds", "few"],
            &["--congestion-control"],
        ] {
            assert!(Options::parse(args).is_err(), "{args:?}");
        }
    }
}
