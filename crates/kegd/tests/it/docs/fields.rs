//! The page of every field that names something, as the policies themselves say it.

use std::fmt::Write as _;

use keg_codec::Api;
use keg_codec::schema::Entity;
use keg_policy::fields::{NamingField, fields};

use super::pages::check_generated;

#[test]
fn every_field_that_names_something_is_on_the_page_with_what_becomes_of_it() {
    let fields = fields();
    let mut text = format!("The fields of Kafka {}.", keg_codec::schema::KAFKA_VERSION);
    let mut count = 0;
    for api in Api::all() {
        let of_api: Vec<_> = fields
            .iter()
            .filter(|it| [api.request.name, api.response.name].contains(&it.message))
            .collect();
        count += of_api.len();
        section(&mut text, &format!("{} ({})", api.name, api.key.0), &of_api);
    }
    let embedded: Vec<_> = fields
        .iter()
        .filter(|it| it.message.starts_with("ConsumerProtocol"))
        .collect();
    count += embedded.len();
    section(&mut text, "What classic consumers send each other", &embedded);
    assert_eq!(count, fields.len());
    check_generated("docs/fields.md", "fields", &text);
}

fn section(text: &mut String, heading: &str, fields: &[&NamingField]) {
    if fields.is_empty() {
        return;
    }
    let _ = write!(
        text,
        "\n\n## {heading}\n\n| message | versions | field | names | in a namespace |\n|---|---|---|---|---|"
    );
    for field in fields {
        let _ = write!(
            text,
            "\n| {} | {} | `{}` | {} | {} |",
            field.message,
            field.versions,
            field.path,
            words(field.entity),
            field.decision.words
        );
    }
}

/// The kind of a field in words: `TopicName` is a topic name.
fn words(entity: Entity) -> String {
    let mut words = String::new();
    for letter in format!("{entity:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}
