//! Good workloads and bad ones.

use super::{Pace, Workload, ready::READY};

#[test]
fn the_ready_workloads_are_good() {
    for (name, text) in READY {
        let workload = Workload::parse(name, text).expect(name);
        assert_eq!(workload.name, name);
        assert!(!workload.about.is_empty(), "{name} says what it is for");
    }
}

#[test]
fn mistakes_are_named() {
    for (text, want) in [
        ("name: x\ngroups: []\n", "at least one"),
        ("name: x\ngroups: [{mix: {gte: 1}}]\n", "no operation \"gte\""),
        ("name: x\ngroups: [{usres: 3}]\n", "usres"),
        ("name: x\ngroups: [{rate: 0, mix: {pwd: 1}}]\n", "rate"),
        ("name: x\ngroups: [{users: 70000}]\n", "at most"),
        ("name: x\nread_back: 2\ngroups: [{}]\n", "0 to 1"),
    ] {
        let error = Workload::parse("x", text).expect_err(text);
        assert!(error.to_string().contains(want), "{error}");
    }
}

#[test]
fn users_are_shared_out_in_proportion() {
    let text = "name: x\ngroups: [{users: 90}, {users: 10}]\n";
    let mut workload = Workload::parse("x", text).expect("it is good");
    workload.set_users(1000);
    let users: Vec<_> = workload.groups.iter().map(|g| g.users).collect();
    assert_eq!(users, [900, 100]);
    assert!(workload.groups.iter().all(|g| g.pace == Pace::Closed));
    workload.set_users(1);
    assert_eq!(workload.users(), 1);
}

#[test]
fn a_rate_is_shared_out_among_those_who_do_anything_and_ends_stages() {
    let text = "name: x\ngroups:\n  - {users: 7}\n  \
        - {users: 30, mix: {get: 1}}\n  - {users: 10, rate: 5, \
        mix: {pwd: 1}, spacing: even, stages: [{for: 1s, to: 9}]}\n";
    let mut workload = Workload::parse("x", text).expect("it is good");
    workload.set_rate(80.0).expect("a good rate");
    let rates: Vec<_> = (workload.groups.iter())
        .map(|group| match group.pace {
            Pace::Open { rate, .. } => rate,
            Pace::Closed => 0.0,
        })
        .collect();
    assert_eq!(rates, [0.0, 60.0, 20.0]);
    assert!(workload.groups.iter().all(|group| group.stages.is_empty()));
    assert!(workload.set_rate(0.0).is_err());
    workload.set_closed();
    assert!(workload.groups.iter().all(|g| g.pace == Pace::Closed));
    workload.groups.truncate(1);
    assert!(workload.set_rate(1.0).is_err(), "nobody does anything");
}
