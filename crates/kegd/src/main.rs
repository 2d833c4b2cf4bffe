//! The keg gateway.

fn main() {}
