//! Addresses and ports.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Value, json};

use super::super::decode::FromText;
use super::super::model::{HostPort, PortRange};
use super::host::is_host;

impl FromText for IpAddr {
    const EXPECTED: &'static str = "an IP address such as 127.0.0.1, 0.0.0.0 or ::";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn text_schema() -> Value {
        json!({ "type": "string" })
    }
}

impl FromText for SocketAddr {
    const EXPECTED: &'static str = "an IP address and a port, as in 127.0.0.1:8080";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "pattern": r":\d+$" })
    }
}

impl FromText for HostPort {
    const EXPECTED: &'static str = "a host and a port, as in kafka1:9092";

    fn from_text(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let port = port_number(port)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(host) => host.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
            None if is_host(host) => host.to_owned(),
            None => return None,
        };
        Some(Self { host, port })
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "pattern": r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d+$" })
    }
}

impl FromText for PortRange {
    const EXPECTED: &'static str = "a port from 1 to 65535, or a range such as 9092-9094";
    const NUMBERS: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Self::new(port_number(first)?, port_number(last)?).ok()
    }

    fn text_schema() -> Value {
        json!({
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 65535 },
                { "type": "string", "pattern": r"^\d+(-\d+)?$" },
            ],
        })
    }
}

fn port_number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|_| digits)?;
    (port > 0).then_some(port)
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn bootstrap_servers_are_a_host_and_a_port() {
        check::<HostPort>(&[
            ("kafka1:9092", true),
            ("kafka_1.internal:9092", true),
            ("10.0.0.1:9092", true),
            ("[::1]:9092", true),
            ("kafka1", false),
            ("kafka1:", false),
            (":9092", false),
            ("kafka1:0", false),
            ("kafka1:65536", false),
            ("kafka1:+9092", false),
            ("kafka 1:9092", false),
            ("sasl://kafka1:9092", false),
            ("::1:9092", false),
            ("a..b:9092", false),
        ]);
        let local = HostPort::from_text("[::1]:9092").unwrap();
        assert_eq!(local.host, "::1");
        assert_eq!(local.to_string(), "[::1]:9092");
    }

    #[test]
    fn ports_are_numbers_or_ascending_ranges() {
        check::<PortRange>(&[
            ("9092", true),
            ("9092-9094", true),
            ("65535", true),
            ("0", false),
            ("65536", false),
            ("9094-9092", false),
            ("9092-", false),
            ("9092 - 9094", false),
            ("0-9", false),
            ("-1", false),
            ("+1", false),
        ]);
        let range = PortRange::from_text("9092-9094").unwrap();
        assert_eq!(range.iter().collect::<Vec<_>>(), [9092, 9093, 9094]);
    }
}
