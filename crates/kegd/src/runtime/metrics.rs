//! Metrics, as Prometheus reads them.

use metrics::{Counter, Gauge, counter, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds of the histograms' buckets, in seconds: a fetch waits half a second by default, a rebalance for minutes.
const BUCKETS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// The process's metrics.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    prometheus: PrometheusHandle,
    config_errors: Counter,
    config_loaded: Gauge,
}

impl Metrics {
    /// Begins to collect; once for a process.
    pub(super) fn install() -> Result<Self, String> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
            .map_err(|error| format!("metrics can't be set up: {error}"))?;
        let prometheus = builder
            .install_recorder()
            .map_err(|error| format!("metrics can't be set up: {error}"))?;
        let config_errors = counter!("kong_keg_config_errors_total");
        config_errors.increment(0);
        let config_loaded = gauge!("kong_keg_config_loaded");
        Ok(Self {
            prometheus,
            config_errors,
            config_loaded,
        })
    }

    /// Everything, in the text format of Prometheus, with the names of KEG 1.0 beside those of 1.2.
    pub(super) fn render(&self) -> String {
        let text = self.prometheus.render();
        let mut out = text.clone();
        for (name, old) in [
            ("kong_keg_kafka_connections", "kong_keg_kafka_connections_active"),
            (
                "kong_keg_kafka_request_received_total",
                "kong_keg_kafka_request_received_count_total",
            ),
        ] {
            out.extend(text.lines().filter_map(|line| aliased(line, name, old)));
        }
        out
    }

    /// Lets go of what is not needed any more; histograms grow without it.
    pub(super) fn upkeep(&self) {
        self.prometheus.run_upkeep();
    }

    pub(crate) fn config_loaded(&self) {
        self.config_loaded.set(1);
    }

    pub(super) fn config_error(&self) {
        self.config_errors.increment(1);
    }
}

/// A line of the metric `name`, under its old name.
fn aliased(line: &str, name: &str, old: &str) -> Option<String> {
    let (before, rest) = match line.strip_prefix("# TYPE ").and_then(|rest| rest.strip_prefix(name)) {
        Some(rest) => ("# TYPE ", rest),
        None => ("", line.strip_prefix(name)?),
    };
    rest.starts_with(['{', ' ']).then(|| format!("{before}{old}{rest}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_its_old_name_too() {
        let check = |line, expected: Option<&str>| assert_eq!(aliased(line, "a_b", "a_c").as_deref(), expected);
        check("a_b{listener=\"x\"} 1", Some("a_c{listener=\"x\"} 1\n"));
        check("a_b 1", Some("a_c 1\n"));
        check("# TYPE a_b gauge", Some("# TYPE a_c gauge\n"));
        check("a_b_total 1", None);
        check("x 1", None);
    }
}
