//! What is done to frames on their way, and how often it was really done.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use integration_tests::{Answer, Fault, Requests};
use rand::Rng;
use rand::rngs::StdRng;
use scylla_proxy::{
    Condition, Reaction as _, RequestFrame, RequestOpcode, RequestReaction, RequestRule,
    ResponseFrame, ResponseOpcode, ResponseReaction, ResponseRule, TargetShard,
};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::job::{Job, index};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A server error.
    Overloaded,
    /// A server error.
    ReadTimeout,
    /// A server error.
    Unavailable,
    /// A server error.
    ReadFailure,
    /// A server error.
    WriteTimeout,
    /// A server error.
    ServerError,
    /// A server error.
    IsBootstrapping,
    /// A request that never arrives.
    RequestLost,
    /// A request that arrives late.
    RequestLate,
    /// An answer that never arrives; the request was done.
    ReplyLost,
    /// A connection that ends as a request comes.
    Broken,
    /// A node killed without a chance to tidy up.
    NodeKilled,
    /// A node that is frozen for a while.
    NodeFrozen,
    /// The program killed.
    ProgramKilled,
    /// A disk without room, seen as the program's exit code.
    DiskFull,
    /// A request that an object store refuses for now: 500, 503.
    StoreRefused,
    /// A request that an object store does not answer, and does not do.
    StoreHungUp,
    /// A request that an object store does, and does not answer.
    StoreReplyLost,
}

/// Those that happen to frames.
const OF_FRAMES: [Kind; 11] = [
    Kind::Overloaded,
    Kind::ReadTimeout,
    Kind::Unavailable,
    Kind::ReadFailure,
    Kind::WriteTimeout,
    Kind::ServerError,
    Kind::IsBootstrapping,
    Kind::RequestLost,
    Kind::RequestLate,
    Kind::ReplyLost,
    Kind::Broken,
];
/// Nodes, each with a proxy.
pub(crate) const NODES: usize = 3;

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How many faults there were of each kind.
pub(crate) type Counts = BTreeMap<Kind, u64>;

/// Tells of each frame that was struck.
enum Struck {
    Requests(UnboundedReceiver<(RequestFrame, Option<TargetShard>)>),
    Replies(UnboundedReceiver<(ResponseFrame, Option<TargetShard>)>),
}

/// The faults of frames in a round: what each node's proxy does.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) of_nodes: [Rules; NODES],
    struck: Vec<(usize, Kind, Struck)>,
}

/// What one proxy does.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) requests: Vec<RequestRule>,
    pub(crate) replies: Vec<ResponseRule>,
}

impl Faults {
    /// Some kinds, each with its chance, and with a limit to the frames of a node that it strikes. The
    /// first kind goes by the seed, as the job does, so that every job meets every kind.
    pub(crate) fn random(seed: u64, random: &mut StdRng) -> Faults {
        let mut faults = Faults::default();
        let first = OF_FRAMES[index(seed, OF_FRAMES.len())];
        let others = random.random_range(1..=3);
        let others = (0..others).map(|_| OF_FRAMES[random.random_range(0..OF_FRAMES.len())]);
        for kind in std::iter::once(first).chain(others.collect::<Vec<_>>()) {
            let chance = random.random_range(0.05..0.3);
            // Each that is lost costs a run as long as it waits for an answer.
            let is_lost = matches!(kind, Kind::RequestLost | Kind::ReplyLost);
            let most = random.random_range(if is_lost { 1..=3 } else { 3..=12 });
            if faults.struck.iter().all(|(_, other, _)| *other != kind) {
                (0..NODES).for_each(|node| faults.add(node, kind, chance, most));
            }
        }
        faults
    }

    /// The kinds, in the order they were chosen in.
    #[cfg(test)]
    fn kinds(&self) -> Vec<Kind> {
        let of_first = self.struck.iter().filter(|(node, ..)| *node == 0);
        of_first.map(|(_, kind, _)| *kind).collect()
    }

