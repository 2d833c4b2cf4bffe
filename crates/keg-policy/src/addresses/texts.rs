//! Texts for people, as brokers write them into errors.

use keg_codec::walk::Edit;

/// How a broker writes down a request that it refuses. The addresses of the connection that the request came on are in it,
/// the broker's and the gateway's, and whom the broker takes the gateway for; of a request that a broker handed on to the
/// controller, those of that connection too.
///
/// Of all that Kafka 4.3 says to a client (`org.apache.kafka` 4.3.1, every text that goes into an error) nothing else has an
/// address in it.
const REQUEST: &[u8] = b"Request(processor=";

/// Leaves such a request out of a text: "Request Request(processor=...) is not authorized." becomes "Request is not
/// authorized."
pub(super) fn without_request(text: &[u8]) -> Edit<'static> {
    let Some(at) = text.windows(REQUEST.len()).position(|it| it == REQUEST) else {
        return Edit::Keep;
    };
    let (before, request) = text.split_at(at);
    // Whatever stands in the request may have brackets of its own: the last one is the end.
    let behind = request.iter().rposition(|byte| *byte == b')');
    let behind = behind.and_then(|end| request.get(end + 1..)).unwrap_or_default();
    // The rest of a request that was cut off is no text.
    let behind = if behind.contains(&b'=') { &[] } else { behind };
    Edit::Replace([before.trim_ascii_end(), behind].concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_written_down_is_left_out() {
        let check = |text: &str, expected: Option<&str>| match without_request(text.as_bytes()) {
            Edit::Keep => assert_eq!(expected, None, "{text}"),
            Edit::Replace(new) => assert_eq!(Some(&*String::from_utf8_lossy(&new)), expected),
            other => panic!("{other:?}"),
        };
        // As Kafka 4.3.1 writes it.
        let request = "Request(processor=2, connectionId=10.0.0.1:9093-10.0.0.2:40048-2-0, \
            session=org.apache.kafka.network.Session@6f8d56f7, listenerName=ListenerName(CONTROLLER), \
            securityProtocol=SASL_PLAINTEXT, buffer=java.nio.HeapByteBuffer[pos=30 lim=30 cap=56], envelope=";
        check(
            &format!("Request {request}None) needs ALTER permission."),
            Some("Request needs ALTER permission."),
        );
        check(
            &format!("Request {request}Some({request}None))) is not authorized."),
            Some("Request is not authorized."),
        );
        check(&format!("Request {request}"), Some("Request"));
        check("Request(processor=", Some(""));
        check("Cluster authorization failed.", None);
        check("", None);
    }
}
