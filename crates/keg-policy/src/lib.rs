//! Policies for Kafka proxies as tower layers: namespaces, broker addresses, ApiVersions.

#![warn(missing_docs)]
