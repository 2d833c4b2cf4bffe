//! `cargo xtask schemas`: the codec's tables from Kafka's own message definitions.
//!
//! The definitions ship inside the `kafka-clients` jar. Every field that can hold a name, an id or an
//! address needs a decision in `schemas/entities.csv`, unless Kafka's `entityType` already gives it; a
//! field without one stops the generation. So does any field, and any version of a message, that
//! `schemas/fields.csv` doesn't list as reviewed: a new Kafka release can't add a leak unnoticed.
//!
//! What keg does with the fields that name something is decided in `keg_policy::fields`, where a kind of field without
//! a decision doesn't compile, and is printed by `cargo xtask schemas --list`.

mod definition;
mod entities;
pub(crate) mod fetch;
mod render;
mod reviewed;

use std::path::Path;
use std::process::Command;

use definition::Definition;
use entities::Entities;
use reviewed::Reviewed;

/// The Kafka release whose definitions the tables are made from.
pub(crate) const KAFKA_VERSION: &str = "4.4.0";

/// Where the generated tables live, from the root of the repository.
const GENERATED: &str = "crates/keg-codec/src/schema/generated.rs";

/// Writes the tables, or with `check` fails when they differ from what would be written.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("xtask has no parent folder")?;
    let tables = generate(root)?;
    let path = root.join(GENERATED);
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    if current == tables {
        return Ok(());
    }
    if check {
        return Err(format!(
            "{GENERATED} is not what `cargo xtask schemas` generates from Kafka {KAFKA_VERSION}: run it and commit the result"
        ));
    }
    std::fs::write(&path, tables).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn generate(root: &Path) -> Result<String, String> {
    let folder = fetch::definitions(&root.join("target/kafka"), KAFKA_VERSION)?;
    let definitions = Definition::read_all(&folder)?;
    let mut entities = Entities::read(&root.join("xtask/schemas/entities.csv"))?;
    let reviewed = Reviewed::read(&root.join("xtask/schemas/fields.csv"))?.compare(&definitions);
    let tables = render::tables(&definitions, &mut entities)?;
    match (entities.finish(), reviewed) {
        (Ok(()), Ok(())) => Ok(tables),
        // Both at once, so that one run says all that is to be done.
        (Err(first), Err(second)) => Err(format!("{first}\n{second}")),
        (Err(problem), Ok(())) | (Ok(()), Err(problem)) => Err(problem),
    }
}

/// Prints what becomes of every field that names something, as the policies themselves say it.
pub(crate) fn list() -> Result<(), String> {
    // Not a dependency: what prints it is compiled with the tables that are generated here.
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "keg-policy", "--example", "fields"])
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("the list could not be made: {status}")),
    }
}
