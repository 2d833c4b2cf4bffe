//! The pages: their blocks of code, and the parts that are generated.

use std::fs;
use std::path::{Path, PathBuf};

use crate::repository::{files, read, root};

/// The pages that users read.
pub(super) fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .collect();
    pages.sort();
    pages.extend(files(&root().join("docs"), "md"));
    assert!(pages.len() > 6, "{pages:?}");
    pages
}

/// A fenced block of a page.
pub(super) struct Block {
    pub(super) page: PathBuf,
    /// The line of the page that it begins after.
    pub(super) line: usize,
    pub(super) language: String,
    pub(super) text: String,
}

impl Block {
    /// Where the block is, for messages.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.page.display(), self.line)
    }
}

/// All blocks of all pages in a language.
pub(super) fn blocks(language: &str) -> Vec<Block> {
    let all = pages().into_iter().flat_map(|page| blocks_of(&page));
    let blocks: Vec<Block> = all.filter(|block| block.language == language).collect();
    assert!(!blocks.is_empty(), "no page has a block of {language}");
    blocks
}

fn blocks_of(page: &Path) -> Vec<Block> {
    let text = read(page);
    let mut blocks = Vec::new();
    let mut open: Option<(Block, usize)> = None;
    for (index, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(language)) => {
                let block = Block {
                    page: page.to_owned(),
                    line: index + 1,
                    language: language.trim().to_owned(),
                    text: String::new(),
                };
                open = Some((block, line.len() - line.trim_start().len()));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(block, _)| block)),
            (Some((block, indent)), None) => {
                block.text.push_str(line.get(*indent..).unwrap_or_default());
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{} has a block without an end", page.display());
    blocks
}

/// Holds the part of a page between `<!-- generated: NAME -->` and `<!-- end -->` against what it is generated from, or
/// writes it where that is asked for.
pub(super) fn check_generated(page: &str, name: &str, expected: &str) {
    let path = root().join(page);
    let text = read(&path);
    let begin = format!("<!-- generated: {name} -->\n");
    let (before, rest) = text
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{page} has no line {begin}"));
    let (found, after) = rest
        .split_once("<!-- end -->")
        .unwrap_or_else(|| panic!("{page}: {name} has no end"));
    let expected = format!("\n{}\n\n", expected.trim());
    if found == expected {
        return;
    }
    if std::env::var("KEG_DOCS").is_ok_and(|it| it == "write") {
        fs::write(&path, format!("{before}{begin}{expected}<!-- end -->{after}")).unwrap();
        return;
    }
    panic!(
        "the part {name} of {page} is not what the code gives; `KEG_DOCS=write cargo test -p kegd --test it docs` writes it"
    );
}

/// The anchor that a heading gets, as GitHub makes it.
pub(super) fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|it| it.is_alphanumeric() || " -_".contains(*it))
        .map(|it| if it == ' ' { '-' } else { it })
        .collect()
}
