//! Authentication seam of a Kafka proxy: principals and sessions.

#![warn(missing_docs)]
