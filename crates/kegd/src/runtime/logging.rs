//! Logs to standard error.

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::model::{LogFormat, Observability};

/// Begins to write logs as the configuration asks.
pub(super) fn install(observability: &Observability) -> Result<(), String> {
    let flags = &observability.log_flags;
    let filter = EnvFilter::try_new(flags).map_err(|error| format!("observability.log_flags {flags:?}: {error}"))?;
    let layer = match observability.log_format {
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Logfmt => tracing_logfmt::builder().layer().with_writer(std::io::stderr).boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .try_init()
        .map_err(|error| format!("logs can't be set up: {error}"))
}
