//! What a commit does when the catalog fails, and what it says.

use std::sync::atomic::Ordering;

use iceberg::spec::FormatVersion;

use super::fixture::{Fault, Fixture};
use crate::commit::request::Mode;
use crate::error::ErrorKind;

fn fixture(faults: impl IntoIterator<Item = Fault>) -> Fixture {
    Fixture::new(FormatVersion::V2).failing(faults)
}

#[tokio::test]
async fn a_commit_whose_reply_was_lost_is_found_and_not_done_again() {
    let fixture = fixture([Fault::LostReply]);
    let committed = fixture.add("run", Mode::Append, &[1, 2]).await.unwrap();
    assert!(committed.found);
    assert_eq!(committed.attempts, 1);
    assert_eq!(fixture.commits.load(Ordering::Relaxed), 1);
    assert_eq!(fixture.ids().await, [1, 2]);
    assert_eq!(
        fixture.metadata_files(),
        fixture.current_files().await,
        "its files are the table's"
    );
}

#[tokio::test]
async fn a_commit_whose_request_was_lost_is_done_by_the_next_attempt() {
    let fixture = fixture([Fault::LostRequest, Fault::NoLoad, Fault::NoLoad]);
    let committed = fixture.add("run", Mode::Append, &[1, 2]).await.unwrap();
    assert!(!committed.found);
    assert_eq!(committed.attempts, 2);
    assert_eq!(fixture.ids().await, [1, 2]);
    assert_eq!(fixture.metadata_files(), fixture.current_files().await, "the lost list is removed");
}

#[tokio::test]
async fn a_commit_that_arrives_late_makes_the_next_attempt_a_conflict() {
    let fixture = fixture([Fault::LateRequest]);
    let committed = fixture.add("run", Mode::Append, &[1, 2]).await.unwrap();
    assert!(committed.found);
    assert_eq!(committed.attempts, 2);
    assert_eq!(fixture.ids().await, [1, 2]);
    assert_eq!(fixture.table().snapshots().len(), 1);
    assert_eq!(fixture.metadata_files(), fixture.current_files().await);
}

#[tokio::test]
async fn a_late_commit_can_not_be_done_after_the_one_that_took_its_place() {
    // The first request arrives when the second one, on the same base, has been done.
    let fixture = fixture([Fault::LostRequest]);
    fixture.add("run", Mode::Append, &[1]).await.unwrap();
    fixture.fail([Fault::LateRequest, Fault::OtherFirst]);
    let committed = fixture.add("late", Mode::Append, &[2]).await.unwrap();
    assert_eq!(fixture.ids().await.iter().filter(|id| **id == 2).count(), 1);
    let made_by_late = |snapshot: &crate::Snapshot| snapshot.run_id.as_deref() == Some("late");
    assert_eq!(fixture.table().snapshots().into_iter().filter(made_by_late).count(), 1);
    assert!(committed.found);
}

#[tokio::test]
async fn an_outcome_that_can_not_be_found_out_is_unknown_and_its_files_stay() {
    for fault in [Fault::LostReply, Fault::LostRequest] {
        let fixture = fixture([fault]);
        fixture.fail([Fault::NoLoad; 11]);
        let commit = fixture.commit_of("run", Mode::Append, vec![fixture.file(&[1], None)]);
        let error = fixture.run(&commit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown, "{error}");
        assert!(error.to_string().contains("run"), "{error}");
        assert_eq!(fixture.metadata_files().len(), 2, "{:?}", fixture.metadata_files());
        // The next call finds out.
        let committed = fixture.run(&commit).await.unwrap();
        assert_eq!(committed.found, fault == Fault::LostReply);
        assert_eq!(fixture.ids().await, [1]);
    }
}

#[tokio::test]
async fn a_refusal_after_an_unknown_outcome_does_not_settle_it() {
    let fixture = fixture([Fault::LostRequest, Fault::Refused]);
    let error = fixture.add("run", Mode::Append, &[1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown, "{error}");
    assert_eq!(fixture.metadata_files().len(), 3, "a manifest and both lists stay");
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_a_commit_of_someone_else() {
    // The second attempt fails for good. By then the first one's base is not the current snapshot.
    let fixture = fixture([Fault::LostRequest, Fault::OtherFirst, Fault::Refused]);
    let error = fixture.add("run", Mode::Append, &[1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert_eq!(fixture.ids().await, [100]);
    assert_eq!(fixture.metadata_files(), fixture.current_files().await);
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again_and_leaves_nothing() {
    let fixture = fixture([Fault::Refused]);
    let error = fixture.add("run", Mode::Append, &[1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(fixture.commits.load(Ordering::Relaxed), 1);
    assert_eq!(fixture.metadata_files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_catalog_that_comes_back_is_waited_for() {
    let fixture = fixture([Fault::Unavailable, Fault::NoLoad, Fault::Unavailable]);
    let committed = fixture.add("run", Mode::Append, &[1]).await.unwrap();
    assert_eq!((committed.attempts, committed.found), (3, false));
    assert_eq!(fixture.ids().await, [1]);
    assert_eq!(fixture.metadata_files(), fixture.current_files().await);
}

#[tokio::test]
async fn a_catalog_that_stays_away_is_unavailable_and_nothing_was_done() {
    let fixture = fixture([Fault::Unavailable]);
    fixture.fail([Fault::NoLoad; 10]);
    let error = fixture.add("run", Mode::Append, &[1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.retryable());
    assert_eq!(fixture.metadata_files(), Vec::<String>::new());
}

#[tokio::test]
async fn others_that_are_always_faster_are_a_conflict() {
    let fixture = fixture([Fault::OtherFirst; 11]);
    let error = fixture.add("run", Mode::Append, &[1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.to_string().contains("commit.retry.num-retries"), "{error}");
    assert_eq!(fixture.commits.load(Ordering::Relaxed), 11);
    assert_eq!(fixture.ids().await, [100; 11]);
}

#[tokio::test]
async fn a_conflict_is_tried_again_on_top_of_what_the_other_did() {
    let fixture = fixture([Fault::OtherFirst, Fault::OtherFirst]);
    let committed = fixture.add("run", Mode::Append, &[1]).await.unwrap();
    assert_eq!((committed.attempts, committed.found), (3, false));
    assert_eq!(fixture.ids().await, [1, 100, 100]);
    assert_eq!(fixture.manifests().await.len(), 3, "the manifest of the new file is written once");
}

#[tokio::test]
async fn a_table_that_was_replaced_meanwhile_is_not_committed_to() {
    let fixture = fixture([Fault::Unavailable]);
    let commit = fixture.commit_of("run", Mode::Append, vec![fixture.file(&[1], None)]);
    let other = Fixture::new(FormatVersion::V2);
    let replace = async {
        while fixture.commits.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        fixture.become_another(&other);
    };
    let (outcome, ()) = tokio::join!(fixture.run(&commit), replace);
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
    assert!(fixture.table().snapshots().is_empty());
}
