//! Names that are shown beside a namespace's own.

mod every_message;
mod metadata;
mod special;
mod walks;
