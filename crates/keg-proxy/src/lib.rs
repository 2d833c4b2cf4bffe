//! The data plane of a Kafka gateway as a library: connections, backends, policy stack, drain.

#![warn(missing_docs)]
