//! Who else uses the cluster: what its nodes tell of the requests of their clients.
//!
//! Cassandra (4.0 on) counts the requests of each connection in the virtual table `system_views.clients`
//! (`org.apache.cassandra.db.virtual.ClientsTable`). What has been counted and was not sent by the run itself,
//! somebody else has sent. Where a node doesn't tell, because it is of another kind or the role may not look,
//! nothing is known.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use scylla::client::session::Session;
use scylla::statement::unprepared::Statement;

use crate::targets::Target;

/// Requests per second, of all nodes together, that are more than the chatter of idle drivers.
const CHATTER: f64 = 10.0;
/// Looks in a row that must agree before others are taken to have come: a driver that reads the schema anew
/// asks some dozens of times at once.
const COMING: u32 = 2;
/// The same before they are taken to have gone.
const GOING: u32 = 5;

/// Who else uses the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Company {
    /// The nodes don't tell, or not yet.
    #[default]
    Unknown,
    /// Nobody.
    Nobody,
    /// Somebody, whose requests must not wait for the run's.
    Others,
}

/// The requests of each connection to a node, since it was made.
pub(crate) type Connections = HashMap<(IpAddr, i32), i64>;

/// Asks a node who is connected to it. `None` where it doesn't tell.
pub(crate) async fn connections(session: &Session, target: &Target) -> Option<Connections> {
    let cql = "SELECT address, port, request_count FROM system_views.clients";
    let mut found = Connections::new();
    let answer = target.ask(session, Statement::new(cql)).await.ok()?.into_rows_result().ok()?;
    for row in answer.rows::<(IpAddr, i32, Option<i64>)>().ok()? {
        let (address, port, requests) = row.ok()?;
        found.insert((address, port), requests.unwrap_or(0));
    }
    Some(found)
}

/// What a node has told so far.
#[derive(Debug, Default)]
pub(crate) struct Census {
    before: Option<(Connections, u64)>,
}

impl Census {
    /// How many requests others have sent since the last look, if both told; `sent` is how many requests
    /// the run itself has ever sent to the node.
    pub(crate) fn others(&mut self, now: Option<Connections>, sent: u64) -> Option<u64> {
        let before = self.before.take();
        let now = now?;
        let others = before.map(|(before, sent_before)| {
            let since = |(who, count): (&(IpAddr, i32), &i64)| {
                count.saturating_sub(before.get(who).copied().unwrap_or(0)).max(0).unsigned_abs()
            };
            let all: u64 = now.iter().map(since).sum();
            all.saturating_sub(sent.saturating_sub(sent_before))
        });
        self.before = Some((now, sent));
        others
    }
}

/// What the looks at all nodes, one after the other, come to.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    company: Company,
    /// Looks in a row that say something else.
    against: u32,
}

impl Verdict {
    /// A look at all nodes: the requests of others at each, `None` where one doesn't tell, over so long.
    pub(crate) fn look(
        &mut self,
        others: impl IntoIterator<Item = Option<u64>>,
        over: Duration,
    ) -> Company {
        let (mut sum, mut is_known) = (0, true);
        for count in others {
            sum += count.unwrap_or(0);
            is_known &= count.is_some();
        }
        let seen = match sum as f64 / over.as_secs_f64().max(1e-3) {
            rate if rate > CHATTER => Company::Others,
            _ if is_known => Company::Nobody,
            _ => Company::Unknown,
        };
        self.against = if seen == self.company { 0 } else { self.against + 1 };
        let enough = match (self.company, seen) {
            (_, Company::Others) => COMING,
            (Company::Others, _) => GOING,
            _ => 1,
        };
        if self.against >= enough {
            (self.company, self.against) = (seen, 0);
        }
        self.company
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(counts: &[(i32, i64)]) -> Option<Connections> {
        let local = IpAddr::from([127, 0, 0, 1]);
        Some(counts.iter().map(|(port, count)| ((local, *port), *count)).collect())
    }

    #[test]
    fn what_the_run_has_not_sent_others_have() {
        let mut census = Census::default();
        assert_eq!(census.others(connections(&[(1, 100), (2, 7)]), 90), None);
        assert_eq!(census.others(connections(&[(1, 150), (2, 9)]), 140), Some(2));
        // One has gone, and one has come.
        assert_eq!(census.others(connections(&[(1, 160), (3, 30)]), 150), Some(30));
        assert_eq!(census.others(connections(&[(1, 165), (3, 30)]), 160), Some(0));
    }

    #[test]
    fn a_node_that_was_silent_tells_nothing_the_next_time() {
        let mut census = Census::default();
        assert_eq!(census.others(connections(&[(1, 1)]), 0), None);
        assert_eq!(census.others(None, 0), None);
        assert_eq!(census.others(connections(&[(1, 900)]), 0), None);
        assert_eq!(census.others(connections(&[(1, 901)]), 0), Some(1));
    }

    #[test]
    fn others_come_after_two_looks_and_go_after_five() {
        let (mut verdict, second) = (Verdict::default(), Duration::from_secs(1));
        let mut look = |counts: [Option<u64>; 2]| verdict.look(counts, second);
        assert_eq!(look([None, None]), Company::Unknown);
        assert_eq!(look([Some(1), Some(2)]), Company::Nobody);
        assert_eq!(look([Some(90), Some(0)]), Company::Nobody);
        assert_eq!(look([Some(0), Some(0)]), Company::Nobody);
        assert_eq!(look([Some(9), Some(9)]), Company::Nobody);
        assert_eq!(look([Some(20), None]), Company::Others);
        for _ in 1..GOING {
            assert_eq!(look([Some(0), Some(0)]), Company::Others);
        }
        assert_eq!(look([Some(0), Some(0)]), Company::Nobody);
        assert_eq!(look([Some(0), None]), Company::Unknown);
    }
}
