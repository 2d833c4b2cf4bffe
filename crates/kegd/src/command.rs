//! The commands that end by themselves.

mod hash_password;
mod schema;
mod validate;
mod version;

pub use hash_password::hash_password;
pub use schema::schema;
pub use validate::validate;
pub use version::version;
