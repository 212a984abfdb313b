//! Files appear whole, or not at all, in every kind of store.

use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use bytes::Bytes;
use formats::{Checksum, Entry, ErrorKind, FileOptions, FileWriter, Format, Location};
use tempfile::TempDir;

use crate::sample::text_schema;

/// A URL as `s3://bucket/prefix`; what is below it is removed.
const S3: &str = "CASSANDRA_BULK_TEST_S3";

struct Stores {
    _folder: TempDir,
    stores: Vec<Location>,
}

#[expect(clippy::print_stderr, reason = "what is not tested is told")]
async fn stores(test: &str) -> Stores {
    let folder = tempfile::tempdir().unwrap();
    let local = Location::parse(folder.path().join("not/yet there").to_str().unwrap()).unwrap();
    let mut stores = vec![local, Location::in_memory()];
    match std::env::var(S3) {
        Ok(url) => {
            let location =
                Location::parse(&format!("{}/{test}", url.trim_end_matches('/'))).unwrap();
            for entry in location.list().await.unwrap() {
                location.delete(&entry.name).await.unwrap();
            }
            stores.push(location);
        }
        Err(_) => eprintln!("NOT tested against S3: {S3} is not set"),
    }
    Stores { _folder: folder, stores }
}

fn names(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.name.as_str()).collect()
}

/// Text of about a MiB that hardly compresses.
fn large(seed: u64) -> RecordBatch {
    let mut state = seed;
    let mut row = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{state:x}").repeat(64)
    };
    let texts: Vec<String> = (0..1024).map(|_| row()).collect();
    RecordBatch::try_new(text_schema(&["t"]), vec![Arc::new(StringArray::from(texts))]).unwrap()
}

fn csv() -> FileOptions {
    FileOptions { format: "csv".parse().unwrap(), ..FileOptions::default() }
}

#[tokio::test]
async fn small_files_are_put_listed_read_replaced_and_removed() {
    for location in stores("small").await.stores {
        assert!(location.list().await.unwrap().is_empty());
        assert_eq!(location.remove_unfinished().await.unwrap(), 0);
        for name in ["b/c=%2F ä/x.csv", "a.csv", "b.csv"] {
            location.put(name, Bytes::from(name.to_owned())).await.unwrap();
        }
        let entries = location.list().await.unwrap();
        assert_eq!(names(&entries), ["a.csv", "b.csv", "b/c=%2F ä/x.csv"], "{location}");
        assert_eq!(entries[0].bytes, 5);
        assert_eq!(location.read("b/c=%2F ä/x.csv").await.unwrap(), "b/c=%2F ä/x.csv");
        location.put("a.csv", Bytes::from_static(b"new")).await.unwrap();
        assert_eq!(location.read("a.csv").await.unwrap(), "new");
        assert_eq!(location.checksum("a.csv").await.unwrap(), Checksum::of(b"new"));
        assert!(location.contains("a.csv").await.unwrap());
        for _ in 0..2 {
            location.delete("a.csv").await.unwrap();
        }
        assert!(!location.contains("a.csv").await.unwrap());
        let error = location.read("a.csv").await.unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::NotFound, false));
        assert!(error.to_string().contains("a.csv"), "{error}");
        location.put("empty", Bytes::new()).await.unwrap();
        assert_eq!(location.checksum("empty").await.unwrap(), Checksum::of(b""));
    }
}

#[tokio::test]
async fn a_folder_is_a_location_and_its_name_is_as_it_is() {
    for location in stores("folders").await.stores {
        let folder = location.folder("a%20b/c d").unwrap();
        folder.put("x/y", Bytes::from_static(b"12345")).await.unwrap();
        assert_eq!(location.read("a%20b/c d/x/y").await.unwrap(), "12345");
        assert_eq!(names(&folder.list().await.unwrap()), ["x/y"]);
        assert!(folder.to_string().ends_with("a%20b/c d"), "{folder}");
        // One that is a file is none, where that can be known.
        let file = location.folder("a%20b/c d/x/y");
        assert_eq!(file.is_err(), location.local_path().is_some());
        for name in ["", "/a", "a/", "..", "a/../b", "a#1"] {
            assert_eq!(location.folder(name).unwrap_err().kind(), ErrorKind::Request, "{name}");
        }
    }
}

