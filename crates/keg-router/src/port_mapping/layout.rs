use super::{BootstrapPort, Misfit};
use crate::{Endpoint, PortRange, Ports};

/// A node without a port on its own is worth opening the ports between only up to this many.
const LONGEST_EXTENSION: u16 = 64;

/// Which port belongs to which node: both directions of one port mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    ports: Ports,
    bootstrap_port: BootstrapPort,
    min_broker_id: i32,
    spans: Vec<Span>,
}

/// Consecutive ports of consecutive nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    ports: PortRange,
    first_node: i32,
    last_node: i32,
}

impl Layout {
    pub(crate) fn new(ports: Ports, bootstrap_port: BootstrapPort, min_broker_id: i32) -> Result<Self, Misfit> {
        if min_broker_id < 0 {
            return Err(Misfit::NegativeMinBrokerId { min_broker_id });
        }
        let mut last = ports.head().last();
        for range in ports.tail() {
            if range.first() < last {
                return Err(Misfit::Descending {
                    port: range.first(),
                    before: last,
                });
            }
            last = range.last();
        }
        let mut layout = Self {
            ports,
            bootstrap_port,
            min_broker_id,
            spans: Vec::new(),
        };
        let first = layout.ports.first();
        let after_bootstrap = layout
            .first_node_port()
            .and_then(|port| PortRange::new(port, layout.ports.head().last()).ok());
        if let Some(nodes) = after_bootstrap {
            layout.spans.push(layout.span(nodes, min_broker_id)?);
        }
        for range in layout.ports.tail().to_vec() {
            layout
                .spans
                .push(layout.span(range, i32::from(range.first().saturating_sub(first)))?);
        }
        if layout.spans.is_empty() {
            return Err(Misfit::OnlyBootstrap { port: first });
        }
        Ok(layout)
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.ports
    }

    /// What is reached at `port`; `None` when it isn't one of this mapping's ports.
    pub(crate) fn endpoint(&self, port: u16) -> Option<Endpoint> {
        if self.bootstrap_port == BootstrapPort::AtStart && port == self.ports.first() {
            return Some(Endpoint::Bootstrap);
        }
        self.spans.iter().find_map(|span| {
            let offset = span.ports.offset(port)?;
            Some(Endpoint::Node(span.first_node.saturating_add(i32::from(offset))))
        })
    }

    /// The inverse of [`Self::endpoint`].
    pub(crate) fn port(&self, node: i32) -> Option<u16> {
        let span = self
            .spans
            .iter()
            .find(|span| (span.first_node..=span.last_node).contains(&node))?;
        let offset = u16::try_from(node.checked_sub(span.first_node)?).ok()?;
        span.ports.first().checked_add(offset)
    }

    /// The ports that would give `node` a port, and leave those of the other nodes as they are.
    pub(crate) fn missing(&self, node: i32) -> Option<PortRange> {
        let end = self.ports.head().last();
        let in_order = node
            .checked_sub(self.min_broker_id)
            .filter(|place| *place >= 0)
            .and_then(|place| place.checked_add(i32::from(self.first_node_port()?)))
            .and_then(|port| PortRange::new(end.checked_add(1)?, u16::try_from(port).ok()?).ok());
        let direct = node
            .checked_add(i32::from(self.ports.first()))
            .and_then(|port| u16::try_from(port).ok())
            .and_then(|port| PortRange::new(port, port).ok());
        let short = in_order.filter(|range| range.last() - range.first() < LONGEST_EXTENSION);
        [short, direct, in_order]
            .into_iter()
            .flatten()
            .find(|more| self.grows_by(*more, node))
    }

    fn grows_by(&self, more: PortRange, node: i32) -> bool {
        let grown = self.ports.with(more);
        let Some(Ok(grown)) = grown.map(|ports| Self::new(ports, self.bootstrap_port, self.min_broker_id)) else {
            return false;
        };
        // Both ends of a span stay in one range when ports are added, so what is between them stays too.
        let kept = |span: &Span| {
            grown.port(span.first_node) == Some(span.ports.first())
                && grown.port(span.last_node) == Some(span.ports.last())
        };
        grown.port(node).is_some() && self.spans.iter().all(kept)
    }

    fn first_node_port(&self) -> Option<u16> {
        match self.bootstrap_port {
            BootstrapPort::None => Some(self.ports.first()),
            BootstrapPort::AtStart => self.ports.first().checked_add(1),
        }
    }

