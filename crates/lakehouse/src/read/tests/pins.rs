//! Which snapshot is read, and with which schema.

use chrono::DateTime;
use iceberg::spec::PrimitiveType;

use super::fixture::{FIRST, Fixture, built, column, field, numbered, schema, three};
use crate::error::ErrorKind;
use crate::read::{Pin, ReadOptions};

fn at(pin: Pin) -> ReadOptions {
    ReadOptions { pin, ..Default::default() }
}

fn as_of(millis: i64) -> ReadOptions {
    at(Pin::AsOf(DateTime::from_timestamp_millis(millis).unwrap()))
}

/// Three snapshots, each with two rows more.
async fn three_snapshots() -> Fixture {
    let mut fixture = Fixture::new(three());
    for snapshot in 0..3 {
        let name = format!("{snapshot}.parquet");
        let file = fixture.write(&name, numbered(2 * snapshot..2 * snapshot + 2)).await;
        fixture.commit(vec![built(file)]).await;
    }
    fixture
}

#[tokio::test]
async fn a_snapshot_is_read_as_it_was() {
    let fixture = three_snapshots().await;
    let table = fixture.table();
    for (pin, rows) in [
        (at(Pin::Current), 6),
        (at(Pin::Snapshot(1001)), 2),
        (at(Pin::Snapshot(1002)), 4),
        (as_of(FIRST), 2),
        (as_of(FIRST + 999), 2),
        (as_of(FIRST + 1000), 4),
        (as_of(FIRST + 1_000_000), 6),
    ] {
        let read = table.read(&pin).await.unwrap();
        let ids = column(&read, "id").await.unwrap();
        assert_eq!(ids, (0..rows).map(Some).collect::<Vec<_>>(), "{pin:?}");
        assert_eq!(read.snapshot_id(), Some(1000 + rows / 2));
    }
}

#[tokio::test]
async fn a_time_finds_what_was_current_then_though_it_was_rolled_back() {
    let mut fixture = three_snapshots().await;
    fixture.roll_back(1001);
    let table = fixture.table();
    let current = table.read(&at(Pin::Current)).await.unwrap();
    assert_eq!(current.snapshot_id(), Some(1001));
    let then = table.read(&as_of(FIRST + 2000)).await.unwrap();
    assert_eq!(then.snapshot_id(), Some(1003));
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is() {
    let fixture = three_snapshots().await;
    let table = fixture.table();
    let error = table.read(&at(Pin::Snapshot(7))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let message = error.to_string();
    assert!(message.contains("test.t has no snapshot 7"), "{message}");
    assert!(message.contains("1003 of 2023-11-14T22:13:22.000Z, 1002 of"), "{message}");
    let error = table.read(&as_of(FIRST - 1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let message = error.to_string();
    assert!(message.contains("begins with snapshot 1001 at 2023-11-14T22:13:20.000Z"), "{message}");
}

#[tokio::test]
async fn a_table_without_snapshots_has_a_schema_and_no_rows() {
    let table = Fixture::new(three()).table();
    let read = table.read(&ReadOptions::default()).await.unwrap();
    assert_eq!((read.snapshot_id(), read.tasks().len(), read.files_skipped()), (None, 0, 0));
    assert_eq!(read.schema().fields().len(), 3);
    assert!(
        table.read(&as_of(FIRST)).await.unwrap_err().to_string().contains("no snapshots at all")
    );
    let error = table.read(&at(Pin::Snapshot(1))).await.unwrap_err();
    assert!(error.to_string().contains("it has no snapshots"), "{error}");
}

#[tokio::test]
async fn the_schema_is_that_of_the_snapshot_unless_it_is_the_current_one() {
    let mut fixture = three_snapshots().await;
    let mut fields = three().as_struct().fields().to_vec();
    fields.push(field(4, "more", PrimitiveType::Int));
    fixture.change(|builder| builder.add_current_schema(schema(fields)));
    let table = fixture.table();
    let current = table.read(&ReadOptions::default()).await.unwrap();
    assert_eq!(column(&current, "more").await.unwrap(), [None; 6]);
    let pinned = table.read(&at(Pin::Snapshot(1003))).await.unwrap();
    assert!(pinned.schema().field_with_name("more").is_err());
    assert_eq!(column(&pinned, "id").await.unwrap().len(), 6);
    // A filter on it is of no use to pass over files, whose snapshot does not know the column.
    let none = ReadOptions { filter: Some("more = 1".to_owned()), ..Default::default() };
    let none = table.read(&none).await.unwrap();
    assert_eq!(column(&none, "id").await.unwrap(), []);
}