#[tokio::test]
async fn a_part_of_a_file_is_read_alone() {
    for location in stores("ranges").await.stores {
        location.put("a", Bytes::from_static(b"0123456789")).await.unwrap();
        assert_eq!(location.read_range("a", 2..5).await.unwrap(), "234");
        assert_eq!(location.read_range("a", 8..20).await.unwrap(), "89");
        assert!(location.read_range("a", 20..30).await.is_err());
        let error = location.read_range("none", 0..1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("none"), "{error}");
    }
}

#[tokio::test]
async fn of_two_who_create_a_file_one_succeeds() {
    for location in stores("create").await.stores {
        let (one, two) = (Bytes::from_static(b"1"), Bytes::from_static(b"2"));
        let both = [location.create("d/a", one), location.create("d/a", two)];
        let both = futures::future::join_all(both).await;
        let made = both.iter().position(Result::is_ok).unwrap();
        let error = both[1 - made].as_ref().unwrap_err();
        assert_eq!((error.kind(), error.retryable()), (ErrorKind::Exists, false), "{error:?}");
        assert_eq!(location.read("d/a").await.unwrap(), ["1", "2"][made], "{location}");
        assert_eq!(names(&location.list().await.unwrap()), ["d/a"]);
        assert_eq!(location.remove_unfinished().await.unwrap(), 0);
        location.delete("d/a").await.unwrap();
        location.create("d/a", Bytes::from_static(b"3")).await.unwrap();
    }
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    for location in stores("names").await.stores {
        for name in ["", "/a", "a/", "../a", "a/../b", "a//b", "a#1", "a\n"] {
            let error = location.put(name, Bytes::new()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request, "{name:?}: {error}");
            assert_eq!(location.read(name).await.unwrap_err().kind(), ErrorKind::Request);
        }
        assert!(location.list().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_file_is_visible_when_it_is_finished_and_not_before() {
    for location in stores("finish").await.stores {
        let batch = large(1);
        let mut writer =
            FileWriter::create(&location, "d/a.csv", batch.schema(), &csv()).await.unwrap();
        // Three parts of an object store.
        for _ in 0..12 {
            writer.write(&batch).await.unwrap();
            assert!(location.list().await.unwrap().is_empty(), "{location}");
        }
        let (rows, bytes) = (writer.rows(), writer.bytes());
        let written = writer.finish().await.unwrap();
        assert_eq!((written.rows, written.bytes), (rows, bytes));
        assert!(bytes > 11 << 20);
        let entries = location.list().await.unwrap();
        assert_eq!((names(&entries), entries[0].bytes), (vec!["d/a.csv"], bytes));
        assert_eq!(location.head("d/a.csv").await.unwrap(), entries[0], "{location}");
        let sum = location.checksum("d/a.csv").await.unwrap();
        assert_eq!((sum.bytes, &sum.sha256), (bytes, &written.sha256), "{location}");
        assert_eq!(location.remove_unfinished().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_file_that_is_aborted_or_dropped() {
    for location in stores("abort").await.stores {
        let batch = large(2);
        for count in [0, 1, 12] {
            for abort in [true, false] {
                let options = csv();
                let create = FileWriter::create(&location, "d/a.csv", batch.schema(), &options);
                let mut writer = create.await.unwrap();
                for _ in 0..count {
                    writer.write(&batch).await.unwrap();
                }
                match abort {
                    true => writer.abort().await.unwrap(),
                    false => drop(writer),
                }
                assert!(location.list().await.unwrap().is_empty(), "{location}");
            }
        }
        // What was under way when its writer was dropped is written first, and removed then.
        if let Some(path) = location.local_path() {
            let files = || std::fs::read_dir(path.join("d")).unwrap().count();
            for _ in 0..1000 {
                if files() > 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            }
            assert_eq!(files(), 0);
        }
    }
}

#[tokio::test]
async fn an_aborted_file_does_not_touch_the_one_it_would_have_replaced() {
    for location in stores("replace").await.stores {
        location.put("a.csv", Bytes::from_static(b"old")).await.unwrap();
        let batch = large(3);
        let mut writer =
            FileWriter::create(&location, "a.csv", batch.schema(), &csv()).await.unwrap();
        writer.write(&batch).await.unwrap();
        assert_eq!(location.read("a.csv").await.unwrap(), "old");
        writer.abort().await.unwrap();
        assert_eq!(location.read("a.csv").await.unwrap(), "old");
        let mut writer =
            FileWriter::create(&location, "a.csv", batch.schema(), &csv()).await.unwrap();
        writer.write(&batch).await.unwrap();
        let written = writer.finish().await.unwrap();
        assert_eq!(location.checksum("a.csv").await.unwrap().sha256, written.sha256);
    }
}

#[tokio::test]
async fn two_writers_of_one_name_do_not_mix() {
    for location in stores("two").await.stores {
        let (one, two) = (large(4), large(5));
        let mut first = FileWriter::create(&location, "a.csv", one.schema(), &csv()).await.unwrap();
        let mut second =
            FileWriter::create(&location, "a.csv", two.schema(), &csv()).await.unwrap();
        for _ in 0..7 {
            first.write(&one).await.unwrap();
            second.write(&two).await.unwrap();
        }
        let (first, second) = (first.finish().await.unwrap(), second.finish().await.unwrap());
        assert_ne!(first.sha256, second.sha256);
        assert_eq!(location.checksum("a.csv").await.unwrap().sha256, second.sha256);
    }
}

#[tokio::test]
async fn leftovers_of_dead_writers_are_found_on_local_disks() {
    let stores = stores("dead").await;
    let location = &stores.stores[0];
    let batch = large(6);
    let writer = FileWriter::create(location, "d/a.csv", batch.schema(), &csv()).await.unwrap();
    // It dies without a chance to clean up.
    std::mem::forget(writer);
    location.put("b.csv", Bytes::new()).await.unwrap();
    assert_eq!(names(&location.list().await.unwrap()), ["b.csv"]);
    assert_eq!(location.remove_unfinished().await.unwrap(), 1);
    assert_eq!(location.remove_unfinished().await.unwrap(), 0);
    assert_eq!(names(&location.list().await.unwrap()), ["b.csv"]);
}

#[tokio::test]
async fn a_batch_of_another_schema_is_refused() {
    let location = Location::in_memory();
    let options = FileOptions { format: Format::JsonLines, ..FileOptions::default() };
    let schema = text_schema(&["other"]);
    let mut writer = FileWriter::create(&location, "a", schema, &options).await.unwrap();
    assert_eq!(writer.write(&large(7)).await.unwrap_err().kind(), ErrorKind::Request);
    assert_eq!(writer.finish().await.unwrap_err().kind(), ErrorKind::Request);
    assert!(location.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_with_a_write_that_was_given_up_is_never_finished() {
    for location in stores("given-up").await.stores {
        let batch = large(9);
        let options = csv();
        let mut writer =
            FileWriter::create(&location, "a.csv", batch.schema(), &options).await.unwrap();
        // Until one of them has to wait for the store.
        while futures::FutureExt::now_or_never(writer.write(&batch)).is_some() {}
        assert_eq!(writer.write(&batch).await.unwrap_err().kind(), ErrorKind::Request);
        assert_eq!(writer.finish().await.unwrap_err().kind(), ErrorKind::Request);
        assert!(location.list().await.unwrap().is_empty(), "{location}");
    }
}

#[tokio::test]
async fn a_file_that_is_replaced_while_it_is_read_is_not_mixed() {
    use futures::TryStreamExt;
    for location in stores("mixed").await.stores {
        location.put("a", vec![1; 20 << 20].into()).await.unwrap();
        let mut pieces = location.stream("a").await.unwrap();
        assert_eq!(pieces.try_next().await.unwrap().unwrap()[0], 1);
        location.put("a", vec![2; 20 << 20].into()).await.unwrap();
        let rest: Result<Vec<Bytes>, _> = pieces.try_collect().await;
        assert!(rest.is_err(), "{location}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told() {
    if std::env::var(S3).is_err() {
        eprintln!("NOT tested against S3: {S3} is not set");
        return;
    }
    let location = Location::parse("s3://there-is-no-such-bucket/a").unwrap();
    assert_eq!(location.list().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(location.put("a", Bytes::new()).await.unwrap_err().kind(), ErrorKind::NotFound);
    let batch = large(8);
    let mut writer = FileWriter::create(&location, "a.csv", batch.schema(), &csv()).await.unwrap();
    let mut written = Ok(());
    for _ in 0..12 {
        written = written.and(writer.write(&batch).await);
    }
    assert_eq!(written.unwrap_err().kind(), ErrorKind::NotFound);
}
