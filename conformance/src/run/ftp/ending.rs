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
            DataState::Closed
            | DataState::Open
            | DataState::Refused
            | DataState::Unused => "a clean close of the data connection",
        };
        let end = loop {
            let drained = self.some_data(step, DRAIN_BYTES, wanted, clock);
            let ended = self.made_link(step, clock)?.ended;
            match (drained, ended) {
                (Ok(Some(_)), _) => {}
                // A reset is told as a failure; here it may be wanted.
                (_, Some(end)) => break end,
                (Ok(None), None) => break End::Clean,
                (Err(stop), None) => return Err(stop),
            }
        };
        let count = self.made_link(step, clock)?.received;
        let good = match state {
            DataState::Gone => true,
            DataState::Reset => end == End::Reset,
            DataState::Empty => end == End::Clean && count == 0,
            DataState::Closed
            | DataState::Open
            | DataState::Refused
            | DataState::Unused => end == End::Clean,
        };
        if good {
            return Ok(());
        }
        let got = format!("{} after {count} bytes", end_text(end));
        Err(Stop::Failed(self.failure(step, wanted, got)))
    }

    fn open_link(&mut self, step: &Step, clock: &Clock) -> Result<(), Stop> {
        let link = self.made_link(step, clock)?;
        let until = Instant::now() + LOOK;
        if let Some(peer) = &mut link.peer
            && let Err(Trouble::Ended(end)) = peer.bytes(0, until)
        {
            link.end(end);
        }
        let Some(end) = link.ended else { return Ok(()) };
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
        if link.ended.is_some() && link.received == 0 {
            return Ok(());
        }
        let peer = match link.peer.take() {
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
const DRAIN_BYTES: u64 = 64 * 1024;

/// A connection that is about to end has so long to do so.
const LOOK: Duration = Duration::from_millis(50);
