//! What holds for whatever bytes a file has: it is read to its end or to an error, and every record is
//! accounted for once ([`gather`](crate::reading::gather) asserts that).

use std::io::Write as _;

use formats::{
    Compression, CsvOptions, Escape, FileOptions, FileWriter, Format, Guess, Input, Location,
    Positions, RecordOptions, open,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::reading::{Read, Row, gather, options, read, read_named, two_columns};
use crate::sample::{COMPRESSIONS, batch, schema};

const FORMATS: [&str; 5] = ["csv", "jsonl", "json", "parquet", "arrow"];
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(crate) fn compressed(content: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => content.to_vec(),
        Compression::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(content).unwrap();
            out.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(content, 1).unwrap(),
        Compression::Lz4 => {
            let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
            out.write_all(content).unwrap();
            out.finish().unwrap()
        }
        Compression::Snappy => {
            let mut out = snap::write::FrameEncoder::new(Vec::new());
            out.write_all(content).unwrap();
            out.into_inner().unwrap()
        }
        Compression::Bzip2 => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(content).unwrap();
            out.finish().unwrap()
        }
        Compression::Xz => {
            let mut out = liblzma::write::XzEncoder::new(Vec::new(), 0);
            out.write_all(content).unwrap();
            out.finish().unwrap()
        }
    }
}

/// Lines and objects, some of them bad, of the characters that matter.
fn text() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "1,a",
        "2,\"b\"",
        "3,\"c\nd\"",
        "4",
        "x,y",
        ",",
        "\"",
        "\"\"",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "é",
        "{\"n\":1,\"t\":\"a\"}",
        "{\"n\":[]}",
        "{\"n\":2,\"t\":null}",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "null",
        "17",
        "\\",
        "\"s\"",
        "\0",
    ]);
    let pieces = proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat());
    let line = select(vec!["1,a", "2,\"b\"", "3,\"c\nd\"", "4", "x,y", "", "5,\"é\"\"\"", "7,"]);
    let end = select(vec!["\n", "\r\n", "\r"]);
    let lines = (proptest::collection::vec(line, 0..20), end)
        .prop_map(|(lines, end)| format!("n,t{end}{}", lines.join(end)));
    let object = select(vec![
        "{\"n\":1,\"t\":\"a\"}",
        "{\"n\":2,\"t\":\"b\\n\"}",
        "{\"n\":\"x\"}",
        "[]",
        "7",
        "\"s\"",
        "{}",
    ]);
    let objects = proptest::collection::vec(object, 0..20);
    let objects = (objects, any::<bool>()).prop_map(|(objects, array)| match array {
        true => format!("[{}]", objects.join(",\n")),
        false => objects.join("\n"),
    });
    prop_oneof![pieces, lines, objects]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let noise = proptest::collection::vec(any::<u8>(), 0..300);
    let marks: [&[u8]; 5] = [b"PAR1", b"ARROW1\0\0", &[0xff; 4], b"\xef\xbb\xbf", b"\xff\xfe"];
    let marked =
        (select(marks.to_vec()), noise.clone()).prop_map(|(mark, rest)| [mark, &rest].concat());
    prop_oneof![noise, marked, text().prop_map(String::into_bytes)]
}

/// The files of the sample, in every format.
fn good(format: &str, compression: Compression) -> Vec<u8> {
    let file = FileOptions { format: format.parse().unwrap(), ..FileOptions::default() };
    run(async {
        let location = Location::in_memory();
        let mut writer = FileWriter::create(&location, "a", schema(), &file).await.unwrap();
        writer.write(&batch(6)).await.unwrap();
        writer.finish().await.unwrap();
        compressed(&location.read("a").await.unwrap(), compression)
    })
}

/// Arrow's own reader panics at some of these.
#[test]
fn a_damaged_schema_of_arrow_in_a_parquet_file_is_an_error() {
    let good = good("parquet", Compression::None);
    let name = b"ARROW:schema";
    let schema = good.windows(name.len()).position(|bytes| bytes == name).unwrap() + name.len();
    for place in (schema..good.len() - 8).step_by(3) {
        let mut content = good.clone();
        content[place] = b'/';
        let _ = run(read(content, options("parquet")));
    }
}

