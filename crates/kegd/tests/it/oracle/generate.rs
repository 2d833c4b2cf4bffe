//! Random sequences of requests: mostly such as clients send, over few names.

mod beside;
mod hints;
mod stories;
mod together;

use keg_codec::Api;
use keg_codec::schema::{Field, Type};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::case::TOPICS;
use super::term::{Operation, Term};

/// How many requests a sequence has at most.
const LONGEST: usize = 20;

/// Sequences of requests of these APIs: the beginning of a story, and what comes to mind after it.
pub(super) fn sequences(apis: &[&'static Api]) -> impl Strategy<Value = Vec<Operation>> + use<> {
    let stories = stories::all().into_iter().map(|story| {
        let story: Vec<Operation> = story
            .into_iter()
            .filter(|it| apis.iter().any(|api| api.key == it.api.key))
            .collect();
        let weighted = apis.iter().map(|api| {
            let is_told = story.iter().any(|it| it.api.key == api.key);
            (if is_told { 8 } else { 2 }, operation(api))
        });
        let further = Union::new_weighted(weighted.collect());
        let versions = vec(any::<u8>(), story.len());
        (versions, 0..=story.len(), vec(further, 1..=LONGEST - story.len()))
            .prop_map(move |(versions, told, rest)| {
                let story = story.iter().zip(&versions).take(told).map(|(it, version)| Operation {
                    version: *version,
                    ..it.clone()
                });
                story.chain(rest).collect()
            })
            .boxed()
    });
    Union::new(stories.collect::<Vec<_>>())
}

/// Requests of one API, of any version.
pub(super) fn operation(api: &'static Api) -> BoxedStrategy<Operation> {
    let fields = together::whole(api, fields(api, api.request.fields));
    (any::<u8>(), fields)
        .prop_map(move |(version, fields)| Operation { api, version, fields })
        .boxed()
}

/// The same as the last of some requests, in a certain version: as a rule there are no others. Now and then they prepare one of
/// which a part succeeds, and the rest is denied, most likely.
pub(super) fn operation_of(api: &'static Api, version: u8) -> BoxedStrategy<Vec<Operation>> {
    let alone = operation(api).prop_map(|it| vec![it]);
    let others = 1..u8::try_from(TOPICS.len()).unwrap();
    let told = others.filter_map(|other| beside::told(api.key, other));
    let told: Vec<_> = told.collect();
    let some = match told.is_empty() {
        true => alone.boxed(),
        false => prop_oneof![1 => alone, 2 => select(told)].boxed(),
    };
    some.prop_map(move |mut operations| {
        if let Some(last) = operations.last_mut() {
            last.version = version;
        }
        operations
    })
    .boxed()
}

/// Values for the fields of a table, in all versions at once.
fn fields(api: &'static Api, table: &'static [Field]) -> BoxedStrategy<Vec<(&'static str, Term)>> {
    let values: Vec<_> = table
        .iter()
        .map(|field| value(api, field).prop_map(|term| (field.name, term)))
        .collect();
    values.boxed()
}

fn value(api: &'static Api, field: &'static Field) -> BoxedStrategy<Term> {
    if let Some(strategy) = hints::of(api, field) {
        return strategy;
    }
    match (field.array, field.ty) {
        (true, ty) => {
            let element = match ty {
                Type::Struct(nested) => together::element(api, field, fields(api, nested))
                    .prop_map(Term::Fields)
                    .boxed(),
                _ => hints::of_element(api, field),
            };
            // A topic without partitions is told in one way by one broker, and not at all by another.
            let least = usize::from(matches!(
                field.name,
                "Partitions" | "PartitionData" | "PartitionIndexes"
            ));
            let some = vec(element, least..=3).prop_map(Term::Array);
            if field.nullable.is_empty() {
                some.boxed()
            } else {
                prop_oneof![6 => some, 1 => Just(Term::Null)].boxed()
            }
        }
        (false, Type::Struct(nested)) if field.nullable.is_empty() => {
            fields(api, nested).prop_map(Term::Fields).boxed()
        }
        (false, Type::Struct(nested)) => {
            prop_oneof![3 => Just(Term::Null), 1 => fields(api, nested).prop_map(Term::Fields)].boxed()
        }
        _ => hints::of_element(api, field),
    }
}
