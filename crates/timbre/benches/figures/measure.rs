//! Times and what can honestly be said of them: medians and tails, never the best of many.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The times of many repetitions of one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    each: Vec<Duration>,
    /// From the beginning of the first to the end of the last.
    all: Duration,
}

impl Times {
    /// How long `action` takes, `count` times over.
    pub(crate) fn of(count: usize, mut action: impl FnMut() -> Result<()>) -> Result<Times> {
        let mut times = Times { each: Vec::with_capacity(count), all: Duration::ZERO };
        for _ in 0..count {
            let start = Instant::now();
            action()?;
            times.push(start.elapsed());
        }
        Ok(times)
    }

    /// One more, after the last.
    pub(crate) fn push(&mut self, time: Duration) {
        self.each.push(time);
        self.all += time;
    }

    /// Those of several that ran side by side for as long as `all`.
    pub(crate) fn side_by_side(several: Vec<Times>, all: Duration) -> Times {
        Times { each: several.into_iter().flat_map(|times| times.each).collect(), all }
    }

    pub(crate) fn count(&self) -> usize {
        self.each.len()
    }

    /// The time within which `percent` of them were done.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.each.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default()
    }

    /// How many were done in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.each.len() as f64 / self.all.as_secs_f64()
    }
}

/// One of several that are measured in turns.
pub(crate) struct Contender<'a> {
    round: Box<dyn FnMut() -> Result<Times> + 'a>,
    rounds: Vec<Times>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(round: impl FnMut() -> Result<Times> + 'a) -> Contender<'a> {
        Contender { round: Box::new(round), rounds: Vec::new() }
    }

    /// The median of the rounds' rates.
    pub(crate) fn rate(&self) -> f64 {
        median(self.rounds.iter().map(Times::rate).collect())
    }

    /// The median over the rounds of this one's rate by the other's in the same round.
    pub(crate) fn ratio_to(&self, other: &Contender<'_>) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        median(pairs.map(|(own, other)| own.rate() / other.rate()).collect())
    }

    /// All times of all rounds.
    pub(crate) fn times(&self) -> Times {
        let all = self.rounds.iter().map(|round| round.all).sum();
        Times::side_by_side(self.rounds.clone(), all)
    }
}

/// Lets each run in turn, so that whatever else the machine does disturbs all alike. The first round warms up and
/// does not count.
pub(crate) fn in_turns<const N: usize>(
    rounds: usize,
    contenders: &mut [Contender<'_>; N],
) -> Result<()> {
    for round in 0..=rounds {
        for turn in 0..N {
            let contender = &mut contenders[(round + turn) % N];
            let times = (contender.round)()?;
            if round > 0 {
                contender.rounds.push(times);
            }
        }
    }
    Ok(())
}

/// The time of one of `actions`, each so short that many are timed together: the median of `batches`.
pub(crate) fn each<T>(batches: usize, actions: u32, mut action: impl FnMut() -> T) -> Duration {
    let mut times = Times::default();
    for _ in 0..batches {
        let start = Instant::now();
        for _ in 0..actions {
            std::hint::black_box(action());
        }
        times.push(start.elapsed() / actions);
    }
    times.percentile(50)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
