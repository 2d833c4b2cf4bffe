//! The commands that end by themselves.

mod acl_check;
mod hash_password;
mod schema;
mod validate;
mod version;

pub use acl_check::{AclCheck, acl_check};
pub use hash_password::hash_password;
pub use schema::schema;
pub use validate::validate;
pub use version::version;