/// The same rows and bad records, however the file was cut into chunks.
fn same(one: &Read, two: &Read) -> Result<(), TestCaseError> {
    prop_assert_eq!(&one.rows, &two.rows);
    prop_assert_eq!(&one.bad, &two.bad);
    prop_assert_eq!(one.records, two.records);
    prop_assert_eq!(
        one.error.as_ref().map(ToString::to_string),
        two.error.as_ref().map(ToString::to_string)
    );
    Ok(())
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn any_bytes_are_records_or_an_error(
        content in bytes(),
        format in select(FORMATS.to_vec()),
        compression in select(COMPRESSIONS.to_vec()),
        packed in any::<bool>(),
    ) {
        let mut options = options(format);
        if options.file.format.compressible_text() {
            options.file.compression = compression;
        }
        let content = if packed { compressed(&content, compression) } else { content };
        let told = run(read_named("a", content.clone(), |_| {}));
        if let Ok(told) = told {
            prop_assert!(told.records >= told.rows.len() as u64);
        }
        let _ = run(read(content, options));
    }

    #[test]
    fn damaged_files_are_records_or_an_error(
        format in select(FORMATS.to_vec()),
        compression in select(COMPRESSIONS.to_vec()),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let text = !matches!(format, "parquet" | "arrow");
        let compression = if text { compression } else { Compression::None };
        let mut content = good(format, compression);
        for (index, byte) in changes {
            let index = index.index(content.len());
            content[index] = byte;
        }
        if let Some(cut) = cut {
            content.truncate(cut.index(content.len()));
        }
        let mut options = RecordOptions::new(options(format).file, schema());
        options.file.compression = compression;
        options.allow_missing = true;
        let _ = run(read(content, options));
    }

    #[test]
    fn chunks_and_compression_make_no_difference(
        content in text(),
        format in select(vec!["csv", "jsonl", "json"]),
        compression in select(COMPRESSIONS.to_vec()),
        rows in 1_usize..5,
        bytes in 0_usize..40,
    ) {
        let whole = run(read(content.clone(), options(format)));
        let mut small = options(format);
        (small.chunk_rows, small.chunk_bytes) = (rows, bytes);
        small.file.compression = compression;
        // Nothing is an empty file in one compression only.
        prop_assume!(!content.is_empty() || compression == Compression::None);
        let small = run(read(compressed(content.as_bytes(), compression), small));
        match (whole, small) {
            (Ok(whole), Ok(small)) => same(&whole, &small)?,
            (Err(whole), Err(small)) => prop_assert_eq!(whole.to_string(), small.to_string()),
            (whole, small) => prop_assert!(false, "{:?} and {:?}", whole, small),
        }
    }

    #[test]
    fn skipping_some_records_gives_exactly_the_others(
        content in text(),
        format in select(vec!["csv", "jsonl", "json"]),
        ranges in proptest::collection::vec((0_u64..12, 0_u64..5), 0..4),
        limit in proptest::option::of(0_u64..14),
        rows in 1_usize..5,
    ) {
        let Ok(whole) = run(read(content.clone(), options(format))) else { return Ok(()) };
        let skip: Positions =
            ranges.iter().map(|(start, length)| *start..start + length).collect();
        let mut some = options(format);
        (some.skip, some.limit, some.chunk_rows) = (skip.clone(), limit, rows);
        let some = run(read(content, some)).unwrap();
        let is_wanted =
            |ordinal: u64| !skip.contains(ordinal) && limit.is_none_or(|limit| ordinal < limit);
        let rows: Vec<&Row> = whole.rows.iter().filter(|row| is_wanted(row.ordinal)).collect();
        prop_assert_eq!(some.rows.iter().collect::<Vec<_>>(), rows);
        let bad: Vec<_> = whole.bad.iter().filter(|bad| is_wanted(bad.ordinal)).collect();
        prop_assert_eq!(some.bad.iter().collect::<Vec<_>>(), bad);
        prop_assert_eq!(some.records, limit.map_or(whole.records, |limit| limit.min(whole.records)));
    }

    #[test]
    fn the_text_of_a_record_reads_as_the_same_record(
        content in text(),
        format in select(vec!["csv", "jsonl", "json"]),
    ) {
        let Ok(whole) = run(read(content, options(format))) else { return Ok(()) };
        let mut alone = options(if format == "csv" { "csv" } else { "jsonl" });
        if let Format::Csv(csv) = &mut alone.file.format {
            csv.header = false;
        }
        let fields = whole.rows.iter().map(|row| (row.text.clone(), Some(&row.values)));
        let bad = whole.bad.iter().map(|bad| (bad.text.clone(), None));
        for (text, values) in fields.chain(bad) {
            // A record of an array may have line ends between its tokens; the end of a file closes no quote.
            if format == "json" && text.contains(&b'\n') {
                continue;
            }
            let again = run(read(text.clone(), alone.clone())).unwrap();
            prop_assert_eq!(again.records, 1, "{:?}", String::from_utf8_lossy(&text));
            prop_assert_eq!(again.rows.first().map(|row| &row.values), values);
        }
    }
}

