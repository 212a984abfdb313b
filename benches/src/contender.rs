//! Those that take part in a benchmark of whole programs, and whose turn it is.

use std::fmt::Debug;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

/// Rounds of those that are slow, at the most.
const SLOW_ROUNDS: u32 = 3;

/// A program of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// DataStax's loader and unloader.
    Dsbulk,
    /// Cassandra's own shell.
    Cqlsh,
}

/// One that takes part.
pub trait Contender: ValueEnum + Copy + Ord + Debug {
    /// The bare loop over the driver: always there, and what the others are told as multiples of.
    const FLOOR: Self;

    /// As the report names it.
    fn title(self) -> &'static str;

    /// The program of others that it is, if it is one. Those are slow: fewer rounds must do.
    fn peer(self) -> Option<Peer>;

    /// Its name, as an argument and in names of files.
    ///
    /// # Errors
    ///
    /// None of those there are.
    fn name(self) -> Result<String> {
        let value = self.to_possible_value().context("a hidden contender")?;
        Ok(value.get_name().to_owned())
    }
}

/// Those asked for, or all if none is, and the floor.
pub fn chosen<C: Contender>(asked: &[C]) -> Vec<C> {
    let wanted = |one: &C| asked.is_empty() || *one == C::FLOOR || asked.contains(one);
    C::value_variants().iter().copied().filter(wanted).collect()
}

/// Those of a round, the first of which is 1, with their rows. Another one begins each time, so that
/// nobody always comes after the same one.
pub fn turn<C: Contender>(entries: &[(C, u64)], round: u32) -> Vec<(C, u64)> {
    let mut entries: Vec<(C, u64)> = entries.to_vec();
    let first = usize::try_from(round.saturating_sub(1)).unwrap_or(0) % entries.len().max(1);
    entries.rotate_left(first);
    entries.retain(|(contender, _)| contender.peer().is_none() || round <= SLOW_ROUNDS);
    entries
}

/// The settings that take the fewest seconds.
///
/// # Errors
///
/// The first that measuring gives, or where there is nothing to measure.
pub fn fastest<T>(
    settings: impl IntoIterator<Item = T>,
    mut seconds: impl FnMut(&T) -> Result<f64>,
) -> Result<T> {
    let mut best: Option<(f64, T)> = None;
    for one in settings {
        let taken = seconds(&one)?;
        if best.as_ref().is_none_or(|(least, _)| taken < *least) {
            best = Some((taken, one));
        }
    }
    best.map(|(_, one)| one).context("nothing was measured")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
    enum Runner {
        Bare,
        Ours,
        Theirs,
    }

    impl Contender for Runner {
        const FLOOR: Self = Runner::Bare;

        fn title(self) -> &'static str {
            "a runner"
        }

        fn peer(self) -> Option<Peer> {
            (self == Runner::Theirs).then_some(Peer::Cqlsh)
        }
    }

    #[test]
    fn the_floor_is_always_there() {
        assert_eq!(chosen(&[Runner::Theirs]), [Runner::Bare, Runner::Theirs]);
        assert_eq!(chosen::<Runner>(&[]), [Runner::Bare, Runner::Ours, Runner::Theirs]);
    }

    #[test]
    fn another_one_begins_each_round_and_the_slow_ones_rest_at_last() {
        let entries = chosen::<Runner>(&[]).into_iter().map(|one| (one, 9)).collect::<Vec<_>>();
        let names = |round| turn(&entries, round).into_iter().map(|(one, _)| one);
        assert_eq!(names(1).collect::<Vec<_>>(), [Runner::Bare, Runner::Ours, Runner::Theirs]);
        assert_eq!(names(2).collect::<Vec<_>>(), [Runner::Ours, Runner::Theirs, Runner::Bare]);
        assert_eq!(names(5).collect::<Vec<_>>(), [Runner::Ours, Runner::Bare]);
        assert!(turn::<Runner>(&[], 1).is_empty());
    }

    #[test]
    fn the_fastest_is_the_one_with_the_fewest_seconds() {
        assert_eq!(fastest([3.0, 1.0, 2.0], |one| Ok(*one)).unwrap(), 1.0);
        assert!(fastest(Vec::<f64>::new(), |one| Ok(*one)).is_err());
    }
}
