//! The loop of a run: gives work to nodes, takes faults back, until all is done or given up.
//!
//! One task keeps the schedule, so nothing about it is shared; one task per split in flight talks to
//! its node. All of them belong to a `JoinSet`, so that dropping the loop stops everything.

mod faults;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use scylla::client::session::Session;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;
use topology::{Node, ScanPlan};

use crate::budget::Budget;
use crate::company::keep;
use crate::error::Error;
use crate::event::Event;
use crate::options::ScanOptions;
use crate::progress::Progress;
use crate::query::Query;
use crate::reader::{Outcome, Shared, Waiting, read};
use crate::schedule::Schedule;
use crate::targets::{Statements, Target};
use crate::territory::{News, Territory};
use crate::unchanged::{LOOK_EVERY, change, confirm};
use crate::width::RowWidth;
use crate::work::Work;

/// Runs a plan to its end, and leaves the outcome in `progress`.
pub(crate) async fn run(
    session: Arc<Session>,
    plan: Arc<ScanPlan>,
    query: Query,
    options: ScanOptions,
    progress: Arc<Progress>,
    pages: mpsc::Sender<Waiting>,
) {
    if let Err(error) = plan.prove() {
        progress.fail(Error::plan(error));
        return progress.finish();
    }
    let statements = tokio::select! {
        biased;
        () = options.cancel.cancelled() => {
            progress.interrupt();
            return progress.finish();
        }
        () = until(options.deadline) => {
            progress.too_late();
            return progress.finish();
        }
        statements = Statements::prepare(&session, &plan, query.clone(), &options) => statements,
    };
    let statements = match statements {
        Ok(statements) => statements,
        Err(error) => {
            progress.fail(change(&session, &plan.table).await.unwrap_or(error));
            return progress.finish();
        }
    };
    let (shares, shared_work) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared {
        tally: query.tally(),
        progress: Arc::clone(&progress),
        pages,
        budget: Budget::new(options.budget_bytes),
        width: RowWidth::new(options.page_bytes),
        page_size: options.page_size,
        pace: options.pace.clone(),
        idle: AtomicUsize::new(0),
        look: AtomicU64::new(0),
        slow_after: options.request_timeout / 3,
        shares,
        limits: Notify::new(),
        is_silent: watch::Sender::new(false),
        session,
    });
    let local = plan.local_datacenter.as_deref();
    let (known_targets, known) = watch::channel(Vec::new());
    let _company = (!statements.is_fixed())
        .then(|| AbortOnDropHandle::new(tokio::spawn(keep(Arc::clone(&shared), known))));
    let mut run = Run {
        territory: Territory::new(&shared.session, plan.table.name(), local),
        schedule: Schedule::default(),
        targets: Vec::new(),
        known_targets,
        look: 0,
        tasks: JoinSet::new(),
        shared_work,
        is_checking: false,
        last_progress: (0, Instant::now()),
        statements,
        plan,
        shared,
        options,
    };
    run.begin();
    if run.go().await.is_continue() {
        run.confirm().await;
    }
    progress.finish();
}

/// Ends at a moment, if there is one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

struct Run {
    plan: Arc<ScanPlan>,
    statements: Statements,
    territory: Territory,
    schedule: Schedule,
    /// By the schedule's index.
    targets: Vec<Arc<Target>>,
    /// The same, for those who watch over them.
    known_targets: watch::Sender<Vec<Arc<Target>>>,
    /// How often the ring was found to be another.
    look: u64,
    tasks: JoinSet<Outcome>,
    shared_work: mpsc::UnboundedReceiver<Work>,
    /// Whether the table is being compared with what it was.
    is_checking: bool,
    /// Pages of the run when they last were seen to have become more, and when that was.
    last_progress: (u64, Instant),
    shared: Arc<Shared>,
    options: ScanOptions,
}

impl Run {
    /// Queues all of the plan.
    fn begin(&mut self) {
        let plan = Arc::clone(&self.plan);
        for node in plan.nodes.iter() {
            self.node(node);
        }
        for (index, split) in plan.splits.iter().enumerate() {
            let nodes: Vec<&Node> = plan.coordinators(&split.replicas).collect();
            let nodes = self.nodes(nodes);
            let work = Work::new(index, split.ranges.iter().copied(), self.options.page_size);
            self.schedule.push(Work { nodes, ..work });
        }
    }