/// Every format of rows that many tools write, with skipped, limited, small chunks.
#[test]
fn rows_of_all_formats_keep_their_ordinals() {
    for format in FORMATS {
        let content = good(format, Compression::None);
        let mut options = RecordOptions::new(options(format).file, schema());
        options.allow_missing = true;
        let whole = run(read(content.clone(), options.clone())).unwrap();
        assert_eq!((whole.rows.len(), whole.bad.len(), whole.records), (6, 0, 6), "{format}");
        options.chunk_rows = 1;
        options.skip = Positions::from_iter([1..2, 3..5]);
        let some = run(read(content, options.clone())).unwrap();
        assert_eq!((some.records, some.chunks), (6, 6), "{format}");
        let expected: Vec<_> =
            [0, 2, 5].iter().map(|row| whole.rows[*row].values.clone()).collect();
        assert_eq!(some.values(), expected, "{format}");
        // The text of a row of any format but CSV is JSON, which gives the row again.
        if format != "csv" {
            let mut lines = RecordOptions::new(crate::reading::options("jsonl").file, schema());
            lines.allow_missing = true;
            for row in &whole.rows {
                let again = run(read(row.text.clone(), lines.clone())).unwrap();
                assert_eq!(again.values(), [row.values.as_str()], "{format}");
            }
        }
    }
}

#[test]
fn a_file_is_read_from_a_pipe_as_from_a_disk() {
    for format in ["csv", "jsonl", "json"] {
        for compression in COMPRESSIONS {
            let content = good(format, compression);
            let pipe = Input::Reader(Box::new(std::io::Cursor::new(content)));
            let read = run(async {
                let opened = open(pipe, Guess::default()).await.unwrap();
                assert_eq!(opened.options.format.name(), format);
                assert_eq!(opened.options.compression, compression);
                assert!(opened.fields.as_ref().is_some_and(|fields| fields[0] == "id"));
                let mut options = RecordOptions::new(opened.options.clone(), schema());
                options.allow_missing = true;
                gather(opened.records(options).unwrap(), &Positions::default()).await
            });
            assert!(read.error.is_none() && read.rows.len() == 6, "{format} {compression}");
        }
    }
}

#[test]
fn dialects_are_read_as_they_are_written() {
    let csv = CsvOptions {
        delimiter: b'|',
        quote: b'\'',
        escape: Escape::Byte(b'\\'),
        null: "NULL".into(),
        ..CsvOptions::default()
    };
    let mut options = RecordOptions::new(options("csv").file, two_columns());
    options.file.format = Format::Csv(csv);
    let read = run(read("t|n\n'a|\\'b'|1\nNULL|2\n'NULL'|NULL\n", options)).unwrap();
    let expected = [r#"{"n":1,"t":"a|'b"}"#, r#"{"n":2,"t":null}"#, r#"{"n":null,"t":"NULL"}"#];
    assert_eq!(read.values(), expected);
}