    fn add(&mut self, node: usize, kind: Kind, chance: f64, most: usize) {
        let sometimes = |condition: Condition| {
            Condition::not(Condition::ConnectionRegisteredAnyEvent)
                .and(condition)
                .and(Condition::RandomWithProbability(chance))
                .and(Condition::TrueForLimitedTimes(most))
        };
        let rules = &mut self.of_nodes[node];
        let struck = if let Some(reaction) = reaction(kind) {
            let (told, struck) = mpsc::unbounded_channel();
            let own = Condition::RequestOpcode(RequestOpcode::Execute)
                .or(Condition::RequestOpcode(RequestOpcode::Batch));
            let reaction = reaction.with_feedback_when_performed(told);
            rules.requests.push(RequestRule(sometimes(own), reaction));
            Struck::Requests(struck)
        } else {
            let (told, struck) = mpsc::unbounded_channel();
            let reaction = ResponseReaction::drop_frame().with_feedback_when_performed(told);
            let condition = sometimes(Condition::ResponseOpcode(ResponseOpcode::Result));
            rules.replies.push(ResponseRule(condition, reaction));
            Struck::Replies(struck)
        };
        self.struck.push((node, kind, struck));
    }

    /// How many frames were struck since the last time, by kind and by node.
    pub(crate) fn count(&mut self, counts: &mut Counts, nodes: &mut [u64; NODES]) {
        for (node, kind, struck) in &mut self.struck {
            let found = match struck {
                Struck::Requests(frames) => std::iter::from_fn(|| frames.try_recv().ok()).count(),
                Struck::Replies(frames) => std::iter::from_fn(|| frames.try_recv().ok()).count(),
            } as u64;
            if found > 0 {
                *counts.entry(*kind).or_default() += found;
                nodes[*node] += found;
            }
        }
    }
}

/// The faults of an object store in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreFaults {
    pub(crate) kind: Kind,
    pub(crate) of_store: Fault,
}

impl StoreFaults {
    /// A few requests of a sort that the job makes; `None` where it makes none.
    pub(crate) fn random(job: Job, random: &mut StdRng) -> Option<StoreFaults> {
        let (kind, answer) = [
            (Kind::StoreRefused, Answer::InternalError),
            (Kind::StoreRefused, Answer::SlowDown),
            (Kind::StoreHungUp, Answer::HangUp),
            (Kind::StoreReplyLost, Answer::Lost),
        ][random.random_range(0..4)];
        let requests = match job {
            Job::ExportToStore => [Requests::Put, Requests::Put, Requests::List, Requests::Get],
            Job::ImportFromStore => [Requests::Get, Requests::Get, Requests::Get, Requests::List],
            _ => return None,
        }[random.random_range(0..4)];
        let times = Some(random.random_range(1..=6));
        Some(StoreFaults { kind, of_store: Fault { requests, answer, times } })
    }
}

/// What becomes of a request; `None` where it is the answer that is struck.
fn reaction(kind: Kind) -> Option<RequestReaction> {
    let forge = RequestReaction::forge();
    match kind {
        Kind::Overloaded => Some(forge.overloaded()),
        Kind::ReadTimeout => Some(forge.read_timeout()),
        Kind::Unavailable => Some(forge.unavailable()),
        Kind::ReadFailure => Some(forge.read_failure()),
        Kind::WriteTimeout => Some(forge.write_timeout()),
        Kind::ServerError => Some(forge.server_error()),
        Kind::IsBootstrapping => Some(forge.is_bootstrapping()),
        Kind::RequestLost => Some(RequestReaction::drop_frame()),
        Kind::RequestLate => Some(RequestReaction::delay(Duration::from_millis(700))),
        Kind::Broken => Some(RequestReaction::drop_connection()),
        Kind::ReplyLost
        | Kind::NodeKilled
        | Kind::NodeFrozen
        | Kind::ProgramKilled
        | Kind::DiskFull
        | Kind::StoreRefused
        | Kind::StoreHungUp
        | Kind::StoreReplyLost => None,
    }
}

#[cfg(test)]
mod tests;
