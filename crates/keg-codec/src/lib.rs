//! Kafka wire codec for proxies: framing, headers, schema tables, in-place rewriting, in-flight ledger.

#![warn(missing_docs)]
