//! Topics under other names.

mod every_message;
mod play;
