//! How long it takes: all that `cargo xtask instructions` counts; and rewriting, beside `kafka-protocol`, which decodes,
//! is changed and encodes again, and beside a copy of the bytes.

mod theirs;

use std::error::Error;
use std::hint::black_box;

use criterion::{Criterion, Throughput};
use keg_bench::{CASES, ROWS, rewrite};

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    rewriting(&mut criterion)?;
    cases(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

fn rewriting(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    for row in ROWS {
        let message = (row.message)()?;
        // To compare means that all do the same.
        let ours = rewrite(&message)?.into_bytes();
        if theirs::rewrite(&message)? != ours {
            return Err(format!("{}: kafka-protocol writes something else", row.name).into());
        }
        let mut group = criterion.benchmark_group(row.name);
        group.throughput(Throughput::Bytes(u64::try_from(message.body.len())?));
        group.bench_function("keg", |bench| bench.iter(|| rewrite(black_box(&message))));
        group.bench_function("kafka-protocol", |bench| {
            bench.iter(|| theirs::rewrite(black_box(&message)))
        });
        group.bench_function("copy", |bench| bench.iter(|| black_box(&message.body).to_vec()));
        group.finish();
    }
    Ok(())
}

fn cases(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let mut group = criterion.benchmark_group("cases");
    for case in CASES {
        let mut work = case.make()?;
        group.bench_function(case.name, |bench| bench.iter(&mut work));
    }
    group.finish();
    Ok(())
}
