//! What clients can prove about how many were served at once.
//!
//! A client was certainly served from the moment it received `ready` to the
//! moment it sent the last command that was answered. The true interval is
//! longer; so an overlap above the bound is proven, with no false alarm.

use std::time::Instant;

/// The intervals of a scenario.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    served: Vec<Served>,
}

#[derive(Clone, Copy, Debug)]
struct Served {
    connecting: Instant,
    ready: Instant,
    last: Instant,
    /// What the server said of itself with `ready`.
    serving: Option<u64>,
}

impl Evidence {
    /// A client received `ready`; gives the handle for `answered`.
    pub(super) fn ready(
        &mut self,
        connecting: Instant,
        serving: Option<u64>,
    ) -> usize {
        let ready = Instant::now();
        self.served.push(Served { connecting, ready, last: ready, serving });
        self.served.len() - 1
    }

    /// A command that was sent at that time has been answered.
    pub(super) fn answered(&mut self, handle: usize, sent: Instant) {
        if let Some(served) = self.served.get_mut(handle) {
            served.last = served.last.max(sent);
        }
    }

    /// The most that were provably served at one moment.
    pub(super) fn overlap(&self) -> u64 {
        let mut edges: Vec<(Instant, bool)> = Vec::new();
        for served in self.served.iter().filter(|s| s.last > s.ready) {
            edges.push((served.ready, true));
            edges.push((served.last, false));
        }
        // An end and a beginning at one moment do not overlap.
        edges.sort();
        let (mut now, mut most) = (0u64, 0);
        for (_, begins) in edges {
            now = if begins { now + 1 } else { now.saturating_sub(1) };
            most = most.max(now);
        }
        most
    }

    /// A `serving=` that was lower than what the clients can prove.
    pub(super) fn low_gauge(&self) -> Option<String> {
        self.served.iter().enumerate().find_map(|(index, one)| {
            let told = one.serving?;
            let others = self.served.iter().enumerate().filter(|(at, s)| {
                *at != index
                    && s.ready <= one.connecting
                    && s.last >= one.ready
            });
            let proven = others.count() as u64 + 1;
            (told < proven).then(|| {
                format!("serving={told} was told while {proven} were served")
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Clients as (connecting, ready, last, serving) in milliseconds.
    fn evidence(clients: &[(u64, u64, u64, u64)]) -> Evidence {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let served = clients
            .iter()
            .map(|(connecting, ready, last, serving)| Served {
                connecting: at(*connecting),
                ready: at(*ready),
                last: at(*last),
                serving: Some(*serving),
            })
            .collect();
        Evidence { served }
    }

    #[test]
    fn overlaps_are_counted_where_they_are_proven() {
        assert_eq!(evidence(&[]).overlap(), 0);
        assert_eq!(evidence(&[(0, 1, 5, 1), (0, 5, 9, 1)]).overlap(), 1);
        let three = [(0, 1, 9, 1), (0, 2, 5, 2), (0, 4, 8, 3), (0, 6, 7, 3)];
        assert_eq!(evidence(&three).overlap(), 3);
    }

    #[test]
    fn a_gauge_below_what_is_proven_is_found() {
        let honest = [(0, 1, 9, 1), (2, 3, 9, 2)];
        assert_eq!(evidence(&honest).low_gauge(), None);
        let lying = [(0, 1, 9, 1), (2, 3, 9, 1)];
        assert!(evidence(&lying).low_gauge().is_some());
        // Both came in at once: either may have been counted first.
        let racing = [(0, 3, 9, 1), (0, 3, 9, 1)];
        assert_eq!(evidence(&racing).low_gauge(), None);
    }
}
