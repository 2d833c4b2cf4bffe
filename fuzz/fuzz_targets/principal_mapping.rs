//! Any text is mapping rules or is refused, and rules map the same name to the same principal.

#![no_main]

use keg_auth::certificate::Mapping;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    rules: Rules,
    name: String,
}

#[derive(Debug, Arbitrary)]
enum Rules {
    Text(String),
    /// One rule.
    Rule(String, String),
}

fuzz_target!(|input: Input| {
    let rules = match &input.rules {
        Rules::Text(text) => text.clone(),
        Rules::Rule(pattern, replacement) => format!("RULE:{pattern}/{replacement}/"),
    };
    // What the operator's own patterns cost is theirs.
    if rules.len() > 512 {
        return;
    }
    if let Ok(mapping) = rules.parse::<Mapping>() {
        let mapped = mapping.apply(&input.name);
        let with_default = format!("{rules}, DEFAULT")
            .parse::<Mapping>()
            .map(|mapping| mapping.apply(&input.name));
        assert_eq!(with_default, Ok(Some(mapped.unwrap_or(input.name))));
    }
});
