//! Templates: a whole value that is taken from the environment or from a file.

use std::path::{Path, PathBuf};

use super::decode::Context;

/// The longest file that a template takes in.
const MAX_FILE_BYTES: usize = 1024 * 1024;

const FORMS: &str = "write ${env['NAME']}, ${vault.env['NAME']} or ${file['/path']}";

/// Why a template gives nothing. It names the variable or the path, never a value.
pub(crate) struct Unresolved {
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Unresolved {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

enum Template<'a> {
    Variable(&'a str),
    File(&'a str),
}

/// The value of `text` when it is a template, `None` when it is a value of its own.
pub(crate) fn resolve(text: &str, context: &Context<'_>) -> Result<Option<String>, Unresolved> {
    match parse(text)? {
        None => Ok(None),
        Some(Template::Variable(name)) => variable(name, context).map(Some),
        Some(Template::File(path)) => file(path, context).map(Some),
    }
}

fn parse(text: &str) -> Result<Option<Template<'_>>, Unresolved> {
    let inside = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let Some(inside) = inside else {
        let partial = ["${env[", "${vault.", "${file["];
        return if partial.iter().any(|start| text.contains(start)) {
            let message = "a template must be the whole value";
            Err(Unresolved::new(message, FORMS))
        } else {
            Ok(None)
        };
    };
    let argument = |function| {
        let rest = inside.strip_prefix(function)?;
        let rest = rest.strip_prefix('[')?.strip_suffix(']')?;
        let quoted = |quote| rest.strip_prefix(quote)?.strip_suffix(quote);
        let name: &str = quoted('\'').or_else(|| quoted('"'))?;
        (!name.is_empty() && !name.contains(['\'', '"', '\0'])).then_some(name)
    };
    if let Some(name) = argument("env").or_else(|| argument("vault.env")) {
        Ok(Some(Template::Variable(name)))
    } else if let Some(path) = argument("file") {
        Ok(Some(Template::File(path)))
    } else {
        Err(Unresolved::new("not a template that keg knows", FORMS))
    }
}

fn variable(name: &str, context: &Context<'_>) -> Result<String, Unresolved> {
    match context.environment.variable(name) {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) => Err(Unresolved::new(
            format!("the environment variable {name} is empty"),
            format!("give {name} a value"),
        )),
        None => Err(Unresolved::new(
            format!("the environment variable {name} is not set"),
            format!("set {name} in the environment of kegd"),
        )),
    }
}

/// The content of a file without the line break that editors and tools put at its end.
fn file(path: &str, context: &Context<'_>) -> Result<String, Unresolved> {
    let relative = Path::new(path).is_relative();
    let path: PathBuf = context.directory.join(path);
    context.files.borrow_mut().insert(path.clone());
    let shown = path.display();
    let bytes = context.environment.read(&path, MAX_FILE_BYTES).map_err(|error| {
        let hint = if relative {
            "relative paths start at the directory of the configuration file"
        } else {
            "the file must be there, and kegd must be allowed to read it"
        };
        Unresolved::new(format!("can't read the file {shown}: {error}"), hint)
    })?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Unresolved::new(
            format!("the file {shown} is longer than {MAX_FILE_BYTES} bytes"),
            "name a smaller file",
        ));
    }
    let Ok(mut content) = String::from_utf8(bytes) else {
        return Err(Unresolved::new(
            format!("the file {shown} is not UTF-8 text"),
            "name a text file, such as PEM",
        ));
    };
    if content.ends_with('\n') {
        content.pop();
        if content.ends_with('\r') {
            content.pop();
        }
    }
    if content.is_empty() {
        return Err(Unresolved::new(
            format!("the file {shown} is empty"),
            "put the value into the file",
        ));
    }
    Ok(content)
}
