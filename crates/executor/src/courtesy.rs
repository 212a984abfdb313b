//! How much of a run a node serves while others use it. Pure: no clock; whoever asks has measured.
//!
//! Small reads of the run's own tell what those of others feel. Each that is slow makes the share of the node's
//! time that the run takes smaller by a part, each that is not makes it larger by a much smaller part, as in
//! Scalable TCP (Kelly, 2003). So whatever the node is like, the share settles where one small read in a
//! known number of them is slow: it is the tail of the latencies that is held, not their mean, since it is
//! there that others feel a scan.

use std::time::Duration;

/// A slow read makes the share smaller by this part, and one that is not makes it larger by this: it settles
/// where 0.5 % of the reads are slow.
const LESS: f64 = 0.3;
const MORE: f64 = 0.0015;
/// A read is slow where it takes this many times what 90 % of them take at most without the run.
const SLOW: f64 = 2.5;
/// The share before anything is known, at least, and at most. A share of one is one request at all times.
const FIRST: f64 = 0.1;
const LEAST: f64 = 0.05;
const MOST: f64 = 16.0;

/// The share of one node's time.
#[derive(Debug)]
pub(crate) struct Courtesy {
    share: f64,
    /// Seconds that a slow read takes.
    slow: f64,
}

impl Courtesy {
    /// `quiet` are small reads while nothing of the run is on the node.
    pub(crate) fn new(quiet: &mut [Duration]) -> Self {
        let mut courtesy = Courtesy { share: FIRST, slow: f64::MAX };
        courtesy.set_quiet(quiet);
        courtesy
    }

    /// Small reads have been made once more while nothing of the run was on the node.
    pub(crate) fn set_quiet(&mut self, quiet: &mut [Duration]) {
        quiet.sort_unstable();
        if let Some(usual) = quiet.get(quiet.len() * 9 / 10) {
            self.slow = usual.as_secs_f64() * SLOW;
        }
    }

    /// The share.
    pub(crate) fn share(&self) -> f64 {
        self.share
    }

    /// A small read took so long, while the run had as much on the node as it may, or had not.
    pub(crate) fn felt(&mut self, took: Duration, is_full: bool) {
        if took.as_secs_f64() > self.slow {
            self.less(LESS);
        } else if is_full {
            self.share = (self.share * (1.0 + MORE)).min(MOST);
        }
    }

    /// The node asked for less, or did not answer in time.
    pub(crate) fn pushed_back(&mut self) {
        self.less(0.5);
    }

    fn less(&mut self, part: f64) {
        self.share = (self.share * (1.0 - part)).max(LEAST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(1);
    const SLOW_READ: Duration = Duration::from_millis(30);

    fn courtesy() -> Courtesy {
        Courtesy::new(&mut [QUICK; 40])
    }

    #[test]
    fn it_settles_where_one_small_read_in_two_hundred_is_slow() {
        let mut courtesy = courtesy();
        let mut reads = |slow_every: u32| {
            let before = courtesy.share();
            for read in 1..=12_000 {
                let took = if read % slow_every == 0 { SLOW_READ } else { QUICK };
                courtesy.felt(took, true);
            }
            (before, courtesy.share())
        };
        let (before, after) = reads(400);
        assert!(after > before, "{after}");
        let (before, after) = reads(100);
        assert!(after < before, "{after}");
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut courtesy = courtesy();
        (0..10_000).for_each(|_| courtesy.felt(QUICK, true));
        assert_eq!(courtesy.share(), MOST);
        (0..100).for_each(|_| courtesy.felt(SLOW_READ, true));
        assert_eq!(courtesy.share(), LEAST);
        (0..100).for_each(|_| courtesy.pushed_back());
        assert_eq!(courtesy.share(), LEAST);
    }

    #[test]
    fn quick_reads_say_nothing_of_more_than_there_is() {
        let mut courtesy = courtesy();
        (0..1000).for_each(|_| courtesy.felt(QUICK, false));
        assert_eq!(courtesy.share(), FIRST);
    }

    #[test]
    fn what_is_slow_is_held_against_the_node_itself() {
        let mut far = Courtesy::new(&mut [SLOW_READ; 40]);
        far.felt(SLOW_READ * 2, true);
        assert!(far.share() > FIRST);
        far.set_quiet(&mut [QUICK; 40]);
        far.felt(SLOW_READ * 2, true);
        assert!(far.share() < FIRST);
    }
}
