//! The workloads that come with the program, from `fixtures/workloads/`.
//!
//! Must not know: what is in them.

/// The workloads that come with the program, the first being the default.
pub(super) const READY: [(&str, &str); 10] = [
    ("classic", include_str!("../../../fixtures/workloads/classic.yaml")),
    (
        "small-files",
        include_str!("../../../fixtures/workloads/small-files.yaml"),
    ),
    ("few-large", include_str!("../../../fixtures/workloads/few-large.yaml")),
    (
        "login-storm",
        include_str!("../../../fixtures/workloads/login-storm.yaml"),
    ),
    (
        "idle-crowd",
        include_str!("../../../fixtures/workloads/idle-crowd.yaml"),
    ),
    (
        "slow-readers",
        include_str!("../../../fixtures/workloads/slow-readers.yaml"),
    ),
    ("vanishing", include_str!("../../../fixtures/workloads/vanishing.yaml")),
    ("all-verbs", include_str!("../../../fixtures/workloads/all-verbs.yaml")),
    (
        "thousand-for-ten",
        include_str!("../../../fixtures/workloads/thousand-for-ten.yaml"),
    ),
    (
        "ten-thousand",
        include_str!("../../../fixtures/workloads/ten-thousand.yaml"),
    ),
];

/// The workload that runs when none is named.
pub(crate) const DEFAULT: &str = READY[0].0;

/// The names of the ready workloads.
pub(crate) fn names() -> String {
    READY.map(|(name, _)| name).join(", ")
}
