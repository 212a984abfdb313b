//! What the program is told that cannot be, and that it says which, and never a secret.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{
    Calls, Ended, Fate, HttpProxy, Lake, catalog_server, program, program_in, run,
};

use crate::{HOST, Trial, borrowed, files_below, says, text};

fn silent(ended: &Ended) -> Result<()> {
    let is_silent = !ended.stderr.contains("hunter2") && !ended.stdout.contains("hunter2");
    ensure!(is_silent, "a secret was told: {ended:?}");
    Ok(())
}

#[test]
fn what_is_not_there_is_named() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_refusals", 10).await?;
        let into = trial.table.clone();
        // No catalog at all is not made by reading it.
        let (ended, _) = trial.import(&into, &[]).await?;
        ensure!(matches!(ended.code, Some(2 | 5)), "{ended:?}");
        ensure!(files_below(trial.lake.folder())?.is_empty(), "reading has made a catalog");
        trial.exported(&[]).await?;
        for (name, parts) in [
            ("lake_refusals.nosuch", &["nosuch", "t"][..]),
            ("nosuch.t", &["nosuch", "lake_refusals"]),
            ("no_namespace", &["no_namespace", "NAMESPACE.TABLE"]),
            ("", &["NAMESPACE.TABLE"]),
            ("a..b", &["a..b"]),
        ] {
            let from = format!("iceberg:{name}");
            let table = into.name.cql();
            let first = ["import", &table, "--from", &from].into_iter().chain(HOST);
            let options = borrowed(&trial.catalog);
            let arguments: Vec<&str> = first.chain(options).collect();
            let ended = program(&arguments).await?;
            ensure!(ended.code == Some(2), "{name:?}: {ended:?}");
            says(&ended.stderr, parts).with_context(|| format!("{name:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn catalogs_that_cannot_be_are_refused() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let mut trial = Trial::texts(lake, "lake_refusals_catalog", 10).await?;
        let folder = trial.lake.folder().to_owned();
        let file = folder.join("file");
        std::fs::write(&file, "no database")?;
        let (file, folder) = (text(&file)?.to_owned(), text(&folder)?.to_owned());
        let bad_database = format!("sqlite:///{file}");
        let yaml = format!("{folder}/bad.yaml");
        std::fs::write(&yaml, "catalog:\n  other:\n    uri: 7\n  - [\n")?;
        let unknown = format!("{folder}/unknown.yaml");
        std::fs::write(&unknown, "catalog:\n  prod:\n    type: hive\n    uri: thrift://x\n")?;
        for (options, codes, parts) in [
            (&["--catalog", "glue"][..], &[2][..], &["glue", "sql", "rest"][..]),
            (&["--catalog", "rest"], &[2], &["uri"]),
            (&["--catalog", "rest", "--catalog-uri", "not a uri"], &[2, 5], &["uri"]),
            (&["--catalog-uri", "mysql://x/y", "--warehouse", &folder], &[2], &["mysql"]),
            (&["--catalog-uri", &bad_database, "--warehouse", &folder], &[2, 5], &["file"]),
            (&["--warehouse", &file], &[2, 5], &["file"]),
            (&["--warehouse", "/proc/none"], &[5], &["/proc/none"]),
            (&["--catalog-config", "/no/such.yaml"], &[2, 5], &["/no/such.yaml"]),
            (&["--catalog-config", &yaml], &[2], &["bad.yaml"]),
            (&["--catalog-config", &unknown, "--catalog-name=prod"], &[2], &["hive"]),
            (&["--catalog-config", &unknown, "--catalog-name=nosuch"], &[2], &["nosuch", "prod"]),
            (&["--catalog-property", "token=hunter2"], &[2], &["token"]),
            (&["--catalog-property", "novalue"], &[2], &["NAME=VALUE"]),
        ] {
            trial.catalog = options.iter().map(|option| (*option).to_owned()).collect();
            let ended = trial.export(&[]).await?;
            let about = || format!("{options:?}: {ended:?}");
            ensure!(ended.code.is_some_and(|code| codes.contains(&code)), "{}", about());
            says(&ended.stderr, parts).with_context(about)?;
            silent(&ended)?;
        }
        // Files and tables have options of their own.
        for options in [["--mode", "append"], ["--run-id", "x"], ["--catalog", "sql"]] {
            let table = trial.table.name.cql();
            let arguments = ["export", &table, &folder].into_iter().chain(HOST).chain(options);
            let ended = program(&arguments.collect::<Vec<_>>()).await?.with_code(2)?;
            says(&ended.stderr, &[options[0], "iceberg:"])?;
        }
        Ok(())
    });
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_refusals_options", 10).await?;
        for (options, part) in [
            (&["--format", "csv"][..], "Parquet"),
            (&["--mode", "upsert"], "upsert"),
            (&["--run-id", ""], "run"),
            (&["--run-id", "../x"], "../x"),
            (&["--written-lag=-1"], "-1"),
        ] {
            let ended = trial.export(options).await?;
            ensure!(ended.code == Some(2), "{options:?}: {ended:?}");
            says(&ended.stderr, &[part]).with_context(|| format!("{options:?}"))?;
        }
        ensure!(!trial.lake.folder().join("lake_refusals_options").exists());
        Ok(())
    });
}

