//! Where the load goes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Written as `address=127.0.0.1:9092,topic=orders`, with `name=`, `ca=FILE` for TLS, `user=NAME:PASSWORD` for SASL/PLAIN,
/// `pid=` of the proxy in between and `by_name` for the last versions that name topics by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) topic: String,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) user: Option<(String, String)>,
    /// The process that is there for it.
    pub(crate) pid: Option<u32>,
    pub(crate) by_name: bool,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut address = None;
        let mut target = Self {
            name: String::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            topic: String::new(),
            ca: None,
            user: None,
            pid: None,
            by_name: false,
        };
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("name", name)) => target.name = name.to_owned(),
                Some(("address", text)) => address = Some(text.parse().map_err(|error| format!("{text}: {error}"))?),
                Some(("topic", topic)) => target.topic = topic.to_owned(),
                Some(("ca", file)) => target.ca = Some(file.into()),
                Some(("user", user)) => {
                    let (name, password) = user.split_once(':').ok_or("expected user=NAME:PASSWORD")?;
                    target.user = Some((name.to_owned(), password.to_owned()));
                }
                Some(("pid", pid)) => target.pid = Some(pid.parse().map_err(|error| format!("{pid}: {error}"))?),
                None if part == "by_name" => target.by_name = true,
                _ => {
                    return Err(format!(
                        "expected name, address, topic, ca, user, pid or by_name, found `{part}`"
                    ));
                }
            }
        }
        target.address = address.ok_or("a target has an address")?;
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_with_all_it_has() {
        let target: Target = "name=keg,address=127.0.0.1:9,topic=t,ca=/ca.pem,user=ann:pw,pid=7,by_name"
            .parse()
            .unwrap();
        assert_eq!((target.name.as_str(), target.topic.as_str()), ("keg", "t"));
        assert_eq!(target.user, Some(("ann".to_owned(), "pw".to_owned())));
        assert_eq!(target.pid, Some(7));
        assert!(target.by_name && target.ca.is_some() && target.address.port() == 9);
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in [
            "",
            "topic=t",
            "address=nowhere",
            "address=127.0.0.1:9,color=red",
            "address=127.0.0.1:9,user=ann",
            "address=127.0.0.1:9,pid=keg",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
