//! What the hot path costs by itself: cases that are counted in instructions (`cargo xtask instructions`), timed one by one
//! (`cargo bench -p keg-bench`), or timed beside each other.

mod acls;
mod cases;
mod framing;
mod hello;
mod messages;
mod rewriting;
mod times;

use std::error::Error;

pub use cases::{CASES, Case};
pub use messages::Message;
pub use rewriting::{HOST, PORT, PREFIX, ROWS, Row, rewrite};
pub use times::medians;

/// What comes of making something that is to be measured.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Something that can be done again and again, and always does the same.
pub type Work = Box<dyn FnMut()>;
