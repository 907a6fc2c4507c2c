//! Random sequences of commands over two sessions of one user, against a
//! small model in memory: after each step the replies, the files and the
//! quota are those that the model says.

mod home;
mod step;

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};

use self::{
    home::{Home, QUOTA},
    step::{Step, ask, perform, steps},
};
use crate::world::{Running, World};

#[test]
fn two_sessions_do_what_the_model_says() {
    let world = World::new().quota(QUOTA).start();
    let users = AtomicU64::new(0);
    let config = Config { cases: 64, ..Config::with_source_file(file!()) };
    let result = TestRunner::new(config).run(&steps(), |steps| {
        // Each case has a user of its own, so a home that is empty.
        let user = format!("u{}", users.fetch_add(1, Ordering::Relaxed));
        world.add_user(&user);
        run(&world, &user, &steps)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn run(
    world: &Running,
    user: &str,
    steps: &[(usize, Step)],
) -> TestCaseResult {
    let mut peers = [world.sign_in(user), world.sign_in(user)];
    let mut home = Home::default();
    for (who, step) in steps {
        let wanted = home.take(*who, step);
        let got = perform(&mut peers[*who], step);
        prop_assert_eq!(got, wanted, "session {}: {:?}", who, step);
        if let Step::Break { .. } = step {
            // The session has ended, and what it kept is put down.
            peers[*who] = world.sign_in(user);
        }
        let other = &mut peers[1 - *who];
        prop_assert_eq!(ask(other, "quota"), home.quota());
    }
    let folder = world.root().join("home").join(user);
    prop_assert_eq!(home::found(&folder), home.files());
    for mut peer in peers {
        peer.ask("quit", "201 ");
        peer.expect_close();
    }
    Ok(())
}
