//! How many files the process may have open: a connection takes two.

/// Raises the limit as far as the process may without asking anybody, and says what it is then. The lower one that
/// processes begin with, often 1,024, is for programs that use `select`, which this one doesn't.
/// A listener that may have more connections than that leaves for them is worth a word.
pub(super) fn raise_limit(max_connections: usize) -> Option<u64> {
    let limit = raised();
    let wanted = u64::try_from(max_connections).unwrap_or(u64::MAX).saturating_mul(2);
    if let Some(limit) = limit.filter(|limit| *limit < wanted) {
        tracing::warn!(
            "the process may have {limit} open files, which is too few for `runtime.max_connections`, {max_connections} with two \
             each; connections that it has no files for wait: raise the hard limit, or lower that"
        );
    }
    limit
}

fn raised() -> Option<u64> {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => Some(limit),
        Err(error) => {
            tracing::warn!(
                "the limit of open files can't be raised: {error}; raise it with `ulimit -n` before the start"
            );
            rlimit::Resource::NOFILE.get_soft().ok()
        }
    }
}
