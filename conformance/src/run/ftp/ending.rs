//! What must be seen of a data connection beside its bytes: that it has
//! ended, how, or that nobody serves it.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::case::{DataState, Step};
use crate::peer::{End, Peer, Trouble};
use crate::run::client::end_text;
use crate::run::scene::Stop;
use crate::run::script::{Clock, Script};

impl Script {
    /// Holds the data connection's state against what it must be.
    pub(super) fn expect_link(
        &mut self,
        step: &Step,
        state: DataState,
        clock: &Clock,
    ) -> Result<(), Stop> {
        match state {
            DataState::Closed
            | DataState::Reset
            | DataState::Gone
            | DataState::Empty => self.ended_link(step, state, clock),
            DataState::Open => self.open_link(step, clock),
            DataState::Refused => self.refused_link(step, clock),
            DataState::Unused => self.unused_link(step),
        }
    }

    fn ended_link(
        &mut self,
        step: &Step,
        state: DataState,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let wanted = match state {
            DataState::Reset => "a reset of the data connection",
            DataState::Gone => "the end of the data connection",
            DataState::Empty => "the end of data without a byte",
            _ => "a clean close of the data connection",
        };
        let mut count = self.made_link(step, clock)?.received;
        loop {
            let read =
                self.link_peer(step)?.bytes(DRAIN_BYTES, clock.deadline);
            let end = match read {
                Ok(bytes) => {
                    count += bytes.len() as u64;
                    continue;
                }
                Err(Trouble::Ended(end)) => end,
                Err(trouble) => {
                    return Err(
                        self.data_trouble(step, wanted, trouble, clock)
                    );
                }
            };
            let good = match state {
                DataState::Gone => true,
                DataState::Reset => end == End::Reset,
                DataState::Empty => end == End::Clean && count == 0,
                _ => end == End::Clean,
            };
            if good {
                return Ok(());
            }
            let got = format!("{} after {count} bytes", end_text(end));
            return Err(Stop::Failed(self.failure(step, wanted, got)));
        }
    }

    fn open_link(&mut self, step: &Step, clock: &Clock) -> Result<(), Stop> {
        self.made_link(step, clock)?;
        let peer = self.link_peer(step)?;
        let until = Instant::now() + LOOK;
        let ended = match peer.bytes(0, until) {
            Err(Trouble::Ended(end)) => Some(end),
            Ok(_) | Err(_) => None,
        };
        let Some(end) = ended else { return Ok(()) };
        let wanted = "a data connection that is still open";
        let got = end_text(end);
        Err(Stop::Failed(self.failure(step, wanted, got)))
    }

    fn refused_link(
        &mut self,
        step: &Step,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let name = self.link_name(step);
        let abort = self.scene.abort.clone();
        let client = self.client(step)?;
        let Some(link) = client.links.get_mut(&name) else {
            return Err(self.trouble(&format!("no data connection {name:?}")));
        };
        let wanted = format!("nobody to serve port {}", link.address.port());
        let made = link.peer.take();
        let peer = match made {
            Some(peer) => Ok(peer),
            None => Peer::connect(link.address, clock.deadline, abort),
        };
        let mut peer = match peer {
            Ok(peer) => peer,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                return Ok(());
            }
            Err(error) => return Err(Stop::Trouble(error.to_string())),
        };
        match peer.bytes(1, clock.deadline) {
            Err(Trouble::Ended(_)) => Ok(()),
            Ok(_) => {
                let got = "a byte of data";
                Err(Stop::Failed(self.failure(step, wanted, got)))
            }
            Err(Trouble::Late) => {
                let got = "a connection that stays open";
                Err(Stop::Failed(self.failure(step, wanted, got)))
            }
            Err(trouble) => {
                Err(self.data_trouble(step, &wanted, trouble, clock))
            }
        }
    }

    fn unused_link(&mut self, step: &Step) -> Result<(), Stop> {
        let name = self.link_name(step);
        let client = self.client(step)?;
        let link = client.links.get(&name);
        let listener = link.and_then(|link| link.listener.as_ref());
        let Some(listener) = listener else {
            let what = format!("{name:?} is not active, or was used");
            return Err(self.trouble(&what));
        };
        let Ok((_, from)) = listener.accept() else { return Ok(()) };
        let wanted = "that the server does not connect";
        let got = format!("a connection from {from}");
        Err(Stop::Failed(self.failure(step, wanted, got)))
    }
}

/// What is read at once of data that nobody looks at.
const DRAIN_BYTES: usize = 64 * 1024;

/// A connection that is about to end has so long to do so.
const LOOK: Duration = Duration::from_millis(50);
