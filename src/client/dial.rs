//! How to get in: where, as whom, in which dialect; once at the start, and
//! again when a connection was given up.
//!
//! Must not know: commands.

use std::{thread, time::Duration};

use super::{
    console::Console,
    error::{Error, Why},
    ftp::Ftp,
    native::Native,
    password::{self, Who},
    remote::{Answer, Remote},
    shown,
    target::{Dialect, Target},
};

/// All that a connection needs.
pub(super) struct Dial {
    target: Target,
    who: Who,
    silence: Duration,
}

impl Dial {
    /// For a target, as somebody.
    pub(super) fn new(target: Target, who: Who, silence: Duration) -> Dial {
        Dial { target, who, silence }
    }

    /// Connects, waits for a place, and signs in.
    ///
    /// # Errors
    ///
    /// What kept us out.
    pub(super) fn connect(
        &mut self,
        console: Console,
    ) -> Result<(Box<dyn Remote>, Answer), Error> {
        let (target, silence) = (&self.target, self.silence);
        let mut remote: Box<dyn Remote> = match target.dialect {
            Dialect::Native => {
                Box::new(Native::connect(target, silence, console)?)
            }
            Dialect::Ftp => Box::new(Ftp::connect(target, silence, console)?),
        };
        let answer = self.sign_in(&mut *remote, console)?;
        Ok((remote, answer))
    }

    /// Who and where, for the prompt and the log.
    pub(super) fn name(&self) -> String {
        let Target { host, port, .. } = &self.target;
        shown::text(&format!("{}@{host}:{port}", self.who.user))
    }

    /// Who.
    pub(super) fn user(&self) -> String {
        shown::text(&self.who.user)
    }

    /// Signs in. A server that has too much to check is asked again; a
    /// person may correct a password as long as the server allows.
    fn sign_in(
        &mut self,
        remote: &mut dyn Remote,
        console: Console,
    ) -> Result<Answer, Error> {
        let mut pause = PAUSE_FIRST;
        let mut retyped = 0;
        loop {
            let Who { user, password, asked } = &self.who;
            let error = match remote.sign_in(user, password) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Error::Refused { why, .. } = &error else { return Err(error) };
            match why {
                Why::TryAgain if pause <= PAUSE_LAST => {
                    thread::sleep(pause);
                    pause *= 2;
                }
                Why::Authentication if *asked && retyped < RETYPED_MAX => {
                    console.fail(&self.name(), &error);
                    let user = self.who.user.clone();
                    self.who.password =
                        password::ask(&user, &self.target, console)?;
                    retyped += 1;
                }
                Why::Authentication
                | Why::Broken
                | Why::Digest
                | Why::Exists
                | Why::NotFound
                | Why::NoSpace
                | Why::Other
                | Why::TryAgain => return Err(error),
            }
        }
    }
}

/// The pause before a throttled sign-in is tried again; it doubles.
const PAUSE_FIRST: Duration = Duration::from_millis(100);

/// The longest such pause: some three seconds in all.
const PAUSE_LAST: Duration = Duration::from_millis(1600);

/// How often a password may be typed again: the server closes after three
/// wrong ones.
const RETYPED_MAX: usize = 2;
