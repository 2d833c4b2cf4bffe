//! Other names of topics.

use super::super::decode::{At, entity};
use super::super::model::OnConflict;
use super::super::value::TopicName;
use crate::expression::Condition;

entity! {
    /// Another name under which clients reach a topic. They produce, consume, commit and describe by it; they don't create,
    /// alter or delete.
    TopicAlias {
        /// The other name. It need not have the namespace's prefix.
        alias: At<TopicName>,
        /// The topic, by the name under which clients reach it without the alias.
        topic: At<TopicName>,
        /// Who has the alias: an expression over context that is true or false. Without one all clients have it.
        condition: Option<Condition>,
        /// What to do when there is a topic of the alias' name, which clients don't see for that: a line in the log and a
        /// metric (warn), or nothing (ignore).
        conflict: OnConflict = "warn",
    }
}
