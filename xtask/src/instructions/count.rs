//! Counting, by callgrind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::baselines::Baselines;
use crate::test::{Outcome, Places, ask_rustc, cargo, finish};

/// How often each case is done, so that what grows now and then is spread.
const ROUNDS: u64 = 100;

/// The function that is counted, as callgrind calls it, with all that it calls.
const COUNTED: &str = "keg_bench::measured*";

/// glibc chooses functions by what the processor has, which callgrind shows to it. These are what no processor lacks.
const ONE_GLIBC: &str = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX,-ERMS,-FSRM,-SSE4_2,-SSE4_1,-SSSE3,-BMI2,-MOVBE,\
    -AVX2_Usable,-AVX_Usable,-AVX_Fast_Unaligned_Load,-Prefer_No_VZEROUPPER,-Fast_Unaligned_Copy";

/// The program that has the cases, built as a release in one unit.
#[derive(Debug)]
pub(super) struct Counter {
    workspace: PathBuf,
    target: PathBuf,
    compiler: String,
}

impl Counter {
    pub(super) fn build(places: Places) -> Outcome<Self> {
        let target = places.target()?.to_owned();
        let workspace = places.workspace;
        let mut build = Command::new(cargo());
        build
            .current_dir(&workspace)
            .args(["build", "--profile", "counted", "--quiet", "-p", "keg-bench"])
            // Code for this very processor would have other counts than that for any.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        finish(&mut build)?;
        let version = ask_rustc(&workspace, &["--version"])?;
        Ok(Self {
            workspace,
            target,
            compiler: version.trim().to_owned(),
        })
    }

    pub(super) fn workspace(&self) -> &Path {
        &self.workspace
    }

    pub(super) fn count_all(&self) -> Outcome<Baselines> {
        let dir = self.target.join("instructions");
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        let names = Command::new(self.program()).arg("--list").output()?;
        let mut counts = BTreeMap::new();
        for (number, name) in String::from_utf8(names.stdout)?.lines().enumerate() {
            let count = self.count(name, &dir.join(format!("{number}.out")))?;
            counts.insert(name.to_owned(), count);
        }
        if counts.is_empty() {
            return Err("keg-bench has no cases".into());
        }
        Ok(Baselines {
            compiler: self.compiler.clone(),
            counts,
        })
    }

    fn program(&self) -> PathBuf {
        self.target.join("counted/keg-bench")
    }

    /// The instructions of a case, done once.
    fn count(&self, name: &str, out: &Path) -> Outcome<u64> {
        let output = Command::new("valgrind")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GLIBC_TUNABLES", ONE_GLIBC)
            .arg("--tool=callgrind")
            .arg(format!("--toggle-collect={COUNTED}"))
            .arg(format!("--callgrind-out-file={}", out.display()))
            .arg(self.program())
            .args([name, &ROUNDS.to_string()])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("callgrind failed at `{name}`:\n{said}").into());
        }
        match total(&fs::read_to_string(out)?) {
            None | Some(0) => Err(format!("callgrind has counted nothing of `{name}`:\n{said}").into()),
            Some(total) => Ok(total.div_ceil(ROUNDS)),
        }
    }
}

/// The sum at the end of callgrind's file.
fn total(file: &str) -> Option<u64> {
    let totals = file.lines().rev().find_map(|line| line.strip_prefix("totals:"));
    totals?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_the_end_of_the_file() {
        assert_eq!(
            total("events: Ir\n\nfn=(1)\n1 17\n\ntotals: 50345532\n"),
            Some(50_345_532)
        );
        assert_eq!(total("events: Ir\n"), None);
    }
}
