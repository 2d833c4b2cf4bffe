//! Against kafka-protocol, which has its own code for every message.

use keg_codec::message::Struct;
use keg_codec::walk::check;

use crate::support::mutate::mutate;
use crate::support::theirs::{known, through_kafka_protocol};
use crate::support::{every_message, for_messages, generate};

#[test]
fn kafka_protocol_reads_what_is_written_and_writes_what_is_read() {
    for_messages(every_message().filter(|case| known(*case)), |case, choices| {
        let value = generate::message(case, choices);
        let body = value.write(case.message, case.version).unwrap();
        let out = through_kafka_protocol(case, &body).expect("kafka-protocol reads it");
        check(case.message, case.version, &out).unwrap();
        assert_eq!(Struct::read(case.message, case.version, &out).unwrap(), value);
    });
}

#[test]
fn what_passes_the_check_is_safe_for_the_decoders_of_kafka_protocol() {
    for_messages(every_message().filter(|case| known(*case)), |case, choices| {
        let mut body = generate::message(case, choices)
            .write(case.message, case.version)
            .unwrap();
        mutate(&mut body, choices);
        if check(case.message, case.version, &body).is_ok()
            && let Some(out) = through_kafka_protocol(case, &body)
        {
            check(case.message, case.version, &out).unwrap();
        }
    });
}

#[test]
fn kafka_protocol_has_most_messages() {
    let all = every_message().count();
    let known = every_message().filter(|case| known(*case)).count();
    assert!(known * 10 > all * 8, "{known} of {all}");
}
