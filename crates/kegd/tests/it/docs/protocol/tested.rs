//! The versions that the Kafka of the tests has, by a list that is held against it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::Versions;
use keg_codec::{Api, ApiKey};

use crate::ask::ask;
use crate::backend::Backend;
use crate::repository::{read, root};
use crate::scenario::setup_or_skip;
use crate::setup::CURRENT;

const LIST: &str = "crates/kegd/tests/it/docs/protocol/tested.csv";

/// What a broker has of each API.
pub(crate) struct Tested(BTreeMap<i16, Versions>);

impl Tested {
    pub(crate) const KAFKA: &str = CURRENT;

    pub(crate) fn read() -> Self {
        let text = read(&root().join(LIST));
        let rows = text.lines().skip(1).map(|row| {
            let numbers: Vec<i16> = row.split(',').map(|number| number.parse().unwrap()).collect();
            let [key, first, last] = numbers[..] else {
                panic!("`{row}` does not have three columns")
            };
            (key, Versions { first, last })
        });
        Self(rows.collect())
    }

    pub(crate) fn has(&self, key: ApiKey, version: i16) -> bool {
        self.0.get(&key.0).is_some_and(|versions| versions.contains(version))
    }
}

#[test]
fn the_versions_that_are_run_are_those_of_the_broker() {
    let Some(setup) = setup_or_skip("tested-versions") else {
        return;
    };
    let bootstrap = Backend::shared(setup).bootstrap();
    let answer = api_versions(bootstrap.split(',').next().unwrap());
    let mut text = "api_key,first,last".to_owned();
    for entry in answer.get("ApiKeys").and_then(Value::as_array).unwrap() {
        let number = |name| {
            entry
                .as_struct()
                .unwrap()
                .get(name)
                .and_then(Value::as_integer)
                .unwrap()
        };
        let (key, first, last) = (number("ApiKey"), number("MinVersion"), number("MaxVersion"));
        let _ = write!(text, "\n{key},{first},{last}");
    }
    text.push('\n');
    let path = root().join(LIST);
    if std::env::var("KEG_DOCS").is_ok_and(|it| it == "write") {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap_or_default(),
        text,
        "{LIST}; `KEG_DOCS=write` writes it"
    );
}

/// What a broker answers when it is asked for its versions.
fn api_versions(address: &str) -> Struct {
    const VERSION: i16 = 3;
    let api = Api::of(ApiKey::API_VERSIONS).unwrap();
    let mut body = Struct::new(api.request.fields, VERSION);
    body.set("ClientSoftwareName", Value::text("keg"));
    body.set("ClientSoftwareVersion", Value::text("0"));
    let body = body.write(&api.request, VERSION).unwrap();
    let answer = ask(address, api, VERSION, &body).unwrap();
    Struct::read(&api.response, VERSION, &answer).unwrap()
}
