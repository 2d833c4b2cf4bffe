//! The commands that end by themselves.

mod schema;
mod validate;
mod version;

pub use schema::schema;
pub use validate::validate;
pub use version::version;
