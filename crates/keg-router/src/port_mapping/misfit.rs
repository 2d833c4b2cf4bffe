use thiserror::Error;

/// Why the ports and node ids of one port mapping don't go together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misfit {
    /// The first port is the bootstrap, and there is no other.
    #[error("its only port, {port}, is the bootstrap: add a port for each node")]
    OnlyBootstrap {
        /// The only port.
        port: u16,
    },
    /// The first port has a meaning, so ranges have to ascend.
    #[error("port {port} comes after port {before}: list the ports in ascending order")]
    Descending {
        /// The port that comes too late.
        port: u16,
        /// The higher port before it.
        before: u16,
    },
    /// Node ids are not negative.
    #[error("min_broker_id is {min_broker_id}: expected 0 or more")]
    NegativeMinBrokerId {
        /// What was given.
        min_broker_id: i32,
    },
    /// A port of a later range would belong to a node that min_broker_id rules out.
    #[error(
        "port {port} would be that of node {node}, which is below min_broker_id {min_broker_id}: \
         take the port away, or lower min_broker_id"
    )]
    BelowMinBrokerId {
        /// The port.
        port: u16,
        /// Its distance from the first port.
        node: i32,
        /// The lowest node id.
        min_broker_id: i32,
    },
    /// A port would belong to a node beyond the highest id that Kafka has.
    #[error("port {port} would be that of a node with an id above 2147483647: lower min_broker_id")]
    NodeIdTooLarge {
        /// The highest port of the range.
        port: u16,
    },
    /// A node has a port in the first range, and another one directly.
    #[error("the ports {first} and {second} would both be that of node {node}: take one of them away")]
    NodeTwice {
        /// The lowest node that has two ports.
        node: i32,
        /// Its port in the first range.
        first: u16,
        /// Its port in the later range.
        second: u16,
    },
}
