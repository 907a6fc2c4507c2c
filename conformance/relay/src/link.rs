//! One data connection: who came, whom he wanted, and what the lie makes of
//! the bytes between them.
//!
//! Knows which end sends in which transfer. It knows no command but by the
//! verb that is told.

use crate::lie::{DataRule, End, Tells, WHOLE_BYTES_MAX};
use crate::ports::{Met, Port, Ports};
use crate::side::{Got, Side};

/// A data connection.
#[derive(Debug)]
pub(crate) struct Link {
    /// The port that it came by.
    port: u64,
    /// The client's end.
    pub(crate) client: Side,
    /// The server's end.
    pub(crate) server: Side,
    filter: Option<Filter>,
    /// The transfer is known, and with it the filter.
    settled: bool,
}

impl Link {
    /// A link of two who have met; none where one of them was not there,
    /// who is then told so by a close.
    pub(crate) fn new(port: &Port, met: Met) -> std::io::Result<Option<Link>> {
        let comer = Side::new(met.comer)?;
        let Some(host) = met.host else { return Ok(None) };
        let host = Side::new(host)?;
        let (client, server) = match port.passive {
            true => (comer, host),
            false => (host, comer),
        };
        let (filter, settled) = (None, false);
        let port = port.number;
        Ok(Some(Link { port, client, server, filter, settled }))
    }

    /// Moves what can be moved from the client to the server.
    pub(crate) fn up(&mut self, ports: &Ports, tells: &Tells) {
        let got = self.client.read();
        self.settle(&got, ports, tells);
        let filter = self.filter.as_mut().filter(|filter| filter.upload);
        pass(got, filter, &mut self.server);
    }

    /// The same from the server to the client.
    pub(crate) fn down(&mut self, ports: &Ports, tells: &Tells) {
        let got = self.server.read();
        self.settle(&got, ports, tells);
        let filter = self.filter.as_mut().filter(|filter| !filter.upload);
        pass(got, filter, &mut self.client);
    }

    /// Writes what waits.
    pub(crate) fn flush(&mut self) {
        if !self.client.flush() {
            self.server.reset();
        }
        if !self.server.flush() {
            self.client.reset();
        }
    }

    /// Whether both ends have been told the end.
    pub(crate) fn is_over(&self) -> bool {
        self.client.is_done() && self.server.is_done()
    }

    /// With the first that comes it is known which transfer it is of.
    fn settle(&mut self, got: &Got, ports: &Ports, tells: &Tells) {
        if self.settled || matches!(got, Got::Nothing) {
            return;
        }
        self.settled = true;
        let port = ports.of(self.port);
        let Some((verb, line)) = port.and_then(|p| p.transfer.as_ref()) else {
            return;
        };
        let rule = tells.data.iter().find(|rule| rule.meets(verb, line));
        self.filter = rule.map(|rule| Filter {
            rule: rule.clone(),
            upload: UPLOADS.contains(&verb.as_str()),
            whole: Some(Vec::new()),
            sent: 0,
        });
    }
}

fn pass(got: Got, filter: Option<&mut Filter>, to: &mut Side) {
    match (got, filter) {
        (Got::Nothing, _) => {}
        (Got::Bytes(bytes), None) => to.give(&bytes),
        (Got::End(end), None) => to.finish(end),
        (Got::Bytes(bytes), Some(filter)) => filter.bytes(&bytes, to),
        (Got::End(end), Some(filter)) => filter.end(end, to),
    }
}

/// What a rule makes of one transfer's data.
#[derive(Debug)]
struct Filter {
    rule: DataRule,
    /// It is the client that sends.
    upload: bool,
    /// What is looked at in one piece; none once that has been done.
    whole: Option<Vec<u8>>,
    sent: u64,
}

impl Filter {
    fn bytes(&mut self, bytes: &[u8], to: &mut Side) {
        let Some(whole) = self.whole.as_mut() else {
            return self.give(bytes, to);
        };
        whole.extend(bytes);
        if self.rule.find.is_none() || whole.len() >= WHOLE_BYTES_MAX {
            self.give_whole(to);
        }
    }

    fn end(&mut self, end: End, to: &mut Side) {
        self.give_whole(to);
        to.finish(self.rule.end.unwrap_or(end));
    }

    fn give_whole(&mut self, to: &mut Side) {
        let Some(whole) = self.whole.take() else { return };
        self.give(&self.rule.told(whole), to);
    }

    fn give(&mut self, bytes: &[u8], to: &mut Side) {
        let left = self.rule.cut.map(|cut| cut.saturating_sub(self.sent));
        let fits = left.and_then(|left| usize::try_from(left).ok());
        let count = fits.unwrap_or(bytes.len()).min(bytes.len());
        self.sent += count as u64;
        to.give(&bytes[..count]);
        if self.rule.cut.is_some_and(|cut| self.sent >= cut) {
            to.finish(self.rule.end.unwrap_or(End::Close));
        }
    }
}

/// The commands whose data the client sends.
const UPLOADS: [&str; 3] = ["STOR", "STOU", "APPE"];
