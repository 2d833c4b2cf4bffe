//! kcat, the command line of librdkafka: an old native client.

use super::Outcome;
use super::missing::Missing;
use crate::apt;

/// Installs kcat where that can be done without a question, and says how where it can't.
pub(super) fn set_up() -> Outcome<Option<Missing>> {
    if apt::provide("kcat", &["-V"], "kcat")? {
        return Ok(None);
    }
    Ok(Some(Missing::new(
        "kcat",
        "the tests with an old librdkafka",
        "sudo apt-get install --no-install-recommends kcat   (macOS: brew install kcat)",
    )))
}
