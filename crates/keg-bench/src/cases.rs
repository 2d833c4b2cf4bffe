//! What is counted, by name.

use std::hint::black_box;

use crate::messages::{self, Message};
use crate::{Outcome, Work, acls, framing, hello, rewriting};

/// Something that is counted.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What it is called in the file of baselines.
    pub name: &'static str,
    make: fn() -> Outcome<Work>,
}

impl Case {
    /// Gets everything ready that isn't to be counted.
    ///
    /// # Errors
    /// When a message or a rule can't be made.
    pub fn make(&self) -> Outcome<Work> {
        (self.make)()
    }
}

/// All that is counted. A name stands for what it was first used for: what does something else gets another.
pub const CASES: &[Case] = &[
    Case {
        name: "framing and correlation ids, a request and its response of 100 bytes",
        make: framing::round_trip,
    },
    Case {
        name: "ledger, 5 requests and their responses",
        make: framing::ledger,
    },
    Case {
        name: "check, Metadata 12 of 200 topics with 12 partitions",
        make: || check(messages::metadata(200, 12)?),
    },
    Case {
        name: "rewrite, Produce 9 of 1 KB",
        make: || rewrite(messages::produce(9, 1024)?),
    },
    Case {
        name: "rewrite, Produce 9 of 1 MB",
        make: || rewrite(messages::produce(9, 1 << 20)?),
    },
    Case {
        name: "rewrite, Fetch 12 of 10 topics with 10 partitions of 10 KB",
        make: || rewrite(messages::fetch_by_name(10 * 1024)?),
    },
    Case {
        name: "rewrite, Fetch 16 of 1 MB",
        make: || rewrite(messages::fetch_by_id(1 << 20)?),
    },
    Case {
        name: "passage, Fetch 12 of 10 topics with 10 partitions of 10 KB, in pieces of 256 KB",
        make: || pass(messages::fetch_by_name(10 * 1024)?),
    },
    Case {
        name: "passage without prefixes and a copy, Fetch 12 of 10 topics with 10 partitions of 100 bytes",
        make: || change(messages::fetch_by_name(100)?, rewriting::without_beginnings),
    },
    Case {
        name: "passage without addresses and a copy, Fetch 16 of 1 KB",
        make: || change(messages::fetch_by_id(1024)?, rewriting::without_addresses),
    },
    Case {
        name: "namespace and 10 rules, Produce 12 of 10 topics with 10 partitions of 10 KB that comes in pieces of 256 KB",
        make: || sending(12),
    },
    Case {
        name: "namespace and 10 rules, Produce 13 of 10 topics with 10 partitions of 10 KB that comes in pieces of 256 KB",
        make: || sending(13),
    },
    Case {
        name: "rewrite, Metadata 12 of 200 topics with 12 partitions",
        make: || rewrite(messages::metadata(200, 12)?),
    },
    Case {
        name: "namespace, Produce 9 of 1 KB and its response",
        make: || acls::exchange(None, messages::produce(9, 1024)?, messages::produced(9)?),
    },
    Case {
        name: "namespace and 1,000 rules, Produce 9 of 1 KB and its response",
        make: || acls::exchange(Some(1_000), messages::produce(9, 1024)?, messages::produced(9)?),
    },
    Case {
        name: "namespace, Metadata 12 of 50 topics",
        make: || metadata(None, 3),
    },
    Case {
        name: "namespace and 10 rules, Metadata 12 of 50 topics",
        make: || metadata(Some(10), 3),
    },
    Case {
        name: "namespace and 100 rules, Metadata 12 of 50 topics",
        make: || metadata(Some(100), 3),
    },
    Case {
        name: "namespace and 10,000 rules, Metadata 12 of 50 topics",
        make: || metadata(Some(10_000), 3),
    },
    Case {
        name: "namespace, Metadata 12 of 50 topics with one partition",
        make: || metadata(None, 1),
    },
    Case {
        name: "namespace and 10,000 rules, Metadata 12 of 50 topics with one partition",
        make: || metadata(Some(10_000), 1),
    },
    Case {
        name: "ACL check, 1,000 rules: allowed, and not",
        make: || acls::decision(1_000),
    },
    Case {
        name: "SNI of a post-quantum hello",
        make: hello::server_name,
    },
];

/// A namespace behind so many rules, asked for 50 topics of so many partitions.
fn metadata(rules: Option<usize>, partitions: usize) -> Outcome<Work> {
    const TOPICS: usize = 50;
    acls::exchange(
        rules,
        messages::metadata_request(TOPICS)?,
        messages::metadata(TOPICS, partitions)?,
    )
}

/// A namespace and rules, of which a large Produce request goes on while it arrives.
fn sending(version: i16) -> Outcome<Work> {
    let request = messages::produce_to(version, 10, 10, 10 * 1024)?;
    acls::sending(10, messages::metadata(10, 1)?, request)
}

fn check(message: Message) -> Outcome<Work> {
    keg_codec::walk::check(message.table(), message.version, &message.body)?;
    Ok(Box::new(move || {
        let checked = keg_codec::walk::check(message.table(), message.version, &message.body);
        black_box(checked.is_ok());
    }))
}

fn pass(message: Message) -> Outcome<Work> {
    let mut bytes = message.body.to_vec();
    rewriting::pass(&message, rewriting::as_it_is, &mut bytes)?;
    Ok(Box::new(move || {
        black_box(rewriting::pass(&message, rewriting::as_it_is, &mut bytes).is_ok());
    }))
}

/// Lets a copy of the message pass, which is changed.
fn change(message: Message, guard: rewriting::Guard) -> Outcome<Work> {
    let mut bytes = message.body.to_vec();
    rewriting::pass(&message, guard, &mut bytes)?;
    if bytes == message.body {
        return Err(format!("{} is not changed", message.api.name).into());
    }
    Ok(Box::new(move || {
        bytes.copy_from_slice(&message.body);
        black_box(rewriting::pass(&message, guard, &mut bytes).is_ok());
    }))
}

fn rewrite(message: Message) -> Outcome<Work> {
    let written = rewriting::rewrite(&message)?;
    // To change nothing would be cheap.
    if written.into_bytes() == message.body {
        return Err(format!("{} is not changed", message.api.name).into());
    }
    Ok(Box::new(move || {
        black_box(rewriting::rewrite(&message).is_ok());
    }))
}
