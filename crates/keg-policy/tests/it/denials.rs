//! Requests that name what is not the client's, beside what is.

mod every_message;
mod special;
