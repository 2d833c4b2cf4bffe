//! What the hot path costs by itself: cases that are counted in instructions (`cargo xtask instructions`), and timed
//! (`cargo bench -p keg-bench`).

mod acls;
mod cases;
mod framing;
mod hello;
mod messages;
mod rewriting;

use std::error::Error;

pub use cases::{CASES, Case};
pub use messages::Message;
pub use rewriting::{HOST, PORT, PREFIX, ROWS, Row, rewrite};

/// What comes of making something that is to be measured.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Something that can be done again and again, and always does the same.
pub type Work = Box<dyn FnMut()>;
