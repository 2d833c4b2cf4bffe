//! `cargo xtask release`: kegd as it is meant to be run, optimized by a profile of itself under load.
//!
//! A gateway does little with each request, and does it in much code, of which a processor with other things to do forgets most
//! between two requests. With a profile the compiler lays what is done together side by side, and puts what never happens
//! out of the way ([profile-guided optimization](https://doc.rust-lang.org/rustc/profile-guided-optimization.html)).
//!
//! It takes two builds: one that counts what is done, and one that uses the counts. All of it is below `target/pgo`.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::{self, Programs};
use crate::println_out;
use crate::test::stamp::Stamp;
use crate::test::{Outcome, Places, ask_rustc, cargo, finish};

/// Builds it, and says where it is.
pub(crate) fn run() -> Outcome {
    let kegd = build(&Places::find()?)?;
    println_out(&format!("built {}", kegd.display()));
    Ok(())
}

/// Builds what isn't built yet.
pub(crate) fn build(places: &Places) -> Outcome<PathBuf> {
    // What loads is this program. Later, it may have been built anew.
    let trainer = read(&env::current_exe()?)?;
    let compiler = Compiler::find(&places.workspace)?;
    let profdata = compiler.profdata()?;
    let dir = places.target()?.join("pgo");
    fs::create_dir_all(&dir)?;
    // Held until the end: a second run waits.
    let lock = File::create(dir.join("lock"))?;
    lock.lock()?;
    let (counts, profile) = (dir.join("counts"), dir.join("profile"));
    let builder = Builder {
        workspace: &places.workspace,
        dir,
        host: compiler.host,
    };
    let load = plain(places, "keg-load")?;
    eprintln!("building kegd so that it counts what it does");
    let counting = builder.kegd("counting", &format!("-Cprofile-generate={}", counts.display()))?;

    let merged = profile.join("kegd.profdata");
    let stamp = Stamp::new(&profile, &[read(&counting)?, read(&load)?, trainer]);
    if !stamp.is_current() || !merged.exists() {
        eprintln!("taking a profile");
        // cargo wouldn't notice that what it built was built by another profile.
        for old in [&counts, &profile, &builder.dir.join("profiled")] {
            if old.exists() {
                fs::remove_dir_all(old)?;
            }
        }
        let counted = Programs {
            kegd: counting,
            plain: None,
            load,
        };
        bench::train(counted, &builder.dir.join("load"))?;
        fs::create_dir_all(&profile)?;
        finish(
            Command::new(profdata)
                .args(["merge", "--output"])
                .arg(&merged)
                .arg(counts),
        )?;
        stamp.write()?;
    }
    eprintln!("building kegd by the profile");
    let built = builder.kegd("profiled", &format!("-Cprofile-use={}", merged.display()))?;
    // A gateway that runs keeps the file that it was started from.
    let (new, kegd) = (builder.dir.join("kegd.new"), builder.dir.join("kegd"));
    fs::copy(built, &new)?;
    fs::rename(new, &kegd)?;
    Ok(kegd)
}

/// Builds a package as `cargo build --release` does.
pub(crate) fn plain(places: &Places, package: &str) -> Outcome<PathBuf> {
    finish(&mut cargo_build(&places.workspace, package))?;
    Ok(places.target()?.join("release").join(package))
}

/// Builds a package by itself: beside others, its dependencies might have other features.
fn cargo_build(workspace: &Path, package: &str) -> Command {
    let mut command = Command::new(cargo());
    command
        .current_dir(workspace)
        .args(["build", "--release", "--quiet", "--package", package]);
    command
}

struct Builder<'a> {
    workspace: &'a Path,
    dir: PathBuf,
    host: String,
}

impl Builder<'_> {
    /// A build with one more flag for the compiler, in a directory of its own.
    fn kegd(&self, name: &str, flag: &str) -> Outcome<PathBuf> {
        let dir = self.dir.join(name);
        let variable = |name| env::var(name).ok();
        let flags = flags(variable("CARGO_ENCODED_RUSTFLAGS"), variable("RUSTFLAGS"), flag);
        let mut command = cargo_build(self.workspace, "kegd");
        command
            // With a target the flags are not those of build scripts and macros as well.
            .args(["--target", &self.host, "--target-dir"])
            .arg(&dir)
            .env("CARGO_ENCODED_RUSTFLAGS", flags);
        finish(&mut command)?;
        Ok(dir.join(&self.host).join("release/kegd"))
    }
}

/// What is known of the compiler.
struct Compiler {
    host: String,
    libraries: PathBuf,
}

impl Compiler {
    fn find(workspace: &Path) -> Outcome<Self> {
        let version = ask_rustc(workspace, &["--version", "--verbose"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or("rustc does not say what it compiles for")?;
        let root = ask_rustc(workspace, &["--print", "sysroot"])?;
        Ok(Self {
            host: host.to_owned(),
            libraries: Path::new(root.trim()).join("lib/rustlib").join(host),
        })
    }

    /// The program that merges counts: the compiler's own, since it must know the compiler's format.
    fn profdata(&self) -> Outcome<PathBuf> {
        let program = self.libraries.join("bin/llvm-profdata");
        if !program.exists() {
            eprintln!("installing llvm-tools");
            let installed = Command::new("rustup").args(["component", "add", "llvm-tools"]).status();
            if !installed.is_ok_and(|status| status.success()) || !program.exists() {
                let program = program.display();
                return Err(format!("there is no {program}: install it by `rustup component add llvm-tools`").into());
            }
        }
        Ok(program)
    }
}

fn read(file: &Path) -> Outcome<Vec<u8>> {
    fs::read(file).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// The flags of the environment, and one more, as cargo takes them in `CARGO_ENCODED_RUSTFLAGS`. That counts before `RUSTFLAGS`,
/// and before the flags of cargo's configuration files, which are left out.
fn flags(encoded: Option<String>, plain: Option<String>, more: &str) -> String {
    let plain = || plain.map(|flags| flags.split_whitespace().collect::<Vec<_>>().join("\x1f"));
    let mut flags = encoded.or_else(plain).unwrap_or_default();
    if !flags.is_empty() {
        flags.push('\x1f');
    }
    flags + more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_environment_are_kept() {
        let some = |text: &str| Some(text.to_owned());
        for (encoded, plain, all) in [
            (None, None, "-Cx"),
            (None, some(" -Ca  -Cb "), "-Ca\x1f-Cb\x1f-Cx"),
            (some("-Ca b\x1f-Cc"), some("-Cd"), "-Ca b\x1f-Cc\x1f-Cx"),
            (None, some(""), "-Cx"),
        ] {
            assert_eq!(flags(encoded, plain, "-Cx"), all);
        }
    }

    #[test]
    fn the_compiler_says_what_it_compiles_for() {
        let compiler = Compiler::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(compiler.host.contains(env::consts::ARCH), "{}", compiler.host);
        assert!(compiler.libraries.is_dir(), "{}", compiler.libraries.display());
    }
}
