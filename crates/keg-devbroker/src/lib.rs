//! A small in-memory Kafka broker for quick starts, examples and tests; not for production.

#![warn(missing_docs)]
