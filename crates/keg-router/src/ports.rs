//! Sets of TCP ports, as a listener or a rule names them.

use std::{fmt, iter, ops::RangeInclusive, str::FromStr};

use thiserror::Error;

/// The ports from `first` to `last`, both included. Never empty, never port 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// One or more ports: `19092`, `19092-19095`, `9000, 9092-9094`.
///
/// The order is kept as it was written, because port mapping gives the first port a meaning; ranges that continue
/// each other (`9092, 9093-9095`) are one range. No port is in it twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ports {
    head: PortRange,
    tail: Vec<PortRange>,
}

/// Why a set of ports can't be one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PortsError {
    /// There is no port in it.
    #[error("no port given: expected a port or a range such as 9092-9094")]
    Empty,
    /// Port 0 means "any free port" when binding, so no client could be told to connect to it.
    #[error("port 0 can't be advertised to clients: expected 1 to 65535")]
    Zero,
    /// A range ends before it starts.
    #[error("the range {first}-{last} ends before it starts")]
    Reversed {
        /// The first port as written.
        first: u16,
        /// The last port as written.
        last: u16,
    },
    /// A port is named twice.
    #[error("port {port} is named twice")]
    Repeated {
        /// The lowest port that is there twice.
        port: u16,
    },
    /// This is neither a port nor a range.
    #[error("expected a port or a range such as 9092-9094, found {text:?}")]
    Malformed {
        /// What was found, cut after 40 characters.
        text: String,
    },
}

impl PortRange {
    /// The ports from `first` to `last`.
    ///
    /// # Errors
    /// [`PortsError::Zero`] and [`PortsError::Reversed`].
    pub const fn new(first: u16, last: u16) -> Result<Self, PortsError> {
        if first == 0 {
            return Err(PortsError::Zero);
        }
        if last < first {
            return Err(PortsError::Reversed { first, last });
        }
        Ok(Self { first, last })
    }

    /// The lowest port.
    #[must_use]
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The highest port.
    #[must_use]
    pub const fn last(self) -> u16 {
        self.last
    }

    /// Whether `port` is one of them.
    #[must_use]
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// The ports in ascending order.
    pub fn iter(self) -> RangeInclusive<u16> {
        self.first..=self.last
    }

    /// Whether some port is in both.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    pub(crate) fn common(self, other: Self) -> Option<Self> {
        Self::new(self.first.max(other.first), self.last.min(other.last)).ok()
    }

    /// How many ports after the first `port` comes; `None` when it is not in the range.
    pub(crate) fn offset(self, port: u16) -> Option<u16> {
        self.contains(port).then(|| port.saturating_sub(self.first))
    }
}

impl Ports {
    /// The ports of these ranges, in this order.
    ///
    /// # Errors
    /// [`PortsError::Empty`] and [`PortsError::Repeated`].
    pub fn new(ranges: impl IntoIterator<Item = PortRange>) -> Result<Self, PortsError> {
        let mut ranges = ranges.into_iter();
        let mut ports = Self {
            head: ranges.next().ok_or(PortsError::Empty)?,
            tail: Vec::new(),
        };
        for range in ranges {
            if let Some(common) = ports.ranges().find_map(|earlier| earlier.common(range)) {
                return Err(PortsError::Repeated { port: common.first });
            }
            let end = ports.tail.last_mut().unwrap_or(&mut ports.head);
            if end.last.checked_add(1) == Some(range.first) {
                end.last = range.last;
            } else {
                ports.tail.push(range);
            }
        }
        Ok(ports)
    }

    /// The port that was written first.
    #[must_use]
    pub const fn first(&self) -> u16 {
        self.head.first
    }

    /// The only port, when there is only one.
    #[must_use]
    pub fn only(&self) -> Option<u16> {
        (self.tail.is_empty() && self.head.first == self.head.last).then_some(self.head.first)
    }

