//! What is said to become of a field is what becomes of it, in every version that is served and in both modes.

use keg_codec::message::{Struct, Value};
use keg_codec::{Api, Direction};
use keg_policy::Mode;
use keg_policy::fields::{Effect, NamingField, fields};

use crate::support::fill::Filler;
use crate::support::message::values;
use crate::support::names::{Owner, topics};
use crate::support::{Fate, Gateway};

/// A message in which all that is named is the client's.
fn own(api: &'static Api, version: i16, direction: Direction, prefixed: bool) -> Struct {
    Filler {
        api,
        version,
        direction,
        prefixed,
        owners: &[Owner::Client],
    }
    .message()
}

/// How often each effect was seen.
#[derive(Debug, Default)]
struct Seen {
    stays: usize,
    renamed: usize,
    replaced: usize,
}

impl Seen {
    fn check(&mut self, field: &NamingField, mode: Mode, before: &Struct, after: &Struct) {
        let path = field.path.replace("[]", ".*");
        let (before, after) = (values(before, &path), values(after, &path));
        let is_nothing = |value: &&&Value| **value != &Value::Null && **value != &Value::Bytes(Vec::new());
        let stays = match field.decision.effect {
            // What is empty or not there stays so.
            Effect::Renamed | Effect::Replaced if before.iter().filter(is_nothing).count() == 0 => return,
            Effect::Passes | Effect::Checked => true,
            Effect::Renamed => mode == Mode::EnforcePrefix,
            Effect::Replaced => false,
            Effect::NotServed => panic!("{field:?} is served"),
        };
        assert_eq!(
            before == after,
            stays,
            "{field:?}, {mode:?}: {before:?} becomes {after:?}"
        );
        match field.decision.effect {
            Effect::Renamed => self.renamed += 1,
            Effect::Replaced => self.replaced += 1,
            _ => self.stays += 1,
        }
    }
}

#[test]
fn what_is_said_of_a_field_that_names_something_is_what_is_done() {
    let fields = fields();
    let of = |message: &str, version: i16| -> Vec<&NamingField> {
        let fields = fields.iter().filter(|it| it.message == message);
        fields.filter(|it| it.versions.contains(version)).collect()
    };
    let mut seen = Seen::default();
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let gateway = Gateway::isolated(mode);
        for (api, version) in gateway.served() {
            let asked = own(api, version, Direction::Request, mode == Mode::EnforcePrefix);
            let Fate::Forwarded(sent, pending) = gateway.ask_one_with(&topics(), api.key, version, &asked) else {
                panic!("{} v{version} is not forwarded", api.name)
            };
            for field in of(api.request.name, version) {
                seen.check(field, mode, &asked, &sent);
            }
            let answer = own(api, version, Direction::Response, true);
            let received = gateway.answer(api.key, version, pending, &answer);
            for field in of(api.response.name, version) {
                seen.check(field, mode, &answer, &received);
            }
        }
    }
    assert!(
        seen.stays > 1500 && seen.renamed > 900 && seen.replaced > 100,
        "{seen:?}"
    );
}

#[test]
fn every_version_that_is_not_served_is_said_not_to_be() {
    let gateway = Gateway::hiding();
    for field in fields() {
        let is_of = |api: &&Api| [api.request.name, api.response.name].contains(&field.message);
        let Some(api) = Api::all().iter().find(is_of) else {
            continue;
        };
        for version in field.versions.first..=field.versions.last {
            assert_eq!(
                gateway.chain.served().contains(api.key, version),
                field.decision.effect != Effect::NotServed,
                "{field:?}"
            );
        }
    }
}
