//! Bytes that go from socket to socket without being read.
//!
//! Linux' `splice(2)` takes the memory in which bytes have arrived at one socket, by way of a pipe, to the other: they are
//! copied neither out of the kernel nor back into it, and what the processor has in its caches stays there. It is worth its system
//! calls for many bytes that nobody has to look at, on connections without TLS. Elsewhere there are no pipes to be had, and bytes
//! are read and written.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{Pipe, waiting};
#[cfg(target_os = "linux")]
pub(crate) use linux::{Pipe, waiting};

/// How many bytes must have come at once to be worth it.
pub(crate) const ENOUGH: usize = 16 * 1024;

/// How many pipes there are at most. More connections that move bytes at the same moment, or whose peers don't take them, read and write.
pub(crate) const PIPES: usize = if cfg!(target_os = "linux") { 32 } else { 0 };
