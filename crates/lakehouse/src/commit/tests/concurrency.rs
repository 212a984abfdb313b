//! Several who commit at the same time.

use std::sync::Arc;

use futures::future::join_all;
use iceberg::spec::FormatVersion;

use super::fixture::Fixture;
use crate::commit::request::Mode;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn six_committers_at_once_lose_nothing() {
    for version in [FormatVersion::V1, FormatVersion::V2, FormatVersion::V3] {
        let fixture = Arc::new(Fixture::new(version));
        let runs = (0..6).map(|run| {
            let fixture = Arc::clone(&fixture);
            tokio::spawn(async move {
                fixture.add(&format!("run {run}"), Mode::Append, &[run, run + 10]).await.unwrap()
            })
        });
        let committed: Vec<_> =
            join_all(runs).await.into_iter().map(|outcome| outcome.unwrap()).collect();
        assert_eq!(fixture.ids().await, [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
        assert!(committed.iter().all(|committed| !committed.found));
        let table = fixture.table();
        let snapshots = table.snapshots();
        assert_eq!(snapshots.len(), 6);
        let current = snapshots.iter().find(|snapshot| snapshot.is_current).unwrap();
        assert_eq!(current.summary["total-records"], "12");
        assert_eq!(current.summary["total-data-files"], "6");
        // Six lists and six manifests: nothing is left of the attempts that were too late.
        assert_eq!(fixture.metadata_files().len(), 12, "{:?}", fixture.metadata_files());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_run_committed_by_many_at_once_is_committed_once() {
    let fixture = Arc::new(Fixture::new(FormatVersion::V2));
    let commit = Arc::new(fixture.commit_of("run", Mode::Append, vec![fixture.file(&[1], None)]));
    let runs = (0..6).map(|_| {
        let (fixture, commit) = (Arc::clone(&fixture), Arc::clone(&commit));
        tokio::spawn(async move { fixture.run(&commit).await.unwrap() })
    });
    let committed: Vec<_> =
        join_all(runs).await.into_iter().map(|outcome| outcome.unwrap()).collect();
    assert_eq!(committed.iter().filter(|committed| !committed.found).count(), 1);
    assert!(committed.iter().all(|one| one.snapshot.id == committed[0].snapshot.id));
    assert_eq!(fixture.ids().await, [1]);
    assert_eq!(fixture.metadata_files(), fixture.current_files().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_replace_at_once_the_last_one_stays() {
    let fixture = Arc::new(Fixture::new(FormatVersion::V2));
    let runs = (0..4).map(|run| {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move {
            fixture.add(&format!("run {run}"), Mode::Replace, &[run]).await.unwrap();
        })
    });
    join_all(runs).await.into_iter().for_each(|outcome| outcome.unwrap());
    let table = fixture.table();
    let current = table.snapshots().into_iter().find(|snapshot| snapshot.is_current).unwrap();
    let run: i32 = current.run_id.unwrap().strip_prefix("run ").unwrap().parse().unwrap();
    assert_eq!(fixture.ids().await, [run]);
    assert_eq!(current.summary["total-records"], "1");
}
