//! Why a message was not walked to its end.

/// Why a message was not walked to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// A value is longer than the bytes that are left.
    #[error("a value of {needed} bytes does not fit into the {left} bytes that are left")]
    Truncated {
        /// The size that the value claims.
        needed: usize,
        /// What the message still has.
        left: usize,
    },
    /// An array claims more elements than there are bytes.
    #[error("an array of {count} elements does not fit into the {left} bytes that are left")]
    CountBeyondMessage {
        /// The count that the array claims.
        count: usize,
        /// What the message still has.
        left: usize,
    },
    /// Bytes follow the last field.
    #[error("{count} bytes follow the last field")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A varint has more than five bytes, or more than 32 bits.
    #[error("a varint is longer than 32 bits")]
    VarintTooLong,
    /// A length is below -1.
    #[error("a length is {length}")]
    NegativeLength {
        /// The length.
        length: i64,
    },
    /// A field is null in a version where it can't be.
    #[error("`{field}` is null, which it can't be in this version")]
    Null {
        /// Kafka's name of the field.
        field: &'static str,
    },
    /// The tags of a tagged section are not in ascending order, one comes twice, or is above 31 bits.
    #[error("tag {tag} is out of order or range")]
    TagOrder {
        /// The tag.
        tag: u32,
    },
    /// A tagged field has another size than its section says.
    #[error("tagged field `{field}` has another size than its section says")]
    TagSize {
        /// Kafka's name of the field.
        field: &'static str,
        /// What it leaves.
        left: usize,
    },
    /// The visitor refuses a tagged field that the tables don't know.
    #[error("tag {tag} is unknown to keg's tables and can't be passed on unread")]
    UnknownTag {
        /// The tag.
        tag: u32,
    },
    /// An edit made a value too long for its length field.
    #[error("a value of {length} bytes is too long for its length field")]
    TooLong {
        /// The length after the edit.
        length: usize,
    },
    /// The visitor dropped something that is not inside an array.
    #[error("`{field}` can't be dropped: it is not in an array")]
    NotInArray {
        /// Kafka's name of the field.
        field: &'static str,
    },
    /// The visitor refused the message.
    #[error("`{field}` was refused")]
    Refused {
        /// Kafka's name of the field.
        field: &'static str,
    },
}
