//! The loop of one write: gives batches to nodes, takes faults back, until each record is settled.
//!
//! One task keeps the queues, so nothing about them is shared; one task per batch in flight talks to
//! its node. All of them belong to a `JoinSet`, so that dropping the loop stops everything. What
//! several writes do share is the room that each node has: a slot is waited for in the order of asking.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use scylla::errors::ExecutionError;
use tokio::task::JoinSet;
use topology::{Fault, TableName, classify, is_outcome_unknown, server_message};

use super::nodes::Slot;
use super::options::WriteSemantics;
use super::queue::Queues;
use super::report::{Outcome, WriteReport};
use super::request::{Ended, Payload, Work};
use crate::error::{Error, Result};
use crate::retry::Streak;

/// Writes all of a payload.
pub(super) async fn run(payload: Arc<Payload>, table: &TableName) -> Result<WriteReport> {
    let nodes = payload.nodes.len();
    let mut run = Run {
        queues: Queues::new(nodes),
        tasks: JoinSet::new(),
        waiting: FuturesUnordered::new(),
        waits_for: vec![false; nodes],
        outcomes: vec![None; payload.mutations.records()],
        cancelled: false,
        stalled: None,
        candidates: Vec::new(),
        payload,
    };
    run.enqueue_all();
    run.go(table).await?;
    Ok(run.report())
}

struct Run {
    payload: Arc<Payload>,
    queues: Queues<Work>,
    tasks: JoinSet<Ended>,
    /// Where a node has work but no slot: its next one.
    waiting: FuturesUnordered<BoxFuture<'static, (usize, Option<Slot>)>>,
    waits_for: Vec<bool>,
    /// By index of the record.
    outcomes: Vec<Option<Outcome>>,
    cancelled: bool,
    /// Why nothing more is sent, if that is the cluster's fault.
    stalled: Option<String>,
    /// Kept only for its memory.
    candidates: Vec<usize>,
}

impl Run {
    fn enqueue_all(&mut self) {
        let payload = Arc::clone(&self.payload);
        let options = &payload.shared.options;
        let live = self.live();
        let (most_rows, most_bytes) = (options.batch_rows.max(1), options.batch_bytes);
        for piece in payload.batches.pieces(&payload.mutations, most_rows, most_bytes) {
            let Some(first) = payload.batches.records(&piece).first() else { continue };
            let token = payload.mutations.token(*first);
            payload.nodes.candidates(token, None, &live, &mut self.candidates);
            let work = Work { piece, token, tries: 0, streak: None, failed: None };
            self.queues.push_back(&self.candidates, work);
        }
    }

    /// Queues work that has been tried, for other nodes than the one that failed if there are any.
    fn enqueue_again(&mut self, work: Work) {
        if self.cancelled {
            return self.settle(&work, &Outcome::NotSent);
        }
        let live = self.live();
        let nodes = &self.payload.nodes;
        nodes.candidates(work.token, work.failed, &live, &mut self.candidates);
        self.queues.push_front(&self.candidates, work);
    }

