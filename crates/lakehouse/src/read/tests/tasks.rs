//! The parts that a table is read in.

use std::collections::HashSet;

use futures::TryStreamExt;
use iceberg::io::FileIO;
use iceberg::spec::{DataFileBuilder, DataFileFormat};

use super::fixture::{Fixture, LOCATION, batches, built, column, filter, numbered, three};
use crate::error::ErrorKind;
use crate::read::ReadOptions;

fn cut(split_bytes: u64) -> ReadOptions {
    ReadOptions { split_bytes, ..Default::default() }
}

/// One file with ten row groups of ten rows.
async fn ten_groups(with_offsets: bool) -> (Fixture, DataFileBuilder) {
    let fixture = Fixture::new(three());
    let mut file = fixture.write_as("a.parquet", &fixture.schema(), numbered(0..100), 10).await;
    if !with_offsets {
        file.split_offsets(None);
    }
    (fixture, file)
}

#[tokio::test]
async fn each_row_is_in_one_task_wherever_files_are_cut() {
    for with_offsets in [true, false] {
        let (mut fixture, file) = ten_groups(with_offsets).await;
        let bytes = built(file.clone()).file_size_in_bytes();
        fixture.commit(vec![built(file)]).await;
        let table = fixture.table();
        for parts in [1, 2, 3, 7, 10, 50] {
            let read = table.read(&cut(bytes / parts)).await.unwrap();
            let ids = column(&read, "id").await.unwrap();
            assert_eq!(ids, (0..100).map(Some).collect::<Vec<_>>(), "{parts} {with_offsets}");
            let names: HashSet<&str> = read.tasks().iter().map(|task| task.name()).collect();
            assert_eq!(names.len(), read.tasks().len());
            assert_eq!(read.tasks().iter().map(|task| task.bytes()).sum::<u64>(), bytes);
        }
    }
}

#[tokio::test]
async fn a_cut_file_has_rows_in_each_part() {
    let (mut fixture, file) = ten_groups(true).await;
    fixture.commit(vec![built(file)]).await;
    let read = fixture.table().read(&cut(1)).await.unwrap();
    assert_eq!(read.tasks().len(), 10);
    for (place, task) in read.tasks().iter().enumerate() {
        let batches: Vec<_> = read.batches(task).unwrap().try_collect().await.unwrap();
        assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 10, "{place}");
        assert_eq!(task.rows(), None);
        assert!(task.name().starts_with(&format!("{LOCATION}/data/a.parquet#")), "{}", task.name());
    }
}

