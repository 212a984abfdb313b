//! What a file is, and which fields it has, is found out before its records are read.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, Schema};
use formats::{
    Compression, CsvOptions, ErrorKind, FileOptions, FileWriter, Format, FormatName, Guess, Input,
    Location, Opened, Positions, RecordOptions, StreamWriter, open,
};

use crate::laws::compressed;
use crate::reading::{Read, csv, gather, options, put, read, read_named, two_columns};

async fn opened(name: &str, content: impl Into<bytes::Bytes>) -> Opened {
    open(put(name, content).await, Guess::default()).await.unwrap()
}

fn pipe(content: Vec<u8>) -> Input {
    Input::Reader(Box::new(std::io::Cursor::new(content)))
}

/// Columns as other tools write them.
fn foreign() -> RecordBatch {
    let n = Int64Array::from(vec![Some(1), Some(1 << 40), None, Some(4)]);
    let t = StringArray::from(vec![Some("a"), Some("b"), Some("c"), None]);
    let at = TimestampMicrosecondArray::from(vec![0, 1, 2, 3]);
    let columns: [(&str, ArrayRef); 3] =
        [("at", Arc::new(at)), ("n", Arc::new(n)), ("t", Arc::new(t))];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

async fn written(format: &str, batch: &RecordBatch) -> Vec<u8> {
    let location = Location::in_memory();
    let options = FileOptions { format: format.parse().unwrap(), ..FileOptions::default() };
    let mut writer = FileWriter::create(&location, "a", batch.schema(), &options).await.unwrap();
    writer.write(batch).await.unwrap();
    writer.finish().await.unwrap();
    location.read("a").await.unwrap().to_vec()
}

#[tokio::test]
async fn formats_are_told_by_names_and_contents() {
    let object = "{\"n\":1,\"t\":\"a\"}";
    let parquet = written("parquet", &foreign()).await;
    let arrow = written("arrow", &foreign()).await;
    let cases: [(&str, Vec<u8>, &str); 13] = [
        ("a.csv", "n,t\n".into(), "csv"),
        ("a.csv", "{n},[t]\n".into(), "csv"),
        ("a.txt", "n,t\n".into(), "csv"),
        ("a", "n,t\n".into(), "csv"),
        ("a", format!("\u{feff} \n{object}").into(), "jsonl"),
        ("a", format!("{}[{object}]", " ".repeat(5000)).into(), "json"),
        ("a.json", object.into(), "jsonl"),
        ("a.ndjson", format!("[{object}]").into(), "json"),
        ("a", parquet.clone(), "parquet"),
        ("a.pq", parquet, "parquet"),
        ("a", arrow.clone(), "arrow"),
        ("a.feather", arrow.clone(), "arrow"),
        ("a.json", Vec::new(), "jsonl"),
    ];
    for (name, content, format) in cases {
        let opened = opened(name, content).await;
        assert_eq!(opened.options.format.name(), format, "{name}: {opened:?}");
        assert_eq!(opened.options.compression, Compression::None, "{name}");
        assert_eq!(opened.arrow_schema.is_some(), matches!(format, "parquet" | "arrow"));
    }
    let tabs = opened("a.tsv.gz", compressed(b"n\tt\n1\ta\n", Compression::Gzip)).await;
    assert_eq!(tabs.fields, Some(vec!["n".into(), "t".into()]));
    let lines = Guess { format: Some(FormatName::JsonL), ..Guess::default() };
    let lines = open(put("a.csv", "[1]\n").await, lines).await.unwrap();
    assert_eq!(lines.options.format, Format::JsonLines);
}

#[tokio::test]
async fn the_content_says_how_it_is_compressed_whatever_the_name_says() {
    for (name, compression) in [
        ("a.csv", Compression::Zstd),
        ("a.csv.gz", Compression::None),
        ("a.csv.gz", Compression::Xz),
        ("a", Compression::Bzip2),
        ("a.lz4", Compression::Snappy),
    ] {
        let read = read_named(name, compressed(b"n,t\n1,a\n", compression), |_| {}).await.unwrap();
        assert_eq!(read.values(), [r#"{"n":1,"t":"a"}"#], "{name} {compression}");
    }
    let nothing = open(put("a.csv.gz", "").await, Guess::default()).await.unwrap_err();
    assert!(nothing.to_string().contains("decompressed"), "{nothing}");
    let arrow = compressed(&written("arrow", &foreign()).await, Compression::Gzip);
    let arrow = open(put("a.arrow.gz", arrow).await, Guess::default()).await.unwrap_err();
    assert!(arrow.to_string().contains("decompress it first"), "{arrow}");
    let given = Guess { compression: Some(Compression::Gzip), ..Guess::default() };
    let given = open(put("a.csv", "n,t\n").await, given).await.unwrap_err();
    assert_eq!(given.kind(), ErrorKind::Data, "{given}");
}

#[tokio::test]
async fn the_fields_are_known_before_the_records() {
    let fields = |opened: Opened| opened.fields.map(|fields| fields.join("|"));
    assert_eq!(fields(opened("a.csv", "\"a,b\",c\r\n1,2").await).as_deref(), Some("a,b|c"));
    assert_eq!(fields(opened("a.json", "[ {\"b\":[1],\"a\":{}} ]").await).as_deref(), Some("b|a"));
    let long = format!("{{\"b\":\"{}\",\"a\":1}}\n", "x".repeat(100_000));
    assert_eq!(fields(opened("a.json", long).await).as_deref(), Some("b|a"));
    assert_eq!(fields(opened("a.json", "7\n{}").await), None);
    assert_eq!(fields(opened("a.json", "{\"a\":").await), None);
    let parquet = opened("a", written("parquet", &foreign()).await).await;
    assert_eq!(parquet.arrow_schema.as_ref().unwrap().fields(), foreign().schema().fields());
    assert_eq!(fields(parquet).as_deref(), Some("at|n|t"));
    let guess =
        Guess { csv: CsvOptions { header: false, ..CsvOptions::default() }, ..Guess::default() };
    assert_eq!(fields(open(put("a.csv", "1,2").await, guess).await.unwrap()), None);
}

#[tokio::test]
async fn an_empty_file_has_no_records_but_a_csv_needs_its_header() {
    for name in ["a.csv", "a"] {
        let error = open(put(name, "").await, Guess::default()).await.unwrap_err();
        let told = format!("memory:///{name}: it is empty, and has not even a header");
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Data, told));
    }
    let headerless = CsvOptions { header: false, ..CsvOptions::default() };
    for options in [csv(headerless), options("jsonl")] {
        let read = read("", options).await.unwrap();
        assert_eq!((read.records, read.chunks, read.error.is_none()), (0, 0, true));
    }
    assert_eq!(read("n,t\n", options("csv")).await.unwrap().records, 0);
}

#[tokio::test]
async fn fields_that_are_too_many_or_too_few_are_refused_or_passed_over() {
    async fn named(header: &str, change: impl FnOnce(&mut RecordOptions)) -> Result<Read, String> {
        let content = format!("{header}\n1,a,z\n");
        read_named("a.csv", content, change).await.map_err(|error| error.to_string())
    }
    let error = named("n,t,z", |_| {}).await.unwrap_err();
    assert!(error.contains("memory:///a.csv: its header has the column \"z\""), "{error}");
    let error = named("n,z,y", |options| options.allow_extra = true).await.unwrap_err();
    assert!(error.contains("lacks the column \"t\""), "{error}");
    assert!(
        named("n,t,t", |options| options.allow_extra = true).await.unwrap_err().contains("twice")
    );
    for change in [(|options| options.allow_extra = true) as fn(&mut RecordOptions), |options| {
        options.ignored = vec!["z".into()]
    }] {
        assert_eq!(named("n,t,z", change).await.unwrap().values(), [r#"{"n":1,"t":"a"}"#]);
    }
    for change in [(|options| options.allow_missing = true) as fn(&mut RecordOptions), |options| {
        options.optional = vec![false, true]
    }] {
        let change = |options: &mut RecordOptions| {
            options.allow_extra = true;
            change(options);
        };
        assert_eq!(named("n,y,z", change).await.unwrap().values(), [r#"{"n":1,"t":null}"#]);
    }
    let object = "{\"n\":1,\"z\":[2]}\n{\"n\":1,\"t\":\"a\"}\n";
    let strict = read(object, options("jsonl")).await.unwrap();
    assert_eq!((strict.rows.len(), strict.bad.len()), (1, 1));
    let mut lenient = options("jsonl");
    (lenient.ignored, lenient.optional) = (vec!["z".into()], vec![false, true]);
    assert_eq!(read(object, lenient).await.unwrap().rows.len(), 2);
    let wrong = RecordOptions { optional: vec![true], ..options("csv") };
    assert_eq!(read("n,t\n", wrong).await.unwrap_err().kind(), ErrorKind::Request);
}

#[tokio::test]
async fn without_a_header_fields_are_known_by_their_positions() {
    let headerless = || csv(CsvOptions { header: false, ..CsvOptions::default() });
    let all = read("1,a\n2,b,c\n", headerless()).await.unwrap();
    assert_eq!((all.values(), all.bad.len()), (vec![r#"{"n":1,"t":"a"}"#], 1));
    let ignored = |positions: &[&str]| {
        let ignored = positions.iter().map(|position| (*position).to_owned()).collect();
        RecordOptions { ignored, ..headerless() }
    };
    let some = read("x,1,y,a\n", ignored(&["0", "2"])).await.unwrap();
    assert_eq!(some.values(), [r#"{"n":1,"t":"a"}"#]);
    for bad in [&["3"][..], &["z"]] {
        let error = read("1,a,y\n", ignored(bad)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{error}");
    }
    let one = RecordOptions {
        schema: two_columns().project(&[0]).unwrap().into(),
        optional: vec![false],
        ..headerless()
    };
    let one = read("1\n\n2\n", one).await.unwrap();
    assert_eq!(one.values(), [r#"{"n":1}"#, r#"{"n":null}"#, r#"{"n":2}"#], "as it is written");
}

#[tokio::test]
async fn the_header_is_kept_as_it_stands() {
    let opened = opened("a.csv", "\u{feff}\"n\", t \r\n1,a\r\n").await;
    let fields: Vec<Field> = opened
        .fields
        .iter()
        .flatten()
        .zip(two_columns().fields())
        .map(|(name, field)| field.as_ref().clone().with_name(name))
        .collect();
    let options = RecordOptions::new(opened.options.clone(), Schema::new(fields).into());
    let mut records = opened.records(options).unwrap();
    assert_eq!(records.header(), Some(&b"\"n\", t "[..]));
    let chunk = records.next_chunk().await.unwrap().unwrap();
    assert_eq!(chunk.text(0).as_ref(), b"1,a");
    assert_eq!(chunk.rows.schema().field(1).name(), " t ");
}

#[tokio::test]
async fn foreign_columns_are_converted_and_those_that_do_not_fit_are_bad() {
    for format in ["parquet", "arrow"] {
        let content = written(format, &foreign()).await;
        let read = read_named("a", content.clone(), |options| options.allow_extra = true);
        let read = read.await.unwrap();
        let expected = [r#"{"n":1,"t":"a"}"#, r#"{"n":null,"t":"c"}"#, r#"{"n":4,"t":null}"#];
        assert_eq!(read.values(), expected, "{format}");
        let [bad] = read.bad.as_slice() else { panic!("{format}: {:?}", read.bad) };
        assert_eq!((bad.ordinal, bad.line, bad.column.as_deref()), (1, None, Some("n")));
        assert_eq!(std::str::from_utf8(&bad.text).unwrap(), r#"{"n":1099511627776,"t":"b"}"#);
        let error = read_named("a", content, |_| {}).await.unwrap_err();
        assert!(error.to_string().contains("it has the column \"at\""), "{error}");
    }
    let list = Field::new_list("n", Field::new_list_field(DataType::Int32, true), true);
    let batch = RecordBatch::new_empty(Arc::new(Schema::new(vec![list])));
    let content = written("parquet", &batch).await;
    let error = read_named("a", content, |options| options.allow_missing = true).await.unwrap_err();
    assert!(error.to_string().contains("column \"n\""), "{error}");
}

#[tokio::test]
async fn arrow_streams_are_read_from_pipes_and_parquet_is_not() {
    let file = FileOptions { format: Format::Arrow, ..FileOptions::default() };
    let mut stream = StreamWriter::new(Vec::new(), foreign().schema(), &file).unwrap();
    stream.write(&foreign()).unwrap();
    let stream = stream.finish().unwrap();
    for content in [stream.clone(), compressed(&stream, Compression::Zstd)] {
        let opened = open(pipe(content), Guess::default()).await.unwrap();
        assert_eq!(opened.fields.as_ref().unwrap().len(), 3);
        let mut options = RecordOptions::new(opened.options.clone(), two_columns());
        options.allow_extra = true;
        let read = gather(opened.records(options).unwrap(), &Positions::default()).await;
        assert_eq!((read.rows.len(), read.bad.len()), (3, 1));
    }
    let read = read_named("a.arrows", stream, |options| options.allow_extra = true).await.unwrap();
    assert_eq!(read.records, 4);
    for format in ["parquet", "arrow"] {
        let content = written(format, &foreign()).await;
        let error = open(pipe(content.clone()), Guess::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{error}");
        assert!(error.to_string().starts_with("standard input: "), "{error}");
        let cut = content[..content.len() / 2].to_vec();
        let error = open(put("a", cut).await, Guess::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{error}");
        assert!(error.to_string().starts_with("memory:///a: "), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told() {
    for name in ["a.csv", "a.parquet", "a.arrow", "a"] {
        let input = Input::File { location: Location::in_memory(), name: name.to_owned() };
        let error = open(input, Guess::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains(&format!("memory:///{name}")), "{error}");
    }
    let opened = opened("a.csv", "n,t\n").await;
    let error = opened.records(options("jsonl")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request, "{error}");
}

#[tokio::test]
async fn reading_that_is_given_up_ends() {
    /// Lines without an end.
    struct Endless(usize);

    impl std::io::Read for Endless {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            for byte in out.iter_mut() {
                *byte = b"n,t\n"[self.0 % 4];
                self.0 += 1;
            }
            Ok(out.len())
        }
    }

    let endless = Box::new(Endless(0));
    let opened = open(Input::Reader(endless), Guess::default()).await.unwrap();
    let options = RecordOptions::new(opened.options.clone(), two_columns());
    let mut records = opened.records(options).unwrap();
    assert!(records.next_chunk().await.unwrap().is_some());
    drop(records);
}
