//! Rows that others have deleted: by new files, by lists of places, and by deletion vectors.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Lake, RF1, Table, exactly, run};
use serde_json::json;

use crate::{Trial, says, text_ids};

const COLUMNS: &str = "(id int PRIMARY KEY, v text)";

#[test]
fn what_pyiceberg_has_deleted_does_not_come() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_deletes", 100).await?;
        trial.exported(&["--max-file-rows=30", "--splits=4"]).await?;
        let delete = "catalog.load_table(arguments).delete('id >= 20 and id < 50')\nsay(None)";
        trial.lake.script(delete, json!(trial.name)).await?;
        let again = Table::create(RF1, "lake_deletes_again", COLUMNS).await?;
        trial.imported(&again, &[]).await?;
        exactly(text_ids(&again).await?, (0..20).chain(50..100))
    });
}

/// DuckDB writes what it deletes as places in files (version 2) or as deletion vectors (version 3).
const DELETE: &str = r#"
name = arguments
database = duckdb_connection()
database.execute(f"DELETE FROM lake.{name} WHERE id >= 20 AND id < 50")
database.execute(f"DELETE FROM lake.{name} WHERE id = 99")
kinds = sorted({entry["file_format"] for entry in entries(catalog.load_table(name)) if entry["content"]})
say(kinds)
"#;

async fn deleted(name: &str, version: &str, kind: &str) -> Result<Option<Trial>> {
    let Some(lake) = Lake::rest().await? else { return Ok(None) };
    let trial = Trial::texts(lake, name, 100).await?;
    let options = ["--format-version", version, "--max-file-rows=30", "--splits=4"];
    let merge = ["--table-property", "write.delete.mode=merge-on-read"];
    trial.exported(&[&options[..], &merge].concat()).await?;
    let kinds = trial.lake.script(DELETE, json!(trial.name)).await?;
    ensure!(kinds == json!([kind]), "{kinds}");
    Ok(Some(trial))
}

#[test]
fn lists_of_deleted_places_are_respected() {
    run(async {
        let trial = deleted("lake_deletes_places", "2", "PARQUET").await?;
        let Some(trial) = trial else { return Ok(()) };
        let again = Table::create(RF1, "lake_deletes_places_again", COLUMNS).await?;
        let there = || (0..20).chain(50..99);
        trial.imported(&again, &[]).await?;
        exactly(text_ids(&again).await?, there())?;
        again.query("TRUNCATE {}").await?;
        trial.imported(&again, &["--filter", "id > 10 and id <= 60"]).await?;
        exactly(text_ids(&again).await?, there().filter(|id| (11..=60).contains(id)))?;

        // What was deleted is there in the snapshot before.
        again.query("TRUNCATE {}").await?;
        let first = trial.lake.snapshots(&trial.name).await?[0]["snapshot-id"].to_string();
        trial.imported(&again, &["--snapshot-id", &first]).await?;
        exactly(text_ids(&again).await?, 0..100)?;

        // New rows beside what is deleted, and a replacement of all of it.
        trial.exported(&["--mode", "append", "--run-id", "more", "--where", "id = 30"]).await?;
        trial.holds(there().chain([30])).await?;
        trial.exported(&["--mode", "replace", "--run-id", "anew"]).await?;
        trial.holds(0..100).await?;
        trial.ran_once("anew").await
    });
}

/// They are read or refused; what they delete must not come.
#[test]
fn deletion_vectors_are_respected_or_refused() {
    run(async {
        let trial = deleted("lake_deletes_vectors", "3", "PUFFIN").await?;
        let Some(trial) = trial else { return Ok(()) };
        let again = Table::create(RF1, "lake_deletes_vectors_again", COLUMNS).await?;
        let (ended, _) = trial.import(&again, &[]).await?;
        if ended.code == Some(0) {
            return exactly(text_ids(&again).await?, (0..20).chain(50..99));
        }
        says(&ended.with_code(2)?.stderr, &["deletion vector"])?;
        ensure!(text_ids(&again).await?.is_empty());
        Ok(())
    });
}

/// Deletes by values, which streaming engines write; made by hand, as none of our readers' authors does.
const EQUALITY: &str = r#"
import pyarrow.parquet as parquet, time, uuid, random
from pyiceberg.manifest import *
from pyiceberg.table.snapshots import Snapshot, Summary, Operation
from pyiceberg.table.update import AddSnapshotUpdate, SetSnapshotRefUpdate, AssertRefSnapshotId
from pyiceberg.typedef import Record
name, values = arguments
table = catalog.load_table(name)
field = table.schema().find_field("id")
location = table.location().removeprefix("file://")
path = f"{location}/data/{uuid.uuid4()}-deletes.parquet"
kind = pa.schema([pa.field("id", pa.int32(), metadata={"PARQUET:field_id": str(field.field_id)})])
parquet.write_table(pa.table({"id": pa.array(values, pa.int32())}, schema=kind), path)
deletes = DataFile.from_args(
    content=DataFileContent.EQUALITY_DELETES, file_path=path, file_format=FileFormat.PARQUET,
    partition=Record(), record_count=len(values), file_size_in_bytes=os.path.getsize(path),
    equality_ids=[field.field_id], spec_id=table.spec().spec_id,
)
snapshot_id = random.randrange(1, 2**62)
current = table.current_snapshot()
sequence = table.metadata.last_sequence_number + 1
class Deletes(ManifestWriterV2):
    def content(self):
        return ManifestContent.DELETES
output = table.io.new_output(f"{location}/metadata/{uuid.uuid4()}-m0.avro")
with Deletes(table.spec(), table.schema(), output, snapshot_id, "null") as writer:
    writer.add_entry(ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=snapshot_id, data_file=deletes))
manifest = writer.to_manifest_file()
listed = f"{location}/metadata/snap-{snapshot_id}.avro"
with write_manifest_list(2, table.io.new_output(listed), snapshot_id, current.snapshot_id, sequence, "null") as writer:
    writer.add_manifests([*current.manifests(table.io), manifest])
snapshot = Snapshot(snapshot_id=snapshot_id, parent_snapshot_id=current.snapshot_id, sequence_number=sequence,
    timestamp_ms=int(time.time() * 1000), manifest_list=listed, summary=Summary(Operation.DELETE),
    schema_id=table.schema().schema_id)
catalog.commit_table(table, (AssertRefSnapshotId(ref="main", snapshot_id=current.snapshot_id),), (
    AddSnapshotUpdate(snapshot=snapshot),
    SetSnapshotRefUpdate(ref_name="main", type="branch", snapshot_id=snapshot_id)))
say(None)
"#;

#[test]
fn deletes_by_values_are_respected() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_deletes_values", 100).await?;
        trial.exported(&["--max-file-rows=30", "--splits=4"]).await?;
        trial.lake.script(EQUALITY, json!([trial.name, [3, 50, 1000]])).await?;
        let again = Table::create(RF1, "lake_deletes_values_again", COLUMNS).await?;
        let there = || (0..100).filter(|id| *id != 3 && *id != 50);
        trial.imported(&again, &[]).await?;
        exactly(text_ids(&again).await?, there()).context("what was there is deleted")?;
        // A row that comes later is not deleted by what came before.
        trial.exported(&["--mode", "append", "--where", "id = 3"]).await?;
        trial.imported(&again, &[]).await?;
        exactly(text_ids(&again).await?, there().chain([3]))
    });
}
