//! The settings of brokers, some of which hold addresses.

use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, Verdict, Visitor};

use super::texts::without_request;

/// The kind of resource that a broker is.
const BROKER: i64 = 4;

/// How the names of such settings end.
const ADDRESSES: [&[u8]; 7] = [
    b"endpoint.url",
    b"listeners",
    b"bootstrap.servers",
    b"quorum.voters",
    b"host.name",
    b"advertised.port",
    b"zookeeper.connect",
];

/// The visitor of a DescribeConfigs response.
#[derive(Debug, Default)]
pub(super) struct Configs {
    of_broker: bool,
    is_address: bool,
}

impl Visitor for Configs {
    fn interest(&self) -> EntitySet {
        const {
            EntitySet::of(&[
                Entity::ConfigResourceType,
                Entity::ConfigValue,
                Entity::FreeText,
                Entity::Plain,
            ])
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        if field.entity == Entity::ConfigResourceType {
            self.of_broker = value == BROKER;
        }
        IntegerEdit::Keep
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        match (field.entity, field.name) {
            (Entity::ConfigValue, _) if self.of_broker && self.is_address => Edit::Null,
            (Entity::FreeText, _) => value.map_or(Edit::Keep, without_request),
            (Entity::Plain, "Name") => {
                let name = value.unwrap_or_default();
                self.is_address = ADDRESSES.iter().any(|ending| name.ends_with(ending));
                Edit::Keep
            }
            _ => Edit::Keep,
        }
    }

    fn unknown_tag(&mut self, _tag: u32) -> Verdict {
        Verdict::Drop
    }
}
