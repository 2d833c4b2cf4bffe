//! What takes more than one command.

fn main() {}