#[tokio::test]
async fn tasks_are_in_the_order_of_paths() {
    let mut fixture = Fixture::new(three());
    for (name, ids) in [("c.parquet", 20..25), ("a.parquet", 0..5), ("b.parquet", 10..15)] {
        let file = fixture.write(name, numbered(ids)).await;
        fixture.commit(vec![built(file)]).await;
    }
    let read = fixture.table().read(&ReadOptions::default()).await.unwrap();
    let names: Vec<&str> = read.tasks().iter().map(|task| task.name()).collect();
    assert_eq!(names, ["a", "b", "c"].map(|name| format!("{LOCATION}/data/{name}.parquet")));
    assert_eq!(read.tasks().iter().map(|task| task.rows()).collect::<Vec<_>>(), [Some(5); 3]);
    let ids = column(&read, "id").await.unwrap();
    assert_eq!(ids, (0..5).chain(10..15).chain(20..25).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_task_gives_the_same_batches_each_time() {
    let (mut fixture, file) = ten_groups(true).await;
    fixture.commit(vec![built(file)]).await;
    let options = ReadOptions { batch_rows: Some(7), ..filter("id != 13 AND n < 90") };
    let table = fixture.table();
    let first = batches(&table.read(&options).await.unwrap()).await.unwrap();
    let again = batches(&table.read(&options).await.unwrap()).await.unwrap();
    assert_eq!(first, again);
    assert!(first.iter().all(|batch| batch.num_rows() <= 7));
    assert_eq!(first.iter().map(|batch| batch.num_rows()).sum::<usize>(), 89);
}

#[tokio::test]
async fn columns_come_in_the_order_in_which_they_are_asked_for() {
    let (mut fixture, file) = ten_groups(true).await;
    fixture.commit(vec![built(file)]).await;
    let table = fixture.table();
    let asked = |columns: &[&str], filter: Option<&str>| ReadOptions {
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
        filter: filter.map(str::to_owned),
        ..Default::default()
    };
    let read = table.read(&asked(&["n", "id"], Some("name = 'name 7'"))).await.unwrap();
    let names: Vec<&str> =
        read.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["n", "id"]);
    assert_eq!(column(&read, "id").await.unwrap(), [Some(7)]);
    for (columns, told) in [
        (&["id", "x"][..], r#"test.t has no column "x"; it has id, name, n"#),
        (&["id", "id"], r#"the column "id" is asked for twice"#),
        (&["ID"], r#"has no column "ID""#),
    ] {
        let error = table.read(&asked(columns, None)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_version_changes_with_what_the_rows_depend_on_only() {
    let (mut fixture, file) = ten_groups(true).await;
    fixture.commit(vec![built(file)]).await;
    let versions = async |fixture: &Fixture, options: &ReadOptions| {
        let read = fixture.table().read(options).await.unwrap();
        read.tasks()[0].version()
    };
    let columns = ReadOptions { columns: vec!["id".to_owned()], ..Default::default() };
    let mut all = vec![versions(&fixture, &ReadOptions::default()).await];
    for options in [filter("id < 1000"), filter("id < 1001"), columns, cut(1)] {
        all.push(versions(&fixture, &options).await);
    }
    // Other files do not matter.
    let other = fixture.write("b.parquet", numbered(0..1)).await;
    fixture.commit(vec![built(other)]).await;
    assert_eq!(versions(&fixture, &ReadOptions::default()).await, all[0]);
    let deletes = fixture.positions("d.parquet", &[("a.parquet", 3)]).await;
    fixture.commit(vec![built(deletes)]).await;
    all.push(versions(&fixture, &ReadOptions::default()).await);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
}

#[tokio::test]
async fn a_task_of_another_read_is_refused() {
    let (mut fixture, file) = ten_groups(true).await;
    fixture.commit(vec![built(file)]).await;
    let table = fixture.table();
    let (all, some) =
        (table.read(&ReadOptions::default()).await, table.read(&filter("id = 1")).await);
    let (all, some) = (all.unwrap(), some.unwrap());
    let error = all.batches(&some.tasks()[0]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Request);
}

#[tokio::test]
async fn what_is_not_plain_parquet_is_refused_with_its_name() {
    let unusual: [fn(&mut DataFileBuilder); 2] = [
        |file| {
            file.file_format(DataFileFormat::Orc);
        },
        |file| {
            file.key_metadata(Some(vec![1]));
        },
    ];
    for change in unusual {
        let (mut fixture, mut file) = ten_groups(true).await;
        change(&mut file);
        fixture.commit(vec![built(file)]).await;
        let error = fixture.table().read(&ReadOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("a.parquet"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_or_broken_is_told_by_its_name() {
    let read = async |change: fn(FileIO) -> futures::future::BoxFuture<'static, ()>| {
        let (mut fixture, file) = ten_groups(true).await;
        fixture.commit(vec![built(file)]).await;
        change(fixture.io.clone()).await;
        let read = fixture.table().read(&ReadOptions::default()).await.unwrap();
        batches(&read).await.unwrap_err()
    };
    let path = || format!("{LOCATION}/data/a.parquet");
    let gone = read(|io| {
        Box::pin(async move { io.delete(&format!("{LOCATION}/data/a.parquet")).await.unwrap() })
    })
    .await;
    assert!(gone.to_string().contains(&path()), "{gone}");
    let broken = read(|io| {
        Box::pin(async move {
            let output = io.new_output(format!("{LOCATION}/data/a.parquet")).unwrap();
            output.write(vec![7; 20_000].into()).await.unwrap();
        })
    });
    let broken = broken.await;
    assert_eq!(broken.kind(), ErrorKind::Data);
    assert!(broken.to_string().contains(&path()), "{broken}");
}
