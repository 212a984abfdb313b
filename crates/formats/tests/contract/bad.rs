//! A bad record is told with its place, its text and the reason; and the others are read.

use formats::{Compression, CsvOptions, ErrorKind, Escape, RecordOptions};

use crate::reading::{Read, csv, options, read, read_named};

#[tokio::test]
async fn bad_lines_of_csv_are_told_and_the_others_read() {
    let content = b"n,t\n1,a\n2\nx,b\n\r\n3,c,d\n4,\xff\n\"5\n\",e\n99999999999,f\n6,g";
    let read = read(content.as_slice(), options("csv")).await.unwrap();
    assert_eq!(read.values(), [r#"{"n":1,"t":"a"}"#, r#"{"n":6,"t":"g"}"#]);
    let expected = [
        (1, 3, "", "it has 1 fields, and there are 2 columns"),
        (2, 4, "n", "\"x\" is no int"),
        (3, 6, "", "it has 3 fields, and there are 2 columns"),
        (4, 7, "t", "it is not UTF-8"),
        (5, 8, "n", "\"5\\n\" is no int"),
        (6, 10, "n", "\"99999999999\" is no int"),
    ];
    let told = read.told();
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert_eq!((told.0, told.1, told.2), (expected.0, expected.1, expected.2), "{told:?}");
        // The words of a type are the type's own.
        let words = expected.3.split(" is no ").next().unwrap();
        assert!(told.3.starts_with(words), "{told:?} {expected:?}");
    }
    let texts: Vec<&[u8]> = read.bad.iter().map(|bad| bad.text.as_slice()).collect();
    let expected: [&[u8]; 6] = [b"2", b"x,b", b"3,c,d", b"4,\xff", b"\"5\n\",e", b"99999999999,f"];
    assert_eq!(texts, expected);
    assert!(read.error.is_none() && read.bad.iter().all(|bad| !bad.truncated));
    assert_eq!(read.rows[1].line, Some(11));
}

#[tokio::test]
async fn quotes_that_are_not_closed_are_bad_records() {
    let end = read("n,t\n1,a\n2,\"b\n3,c\n", options("csv")).await.unwrap();
    assert_eq!(end.values(), [r#"{"n":1,"t":"a"}"#]);
    assert_eq!((end.bad[0].line, end.bad[0].ordinal), (Some(3), 1));
    assert_eq!(end.bad[0].text, b"2,\"b\n3,c\n");
    assert!(end.bad[0].reason.contains("not closed"), "{}", end.bad[0].reason);
    // It swallows what comes before the next quote, and then the reader goes on.
    let swallowed = read("n,t\n2,\"b\n3,c\n4,\"d\"\n5,e\n", options("csv")).await.unwrap();
    assert_eq!(swallowed.values(), [r#"{"n":5,"t":"e"}"#]);
    assert_eq!(swallowed.told()[0].1, 2);
    assert!(swallowed.error.is_none() && swallowed.bad.len() == 1, "{swallowed:?}");
    let escaped = CsvOptions { escape: Escape::Byte(b'\\'), ..CsvOptions::default() };
    let escaped = read("n,t\n1,\"a\\\"\n", csv(escaped)).await.unwrap();
    assert!(escaped.bad[0].reason.contains("not closed"));
}

#[tokio::test]
async fn a_record_that_is_too_long_is_cut_and_the_others_are_read() {
    let cases = [
        ("csv", "n,t\n1,a\n2,", "x", "\n3,c\n"),
        ("csv", "n,t\n1,a\n2,\"", "\n", "\"\n3,c\n"),
        ("csv", "n,t\n1,a\n2", ",", "\n3,c\n"),
        ("jsonl", "{\"n\":1,\"t\":\"a\"}\n", "x", "\n{\"n\":3,\"t\":\"c\"}\n"),
        ("json", "[{\"n\":1,\"t\":\"a\"},\n\"", "x", "\",\n{\"n\":3,\"t\":\"c\"}]"),
        ("json", "[{\"n\":1,\"t\":\"a\"},\n1", "2", ",\n{\"n\":3,\"t\":\"c\"}]"),
        ("json", "[{\"n\":1,\"t\":\"a\"},\n[1", "\n", "],{\"n\":3,\"t\":\"c\"}]"),
    ];
    for (format, before, middle, after) in cases {
        // One with the usual limit, and the others with a lower one.
        let (long, most) = match (format, middle) {
            ("csv", "x") => (100, 32),
            _ => (5, 2),
        };
        let long = long << 20;
        let content = [before.as_bytes(), &middle.repeat(long).into_bytes(), after.as_bytes()];
        let options = RecordOptions { max_record_bytes: most << 20, ..options(format) };
        let read = read(content.concat(), options).await.unwrap();
        assert!(read.error.is_none(), "{format} {middle:?}: {:?}", read.error);
        assert_eq!(read.values(), [r#"{"n":1,"t":"a"}"#, r#"{"n":3,"t":"c"}"#], "{format}");
        let [bad] = read.bad.as_slice() else { panic!("{format}: {}", read.bad.len()) };
        assert!(bad.truncated && bad.text.len() == 1 << 10, "{format}: {}", bad.text.len());
        assert!(bad.text.ends_with(middle.as_bytes()));
        assert!(bad.reason.contains(&format!("longer than {most} MiB")), "{}", bad.reason);
        let breaks = if middle == "\n" { long as u64 } else { 0 };
        let first = if format == "csv" { 3 } else { 2 };
        assert_eq!(bad.line, Some(first), "{format} {middle:?}");
        let last = if after.starts_with("]") { first + breaks } else { first + breaks + 1 };
        assert_eq!(read.rows[1].line, Some(last), "{format} {middle:?}");
    }
}

#[tokio::test]
async fn records_of_exactly_the_longest_length_are_good() {
    for (format, content) in [
        ("csv", "n,t\n1,aaaaaa\n2,\"bbbb\"\n3,ccccccc\n4,ddd"),
        ("jsonl", "{\"n\":1}\n{\"n\":2}\n{\"n\":34}\n{\"n\":4}"),
        ("json", "[{\"n\":1},{\"n\":2},{\"n\":34},{\"n\":4}]"),
    ] {
        let mut options = options(format);
        options.allow_missing = true;
        options.max_record_bytes = if format == "csv" { 8 } else { 7 };
        let read = read(content, options).await.unwrap();
        assert_eq!(read.rows.len(), 3, "{format} {:?}", read.bad);
        let [bad] = read.bad.as_slice() else { panic!("{:?}", read.bad) };
        assert!((bad.ordinal, bad.truncated) == (2, true), "{bad:?}");
    }
}

#[tokio::test]
async fn bad_lines_of_json_are_told_and_the_others_read() {
    let content = b"\xef\xbb\xbf{\"n\":1,\"t\":\"a\"}\r\n\r\n  \n{\"n\":2\n[1]\n{\"n\":\"x\",\"t\":\"b\"}\n\
        {\"n\":3,\"t\":\"\xff\"}\n{\"n\":4,\"t\":\"c\",\"z\":1}\n{\"t\":\"d\"}\nnull\n{\"n\":5,\"t\":null}";
    let read = read(content.as_slice(), options("jsonl")).await.unwrap();
    assert_eq!(read.values(), [r#"{"n":1,"t":"a"}"#, r#"{"n":5,"t":null}"#]);
    let lines: Vec<_> = read.told().iter().map(|(ordinal, line, ..)| (*ordinal, *line)).collect();
    assert_eq!(lines, [(1, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 9), (7, 10)]);
    assert_eq!(read.bad[2].column.as_deref(), Some("n"), "{:?}", read.bad[2]);
    assert!(!read.bad[2].reason.contains("column"), "{:?}", read.bad[2]);
    assert!(read.bad[3].reason.contains("UTF-8"));
    assert!(read.bad[4].reason.contains("\"z\""), "{:?}", read.bad[4]);
    assert!(read.bad[5].reason.contains("\"n\""), "{:?}", read.bad[5]);
    assert_eq!(read.bad[0].text, b"{\"n\":2");
    assert_eq!((read.rows[0].line, read.rows[1].line), (Some(1), Some(11)));
    assert_eq!(read.rows[0].text, b"{\"n\":1,\"t\":\"a\"}");
}

#[tokio::test]
async fn an_element_of_wrong_types_is_bad_and_a_broken_one_ends_the_file() {
    let content = "\u{feff} [\n{\"n\":1,\"t\":\"a\"},\n 7 , {\"n\":[],\"t\":\"\"},\n\n{\n\"n\":2,\"t\":\"b\"}\n]\n ";
    let whole = read(content, options("json")).await.unwrap();
    assert!(whole.error.is_none(), "{:?}", whole.error);
    assert_eq!(whole.values(), [r#"{"n":1,"t":"a"}"#, r#"{"n":2,"t":"b"}"#]);
    assert_eq!(whole.rows[1].text, b"{\n\"n\":2,\"t\":\"b\"}");
    assert_eq!((whole.rows[0].line, whole.rows[1].line), (Some(2), Some(5)));
    let told = whole.told();
    assert_eq!((told[0].0, told[0].1, told[1].0, told[1].1, told[1].2), (1, 3, 2, 3, "n"));
    assert_eq!(whole.bad[0].text, b"7");
    for (broken, objects) in [
        ("[{\"n\":1,\"t\":\"a\"},{\"n\":}]", 1),
        ("[{\"n\":1,\"t\":\"a\"}", 1),
        ("[{\"n\":1,\"t\":\"a\"},", 1),
        ("[{\"n\":1,\"t\":\"a\"} {\"n\":1,\"t\":\"a\"}]", 1),
        ("[{\"n\":1,\"t\":\"a\"}] x", 1),
        ("[", 0),
        ("{}", 0),
        ("", 0),
        ("[,]", 0),
        ("[{\"n\":1,\"t\":\"a\"},]", 1),
        ("[{\"n\":1,\"t\":\"a\"},{\"n\":2,\"t\":\"", 1),
    ] {
        let read = read(broken, options("json")).await.unwrap();
        assert_eq!(read.rows.len(), objects, "{broken}");
        let error = read.error.unwrap_or_else(|| panic!("{broken}"));
        let after = format!("memory:///a: after {objects} objects");
        assert!(error.to_string().starts_with(&after), "{error}");
        assert_eq!(error.kind(), ErrorKind::Data, "{broken}");
    }
    assert_eq!(read("[ ]", options("json")).await.unwrap().records, 0);
}

#[tokio::test]
async fn line_ends_of_all_kinds_byte_order_marks_and_nul_bytes_are_read() {
    for content in
        ["n,t\n1,a\n2,b\n", "n,t\r\n1,a\r\n2,b\r\n", "n,t\r1,a\r2,b\r", "\u{feff}n,t\n1,a\r2,b"]
    {
        let read = read(content, options("csv")).await.unwrap();
        assert_eq!(read.values(), [r#"{"n":1,"t":"a"}"#, r#"{"n":2,"t":"b"}"#], "{content:?}");
        assert_eq!((read.rows[0].line, read.rows[1].line), (Some(2), Some(3)), "{content:?}");
        assert_eq!(read.rows[1].text, b"2,b");
    }
    let nul = read("n,t\n1,a\0b\n\0,c\n", options("csv")).await.unwrap();
    assert_eq!((nul.rows.len(), nul.bad.len()), (1, 1));
    assert_eq!(nul.values(), [r#"{"n":1,"t":"a\u0000b"}"#]);
}

#[tokio::test]
async fn text_in_utf_16_is_read_and_bytes_that_are_not_are_bad() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let lone = [0x00, 0xd8];
    let content =
        [&b"\xff\xfe"[..], &utf16("n,t\r\n1,ä\r\n2,"), &lone, &utf16("b\r\n3,😀\r\n")].concat();
    let dialect = CsvOptions { encoding: encoding_rs::UTF_16LE, ..CsvOptions::default() };
    let read = read(content.clone(), csv(dialect)).await.unwrap();
    assert_eq!(read.values(), [r#"{"n":1,"t":"ä"}"#, r#"{"n":3,"t":"😀"}"#]);
    assert_eq!(read.rows[0].text, "1,ä".as_bytes());
    assert_eq!((read.told()[0].1, read.told()[0].3), (3, "it is not UTF-16LE"));
    let error = read_named("a.csv", content, |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("encoding"), "{error}");
}

#[tokio::test]
async fn a_null_in_a_column_that_has_none_is_a_bad_record() {
    use arrow_schema::Schema;
    for (format, content) in [
        ("csv", "n,t\n1,a\n,b\n3,\n"),
        ("jsonl", "{\"n\":1,\"t\":\"a\"}\n{\"n\":null,\"t\":\"b\"}\n{\"n\":3,\"t\":null}\n"),
    ] {
        let mut options = options(format);
        let n = options.schema.field(0).clone().with_nullable(false);
        options.schema = Schema::new(vec![n, options.schema.field(1).clone()]).into();
        let read = read(content, options).await.unwrap();
        assert_eq!(read.values(), [r#"{"n":1,"t":"a"}"#, r#"{"n":3,"t":null}"#], "{format}");
        assert_eq!((read.bad[0].ordinal, read.bad[0].column.as_deref()), (1, Some("n")));
    }
}

#[tokio::test]
async fn a_compressed_file_that_was_cut_is_an_error_after_good_chunks() {
    use std::io::Write as _;
    let mut lines = String::from("n,t\n");
    for n in 0..200_000_u32 {
        lines.push_str(&format!("{n},{:x}\n", n.wrapping_mul(2_654_435_761)));
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    let whole = read_named("a.csv", packed.clone(), |_| {}).await.unwrap();
    assert_eq!((whole.rows.len(), whole.bad.len()), (200_000, 0));
    let cut = read_named("a.csv", packed[..packed.len() / 2].to_vec(), |_| {}).await.unwrap();
    let error = cut.error.as_ref().unwrap();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.to_string().contains("memory:///a.csv: line "), "{error}");
    assert!(cut.rows.len() > 50_000 && cut.bad.is_empty(), "{} rows", cut.rows.len());
    assert_eq!(cut.values(), whole.values()[..cut.rows.len()]);
    for compression in [Compression::Zstd, Compression::Xz, Compression::Bzip2, Compression::Lz4] {
        let mut options = options("csv");
        options.file.compression = compression;
        let packed = crate::laws::compressed(lines.as_bytes(), compression);
        // A file that is cut in its first block can't even be opened.
        let cut = match read(packed[..packed.len() / 2].to_vec(), options).await {
            Ok(cut) => cut,
            Err(error) => Read { error: Some(error), ..Read::default() },
        };
        assert_eq!(cut.error.as_ref().unwrap().kind(), ErrorKind::Data, "{compression}");
        assert_eq!(cut.values(), whole.values()[..cut.rows.len()], "{compression}");
    }
}