    /// Whether `port` is one of them.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.ranges().any(|range| range.contains(port))
    }

    /// The ranges, in the order in which they were written.
    pub fn ranges(&self) -> impl Iterator<Item = PortRange> + '_ {
        iter::once(self.head).chain(self.tail.iter().copied())
    }

    /// Every port, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.ranges().flat_map(|range| range.first..=range.last)
    }

    pub(crate) fn head(&self) -> PortRange {
        self.head
    }

    pub(crate) fn tail(&self) -> &[PortRange] {
        &self.tail
    }

    /// The ranges of ports that both have.
    pub(crate) fn common(one: &Self, two: &Self) -> impl Iterator<Item = PortRange> {
        one.ranges()
            .flat_map(|range| two.ranges().filter_map(move |other| range.common(other)))
    }

    /// These and `more`, in ascending order.
    pub(crate) fn with(&self, more: PortRange) -> Option<Self> {
        let mut ranges: Vec<_> = self.ranges().chain([more]).collect();
        ranges.sort_unstable_by_key(|range| range.first);
        ranges.dedup_by(|next, range| {
            let overlap = next.first <= range.last;
            range.last = if overlap { range.last.max(next.last) } else { range.last };
            overlap
        });
        Self::new(ranges).ok()
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.head)?;
        self.tail.iter().try_for_each(|range| write!(f, ", {range}"))
    }
}

impl FromStr for PortRange {
    type Err = PortsError;

    fn from_str(text: &str) -> Result<Self, PortsError> {
        let port = |part: &str| {
            let part = part.trim();
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let malformed = || PortsError::Malformed {
                text: text.trim().chars().take(40).collect(),
            };
            part.parse().ok().filter(|_| digits).ok_or_else(malformed)
        };
        match text.split_once('-') {
            Some((first, last)) => Self::new(port(first)?, port(last)?),
            None => port(text).and_then(|only| Self::new(only, only)),
        }
    }
}

impl FromStr for Ports {
    type Err = PortsError;

    /// Ports and ranges with commas between them: `9000, 9092-9094`.
    fn from_str(text: &str) -> Result<Self, PortsError> {
        if text.trim().is_empty() {
            return Err(PortsError::Empty);
        }
        Self::new(text.split(',').map(str::parse).collect::<Result<Vec<_>, _>>()?)
    }
}

impl TryFrom<u16> for Ports {
    type Error = PortsError;

    fn try_from(port: u16) -> Result<Self, PortsError> {
        Self::new([PortRange::new(port, port)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_written_as_they_were_read_with_continued_ranges_joined() {
        for (text, expect) in [
            ("9092", "9092"),
            ("9000, 9092-9094", "9000, 9092-9094"),
            ("9092,9093-9095,9096", "9092-9096"),
            ("9100,9092-9094", "9100, 9092-9094"),
            (" 65535 - 65535 ", "65535"),
        ] {
            assert_eq!(text.parse::<Ports>().unwrap().to_string(), expect);
        }
    }

    #[test]
    fn what_is_no_set_of_ports_is_refused_with_its_reason() {
        let malformed = |text: &str| PortsError::Malformed { text: text.to_owned() };
        for (text, expect) in [
            ("", PortsError::Empty),
            ("0", PortsError::Zero),
            ("0-3", PortsError::Zero),
            ("9-8", PortsError::Reversed { first: 9, last: 8 }),
            ("9092-9094, 9094", PortsError::Repeated { port: 9094 }),
            ("9093, 9092-9094", PortsError::Repeated { port: 9093 }),
            ("+9092", malformed("+9092")),
            ("9092-", malformed("9092-")),
            ("65536", malformed("65536")),
            ("kafka", malformed("kafka")),
            ("9092,", malformed("")),
        ] {
            assert_eq!(text.parse::<Ports>(), Err(expect), "{text}");
        }
    }

    #[test]
    fn adding_a_range_sorts_and_counts_no_port_twice() {
        let ports: Ports = "9000-9002, 9010-9012, 65535".parse().unwrap();
        for (more, expect) in [
            ("9003", "9000-9003, 9010-9012, 65535"),
            ("9003-9010", "9000-9012, 65535"),
            ("8000-9100", "8000-9100, 65535"),
            ("65500-65535", "9000-9002, 9010-9012, 65500-65535"),
        ] {
            assert_eq!(ports.with(more.parse().unwrap()).unwrap().to_string(), expect);
        }
    }
}
