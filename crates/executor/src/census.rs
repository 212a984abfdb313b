//! Who else uses the cluster: what its nodes tell of the requests of their clients.
//!
//! Cassandra (4.0 on) counts the requests of each connection in the virtual table `system_views.clients`
//! (`org.apache.cassandra.db.virtual.ClientsTable`). What has been counted and was not sent by the run itself,
//! somebody else has sent; unless it is another run like this one, known by its name: two that held back for
//! each other would both crawl. Where a node doesn't tell, because it is of another kind or the role may not look,
//! nothing is known.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use scylla::client::session::Session;
use scylla::statement::unprepared::Statement;
use topology::CLIENT_NAME;

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

/// The connections to a node, by the address and the port of the client.
pub(crate) type Connections = HashMap<(IpAddr, i32), Connection>;

/// What a node tells of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    /// Since it was made.
    requests: i64,
    /// Whether it belongs to a session of [`topology::connect`].
    is_ours: bool,
}

/// Asks a node who is connected to it. `None` where it doesn't tell.
pub(crate) async fn connections(session: &Session, target: &Target) -> Option<Connections> {
    let cql = "SELECT address, port, request_count, driver_name FROM system_views.clients";
    let mut found = Connections::new();
    let answer = target.ask(session, Statement::new(cql)).await.ok()?.into_rows_result().ok()?;
    for row in answer.rows::<(IpAddr, i32, Option<i64>, Option<&str>)>().ok()? {
        let (address, port, requests, name) = row.ok()?;
        let is_ours = name == Some(CLIENT_NAME);
        found.insert((address, port), Connection { requests: requests.unwrap_or(0), is_ours });
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
            let since = |(who, now): (&(IpAddr, i32), &Connection)| {
                let before = before.get(who).map_or(0, |before| before.requests);
                (now.requests.saturating_sub(before).max(0).unsigned_abs(), now.is_ours)
            };
            let sum = |of_ours: bool| -> u64 {
                let counts = now.iter().map(since);
                counts.filter(|(_, is_ours)| *is_ours == of_ours).map(|(count, _)| count).sum()
            };
            let sent = sent.saturating_sub(sent_before);
            // Who uses this crate may have made the session, and named it otherwise: then the run's own
            // are not among those that bear its name. (They are counted a moment before or after.)
            let bears_the_name = sum(true) * 2 >= sent;
            if bears_the_name { sum(false) } else { sum(false).saturating_sub(sent) }
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

    /// Of a port, the requests; ports below 100 are of sessions with our name.
    fn connections(counts: &[(i32, i64)]) -> Option<Connections> {
        let local = IpAddr::from([127, 0, 0, 1]);
        let connection = |(port, requests): &(i32, i64)| Connection {
            requests: *requests,
            is_ours: *port < 100,
        };
        Some(counts.iter().map(|of| ((local, of.0), connection(of))).collect())
    }

    #[test]
    fn what_has_another_name_others_have_sent() {
        let mut census = Census::default();
        assert_eq!(census.others(connections(&[(1, 100), (102, 7)]), 90), None);
        assert_eq!(census.others(connections(&[(1, 150), (102, 9)]), 140), Some(2));
        // Another run begins.
        assert_eq!(census.others(connections(&[(1, 160), (2, 900), (102, 9)]), 150), Some(0));
        // One has gone, and one has come.
        assert_eq!(census.others(connections(&[(1, 170), (103, 30)]), 160), Some(30));
        assert_eq!(census.others(connections(&[(1, 175), (103, 30)]), 170), Some(0));
    }

    #[test]
    fn what_a_session_of_another_name_has_not_sent_others_have() {
        let mut census = Census::default();
        assert_eq!(census.others(connections(&[(101, 100), (102, 7)]), 90), None);
        assert_eq!(census.others(connections(&[(101, 150), (102, 9)]), 140), Some(2));
        assert_eq!(census.others(connections(&[(101, 160), (103, 30)]), 150), Some(30));
        assert_eq!(census.others(connections(&[(101, 165), (103, 30)]), 160), Some(0));
    }

    #[test]
    fn a_node_that_was_silent_tells_nothing_the_next_time() {
        let mut census = Census::default();
        assert_eq!(census.others(connections(&[(101, 1)]), 0), None);
        assert_eq!(census.others(None, 0), None);
        assert_eq!(census.others(connections(&[(101, 900)]), 0), None);
        assert_eq!(census.others(connections(&[(101, 901)]), 0), Some(1));
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