    /// The index of a node.
    fn node(&mut self, node: &Node) -> usize {
        let index = self.schedule.node(node.host_id);
        if index == self.targets.len() {
            self.targets.push(Arc::new(self.statements.target(node)));
            self.known_targets.send_replace(self.targets.clone());
        }
        index
    }

    fn nodes<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) -> Arc<[usize]> {
        let mut nodes: Vec<usize> = nodes.into_iter().map(|node| self.node(node)).collect();
        nodes.sort_unstable();
        nodes.into()
    }

    /// Breaks where the run has ended before its time, for a reason that has been told.
    async fn go(&mut self) -> ControlFlow<()> {
        let cancel = self.options.cancel.clone();
        let mut pace = self.options.pace.changes();
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // What a task has shared is here before its end is.
            while let Ok(work) = self.shared_work.try_recv() {
                self.push(work);
            }
            self.dispatch();
            if self.tasks.is_empty() {
                return ControlFlow::Continue(());
            }
            let limits = Arc::clone(&self.shared);
            let ended = tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    self.shared.progress.interrupt();
                    self.tasks.shutdown().await;
                    return ControlFlow::Break(());
                }
                () = until(self.options.deadline) => {
                    self.shared.progress.too_late();
                    self.tasks.shutdown().await;
                    return ControlFlow::Break(());
                }
                Some(ended) = self.tasks.join_next() => ended,
                Some(work) = self.shared_work.recv() => {
                    self.push(work);
                    continue;
                }
                () = pace.next() => continue,
                () = limits.limits.notified() => continue,
                _ = look.tick() => {
                    self.look();
                    continue;
                }
            };
            if self.ended(ended).await.is_break() {
                self.tasks.shutdown().await;
                return ControlFlow::Break(());
            }
        }
    }

    async fn ended(&mut self, ended: Result<Outcome, JoinError>) -> ControlFlow<()> {
        let failed = match ended {
            Ok(Outcome::Done { node }) => {
                self.schedule.release(node);
                None
            }
            Ok(Outcome::GivenBack { node, work }) => {
                self.schedule.release(node);
                self.push(*work);
                None
            }
            Ok(Outcome::Slow { node, work }) => {
                self.schedule.release(node);
                self.cut_slow(*work);
                None
            }
            Ok(Outcome::Ready(work)) => {
                self.push(*work);
                None
            }
            Ok(Outcome::Faulted { node, work, took, error }) => {
                self.schedule.release(node);
                if self.fault(node, *work, took, *error).is_break() {
                    // Refused, which ends the run. Perhaps for a reason that says more.
                    if let Some(error) = change(&self.shared.session, &self.plan.table).await {
                        self.shared.progress.fail(error);
                    }
                    return ControlFlow::Break(());
                }
                None
            }
            Ok(Outcome::Checked(change)) => {
                self.is_checking = false;
                change.map(|error| *error)
            }
            Ok(Outcome::Undecodable(error)) => {
                Some(change(&self.shared.session, &self.plan.table).await.unwrap_or(error))
            }
            Ok(Outcome::Unwanted) => {
                self.shared.progress.interrupt();
                return ControlFlow::Break(());
            }
            // A panic in an observer or the driver. What the task had is missing from the ranges
            // done, so the verdict will say so; the rest goes on where a slot is left.
            Err(panic) => {
                tracing::error!(%panic, "a task of the run panicked");
                None
            }
        };
        if let Some(error) = failed {
            self.shared.progress.fail(error);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Gives work to nodes until all are busy, and tells readers what has changed.
    fn dispatch(&mut self) {
        let rooms: Vec<usize> = (0..self.targets.len()).map(|node| self.room(node)).collect();
        let most = self.most();
        self.schedule.set_room(&rooms, most);
        let state = self.shared.session.get_cluster_state();
        let is_live =
            |host| state.get_node_by_host_id(host).is_some_and(|node| node.is_connected());
        while let Some((work, node)) = self.schedule.next(is_live) {
            let target = Arc::clone(&self.targets[node]);
            self.tasks.spawn(read(Arc::clone(&self.shared), work, node, target));
        }
        self.shared.idle.store(self.schedule.idle(), Ordering::Relaxed);
        let mut too_many = self.schedule.all_in_flight().saturating_sub(most);
        for (node, (target, room)) in self.targets.iter().zip(rooms).enumerate() {
            let in_flight = self.schedule.in_flight(node);
            let mut room = in_flight.min(room);
            let less = too_many.min(room);
            room -= less;
            too_many -= less;
            target.lane.set(in_flight, room);
        }
    }

    /// How much a node may serve at a time.
    fn room(&self, node: usize) -> usize {
        let told = self.options.pace.max_per_node().map_or(usize::MAX, NonZeroUsize::get);
        let share = |all: usize| all.div_ceil(self.plan.nodes.len().max(1));
        let fixed = self.plan.parallelism.map_or(usize::MAX, share);
        self.targets[node].lane.slots().min(told).min(fixed).max(1)
    }

    /// How much all nodes together may serve at a time: of wide rows fewer pages, and beside others no more
    /// than the shares of the nodes' time come to, so that pages don't meet.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozens")]
    fn most(&self) -> usize {
        let by_width = self.shared.width.pages_in(self.options.in_flight_bytes);
        let most = self.plan.parallelism.unwrap_or(usize::MAX).min(by_width);
        let shares: Vec<f64> =
            self.targets.iter().filter_map(|target| target.lane.courtesy()).collect();
        if shares.is_empty() {
            self.targets.iter().for_each(|target| target.lane.set_lanes_per_split(1));
            return most;
        }
        let by_shares = shares.iter().sum::<f64>().max(1.0) as usize;
        let lanes = shares.len().div_ceil(by_shares);
        self.targets.iter().for_each(|target| target.lane.set_lanes_per_split(lanes));
        most.min(by_shares)
    }

    /// Queues work that has been begun, for the nodes that hold it now.
    fn push(&mut self, work: Work) {
        if work.look == self.look {
            return self.schedule.push_front(work);
        }
        let (split, before) = (work.split, work.ranges.len());
        let parts = self.territory.assign(work);
        let after: usize = parts.iter().map(|(work, _)| work.ranges.len()).sum();
        self.shared.progress.recut(split, after.saturating_sub(before));
        for (work, nodes) in parts {
            let nodes = match nodes {
                Some(nodes) => self.nodes(&nodes),
                None => Arc::clone(&work.nodes),
            };
            self.schedule.push_front(Work { nodes, look: self.look, ..work });
        }
    }

    /// Looks whether the ring or the table has changed.
    fn look(&mut self) {
        let news = self.territory.look(&self.shared.session);
        if news != News::None && !self.is_checking {
            self.is_checking = true;
            let (session, table) = (Arc::clone(&self.shared.session), Arc::clone(&self.plan.table));
            self.tasks.spawn(async move {
                Outcome::Checked(change(&session, &table).await.map(Box::new))
            });
        }
        if news == News::Ring {
            self.replan();
        }
    }

    /// The ring is another: what is left is given to those who hold it now.
    fn replan(&mut self) {
        self.look += 1;
        let waiting = self.schedule.drain();
        for work in waiting.into_iter().rev() {
            self.push(work);
        }
        let nodes = self.territory.nodes().iter().map(|node| node.address).collect();
        tracing::info!(?nodes, "the ring has changed: what is left is planned anew");
        self.shared.progress.replanned(&Event::Replanned { nodes });
        // Readers give back what they have begun, between two pages.
        self.shared.look.store(self.look, Ordering::Relaxed);
    }

    /// Everything has been read: is the table still the one that it was?
    async fn confirm(&mut self) {
        if !self.shared.progress.is_all_done() {
            return;
        }
        let confirm = confirm(&self.shared.session, &self.plan.table, &self.options.retry);
        tokio::select! {
            biased;
            () = self.options.cancel.cancelled() => self.shared.progress.interrupt(),
            () = until(self.options.deadline) => self.shared.progress.too_late(),
            confirmed = confirm => {
                if let Err(error) = confirmed {
                    self.shared.progress.fail(error);
                }
            }
        }
    }
}
