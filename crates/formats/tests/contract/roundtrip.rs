//! Every format, with every compression, gives exactly the rows back.

use std::sync::Arc;

use formats::{
    Compression, CsvOptions, ErrorKind, Escape, FileOptions, FileWriter, Format, Location,
    ParquetCompression, ParquetOptions,
};

use crate::sample::{COMPRESSIONS, batch, schema, whole};

fn all_options() -> Vec<FileOptions> {
    let pages = [
        ParquetCompression::None,
        ParquetCompression::Snappy,
        ParquetCompression::Gzip,
        ParquetCompression::Lz4,
        ParquetCompression::Zstd,
        ParquetCompression::Brotli,
    ];
    let mut all = Vec::new();
    for format in ["csv", "jsonl", "json", "arrow"] {
        for compression in COMPRESSIONS {
            let format = format.parse().unwrap();
            all.push(FileOptions { format, compression, level: None });
        }
    }
    for compression in pages {
        for plain in [false, true] {
            let parquet = ParquetOptions {
                compression,
                dictionary: plain,
                statistics: plain,
                bloom_filter_columns: vec!["id".into(), "big".into()],
                row_group_bytes: if plain { 1 << 16 } else { 1 << 24 },
                ..ParquetOptions::default()
            };
            all.push(FileOptions { format: Format::Parquet(parquet), ..FileOptions::default() });
        }
    }
    let dialects = [
        CsvOptions { null: "\\N".into(), delimiter: b'\t', header: false, ..CsvOptions::default() },
        CsvOptions { null: "NULL".into(), escape: Escape::Byte(b'\\'), ..CsvOptions::default() },
        CsvOptions { quote: b'\'', delimiter: b';', ..CsvOptions::default() },
        CsvOptions { encoding: encoding_rs::GB18030, ..CsvOptions::default() },
    ];
    let dialects =
        dialects.map(|csv| FileOptions { format: Format::Csv(csv), ..FileOptions::default() });
    all.extend(dialects);
    all.retain(|options| options.check().is_ok());
    all
}

#[tokio::test]
async fn what_is_held_back_can_be_let_go() {
    let options = FileOptions { format: "parquet".parse().unwrap(), ..FileOptions::default() };
    let (location, rows) = (Location::in_memory(), batch(1500));
    let mut writer = FileWriter::create(&location, "a", schema(), &options).await.unwrap();
    for _ in 0..3 {
        writer.write(&rows).await.unwrap();
        let held = writer.memory();
        writer.let_go().await.unwrap();
        assert!(held > 1 << 16 && writer.memory() < held / 2, "{held} {}", writer.memory());
    }
    assert_eq!(writer.finish().await.unwrap().rows, 3 * 1500);
    let back = whole(&location, "a", &schema(), &options).await.unwrap();
    assert_eq!(
        back,
        arrow_select::concat::concat_batches(&schema(), &[rows.clone(), rows.clone(), rows])
            .unwrap()
    );
}

#[tokio::test]
async fn rows_are_the_same_after_every_format() {
    let location = Location::in_memory();
    let all = all_options();
    // Three formats of text, seven compressions each; Arrow's three; Parquet's twelve; four dialects.
    assert_eq!(all.len(), 3 * 7 + 3 + 12 + 4);
    for (number, options) in all.iter().enumerate() {
        for count in [0, 1, 4, 1500] {
            let rows = batch(count);
            let name = format!("{number}-{count}.{}", options.suffix());
            let create = FileWriter::create(&location, &name, schema(), options);
            let mut writer = create.await.unwrap();
            let middle = count / 3;
            writer.write(&rows.slice(0, middle)).await.unwrap();
            let held = writer.memory();
            writer.let_go().await.unwrap();
            assert!(writer.memory() <= held, "{name}");
            writer.write(&rows.slice(middle, count - middle)).await.unwrap();
            let written = writer.finish().await.unwrap();
            assert_eq!(written.rows, count as u64);
            let back = whole(&location, &name, &schema(), options).await;
            let back = back.unwrap_or_else(|error| panic!("{name} {options:?}: {error:?}"));
            assert_eq!(back, rows, "{name}: {options:?}");
        }
    }
}

#[tokio::test]
async fn parquet_and_arrow_know_their_schema() {
    let location = Location::in_memory();
    for format in ["parquet", "arrow"] {
        let options = FileOptions { format: format.parse().unwrap(), ..FileOptions::default() };
        let mut writer = FileWriter::create(&location, format, schema(), &options).await.unwrap();
        writer.write(&batch(3)).await.unwrap();
        writer.finish().await.unwrap();
        let batches = formats::read(&location, format, None, &options).await.unwrap();
        let batches: Vec<_> = futures::TryStreamExt::try_collect(batches).await.unwrap();
        assert_eq!(batches, [batch(3)]);
        for field in batches[0].schema().fields() {
            assert!(cql_arrow::column_type(field).is_ok(), "{field}");
        }
    }
}

#[tokio::test]
async fn damaged_files_are_errors_of_data() {
    let location = Location::in_memory();
    for options in all_options() {
        let rows = batch(100);
        let mut writer = FileWriter::create(&location, "a", schema(), &options).await.unwrap();
        writer.write(&rows).await.unwrap();
        writer.finish().await.unwrap();
        let good = location.read("a").await.unwrap();
        let text = options.format.compressible_text() && options.compression == Compression::None;
        // A text that is cut between rows has no trace of it: the manifest's checksum is for that.
        let lines = text && !matches!(options.format, Format::JsonArray);
        for end in [good.len() / 2, good.len() - 3] {
            location.put("cut", good.slice(..end)).await.unwrap();
            match whole(&location, "cut", &schema(), &options).await {
                Ok(back) => assert!(lines && back.num_rows() <= 100, "{options:?} {end}"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Data, "{options:?} {end}: {error:?}");
                    assert!(error.to_string().contains("memory:///cut"), "{error}");
                }
            }
        }
        let mut noise = good.to_vec();
        for byte in noise.iter_mut().step_by(7) {
            *byte = byte.wrapping_mul(31).wrapping_add(1);
        }
        location.put("noise", noise.into()).await.unwrap();
        let error = whole(&location, "noise", &schema(), &options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{options:?}: {error:?}");
    }
}

#[tokio::test]
async fn the_sizes_told_while_writing_are_about_right() {
    let location = Location::in_memory();
    let rows = batch(20_000);
    for format in ["csv", "jsonl", "parquet", "arrow"] {
        let options = FileOptions { format: format.parse().unwrap(), ..FileOptions::default() };
        let mut writer =
            FileWriter::create(&location, "a", Arc::clone(rows.schema_ref()), &options)
                .await
                .unwrap();
        writer.write(&rows).await.unwrap();
        let told = writer.bytes();
        let bytes = writer.finish().await.unwrap().bytes;
        assert!(told <= 2 * bytes && bytes <= 2 * told, "{format}: {told} told, {bytes} written");
    }
}
