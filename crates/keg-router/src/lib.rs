//! From a connection's port and SNI to a virtual cluster and node, and back to the address to advertise.

#![warn(missing_docs)]
