//! CSV keeps every text apart from every other, and from null, in every dialect.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use bytes::Bytes;
use formats::{
    Compression, CsvOptions, ErrorKind, Escape, FileOptions, FileWriter, Format, Location, Result,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::sample::{batch, schema, text_schema, whole};

fn options(csv: CsvOptions) -> FileOptions {
    FileOptions { format: Format::Csv(csv), ..FileOptions::default() }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What a file of these bytes holds.
async fn read(content: &[u8], columns: &[&str], csv: CsvOptions) -> Result<RecordBatch> {
    let location = Location::in_memory();
    location.put("a.csv", Bytes::copy_from_slice(content)).await?;
    whole(&location, "a.csv", &text_schema(columns), &options(csv)).await
}

async fn write(rows: &RecordBatch, csv: CsvOptions) -> Result<Bytes> {
    let location = Location::in_memory();
    let mut writer = FileWriter::create(&location, "a.csv", rows.schema(), &options(csv)).await?;
    writer.write(rows).await?;
    writer.finish().await?;
    location.read("a.csv").await
}

fn texts(columns: &[Vec<Option<String>>]) -> RecordBatch {
    let names: Vec<String> = (0..columns.len()).map(|index| format!("c{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let arrays =
        columns.iter().map(|column| Arc::new(StringArray::from(column.clone())) as ArrayRef);
    RecordBatch::try_new(text_schema(&names), arrays.collect()).unwrap()
}

/// Texts of the characters that matter, and others.
fn text() -> impl Strategy<Value = Option<String>> {
    let special = select(",;\t|\"'\\\n\r NULa1\u{feff}ä😀".chars().collect::<Vec<_>>());
    let special = proptest::collection::vec(special, 0..6).prop_map(String::from_iter);
    let known = select(vec!["NULL", "\\N", "", "\u{feff}"]).prop_map(str::to_owned);
    proptest::option::of(prop_oneof![special, known, ".*"])
}

fn dialect() -> impl Strategy<Value = CsvOptions> {
    let delimiter = select(b",;\t|a1 \x01".to_vec());
    let quote = select(b"\"'|".to_vec());
    let escape = select(vec![Escape::Doubled, Escape::Byte(b'\\'), Escape::Byte(b'|')]);
    let null = select(vec!["", "NULL", "\\N", "-", "ä"]).prop_map(str::to_owned);
    let parts = (delimiter, quote, escape, any::<bool>(), null);
    let dialects = parts.prop_map(|(delimiter, quote, escape, header, null)| CsvOptions {
        delimiter,
        quote,
        escape,
        header,
        null,
        encoding: encoding_rs::UTF_8,
    });
    dialects.prop_filter("not a dialect", |csv| csv.check().is_ok())
}

fn rows() -> impl Strategy<Value = RecordBatch> {
    (1_usize..4, 0_usize..6).prop_flat_map(|(width, height)| {
        let column = proptest::collection::vec(text(), height);
        proptest::collection::vec(column, width).prop_map(|columns| texts(&columns))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_text_comes_back_from_every_dialect(rows in rows(), csv in dialect()) {
        let columns: Vec<String> =
            rows.schema().fields().iter().map(|field| field.name().clone()).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let back = run(async { read(&write(&rows, csv.clone()).await?, &columns, csv).await });
        prop_assert_eq!(back.unwrap(), rows);
    }

    #[test]
    fn any_bytes_are_rows_or_an_error(content in proptest::collection::vec(any::<u8>(), 0..200), csv in dialect()) {
        let _ = run(read(&content, &["a", "b"], csv));
    }
}

#[tokio::test]
async fn a_file_looks_as_expected() {
    let columns = [
        vec![Some("a,b"), None, Some(""), Some("say \"hi\""), Some("two\nlines")],
        vec![Some("plain"), Some("ä"), None, Some("\\"), Some("\u{feff}")],
    ];
    let columns =
        columns.map(|column| column.into_iter().map(|text| text.map(str::to_owned)).collect());
    let content = write(&texts(&columns), CsvOptions::default()).await.unwrap();
    let expected =
        "c0,c1\n\"a,b\",plain\n,ä\n\"\",\n\"say \"\"hi\"\"\",\\\n\"two\nlines\",\"\u{feff}\"\n";
    assert_eq!(std::str::from_utf8(&content).unwrap(), expected);
    let escaped =
        CsvOptions { escape: Escape::Byte(b'\\'), header: false, ..CsvOptions::default() };
    let content = write(&texts(&columns).slice(3, 1), escaped).await.unwrap();
    assert_eq!(content, "\"say \\\"hi\\\"\",\"\\\\\"\n");
}

#[tokio::test]
async fn files_of_others_are_read() {
    let options = CsvOptions::default();
    let content = "\u{feff}\"b\",a\r\n1,\"2\"\r\n\r\n\"\",\r\n3,4";
    let read = read(content.as_bytes(), &["a", "b"], options).await.unwrap();
    let a = StringArray::from(vec![Some("2"), None, Some("4")]);
    let b = StringArray::from(vec![Some("1"), Some(""), Some("3")]);
    assert_eq!(read.columns(), [Arc::new(a) as ArrayRef, Arc::new(b)]);
}

#[tokio::test]
async fn a_bad_file_is_told_with_its_place() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "header"),
        (b"a,b,c\n", "\"c\""),
        (b"a\n", "lacks the column \"b\""),
        (b"a,a\n", "twice"),
        (b"a,b\n1,2\n\n1\n", "line 4"),
        (b"a,b\n1,2,3\n", "3 fields"),
        (b"a,b\n1,\xff\n", "line 2, column \"b\""),
        (b"a,b\n\"x\ny\",1\n1,\"2\n", "line 4"),
        (b"\n", "header"),
    ];
    for (content, part) in cases {
        let error = read(content, &["a", "b"], CsvOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{error}");
        assert!(error.to_string().contains("memory:///a.csv"), "{error}");
        assert!(error.to_string().contains(part), "{error} should say {part}");
    }
}

#[tokio::test]
async fn a_value_that_is_not_of_its_type_is_told_with_its_place() {
    let location = Location::in_memory();
    let csv = CsvOptions { header: false, ..CsvOptions::default() };
    let fields = ",".repeat(schema().fields().len() - 4);
    location.put("a.csv", format!(",,x,{fields}\n").into()).await.unwrap();
    let error = whole(&location, "a.csv", &schema(), &options(csv)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.to_string().contains("line 1, column \"small\""), "{error}");
}

#[tokio::test]
async fn a_character_that_an_encoding_lacks_is_never_replaced() {
    let encodings = [encoding_rs::WINDOWS_1252, encoding_rs::SHIFT_JIS, encoding_rs::ISO_2022_JP];
    for encoding in encodings {
        let csv = CsvOptions { encoding, ..CsvOptions::default() };
        let rows = texts(&[vec![Some("ok".into()), Some("a😀".into())]]);
        let error = write(&rows, csv.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        let told = error.to_string();
        assert!(told.contains("row 2") && told.contains("\"c0\"") && told.contains('😀'), "{told}");
        let japanese = texts(&[vec![Some("漢字".into()), None, Some("a\"漢".into())]]);
        match write(&japanese, csv.clone()).await {
            Ok(content) => assert_eq!(read(&content, &["c0"], csv).await.unwrap(), japanese),
            Err(_) => assert_eq!(encoding, encoding_rs::WINDOWS_1252),
        }
    }
    let yen = texts(&[vec![Some("¥".into())]]);
    let csv = CsvOptions { encoding: encoding_rs::SHIFT_JIS, ..CsvOptions::default() };
    assert!(write(&yen, csv).await.is_err(), "it would come back as another character");
    let csv = CsvOptions { encoding: encoding_rs::UTF_16LE, ..CsvOptions::default() };
    assert_eq!(write(&yen, csv.clone()).await.unwrap_err().kind(), ErrorKind::Request);
    let content =
        [b"\xff\xfe".to_vec(), "c0\r\n¥\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect()];
    assert_eq!(read(&content.concat(), &["c0"], csv).await.unwrap(), yen);
}

#[tokio::test]
async fn files_are_larger_than_any_buffer() {
    let location = Location::in_memory();
    let rows = batch(30_000);
    for compression in [Compression::None, Compression::Zstd] {
        let options = FileOptions { compression, ..options(CsvOptions::default()) };
        let mut writer = FileWriter::create(&location, "a", schema(), &options).await.unwrap();
        writer.write(&rows).await.unwrap();
        writer.finish().await.unwrap();
        assert_eq!(whole(&location, "a", &schema(), &options).await.unwrap(), rows);
    }
}
