//! Tables of any shape, exported in every format and imported again: nothing may have changed.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Cells, RF1, Table, exactly, exported, imported, run};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use scylla::value::CqlDate;

use crate::shapes::Shape;

/// The environment variable that repeats the tests with the seed that their failure names.
const SEED: &str = "IMPORTS_SEED";

const FORMATS: [&str; 5] = ["csv", "jsonl", "json", "parquet", "arrow"];

/// Tables of random shapes, the given numbers of them, through every format.
async fn come_back(cases: std::ops::Range<usize>) -> Result<()> {
    let seed: u64 = match std::env::var(SEED) {
        Ok(text) => text.parse().context("the seed is no number")?,
        Err(_) => rand::random(),
    };
    let base = format!("imports_base_{}", cases.start);
    let base = Table::create(RF1, &base, "(id int PRIMARY KEY)").await?;
    for case in cases {
        let mut random = StdRng::seed_from_u64(seed.wrapping_add(case as u64));
        let shape = Shape::random(case, &mut random);
        let one = one(case, &shape, &base, &mut random).await;
        one.with_context(|| format!("{SEED}={seed}, case {case}, {}", shape.declaration()))?;
    }
    Ok(())
}

async fn one(case: usize, shape: &Shape, base: &Table, random: &mut StdRng) -> Result<()> {
    let names = [format!("imports_from_{case}"), format!("imports_to_{case}")];
    let [from, to] = shape.create(base, [&names[0], &names[1]]).await?;
    shape.fill(&from, random).await?;
    let expected = shape.cells(&from).await?;
    ensure!(!expected.is_empty(), "there is nothing to compare");
    for format in FORMATS {
        let packed: &[&str] = match format {
            "parquet" => &["none", "zstd", "snappy"],
            "arrow" => &["none", "lz4"],
            _ => &["none", "none", "gzip", "zstd", "lz4", "snappy", "bzip2", "xz"],
        };
        let packed = packed.choose(random).context("a compression")?;
        let options = ["--format", format, "--compression", packed];
        let about = || format!("{options:?}");
        let folder = exported(&from, &options).await.with_context(about)?;
        shape.empty(&to).await?;
        ensure!(shape.cells(&to).await?.is_empty(), "the second table is not empty");
        let done = imported(&to, folder.path(), &[]).await.with_context(about)?;
        done.counted(expected.len() as u64, expected.len() as u64, 0)?;
        exactly(shape.cells(&to).await?, expected.clone()).with_context(about)?;
    }
    Ok(())
}

#[test]
fn a_table_of_any_shape_comes_back_from_every_format() {
    run(come_back(0..6));
}

#[test]
fn and_so_do_others() {
    run(come_back(6..12));
}

/// What is in the names of folders is in no file, and is read from there; null has a name of its own.
#[test]
fn what_a_folder_says_comes_back() {
    run(async {
        let columns =
            "(id int, day date, name text, n double, v text, PRIMARY KEY ((id, day), name))";
        let from = Table::create(RF1, "imports_hive", columns).await?;
        let to = Table::create(RF1, "imports_hive_again", columns).await?;
        let insert = "INSERT INTO {} (id, day, name, n, v) VALUES (?, ?, ?, ?, ?)";
        let names = ["a", "", "with space", "a/b=c", "ü%20", "..", "x:y*?", "\n", "null"];
        let row = |(id, name): (i32, &'static str)| {
            let n = [Some(0.5), Some(-0.0), Some(f64::NAN), None]
                [usize::try_from(id).unwrap_or_default() % 4];
            (id, CqlDate((1 << 31) - 1 + id.cast_unsigned() % 3), name, n, "v")
        };
        from.write(insert, (0..).zip(names).map(row)).await?;
        let cells = "SELECT id, day, name, n, v FROM {}";
        let expected = from.rows::<Cells>(cells).await?;
        ensure!(expected.len() == names.len());
        for format in FORMATS {
            for by in ["name", "day,name", "n", "id"] {
                let options = ["--format", format, "--partition-by", by];
                let folder = exported(&from, &options).await?;
                let about = || format!("{options:?}");
                imported(&to, folder.path(), &[]).await.with_context(about)?;
                exactly(to.rows::<Cells>(cells).await?, expected.clone()).with_context(about)?;
                to.query("TRUNCATE {}").await?;
            }
        }
        Ok(())
    });
}