    async fn go(&mut self, table: &TableName) -> Result<()> {
        let cancel = self.payload.shared.options.cancel.clone();
        loop {
            self.dispatch();
            if self.queues.is_empty() && self.tasks.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = cancel.cancelled(), if !self.cancelled => self.cancel(),
                Some(ended) = self.tasks.join_next() => {
                    self.ended(ended, table)?;
                    while let Some(ended) = self.tasks.try_join_next() {
                        self.ended(ended, table)?;
                    }
                }
                Some((node, slot)) = self.waiting.next() => {
                    self.waits_for[node] = false;
                    if let Some(slot) = slot {
                        let live = self.live();
                        self.start(node, slot, &live);
                    }
                }
            }
        }
    }

    /// Gives batches to nodes until all are busy: the emptiest first.
    fn dispatch(&mut self) {
        if self.queues.is_empty() {
            return;
        }
        let live = self.live();
        let mut open = BinaryHeap::new();
        for node in 0..live.len() {
            self.offer(node, &live, &mut open);
        }
        while let Some(Reverse((_, node))) = open.pop() {
            match self.payload.nodes.lane(node).try_slot() {
                Some(slot) => {
                    self.start(node, slot, &live);
                    self.offer(node, &live, &mut open);
                }
                None => self.wait_for(node),
            }
        }
    }

    /// Adds a node to those that may be given a batch, by how full it is.
    fn offer(
        &mut self,
        node: usize,
        live: &[bool],
        open: &mut BinaryHeap<Reverse<(usize, usize)>>,
    ) {
        if self.queues.has(node, live) {
            open.push(Reverse((self.payload.nodes.lane(node).fullness(), node)));
        }
    }

    fn live(&self) -> Vec<bool> {
        self.payload.nodes.live(&self.payload.shared.session)
    }

    fn wait_for(&mut self, node: usize) {
        if !std::mem::replace(&mut self.waits_for[node], true) {
            let lane = Arc::clone(self.payload.nodes.lane(node));
            self.waiting.push(Box::pin(async move { (node, lane.slot().await) }));
        }
    }

    /// Sends the next batch of a node.
    fn start(&mut self, node: usize, slot: Slot, live: &[bool]) {
        if let Some(work) = self.queues.take(node, live) {
            self.tasks.spawn(Arc::clone(&self.payload).send(work, node, slot));
        }
    }

    /// What has not been sent will not be; what is in flight is waited for.
    fn cancel(&mut self) {
        self.cancelled = true;
        self.waiting.clear();
        self.waits_for.fill(false);
        let queued: Vec<Work> = self.queues.drain().collect();
        for work in queued {
            self.settle(&work, &Outcome::NotSent);
        }
    }

    fn ended(
        &mut self,
        ended: Result<Ended, tokio::task::JoinError>,
        table: &TableName,
    ) -> Result<()> {
        match ended {
            Ok(Ended::Ready(work)) => self.enqueue_again(work),
            Ok(Ended::Answered { work, error: None, .. }) => self.settle(&work, &Outcome::Written),
            Ok(Ended::Answered { work, node, took, error: Some(error) }) => {
                return self.fault(work, node, took, *error, table);
            }
            // A panic in the driver. Its records have no outcome, which the report will say.
            Err(panic) => tracing::error!(%panic, "a task of a write panicked"),
        }
        Ok(())
    }

    /// Decides what becomes of a batch whose request failed.
    fn fault(
        &mut self,
        mut work: Work,
        node: usize,
        took: Duration,
        error: ExecutionError,
        table: &TableName,
    ) -> Result<()> {
        let fault = classify(&error);
        let options = &self.payload.shared.options;
        let reason = || match server_message(&error) {
            Some(message) if !message.is_empty() => message.to_owned(),
            _ => error.to_string(),
        };
        if fault == Fault::Denied {
            return Err(Error::write_denied(table, error));
        }
        work.failed = Some(node);
        if options.semantics == WriteSemantics::Counters && is_outcome_unknown(&error) {
            let outcome = Outcome::Unknown { reason: reason() };
            self.settle(&work, &outcome);
        } else if !fault.retryable() {
            if work.piece.len() > 1 {
                tracing::debug!(%error, records = work.piece.len(), "sent again one by one");
                self.send_one_by_one(work);
            } else {
                let outcome = Outcome::Failed { fault, reason: reason() };
                self.settle(&work, &outcome);
            }
        } else {
            let policy = &options.retry;
            let streak = work.streak.get_or_insert_with(|| Box::new(Streak::start(policy)));
            streak.record(fault, took);
            match streak.next_delay(policy) {
                Some(delay) => {
                    tracing::debug!(?fault, %error, ?delay, "a batch is sent again");
                    self.pause(work, delay);
                }
                None if self.payload.shared.has_stalled() => {
                    // It is the cluster, not this batch: the others would fare no better.
                    self.stalled.get_or_insert_with(reason);
                    self.cancel();
                    self.settle(&work, &Outcome::NotSent);
                }
                None => {
                    let outcome = Outcome::Failed { fault, reason: reason() };
                    self.settle(&work, &outcome);
                }
            }
        }
        Ok(())
    }

    /// The server refuses a batch as a whole, for one record perhaps.
    fn send_one_by_one(&mut self, work: Work) {
        for start in work.piece.clone().rev() {
            let piece = start..start + 1;
            self.enqueue_again(Work { piece, streak: None, failed: None, ..work });
        }
    }

    fn pause(&mut self, work: Work, delay: Duration) {
        let cancel = self.payload.shared.options.cancel.clone();
        self.tasks.spawn(async move {
            cancel.run_until_cancelled(tokio::time::sleep(delay)).await;
            Ended::Ready(work)
        });
    }

    /// All records of a batch have come to an end.
    fn settle(&mut self, work: &Work, outcome: &Outcome) {
        let records = self.payload.records(work);
        let counters = &self.payload.shared.counters;
        match outcome {
            Outcome::Written => {
                let bytes = |record: &usize| self.payload.mutations.bytes_of(*record);
                counters.records.add(records.len());
                counters.bytes.add(records.iter().map(bytes).sum());
            }
            Outcome::Failed { .. } => counters.failed.add(records.len()),
            Outcome::Unknown { .. } => counters.unknown.add(records.len()),
            Outcome::NotSent => {}
        }
        for record in records {
            self.outcomes[*record] = Some(outcome.clone());
        }
    }

    fn report(self) -> WriteReport {
        let lost = || {
            let reason = "the task that wrote it ended early: please report this".to_owned();
            match self.payload.shared.options.semantics {
                WriteSemantics::Counters => Outcome::Unknown { reason },
                _ => Outcome::Failed { fault: Fault::Invalid, reason },
            }
        };
        let number = |record| self.payload.mutations.number(record);
        let outcomes = self.outcomes.into_iter().enumerate();
        let mut outcomes: Vec<(u32, Outcome)> = outcomes
            .map(|(record, outcome)| (number(record), outcome.unwrap_or_else(lost)))
            .collect();
        outcomes.sort_by_key(|(number, _)| *number);
        WriteReport { outcomes, stalled: self.stalled }
    }
}
