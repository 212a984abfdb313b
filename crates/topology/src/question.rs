//! Questions that any node answers from its own tables: what a table is, and what the cluster is.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::policies::retry::DefaultRetryPolicy;
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::response::query_result::QueryResult;
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement;

/// How long another node is not asked as well.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many others are.
const OTHERS: usize = 2;
/// How long the answers are waited for before all are asked anew, in seconds: where all were lost, none comes.
const TIMEOUTS: [u64; 4] = [3, 6, 9, 12];

/// Asks, within half a minute.
///
/// The session's consistency is for the rows of users, and may ask for more replicas than a local table
/// has. And where one node is silent, another is asked: nothing has begun yet that could be resumed.
pub(crate) async fn ask_any_node(
    session: &Session,
    cql: &str,
) -> Result<QueryResult, ExecutionError> {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalOne)
        .retry_policy(Arc::new(DefaultRetryPolicy::new()))
        .speculative_execution_policy(Some(Arc::new(SimpleSpeculativeExecutionPolicy {
            max_retry_count: OTHERS,
            retry_interval: PATIENCE,
        })))
        .build();
    let mut statement = Statement::new(cql);
    statement.set_is_idempotent(true);
    statement.set_execution_profile_handle(Some(profile.into_handle()));
    let mut answer = Err(ExecutionError::EmptyPlan);
    for timeout in TIMEOUTS {
        statement.set_request_timeout(Some(Duration::from_secs(timeout)));
        answer = session.query_unpaged(statement.clone(), &[]).await;
        if !matches!(answer, Err(ExecutionError::RequestTimeout(_))) {
            break;
        }
    }
    answer
}
