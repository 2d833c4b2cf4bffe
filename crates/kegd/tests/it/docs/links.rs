//! Links between pages lead somewhere.

use std::path::Path;

use super::pages::{anchor, pages};
use crate::repository::read;

#[test]
fn every_link_to_a_file_or_heading_leads_there() {
    let mut count = 0;
    for page in pages() {
        let text = without_code(&read(&page));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let (link, _) = link;
            if link.starts_with("http://") || link.starts_with("https://") {
                continue;
            }
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link} leads nowhere", page.display());
            assert!(
                heading.is_empty() || has_heading(&target, heading),
                "{}: {link} has no such heading",
                page.display()
            );
        }
    }
    assert!(count > 20, "{count} links were found");
}

fn has_heading(page: &Path, heading: &str) -> bool {
    let text = read(page);
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    headings.any(|line| anchor(line.trim_start_matches('#').trim()) == heading)
}

/// The page without fenced blocks.
fn without_code(text: &str) -> String {
    let outside = text.split("```").step_by(2);
    outside.collect::<Vec<_>>().join("")
}
