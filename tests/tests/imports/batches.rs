//! Batches of a library user, as another source.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bulk::{ImportOptions, MaxErrors};
use futures::stream;
use integration_tests::{RF1, Table, exactly, main_cluster, run};

fn batch(ids: &[i64], texts: &[Option<&str>]) -> Result<RecordBatch> {
    let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
    let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    let columns = [("no", ids, false), ("v", texts, true)];
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

#[test]
fn batches_of_foreign_types_are_loaded_and_what_does_not_fit_is_kept() {
    run(async {
        let table = Table::create(RF1, "imports_batches", "(id int PRIMARY KEY, v text)").await?;
        let batches = [
            batch(&[1, 2], &[Some("a"), None])?,
            batch(&[], &[])?,
            batch(&[3, 1 << 40, 5], &[Some(""), Some("far"), Some("e")])?,
        ];
        let schema = batches[0].schema();
        let folder = tempfile::tempdir()?;
        let options = ImportOptions {
            map: vec![("no".to_owned(), "id".to_owned())],
            max_errors: MaxErrors::Count(1),
            journal: Some(folder.path().join("journal")),
            ..ImportOptions::default()
        };
        let operator = &main_cluster().await?.operator;
        let import = || operator.import(table.keyspace(), table.table()).options(options.clone());
        let given = batches.clone().map(Ok);
        let report =
            import().from_batches("orders", Arc::clone(&schema), stream::iter(given)).run().await?;
        ensure!((report.counts.read, report.counts.written) == (5, 4), "{report:?}");
        let said = report.examples.concat();
        ensure!(said.contains("orders, record 4, column \"no\""), "{said}");
        let kept = std::fs::read_to_string(folder.path().join("journal/bad/0001-orders.jsonl"))?;
        ensure!(kept == "{\"no\":1099511627776,\"v\":\"far\"}\n", "{kept:?}");
        let text = |text: &str| Some(text.to_owned());
        let expected = [(1, text("a")), (2, None), (3, text("")), (5, text("e"))];
        exactly(table.rows::<(i32, Option<String>)>("SELECT id, v FROM {}").await?, expected)?;

        // What ends with an error has not been read to its end.
        let error = formats::Location::parse("nowhere://at/all").err().context("a place")?;
        let failing = stream::iter([Ok(batches[0].clone()), Err(error)]);
        let options =
            ImportOptions { journal: Some(folder.path().join("other")), ..options.clone() };
        let import = operator.import(table.keyspace(), table.table()).options(options);
        let error = import
            .from_batches("orders", schema, failing)
            .run()
            .await
            .err()
            .context("it ended well")?;
        let report = error.import_report().context("it has begun")?;
        ensure!(report.counts.written == 2 && report.broken.len() == 1, "{report:?}");
        Ok(())
    });
}
