//! The keg Kafka gateway's binary as a library, so that tests and tools can use its parts: the [configuration](config),
//! what [runs](runtime), and the [commands](command).

#![warn(missing_docs)]

pub mod cli;
pub mod command;
pub mod config;
pub mod runtime;