#[test]
fn a_catalog_that_is_down_or_refuses_is_said_and_no_secret_is() {
    run(async {
        let Some(lake) = Lake::rest().await? else { return Ok(()) };
        let proxy = HttpProxy::start(&catalog_server().await?.uri()).await?;
        let catalog = Lake::rest_options(&proxy.uri());
        let trial = Trial { catalog, ..Trial::texts(lake, "lake_refusals_rest", 10).await? };
        let secret = [("CASSANDRA_BULK_CATALOG_TOKEN".to_owned(), "hunter2".to_owned())];
        let arguments = trial.export_arguments(&["--run-id", "first"]);
        for (fate, code, parts) in [
            (Fate::Refused(401), [3, 5], &["401", "credential"][..]),
            (Fate::Refused(403), [3, 5], &["403"]),
            (Fate::HungUp, [3, 5], &["127.0.0.1"]),
            (Fate::Refused(503), [3, 5], &["503"]),
        ] {
            proxy.fail(Calls::All, fate, None);
            let ended = program_in(&secret, &borrowed(&arguments)).await?;
            let strikes = proxy.heal();
            ensure!(ended.code.is_some_and(|found| code.contains(&found)), "{fate:?}: {ended:?}");
            says(&ended.stderr, parts).with_context(|| format!("{fate:?}"))?;
            silent(&ended)?;
            let is_refusal = matches!(fate, Fate::Refused(401 | 403));
            ensure!(!is_refusal || strikes == 1, "what is refused is not tried again: {strikes}");
        }
        // It is right in the end, and stands nowhere.
        program_in(&secret, &borrowed(&arguments)).await?.with_code(0)?;
        trial.holds(0..10).await?;
        let described = trial.lake.described(&trial.name).await?;
        ensure!(!described.to_string().contains("hunter2"));
        let folder = catalog_server().await?.warehouse.join("lake_refusals_rest");
        let files = files_below(&folder)?;
        ensure!(!files.is_empty());
        for file in files {
            let content = std::fs::read(&file)?;
            let has = content.windows(7).any(|part| part == b"hunter2");
            ensure!(!has, "a secret is in {}", file.display());
        }
        let unreachable = Trial { catalog: Lake::rest_options("http://127.0.0.1:9"), ..trial };
        let ended = unreachable.export(&[]).await?;
        ensure!(matches!(ended.code, Some(3 | 5)), "{ended:?}");
        says(&ended.stderr, &["http://127.0.0.1:9"])
    });
}

/// pyiceberg's own file of catalogs.
#[test]
fn a_configuration_file_of_pyiceberg_is_understood() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let mut trial = Trial::texts(lake, "lake_refusals_config", 10).await?;
        let folder = text(trial.lake.folder())?.to_owned();
        let file = format!("{folder}/.pyiceberg.yaml");
        let sql =
            format!("    uri: sqlite:///{folder}/catalog.db\n    warehouse: file://{folder}/in\n");
        let rest = "    type: rest\n    uri: http://127.0.0.1:9\n    token: hunter2\n";
        std::fs::write(&file, format!("catalog:\n  default:\n{sql}  other:\n{rest}"))?;
        trial.catalog = ["--catalog-config", &file].map(str::to_owned).into();
        trial.exported(&["--run-id", "first"]).await?;
        trial.holds(0..10).await?;
        trial.ran_once("first").await?;
        trial.catalog.extend(["--catalog-name", "other"].map(str::to_owned));
        let ended = trial.export(&[]).await?;
        ensure!(matches!(ended.code, Some(3 | 5)), "{ended:?}");
        says(&ended.stderr, &["http://127.0.0.1:9"])?;
        silent(&ended)
    });
}
