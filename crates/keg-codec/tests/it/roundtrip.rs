//! Values to bytes and back.

use keg_codec::message::Struct;
use keg_codec::walk::check;

use crate::support::{for_every_message, generate};

#[test]
fn what_is_written_checks_and_reads_back_the_same() {
    for_every_message(|case, choices| {
        let value = generate::message(case, choices);
        let bytes = value.write(case.message, case.version).unwrap();
        check(case.message, case.version, &bytes).unwrap();
        let read = Struct::read(case.message, case.version, &bytes).unwrap();
        assert_eq!(read, value);
    });
}

#[test]
fn a_message_of_defaults_reads_back_the_same() {
    for case in crate::support::every_message() {
        let value = Struct::new(case.message.fields, case.version);
        let bytes = value.write(case.message, case.version).unwrap();
        let read = Struct::read(case.message, case.version, &bytes).unwrap();
        assert_eq!(read, value, "{case:?}");
    }
}
