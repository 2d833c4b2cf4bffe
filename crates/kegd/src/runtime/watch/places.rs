//! Where a change may change what a path leads to.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// How many symbolic links lead anywhere: as many as Linux follows.
const MAX_LINKS: usize = 40;

/// The folders to watch for what `path` leads to: the one that it is in, those of the symbolic links on the way, and a
/// directory itself. Of what isn't there it is the folder that the missing part would be in. No link is in their names, so
/// that a folder has one.
pub(super) fn folders(path: &Path) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    let Ok(mut rest) = std::path::absolute(path) else {
        return folders;
    };
    let mut at = PathBuf::new();
    let mut links = 0;
    loop {
        let mut components = rest.components();
        let Some(component) = components.next() else { break };
        let mut after = components.as_path().to_owned();
        match component {
            Component::Prefix(_) | Component::RootDir => at.push(component),
            Component::CurDir => {}
            // What is in front of it holds no link any more, so that this is the folder above.
            Component::ParentDir => {
                at.pop();
            }
            Component::Normal(name) => {
                let next = at.join(name);
                if let Ok(target) = next.read_link()
                    && links < MAX_LINKS
                {
                    links += 1;
                    folders.insert(at.clone());
                    after = target.join(after);
                } else if next.is_dir() {
                    at = next;
                } else {
                    break;
                }
            }
        }
        rest = after;
    }
    folders.insert(at);
    folders
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::super::tests::Folder;
    use super::*;

    fn check(root: &Folder, path: &str, expect: &[&str]) {
        let root = root.0.canonicalize().unwrap();
        let expect: BTreeSet<PathBuf> = expect.iter().map(|folder| root.join(folder)).collect();
        let found = folders(&root.join(path));
        assert_eq!(found, expect.iter().map(|path| path.components().collect()).collect());
    }

    #[test]
    fn a_file_is_watched_in_its_folder_and_what_is_missing_where_it_would_come() {
        let root = Folder::new("places");
        fs::create_dir_all(root.0.join("conf/tls")).unwrap();
        fs::write(root.0.join("conf/keg.yaml"), "").unwrap();
        check(&root, "conf/keg.yaml", &["conf"]);
        check(&root, "conf/tls/../keg.yaml", &["conf"]);
        check(&root, "conf/tls", &["conf/tls"]);
        check(&root, "conf/absent.yaml", &["conf"]);
        check(&root, "conf/absent/deeper/keg.yaml", &["conf"]);
    }

    #[test]
    fn links_are_watched_where_they_are_and_where_they_lead() {
        let root = Folder::new("places-links");
        fs::create_dir_all(root.0.join("releases/1")).unwrap();
        fs::create_dir(root.0.join("etc")).unwrap();
        fs::write(root.0.join("releases/1/keg.yaml"), "").unwrap();
        symlink("releases/1", root.0.join("current")).unwrap();
        symlink("../current/keg.yaml", root.0.join("etc/keg.yaml")).unwrap();
        symlink("circle", root.0.join("etc/circle")).unwrap();
        check(&root, "etc/keg.yaml", &["etc", "", "releases/1"]);
        check(&root, "etc/circle", &["etc"]);
    }
}
