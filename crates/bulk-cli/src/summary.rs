//! The document at the end of a run, however it ended: for whoever started it and looks later.

use bulk::Location;
use chrono::Utc;
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::file_options::refused;
use crate::run_state::{RunState, moment};

/// Where the document goes.
#[derive(Debug)]
pub(crate) struct Summary {
    folder: Location,
    name: String,
}

impl Summary {
    /// At a path or URL.
    ///
    /// # Errors
    ///
    /// Where it is none of a file.
    pub(crate) fn at(place: &str) -> Result<Self, Failure> {
        let (folder, name) = match place.rsplit_once('/') {
            None => (".", place),
            Some(("", name)) => ("/", name),
            Some(found) => found,
        };
        if name.is_empty() || name == "." || name == ".." {
            return Err(Failure::usage(format!("--summary {place:?} names no file")));
        }
        Ok(Summary { folder: Location::parse(folder).map_err(refused)?, name: name.to_owned() })
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(crate) async fn write(&self, document: &Value) -> Result<(), Failure> {
        let text = format!("{document:#}\n");
        self.folder.put(&self.name, text.into()).await.map_err(refused)
    }
}

/// The document. `report` is what `--output json` says at the end; where a run ended before there was
/// any, its last figures are told.
pub(crate) fn document(
    state: &RunState,
    report: Option<Value>,
    result: &Result<(), Failure>,
) -> Value {
    let last = || json!({ "stats": state.figures()?.document() }).into();
    let error = result.as_ref().err();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "job": state.job,
        "table": state.table,
        "run": state.name.as_str(),
        "outcome": error.map_or("complete", Failure::outcome),
        "exit_code": error.map_or(0, Failure::code),
        "error": error.map(|error| json!({ "kind": error.kind(), "message": error.message() })),
        "started": moment(state.started()),
        "finished": moment(Utc::now()),
        "seconds": state.began().elapsed().as_secs_f64(),
        "limits": state.limits(),
        "report": report.or_else(last),
    })
}

#[cfg(test)]
mod tests {
    use bulk::Pace;

    use super::*;
    use crate::run_state::Figures;

    fn state() -> RunState {
        let name = "nightly".parse().unwrap();
        RunState::new(name, "count", "shop.orders".to_owned(), Pace::default())
    }

    #[test]
    fn a_run_that_ended_well_has_its_report() {
        let document = document(&state(), Some(json!({ "rows": 3 })), &Ok(()));
        assert_eq!(document["outcome"], "complete");
        assert_eq!((&document["exit_code"], &document["error"]), (&json!(0), &Value::Null));
        assert_eq!(document["report"]["rows"], 3);
        assert_eq!(document["run"], "nightly");
        assert_eq!(document["limits"]["rows_per_second"], Value::Null);
    }

    #[test]
    fn the_figures_of_a_run_without_a_report_are_its_last_ones() {
        let state = state();
        let failed = Err(Failure::Bad(2));
        assert_eq!(document(&state, None, &failed)["report"], Value::Null);
        let stats = bulk::Stats { rows: 7, ..bulk::Stats::default() };
        state.set_figures(Figures::Read(stats));
        let document = document(&state, None, &failed);
        assert_eq!(document["report"]["stats"]["rows"], 7);
        assert_eq!(document["outcome"], "partial");
        assert_eq!(document["error"]["kind"], "incomplete");
        assert!(document["error"]["message"].as_str().unwrap().contains("2 records"));
    }

    #[tokio::test]
    async fn a_summary_replaces_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last run.json");
        let summary = Summary::at(path.to_str().unwrap()).unwrap();
        for number in [1, 2] {
            summary.write(&json!({ "number": number })).await.unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["number"], 2);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_names_no_file_is_refused() {
        for place in ["", "/tmp/", "..", "a/.", "ftp://host/file"] {
            assert!(Summary::at(place).is_err(), "{place}");
        }
        assert!(Summary::at("summary.json").is_ok());
    }
}
