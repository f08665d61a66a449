//! Simulated time: tokio's clock, scaled. In a paused runtime it stands still with it.

use std::time::Duration;

use tokio::time::Instant;

/// A moment of simulated time, since the simulation's start.
pub(super) type SimTime = Duration;

#[derive(Debug)]
pub(super) struct SimClock {
    start: Instant,
    speed: f64,
}

impl SimClock {
    pub(super) fn start(speed: f64) -> Self {
        Self { start: Instant::now(), speed: if speed.is_finite() && speed > 0.0 { speed } else { 1.0 } }
    }

    pub(super) fn now(&self) -> SimTime {
        self.start.elapsed().mul_f64(self.speed)
    }

    /// How long a stretch of simulated time takes for the client.
    pub(super) fn real(&self, simulated: Duration) -> Duration {
        simulated.div_f64(self.speed)
    }
}
