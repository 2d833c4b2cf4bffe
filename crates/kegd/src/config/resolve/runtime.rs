//! What concerns the process.

use super::super::decode::At;
use super::super::model::{Observability, Runtime};
use super::super::raw;

pub(super) fn runtime(raw: &At<raw::Runtime>) -> Option<Runtime> {
    let raw = &raw.value;
    let addresses = raw.health_listener_address_port.as_ref()?;
    Some(Runtime {
        health_listeners: addresses.0.iter().map(|address| address.value).collect(),
        drain_duration: raw.drain_duration?,
        shutdown_timeout: raw.shutdown_timeout?,
        max_frame_size: raw.max_frame_size?.0,
        buffer_budget: raw.buffer_budget?.0,
        busy_poll: raw.busy_poll?.0,
        scram_secret: raw.scram_secret.as_ref()?.as_ref().map(|it| it.0.clone()),
        max_connections: usize::try_from(raw.max_connections?.0).ok()?,
    })
}

pub(super) fn observability(raw: &At<raw::Observability>) -> Option<Observability> {
    Some(Observability {
        log_flags: raw.value.log_flags.as_ref()?.0.clone(),
        log_format: raw.value.log_format?,
    })
}
