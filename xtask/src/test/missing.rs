//! What has to be on the machine already: said all at once, with the commands that install it.

use std::process::{Command, Stdio};

const OLDEST_JAVA: u32 = 17;

/// Something that the tests need and that is not there.
#[derive(Debug)]
pub(super) struct Missing {
    what: &'static str,
    needed_for: &'static str,
    install: &'static str,
}

impl Missing {
    pub(super) fn new(what: &'static str, needed_for: &'static str, install: &'static str) -> Self {
        Self {
            what,
            needed_for,
            install,
        }
    }
}

/// Looks for Java, and for Maven unless the jars are there already.
pub(super) fn look(jars_are_there: bool) -> Vec<Missing> {
    let mut missing = Vec::new();
    if !is_new_enough("java") || !is_new_enough("javac") {
        missing.push(Missing::new(
            "Java 17 or newer (java and javac)",
            "every test on a real Kafka",
            "sudo apt-get install openjdk-17-jdk-headless   (macOS: brew install openjdk@17)",
        ));
    }
    if !jars_are_there && !answers("mvn", &["-version"]) {
        missing.push(Missing::new(
            "Maven",
            "fetching Kafka's jars, so every test on a real Kafka",
            "sudo apt-get install maven   (macOS: brew install maven)",
        ));
    }
    missing
}

/// One message for everything that is missing.
pub(super) fn message(missing: &[Missing]) -> String {
    let mut message = String::from("missing on this machine:");
    for Missing {
        what,
        needed_for,
        install,
    } in missing
    {
        message.push_str(&format!(
            "\n  {what}\n    needed for: {needed_for}\n    install:    {install}"
        ));
    }
    message
}

pub(crate) fn answers(program: &str, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_new_enough(program: &str) -> bool {
    let Ok(output) = Command::new(program).arg("-version").output() else {
        return false;
    };
    let said = [output.stdout, output.stderr].concat();
    output.status.success() && major(&String::from_utf8_lossy(&said)).is_some_and(|major| major >= OLDEST_JAVA)
}

/// The major version in `openjdk version "17.0.15" ...` or `javac 17.0.15`; the old scheme was `1.8.0_402`.
fn major(said: &str) -> Option<u32> {
    let version = said
        .split(|c: char| c.is_whitespace() || c == '"')
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    match numbers.next()?.parse().ok()? {
        1 => numbers.next()?.parse().ok(),
        major => Some(major),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_every_form_java_prints() {
        let check = |said: &str, expected: Option<u32>| assert_eq!(major(said), expected, "{said}");
        check("openjdk version \"17.0.15\" 2025-04-15", Some(17));
        check("javac 21", Some(21));
        check("java version \"1.8.0_402\"", Some(8));
        check("openjdk version \"25-ea\" 2025-09-16", Some(25));
        check("The operation couldn't be completed.", None);
    }

    #[test]
    fn everything_missing_is_in_one_message_with_its_command() {
        let message = message(&[
            Missing::new("Maven", "jars", "get maven"),
            Missing::new("kcat", "old clients", "get kcat"),
        ]);
        for part in ["Maven", "get maven", "kcat", "get kcat"] {
            assert!(message.contains(part), "{part} is not in {message}");
        }
    }
}
