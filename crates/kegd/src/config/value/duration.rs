//! Times: `5s`, `100ms`, `1h30m`.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::decode::FromText;

/// The units, longest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The longest that sockets are polled without traffic.
const LONGEST_POLL: Duration = Duration::from_secs(1);

impl FromText for Duration {
    const EXPECTED: &'static str = "a duration such as 5s, 100ms or 1h30m";

    /// Numbers with units, each unit at most once and the longest first.
    fn from_text(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut units = UNITS.iter();
        let mut milliseconds: u64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let (number, after) = rest.split_at(digits);
            let length = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(length);
            let (_, factor) = units.find(|(name, _)| *name == unit)?;
            let part = number.parse::<u64>().ok()?.checked_mul(*factor)?;
            milliseconds = milliseconds.checked_add(part)?;
            rest = after;
        }
        (!text.is_empty()).then_some(Self::from_millis(milliseconds))
    }

    fn text_schema() -> Value {
        json!({ "type": "string", "pattern": r"^(?=.)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$" })
    }
}

/// How long sockets are polled without traffic. More than moments would only heat the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BusyPoll(pub(crate) Duration);

impl FromText for BusyPoll {
    const EXPECTED: &'static str = "a duration up to 1s, such as 10ms, or 0s for not at all";

    fn from_text(text: &str) -> Option<Self> {
        let window = Duration::from_text(text)?;
        (window <= LONGEST_POLL).then_some(Self(window))
    }

    /// The same as for every duration, but for numbers that make more than a second.
    fn text_schema() -> Value {
        json!({ "type": "string", "pattern": r"^(?=.)(0+d)?(0+h)?(0+m)?(0*1s(0+ms)?|(0+s)?(0*(1000|\d{1,3})ms)?)$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_polled_for_a_second_without_traffic_at_most() {
        super::super::check::<BusyPoll>(&[
            ("0s", true),
            ("10ms", true),
            ("1s", true),
            ("1000ms", true),
            ("1s1ms", false),
            ("1m", false),
            ("on", false),
        ]);
    }

    #[test]
    fn durations_are_numbers_with_units_in_descending_order() {
        for (text, milliseconds) in [
            ("5s", Some(5_000)),
            ("100ms", Some(100)),
            ("1h30m", Some(5_400_000)),
            ("1d1ms", Some(86_400_001)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("5 s", None),
            ("-5s", None),
            ("1.5s", None),
            ("30m1h", None),
            ("1s1s", None),
            ("1S", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
        ] {
            assert_eq!(
                Duration::from_text(text),
                milliseconds.map(Duration::from_millis),
                "{text:?}"
            );
        }
    }
}
