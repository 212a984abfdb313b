//! Compression: every kind is undone by others' decompressors.

use anyhow::{Context as _, ensure};
use integration_tests::{Engine, exactly, python, run};
use serde_json::json;

use crate::{exported, files_of, read, text, text_cells, texts};

const ROWS: i32 = 2000;

#[test]
fn text_of_every_compression_is_read_by_others() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_compressed", ROWS).await?;
        for (compression, suffix) in [
            ("gzip", "gz"),
            ("zstd", "zst"),
            ("lz4", "lz4"),
            ("snappy", "sz"),
            ("bzip2", "bz2"),
            ("xz", "xz"),
        ] {
            for (format, engine) in [("csv", Engine::Pyarrow), ("jsonl", Engine::Json)] {
                let options = ["--format", format, "--compression", compression];
                let folder = exported(&table, &options).await?;
                let files = files_of(format, folder.path())?;
                let ending = format!(".{format}.{suffix}");
                for file in &files {
                    ensure!(text(file)?.ends_with(&ending), "{files:?}");
                    let plain = std::fs::read(file)?;
                    ensure!(!plain.windows(9).any(|part| part == b"row 1999\n"), "not compressed");
                }
                let found = read(&python, engine, format, folder.path(), json!({})).await?;
                exactly(found.texts(), text_cells(0..ROWS)).context(ending)?;
                if matches!(compression, "gzip" | "zstd") {
                    let engine = Engine::Duckdb;
                    let found = read(&python, engine, format, folder.path(), json!({})).await?;
                    exactly(found.texts(), text_cells(0..ROWS)).context(compression)?;
                }
            }
        }
        Ok(())
    });
}

/// Prints the compressions that are in a Parquet file.
const CODECS: &str = r#"
import json, sys
import pyarrow.parquet as parquet
data = parquet.ParquetFile(sys.argv[1]).metadata
groups = [data.row_group(group) for group in range(data.num_row_groups)]
print(json.dumps(sorted({group.column(at).compression for group in groups
    for at in range(data.num_columns)})))
"#;

#[test]
fn parquet_of_every_codec_is_read_by_others() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_codecs", ROWS).await?;
        for (options, codec) in [
            (&[][..], "ZSTD"),
            (&["--compression", "none"], "UNCOMPRESSED"),
            (&["--compression", "gzip", "--compression-level", "9"], "GZIP"),
            (&["--compression", "zstd", "--compression-level", "19"], "ZSTD"),
            (&["--compression", "lz4"], "LZ4"),
            (&["--compression", "snappy", "--no-dictionary", "--no-statistics"], "SNAPPY"),
            (&["--compression", "brotli", "--bloom-filter", "id"], "BROTLI"),
        ] {
            let folder = exported(&table, options).await?;
            for file in files_of("parquet", folder.path())? {
                let found = python.run(CODECS, &[text(&file)?]).await?;
                ensure!(found == json!([codec]), "{options:?} gave {found}");
            }
            for engine in [Engine::Pyarrow, Engine::Duckdb] {
                let found = read(&python, engine, "parquet", folder.path(), json!({})).await?;
                exactly(found.texts(), text_cells(0..ROWS)).context(codec)?;
            }
        }
        Ok(())
    });
}

#[test]
fn compressed_arrow_is_read_by_others() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_arrow_codecs", ROWS).await?;
        for compression in ["lz4", "zstd"] {
            let options = ["--format", "arrow", "--compression", compression];
            let folder = exported(&table, &options).await?;
            let engine = Engine::Pyarrow;
            let found = read(&python, engine, "arrow", folder.path(), json!({})).await?;
            exactly(found.texts(), text_cells(0..ROWS))?;
        }
        Ok(())
    });
}
