//! Free ports on the loopback interface.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what Linux gives to outgoing connections, which could otherwise take a port between its choice and its use.
const POOL: RangeInclusive<u16> = 12_000..=31_900;

/// A port that nothing listens on, and that no other caller in this process gets.
pub(crate) fn free_port() -> u16 {
    free_range(1)
}

/// A free port whose four bytes in a message of Kafka's can't be taken for anything else: its low byte is no count, no
/// length of a short text, no letter, and not what a null begins with, as the bytes behind an error code or a
/// correlation id may be.
pub(crate) fn unmistakable_port() -> u16 {
    loop {
        let port = free_port();
        if matches!(port & 0xff, 0x80..=0xfe) {
            return port;
        }
    }
}

/// The first of `count` free ports in a row.
pub(crate) fn free_range(count: u16) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let size = POOL.end() - POOL.start();
    // Test processes that run at the same time start in different places.
    let start = u16::try_from(std::process::id() % 97).unwrap() * (size / 97);
    for _ in 0..size {
        let offset = NEXT.fetch_add(count, Ordering::Relaxed);
        let first = POOL.start() + (start.wrapping_add(offset) % size);
        if (first..first + count).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return first;
        }
    }
    panic!("no {count} free ports in {POOL:?}");
}
