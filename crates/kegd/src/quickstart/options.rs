//! The flags.

use std::path::PathBuf;

use keg_proxy::HostPort;

/// What a quickstart may be told.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// An existing Kafka cluster, without TLS or SASL, instead of the embedded broker
    #[arg(long, value_name = "HOST:PORT,...", value_delimiter = ',', value_parser = address)]
    pub(super) backend: Vec<HostPort>,
    /// Leave the configuration and the certificates here, to start from with `kegd run`
    #[arg(long, visible_alias = "dir", value_name = "DIR")]
    pub(super) write_config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) ports: PortOptions,
    /// Log what happens, not only what goes wrong
    #[arg(short, long)]
    pub(super) verbose: bool,
}

/// The first port of each range.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PortOptions {
    /// The bootstrap port of team-a; its nodes have the ports after it
    #[arg(long, value_name = "PORT", default_value_t = 19092, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) team_a_port: u16,
    /// The bootstrap port of team-b; its nodes have the ports after it
    #[arg(long, value_name = "PORT", default_value_t = 19192, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) team_b_port: u16,
    /// The TLS port of both
    #[arg(long, value_name = "PORT", default_value_t = 19292, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) tls_port: u16,
    /// The port of the embedded broker's first node; the others have the ports after it
    #[arg(long, value_name = "PORT", default_value_t = 19392, value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "backend")]
    pub(super) broker_port: u16,
    /// The port of health and metrics
    #[arg(long, value_name = "PORT", default_value_t = 19492, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) health_port: u16,
}

fn address(text: &str) -> Result<HostPort, String> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| {
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let legal = match bracketed {
            Some(host) => host.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host
                        .bytes()
                        .all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it))
            }
        };
        let port = port.parse().ok().filter(|&port: &u16| port > 0)?;
        let host = bracketed.unwrap_or(host).to_owned();
        legal.then_some(HostPort { host, port })
    });
    parsed.ok_or_else(|| "expected a host and a port, as in kafka1:9092".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_are_a_host_and_a_port() {
        let check = |text, expected: Option<&str>| {
            assert_eq!(
                address(text).ok().map(|it| it.to_string()).as_deref(),
                expected,
                "{text}"
            );
        };
        check("kafka1:9092", Some("kafka1:9092"));
        check("10.0.0.1:9092", Some("10.0.0.1:9092"));
        check("[::1]:9092", Some("[::1]:9092"));
        check("kafka1", None);
        check("::1:9092", None);
        check(":9092", None);
        check("kafka1:0", None);
        check("kafka1:65536", None);
        check("sasl://kafka1:9092", None);
        check("kafka\"1:9092", None);
    }
}
