//! Which ports are listened on, and what for.

use std::fmt;
use std::ops::RangeInclusive;

use super::options::PortOptions;

/// What a range of ports is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The virtual cluster team-a.
    TeamA,
    /// The virtual cluster team-b.
    TeamB,
    /// Both virtual clusters over TLS.
    Tls,
    /// The embedded broker.
    Broker,
    /// Health and metrics.
    Health,
}

impl Purpose {
    /// The flag that changes its ports.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Self::TeamA => "--team-a-port",
            Self::TeamB => "--team-b-port",
            Self::Tls => "--tls-port",
            Self::Broker => "--broker-port",
            Self::Health => "--health-port",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TeamA => "team-a",
            Self::TeamB => "team-b",
            Self::Tls => "TLS",
            Self::Broker => "the embedded broker",
            Self::Health => "health and metrics",
        })
    }
}

/// Why ports can't be as they were asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortsError {
    /// There are not that many ports.
    #[error("{purpose} needs {count} ports from {first} on, which is beyond 65535; change `{} PORT`", .purpose.flag())]
    Beyond {
        /// What for.
        purpose: Purpose,
        /// The first.
        first: u16,
        /// How many.
        count: u32,
    },
    /// Two of them want the same port.
    #[error(
        "{} and {} both need port {port}; change `{} PORT` or `{} PORT`",
        .purposes[0], .purposes[1], .purposes[0].flag(), .purposes[1].flag()
    )]
    Overlap {
        /// The port.
        port: u16,
        /// What for.
        purposes: [Purpose; 2],
    },
}

/// All ports, none of them twice.
#[derive(Debug, Clone)]
pub(super) struct Ports {
    ranges: Vec<(Purpose, RangeInclusive<u16>)>,
    first: PortOptions,
}

impl Ports {
    /// Ports for so many node ids, and for so many nodes of the embedded broker.
    pub(super) fn new(first: &PortOptions, node_ids: u32, embedded: u32) -> Result<Self, PortsError> {
        let mut ranges: Vec<(Purpose, RangeInclusive<u16>)> = Vec::new();
        for (purpose, first, count) in [
            (Purpose::TeamA, first.team_a_port, node_ids.saturating_add(1)),
            (Purpose::TeamB, first.team_b_port, node_ids.saturating_add(1)),
            (Purpose::Tls, first.tls_port, 1),
            (Purpose::Broker, first.broker_port, embedded),
            (Purpose::Health, first.health_port, 1),
        ] {
            let Some(more) = count.checked_sub(1) else { continue };
            let last = u16::try_from(more).ok().and_then(|more| first.checked_add(more));
            let range = first..=last.ok_or(PortsError::Beyond { purpose, first, count })?;
            for (other, taken) in &ranges {
                let port = *range.start().max(taken.start());
                if range.contains(&port) && taken.contains(&port) {
                    let purposes = [*other, purpose];
                    return Err(PortsError::Overlap { port, purposes });
                }
            }
            ranges.push((purpose, range));
        }
        let first = first.clone();
        Ok(Self { ranges, first })
    }

    pub(super) fn first(&self) -> &PortOptions {
        &self.first
    }

    /// The ports of one purpose.
    pub(super) fn of(&self, purpose: Purpose) -> Option<&RangeInclusive<u16>> {
        self.ranges
            .iter()
            .find(|(it, _)| *it == purpose)
            .map(|(_, range)| range)
    }

    /// What a port is for.
    pub(super) fn purpose(&self, port: u16) -> Option<Purpose> {
        self.ranges
            .iter()
            .find(|(_, range)| range.contains(&port))
            .map(|(purpose, _)| *purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> PortOptions {
        PortOptions {
            team_a_port: 19092,
            team_b_port: 19192,
            tls_port: 19292,
            broker_port: 19392,
            health_port: 19492,
        }
    }

    #[test]
    fn a_virtual_cluster_has_a_port_for_each_node_and_one_more() {
        let ports = Ports::new(&defaults(), 3, 3).unwrap();
        assert_eq!(ports.of(Purpose::TeamA), Some(&(19092..=19095)));
        assert_eq!(ports.of(Purpose::Broker), Some(&(19392..=19394)));
        assert_eq!(ports.purpose(19195), Some(Purpose::TeamB));
        assert_eq!(ports.purpose(19196), None);
    }

    #[test]
    fn a_port_that_is_needed_twice_is_named_with_both_flags() {
        let mut options = defaults();
        options.health_port = 19094;
        let error = Ports::new(&options, 3, 3).unwrap_err().to_string();
        assert_eq!(
            error,
            "team-a and health and metrics both need port 19094; change `--team-a-port PORT` or `--health-port PORT`"
        );
        // Without an embedded broker its ports are nobody's.
        options.health_port = options.broker_port;
        assert!(Ports::new(&options, 3, 3).is_err());
        assert!(Ports::new(&options, 3, 0).is_ok());
    }

    #[test]
    fn ports_end_at_65535() {
        let mut options = defaults();
        options.team_b_port = 65532;
        assert!(Ports::new(&options, 3, 3).is_ok());
        let error = Ports::new(&options, 4, 3).unwrap_err().to_string();
        assert_eq!(
            error,
            "team-b needs 5 ports from 65532 on, which is beyond 65535; change `--team-b-port PORT`"
        );
    }
}
