//! What clients can make the gateway hold.
