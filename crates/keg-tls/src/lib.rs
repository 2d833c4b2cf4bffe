//! TLS for Kafka proxies: rustls configuration from PEM, SNI peek, live certificate swap.

#![warn(missing_docs)]