    fn span(&self, ports: PortRange, first_node: i32) -> Result<Span, Misfit> {
        if first_node < self.min_broker_id {
            let min_broker_id = self.min_broker_id;
            return Err(Misfit::BelowMinBrokerId {
                port: ports.first(),
                node: first_node,
                min_broker_id,
            });
        }
        let more = i32::from(ports.last() - ports.first());
        let last_node = first_node
            .checked_add(more)
            .ok_or(Misfit::NodeIdTooLarge { port: ports.last() })?;
        let span = Span {
            ports,
            first_node,
            last_node,
        };
        for earlier in &self.spans {
            let node = earlier.first_node.max(first_node);
            if node <= earlier.last_node.min(last_node) {
                let port = |span: &Span| span.ports.first() + u16::try_from(node - span.first_node).unwrap_or(0);
                return Err(Misfit::NodeTwice {
                    node,
                    first: port(earlier),
                    second: port(&span),
                });
            }
        }
        Ok(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BootstrapPort::{AtStart, None as NoBootstrap};

    fn layout(ports: &str, bootstrap_port: BootstrapPort, min_broker_id: i32) -> Result<Layout, Misfit> {
        Layout::new(ports.parse().unwrap(), bootstrap_port, min_broker_id)
    }

    fn check(layout: &Layout, expect: &[(i32, Option<u16>)]) {
        for (node, port) in expect {
            assert_eq!(layout.port(*node), *port, "node {node}");
        }
    }

    #[test]
    fn ports_of_the_first_range_follow_node_ids_from_the_lowest() {
        let three = [(0, None), (1, Some(9093)), (2, Some(9094)), (3, Some(9095)), (4, None)];
        check(&layout("9092-9095", AtStart, 1).unwrap(), &three);
        check(&layout("9093-9095", NoBootstrap, 1).unwrap(), &three);
        check(&layout("9092, 9093, 9094-9095", AtStart, 1).unwrap(), &three);
        let from_zero = layout("9092-9095", AtStart, 0).unwrap();
        check(&from_zero, &[(0, Some(9093)), (2, Some(9095)), (3, None)]);
        assert_eq!(from_zero.endpoint(9092), Some(Endpoint::Bootstrap));
        assert_eq!(from_zero.endpoint(9095), Some(Endpoint::Node(2)));
    }

    #[test]
    fn ports_of_later_ranges_are_node_ids_counted_from_the_first_port() {
        for min_broker_id in [0, 1, 92] {
            let gaps = layout("9000, 9092-9094, 9100", AtStart, min_broker_id).unwrap();
            let expect = [
                (92, Some(9092)),
                (93, Some(9093)),
                (94, Some(9094)),
                (100, Some(9100)),
                (1, None),
                (4, None),
            ];
            check(&gaps, &expect);
            assert_eq!(gaps.endpoint(9000), Some(Endpoint::Bootstrap));
        }
    }

    #[test]
    fn ports_that_fit_no_node_are_refused() {
        for (ports, bootstrap_port, min_broker_id, expect) in [
            ("9092", AtStart, 0, Misfit::OnlyBootstrap { port: 9092 }),
            ("65535", AtStart, 0, Misfit::OnlyBootstrap { port: 65535 }),
            (
                "9092-9094, 9000",
                AtStart,
                0,
                Misfit::Descending {
                    port: 9000,
                    before: 9094,
                },
            ),
            (
                "9092-9094",
                AtStart,
                -1,
                Misfit::NegativeMinBrokerId { min_broker_id: -1 },
            ),
            (
                "9000, 9092",
                AtStart,
                93,
                Misfit::BelowMinBrokerId {
                    port: 9092,
                    node: 92,
                    min_broker_id: 93,
                },
            ),
            (
                "9000-9004, 9012",
                AtStart,
                10,
                Misfit::NodeTwice {
                    node: 12,
                    first: 9003,
                    second: 9012,
                },
            ),
            (
                "9000-9002",
                NoBootstrap,
                i32::MAX - 1,
                Misfit::NodeIdTooLarge { port: 9002 },
            ),
        ] {
            assert_eq!(layout(ports, bootstrap_port, min_broker_id), Err(expect), "{ports}");
        }
    }

    #[test]
    fn the_highest_node_id_and_the_highest_port_fit() {
        let highest = layout("65533-65535", AtStart, i32::MAX - 1).unwrap();
        check(
            &highest,
            &[
                (i32::MAX - 1, Some(65534)),
                (i32::MAX, Some(65535)),
                (-1, None),
                (i32::MIN, None),
            ],
        );
    }

    #[test]
    fn what_is_missing_gives_the_node_a_port_and_moves_no_other() {
        for (ports, bootstrap_port, min_broker_id, node, expect) in [
            ("9092-9095", AtStart, 0, 3, Some("9096")),
            ("9092-9095", AtStart, 0, 7, Some("9096-9100")),
            ("9092-9095", AtStart, 1, 500, Some("9592")),
            ("9000, 9092-9094", AtStart, 0, 1, Some("9001-9002")),
            ("9000, 9092-9094", AtStart, 92, 100, Some("9100")),
            // Filling the whole gap would join the ranges and give node 5 the port of node 6.
            ("9000-9003, 9006", AtStart, 0, 4, None),
            ("9092-9095", AtStart, 4, 3, None),
            ("9092-9095", AtStart, 0, i32::MAX, None),
            ("65530-65535", AtStart, 0, 5, None),
        ] {
            let missing = layout(ports, bootstrap_port, min_broker_id).unwrap().missing(node);
            assert_eq!(
                missing.map(|range| range.to_string()).as_deref(),
                expect,
                "{ports}, node {node}"
            );
        }
    }
}
