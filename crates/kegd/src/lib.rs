//! The keg Kafka gateway's binary as a library, so that tests and tools can use its parts: the [configuration](config),
//! what [runs](runtime), the [HTTPS client](https), the [commands](command) that end by themselves, and the [quickstart].

#![warn(missing_docs)]

pub mod cli;
pub mod command;
pub mod config;
pub mod expression;
pub mod https;
pub mod quickstart;
pub mod runtime;
